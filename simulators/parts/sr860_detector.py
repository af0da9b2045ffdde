"""The settings and tables of an SR860 or SR865A and what they mean for its signal path.

Assumed, not confirmed by a manual at hand: values after ``*RST``; that the scale (SCAL) acts on the analog outputs and
their overload bits only, while X and Y are read whole; that noise is the same on all input ranges; that the advanced
filters behave as the RC stages.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from simulators.dialect import Complaint, Refusal, word
from simulators.parts.lockin_detector import Detection, FrontEnd
from simulators.parts.output_filter import OutputFilter

SCALES_V: Final = (1.0, *(float(f"{step}e{decade}") for decade in range(-1, -10, -1) for step in (5, 2, 1)))
TIME_CONSTANTS_S: Final = tuple(float(f"{step}e{decade}") for decade in range(-6, 5) for step in (1, 3))
INPUT_RANGES_V: Final = (1.0, 0.3, 0.1, 0.03, 0.01)  # peak

FRONT_END: Final = FrontEnd(
    name="sr860",
    noise_V_per_rtHz=2.5e-9,  # specifications, at 1 kHz on the 10 mV range
    noise_corner_Hz=10.0,  # class-typical
    gain_spread=1e-3,  # class-typical
    phase_spread_deg=0.2,  # class-typical
    clip=math.inf,
    resolution=2.0**-24,
)

# LIA status word; CUROVLDSTAT? has the same bits (the maker's own Python package)
CH1_OVERLOAD: Final = 1
CH2_OVERLOAD: Final = 2
UNLOCKED: Final = 8
INPUT_OVERLOAD: Final = 16
DATA1_OVERLOAD: Final = 256

X, Y, R, THETA = range(4)

# command -> words of its values, number of the value after *RST; numbers are taken as well as words
CHOICES: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "TBMODE": (("AUTO", "IN"), 0),
    "REFM": (("COM", "DIF"), 0),
    "RSRC": (("INT", "EXT", "DUAL", "CHOP"), 0),
    "RTRG": (("SIN", "POS", "NEG"), 0),
    "REFZ": (("50", "1M"), 1),
    "BLADESLOTS": (("SLT6", "SLT30"), 0),
    "IVMD": (("VOLT", "CURR"), 0),
    "ISRC": (("A", "A-B"), 0),
    "ICPL": (("AC", "DC"), 0),
    "IGND": (("FLO", "GRO"), 0),
    "IRNG": (("1V", "300M", "100M", "30M", "10M"), 0),
    "ICUR": (("1MEG", "100MEG"), 0),
    "SCAL": (tuple(str(number) for number in range(len(SCALES_V))), 0),
    "OFLT": (tuple(str(number) for number in range(len(TIME_CONSTANTS_S))), 10),
    "OFSL": (("6", "12", "18", "24"), 1),
    "SYNC": (("OFF", "ON"), 0),
    "ADVFILT": (("OFF", "ON"), 1),
    "DBLK": (("OFF", "ON"), 0),
    "DLAY": (("TREND", "HIST", "BAR", "FFT", "BARFFT", "BIG"), 0),
    "GSPD": (tuple(str(number) for number in range(17)), 2),
    "LOCL": (("0", "1", "2"), 0),
    "*PSC": (("0", "1"), 0),
}

# command -> number of places, words of its values, value after *RST; first argument is the place
INDEXED: Final[dict[str, tuple[int, tuple[str, ...], tuple[int, ...]]]] = {
    "COUT": (2, ("XY", "RTH"), (0, 0)),
    "CEXP": (3, ("OFF", "X10", "X100"), (0, 0, 0)),
    "COFA": (3, ("OFF", "ON"), (0, 0, 0)),
    "CRAT": (3, ("OFF", "ON"), (0, 0, 0)),
    "CDSP": (4, tuple(str(number) for number in range(17)), (0, 1, 2, 3)),
    "CGRF": (4, ("OFF", "ON"), (1, 1, 1, 1)),
}

# command -> number of places (0: none), lowest, highest, value after *RST
NUMBERS: Final[dict[str, tuple[int, float, float, float]]] = {
    "SOFF": (0, -5.0, 5.0, 0.0),
    "BLADEPHASE": (0, -360.0, 360.0, 0.0),
    "COFP": (3, -999.99, 999.99, 0.0),
    "AUXV": (4, -10.5, 10.5, 0.0),
    "PSTF": (4, 1e-3, 4e6, 1e3),
    "PSTA": (4, 1e-9, 2.0, 1e-2),
    "PSTL": (4, -5.0, 5.0, 0.0),
}


@dataclass
class Settings:
    """All settings of an SR860; the defaults are those of ``*RST``."""

    frequency_Hz: float = 100e3
    harmonic: int = 1
    second_harmonic: int = 1
    phase_deg: float = 0.0
    amplitude_V: float = 1e-9
    choices: dict[str, int] = field(default_factory=lambda: {name: value for name, (_, value) in CHOICES.items()})
    indexed: dict[str, list[int]] = field(
        default_factory=lambda: {name: list(values) for name, (_, _, values) in INDEXED.items()}
    )
    numbers: dict[str, list[float]] = field(
        default_factory=lambda: {name: [value] * max(1, places) for name, (places, _, _, value) in NUMBERS.items()}
    )

    @property
    def scale_V(self) -> float:
        """Return the sensitivity."""
        return SCALES_V[self.choices["SCAL"]]

    @property
    def time_constant_s(self) -> float:
        """Return the time constant."""
        return TIME_CONSTANTS_S[self.choices["OFLT"]]

    @property
    def output_filter(self) -> OutputFilter:
        """Return the filter behind the detector."""
        return OutputFilter(self.choices["OFSL"] + 1, self.time_constant_s)

    @property
    def is_locked(self) -> bool:
        """Return whether there is a reference; nothing is connected to the external input."""
        return self.choices["RSRC"] == 0

    @property
    def detection(self) -> Detection:
        """Return what these settings mean for the signal path."""
        choices, input_range_V = self.choices, INPUT_RANGES_V[self.choices["IRNG"]]
        offset_V = [
            0.01 * percent * self.scale_V * is_on
            for percent, is_on in zip(self.numbers["COFP"], self.indexed["COFA"], strict=True)
        ]
        return Detection(
            frequency_Hz=self.frequency_Hz,
            harmonic=self.harmonic,
            phase_deg=self.phase_deg,
            output_filter=self.output_filter,
            full_scale_V=input_range_V,
            input_limit_V=input_range_V / math.sqrt(2.0),
            is_dc_coupled=choices["ICPL"] == 1,
            is_connected=self.is_locked and choices["IVMD"] == 0,
            offset_V=(offset_V[X], offset_V[Y]),
        )


def choice(arguments: tuple[str, ...], place: int, words: tuple[str, ...]) -> int:
    """Read an argument that names one of some values, by number or by a word that begins with one of `words`."""
    asked = word(arguments, place)
    if asked.lstrip("-").isdigit():
        if 0 <= int(asked) < len(words):
            return int(asked)
        raise Refusal(Complaint.OUT_OF_RANGE, asked)
    for name in sorted(words, key=len, reverse=True):
        if asked.startswith(name):
            return words.index(name)
    raise Refusal(Complaint.INVALID_ARGUMENT, asked)


def text(value: float) -> str:
    """Return a number as replies hold it."""
    return f"{value:.9e}"
