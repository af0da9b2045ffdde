"""Stanford Research SR830 lock-in amplifier, in the role `LockIn`.

Commands after the SR830 manual, section 5 "Remote Programming"; waits after a step and the table of time constants
after section 3 "SR830 Basics" (page 3-25). An input overload includes that of the dynamic reserve (page 5-23). Mode
words, tables and command formats are those of pymeasure's SR830; what it clips or rounds silently (amplitude,
frequency, sensitivity, time constant) is refused here before it gets there.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pymeasure.adapters import Adapter
from pymeasure.instruments.srs import SR830 as StockSR830
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import ReadbackError, ReplyError
from instruments.limits import Limits
from instruments.roles import Clock, LockInReading, LockInStatus
from instruments.srs_lockin import SrsLockIn
from instruments.transport import WriteObserver
from instruments.wired import Wired

OSCILLATOR_MINIMUM_VRMS = 0.004
OSCILLATOR_MAXIMUM_VRMS = 5.0
OSCILLATOR_STEP_VRMS = 0.002
HIGHEST_HZ = 102e3
HIGHEST_HARMONIC = 19_998
"""One below the box's own: pymeasure's table ends there."""

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

SAMPLING_HZ = tuple(62.5e-3 * 2.0**power for power in range(14))
"""Rates at which the data buffer stores (page 5-16)."""

BUFFER_ROWS = 16_383

_PHASE_STEP_DEG = 0.01
_BLOCK_ROWS = 1024  # a binary transfer of 4 KB: well below a second on GPIB
_FREQUENCY_TOLERANCE = 2e-4


class _Box(Wired, StockSR830):
    """Pymeasure's SR830 on a line of ours."""


class SR830(SrsLockIn):
    """The SR830: excitation from its sine output, voltage detected at its A-B input.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::8::INSTR"``.
    visa_library : str or VisaLibraryBase
        PyVISA library specification; empty for the default.
    clock : Clock
        The experiment clock, on which averages and settling wait.
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
        maximum_Vrms = min(maximum_Vrms, OSCILLATOR_MAXIMUM_VRMS)
        super().__init__(
            "SR830",
            ("SR830",),
            _Box,
            amplitude=Limits(OSCILLATOR_MINIMUM_VRMS, maximum_Vrms, "V rms", "oscillator amplitude"),
            sensitivities_V=StockSR830.SENSITIVITIES,
            highest_harmonic=HIGHEST_HARMONIC,
            phase_digits=2,
            address=address,
            visa_library=visa_library,
            clock=clock,
            name=name,
            on_write=on_write,
        )

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

    def start_buffer(self, rate_Hz: float) -> float:
        """Empty the data buffer, store X and Y in it from now on, and return the rate taken: the next at or above.

        It stops by itself after 16383 rows.

        Raises
        ------
        LimitError
            If the rate is above 512 Hz, or not above zero.
        """
        Limits(0.0, SAMPLING_HZ[-1], "Hz", "sampling rate").check(rate_Hz, self._name)
        index = next(place for place, entry in enumerate(SAMPLING_HZ) if entry >= rate_Hz * (1 - 1e-9))
        with self._line.lock:
            for message in ("PAUS", "REST", "DDEF 1,0,0", "DDEF 2,0,0", "SEND 0", f"SRAT {index}"):
                self._line.write(message)
            if (taken := self._line.ask_int("SRAT?")) != index:
                raise ReadbackError(self._name, f"sampling rate set to number {index}, but it reads {taken}")
            self._line.write("STRT")
        return SAMPLING_HZ[index]

    def read_buffer(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Stop storing and fetch what was stored.

        Returns
        -------
        x_V, y_V : arrays, shape (N,)
            Rms volts, oldest first, at the rate that `start_buffer` returned.

        Raises
        ------
        CommunicationError, ReplyError
            If a transfer came short; the buffer still holds everything then.
        """
        with self._line.lock:
            self._line.write("PAUS")
            rows = self._line.ask_int("SPTS?")
            return self._fetch(1, rows), self._fetch(2, rows)

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
                "slope_dB_per_octave": self._slope_dB(),
            }

    def make_safe(self) -> None:
        """Turn the oscillator down to its minimum of 4 mV; may be called twice."""
        self._box.take("sine_voltage", OSCILLATOR_MINIMUM_VRMS, tolerance=OSCILLATOR_STEP_VRMS / 4)

    def _read_once(self) -> LockInReading:
        x_V, y_V = self._line.ask_floats("SNAP?1,2", 2, once=True)
        byte = self._line.ask_int("LIAS?", once=True)
        if not 0 <= byte <= 255:
            raise ReplyError(self._name, f"LIAS? was answered by {byte}, which is no status byte")
        # The four lowest bits are those of LockInStatus; the others report settings, not trouble (page 5-23).
        return LockInReading(x_V, y_V, LockInStatus(byte & 0b1111))

    def _slope_dB(self) -> int:
        return int(self._box.number("filter_slope"))

    def _highest_Hz(self) -> float:
        return HIGHEST_HZ

    def _fetch(self, display: int, rows: int) -> NDArray[np.float64]:
        """Fetch a column of the data buffer as IEEE single precision, lower byte first (TRCB, page 5-18)."""
        blocks = [np.empty(0)]
        for first in range(0, rows, _BLOCK_ROWS):
            count = min(_BLOCK_ROWS, rows - first)
            block = self._line.ask_bytes(f"TRCB? {display},{first},{count}", 4 * count)
            blocks.append(np.frombuffer(block, dtype="<f4").astype(np.float64))
        return np.concatenate(blocks)

    def _clear_offsets(self) -> None:
        """Take away offset and expansion of X and Y, which somebody's finger may have left on the readings."""
        for output in (1, 2):
            self._line.write(f"OEXP {output},0,0")
            if (left := self._line.ask_floats(f"OEXP? {output}", 2)) != (0.0, 0.0):
                raise ReadbackError(self._name, f"offset and expansion {output} set to 0, but they read {left}")
