"""The output half of the Lake Shore 372's commands: loop, heaters, still, analog output (manual 4.6, chapter 6).

Output 0 is the sample heater, 1 the warm-up heater (not wired here), 2 the analog output, which feeds the still.
Not simulated: zone mode, power-limited display units of MOUT, the warm-up heater's heat.
"""

from typing import Final

from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.regulation import HEATER_OHM, HEATER_RANGES_A, HeaterMode
from simulators.dialect import Complaint, Handler, Refusal, integer, number
from simulators.parts.bridge import CONTROL_CHANNEL
from simulators.parts.lakeshore_format import Clock, engineering

ASSUMED: Final = frozenset(
    {"SETP?", "PID?", "RAMP?", "RAMPST?", "HTR?", "HTRSET?", "HTRST?"}
    | {"OUTMODE?", "MOUT?", "STILL?", "AOUT?", "ANALOG?"}
)
"""Queries whose reply format is recalled, not read in a manual."""

_SAMPLE: Final = 0
_WARM_UP: Final = 1
_STILL: Final = 2
_STILL_FULL_W: Final = 16e-3  # at 100 % (assumed)
_MODES: Final = {0: HeaterMode.OFF, 2: HeaterMode.OPEN_LOOP, 5: HeaterMode.CLOSED_LOOP}
_CLOSED_LOOP: Final = 5
_MODES_OF_OUTPUT: Final = {_SAMPLE: (0, 2, _CLOSED_LOOP), _WARM_UP: (0,), _STILL: (0, 4)}
_POWER_DISPLAY: Final = 2


