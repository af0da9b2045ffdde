"""From findings to verdicts: what is excluded, what is consistent, and whether one mechanism is left.

Nothing is decided by chi-square alone. A mechanism is excluded by one finding against it, consistent if something
speaks for it and nothing against. The verdict names a mechanism only if it is the one left and shows its own mark (an
exponent of 1/2, a field law or a history, a saturation, a peak); else it is `undecided`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.judging.facts import DECISIVE_COST, Facts, Finding, Weight
from analysis.judging.next_steps import next_steps

UNDECIDED = "undecided"
OVERRIDING = ("telegraph", "ucf")
"""What blurs or replaces an anomaly, whatever else fits."""

NO_MODEL_MISFIT = 3.0
"""Chi-square per degree of freedom from which the best model is no model; below, a known one may only be coarse."""

SEEN = 30.0
"""Delta chi-square from which there is an anomaly at all."""


@dataclass(frozen=True, slots=True)
class MechanismEvidence:
    """One mechanism: "consistent", "excluded" or "undecided", and the sentences that say why."""

    mechanism: str
    verdict: str
    because: tuple[str, ...]


def weigh_findings(mechanism: str, findings: Sequence[Finding]) -> MechanismEvidence:
    """Return the verdict on one mechanism from all findings."""
    own = [finding for finding in findings if finding.mechanism == mechanism]
    against = [finding.text for finding in own if finding.weight is Weight.AGAINST]
    if against:
        return MechanismEvidence(mechanism, "excluded", tuple(against))
    verdict = "consistent" if any(finding.weight is Weight.FOR for finding in own) else UNDECIDED
    return MechanismEvidence(mechanism, verdict, tuple(finding.text for finding in own))


def decide(facts: Facts, mechanisms: Sequence[MechanismEvidence]) -> tuple[str, tuple[str, ...]]:
    """Return the one mechanism that is left and shows its mark, or why there is none."""
    rows = {row.mechanism: row for row in mechanisms}
    for overriding in OVERRIDING:
        if rows[overriding].verdict == "consistent":
            return overriding, rows[overriding].because
    if facts.comparison.significance < SEEN:
        seen = f"no anomaly beyond the noise: delta chi2 = {facts.comparison.significance:.0f}"
        return UNDECIDED, (seen, "would decide: colder isotherms, or less noise")
    left = [row for row in mechanisms if row.verdict != "excluded" and row.mechanism in facts.comparison.fits]
    if not left:
        return _nothing_left(facts, rows)
    why = _why_open(facts, left)
    if not why:
        return left[0].mechanism, left[0].because
    advice = next_steps(facts, [row.mechanism for row in left])
    return UNDECIDED, (*why, advice) if advice else why


def _why_open(facts: Facts, left: Sequence[MechanismEvidence]) -> tuple[str, ...]:
    """Return why the mechanisms that are left are not one that is shown; nothing if it is."""
    if len(left) > 1:
        return (f"{' and '.join(row.mechanism for row in left)} are not told apart by these data",)
    only = left[0]
    if only.verdict != "consistent":
        return (f"{only.mechanism} is left, but nothing speaks for it", *only.because)
    missing = _missing_mark(facts, only.mechanism)
    return (f"{only.mechanism} is left, but {missing}", *only.because) if missing else ()


def _nothing_left(facts: Facts, rows: Mapping[str, MechanismEvidence]) -> tuple[str, tuple[str, ...]]:
    costs = facts.comparison
    best = costs.best
    if facts.is_uneven:
        return UNDECIDED, ("the curves are not even in V; interference may hide what is even", *rows["ucf"].because)
    if costs.per_dof(best) > NO_MODEL_MISFIT and not facts.does_scale:
        text = f"the curves do not scale and no model describes them: {best}, the best, has chi2/dof "
        text += f"{costs.per_dof(best):.1f}"
        return "no-scaling", (text, *rows["no-scaling"].because)
    if facts.does_scale and facts.fit is not None and facts.fit.alpha < 0.5:
        text = f"alpha = {facts.fit.alpha:.3f} fits no mechanism; systems of a T_K inside the window besides others, "
        return UNDECIDED, (f"{text}as in the paper's sample 3, would lower 1/2 to that",)
    return UNDECIDED, ("every mechanism is excluded by some criterion; look at the criteria",)


def _missing_mark(facts: Facts, mechanism: str) -> str:
    """Return what the mechanism's own mark lacks, empty if it is there."""
    if mechanism in ("2CK", "disorder") and not facts.is_root_law:
        return "no exponent of 1/2 is established over a factor of 4 in temperature"
    if mechanism == "disorder" and facts.features.field_law is None and not facts.history:
        return "its H^(1/2) law is not measured"
    if mechanism == "2CK-with-splitting" and facts.saturation_gain < DECISIVE_COST:
        return "its saturation is not established"
    if mechanism == "charge-trap" and not facts.is_peak:
        return "there is no peak"
    if facts.is_uneven:
        return "the curves are not even in V"
    return ""
