"""Criteria that take more than one run of temperatures: a magnetic field, and what happened to the contact."""

from collections.abc import Sequence

import numpy as np

from analysis.judging.facts import DECISIVE_COST, TWO_LEVEL, Facts, Finding, against, left_open, speaks_for
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_TESLA
from analysis.sample_history import EventKind
from analysis.signs.field_change import FieldChange
from analysis.signs.field_law import FieldLaw

FIELD_SIGMAS = 5.0
DIP_SIGMAS = 5.0
DRIFT_IN_SWEEPS = 6e-5
"""Drift of the gain within the two sweeps compared, an hour each, if it is 1 part in 3000 over three days."""

FEWEST_FIELDS = 3
WORST_LAW = 3.0
LARGEST_DIP_SHARE = 0.5
"""Share of the change at zero bias up to which a change of the dip passes for none, twice its error included."""

WEAKEST_DISORDER_FIELD = 0.1
"""Assumed: the field term of a disordered metal is at least a tenth of its temperature term at 2 mu_B H = kB T."""

SPINS = ("magnetic-kondo", "charge-trap")
SPIN_G = (1.0, 3.0)
SPLIT_RATIO = 2.0
ANNEALED_AWAY = 0.3
NOT_ANNEALED = 0.8
SMALL_CHANGE = 0.05
LARGE_CHANGE = 0.1


def magnetoconductance(facts: Facts) -> list[Finding]:
    """Ask for the field law: H^(1/2) at all V for disorder, in the dip or not at all for 2CK (Cu.8, Ti.5, MG.3)."""
    law = facts.features.field_law
    if law is None:
        return left_open(["disorder", "2CK"], "no field series: the field law tells 2CK from disorder")
    if _is_in_dip(facts, law):
        text = f"the field changes the dip, not the conductance around it{_largest(law)}"
        return against(["disorder", "heating", "circuit", "kozub-kulik"], text) + left_open(["2CK"], text)
    if _is_square_root(law):
        text = f"the conductance changes as H^(1/2), alike at every bias: {_slope(law)}"
        return speaks_for(["disorder"], text) + against([*TWO_LEVEL, "circuit", "heating"], f"{text}; it would not")
    bound = _square_root_bound(facts, law)
    if bound is not None and bound < WEAKEST_DISORDER_FIELD:
        text = f"H^(1/2) term at most {bound:.2g} of the T^(1/2) term; disorder has {WEAKEST_DISORDER_FIELD:g} or more"
        return against(["disorder"], text) + speaks_for(
            ["2CK", "circuit", "heating", "kozub-kulik"], "no field dependence"
        )
    return left_open(["disorder", "2CK"], f"the field series does not tell: {law.law.value}, {_slope(law)}")


def _is_in_dip(facts: Facts, law: FieldLaw) -> bool:
    """Say whether the field changes the dip against its surroundings beyond what the gain drifts within sweeps."""
    drift = facts.background_S / CONDUCTANCE_QUANTUM_S * DRIFT_IN_SWEEPS
    parts = [change.in_dip for change in law.changes if change.in_dip.is_measured]
    return any(abs(part.value or 0.0) > DIP_SIGMAS * np.hypot(part.error or 0.0, drift) for part in parts)


def _is_square_root(law: FieldLaw) -> bool:
    """Say whether G(0) changes as H^(1/2), rounded at kB T, beyond the drift, and the dip itself does not."""
    changes = [change for change in law.changes if change.at_zero_bias.is_measured]
    if len(changes) < FEWEST_FIELDS or not _is_alike_at_every_bias(changes):
        return False
    size_T = np.abs([change.field_T for change in changes])
    thermal_T = np.array([change.temperature_K for change in changes]) / (2.0 * KELVIN_PER_TESLA)
    root = np.sqrt(np.hypot(size_T, thermal_T)) - np.sqrt(thermal_T)
    values, errors = np.transpose([(c.at_zero_bias.value or 0.0, c.at_zero_bias.error or 1.0) for c in changes])
    information = float(np.sum((root / errors) ** 2))
    slope = float(np.sum(root * values / errors**2)) / information
    left = float(np.sum(((values - slope * root) / errors) ** 2))
    return abs(slope) * information**0.5 > FIELD_SIGMAS and left < WORST_LAW * (len(changes) - 1)


def _is_alike_at_every_bias(changes: Sequence[FieldChange]) -> bool:
    """Say whether the largest change of G(0) is measured to be one of the whole curve, not of the dip."""
    largest = max(changes, key=lambda change: abs(change.at_zero_bias.value or 0.0))
    in_dip = abs(largest.in_dip.value or 0.0) + 2.0 * (largest.in_dip.error or 0.0)
    return in_dip < LARGEST_DIP_SHARE * abs(largest.at_zero_bias.value or 0.0)


