"""From the truth of a sample, plain numbers, to the forward models of `analysis` that it is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.mechanisms import ConductanceModel, TwoLevelSystems, field_amplitude, phonon_backscattering
from analysis.mechanisms_events import ConductanceFluctuations, ConductanceTransitions, SlowFluctuator
from analysis.mechanisms_kondo import ChargeTrap, MagneticKondo, SaturatedPowerLaw, TwoChannelKondo
from analysis.mechanisms_rivals import ExternalCircuit, HotSpot, KozubKulik, StaticDisorder
from analysis.quantities import KELVIN_PER_VOLT, siemens
from simulators.samples.contact import Anatomy

Floats = NDArray[np.float64]
Truth = Mapping[str, Any]

_NEARLY_ZERO_K: Final = 1e-30


def anatomy_of(truth: Truth) -> Anatomy:
    """Return what the sample with this truth is made of.

    Parameters
    ----------
    truth
        As `simulators.sample.samples` gives it; ``mechanism`` says which other keys there are.
    """
    first = _in_field(truth, _ANOMALIES[truth["mechanism"]](truth))
    background_S = float(siemens(truth["background_e2_per_h"]))
    # the background is the conductance at V = 0, T -> 0, H = 0
    offset_S = background_S - float(first(0.0, _NEARLY_ZERO_K, 0.0))
    model = _Whole(truth, first, background_S, offset_S).conductance_S
    return Anatomy(
        background_S=background_S,
        model=model,
        transitions=_transitions(truth),
        fluctuator=_fluctuator(truth, model, background_S, offset_S),
    )


@dataclass(frozen=True)
class _Whole:
    """Anomaly, background and what phonons take away."""

    truth: Truth
    anomaly: ConductanceModel
    background_S: float
    offset_S: float

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the conductance, the broadcast shape."""
        depth, is_quenched = self.truth["phonon_depth"], self.truth["is_phonon_peak_smeared"]
        phonons_S = phonon_backscattering(bias_V, self.background_S, depth, is_quenched) if depth else 0.0
        return self.offset_S + self.anomaly(bias_V, temperature_K, field_T) + phonons_S


@dataclass(frozen=True)
class _Shrinking:
    """The anomaly of quenched copper in a field (Cu.8a): it shrinks, seen from its top, and knows no other effect."""

    anomaly: ConductanceModel
    share: float
    scale_T: float
    top_temperature_K: float

    def conductance_S(self, bias_V: ArrayLike, temperature_K: ArrayLike, field_T: ArrayLike = 0.0) -> Floats:
        """Return the change of conductance, the broadcast shape."""
        top_S = float(self.anomaly(0.0, self.top_temperature_K, 0.0))
        left = field_amplitude(field_T, self.share, self.scale_T)
        return top_S + left * (self.anomaly(bias_V, temperature_K, 0.0) - top_S)


def _in_field(truth: Truth, anomaly: ConductanceModel) -> ConductanceModel:
    if not truth.get("field_share"):
        return anomaly
    return _Shrinking(anomaly, truth["field_share"], truth["field_scale_T"], truth["top_temperature_K"]).conductance_S


def _two_level_systems(truth: Truth) -> ConductanceModel:
    amplitude_S = siemens(truth["b_sigma_e2_per_h_per_rtK"]) * np.array(truth["tls_share_of_b_sigma"])
    systems = TwoLevelSystems(
        scale_A=np.array(truth["tls_scale_A"]),
        amplitude_B=amplitude_S,
        kondo_temperature_K=np.array(truth["tls_kondo_temperature_K"]),
        splitting_K=np.full(len(amplitude_S), truth["tls_splitting_K"]),
    )
    return TwoChannelKondo(systems, **_tuning(truth)).conductance_S


def _tuning(truth: Truth) -> dict[str, Any]:
    if "tuning_K" not in truth:
        return {}
    return {
        "tuning_K": truth["tuning_K"],
        "tuning_correlation_T": truth["tuning_correlation_T"],
        "seed": truth["tuning_seed"],
    }


def _saturated(truth: Truth) -> ConductanceModel:
    amplitude_S = siemens(truth["amplitude_e2_per_h_per_rtK"])
    return SaturatedPowerLaw(amplitude_S, np.array(truth["saturation_K"]), **_tuning(truth)).conductance_S


