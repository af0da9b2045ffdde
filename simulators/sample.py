"""The contacts that can be measured without a cryostat: what they are, and the conductance they show.

A contact is a mechanism of `analysis.mechanisms` and what mechanisms leave out: the phonons' share at high bias and the
influence of a magnetic field. `samples` lists all with their true parameters.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from analysis.mechanisms import TwoLevelSystems, two_channel_kondo
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_VOLT
from simulators.isotherms import BiasCurve, Isotherms

Floats = NDArray[np.float64]

# Copper phonons seen by a point contact (paper, Cu.5 and fig 2): a transverse peak near 16 mV and a longitudinal one at
# 28 mV, which quenching washes out. Widths and weights: class-typical.
_PHONON_PEAKS_V: Final = ((16.5e-3, 3.0e-3, 1.0), (28e-3, 5.0e-3, 0.38))


class Contact(Protocol):
    """What the circuit sees of a contact."""

    @property
    def background_S(self) -> float:
        """Return the conductance about which everything happens."""
        ...

    def curve(self, temperature_K: float, field_T: float, excitation_Vrms: float) -> BiasCurve:
        """Return conductance against bias for electrons at `temperature_K` under an excitation (rms, across it)."""
        ...


@dataclass(frozen=True, slots=True)
class KondoParameters:
    """The truth about a two-channel-Kondo contact.

    Attributes
    ----------
    background_S
        Conductance at T = 0, V = 0 in zero field.
    systems
        The two-level systems.
    phonon_share
        Part of the background lost to phonons well above 30 mV.
    field_share, field_scale_T
        In a field the anomaly shrinks to ``1 - share (1 - exp(-|H| / scale))`` of itself, seen from its top.
    top_temperature_K
        The zero-bias conductance at this temperature is the top of the anomaly.
    """

    background_S: float
    systems: TwoLevelSystems
    phonon_share: float
    field_share: float
    field_scale_T: float
    top_temperature_K: float


class KondoContact:
    """A point contact with two-level systems in the two-channel Kondo regime.

    Parameters
    ----------
    parameters
        Its truth.
    """

    def __init__(self, parameters: KondoParameters) -> None:
        self.parameters = parameters
        self._isotherms = Isotherms(self._zero_field_S)
        self._top_S = float(self._zero_field_S(np.zeros(1), parameters.top_temperature_K, 0.0)[0])

    @property
    def background_S(self) -> float:
        """Return the conductance at T = 0, V = 0 in zero field."""
        return self.parameters.background_S

    def curve(self, temperature_K: float, field_T: float, excitation_Vrms: float) -> BiasCurve:
        """Return conductance against bias, from the table; within 1e-4 e2/h of `exact_conductance_S`."""
        ratio = math.sqrt(2.0) * KELVIN_PER_VOLT * excitation_Vrms / temperature_K
        curve = self._isotherms.curve(temperature_K, ratio)
        return curve.scaled_towards(self._top_S, self._anomaly_left(field_T)) if field_T else curve

    def exact_conductance_S(
        self, bias_V: ArrayLike, temperature_K: float, field_T: float = 0.0, excitation_Vrms: float = 0.0
    ) -> Floats:
        """Return the differential conductance by formula, shape as `bias_V`."""
        ratio = math.sqrt(2.0) * KELVIN_PER_VOLT * excitation_Vrms / temperature_K
        zero_field_S = self._zero_field_S(np.asarray(bias_V, dtype=np.float64), temperature_K, ratio)
        return self._top_S + self._anomaly_left(field_T) * (zero_field_S - self._top_S)

    def _anomaly_left(self, field_T: float) -> float:
        return 1.0 + self.parameters.field_share * math.expm1(-abs(field_T) / self.parameters.field_scale_T)

    def _zero_field_S(self, bias_V: Floats, temperature_K: float, excitation_ratio: float) -> Floats:
        excitation_Vrms = excitation_ratio * temperature_K / (math.sqrt(2.0) * KELVIN_PER_VOLT)
        truth = self.parameters
        anomaly_S = two_channel_kondo(bias_V, temperature_K, truth.systems, excitation_Vrms)
        return truth.background_S * (1.0 - truth.phonon_share * _phonons(bias_V)) + anomaly_S


def _phonons(bias_V: Floats) -> Floats:
    """Return the share of the phonon spectrum below ``|eV|``, 0 to 1; no temperature broadening."""
    weights = sum(weight for _, _, weight in _PHONON_PEAKS_V)
    below = sum(
        weight * (ndtr((np.abs(bias_V) - center) / width) - ndtr(-center / width))
        for center, width, weight in _PHONON_PEAKS_V
    )
    return np.asarray(below) / weights


# Sample 1 of the paper. B_Sigma and the background are its table I and section on sample 1; the number of two-level
# systems its footnote 2. A uniform in 0 to 0.8 makes table I's F0 = 4.2 and F1 = -5.7 come out; TK of 8 to 16 K makes
# departures from scaling begin near 1 mV. Which A goes with which TK is arbitrary: 3 is coprime to 10, so it spreads.
_CU1_TLS: Final = 10
_CU1_A: Final = tuple(0.8 * (index + 0.5) / _CU1_TLS for index in range(_CU1_TLS))
_CU1_TK_K: Final = tuple(8.0 * 2.0 ** ((3 * index % _CU1_TLS) / (_CU1_TLS - 1)) for index in range(_CU1_TLS))

_TRUTH: Final[dict[str, dict[str, Any]]] = {
    "cu1": {
        "description": "quenched copper constriction, sample 1 of the paper (2-channel Kondo)",
        "mechanism": "2CK",
        "alpha": 0.5,
        "background_e2_per_h": 2829.0,
        "b_sigma_e2_per_h_per_rtK": 7.8,
        "tls_count": _CU1_TLS,
        "tls_scale_A": list(_CU1_A),
        "tls_kondo_temperature_K": list(_CU1_TK_K),
        "tls_splitting_K": 0.0,
        "phonon_share": 0.04,
        "field_share": 0.5,
        "field_scale_T": 3.0,
        "top_temperature_K": 10.0,
        "class_typical": ["phonon_share", "field_share", "field_scale_T", "top_temperature_K"],
        "chosen_to_reproduce_the_paper": ["tls_scale_A", "tls_kondo_temperature_K"],
    }
}


def samples() -> dict[str, dict[str, Any]]:
    """Return the known samples: name -> true parameters, plain values fit for JSON.

    Values not given in the paper are named under ``class_typical`` or ``chosen_to_reproduce_the_paper``.
    """
    return {name: dict(truth) for name, truth in _TRUTH.items()}


@cache
def make_contact(name: str) -> KondoContact:
    """Return the contact of a sample; one object a name, since it holds nothing but a table of its own function.

    Raises
    ------
    KeyError
        If there is no such sample.
    """
    truth = _TRUTH[name]
    count = truth["tls_count"]
    amplitude_S = truth["b_sigma_e2_per_h_per_rtK"] * CONDUCTANCE_QUANTUM_S / count
    return KondoContact(
        KondoParameters(
            background_S=truth["background_e2_per_h"] * CONDUCTANCE_QUANTUM_S,
            systems=TwoLevelSystems(
                scale_A=np.array(truth["tls_scale_A"]),
                amplitude_B=np.full(count, amplitude_S),
                kondo_temperature_K=np.array(truth["tls_kondo_temperature_K"]),
                splitting_K=np.full(count, truth["tls_splitting_K"]),
            ),
            phonon_share=truth["phonon_share"],
            field_share=truth["field_share"],
            field_scale_T=truth["field_scale_T"],
            top_temperature_K=truth["top_temperature_K"],
        )
    )
