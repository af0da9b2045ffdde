import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.cryogenics.cryostat import FLUCTUATION, Cryostat
from simulators.cryogenics.regulation import HeaterMode

# written out once more: the numbers the module docstring of the refrigerator promises
N3_MOL_PER_S = 476e-6
EXCHANGER_K2 = 7e-5
LEAK_W = 3e-6
HOUR_S = 3600.0


def _cryostat_with_manual_heater(start_K: float, range_index: int, fraction: float) -> Cryostat:
    cryostat = Cryostat(1, start_K)
    cryostat.set_mode(0.0, HeaterMode.OPEN_LOOP)
    cryostat.set_manual_output(0.0, fraction)
    cryostat.set_heater_range(0.0, range_index)
    return cryostat


def test_left_alone_it_cools_from_the_bath_to_its_base():
    base_K = math.sqrt(EXCHANGER_K2 + LEAK_W / (84.0 * N3_MOL_PER_S))
    assert base_K == pytest.approx(0.0120, abs=5e-5)
    assert Cryostat(1).stage_temperatures_K(8 * HOUR_S).mixing_chamber_K == pytest.approx(base_K, rel=1e-3)


def test_400_microwatts_are_held_at_100_millikelvin():
    # 84 n3 (T^2 - T0^2) = 403 uW gives 100.9 mK
    expected_K = math.sqrt(EXCHANGER_K2 + 403e-6 / (84.0 * N3_MOL_PER_S))
    assert expected_K == pytest.approx(0.1007, abs=2e-4)
    fraction = math.sqrt(400e-6 / (3.16e-3**2 * 100.0))
    cryostat = _cryostat_with_manual_heater(0.1, 5, fraction)
    assert cryostat.heater_power_W(HOUR_S) == pytest.approx(400e-6, rel=1e-6)
    assert cryostat.stage_temperatures_K(2 * HOUR_S).mixing_chamber_K == pytest.approx(expected_K, rel=1e-3)


def test_a_step_of_the_heater_decays_with_150_seconds():
    # tau = 12 J/K^2 / (168 n3), and 1 % of copper
    tau_s = (12.0 + 157.0 * 0.69e-3) / (168.0 * N3_MOL_PER_S)
    assert tau_s == pytest.approx(151.0, abs=1.0)
    cryostat = _cryostat_with_manual_heater(0.1, 5, 0.632)
    cryostat.set_manual_output(2 * HOUR_S, 0.64)
    start_K, after_tau_K, end_K = (
        cryostat.stage_temperatures_K(2 * HOUR_S + wait_s).mixing_chamber_K for wait_s in (0.0, tau_s, 3000.0)
    )
    assert (after_tau_K - start_K) / (end_K - start_K) == pytest.approx(1.0 - math.exp(-1.0), abs=0.01)


def test_heat_on_the_sample_stage_warms_it_against_the_mixing_chamber():
    # Wiedemann-Franz through half a microohm: P = L0 / 2R (Ts^2 - Tmc^2)
    cryostat = Cryostat(1, 0.1)
    cryostat.set_external_heat_W(0.0, "contact", 1e-4)
    stages = cryostat.stage_temperatures_K(2 * HOUR_S)
    squares = stages.sample_K**2 - stages.mixing_chamber_K**2
    assert 2.44e-8 / (2 * 0.5e-6) * squares == pytest.approx(1e-4, rel=1e-3)


def test_output_of_the_loop_is_gain_times_error():
    cryostat = Cryostat(1, 2.0)
    cryostat.set_pid(0.0, 20.0, 0.0, 0.0)
    cryostat.set_heater_range(0.0, 7)
    cryostat.set_setpoint_K(0.0, 4.0)
    assert cryostat.heater_fraction(0.0) == pytest.approx(0.01 * 20.0 * 2.0, abs=1e-6)


def test_integral_grows_by_gain_times_error_over_integral_time():
    cryostat = Cryostat(1, 0.1)
    cryostat.set_pid(0.0, 100.0, 50.0, 0.0)
    cryostat.set_setpoint_K(0.0, 0.3)
    cryostat.set_heater_range(0.0, 1)  # 0.1 uW: too weak to change the temperature's course
    rise = cryostat.heater_fraction(1.0) - cryostat.heater_fraction(0.0)
    cooling_K = cryostat.stage_temperatures_K(0.0).sample_K - cryostat.stage_temperatures_K(1.0).sample_K
    # proportional part follows the cooling, integral part adds P e / I each second
    assert rise == pytest.approx(1.0 * cooling_K + 1.0 * (0.2 + cooling_K / 2) / 50.0, rel=1e-3)


