"""Yokogawa GS200 as a current source, in the role `SourceMeter`; it measures nothing (no monitor option).

After the GS200 User's Manual (IM GS210-01EN), section 13 "Communication Commands": source and limiter page 13-11 on,
status registers page 13-30. A reading is the level that is set and the limiter's state; the voltage is not known and
reads zero. The limiter's smallest level is 1 V.
"""

from collections.abc import Mapping
from enum import IntFlag

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set, strict_range
from pyvisa.highlevel import VisaLibraryBase

from instruments.current_source import RANGE_TOLERANCE, CurrentRanges, CurrentSource
from instruments.errors import LimitError, StateError
from instruments.roles import Clock, SourceReading
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired

CURRENT_RANGES = CurrentRanges(ranges_A=(1e-3, 10e-3, 100e-3, 200e-3), over_range=1.2, largest_A=0.2, steps=100_000)
"""Class-typical (data sheet): 120 % of a range, 10 nA on 1 mA."""

LIMITER_V = (1.0, 30.0)
"""Smallest and largest level of the voltage limiter (page 13-12)."""


class Condition(IntFlag):
    """The bits of the condition register that bear on a source (page 13-30)."""

    LOW_LIMITER = 1 << 10
    HIGH_LIMITER = 1 << 11
    TRIPPED = 1 << 12
    EMERGENCY = 1 << 13


_LIMITED = Condition.LOW_LIMITER | Condition.HIGH_LIMITER
_GONE = Condition.TRIPPED | Condition.EMERGENCY


class YokogawaGS200Commands(Wired):
    """The settings as properties; each set command has its query."""

    source_enabled = Instrument.control(
        ":OUTPUT?",
        ":OUTPUT %d",
        """Control whether the output is on (bool).""",
        validator=strict_discrete_set,
        values={True: 1, False: 0},
        map_values=True,
    )

    source_mode = Instrument.control(
        ":SOURCE:FUNCTION?",
        ":SOURCE:FUNCTION %s",
        """Control what is sourced (str: 'current' or 'voltage').""",
        validator=strict_discrete_set,
        values={"current": "CURR", "voltage": "VOLT"},
        map_values=True,
    )

    source_current = Instrument.control(
        ":SOURCE:LEVEL?",
        ":SOURCE:LEVEL %g",
        """Control the level on the present range (float strictly from -0.2 to 0.2 A).""",
        validator=strict_range,
        values=(-0.2, 0.2),
    )

    source_current_range = Instrument.control(
        ":SOURCE:RANGE?",
        ":SOURCE:RANGE %g",
        """Control the source range (float strictly from 0 to 0.2 A).""",
        validator=strict_range,
        values=(0.0, 0.2),
    )

    compliance_voltage = Instrument.control(
        ":SOURCE:PROTECTION:VOLTAGE?",
        ":SOURCE:PROTECTION:VOLTAGE %g",
        """Control the voltage limiter (float strictly from 1 to 30 V).""",
        validator=strict_range,
        values=LIMITER_V,
    )


class YokogawaGS200(CurrentSource[YokogawaGS200Commands]):
    """The GS200 sourcing current on a fixed range.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::2::INSTR"``.
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
        If the box is absent, silent or no GS200 (it calls itself GS210 or GS211). Nothing has been changed then; nor
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
            "Yokogawa GS200",
            ("YOKOGAWA", "GS2"),
            _commands,
            CURRENT_RANGES,
            level_header=":SOURCE:LEVEL",
            address=address,
            visa_library=visa_library,
            clock=clock,
            maximum_A=maximum_A,
            maximum_V=maximum_V,
            safe_rate_A_per_s=safe_rate_A_per_s,
            name=name,
            on_write=on_write,
        )

    def configure(self, *, range_A: float, compliance_V: float, nplc: float) -> None:
        """Fix function, range and limiter, and read them back; `nplc` must make sense, but it integrates nothing.

        With the output off everything is set. With the output on, which must be at zero, function and range must
        already be as wanted, since changing them would spike.

        Raises
        ------
        LimitError
            If a value is outside its limits, the compliance is below 1 V, or `range_A` is not exactly a range.
        StateError
            If the output is on and not at zero, or on with another function or range.
        ReadbackError
            If the box did not take a setting.
        """
        range_A = self._exact_range_A(range_A)
        compliance_V = self._compliance.check(compliance_V, self._name)
        self._nplc.check(nplc, self._name)
        if not LIMITER_V[0] <= compliance_V <= LIMITER_V[1]:
            raise LimitError(
                self._name,
                f"compliance {compliance_V:g} V refused: its limiter has {LIMITER_V[0]:g} to {LIMITER_V[1]:g} V",
            )
        box = self._box
        with self._line.lock:
            if box.value("source_enabled"):
                self._insist_on_idle(source_current_range=range_A)
            else:
                self._is_current_source = False  # until all of this has succeeded
                box.take("source_mode", "current")
                box.take("source_current", 0.0)
                box.take("source_current_range", range_A, tolerance=RANGE_TOLERANCE * range_A)
            box.take("compliance_voltage", compliance_V, tolerance=1e-3 * compliance_V)
            self._is_current_source = True
            self._range_A = range_A

    def read(self) -> SourceReading:
        """Return the level that is set and whether the limiter holds it back; the voltage is not measured.

        Raises
        ------
        StateError
            If the output is off, or a limiter has tripped.
        ReplyError, CommunicationError
            If the box does not answer, or not what was asked.
        """
        with self._line.lock:
            condition = Condition(self._line.ask_int(":STATUS:CONDITION?") & sum(Condition))
            if not self._box.value("source_enabled"):
                gone = (condition & _GONE).name
                reason = f" ({gone.lower().replace('|', ', ')})" if gone else ""
                raise StateError(self._name, f"not read: its output is off{reason}")
            return SourceReading(self._box.number("source_current"), 0.0, bool(condition & _LIMITED))

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
                "measures": False,
            }


def _commands(line: Line) -> YokogawaGS200Commands:
    return YokogawaGS200Commands(line, includeSCPI=False)
