"""The criteria by which mechanisms are told apart, each a function from the facts to findings with their numbers.

A finding speaks for or against one mechanism, or notes what it would take. Several criteria need parts of the data that
a run may lack (a field series, bias beyond the phonons, a history); they are then silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from analysis.features import Features
from analysis.field_law import FieldLaw, MagnetoLaw
from analysis.fit_result import ExponentFit
from analysis.hypotheses import Comparison
from analysis.parameters import Parameters
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_TESLA
from analysis.sample_history import EventKind, SampleEvent

TWO_LEVEL = ("2CK", "2CK-with-splitting", "kozub-kulik")
DIPS = ("2CK", "2CK-with-splitting", "disorder", "magnetic-kondo", "heating", "circuit")
ALIKE = ("2CK", "disorder")
"""What the shape of the curves must not tell apart (design decision 8)."""

DECISIVE_COST = 25.0
NOTEWORTHY_COST = 8.0
EXPONENT_SIGMAS = 3.0
WORST_ACCEPTED_MISFIT = 1.8
SCALING_RATIO = 4.0
SCALING_MISFIT = 1.3
SCALING_ERROR = 0.05
ODD_OVER_EVEN = 0.3
SMALL_ODD = 0.03
UNLIKELY_ODD = 1e-6
WEAKEST_DISORDER_FIELD = 0.1
"""Assumed: the field term of a disordered metal is at least a tenth of its temperature term at mu_B H = kB T."""

ANNEALED_AWAY = 0.3
NOT_ANNEALED = 0.8
SMALL_CHANGE = 0.05
LARGE_CHANGE = 0.1


class Weight(Enum):
    """Which way a finding points."""

    FOR = "for"
    AGAINST = "against"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one criterion says of one mechanism."""

    mechanism: str
    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the criteria look at.

    Attributes
    ----------
    fit : ExponentFit or None
        None where the data do not determine an exponent; `fit_failure` says why.
    parameters : Parameters or None
    features : Features
    comparison : Comparison
    temperatures_K : tuple of float
        Of the zero-field isotherms.
    fields_T : tuple of float
    history : sequence of SampleEvent
    fit_failure : str
    """

    fit: ExponentFit | None
    parameters: Parameters | None
    features: Features
    comparison: Comparison
    temperatures_K: tuple[float, ...]
    fields_T: tuple[float, ...]
    history: Sequence[SampleEvent]
    fit_failure: str = ""


def _against(mechanisms: Sequence[str], text: str) -> list[Finding]:
    return [Finding(mechanism, Weight.AGAINST, text) for mechanism in mechanisms]


def _for(mechanisms: Sequence[str], text: str) -> list[Finding]:
    return [Finding(mechanism, Weight.FOR, text) for mechanism in mechanisms]


def _open(mechanisms: Sequence[str], text: str) -> list[Finding]:
    return [Finding(mechanism, Weight.OPEN, text) for mechanism in mechanisms]


def is_peak(facts: Facts) -> bool:
    """Say whether conductance is highest at zero bias: every dip is refused, and a peak fits."""
    costs = facts.comparison
    return costs.best() in ("charge-trap", "kozub-kulik") and all(
        costs.fits[dip].chi2 > 0.9 * costs.chi2_nothing for dip in ("2CK", "disorder", "circuit")
    )


def scaling_holds(facts: Facts) -> bool:
    """Say whether the curves collapse over a wide range of temperature."""
    fit = facts.fit
    return (
        fit is not None
        and fit.chi2_per_dof <= SCALING_MISFIT
        and temperature_span(facts) >= SCALING_RATIO
        and fit.error < SCALING_ERROR
    )


def is_root(facts: Facts) -> bool:
    """Say whether the curves scale with an exponent of 1/2 within its error."""
    fit = facts.fit
    return fit is not None and scaling_holds(facts) and abs(fit.alpha - 0.5) <= EXPONENT_SIGMAS * fit.error


def temperature_span(facts: Facts) -> float:
    """Return the ratio of the warmest to the coldest temperature of the fit's window, 0 without a fit."""
    if facts.fit is None:
        return 0.0
    temperatures = [isotherm.temperature_K for isotherm in facts.fit.isotherms]
    return max(temperatures) / min(temperatures)


