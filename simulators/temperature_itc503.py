"""The Oxford ITC503 as it answers on GPIB or its serial line, regulating a simulated insert.

After the ITC503 manual (April 2000), chapter "Remote operation"; the line protocol is
`simulators.parts.oxford_dialect`. The status is ``XnAnCnSnnHnLn`` and says nothing of faults: its first digit is always
zero.

As the lab left it: sensor 1 on the sample stage (control), 2 on the cold end, 3 on the bath; heater 20 ohm, up to 40 V,
so 80 W; heater manual at zero, needle valve at 50 %, local and unlocked, auto-PID off.

The loop is ``output = (e + 1/I int e dt + D de/dt) / P``: proportional band P in kelvin for the full output, I and D
in minutes. A sweep runs through up to 16 steps: from the present setpoint to the step's own in its sweep time, where it
stays for the step's hold time.

Assumed: numbers carry three decimals (one where the manual says so); a broken sensor reads zero; a step of no times and
no temperature ends a sweep; ``T`` ends it too; heater switched to manual keeps its output; ``H`` takes sensor 1 only,
the others sit elsewhere; ``Y``, ``Z``, ``~`` and ``!`` are not there; gas flow in automatic stays as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.regulation import HeaterMode
from simulators.cryogenics.thermometry import Thermometry
from simulators.dialect import Complaint, Refusal
from simulators.parts.oxford_dialect import Handler, OxfordDialect, decimal, digit

ASSUMED: Final = frozenset("RVqrtdmno")
"""Commands whose reply format is recalled or inferred from clients, not read in a manual."""

HEATER_OHM: Final = 20.0
LARGEST_V: Final = 40.0
USUAL_FLOW_PERCENT: Final = 50.0

_STEPS: Final = 16
_SENSORS: Final = (0, 1, 3)
_HEATER_AUTO: Final = 1
_HIGHEST_K: Final = 1677.7
_NO_STEP: Final = (0.0, 0.0, 0.0)
_AUTO_PID: Final = ((20.0, 20.0, 0.5, 0.0), (100.0, 50.0, 3.0, 0.0), (300.0, 100.0, 10.0, 1.0))


class Clock(Protocol):
    """What the box asks of the rack's clock."""

    def now_s(self) -> float:
        """Return the experiment time in seconds."""
        ...

    def call_at(self, time_s: float, action: Callable[[], None]) -> None:
        """Book an action."""
        ...


@dataclass(slots=True)
class _Sweep:
    """Where a sweep is: ``2P - 1`` on its way to step P, ``2P`` holding there, 0 not running."""

    status: int = 0
    number: int = 0  # counts sweeps, so that bookings of an old one are known


