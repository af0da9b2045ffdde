"""The AMI Model 430 power supply programmer as it answers on its socket, driving the simulated coil.

After the Model 430 manual, rev. 5, 4.5 remote interface: ramping states (4.5.6, table 4-5), switch (4.5.7), quench
(4.5.8), error codes and their queue of ten. Two lines greet each connection. Fields are in kilogauss and rates per
second until told otherwise. No persistent switch is installed (``PS:INST?`` is 0, ``PS 1`` is error -107).

Assumed: the number of decimals; what `ASSUMED` lists; one ramp segment only; the bound of that segment may be left out
and does not stop a ramp; target and rate changed while ramping or holding act at once; PAUSED after power-up and after
a quench reset; ramp commands during a quench are ignored without an error.
"""

from enum import IntEnum
from typing import Final, Protocol

from simulators.dialect import Complaint, Dialect, ErrorQueue, Handler, Refusal, integer, number
from simulators.magnet import COIL_T_PER_A, INDUCTANCE_H, MagnetCoil

ASSUMED: Final = frozenset({"*IDN?", "*ESR?", "*STB?", "*TST?", "INDuctance?"})
"""Queries whose reply format is recalled, not read in a manual."""

_CODES: Final = {
    Complaint.UNKNOWN_COMMAND: '-101,"Unrecognized command"',
    Complaint.INVALID_ARGUMENT: '-102,"Invalid argument"',
    Complaint.MISSING_ARGUMENT: '-104,"Missing parameter"',
    Complaint.OUT_OF_RANGE: '-105,"Value out of range"',
    Complaint.UNKNOWN_QUERY: '-201,"Unrecognized query"',
}
_NON_BOOLEAN: Final = '-103,"Non-boolean argument"'
_NO_SWITCH: Final = '-107,"No persistent switch installed"'

_TESLA_PER_KILOGAUSS: Final = 0.1
_SUPPLY_A: Final = 100.0
_SUPPLY_V: Final = 5.0
_AT_ZERO_A: Final = 1e-3 * _SUPPLY_A


class Clock(Protocol):
    """What the box asks of the rack's clock."""

    def now_s(self) -> float:
        """Return the experiment time in seconds."""
        ...


class State(IntEnum):
    """Replies to ``STATE?`` (table 4-5)."""

    RAMPING = 1
    HOLDING = 2
    PAUSED = 3
    MANUAL_UP = 4
    MANUAL_DOWN = 5
    ZEROING = 6
    QUENCH = 7
    AT_ZERO = 8


