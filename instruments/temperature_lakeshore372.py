"""Lake Shore 372 AC resistance bridge and temperature controller, in the role `TemperatureController`.

Commands after the Model 372 User's Manual, section 6.6.1 "Interface Commands"; the loop regulated is output 0, the
sample heater. Pymeasure has no class for this box, so the command table here is a driver of our own on its
`Instrument`. Temperatures are in kelvin; a channel without a curve has none and is reported as not valid.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError, StateError
from instruments.lakeshore import Loop
from instruments.limits import Limits
from instruments.replies import as_float, as_floats, as_int
from instruments.roles import Clock, TemperatureReading
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired


class HeaterRange(IntEnum):
    """The ranges of the sample heater, named by their full-scale current (command RANGE)."""

    OFF = 0
    UA_31_6 = 1
    UA_100 = 2
    UA_316 = 3
    MA_1 = 4
    MA_3_16 = 5
    MA_10 = 6
    MA_31_6 = 7
    MA_100 = 8

    @property
    def full_scale_A(self) -> float:
        """Return the full-scale current."""
        return 0.0 if self is HeaterRange.OFF else 10.0 ** (0.5 * self - 5.0)


class ReadingFault(IntFlag):
    """What is wrong with a reading (query RDGST?)."""

    CURRENT_SOURCE_OVERLOAD = 1
    COMMON_MODE_OVERLOAD = 2
    MIXER_OVERLOAD = 4
    DIFFERENTIAL_OVERLOAD = 8
    RESISTANCE_OVER_RANGE = 16
    RESISTANCE_UNDER_RANGE = 32
    TEMPERATURE_OVER_RANGE = 64
    TEMPERATURE_UNDER_RANGE = 128

    def __str__(self) -> str:
        """Say it in words."""
        return ", ".join(str(flag.name).lower().replace("_", " ") for flag in type(self) if flag in self)


_FAULTS = int(sum(ReadingFault))


@dataclass(frozen=True, slots=True)
class Zone:
    """Gains and heater range that suit setpoints up to `maximum_K`.

    `proportional` (0 to 1000), `integral_s` (0 to 10000) and `derivative_s` (0 to 2500) are the box's own P, I and D.
    """

    maximum_K: float
    proportional: float
    integral_s: float
    derivative_s: float
    heater_range: HeaterRange


ZONES = (
    Zone(0.03, 1000.0, 200.0, 0.0, HeaterRange.MA_1),
    Zone(0.09, 1000.0, 150.0, 0.0, HeaterRange.MA_3_16),
    Zone(0.30, 1000.0, 150.0, 0.0, HeaterRange.MA_10),
    Zone(0.65, 300.0, 100.0, 0.0, HeaterRange.MA_31_6),
    Zone(1.25, 500.0, 100.0, 0.0, HeaterRange.MA_31_6),
    Zone(10.0, 100.0, 60.0, 0.0, HeaterRange.MA_31_6),
)
"""Class-typical: they suit the simulated dilution refrigerator, whose heater has 100 ohm; a station brings its own."""

_OPEN_LOOP = 2
_CLOSED_LOOP = 5
_SHOWS_POWER = 2
_GAIN_TOLERANCES = (0.1, 1.0, 1.0)
_OUTPUT_TOLERANCE_PERCENT = 0.02


class _Box(Wired):
    """The command table of the sample heater, as far as it is single values."""

    heater_range = Instrument.control(
        "RANGE? 0",
        "RANGE 0,%d",
        """Control the sample heater's range (`HeaterRange`).""",
        validator=strict_discrete_set,
        values=tuple(HeaterRange),
        cast=int,
    )