class OutputCommands:
    """What the box understands about its outputs.

    Parameters
    ----------
    clock
        The rack's clock.
    cryostat
        The refrigerator with the heaters.
    """

    def __init__(self, clock: Clock, cryostat: Cryostat) -> None:
        self._clock = clock
        self._cryostat = cryostat
        self._range = {_SAMPLE: 0, _WARM_UP: 0, _STILL: 1}
        # mode, input, power-up enable, polarity, filter, delay
        self._output_mode = {_SAMPLE: (_CLOSED_LOOP, 1, 0, 0, 0, 1), _WARM_UP: (0,) * 6, _STILL: (4, 0, 1, 0, 0, 1)}
        self._pid = (10.0, 20, 0)
        self._ramp = (0, 1.0)
        self._display = 1
        self._manual_percent = 0.0
        self._still_percent = 50.0
        self._analog = (0, 0, 1, 1, 0.0, 0.0, 0.0)

    def handlers(self) -> dict[str, Handler]:
        """Return header -> handler."""
        return {
            "SETP": self._set_setpoint,
            "SETP?": self._read_setpoint,
            "PID": self._set_pid,
            "PID?": self._read_pid,
            "RAMP": self._set_ramp,
            "RAMP?": self._read_ramp,
            "RAMPST?": self._read_ramp_status,
            "RANGE": self._set_range,
            "RANGE?": lambda arguments: f"{self._range[_output(arguments)]}",
            "HTR?": lambda _: f"{self._heater_percent():+07.3f}",
            "HTRSET": self._set_heater,
            "HTRSET?": self._read_heater,
            "HTRST?": self._read_heater_status,
            "OUTMODE": self._set_output_mode,
            "OUTMODE?": lambda arguments: "{},{},{},{},{},{:03d}".format(*self._output_mode[_output(arguments)]),
            "MOUT": self._set_manual,
            "MOUT?": self._read_manual,
            "STILL": self._set_still,
            "STILL?": lambda _: f"{self._still_percent:+06.2f}",
            "AOUT?": self._read_analog_output,
            "ANALOG": self._set_analog,
            "ANALOG?": self._read_analog,
        }

    def heater_off(self) -> None:
        """Switch the sample heater off."""
        self._range[_SAMPLE] = 0
        self._cryostat.set_heater_range(self._clock.now_s(), 0)

    # the loop of the sample heater

    def _set_setpoint(self, arguments: tuple[str, ...]) -> None:
        _output(arguments, _SAMPLE)
        self._cryostat.set_setpoint_K(self._clock.now_s(), number(arguments, 1, 0.0, 400.0))

    def _read_setpoint(self, arguments: tuple[str, ...]) -> str:
        _output(arguments, _SAMPLE)
        return engineering(self._cryostat.setpoint_K(self._clock.now_s()))

    def _set_pid(self, arguments: tuple[str, ...]) -> None:
        _output(arguments, _SAMPLE)
        p, i_s, d_s = (
            number(arguments, 1, 1e-3, 1000.0),
            integer(arguments, 2, 0, 10000),
            integer(arguments, 3, 0, 2500),
        )
        self._pid = (p, i_s, d_s)
        self._cryostat.set_pid(self._clock.now_s(), p, i_s, d_s)

    def _read_pid(self, arguments: tuple[str, ...]) -> str:
        _output(arguments, _SAMPLE)
        p, i_s, d_s = self._pid
        return f"{p:+08.3f},{i_s:+06d},{d_s:+05d}"

    def _set_ramp(self, arguments: tuple[str, ...]) -> None:
        _output(arguments, _SAMPLE)
        is_on, rate_K_per_min = integer(arguments, 1, 0, 1), number(arguments, 2, 1e-3, 100.0)
        self._ramp = (is_on, rate_K_per_min)
        self._cryostat.set_ramp(self._clock.now_s(), bool(is_on), rate_K_per_min)

    def _read_ramp(self, arguments: tuple[str, ...]) -> str:
        _output(arguments, _SAMPLE)
        is_on, rate_K_per_min = self._ramp
        return f"{is_on},{rate_K_per_min:+08.3f}"

    def _read_ramp_status(self, arguments: tuple[str, ...]) -> str:
        _output(arguments, _SAMPLE)
        return f"{self._cryostat.is_ramping(self._clock.now_s()):d}"

    def _set_manual(self, arguments: tuple[str, ...]) -> None:
        _output(arguments, _SAMPLE)
        self._manual_percent = number(arguments, 1, 0.0, 100.0)
        self._cryostat.set_manual_output(self._clock.now_s(), self._manual_percent / 100.0)

    def _read_manual(self, arguments: tuple[str, ...]) -> str:
        _output(arguments, _SAMPLE)
        return f"{self._manual_percent:+07.3f}"

    # heaters

    def _set_range(self, arguments: tuple[str, ...]) -> None:
        output = _output(arguments)
        index = integer(arguments, 1, 0, len(HEATER_RANGES_A) - 1 if output == _SAMPLE else 1)
        self._range[output] = index
        if output == _SAMPLE:
            self._cryostat.set_heater_range(self._clock.now_s(), index)
        elif output == _STILL:
            self._heat_still()

    def _heater_percent(self) -> float:
        fraction = self._cryostat.heater_fraction(self._clock.now_s())
        return 100.0 * (fraction**2 if self._display == _POWER_DISPLAY else fraction)

    def _set_heater(self, arguments: tuple[str, ...]) -> None:
        _output(arguments, _SAMPLE)
        number(arguments, 1, HEATER_OHM, HEATER_OHM)  # the heater is what it is
        self._display = integer(arguments, 4, 1, 2)

    def _read_heater(self, arguments: tuple[str, ...]) -> str:
        _output(arguments, _SAMPLE)
        return f"{HEATER_OHM:+08.3f},0,+00.000,{self._display}"

    def _read_heater_status(self, arguments: tuple[str, ...]) -> str:
        is_open = _output(arguments) == _SAMPLE and self._cryostat.is_heater_open and self._range[_SAMPLE] > 0
        return f"{is_open:d}"

    def _set_output_mode(self, arguments: tuple[str, ...]) -> None:
        output = _output(arguments)
        mode, channel = integer(arguments, 1, 0, 6), integer(arguments, 2, 0, 16)
        rest = tuple(integer(arguments, place, 0, 1) for place in (3, 4, 5))
        delay_s = integer(arguments, 6, 0, 255)
        if mode not in _MODES_OF_OUTPUT[output] or (mode == _CLOSED_LOOP and channel != CONTROL_CHANNEL):
            raise Refusal(Complaint.OUT_OF_RANGE, ",".join(arguments))
        self._output_mode[output] = (mode, channel, *rest, delay_s)
        if output == _SAMPLE:
            self._cryostat.set_mode(self._clock.now_s(), _MODES[mode])
        elif output == _STILL:
            self._heat_still()

    # still

    def _set_still(self, arguments: tuple[str, ...]) -> None:
        self._still_percent = number(arguments, 0, 0.0, 100.0)
        self._heat_still()

    def _heat_still(self) -> None:
        self._cryostat.set_still_heater_W(self._clock.now_s(), _STILL_FULL_W * self._still_output())

    def _still_output(self) -> float:
        is_on = self._range[_STILL] and self._output_mode[_STILL][0]
        return self._still_percent / 100.0 if is_on else 0.0

    def _read_analog_output(self, arguments: tuple[str, ...]) -> str:
        output = integer(arguments, 0, _WARM_UP, _STILL)
        return f"{100.0 * self._still_output() if output == _STILL else 0.0:+07.3f}"

    def _set_analog(self, arguments: tuple[str, ...]) -> None:
        _output(arguments, _STILL)
        polarity, mode = integer(arguments, 1, 0, 1), integer(arguments, 2, 0, 4)
        channel, source = integer(arguments, 3, 0, 16), integer(arguments, 4, 1, 3)
        high, low, manual = number(arguments, 5), number(arguments, 6), number(arguments, 7, -100.0, 100.0)
        self._analog = (polarity, mode, channel, source, high, low, manual)

    def _read_analog(self, arguments: tuple[str, ...]) -> str:
        _output(arguments, _STILL)
        polarity, mode, channel, source, high, low, manual = self._analog
        return f"{polarity},{mode},{channel},{source},{engineering(high)},{engineering(low)},{manual:+08.3f}"


def _output(arguments: tuple[str, ...], only: int | None = None) -> int:
    """Read which output is meant; some commands take one output only."""
    return integer(arguments, 0, 0, 2) if only is None else integer(arguments, 0, only, only)
