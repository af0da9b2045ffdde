"""The roles an instrument can play, as Protocols: all that the measurement loop knows of a box.

A run needs the first four; a `DcVoltmeter` is a spare channel.

A box of the user's own fills a role by having these methods; it need not inherit anything. Numbers are SI, a name
ends in its unit. Every setter checks its limits before the wire, reads back what it set and returns what the box
really took. Every call raises `instruments.errors.InstrumentError` or one of its kinds, and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, IntFlag, auto
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Clock(Protocol):
    """The experiment clock, virtual or real; the only source of time (`simulators.clock`, `acquisition.clock`)."""

    def now_s(self) -> float:
        """Return the time in seconds since an origin of the clock's own; never steps back."""
        ...

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` seconds pass."""
        ...


class LockInStatus(IntFlag):
    """What a lock-in says of its reading; zero is good."""

    OK = 0
    INPUT_OVERLOAD = auto()
    FILTER_OVERLOAD = auto()
    OUTPUT_OVERLOAD = auto()
    REFERENCE_UNLOCKED = auto()


@dataclass(frozen=True, slots=True)
class LockInReading:
    """X and Y of one transaction, rms volts at the lock-in's input, and its status since the last reading."""

    x_V: float
    y_V: float
    status: LockInStatus


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What the source meter measures of its own output.

    `voltage_V` is taken at its terminals (or sense leads), so it includes wiring; `is_in_compliance` is true when
    the compliance limit, not the setpoint, decided the output.
    """

    current_A: float
    voltage_V: float
    is_in_compliance: bool


@dataclass(frozen=True, slots=True)
class VoltageReading:
    """A voltmeter's reading; beyond its range only the sign of `voltage_V` means anything."""

    voltage_V: float
    is_over_range: bool = False


@dataclass(frozen=True, slots=True)
class TemperatureReading:
    """A thermometer reading, its age (scanner!) and whether the sensor is sound."""

    temperature_K: float
    age_s: float
    is_valid: bool
    fault: str = ""


class MagnetState(Enum):
    """What a magnet supply is doing."""

    RAMPING = "ramping"
    HOLDING = "holding"
    PAUSED = "paused"
    AT_ZERO = "at zero"
    ZEROING = "zeroing"
    MANUAL = "manual"
    SWITCH_HEATING = "heating switch"
    SWITCH_COOLING = "cooling switch"
    QUENCH = "quench"


@dataclass(frozen=True, slots=True)
class MagnetReading:
    """Field at the sample from the magnet current, the supply's voltage and its state."""

    field_T: float
    voltage_V: float
    state: MagnetState


@runtime_checkable
class Instrument(Protocol):
    """What all roles share."""

    @property
    def name(self) -> str:
        """Return the name used in messages, e.g. ``"SR830 at GPIB0::8::INSTR"``."""
        ...

    @property
    def identity(self) -> str:
        """Return the box's own identification, read at connection."""
        ...

    def settings(self) -> Mapping[str, str | float | int | bool]:
        """Read every setting that bears on the data, to be kept with them."""
        ...

    def make_safe(self) -> None:
        """Bring the box to the idle-safe state; may be called twice, in any state, after a failed connect."""
        ...

    def close(self) -> None:
        """Give the wire back; changes nothing on the box; may be called twice."""
        ...


class LockIn(Instrument, Protocol):
    """Excite and detect at one frequency. Idle-safe: oscillator at its minimum."""

    def configure(self, *, frequency_Hz: float, time_constant_s: float, slope_dB_per_octave: int) -> None:
        """Set reference frequency, time constant and roll-off; input differential, floating, AC coupled."""
        ...

    def set_excitation(self, oscillator_Vrms: float) -> float:
        """Set the oscillator amplitude, rounded down to the box's step, and return what it took (rms volts)."""
        ...

    def set_sensitivity(self, full_scale_V: float) -> float:
        """Choose the smallest range of at least `full_scale_V` (rms volts) and return it."""
        ...

    @property
    def settle_s(self) -> float:
        """Return the wait after a step for the present time constant and slope (7 TC at 12 dB, 10 at 24 dB)."""
        ...

    def read(self) -> LockInReading:
        """Read X and Y in one transaction, then the status."""
        ...


@runtime_checkable
class AdaptableLockIn(Protocol):
    """What a lock-in can do besides: find its range and its phase, and detect a multiple of its frequency."""

    def adjust_sensitivity(self) -> float:
        """Find the range that suits the present signal, settling after each change, and return it (rms volts)."""
        ...

    def auto_phase(self, duration_s: float = 0.0) -> float:
        """Turn the phase until the signal, averaged over `duration_s`, is all in X; returns it in degrees."""
        ...

    def read_harmonic(self, harmonic: int, duration_s: float = 0.0) -> LockInReading:
        """Read X and Y at a multiple of the frequency, settled, and go back to the frequency itself."""
        ...


@runtime_checkable
class BufferedLockIn(Protocol):
    """What a lock-in can do besides: store X and Y by itself, at a rate that no question and answer keeps up with."""

    def start_buffer(self, rate_Hz: float) -> float:
        """Empty the buffer, store from now on, and return the rate taken: the box's next at or above."""
        ...

    def read_buffer(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Stop storing and fetch X and Y (rms volts), oldest first, arrays of shape (N,)."""
        ...


class SourceMeter(Instrument, Protocol):
    """Source the bias current. Idle-safe: ramped to zero on the same range, output left on."""

    def configure(self, *, range_A: float, compliance_V: float, nplc: float) -> None:
        """Fix source function, range, compliance and integration; the output must be off or at zero."""
        ...

    def set_output(self, is_on: bool) -> None:
        """Switch the output; refused with `StateError` while the setpoint is not zero."""
        ...

    def set_current(self, current_A: float) -> float:
        """Step to `current_A` at once, limits permitting, and return the level the box took, in its resolution."""
        ...

    def ramp_to_current(
        self, current_A: float, rate_A_per_s: float, *, should_stop: Callable[[], bool] | None = None
    ) -> float:
        """Walk to `current_A` in small steps at `rate_A_per_s` on the experiment clock and return the level taken.

        Told to stop, it stays where it is and raises `StoppedError`.
        """
        ...

    def read(self) -> SourceReading:
        """Measure output current and voltage with the compliance status."""
        ...


class TemperatureController(Instrument, Protocol):
    """Regulate and read the sample temperature. Idle-safe: the loop is left as it is."""

    def set_temperature(self, setpoint_K: float, *, ramp_K_per_min: float | None = None) -> None:
        """Set the setpoint (ramped if a rate is given) with a heater range and PID that suit it."""
        ...

    def read(self) -> TemperatureReading:
        """Read the sample thermometer."""
        ...

    def heater_fraction(self) -> float:
        """Read the heater output, 0 to 1 of the present range; raises `StateError` on a heater fault."""
        ...

    def heater_off(self) -> None:
        """Switch the sample heater off."""
        ...


@runtime_checkable
class ConstantHeater(Protocol):
    """What a temperature controller can do besides: keep the heat instead of the temperature.

    For a series in field, where the thermometer reads another temperature than it has.
    """

    def hold_heater(self) -> float:
        """Freeze the heater at its present output and return it, 0 to 1; `set_temperature` closes the loop again."""
        ...


class Magnet(Instrument, Protocol):
    """Set the field. Idle-safe: hold where it is; after a quench nothing at all is sent."""

    def start_ramp(self, field_T: float, rate_T_per_min: float) -> None:
        """Start towards `field_T`; returns at once. Raises `QuenchError` if the magnet is quenched."""
        ...

    def hold(self) -> None:
        """Stop the ramp and hold the present field."""
        ...

    def read(self) -> MagnetReading:
        """Read field, supply voltage and state; a quench is a state here, not an error."""
        ...


@runtime_checkable
class HeliumMeter(Protocol):
    """What a magnet supply can do besides: tell how much helium the magnet stands in."""

    @property
    def has_helium_meter(self) -> bool:
        """Say whether a level meter is fitted."""
        ...

    def read_helium_fraction(self) -> float:
        """Read the level of the liquid, 0 to 1."""
        ...


class DcVoltmeter(Instrument, Protocol):
    """Read the steady voltage across the contact, thermal EMF and all. Idle-safe: it sources nothing."""

    def configure(self, *, range_V: float, nplc: float) -> None:
        """Fix range and integration; a fixed range never switches in the middle of a sweep."""
        ...

    def read(self) -> VoltageReading:
        """Take one reading."""
        ...
