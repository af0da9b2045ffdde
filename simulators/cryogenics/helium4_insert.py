"""Thermal model of a 4He flow cryostat (variable temperature insert), as pure functions (fills `regulation.Insert`).

Helium is drawn from the bath through a needle valve and a heat exchanger at 30 mg/s (class-typical). It takes
``flow (cp (T - T0) + L tanh((T - T0) / 0.5 K))`` with cp = 5.19 J/(g K), L = 20.8 J/g and T0 = 1.5 K, the boiling point
under the pump: 1.0 W at 4.2 K, 47 W at room temperature. A leak of 20 mW gives a base of 1.514 K.

The exchanger is 2 mol of copper, so it follows within a second at 10 K and within 5 minutes at 300 K. The sample stage,
1 mol of copper, hangs on it through exchange gas, 0.2 W/K: 2 minutes at 300 K. The heater sits on the exchanger, the
control thermometer on the sample stage. There is no second state of the helium; the share is always 1.
"""

import math
from typing import Final

from simulators.cryogenics import copper

BATH_K: Final = 4.2
BOILING_K: Final = 1.5
FLOW_G_PER_S: Final = 30e-3
LEAK_W: Final = 20e-3

_GAS_J_PER_G_K: Final = 5.19
_LATENT_J_PER_G: Final = 20.8
_LATENT_WIDTH_K: Final = 0.5
_EXCHANGER_MOL: Final = 2.0
_SAMPLE_MOL: Final = 1.0
_LINK_W_PER_K: Final = 0.2


def mixture_share(temperature_K: float) -> float:
    """Return 1: the bath does not run out of helium."""
    return 1.0


def cooling_power_W(temperature_K: float, flow: float = 1.0) -> float:
    """Return the heat taken from the exchanger, in W.

    Parameters
    ----------
    temperature_K
        Of the exchanger.
    flow
        Through the needle valve; 1 as it is usually set.
    """
    above_K = temperature_K - BOILING_K
    latent = _LATENT_J_PER_G * math.tanh(above_K / _LATENT_WIDTH_K)
    return flow * FLOW_G_PER_S * (_GAS_J_PER_G_K * above_K + latent)


def hold_slope_W_per_K(sample_K: float, share: float) -> float:
    """Return how much more heat on the sample stage makes it one kelvin warmer once all is at rest, in W/K."""
    latent = _LATENT_J_PER_G / _LATENT_WIDTH_K / math.cosh(min((sample_K - BOILING_K) / _LATENT_WIDTH_K, 300.0)) ** 2
    cooling = FLOW_G_PER_S * (_GAS_J_PER_G_K + latent)
    return cooling * _LINK_W_PER_K / (cooling + _LINK_W_PER_K)


def heat_capacity_J_per_K(temperature_K: float, share: float) -> float:
    """Return the heat capacity of the exchanger, in J/K."""
    return copper.heat_capacity_J_per_K(temperature_K, _EXCHANGER_MOL)


def rates(
    exchanger_K: float, sample_K: float, share: float, heater_W: float, sample_W: float, cooling: float
) -> tuple[float, float, float]:
    """Return the rates of the three states: d(ln T)/dt of exchanger and sample stage, and of the share, in 1/s.

    Parameters
    ----------
    exchanger_K, sample_K, share
        The states.
    heater_W
        Heat on the exchanger.
    sample_W
        Heat on the sample stage.
    cooling
        The flow, as in `cooling_power_W`.
    """
    link_W = _LINK_W_PER_K * (sample_K - exchanger_K)
    net_W = heater_W + LEAK_W + link_W - cooling_power_W(exchanger_K, cooling)
    return (
        net_W / (heat_capacity_J_per_K(exchanger_K, share) * exchanger_K),
        (sample_W - link_W) / (copper.heat_capacity_J_per_K(sample_K, _SAMPLE_MOL) * sample_K),
        0.0,
    )


def still_temperature_K(exchanger_K: float, share: float, still_heater_W: float) -> float:
    """Return the temperature of the bath: there is no stage in between."""
    return BATH_K
