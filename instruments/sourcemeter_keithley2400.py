"""Keithley 2400 SourceMeter as a current source, in the role `SourceMeter`.

After the Series 2400 User's Manual (2400S-900-01), section 18 "SCPI Command Reference"; status word from page 18-51
on, output-off states after section 13. The command table is `sourcemeter_keithley2400_commands`.

Nothing here sends ``*RST``, switches autorange, or changes function or range while the output is on: each of these
puts a spike on the contact.
"""

import math
from collections.abc import Mapping
from enum import IntFlag

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import CommunicationError, LimitError, ReadbackError, ReplyError, StateError
from instruments.limits import Limits
from instruments.roles import Clock, SourceReading
from instruments.sourcemeter_keithley2400_commands import Keithley2400Commands
from instruments.transport import Line, WriteObserver

CURRENT_RANGES_A = (1e-6, 10e-6, 100e-6, 1e-3, 10e-3, 100e-3, 1.0)
VOLTAGE_RANGES_V = (0.2, 2.0, 20.0, 200.0)
OVER_RANGE = 1.05
PROGRAMMING_STEPS = 20_000
"""Steps of the programmed level over one range: 50 nA on 1 mA (specifications, source programming resolution)."""

RAMP_STEP_S = 0.05
"""Time between the steps of a ramp: at 1 mV/s across the contact a step is 50 uV, about one step of a sweep."""

ELEMENTS = "VOLT,CURR,STAT"
OVERFLOW = 9.9e37
"""Stands for a reading beyond the range; 9.91e37, above it, for an element that was not measured (page 18-51)."""

_RANGE_TOLERANCE = 0.06
"""The box names a range by its nominal or by its 105 % end; the next range is a decade away."""


class ReadingStatus(IntFlag):
    """The bits of a reading's status word that bear on a current source (page 18-51 on)."""

    COMPLIANCE = 1 << 3
    CURRENT_SOURCED = 1 << 15
    RANGE_COMPLIANCE = 1 << 16


_IN_COMPLIANCE = ReadingStatus.COMPLIANCE | ReadingStatus.RANGE_COMPLIANCE
_KNOWN_STATUS = _IN_COMPLIANCE | ReadingStatus.CURRENT_SOURCED


