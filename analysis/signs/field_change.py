"""What a field changes: isotherms of one temperature against that of zero field (Cu.8, Ti.5, MG.3).

Between them lies time, so the error of a change at zero bias holds the drift of the signal chain; the change of the
dip's depth is measured within sweeps and does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import WindowError
from analysis.quantities import in_conductance_quanta
from analysis.quantity import Quantity, missing
from analysis.signs.even_curve import EvenCurve

Floats = NDArray[np.float64]

SAME_TEMPERATURE = 0.05
ZERO_FIELD_T = 5e-3
DRIFT_WITHOUT_TIMES = 1.0 / 3000.0
"""Drift between isotherms whose times are unknown, as a share of G: that of the paper's figure 7."""

FAR_SHARE = 0.7
REACH_LEFT = 0.2
APART = 4.0


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What one field changes, against zero field at the same temperature.

    Attributes
    ----------
    field_T, temperature_K : float
    at_zero_bias : Quantity
        G(0, H) - G(0, 0) in e2/h; the error holds the drift between the two isotherms.
    in_dip : Quantity
        The same less the change far from zero bias, in e2/h: within one sweep, so that slow drift drops out.
    reach_V : Quantity
        Bias beyond which the change has died out to a fifth.
    """

    field_T: float
    temperature_K: float
    at_zero_bias: Quantity
    in_dip: Quantity
    reach_V: Quantity


def same_temperature_families(curves: Sequence[EvenCurve]) -> list[list[EvenCurve]]:
    """Return isotherms of one temperature by field, zero field first, those families that have more than that.

    Raises
    ------
    WindowError
        If there is none.
    """
    families = []
    for zero in curves:
        if abs(zero.field_T) > ZERO_FIELD_T or not zero.reaches_zero:
            continue
        others = [
            curve
            for curve in curves
            if abs(curve.field_T) > ZERO_FIELD_T
            and curve.reaches_zero
            and abs(np.log(curve.temperature_K / zero.temperature_K)) < SAME_TEMPERATURE
        ]
        if others:
            families.append([zero, *sorted(others, key=lambda curve: curve.field_T)])
    if not families:
        raise WindowError("no temperature was measured both in zero field and in another; measure a series of fields")
    return families


def field_changes(family: Sequence[EvenCurve], drift: float | None) -> list[FieldChange]:
    """Return what each field changes against the first, zero-field curve of a family; drift in S per root second."""
    zero, *others = family
    return [_change(zero, curve, drift) for curve in others]


def _change(zero: EvenCurve, curve: EvenCurve, drift: float | None) -> FieldChange:
    reach_V = min(zero.bias_V[-1], curve.bias_V[-1])
    nodes = curve.bias_V[curve.bias_V <= reach_V]
    own, other = np.eye(curve.bias_V.size)[: nodes.size], zero.interpolation(nodes)
    difference = own @ curve.conductance_S - other @ zero.conductance_S
    covariance = own @ curve.covariance_S2 @ own.T + other @ zero.covariance_S2 @ other.T
    far = (nodes >= FAR_SHARE * reach_V) / np.sum(nodes >= FAR_SHARE * reach_V)
    near = np.zeros(nodes.size)
    near[0] = 1.0
    walk = walk_covariance([zero, curve], drift)[1, 1]
    at_zero = _number(difference, covariance, near, walk)
    in_dip = _number(difference, covariance, near - far, 0.0)
    return FieldChange(
        curve.field_T, curve.temperature_K, at_zero, in_dip, _reach(nodes, difference - far @ difference, in_dip)
    )


def _number(difference: Floats, covariance: Floats, weights: Floats, walk: float) -> Quantity:
    error = np.sqrt(weights @ covariance @ weights + walk)
    return Quantity(
        float(in_conductance_quanta(weights @ difference)),
        float(in_conductance_quanta(error)),
        "e2/h",
        points=difference.size,
    )


def _reach(nodes_V: Floats, difference_S: Floats, in_dip: Quantity) -> Quantity:
    if in_dip.value is None or in_dip.error is None or abs(in_dip.value) < APART * in_dip.error:
        return missing("V", "the depth of the anomaly does not change beyond its error")
    size = np.abs(difference_S)
    below = np.flatnonzero(size < REACH_LEFT * size[0])
    if below.size == 0:
        return Quantity(float(nodes_V[-1]), None, "V", ">=", "the change is left at the end of the data")
    index = int(below[0])
    share = (size[index - 1] - REACH_LEFT * size[0]) / (size[index - 1] - size[index])
    place = nodes_V[index - 1] + share * (nodes_V[index] - nodes_V[index - 1])
    return Quantity(float(place), float(nodes_V[index] - nodes_V[index - 1]), "V", points=nodes_V.size)


def walk_covariance(curves: Sequence[EvenCurve], drift: float | None) -> Floats:
    """Return the covariance of the levels by the random walk, counted from the first curve, in S^2."""
    times = [curve.time_s for curve in curves]
    known = [time for time in times if time is not None]
    if drift is None or len(known) < len(times):
        step = DRIFT_WITHOUT_TIMES * float(curves[0].conductance_S[0])
        variance = np.full(len(curves), step**2)
        variance[0] = 0.0
        return np.diag(variance)
    elapsed = np.array(known) - known[0]
    # the walk before and after the first are independent
    same_side = elapsed[:, None] * elapsed > 0
    return drift**2 * np.where(same_side, np.minimum(np.abs(elapsed)[:, None], np.abs(elapsed)), 0.0)


def dip_depth(curve: EvenCurve, reach_V: float) -> tuple[float, float]:
    """Return G(0) less the mean of G far from zero bias, and its error, in S."""
    far = (curve.bias_V >= FAR_SHARE * reach_V) & (curve.bias_V <= reach_V * (1.0 + 1e-9))
    weights = np.where(far, -1.0 / max(1, int(far.sum())), 0.0)
    weights[0] += 1.0
    return float(weights @ curve.conductance_S), float(np.sqrt(weights @ curve.covariance_S2 @ weights))
