"""The two clocks: experiment time and wall time. Nothing else in the program reads time.

Experiment time drives settling, dwell, ramps and the time stamps of points; it is real (`RealClock`), virtual
(`simulators.clock`, handed in), or virtual and paced by the wall (`PacedClock`). Wall time dates files, batches
commits and beats the heart; it is always real (`WallClock`) save in tests.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

from instruments.roles import Clock


class Wall(Protocol):
    """Wall time, as far as the program needs it."""

    def monotonic_s(self) -> float:
        """Return seconds since an origin of its own; never steps back, whatever the user does to the PC's clock."""
        ...

    def now(self) -> datetime:
        """Return the date and time with its offset from UTC."""
        ...

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` seconds of wall time pass."""
        ...


class WallClock:
    """The PC's clock."""

    def monotonic_s(self) -> float:
        """Return seconds since an origin of its own."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the local date and time with its offset from UTC."""
        return datetime.now(UTC).astimezone()

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` seconds pass."""
        if duration_s > 0:
            time.sleep(duration_s)


class RealClock:
    """Experiment time on real instruments: the wall's own pace, from zero at the start."""

    def __init__(self, wall: Wall | None = None) -> None:
        self._wall = wall or WallClock()
        self._origin_s = self._wall.monotonic_s()

    def now_s(self) -> float:
        """Return seconds since this clock was made."""
        return self._wall.monotonic_s() - self._origin_s

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` seconds pass."""
        self._wall.sleep(duration_s)


class PacedClock:
    """A virtual clock held back so that it runs `factor` times as fast as the wall.

    Only the wall waits; the virtual times, and so the readings, are those of the unpaced clock, bit for bit.

    Parameters
    ----------
    virtual : Clock
        The clock of the simulated rack.
    factor : float or None
        Virtual seconds a wall second, above zero; None for as fast as it goes.
    wall : Wall
        What to wait on.
    """

    def __init__(self, virtual: Clock, factor: float | None, wall: Wall) -> None:
        self._virtual = virtual
        self._wall = wall
        self.set_factor(factor)

    def set_factor(self, factor: float | None) -> None:
        """Keep another pace from now on."""
        self._factor = factor
        self._virtual_origin_s = self._virtual.now_s()
        self._wall_origin_s = self._wall.monotonic_s()

    def now_s(self) -> float:
        """Return the virtual time."""
        return self._virtual.now_s()

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` virtual seconds pass, and as much wall time as keeps the pace."""
        self._virtual.sleep(duration_s)
        if self._factor is None:
            return
        behind_s = (self._virtual.now_s() - self._virtual_origin_s) / self._factor
        self._wall.sleep(behind_s - (self._wall.monotonic_s() - self._wall_origin_s))