class Keithley2400:
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
        self._clock = clock
        self._name = name or f"Keithley 2400 at {address}"
        self._level = Limits(-maximum_A, maximum_A, "A", "source current")
        self._compliance = Limits(1e-3, maximum_V, "V", "compliance")
        self._rate = Limits(1e-12, 1.0, "A/s", "ramp rate")
        self._nplc = Limits(0.01, 10.0, "power line cycles", "integration")
        self._safe_rate_A_per_s = self._rate.check(safe_rate_A_per_s, self._name)
        self._line = Line(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify("KEITHLEY", "MODEL 2400")
            self._box = Keithley2400Commands(self._line, includeSCPI=False)
            self._is_current_source = self._box.value("source_mode") == "current"
            self._range_A = self._read_range_A()
            self._is_read_as_expected = False

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``*IDN?`` at connection."""
        return self._identity

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
                self._insist_on_idle(range_A, voltage_range_V)
            else:
                self._is_current_source = False  # until all of this has succeeded
                box.take("source_mode", "current")
                box.take("source_current", 0.0)
                box.take("source_current_range_auto_enabled", False)
                box.take("source_current_range", range_A, tolerance=_RANGE_TOLERANCE * range_A)
                box.take("output_off_state", "normal")
                box.take("auto_output_off_enabled", False)
                self._line.write(":SENSE:FUNCTION:CONCURRENT ON")
                self._line.write(':SENSE:FUNCTION "VOLT","CURR"')
                box.take("voltage_range_auto_enabled", False)
                box.take("voltage_range", voltage_range_V, tolerance=_RANGE_TOLERANCE * voltage_range_V)
            box.take("compliance_voltage", compliance_V, tolerance=1e-3 * compliance_V)
            box.take("voltage_nplc", nplc, tolerance=1e-3 * nplc)
            self._take_elements()
            self._is_current_source = self._is_read_as_expected = True
            self._range_A = range_A

    def set_output(self, is_on: bool) -> None:
        """Switch the output.

        Raises
        ------
        StateError
            If the programmed level is not zero, or the box has not been configured.
        ReadbackError
            If it did not switch.
        """
        with self._line.lock:
            self._insist_on_configured("the output is not switched")
            level_A = self._box.number("source_current")
            if level_A != 0.0:
                raise StateError(
                    self._name, f"output not switched {_word(is_on)}: the level is {level_A:g} A; ramp to zero first"
                )
            self._box.take("source_enabled", is_on)

    def set_current(self, current_A: float) -> float:
        """Step to `current_A` at once and return the level the box took.

        The level is rounded to the resolution of the range beforehand, so that what is returned is what flows.

        Raises
        ------
        LimitError
            If it is beyond this station's maximum or the range.
        StateError
            If the box has not been configured as a current source.
        ReadbackError
            If the box did not take it.
        """
        with self._line.lock:
            self._insist_on_configured("no level is set")
            return self._box.take("source_current", self._checked_level_A(current_A), tolerance=self._step_A / 2)

    def ramp_to_current(self, current_A: float, rate_A_per_s: float) -> float:
        """Walk to `current_A` in equal steps at `rate_A_per_s` and return the level the box took.

        Steps are due on absolute times. A step that comes late delays the rest: two steps never fall together.

        Raises
        ------
        LimitError
            If the level or the rate is out of bounds.
        StateError
            If the box has not been configured as a current source.
        ReadbackError
            If the box did not take the last level.
        """
        with self._line.lock:
            self._insist_on_configured("no ramp is started")
            target_A = self._checked_level_A(current_A)
            rate_A_per_s = self._rate.check(rate_A_per_s, self._name)
            start_A = self._box.number("source_current")
            # No finer than the resolution: a slow ramp takes its single steps at longer intervals.
            interval_s = max(RAMP_STEP_S, self._step_A / rate_A_per_s)
            steps = math.ceil(abs(target_A - start_A) / (rate_A_per_s * interval_s) - 1e-9)
            due_s = self._clock.now_s()
            for step in range(1, steps):
                due_s = self._wait_until(due_s + interval_s)
                self._box.source_current = self._rounded_A(start_A + (target_A - start_A) * step / steps)
            if steps:
                self._wait_until(due_s + interval_s)
            return self.set_current(target_A)

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
        status = ReadingStatus(int(word) & _KNOWN_STATUS)
        if ReadingStatus.CURRENT_SOURCED not in status:
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

    def make_safe(self) -> None:
        """Ramp to zero on the same range and leave the output as it is; may be called twice.

        Raises
        ------
        StateError
            If it sources voltage with its output on: not this program's doing, and not to be guessed at.
        """
        box = self._box
        with self._line.lock:
            is_on = box.value("source_enabled")
            self._is_current_source = box.value("source_mode") == "current"
            if self._is_current_source:
                self._range_A = self._read_range_A()
                if is_on:
                    self.ramp_to_current(0.0, self._safe_rate_A_per_s)
                else:
                    box.take("source_current", 0.0)
            elif is_on:
                raise StateError(self._name, "sources voltage with its output on; bring it to zero at its front panel")

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    @property
    def _step_A(self) -> float:
        return self._range_A / PROGRAMMING_STEPS

    def _read_range_A(self) -> float:
        reads_A = self._box.number("source_current_range")
        return next((entry for entry in CURRENT_RANGES_A if entry * (1 + _RANGE_TOLERANCE) >= reads_A), 1.0)

    def _exact_range_A(self, range_A: float) -> float:
        for entry in CURRENT_RANGES_A:
            if math.isclose(entry, range_A, rel_tol=1e-9):
                return entry
        names = ", ".join(f"{entry:g}" for entry in CURRENT_RANGES_A)
        raise LimitError(self._name, f"range {range_A!r} A refused: the box has {names} A")

    def _checked_level_A(self, current_A: float) -> float:
        level_A = self._rounded_A(self._level.check(current_A, self._name))
        end_A = self._range_A * OVER_RANGE
        return Limits(-end_A, end_A, "A", "source current on this range").check(level_A, self._name)

    def _rounded_A(self, level_A: float) -> float:
        # Whole steps over a whole number of steps: 437 steps of 50 nA come out as 2.185e-05 and not a bit beside it.
        return round(level_A / self._step_A) * self._range_A / PROGRAMMING_STEPS

    def _take_elements(self) -> None:
        self._line.write(f":FORMAT:ELEMENTS {ELEMENTS}")
        reads = self._line.ask_line(":FORMAT:ELEMENTS?")
        if reads.replace(" ", "").upper() != ELEMENTS:
            raise ReadbackError(self._name, f"data elements set to {ELEMENTS}, but they read {reads}")

    def _insist_on_configured(self, consequence: str) -> None:
        if not self._is_current_source:
            raise StateError(self._name, f"{consequence}: it is not set up as a current source; configure it first")

    def _insist_on_idle(self, range_A: float, voltage_range_V: float) -> None:
        """Refuse to set up an output that is on, unless it is at zero and set up this way already."""
        box = self._box
        level_A = box.number("source_current")
        if box.value("source_mode") != "current" or level_A != 0.0:
            raise StateError(
                self._name, f"not set up: its output is on, at {level_A:g} A; bring it to zero first (zerobias safe)"
            )
        for what, wanted in (("source_current_range", range_A), ("voltage_range", voltage_range_V)):
            reads = box.number(what)
            if abs(reads - wanted) > _RANGE_TOLERANCE * wanted:
                raise StateError(
                    self._name,
                    f"{what} not changed from {reads:g} to {wanted:g} with the output on: it would spike; ground the "
                    "contact and switch the output off first",
                )

    def _wait_until(self, due_s: float) -> float:
        """Wait for `due_s` and return it, or the present if that is later."""
        now_s = self._clock.now_s()
        if now_s >= due_s:
            return now_s
        self._clock.sleep(due_s - now_s)
        return due_s

    def _blame_output(self, error: CommunicationError) -> None:
        """Say so if silence has a reason: with its output off the box refuses to measure (error +803)."""
        if not self._box.value("source_enabled"):
            raise StateError(self._name, "not read: its output is off") from error


def _word(is_on: bool) -> str:
    return "on" if is_on else "off"
