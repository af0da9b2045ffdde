"""Random contacts of every mechanism, measured as a typical recipe would, with a typical rack's errors.

One seed makes one contact. Ranges are stated beside their draws; what is called assumed has no source in the paper.
The data are made by the forward models of `analysis`; noise, drift, thermometer, offset and field series are made here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from analysis.curves import Curves, make_curves
from analysis.mechanisms import TwoLevelSystems, field_amplitude, lockin_conductance_S, phonon_backscattering
from analysis.mechanisms_events import ConductanceFluctuations, SlowFluctuator, is_in_second
from analysis.mechanisms_kondo import ChargeTrap, MagneticKondo, SaturatedPowerLaw, TwoChannelKondo
from analysis.mechanisms_rivals import ExternalCircuit, HotSpot, KozubKulik, StaticDisorder
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_TESLA, KELVIN_PER_VOLT, thermal_voltage_V
from analysis.sample_history import EventKind, SampleEvent

TRUTHS = (
    "2CK",
    "2CK-with-splitting",
    "disorder",
    "magnetic-kondo",
    "kozub-kulik",
    "heating",
    "circuit",
    "charge-trap",
    "ucf",
    "telegraph",
    "no-scaling",
)

Model = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Instance:
    """One contact, measured.

    `field_effect_S` is the largest change by a field, `level_error_S` the drift between two sweeps, and `hidden_chi2`
    what the noise-free odd part, or the difference of a fluctuator's two curves, adds to the chi-square of one even
    curve.
    """

    seed: int
    truth: str
    curves: Curves
    history: tuple[SampleEvent, ...] = ()
    has_field_series: bool = False
    field_effect_S: float = 0.0
    level_error_S: float = 0.0
    hidden_chi2: float = 0.0
    parameters: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _Contact:
    model: Model
    background_S: float
    parameters: dict[str, object]
    history: SampleEvent | None = None
    fluctuator: SlowFluctuator | None = None


@dataclass(frozen=True)
class _Recipe:
    temperatures_K: np.ndarray
    bias_V: np.ndarray
    fields_T: np.ndarray
    noise_at_100mK_S: float


def make_instance(seed: int, truth: str | None = None) -> Instance:
    """Make the contact of a seed; its mechanism goes round with the seed unless given."""
    rng = np.random.default_rng([20261122, seed])
    truth = TRUTHS[seed % len(TRUTHS)] if truth is None else truth
    recipe, background_S = _draw_recipe(rng)
    contact = _MAKERS[truth](rng, recipe, background_S)
    curves, effect_S, hidden_chi2 = _measure(rng, recipe, contact)
    history = (contact.history,) if contact.history is not None and rng.random() < 0.35 else ()
    return Instance(
        seed,
        truth,
        curves,
        history,
        recipe.fields_T.size > 0,
        effect_S,
        contact.background_S / 3000.0,
        hidden_chi2,
        contact.parameters,
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _draw_recipe(rng: np.random.Generator) -> tuple[_Recipe, float]:
    """Draw 8 to 14 temperatures from about 0.1 K to 1.4 ... 6 K, 401 biases to 1 ... 5 mV, half with a field series."""
    background_S = _log_uniform(rng, 400.0, 4000.0) * CONDUCTANCE_QUANTUM_S
    count = int(rng.integers(8, 15))
    temperatures_K = np.geomspace(rng.uniform(0.08, 0.15), _log_uniform(rng, 1.4, 6.0), count)
    maximum_V = _log_uniform(rng, 1e-3, 5e-3)
    grid = np.linspace(-1.0, 1.0, 401)
    reach = np.arcsinh(maximum_V / 0.1e-3)
    bias_V = 0.1e-3 * np.sinh(reach * grid)
    fields_T = np.array([0.5, 1.0, 2.0, 4.0, 6.0]) if rng.random() < 0.55 else np.zeros(0)
    # 0.28 e2/h a reading of 2829 e2/h at 100 mK, 0.3 s, with 1.2 nV/rtHz, to eight times that (SR830 alone: five)
    noise_S = 0.28 * CONDUCTANCE_QUANTUM_S * _log_uniform(rng, 1.0, 8.0) * background_S / (2829 * CONDUCTANCE_QUANTUM_S)
    return _Recipe(temperatures_K, bias_V, fields_T, noise_S), background_S


def _measure(rng: np.random.Generator, recipe: _Recipe, contact: _Contact) -> tuple[Curves, float, float]:
    """Sweep a closed triangle with anchors at every temperature, downwards, then in every field at the lowest."""
    program = [(temperature_K, 0.0) for temperature_K in recipe.temperatures_K[::-1]]
    program += [(float(recipe.temperatures_K[0]), float(field_T)) for field_T in recipe.fields_T]
    calibration = _thermometer_errors(rng, recipe.temperatures_K)
    place, direction, is_anchor = _triangle(recipe.bias_V.size)
    point_s, settle_s = 3.3, 1800.0
    times_s = np.concatenate(
        [index * (place.size * point_s + settle_s) + point_s * np.arange(place.size) for index in range(len(program))]
    )
    # a random walk of 1 part in 3000 rms over three days
    steps = np.sqrt(np.diff(times_s, prepend=0.0) / 259200.0) / 3000.0
    gain = 1.0 + np.cumsum(steps * rng.standard_normal(times_s.size))
    offset_V = rng.normal(0.0, 1e-6)
    switches_s = (
        contact.fluctuator.switch_times_s(float(times_s[-1]), int(rng.integers(2**31))) if contact.fluctuator else None
    )

    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("G", "V", "T", "H", "error", "rms", "way", "anchor")}
    curves_at_lowest = []
    hidden_chi2 = 0.0
    for index, (temperature_K, field_T) in enumerate(program):
        rms_V = float(thermal_voltage_V(temperature_K)) / np.sqrt(2.0)
        rows = slice(index * place.size, (index + 1) * place.size)
        # the excitation grows with T, so noise falls; assumed: the gain flickers by 1e-5 from reading to reading
        noise_S = float(np.hypot(recipe.noise_at_100mK_S * 0.1 / temperature_K, 1e-5 * contact.background_S))
        if contact.fluctuator is None:
            each = lockin_conductance_S(contact.model, recipe.bias_V, temperature_K, field_T, rms_V)
            curve = each[place]
            odd = 0.5 * (curve - each[::-1][place])
            # a straight line is what drift leaves too
            line = recipe.bias_V[place]
            odd = odd - line * (line @ odd) / (line @ line)
            hidden_chi2 += float(np.sum((odd / noise_S) ** 2)) if field_T == 0.0 else 0.0
        else:
            pair = [
                lockin_conductance_S(model, recipe.bias_V, temperature_K, field_T, rms_V)
                for model in (contact.fluctuator.first, contact.fluctuator.second)
            ]
            each = pair[0]
            second = is_in_second(times_s[rows], switches_s)
            difference = (pair[1] - pair[0])[place]
            curve = pair[0][place] + second * difference
            hidden_chi2 += float(np.sum(((second - second.mean()) * difference / noise_S) ** 2))
        if temperature_K == recipe.temperatures_K[0]:
            curves_at_lowest.append(each)
        background_S = contact.background_S + phonon_backscattering(recipe.bias_V, contact.background_S, quenched=True)
        signal = (background_S[place] + curve) * gain[rows]
        columns["G"].append(signal + noise_S * rng.standard_normal(place.size))
        columns["V"].append(recipe.bias_V[place] + offset_V)
        shown_K = temperature_K * calibration(temperature_K)
        columns["T"].append(shown_K * (1.0 + 1e-3 * rng.standard_normal(place.size)))
        columns["H"].append(np.full(place.size, field_T))
        columns["error"].append(np.full(place.size, noise_S))
        columns["rms"].append(np.full(place.size, rms_V))
        columns["way"].append(direction)
        columns["anchor"].append(is_anchor)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    curves = make_curves(
        bias_V=joined["V"],
        temperature_K=joined["T"],
        field_T=joined["H"],
        conductance_S=joined["G"],
        conductance_error_S=joined["error"],
        time_s=times_s,
        excitation_Vrms=joined["rms"],
        direction=joined["way"],
        is_anchor=joined["anchor"],
    )
    effect_S = max((float(np.abs(curve - curves_at_lowest[0]).max()) for curve in curves_at_lowest[1:]), default=0.0)
    return curves, effect_S, hidden_chi2


def _triangle(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return place in the grid, direction and whether it is an anchor: 0 to -V, -V to +V, +V to 0, anchors each 25."""
    middle = count // 2
    down, up = np.arange(middle, -1, -1), np.arange(count)
    legs = [(down, -1), (up, 1), (np.arange(count - 1, middle, -1), -1)]
    place = np.concatenate([leg for leg, _ in legs])
    direction = np.concatenate([np.full(leg.size, way) for leg, way in legs])
    at = np.arange(25, place.size, 25)
    is_anchor = np.insert(np.zeros(place.size, dtype=bool), at, True)
    return np.insert(place, at, middle), np.insert(direction, at, 0), is_anchor