def test_loop_holds_what_its_thermometer_reports():
    cryostat = Cryostat(1, 0.2)
    cryostat.set_feedback(0.0, lambda true_K, _: 1.01 * true_K)
    cryostat.set_pid(0.0, 1000.0, 150.0, 0.0)
    cryostat.set_heater_range(0.0, 6)
    cryostat.set_setpoint_K(0.0, 0.2)
    assert cryostat.stage_temperatures_K(HOUR_S).sample_K == pytest.approx(0.2 / 1.01, rel=1e-4)


def test_setpoint_ramps_at_its_rate_and_arrives():
    cryostat = Cryostat(1, 0.5)
    cryostat.set_ramp(0.0, True, 0.1)
    cryostat.set_setpoint_K(0.0, 0.3)
    assert cryostat.setpoint_K(60.0) == pytest.approx(0.4)
    assert cryostat.is_ramping(119.0)
    assert not cryostat.is_ramping(121.0)
    assert cryostat.setpoint_K(500.0) == 0.3


def test_switching_the_ramp_off_lets_the_setpoint_jump():
    cryostat = Cryostat(1, 0.5)
    cryostat.set_ramp(0.0, True, 0.1)
    cryostat.set_setpoint_K(0.0, 0.3)
    cryostat.set_ramp(60.0, False, 0.1)
    assert cryostat.setpoint_K(60.0) == 0.3


def test_too_much_heat_drives_it_out_of_dilution_and_less_does_not_bring_it_back():
    # 30 mW is more than dilution takes near its end; 20 mW then still is more than residual helium takes
    cryostat = _cryostat_with_manual_heater(0.5, 7, math.sqrt(0.02 / (31.6e-3**2 * 100.0)))
    assert cryostat.stage_temperatures_K(HOUR_S).mixing_chamber_K < 0.8
    cryostat.set_manual_output(HOUR_S, math.sqrt(0.03 / (31.6e-3**2 * 100.0)))
    cryostat.set_manual_output(3 * HOUR_S, math.sqrt(0.02 / (31.6e-3**2 * 100.0)))
    # 20 mW over 2 mW/K above the still
    assert cryostat.stage_temperatures_K(9 * HOUR_S).mixing_chamber_K == pytest.approx(10.7, rel=0.01)


def test_condensing_again_takes_minutes():
    cryostat = Cryostat(1, 4.2)
    times_s = np.arange(0.0, 2 * HOUR_S, 10.0)
    share = np.array([cryostat.mixture_share(float(time_s)) for time_s in times_s])
    assert share[0] < 0.001
    assert 300.0 < 10.0 * np.count_nonzero((share > 0.1) & (share < 0.9)) < 1800.0
    assert share[-1] > 0.99


def test_without_circulation_it_warms():
    cryostat = Cryostat(1, 0.05)
    cryostat.set_cooling(HOUR_S, 0.0)
    cold_K = cryostat.stage_temperatures_K(HOUR_S).mixing_chamber_K
    # 3 uW into 12 J/K^2 T^2 / 2 for an hour
    expected_K = math.sqrt(cold_K**2 + 2 * LEAK_W * HOUR_S / (12.0 + 157 * 0.69e-3))
    assert cryostat.stage_temperatures_K(2 * HOUR_S).mixing_chamber_K == pytest.approx(expected_K, rel=1e-3)


def test_broken_heater_wire_gives_no_heat():
    cryostat = _cryostat_with_manual_heater(0.1, 5, 0.5)
    cryostat.set_heater_open(10.0, True)
    assert cryostat.heater_fraction(20.0) == pytest.approx(0.5)
    assert cryostat.heater_power_W(20.0) == 0.0


def test_sample_fluctuates_by_its_stated_share():
    cryostat = Cryostat(3, 0.012)
    times_s = np.arange(4 * HOUR_S, 8 * HOUR_S, 5.0)
    sample_K = cryostat.sample_temperature_K(times_s)
    assert np.std(sample_K) / np.mean(sample_K) == pytest.approx(FLUCTUATION, rel=0.15)


def test_an_array_of_times_gives_the_values_of_each():
    cryostat = Cryostat(1, 1.0)
    times_s = np.array([[0.0, 100.0], [37.2, 2000.0]])
    alone = [[cryostat.sample_temperature_K(float(t)) for t in row] for row in times_s]
    assert cryostat.sample_temperature_K(times_s).tolist() == alone