def saturation_gain(facts: Facts) -> float:
    """Return what splittings gain in chi-square over every mechanism that scales."""
    scaling = ("2CK", "disorder", "heating", "circuit")
    return min(facts.comparison.cost(name) for name in scaling) - facts.comparison.cost("2CK-with-splitting")


def sign(facts: Facts) -> list[Finding]:
    """Dip or peak: only Kozub and Kulik's levels give both, a trap gives a peak (A 3, A 5)."""
    if is_peak(facts):
        text = "the anomaly is a peak at V = 0, where this mechanism gives a dip"
        return _against(DIPS, text) + _for(["charge-trap"], "the anomaly is a peak at V = 0")
    return _against(["charge-trap"], "the anomaly is a dip at V = 0, where a trap gives a peak")


def exponent(facts: Facts) -> list[Finding]:
    """The exponent and its interval: 1/2 for 2CK and disorder, about 2 for magnetic impurities, none for levels."""
    fit = facts.fit
    if fit is None:
        return _open(["2CK", "disorder", "no-scaling"], f"no exponent: {facts.fit_failure}")
    low, high = fit.interval95
    number = f"alpha = {fit.alpha:.3f} +- {fit.error:.3f} (95 %: {low:.3f} to {high:.3f})"
    found = []
    distance = abs(fit.alpha - 0.5) / fit.error
    holds = scaling_holds(facts)
    span = f"over a factor {temperature_span(facts):.1f} in T, chi2/dof {fit.chi2_per_dof:.2f}"
    if holds and distance > EXPONENT_SIGMAS:
        text = f"{number} is {distance:.1f} sigma from 1/2, {span}"
        found += _against(["disorder"], text)
        # Kondo temperatures inside the window lower alpha: then the model that knows them still fits
        is_crossover = facts.comparison.cost("2CK") < DECISIVE_COST
        found += _open(["2CK"], f"{text}; a low T_K would do that") if is_crossover else _against(["2CK"], text)
    elif holds:
        found += _for(["2CK", "disorder"], f"{number} agrees with 1/2, {span}")
        found += _against(["kozub-kulik"], f"the curves scale with {number} {span}; this mechanism does not scale")
        found += _against(["magnetic-kondo"], f"{number}; below T_K a Fermi liquid has 2")
    if holds:
        found += _against(["no-scaling"], f"the curves scale with {number} {span}")
        found += _for(["circuit"], f"{number}: some resistance of the leads gives any exponent")
    else:
        failure = f"{number} holds {span} only, or is not determined"
        found += _open(["2CK", "disorder", "circuit"], failure) + _for(["no-scaling"], failure)
    return found


def shape(facts: Facts) -> list[Finding]:
    """What each model of G(V, T) costs against the best one; 2CK and disorder stand or fall together here."""
    costs = facts.comparison
    best_alike = min(ALIKE, key=costs.cost)
    found = []
    for mechanism in costs.fits:
        judged = best_alike if mechanism in ALIKE else mechanism
        cost, per_dof = costs.cost(judged), costs.per_dof(judged)
        whose = "its curves" if judged == mechanism else f"its curves, and those of {judged} too,"
        if cost > DECISIVE_COST:
            text = f"{whose} cost delta chi2 = {cost:.0f} against {costs.best()} (chi2/dof {per_dof:.2f})"
            found += _against([mechanism], text)
        elif per_dof > WORST_ACCEPTED_MISFIT:
            found += _against([mechanism], f"{whose} fit badly: chi2/dof {per_dof:.2f}, and so do all others")
        elif judged != mechanism:
            extra = costs.cost(mechanism) - cost
            found += _open(
                [mechanism], f"its curves cost delta chi2 = {extra:.0f} against {judged}, which alone decides nothing"
            )
        elif cost > NOTEWORTHY_COST:
            found += _open([mechanism], f"its curves cost delta chi2 = {cost:.0f} against {costs.best()}")
        else:
            found += _for([mechanism], f"its curves fit: chi2/dof {per_dof:.2f}, delta chi2 = {max(cost, 0.0):.0f}")
    return found


