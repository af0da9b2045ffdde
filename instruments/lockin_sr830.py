"""Stanford Research SR830 lock-in amplifier, in the role `LockIn`.

Commands after the SR830 manual, section 5 "Remote Programming"; waits after a step and the table of time constants
after section 3 "SR830 Basics" (page 3-25). Mode words, tables and command formats are those of pymeasure's SR830; what
it clips or rounds silently (amplitude, frequency, sensitivity, time constant) is refused here before it gets there.
"""

import math
from collections.abc import Mapping, Sequence

from pymeasure.adapters import Adapter
from pymeasure.instruments.srs import SR830 as StockSR830
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError, ReadbackError, ReplyError
from instruments.limits import Limits
from instruments.roles import Clock, LockInReading, LockInStatus
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired

OSCILLATOR_MINIMUM_VRMS = 0.004
OSCILLATOR_MAXIMUM_VRMS = 5.0
OSCILLATOR_STEP_VRMS = 0.002

SETTLE_TIME_CONSTANTS = {6: 5.0, 12: 7.0, 18: 9.0, 24: 10.0}
"""Wait after a step in time constants, by roll-off in dB per octave: to within 0.1 % and better (page 3-25)."""

FIXED_SETTINGS = {
    "reference_source": "Internal",
    "harmonic": 1,
    "input_config": "A - B",
    "input_grounding": "Float",
    "input_coupling": "AC",
    "input_notch_config": "None",
    "reserve": "Normal",
    "filter_synchronous": False,
}
"""What `configure` always sets: a differential input with a floating shield, so that the cryostat is the only ground,
AC coupled against the bias, and no notch, whose skirts would touch the amplitude at 137.7 Hz."""

_PHASE_STEP_DEG = 0.01
_FREQUENCY_TOLERANCE = 2e-4


class _Box(Wired, StockSR830):
    """Pymeasure's SR830 on a line of ours."""


