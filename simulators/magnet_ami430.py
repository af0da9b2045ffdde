"""The AMI Model 430 power supply programmer as it answers on its socket, driving the simulated coil.

After the Model 430 manual, rev. 5, 4.5 remote interface: ramping states (4.5.6, table 4-5), switch (4.5.7), quench
(4.5.8), error codes and their queue of ten. Two lines greet each connection. Fields are in kilogauss and rates per
second until told otherwise. No persistent switch is installed (``PS:INST?`` is 0, ``PS 1`` is error -107).

Assumed: the number of decimals; what `ASSUMED` lists; one ramp segment only; the bound of that segment may be left out
and does not stop a ramp; target and rate changed while ramping or holding act at once; PAUSED after power-up and after
a quench reset; ramp commands during a quench are ignored without an error.
"""

import math
from dataclasses import replace
from enum import IntEnum
from functools import partial
from typing import Final

from simulators.clock import VirtualClock
from simulators.cryogenics.magnet import COIL_T_PER_A, INDUCTANCE_H, MagnetCoil
from simulators.cryogenics.magnet_circuit import MagnetCircuit, Switch, SwitchState
from simulators.dialect import Complaint, Dialect, ErrorQueue, Handler, Refusal, integer, number

ASSUMED: Final = frozenset(
    {"*IDN?", "*ESR?", "*STB?", "*TST?", "INDuctance?"}
    | {"PSwitch:CURRent?", "PSwitch:HeatTIME?", "PSwitch:CoolTIME?", "PSwitch:PowerSupplyRampRate?"}
)
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
_DIODE_V: Final = 1.0
_AT_ZERO_A: Final = 1e-3 * _SUPPLY_A
_PERSISTENT_A: Final = 0.1


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
    HEATING_SWITCH = 9
    COOLING_SWITCH = 10


