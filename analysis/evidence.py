"""Which mechanisms the data allow, which they exclude, and why.

Every criterion of `analysis.judging.criteria` and `analysis.judging.criteria_outside` speaks;
`analysis.judging.verdict` joins what they say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.corrections import Corrections, corrected_again
from analysis.curves import Curves
from analysis.errors import DataError
from analysis.features import Features
from analysis.fit_result import ExponentFit
from analysis.judging import criteria, criteria_outside
from analysis.judging.comparison import Comparison, compare_mechanisms
from analysis.judging.facts import Facts
from analysis.judging.verdict import SEEN, UNDECIDED, MechanismEvidence, decide, weigh_findings
from analysis.judging.whitened import GAIN_DRIFT, whiten_curves
from analysis.parameters import Parameters
from analysis.sample_history import SampleEvent
from analysis.signs.even_curve import even_curves

CRITERIA = (
    criteria.sign,
    criteria.exponent,
    criteria.shape,
    criteria.saturation,
    criteria.effective_temperature,
    criteria.symmetry,
    criteria.telegraph,
    criteria_outside.magnetoconductance,
    criteria_outside.zeeman,
    criteria_outside.history,
    criteria.amplitude,
    criteria.ballisticity,
)
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
BIAS_BELOW_PHONONS_V = 5e-3
DRIFT_TIME_S = 3 * 86400.0
LARGEST_OFFSET_V = 0.5e-3
LARGEST_OFFSET_SHARE = 0.2
BELOW_TRANSITION = 0.85


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
        float(np.abs(curves.conductance_S).mean()),
        _sidedness(curves, features),
    )
    findings = [finding for criterion in CRITERIA for finding in criterion(facts)]
    mechanisms = tuple(weigh_findings(name, findings) for name in MECHANISMS)
    verdict, because = decide(facts, mechanisms)
    if verdict == UNDECIDED and comparison.significance < SEEN:
        mechanisms = tuple(MechanismEvidence(name, UNDECIDED, because) for name in MECHANISMS)
    return Evidence(mechanisms, verdict, because, comparison)


def compare(curves: Curves, fit: ExponentFit | None, bias_max_V: float = BIAS_BELOW_PHONONS_V) -> Comparison:
    """Fit every forward model to the zero-field curves up to `bias_max_V`.

    Raises
    ------
    DataError
        If no isotherm has enough points.
    """
    raw = curves.isotherms(_lowest_field_T(curves))
    isotherms = raw if fit is None else corrected_again(raw, fit.corrections)
    accuracy = (Corrections() if fit is None else fit.corrections).temperature_accuracy_fraction
    drift = GAIN_DRIFT * float(abs(curves.conductance_S).mean()) / DRIFT_TIME_S**0.5
    even = even_curves(isotherms, drift_S_per_sqrt_s=drift, bias_max_V=bias_max_V)
    if not even:
        raise DataError(
            f"no isotherm has enough points below {1e3 * bias_max_V:.3g} mV for a curve: mechanisms cannot be compared"
        )
    return compare_mechanisms(whiten_curves(even, accuracy))


def has_centre(curves: Curves, fit: ExponentFit) -> bool:
    """Say whether the bias offset is one that wiring can have, not where interference happens to look even."""
    limit_V = min(LARGEST_OFFSET_V, LARGEST_OFFSET_SHARE * float(abs(curves.bias_V).max()))
    return abs(fit.corrections.bias_offset_V) <= limit_V


def _sidedness(curves: Curves, features: Features) -> float:
    """Return how the upper of two curves goes with the sign of the bias; see `Facts`."""
    if features.telegraph is None:
        return 0.0
    correlations = []
    for part in features.telegraph.isotherms:
        own = min(curves.isotherms(part.field_T), key=lambda isotherm: abs(isotherm.temperature_K - part.temperature_K))
        if own.bias_V.size == part.expected_upper.size and np.ptp(part.expected_upper) > 0.0:
            correlations.append(float(np.corrcoef(part.expected_upper, np.sign(own.bias_V))[0, 1]))
    return float(np.mean(correlations)) if correlations else 0.0


def _smooth_range_V(features: Features) -> float:
    """Return the bias below phonons and the first conductance transition."""
    spikes = () if features.transitions is None else features.transitions.spikes
    places = [abs(spike.position_V.value or BIAS_BELOW_PHONONS_V) for spike in spikes]
    return min([BIAS_BELOW_PHONONS_V, *(BELOW_TRANSITION * place for place in places)])


def _lowest_field_T(curves: Curves) -> float:
    return min(curves.fields_T(), key=abs)
