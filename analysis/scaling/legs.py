"""The legs of a sweep: points that follow one another in time and in bias, one way."""

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm


def leg_numbers(isotherm: Isotherm) -> NDArray[np.int64]:
    """Return the number of each point's leg by time, or by direction and side of zero without times; 0 for anchors.

    A closed triangle has one direction twice, half a sweep apart, on either side of zero bias: what drifted in between
    is a step there.
    """
    legs = np.sign(isotherm.direction).astype(np.int64) * (1 + (isotherm.bias_V > 0.0))
    if isotherm.time_s is not None:
        swept = np.flatnonzero(isotherm.direction != 0)
        order = swept[np.argsort(isotherm.time_s[swept], kind="stable")]
        legs[order] = 1 + np.cumsum(np.diff(isotherm.direction[order], prepend=isotherm.direction[order[:1]]) != 0)
    return legs
