"""Means of neighbouring points where a file holds far more of them than a curve needs.

A curve has nothing finer than kB T / e. Points closer than a tenth of it, in one direction of a sweep, tell no more
than their mean does, but cost time: a million of them half a minute. Isotherms of a few thousand points stay as they
are.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Curves, make_curves
from analysis.quantities import thermal_voltage_V

MOST_POINTS = 4000
FINEST = 0.1


def thinned(curves: Curves) -> Curves:
    """Return the curves with at most about `MOST_POINTS` points an isotherm, if their spacing allows.

    Conductances, biases, temperatures and times are means, errors those of means. Switching faster than such a group of
    points is averaged too.
    """
    sizes = np.bincount(curves.isotherm_index)
    if sizes.max() <= MOST_POINTS:
        return curves
    # without times both directions are mixed in the order of bias
    order = np.lexsort((curves.direction, curves.is_anchor, curves.isotherm_index))
    starts = _groups(curves, order, sizes)
    counts = np.diff(np.append(starts, order.size))

    def mean(column: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if column is None else np.add.reduceat(column[order], starts) / counts

    error = curves.conductance_error_S
    squares = mean(None if error is None else error**2)
    return make_curves(
        bias_V=mean(curves.bias_V),  # type: ignore[arg-type]
        temperature_K=mean(curves.temperature_K),  # type: ignore[arg-type]
        conductance_S=mean(curves.conductance_S),  # type: ignore[arg-type]
        field_T=mean(curves.field_T),  # type: ignore[arg-type]
        conductance_error_S=None if squares is None else np.sqrt(squares / counts),
        time_s=mean(curves.time_s),
        excitation_Vrms=mean(curves.excitation_Vrms),
        direction=curves.direction[order][starts],
        is_anchor=curves.is_anchor[order][starts],
    )


def _groups(curves: Curves, order: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each group of points begins in `order`: single points where groups would be too wide."""
    index, bias_V = curves.isotherm_index[order], curves.bias_V[order]
    keys = (index, curves.direction[order], curves.is_anchor[order])
    is_first = np.logical_or.reduce([np.diff(key, prepend=-2) != 0 for key in keys])
    firsts = np.flatnonzero(is_first)
    place = np.arange(order.size) - np.repeat(firsts, np.diff(np.append(firsts, order.size)))
    starts = np.flatnonzero(place % (1 + sizes // MOST_POINTS)[index] == 0)
    widths_V = np.maximum.reduceat(bias_V, starts) - np.minimum.reduceat(bias_V, starts)
    is_wide = widths_V > FINEST * thermal_voltage_V(curves.temperature_K[order][starts])
    whole = np.isin(index, index[starts][is_wide])
    return np.union1d(starts, np.flatnonzero(whole))
