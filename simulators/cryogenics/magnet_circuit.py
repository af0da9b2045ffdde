"""A magnet supply, its leads, the coil and, where one is fitted, the persistent switch across the coil.

While the switch is cold it is superconducting: the current in the coil stands still, whatever the supply does. Heated
it has 20 ohm, and supply and coil carry one current. A switch takes its time to open and to close (class-typical 15 s
and 20 s); it is closed only when it has cooled to the end.

If the switch opens while supply and coil carry different currents, the difference is forced through it: a spike of
``dI 20 ohm`` across the coil, which drives the coil towards the supply at ``dI 20 ohm / L``. An ampere is enough to
quench this coil. Boxes refuse to heat then, as far as they know of the difference.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Final, Protocol

from simulators.cryogenics.magnet import INDUCTANCE_H, LEAD_OHM, MagnetCoil

SWITCH_OHM: Final = 20.0


class Clock(Protocol):
    """What the circuit asks of the rack's clock."""

    def now_s(self) -> float:
        """Return the experiment time in seconds."""
        ...

    def call_at(self, time_s: float, action: Callable[[], None]) -> None:
        """Book an action."""
        ...


class SwitchState(Enum):
    """What the persistent switch is."""

    NOT_FITTED = auto()
    CLOSED = auto()
    OPENING = auto()
    OPEN = auto()
    CLOSING = auto()


@dataclass(frozen=True, slots=True)
class Switch:
    """A persistent switch as fitted."""

    heating_s: float = 15.0
    cooling_s: float = 20.0


@dataclass(frozen=True, slots=True)
class _Drive:
    """What the supply was last told: from a current towards a target, no faster than rate and voltage limit allow."""

    start_s: float
    start_A: float
    target_A: float
    rate_A_per_s: float
    voltage_limit_V: float

    def current_A(self, time_s: float) -> float:
        """Return the current with nothing but the leads in the way."""
        way_A = self.target_A - self.start_A
        done_A = self.rate_A_per_s * (time_s - self.start_s)
        return self.target_A if done_A >= abs(way_A) else self.start_A + math.copysign(done_A, way_A)

    @property
    def end_s(self) -> float:
        return self.start_s + (abs(self.target_A - self.start_A) / self.rate_A_per_s if self.rate_A_per_s else 0.0)


class MagnetCircuit:
    """What a magnet supply drives.

    Parameters
    ----------
    clock
        The rack's clock, which books the ends of heating and cooling.
    coil
        The magnet.
    switch
        The persistent switch; none if left out.
    is_open
        Whether the switch heater is on at the start, with the switch open.
    """

    def __init__(self, clock: Clock, coil: MagnetCoil, switch: Switch | None = None, *, is_open: bool = True) -> None:
        self.coil = coil
        self.switch = switch
        self._clock = clock
        self._state = SwitchState.NOT_FITTED if switch is None else SwitchState.OPEN if is_open else SwitchState.CLOSED
        self._changed_s = clock.now_s()
        self._drive = _Drive(clock.now_s(), 0.0, 0.0, 0.0, math.inf)

    # outputs

    @property
    def switch_state(self) -> SwitchState:
        """Return what the switch is just now."""
        return self._state

    @property
    def is_heater_on(self) -> bool:
        """Return whether the switch heater is on."""
        return self._state in (SwitchState.OPENING, SwitchState.OPEN)

    @property
    def is_joined(self) -> bool:
        """Return whether supply and coil carry one current."""
        return self._state in (SwitchState.NOT_FITTED, SwitchState.OPEN, SwitchState.CLOSING)

    def supply_A(self) -> float:
        """Return the current of the supply."""
        now_s = self._clock.now_s()
        return self.coil.current_A(now_s) if self.is_joined else self._drive.current_A(now_s)

    def coil_A(self) -> float:
        """Return the current in the coil."""
        return self.coil.current_A(self._clock.now_s())

    def supply_voltage_V(self) -> float:
        """Return the voltage of the supply."""
        if self.is_joined:
            return self.coil.supply_voltage_V(self._clock.now_s())
        return LEAD_OHM * self.supply_A()

    def is_at_rest(self) -> bool:
        """Return whether the supply's current stands still."""
        now_s = self._clock.now_s()
        return now_s >= (self.coil.arrival_s(now_s) if self.is_joined else self._drive.end_s)

    def is_quenched(self) -> bool:
        """Return whether a quench has happened that was not reset."""
        return self.coil.is_quenched(self._clock.now_s())

    # inputs

    def ramp(self, target_A: float, rate_A_per_s: float, voltage_limit_V: float) -> None:
        """Drive the supply's current towards a target; does nothing while quenched."""
        now_s = self._clock.now_s()
        self._drive = _Drive(now_s, self.supply_A(), target_A, rate_A_per_s, voltage_limit_V)
        if self.is_joined:
            self.coil.ramp(now_s, target_A, rate_A_per_s, voltage_limit_V)

    def hold(self) -> None:
        """Stop the supply's current where it is."""
        here_A = self.supply_A()
        self._drive = _Drive(self._clock.now_s(), here_A, here_A, 0.0, math.inf)
        if self.is_joined:
            self.coil.hold(self._clock.now_s())

    def set_heater(self, is_on: bool) -> None:
        """Switch the heater of the persistent switch; nothing happens where none is fitted."""
        if self.switch is None or is_on == self.is_heater_on:
            return
        # a switch that is warm still, or cold still, is where it was at once
        state, duration_s = {
            SwitchState.CLOSED: (SwitchState.OPENING, self.switch.heating_s),
            SwitchState.CLOSING: (SwitchState.OPEN, 0.0),
            SwitchState.OPEN: (SwitchState.CLOSING, self.switch.cooling_s),
            SwitchState.OPENING: (SwitchState.CLOSED, 0.0),
        }[self._state]
        self._state, self._changed_s = state, self._clock.now_s()
        if duration_s:
            self._clock.call_at(self._changed_s + duration_s, partial(self._finish, state, self._changed_s))

    def _finish(self, state: SwitchState, changed_s: float) -> None:
        """Let the switch be open or closed to the end, unless the heater was switched again in the meantime."""
        if (self._state, self._changed_s) != (state, changed_s):
            return
        if state is SwitchState.CLOSING:
            self._close()
        else:
            self._open()

    def _close(self) -> None:
        now_s = self._clock.now_s()
        self._drive = _Drive(
            now_s,
            self.coil.current_A(now_s),
            self.coil.current_A(now_s) if now_s >= self.coil.arrival_s(now_s) else self._drive.target_A,
            self._drive.rate_A_per_s,
            self._drive.voltage_limit_V,
        )
        self._state = SwitchState.CLOSED
        self.coil.hold(now_s)

    def _open(self) -> None:
        now_s = self._clock.now_s()
        supply_A, coil_A = self._drive.current_A(now_s), self.coil.current_A(now_s)
        self._state = SwitchState.OPEN
        if now_s < self._drive.end_s:
            self.coil.ramp(now_s, self._drive.target_A, self._drive.rate_A_per_s, self._drive.voltage_limit_V)
        elif supply_A != coil_A:
            self.coil.ramp(now_s, supply_A, abs(supply_A - coil_A) * SWITCH_OHM / INDUCTANCE_H, math.inf)
