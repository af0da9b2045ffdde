"""D(alpha) of eq 24: the mean square deviation of rescaled curves from their mean, as the paper judged its collapse.

It is shown because the paper uses it; the exponent of this program comes from `collapse`. Its minimum is biased:
T enters in kelvin, so that noise adds a term that goes as T^(-2 alpha) and pulls the minimum down where T < 1 K
(by -0.5 for sample 1's isotherms with a noise of 0.05 e2/h a point; -0.035 for five isotherms of 0.1 to 1.4 K and
0.1 e2/h) and up where T is counted in mK. Over the integral of the squared mean curve it has no unit and a smaller
bias (-0.01), but still a hundred times the scatter of the likelihood. G(0, T) is one noisy number a curve.
"""

from collections.abc import Sequence

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
ALPHA_GRID = np.linspace(-0.5, 1.5, 401)


def deviation_curve(isotherms: Sequence[Isotherm], vmax: float = VMAX, lowest: int = LOWEST) -> DeviationCurve:
    """Return D(alpha) of the `lowest` isotherms that reach `vmax`, between -vmax and vmax.

    D = 1/N sum_n int dv [F_n(v) - Fbar(v)]^2 with F_n = [G_n(V) - G_n(0)] / T_n^alpha, T in kelvin, as printed. Each
    curve is interpolated linearly onto one grid of v; if none of at least two curves reaches `vmax` on both sides, the
    largest common range is taken and reported.

    Raises
    ------
    WindowError
        If there are not two isotherms with points on both sides of zero.
    """
    curves = [curve for curve in map(_reduced_curve, isotherms) if curve[0][0] < 0 < curve[0][-1]]
    if len(curves) < 2:
        raise WindowError("D(alpha) needs two isotherms measured on both sides of zero bias")
    reach = [min(-curve[0][0], curve[0][-1]) for curve in curves]
    limit = min(vmax, sorted(reach)[-2])
    chosen = [curve for curve, own in zip(curves, reach, strict=True) if own >= limit][:lowest]
    grid = np.linspace(-limit, limit, GRID_POINTS)
    signals = np.array([np.interp(grid, v, g) - np.interp(0.0, v, g) for v, g, _ in chosen])
    temperatures = np.array([temperature for _, _, temperature in chosen])
    rescaled = signals * (temperatures[:, None] ** -ALPHA_GRID[:, None, None])
    mean = rescaled.mean(axis=1)
    d = np.trapezoid(np.mean((rescaled - mean[:, None]) ** 2, axis=1), grid, axis=-1)
    power = np.trapezoid(mean**2, grid, axis=-1)
    ratio = d / np.where(power > 0, power, 1.0)
    return DeviationCurve(
        ALPHA_GRID.copy(),
        d,
        ratio,
        _minimum(ALPHA_GRID, d),
        _minimum(ALPHA_GRID, ratio),
        tuple(temperatures.tolist()),
        float(limit),
        "S^2 K^(-2 alpha)",
    )


def _reduced_curve(isotherm: Isotherm) -> tuple[Floats, Floats, float]:
    """Return sorted v, the mean conductance at each, and the temperature."""
    grid, inverse = np.unique(isotherm.bias_V, return_inverse=True)
    mean = np.bincount(inverse, weights=isotherm.conductance_S) / np.bincount(inverse)
    return reduced_bias(grid, isotherm.temperature_K), mean, isotherm.temperature_K


def _minimum(alpha: Floats, values: Floats) -> float:
    """Return the place of the lowest value, refined by a parabola through its neighbours."""
    best = int(np.argmin(values))
    if best in (0, alpha.size - 1):
        return float(alpha[best])
    left, middle, right = values[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(alpha[best] + 0.5 * (alpha[1] - alpha[0]) * ((left - right) / bend if bend > 0 else 0.0))
