"""Standard errors from the curvature of chi-square at its minimum."""

from collections.abc import Callable

import numpy as np

ROUNDS = 3
SMALLEST_BEND = 1e-9


def error_by_curvature(
    chi2: Callable[[float], float],
    place: float,
    lowest: float,
    first_step: float,
    largest_step: float,
    rise: float = 1.0,
) -> float:
    """Return by how much the parameter moves until chi-square has risen by one, from a parabola.

    The second difference is taken over steps that raise chi-square by `rise`, found in a few rounds, so that neither
    rounding nor the far shape of chi-square matters.

    Parameters
    ----------
    chi2 : function
    place, lowest : float
        The minimum and its chi-square.
    first_step, largest_step : float
        In the unit of the parameter; the error returned is not cut.
    rise : float
        More than one where chi-square is rough on the scale of the error.
    """
    step, bend = first_step, SMALLEST_BEND
    for _ in range(ROUNDS):
        bend = max(chi2(place + step) + chi2(place - step) - 2.0 * lowest, SMALLEST_BEND) / step**2
        step = float(np.clip(np.sqrt(2.0 * rise / bend), 1e-4 * first_step, largest_step))
    return float(np.sqrt(2.0 / bend))
