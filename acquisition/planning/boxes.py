"""What a plan must know of the boxes before they are touched: their ranges, steps and tables, from the manuals.

SR830: Stanford Research Systems, "Model SR830 DSP Lock-In Amplifier", Specifications and chapter 5.
SR860, SR865A: Stanford Research Systems, "Operation Manual SR860 500 kHz DSP Lock-in Amplifier", Specifications.
Keithley 2400: "2400 Series SourceMeter User's Manual", Specifications (current source).
Keithley 2450: "Model 2450 Interactive SourceMeter Instrument Specifications" (SPEC-2450).
Yokogawa GS200: "GS200 User's Manual" (IM GS210-01EN); ranges and steps class-typical.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum


class LockInModel(StrEnum):
    """Lock-ins there is a driver for."""

    SR830 = "SR830"
    SR860 = "SR860"
    SR865A = "SR865A"


class SourceMeterModel(StrEnum):
    """Source meters there is a driver for."""

    KEITHLEY_2400 = "Keithley2400"
    KEITHLEY_2450 = "Keithley2450"
    YOKOGAWA_GS200 = "YokogawaGS200"


class VoltmeterModel(StrEnum):
    """Voltmeters there is a driver for."""

    KEITHLEY_2182A = "Keithley2182A"


class TemperatureModel(StrEnum):
    """Temperature controllers there is a driver for."""

    LAKESHORE_336 = "LakeShore336"
    LAKESHORE_372 = "LakeShore372"
    ITC503 = "ITC503"


class MagnetModel(StrEnum):
    """Magnet supplies there is a driver for."""

    AMI_430 = "AMI430"
    IPS120 = "IPS120"
    PS120 = "PS120"
    MERCURY_IPS = "MercuryiPS"


@dataclass(frozen=True, slots=True)
class LockInBox:
    """Ranges of a lock-in.

    `slow_above_s` is the time constant above which the reference must stay below `slow_frequency_Hz`.
    `input_noise_V_per_rtHz` is that of the voltage input on its small ranges.
    """

    frequency_Hz: tuple[float, float]
    time_constants_s: tuple[float, ...]
    slow_above_s: float
    slow_frequency_Hz: float
    slopes_dB_per_octave: tuple[int, ...]
    oscillator_Vrms: tuple[float, float]
    oscillator_step_V: float
    largest_range_V: float
    input_noise_V_per_rtHz: float


@dataclass(frozen=True, slots=True)
class SourceMeterBox:
    """Ranges of a source meter used as a current source; `steps_A` are the programming steps of `ranges_A`."""

    ranges_A: tuple[float, ...]
    steps_A: tuple[float, ...]
    over_range: float
    compliance_V: tuple[float, float]
    nplc: tuple[float, float]


def _decades(first: int, last: int) -> tuple[float, ...]:
    """Return 1 and 3 times each power of ten from `first` to `last`; parsed as text, so that 3e-4 is 3e-4."""
    return tuple(float(f"{digit}e{power}") for power in range(first, last + 1) for digit in (1, 3))


_SR860 = LockInBox(
    frequency_Hz=(0.001, 500e3),
    time_constants_s=_decades(-6, 4),
    slow_above_s=math.inf,
    slow_frequency_Hz=math.inf,
    slopes_dB_per_octave=(6, 12, 18, 24),
    oscillator_Vrms=(1e-9, 2.0),
    oscillator_step_V=1e-9,
    largest_range_V=1.0,
    input_noise_V_per_rtHz=2.5e-9,
)

LOCK_INS = {
    LockInModel.SR830: LockInBox(
        frequency_Hz=(0.001, 102e3),
        time_constants_s=_decades(-5, 4),
        slow_above_s=30.0,
        slow_frequency_Hz=200.0,
        slopes_dB_per_octave=(6, 12, 18, 24),
        oscillator_Vrms=(0.004, 5.0),
        oscillator_step_V=0.002,
        largest_range_V=1.0,
        input_noise_V_per_rtHz=6e-9,
    ),
    LockInModel.SR860: _SR860,
    LockInModel.SR865A: replace(_SR860, frequency_Hz=(0.001, 4e6)),
}

SOURCE_METERS = {
    SourceMeterModel.KEITHLEY_2400: SourceMeterBox(
        ranges_A=(1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        steps_A=(5e-11, 5e-10, 5e-9, 5e-8, 5e-7, 5e-6, 5e-5),
        over_range=1.05,
        compliance_V=(0.2e-3, 210.0),
        nplc=(0.01, 10.0),
    ),
    SourceMeterModel.KEITHLEY_2450: SourceMeterBox(
        ranges_A=(1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        steps_A=(5e-13, 5e-12, 5e-11, 5e-10, 5e-9, 5e-8, 5e-7, 5e-6, 5e-5),
        over_range=1.05,
        compliance_V=(0.02, 210.0),
        nplc=(0.01, 10.0),
    ),
    SourceMeterModel.YOKOGAWA_GS200: SourceMeterBox(
        ranges_A=(1e-3, 1e-2, 1e-1, 2e-1),
        steps_A=(1e-8, 1e-7, 1e-6, 2e-6),
        over_range=1.2,
        compliance_V=(1.0, 30.0),
        nplc=(0.01, 10.0),
    ),
}
