"""The input half of the Lake Shore 336's commands: readings and what belongs to a sensor (manual 6.6)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulators.cryogenics.thermometry import Thermometry
from simulators.dialect import Complaint, Handler, Refusal, integer, number, word
from simulators.parts.lakeshore_format import Clock, six_digits

ASSUMED: Final = frozenset(
    {"SRDG?", "INTYPE?", "INNAME?", "INCRV?", "TLIMIT?", "FILTER?", "CRVHDR?", "ALARM?", "ALARMST?"}
    | {"DIOCUR?", "TEMP?"}
)
"""Queries whose reply format is recalled or inferred from clients, not read in a manual."""

INPUTS: Final = "ABCD"

_NTC: Final = 3
_KELVIN: Final = 1
_CURVE: Final = 21
_CURVE_LIMITS_K: Final = (0.008, 420.0)
_SENSOR_ZERO: Final = 64
_TEMPERATURE_UNDER: Final = 16
_TEMPERATURE_OVER: Final = 32
_ROOM_K: Final = 296.0
_ICE_K: Final = 273.15


@dataclass(slots=True)
class _Input:
    """Settings of one input."""

    name: str
    sensor: tuple[int, int, int, int, int] = (_NTC, 1, 5, 1, _KELVIN)  # type, autorange, range, compensation, units
    curve: int = _CURVE
    filter: tuple[int, int, int] = (0, 8, 10)
    limit_K: float = 0.0
    alarm: tuple[int, float, float, float, int, int, int] = (0, 1000.0, 0.0, 0.0, 0, 1, 1)
    diode_current: int = 0


class InputCommands:
    """What the box understands about its inputs.

    Parameters
    ----------
    clock
        The rack's clock.
    thermometry
        The sensors.
    """

    def __init__(self, clock: Clock, thermometry: Thermometry) -> None:
        self._clock = clock
        self._thermometry = thermometry
        names = ("Sample", "Cold end", "Stage above", "Bath")
        self._inputs = {letter: _Input(name) for letter, name in zip(INPUTS, names, strict=True)}

    def handlers(self) -> dict[str, Handler]:
        """Return header -> handler."""
        return {
            "KRDG?": self._reader(self._kelvin),
            "CRDG?": self._reader(self._celsius),
            "SRDG?": self._reader(lambda letter: six_digits(self._ohm(letter) or 0.0)),
            "RDGST?": lambda arguments: f"{self._status(_letter(arguments)):03d}",
            "TEMP?": lambda _: six_digits(_ROOM_K),
            "INTYPE": self._set_type,
            "INTYPE?": lambda arguments: ",".join(map(str, self._of(arguments).sensor)),
            "INNAME": self._set_name,
            "INNAME?": lambda arguments: f"{self._of(arguments).name:<15}",
            "INCRV": self._set_curve,
            "INCRV?": lambda arguments: f"{self._of(arguments).curve:02d}",
            "CRVHDR?": self._read_curve_header,
            "TLIMIT": self._set_limit,
            "TLIMIT?": lambda arguments: f"{self._of(arguments).limit_K:+08.3f}",
            "FILTER": self._set_filter,
            "FILTER?": lambda arguments: "{},{:02d},{:02d}".format(*self._of(arguments).filter),
            "ALARM": self._set_alarm,
            "ALARM?": self._read_alarm,
            "ALARMST?": self._read_alarm_status,
            "ALMRST": lambda _: None,
            "DIOCUR": self._set_diode_current,
            "DIOCUR?": lambda arguments: f"{self._of(arguments).diode_current}",
        }

    def _reader(self, read: Callable[[str], str]) -> Handler:
        """Read one input, or all of them for input 0."""

        def answer(arguments: tuple[str, ...]) -> str:
            letters = INPUTS if arguments == ("0",) else _letter(arguments)
            return ",".join(map(read, letters))

        return answer

    def _reading_K(self, letter: str) -> float | None:
        return self._thermometry.temperature_K(self._clock.now_s(), INPUTS.index(letter))

    def _ohm(self, letter: str) -> float | None:
        return self._thermometry.resistance_ohm(self._clock.now_s(), INPUTS.index(letter))

    def _kelvin(self, letter: str) -> str:
        reading_K = self._reading_K(letter)
        return six_digits(0.0 if reading_K is None or not self._inputs[letter].curve else reading_K)

    def _celsius(self, letter: str) -> str:
        reading_K = self._reading_K(letter)
        return six_digits(0.0 if reading_K is None or not self._inputs[letter].curve else reading_K - _ICE_K)

    def _status(self, letter: str) -> int:
        reading_K = self._reading_K(letter)
        if reading_K is None:
            return _SENSOR_ZERO
        lowest_K, highest_K = _CURVE_LIMITS_K
        return _TEMPERATURE_UNDER * (reading_K < lowest_K) | _TEMPERATURE_OVER * (reading_K > highest_K)

    def _of(self, arguments: tuple[str, ...]) -> _Input:
        return self._inputs[_letter(arguments)]

    def _set_type(self, arguments: tuple[str, ...]) -> None:
        of, highest = self._of(arguments), (5, 1, 8, 1, 3)
        kind, autorange, span, compensation, units = (
            integer(arguments, place, 0, top) for place, top in enumerate(highest, 1)
        )
        of.sensor = (kind, autorange, span, compensation, units)

    def _set_name(self, arguments: tuple[str, ...]) -> None:
        word(arguments, 1)
        self._of(arguments).name = arguments[1].strip("\"'")[:15]

    def _set_curve(self, arguments: tuple[str, ...]) -> None:
        self._of(arguments).curve = integer(arguments, 1, 0, 59)

    def _read_curve_header(self, arguments: tuple[str, ...]) -> str:
        curve = integer(arguments, 0, 1, 59)
        name = "RX-102A        " if curve == _CURVE else "User Curve     "
        return f"{name},STANDARD  ,4,+040.000,1"

    def _set_limit(self, arguments: tuple[str, ...]) -> None:
        self._of(arguments).limit_K = number(arguments, 1, 0.0, 9999.0)

    def _set_filter(self, arguments: tuple[str, ...]) -> None:
        points, window = integer(arguments, 2, 2, 64), integer(arguments, 3, 1, 10)
        self._of(arguments).filter = (integer(arguments, 1, 0, 1), points, window)

    def _set_alarm(self, arguments: tuple[str, ...]) -> None:
        of = self._of(arguments)
        is_on = integer(arguments, 1, 0, 1)
        high, low, deadband = (number(arguments, place) for place in (2, 3, 4))
        latch, audible, visible = (integer(arguments, place, 0, 1) for place in (5, 6, 7))
        of.alarm = (is_on, high, low, deadband, latch, audible, visible)

    def _read_alarm(self, arguments: tuple[str, ...]) -> str:
        is_on, high, low, deadband, *flags = self._of(arguments).alarm
        values = ",".join(map(six_digits, (high, low, deadband)))
        return f"{is_on},{values},{','.join(map(str, flags))}"

    def _read_alarm_status(self, arguments: tuple[str, ...]) -> str:
        _letter(arguments)
        return "0,0"

    def _set_diode_current(self, arguments: tuple[str, ...]) -> None:
        self._of(arguments).diode_current = integer(arguments, 1, 0, 1)


def _letter(arguments: tuple[str, ...]) -> str:
    letter = word(arguments)
    if len(letter) != 1 or letter not in INPUTS:
        raise Refusal(Complaint.INVALID_ARGUMENT, letter)
    return letter
