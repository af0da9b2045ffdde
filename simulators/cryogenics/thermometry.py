"""Thermometers with inputs of their own, as controllers without a scanner read them: ten fresh readings a second.

The sensors sit on sample stage, cold end, the stage above it, and the bath, and differ from their curves as
`simulators.cryogenics.thermometer` says. Noise of a reading is 1e-4 of the temperature (class-typical).
"""

import math
from typing import Final

from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.thermometer import Thermometer, resistance_ohm
from simulators.noise import Noise

STAGES: Final = ("sample", "cold end", "stage above", "bath")
"""What the inputs measure, in their order; the first is the one that the loop regulates."""

_READINGS_PER_S: Final = 10
_NOISE: Final = 1e-4


class Thermometry:
    """Four inputs.

    Parameters
    ----------
    cryostat
        The refrigerator whose stages the thermometers sit on.
    seed
        Seed of calibration errors and noise.
    shift_per_T
        How much the sample's thermometer reads too low in a field, as a fraction of T a tesla.
    """

    def __init__(self, cryostat: Cryostat, seed: int, shift_per_T: float = 0.0) -> None:
        self._cryostat = cryostat
        self._sensors = [
            Thermometer.draw(seed, stage, 0.0 if place else shift_per_T) for place, stage in enumerate(STAGES)
        ]
        self._noise = [Noise(seed, f"thermometry/{stage}") for stage in STAGES]
        self._broken: set[int] = set()

    def temperature_K(self, time_s: float, place: int) -> float | None:
        """Return the latest reading of an input (0 to 3); None if its sensor is broken."""
        if place in self._broken:
            return None
        index = math.floor(time_s * _READINGS_PER_S)
        taken_s = index / _READINGS_PER_S
        field_T = 0.0 if place else self._cryostat.field_T(taken_s)
        reported_K = self._sensors[place].reported_K(self._stage_K(taken_s, place), field_T=field_T)
        return reported_K * (1.0 + _NOISE * self._noise[place].at(index))

    def resistance_ohm(self, time_s: float, place: int) -> float | None:
        """Return the latest reading in ohm; None if the sensor is broken."""
        reading_K = self.temperature_K(time_s, place)
        return None if reading_K is None else resistance_ohm(reading_K)

    def control_reading_K(self, true_K: float, field_T: float = 0.0) -> float:
        """Return what the first input makes of a true temperature, without noise: what the loop sees."""
        return self._sensors[0].reported_K(true_K, field_T=field_T)

    def set_broken(self, place: int, is_broken: bool) -> None:
        """Break or mend a sensor (a fault)."""
        (self._broken.add if is_broken else self._broken.discard)(place)

    def _stage_K(self, time_s: float, place: int) -> float:
        if place == 0:
            return self._cryostat.sample_temperature_K(time_s)
        stages = self._cryostat.stage_temperatures_K(time_s)
        return (stages.sample_K, stages.mixing_chamber_K, stages.still_K, stages.bath_K)[place]
