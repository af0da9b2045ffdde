"""What the data show besides the exponent: every other sign by which mechanisms are told apart, in one object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from analysis.corrections import Corrections, corrected_again
from analysis.curves import Curves, Isotherm, Window
from analysis.errors import AnalysisError, WindowError
from analysis.fit_result import ExponentFit
from analysis.quantities import reduced_bias
from analysis.signs.anomaly import Anomaly, find_anomaly
from analysis.signs.departure import Departure, find_departure
from analysis.signs.effective_temperature import HeatingTest, compare_heating
from analysis.signs.even_curve import EvenCurve, even_curves
from analysis.signs.field_law import FieldLaw, find_field_law
from analysis.signs.phonons import TRANSVERSE_REACH_V, PhononSpectrum, find_phonons
from analysis.signs.saturation import Saturation, find_saturation
from analysis.signs.symmetry import Symmetry, find_symmetry
from analysis.signs.telegraph import Telegraph, find_telegraph
from analysis.signs.transitions import Transitions, find_transitions
from analysis.signs.two_exponents import TwoExponents, fit_two_exponents
from analysis.signs.zeeman import ZeemanSplitting, find_zeeman_splitting

Part = TypeVar("Part")

PHONON_FREE_V = 5e-3
PHONON_NODES_V = 1e-3
BELOW_TRANSITION = 0.85
GAIN_DRIFT = 1.0 / 3000.0
DRIFT_TIME_S = 3 * 86400.0


@dataclass(frozen=True, slots=True)
class Features:
    """The signs that evidence weighs; a part that the data do not give is None, and `missing` says why.

    Attributes
    ----------
    anomaly : Anomaly or None
        Sign, amplitude, number of two-level systems.
    symmetry : Symmetry or None
    saturation : Saturation or None
    departure : Departure or None
        Needs a fit of the exponent.
    heating : HeatingTest or None
        Needs two isotherms.
    exponents : TwoExponents or None
        Needs three isotherms.
    field_law : FieldLaw or None
        Needs more than one field.
    zeeman : ZeemanSplitting or None
        Needs more than one field.
    transitions : Transitions or None
    telegraph : Telegraph or None
    phonons : PhononSpectrum or None
        Needs bias beyond the transverse phonons.
    missing : dict of str to str
        Why a part is None, by its name.
    """

    anomaly: Anomaly | None
    symmetry: Symmetry | None
    saturation: Saturation | None
    departure: Departure | None
    heating: HeatingTest | None
    exponents: TwoExponents | None
    field_law: FieldLaw | None
    zeeman: ZeemanSplitting | None
    transitions: Transitions | None
    telegraph: Telegraph | None
    phonons: PhononSpectrum | None
    missing: dict[str, str]


def find_features(curves: Curves, fit: ExponentFit | None) -> Features:
    """Look for every sign in the data, with the corrections and in the window of `fit` where there is one.

    Without a fit nothing is corrected, the drift allowed for is that of the paper's runs, and what needs a scaling
    window takes all isotherms of the lowest field below 5 mV.
    """
    field_T = min(curves.fields_T(), key=abs) if fit is None else fit.window.field_T
    everywhere = _corrected(curves.isotherms(), fit)
    isotherms = _corrected(curves.isotherms(field_T), fit)
    drift = _usual_drift(curves) if fit is None else fit.corrections.drift_S_per_sqrt_s or 0.0
    accuracy = (
        Corrections().temperature_accuracy_fraction if fit is None else fit.corrections.temperature_accuracy_fraction
    )
    why: dict[str, str] = {}

    def attempt(name: str, find: Callable[[], Part]) -> Part | None:
        try:
            return find()
        except AnalysisError as error:
            why[name] = str(error)
            return None

    transitions = attempt("transitions", lambda: find_transitions(everywhere))
    limit_V = _smooth_range_V(transitions, field_T)
    own = even_curves(isotherms, drift_S_per_sqrt_s=drift)
    smooth = even_curves(
        isotherms, drift_S_per_sqrt_s=drift, bias_max_V=limit_V, temperature_accuracy_fraction=accuracy
    )
    window = Window(isotherms[-1].temperature_K, limit_V) if fit is None else fit.window
    inside = _inside(isotherms, window, drift, accuracy)
    fields = even_curves(everywhere, drift_S_per_sqrt_s=drift, bias_max_V=limit_V)
    return Features(
        attempt("anomaly", lambda: find_anomaly(smooth)),
        attempt("symmetry", lambda: find_symmetry(isotherms, drift_S_per_sqrt_s=drift)),
        attempt("saturation", lambda: find_saturation(smooth)),
        attempt("departure", lambda: find_departure(own, _known(fit))),
        attempt("heating", lambda: compare_heating(inside)),
        attempt("exponents", lambda: _exponents(inside, fit)),
        attempt(
            "field_law", lambda: find_field_law(fields, None if fit is None else fit.corrections.drift_S_per_sqrt_s)
        ),
        attempt("zeeman", lambda: find_zeeman_splitting(fields)),
        transitions,
        attempt("telegraph", lambda: find_telegraph(isotherms, drift_S_per_sqrt_s=drift)),
        attempt("phonons", lambda: _phonons(isotherms, drift)),
        why,
    )


def window_curves(curves: Curves, fit: ExponentFit, share: float = 1.0) -> list[EvenCurve]:
    """Return the isotherms of the fit's window as even curves, less a share of the departure that the fit took out."""
    applied = fit.corrections
    isotherms = _corrected(curves.isotherms(fit.window.field_T), fit)
    drift = applied.drift_S_per_sqrt_s or 0.0
    inside = _inside(isotherms, fit.window, drift, applied.temperature_accuracy_fraction)
    return [
        replace(
            curve,
            conductance_S=curve.conductance_S
            - share * fit.crossover.applied_S(reduced_bias(curve.bias_V, curve.temperature_K), curve.temperature_K),
        )
        for curve in inside
    ]


