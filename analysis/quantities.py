"""Constants and conversions of a point contact: e2/h, kelvin and volt, reduced bias, excitation, contact radius.

The exact constants are those of the SI (9th brochure, 2019); the electron mass is CODATA 2018. They are written out
here, because importing `scipy.constants` costs more time than the rest of a start.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import ModelError

ELEMENTARY_CHARGE_C = 1.602176634e-19
PLANCK_J_s = 6.62607015e-34
BOLTZMANN_J_per_K = 1.380649e-23
REDUCED_PLANCK_J_s = PLANCK_J_s / (2 * math.pi)
BOHR_MAGNETON_J_per_T = 9.2740100783e-24
ELECTRON_MASS_kg = 9.1093837015e-31

CONDUCTANCE_QUANTUM_S = ELEMENTARY_CHARGE_C**2 / PLANCK_J_s
"""e^2/h, the unit of the paper's figures: 3.874e-5 S (not 2 e^2/h)."""

KELVIN_PER_VOLT = ELEMENTARY_CHARGE_C / BOLTZMANN_J_per_K
"""Temperature of the energy eV, 11604.5 K for 1 V."""

KELVIN_PER_TESLA = BOHR_MAGNETON_J_per_T / BOLTZMANN_J_per_K
"""Temperature of the energy mu_B H, 0.6717 K for 1 T."""

LORENZ_NUMBER_V2_per_K2 = math.pi**2 / 3 / KELVIN_PER_VOLT**2
"""Sommerfeld's value of the Lorenz number, pi^2/3 (kB/e)^2 = 2.443e-8 V^2/K^2."""

COPPER_FERMI_ENERGY_J = 7.0 * ELEMENTARY_CHARGE_C
"""Fermi energy of copper, 7.0 eV (free electrons; Ashcroft and Mermin, table 2.1)."""


def _positive_temperature(temperature_K: ArrayLike) -> np.ndarray:
    temperature = np.asarray(temperature_K, dtype=float)
    if not np.all((temperature > 0) & np.isfinite(temperature)):
        raise ModelError(f"temperature_K must be finite and above zero, got {temperature_K!r}; drop such points first")
    return temperature


def reduced_bias(bias_V: ArrayLike, temperature_K: ArrayLike) -> np.ndarray:
    """Return v = eV / kB T, the variable of the scaling curve (eq 6).

    Parameters
    ----------
    bias_V, temperature_K : array, shapes that broadcast
        Bias across the contact; temperature of its electrons.

    Raises
    ------
    ModelError
        If a temperature is not finite and positive.
    """
    return np.asarray(bias_V, dtype=float) * KELVIN_PER_VOLT / _positive_temperature(temperature_K)


def thermal_voltage_V(temperature_K: ArrayLike) -> np.ndarray:
    """Return kB T / e, 8.6 uV at 100 mK.

    Raises
    ------
    ModelError
        If a temperature is not finite and positive.
    """
    return _positive_temperature(temperature_K) / KELVIN_PER_VOLT


def excitation_ratio(excitation_Vrms: ArrayLike, temperature_K: ArrayLike) -> np.ndarray:
    """Return w = sqrt(2) e Vrms / kB T, the peak of the lock-in excitation in units of kB T / e.

    Raises
    ------
    ModelError
        If a temperature is not finite and positive.
    """
    return math.sqrt(2) * reduced_bias(excitation_Vrms, temperature_K)


def excitation_Vrms(excitation_ratio: ArrayLike, temperature_K: ArrayLike) -> np.ndarray:
    """Return the rms excitation across the contact that has a given ratio w; the inverse of `excitation_ratio`.

    Raises
    ------
    ModelError
        If a temperature is not finite and positive.
    """
    return np.asarray(excitation_ratio, dtype=float) * thermal_voltage_V(temperature_K) / math.sqrt(2)


def siemens(conductance_e2_per_h: ArrayLike) -> np.ndarray:
    """Return in S a conductance given in e^2/h."""
    return np.asarray(conductance_e2_per_h, dtype=float) * CONDUCTANCE_QUANTUM_S


def in_conductance_quanta(conductance_S: ArrayLike) -> np.ndarray:
    """Return in e^2/h a conductance given in S."""
    return np.asarray(conductance_S, dtype=float) / CONDUCTANCE_QUANTUM_S


def sharvin_radius_m(conductance_S: ArrayLike, fermi_energy_J: float = COPPER_FERMI_ENERGY_J) -> np.ndarray:
    """Return the radius of a ballistic round hole from its conductance, G_o = a^2 e^2 m eps_F / (2 pi hbar^3) (eq 3).

    Raises
    ------
    ModelError
        If a conductance or the Fermi energy is not finite and positive.
    """
    for name, value in (("conductance_S", conductance_S), ("fermi_energy_J", fermi_energy_J)):
        if not np.all(np.isfinite(value) & (np.asarray(value) > 0)):
            raise ModelError(f"{name} must be finite and above zero for a contact radius, got {value!r}")
    siemens_per_m2 = ELEMENTARY_CHARGE_C**2 * ELECTRON_MASS_kg * fermi_energy_J / (2 * math.pi * REDUCED_PLANCK_J_s**3)
    return np.sqrt(np.asarray(conductance_S, dtype=float) / siemens_per_m2)
