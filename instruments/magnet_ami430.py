"""American Magnetics Model 430 power supply programmer, in the role `Magnet`.

Commands after the Model 430 manual (Rev. 5), section 4.5 of "Remote Interface Reference": ramping states 4.5.6 (table
4-5), persistent switch 4.5.7, quench state 4.5.8. Pymeasure's AMI430 is not used: it speaks kilogauss whatever the box
is set to, checks no field, and waits on through a quench; the command table here is a driver of our own on its
`Instrument`.

The box is set to tesla and minutes before a ramp, and read in whatever units it is in before that. It times its
persistent switch itself: states 9 and 10 while it heats and cools.
"""

from collections.abc import Mapping

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import CommunicationError, QuenchError, ReadbackError, ReplyError, StateError
from instruments.limits import Limits
from instruments.persistent_mode import SwitchState
from instruments.roles import Clock, MagnetReading, MagnetState
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired

STATES = {
    1: MagnetState.RAMPING,
    2: MagnetState.HOLDING,
    3: MagnetState.PAUSED,
    4: MagnetState.MANUAL,
    5: MagnetState.MANUAL,
    6: MagnetState.ZEROING,
    7: MagnetState.QUENCH,
    8: MagnetState.AT_ZERO,
    9: MagnetState.SWITCH_HEATING,
    10: MagnetState.SWITCH_COOLING,
}
"""Replies to STATE? (table 4-5)."""

MOVING = frozenset({MagnetState.RAMPING, MagnetState.ZEROING, MagnetState.MANUAL})
COIL_CONSTANT = Limits(1e-3, 2.0, "T/A", "coil constant")
"""From a small solenoid to a large one; outside of it the supply has not been set up, and its field means nothing."""

_TESLA_PER_KILOGAUSS = 0.1
_FIELD_TOLERANCE_T = 1e-4
_GREETING_LINES = 4


class _Box(Wired):
    """The command table: units, target and coil."""

    is_in_tesla = Instrument.control(
        "FIELD:UNITS?",
        "CONF:FIELD:UNITS %d",
        """Control whether fields are in tesla (bool), else in kilogauss.""",
        validator=strict_discrete_set,
        values={True: 1, False: 0},
        map_values=True,
    )

    is_per_minute = Instrument.control(
        "RAMP:RATE:UNITS?",
        "CONF:RAMP:RATE:UNITS %d",
        """Control whether ramp rates are per minute (bool), else per second.""",
        validator=strict_discrete_set,
        values={True: 1, False: 0},
        map_values=True,
    )

    segments = Instrument.control(
        "RAMP:RATE:SEG?",
        "CONF:RAMP:RATE:SEG %d",
        """Control the number of ramp segments, each with a rate of its own.""",
        cast=int,
    )

    target_field = Instrument.control(
        "FIELD:TARG?", "CONF:FIELD:TARG %.5f", """Control the target field, in the present units."""
    )