class SR830:
    """The SR830: excitation from its sine output, voltage detected at its A-B input.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::8::INSTR"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock (all drivers take one; this one never waits).
    maximum_Vrms : float
        Largest oscillator amplitude allowed at this station (V, rms).
    name : str, optional
        Name for messages.
    on_write : callable, optional
        Told of every message that changes the box.

    Raises
    ------
    ConnectionFailedError
        If the box is absent, silent or no SR830. Nothing has been changed then; nor does connecting change anything.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        visa_library: str | VisaLibraryBase = "",
        clock: Clock,
        maximum_Vrms: float = OSCILLATOR_MAXIMUM_VRMS,
        name: str | None = None,
        on_write: WriteObserver | None = None,
    ) -> None:
        self._clock = clock
        self._name = name or f"SR830 at {address}"
        self._amplitude = Limits(
            OSCILLATOR_MINIMUM_VRMS, min(maximum_Vrms, OSCILLATOR_MAXIMUM_VRMS), "V rms", "oscillator amplitude"
        )
        self._frequency = Limits(1e-3, 102e3, "Hz", "reference frequency")
        self._line = Line(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify("SR830")
            self._box = _Box(self._line)
            self._settle_s = self._read_settle_s()

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``*IDN?`` at connection."""
        return self._identity

    @property
    def minimum_Vrms(self) -> float:
        """Return the smallest oscillator amplitude; the output cannot be switched off (V, rms)."""
        return OSCILLATOR_MINIMUM_VRMS

    @property
    def settle_s(self) -> float:
        """Return the wait after a step for the present time constant and roll-off."""
        return self._settle_s

    def configure(self, *, frequency_Hz: float, time_constant_s: float, slope_dB_per_octave: int) -> None:
        """Set reference, input and filters, and read everything back.

        Raises
        ------
        LimitError
            If the frequency is out of range, or the time constant or roll-off is not exactly one that the box has.
        ReadbackError
            If the box did not take a setting.
        """
        frequency_Hz = self._frequency.check(frequency_Hz, self._name)
        time_constant_s = self._entry("time constant", "s", time_constant_s, StockSR830.TIME_CONSTANTS)
        slope = self._entry("roll-off", "dB/octave", slope_dB_per_octave, StockSR830.FILTER_SLOPES)
        with self._line.lock:
            for what, value in FIXED_SETTINGS.items():
                self._box.take(what, value)
            self._box.take("frequency", frequency_Hz, tolerance=_FREQUENCY_TOLERANCE * frequency_Hz)
            self._box.take("phase", 0.0, tolerance=_PHASE_STEP_DEG)
            self._clear_offsets()
            self._box.take("time_constant", time_constant_s)
            self._box.take("filter_slope", slope)
            self._settle_s = self._read_settle_s()

    def set_excitation(self, oscillator_Vrms: float) -> float:
        """Set the oscillator amplitude, rounded down to 2 mV, and return what the box took (V, rms).

        Raises
        ------
        LimitError
            If it is below 4 mV or above this station's maximum.
        ReadbackError
            If the box did not take it.
        """
        wanted_Vrms = self._amplitude.check(oscillator_Vrms, self._name)
        # The 1e-9 forgives 0.1 / 0.002 = 49.99..., which is fifty steps.
        steps = math.floor(wanted_Vrms / OSCILLATOR_STEP_VRMS + 1e-9)
        return self._box.take("sine_voltage", steps * OSCILLATOR_STEP_VRMS, tolerance=OSCILLATOR_STEP_VRMS / 4)

    def set_sensitivity(self, full_scale_V: float) -> float:
        """Choose the smallest range of at least `full_scale_V` and return it (V, rms).

        Raises
        ------
        LimitError
            If it is above 1 V, not above zero, or no number.
        ReadbackError
            If the box did not take it.
        """
        ranges_V = StockSR830.SENSITIVITIES
        wanted_V = Limits(0.0, ranges_V[-1], "V", "full scale").check(full_scale_V, self._name)
        return self._box.take("sensitivity", next(entry for entry in ranges_V if entry >= wanted_V * (1 - 1e-9)))

    def read(self) -> LockInReading:
        """Read X and Y in one transaction, then the status since the last reading.

        The status byte is cleared by asking, so after a failed exchange both are taken anew.

        Raises
        ------
        CommunicationError, ReplyError
            If that fails too.
        """
        return self._line.twice(self._read_once)

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        box = self._box
        with self._line.lock:
            words = {what: box.value(what) for what in FIXED_SETTINGS}
            return {
                **words,
                "frequency_Hz": box.number("frequency"),
                "phase_deg": box.number("phase"),
                "oscillator_Vrms": box.number("sine_voltage"),
                "sensitivity_V": box.number("sensitivity"),
                "time_constant_s": box.number("time_constant"),
                "slope_dB_per_octave": int(box.number("filter_slope")),
            }

    def make_safe(self) -> None:
        """Turn the oscillator down to its minimum of 4 mV; may be called twice."""
        self._box.take("sine_voltage", OSCILLATOR_MINIMUM_VRMS, tolerance=OSCILLATOR_STEP_VRMS / 4)

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    def _read_once(self) -> LockInReading:
        x_V, y_V = self._line.ask_floats("SNAP?1,2", 2, once=True)
        byte = self._line.ask_int("LIAS?", once=True)
        if not 0 <= byte <= 255:
            raise ReplyError(self._name, f"LIAS? was answered by {byte}, which is no status byte")
        # The four lowest bits are those of LockInStatus; the others report settings, not trouble (page 5-23).
        return LockInReading(x_V, y_V, LockInStatus(byte & 0b1111))

    def _clear_offsets(self) -> None:
        """Take away offset and expansion of X and Y, which somebody's finger may have left on the readings."""
        for output in (1, 2):
            self._line.write(f"OEXP {output},0,0")
            if (left := self._line.ask_floats(f"OEXP? {output}", 2)) != (0.0, 0.0):
                raise ReadbackError(self._name, f"offset and expansion {output} set to 0, but they read {left}")

    def _read_settle_s(self) -> float:
        return SETTLE_TIME_CONSTANTS[int(self._box.number("filter_slope"))] * self._box.number("time_constant")

    def _entry(self, what: str, unit: str, value: float, table: Sequence[float]) -> float:
        """Return the entry of `table` that `value` is, to rounding; refuse anything in between."""
        Limits(table[0], table[-1], unit, what).check(value, self._name)
        above = next(index for index, entry in enumerate(table) if entry >= value * (1 - 1e-9))
        if math.isclose(table[above], value, rel_tol=1e-9):
            return table[above]
        raise LimitError(
            self._name,
            f"{what} {value:g} {unit} refused: the box has {table[above - 1]:g} and {table[above]:g} {unit} next to it",
        )
