"""The noise of a curve from the curve itself: what a straight line through the neighbours does not explain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.scaling.legs import leg_numbers

Floats = NDArray[np.float64]

MINIMUM_TRIPLES = 24
CLIP = 3.5
CLIPPED_VARIANCE = 0.9941
"""Variance of a unit Gaussian cut at 3.5 sigma, relative to the uncut one."""


@dataclass(frozen=True, slots=True)
class NoiseEstimate:
    """Standard deviation of a point in siemens, its relative error, and the number of triples it comes from."""

    noise_S: float
    relative_error: float
    triples: int


def measured_scatter(isotherm: Isotherm, relative_error: Floats) -> NoiseEstimate | None:
    """Estimate the noise from second differences along each leg; None if there are too few points.

    The middle of three neighbours in bias is compared with the straight line through the outer two, which allows any
    grid; the few triples on a bend are clipped. Neighbours in a sweep are neighbours in time, so that drift cancels.

    Parameters
    ----------
    relative_error : array, shape (n,)
        Standard error of each point in units of the noise to be found.
    """
    swept = np.flatnonzero(~isotherm.is_anchor)
    legs = leg_numbers(isotherm)[swept]
    order = np.argsort(legs, kind="stable")
    pieces = [
        _normalised_bends(isotherm.bias_V[rows], isotherm.conductance_S[rows], relative_error[rows])
        for rows in np.split(swept[order], np.flatnonzero(np.diff(legs[order])) + 1)
        if rows.size >= 3
    ]
    bends = np.concatenate(pieces) if pieces else np.zeros(0)
    if bends.size < MINIMUM_TRIPLES:
        return None
    scale = 1.4826 * float(np.median(np.abs(bends)))
    if scale == 0.0:
        return None
    for _ in range(8):
        kept = bends[np.abs(bends) <= CLIP * scale]
        scale, last = float(np.sqrt(np.mean(kept**2) / CLIPPED_VARIANCE)), scale
        if abs(scale - last) < 1e-6 * scale:
            break
    # neighbouring second differences are correlated (-2/3, 1/6), hence 35/18 instead of 1
    return NoiseEstimate(scale, float(np.sqrt(35.0 / 18.0 / 2.0 / bends.size)), int(bends.size))


def _normalised_bends(bias_V: Floats, conductance_S: Floats, relative_error: Floats) -> Floats:
    order = np.lexsort((conductance_S, bias_V))
    x, y, e = bias_V[order], conductance_S[order], relative_error[order]
    span = x[2:] - x[:-2]
    is_apart = span > 0
    fraction = np.where(is_apart, (x[1:-1] - x[:-2]) / np.where(is_apart, span, 1.0), 0.5)
    bend = y[1:-1] - (1.0 - fraction) * y[:-2] - fraction * y[2:]
    variance = e[1:-1] ** 2 + ((1.0 - fraction) * e[:-2]) ** 2 + (fraction * e[2:]) ** 2
    return bend / np.sqrt(variance)
