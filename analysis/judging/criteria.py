"""Criteria that the curves G(V, T) of zero field answer: sign, exponent, shape, saturation, symmetry, switching.

Each is a function from the facts to findings for or against mechanisms, with the numbers. What the data lack (bias
beyond the phonons, enough temperatures) leaves a criterion silent.
"""

from analysis.judging.facts import (
    ALIKE,
    DECISIVE_COST,
    DIPS,
    EXPONENT_SIGMAS,
    NOTEWORTHY_COST,
    TWO_LEVEL,
    WORST_ACCEPTED_MISFIT,
    Facts,
    Finding,
    against,
    left_open,
    speaks_for,
)
from analysis.quantity import Quantity

SHARP_RATIO = 0.05
RATIO_FLOOR = 0.02
"""What thermometer errors may shift the Lorenz number by."""


def sign(facts: Facts) -> list[Finding]:
    """Ask for dip or peak: a trap gives a peak, Kozub and Kulik's levels give both, all others a dip (A 3, A 5)."""
    if facts.is_peak:
        text = "the anomaly is a peak at V = 0, where this mechanism gives a dip"
        return against(DIPS, text) + speaks_for(["charge-trap"], "the anomaly is a peak at V = 0")
    return against(["charge-trap"], "the anomaly is a dip at V = 0, where a trap gives a peak")


def exponent(facts: Facts) -> list[Finding]:
    """Ask for the exponent: 1/2 for 2CK and disorder, about 2 for magnetic impurities, any for circuit and heating."""
    fit = facts.fit
    if fit is None:
        return left_open(["2CK", "disorder", "no-scaling"], f"no exponent: {facts.fit_failure}")
    low, high = fit.interval95
    number = f"alpha = {fit.alpha:.3f} +- {fit.error:.3f} (95 %: {low:.3f} to {high:.3f})"
    span = f"over a factor {facts.temperature_span:.1f} in T, chi2/dof {fit.chi2_per_dof:.2f}"
    if not facts.does_scale:
        text = f"{number} {span}: too little, or too uncertain, to establish scaling"
        return left_open(["2CK", "disorder", "circuit"], text) + speaks_for(["no-scaling"], text)
    found = against(["no-scaling"], f"the curves scale with {number} {span}")
    found += speaks_for(["circuit"], f"{number}: some resistance of the leads gives any exponent")
    if facts.is_root_law:
        found += speaks_for(["2CK", "disorder"], f"{number} agrees with 1/2, {span}")
        found += _unless_it_fits(facts, "kozub-kulik", f"the curves scale with {number} {span}; it does not scale")
        return found + _unless_it_fits(facts, "magnetic-kondo", f"{number}; below T_K a Fermi liquid has 2")
    text = f"{number} is {facts.sigmas_from_half:.1f} sigma from 1/2, {span}"
    # Kondo temperatures inside the window lower alpha: then the model that knows them still fits
    is_crossover = facts.comparison.cost("2CK") < DECISIVE_COST
    found += left_open(["2CK"], f"{text}; a low T_K would do that") if is_crossover else against(["2CK"], text)
    return found + against(["disorder"], text)


def _unless_it_fits(facts: Facts, mechanism: str, text: str) -> list[Finding]:
    """Return a finding against what does not scale, unless noise lets its own curves look as if they did."""
    if facts.comparison.cost(mechanism) > NOTEWORTHY_COST:
        return against([mechanism], text)
    return left_open([mechanism], f"{text}, but its curves fit as well as any")


def shape(facts: Facts) -> list[Finding]:
    """Ask what each model of G(V, T) costs against the best one; 2CK and disorder stand or fall together here."""
    costs = facts.comparison
    best_alike = min(ALIKE, key=costs.cost)
    found = []
    for mechanism in costs.fits:
        judged = best_alike if mechanism in ALIKE else mechanism
        cost, per_dof = costs.cost(judged), costs.per_dof(judged)
        whose = "its curves" if judged == mechanism else f"its curves, and those of {judged} too,"
        if cost > DECISIVE_COST:
            text = f"{whose} cost delta chi2 = {cost:.0f} against {costs.best} (chi2/dof {per_dof:.2f})"
            found += against([mechanism], text)
        elif per_dof > WORST_ACCEPTED_MISFIT:
            found += against([mechanism], f"{whose} fit badly: chi2/dof {per_dof:.2f}, and so do all others")
        elif judged != mechanism:
            extra = costs.cost(mechanism) - cost
            text = f"its curves cost delta chi2 = {extra:.0f} against {judged}, which alone decides nothing"
            found += left_open([mechanism], text)
        elif cost > NOTEWORTHY_COST:
            found += left_open([mechanism], f"its curves cost delta chi2 = {cost:.0f} against {costs.best}")
        else:
            found += speaks_for([mechanism], f"its curves fit: chi2/dof {per_dof:.2f}, delta chi2 = {cost:.0f}")
    return found


def saturation(facts: Facts) -> list[Finding]:
    """Ask for premature saturation below Tx: the mark of a splitting, and the end of scaling (eq 28, 29)."""
    gain, lowest_K = facts.saturation_gain, min(facts.temperatures_K)
    if gain > DECISIVE_COST:
        text = f"the anomaly saturates below Tx = {_saturation_text(facts)}: delta chi2 = {gain:.0f}"
        return speaks_for(["2CK-with-splitting"], text) + against(ALIKE, text)
    if gain > NOTEWORTHY_COST:
        return left_open(["2CK", "2CK-with-splitting"], f"a splitting would gain delta chi2 = {gain:.0f}")
    text = f"no saturation down to {lowest_K:.3g} K: a splitting gains delta chi2 = {max(gain, 0.0):.0f}"
    return against(["2CK-with-splitting"], text)


