"""Instruments in memory that answer at once, the same for this program and for its peers; needs nothing but Python.

One value is set, the bias current, and four are read: X, Y, temperature and field. What is read is a pure function of
what was set, so that what each program has stored can be checked point by point.
"""

import math

OSCILLATOR_VRMS = 0.1
TEMPERATURE_K = 1.4
LARGEST_A = 2e-4
GAIN = 100.0
CONDUCTANCE_S = 0.1096

_AC_ARM_OHM, _DC_ARM_OHM, _LEADS_OHM = 100_050.0, 10_000.0, 4.0


def x_V(current_A: float, oscillator_Vrms: float = OSCILLATOR_VRMS) -> float:
    """Return X at the lock-in's input: a contact whose conductance ripples by a thousandth with the current."""
    contact_ohm = 1.0 / (CONDUCTANCE_S * (1.0 + 1e-3 * math.cos(current_A / 1e-5)))
    shunt_S = 1.0 / _AC_ARM_OHM + 1.0 / _DC_ARM_OHM
    ac_A = oscillator_Vrms / _AC_ARM_OHM / (1.0 + shunt_S * (_LEADS_OHM + contact_ohm))
    return GAIN * ac_A * contact_ohm


def y_V(current_A: float) -> float:
    """Return Y at the lock-in's input."""
    return 1e-7 * current_A / LARGEST_A


def currents_A(points: int) -> list[float]:
    """Return what a peer sets, one after the other."""
    return [LARGEST_A * (2.0 * place / (points - 1) - 1.0) for place in range(points)]


NAMES = ("x_V", "y_V", "temperature_K", "field_T")
"""What a peer reads."""


class Bench:
    """What a peer sets and reads."""

    def __init__(self) -> None:
        self.current_A = 0.0

    def set_current_A(self, current_A: float) -> None:
        """Set the bias current."""
        self.current_A = current_A

    def x_V(self) -> float:
        """Read X."""
        return x_V(self.current_A)

    def y_V(self) -> float:
        """Read Y."""
        return y_V(self.current_A)

    def temperature_K(self) -> float:
        """Read the temperature."""
        return TEMPERATURE_K

    def field_T(self) -> float:
        """Read the field."""
        return 0.0
