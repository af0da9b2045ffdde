"""The memory in which a lock-in stores its outputs at a fixed rate.

Samples are taken for the past, whenever somebody looks or changes a setting: a sample is a function of its time.
"""

import math
from collections.abc import Callable, Sequence

Sampler = Callable[[float], Sequence[float]]
"""Returns what is stored at a time, one number a column."""


class DataBuffer:
    """Rows of numbers at equal intervals while it is running.

    Parameters
    ----------
    capacity
        Largest number of rows.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._rows: list[Sequence[float]] = []
        self._first = 0
        self._next_s = math.inf
        self._interval_s = 0.0
        self._is_endless = False

    @property
    def is_running(self) -> bool:
        """Return whether it stores."""
        return math.isfinite(self._next_s)

    @property
    def rows(self) -> list[Sequence[float]]:
        """Return what is stored, oldest row first."""
        return self._rows

    def start(self, time_s: float, interval_s: float, *, is_endless: bool) -> None:
        """Store from now on, after what is there already; endless: the oldest rows give way when it is full."""
        self._interval_s, self._is_endless = interval_s, is_endless
        self._next_s = time_s

    def pause(self) -> None:
        """Stop, keeping what is stored."""
        self._next_s = math.inf

    def reset(self) -> None:
        """Stop and forget everything."""
        self.pause()
        self._rows = []

    def store(self, row: Sequence[float]) -> None:
        """Store one row out of turn, if there is room."""
        if len(self._rows) < self.capacity:
            self._rows.append(tuple(row))

    def catch_up(self, time_s: float, sample: Sampler) -> None:
        """Store everything that was due until `time_s`."""
        while self._next_s <= time_s:
            if len(self._rows) >= self.capacity:
                if not self._is_endless:
                    self.pause()
                    return
                # of a long time gone by, only what is still held is worth computing
                missed = math.floor((time_s - self._next_s) / self._interval_s) - self.capacity
                self._next_s += max(0, missed) * self._interval_s
                del self._rows[0]
            self._rows.append(tuple(sample(self._next_s)))
            self._next_s += self._interval_s
