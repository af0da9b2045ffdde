"""Which mechanisms the data allow, which they exclude, and why.

Every criterion of `analysis.criteria` speaks; nothing is decided by chi-square alone. A mechanism is excluded by one
finding against it, consistent if something speaks for it and nothing against. The verdict names a mechanism only if it
is the one left and its own mark is seen; else it is `undecided`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.corrections import Corrections, correct_isotherm
from analysis.criteria import (
    CRITERIA,
    DECISIVE_COST,
    WORST_ACCEPTED_MISFIT,
    Facts,
    Finding,
    Weight,
    is_peak,
    is_root,
    is_uneven,
    saturation_gain,
    scaling_holds,
)
from analysis.curves import Curves
from analysis.errors import DataError
from analysis.even_curve import even_curves
from analysis.features import Features
from analysis.fit_result import ExponentFit
from analysis.hypotheses import Comparison, compare_mechanisms
from analysis.parameters import Parameters
from analysis.sample_history import SampleEvent
from analysis.whitened import GAIN_DRIFT, whiten_curves

MECHANISMS = (
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
UNDECIDED = "undecided"
SEEN = 30.0
BIAS_BELOW_PHONONS_V = 5e-3
DRIFT_TIME_S = 3 * 86400.0
LARGEST_OFFSET_V = 0.5e-3
LARGEST_OFFSET_SHARE = 0.2
BELOW_TRANSITION = 0.85


@dataclass(frozen=True, slots=True)
class MechanismEvidence:
    """One mechanism: "consistent", "excluded" or "undecided", and the sentences that say why."""

    mechanism: str
    verdict: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All mechanisms weighed.

    Attributes
    ----------
    mechanisms : tuple of MechanismEvidence
    verdict : str
        A mechanism's name, "no-scaling" or "undecided".
    because : tuple of str
        Why this verdict.
    comparison : Comparison or None
        The forward models fitted; None without usable zero-field curves.
    """

    mechanisms: tuple[MechanismEvidence, ...]
    verdict: str
    because: tuple[str, ...]
    comparison: Comparison | None

    @property
    def has_anomaly(self) -> bool:
        """Say whether anything depends on bias and temperature beyond the noise."""
        return self.comparison is not None and self.comparison.significance >= SEEN


def weigh(
    curves: Curves,
    fit: ExponentFit | None,
    parameters: Parameters | None,
    features: Features,
    history: Sequence[SampleEvent] = (),
    *,
    fit_failure: str = "",
) -> Evidence:
    """Weigh every mechanism by every criterion.

    Parameters
    ----------
    curves : Curves
    fit : ExponentFit or None
        None where the data do not determine an exponent, as a charge trap's do not; `fit_failure` says why.
    parameters : Parameters or None
    features : Features
    history : sequence of SampleEvent
        What happened to the contact before or after.
    """
    try:
        comparison = compare(curves, fit, _smooth_range_V(features))
    except DataError as error:
        nothing = tuple(MechanismEvidence(name, UNDECIDED, (str(error),)) for name in MECHANISMS)
        return Evidence(nothing, UNDECIDED, (str(error),), None)
    facts = Facts(
        fit,
        parameters,
        features,
        comparison,
        tuple(isotherm.temperature_K for isotherm in curves.isotherms(_lowest_field_T(curves))),
        curves.fields_T(),
        history,
        fit_failure,
    )
    findings = [finding for criterion in CRITERIA for finding in criterion(facts)]
    mechanisms = tuple(_weighed(name, findings) for name in MECHANISMS)
    verdict, because = _verdict(facts, mechanisms)
    return Evidence(mechanisms, verdict, because, comparison)


def compare(curves: Curves, fit: ExponentFit | None, bias_max_V: float = BIAS_BELOW_PHONONS_V) -> Comparison:
    """Fit every forward model to the zero-field curves up to `bias_max_V`.

    Raises
    ------
    DataError
        If no isotherm has enough points.
    """
    corrections = Corrections()
    if fit is not None:
        applied = fit.corrections
        corrections = Corrections(
            series_ohm=applied.series_ohm,
            electron_base_K=applied.electron_base_K,
            temperature_accuracy_fraction=applied.temperature_accuracy_fraction,
        )
    offset_V = 0.0 if fit is None else fit.corrections.bias_offset_V
    isotherms = [
        correct_isotherm(isotherm, corrections, offset_V) for isotherm in curves.isotherms(_lowest_field_T(curves))
    ]
    drift = GAIN_DRIFT * float(abs(curves.conductance_S).mean()) / DRIFT_TIME_S**0.5
    even = even_curves(isotherms, drift_S_per_sqrt_s=drift, bias_max_V=bias_max_V)
    if not even:
        raise DataError(
            f"no isotherm has enough points below {1e3 * bias_max_V:.3g} mV for a curve: mechanisms cannot be compared"
        )
    return compare_mechanisms(whiten_curves(even, corrections.temperature_accuracy_fraction))


