"""Stanford Research SR860 and SR865A lock-in amplifiers, in the role `LockIn`.

Commands after the SR860 Operation Manual, section 4 "Programming"; status words as the maker's own Python package
(srsinst.sr860) has them. Filters are set to plain RC stages, whose waits and bandwidths are those of the SR830. Mode
words and tables are those of pymeasure's SR860 where they are right; what it clips silently is refused here before it
gets there.

The amplitude is defined between Sine Out + and -, each loaded with 50 ohm; one output alone, on a load of many times
50 ohm, gives just that amplitude, behind 50 ohm. So the AC arm is driven by Sine Out + as by an SR830's output.
"""

import math
from collections.abc import Mapping
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray
from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.srs import SR860 as StockSR860
from pymeasure.instruments.validators import strict_discrete_set, strict_range
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import ReadbackError, ReplyError
from instruments.limits import Limits
from instruments.roles import Clock, LockInReading, LockInStatus
from instruments.srs_lockin import SrsLockIn
from instruments.transport import WriteObserver
from instruments.wired import Wired

OSCILLATOR_MINIMUM_VRMS = 1e-9
OSCILLATOR_MAXIMUM_VRMS = 2.0
OSCILLATOR_STEP_VRMS = 1e-9

HIGHEST_HZ = {"SR860": 500e3, "SR865A": 4e6}
"""Highest reference frequency by the model that the identity names; anything else is taken for an SR860."""

HIGHEST_HARMONIC = 98
"""One below the box's own: pymeasure's table ends there."""

SLOPES_DB = (6, 12, 18, 24)
SENSITIVITIES_V = tuple(sorted(StockSR860.SENSITIVITIES))
INPUT_RANGES_V = {"10M": 10e-3, "30M": 30e-3, "100M": 100e-3, "300M": 300e-3, "1V": 1.0}
"""Input ranges by pymeasure's words: the largest peak voltage at the input, of all frequencies together."""

HEADROOM = 3.0
"""The input range is at least so many times the peak of a full-scale signal, for pick-up beside it."""

FIXED_SETTINGS = {
    "reference_source": "INT",
    "harmonic": 1,
    "input_signal": "VOLT",
    "input_voltage_mode": "A-B",
    "input_shields": "Float",
    "input_coupling": "AC",
    "filter_synchronous": "Off",
    "advanced_filter": False,
}
"""What `configure` always sets: a differential input with a floating shield, so that the cryostat is the only ground,
AC coupled against the bias, and RC filters."""

_OUTPUTS = ("X", "Y", "R")
_BUFFER_kB = 4096
_BLOCK = 64 * 1024
_MOST_HALVINGS = 20
_PHASE_STEP_DEG = 1e-5
_FREQUENCY_TOLERANCE = 1e-5
_AMPLITUDE_TOLERANCE = 2e-3


class LiaStatus(IntFlag):
    """The bits of the LIA status word that say something of a reading."""

    CH1_OVERLOAD = 1 << 0
    CH2_OVERLOAD = 1 << 1
    UNLOCKED = 1 << 3
    INPUT_RANGE_OVERLOAD = 1 << 4
    SYNC_FILTER_OVERLOAD = 1 << 6
    DATA1_OVERLOAD = 1 << 8
    DATA2_OVERLOAD = 1 << 9
    DATA3_OVERLOAD = 1 << 10
    DATA4_OVERLOAD = 1 << 11


_MEANING = {
    LiaStatus.CH1_OVERLOAD: LockInStatus.OUTPUT_OVERLOAD,
    LiaStatus.CH2_OVERLOAD: LockInStatus.OUTPUT_OVERLOAD,
    LiaStatus.UNLOCKED: LockInStatus.REFERENCE_UNLOCKED,
    LiaStatus.INPUT_RANGE_OVERLOAD: LockInStatus.INPUT_OVERLOAD,
    LiaStatus.SYNC_FILTER_OVERLOAD: LockInStatus.FILTER_OVERLOAD,
    LiaStatus.DATA1_OVERLOAD: LockInStatus.OUTPUT_OVERLOAD,
    LiaStatus.DATA2_OVERLOAD: LockInStatus.OUTPUT_OVERLOAD,
    LiaStatus.DATA3_OVERLOAD: LockInStatus.OUTPUT_OVERLOAD,
    LiaStatus.DATA4_OVERLOAD: LockInStatus.OUTPUT_OVERLOAD,
}