class AMI430:
    """The Model 430 driving a magnet with or without a persistent switch.

    Besides the role it fills `instruments.persistent_mode.SwitchedMagnet`.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"TCPIP0::192.168.1.20::7180::SOCKET"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock (all drivers take one; this one never waits).
    maximum_T : float
        Largest field allowed at this station, of either sign.
    maximum_rate_T_per_min : float
        Fastest ramp allowed at this station.
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent or no Model 430. Nothing has been changed then; nor does connecting change
        anything.
    StateError
        If its coil constant is none.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        visa_library: str | VisaLibraryBase = "",
        clock: Clock,
        maximum_T: float,
        maximum_rate_T_per_min: float,
        name: str | None = None,
        on_write: WriteObserver | None = None,
    ) -> None:
        self._clock = clock
        self._name = name or f"AMI 430 at {address}"
        self._field = Limits(-maximum_T, maximum_T, "T", "field")
        self._rate = Limits(1e-5, maximum_rate_T_per_min, "T/min", "ramp rate")
        self._line = Line(
            address, name=self._name, visa_library=visa_library, write_termination="\r\n", on_write=on_write
        )
        with self._line.connecting():
            if not isinstance(address, str) or address.upper().endswith("SOCKET"):
                self._skip_greeting()
            self._identity = self._line.identify("AMERICAN MAGNETICS", "430")
            self._box = _Box(self._line, includeSCPI=False)
            self._unit_T = self._read_unit_T()
            self._insist_on_coil()

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

        The supply is paused first, since one that ramps or holds follows a new target at once. Then units, rate and
        target are set and read back, and only when all agree is it told to go.

        Raises
        ------
        LimitError
            If field or rate is beyond this station's limits.
        QuenchError
            If the magnet is quenched.
        StateError
            If the persistent switch is shut, heating or cooling, or the supply did not start.
        ReadbackError
            If the box did not take a setting; it is left paused then.
        """
        field_T = self._field.check(field_T, self._name)
        rate_T_per_min = self._rate.check(rate_T_per_min, self._name)
        with self._line.lock:
            state = self._sound_state()
            if self._switch_state(state) not in (SwitchState.OPEN, SwitchState.NOT_FITTED):
                raise StateError(
                    self._name,
                    f"no ramp started: the persistent switch is shut or moving ({state.value}); "
                    "leave persistent mode first",
                )
            self._go(state, field_T, rate_T_per_min)

    def hold(self) -> None:
        """Pause a ramp and hold the present field; a supply that stands still is left alone.

        Raises
        ------
        QuenchError
            If the magnet is quenched.
        StateError
            If the supply keeps moving.
        """
        with self._line.lock:
            if self._sound_state() in MOVING:
                self._pause()

    def read(self) -> MagnetReading:
        """Read field, supply voltage and state; a quench is a state here, not an error.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable replies came.
        """
        with self._line.lock:
            field = self._line.ask_float("FIELD:MAG?")
            voltage_V = self._line.ask_float("VOLT:SUPP?")
            return MagnetReading(field * self._unit_T, voltage_V, self._state())

    def switch_state(self) -> SwitchState:
        """Read what the persistent switch is."""
        with self._line.lock:
            return self._switch_state(self._state())

    def leads_field_T(self) -> float:
        """Read the supply's current as the field that it would make in the magnet."""
        with self._line.lock:
            return self._line.ask_float("CURR:SUPP?") * self._line.ask_float("COIL?") * self._unit_T

    def start_leads(self, field_T: float, rate_T_per_min: float) -> None:
        """Start the supply towards the current of `field_T` with the switch closed; returns at once.

        The box ramps its leads at a rate of its own (``PS:PSRR?``). Raises as `start_ramp` does, and `StateError` if
        the switch is not closed.
        """
        field_T = self._field.check(field_T, self._name)
        # what is set is the rate of the magnet, once its switch is open again
        rate_T_per_min = self._rate.check(min(rate_T_per_min, self._rate.maximum), self._name)
        with self._line.lock:
            state = self._sound_state()
            if self._switch_state(state) is not SwitchState.CLOSED:
                raise StateError(self._name, "the leads are not run alone: the persistent switch is not closed")
            self._go(state, field_T, rate_T_per_min)

    def set_switch_heater(self, is_on: bool) -> None:
        """Switch the heater of the persistent switch and read it back; a ramp that is under way is paused first.

        Raises
        ------
        QuenchError
            If the magnet is quenched.
        StateError
            If none is fitted.
        ReadbackError
            If the box did not take it: leads and magnet may carry different currents.
        """
        with self._line.lock:
            state = self._sound_state()
            if self._switch_state(state) is SwitchState.NOT_FITTED:
                raise StateError(self._name, "no persistent switch is fitted")
            if state in MOVING:
                self._pause()
            self._line.write(f"PS {is_on:d}")
            if bool(self._line.ask_int("PS?")) is not is_on:
                raise ReadbackError(
                    self._name,
                    f"switch heater set {'on' if is_on else 'off'}, but it is not; do leads and magnet differ?",
                )

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        line = self._line
        with line.lock:
            per_min = 1.0 if self._box.value("is_per_minute") else 60.0
            rate, upper = line.ask_floats("RAMP:RATE:FIELD:1?", 2)
            return {
                "target_T": self._box.number("target_field") * self._unit_T,
                "rate_T_per_min": rate * self._unit_T * per_min,
                "rate_upper_bound_T": upper * self._unit_T,
                "coil_T_per_A": line.ask_float("COIL?") * self._unit_T,
                "current_limit_A": line.ask_float("CURR:LIMIT?"),
                "voltage_limit_V": line.ask_float("VOLT:LIM?"),
                "is_persistent": bool(line.ask_int("PERS?")),
                "has_switch": bool(line.ask_int("PS:INST?")),
            }

    def make_safe(self) -> None:
        """Hold the present field; after a quench send nothing. May be called twice."""
        with self._line.lock:
            if self._state() is not MagnetState.QUENCH:
                self.hold()

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    def _skip_greeting(self) -> None:
        """Read away the two lines sent on connection; a proxy in between may have eaten them."""
        for _ in range(_GREETING_LINES):
            try:
                if self._line.read_line().strip().lower().startswith("hello"):
                    return
            except CommunicationError:
                return

    def _state(self) -> MagnetState:
        number = self._line.ask_int("STATE?")
        if number not in STATES:
            raise ReplyError(self._name, f"STATE? was answered by {number}, which is no state")
        return STATES[number]

    def _sound_state(self) -> MagnetState:
        """Return the state, which must not be a quench; both the state and the latch are asked."""
        state = self._state()
        if state is MagnetState.QUENCH or self._line.ask_int("QU?"):
            raise QuenchError(
                self._name,
                "the magnet has quenched; nothing is sent to it. Wait for the helium, find the cause, reset it by hand",
            )
        return state

    def _pause(self) -> None:
        self._line.write("PAUSE")
        state = self._sound_state()
        if state in MOVING:
            raise StateError(self._name, f"told to pause, but it is {state.value}; pause it at its front panel")

    def _go(self, state: MagnetState, field_T: float, rate_T_per_min: float) -> None:
        """Pause, then units, rate and target, each read back, and only then go."""
        if state is not MagnetState.PAUSED:
            self._pause()
        self._take_units()
        self._take_rate(rate_T_per_min)
        self._box.take("target_field", field_T, tolerance=_FIELD_TOLERANCE_T)
        self._line.write("RAMP")
        state = self._sound_state()
        if state is MagnetState.PAUSED:
            raise StateError(self._name, f"did not start towards {field_T:g} T; is it in local mode?")

    def _switch_state(self, state: MagnetState) -> SwitchState:
        if state is MagnetState.SWITCH_HEATING:
            return SwitchState.OPENING
        if state is MagnetState.SWITCH_COOLING:
            return SwitchState.CLOSING
        if not self._line.ask_int("PS:INST?"):
            return SwitchState.NOT_FITTED
        return SwitchState.OPEN if self._line.ask_int("PS?") else SwitchState.CLOSED

    def _insist_on_coil(self) -> None:
        coil_T_per_A = self._line.ask_float("COIL?") * self._unit_T
        if not COIL_CONSTANT.allows(coil_T_per_A):
            raise StateError(
                self._name, f"coil constant {coil_T_per_A:g} T/A is not plausible ({COIL_CONSTANT}); set up the supply"
            )

    def _read_unit_T(self) -> float:
        return 1.0 if self._box.value("is_in_tesla") else _TESLA_PER_KILOGAUSS

    def _take_units(self) -> None:
        for what in ("is_in_tesla", "is_per_minute"):
            if not self._box.value(what):
                self._box.take(what, True)
        self._unit_T = 1.0

    def _take_rate(self, rate_T_per_min: float) -> None:
        """Set one segment that reaches over all allowed fields: further segments would have rates of their own."""
        if self._box.value("segments") != 1:
            self._box.take("segments", 1)
        self._line.write(f"CONF:RAMP:RATE:FIELD 1,{rate_T_per_min:.6g},{self._field.maximum:.6g}")
        rate, upper_T = self._line.ask_floats("RAMP:RATE:FIELD:1?", 2)
        if abs(rate - rate_T_per_min) > max(0.005 * rate_T_per_min, 1e-4) or rate <= 0.0:
            raise ReadbackError(self._name, f"rate set to {rate_T_per_min:g} T/min, but it reads {rate:g}")
        if upper_T < self._field.maximum - _FIELD_TOLERANCE_T:
            raise ReadbackError(
                self._name, f"rate set up to {self._field.maximum:g} T, but it reads only up to {upper_T:g} T"
            )