def test_seeds_differ_in_fluctuation_only():
    first, second = Cryostat(1), Cryostat(2)
    assert first.sample_temperature_K(100.0) != second.sample_temperature_K(100.0)
    assert first.stage_temperatures_K(100.0) == second.stage_temperatures_K(100.0)


def _run(poll_s: float, seed: int = 1) -> list[float]:
    """Do the same things at the same times, asking every `poll_s` in between."""
    cryostat = Cryostat(seed, 0.5)
    asked_s = 0.0
    for step in range(6):
        now_s = 500.3 * step
        while asked_s < now_s:
            cryostat.sample_temperature_K(asked_s)
            cryostat.heater_fraction(asked_s)
            asked_s += poll_s
        if step == 0:
            cryostat.set_ramp(now_s, True, 0.05)
            cryostat.set_pid(now_s, 300.0, 100.0, 0.0)
            cryostat.set_heater_range(now_s, 7)
        cryostat.set_setpoint_K(now_s, 0.5 - 0.05 * step)
        for k in range(10):
            cryostat.set_external_heat_W(now_s + 7.0 * k, "contact", 4e-6 * k)
    return [cryostat.sample_temperature_K(2600.0 + 100.0 * k) for k in range(5)] + [cryostat.heater_fraction(3000.0)]


def test_three_polling_rates_give_the_same_bits():
    assert _run(1.0) == _run(7.7) == _run(60.0) == _run(1e9)


@settings(max_examples=10, deadline=None)
@given(st.floats(3.0, 700.0))
def test_any_polling_gives_the_same_bits(poll_s):
    assert _run(poll_s) == _hardly_polled()


@cache
def _hardly_polled():
    return _run(1e9)


def test_the_past_stays_as_it_was_told():
    cryostat = Cryostat(1, 0.3)
    told_K = [cryostat.sample_temperature_K(float(time_s)) for time_s in range(60)]
    cryostat.set_external_heat_W(60.0, "contact", 1e-3)
    cryostat.set_cooling(60.0, 0.5)
    assert [cryostat.sample_temperature_K(float(time_s)) for time_s in range(60)] == told_K


def test_inputs_go_forward_in_time():
    cryostat = Cryostat(1)
    cryostat.set_external_heat_W(10.0, "contact", 0.0)
    with pytest.raises(ValueError, match=r"an input at 9\.0 s comes after one at 10\.0 s"):
        cryostat.set_setpoint_K(9.0, 1.0)


def test_heats_too_small_to_be_seen_add_up():
    stepwise, at_once = Cryostat(1, 0.1), Cryostat(1, 0.1)
    at_once.set_external_heat_W(0.0, "contact", 1e-4)
    for k in range(1000):
        stepwise.set_external_heat_W(0.0, "contact", 1e-7 * (k + 1))
    stages = [each.stage_temperatures_K(HOUR_S).sample_K for each in (stepwise, at_once)]
    assert stages[0] == pytest.approx(stages[1], rel=3e-4)


def test_heats_of_different_names_add():
    separate, joined = Cryostat(1, 0.1), Cryostat(1, 0.1)
    separate.set_external_heat_W(0.0, "contact", 2e-5)
    separate.set_external_heat_W(0.0, "eddy currents", 3e-5)
    joined.set_external_heat_W(0.0, "contact", 5e-5)
    stages = [each.stage_temperatures_K(HOUR_S).sample_K for each in (separate, joined)]
    assert stages[0] == pytest.approx(stages[1], rel=1e-4)


def test_scheduled_heat_ends_by_itself():
    cryostat = Cryostat(1, 0.012)
    base_K = cryostat.stage_temperatures_K(2 * HOUR_S).sample_K
    cryostat.schedule_external_heat_W(2 * HOUR_S, "eddy currents", [(2 * HOUR_S, 1e-5), (3 * HOUR_S, 0.0)])
    assert cryostat.stage_temperatures_K(3 * HOUR_S - 1.0).sample_K > 1.2 * base_K
    assert cryostat.stage_temperatures_K(5 * HOUR_S).sample_K == pytest.approx(base_K, rel=1e-3)


def test_eddy_heat_of_a_tenth_of_a_tesla_a_minute_is_a_tenth_of_a_microwatt():
    ramped, heated = Cryostat(1, 0.012), Cryostat(1, 0.012)
    ramped.feel_ramp(0.0, ((0.0, 0.1 / 60.0), (HOUR_S, 0.0)))
    heated.set_external_heat_W(0.0, "eddy currents", 1e-7)
    assert ramped.stage_temperatures_K(HOUR_S).sample_K == pytest.approx(
        heated.stage_temperatures_K(HOUR_S).sample_K, rel=1e-6
    )