def _saturation_text(facts: Facts) -> str:
    part = facts.features.saturation
    if part is None or not part.terms:
        mean_K = facts.comparison.fits["2CK-with-splitting"].values.get("saturation_K", 0.0)
        return f"{mean_K:.2g} K (mean of several)"
    return " and ".join(f"{tx.value or 0.0:.2f} +- {tx.error or 0.0:.1g} K" for tx in part.tx_K)


def effective_temperature(facts: Facts) -> list[Finding]:
    """Ask for the direct map of G(V, T) onto G(0, Teff), Teff^2 = T^2 + V^2 / 4 L0, which has no free parameter.

    Where the map holds and the curves by themselves choose Sommerfeld's Lorenz number within a few percent, what has
    its own scale of bias (A of a two-level system) would have to meet it by accident.
    """
    cost, per_dof = facts.comparison.cost("heating"), facts.comparison.per_dof("heating")
    ratio = None if facts.features.heating is None else facts.features.heating.lorenz_ratio
    number = ""
    if ratio is not None and ratio.value is not None and ratio.is_measured:
        number = f"; the best Lorenz number is {ratio.value:.3f} +- {ratio.error:.1g} of it"
    if cost > DECISIVE_COST or per_dof > WORST_ACCEPTED_MISFIT:
        return left_open(["heating"], f"no map of G(V, T) onto G(0, Teff) with Sommerfeld's Lorenz number{number}")
    found = speaks_for(["heating"], f"G(V, T) maps onto G(0, Teff) with Sommerfeld's Lorenz number{number}")
    if cost <= NOTEWORTHY_COST and ratio is not None and _is_one(ratio):
        text = f"G(V, T) is a function of Teff alone{number}, which it would be by accident only"
        found += against([*TWO_LEVEL, *ALIKE, "circuit"], text)
    return found


def _is_one(ratio: Quantity) -> bool:
    """Say whether a ratio is one, and known well enough to mean something."""
    if ratio.value is None or ratio.error is None or not ratio.is_measured:
        return False
    return ratio.error < SHARP_RATIO and abs(ratio.value - 1.0) < EXPONENT_SIGMAS * ratio.error + RATIO_FLOOR


def symmetry(facts: Facts) -> list[Finding]:
    """Ask for even symmetry: an anomaly is even in V, interference is not (Cu.4b)."""
    part = facts.features.symmetry
    if part is None or part.odd_over_even.value is None:
        return left_open(["ucf"], facts.features.missing.get("symmetry", "the odd part of G(V) is not known"))
    bound = part.odd_over_even.bound or ""
    numbers = f"odd part of G(V) {bound}{part.odd_over_even.value:.2g} of the even part's rms, p = {part.p_value:.1g}"
    if facts.is_odd:
        return speaks_for(["ucf"], numbers) + against(
            [*DIPS, "kozub-kulik", "charge-trap"], f"not even in V; {numbers}"
        )
    if facts.is_uneven:
        return left_open(["ucf"], numbers)
    return against(["ucf"], f"the curves are even in V: {numbers}")


def telegraph(facts: Facts) -> list[Finding]:
    """Ask for two levels at one bias: a slow fluctuator (MG.2)."""
    part = facts.features.telegraph
    if part is None:
        return left_open(["telegraph"], facts.features.missing.get("telegraph", "the scatter was not examined"))
    amplitude = part.amplitude.value
    size = "" if amplitude is None else f", {amplitude:.2g} e2/h apart at V = 0"
    seen = f"two curves at {len(part.isotherms)} of {len(facts.temperatures_K)} isotherms{size}"
    if facts.does_switch and facts.is_switching_sided:
        text = f"{seen}, but the upper one goes with the sign of V (correlation {facts.sidedness:.2f})"
        return left_open(["telegraph"], f"{text}: an odd part looks like that")
    if facts.does_switch:
        return speaks_for(["telegraph"], f"the conductance switches: {seen}")
    if part.is_found:
        return against(["telegraph"], f"{seen} only; a fluctuator shows at most temperatures")
    return against(["telegraph"], "no switching: one curve an isotherm describes the data")


def amplitude(facts: Facts) -> list[Finding]:
    """Ask how many two-level systems the amplitude takes at 2 e2/h each (footnote 2)."""
    count = None if facts.parameters is None else facts.parameters.tls_count.value
    if count is None:
        return []
    return left_open(["2CK", "2CK-with-splitting"], f"the amplitude takes at least {count:.0f} two-level systems")


def ballisticity(facts: Facts) -> list[Finding]:
    """Ask the phonon spectrum whether electrons cross the contact without heating it (Cu.5)."""
    part = facts.features.phonons
    if part is None:
        return left_open(["heating", "disorder"], facts.features.missing.get("phonons", "no bias beyond the phonons"))
    if not part.is_ballistic:
        return []
    text = "the transverse phonon peak stands: electrons cross the contact ballistically"
    return against(["heating"], text) + left_open(["disorder"], text)
