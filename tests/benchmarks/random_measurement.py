"""A typical recipe and a typical rack, drawn at random, and what they make of a contact.

Ranges stand beside their draws; what is called assumed has no source in the paper or in the manuals.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.curves import Curves, make_curves
from analysis.mechanisms import lockin_conductance_S, phonon_backscattering
from analysis.mechanisms_events import SlowFluctuator, is_in_second
from analysis.quantities import CONDUCTANCE_QUANTUM_S, thermal_voltage_V

POINTS, DENSE_V = 401, 0.1e-3
POINT_S, SETTLE_S, ANCHOR_EVERY = 3.3, 1800.0, 25
FIELDS_T = (0.5, 1.0, 2.0, 4.0, 6.0)
FIELD_SERIES = 0.55
GAIN_DRIFT, DRIFT_TIME_S = 1.0 / 3000.0, 3 * 86400.0
GAIN_FLICKER = 1e-5
THERMOMETER, JITTER = 5e-3, 1e-3
OFFSET_V = 1e-6

Model = Callable[..., np.ndarray]
Rng = np.random.Generator


@dataclass(frozen=True)
class Recipe:
    """What is measured: every temperature in zero field, downwards, then every field at the lowest."""

    temperatures_K: np.ndarray
    bias_V: np.ndarray
    fields_T: np.ndarray
    noise_at_100mK: float

    @property
    def program(self) -> list[tuple[float, float]]:
        """Temperature and field of every isotherm in the order of measurement."""
        coldest_K = float(self.temperatures_K[0])
        zero_field = [(float(temperature_K), 0.0) for temperature_K in self.temperatures_K[::-1]]
        return zero_field + [(coldest_K, float(field_T)) for field_T in self.fields_T]


@dataclass(frozen=True)
class Measurement:
    """The curves, and what the noise-free curves say.

    Attributes
    ----------
    curves : Curves
    field_effect_S : float
        Largest change by a field, 0 without a field series.
    hidden_chi2 : float
        What the odd part less a straight line, or the difference of a fluctuator's two curves, adds to the chi-square
        of one even curve an isotherm.
    """

    curves: Curves
    field_effect_S: float
    hidden_chi2: float


def draw_recipe(rng: Rng) -> Recipe:
    """Draw 8 to 14 temperatures from about 0.1 K to 1.4 ... 6 K, 401 biases to 1 ... 5 mV, half with a field series.

    The noise of a reading at 100 mK is 1e-4 of G (0.28 e2/h of 2829, the simulated rack's preamplifier of 1.2 nV/rtHz
    at 0.3 s) to eight times that (an SR830 alone has five).
    """
    coldest_K, warmest_K = rng.uniform(0.08, 0.15), log_uniform(rng, 1.4, 6.0)
    maximum_V = log_uniform(rng, 1e-3, 5e-3)
    grid = np.linspace(-1.0, 1.0, POINTS)
    return Recipe(
        np.geomspace(coldest_K, warmest_K, int(rng.integers(8, 15))),
        DENSE_V * np.sinh(np.arcsinh(maximum_V / DENSE_V) * grid),
        np.array(FIELDS_T) if rng.random() < FIELD_SERIES else np.zeros(0),
        1e-4 * log_uniform(rng, 1.0, 8.0),
    )


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """Draw a number whose logarithm is even between two limits."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def measure(
    rng: Rng,
    recipe: Recipe,
    background_S: float,
    model: Model,
    fluctuator: SlowFluctuator | None,
    *,
    has_phonons: bool = True,
) -> Measurement:
    """Sweep a closed triangle with anchors for every isotherm of the recipe, through a rack with its errors.

    Phonons of quenched copper are added, unless the model knows them itself.
    """
    place, direction = _triangle()
    program = recipe.program
    starts_s = (place.size * POINT_S + SETTLE_S) * np.arange(len(program))
    times_s = starts_s[:, None] + POINT_S * np.arange(place.size)
    gain = _random_walk(rng, times_s.ravel()).reshape(times_s.shape)
    is_second = np.zeros(times_s.shape, dtype=bool)
    if fluctuator is not None:
        is_second = is_in_second(times_s, fluctuator.switch_times_s(float(times_s.max()), int(rng.integers(2**31))))
    calibration = _calibration(rng)
    rows, hidden_chi2 = [], 0.0
    coldest: list[np.ndarray] = []
    for index, (temperature_K, field_T) in enumerate(program):
        rms_V = float(thermal_voltage_V(temperature_K)) / np.sqrt(2.0)
        first, second = (
            lockin_conductance_S(each, recipe.bias_V, temperature_K, field_T, rms_V)
            for each in ((model, model) if fluctuator is None else (fluctuator.first, fluctuator.second))
        )
        curve = np.where(is_second[index], second[place], first[place])
        # the excitation grows with T, so noise falls; assumed: the gain flickers by 1e-5 from reading to reading
        noise_S = background_S * float(np.hypot(recipe.noise_at_100mK * 0.1 / temperature_K, GAIN_FLICKER))
        phonons_S = phonon_backscattering(recipe.bias_V[place], background_S, quenched=True) if has_phonons else 0.0
        values = (background_S + phonons_S + curve) * gain[index] + noise_S * rng.standard_normal(place.size)
        shown_K = temperature_K * calibration(temperature_K) * (1.0 + JITTER * rng.standard_normal(place.size))
        rows.append((values, shown_K, np.full(place.size, field_T), np.full(place.size, noise_S), rms_V))
        if field_T == 0.0:
            hidden_chi2 += _hidden(recipe.bias_V, first, second, is_second[index], place, noise_S)
        if temperature_K == recipe.temperatures_K[0]:
            coldest.append(first)
    conductance, temperature, field, noise = (np.concatenate([row[column] for row in rows]) for column in range(4))
    curves = make_curves(
        bias_V=np.tile(recipe.bias_V[place] + OFFSET_V * rng.standard_normal(), len(program)),
        temperature_K=temperature,
        field_T=field,
        conductance_S=conductance,
        conductance_error_S=noise,
        time_s=times_s.ravel(),
        excitation_Vrms=np.repeat([row[4] for row in rows], place.size),
        direction=np.tile(direction, len(program)),
        is_anchor=np.tile(direction == 0, len(program)),
    )
    effect_S = max((float(np.abs(curve - coldest[0]).max()) for curve in coldest[1:]), default=0.0)
    return Measurement(curves, effect_S, hidden_chi2)