def _thermometer_errors(rng: np.random.Generator, temperatures_K: np.ndarray) -> Callable[[float], float]:
    """Return a smooth calibration error in ln T of 0.5 % rms."""
    waves = rng.normal(0.0, 1.0, 4)
    phases = rng.uniform(0.0, 2 * np.pi, 4)
    scale = 0.005 * np.sqrt(2.0 / 4)
    return lambda temperature_K: float(1.0 + scale * np.sum(np.cos(waves * np.log(temperature_K) + phases)))


def _systems(
    rng: np.random.Generator, background_S: float, splitting_K: tuple[float, float] | None = None
) -> TwoLevelSystems:
    """Draw B_Sigma 1.5 to 25 e2/h K^-1/2 (table I), TK 4 to 20 K (Cu.6), A to 0.3 ... 1, 2 e2/h at most for a TLS."""
    total = _log_uniform(rng, 1.5, 25.0)
    kondo_mean_K = _log_uniform(rng, 5.0, 16.0)
    count = max(2, int(np.ceil(total * np.sqrt(kondo_mean_K) / 2.0)))
    kondo_K = kondo_mean_K * rng.uniform(0.7, 1.4, count)
    highest = rng.uniform(0.3, 1.0)
    scale_A = rng.uniform(0.0, highest, count) if rng.random() < 0.5 else rng.normal(highest / 2, 0.05 * highest, count)
    split = np.zeros(count) if splitting_K is None else _splittings(rng, splitting_K, kondo_K)
    return TwoLevelSystems.from_e2_per_h(np.abs(scale_A), np.full(count, total / count), kondo_K, split)


