"""The bias offset from the even symmetry of the curves: a contact's anomaly is centred on zero bias."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.errors import DataError
from analysis.quantities import thermal_voltage_V
from analysis.scaling.legs import leg_numbers
from analysis.scaling.master_curve import MasterBasis
from analysis.scaling.offset_refinement import refine_offset

Floats = NDArray[np.float64]

MAXIMUM_REDUCED_BIAS = 30.0
ITERATIONS = 60
MAXIMUM_STEP = 2.0
SMALL_STEP = 3e-3
MINIMUM_POINTS = 12
SMOOTHED_POINTS = 9
MUCH_LIKELIER = 100.0
"""In minus twice the log-likelihood; what drifts within a leg of a sweep makes some tens."""


def estimate_bias_offset(isotherms: Sequence[Isotherm]) -> tuple[float, float]:
    """Return the offset in volts, common to all isotherms, and its standard error.

    Every isotherm gets an even spline of its own; what is odd in its residual along the spline's slope is the offset; a
    straight line in V, which drift leaves behind, is not counted. Newton's method from the middle of the coldest
    curve's dip or peak, in steps of at most 2 kB T / e of the warmest isotherm; then `refine_offset`, with drift as a
    random walk.

    Raises
    ------
    DataError
        If the curves do not reach both sides of zero bias, are flat, or have no centre of symmetry.
    """
    usable = [i for i in isotherms if i.bias_V.size >= MINIMUM_POINTS and i.bias_V.min() < 0.0 < i.bias_V.max()]
    if not usable:
        raise DataError(
            f"bias_offset_V auto needs curves of {MINIMUM_POINTS} points measured on both sides of zero bias; give the "
            "offset in volts instead"
        )
    limit_V = MAXIMUM_STEP * float(thermal_voltage_V(max(i.temperature_K for i in usable)))
    starts_V = (_deepest_bias_V(usable[0]), 0.0)
    centres = [centre for start_V in starts_V if (centre := _nearest_centre(usable, start_V, limit_V)) is not None]
    if not centres:
        raise DataError(
            f"bias_offset_V auto finds no centre of symmetry near zero bias after {ITERATIONS} steps; give it in volts"
        )
    best = _likeliest(usable, sorted(centres, key=lambda centre: abs(centre.offset_V)))
    rows = [_mirrored_rows(isotherm, [best.offset_V]) for isotherm in usable]
    mirrored = [own.select(kept) for own, kept in zip(usable, rows, strict=True) if kept.sum() >= MINIMUM_POINTS]
    refined = refine_offset(mirrored, best.offset_V)
    return (best.offset_V, best.error_V) if refined is None else refined


@dataclass(frozen=True, slots=True)
class _Centre:
    """A place about which the curves are even."""

    offset_V: float
    error_V: float


def _mirrored_rows(isotherm: Isotherm, offsets_V: Sequence[float]) -> NDArray[np.bool_]:
    """Return which points count about each offset: those that have a reflected one, up to a largest reduced bias."""
    rows = np.ones(isotherm.bias_V.size, dtype=bool)
    limit_V = MAXIMUM_REDUCED_BIAS * float(thermal_voltage_V(isotherm.temperature_K))
    for offset_V in offsets_V:
        bias_V = isotherm.bias_V - offset_V
        # only where a reflected point exists too: beyond, odd and even cannot be told apart
        rows &= np.abs(bias_V) <= min(-bias_V.min(), bias_V.max(), limit_V)
    return rows


def _likeliest(usable: Sequence[Isotherm], centres: Sequence[_Centre]) -> _Centre:
    """Return the centre nearest zero bias, unless the same points are much likelier even about one farther off.

    A flat-bottomed curve looks even about any place inside, and noise may hide where it is not.
    """
    rows = [_mirrored_rows(isotherm, [centre.offset_V for centre in centres]) for isotherm in usable]
    nearest = centres[0]
    best = min(centres, key=lambda centre: _deviance(usable, rows, centre.offset_V))
    gain = _deviance(usable, rows, nearest.offset_V) - _deviance(usable, rows, best.offset_V)
    return best if gain > MUCH_LIKELIER else nearest


def _deviance(usable: Sequence[Isotherm], rows: Sequence[NDArray[np.bool_]], offset_V: float) -> float:
    """Return minus twice the log-likelihood, but for a constant, of curves that are even about an offset."""
    variances = [_odd_part(isotherm, offset_V, own)[2] for isotherm, own in zip(usable, rows, strict=True)]
    return float(sum(own.sum() * np.log(variance) for own, variance in zip(rows, variances, strict=True)))


def _nearest_centre(usable: Sequence[Isotherm], offset_V: float, limit_V: float) -> _Centre | None:
    """Search from a start by Newton's method; None if it does not converge."""
    # points at the edge come and go with the offset, so that bare steps may alternate for ever: they stay in a bracket
    low_V, high_V = -np.inf, np.inf
    for _ in range(ITERATIONS):
        parts = [_odd_part(isotherm, offset_V, _mirrored_rows(isotherm, [offset_V])) for isotherm in usable]
        scores, weights, _ = np.transpose(parts)
        score, information = float(scores.sum()), float(weights.sum())
        if not information > 0.0:
            raise DataError("bias_offset_V auto needs curves with an anomaly; these are flat")
        low_V, high_V = (offset_V, high_V) if score > 0.0 else (low_V, offset_V)
        last_V = offset_V
        offset_V += float(np.clip(score / information, -limit_V, limit_V))
        if not low_V <= offset_V <= high_V:
            offset_V = 0.5 * (low_V + high_V)
        if abs(offset_V - last_V) < SMALL_STEP * information**-0.5:
            # what drift is left shows as a scatter of the isotherms' own offsets
            known = weights > 0.0
            scatter = float(np.sum(scores[known] ** 2 / weights[known])) / max(1, int(known.sum()) - 1)
            error_V = float((max(1.0, scatter) / information) ** 0.5)
            return _Centre(offset_V, error_V)
    return None


