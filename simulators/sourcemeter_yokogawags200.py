"""The Yokogawa GS200 source as its wire sees it: command table, error queue, status registers, and its programs.

After the GS200 user's manual (IM GS210-01EN), section 13: limiter 13-12, status 13-30. It has no monitor option, so it
measures nothing. Assumed: the texts of errors, the format of numbers, settings after ``*RST``, and that a level which
does not fit a new range becomes that range's largest. A slope goes in steps of 20 ms.

A message unit that is not understood ends its message.
"""

import math
from functools import partial
from typing import Final

from simulators.clock import VirtualClock
from simulators.dialect import Complaint, Dialect, ErrorQueue, Handler, Refusal, integer, number, word
from simulators.parts.keithley2400_language import boolean, function_of
from simulators.parts.source_unit import CURRENT, VOLTAGE, SourceKind, SourceSettings, SourceUnit
from simulators.world import World

YOKOGAWA_GS200: Final = SourceKind(
    name="yokogawags200",
    ranges={CURRENT: (1e-3, 1e-2, 1e-1, 2e-1), VOLTAGE: (1e-2, 1e-1, 1.0, 10.0, 30.0)},
    largest={CURRENT: 0.2, VOLTAGE: 32.0},
    over_range=1.2,
    resolution={CURRENT: 1e-5, VOLTAGE: 1e-5},
    source_offset=2e-5,  # class-typical, as is all below
    source_gain=5e-5,
)

LIMITER: Final = {VOLTAGE: (1.0, 30.0), CURRENT: (1e-3, 0.2)}
_SLOPE_STEP_S: Final = 0.02
_TIME_S: Final = (0.1, 3600.0)  # interval and slope of a program
_MOST_STEPS: Final = 10_000

# condition register: nothing measured, stored, written, missed or prepared
_IDLE: Final = 1 | 4 | 8 | 16 | 256
_SOURCE_CHANGED: Final = 32
_STEP_ENDED: Final = 64
_PROGRAM_ENDED: Final = 128
_LOW_LIMITER: Final = 1024
_HIGH_LIMITER: Final = 2048

_POWER_ON: Final = 128  # standard event register
_COMMAND_ERROR: Final = 32
_EXECUTION_ERROR: Final = 16
_ERRORS: Final = {
    Complaint.UNKNOWN_COMMAND: '-113,"Undefined header"',
    Complaint.UNKNOWN_QUERY: '-113,"Undefined header"',
    Complaint.MISSING_ARGUMENT: '-109,"Missing parameter"',
    Complaint.INVALID_ARGUMENT: '-104,"Data type error"',
    Complaint.OUT_OF_RANGE: '-222,"Data out of range"',
    Complaint.NOT_PERMITTED: '-221,"Settings conflict"',
}

# kept and read back, no more: header -> value after *RST
_KEPT: Final = {
    "SENSe:REMote": "0",
    "SENSe:GUARd": "0",
    "PROGram:TRIGger": "NORM",
    "PROGram:REPeat": "0",
    "ROUTe:BNCO": "TRIG",
    "ROUTe:BNCI": "TRIG",
    "SYSTem:DISPlay": "1",
    "SYSTem:LFRequency": "60",
    "STATus:ENABle": "0",
    "*ESE": "0",
    "*SRE": "0",
}
_ASSUMED: Final = frozenset(
    {
        "*IDN?",
        "*OPT?",
        "SYSTem:ERRor?",
        "SOURce:RANGe?",
        "SOURce:LEVel[:FIXed]?",
        "PROGram:INTerval?",
        "PROGram:SLOPe?",
        *(f"{header}?" for header in _KEPT),
    }
)


