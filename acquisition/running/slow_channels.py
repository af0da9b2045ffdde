"""What is looked at now and then while a run waits or measures: the heater's output, the level of the helium."""

import math
from collections.abc import Callable

from acquisition.running.channels import MAGNET, TEMPERATURE
from instruments.errors import CommunicationError, ReplyError, StateError
from instruments.roles import Clock, HeliumMeter, Magnet, TemperatureController

PERIOD_S = 60.0
"""Time between two looks: these things change over minutes and days, and each look takes time from the points."""


class SlowChannels:
    """Reads once a minute of experiment time; the helium if the magnet's supply has a meter.

    Parameters
    ----------
    temperature : TemperatureController
        Whose heater it is.
    magnet : Magnet
        The supply.
    clock : Clock
        The experiment clock.
    on_value : callable
        Told of each value: role of the box, name of the channel, 0 to 1; NaN where it could not be read.
    """

    def __init__(
        self,
        temperature: TemperatureController,
        magnet: Magnet,
        clock: Clock,
        on_value: Callable[[str, str, float], None],
    ) -> None:
        self._channels = [(TEMPERATURE, "heater_fraction", temperature.heater_fraction)]
        if isinstance(magnet, HeliumMeter) and magnet.has_helium_meter:
            self._channels.append((MAGNET, "helium_fraction", magnet.read_helium_fraction))
        self._clock = clock
        self._on_value = on_value
        self._due_s = -math.inf

    def look(self) -> None:
        """Read what there is, if it is time."""
        if self._clock.now_s() < self._due_s:
            return
        self._due_s = self._clock.now_s() + PERIOD_S
        for role, name, read in self._channels:
            try:
                fraction = read()
            except (CommunicationError, ReplyError, StateError):  # a heater that is at fault is told of in settling
                fraction = math.nan
            self._on_value(role, name, fraction)
