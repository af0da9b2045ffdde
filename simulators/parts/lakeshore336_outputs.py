"""The output half of the Lake Shore 336's commands: loops and heaters (manual 2.8, 4.5, 6.6).

Output 1 heats the insert. Output 2 has settings of its own and no heater, 3 and 4 are voltage outputs, likewise idle.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.regulation import HeaterMode
from simulators.dialect import Complaint, Handler, Refusal, integer, number
from simulators.parts.lakeshore_format import Clock, six_digits

ASSUMED: Final = frozenset(
    {"SETP?", "PID?", "RAMP?", "RAMPST?", "HTRSET?", "HTRST?", "OUTMODE?", "MOUT?", "AOUT?", "ANALOG?", "WARMUP?"}
    | {"ZONE?", "RELAY?", "RELAYST?"}
)
"""Queries whose reply format is recalled or inferred from clients, not read in a manual."""

_HEATED: Final = 1
_LOOPS: Final = (1, 2)
_OUTPUTS: Final = (1, 2, 3, 4)
_CLOSED_LOOP: Final = 1
_MODES: Final = {0: HeaterMode.OFF, 1: HeaterMode.CLOSED_LOOP, 2: HeaterMode.CLOSED_LOOP, 3: HeaterMode.OPEN_LOOP}
_HIGHEST_MODE: Final = {1: 3, 2: 3, 3: 5, 4: 5}
_PRESET_A: Final = {1: 0.707, 2: 1.0, 3: 1.141, 4: 2.0}
_OHM: Final = {1: 25.0, 2: 50.0}
_RANGE_SHARE: Final = (0.0, 0.01, 0.1, 1.0)  # of the power: off, low, medium, high
_POWER_DISPLAY: Final = 2
_CONTROL_INPUT: Final = 1


@dataclass(slots=True)
class _Output:
    """Settings of one output."""

    mode: tuple[int, int, int] = (0, 0, 0)  # mode, input, power-up enable
    range: int = 0
    setpoint_K: float = 4.2
    pid: tuple[float, float, float] = (50.0, 20.0, 0.0)
    ramp: tuple[int, float] = (0, 1.0)
    manual_percent: float = 0.0
    heater: tuple[int, int, float, int] = (2, 0, 0.1, 1)  # resistance, limit, user limit (A), display
    analog: tuple[int, int, float, float, int] = (0, 1, 0.0, 0.0, 0)
    warmup: tuple[int, float] = (0, 0.0)
    zones: dict[int, tuple[float, ...]] = field(default_factory=dict)

    @property
    def full_power_W(self) -> float:
        """Return the power at full output of the present range."""
        resistance, limit, user_A, _ = self.heater
        limit_A = _PRESET_A.get(limit, user_A)
        return limit_A * limit_A * _OHM[resistance] * _RANGE_SHARE[self.range]


class OutputCommands:
    """What the box understands about its outputs.

    Parameters
    ----------
    clock
        The rack's clock.
    cryostat
        The insert with the heater.
    """

    def __init__(self, clock: Clock, cryostat: Cryostat) -> None:
        self._clock = clock
        self._cryostat = cryostat
        self._outputs = {n: _Output() for n in _OUTPUTS}
        self._outputs[_HEATED].mode = (_CLOSED_LOOP, _CONTROL_INPUT, 0)
        self._relays = {1: (0, "A", 0), 2: (0, "A", 0)}

    def handlers(self) -> dict[str, Handler]:
        """Return header -> handler."""
        return {
            "SETP": self._set_setpoint,
            "SETP?": self._read_setpoint,
            "PID": self._set_pid,
            "PID?": lambda arguments: "{:+07.1f},{:+07.1f},{:+06.1f}".format(*self._loop(arguments).pid),
            "RAMP": self._set_ramp,
            "RAMP?": lambda arguments: "{},{:+08.3f}".format(*self._loop(arguments).ramp),
            "RAMPST?": self._read_ramp_status,
            "RANGE": self._set_range,
            "RANGE?": lambda arguments: f"{self._of(arguments).range}",
            "HTR?": lambda arguments: f"{self._shown_percent(integer(arguments, 0, 1, 2)):+06.1f}",
            "AOUT?": self._read_voltage_output,
            "HTRSET": self._set_heater,
            "HTRSET?": lambda arguments: "{},{},{:+06.3f},{}".format(*self._loop(arguments).heater),
            "HTRST?": self._read_heater_status,
            "OUTMODE": self._set_mode,
            "OUTMODE?": lambda arguments: "{},{},{}".format(*self._of(arguments).mode),
            "MOUT": self._set_manual,
            "MOUT?": lambda arguments: six_digits(self._of(arguments).manual_percent),
            "ANALOG": self._set_analog,
            "ANALOG?": self._read_analog,
            "WARMUP": self._set_warmup,
            "WARMUP?": lambda arguments: "{},{:+06.1f}".format(*self._voltage(arguments).warmup),
            "ZONE": self._set_zone,
            "ZONE?": self._read_zone,
            "RELAY": self._set_relay,
            "RELAY?": lambda arguments: "{},{},{}".format(*self._relays[integer(arguments, 0, 1, 2)]),
            "RELAYST?": lambda arguments: f"{self._relays[integer(arguments, 0, 1, 2)][0] == 1:d}",
        }

    def heaters_off(self) -> None:
        """Switch all outputs off."""
        for output in self._outputs.values():
            output.range = 0
        self._cryostat.set_full_power_W(self._clock.now_s(), 0.0)

    def _of(self, arguments: tuple[str, ...]) -> _Output:
        return self._outputs[integer(arguments, 0, 1, 4)]

    def _loop(self, arguments: tuple[str, ...]) -> _Output:
        return self._outputs[integer(arguments, 0, 1, 2)]

    def _voltage(self, arguments: tuple[str, ...]) -> _Output:
        return self._outputs[integer(arguments, 0, 3, 4)]

    # loops

    def _set_setpoint(self, arguments: tuple[str, ...]) -> None:
        output, value_K = self._of(arguments), number(arguments, 1, 0.0, 1000.0)
        output.setpoint_K = value_K
        if output is self._outputs[_HEATED]:
            self._cryostat.set_setpoint_K(self._clock.now_s(), value_K)

    def _read_setpoint(self, arguments: tuple[str, ...]) -> str:
        output = self._of(arguments)
        is_heated = output is self._outputs[_HEATED]
        return six_digits(self._cryostat.setpoint_K(self._clock.now_s()) if is_heated else output.setpoint_K)

    def _set_pid(self, arguments: tuple[str, ...]) -> None:
        output = self._loop(arguments)
        p, i, d = number(arguments, 1, 0.0, 1000.0), number(arguments, 2, 0.0, 1000.0), number(arguments, 3, 0.0, 200.0)
        output.pid = (p, i, d)
        if output is self._outputs[_HEATED]:
            integral_s = 1000.0 / i if i else 0.0
            self._cryostat.set_pid(self._clock.now_s(), p, integral_s, 0.01 * d * 0.25 * integral_s)

    def _set_ramp(self, arguments: tuple[str, ...]) -> None:
        output = self._loop(arguments)
        is_on, rate_K_per_min = integer(arguments, 1, 0, 1), number(arguments, 2, 0.0, 100.0)
        output.ramp = (is_on, rate_K_per_min)
        if output is self._outputs[_HEATED]:
            # a rate of zero stands for no ramp
            self._cryostat.set_ramp(self._clock.now_s(), bool(is_on), rate_K_per_min)

    def _read_ramp_status(self, arguments: tuple[str, ...]) -> str:
        is_heated = self._loop(arguments) is self._outputs[_HEATED]
        return f"{is_heated and self._cryostat.is_ramping(self._clock.now_s()):d}"

    def _set_mode(self, arguments: tuple[str, ...]) -> None:
        n = integer(arguments, 0, 1, 4)
        mode, source = integer(arguments, 1, 0, _HIGHEST_MODE[n]), integer(arguments, 2, 0, len("ABCD"))
        powers_up = integer(arguments, 3, 0, 1)
        if n == _HEATED and _MODES[mode] is HeaterMode.CLOSED_LOOP and source != _CONTROL_INPUT:
            raise Refusal(Complaint.OUT_OF_RANGE, ",".join(arguments))  # only input A sits where the heater acts
        self._outputs[n].mode = (mode, source, powers_up)
        if n == _HEATED:
            self._cryostat.set_mode(self._clock.now_s(), _MODES[mode])

    def _set_manual(self, arguments: tuple[str, ...]) -> None:
        output, percent = self._of(arguments), number(arguments, 1, -100.0, 100.0)
        output.manual_percent = percent
        if output is self._outputs[_HEATED]:
            fraction = percent / 100.0
            shown = math.copysign(math.sqrt(abs(fraction)), fraction) if self._shows_power() else fraction
            self._cryostat.set_manual_output(self._clock.now_s(), shown)

    # heaters

    def _set_range(self, arguments: tuple[str, ...]) -> None:
        n = integer(arguments, 0, 1, 4)
        self._outputs[n].range = integer(arguments, 1, 0, 3 if n in _LOOPS else 1)
        self._power(n)

    def _set_heater(self, arguments: tuple[str, ...]) -> None:
        n = integer(arguments, 0, 1, 2)
        resistance, limit = integer(arguments, 1, 1, 2), integer(arguments, 2, 0, 4)
        user_A, display = number(arguments, 3, 0.0, 2.0), integer(arguments, 4, 1, 2)
        self._outputs[n].heater = (resistance, limit, user_A, display)
        self._power(n)

    def _power(self, n: int) -> None:
        if n == _HEATED:
            self._cryostat.set_full_power_W(self._clock.now_s(), self._outputs[n].full_power_W)

    def _shows_power(self) -> bool:
        return self._outputs[_HEATED].heater[3] == _POWER_DISPLAY

    def _shown_percent(self, n: int) -> float:
        if n != _HEATED or not self._outputs[n].range:
            return 0.0
        fraction = self._cryostat.heater_fraction(self._clock.now_s())
        return 100.0 * (fraction * fraction if self._shows_power() else fraction)

    def _read_heater_status(self, arguments: tuple[str, ...]) -> str:
        output = self._loop(arguments)
        is_open = output is self._outputs[_HEATED] and self._cryostat.is_heater_open and output.range > 0
        return f"{is_open:d}"

    # what is only remembered

    def _set_analog(self, arguments: tuple[str, ...]) -> None:
        output = self._voltage(arguments)
        source, units = integer(arguments, 1, 0, 4), integer(arguments, 2, 1, 3)
        output.analog = (source, units, number(arguments, 3), number(arguments, 4), integer(arguments, 5, 0, 1))

    def _read_analog(self, arguments: tuple[str, ...]) -> str:
        source, units, high, low, polarity = self._voltage(arguments).analog
        return f"{source},{units},{six_digits(high)},{six_digits(low)},{polarity}"

    def _set_warmup(self, arguments: tuple[str, ...]) -> None:
        self._voltage(arguments).warmup = (integer(arguments, 1, 0, 1), number(arguments, 2, 0.0, 100.0))

    def _read_voltage_output(self, arguments: tuple[str, ...]) -> str:
        self._voltage(arguments)
        return "+000.0"

    def _set_zone(self, arguments: tuple[str, ...]) -> None:
        zone = tuple(number(arguments, place) for place in range(2, 10))
        self._loop(arguments).zones[integer(arguments, 1, 1, 10)] = zone

    def _read_zone(self, arguments: tuple[str, ...]) -> str:
        zones = self._loop(arguments).zones
        top, p, i, d, manual, span, source, rate = zones.get(
            integer(arguments, 1, 1, 10), (0.0, 50.0, 20.0, 0.0, 0.0, 0.0, 0.0, 0.1)
        )
        gains = f"{p:+07.1f},{i:+07.1f},{d:+06.1f}"
        return f"{six_digits(top)},{gains},{six_digits(manual)},{span:.0f},{source:.0f},{rate:+06.1f}"

    def _set_relay(self, arguments: tuple[str, ...]) -> None:
        relay, mode = integer(arguments, 0, 1, 2), integer(arguments, 1, 0, 2)
        _, letter, kind = self._relays[relay]
        if len(arguments) > 3 and arguments[2] and arguments[3]:
            letter, kind = arguments[2].upper(), integer(arguments, 3, 0, 2)
        self._relays[relay] = (mode, letter, kind)
