"""Lake Shore 336 temperature controller, in the role `TemperatureController`.

Commands after the Model 336 User's Manual, rev. 1.5, section 6.6 "Interface Commands"; the loop regulated is output 1.
Pymeasure's `LakeShore3xx` is not used: it has no ramp, no gains, no faults, and passes a broken sensor's 0 K on as a
reading; the command table here is a driver of our own on its `Instrument`. Each input is read ten times a second, so a
reading is never old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError, ReadbackError, StateError
from instruments.lakeshore import Loop
from instruments.limits import Limits
from instruments.replies import as_float, as_floats, as_int
from instruments.roles import Clock, TemperatureReading
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired

INPUTS = "ABCD"


class HeaterRange(IntEnum):
    """The ranges of output 1 (command RANGE): 1, 10 and 100 % of the heater's power."""

    OFF = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class ReadingFault(IntFlag):
    """What is wrong with a reading (query RDGST?)."""

    INVALID_READING = 1
    TEMPERATURE_UNDER_RANGE = 16
    TEMPERATURE_OVER_RANGE = 32
    SENSOR_ZERO = 64
    SENSOR_OVER_RANGE = 128

    def __str__(self) -> str:
        """Say it in words."""
        return ", ".join(str(flag.name).lower().replace("_", " ") for flag in type(self) if flag in self)


_FAULTS = int(sum(ReadingFault))


@dataclass(frozen=True, slots=True)
class Zone:
    """Gains and heater range that suit setpoints up to `maximum_K`.

    `proportional` (0.1 to 1000), `integral` (0 to 1000, in 1000/s: the larger, the faster) and `derivative` (0 to 200,
    per cent) are the box's own P, I and D.
    """

    maximum_K: float
    proportional: float
    integral: float
    derivative: float
    heater_range: HeaterRange


ZONES = (
    Zone(0.5, 1000.0, 10.0, 0.0, HeaterRange.LOW),
    Zone(1.15, 500.0, 10.0, 0.0, HeaterRange.LOW),
    Zone(3.0, 200.0, 15.0, 0.0, HeaterRange.MEDIUM),
    Zone(30.0, 50.0, 20.0, 0.0, HeaterRange.HIGH),
)
"""Class-typical: they suit the simulated 3He insert, heater 50 ohm at up to 0.1 A; a station brings its own."""

_OUTPUT = 1
_CLOSED_LOOP = 1
_OPEN_LOOP = 3
_SHOWS_POWER = 2
_GAIN_TOLERANCES = (0.1, 0.1, 0.1)
_OUTPUT_TOLERANCE_PERCENT = 0.1


class _Box(Wired):
    """The command table of output 1, as far as it is single values."""

    heater_range = Instrument.control(
        "RANGE? 1",
        "RANGE 1,%d",
        """Control the range of output 1 (`HeaterRange`).""",
        validator=strict_discrete_set,
        values=tuple(HeaterRange),
        cast=int,
    )