def saturation(facts: Facts) -> list[Finding]:
    """Premature saturation below Tx: the mark of a splitting, and the end of scaling (eq 28, 29)."""
    gain = saturation_gain(facts)
    if gain > DECISIVE_COST:
        text = f"the anomaly saturates below Tx = {_saturation_text(facts)}: delta chi2 = {gain:.0f}"
        return _for(["2CK-with-splitting"], text) + _against(["2CK", "disorder"], text)
    if gain > NOTEWORTHY_COST:
        return _open(["2CK", "2CK-with-splitting"], f"a splitting would gain delta chi2 = {gain:.0f}")
    lowest_K = min(facts.temperatures_K)
    text = f"no saturation: a splitting gains delta chi2 = {gain:.0f} only, down to {lowest_K:.3g} K"
    return _against(["2CK-with-splitting"], text)


def _saturation_text(facts: Facts) -> str:
    part = facts.features.saturation
    if part is None or not part.terms:
        mean_K = facts.comparison.fits["2CK-with-splitting"].values.get("saturation_K", 0.0)
        return f"{mean_K:.2g} K (mean of several)"
    return " and ".join(f"{tx.value or 0.0:.2f} +- {tx.error or 0.0:.1g} K" for tx in part.tx_K)


def effective_temperature(facts: Facts) -> list[Finding]:
    """The direct map of G(V, T) onto G(0, Teff), Teff^2 = T^2 + V^2 / 4 L0, which has no free parameter."""
    cost, per_dof = facts.comparison.cost("heating"), facts.comparison.per_dof("heating")
    if cost > DECISIVE_COST or per_dof > WORST_ACCEPTED_MISFIT:
        return []
    return _for(["heating"], f"G(V, T) maps onto G(0, Teff) with Sommerfeld's Lorenz number: chi2/dof {per_dof:.2f}")


def symmetry(facts: Facts) -> list[Finding]:
    """Even symmetry: an anomaly is even in V, interference is not (Cu.4b)."""
    part = facts.features.symmetry
    if part is None or part.odd_over_even.value is None:
        return _open(["ucf"], facts.features.missing.get("symmetry", "the odd part of G(V) is not known"))
    ratio = part.odd_over_even.value
    numbers = f"odd part of G(V): {ratio:.2g} of the even part's rms, p = {part.p_value:.1g}"
    if is_odd(facts):
        return _for(["ucf"], numbers) + _against([*DIPS, "kozub-kulik", "charge-trap"], f"not even in V; {numbers}")
    if is_uneven(facts):
        return _open(["ucf"], numbers)
    return _against(["ucf"], f"the curves are even in V; {numbers}")


def is_odd(facts: Facts) -> bool:
    """Say whether so large a part of G(V) is odd that interference must be what is seen."""
    part = facts.features.symmetry
    return part is not None and is_uneven(facts) and float(part.odd_over_even.value or 0.0) > ODD_OVER_EVEN


def is_uneven(facts: Facts) -> bool:
    """Say whether an odd part comes back from isotherm to isotherm, which neither noise nor drift does."""
    part = facts.features.symmetry
    if part is None or part.p_value > UNLIKELY_ODD:
        return False
    return part.odd_over_even.is_measured and float(part.odd_over_even.value or 0.0) > SMALL_ODD


def telegraph(facts: Facts) -> list[Finding]:
    """Two levels at one bias: a slow fluctuator (MG.2)."""
    part = facts.features.telegraph
    if part is None:
        return _open(["telegraph"], facts.features.missing.get("telegraph", "the scatter was not examined"))
    if not part.is_found:
        return _against(["telegraph"], f"no switching between two curves{f': {part.why}' if part.why else ''}")
    amplitude = part.amplitude.value
    size = "" if amplitude is None else f" {amplitude:.2g} e2/h apart at V = 0"
    return _for(
        ["telegraph"], f"the conductance switches between two curves{size}, at {len(part.isotherms)} isotherm(s)"
    )