def _square_root_bound(facts: Facts, law: FieldLaw) -> float | None:
    """Return the 95 % bound of the H^(1/2) term over the T^(1/2) term, both in kelvin."""
    slope = law.slope_per_sqrt_T
    known = None if facts.parameters is None else facts.parameters.b_sigma.value
    fitted = facts.comparison.fits["disorder"].values["amplitude_S_per_sqrt_K"] / CONDUCTANCE_QUANTUM_S
    amplitude = fitted if known is None else known
    if slope.value is None or amplitude <= 0.0:
        return None
    limit = abs(slope.value) + 2.0 * (slope.error or 0.0)
    return float(limit / (amplitude * np.sqrt(2.0 * KELVIN_PER_TESLA)))


def _slope(law: FieldLaw) -> str:
    slope = law.slope_per_sqrt_T
    if slope.value is None:
        return "no slope"
    error = "" if slope.error is None else f" +- {slope.error:.1g}"
    return f"{slope.value:.2g}{error} e2/h T^-1/2"


def _largest(law: FieldLaw) -> str:
    largest = law.largest
    return "" if largest.value is None else f" ({largest.bound or ''}{largest.value:.2g} e2/h at V = 0)"


def zeeman(facts: Facts) -> list[Finding]:
    """Ask for Zeeman splitting: a magnetic impurity or a trap splits unless its T_K is larger (A 2, A 5)."""
    part = facts.features.zeeman
    if part is None or part.g_factor.value is None:
        return []
    g = part.g_factor
    if g.is_measured and part.significance > DECISIVE_COST and SPIN_G[0] < part.g_factor.value < SPIN_G[1]:
        text = f"the anomaly splits in a field with g = {g.value:.2f} +- {g.error:.1g}"
        return speaks_for(SPINS, text) + against(
            [*TWO_LEVEL, "disorder", "heating", "circuit"], f"{text}, as a spin does"
        )
    if g.bound != "<=" or part.g_factor.value > SPIN_G[0]:
        return []
    zeeman_K = 2.0 * KELVIN_PER_TESLA * max(abs(field) for field in facts.fields_T)
    found = []
    for name in SPINS:
        kondo_K = facts.comparison.fits[name].values["kondo_temperature_K"]
        if zeeman_K > SPLIT_RATIO * max(kondo_K, min(facts.temperatures_K)):
            text = f"no Zeeman splitting: g <= {g.value:.2g} where 2 mu_B H is {zeeman_K:.2g} K and T_K {kondo_K:.2g} K"
            found += against([name], text)
    return found


def history(facts: Facts) -> list[Finding]:
    """Ask what annealing, doping, another circuit did to the anomaly (Cu.3, Cu.4, A 1, A 2, A 4)."""
    found = []
    for event in facts.history:
        if event.anomaly_left is None:
            continue
        left = f"{event.anomaly_left:.2f} +- {event.anomaly_left_error:.2f} of the anomaly left"
        change = f"G changed by {100 * event.conductance_change:+.1f} %"
        is_gone = event.anomaly_left + 2.0 * event.anomaly_left_error < ANNEALED_AWAY
        is_kept = event.anomaly_left - 2.0 * event.anomaly_left_error > NOT_ANNEALED
        match event.kind:
            case EventKind.ANNEAL | EventKind.THERMAL_CYCLE | EventKind.COOLDOWN if event.is_annealing:
                found += _annealing(f"annealed: {left}, {change}", is_gone, is_kept, event.conductance_change)
            case EventKind.DOPE if is_gone:
                found += against(["disorder"], f"disorder added: {left}; it should grow")
            case EventKind.CHANGE_CIRCUIT if is_kept:
                found += against(["circuit"], f"with another circuit {left}; it would change")
            case EventKind.CHANGE_CIRCUIT:
                found += speaks_for(["circuit"], f"with another circuit {left}")
            case EventKind.ELECTROMIGRATE:
                found += left_open(["ucf"], f"electromigrated: {left}, {change}")
            case _:
                pass
    return found


def _annealing(text: str, is_gone: bool, is_kept: bool, change: float) -> list[Finding]:
    found = []
    if is_gone:
        found += against(["magnetic-kondo", "circuit"], f"{text}; it would stay")
        if abs(change) < SMALL_CHANGE:
            found += against(["disorder"], f"{text}; disorder would have to go, and R fall by tens of percent")
            found += speaks_for(TWO_LEVEL, text)
    if change > LARGE_CHANGE:
        found += speaks_for(["disorder"], text) + against(TWO_LEVEL, f"{text}; point defects change G by 1 or 2 %")
    if is_kept:
        found += against(TWO_LEVEL, f"{text}; two-level systems anneal away")
        found += speaks_for(["magnetic-kondo", "circuit"], text)
    return found