def _triangle() -> tuple[np.ndarray, np.ndarray]:
    """Return place in the grid and direction: 0 to -V, -V to +V, +V to 0, with an anchor (direction 0) each 25."""
    middle = POINTS // 2
    turns = [middle, 0, POINTS - 1, middle]
    legs = [np.arange(start, stop, np.sign(stop - start)) for start, stop in pairwise(turns)]
    place = np.concatenate([*legs, [middle]])
    direction = np.sign(np.diff(place, prepend=middle + 1))
    at = np.arange(ANCHOR_EVERY, place.size, ANCHOR_EVERY)
    return np.insert(place, at, middle), np.insert(direction, at, 0)


def _random_walk(rng: Rng, times_s: np.ndarray) -> np.ndarray:
    """Return the gain of the chain: a random walk of 1 part in 3000 rms over three days (the paper's drift)."""
    steps = GAIN_DRIFT * np.sqrt(np.diff(times_s, prepend=0.0) / DRIFT_TIME_S)
    return 1.0 + np.cumsum(steps * rng.standard_normal(times_s.size))


def _calibration(rng: Rng) -> Callable[[float], float]:
    """Return a calibration error that is smooth in ln T, 0.5 % rms."""
    waves, phases = rng.normal(0.0, 1.0, 4), rng.uniform(0.0, 2 * np.pi, 4)
    return lambda temperature_K: float(
        1.0 + THERMOMETER * np.sqrt(0.5) * np.sum(np.cos(waves * np.log(temperature_K) + phases))
    )


def _hidden(
    bias_V: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    is_second: np.ndarray,
    place: np.ndarray,
    noise_S: float,
) -> float:
    odd = 0.5 * (first - first[::-1])
    odd -= bias_V * (bias_V @ odd) / (bias_V @ bias_V)
    switching = (is_second - is_second.mean()) * (second - first)[place]
    return float(np.sum(((odd[place] + switching) / noise_S) ** 2))


def level_error_S(background_S: float) -> float:
    """Return the drift between two sweeps that a field must exceed."""
    return GAIN_DRIFT * background_S


def e2_per_h(conductance_S: float) -> float:
    """Return a conductance in units of e2/h."""
    return conductance_S / CONDUCTANCE_QUANTUM_S