def _splittings(rng: np.random.Generator, saturation_K: tuple[float, float], kondo_K: np.ndarray) -> np.ndarray:
    # Tx = Delta^2 / TK, one Tx for the contact with a spread of 10 %
    wanted_K = _log_uniform(rng, *saturation_K) * rng.uniform(0.9, 1.1, kondo_K.size)
    return np.sqrt(wanted_K * kondo_K)


def _anneal(rng: np.random.Generator, left: tuple[float, float], change: tuple[float, float]) -> SampleEvent:
    return SampleEvent(EventKind.ANNEAL, float(rng.uniform(*left)), 0.05, float(rng.uniform(*change)))


def _two_channel(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    systems = _systems(rng, background_S)
    total = float(systems.amplitude_B.sum())
    kind = rng.choice(["none", "copper", "tuned"])
    model: Model = TwoChannelKondo(systems).conductance_S
    if kind == "tuned":
        model = TwoChannelKondo(systems, rng.uniform(0.2, 1.5), 1.0, int(rng.integers(2**31))).conductance_S
    if kind == "copper":
        model = _shrunk(TwoChannelKondo(systems).conductance_S, rng.uniform(0.2, 0.6), rng.uniform(1.0, 5.0))
    return _Contact(
        model,
        background_S,
        {"b_sigma": total / CONDUCTANCE_QUANTUM_S, "field": str(kind)},
        _anneal(rng, (0.0, 0.1), (-0.015, 0.015)),
    )


def _shrunk(zero_field: Model, share: float, scale_T: float) -> Model:
    """Return a model whose anomaly shrinks in a field about its top, that at 10 K (Cu.8a)."""
    top_S = float(zero_field(np.zeros(1), 10.0)[0])

    def model(bias_V: np.ndarray, temperature_K: np.ndarray, field_T: np.ndarray) -> np.ndarray:
        return top_S + field_amplitude(field_T, share, scale_T) * (zero_field(bias_V, temperature_K) - top_S)

    return model


def _split(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    lowest_K = float(recipe.temperatures_K[0])
    # a saturation below twice the lowest temperature would hardly be one
    if rng.random() < 0.5:
        systems = _systems(rng, background_S, (2.0 * lowest_K, 4.0))
        model: Model = TwoChannelKondo(systems).conductance_S
        parameters = {"tx_K": float(np.mean(systems.saturation_temperature_K))}
    else:
        count = int(rng.integers(1, 3))
        saturation_K = np.array([_log_uniform(rng, 2.0 * lowest_K, 7.0) for _ in range(count)])
        amplitude = _log_uniform(rng, 1.0, 12.0) / count * CONDUCTANCE_QUANTUM_S
        model = SaturatedPowerLaw(np.full(count, amplitude), saturation_K).conductance_S
        parameters = {"tx_K": saturation_K.tolist(), "form": "eq 29"}
    return _Contact(model, background_S, parameters, _anneal(rng, (0.0, 0.1), (-0.015, 0.015)))


def _disorder(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    amplitude_S = _log_uniform(rng, 1.5, 25.0) * CONDUCTANCE_QUANTUM_S
    # assumed: the field term is 0.15 to 1.5 of the temperature term at mu_B H = kB T, either sign
    ratio = _log_uniform(rng, 0.15, 1.5) * rng.choice([-1.0, 1.0])
    model = StaticDisorder(amplitude_S, float(ratio * amplitude_S * np.sqrt(2.0 * KELVIN_PER_TESLA)))
    return _Contact(
        model.conductance_S,
        background_S,
        {"ratio": ratio, "b_sigma": amplitude_S / CONDUCTANCE_QUANTUM_S},
        _anneal(rng, (0.0, 0.3), (0.15, 0.4)),
    )


def _magnetic(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    depth_S = _log_uniform(rng, 3.0, 40.0) * CONDUCTANCE_QUANTUM_S
    kondo_K = _log_uniform(rng, 0.5, 30.0)
    model = MagneticKondo(depth_S, kondo_K, rng.uniform(1.8, 2.2), rng.uniform(0.1, 0.25))
    return _Contact(
        model.conductance_S,
        background_S,
        {"kondo_K": kondo_K, "depth": depth_S / CONDUCTANCE_QUANTUM_S},
        _anneal(rng, (0.93, 1.07), (-0.015, 0.015)),
    )


def _kozub_kulik(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    count = int(rng.integers(1, 9))
    splitting_K = np.exp(rng.uniform(np.log(0.5), np.log(15.0), count))
    # signs are arbitrary: dips, peaks or both
    signs = rng.choice([-1.0, 1.0]) * np.ones(count) if rng.random() < 0.6 else rng.choice([-1.0, 1.0], count)
    strength_S = signs * rng.uniform(0.3, 1.0, count) * _log_uniform(rng, 5.0, 60.0) / count * CONDUCTANCE_QUANTUM_S
    model = KozubKulik(splitting_K, rng.uniform(0.2, 0.5, count), strength_S)
    return _Contact(
        model.conductance_S,
        background_S,
        {"count": count, "splitting_K": splitting_K.tolist()},
        _anneal(rng, (0.0, 0.1), (-0.015, 0.015)),
    )


def _heating(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    amplitude_S = _log_uniform(rng, 1.5, 25.0) * CONDUCTANCE_QUANTUM_S
    exponent = 0.5 if rng.random() < 0.5 else rng.uniform(0.3, 2.0)
    if exponent > 0.8:
        amplitude_S /= 6.0
    return _Contact(HotSpot(amplitude_S, float(exponent)).conductance_S, background_S, {"exponent": exponent})


def _circuit(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    amplitude_S = _log_uniform(rng, 2.0, 25.0) * CONDUCTANCE_QUANTUM_S
    model = ExternalCircuit(amplitude_S, _log_uniform(rng, 1.5e3, 15e3))
    return _Contact(
        model.conductance_S, background_S, {"exponent": model.exponent}, _anneal(rng, (0.93, 1.07), (-0.015, 0.015))
    )


def _trap(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    height_S = (
        _log_uniform(rng, 0.5, 2.0) * CONDUCTANCE_QUANTUM_S
        if background_S < 0.03
        else _log_uniform(rng, 1.0, 4.0) * CONDUCTANCE_QUANTUM_S
    )
    kondo_K = _log_uniform(rng, 0.5, 20.0)
    return _Contact(
        ChargeTrap(height_S, kondo_K, rng.uniform(1.8, 2.2)).conductance_S, background_S, {"kondo_K": kondo_K}
    )


def _fluctuations(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    rms_S = _log_uniform(rng, 0.2, 1.0) * CONDUCTANCE_QUANTUM_S
    model = ConductanceFluctuations(rms_S, _log_uniform(rng, 0.3e-3, 4e-3), 1.0, int(rng.integers(2**31)))
    event = SampleEvent(EventKind.ELECTROMIGRATE, 0.0, 0.05, float(rng.uniform(-0.3, -0.02)))
    return _Contact(
        model.conductance_S,
        background_S,
        {"rms": rms_S / CONDUCTANCE_QUANTUM_S, "correlation_V": model.correlation_V},
        event,
    )


def _telegraph(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    first = _systems(rng, background_S)
    # the fluctuator changes the splitting of a few of the systems by 1 to 10 K
    changed = np.where(np.arange(first.splitting_K.size) < 3, rng.uniform(3.0, 12.0, first.splitting_K.size), 0.0)
    second = TwoLevelSystems(first.scale_A, first.amplitude_B, first.kondo_temperature_K, changed)
    dwell_s = _log_uniform(rng, 4.0, 60.0)
    pair = SlowFluctuator(
        TwoChannelKondo(first).conductance_S,
        TwoChannelKondo(second).conductance_S,
        dwell_s,
        dwell_s * rng.uniform(0.5, 2.0),
    )
    return _Contact(pair.first, background_S, {"dwell_s": dwell_s}, fluctuator=pair)


def _foreign(rng: np.random.Generator, recipe: _Recipe, background_S: float) -> _Contact:
    """Make a dip that no mechanism of the list makes: thresholds of fixed energy that fill up with temperature."""
    depth_S = _log_uniform(rng, 5.0, 40.0) * CONDUCTANCE_QUANTUM_S
    width_V, fill_K = _log_uniform(rng, 0.1e-3, 1.0e-3), _log_uniform(rng, 0.5, 5.0)

    def model(bias_V: np.ndarray, temperature_K: np.ndarray, field_T: np.ndarray) -> np.ndarray:
        edge_V = np.hypot(width_V / 10.0, 2.0 * temperature_K / KELVIN_PER_VOLT)
        inside = 0.5 * (np.tanh((bias_V + width_V) / edge_V) - np.tanh((bias_V - width_V) / edge_V))
        return -depth_S * inside / (1.0 + (temperature_K / fill_K) ** 2)

    return _Contact(model, background_S, {"width_V": width_V, "fill_K": fill_K})


_MAKERS: dict[str, Callable[[np.random.Generator, _Recipe, float], _Contact]] = {
    "2CK": _two_channel,
    "2CK-with-splitting": _split,
    "disorder": _disorder,
    "magnetic-kondo": _magnetic,
    "kozub-kulik": _kozub_kulik,
    "heating": _heating,
    "circuit": _circuit,
    "charge-trap": _trap,
    "ucf": _fluctuations,
    "telegraph": _telegraph,
    "no-scaling": _foreign,
}