def _deepest_bias_V(isotherm: Isotherm) -> float:
    """Return where the smoothed curve is farthest from its ends."""
    order = np.argsort(isotherm.bias_V, kind="stable")
    window = np.ones(SMOOTHED_POINTS) / SMOOTHED_POINTS
    bias, conductance = (np.convolve(x[order], window, "valid") for x in (isotherm.bias_V, isotherm.conductance_S))
    return float(bias[int(np.argmax(np.abs(conductance - 0.5 * (conductance[0] + conductance[-1]))))])


def _odd_part(isotherm: Isotherm, offset_V: float, rows: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return score and information of a further offset from some points, and the variance left of a point."""
    if rows.sum() < MINIMUM_POINTS:
        return 0.0, 0.0, 1.0
    thermal_V = float(thermal_voltage_V(isotherm.temperature_K))
    v = (isotherm.bias_V[rows] - offset_V) / thermal_V
    reach = float(np.abs(v).max())
    conductance = isotherm.conductance_S[rows]
    basis = MasterBasis.for_range(reach)
    # a level and a straight line for each leg of the sweep take what drifted meanwhile, which is odd in V too; a step
    # between legs would be best explained by a shift of the bias
    legs = leg_numbers(isotherm)[rows]
    is_own = legs[:, None] == np.unique(legs)
    design = np.hstack([basis.evaluate(v), is_own, is_own * v[:, None] / reach])
    coefficients = np.linalg.lstsq(design, conductance, rcond=None)[0]
    residual = conductance - design @ coefficients
    slope = -basis.evaluate(v, 1) @ coefficients[: basis.size] / np.sqrt(1.0 + v**2) / thermal_V
    slope = slope - design @ np.linalg.lstsq(design, slope, rcond=None)[0]
    variance = float(residual @ residual) / max(1, v.size - basis.size - 1)
    if variance == 0.0:
        return 0.0, 0.0, 1.0
    return float(slope @ residual) / variance, float(slope @ slope) / variance, variance
