"""Thermal model of a 400 uW class dilution refrigerator in a helium dewar, as pure functions.

Three states: mixing chamber, sample stage, and the share of the mixture that circulates as a dilution unit.

Dilution (mixture in, below about 0.8 K). Cooling power ``84 n3 (T^2 - T0^2)`` with n3 = 476 umol/s, 400 uW at 100 mK;
T0^2 = 7e-5 K^2 stands for imperfect heat exchangers; a leak of 3 uW gives a base of 12.0 mK. Heat capacity
``12 J/K^2 T``, that of degenerate 3He in 4He, levelling off towards its Fermi temperature: time constant
12 / (168 n3) = 150 s at any low T. (F. Pobell, Matter and Methods at Low Temperatures, chapter 7; from memory.)

Mixture out (above about 1 K). The mixture evaporates within minutes and is pumped away; the mixing chamber is then
cooled by residual helium towards the still only, 2 mW/K, far less than dilution near its end. The mixture condenses
again by itself once the chamber is below about 0.95 K, so every temperature is reached without an operator. Numbers of
this regime are assumed. Between 0.85 and 1.2 K a warmer chamber is cooled less: constant heat finds no rest there
(above 24 mW the refrigerator falls out of dilution and runs away), a control loop does.

Links follow Wiedemann and Franz, ``L0/(2 R) (T1^2 - T2^2)``; copper has 0.69 mJ/(mol K^2) and a Debye temperature of
343 K. The heater sits on the mixing chamber, the control thermometer on the sample stage.
"""

import math
from typing import Final

BATH_K: Final = 4.2
STILL_LINK_K: Final = 0.70
"""Temperature of the still that the mixing chamber sees when the mixture is out."""

CIRCULATION_MOL_PER_S: Final = 476e-6
LEAK_W: Final = 3e-6

_DILUTION_W_PER_K2: Final = 84.0 * CIRCULATION_MOL_PER_S
_EXCHANGER_K2: Final = 7e-5
_RESIDUAL_W_PER_K: Final = 2e-3

_MIXTURE_J_PER_K2: Final = 12.0
_FERMI_K: Final = 0.6
_COPPER_MOL: Final = 157.0  # 10 kg
_COPPER_GAMMA: Final = 0.69e-3  # J / (mol K^2)
_COPPER_DEBYE: Final = 1944.0 / 343.0**3  # J / (mol K^4)
_SAMPLE_MOL: Final = 8.0  # 0.5 kg
_LINK_W_PER_K2: Final = 2.44e-8 / (2.0 * 0.5e-6)  # half a microohm of copper

_MIXTURE_EDGE_K: Final = 0.95
_MIXTURE_SHARPNESS: Final = 16
_MIXTURE_TIME_S: Final = 400.0

_STILL_NORMAL_K: Final = 0.72
_LATENT_K: Final = 3.1  # 26 J/mol over the gas constant
_STILL_NORMAL_W: Final = 26.0 * CIRCULATION_MOL_PER_S


def mixture_share(temperature_K: float) -> float:
    """Return the share of the mixture that is condensed in equilibrium at this mixing chamber temperature."""
    return 1.0 / (1.0 + min(temperature_K / _MIXTURE_EDGE_K, 1e3) ** _MIXTURE_SHARPNESS)


def cooling_power_W(temperature_K: float, share: float, cooling: float = 1.0) -> float:
    """Return the heat taken from the mixing chamber, in W.

    Parameters
    ----------
    temperature_K
        Of the mixing chamber.
    share
        Share of the mixture that circulates, 0 to 1.
    cooling
        1 in order, 0 with the circulation stopped.
    """
    dilution_W = _DILUTION_W_PER_K2 * (temperature_K * temperature_K - _EXCHANGER_K2)
    residual_W = _RESIDUAL_W_PER_K * (temperature_K - STILL_LINK_K)
    return cooling * (share * dilution_W + (1.0 - share) * residual_W)


def hold_slope_W_per_K(sample_K: float, share: float) -> float:
    """Return how much more heat on the sample stage makes it one kelvin warmer once all is at rest, in W/K."""
    cooling = share * 2.0 * _DILUTION_W_PER_K2 * sample_K + (1.0 - share) * _RESIDUAL_W_PER_K
    link = 2.0 * _LINK_W_PER_K2 * sample_K
    return cooling * link / (cooling + link)


def heat_capacity_J_per_K(temperature_K: float, share: float) -> float:
    """Return the heat capacity of the mixing chamber with its plate, in J/K."""
    mixture = share * _MIXTURE_J_PER_K2 * temperature_K / math.hypot(1.0, temperature_K / _FERMI_K)
    return mixture + _copper_J_per_K(temperature_K, _COPPER_MOL)


def rates(
    mixing_chamber_K: float, sample_K: float, share: float, heater_W: float, sample_W: float, cooling: float
) -> tuple[float, float, float]:
    """Return the rates of the three states: d(ln T)/dt of mixing chamber and sample stage, and of the share, in 1/s.

    Parameters
    ----------
    mixing_chamber_K, sample_K, share
        The states.
    heater_W
        Heat on the mixing chamber.
    sample_W
        Heat on the sample stage.
    cooling
        As in `cooling_power_W`.
    """
    link_W = _LINK_W_PER_K2 * (sample_K * sample_K - mixing_chamber_K * mixing_chamber_K)
    net_W = heater_W + LEAK_W + link_W - cooling_power_W(mixing_chamber_K, share, cooling)
    return (
        net_W / (heat_capacity_J_per_K(mixing_chamber_K, share) * mixing_chamber_K),
        (sample_W - link_W) / (_copper_J_per_K(sample_K, _SAMPLE_MOL) * sample_K),
        (mixture_share(mixing_chamber_K) - share) / _MIXTURE_TIME_S,
    )


def still_temperature_K(mixing_chamber_K: float, share: float, still_heater_W: float) -> float:
    """Return the still's temperature at which evaporation (latent heat 26 J/mol of 3He) carries its load away."""
    residual_W = (1.0 - share) * _RESIDUAL_W_PER_K * max(0.0, mixing_chamber_K - STILL_LINK_K)
    load_W = still_heater_W + residual_W + 1e-3
    return 1.0 / (1.0 / _STILL_NORMAL_K - math.log(load_W / _STILL_NORMAL_W) / _LATENT_K)


def _copper_J_per_K(temperature_K: float, amount_mol: float) -> float:
    return amount_mol * temperature_K * (_COPPER_GAMMA + _COPPER_DEBYE * temperature_K * temperature_K)