def magnetoconductance(facts: Facts) -> list[Finding]:
    """The field law: H^(1/2) and the same at all V for disorder, none for 2CK but in copper (Cu.8, Ti.5, MG.3)."""
    law = facts.features.field_law
    if law is None:
        return _open(["disorder", "2CK"], "no field series: the field law, which tells 2CK from disorder, is not known")
    if is_square_root(law):
        text = f"the conductance changes as H^(1/2) at every bias: {_slope(law)}"
        return _for(["disorder"], text) + _against([*TWO_LEVEL, "circuit", "heating"], f"{text}; it would not")
    if is_in_dip(law):
        text = f"the field changes the dip, not the conductance around it ({_largest(law)})"
        return _against(["disorder", "heating", "circuit", "kozub-kulik"], text) + _open(["2CK"], text)
    bound = square_root_bound(facts, law)
    if bound is not None and bound < WEAKEST_DISORDER_FIELD:
        text = (
            f"H^(1/2) term at most {bound:.2g} of the T^(1/2) term, a disordered metal has {WEAKEST_DISORDER_FIELD:g}"
        )
        return _against(["disorder"], text) + _for(["2CK", "circuit", "heating", "kozub-kulik"], "no field dependence")
    return _open(["disorder", "2CK"], f"the field series does not tell: {law.law.value}, {_slope(law)}")


def is_square_root(law: FieldLaw) -> bool:
    """Say whether all bias values change alike, as the root of H."""
    none = law.chi2.get(MagnetoLaw.NONE, 0.0)
    return (
        law.law is MagnetoLaw.SQUARE_ROOT
        and none - law.chi2.get(MagnetoLaw.SQUARE_ROOT, none) > DECISIVE_COST / 2
        and not is_in_dip(law)
    )


def is_in_dip(law: FieldLaw) -> bool:
    """Say whether the field changes the dip against its surroundings, which drift between sweeps cannot do."""
    parts = [change.in_dip for change in law.changes if change.in_dip.is_measured]
    pull = sum((float(part.value or 0.0) / float(part.error or 1.0)) ** 2 for part in parts)
    return pull - len(parts) > DECISIVE_COST


def square_root_bound(facts: Facts, law: FieldLaw) -> float | None:
    """Return the 95 % bound of the H^(1/2) term over the T^(1/2) term, both in kelvin."""
    slope, amplitude_S = law.slope_per_sqrt_T, facts.comparison.fits["disorder"].values["amplitude_S_per_sqrt_K"]
    if slope.value is None or amplitude_S <= 0.0:
        return None
    limit = abs(slope.value) + 2.0 * (slope.error or 0.0)
    return float(limit * CONDUCTANCE_QUANTUM_S / (amplitude_S * np.sqrt(2.0 * KELVIN_PER_TESLA)))


def _slope(law: FieldLaw) -> str:
    slope = law.slope_per_sqrt_T
    if slope.value is None:
        return "no slope"
    return f"{slope.value:.2g}" + ("" if slope.error is None else f" +- {slope.error:.1g}") + " e2/h T^-1/2"


def _largest(law: FieldLaw) -> str:
    return "" if law.largest.value is None else f"{law.largest.bound or ''}{law.largest.value:.2g} e2/h at V = 0"


