"""What was sent into the circuit and when: a stepped quantity, behind a low-pass or not."""

import bisect
import math
from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_KEPT: Final = 2**16

# while a low-pass relaxes, the interval is cut at these multiples of its time constant
_RELAXATION: Final = (0.2, 0.45, 0.75, 1.1, 1.6, 2.2, 3.0, 4.0, 5.5, 8.0, 12.0, 18.0)


class StepHistory:
    """A quantity that is set from time to time and relaxes to what was set, at once or through one RC low-pass.

    At least the last 65536 steps are kept, days of a sweep and more than any filter remembers; the value at any time
    since is a pure function of the steps. Before it, it is what it was at the first step that is known.

    Parameters
    ----------
    initial
        Its value before the first step.
    time_constant_s
        Of the low-pass; zero for none.
    """

    def __init__(self, initial: float, time_constant_s: float = 0.0) -> None:
        self.time_constant_s = time_constant_s
        self._times_s = array("d", [-math.inf])
        self._targets = array("d", [initial])
        self._starts = array("d", [initial])

    @property
    def target(self) -> float:
        """Return what was set last."""
        return self._targets[-1]

    def step(self, time_s: float, target: float) -> None:
        """Set a new target from `time_s` on; times never step back."""
        if target != self._targets[-1]:
            start = self.at(time_s)
            self._times_s.append(time_s)
            self._targets.append(target)
            self._starts.append(start)
            if len(self._times_s) > 2 * _KEPT:
                self._forget()

    def at(self, time_s: float) -> float:
        """Return the value at an instant."""
        place = bisect.bisect_right(self._times_s, time_s) - 1
        target, start = self._targets[place], self._starts[place]
        if start == target or not self.time_constant_s:
            return target
        return target + (start - target) * math.exp((self._times_s[place] - time_s) / self.time_constant_s)

    def at_times(self, time_s: Floats) -> Floats:
        """Return the values at ascending times, shape (N,)."""
        first = bisect.bisect_right(self._times_s, time_s[0]) - 1
        last = bisect.bisect_right(self._times_s, time_s[-1])
        if last - first == 1 and (self._starts[first] == self._targets[first] or not self.time_constant_s):
            return np.full(time_s.shape, self._targets[first])
        times_s, target, start = (
            np.frombuffer(column[first:last]) for column in (self._times_s, self._targets, self._starts)
        )
        place = times_s.searchsorted(time_s, side="right") - 1
        target = target[place]
        if not self.time_constant_s:
            return target
        return target + (start[place] - target) * np.exp((times_s[place] - time_s) / self.time_constant_s)

    def is_beyond(self, time_s: float, low: float, high: float) -> bool:
        """Return whether the quantity, when last outside `low` to `high` in size, was above; what was set counts."""
        for place in range(bisect.bisect_right(self._times_s, time_s) - 1, -1, -1):
            size = abs(self._targets[place])
            if not low <= size <= high:
                return size > high
        return False

    def _forget(self) -> None:
        """Forget the older half."""
        for column in (self._times_s, self._targets, self._starts):
            del column[:_KEPT]
        self._times_s[0], self._starts[0] = -math.inf, self._targets[0]

    def steps_s(self, start_s: float, end_s: float) -> list[float]:
        """Return when it was set between two times, and before them where it is still relaxing, ascending."""
        times_s = self._times_s
        first = bisect.bisect_right(times_s, start_s)
        if times_s[first - 1] + _RELAXATION[-1] * self.time_constant_s > start_s:
            first -= 1
        return times_s[first : bisect.bisect_left(times_s, end_s)].tolist()


def cut_ages_s(step_ages_s: Sequence[float], time_constant_s: float) -> list[float]:
    """Return ages that cut a stepped quantity's past into cells of nearly constant value.

    Parameters
    ----------
    step_ages_s
        How long ago it was set, descending.
    time_constant_s
        Of its low-pass; zero for none.
    """
    if not time_constant_s:
        return list(step_ages_s)
    ages_s = []
    for age_s, next_age_s in zip(step_ages_s, [*step_ages_s[1:], 0.0], strict=False):
        ages_s += [age_s, *(cut_s for x in _RELAXATION if (cut_s := age_s - x * time_constant_s) > next_age_s)]
    return ages_s
