"""The Oxford IPS120-10 magnet supply as it answers on GPIB or its serial line, driving the simulated coil.

After the IPS120-10 manual (revision 12) and the MercuryiPS manual (issue 14, 10.4 legacy commands); the line protocol
is `simulators.parts.oxford_dialect`. The status is ``XmnAnCnHnMmnPmn``: m of X is 1 after a quench; A is 0 hold, 1 to
the set point, 2 to zero, 4 clamped; H is 0 off with the magnet at zero, 1 on, 2 off with the magnet at field, 8 no
switch; the second digit of M is 0 at rest and 1 while sweeping. ``H1`` is refused while supply and magnet carry
different currents, ``H2`` is not; ``A1`` and ``A2`` are refused while clamped. ``Q4`` gives one more digit.

Variants: the PS120-10, older, speaks in whole numbers, hundredths of a tesla, an ampere and a tesla a minute; the
MercuryiPS in legacy mode answers with a status that ends before P.

As the lab left it: local and unlocked, on hold at zero, switch heater on.

Assumed: four decimals of tesla, three of ampere, one more after ``Q4``; what `ASSUMED` lists; a clamp is refused while
there is current, heaters and ramps while quenched; ``A0`` clears a quench once the current is gone; the ramp of the
leads goes at the rate that is set; currents differ from 0.1 A on; a heater on no switch is refused.
"""

from enum import Enum, IntEnum
from typing import Final

from simulators.cryogenics.magnet import COIL_T_PER_A, INDUCTANCE_H, LEAD_OHM, MagnetCoil
from simulators.cryogenics.magnet_circuit import Clock, MagnetCircuit, Switch, SwitchState
from simulators.dialect import Complaint, Refusal
from simulators.parts.oxford_dialect import Handler, OxfordDialect, decimal, digit

ASSUMED: Final = frozenset("RV")
"""Commands whose reply format is recalled or inferred from clients, not read in a manual."""

LARGEST_A: Final = 80.0
VOLTAGE_LIMIT_V: Final = 5.0

_DIODE_V: Final = 1.0
_DIFFERENT_A: Final = 0.1
_AT_FIELD_A: Final = 0.01
_LARGEST_T_PER_MIN: Final = 10.0
_EXTENDED: Final = 4


class Variant(Enum):
    """Which of the boxes of this family it is, by what it says of itself."""

    IPS120_10 = "IPS120-10  Version 3.07  (c) OXFORD 1996"
    PS120_10 = "PS120-10  Version 2.10  (c) OXFORD 1989"
    MERCURY = "MERCURY IPS  Version 2.5.00  (c) OXFORD 2014"


class Activity(IntEnum):
    """What the supply does (A)."""

    HOLD = 0
    TO_SET_POINT = 1
    TO_ZERO = 2
    CLAMPED = 4


