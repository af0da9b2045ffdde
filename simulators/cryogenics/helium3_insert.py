"""Thermal model of a one-shot 3He insert with a sorption pump, as pure functions (fills `regulation.Insert`).

Three states: pot, sample stage, and the share of the charge that is liquid in the pot.

Pumping. Evaporation takes ``1/Q = 1/Qv + 1/Qs``: Qv = 0.173 W exp(-2.5 K / T) follows the vapour pressure of 3He,
Qs = 1 mW is what the sorption pump takes up (class-typical). A leak of 40 uW gives a base of 0.300 K. The charge of
0.45 mol with 26 J/mol of latent heat lasts 81 hours at the base, and 3 hours near 1 K.

Condensing. The sorption pump is warm, its gas ties the pot to the 1 K plate (1.2 K, 5 mW/K), and up to 2.5 K the charge
condenses with a time constant of 10 minutes. The pump takes over once the pot is nearly full (its edge lies at
``1.12 K + 0.14 K share^4``) and goes on below 1.12 K until the pot is empty; then the leak warms it to the plate, where
it fills again (assumed: the insert's own program does all that). Between 1.1 and 1.2 K neither lasts. The numbers of
this regime are assumed.

Liquid 3He has 2.7 J/(mol K). The heater sits on the pot, the control thermometer on the sample stage, half a microohm
of copper between them.
"""

import math
from typing import Final

from simulators.cryogenics import copper

BATH_K: Final = 4.2
PLATE_K: Final = 1.2
LEAK_W: Final = 40e-6
CHARGE_MOL: Final = 0.45
LATENT_J_PER_MOL: Final = 26.0

_VAPOUR_W: Final = 0.173
_VAPOUR_K: Final = 2.5
_SORPTION_W: Final = 1e-3
_LIQUID_J_PER_MOL_K: Final = 2.7
_POT_MOL: Final = 16.0  # 1 kg of copper
_SAMPLE_MOL: Final = 4.0
_LINK_W_PER_K2: Final = 2.44e-8 / (2.0 * 0.5e-6)
_PLATE_W_PER_K: Final = 5e-3
_EMPTY_EDGE_K: Final = 1.12
_FULL_EDGE_K: Final = 0.14  # more when full
_PUMPING_SHARPNESS: Final = 64
_CONDENSING_EDGE_K: Final = 1.19
_CONDENSING_SHARPNESS: Final = 200
_CONDENSING_S: Final = 600.0
_LIQUID_EDGE_K: Final = 2.5
_LIQUID_SHARPNESS: Final = 16
_LAST_DROP: Final = 0.01  # below this share of the charge the cooling power fades


def mixture_share(temperature_K: float) -> float:
    """Return the share of the charge that is liquid in equilibrium with a warm sorption pump."""
    return _below(temperature_K, _LIQUID_EDGE_K, _LIQUID_SHARPNESS)


def cooling_power_W(temperature_K: float, share: float, cooling: float = 1.0) -> float:
    """Return the heat taken by evaporation, in W.

    Parameters
    ----------
    temperature_K
        Of the pot.
    share
        Share of the charge that is liquid, 0 to 1.
    cooling
        1 in order, 0 with the sorption pump at rest.
    """
    share = max(0.0, share)
    pumped = cooling * _pumping(temperature_K, share) * share / (share + _LAST_DROP)
    return pumped / (1.0 / _SORPTION_W + math.exp(min(_VAPOUR_K / temperature_K, 300.0)) / _VAPOUR_W)


def hold_slope_W_per_K(sample_K: float, share: float) -> float:
    """Return how much more heat on the sample stage makes it one kelvin warmer once all is at rest, in W/K."""
    step_K = 1e-3 * sample_K
    cooling = (_taken_W(sample_K + step_K, share, 1.0) - _taken_W(sample_K - step_K, share, 1.0)) / (2.0 * step_K)
    cooling = max(cooling, 1e-5)
    link = 2.0 * _LINK_W_PER_K2 * sample_K
    return cooling * link / (cooling + link)


def heat_capacity_J_per_K(temperature_K: float, share: float) -> float:
    """Return the heat capacity of the pot with its liquid, in J/K."""
    liquid = max(0.0, share) * CHARGE_MOL * _LIQUID_J_PER_MOL_K
    return liquid + copper.heat_capacity_J_per_K(temperature_K, _POT_MOL)


def rates(
    pot_K: float, sample_K: float, share: float, heater_W: float, sample_W: float, cooling: float
) -> tuple[float, float, float]:
    """Return the rates of the three states: d(ln T)/dt of pot and sample stage, and of the share, in 1/s.

    Parameters
    ----------
    pot_K, sample_K, share
        The states.
    heater_W
        Heat on the pot.
    sample_W
        Heat on the sample stage.
    cooling
        As in `cooling_power_W`.
    """
    link_W = _LINK_W_PER_K2 * (sample_K * sample_K - pot_K * pot_K)
    net_W = heater_W + LEAK_W + link_W - _taken_W(pot_K, share, cooling)
    is_warm = 1.0 - _below(pot_K, _CONDENSING_EDGE_K, _CONDENSING_SHARPNESS)
    condensing = is_warm * (mixture_share(pot_K) - share) / _CONDENSING_S
    evaporating = cooling_power_W(pot_K, share, cooling) / (CHARGE_MOL * LATENT_J_PER_MOL)
    return (
        net_W / (heat_capacity_J_per_K(pot_K, share) * pot_K),
        (sample_W - link_W) / (copper.heat_capacity_J_per_K(sample_K, _SAMPLE_MOL) * sample_K),
        condensing - evaporating,
    )


def still_temperature_K(pot_K: float, share: float, still_heater_W: float) -> float:
    """Return the temperature of the 1 K plate."""
    return PLATE_K


def _taken_W(pot_K: float, share: float, cooling: float) -> float:
    """Return the heat taken from the pot by evaporation and, through the gas, by the 1 K plate."""
    gas = 1.0 - _pumping(pot_K, share)
    return cooling_power_W(pot_K, share, cooling) + cooling * gas * _PLATE_W_PER_K * (pot_K - PLATE_K)


def _pumping(pot_K: float, share: float) -> float:
    """Return 1 while the sorption pump is cold, 0 while it is warm."""
    return _below(pot_K, _EMPTY_EDGE_K + _FULL_EDGE_K * min(1.0, max(0.0, share)) ** 4, _PUMPING_SHARPNESS)


def _below(temperature_K: float, edge_K: float, sharpness: int) -> float:
    """Return 1 well below an edge, 0 well above it."""
    return 1.0 / (1.0 + min(temperature_K / edge_K, 10.0) ** sharpness)