class AMI430:
    """State and dialect of the programmer (fills `simulators.dialect.Box`).

    Parameters
    ----------
    clock
        The rack's clock.
    coil
        The magnet that it drives.
    """

    terminator = b"\r\n"
    greeting: str | None = "American Magnetics Model 430 IP Interface\r\nHello."
    latency_s = 5e-3

    def __init__(self, clock: Clock, coil: MagnetCoil) -> None:
        self._clock = clock
        self._coil = coil
        # what was asked for last: RAMPING, PAUSED, MANUAL_UP, MANUAL_DOWN or ZEROING
        self._course = State.PAUSED
        self._target_A = 0.0
        self._rate_A_per_s = 0.05
        self._bound_A = 80.0
        self._current_limit_A = 80.0
        self._voltage_limit_V = 2.0
        self._coil_T_per_A = COIL_T_PER_A
        self._is_in_tesla = False
        self._is_per_minute = False
        self._errors = ErrorQueue('0,"No errors"', '-304,"Error buffer overflow"', 10)
        self._dialect = Dialect(self._handlers(), self._complain, ASSUMED)

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def _handlers(self) -> dict[str, Handler]:
        return {
            "*IDN?": lambda _: "AMERICAN MAGNETICS INC.,MODEL 430,2.01",
            "*CLS": lambda _: self._errors.clear(),
            "*OPC?": lambda _: "1",
            "*ESR?": lambda _: "0",
            "*STB?": lambda _: "0",
            "*TST?": lambda _: "0",
            "SYSTem:ERRor?": lambda _: self._errors.pop(),
            "SYSTem:REMote": lambda _: None,
            "SYSTem:LOCal": lambda _: None,
            "STATE?": lambda _: f"{int(self._state())}",
            "RAMP": lambda _: self._start(State.RAMPING),
            "PAUSE": lambda _: self._start(State.PAUSED),
            "INCR": lambda _: self._start(State.MANUAL_UP),
            "DECR": lambda _: self._start(State.MANUAL_DOWN),
            "ZERO": lambda _: self._start(State.ZEROING),
            "CURRent:MAGnet?": lambda _: f"{self._measured_A():.4f}",
            "CURRent:SUPPly?": lambda _: f"{self._measured_A():.4f}",
            "CURRent:TARGet?": lambda _: f"{self._target_A:.4f}",
            "CURRent:LIMit?": lambda _: f"{self._current_limit_A:.4f}",
            "FIELD:MAGnet?": lambda _: f"{self._measured_A() * self._field_per_A():.5f}",
            "FIELD:TARGet?": lambda _: f"{self._target_A * self._field_per_A():.5f}",
            "FIELD:UNITS?": lambda _: f"{self._is_in_tesla:d}",
            "VOLTage:MAGnet?": lambda _: self._volts(self._coil.coil_voltage_V(self._clock.now_s())),
            "VOLTage:SUPPly?": lambda _: self._volts(self._coil.supply_voltage_V(self._clock.now_s())),
            "VOLTage:LIMit?": lambda _: f"{self._voltage_limit_V:.4f}",
            "COILconst?": lambda _: f"{self._field_per_A():.6f}",
            "INDuctance?": lambda _: f"{INDUCTANCE_H:.4f}",
            "RAMP:RATE:UNITS?": lambda _: f"{self._is_per_minute:d}",
            "RAMP:RATE:SEGments?": lambda _: "1",
            "RAMP:RATE:CURRent:1?": lambda _: self._read_rate(1.0),
            "RAMP:RATE:FIELD:1?": lambda _: self._read_rate(self._field_per_A()),
            "CONFigure:CURRent:TARGet": lambda arguments: self._set_target(arguments, 1.0),
            "CONFigure:FIELD:TARGet": lambda arguments: self._set_target(arguments, self._field_per_A()),
            "CONFigure:CURRent:LIMit": self._set_current_limit,
            "CONFigure:VOLTage:LIMit": self._set_voltage_limit,
            "CONFigure:COILconst": self._set_coil,
            "CONFigure:FIELD:UNITS": self._set_field_units,
            "CONFigure:RAMP:RATE:UNITS": self._set_rate_units,
            "CONFigure:RAMP:RATE:SEGments": self._set_segments,
            "CONFigure:RAMP:RATE:CURRent": lambda arguments: self._set_rate(arguments, 1.0),
            "CONFigure:RAMP:RATE:FIELD": lambda arguments: self._set_rate(arguments, self._field_per_A()),
            "PSwitch": self._refuse_switch,
            "PSwitch?": lambda _: "0",
            "PSwitch:INSTalled?": lambda _: "0",
            "PERSistent?": lambda _: "0",
            "QUench": self._set_quench,
            "QUench?": lambda _: f"{self._coil.is_quenched(self._clock.now_s()):d}",
            "QUench:COUNT?": lambda _: f"{self._coil.quench_count(self._clock.now_s())}",
        }

    # what it does

    def _state(self) -> State:
        now_s = self._clock.now_s()
        if self._coil.is_quenched(now_s):
            return State.QUENCH
        if self._course is State.RAMPING and now_s >= self._coil.arrival_s(now_s):
            return State.HOLDING
        if self._course is State.ZEROING and abs(self._coil.current_A(now_s)) < _AT_ZERO_A:
            return State.AT_ZERO
        return self._course

    def _start(self, course: State) -> None:
        if self._coil.is_quenched(self._clock.now_s()):
            return
        self._course = course
        self._drive()

    def _drive(self) -> None:
        """Let the coil do what was asked for last, with the present settings."""
        now_s = self._clock.now_s()
        if self._course is State.PAUSED:
            self._coil.hold(now_s)
            return
        goal_A = {
            State.RAMPING: self._target_A,
            State.MANUAL_UP: self._current_limit_A,
            State.MANUAL_DOWN: -self._current_limit_A,
            State.ZEROING: 0.0,
        }[self._course]
        self._coil.ramp(now_s, goal_A, self._rate_A_per_s, self._voltage_limit_V)

    def _measured_A(self) -> float:
        return self._coil.measured_current_A(self._clock.now_s())

    def _volts(self, voltage_V: float) -> str:
        return f"{self._coil.measured_voltage_V(self._clock.now_s(), voltage_V):.4f}"

    def _field_per_A(self) -> float:
        """Return the coil constant as set, in the present field unit."""
        return self._coil_T_per_A / (1.0 if self._is_in_tesla else _TESLA_PER_KILOGAUSS)

    def _rate_per_A_per_s(self) -> float:
        return 60.0 if self._is_per_minute else 1.0

    # settings

    def _set_target(self, arguments: tuple[str, ...], per_A: float) -> None:
        limit = self._current_limit_A * per_A
        self._target_A = number(arguments, 0, -limit, limit) / per_A
        if self._course is State.RAMPING:
            self._drive()

    def _set_rate(self, arguments: tuple[str, ...], per_A: float) -> None:
        integer(arguments, 0, 1, 1)
        unit = per_A * self._rate_per_A_per_s()
        rate_A_per_s = number(arguments, 1, 1e-6 * unit, 10.0 * unit) / unit
        if len(arguments) > 2:
            self._bound_A = number(arguments, 2, 0.0) / per_A
        self._rate_A_per_s = rate_A_per_s
        if self._course is not State.PAUSED:
            self._drive()

    def _read_rate(self, per_A: float) -> str:
        return f"{self._rate_A_per_s * per_A * self._rate_per_A_per_s():.6f},{self._bound_A * per_A:.4f}"

    def _set_current_limit(self, arguments: tuple[str, ...]) -> None:
        self._current_limit_A = number(arguments, 0, 0.0, _SUPPLY_A)

    def _set_voltage_limit(self, arguments: tuple[str, ...]) -> None:
        self._voltage_limit_V = number(arguments, 0, 1e-3, _SUPPLY_V)

    def _set_coil(self, arguments: tuple[str, ...]) -> None:
        unit_T = 1.0 if self._is_in_tesla else _TESLA_PER_KILOGAUSS
        self._coil_T_per_A = number(arguments, 0, 1e-4, 1e4) * unit_T

    def _set_field_units(self, arguments: tuple[str, ...]) -> None:
        self._is_in_tesla = _boolean(arguments)

    def _set_rate_units(self, arguments: tuple[str, ...]) -> None:
        self._is_per_minute = _boolean(arguments)

    def _set_segments(self, arguments: tuple[str, ...]) -> None:
        integer(arguments, 0, 1, 1)

    def _refuse_switch(self, arguments: tuple[str, ...]) -> None:
        _boolean(arguments)
        raise Refusal(Complaint.NOT_PERMITTED, _NO_SWITCH)

    def _set_quench(self, arguments: tuple[str, ...]) -> None:
        if _boolean(arguments):
            self._coil.quench(self._clock.now_s())
        else:
            self._coil.reset_quench(self._clock.now_s())
            self._course = State.PAUSED

    def _complain(self, refusal: Refusal) -> None:
        self._errors.push(_CODES.get(refusal.complaint, refusal.text))


def _boolean(arguments: tuple[str, ...]) -> bool:
    """Read a 0 or a 1; the box has an error of its own for anything else."""
    if arguments and arguments[0] not in ("0", "1"):
        raise Refusal(Complaint.NOT_PERMITTED, _NON_BOOLEAN)
    return bool(integer(arguments, 0, 0, 1))