class IPS120:
    """State and dialect of the magnet supply (fills `simulators.dialect.Box`).

    Parameters
    ----------
    clock
        The rack's clock.
    coil
        The magnet that it drives.
    switch
        The persistent switch across the coil; None for a magnet without.
    variant
        Which box of the family.
    """

    greeting: str | None = None
    latency_s = 5e-3

    def __init__(
        self, clock: Clock, coil: MagnetCoil, switch: Switch | None, variant: Variant = Variant.IPS120_10
    ) -> None:
        self._clock = clock
        self._coil = coil
        self._circuit = MagnetCircuit(clock, coil, switch)
        self._variant = variant
        self._activity = Activity.HOLD
        self._set_point_A = 0.0
        self._rate_A_per_s = 0.03
        self._mode = 1
        self._trip_A = 0.0
        self._dialect = OxfordDialect(self._handlers(), variant.value, address=2)

    @property
    def terminator(self) -> bytes:
        """Return what is sent after each reply."""
        return self._dialect.terminator

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def press(self, command: str) -> None:
        """Do a command as a hand at the front panel does, in local mode too."""
        self._dialect.press(command)

    def switch_off(self) -> None:
        """Take its power away: the current dies down through the diodes; a persistent one stays (assumed)."""
        self._circuit.ramp(0.0, 1e9, _DIODE_V)
        self._circuit.set_heater(False)

    def switch_on(self) -> None:
        """Give it power again: local and locked, protocol as at first, on hold at the current that is left."""
        self._dialect.control, self._dialect.protocol = 0, 0
        self._activity = Activity.HOLD
        self._circuit.hold()

    def _handlers(self) -> dict[str, Handler]:
        per_T, per_min = 1.0 / COIL_T_PER_A, 1.0 / 60.0
        return {
            "R": self._read,
            "X": lambda _: self._status(),
            "A": self._set_activity,
            "F": lambda argument: self._ignore(decimal(argument, 0, 24)),
            "H": self._set_heater,
            "I": lambda argument: self._set_target(self._number(argument, LARGEST_A)),
            "J": lambda argument: self._set_target(self._number(argument, LARGEST_A / per_T) * per_T),
            "M": self._set_mode,
            "P": lambda argument: self._ignore(digit(argument, "0124")),
            "S": lambda argument: self._set_rate(self._number(argument, _LARGEST_T_PER_MIN * per_T) * per_min),
            "T": lambda argument: self._set_rate(self._number(argument, _LARGEST_T_PER_MIN) * per_T * per_min),
        }

    # what it tells

    def _read(self, argument: str) -> str:
        per_min = 60.0 * self._rate_A_per_s
        supply_A = self._shown_A(self._circuit.supply_A())
        persistent_A = self._shown_A(self._circuit.coil_A())
        ampere: dict[int, float] = {0: supply_A, 2: supply_A, 5: self._set_point_A, 16: persistent_A, 17: self._trip_A}
        tesla = {7: supply_A, 8: self._set_point_A, 18: persistent_A, 19: self._trip_A}
        other = {
            1: (self._shown_V(), 2),
            15: (VOLTAGE_LIMIT_V, 2),
            20: (50.0 if self._circuit.switch and self._circuit.is_heater_on else 0.0, 1),
            21: (-LARGEST_A, 2),
            22: (LARGEST_A, 2),
            23: (1e3 * LEAD_OHM, 1),
            24: (INDUCTANCE_H, 2),
        }
        extra = 1 if self._dialect.protocol & _EXTENDED else 0
        parameter = round(decimal(argument, 0, 24))
        if parameter in ampere:
            return self._reply(ampere[parameter], 3 + extra)
        if parameter in tesla:
            return self._reply(COIL_T_PER_A * tesla[parameter], 4 + extra)
        if parameter == 6:
            return self._reply(per_min, 2 + extra)
        if parameter == 9:
            return self._reply(COIL_T_PER_A * per_min, 3 + extra)
        if parameter in other:
            return self._reply(*other[parameter])
        raise Refusal(Complaint.OUT_OF_RANGE, argument)

    def _reply(self, value: float, decimals: int) -> str:
        if self._variant is Variant.PS120_10:
            return f"R{round(100.0 * value):+06d}"
        return f"R{value:+.{decimals}f}"

    def _status(self) -> str:
        quenched = self._circuit.is_quenched()
        sweeping = not quenched and self._activity is not Activity.HOLD and not self._circuit.is_at_rest()
        heater = 8
        if self._circuit.switch is not None:
            is_at_field = abs(self._circuit.coil_A()) > _AT_FIELD_A
            heater = 1 if self._circuit.is_heater_on else 2 if is_at_field else 0
        text = f"X{quenched:d}0A{self._activity:d}C{self._dialect.control}H{heater}M{self._mode}{sweeping:d}"
        return text if self._variant is Variant.MERCURY else text + "P03"

    def _shown_A(self, current_A: float) -> float:
        return self._coil.shown_current_A(self._clock.now_s(), current_A)

    def _shown_V(self) -> float:
        return self._coil.measured_voltage_V(self._clock.now_s(), self._circuit.supply_voltage_V())

    # what it is told

    def _number(self, argument: str, largest: float) -> float:
        """Read a number as this variant writes it: with its point, or in hundredths."""
        scale = 0.01 if self._variant is Variant.PS120_10 else 1.0
        return scale * decimal(argument, -largest / scale, largest / scale)

    def _set_activity(self, argument: str) -> None:
        activity = Activity(digit(argument, "0124"))
        if self._circuit.is_quenched():
            self._reset_quench(activity)
        is_clamped = self._activity is Activity.CLAMPED
        if is_clamped and activity in (Activity.TO_SET_POINT, Activity.TO_ZERO):
            raise Refusal(Complaint.NOT_PERMITTED, argument)
        if activity is Activity.CLAMPED and abs(self._circuit.supply_A()) > _DIFFERENT_A:
            raise Refusal(Complaint.NOT_PERMITTED, argument)
        self._activity = activity
        self._drive()

    def _reset_quench(self, activity: Activity) -> None:
        if activity is Activity.HOLD:
            self._coil.reset_quench(self._clock.now_s())
        if self._circuit.is_quenched():
            raise Refusal(Complaint.NOT_PERMITTED, "quenched")

    def _drive(self) -> None:
        match self._activity:
            case Activity.TO_SET_POINT:
                self._circuit.ramp(self._set_point_A, self._rate_A_per_s, VOLTAGE_LIMIT_V)
            case Activity.TO_ZERO:
                self._circuit.ramp(0.0, self._rate_A_per_s, VOLTAGE_LIMIT_V)
            case _:
                self._circuit.hold()

    def _set_target(self, current_A: float) -> None:
        self._set_point_A = current_A
        if self._activity is Activity.TO_SET_POINT:
            self._drive()

    def _set_rate(self, rate_A_per_s: float) -> None:
        self._rate_A_per_s = abs(rate_A_per_s)
        if self._activity in (Activity.TO_SET_POINT, Activity.TO_ZERO):
            self._drive()

    def _set_heater(self, argument: str) -> None:
        heater = digit(argument, "012")
        if self._circuit.switch is None or self._circuit.is_quenched():
            raise Refusal(Complaint.NOT_PERMITTED, argument)
        differ = abs(self._circuit.supply_A() - self._circuit.coil_A()) > _DIFFERENT_A
        if heater == 1 and self._circuit.switch_state is SwitchState.CLOSED and differ:
            raise Refusal(Complaint.NOT_PERMITTED, argument)
        self._circuit.set_heater(heater > 0)

    def _set_mode(self, argument: str) -> None:
        mode = digit(argument, "014589")
        self._mode = mode & 5 if mode < 8 else (self._mode & 4) | (mode & 1)

    def _ignore(self, _: float) -> None:
        """Take what has no effect here: the display, and the polarity, which signs have replaced."""
