"""What a Keithley 2450 is made of, for `simulators.parts.source_unit`.

Ranges after the Model 2450 reference manual, page 6-75; resolution, offset and noise after its specifications
(SPEC-2450): 50 nA steps and 150 nA of offset on 1 mA, 5 nA rms below 10 Hz.
"""

from typing import Final

from simulators.parts.source_unit import CURRENT, VOLTAGE, SourceKind

KEITHLEY_2450: Final = SourceKind(
    name="keithley2450",
    ranges={
        CURRENT: (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
        VOLTAGE: (0.02, 0.2, 2.0, 20.0, 200.0),
    },
    largest={CURRENT: 1.05, VOLTAGE: 210.0},
    over_range=1.05,
    resolution={CURRENT: 5e-5, VOLTAGE: 2.5e-5},
    source_offset=5e-5,
    source_gain=1e-4,
    meter_offset=2e-5,
    meter_gain=7e-5,
    meter_noise=1e-6,
)
