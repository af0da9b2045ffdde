"""Random contacts of every mechanism, each measured as `random_measurement` does. One seed makes one contact.

Ranges stand beside their draws; what is called assumed has no source in the paper.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from random_measurement import Measurement, Model, Recipe, Rng, draw_recipe, level_error_S, log_uniform, measure

from analysis.mechanisms import TwoLevelSystems, field_amplitude
from analysis.mechanisms_events import ConductanceFluctuations, SlowFluctuator
from analysis.mechanisms_kondo import ChargeTrap, MagneticKondo, SaturatedPowerLaw, TwoChannelKondo
from analysis.mechanisms_rivals import ExternalCircuit, HotSpot, KozubKulik, StaticDisorder
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_TESLA, KELVIN_PER_VOLT
from analysis.sample_history import EventKind, SampleEvent

STREAM = 20261122
HISTORY_KNOWN = 0.35
POINT_DEFECTS = (-0.015, 0.015)
ANNEALED_AWAY = (0.0, 0.1)
NOT_ANNEALED = (0.93, 1.07)


@dataclass(frozen=True)
class Instance:
    """One contact, measured; `parameters` are the drawn ones worth telling."""

    seed: int
    truth: str
    measurement: Measurement
    history: tuple[SampleEvent, ...]
    level_error_S: float
    parameters: Mapping[str, object]

    @property
    def does_field_tell(self) -> bool:
        """Say whether a field series was measured and its effect exceeds three times the drift between sweeps."""
        return self.measurement.field_effect_S > 3.0 * self.level_error_S


@dataclass(frozen=True)
class _Contact:
    model: Model
    parameters: Mapping[str, object]
    history: SampleEvent | None = None
    fluctuator: SlowFluctuator | None = None


def make_instance(seed: int, truth: str | None = None) -> Instance:
    """Make the contact of a seed; its mechanism goes round with the seed unless given."""
    rng = np.random.default_rng([STREAM, seed])
    truth = TRUTHS[seed % len(TRUTHS)] if truth is None else truth
    recipe = draw_recipe(rng)
    # 2000 to 4000 e2/h in copper (Cu.2), a few hundred in titanium
    background_S = _log_uniform_S(rng, 400.0, 4000.0)
    contact = _MAKERS[truth](rng, recipe)
    known = (contact.history,) if contact.history is not None and rng.random() < HISTORY_KNOWN else ()
    measurement = measure(rng, recipe, background_S, contact.model, contact.fluctuator)
    return Instance(seed, truth, measurement, known, level_error_S(background_S), contact.parameters)


def _log_uniform_S(rng: Rng, low: float, high: float) -> float:
    return log_uniform(rng, low, high) * CONDUCTANCE_QUANTUM_S


def _annealed(rng: Rng, left: tuple[float, float], change: tuple[float, float] = POINT_DEFECTS) -> SampleEvent:
    return SampleEvent(EventKind.ANNEAL, float(rng.uniform(*left)), 0.05, float(rng.uniform(*change)))


def _systems(rng: Rng, saturation_K: float = 0.0) -> TwoLevelSystems:
    """Draw B_Sigma 1.5 to 25 e2/h K^-1/2 (table I), TK 3.5 to 22 K (Cu.6), A to 0.3 ... 1 even or alike, 2 e2/h a TLS.

    With a saturation temperature, splittings that give it, spread by 10 %.
    """
    total, mean_K = log_uniform(rng, 1.5, 25.0), log_uniform(rng, 5.0, 16.0)
    count = max(2, int(np.ceil(total * np.sqrt(mean_K) / 2.0)))
    kondo_K = mean_K * rng.uniform(0.7, 1.4, count)
    largest = rng.uniform(0.3, 1.0)
    alike, even = rng.normal(largest / 2, 0.05 * largest, count), rng.uniform(0.0, largest, count)
    splitting_K = np.sqrt(saturation_K * rng.uniform(0.9, 1.1, count) * kondo_K)
    scale_A = np.abs(even if rng.random() < 0.5 else alike)
    return TwoLevelSystems.from_e2_per_h(scale_A, np.full(count, total / count), kondo_K, splitting_K)


def _two_channel(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw a field that does nothing (glass), shrinks the dip (copper, Cu.8) or tunes the splittings (Ti.5)."""
    systems = _systems(rng)
    kind = str(rng.choice(["none", "copper", "tuned"]))
    plain = TwoChannelKondo(systems).conductance_S
    model = {
        "none": plain,
        "copper": _shrunk(plain, rng.uniform(0.2, 0.6), rng.uniform(1.0, 5.0)),
        "tuned": TwoChannelKondo(systems, rng.uniform(0.2, 1.5), 1.0, int(rng.integers(2**31))).conductance_S,
    }[kind]
    total = float(systems.amplitude_B.sum()) / CONDUCTANCE_QUANTUM_S
    return _Contact(model, {"b_sigma": total, "field": kind}, _annealed(rng, ANNEALED_AWAY))


