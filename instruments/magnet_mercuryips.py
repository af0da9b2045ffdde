"""Oxford Instruments Mercury iPS magnet supply, in the role `Magnet`.

Commands after the MercuryiPS manual (issue 14), section 10.3: ``READ`` and ``SET`` with colon-separated nouns, case
sensitive, LF. A reply repeats the question, so each says what it is an answer to; a setting is answered by itself and
``VALID``. Values carry a scale and a unit (``28.2mA``), rates are per minute. From firmware 2.6 on the noun of the
supply is ``SPSU``, before that ``PSU``; it is chosen by the version that the box tells. A quench is bit 8 of ``STAT``,
which the manual does not list (Oxford Instruments to the ISIS facility). A level board, if one is fitted, answers the
level of the helium in per cent.

Pymeasure has no class for this box; this is a driver of our own on a `Line`.
"""

import re
from collections.abc import Mapping

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import ConnectionFailedError, QuenchError, ReadbackError, ReplyError, StateError
from instruments.limits import Limits
from instruments.persistent_mode import SwitchState
from instruments.roles import Clock, MagnetReading, MagnetState
from instruments.transport import Line, WriteObserver

QUENCH_DETECTED = 0x100
AXES = ("X", "Y", "Z")

_VALUE = re.compile(r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)([numkM]?)([A-Za-z/%]*)")
_SCALES = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
_VERSION = re.compile(r":(\d+)\.(\d+)[\d.]*$")
_FIELD_TOLERANCE_T = 2e-4
_RATE_TOLERANCE = 0.02
_ACTIVITIES = frozenset({"HOLD", "RTOS", "RTOZ", "CLMP"})


