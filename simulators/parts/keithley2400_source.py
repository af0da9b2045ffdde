"""What a Keithley 2400 is made of, for `simulators.parts.source_unit`.

Ranges, resolution and over-range after the 2400 user's manual (sections 6 and 9); offsets and noise class-typical
within the specifications (1 mA range: source offset up to 200 nA, 5 nA peak to peak from 0.1 to 10 Hz, 50 nA
resolution).
"""

from typing import Final

from simulators.parts.source_unit import CURRENT, VOLTAGE, SourceKind

KEITHLEY_2400: Final = SourceKind(
    name="keithley2400",
    ranges={CURRENT: (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0), VOLTAGE: (0.2, 2.0, 20.0, 200.0)},
    largest={CURRENT: 1.05, VOLTAGE: 210.0},
    over_range=1.05,
    resolution={CURRENT: 5e-5, VOLTAGE: 2.5e-5},
    source_offset=7e-5,
    source_gain=1.5e-4,
    meter_offset=2e-5,
    meter_gain=1e-4,
    meter_noise=1e-6,
)