class AMI430:
    """State and dialect of the programmer (fills `simulators.dialect.Box`).

    Parameters
    ----------
    clock
        The rack's clock.
    coil
        The magnet that it drives.
    switch
        The persistent switch across the coil, its heater on at first; none if left out.
    """

    terminator = b"\r\n"
    greeting: str | None = "American Magnetics Model 430 IP Interface\r\nHello."
    latency_s = 5e-3

    def __init__(self, clock: VirtualClock, coil: MagnetCoil, switch: Switch | None = None) -> None:
        self._clock = clock
        self._coil = coil
        self._circuit = MagnetCircuit(clock, coil, switch)
        self._heater_mA = 30.0
        self._lead_rate_A_per_s = 1.0
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
        self._dialect = Dialect(self._handlers(), self._complain, ASSUMED, pause=partial(clock.sleep, self.latency_s))

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
            "CURRent:SUPPly?": lambda _: f"{self._shown_A(self._circuit.supply_A()):.4f}",
            "CURRent:TARGet?": lambda _: f"{self._target_A:.4f}",
            "CURRent:LIMit?": lambda _: f"{self._current_limit_A:.4f}",
            "FIELD:MAGnet?": lambda _: f"{self._measured_A() * self._field_per_A():.5f}",
            "FIELD:TARGet?": lambda _: f"{self._target_A * self._field_per_A():.5f}",
            "FIELD:UNITS?": lambda _: f"{self._is_in_tesla:d}",
            "VOLTage:MAGnet?": lambda _: self._volts(self._coil.coil_voltage_V(self._clock.now_s())),
            "VOLTage:SUPPly?": lambda _: self._volts(self._circuit.supply_voltage_V()),
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
            "PSwitch": self._set_switch,
            "PSwitch?": lambda _: f"{self._circuit.switch is not None and self._circuit.is_heater_on:d}",
            "PSwitch:INSTalled?": lambda _: f"{self._circuit.switch is not None:d}",
            "PSwitch:CURRent?": lambda _: f"{self._heater_mA:.4f}",
            "PSwitch:HeatTIME?": lambda _: f"{self._fitted().heating_s:.0f}",
            "PSwitch:CoolTIME?": lambda _: f"{self._fitted().cooling_s:.0f}",
            "PSwitch:PowerSupplyRampRate?": lambda _: f"{self._lead_rate_A_per_s:.4f}",
            "CONFigure:PSwitch:CURRent": self._set_heater_current,
            "CONFigure:PSwitch:HeatTIME": self._set_heating_time,
            "CONFigure:PSwitch:CoolTIME": self._set_cooling_time,
            "CONFigure:PSwitch:PowerSupplyRampRate": self._set_lead_rate,
            "PERSistent?": lambda _: f"{self._is_persistent():d}",
            "QUench": self._set_quench,
            "QUench?": lambda _: f"{self._coil.is_quenched(self._clock.now_s()):d}",
            "QUench:COUNT?": lambda _: f"{self._coil.quench_count(self._clock.now_s())}",
        }

    def switch_off(self) -> None:
        """Take its power away: the current dies down through the diodes of the supply (assumed).

        A persistent current outlives it, and the heater of an open switch cools: the switch closes on what is left.
        """
        self._circuit.ramp(0.0, math.inf, _DIODE_V)
        self._circuit.set_heater(False)

    def switch_on(self) -> None:
        """Give it power again: settings as they were, paused at the current that is left (assumed)."""
        self._errors.clear()
        self._start(State.PAUSED)

    # what it does

    def _state(self) -> State:
        now_s = self._clock.now_s()
        if self._coil.is_quenched(now_s):
            return State.QUENCH
        if self._circuit.switch_state in _MOVING_SWITCH:
            return _MOVING_SWITCH[self._circuit.switch_state]
        if self._course is State.RAMPING and self._circuit.is_at_rest():
            return State.HOLDING
        if self._course is State.ZEROING and abs(self._circuit.supply_A()) < _AT_ZERO_A:
            return State.AT_ZERO
        return self._course

    def _start(self, course: State) -> None:
        if self._coil.is_quenched(self._clock.now_s()) or self._circuit.switch_state in _MOVING_SWITCH:
            return
        self._course = course
        self._drive()

    def _drive(self) -> None:
        """Let the coil do what was asked for last, with the present settings."""
        if self._course is State.PAUSED:
            self._circuit.hold()
            return
        goal_A = {
            State.RAMPING: self._target_A,
            State.MANUAL_UP: self._current_limit_A,
            State.MANUAL_DOWN: -self._current_limit_A,
            State.ZEROING: 0.0,
        }[self._course]
        rate_A_per_s = self._rate_A_per_s if self._circuit.is_joined else self._lead_rate_A_per_s
        self._circuit.ramp(goal_A, rate_A_per_s, self._voltage_limit_V)

    def _measured_A(self) -> float:
        return self._shown_A(self._circuit.coil_A())

    def _shown_A(self, current_A: float) -> float:
        return self._coil.shown_current_A(self._clock.now_s(), current_A)

    def _is_persistent(self) -> bool:
        return self._circuit.switch_state is SwitchState.CLOSED and abs(self._circuit.coil_A()) > _PERSISTENT_A

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

    def _fitted(self) -> Switch:
        if self._circuit.switch is None:
            raise Refusal(Complaint.NOT_PERMITTED, _NO_SWITCH)
        return self._circuit.switch

    def _set_switch(self, arguments: tuple[str, ...]) -> None:
        is_on = _boolean(arguments)
        self._fitted()
        if self._circuit.is_quenched():
            return
        differ = abs(self._circuit.supply_A() - self._circuit.coil_A()) > _PERSISTENT_A
        if not self._circuit.is_at_rest() or (is_on and differ):
            raise Refusal(Complaint.OUT_OF_RANGE, arguments[0])
        # it comes up paused, so that nothing starts by itself when the switch has moved
        self._start(State.PAUSED)
        self._circuit.set_heater(is_on)

    def _set_heater_current(self, arguments: tuple[str, ...]) -> None:
        self._fitted()
        self._heater_mA = number(arguments, 0, 0.0, 125.0)

    def _set_heating_time(self, arguments: tuple[str, ...]) -> None:
        self._circuit.switch = replace(self._fitted(), heating_s=number(arguments, 0, 5.0, 120.0))

    def _set_cooling_time(self, arguments: tuple[str, ...]) -> None:
        self._circuit.switch = replace(self._fitted(), cooling_s=number(arguments, 0, 5.0, 3600.0))

    def _set_lead_rate(self, arguments: tuple[str, ...]) -> None:
        self._fitted()
        self._lead_rate_A_per_s = number(arguments, 0, 1e-3, 10.0)

    def _set_quench(self, arguments: tuple[str, ...]) -> None:
        if _boolean(arguments):
            self._coil.quench(self._clock.now_s())
        else:
            self._coil.reset_quench(self._clock.now_s())
            self._course = State.PAUSED

    def _complain(self, refusal: Refusal) -> None:
        self._errors.push(_CODES.get(refusal.complaint, refusal.text))


_MOVING_SWITCH: Final = {
    SwitchState.OPENING: State.HEATING_SWITCH,
    SwitchState.CLOSING: State.COOLING_SWITCH,
}


def _boolean(arguments: tuple[str, ...]) -> bool:
    """Read a 0 or a 1; the box has an error of its own for anything else."""
    if arguments and arguments[0] not in ("0", "1"):
        raise Refusal(Complaint.NOT_PERMITTED, _NON_BOOLEAN)
    return bool(integer(arguments, 0, 0, 1))
