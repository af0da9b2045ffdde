import pytest

from simulators.cryogenics import refrigerator

N3_MOL_PER_S = 476e-6


def test_dilution_takes_400_microwatts_at_100_millikelvin():
    # 84 W/(mol/s)/K^2 476 umol/s (0.01 - 7e-5) K^2
    assert refrigerator.cooling_power_W(0.1, 1.0) == pytest.approx(397e-6, rel=1e-3)


def test_no_circulation_takes_nothing():
    assert refrigerator.cooling_power_W(0.1, 1.0, cooling=0.0) == 0.0


def test_heat_capacity_is_12_joules_per_kelvin_squared_when_cold():
    assert refrigerator.heat_capacity_J_per_K(0.01, 1.0) == pytest.approx(0.01 * (12.0 + 157 * 0.69e-3), rel=1e-3)


def test_above_one_kelvin_the_mixture_is_out_and_cooling_is_weak():
    assert refrigerator.mixture_share(0.7) > 0.99
    assert refrigerator.mixture_share(1.4) < 0.01
    hold_W = [refrigerator.cooling_power_W(T, refrigerator.mixture_share(T)) for T in (0.75, 1.4)]
    assert hold_W[1] < 0.1 * hold_W[0]


def test_still_carries_its_normal_load_at_0_72_kelvin():
    # 26 J/mol times 476 umol/s is 12.4 mW, of which 1 mW comes by itself
    assert refrigerator.still_temperature_K(0.1, 1.0, 26.0 * N3_MOL_PER_S - 1e-3) == pytest.approx(0.72)