def _shrunk(zero_field: Model, share: float, scale_T: float) -> Model:
    """Return a model whose anomaly shrinks in a field about its top, that at 10 K."""
    top_S = float(zero_field(np.zeros(1), 10.0)[0])

    def model(bias_V: np.ndarray, temperature_K: np.ndarray, field_T: np.ndarray) -> np.ndarray:
        return top_S + field_amplitude(field_T, share, scale_T) * (zero_field(bias_V, temperature_K) - top_S)

    return model


def _split(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw Tx from twice the lowest temperature (less would hardly be one) to 4 K, or one or two terms of eq 29."""
    lowest_K = 2.0 * float(recipe.temperatures_K[0])
    history = _annealed(rng, ANNEALED_AWAY)
    if rng.random() < 0.5:
        systems = _systems(rng, log_uniform(rng, lowest_K, 4.0))
        mean_K = float(np.mean(systems.saturation_temperature_K))
        return _Contact(TwoChannelKondo(systems).conductance_S, {"tx_K": mean_K}, history)
    saturation_K = np.array([log_uniform(rng, lowest_K, 7.0) for _ in range(int(rng.integers(1, 3)))])
    amplitude_S = np.full(saturation_K.size, _log_uniform_S(rng, 1.0, 12.0) / saturation_K.size)
    model = SaturatedPowerLaw(amplitude_S, saturation_K).conductance_S
    return _Contact(model, {"tx_K": saturation_K.tolist(), "form": "eq 29"}, history)


def _disorder(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw an amplitude as for 2CK; assumed: a field term 0.15 to 1.5 of it at 2 mu_B H = kB T, of either sign."""
    amplitude_S = _log_uniform_S(rng, 1.5, 25.0)
    ratio = log_uniform(rng, 0.15, 1.5) * float(rng.choice([-1.0, 1.0]))
    model = StaticDisorder(amplitude_S, ratio * amplitude_S * float(np.sqrt(2.0 * KELVIN_PER_TESLA)))
    parameters = {"ratio": ratio, "amplitude": amplitude_S / CONDUCTANCE_QUANTUM_S}
    return _Contact(model.conductance_S, parameters, _annealed(rng, (0.0, 0.3), (0.15, 0.4)))


def _magnetic(rng: Rng, recipe: Recipe) -> _Contact:
    depth_S, kondo_K = _log_uniform_S(rng, 3.0, 40.0), log_uniform(rng, 0.5, 30.0)
    g_factor, bias_weight, spin = rng.uniform(1.8, 2.2), rng.uniform(0.1, 0.25), float(rng.choice([0.5, 2.5]))
    model = MagneticKondo(depth_S, kondo_K, g_factor, bias_weight, spin)
    parameters = {"kondo_K": kondo_K, "depth": depth_S / CONDUCTANCE_QUANTUM_S, "spin": spin}
    return _Contact(model.conductance_S, parameters, _annealed(rng, NOT_ANNEALED))


def _levels(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw one to eight levels of 0.5 to 15 K, all dips, all peaks or mixed, 5 to 60 e2/h in all (assumed)."""
    count = int(rng.integers(1, 9))
    splitting_K = np.exp(rng.uniform(np.log(0.5), np.log(15.0), count))
    signs = rng.choice([-1.0, 1.0], count) if rng.random() < 0.4 else np.full(count, rng.choice([-1.0, 1.0]))
    strength_S = signs * rng.uniform(0.3, 1.0, count) * _log_uniform_S(rng, 5.0, 60.0) / count
    model = KozubKulik(splitting_K, rng.uniform(0.2, 0.5, count), strength_S)
    return _Contact(model.conductance_S, {"splitting_K": splitting_K.tolist()}, _annealed(rng, ANNEALED_AWAY))


def _heating(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw a background T^(1/2), the most dangerous, or T^0.3 to T^2; the steeper the smaller."""
    exponent = 0.5 if rng.random() < 0.5 else float(rng.uniform(0.3, 2.0))
    amplitude_S = _log_uniform_S(rng, 1.5, 25.0) / (1.0 if exponent < 0.8 else 6.0)
    return _Contact(HotSpot(amplitude_S, exponent).conductance_S, {"exponent": exponent})


def _circuit(rng: Rng, recipe: Recipe) -> _Contact:
    model = ExternalCircuit(_log_uniform_S(rng, 2.0, 25.0), log_uniform(rng, 1.5e3, 15e3))
    return _Contact(model.conductance_S, {"exponent": model.exponent}, _annealed(rng, NOT_ANNEALED))


def _trap(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw a height of 0.5 to 4 e2/h, a few channels, and TK 0.5 to 20 K (assumed)."""
    kondo_K = log_uniform(rng, 0.5, 20.0)
    model = ChargeTrap(_log_uniform_S(rng, 0.5, 4.0), kondo_K, rng.uniform(1.8, 2.2))
    return _Contact(model.conductance_S, {"kondo_K": kondo_K})


def _fluctuations(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw 0.2 to 1 e2/h rms (Cu.4b: below e2/h) with a correlation of 0.3 to 4 mV."""
    rms_S, correlation_V = _log_uniform_S(rng, 0.2, 1.0), log_uniform(rng, 0.3e-3, 4e-3)
    model = ConductanceFluctuations(rms_S, correlation_V, 1.0, int(rng.integers(2**31)))
    event = SampleEvent(EventKind.ELECTROMIGRATE, 0.0, 0.05, float(rng.uniform(-0.3, -0.02)))
    return _Contact(model.conductance_S, {"rms": rms_S / CONDUCTANCE_QUANTUM_S, "correlation_V": correlation_V}, event)


def _telegraph(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw a fluctuator that gives two or three of the systems a splitting of 3 to 12 K, dwelling 4 to 60 s."""
    first = _systems(rng)
    splitting_K = np.where(np.arange(first.splitting_K.size) < 3, rng.uniform(3.0, 12.0, first.splitting_K.size), 0.0)
    second = TwoLevelSystems(first.scale_A, first.amplitude_B, first.kondo_temperature_K, splitting_K)
    dwell_s = log_uniform(rng, 4.0, 60.0)
    laws = (TwoChannelKondo(first).conductance_S, TwoChannelKondo(second).conductance_S)
    fluctuator = SlowFluctuator(*laws, dwell_s, dwell_s * float(rng.uniform(0.5, 2.0)))
    return _Contact(laws[0], {"dwell_s": dwell_s}, fluctuator=fluctuator)


def _foreign(rng: Rng, recipe: Recipe) -> _Contact:
    """Draw a dip that no mechanism of the list makes: thresholds of fixed energy that fill up with temperature."""
    depth_S = _log_uniform_S(rng, 5.0, 40.0)
    width_V, fill_K = log_uniform(rng, 0.1e-3, 1.0e-3), log_uniform(rng, 0.5, 5.0)

    def model(bias_V: np.ndarray, temperature_K: np.ndarray, field_T: np.ndarray) -> np.ndarray:
        edge_V = np.hypot(width_V / 10.0, 2.0 * temperature_K / KELVIN_PER_VOLT)
        inside = 0.5 * (np.tanh((bias_V + width_V) / edge_V) - np.tanh((bias_V - width_V) / edge_V))
        return -depth_S * inside / (1.0 + (temperature_K / fill_K) ** 2)

    return _Contact(model, {"width_V": width_V, "fill_K": fill_K})


_MAKERS: dict[str, Callable[[Rng, Recipe], _Contact]] = {
    "2CK": _two_channel,
    "2CK-with-splitting": _split,
    "disorder": _disorder,
    "magnetic-kondo": _magnetic,
    "kozub-kulik": _levels,
    "heating": _heating,
    "circuit": _circuit,
    "charge-trap": _trap,
    "ucf": _fluctuations,
    "telegraph": _telegraph,
    "no-scaling": _foreign,
}

TRUTHS = tuple(_MAKERS)
