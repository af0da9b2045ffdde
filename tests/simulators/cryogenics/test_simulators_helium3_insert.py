import math

import pytest

from simulators.cryogenics import helium3_insert
from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.regulation import HeaterMode

HOUR_S = 3600.0


def held(start_K: float, power_W: float) -> Cryostat:
    """An insert with constant heat on its pot."""
    cryostat = Cryostat(1, start_K, helium3_insert)
    cryostat.set_mode(0.0, HeaterMode.OPEN_LOOP)
    cryostat.set_manual_output(0.0, 0.5)
    cryostat.set_full_power_W(0.0, 4.0 * power_W)
    return cryostat


def test_base_is_where_evaporation_carries_the_leak():
    # 1/Q = 1/(0.173 W exp(-2.5 K/T)) + 1/(1 mW) = 1/(40 uW)
    base_K = 2.5 / math.log(0.173 * (1 / 40e-6 - 1 / 1e-3))
    assert base_K == pytest.approx(0.300, abs=1e-3)
    assert helium3_insert.cooling_power_W(base_K, 1.0) == pytest.approx(40e-6, rel=0.02)


def test_left_alone_it_condenses_and_cools_to_its_base():
    cryostat = Cryostat(1, 4.2, helium3_insert)
    assert cryostat.stage_temperatures_K(600.0).sample_K == pytest.approx(1.2, abs=0.02)
    assert cryostat.stage_temperatures_K(2.0 * HOUR_S).sample_K == pytest.approx(0.300, abs=2e-3)


def test_charge_lasts_81_hours_at_the_base():
    # 0.45 mol of 26 J/mol against 40 uW
    hold_s = 0.45 * 26.0 / 40e-6
    assert hold_s == pytest.approx(81.25 * HOUR_S)
    cryostat = Cryostat(1, 4.2, helium3_insert)
    start_s, end_s = 3.0 * HOUR_S, 23.0 * HOUR_S
    used = cryostat.mixture_share(start_s) - cryostat.mixture_share(end_s)
    assert used == pytest.approx((end_s - start_s) / hold_s, rel=0.01)


def test_empty_pot_warms_up_and_fills_again():
    cryostat = held(1.2, 0.5e-3)  # the charge lasts 6 hours against half a milliwatt
    shares = [cryostat.mixture_share(600.0 * place) for place in range(72)]
    warmest_K = max(cryostat.stage_temperatures_K(600.0 * place).sample_K for place in range(72))
    assert min(shares) < 0.05
    assert warmest_K > 1.15
    lowest = shares.index(min(shares))
    assert max(shares[lowest:]) > 0.6


def test_half_a_milliwatt_is_held_at_half_a_kelvin():
    # 540 uW in all: 1/540 uW - 1/1 mW is 1/1.174 mW, and 2.5 K over ln(0.173 W / 1.174 mW) is 0.5007 K
    expected_K = 2.5 / math.log(0.173 * (1 / 540e-6 - 1 / 1e-3))
    assert expected_K == pytest.approx(0.5007, abs=2e-4)
    cryostat = held(0.5, 0.5e-3)
    cryostat_full = Cryostat(1, 1.21, helium3_insert)
    assert cryostat_full.mixture_share(0.0) > 0.99
    assert cryostat.stage_temperatures_K(HOUR_S).mixing_chamber_K == pytest.approx(expected_K, rel=0.01)


def test_time_constant_is_heat_capacity_over_the_slope_of_the_cooling():
    # near 0.5 K: C = 0.45 mol 2.7 J/mol K + 16 mol of copper; dQ/dT = Q^2/Qv 2.5 K/T^2
    capacity_J_per_K = 0.45 * 2.7 + 16 * (0.69e-3 * 0.5 + 1944 / 343**3 * 0.5**3)
    vapour_W = 0.173 * math.exp(-5.0)
    cooling_W = 1.0 / (1.0 / vapour_W + 1.0 / 1e-3)
    slope_W_per_K = cooling_W**2 / vapour_W * 2.5 / 0.25
    tau_s = capacity_J_per_K / slope_W_per_K
    assert tau_s == pytest.approx(491.0, abs=1.0)
    cryostat = held(0.5, cooling_W - 40e-6)
    settled_s = HOUR_S
    cryostat.set_full_power_W(settled_s, 4.0 * (cooling_W - 40e-6) * 1.05)
    start_K, later_K, end_K = (
        cryostat.stage_temperatures_K(settled_s + wait_s).mixing_chamber_K for wait_s in (0.0, tau_s, 3000.0)
    )
    # some liquid has gone meanwhile, and the slope with it
    assert (later_K - start_K) / (end_K - start_K) == pytest.approx(1.0 - math.exp(-1.0), abs=0.04)


def test_without_the_pump_it_warms_up():
    cryostat = Cryostat(1, 4.2, helium3_insert)
    cryostat.set_cooling(3.0 * HOUR_S, 0.0)
    assert cryostat.stage_temperatures_K(13.0 * HOUR_S).sample_K > 0.9


def test_plate_and_bath_stand_above_the_pot():
    stages = Cryostat(1, 4.2, helium3_insert).stage_temperatures_K(2.0 * HOUR_S)
    assert (stages.bath_K, stages.still_K) == (4.2, 1.2)


def test_hold_slope_is_that_of_the_steady_state():
    begin_s, step_W = HOUR_S, 6e-6
    cryostat = held(0.45, 0.3e-3)
    before_K = cryostat.stage_temperatures_K(begin_s).sample_K
    cryostat.set_external_heat_W(begin_s, "contact", step_W)
    change_K = cryostat.stage_temperatures_K(begin_s + 2400.0).sample_K - before_K
    assert step_W / change_K == pytest.approx(helium3_insert.hold_slope_W_per_K(before_K, 0.9), rel=0.1)