class MercuryiPS:
    """One axis of the Mercury iPS, driving a magnet with or without a persistent switch.

    Besides the role it fills `instruments.persistent_mode.SwitchedMagnet` and, with a level board, `HeliumMeter`.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"TCPIP0::192.168.1.22::7020::SOCKET"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock, by which the switch is given its time: the box does not tell heating from hot.
    maximum_T : float
        Largest field allowed at this station, of either sign.
    maximum_rate_T_per_min : float
        Fastest ramp of the magnet allowed at this station.
    axis : str
        Which group of the supply: ``"X"``, ``"Y"`` or ``"Z"``.
    heating_s, cooling_s : float
        How long the switch takes to open and to close.
    level_board : str, optional
        Name of the level meter's board, as the box's configuration page has it, e.g. ``"DB5.L1"``.
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent, no Mercury iPS, or has no such axis or level board. Nothing has been changed then;
        nor does connecting change anything.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        visa_library: str | VisaLibraryBase = "",
        clock: Clock,
        maximum_T: float,
        maximum_rate_T_per_min: float,
        axis: str = "Z",
        heating_s: float = 60.0,
        cooling_s: float = 60.0,
        level_board: str | None = None,
        name: str | None = None,
        on_write: WriteObserver | None = None,
    ) -> None:
        self._clock = clock
        self._name = name or f"Mercury iPS at {address}"
        self._field = Limits(-maximum_T, maximum_T, "T", "field")
        self._rate = Limits(1e-3, maximum_rate_T_per_min, "T/min", "ramp rate")
        self._lead_rate = Limits(1e-3, 10.0, "T/min", "ramp rate of the leads")
        self._heating_s = heating_s
        self._cooling_s = cooling_s
        self._level_board = level_board
        self._line = Line(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify("OXFORD INSTRUMENTS", "MERCURY", "IPS")
            self._supply = f"DEV:GRP{axis}:{self._noun()}"
            self._heater_was_on = self._find_heater()
            self._switched_s = -float("inf")
            self._find_level_board()

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``*IDN?`` at connection."""
        return self._identity

    def start_ramp(self, field_T: float, rate_T_per_min: float) -> None:
        """Start towards `field_T`; returns at once.

        Raises
        ------
        LimitError
            If field or rate is beyond this station's limits.
        QuenchError
            If the magnet is quenched.
        StateError
            If the persistent switch is shut or moving, or the supply did not start.
        ReadbackError
            If the box did not take a setting; it is left on hold then.
        """
        field_T = self._field.check(field_T, self._name)
        rate_T_per_min = self._rate.check(rate_T_per_min, self._name)
        with self._line.lock:
            self._insist_on_no_quench()
            if self.switch_state() not in (SwitchState.OPEN, SwitchState.NOT_FITTED):
                raise StateError(
                    self._name, "no ramp started: the persistent switch is shut or moving; leave persistent mode first"
                )
            self._go(field_T, rate_T_per_min)

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
            self._insist_on_no_quench()
            if self._activity() in ("RTOS", "RTOZ"):
                self._hold()

    def read(self) -> MagnetReading:
        """Read field, supply voltage and state; a quench is a state here, not an error.

        With the switch shut the field is that of the persistent current, whatever flows in the leads.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable replies came.
        """
        with self._line.lock:
            is_persistent = self._ask("SIG:SWHT") == "OFF"
            field_T = self._number("SIG:PFLD" if is_persistent else "SIG:FLD", "T")
            return MagnetReading(field_T, self._number("SIG:VOLT", "V"), self._state(field_T))

    def switch_state(self) -> SwitchState:
        """Read what the persistent switch is; it is given its time after each change of the heater by this driver."""
        heater = self._ask("SIG:SWHT")
        if heater not in ("ON", "OFF"):
            return SwitchState.NOT_FITTED
        is_on = heater == "ON"
        if is_on is not self._heater_was_on:  # somebody else switched it; his time counts from when it is seen
            self._heater_was_on, self._switched_s = is_on, self._clock.now_s()
        waited_s = self._clock.now_s() - self._switched_s
        if is_on:
            return SwitchState.OPEN if waited_s >= self._heating_s else SwitchState.OPENING
        return SwitchState.CLOSED if waited_s >= self._cooling_s else SwitchState.CLOSING

    def leads_field_T(self) -> float:
        """Read the supply's current as the field that it would make in the magnet."""
        return self._number("SIG:FLD", "T")

    def start_leads(self, field_T: float, rate_T_per_min: float) -> None:
        """Start the supply towards the current of `field_T` with the switch closed; returns at once.

        Raises as `start_ramp` does, and `StateError` if the switch is not closed.
        """
        field_T = self._field.check(field_T, self._name)
        rate_T_per_min = self._lead_rate.check(rate_T_per_min, self._name)
        with self._line.lock:
            self._insist_on_no_quench()
            if self.switch_state() is not SwitchState.CLOSED:
                raise StateError(self._name, "the leads are not run alone: the persistent switch is not closed")
            self._go(field_T, rate_T_per_min)

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
            self._insist_on_no_quench()
            if self.switch_state() is SwitchState.NOT_FITTED:
                raise StateError(self._name, "no persistent switch is fitted")
            wanted = "ON" if is_on else "OFF"
            self._set("SIG:SWHT", wanted)
            if self._ask("SIG:SWHT") != wanted:
                raise ReadbackError(self._name, f"switch heater set {wanted}, but it is not")
            if is_on is not self._heater_was_on:
                self._heater_was_on, self._switched_s = is_on, self._clock.now_s()

    @property
    def has_helium_meter(self) -> bool:
        """Say whether a level meter is fitted."""
        return self._level_board is not None

    def read_helium_fraction(self) -> float:
        """Read the level of the liquid helium, 0 to 1.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable reply came.
        """
        return self._number_of(f"DEV:{self._level_board}", "LVL:SIG:HEL:LEV", "%") / 100.0

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        with self._line.lock:
            return {
                "target_T": self._number("SIG:FSET", "T"),
                "rate_T_per_min": self._number("SIG:RFST", "T/m"),
                "current_A": self._number("SIG:CURR", "A"),
                "current_per_field_A_per_T": self._number("ATOB", ""),
                "activity": self._activity(),
                "switch_heater": self._ask("SIG:SWHT"),
            }

    def make_safe(self) -> None:
        """Hold the present current; after a quench send nothing. May be called twice."""
        with self._line.lock:
            if not self._is_quenched():
                self.hold()

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    def _noun(self) -> str:
        found = _VERSION.search(self._identity)
        if found is None:
            raise ConnectionFailedError(self._name, f"no firmware version in {self._identity!r}")
        return "SPSU" if (int(found[1]), int(found[2])) >= (2, 6) else "PSU"

    def _find_heater(self) -> bool:
        """Return whether the switch heater is on, or say that there is no such axis."""
        try:
            return self._ask("SIG:SWHT") == "ON"
        except ReplyError as error:
            raise ConnectionFailedError(self._name, f"no such axis? {error.message}") from error

    def _find_level_board(self) -> None:
        """Insist that the level board is there, if one is to be."""
        if self._level_board is None:
            return
        try:
            self.read_helium_fraction()
        except ReplyError as error:
            raise ConnectionFailedError(
                self._name, f"no level board {self._level_board}? {error.message}; its configuration page lists them"
            ) from error

    def _go(self, field_T: float, rate_T_per_min: float) -> None:
        """Hold, then rate, then set point, each read back, and only then go."""
        if self._activity() != "HOLD":
            self._hold()
        self._take("SIG:RFST", rate_T_per_min, "T/m", _RATE_TOLERANCE * rate_T_per_min)
        self._take("SIG:FSET", field_T, "T", _FIELD_TOLERANCE_T)
        self._set("ACTN", "RTOS")
        self._insist_on_no_quench()
        is_there = abs(self.leads_field_T() - field_T) <= 2.0 * _FIELD_TOLERANCE_T
        if self._activity() != "RTOS" and not is_there:
            raise StateError(self._name, f"did not start towards {field_T:g} T: it is on {self._activity()}")

    def _hold(self) -> None:
        self._set("ACTN", "HOLD")
        self._insist_on_no_quench()
        if self._activity() != "HOLD":
            raise StateError(self._name, "told to hold, but it keeps moving; hold it at its front panel")

    def _take(self, noun: str, value: float, unit: str, tolerance: float) -> None:
        self._set(noun, f"{value:.5f}")
        reads = self._number(noun, unit)
        if abs(reads - value) > tolerance:
            raise ReadbackError(self._name, f"{noun} set to {value:g} {unit}, but it reads {reads:g}")

    def _state(self, field_T: float) -> MagnetState:
        if self._is_quenched():
            return MagnetState.QUENCH
        activity = self._activity()
        if activity == "HOLD":
            # at its target the box goes back to hold by itself
            is_there = abs(self._number("SIG:FSET", "T") - self.leads_field_T()) <= 2.0 * _FIELD_TOLERANCE_T
            is_zero = abs(field_T) <= 2.0 * _FIELD_TOLERANCE_T
            return MagnetState.HOLDING if is_there else MagnetState.AT_ZERO if is_zero else MagnetState.PAUSED
        return {"RTOS": MagnetState.RAMPING, "RTOZ": MagnetState.ZEROING, "CLMP": MagnetState.AT_ZERO}[activity]

    def _activity(self) -> str:
        activity = self._ask("ACTN")
        if activity not in _ACTIVITIES:
            raise ReplyError(self._name, f"ACTN was answered by {activity!r}, which is no activity")
        return activity

    def _is_quenched(self) -> bool:
        flags = self._line.ask(f"READ:{self._supply}:STAT", lambda reply: int(self._behind("STAT", reply), 16))
        return bool(flags & QUENCH_DETECTED)

    def _insist_on_no_quench(self) -> None:
        if self._is_quenched():
            raise QuenchError(
                self._name,
                "the magnet has quenched; nothing is sent to it. Wait for the helium, find the cause, reset it by hand",
            )

    def _ask(self, noun: str) -> str:
        return self._line.ask(f"READ:{self._supply}:{noun}", lambda reply: self._behind(noun, reply))

    def _number(self, noun: str, unit: str) -> float:
        return self._number_of(self._supply, noun, unit)

    def _number_of(self, device: str, noun: str, unit: str) -> float:
        """Read a number, whatever its scale; its unit must be the one that is expected."""

        def parse(reply: str) -> float:
            value = _behind(f"{device}:{noun}", reply)
            found = _VALUE.fullmatch(value)
            # without a unit a letter behind the number is one, not a scale
            if found is None or found[3] not in (unit, ""):
                raise ValueError(f"expected a number in {unit or 'no unit'}")
            return float(found[1]) * _SCALES[found[2]]

        return self._line.ask(f"READ:{device}:{noun}", parse)

    def _behind(self, noun: str, reply: str) -> str:
        return _behind(f"{self._supply}:{noun}", reply)

    def _set(self, noun: str, value: str) -> None:
        """Send a setting and insist on its acknowledgement; never repeated."""
        command = f"SET:{self._supply}:{noun}:{value}"
        with self._line.lock:
            self._line.write(command)
            reply = self._line.read_line().strip()
        if reply.endswith((":DENIED", ":N/A")):
            raise StateError(self._name, f"{command} was refused ({reply})")
        if not reply.startswith(f"STAT:SET:{self._supply}:{noun}:") or not reply.endswith(":VALID"):
            raise ReplyError(self._name, f"{command} was answered by {reply!r}, expected VALID")


def _behind(nouns: str, reply: str) -> str:
    """Return the value of a reply, which must repeat what was asked for."""
    prefix = f"STAT:{nouns}:"
    if not reply.startswith(prefix) or reply.endswith((":INVALID", ":NOT_FOUND", ":DENIED")):
        raise ValueError(f"expected {prefix} and a value")
    return reply.removeprefix(prefix)
