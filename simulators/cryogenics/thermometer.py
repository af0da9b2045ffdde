"""A ruthenium-oxide thermometer: its nominal curve, and how the single sensor differs from it.

The nominal curve is ``R = 374 ohm exp((11.9 K / T)^(1/4))``, 1.4 kohm at 4.2 K and 10 kohm at 0.1 K (class-typical).
The sensor deviates from the curve that the controller holds by a smooth function of ln T, 0.5 % rms of the temperature,
drawn from the seed: a real calibration error, which the control loop follows faithfully.
"""

import math
from dataclasses import dataclass
from typing import Final

from simulators.noise import Noise

CALIBRATION_ERROR: Final = 0.005
"""Relative rms of the reported temperature's error."""

_R0_OHM: Final = 374.0
_T0_K: Final = 11.9
_CALIBRATION_RATES: Final = (0.6, 1.0, 1.7)  # radians per unit of ln T
_SELF_HEATING_W_PER_K4: Final = 1e-4


def resistance_ohm(temperature_K: float) -> float:
    """Return the nominal resistance at a temperature."""
    return _R0_OHM * math.exp((_T0_K / temperature_K) ** 0.25)


def temperature_K(resistance_ohm: float) -> float:
    """Return the temperature at which the nominal curve has this resistance; infinity below the curve."""
    if resistance_ohm <= _R0_OHM:
        return math.inf
    return _T0_K / math.log(resistance_ohm / _R0_OHM) ** 4


@dataclass(frozen=True, slots=True)
class Thermometer:
    """One sensor of a rack.

    Parameters
    ----------
    phases
        Phase in radians of each component of the calibration error.
    shift_per_T
        Fraction by which a field makes it read low, a tesla of either sign: ruthenium oxide gains resistance in a
        field, up to a per cent of temperature a tesla (class-typical); zero for a field-corrected curve.
    """

    phases: tuple[float, ...]
    shift_per_T: float = 0.0

    @classmethod
    def draw(cls, seed: int, channel: str, shift_per_T: float = 0.0) -> "Thermometer":
        """Draw a sensor; the same seed and channel give the same one."""
        noise = Noise(seed, f"thermometer/{channel}")
        phases = (math.atan2(noise.at(2 * k), noise.at(2 * k + 1)) for k in range(len(_CALIBRATION_RATES)))
        return cls(tuple(phases), shift_per_T)

    def reported_K(self, true_K: float, excitation_V: float = 0.0, field_T: float = 0.0) -> float:
        """Return what the nominal curve makes of this sensor at a true temperature, without noise.

        Parameters
        ----------
        true_K
            Temperature of the stage the sensor sits on.
        excitation_V
            Voltage across the sensor, rms; its power warms the sensor by ``P / (1e-4 W/K^4 T^3)`` (assumed).
        field_T
            Field at the sensor.
        """
        amplitude = CALIBRATION_ERROR * math.sqrt(2.0 / len(self.phases))
        log_K = math.log(true_K)
        error = 0.0
        for rate, phase in zip(_CALIBRATION_RATES, self.phases, strict=True):
            error += math.cos(rate * log_K + phase)
        if excitation_V:
            power_W = excitation_V * excitation_V / resistance_ohm(true_K)
            true_K += power_W / (_SELF_HEATING_W_PER_K4 * true_K**3)
        return true_K * (1.0 + amplitude * error) * (1.0 - self.shift_per_T * abs(field_T))
