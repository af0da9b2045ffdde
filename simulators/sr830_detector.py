"""From the input to X and Y: the signal path of an SR830, as a pure function of settings, world and time.

Assumed, not confirmed by a manual at hand: where the output clips, the reserve in decibels by sensitivity, the internal
resolution, that a new filter setting acts on the past too, that X and Y hold the offset but not the expand. Not there:
the synchronous filter's effect and harmonics of the signal.
"""

import cmath
import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from simulators.noise import Noise
from simulators.output_filter import MEMORY, OutputFilter
from simulators.world import World

SENSITIVITIES_V: Final = tuple(float(f"{step}e{decade}") for decade in range(-9, 0) for step in (2, 5, 10))
TIME_CONSTANTS_S: Final = tuple(float(f"{step}e{decade}") for decade in range(-5, 5) for step in (1, 3))

INPUT_NOISE_V_PER_RTHZ: Final = 6e-9  # specifications, at 1 kHz
NOISE_CORNER_HZ: Final = 10.0  # class-typical
GAIN_SPREAD: Final = 2e-3  # specifications: 0.2 % typical
PHASE_SPREAD_DEG: Final = 0.3  # class-typical
CLIP: Final = 1.09  # of full scale
_RESERVES_DB: Final = (60.0, 40.0, 20.0)  # high, normal, low noise; never more than from 1 V down
_RESOLUTION: Final = 2.0**-20  # of full scale

# LIA status byte, SR830 manual 5-23
INPUT_OVERLOAD: Final = 1
OUTPUT_OVERLOAD: Final = 4
UNLOCKED: Final = 8
RANGE_CHANGED: Final = 16
TIME_CONSTANT_CHANGED: Final = 32

# command -> lowest, highest, value after *RST; whole numbers that are set and read back (SR830 manual 5-4 to 5-14)
CHOICES: Final[dict[str, tuple[int, int, int]]] = {
    "FMOD": (0, 1, 1),
    "RSLP": (0, 2, 0),
    "ISRC": (0, 3, 0),
    "IGND": (0, 1, 0),
    "ICPL": (0, 1, 0),
    "ILIN": (0, 3, 0),
    "SENS": (0, len(SENSITIVITIES_V) - 1, len(SENSITIVITIES_V) - 1),
    "RMOD": (0, 2, 1),
    "OFSL": (0, 3, 1),
    "SYNC": (0, 1, 0),
    "OUTX": (0, 1, 1),
    "OVRM": (0, 1, 0),
    "KCLK": (0, 1, 1),
    "ALRM": (0, 1, 0),
    "LOCL": (0, 2, 0),
}


@dataclass
class Settings:
    """All settings of an SR830; the defaults are those of ``*RST``."""

    frequency_Hz: float = 1000.0
    harmonic: int = 1
    phase_deg: float = 0.0
    amplitude_V: float = 1.0
    time_constant: int = 8
    choices: dict[str, int] = field(default_factory=lambda: {name: value for name, (_, _, value) in CHOICES.items()})
    offsets: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)] * 3)
    displays: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)] * 2)

    @property
    def detected_Hz(self) -> float:
        """Return the frequency of detection."""
        return self.frequency_Hz * self.harmonic

    @property
    def full_scale_V(self) -> float:
        """Return the sensitivity."""
        return SENSITIVITIES_V[self.choices["SENS"]]

    @property
    def output_filter(self) -> OutputFilter:
        """Return the filter behind the detector."""
        return OutputFilter(self.choices["OFSL"] + 1, TIME_CONSTANTS_S[self.time_constant])


@dataclass(frozen=True, slots=True)
class Output:
    """X and Y at one instant and the LIA status bits that hold at it."""

    x_V: float
    y_V: float
    status: int

    @property
    def magnitude_V(self) -> float:
        """Return R."""
        return math.hypot(self.x_V, self.y_V)

    @property
    def angle_deg(self) -> float:
        """Return theta."""
        return math.degrees(math.atan2(self.y_V, self.x_V))


class Detector:
    """The signal path of one SR830.

    Parameters
    ----------
    world
        What its input is connected to.
    seed
        Draws gain and phase error, and the noise.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._noise = Noise(seed, "sr830/noise")
        gain = 1.0 + GAIN_SPREAD * Noise(seed, "sr830/gain").at(0)
        self._response = cmath.rect(gain, math.radians(PHASE_SPREAD_DEG * Noise(seed, "sr830/phase").at(0)))

    def output(self, settings: Settings, time_s: float) -> Output:
        """Return what the box shows at an instant: filtered, noisy, offset, clipped and rounded."""
        status = 0 if settings.choices["FMOD"] else UNLOCKED
        signal_V, noise_V_per_rtHz, is_overloaded = self._filtered(settings, time_s)
        if is_overloaded:
            status |= INPUT_OVERLOAD
        detected_V = signal_V * cmath.rect(1.0, -math.radians(settings.phase_deg))
        detected_V += noise_V_per_rtHz * settings.output_filter.noise(self._noise, time_s)
        limit_V, step_V = CLIP * settings.full_scale_V, _RESOLUTION * settings.full_scale_V
        shown_V = []
        for value_V, (offset_percent, _) in zip((detected_V.real, detected_V.imag), settings.offsets, strict=False):
            shifted_V = value_V - 0.01 * offset_percent * settings.full_scale_V
            if abs(shifted_V) > limit_V:
                status |= OUTPUT_OVERLOAD
            shown_V.append(step_V * round(min(max(shifted_V, -limit_V), limit_V) / step_V))
        return Output(shown_V[0], shown_V[1], status)

    def _filtered(self, settings: Settings, time_s: float) -> tuple[complex, float, bool]:
        """Return the filtered signal, the noise density before the filter, and whether the input is overloaded."""
        output_filter, wiring = settings.output_filter, self._world.wiring
        start_s = time_s - MEMORY * output_filter.time_constant_s
        steps_s = {*wiring.source_A.edges_s(start_s, time_s), *wiring.oscillator_Vrms.edges_s(start_s, time_s)}
        edges_s = np.array([*sorted(steps_s), time_s])
        middles_s = np.concatenate(([start_s], 0.5 * (edges_s[1:] + edges_s[:-1])))
        arriving_V, dc_V, front_V_per_rtHz = self._world.lockin_input(
            middles_s, time_s - output_filter.delay_s, settings.frequency_Hz
        )
        is_connected = settings.harmonic == 1 and settings.choices["FMOD"] == 1 and settings.choices["ISRC"] < 2
        weights = output_filter.weights(edges_s, time_s)
        signal_V = complex(weights @ arriving_V) * self._response if is_connected else 0j
        own_V_per_rtHz = INPUT_NOISE_V_PER_RTHZ * math.sqrt(1.0 + NOISE_CORNER_HZ / settings.detected_Hz)
        total_V = np.abs(arriving_V) + (np.abs(dc_V) if settings.choices["ICPL"] else 0.0)
        is_overloaded = float(np.max(total_V)) > _input_limit_V(settings)
        return signal_V, math.hypot(front_V_per_rtHz, own_V_per_rtHz), is_overloaded


def _input_limit_V(settings: Settings) -> float:
    """Return the rms input which the amplifiers before the detector still take."""
    reserve_dB = min(_RESERVES_DB[settings.choices["RMOD"]], -20.0 * math.log10(settings.full_scale_V))
    return CLIP * settings.full_scale_V * 10.0 ** (reserve_dB / 20.0)