class YokogawaGS200:
    """One GS200, its output on the low-pass and the DC arm.

    As the lab left it: settings of ``*RST``, output off.

    Parameters
    ----------
    clock, world
        Of its rack.
    seed
        Draws its offsets.
    """

    terminator = b"\n"
    greeting = None
    latency_s = 1e-3

    def __init__(self, clock: VirtualClock, world: World, seed: int) -> None:
        self._clock = clock
        self._unit = SourceUnit(world, seed, YOKOGAWA_GS200)
        self._errors = ErrorQueue('0,"No error"', '-350,"Queue overflow"', 16)
        self._event_status = 0
        self._events = 0
        self._run_number = 0
        self._set_defaults()
        self._dialect = Dialect(
            self._handlers(), self._complain, _ASSUMED, pause=partial(clock.sleep, self.latency_s), stops_at_error=True
        )

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: the output is open."""
        self._reset()
        self._clear_status()

    def switch_on(self) -> None:
        """Give it power again: settings of ``*RST``, output off."""
        self._event_status = _POWER_ON

    def _set_defaults(self) -> None:
        self._settings = SourceSettings(
            source_range={CURRENT: 1e-3, VOLTAGE: 1.0}, protection={CURRENT: 0.2, VOLTAGE: 30.0}
        )
        self._kept = dict(_KEPT)
        self._program: list[float] = []
        self._is_editing = False
        self._interval_s = self._slope_s = 1.0
        self._run_number += 1

    def _handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: "YOKOGAWA,GS210,91W123456,2.02",
            "*OPT?": lambda _: "NONE",
            "*RST": lambda _: self._reset(),
            "*CLS": lambda _: self._clear_status(),
            "*OPC": lambda _: None,
            "*OPC?": lambda _: "1",
            "*WAI": lambda _: None,
            "*TST?": lambda _: "0",
            "*ESR?": lambda _: self._take_event_status(),
            "*STB?": lambda _: str(self._status_byte()),
            "SYSTem:ERRor?": lambda _: self._errors.pop(),
            "STATus:ERRor?": lambda _: self._errors.pop(),
            "STATus:CONDition?": lambda _: str(self._condition()),
            "STATus:EVENt?": lambda _: self._take_events(),
            "OUTPut[:STATe]": self._set_output,
            "OUTPut[:STATe]?": lambda _: str(int(self._settings.is_on)),
            "SOURce:FUNCtion": self._set_function,
            "SOURce:FUNCtion?": lambda _: self._settings.function,
            "SOURce:RANGe": self._set_range,
            "SOURce:RANGe?": lambda _: engineering(self._range),
            "SOURce:LEVel[:FIXed]": lambda arguments: self._set_level(arguments, is_auto=False),
            "SOURce:LEVel[:FIXed]?": lambda _: engineering(self._settings.level[self._function]),
            "SOURce:LEVel:AUTO": lambda arguments: self._set_level(arguments, is_auto=True),
            "SOURce:LEVel:AUTO?": lambda _: engineering(self._settings.level[self._function]),
            "PROGram:INTerval": self._set_interval,
            "PROGram:INTerval?": lambda _: f"{self._interval_s:.1f}",
            "PROGram:SLOPe": self._set_slope,
            "PROGram:SLOPe?": lambda _: f"{self._slope_s:.1f}",
            "PROGram:EDIT:STARt": lambda _: self._edit(),
            "PROGram:EDIT:END": lambda _: self._end_edit(),
            "PROGram:COUNt?": lambda _: str(len(self._program)),
            "PROGram:RUN": lambda _: self._run(),
            "PROGram:HOLD": lambda _: self._stop_program(),
        }
        for quantity, name in ((VOLTAGE, "VOLTage"), (CURRENT, "CURRent")):
            header = f"SOURce:PROTection:{name}"
            table[header] = lambda arguments, quantity=quantity: self._set_limiter(quantity, arguments)
            table[f"{header}?"] = lambda arguments, quantity=quantity: self._limiter(quantity, arguments)
        for header in _KEPT:
            table[header] = lambda arguments, header=header: self._keep(header, arguments)
            table[f"{header}?"] = lambda _, header=header: self._kept[header]
        return table

    @property
    def _function(self) -> str:
        return self._settings.function

    @property
    def _range(self) -> float:
        return self._settings.source_range[self._function]

    # source

    def _apply(self) -> None:
        self._events |= _SOURCE_CHANGED
        self._unit.apply(self._settings, self._clock.now_s())

    def _reset(self) -> None:
        self._set_defaults()
        self._apply()

    def _set_output(self, arguments: tuple[str, ...]) -> None:
        self._settings.is_on = boolean(arguments)
        if not self._settings.is_on:
            self._stop_program()
        self._apply()

    def _set_function(self, arguments: tuple[str, ...]) -> None:
        function = function_of(word(arguments))
        if function != self._function:
            # the output goes off when the source function changes
            self._settings.function, self._settings.is_on = function, False
            self._stop_program()
            self._apply()

    def _set_range(self, arguments: tuple[str, ...]) -> None:
        ranges, function = YOKOGAWA_GS200.ranges[self._function], self._function
        steps = {"MIN": ranges[0], "MINIMUM": ranges[0], "MAX": ranges[-1], "MAXIMUM": ranges[-1]}
        place = ranges.index(self._range)
        steps |= {"UP": ranges[min(place + 1, len(ranges) - 1)], "DOWN": ranges[max(place - 1, 0)]}
        asked = steps.get(word(arguments))
        if asked is None:
            value = number(arguments, 0, 0.0, ranges[-1])
            asked = next(entry for entry in ranges if value <= entry * (1.0 + 1e-9))
        end = YOKOGAWA_GS200.end_of(function, asked)
        level = self._settings.level[function]
        self._settings.source_range[function] = asked
        self._settings.level[function] = math.copysign(min(abs(level), end), level)
        self._apply()

    def _set_level(self, arguments: tuple[str, ...], *, is_auto: bool) -> None:
        function, full_scale = self._function, self._range
        end = YOKOGAWA_GS200.largest[function] if is_auto else YOKOGAWA_GS200.end_of(function, full_scale)
        value = {"MIN": -end, "MINIMUM": -end, "MAX": end, "MAXIMUM": end}.get(word(arguments))
        value = number(arguments, 0, -end * (1.0 + 1e-9), end * (1.0 + 1e-9)) if value is None else value
        if self._is_editing:
            if len(self._program) >= _MOST_STEPS:
                raise Refusal(Complaint.NOT_PERMITTED, "the program is full")
            self._program.append(value)
            return
        if is_auto:
            fitting = YOKOGAWA_GS200.fitting_range(function, value)
            self._settings.source_range[function] = full_scale = fitting or full_scale
        self._stop_program()
        self._settings.level[function] = YOKOGAWA_GS200.rounded(function, full_scale, value)
        self._apply()

    def _set_limiter(self, quantity: str, arguments: tuple[str, ...]) -> None:
        low, high = LIMITER[quantity]
        value = {"MIN": low, "MINIMUM": low, "MAX": high, "MAXIMUM": high}.get(word(arguments))
        self._settings.protection[quantity] = number(arguments, 0, low, high) if value is None else value
        self._apply()

    def _limiter(self, quantity: str, arguments: tuple[str, ...]) -> str:
        low, high = LIMITER[quantity]
        asked = {"MIN": low, "MINIMUM": low, "MAX": high, "MAXIMUM": high}
        if not arguments:
            return engineering(self._settings.protection[quantity])
        if word(arguments) not in asked:
            raise Refusal(Complaint.INVALID_ARGUMENT, arguments[0])
        return engineering(asked[word(arguments)])

    # program

    def _set_interval(self, arguments: tuple[str, ...]) -> None:
        self._interval_s = number(arguments, 0, *_TIME_S)

    def _set_slope(self, arguments: tuple[str, ...]) -> None:
        self._slope_s = number(arguments, 0, 0.0, _TIME_S[1])

    def _edit(self) -> None:
        self._stop_program()
        self._program, self._is_editing = [], True

    def _end_edit(self) -> None:
        self._is_editing = False

    def _stop_program(self) -> None:
        # actions that are booked find another number and do nothing
        self._run_number += 1

    def _run(self) -> None:
        """Book the steps of the program: from level to level within the slope time, one step an interval."""
        if not self._settings.is_on or self._is_editing or not self._program:
            raise Refusal(Complaint.NOT_PERMITTED, "no program, or the output is off")
        self._stop_program()
        run_number, function, start_s = self._run_number, self._function, self._clock.now_s()
        level = self._settings.level[function]
        for place, target in enumerate(self._program):
            begin_s = start_s + place * self._interval_s
            steps = max(1, round(min(self._slope_s, self._interval_s) / _SLOPE_STEP_S))
            for step in range(1, steps + 1):
                due_s = begin_s + step * _SLOPE_STEP_S if self._slope_s else begin_s
                self._book(run_number, due_s, level + (target - level) * step / steps)
            level = target
        end_s = start_s + len(self._program) * self._interval_s
        self._clock.call_at(end_s, lambda: self._end_program(run_number))

    def _book(self, run_number: int, due_s: float, level: float) -> None:
        def step() -> None:
            if run_number == self._run_number:
                self._settings.level[self._function] = YOKOGAWA_GS200.rounded(self._function, self._range, level)
                self._apply()

        self._clock.call_at(due_s, step)

    def _end_program(self, run_number: int) -> None:
        if run_number == self._run_number:
            self._events |= _STEP_ENDED | _PROGRAM_ENDED
            if self._kept["PROGram:REPeat"] == "1":
                self._run()

    # status

    def _condition(self) -> int:
        settings = self._settings
        if not self._unit.is_clamped(settings, self._clock.now_s()):
            return _IDLE
        return _IDLE | (_HIGH_LIMITER if settings.level[self._function] > 0.0 else _LOW_LIMITER)

    def _take_events(self) -> str:
        reply, self._events = str(self._events | self._condition()), 0
        return reply

    def _keep(self, header: str, arguments: tuple[str, ...]) -> None:
        text = {"ON": "1", "OFF": "0"}.get(word(arguments), word(arguments))
        if _KEPT[header].isdigit():
            integer((text,))
        self._kept[header] = text

    def _complain(self, refusal: Refusal) -> None:
        entry = _ERRORS[refusal.complaint]
        self._errors.push(entry)
        self._event_status |= _COMMAND_ERROR if entry.startswith("-1") else _EXECUTION_ERROR

    def _take_event_status(self) -> str:
        reply, self._event_status = str(self._event_status), 0
        return reply

    def _status_byte(self) -> int:
        """Return the status byte: extended events, error available, event summary, service request."""
        byte = 8 if (self._events | self._condition()) & int(self._kept["STATus:ENABle"]) else 0
        byte |= 4 if len(self._errors) else 0
        byte |= 32 if self._event_status & int(self._kept["*ESE"]) else 0
        return byte | (64 if byte & int(self._kept["*SRE"]) else 0)

    def _clear_status(self) -> None:
        self._errors.clear()
        self._event_status = self._events = 0


def engineering(value: float) -> str:
    """Return a number with an exponent that is a multiple of three, e.g. ``+30E+0``, ``+438.55E-6``."""
    if value == 0.0:
        return "+0E+0"
    power = 3 * math.floor(math.log10(abs(value) * (1.0 + 1e-12)) / 3.0)
    return f"{value / 10.0**power:+.9g}E{power:+d}"
