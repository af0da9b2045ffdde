"""Oxford Instruments IPS120-10 magnet supply, in the role `Magnet`; also the PS120-10 and a MercuryiPS in legacy mode.

Commands after the IPS120-10 manual (revision 12) and the MercuryiPS manual (issue 14, 10.4 "Legacy commands"); the line
protocol is `instruments.oxford`. Pymeasure's IPS120_10 is not used: it sets off (A1) before it gives the new set point,
so the magnet first goes to the old one; it never looks whether the magnet has quenched; its waits cannot be stopped.

Here the supply is put on hold first; rate and set point are given and read back; only then is it told to go. Which box
it is, is read from its version: the PS120-10 counts in hundredths.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError, QuenchError, ReadbackError, StateError
from instruments.limits import Limits
from instruments.oxford import REMOTE, OxfordLine
from instruments.persistent_mode import SwitchState
from instruments.roles import Clock, MagnetReading, MagnetState
from instruments.transport import WriteObserver


class SystemStatus(IntEnum):
    """What is wrong with the supply (m of X); other numbers are combinations."""

    NORMAL = 0
    QUENCHED = 1
    OVERHEATED = 2
    WARMING_UP = 4
    FAULT = 8


class Activity(IntEnum):
    """What the supply does (A)."""

    HOLD = 0
    TO_SET_POINT = 1
    TO_ZERO = 2
    CLAMPED = 4


class Heater(IntEnum):
    """The switch heater (H)."""

    OFF_AT_ZERO = 0
    ON = 1
    OFF_AT_FIELD = 2
    FAULT = 5
    NOT_FITTED = 8


@dataclass(frozen=True, slots=True)
class Status:
    """The reply to ``X``, as far as it is used."""

    system: int
    activity: Activity
    control: int
    heater: Heater
    is_sweeping: bool


_STATUS = re.compile(r"X(\d)(\d)A(\d)C(\d)H(\d)M(\d)(\d)(?:P\d\d)?")
_PS120 = re.compile(r"(?<!I)PS120")
_FIELD_TOLERANCE_T = 2e-4
_RATE_TOLERANCE = 0.02
_EXTENDED_RESOLUTION = "Q4"

_DEMAND_A, _VOLTAGE_V, _SET_POINT_A, _DEMAND_T, _SET_POINT_T, _RATE_T, _PERSISTENT_T = 0, 1, 5, 7, 8, 9, 18


class IPS120:
    """The supply driving a magnet with or without a persistent switch.

    Besides the role it fills `instruments.persistent_mode.SwitchedMagnet`.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::25::INSTR"`` or ``"ASRL2::INSTR"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock, by which the switch is given its time: the box does not tell heating from hot.
    maximum_T : float
        Largest field allowed at this station, of either sign.
    maximum_rate_T_per_min : float
        Fastest ramp of the magnet allowed at this station.
    heating_s, cooling_s : float
        How long the switch takes to open and to close.
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent or another one. Nothing has been changed then; nor does connecting change anything.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        visa_library: str | VisaLibraryBase = "",
        clock: Clock,
        maximum_T: float,
        maximum_rate_T_per_min: float,
        heating_s: float = 30.0,
        cooling_s: float = 30.0,
        name: str | None = None,
        on_write: WriteObserver | None = None,
    ) -> None:
        self._clock = clock
        self._name = name or f"IPS120-10 at {address}"
        self._field = Limits(-maximum_T, maximum_T, "T", "field")
        self._rate = Limits(1e-3, maximum_rate_T_per_min, "T/min", "ramp rate")
        self._lead_rate = Limits(1e-3, 10.0, "T/min", "ramp rate of the leads")
        self._heating_s = heating_s
        self._cooling_s = cooling_s
        self._line = OxfordLine(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify("PS")
            self._scale = 0.01 if _PS120.search(self._identity.upper()) else 1.0
            self._heater_was_on = self._status().heater is Heater.ON
            self._switched_s = -float("inf")

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``V`` at connection."""
        return self._identity

    def start_ramp(self, field_T: float, rate_T_per_min: float) -> None:
        """Start towards `field_T`; returns at once.

        Raises
        ------
        LimitError
            If field or rate is beyond this station's limits, or between the steps of a box that counts in hundredths.
        QuenchError
            If the magnet is quenched.
        StateError
            If the persistent switch is shut or moving, the supply is faulty, or it did not start.
        ReadbackError
            If the box did not take a setting; it is left on hold then.
        """
        field_T = self._on_grid(self._field.check(field_T, self._name), "field")
        rate_T_per_min = self._on_grid(self._rate.check(rate_T_per_min, self._name), "ramp rate")
        with self._line.lock:
            status = self._sound_status()
            if self._switch_state(status) not in (SwitchState.OPEN, SwitchState.NOT_FITTED):
                raise StateError(
                    self._name, "no ramp started: the persistent switch is shut or moving; leave persistent mode first"
                )
            self._go(status, field_T, rate_T_per_min)

    def hold(self) -> None:
        """Hold the present current; a supply that stands still is left alone.

        Raises
        ------
        QuenchError
            If the magnet is quenched.
        StateError
            If the supply keeps moving.
        """
        with self._line.lock:
            status = self._sound_status()
            if status.is_sweeping:
                self._hold(status)

    def read(self) -> MagnetReading:
        """Read field, supply voltage and state; a quench is a state here, not an error.

        With the switch shut the field is that of the persistent current, whatever flows in the leads.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable replies came.
        """
        with self._line.lock:
            status = self._status()
            is_persistent = status.heater in (Heater.OFF_AT_ZERO, Heater.OFF_AT_FIELD)
            field_T = self._parameter(_PERSISTENT_T if is_persistent else _DEMAND_T)
            return MagnetReading(field_T, self._line.read_number("R", f"{_VOLTAGE_V}") * self._scale, _state(status))

    def switch_state(self) -> SwitchState:
        """Read what the persistent switch is; it is given its time after each change of the heater by this driver."""
        return self._switch_state(self._status())

    def leads_field_T(self) -> float:
        """Read the supply's current as the field that it would make in the magnet."""
        return self._parameter(_DEMAND_T)

    def start_leads(self, field_T: float, rate_T_per_min: float) -> None:
        """Start the supply towards the current of `field_T` with the switch closed; returns at once.

        Raises as `start_ramp` does, and `StateError` if the switch is not closed.
        """
        field_T = self._on_grid(self._field.check(field_T, self._name), "field")
        rate_T_per_min = self._on_grid(self._lead_rate.check(rate_T_per_min, self._name), "ramp rate")
        with self._line.lock:
            status = self._sound_status()
            if self._switch_state(status) is not SwitchState.CLOSED:
                raise StateError(self._name, "the leads are not run alone: the persistent switch is not closed")
            self._go(status, field_T, rate_T_per_min)

    def set_switch_heater(self, is_on: bool) -> None:
        """Switch the heater of the persistent switch and read it back.

        Raises
        ------
        QuenchError
            If the magnet is quenched.
        StateError
            If none is fitted, or the box refuses since leads and magnet carry different currents.
        ReadbackError
            If the heater is not what was asked for.
        """
        with self._line.lock:
            status = self._sound_status()
            if status.heater is Heater.NOT_FITTED:
                raise StateError(self._name, "no persistent switch is fitted")
            self._line.take_remote(status.control)
            self._line.command("H1" if is_on else "H0")
            if (self._sound_status().heater is Heater.ON) is not is_on:
                raise ReadbackError(self._name, f"switch heater set {'on' if is_on else 'off'}, but it is not")
            if is_on is not self._heater_was_on:
                self._heater_was_on, self._switched_s = is_on, self._clock.now_s()

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        with self._line.lock:
            status = self._status()
            return {
                "target_T": self._parameter(_SET_POINT_T),
                "rate_T_per_min": self._parameter(_RATE_T),
                "demand_A": self._parameter(_DEMAND_A),
                "activity": status.activity.name,
                "switch_heater": status.heater.name,
                "is_remote": status.control in REMOTE,
            }

    def make_safe(self) -> None:
        """Hold the present current; after a quench send nothing. May be called twice."""
        with self._line.lock:
            if not self._status().system & SystemStatus.QUENCHED:
                self.hold()

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    def _go(self, status: Status, field_T: float, rate_T_per_min: float) -> None:
        """Hold, then rate, then set point, each read back, and only then go."""
        self._line.take_remote(status.control)
        self._line.write(_EXTENDED_RESOLUTION)  # it is the one command without an echo
        if status.activity is not Activity.HOLD:
            self._hold(status)
        self._take("T", rate_T_per_min, _RATE_T, _RATE_TOLERANCE * rate_T_per_min)
        self._take("J", field_T, _SET_POINT_T, _FIELD_TOLERANCE_T)
        self._line.command("A1")
        status = self._sound_status()
        if status.activity is not Activity.TO_SET_POINT:
            raise StateError(self._name, f"did not start towards {field_T:g} T: it is {status.activity.name.lower()}")

    def _on_grid(self, value: float, what: str) -> float:
        """Refuse what a PS120-10 would round: a field that is never reached, a rate of zero."""
        if self._scale != 1.0 and abs(value / self._scale - round(value / self._scale)) > 1e-6:
            raise LimitError(self._name, f"{what} {value:g} refused: this box counts in steps of {self._scale:g}")
        return value

    def _hold(self, status: Status) -> None:
        self._line.take_remote(status.control)
        self._line.command("A0")
        status = self._sound_status()
        if status.activity is not Activity.HOLD or status.is_sweeping:
            raise StateError(self._name, "told to hold, but it keeps moving; hold it at its front panel")

    def _take(self, letter: str, value: float, parameter: int, tolerance: float) -> None:
        text = f"{value:.5f}" if self._scale == 1.0 else f"{round(value / self._scale)}"
        self._line.command(letter + text)
        reads = self._parameter(parameter)
        if abs(reads - value) > tolerance + 1e-9:
            raise ReadbackError(self._name, f"{letter} set to {value:g}, but it reads {reads:g}")

    def _parameter(self, parameter: int) -> float:
        return self._scale * self._line.read_number("R", f"{parameter}")

    def _status(self) -> Status:
        return self._line.ask("X", _as_status)

    def _sound_status(self) -> Status:
        """Return the status, which must not be a quench nor a fault."""
        status = self._status()
        if status.system & SystemStatus.QUENCHED:
            raise QuenchError(
                self._name,
                "the magnet has quenched; nothing is sent to it. Wait for the helium, find the cause, reset it by hand",
            )
        if status.system & (SystemStatus.OVERHEATED | SystemStatus.FAULT):
            raise StateError(self._name, f"the supply reports a fault (X{status.system}); see its front panel")
        if status.heater is Heater.FAULT:
            raise StateError(self._name, "the switch heater is faulty: it draws no current; check its wiring")
        return status

    def _switch_state(self, status: Status) -> SwitchState:
        if status.heater is Heater.NOT_FITTED:
            return SwitchState.NOT_FITTED
        is_on = status.heater is Heater.ON
        if is_on is not self._heater_was_on:  # somebody else switched it; his time counts from when it is seen
            self._heater_was_on, self._switched_s = is_on, self._clock.now_s()
        waited_s = self._clock.now_s() - self._switched_s
        if is_on:
            return SwitchState.OPEN if waited_s >= self._heating_s else SwitchState.OPENING
        return SwitchState.CLOSED if waited_s >= self._cooling_s else SwitchState.CLOSING


def _as_status(reply: str) -> Status:
    found = _STATUS.fullmatch(reply)
    if found is None:
        raise ValueError("expected XmnAnCnHnMmnPmn")
    system, _, activity, control, heater, _, sweep = (int(digit) for digit in found.groups())
    return Status(system, Activity(activity), control, Heater(heater), bool(sweep))


def _state(status: Status) -> MagnetState:
    if status.system & SystemStatus.QUENCHED:
        return MagnetState.QUENCH
    at_rest = {
        Activity.HOLD: MagnetState.PAUSED,
        Activity.TO_SET_POINT: MagnetState.HOLDING,
        Activity.TO_ZERO: MagnetState.AT_ZERO,
        Activity.CLAMPED: MagnetState.AT_ZERO,
    }
    moving = {Activity.TO_SET_POINT: MagnetState.RAMPING, Activity.TO_ZERO: MagnetState.ZEROING}
    return moving.get(status.activity, MagnetState.MANUAL) if status.is_sweeping else at_rest[status.activity]