class _Box(Wired, StockSR860):
    """Pymeasure's SR860 on a line of ours, with what it lacks or misspells."""

    frequency = Instrument.control(
        "FREQ?",
        "FREQ %0.9e",
        """Control the reference frequency (float strictly from 0.001 to 4e6 Hz); pymeasure's clips at 500 kHz.""",
        validator=strict_range,
        values=(1e-3, 4e6),
    )

    advanced_filter = Instrument.control(
        "ADVFILT?",
        "ADVFILT %d",
        """Control whether the advanced filters are used instead of RC stages (bool).""",
        validator=strict_discrete_set,
        values={True: 1, False: 0},
        map_values=True,
    )

    sine_offset = Instrument.control(
        "SOFF?",
        "SOFF %g",
        """Control the direct voltage of the sine output (float strictly from -5 to 5 V).""",
        validator=strict_range,
        values=(-5.0, 5.0),
    )


class SR860(SrsLockIn):
    """The SR860 or SR865A: excitation from its Sine Out +, voltage detected at its A-B input.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, e.g. ``"GPIB0::4::INSTR"``.
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
        If the box is absent, silent or no SR860 or SR865A. Nothing has been changed then; nor does connecting change
        anything.
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
            "SR860",
            ("Stanford_Research_Systems", "SR86"),
            _Box,
            amplitude=Limits(OSCILLATOR_MINIMUM_VRMS, maximum_Vrms, "V rms", "oscillator amplitude"),
            sensitivities_V=SENSITIVITIES_V,
            highest_harmonic=HIGHEST_HARMONIC,
            phase_digits=5,
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
        time_constant_s = self._entry("time constant", "s", time_constant_s, StockSR860.TIME_CONSTANTS)
        slope = self._entry("roll-off", "dB/octave", slope_dB_per_octave, SLOPES_DB)
        with self._line.lock:
            for what, value in FIXED_SETTINGS.items():
                self._box.take(what, value)
            self._box.take("sine_offset", 0.0)
            self._box.take("frequency", frequency_Hz, tolerance=_FREQUENCY_TOLERANCE * frequency_Hz)
            self._box.take("phase", 0.0, tolerance=_PHASE_STEP_DEG)
            self._clear_offsets()
            self._box.take("time_constant", time_constant_s)
            self._box.take("filter_slope", SLOPES_DB.index(int(slope)))
            self._settle_s = self._read_settle_s()

    def set_excitation(self, oscillator_Vrms: float) -> float:
        """Set the amplitude of the sine output, rounded down to 1 nV, and return what the box took (V, rms).

        Raises
        ------
        LimitError
            If it is below 1 nV or above this station's maximum.
        ReadbackError
            If the box did not take it.
        """
        wanted_Vrms = self._amplitude.check(oscillator_Vrms, self._name)
        steps = math.floor(wanted_Vrms / OSCILLATOR_STEP_VRMS * (1 + 1e-12) + 1e-9)
        rounded_Vrms = steps * OSCILLATOR_STEP_VRMS
        tolerance = OSCILLATOR_STEP_VRMS + _AMPLITUDE_TOLERANCE * rounded_Vrms
        return self._box.take("sine_voltage", rounded_Vrms, tolerance=tolerance)

    def set_sensitivity(self, full_scale_V: float) -> float:
        """Choose the smallest scale of at least `full_scale_V` with an input range to it; return the scale (V, rms).

        Raises
        ------
        LimitError
            If it is above 1 V, not above zero, or no number.
        ReadbackError
            If the box did not take it.
        """
        wanted_V = Limits(0.0, SENSITIVITIES_V[-1], "V", "full scale").check(full_scale_V, self._name)
        scale_V = next(entry for entry in SENSITIVITIES_V if entry >= wanted_V * (1 - 1e-9))
        peak_V = HEADROOM * math.sqrt(2.0) * scale_V
        input_range = next((word for word, limit_V in INPUT_RANGES_V.items() if limit_V >= peak_V), "1V")
        with self._line.lock:
            self._box.take("input_range", input_range)
            return self._box.take("sensitivity", scale_V)

    def start_buffer(self, rate_Hz: float) -> float:
        """Empty the capture buffer, store X and Y in it from now on, and return the rate taken: the next at or above.

        The box halves the highest rate of its time constant up to twenty times. It stops by itself after 524288 rows.

        Raises
        ------
        LimitError
            If the rate is above the highest, or not above zero.
        """
        with self._line.lock:
            fastest_Hz = self._line.ask_floats("CAPTURERATEMAX?", 1)[0]
            Limits(0.0, fastest_Hz, "Hz", "sampling rate").check(rate_Hz, self._name)
            halvings = min(math.floor(math.log2(fastest_Hz / rate_Hz) + 1e-9), _MOST_HALVINGS)
            for message in ("CAPTURESTOP", "CAPTURECFG XY", f"CAPTURELEN {_BUFFER_kB}", f"CAPTURERATE {halvings}"):
                self._line.write(message)
            taken_Hz = self._line.ask_floats("CAPTURERATE?", 1)[0]
            if not math.isclose(taken_Hz, fastest_Hz / 2.0**halvings, rel_tol=1e-3):
                raise ReadbackError(self._name, f"sampling rate set to {rate_Hz:g} Hz, but it reads {taken_Hz:g}")
            self._line.write("CAPTURESTART ONE,IMM")
        return taken_Hz

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
            self._line.write("CAPTURESTOP")
            count = self._line.ask_int("CAPTUREBYTES?") // 8 * 8
            data = b"".join(self._fetch(first, min(_BLOCK, count - first)) for first in range(0, count, _BLOCK))
        values = np.frombuffer(data, dtype="<f4").astype(np.float64)
        return values[::2], values[1::2]

    def _fetch(self, first: int, count: int) -> bytes:
        """Fetch bytes from the capture buffer: a block with ``#``, digits and length before it, and a line feed."""
        head = f"#{len(str(count))}{count}".encode()
        question = f"CAPTUREGET? {first // 1024},{math.ceil(count / 1024)}"
        reply = self._line.ask_bytes(question, len(head) + count + 1)
        if not reply.startswith(head):
            raise ReplyError(self._name, f"{question} was answered by {reply[:8]!r}, expected a block of {count} bytes")
        return reply[len(head) : -1]

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data."""
        box = self._box
        with self._line.lock:
            words = {what: box.value(what) for what in FIXED_SETTINGS}
            return {
                **words,
                "input_range_V": INPUT_RANGES_V[box.value("input_range")],
                "frequency_Hz": box.number("frequency"),
                "phase_deg": box.number("phase"),
                "oscillator_Vrms": box.number("sine_voltage"),
                "oscillator_offset_V": box.number("sine_offset"),
                "sensitivity_V": box.number("sensitivity"),
                "time_constant_s": box.number("time_constant"),
                "slope_dB_per_octave": self._slope_dB(),
            }

    def make_safe(self) -> None:
        """Turn the oscillator down to its minimum of 1 nV; may be called twice."""
        self._box.take("sine_voltage", OSCILLATOR_MINIMUM_VRMS, tolerance=OSCILLATOR_STEP_VRMS)

    def _read_once(self) -> LockInReading:
        x_V, y_V = self._line.ask_floats("SNAP? X,Y", 2, once=True)
        word = LiaStatus(self._line.ask_int("LIAS?", once=True) & sum(LiaStatus))
        status = LockInStatus.OK
        for bit in word:
            status |= _MEANING[bit]
        return LockInReading(x_V, y_V, status)

    def _clear_offsets(self) -> None:
        """Take away offset, expansion and ratio of X, Y and R, which somebody's finger may have left on."""
        for output in range(len(_OUTPUTS)):
            for command in ("COFA", "CEXP", "CRAT"):
                self._line.write(f"{command} {output},0")
                if (left := self._line.ask_int(f"{command}? {output}")) != 0:
                    raise ReadbackError(self._name, f"{command} of {_OUTPUTS[output]} set to 0, but it reads {left}")

    def _slope_dB(self) -> int:
        return SLOPES_DB[int(self._box.number("filter_slope"))]

    def _highest_Hz(self) -> float:
        return next((top for model, top in HIGHEST_HZ.items() if model in self._identity), HIGHEST_HZ["SR860"])