def has_centre(curves: Curves, fit: ExponentFit) -> bool:
    """Say whether the bias offset is one that wiring can have, not where interference happens to look even."""
    limit_V = min(LARGEST_OFFSET_V, LARGEST_OFFSET_SHARE * float(abs(curves.bias_V).max()))
    return abs(fit.corrections.bias_offset_V) <= limit_V


def _smooth_range_V(features: Features) -> float:
    """Return the bias below phonons and the first conductance transition."""
    spikes = () if features.transitions is None else features.transitions.spikes
    places = [abs(spike.position_V.value or BIAS_BELOW_PHONONS_V) for spike in spikes]
    return min([BIAS_BELOW_PHONONS_V, *(BELOW_TRANSITION * place for place in places)])


def _lowest_field_T(curves: Curves) -> float:
    return min(curves.fields_T(), key=abs)


def _weighed(mechanism: str, findings: Sequence[Finding]) -> MechanismEvidence:
    own = [finding for finding in findings if finding.mechanism == mechanism]
    against = [finding.text for finding in own if finding.weight is Weight.AGAINST]
    if against:
        return MechanismEvidence(mechanism, "excluded", tuple(against))
    verdict = "consistent" if any(finding.weight is Weight.FOR for finding in own) else UNDECIDED
    return MechanismEvidence(mechanism, verdict, tuple(finding.text for finding in own))


def _verdict(facts: Facts, mechanisms: Sequence[MechanismEvidence]) -> tuple[str, tuple[str, ...]]:
    """Return the one mechanism that is left and shows its mark, or why there is none."""
    rows = {row.mechanism: row for row in mechanisms}
    for overriding in ("telegraph", "ucf"):
        if rows[overriding].verdict == "consistent":
            return overriding, rows[overriding].because
    if facts.comparison.significance < SEEN:
        return UNDECIDED, (f"no anomaly beyond the noise: delta chi2 = {facts.comparison.significance:.0f}",)
    left = [row for row in mechanisms if row.verdict != "excluded" and row.mechanism in facts.comparison.fits]
    if not left:
        return _nothing_left(facts, rows)
    names = " and ".join(row.mechanism for row in left)
    if len(left) > 1:
        return UNDECIDED, (f"{names} are not told apart by these data",)
    only = left[0]
    if only.verdict != "consistent":
        return UNDECIDED, (f"{only.mechanism} is left, but nothing speaks for it", *only.because)
    missing = _missing_mark(facts, only.mechanism)
    if missing:
        return UNDECIDED, (f"{only.mechanism} is left, but {missing}", *only.because)
    return only.mechanism, only.because


def _nothing_left(facts: Facts, rows: dict[str, MechanismEvidence]) -> tuple[str, tuple[str, ...]]:
    costs = facts.comparison
    best = costs.best()
    if costs.per_dof(best) > WORST_ACCEPTED_MISFIT and not scaling_holds(facts):
        text = f"the curves do not scale and none of the models describes them: the best, {best}, has chi2/dof {costs.per_dof(best):.1f}"
        return "no-scaling", (text, *rows["no-scaling"].because)
    return UNDECIDED, ("every mechanism is excluded by some criterion; look at the criteria",)


def _missing_mark(facts: Facts, mechanism: str) -> str:
    """Return what the mechanism's own mark lacks, empty if it is there."""
    if mechanism in ("2CK", "disorder") and not is_root(facts):
        return "no exponent of 1/2 is established over a factor of 4 in temperature"
    if mechanism == "disorder" and facts.features.field_law is None and not facts.history:
        return "its H^(1/2) law is not measured"
    if mechanism == "2CK-with-splitting" and saturation_gain(facts) < DECISIVE_COST:
        return "its saturation is not established"
    if mechanism == "charge-trap" and not is_peak(facts):
        return "there is no peak"
    if is_uneven(facts):
        return "the curves are not even in V"
    return ""