class LakeShore372:
    """The 372 reading one channel and regulating it with the sample heater.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::12::INSTR"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock, by which the age of a reading is told.
    channel : int
        Measurement input of the sample thermometer, 1 to 16.
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
        If the box is absent, silent or no 372. Nothing has been changed then; nor does connecting change anything.
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
        self._name = name or f"Lake Shore 372 at {address}"
        self._channel = int(Limits(1, 16, "", "channel").check(channel, self._name))
        self._reading_question = f"RDGST? {self._channel};RDGK? {self._channel};SCAN?"
        self._setpoint = Limits(minimum_K, maximum_K, "K", "setpoint")
        self._rate = Limits(0.001, 100.0, "K/min", "setpoint ramp")
        self._zones = _checked_zones(zones, maximum_K, self._name)
        self._line = Line(
            address, name=self._name, visa_library=visa_library, write_termination="\r\n", on_write=on_write
        )
        with self._line.connecting():
            self._identity = self._line.identify("LSCI", "MODEL372")
            self._box = _Box(self._line, includeSCPI=False)
            self._loop = Loop(self._line, 0, _GAIN_TOLERANCES)
            self._last_scanned_s = -math.inf

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

        The scanner is stopped on the sample's channel and the loop closed on it. The setpoint goes before the heater
        range: upwards the old range merely saturates, downwards the output is down before the range changes. A ramp
        that begins with the heater off begins at the present temperature, not at a forgotten setpoint.

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
            self._take_channel()
            self._take_mode(_CLOSED_LOOP)
            before_K = self._loop.setpoint_K()
            if rate is not None and self._box.value("heater_range") == HeaterRange.OFF:
                before_K = self._sound_temperature_K()
                self._loop.take_ramp(None)
                self._loop.take_setpoint(before_K)
            self._loop.take_ramp(rate)
            self._loop.take_setpoint(setpoint_K, None if rate is None else before_K)
            self._loop.take_gains(zone.proportional, zone.integral_s, zone.derivative_s)
            self._box.take("heater_range", zone.heater_range)

    def read(self) -> TemperatureReading:
        """Read the sample thermometer, whether it is sound, and how long ago the scanner last measured it.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable replies came.
        """
        with self._line.lock:
            status, temperature_K, scanned = self._line.ask(self._reading_question, _as_reading)
        now_s, fault = self._clock.now_s(), ""
        if scanned == self._channel:
            self._last_scanned_s = now_s
        if status & _FAULTS:
            fault = str(ReadingFault(status & _FAULTS))
        elif not temperature_K > 0.0:
            fault = "no temperature: has the channel a curve?"
        return TemperatureReading(temperature_K, now_s - self._last_scanned_s, not fault, fault)

    def heater_fraction(self) -> float:
        """Read the heater current as a fraction (0 to 1) of the present range's full scale.

        Raises
        ------
        StateError
            On a heater fault.
        """
        with self._line.lock:
            error, shown, (resistance_ohm, _, _, display) = self._line.ask("HTRST? 0;HTR?;HTRSET? 0", _as_heater)
            self._loop.insist_on_sound(error)
            if display != _SHOWS_POWER:
                return shown / 100.0
            full_scale_A = self._box.member("heater_range", HeaterRange).full_scale_A
        return math.sqrt(max(0.0, shown) / resistance_ohm) / full_scale_A if full_scale_A else 0.0

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
            *_, display = self._line.ask_floats("HTRSET? 0", 4)
            if display == _SHOWS_POWER:
                raise StateError(self._name, "cannot hold the heater while it counts in power; set HTRSET to current")
            fraction = self.heater_fraction()
            self._line.write(f"MOUT 0,{100.0 * fraction:.4g}")
            self._loop.compare("MOUT? 0", (100.0 * fraction,), (_OUTPUT_TOLERANCE_PERCENT,))
            self._take_mode(_OPEN_LOOP)
        return fraction

    def heater_off(self) -> None:
        """Switch the sample heater off."""
        self._box.take("heater_range", HeaterRange.OFF)

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        with self._line.lock:
            proportional, integral_s, derivative_s = self._loop.gains()
            is_ramped, rate_K_per_min = self._loop.ramp()
            scanned, is_scanning = self._line.ask_floats("SCAN?", 2)
            return {
                "channel": self._channel,
                "scanned_channel": int(scanned),
                "is_scanning": bool(is_scanning),
                "setpoint_K": self._loop.setpoint_K(),
                "is_ramped": is_ramped,
                "ramp_K_per_min": rate_K_per_min,
                "proportional": proportional,
                "integral_s": integral_s,
                "derivative_s": derivative_s,
                "heater_range_A": self._box.member("heater_range", HeaterRange).full_scale_A,
                "output_mode": self._line.ask_line("OUTMODE? 0"),
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

    def _sound_temperature_K(self) -> float:
        reading = self.read()
        if not reading.is_valid:
            raise StateError(self._name, f"no ramp started: the thermometer is unsound ({reading.fault})")
        return reading.temperature_K

    def _take_channel(self) -> None:
        """Stop the scanner on the sample's channel, so that readings are fresh and the loop is fed."""
        if self._line.ask_floats("SCAN?", 2) != (self._channel, 0):
            self._line.write(f"SCAN {self._channel},0")
            self._loop.compare("SCAN?", (self._channel, 0.0), (0.0, 0.0))

    def _take_mode(self, wanted: int) -> None:
        """Set what drives output 0, fed by the sample's channel; polarity, filter and delay stay as they are."""
        mode, source, *kept = self._line.ask("OUTMODE? 0", _output_mode)
        if (mode, source) == (wanted, self._channel):
            return
        if wanted == _CLOSED_LOOP and mode == _OPEN_LOOP:
            self._line.write("MOUT 0,0")  # a closed loop would add it to its own output
        self._line.write("OUTMODE 0,{},{},{},{},{},{:03d}".format(wanted, self._channel, *kept))
        self._loop.compare("OUTMODE? 0", (wanted, self._channel, *kept), (0.0,) * 6)


def _output_mode(reply: str) -> tuple[int, ...]:
    """Return mode, channel, on at power-up, polarity, filter and delay; what is garbled must not be written back."""
    numbers = tuple(map(int, reply.split(",")))
    if len(numbers) != 6 or not set(numbers[2:5]) <= {0, 1} or not 1 <= numbers[5] <= 255:
        raise ValueError("expected mode, channel, three of 0 or 1, and a delay of 1 to 255 s")
    return numbers


def _as_reading(reply: str) -> tuple[int, float, float]:
    """Return status, temperature and scanned channel."""
    status, temperature_K, scanner = reply.split(";")
    return as_int(status), as_float(temperature_K), as_floats(scanner, 2)[0]


def _as_heater(reply: str) -> tuple[int, float, tuple[float, ...]]:
    """Return fault, output and setup."""
    fault, output, setup = reply.split(";")
    return as_int(fault), as_float(output), as_floats(setup, 4)


def _checked_zones(zones: Sequence[Zone], maximum_K: float, name: str) -> tuple[Zone, ...]:
    tops_K = [zone.maximum_K for zone in zones]
    if not tops_K or tops_K != sorted(tops_K) or tops_K[-1] < maximum_K:
        raise LimitError(name, f"zones up to {tops_K} K do not cover setpoints up to {maximum_K:g} K, coldest first")
    for zone in zones:
        Limits(0.0, 1000.0, "", "P").check(zone.proportional, name)
        Limits(0.0, 10000.0, "s", "I").check(zone.integral_s, name)
        Limits(0.0, 2500.0, "s", "D").check(zone.derivative_s, name)
    return tuple(zones)
