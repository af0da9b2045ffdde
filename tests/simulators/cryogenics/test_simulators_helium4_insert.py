import math

import pytest

from simulators.cryogenics import helium4_insert
from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.regulation import HeaterMode

FLOW_G_PER_S = 30e-3
CP_J_PER_G_K = 5.19
LATENT_J_PER_G = 20.8


def held(start_K: float, power_W: float) -> Cryostat:
    """An insert with constant heat on its exchanger."""
    cryostat = Cryostat(1, start_K, helium4_insert)
    cryostat.set_mode(0.0, HeaterMode.OPEN_LOOP)
    cryostat.set_manual_output(0.0, 0.5)
    cryostat.set_full_power_W(0.0, 4.0 * power_W)
    return cryostat


def test_left_alone_it_cools_to_its_base():
    # 20 mW of leak over 30 mg/s (5.19 J/gK + 20.8 J/g / 0.5 K)
    above_K = 20e-3 / (FLOW_G_PER_S * (CP_J_PER_G_K + LATENT_J_PER_G / 0.5))
    assert above_K == pytest.approx(0.0142, abs=1e-4)
    assert Cryostat(1, 4.2, helium4_insert).stage_temperatures_K(3600.0).sample_K == pytest.approx(
        1.5 + above_K, abs=1e-4
    )


@pytest.mark.parametrize(("temperature_K", "power_W"), [(4.2, 1.04), (10.0, 1.95), (300.0, 47.1)])
def test_cooling_power_is_flow_times_enthalpy(temperature_K, power_W):
    by_hand_W = FLOW_G_PER_S * (CP_J_PER_G_K * (temperature_K - 1.5) + LATENT_J_PER_G)
    assert by_hand_W == pytest.approx(power_W, rel=0.01)
    assert helium4_insert.cooling_power_W(temperature_K) == pytest.approx(by_hand_W, rel=1e-3)


def test_constant_heat_is_held_where_the_flow_carries_it():
    # 1 W and 20 mW of leak: (1.02 W / 30 mg/s - 20.8 J/g) / 5.19 J/gK above 1.5 K
    expected_K = 1.5 + (1.02 / FLOW_G_PER_S - LATENT_J_PER_G) / CP_J_PER_G_K
    assert held(4.2, 1.0).stage_temperatures_K(600.0).mixing_chamber_K == pytest.approx(expected_K, abs=2e-3)


def test_room_temperature_comes_and_goes_within_minutes():
    # 2 mol of copper, 24.5 J/mol K, over 30 mg/s 5.19 J/gK: 315 s; the sample, 1 mol over 0.2 W/K, follows in 122 s
    tau_s = 2.0 * 24.5 / (FLOW_G_PER_S * CP_J_PER_G_K)
    assert tau_s == pytest.approx(315.0, abs=1.0)
    cryostat = held(300.0, 47.1)
    begin_s = 3600.0
    cryostat.set_full_power_W(begin_s, 4.0 * 47.6)
    start_K, later_K, end_K = (
        cryostat.stage_temperatures_K(begin_s + wait_s).mixing_chamber_K for wait_s in (0.0, tau_s, 20.0 * tau_s)
    )
    assert end_K - start_K == pytest.approx(0.5 / (FLOW_G_PER_S * CP_J_PER_G_K), rel=0.02)
    # the sample hangs on the exchanger as a second, slower capacity
    assert 0.4 < (later_K - start_K) / (end_K - start_K) < 1.0 - math.exp(-1.0)


def test_shut_needle_valve_lets_it_warm_up():
    cryostat = Cryostat(1, 4.2, helium4_insert)
    cryostat.set_gas_flow(100.0, 0.0)
    assert cryostat.stage_temperatures_K(700.0).sample_K > 10.0


def test_twice_the_flow_takes_twice_the_heat():
    assert helium4_insert.cooling_power_W(20.0, 2.0) == pytest.approx(2.0 * helium4_insert.cooling_power_W(20.0))
