"""Keithley 2450 SourceMeter as a current source, in its SCPI language, in the role `SourceMeter`.

After the Model 2450 Reference Manual (2450-901-01), section 6 "SCPI Command Reference": reading elements page 6-6,
output-off states page 6-32, limits page 6-71, ranges page 6-75; source status bits section 8, page 8-29. The command
table is `sourcemeter_keithley2450_commands`; what it shares with other sources is `current_source`.
"""

from collections.abc import Mapping
from enum import IntFlag

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.current_source import RANGE_TOLERANCE, CurrentRanges, CurrentSource, OutputOffState
from instruments.errors import ConnectionFailedError, ReplyError, StateError
from instruments.roles import Clock, SourceReading
from instruments.sourcemeter_keithley2450_commands import Keithley2450Commands
from instruments.transport import Line, WriteObserver

CURRENT_RANGES = CurrentRanges(
    ranges_A=(10e-9, 100e-9, 1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1.0),
    over_range=1.05,
    largest_A=1.05,
    steps=20_000,
)
"""Specifications (SPEC-2450): 50 nA on 1 mA."""

VOLTAGE_RANGES_V = (0.02, 0.2, 2.0, 20.0, 200.0)
OVER_RANGE = 1.05

READING = ':READ? "defbuffer1",SOUR,READ,SOURSTAT'
"""Measured current (with source readback on), voltage and source status of one measurement (page 6-6)."""

OVERFLOW = 9.9e37


class SourceStatus(IntFlag):
    """The status of the source at a reading (page 8-29)."""

    OVER_TEMPERATURE = 1 << 4
    LIMIT = 1 << 5
    REMOTE_SENSE = 1 << 6
    OUTPUT = 1 << 7


class Keithley2450(CurrentSource[Keithley2450Commands]):
    """The 2450 sourcing current on a fixed range.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::18::INSTR"``.
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
        If the box is absent, silent, no 2450, or set to another command language. Nothing has been changed then; nor
        does connecting change anything.
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
            "Keithley 2450",
            ("KEITHLEY", "MODEL 2450"),
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
                box.take("source_readback_enabled", True)
                box.take("sense_function", "voltage")
                box.take("voltage_range_auto_enabled", False)
                box.take("voltage_range", voltage_range_V, tolerance=RANGE_TOLERANCE * voltage_range_V)
            box.take("compliance_voltage", compliance_V, tolerance=1e-3 * compliance_V)
            box.take("voltage_nplc", nplc, tolerance=1e-3 * nplc)
            self._is_current_source = self._is_read_as_expected = True
            self._range_A = range_A

    def set_sense(self, is_four_wire: bool) -> None:
        """Let the voltmeter use leads of its own, or the source's; the output must be off.

        Raises
        ------
        StateError
            If the output is on.
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
            If the box has not been configured, or its output is off.
        ReplyError
            If the reading overflowed.
        CommunicationError
            If no reading came.
        """
        if not self._is_read_as_expected:
            raise StateError(self._name, "not read: what it measures is unknown; configure it first")
        current_A, voltage_V, word = self._line.ask_floats(READING, 3)
        status = SourceStatus(int(word) & sum(SourceStatus))
        if SourceStatus.OUTPUT not in status:
            raise StateError(self._name, "not read: its output is off")
        if max(abs(voltage_V), abs(current_A)) >= OVERFLOW:
            raise ReplyError(
                self._name, f":READ? gave {voltage_V:g} V, {current_A:g} A: over the range; is the contact open?"
            )
        return SourceReading(current_A, voltage_V, SourceStatus.LIMIT in status)

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


def _commands(line: Line) -> Keithley2450Commands:
    box = Keithley2450Commands(line, includeSCPI=False)
    if (language := box.value("language")) != "SCPI":
        raise ConnectionFailedError(
            line.name, f"speaks {language}; choose Menu, Settings, Command Set, SCPI at its front panel"
        )
    return box
