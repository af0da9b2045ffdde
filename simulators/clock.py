"""The virtual clock of a simulated rack: it stands still until somebody waits, then jumps.

Time is kept as a whole number of nanoseconds, so that a client which schedules on absolute times reaches exactly the
same instants however many messages went by in between.
"""

import heapq
import itertools
from collections.abc import Callable

_NANOSECONDS_PER_SECOND = 1_000_000_000


class VirtualClock:
    """A discrete-event clock for one thread (fills `instruments.roles.Clock`).

    A sleep costs no wall time. Actions booked with `call_at` run on the way, in order of time, ties in order of
    booking, and see the clock at their own instant.

    Parameters
    ----------
    start_s
        What it shows at first; later than zero for a world that goes on where another stopped.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_ns = _as_nanoseconds(start_s)
        self._now_s = self._now_ns / _NANOSECONDS_PER_SECOND  # asked for three times as often as it changes
        self._booked: list[tuple[int, int, Callable[[], None]]] = []
        self._booking_numbers = itertools.count()

    def now_s(self) -> float:
        """Return the virtual time in seconds since the world began."""
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` virtual seconds pass, rounded to the nanosecond.

        Raises
        ------
        ValueError
            If the duration is negative or not finite.
        """
        target_ns = self._now_ns + _as_nanoseconds(duration_s)
        if self._booked:
            self._advance_to_ns(target_ns)
        else:
            self._show_ns(target_ns)

    def advance_to(self, time_s: float) -> None:
        """Let time pass until `time_s`; an instant already gone by changes nothing.

        Raises
        ------
        ValueError
            If the time is negative or not finite.
        """
        self._advance_to_ns(_as_nanoseconds(time_s))

    def call_at(self, time_s: float, action: Callable[[], None]) -> None:
        """Book `action` for `time_s`; an instant already gone by means at the next passing of time."""
        heapq.heappush(self._booked, (_as_nanoseconds(time_s), next(self._booking_numbers), action))

    def _advance_to_ns(self, target_ns: int) -> None:
        while self._booked and self._booked[0][0] <= target_ns:
            due_ns, _, action = heapq.heappop(self._booked)
            self._show_ns(due_ns)
            action()
        self._show_ns(target_ns)

    def _show_ns(self, time_ns: int) -> None:
        if time_ns > self._now_ns:
            self._now_ns, self._now_s = time_ns, time_ns / _NANOSECONDS_PER_SECOND


def _as_nanoseconds(time_s: float) -> int:
    if not 0.0 <= time_s < float("inf"):
        raise ValueError(f"a clock needs a finite time of zero or more, got {time_s!r} s")
    return round(time_s * _NANOSECONDS_PER_SECOND)