def zeeman(facts: Facts) -> list[Finding]:
    """Zeeman splitting: 2 g mu_B H / e for a magnetic impurity or a trap whose T_K is not larger (A 2, A 5)."""
    part = facts.features.zeeman
    if part is None or part.g_factor.value is None:
        return []
    spins = ["magnetic-kondo", "charge-trap"]
    if part.significance > DECISIVE_COST and 1.0 < part.g_factor.value < 3.0 and part.g_factor.is_measured:
        text = f"the anomaly splits in a field with g = {part.g_factor.value:.2g}"
        others = [*TWO_LEVEL, "disorder", "heating", "circuit"]
        return _for(spins, text) + _against(others, f"{text}, as a spin does")
    if part.g_factor.bound != "<=" or part.g_factor.value > 1.0:
        return []
    zeeman_K = 2.0 * KELVIN_PER_TESLA * max(abs(field) for field in facts.fields_T)
    found = []
    for name in spins:
        kondo_K = facts.comparison.fits[name].values["kondo_temperature_K"]
        if zeeman_K > 2.0 * max(kondo_K, *facts.temperatures_K[:1]):
            text = f"no Zeeman splitting: g <= {part.g_factor.value:.2g} where 2 mu_B H is {zeeman_K:.2g} K"
            found += _against([name], f"{text} and T_K {kondo_K:.2g} K")
    return found


def history(facts: Facts) -> list[Finding]:
    """What annealing, doping, another circuit did to the anomaly (Cu.3, Cu.4, A 1, A 2, A 4)."""
    found = []
    for event in facts.history:
        if event.anomaly_left is None:
            continue
        left = f"{event.anomaly_left:.2f} +- {event.anomaly_left_error:.2f} of the anomaly left"
        change = f"G changed by {100 * event.conductance_change:+.1f} %"
        is_gone = event.anomaly_left + 2.0 * event.anomaly_left_error < ANNEALED_AWAY
        is_kept = event.anomaly_left - 2.0 * event.anomaly_left_error > NOT_ANNEALED
        match event.kind:
            case EventKind.ANNEAL:
                found += _annealing(f"annealed: {left}, {change}", is_gone, is_kept, event.conductance_change)
            case EventKind.DOPE if is_gone:
                found += _against(["disorder"], f"disorder added: {left}; it should grow")
            case EventKind.CHANGE_CIRCUIT if is_kept:
                found += _against(["circuit"], f"with another circuit {left}; it would change")
            case EventKind.CHANGE_CIRCUIT:
                found += _for(["circuit"], f"with another circuit {left}")
            case EventKind.ELECTROMIGRATE:
                found += _open(["ucf"], f"electromigrated: {left}, {change}")
            case _:
                pass
    return found


def _annealing(text: str, is_gone: bool, is_kept: bool, change: float) -> list[Finding]:
    found = []
    if is_gone:
        found += _against(["magnetic-kondo", "circuit"], f"{text}; it would stay")
        if abs(change) < SMALL_CHANGE:
            found += _against(["disorder"], f"{text}; disorder would have to go, and R fall by tens of percent")
            found += _for(TWO_LEVEL, text)
    if change > LARGE_CHANGE:
        found += _for(["disorder"], text) + _against(TWO_LEVEL, f"{text}; point defects change G by 1 or 2 %")
    if is_kept:
        found += _against(TWO_LEVEL, f"{text}; two-level systems anneal away")
        found += _for(["magnetic-kondo", "circuit"], text)
    return found


def amplitude(facts: Facts) -> list[Finding]:
    """Amplitude over 2 e2/h: how many two-level systems it takes (footnote 2)."""
    count = None if facts.parameters is None else facts.parameters.tls_count.value
    if count is None:
        return []
    return _open(["2CK", "2CK-with-splitting"], f"the amplitude takes at least {count:.0f} two-level systems")


def ballisticity(facts: Facts) -> list[Finding]:
    """The phonon spectrum: whether electrons cross the contact without heating it (Cu.5)."""
    part = facts.features.phonons
    if part is None:
        return _open(["heating", "disorder"], facts.features.missing.get("phonons", "no bias beyond the phonons"))
    if part.is_ballistic:
        text = "the transverse phonon peak stands: electrons cross the contact ballistically"
        return _against(["heating"], text) + _open(["disorder"], text)
    return []


CRITERIA = (
    sign,
    exponent,
    shape,
    saturation,
    effective_temperature,
    symmetry,
    telegraph,
    magnetoconductance,
    zeeman,
    history,
    amplitude,
    ballisticity,
)