class ITC503:
    """State and dialect of the temperature controller (fills `simulators.dialect.Box`).

    Parameters
    ----------
    clock
        The rack's clock.
    cryostat
        The refrigerator that it reads and heats.
    seed
        Seed of the sensors' calibration errors and of the reading noise.
    shift_per_T
        How much the sample's thermometer reads too low in a field, as a fraction of T a tesla.
    """

    greeting: str | None = None
    latency_s = 5e-3

    def __init__(self, clock: Clock, cryostat: Cryostat, seed: int, shift_per_T: float = 0.0) -> None:
        self._clock = clock
        self._cryostat = cryostat
        self._thermometry = Thermometry(cryostat, seed, shift_per_T)
        cryostat.set_feedback(clock.now_s(), self._thermometry.control_reading_K)
        self._automatic = 0
        self._is_auto_pid = False
        self._gains = (20.0, 0.5, 0.0)
        self._limit_V = LARGEST_V
        self._flow_percent = USUAL_FLOW_PERCENT
        self._pointer = (0, 0)
        self._sweep = _Sweep()
        self._steps = [_NO_STEP] * _STEPS
        self._auto_pid = [*_AUTO_PID, *[(0.0,) * 4] * (_STEPS - len(_AUTO_PID))]
        self._target_V = [0.0] * 64
        self._gas = [0.0] * 6
        self._dialect = OxfordDialect(self._handlers(), "ITC503 Version 1.11 (c) OXFORD 1997", "xyrqtdmno")
        self._drive()

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
        """Take its power away: no heat."""
        self._stop_sweep()
        self._automatic = 0
        self._cryostat.set_manual_output(self._clock.now_s(), 0.0)
        self._drive()

    def switch_on(self) -> None:
        """Give it power again: local and locked, protocol as at first, heater manual at zero."""
        self._dialect.control, self._dialect.protocol = 0, 0

    def set_sensor_broken(self, is_broken: bool) -> None:
        """Break or mend the sample thermometer (a fault); the loop holds its output (assumed)."""
        self._thermometry.set_broken(0, is_broken)

    def _handlers(self) -> dict[str, Handler]:
        return {
            "R": self._read,
            "X": lambda _: self._status(),
            "A": self._set_automatic,
            "D": partial(self._set_gain, 2, 273.0),
            "F": lambda argument: self._ignore(decimal(argument, 0, 13)),
            "G": self._set_flow,
            "H": self._set_sensor,
            "I": partial(self._set_gain, 1, 140.0),
            "L": self._set_auto_pid,
            "M": self._set_limit,
            "O": self._set_output,
            "P": partial(self._set_gain, 0, _HIGHEST_K),
            "S": self._start_sweep,
            "T": self._set_setpoint,
            "x": lambda argument: self._point(decimal(argument, 0, 128), None),
            "y": lambda argument: self._point(None, decimal(argument, 0, 128)),
            "s": self._set_step,
            "r": lambda _: f"r{self._step()[self._column(3)]:+.3f}",
            "w": self._wipe,
            "p": self._set_auto_entry,
            "q": lambda _: f"q{self._auto_pid[self._row(_STEPS)][self._column(4)]:+.3f}",
            "v": self._set_target_volts,
            "t": lambda _: f"t{self._target_V[self._row(64)]:+.1f}",
            "c": self._set_gas,
            "d": lambda _: f"d{self._gas[self._row(6)]:+.3f}",
            "m": lambda _: "m0",
            "n": lambda _: f"n{self._heater_fraction() * self._limit_V:+.1f}",
            "o": lambda _: "o+1.000",
        }

    # readings

    def _read(self, argument: str) -> str:
        now_s = self._clock.now_s()
        match round(decimal(argument, 0, 13)):
            case 0:
                value = self._cryostat.setpoint_K(now_s)
            case 1 | 2 | 3 as sensor:
                value = self._reading_K(sensor)
            case 4:
                value = self._cryostat.setpoint_K(now_s) - self._reading_K(1)
            case 5:
                return f"R{100.0 * self._heater_fraction():+.1f}"
            case 6:
                return f"R{self._limit_V * self._heater_fraction():+.1f}"
            case 7:
                return f"R{self._flow_percent:+.1f}"
            case 8 | 9 | 10 as gain:
                value = self._gains[gain - 8]
            case _:
                value = 0.0
        return f"R{value:+.3f}"

    def _status(self) -> str:
        control, sweep = self._dialect.control, self._sweep.status
        return f"X0A{self._automatic}C{control}S{sweep:02d}H1L{self._is_auto_pid:d}"

    def _reading_K(self, sensor: int) -> float:
        return self._thermometry.temperature_K(self._clock.now_s(), _SENSORS[sensor - 1]) or 0.0

    def _heater_fraction(self) -> float:
        return self._cryostat.heater_fraction(self._clock.now_s())

    # heater and loop

    def _set_automatic(self, argument: str) -> None:
        automatic = digit(argument, "0123")
        now_s = self._clock.now_s()
        if automatic & _HEATER_AUTO:
            self._cryostat.set_manual_output(now_s, 0.0)
        elif self._automatic & _HEATER_AUTO:
            self._cryostat.set_manual_output(now_s, self._heater_fraction())
        self._automatic = automatic
        self._drive()

    def _drive(self) -> None:
        now_s = self._clock.now_s()
        is_auto = self._automatic & _HEATER_AUTO
        self._cryostat.set_mode(now_s, HeaterMode.CLOSED_LOOP if is_auto else HeaterMode.OPEN_LOOP)
        self._cryostat.set_full_power_W(now_s, self._limit_V**2 / HEATER_OHM)
        self._cryostat.set_gas_flow(now_s, self._flow_percent / USUAL_FLOW_PERCENT)
        band_K, integral_min, derivative_min = self._gains
        self._cryostat.set_pid(now_s, 100.0 / max(band_K, 0.1), 60.0 * integral_min, 60.0 * derivative_min)

    def _set_gain(self, place: int, highest: float, argument: str) -> None:
        value = decimal(argument, 0.0, highest)
        self._gains = (*self._gains[:place], value, *self._gains[place + 1 :])
        self._drive()

    def _set_auto_pid(self, argument: str) -> None:
        self._is_auto_pid = bool(digit(argument, "01"))
        self._choose_gains(self._cryostat.setpoint_K(self._clock.now_s()))

    def _choose_gains(self, setpoint_K: float) -> None:
        entry = next((entry for entry in self._auto_pid if setpoint_K <= entry[0]), None)
        if self._is_auto_pid and entry is not None:
            self._gains = (entry[1], entry[2], entry[3])
            self._drive()

    def _set_limit(self, argument: str) -> None:
        self._limit_V = decimal(argument, 0.0, LARGEST_V) or LARGEST_V
        self._drive()

    def _set_output(self, argument: str) -> None:
        percent = decimal(argument, 0.0, 99.9)
        if self._automatic & _HEATER_AUTO:
            raise Refusal(Complaint.NOT_PERMITTED, argument)
        self._cryostat.set_manual_output(self._clock.now_s(), percent / 100.0)

    def _set_flow(self, argument: str) -> None:
        self._flow_percent = decimal(argument, 0.0, 99.9)
        self._drive()

    def _set_sensor(self, argument: str) -> None:
        digit(argument, "1")

    def _set_setpoint(self, argument: str) -> None:
        value_K = decimal(argument, 0.0, _HIGHEST_K)
        self._stop_sweep()
        self._choose_gains(value_K)
        self._cryostat.set_setpoint_K(self._clock.now_s(), value_K)

    # sweeps

    def _start_sweep(self, argument: str) -> None:
        status = round(decimal(argument, 0, 2 * _STEPS))
        self._stop_sweep()
        if status:
            self._enter_step((status + 1) // 2, self._sweep.number)

    def _stop_sweep(self) -> None:
        now_s = self._clock.now_s()
        self._sweep = _Sweep(0, self._sweep.number + 1)
        # the setpoint stays where it is just now; after that it jumps where it is told
        self._cryostat.set_setpoint_K(now_s, self._cryostat.setpoint_K(now_s))
        self._cryostat.set_ramp(now_s, False, 0.0)

    def _enter_step(self, step: int, sweep: int) -> None:
        """Set off to a step, unless the sweep was stopped in the meantime."""
        if sweep != self._sweep.number:
            return
        if step > _STEPS or self._steps[step - 1] == _NO_STEP:
            self._stop_sweep()
            return
        now_s = self._clock.now_s()
        goal_K, sweep_min, hold_min = self._steps[step - 1]
        way_K = abs(goal_K - self._cryostat.setpoint_K(now_s))
        self._cryostat.set_ramp(now_s, sweep_min > 0.0 and way_K > 0.0, way_K / sweep_min if sweep_min else 0.0)
        self._choose_gains(goal_K)
        self._cryostat.set_setpoint_K(now_s, goal_K)
        self._sweep.status = 2 * step - 1
        arrival_s = now_s + 60.0 * sweep_min
        self._clock.call_at(arrival_s, partial(self._hold_step, step, sweep))
        self._clock.call_at(arrival_s + 60.0 * hold_min, partial(self._enter_step, step + 1, sweep))

    def _hold_step(self, step: int, sweep: int) -> None:
        if sweep == self._sweep.number:
            self._sweep.status = 2 * step

    # tables

    def _point(self, x: float | None, y: float | None) -> None:
        old_x, old_y = self._pointer
        self._pointer = (old_x if x is None else round(x), old_y if y is None else round(y))

    def _row(self, rows: int) -> int:
        return _within(self._pointer[0], rows)

    def _column(self, columns: int) -> int:
        return _within(self._pointer[1], columns)

    def _step(self) -> tuple[float, float, float]:
        return self._steps[self._row(_STEPS)]

    def _set_step(self, argument: str) -> None:
        entry = list(self._step())
        entry[self._column(3)] = decimal(argument, 0.0, _HIGHEST_K)
        self._steps[self._row(_STEPS)] = (entry[0], entry[1], entry[2])

    def _wipe(self, _: str) -> None:
        self._steps = [_NO_STEP] * _STEPS

    def _set_auto_entry(self, argument: str) -> None:
        entry = list(self._auto_pid[self._row(_STEPS)])
        entry[self._column(4)] = decimal(argument, 0.0, _HIGHEST_K)
        self._auto_pid[self._row(_STEPS)] = (entry[0], entry[1], entry[2], entry[3])

    def _set_target_volts(self, argument: str) -> None:
        self._target_V[self._row(64)] = decimal(argument, 0.0, LARGEST_V)

    def _set_gas(self, argument: str) -> None:
        self._gas[self._row(6)] = decimal(argument, -1e3, 1e3)

    def _ignore(self, _: float) -> None:
        """Take what has no effect here: what the front panel displays."""


def _within(pointer: int, count: int) -> int:
    """Return a pointer, which counts from 1, as an index; refuse one outside of the table."""
    if not 1 <= pointer <= count:
        raise Refusal(Complaint.OUT_OF_RANGE, f"{pointer}")
    return pointer - 1
