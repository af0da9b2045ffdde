"""Heat capacity of copper from millikelvin to room temperature.

Electrons 0.69 mJ/(mol K^2), phonons after Debye with 343 K, 1944 (T/343)^3 J/(mol K) when cold. Towards room
temperature the phonons saturate at 3R through ``x / (1 + x)``, x the cold law over 3R: within 5 % of the tables at
80 K and above.
"""

from typing import Final

_ELECTRONS_J_PER_MOL_K2: Final = 0.69e-3
_PHONONS_J_PER_MOL_K4: Final = 1944.0 / 343.0**3
_DULONG_PETIT_J_PER_MOL_K: Final = 24.94


def heat_capacity_J_per_K(temperature_K: float, amount_mol: float) -> float:
    """Return the heat capacity of an amount of copper."""
    cold = _PHONONS_J_PER_MOL_K4 * temperature_K**3
    phonons = cold / (1.0 + cold / _DULONG_PETIT_J_PER_MOL_K)
    return amount_mol * (_ELECTRONS_J_PER_MOL_K2 * temperature_K + phonons)
