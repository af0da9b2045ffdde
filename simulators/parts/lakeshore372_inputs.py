"""The input half of the Lake Shore 372's commands: readings, scanner, channel settings (manual chapter 6)."""

from collections.abc import Callable

from simulators.cryogenics.cryostat import Cryostat
from simulators.dialect import Handler, integer, number, word
from simulators.parts.bridge import CHANNELS, Bridge, Channel
from simulators.parts.lakeshore_format import Clock, engineering

ASSUMED = frozenset({"RDGPWR?", "QRDG?", "SCAN?", "INSET?", "INTYPE?", "INNAME?", "TLIMIT?", "FILTER?"})
"""Queries whose reply format is recalled, not read in a manual."""


class InputCommands:
    """What the box understands about its inputs.

    Parameters
    ----------
    clock
        The rack's clock.
    cryostat
        Told when the control sensor's excitation, and with it its self-heating, changes.
    bridge
        Sensors and scanner.
    """

    def __init__(self, clock: Clock, cryostat: Cryostat, bridge: Bridge) -> None:
        self._clock = clock
        self._cryostat = cryostat
        self._bridge = bridge
        self._feed_back()

    def handlers(self) -> dict[str, Handler]:
        """Return header -> handler."""
        bridge, read = self._bridge, self._reader
        return {
            "RDGK?": read(lambda now_s, n: engineering(bridge.temperature_K(now_s, n))),
            "KRDG?": read(lambda now_s, n: engineering(bridge.temperature_K(now_s, n))),
            "RDGR?": read(lambda now_s, n: engineering(bridge.resistance_ohm(now_s, n))),
            "SRDG?": read(lambda now_s, n: engineering(bridge.resistance_ohm(now_s, n))),
            "QRDG?": read(lambda now_s, n: engineering(0.0)),
            "RDGPWR?": read(lambda now_s, n: engineering(bridge.power_W(now_s, n))),
            "RDGST?": read(lambda now_s, n: f"{int(bridge.status(now_s, n)):03d}"),
            "SCAN": self._set_scan,
            "SCAN?": lambda _: f"{bridge.scanned(self._clock.now_s()):02d},{bridge.is_autoscanning:d}",
            "INSET": self._set_input,
            "INSET?": self._read_input,
            "INTYPE": self._set_type,
            "INTYPE?": self._read_type,
            "INNAME": self._set_name,
            "INNAME?": lambda arguments: self._channel(arguments).name,
            "TLIMIT": self._set_limit,
            "TLIMIT?": lambda arguments: f"{self._channel(arguments).limit_K:08.3f}",
            "FILTER": self._set_filter,
            "FILTER?": self._read_filter,
        }

    def _feed_back(self) -> None:
        self._cryostat.set_feedback(self._clock.now_s(), self._bridge.control_reading_K)

    def _reader(self, value: Callable[[float, int], str]) -> Handler:
        return lambda arguments: value(self._clock.now_s(), integer(arguments, 0, CHANNELS[0], CHANNELS[-1]))

    def _channel(self, arguments: tuple[str, ...]) -> Channel:
        return self._bridge.channels[integer(arguments, 0, CHANNELS[0], CHANNELS[-1])]

    def _set_scan(self, arguments: tuple[str, ...]) -> None:
        channel = integer(arguments, 0, CHANNELS[0], CHANNELS[-1])
        self._bridge.select(self._clock.now_s(), channel, bool(integer(arguments, 1, 0, 1)))

    def _set_input(self, arguments: tuple[str, ...]) -> None:
        channel = self._channel(arguments)
        enabled, dwell_s, pause_s = (
            integer(arguments, 1, 0, 1),
            integer(arguments, 2, 1, 200),
            integer(arguments, 3, 3, 200),
        )
        curve, coefficient = integer(arguments, 4, 0, 59), integer(arguments, 5, 1, 2)
        channel.is_enabled, channel.dwell_s, channel.pause_s = bool(enabled), dwell_s, pause_s
        channel.curve, channel.coefficient = curve, coefficient

    def _read_input(self, arguments: tuple[str, ...]) -> str:
        c = self._channel(arguments)
        return f"{c.is_enabled:d},{c.dwell_s:03d},{c.pause_s:03d},{c.curve:02d},{c.coefficient}"

    def _set_type(self, arguments: tuple[str, ...]) -> None:
        channel = self._channel(arguments)
        is_current_mode = bool(integer(arguments, 1, 0, 1))
        excitation = integer(arguments, 2, 1, 22 if is_current_mode else 12)
        autorange, range_index = integer(arguments, 3, 0, 2), integer(arguments, 4, 1, 22)
        shunt, units = integer(arguments, 5, 0, 1), integer(arguments, 6, 1, 2)
        channel.is_current_mode, channel.excitation = is_current_mode, excitation
        channel.is_autoranging, channel.range_index = autorange > 0, range_index
        channel.is_shunted, channel.units = bool(shunt), units
        # the sensor warms with its excitation, and the loop feels it
        self._feed_back()

    def _read_type(self, arguments: tuple[str, ...]) -> str:
        c = self._channel(arguments)
        mode = f"{c.is_current_mode:d},{c.excitation:02d},{c.is_autoranging:d},{c.range_index:02d}"
        return f"{mode},{c.is_shunted:d},{c.units}"

    def _set_name(self, arguments: tuple[str, ...]) -> None:
        channel = self._channel(arguments)
        word(arguments, 1)
        channel.name = arguments[1].strip("\"'")[:15]

    def _set_limit(self, arguments: tuple[str, ...]) -> None:
        self._channel(arguments).limit_K = number(arguments, 1, 0.0, 9999.0)

    def _set_filter(self, arguments: tuple[str, ...]) -> None:
        first, last = (1, CHANNELS[-1]) if integer(arguments, 0, 0, CHANNELS[-1]) == 0 else (integer(arguments),) * 2
        is_filtered, filter_s = bool(integer(arguments, 1, 0, 1)), integer(arguments, 2, 1, 200)
        window = integer(arguments, 3, 1, 80)
        for n in range(first, last + 1):
            channel = self._bridge.channels[n]
            channel.is_filtered, channel.filter_s, channel.filter_window = is_filtered, filter_s, window

    def _read_filter(self, arguments: tuple[str, ...]) -> str:
        c = self._channel(arguments)
        return f"{c.is_filtered:d},{c.filter_s:03d},{c.filter_window:02d}"
