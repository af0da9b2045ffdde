"""Oxford Instruments ITC503 temperature controller, in the role `TemperatureController`.

Commands after the ITC503 manual (April 2000), chapter "Remote operation"; the line protocol is `instruments.oxford`.
The loop regulates the control sensor with the heater; the gas flow stays as it is set. A ramp of the setpoint is a
sweep of one step (the other 15 stay at its end, so that the sweep ends there).

The box tells no faults: a sensor that reads zero or nothing plausible counts as broken, and an open heater shows only
in a temperature that does not follow.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError, ReadbackError, StateError
from instruments.limits import Limits
from instruments.oxford import REMOTE, OxfordLine
from instruments.roles import Clock, TemperatureReading
from instruments.transport import WriteObserver

SENSORS = (1, 2, 3)
PLAUSIBLE_K = Limits(1e-3, 1600.0, "K", "reading")


@dataclass(frozen=True, slots=True)
class Zone:
    """Gains that suit setpoints up to `maximum_K`: proportional band, integral and derivative time."""

    maximum_K: float
    band_K: float
    integral_min: float
    derivative_min: float


ZONES = (
    Zone(20.0, 20.0, 0.5, 0.0),
    Zone(100.0, 50.0, 3.0, 0.0),
    Zone(300.0, 100.0, 10.0, 1.0),
)
"""Class-typical: they suit the simulated flow cryostat, heater 80 W; a station brings its own."""

_STATUS = re.compile(r"X(\d)A(\d)C(\d)S(\d\d)H(\d)L(\d)")
_HEATER_AUTO = 1
_GAS_AUTO = 2
_SETPOINT_TOLERANCE_K = 2e-3
_STEPS = 16


@dataclass(frozen=True, slots=True)
class Status:
    """The reply to ``X``: automatic heater and gas, control, sweep, control sensor, automatic gains."""

    automatic: int
    control: int
    sweep: int
    sensor: int
    is_auto_pid: bool


class ITC503:
    """The ITC503 reading one sensor and regulating it with its heater.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::24::INSTR"`` or ``"ASRL1::INSTR"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock (all drivers take one; this one never waits).
    channel : int
        Sensor of the sample thermometer, 1 to 3; it becomes the control sensor.
    minimum_K, maximum_K : float
        Limits of the setpoint at this station.
    zones : sequence of Zone
        Gains by setpoint, coldest first; the last must reach `maximum_K`.
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent or no ITC503. Nothing has been changed then; nor does connecting change anything.
    LimitError
        If the channel or the zones are impossible.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        visa_library: str | VisaLibraryBase = "",
        clock: Clock,
        channel: int = 1,
        minimum_K: float,
        maximum_K: float,
        zones: Sequence[Zone] = ZONES,
        name: str | None = None,
        on_write: WriteObserver | None = None,
    ) -> None:
        self._clock = clock
        self._name = name or f"ITC503 at {address}"
        self._channel = int(Limits(SENSORS[0], SENSORS[-1], "", "channel").check(channel, self._name))
        self._setpoint = Limits(minimum_K, maximum_K, "K", "setpoint")
        self._rate = Limits(1e-3, 100.0, "K/min", "setpoint ramp")
        self._zones = _checked_zones(zones, maximum_K, self._name)
        self._line = OxfordLine(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify("ITC503")

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``V`` at connection."""
        return self._identity

    def set_temperature(self, setpoint_K: float, *, ramp_K_per_min: float | None = None) -> None:
        """Set the setpoint with the gains of its zone, heater in automatic; ramped if a rate is given.

        A sweep that is under way is stopped where it is. A ramp that begins with the heater in manual begins at the
        present temperature, not at a forgotten setpoint.

        Raises
        ------
        LimitError
            If setpoint or rate is out of bounds.
        StateError
            If the thermometer is unsound, or the box refuses a command.
        ReadbackError
            If the box did not take a setting.
        """
        setpoint_K = self._setpoint.check(setpoint_K, self._name)
        rate = None if ramp_K_per_min is None else self._rate.check(ramp_K_per_min, self._name)
        zone = next(zone for zone in self._zones if setpoint_K <= zone.maximum_K)
        with self._line.lock:
            status = self._status()
            self._line.take_remote(status.control)
            if status.sweep:
                self._line.command("S0")
            if status.sensor != self._channel:
                self._line.command(f"H{self._channel}")
            if status.is_auto_pid:
                self._line.command("L0")
            before_K = self._parameter(0)
            if not status.automatic & _HEATER_AUTO:
                before_K = self._sound_temperature_K()
                self._take_setpoint(before_K)
            self._take_gains(zone)
            self._line.command(f"A{status.automatic & _GAS_AUTO | _HEATER_AUTO}")
            if rate is None or abs(setpoint_K - before_K) < _SETPOINT_TOLERANCE_K:
                self._take_setpoint(setpoint_K)
            else:
                self._sweep_to(setpoint_K, abs(setpoint_K - before_K) / rate)
            self._insist_on(automatic=True)

    def read(self) -> TemperatureReading:
        """Read the sample thermometer and whether it is plausible.

        All parameters are answered alike, so that a wire that lags one answer behind would be believed for ever; the
        status, asked first, is answered by another letter and shows it.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable replies came.
        """
        with self._line.lock:
            self._status()
            temperature_K = self._parameter(self._channel)
        fault = "" if PLAUSIBLE_K.allows(temperature_K) else "no plausible temperature: is the sensor connected?"
        return TemperatureReading(temperature_K, 0.0, not fault, fault)

    def heater_fraction(self) -> float:
        """Read the heater voltage as a fraction (0 to 1) of its limit; the box reports no heater faults."""
        return max(0.0, self._parameter(5)) / 100.0

    def hold_heater(self) -> float:
        """Freeze the heater at its present voltage, for a series in field with a thermometer that the field deceives.

        The next `set_temperature` goes back to automatic.

        Returns
        -------
        float
            The output, as a fraction (0 to 1) of the voltage limit.

        Raises
        ------
        StateError
            If the box refuses.
        ReadbackError
            If it did not take it.
        """
        with self._line.lock:
            status = self._status()
            self._line.take_remote(status.control)
            if status.sweep:
                self._line.command("S0")
            fraction = self.heater_fraction()
            self._line.command(f"A{status.automatic & _GAS_AUTO}")
            self._line.command(f"O{100.0 * fraction:.1f}")
            self._insist_on(automatic=False)
        return fraction

    def heater_off(self) -> None:
        """Set the heater to manual and zero."""
        with self._line.lock:
            status = self._status()
            self._line.take_remote(status.control)
            self._line.command(f"A{status.automatic & _GAS_AUTO}")
            self._line.command("O0.0")
            self._insist_on(automatic=False)
            if self.heater_fraction() > 1e-3:
                raise ReadbackError(self._name, "the heater was set to zero, but it is not")

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        with self._line.lock:
            status = self._status()
            return {
                "channel": self._channel,
                "control_sensor": status.sensor,
                "setpoint_K": self._parameter(0),
                "is_heater_automatic": bool(status.automatic & _HEATER_AUTO),
                "is_gas_automatic": bool(status.automatic & _GAS_AUTO),
                "is_remote": status.control in REMOTE,
                "sweep": status.sweep,
                "is_auto_pid": status.is_auto_pid,
                "gas_flow_percent": self._parameter(7),
                "band_K": self._parameter(8),
                "integral_min": self._parameter(9),
                "derivative_min": self._parameter(10),
            }

    def make_safe(self) -> None:
        """Leave the loop as it is, unless its thermometer is unsound: then switch the heater off.

        May be called twice.
        """
        with self._line.lock:
            if not self.read().is_valid:
                self.heater_off()

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    def _parameter(self, parameter: int) -> float:
        return self._line.read_number("R", f"{parameter}")

    def _status(self) -> Status:
        return self._line.ask("X", _as_status)

    def _insist_on(self, *, automatic: bool) -> None:
        if bool(self._status().automatic & _HEATER_AUTO) is not automatic:
            mode = "automatic" if automatic else "manual"
            raise ReadbackError(self._name, f"the heater was set to {mode}, but it is not")

    def _sound_temperature_K(self) -> float:
        reading = self.read()
        if not reading.is_valid:
            raise StateError(
                self._name, f"the heater was not switched on: the thermometer is unsound ({reading.fault})"
            )
        return reading.temperature_K

    def _take_setpoint(self, setpoint_K: float) -> None:
        self._line.command(f"T{setpoint_K:.3f}")
        reads_K = self._parameter(0)
        if abs(reads_K - setpoint_K) > _SETPOINT_TOLERANCE_K:
            raise ReadbackError(self._name, f"setpoint set to {setpoint_K:g} K, but it reads {reads_K:g} K")

    def _take_gains(self, zone: Zone) -> None:
        for parameter, letter, value, tolerance in (
            (8, "P", zone.band_K, 0.1),
            (9, "I", zone.integral_min, 0.1),
            (10, "D", zone.derivative_min, 0.1),
        ):
            self._line.command(f"{letter}{value:.1f}")
            reads = self._parameter(parameter)
            if abs(reads - value) > tolerance:
                raise ReadbackError(self._name, f"{letter} set to {value:g}, but it reads {reads:g}")

    def _sweep_to(self, setpoint_K: float, sweep_min: float) -> None:
        """Program step 1 with the way and all others with its end, compare step 1, and start."""
        for step in range(1, _STEPS + 1):
            self._line.command(f"x{step}")
            for column, value in enumerate((setpoint_K, sweep_min if step == 1 else 0.0, 0.0), 1):
                self._line.command(f"y{column}")
                self._line.command(f"s{value:.3f}")
        for column, value in enumerate((setpoint_K, sweep_min), 1):
            self._line.command("x1")
            self._line.command(f"y{column}")
            reads = self._line.read_number("r")
            if abs(reads - value) > 0.05 * value:
                raise ReadbackError(self._name, f"step 1 of the sweep, column {column}: {value:g} set, {reads:g} read")
        self._line.command("S1")


def _as_status(reply: str) -> Status:
    found = _STATUS.match(reply)
    if found is None:
        raise ValueError("expected XnAnCnSnnHnLn")
    _, automatic, control, sweep, sensor, auto_pid = (int(digits) for digits in found.groups())
    return Status(automatic, control, sweep, sensor, bool(auto_pid))


def _checked_zones(zones: Sequence[Zone], maximum_K: float, name: str) -> tuple[Zone, ...]:
    tops_K = [zone.maximum_K for zone in zones]
    if not tops_K or tops_K != sorted(tops_K) or tops_K[-1] < maximum_K:
        raise LimitError(name, f"zones up to {tops_K} K do not cover setpoints up to {maximum_K:g} K, coldest first")
    for zone in zones:
        Limits(0.1, 1677.7, "K", "P").check(zone.band_K, name)
        Limits(0.0, 140.0, "min", "I").check(zone.integral_min, name)
        Limits(0.0, 273.0, "min", "D").check(zone.derivative_min, name)
    return tuple(zones)
