"""The level of the helium, looked at now and then while a run waits or measures."""

import math
from collections.abc import Callable

from instruments.errors import CommunicationError, ReplyError
from instruments.roles import Clock, HeliumMeter, Magnet

PERIOD_S = 60.0
"""Time between two looks: a bath lasts for days, and each look takes time from the points."""


class HeliumWatch:
    """Reads the level once a minute of experiment time, if the magnet's supply has a meter.

    Parameters
    ----------
    magnet : Magnet
        The supply.
    clock : Clock
        The experiment clock.
    on_level : callable
        Told of each level, 0 to 1; NaN where it could not be read.
    """

    def __init__(self, magnet: Magnet, clock: Clock, on_level: Callable[[float], None]) -> None:
        self._meter = magnet if isinstance(magnet, HeliumMeter) and magnet.has_helium_meter else None
        self._clock = clock
        self._on_level = on_level
        self._due_s = -math.inf

    def look(self) -> None:
        """Read the level if it is time."""
        if self._meter is None or self._clock.now_s() < self._due_s:
            return
        self._due_s = self._clock.now_s() + PERIOD_S
        try:
            fraction = self._meter.read_helium_fraction()
        except (CommunicationError, ReplyError):
            fraction = math.nan
        self._on_level(fraction)
