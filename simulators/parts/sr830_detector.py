"""The settings and tables of an SR830 and what they mean for its signal path (`simulators.parts.lockin_detector`).

Assumed, not confirmed by a manual at hand: where the output clips, and the reserve in decibels by sensitivity.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from simulators.parts.lockin_detector import Detection, FrontEnd
from simulators.parts.output_filter import OutputFilter

SENSITIVITIES_V: Final = tuple(float(f"{step}e{decade}") for decade in range(-9, 0) for step in (2, 5, 10))
TIME_CONSTANTS_S: Final = tuple(float(f"{step}e{decade}") for decade in range(-5, 5) for step in (1, 3))

CLIP: Final = 1.09  # of full scale
FRONT_END: Final = FrontEnd(
    name="sr830",
    noise_V_per_rtHz=6e-9,  # specifications, at 1 kHz
    noise_corner_Hz=10.0,  # class-typical
    gain_spread=2e-3,  # specifications: 0.2 % typical
    phase_spread_deg=0.3,  # class-typical
    clip=CLIP,
    resolution=2.0**-20,
)
_RESERVES_DB: Final = (60.0, 40.0, 20.0)  # high, normal, low noise; never more than from 1 V down

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
    "SRAT": (0, 14, 4),
    "SEND": (0, 1, 1),
    "TSTR": (0, 1, 0),
    "FAST": (0, 2, 0),
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
    def is_locked(self) -> bool:
        """Return whether there is a reference; nothing is connected to the external input."""
        return self.choices["FMOD"] == 1

    @property
    def detection(self) -> Detection:
        """Return what these settings mean for the signal path."""
        full_scale_V, choices = self.full_scale_V, self.choices
        offset_V = tuple(0.01 * percent * full_scale_V for percent, _ in self.offsets[:2])
        return Detection(
            frequency_Hz=self.frequency_Hz,
            harmonic=self.harmonic,
            phase_deg=self.phase_deg,
            output_filter=OutputFilter(choices["OFSL"] + 1, TIME_CONSTANTS_S[self.time_constant]),
            full_scale_V=full_scale_V,
            input_limit_V=self._input_limit_V(),
            is_dc_coupled=choices["ICPL"] == 1,
            is_connected=self.is_locked and choices["ISRC"] < 2,
            offset_V=(offset_V[0], offset_V[1]),
        )

    def _input_limit_V(self) -> float:
        """Return the rms input which the amplifiers before the detector still take."""
        reserve_dB = min(_RESERVES_DB[self.choices["RMOD"]], -20.0 * math.log10(self.full_scale_V))
        return CLIP * self.full_scale_V * 10.0 ** (reserve_dB / 20.0)
