"""Keithley 2182A nanovoltmeter, channel 1, in the role `DcVoltmeter`.

After the Models 2182 and 2182A User's Manual (2182A-900-01), section 3 "Range, Digits, Rate and Filter" and section 15
"Additional SCPI Commands"; identity page 12-7. Filters, relative readings and ratios are switched off: what is read is
what is at the terminals, thermal EMF and all.
"""

from collections.abc import Mapping

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set, strict_range
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError, StateError
from instruments.limits import Limits
from instruments.roles import Clock, VoltageReading
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired

RANGES_V = (10e-3, 100e-3, 1.0, 10.0, 100.0)
OVER_RANGE = 1.2

OVERFLOW = 9.9e37
"""Stands for a reading beyond the range."""

_YES_NO = {True: 1, False: 0}


class Keithley2182ACommands(Wired):
    """The settings as properties; each set command has its query."""

    continuous_enabled = Instrument.control(
        ":INITIATE:CONTINUOUS?",
        ":INITIATE:CONTINUOUS %d",
        """Control whether the box triggers by itself (bool); READ? needs it not to.""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    sense_function = Instrument.control(
        ":SENSE:FUNCTION?",
        ":SENSE:FUNCTION %s",
        """Control what is measured (str: 'voltage' or 'temperature').""",
        validator=strict_discrete_set,
        values={"voltage": '"VOLT:DC"', "temperature": '"TEMP"'},
        map_values=True,
    )

    channel = Instrument.control(
        ":SENSE:CHANNEL?",
        ":SENSE:CHANNEL %d",
        """Control which input is measured (int: 1 or 2, 0 for the internal temperature).""",
        validator=strict_discrete_set,
        values=(0, 1, 2),
        cast=int,
    )

    voltage_range = Instrument.control(
        ":SENSE:VOLTAGE:CHANNEL1:RANGE?",
        ":SENSE:VOLTAGE:CHANNEL1:RANGE %g",
        """Control the range of channel 1 (float strictly from 0 to 120 V); setting it ends autorange.""",
        validator=strict_range,
        values=(0.0, 120.0),
    )

    voltage_range_auto_enabled = Instrument.control(
        ":SENSE:VOLTAGE:CHANNEL1:RANGE:AUTO?",
        ":SENSE:VOLTAGE:CHANNEL1:RANGE:AUTO %d",
        """Control whether the box changes the range of channel 1 by itself (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    analog_filter_enabled = Instrument.control(
        ":SENSE:VOLTAGE:CHANNEL1:LPASS?",
        ":SENSE:VOLTAGE:CHANNEL1:LPASS %d",
        """Control the low-pass at 18 Hz before the converter (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    digital_filter_enabled = Instrument.control(
        ":SENSE:VOLTAGE:CHANNEL1:DFILTER?",
        ":SENSE:VOLTAGE:CHANNEL1:DFILTER %d",
        """Control the average over conversions (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    relative_enabled = Instrument.control(
        ":SENSE:VOLTAGE:CHANNEL1:REFERENCE:STATE?",
        ":SENSE:VOLTAGE:CHANNEL1:REFERENCE:STATE %d",
        """Control whether a reference is subtracted from the reading (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    voltage_nplc = Instrument.control(
        ":SENSE:VOLTAGE:NPLCYCLES?",
        ":SENSE:VOLTAGE:NPLCYCLES %g",
        """Control the integration in power line cycles (float strictly from 0.01 to 60).""",
        validator=strict_range,
        values=(0.01, 60.0),
    )


class Keithley2182A:
    """The 2182A on the voltage taps.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::7::INSTR"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock (all drivers take one; this one never waits).
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent or no 2182. Nothing has been changed then; nor does connecting change anything.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        visa_library: str | VisaLibraryBase = "",
        clock: Clock,
        name: str | None = None,
        on_write: WriteObserver | None = None,
    ) -> None:
        self._clock = clock
        self._name = name or f"Keithley 2182A at {address}"
        self._nplc = Limits(0.01, 50.0, "power line cycles", "integration")
        self._range = Limits(0.0, RANGES_V[-1] * OVER_RANGE, "V", "range")
        self._is_configured = False
        self._line = Line(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify("KEITHLEY", "MODEL 2182")
            self._box = Keithley2182ACommands(self._line, includeSCPI=False)

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``*IDN?`` at connection."""
        return self._identity

    def configure(self, *, range_V: float, nplc: float) -> None:
        """Measure voltage on channel 1 on the smallest range of at least `range_V`, without filters, read back.

        Raises
        ------
        LimitError
            If the range is above 120 V or not above zero, or the integration outside 0.01 to 50 cycles.
        ReadbackError
            If the box did not take a setting.
        """
        wanted_V = self._range.check(range_V, self._name)
        if wanted_V <= 0.0:
            raise LimitError(self._name, f"range {range_V:g} V refused: it must be above zero")
        nplc = self._nplc.check(nplc, self._name)
        fitting_V = next((entry for entry in RANGES_V if entry * (1 + 1e-9) >= wanted_V), RANGES_V[-1])
        box = self._box
        with self._line.lock:
            box.take("continuous_enabled", False)
            box.take("channel", 1)
            box.take("sense_function", "voltage")
            box.take("voltage_range_auto_enabled", False)
            box.take("voltage_range", fitting_V, tolerance=0.25 * fitting_V)  # nominal, or its 120 % end
            box.take("analog_filter_enabled", False)
            box.take("digital_filter_enabled", False)
            box.take("relative_enabled", False)
            box.take("voltage_nplc", nplc, tolerance=1e-2 * nplc)
            self._is_configured = True

    def read(self) -> VoltageReading:
        """Trigger a reading and fetch it.

        Raises
        ------
        StateError
            If the box has not been configured.
        ReplyError, CommunicationError
            If no number came.
        """
        if not self._is_configured:
            raise StateError(self._name, "not read: what it measures is unknown; configure it first")
        voltage_V = self._line.ask_float(":READ?")
        return VoltageReading(voltage_V, abs(voltage_V) >= OVERFLOW)

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        box = self._box
        with self._line.lock:
            return {
                "measures": box.value("sense_function"),
                "channel": box.value("channel"),
                "range_V": box.number("voltage_range"),
                "is_range_automatic": box.value("voltage_range_auto_enabled"),
                "nplc": box.number("voltage_nplc"),
                "analog_filter": box.value("analog_filter_enabled"),
                "digital_filter": box.value("digital_filter_enabled"),
                "relative": box.value("relative_enabled"),
            }

    def make_safe(self) -> None:
        """Do nothing: a voltmeter sources nothing."""

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()
