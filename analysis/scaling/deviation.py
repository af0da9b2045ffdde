"""D(alpha) of eq 24: the mean square deviation of rescaled curves from their mean, as the paper judged its collapse.

It is shown because the paper uses it; the exponent of this program comes from `collapse`. Its minimum is biased:
T enters in kelvin, so that noise adds a term that goes as T^(-2 alpha) and pulls the minimum down where T < 1 K
(by -0.5 for sample 1's isotherms with a noise of 0.05 e2/h a point; -0.035 for five isotherms of 0.1 to 1.4 K and
0.1 e2/h) and up where T is counted in mK. Over the integral of the squared mean curve it has no unit and a smaller
bias (-0.01), but still a hundred times the scatter of the likelihood. G(0, T) is one noisy number a curve; curves
averaged over bins of v, as in a plot, have less noise and so less of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.errors import WindowError
from analysis.fit_result import DeviationCurve
from analysis.quantities import reduced_bias

Floats = NDArray[np.float64]

VMAX = 8.0
LOWEST = 5
GRID_POINTS = 161
BINS = 17
ALPHA_GRID = np.linspace(0.0, 2.5, 501)


@dataclass(frozen=True, slots=True)
class _ReducedCurve:
    """One isotherm, at rising v."""

    v: Floats
    conductance_S: Floats
    temperature_K: float

    @property
    def reach(self) -> float:
        """Largest |v| on both sides."""
        return float(min(-self.v[0], self.v[-1]))


def deviation_curve(isotherms: Sequence[Isotherm], vmax: float = VMAX, lowest: int = LOWEST) -> DeviationCurve:
    """Return D(alpha) of the `lowest` isotherms that reach `vmax`, between -vmax and vmax.

    D = 1/N sum_n int dv [F_n(v) - Fbar(v)]^2 with F_n = [G_n(V) - G_n(0)] / T_n^alpha, T in kelvin, as printed. Each
    curve is interpolated linearly onto one grid of v; if none of at least two curves reaches `vmax` on both sides, the
    largest common range is taken and reported. The search is from 0 to 2.5: a curve that scales vanishes with T, and
    no mechanism has more than 2.

    Raises
    ------
    WindowError
        If there are not two isotherms with points on both sides of zero.
    """
    curves = [_reduced(isotherm) for isotherm in isotherms]
    curves = [curve for curve in curves if curve.reach > 0]
    if len(curves) < 2:
        raise WindowError("D(alpha) needs two isotherms measured on both sides of zero bias")
    limit = min(vmax, sorted(curve.reach for curve in curves)[-2])
    chosen = [curve for curve in curves if curve.reach >= limit][:lowest]
    grid = np.linspace(-limit, limit, GRID_POINTS)
    d, power = _deviation(chosen, grid)
    ratio = d / np.where(power > 0, power, 1.0)
    binned, _ = _deviation([_binned(curve, limit) for curve in chosen], grid)
    printed, dimensionless, averaged = (_minimum(values) for values in (d, ratio, binned))
    return DeviationCurve(
        alpha=ALPHA_GRID.copy(),
        d=d,
        d_dimensionless=ratio,
        d_binned=binned,
        minimum=printed[0],
        minimum_dimensionless=dimensionless[0],
        minimum_binned=averaged[0],
        temperatures_K=tuple(curve.temperature_K for curve in chosen),
        vmax=float(limit),
        unit="S^2 K^(-2 alpha)",
        is_at_edge=printed[1],
        is_dimensionless_at_edge=dimensionless[1],
        is_binned_at_edge=averaged[1],
    )


def _reduced(isotherm: Isotherm) -> _ReducedCurve:
    """Return the mean conductance at each v."""
    grid, inverse = np.unique(isotherm.bias_V, return_inverse=True)
    mean = np.bincount(inverse, weights=isotherm.conductance_S) / np.bincount(inverse)
    return _ReducedCurve(reduced_bias(grid, isotherm.temperature_K), mean, isotherm.temperature_K)


def _binned(curve: _ReducedCurve, limit: float) -> _ReducedCurve:
    """Return the means over equal bins of v, one of them centred on zero; empty ones are left out."""
    number = np.rint(curve.v * (BINS - 1) / (2.0 * limit))
    inside = np.abs(number) <= BINS // 2
    place = np.unique(number[inside], return_inverse=True)[1]
    v, conductance = (
        np.bincount(place, weights=x[inside]) / np.bincount(place) for x in (curve.v, curve.conductance_S)
    )
    return _ReducedCurve(v, conductance, curve.temperature_K)


def _deviation(curves: Sequence[_ReducedCurve], grid: Floats) -> tuple[Floats, Floats]:
    """Return the mean square deviation from the mean curve and the integral of its square, for each alpha."""
    signals = [
        np.interp(grid, curve.v, curve.conductance_S) - np.interp(0.0, curve.v, curve.conductance_S) for curve in curves
    ]
    temperatures = np.array([curve.temperature_K for curve in curves])
    # both are quadratic forms of T^-alpha, so one matrix of overlaps serves all alphas
    overlaps = np.trapezoid(np.array(signals)[:, None] * np.array(signals), grid, axis=-1)
    factors = temperatures ** -ALPHA_GRID[:, None]
    power = np.einsum("ai,ij,aj->a", factors, overlaps, factors) / len(curves) ** 2
    squares = (factors**2) @ np.diag(overlaps) / len(curves)
    return np.maximum(squares - power, 0.0), power


def _minimum(values: Floats) -> tuple[float, bool]:
    """Return the place of the lowest value, refined by a parabola through its neighbours, and whether it is an end."""
    best = int(np.argmin(values))
    if best in (0, ALPHA_GRID.size - 1):
        return float(ALPHA_GRID[best]), True
    left, middle, right = values[best - 1 : best + 2]
    bend = left - 2 * middle + right
    step = ALPHA_GRID[1] - ALPHA_GRID[0]
    return float(ALPHA_GRID[best] + 0.5 * step * ((left - right) / bend if bend > 0 else 0.0)), False
