"""Keithley 2400 SourceMeter as a current source, in the role `SourceMeter`.

After the Series 2400 User's Manual (2400S-900-01), section 18 "SCPI Command Reference"; status word from page 18-51
on, output-off states after section 13, sense leads after section 2. The command table is
`sourcemeter_keithley2400_commands`; what it shares with other sources is `current_source`.
"""

from collections.abc import Mapping
from enum import IntFlag

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.current_source import RANGE_TOLERANCE, CurrentRanges, CurrentSource, OutputOffState
from instruments.errors import CommunicationError, ReadbackError, ReplyError, StateError
from instruments.roles import Clock, SourceReading
from instruments.sourcemeter_keithley2400_commands import Keithley2400Commands
from instruments.transport import Line, WriteObserver

CURRENT_RANGES = CurrentRanges(
    ranges_A=(1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1.0), over_range=1.05, largest_A=1.05, steps=20_000
)
"""Specifications, source programming resolution: 50 nA on 1 mA."""

VOLTAGE_RANGES_V = (0.2, 2.0, 20.0, 200.0)
OVER_RANGE = 1.05

ELEMENTS = "VOLT,CURR,STAT"
OVERFLOW = 9.9e37
"""Stands for a reading beyond the range; 9.91e37, above it, for an element that was not measured (page 18-51)."""


class ReadingStatus(IntFlag):
    """The bits of a reading's status word that bear on a current source (page 18-51 on)."""

    COMPLIANCE = 1 << 3
    CURRENT_SOURCED = 1 << 15
    RANGE_COMPLIANCE = 1 << 16


_IN_COMPLIANCE = (ReadingStatus.COMPLIANCE | ReadingStatus.RANGE_COMPLIANCE).value