def _nothing(truth: Truth) -> ConductanceModel:
    return lambda bias_V, temperature_K, field_T: np.zeros(np.broadcast(bias_V, temperature_K, field_T).shape)


def _magnetic(truth: Truth) -> ConductanceModel:
    depth_S = float(siemens(truth["depth_e2_per_h"]))
    impurities = MagneticKondo(depth_S, truth["kondo_temperature_K"], truth["g_factor"], spin=truth["spin"])
    return impurities.conductance_S


def _trap(truth: Truth) -> ConductanceModel:
    height_S = float(siemens(truth["height_e2_per_h"]))
    return ChargeTrap(height_S, truth["kondo_temperature_K"], truth["g_factor"]).conductance_S


def _disorder(truth: Truth) -> ConductanceModel:
    amplitude_S, magneto_S = siemens(
        (truth["amplitude_e2_per_h_per_rtK"], truth["magnetoconductance_e2_per_h_per_rtT"])
    ).tolist()
    return StaticDisorder(amplitude_S, magneto_S).conductance_S


def _populations(truth: Truth) -> ConductanceModel:
    return KozubKulik(
        np.array(truth["splitting_K"]), np.array(truth["geometry_q"]), siemens(truth["strength_e2_per_h"])
    ).conductance_S


def _hot_spot(truth: Truth) -> ConductanceModel:
    return HotSpot(float(siemens(truth["amplitude_e2_per_h"])), truth["alpha"]).conductance_S


def _circuit(truth: Truth) -> ConductanceModel:
    return ExternalCircuit(float(siemens(truth["amplitude_e2_per_h"])), truth["circuit_ohm"]).conductance_S


def _interference(truth: Truth) -> ConductanceModel:
    rms_S = float(siemens(truth["rms_e2_per_h"]))
    return ConductanceFluctuations(
        rms_S, truth["correlation_V"], truth["correlation_T"], truth["fluctuation_seed"]
    ).conductance_S


def _with_fast_system(truth: Truth) -> ConductanceModel:
    others, fast = _two_level_systems(truth), _fast_system(truth, truth["fast_splitting_meV"])
    return lambda bias_V, temperature_K, field_T: (
        others(bias_V, temperature_K, field_T) + fast(bias_V, temperature_K, field_T)
    )


def _fast_system(truth: Truth, splitting_meV: float) -> ConductanceModel:
    system = TwoLevelSystems.from_e2_per_h(
        truth["fast_scale_A"],
        truth["fast_amplitude_e2_per_h_per_rtK"],
        truth["fast_kondo_temperature_K"],
        1e-3 * splitting_meV * KELVIN_PER_VOLT,
    )
    return TwoChannelKondo(system).conductance_S


_ANOMALIES: Final[dict[str, Callable[[Truth], ConductanceModel]]] = {
    "2CK": _two_level_systems,
    "2CK-with-splitting": _saturated,
    "telegraph": _with_fast_system,
    "disorder": _disorder,
    "magnetic-kondo": _magnetic,
    "kozub-kulik": _populations,
    "heating": _hot_spot,
    "circuit": _circuit,
    "charge-trap": _trap,
    "ucf": _interference,
    "none": _nothing,
}


def _transitions(truth: Truth) -> ConductanceTransitions | None:
    if not truth.get("transition_position_V"):
        return None
    position_V = np.array(truth["transition_position_V"])
    # a step of the DC conductance I/V is one of the current at V = Vc
    step_S = siemens(truth["transition_step_e2_per_h"])
    return ConductanceTransitions(
        position_V,
        np.array(truth["transition_critical_field_T"]),
        step_S * position_V,
        hysteresis_V=truth["transition_hysteresis_V"],
        width_V=truth["transition_width_V"],
        width_V_per_T=truth["transition_width_V_per_T"],
    )


def _fluctuator(truth: Truth, model: ConductanceModel, background_S: float, offset_S: float) -> SlowFluctuator | None:
    if truth["mechanism"] != "telegraph":
        return None
    other = dict(truth) | {"fast_splitting_meV": truth["fast_splitting_other_meV"]}
    second = _Whole(truth, _with_fast_system(other), background_S, offset_S).conductance_S
    return SlowFluctuator(model, second, *truth["dwell_s"])