class LakeShore336:
    """The 336 reading one input and regulating it with output 1.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::12::INSTR"`` or ``"TCPIP0::192.168.1.21::7777::SOCKET"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock (all drivers take one; this one never waits).
    channel : int
        Input of the sample thermometer: 1 to 4 for A to D.
    minimum_K, maximum_K : float
        Limits of the setpoint at this station.
    zones : sequence of Zone
        Gains and heater range by setpoint, coldest first; the last must reach `maximum_K`.
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent or no 336. Nothing has been changed then; nor does connecting change anything.
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
        self._name = name or f"Lake Shore 336 at {address}"
        self._channel = int(Limits(1, len(INPUTS), "", "channel").check(channel, self._name))
        self._input = INPUTS[self._channel - 1]
        self._setpoint = Limits(minimum_K, maximum_K, "K", "setpoint")
        self._rate = Limits(0.1, 100.0, "K/min", "setpoint ramp")
        self._zones = _checked_zones(zones, maximum_K, self._name)
        self._line = Line(
            address, name=self._name, visa_library=visa_library, write_termination="\r\n", on_write=on_write
        )
        with self._line.connecting():
            self._identity = self._line.identify("LSCI", "MODEL336")
            self._box = _Box(self._line, includeSCPI=False)
            self._loop = Loop(self._line, _OUTPUT, _GAIN_TOLERANCES)

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``*IDN?`` at connection."""
        return self._identity

    def set_temperature(self, setpoint_K: float, *, ramp_K_per_min: float | None = None) -> None:
        """Set the setpoint, with the gains and heater range of its zone; ramped if a rate is given.

        The setpoint goes before the heater range: upwards the old range merely saturates, downwards the output is down
        before the range changes. A ramp that begins with the heater off begins at the present temperature.

        Raises
        ------
        LimitError
            If setpoint or rate is out of bounds.
        StateError
            If the heater is faulty, or the thermometer is.
        ReadbackError
            If the box did not take a setting.
        """
        setpoint_K = self._setpoint.check(setpoint_K, self._name)
        rate = None if ramp_K_per_min is None else self._rate.check(ramp_K_per_min, self._name)
        zone = next(zone for zone in self._zones if setpoint_K <= zone.maximum_K)
        with self._line.lock:
            self._loop.insist_on_sound_heater()
            self._take_mode(_CLOSED_LOOP)
            before_K = self._loop.setpoint_K()
            if rate is not None and self._box.value("heater_range") == HeaterRange.OFF:
                before_K = self._sound_temperature_K()
                self._loop.take_ramp(None)
                self._loop.take_setpoint(before_K)
            self._loop.take_ramp(rate)
            self._loop.take_setpoint(setpoint_K, None if rate is None else before_K)
            self._loop.take_gains(zone.proportional, zone.integral, zone.derivative)
            self._box.take("heater_range", zone.heater_range)

    def read(self) -> TemperatureReading:
        """Read the sample thermometer and whether it is sound.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable replies came.
        """
        status, temperature_K = self._line.ask(f"RDGST? {self._input};KRDG? {self._input}", _as_reading)
        fault = ""
        if status & _FAULTS:
            fault = str(ReadingFault(status & _FAULTS))
        elif not temperature_K > 0.0:
            fault = "no temperature: has the input a curve?"
        return TemperatureReading(temperature_K, 0.0, not fault, fault)

    def heater_fraction(self) -> float:
        """Read the heater current as a fraction (0 to 1) of the present range's full scale.

        Raises
        ------
        StateError
            On a heater fault.
        """
        with self._line.lock:
            error, shown, setup = self._line.ask("HTRST? 1;HTR? 1;HTRSET? 1", _as_heater)
            self._loop.insist_on_sound(error)
        fraction = max(0.0, shown) / 100.0
        return fraction**0.5 if setup[-1] == _SHOWS_POWER else fraction

    def hold_heater(self) -> float:
        """Freeze the heater at its present current, for a series in field with a thermometer that the field deceives.

        The range stays, the loop is opened; the next `set_temperature` closes it again.

        Returns
        -------
        float
            The output, as a fraction (0 to 1) of the range's full current.

        Raises
        ------
        StateError
            On a heater fault, or if the heater is set to be shown as power: the manual output would count in watts.
        ReadbackError
            If the box did not take a setting.
        """
        with self._line.lock:
            if self._shows_power():
                raise StateError(self._name, "cannot hold the heater while it counts in power; set HTRSET to current")
            fraction = self.heater_fraction()
            self._line.write(f"MOUT 1,{100.0 * fraction:.4g}")
            self._loop.compare("MOUT? 1", (100.0 * fraction,), (_OUTPUT_TOLERANCE_PERCENT,))
            self._take_mode(_OPEN_LOOP)
        return fraction

    def heater_off(self) -> None:
        """Switch output 1 off."""
        self._box.take("heater_range", HeaterRange.OFF)

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        with self._line.lock:
            proportional, integral, derivative = self._loop.gains()
            is_ramped, rate_K_per_min = self._loop.ramp()
            return {
                "channel": self._channel,
                "input": self._input,
                "setpoint_K": self._loop.setpoint_K(),
                "is_ramped": is_ramped,
                "ramp_K_per_min": rate_K_per_min,
                "proportional": proportional,
                "integral": integral,
                "derivative": derivative,
                "heater_range": self._box.member("heater_range", HeaterRange).name,
                "heater_setup": self._line.ask_line("HTRSET? 1"),
                "output_mode": self._line.ask_line("OUTMODE? 1"),
                "curve": self._line.ask_int(f"INCRV? {self._input}"),
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

    def _shows_power(self) -> bool:
        *_, display = self._line.ask_floats("HTRSET? 1", 4)
        return display == _SHOWS_POWER

    def _sound_temperature_K(self) -> float:
        reading = self.read()
        if not reading.is_valid:
            raise StateError(self._name, f"no ramp started: the thermometer is unsound ({reading.fault})")
        return reading.temperature_K

    def _take_mode(self, wanted: int) -> None:
        """Set what drives output 1, fed by the sample's input; whether it comes on with the power stays as it is."""
        mode, source, powers_up = (round(value) for value in self._line.ask_floats("OUTMODE? 1", 3))
        if (mode, source) == (wanted, self._channel):
            return
        if wanted == _CLOSED_LOOP and mode == _OPEN_LOOP:
            self._line.write("MOUT 1,0")  # a closed loop would add it to its own output
        self._line.write(f"OUTMODE 1,{wanted},{self._channel},{powers_up}")
        reads = self._line.ask_floats("OUTMODE? 1", 3)
        if reads[:2] != (wanted, self._channel):
            raise ReadbackError(self._name, f"mode {wanted} on input {self._input} not taken: it reads {reads}")


def _as_reading(reply: str) -> tuple[int, float]:
    """Return status and temperature."""
    status, temperature_K = reply.split(";")
    return as_int(status), as_float(temperature_K)


def _as_heater(reply: str) -> tuple[int, float, tuple[float, ...]]:
    """Return fault, output and setup."""
    fault, output, setup = reply.split(";")
    return as_int(fault), as_float(output), as_floats(setup, 4)


def _checked_zones(zones: Sequence[Zone], maximum_K: float, name: str) -> tuple[Zone, ...]:
    tops_K = [zone.maximum_K for zone in zones]
    if not tops_K or tops_K != sorted(tops_K) or tops_K[-1] < maximum_K:
        raise LimitError(name, f"zones up to {tops_K} K do not cover setpoints up to {maximum_K:g} K, coldest first")
    for zone in zones:
        Limits(0.1, 1000.0, "", "P").check(zone.proportional, name)
        Limits(0.0, 1000.0, "1000/s", "I").check(zone.integral, name)
        Limits(0.0, 200.0, "%", "D").check(zone.derivative, name)
    return tuple(zones)