def exponents_apart(curves: Curves, fit: ExponentFit) -> TwoExponents:
    """Return alpha and beta apart in the window and with the corrections of `fit`, as `Features.exponents` has them."""
    return _exponents(window_curves(curves, fit, share=0.0), fit)


def _inside(isotherms: Sequence[Isotherm], window: Window, drift: float, accuracy: float) -> list[EvenCurve]:
    selected = [window.select(isotherm) for isotherm in isotherms if window.holds(isotherm.temperature_K)]
    return list(even_curves(selected, drift_S_per_sqrt_s=drift, temperature_accuracy_fraction=accuracy))


def _usual_drift(curves: Curves) -> float:
    """Return the random walk of a gain that drifts by 1 part in 3000 over three days, in S / s^(1/2)."""
    return GAIN_DRIFT * float(np.abs(curves.conductance_S).mean()) / DRIFT_TIME_S**0.5


def _corrected(isotherms: tuple[Isotherm, ...], fit: ExponentFit | None) -> list[Isotherm]:
    if fit is None:
        return list(isotherms)
    return corrected_again(isotherms, fit.corrections)


def _exponents(curves: Sequence[EvenCurve], fit: ExponentFit | None) -> TwoExponents:
    """Fit both exponents; of the one exponent's systematic error they get what the fit of both has no part for."""
    if fit is None:
        return fit_two_exponents(curves)
    found = fit_two_exponents(curves, fit.corrections.temperature_accuracy_fraction)
    more = float(np.hypot(fit.systematic.window, fit.systematic.excitation))
    alpha, beta = (
        own if own.error is None else replace(own, error=float(np.hypot(own.error, more)))
        for own in (found.alpha, found.beta)
    )
    return replace(found, alpha=alpha, beta=beta)


def _known(fit: ExponentFit | None) -> ExponentFit:
    if fit is None:
        raise WindowError("a departure from scaling needs a fit of the exponent")
    return fit


def _smooth_range_V(transitions: Transitions | None, field_T: float) -> float:
    """Return the bias below phonons and the first conductance transition of a field."""
    spikes = () if transitions is None else transitions.spikes
    places = [spike.position_V.value or 0.0 for spike in spikes if abs(spike.field_T - field_T) < 0.01]
    return min([PHONON_FREE_V, *(BELOW_TRANSITION * place for place in places)])


def _phonons(isotherms: list[Isotherm], drift: float) -> PhononSpectrum:
    far = [own for own in isotherms if np.abs(own.bias_V).max() >= TRANSVERSE_REACH_V]
    if not far:
        raise WindowError(f"no bias beyond {TRANSVERSE_REACH_V * 1e3:g} mV, where a phonon spectrum ends")
    return find_phonons(even_curves(far, drift_S_per_sqrt_s=drift, node_step_V=PHONON_NODES_V))