class Keithley2400(CurrentSource[Keithley2400Commands]):
    """The 2400 sourcing current on a fixed range.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::24::INSTR"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock, on which ramps walk.
    maximum_A : float
        Largest current allowed at this station, of either sign.
    maximum_V : float
        Largest compliance allowed at this station.
    safe_rate_A_per_s : float
        Rate at which `make_safe` goes to zero: 1 mV/s on a contact of 10 ohm by default.
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent or no 2400. Nothing has been changed then; nor does connecting change anything:
        an output found on is left on, at its level, and reported by `settings`.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        visa_library: str | VisaLibraryBase = "",
        clock: Clock,
        maximum_A: float,
        maximum_V: float = 21.0,
        safe_rate_A_per_s: float = 1e-4,
        name: str | None = None,
        on_write: WriteObserver | None = None,
    ) -> None:
        super().__init__(
            "Keithley 2400",
            ("KEITHLEY", "MODEL 2400"),
            _commands,
            CURRENT_RANGES,
            level_header=":SOURCE:CURRENT",
            address=address,
            visa_library=visa_library,
            clock=clock,
            maximum_A=maximum_A,
            maximum_V=maximum_V,
            safe_rate_A_per_s=safe_rate_A_per_s,
            name=name,
            on_write=on_write,
        )
        self._is_read_as_expected = False

    def configure(self, *, range_A: float, compliance_V: float, nplc: float) -> None:
        """Fix function, ranges, compliance and integration, and read them back.

        With the output off everything is set. With the output on, which must be at zero, function and range must
        already be as wanted, since changing them would spike.

        Raises
        ------
        LimitError
            If a value is outside its limits or `range_A` is not exactly a range of the box.
        StateError
            If the output is on and not at zero, or on with another function or range.
        ReadbackError
            If the box did not take a setting.
        """
        range_A = self._exact_range_A(range_A)
        compliance_V = self._compliance.check(compliance_V, self._name)
        voltage_range_V = next((entry for entry in VOLTAGE_RANGES_V if entry * OVER_RANGE >= compliance_V), 200.0)
        nplc = self._nplc.check(nplc, self._name)
        box = self._box
        with self._line.lock:
            if box.value("source_enabled"):
                self._insist_on_idle(source_current_range=range_A, voltage_range=voltage_range_V)
            else:
                self._is_current_source = False  # until all of this has succeeded
                box.take("source_mode", "current")
                box.take("source_current", 0.0)
                box.take("source_current_range_auto_enabled", False)
                box.take("source_current_range", range_A, tolerance=RANGE_TOLERANCE * range_A)
                box.take("output_off_state", OutputOffState.NORMAL.value)
                box.take("auto_output_off_enabled", False)
                self._line.write(":SENSE:FUNCTION:CONCURRENT ON")
                self._line.write(':SENSE:FUNCTION "VOLT","CURR"')
                box.take("voltage_range_auto_enabled", False)
                box.take("voltage_range", voltage_range_V, tolerance=RANGE_TOLERANCE * voltage_range_V)
            box.take("compliance_voltage", compliance_V, tolerance=1e-3 * compliance_V)
            box.take("voltage_nplc", nplc, tolerance=1e-3 * nplc)
            self._take_elements()
            self._is_current_source = self._is_read_as_expected = True
            self._range_A = range_A

    def set_sense(self, is_four_wire: bool) -> None:
        """Let the voltmeter use leads of its own, or the source's; the output must be off.

        Raises
        ------
        StateError
            If the output is on: the box would switch it off by itself (page 2-12).
        ReadbackError
            If the box did not take it.
        """
        with self._line.lock:
            self._insist_on_output_off("sense leads not changed")
            self._box.take("wires", 4 if is_four_wire else 2)

    def set_output_off_state(self, state: OutputOffState) -> None:
        """Choose what the output is while off; acts at once if it is off. `HIMP` only with the contact grounded.

        Raises
        ------
        ReadbackError
            If the box did not take it.
        """
        self._box.take("output_off_state", state.value)

    def read(self) -> SourceReading:
        """Trigger a measurement of the output and read it.

        Raises
        ------
        StateError
            If the box has not been configured, or its output is off (it measures nothing then).
        ReplyError
            If the reading overflowed, is missing an element, or says that voltage was sourced.
        CommunicationError
            If no reading came.
        """
        with self._line.lock:
            if not self._is_read_as_expected:
                raise StateError(self._name, "not read: its data format is unknown; configure it first")
            try:
                voltage_V, current_A, word = self._line.ask_floats(":READ?", 3)
            except CommunicationError as error:
                self._blame_output(error)
                raise
        if max(abs(voltage_V), abs(current_A)) >= OVERFLOW:
            raise ReplyError(
                self._name,
                f":READ? gave {voltage_V:g} V, {current_A:g} A: over the range or not measured; is the contact open?",
            )
        status = int(word)
        if not status & ReadingStatus.CURRENT_SOURCED.value:
            raise ReplyError(self._name, f":READ? gave status {word:g}: this is no reading of a current source")
        return SourceReading(current_A, voltage_V, bool(status & _IN_COMPLIANCE))

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data, the output's state included."""
        box = self._box
        with self._line.lock:
            return {
                "source_function": box.value("source_mode"),
                "is_output_on": box.value("source_enabled"),
                "current_A": box.number("source_current"),
                "range_A": box.number("source_current_range"),
                "compliance_V": box.number("compliance_voltage"),
                "voltage_range_V": box.number("voltage_range"),
                "nplc": box.number("voltage_nplc"),
                "output_off_state": box.value("output_off_state"),
                "sense_wires": box.value("wires"),
            }

    def _take_elements(self) -> None:
        self._line.write(f":FORMAT:ELEMENTS {ELEMENTS}")
        reads = self._line.ask_line(":FORMAT:ELEMENTS?")
        if reads.replace(" ", "").upper() != ELEMENTS:
            raise ReadbackError(self._name, f"data elements set to {ELEMENTS}, but they read {reads}")

    def _blame_output(self, error: CommunicationError) -> None:
        """Say so if silence has a reason: with its output off the box refuses to measure (error +803)."""
        if not self._box.value("source_enabled"):
            raise StateError(self._name, "not read: its output is off") from error


def _commands(line: Line) -> Keithley2400Commands:
    return Keithley2400Commands(line, includeSCPI=False)
