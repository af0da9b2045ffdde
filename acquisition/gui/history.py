"""A quantity against time of which only so much is kept as can be seen, however long the run."""

import numpy as np
from numpy.typing import NDArray

from acquisition.gui.curve_stack import thinned

Floats = NDArray[np.float64]

MOST = 4000
HOUR_S = 3600.0


class History:
    """Times in hours and values; from 8000 on, thinned to 4000 that keep the extremes."""

    def __init__(self) -> None:
        self.hours: Floats = np.empty(0)
        self.values: Floats = np.empty(0)

    def extend(self, time_s: Floats, values: Floats) -> None:
        """Take values, shape (n,) each, that may be older than the last; what is no number is left out."""
        known = np.isfinite(values)
        hours = np.concatenate([self.hours, time_s[known] / HOUR_S])
        order = np.argsort(hours, kind="stable")
        self.hours, self.values = hours[order], np.concatenate([self.values, values[known]])[order]
        if len(self.hours) > 2 * MOST:
            self.hours, self.values = thinned(self.hours, self.values, MOST)
