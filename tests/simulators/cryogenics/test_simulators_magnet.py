import numpy as np
import pytest

from simulators.cryogenics.magnet import COIL_T_PER_A, CRITICAL_A, MagnetCoil

INDUCTANCE_H = 10.0
LEAD_OHM = 0.005


def test_current_goes_straight_to_its_target_and_rests():
    coil = MagnetCoil(1)
    coil.ramp(10.0, 20.0, 0.1, 5.0)
    assert coil.current_A(10.0) == 0.0
    assert coil.current_A(110.0) == pytest.approx(10.0)
    assert coil.arrival_s(50.0) == pytest.approx(210.0)
    assert coil.current_A(1000.0) == 20.0
    assert coil.rate_A_per_s(1000.0) == 0.0


def test_field_is_the_coil_constant_times_the_current():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 50.0, 0.1, 5.0)
    assert coil.field_T(1000.0) == pytest.approx(5.903)
    np.testing.assert_array_equal(coil.field_T(np.array([0.0, 1000.0])), [0.0, coil.field_T(1000.0)])


def test_supply_voltage_is_inductance_times_rate_plus_leads():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 50.0, 0.1, 5.0)
    assert coil.supply_voltage_V(200.0) == pytest.approx(INDUCTANCE_H * 0.1 + LEAD_OHM * 20.0)
    assert coil.coil_voltage_V(200.0) == pytest.approx(1.0)
    assert coil.supply_voltage_V(600.0) == pytest.approx(LEAD_OHM * 50.0)


def test_voltage_limit_slows_the_ramp():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 40.0, 0.5, 1.2)
    # (1.2 V - 40 A 5 mohm) / 10 H
    assert coil.rate_A_per_s(1.0) == pytest.approx(0.1)
    assert coil.supply_voltage_V(399.0) <= 1.2


def test_hold_stops_the_ramp_where_it_is():
    coil = MagnetCoil(1)
    coil.ramp(0.0, -30.0, 0.1, 5.0)
    coil.hold(100.0)
    assert coil.current_A(5000.0) == pytest.approx(-10.0)


def test_too_fast_a_ramp_quenches_early():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 60.0, 1.0, 20.0)
    # at 1 A/s the wire carries half of its 84 A
    assert not coil.is_quenched(41.9)
    assert coil.is_quenched(42.1)
    assert coil.arrival_s(1.0) == float("inf")


def test_too_much_current_quenches():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 90.0, 0.1, 5.0)
    quench_A = CRITICAL_A * 0.95
    assert not coil.is_quenched(quench_A / 0.1 - 1.0)
    assert coil.is_quenched(quench_A / 0.1 + 1.0)


def test_a_quench_ends_with_no_current_no_voltage_and_nothing_obeyed():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 50.0, 0.1, 5.0)
    coil.quench(1000.0)
    # exp(-(t / 1.5 s)^3)
    assert coil.current_A(1001.5) == pytest.approx(50.0 * np.exp(-1.0))
    coil.ramp(1002.0, 10.0, 0.1, 5.0)
    assert coil.current_A(1010.0) == pytest.approx(0.0, abs=1e-9)
    assert coil.supply_voltage_V(1010.0) == 0.0
    assert coil.is_quenched(1e6)


def test_a_quench_can_be_reset_once_the_current_is_gone():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 50.0, 0.1, 5.0)
    coil.quench(1000.0)
    coil.reset_quench(1002.0)
    assert coil.is_quenched(1003.0)
    coil.reset_quench(1010.0)
    assert not coil.is_quenched(1011.0)
    assert coil.quench_count(1011.0) == 1
    coil.ramp(1020.0, 1.0, 0.1, 5.0)
    assert coil.current_A(1040.0) == 1.0


def test_the_past_stays_as_it_was():
    coil = MagnetCoil(1)
    coil.ramp(0.0, 50.0, 0.1, 5.0)
    coil.hold(100.0)
    assert coil.current_A(50.0) == pytest.approx(5.0)


def test_inputs_go_forward_in_time():
    coil = MagnetCoil(1)
    coil.hold(10.0)
    with pytest.raises(ValueError, match="comes after"):
        coil.hold(9.0)


def test_a_watcher_learns_of_the_ramp_and_its_end():
    heard = []
    coil = MagnetCoil(1)
    coil.watch(lambda time_s, rates: heard.append((time_s, rates)))
    coil.ramp(5.0, 10.0, 0.1, 5.0)
    ((time_s, ((start_s, rate_T_per_s), (end_s, last_T_per_s))),) = heard
    assert (time_s, start_s, end_s, last_T_per_s) == (5.0, 5.0, pytest.approx(105.0), 0.0)
    assert rate_T_per_s == pytest.approx(COIL_T_PER_A * 0.1)


def test_a_watcher_learns_of_a_quench_to_come():
    heard = []
    coil = MagnetCoil(1)
    coil.watch(lambda _, rates: heard.append(rates))
    coil.ramp(0.0, 60.0, 1.0, 20.0)
    (rates,) = heard
    assert [start_s for start_s, _ in rates] == pytest.approx([0.0, 42.0, 43.5])
    assert rates[1][1] == pytest.approx(COIL_T_PER_A * 42.0 / 1.5)


def test_readback_noise_is_a_function_of_time_and_seed():
    first, same, other = MagnetCoil(1), MagnetCoil(1), MagnetCoil(2)
    assert first.measured_current_A(3.0) == same.measured_current_A(3.0) != other.measured_current_A(3.0)


def test_remanence_is_against_the_last_sweep():
    coil = MagnetCoil(1, remanence_T=2e-3)
    coil.ramp(0.0, 20.0, 0.1, 5.0)
    assert coil.field_T(200.0) - COIL_T_PER_A * 20.0 == pytest.approx(-2e-3, rel=1e-6)
    coil.ramp(200.0, 0.0, 0.1, 5.0)
    assert coil.field_T(400.0) == pytest.approx(2e-3, rel=1e-6)


def test_remanence_changes_over_a_tenth_of_a_tesla():
    coil = MagnetCoil(1, remanence_T=2e-3)
    coil.ramp(0.0, 0.1 / COIL_T_PER_A, 0.01, 5.0)
    # virgin coil: 2 mT (1 - 1/e) after 0.1 T
    assert coil.field_T(200.0) - 0.1 == pytest.approx(-2e-3 * (1.0 - np.exp(-1.0)), rel=1e-6)


def test_remanence_outlives_a_quench():
    coil = MagnetCoil(1, remanence_T=2e-3)
    coil.ramp(0.0, 20.0, 0.1, 5.0)
    coil.quench(200.0)
    assert coil.field_T(220.0) == pytest.approx(2e-3, rel=1e-3)
    coil.reset_quench(220.0)
    assert coil.field_T(230.0) == pytest.approx(2e-3, rel=1e-3)


def test_those_who_watch_the_field_are_told_where_it_bends():
    told = []
    coil = MagnetCoil(1)
    coil.watch_field(lambda time_s, bends: told.append((time_s, bends)))
    coil.ramp(10.0, 10.0, 0.1, 5.0)
    coil.ramp(200.0, -10.0, 0.1, 5.0)
    up, down = told
    assert up == (10.0, ((10.0, 0.0), (110.0, pytest.approx(1.1806))))
    # the crossing of zero is a bend for whoever feels the size of the field
    assert down == (200.0, ((200.0, pytest.approx(1.1806)), (300.0, 0.0), (400.0, pytest.approx(-1.1806))))
