"""What a run has behind it when it goes on after a gap, and whether the contact is still the one it was.

The contact is compared at the bias values and the temperature at which it was measured: at zero, and at three finite
currents. It may differ by three standard errors and by what the gain of the signal chain drifts in such a time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acquisition.plan import IsothermPlan, Plan
from acquisition.readings import UNTRUSTED, PointKind, Reading

SIGMAS = 3.0

DRIFT_FRACTION = 1.0 / 3000.0
"""Rms drift of the signal chain over `DRIFT_TIME_S`, about the paper's; it grows with the root of time till then."""

DRIFT_TIME_S = 3 * 86400.0

LEAST_GAP_S = 3600.0
"""Shorter gaps are allowed the drift of this one, which covers the band that the temperature is held in."""

FINITE_BIASES = 3


def _no_points(_isotherm_index: int) -> Sequence[Reading]:
    return ()


@dataclass(frozen=True)
class Past:
    """What was measured before this process began; nothing by default.

    Attributes
    ----------
    elapsed_s : float
        Experiment time since the start of the run.
    gap_s : float
        How much of it passed since the last that is known.
    measured : frozenset of int
        Plan indices in the run file.
    points_of : callable
        Returns the points of an isotherm, in the order of the plan.
    is_change_accepted : bool
        Whether to go on with a contact that is not what it was.
    """

    elapsed_s: float = 0.0
    gap_s: float = 0.0
    measured: frozenset[int] = frozenset()
    points_of: Callable[[int], Sequence[Reading]] = _no_points
    is_change_accepted: bool = False


@dataclass(frozen=True)
class Reference:
    """What the contact was at one current: set level, bias, conductance and its standard error."""

    current_A: float
    bias_V: float
    conductance_S: float
    error_S: float

    def allowed_S(self, error_S: float, gap_s: float) -> float:
        """Return by how much a conductance with a standard error may differ from this one after a gap."""
        drift = math.sqrt(2.0 * min(1.0, max(gap_s, LEAST_GAP_S) / DRIFT_TIME_S)) * DRIFT_FRACTION
        return SIGMAS * (math.hypot(self.error_S, error_S) + drift * self.conductance_S)


def references_of(points: Sequence[Reading]) -> list[Reference]:
    """Return zero bias and three finite biases of a measured isotherm, or nothing if it has too few trusted points."""
    trusted = [point for point in points if not point.flags & UNTRUSTED]
    anchors = [point for point in trusted if point.kind is PointKind.ANCHOR]
    biased = sorted(
        (point for point in trusted if point.kind is PointKind.SWEEP and point.bias_setpoint_V != 0.0),
        key=lambda point: point.bias_setpoint_V,
    )
    if not anchors or len(biased) < FINITE_BIASES:
        return []
    zero_S = math.fsum(point.conductance_S for point in anchors) / len(anchors)
    error_S = math.sqrt(math.fsum(point.conductance_error_S**2 for point in anchors)) / len(anchors)
    last = len(biased) - 1
    chosen = [biased[round(last * part / (FINITE_BIASES - 1))] for part in range(FINITE_BIASES)]
    return [
        Reference(0.0, 0.0, zero_S, error_S),
        *(
            Reference(point.current_setpoint_A, point.bias_V, point.conductance_S, point.conductance_error_S)
            for point in chosen
        ),
    ]


def isotherm_to_compare(plan: Plan, past: Past, first_missing: int) -> tuple[IsothermPlan, list[Reference]] | None:
    """Return where to compare the contact: the isotherm to go on with if enough of it is measured, else the one before.

    Returns None where nothing was measured that could be compared.
    """
    here, _ = plan.locate(first_missing)
    for isotherm in reversed(plan.isotherms[: here.index + 1]):
        references = references_of(past.points_of(isotherm.index))
        if references:
            return isotherm, references
    return None
