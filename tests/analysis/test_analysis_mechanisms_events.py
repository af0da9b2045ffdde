import numpy as np
import pytest
from numpy import array

from analysis.errors import ModelError
from analysis.mechanisms import TwoLevelSystems, two_channel_kondo
from analysis.mechanisms_events import (
    ConductanceFluctuations,
    ConductanceTransitions,
    RandomFunction,
    SlowFluctuator,
    is_in_second,
)


def test_random_function_has_unit_variance_and_a_gaussian_correlation():
    values = np.array([RandomFunction(2.0, seed)([0.0, 2.0, 20.0]) for seed in range(3000)])
    covariance = np.cov(values.T)
    assert np.diag(covariance) == pytest.approx([1, 1, 1], abs=0.1)
    assert covariance[0, 1] == pytest.approx(np.exp(-0.5), abs=0.1)
    assert covariance[0, 2] == pytest.approx(0.0, abs=0.1)


def test_fluctuations_are_those_of_their_seed():
    bias_V = np.linspace(-5e-3, 5e-3, 11)
    first, again, other = (ConductanceFluctuations(seed=s).conductance_S(bias_V, 0.1) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_fluctuations_are_not_even_in_bias_but_in_the_field():
    contact = ConductanceFluctuations(rms_S=1.0)
    assert abs(contact.conductance_S(5e-3, 0.1) - contact.conductance_S(-5e-3, 0.1)) > 0.05
    assert contact.conductance_S(5e-3, 0.1, 2.0) == contact.conductance_S(5e-3, 0.1, -2.0)


def test_fluctuations_have_their_size_and_half_the_variance_in_a_field():
    seeds = range(2000)
    variance = np.var(
        [ConductanceFluctuations(1.0, seed=s).conductance_S(0.0, 1e-3, [0.0, 30.0]) for s in seeds], axis=0
    )
    assert variance == pytest.approx([1.0, 0.5], abs=0.1)


def test_fluctuations_are_smeared_by_heat():
    bias_V = np.linspace(-0.02, 0.02, 401)
    cold, warm = (np.std(ConductanceFluctuations().conductance_S(bias_V, t)) for t in (0.1, 100.0))
    assert warm < 0.3 * cold


def test_transition_is_a_step_of_the_current_even_in_bias():
    transition = ConductanceTransitions(array([0.01]), array([4.0]), array([-2e-6]))
    bias_V = np.arange(0, 0.02, 1e-6)
    spike = transition.conductance_S(bias_V, 0.1)
    assert np.trapezoid(spike, bias_V) == pytest.approx(-2e-6, rel=1e-6)
    assert np.array_equal(spike, transition.conductance_S(-bias_V, 0.1))


def position_V(transition, temperature_K=0.1, field_T=0.0, direction=0, side=1):
    bias_V = side * np.arange(1e-4, 0.02, 1e-6)
    return bias_V[np.argmin(transition.conductance_S(bias_V, temperature_K, field_T, direction))]


def test_transition_moves_to_zero_with_the_square_of_the_field():
    transition = ConductanceTransitions(array([0.01]), array([4.0]), array([-2e-6]))
    assert position_V(transition, field_T=2.0) == pytest.approx(0.0075, abs=2e-6)
    assert not transition.conductance_S(np.linspace(-0.02, 0.02, 99), 0.1, 4.0).any()
    assert transition.positions_V(5.0).size == 0


def test_transition_lags_behind_the_sweep_on_both_sides():
    transition = ConductanceTransitions(array([0.01]), array([4.0]), array([-2e-6]), hysteresis_V=0.3e-3)
    assert position_V(transition, direction=1) == pytest.approx(0.0103, abs=2e-6)
    assert position_V(transition, direction=-1) == pytest.approx(0.0097, abs=2e-6)
    assert position_V(transition, direction=1, side=-1) == pytest.approx(-0.0097, abs=2e-6)
    assert position_V(transition, direction=-1, side=-1) == pytest.approx(-0.0103, abs=2e-6)


def test_a_field_bifurcates_two_transitions_of_one_position():
    pair = ConductanceTransitions(array([0.01, 0.01]), array([4.0, 8.0]), array([-1e-6, -1e-6]))
    assert pair.positions_V(0.0) == pytest.approx([0.01, 0.01])
    assert pair.positions_V(2.0) == pytest.approx([0.0075, 0.009375])


def test_transition_narrows_with_falling_temperature_and_broadens_with_field():
    transition = ConductanceTransitions(array([0.01]), array([9.0]), array([-2e-6]))
    depths = [
        -transition.conductance_S(np.arange(0, 0.02, 1e-6), t, h).min() for t, h in ((0.1, 0.0), (4.2, 0.0), (0.1, 3.0))
    ]
    assert depths[0] > 2 * depths[1]
    assert depths[0] > 2 * depths[2]


def glass():
    def curve(splitting_K):
        systems = TwoLevelSystems.from_e2_per_h([1.0], [0.4], 17.0, splitting_K)
        return lambda bias_V, temperature_K, field_T: two_channel_kondo(bias_V, temperature_K, systems)

    return SlowFluctuator(curve(28.0), curve(12.0), first_dwell_s=2.0, second_dwell_s=6.0)


def test_telegraph_shows_the_curve_of_its_state():
    fluctuator = glass()
    first, second = fluctuator.conductance_S(0.0, 1.2, in_second=[False, True])
    assert first == fluctuator.first(0.0, 1.2, 0.0)
    assert second == fluctuator.second(0.0, 1.2, 0.0)


def test_difference_of_the_telegraph_falls_to_zero_at_10_mV():
    bias_V = np.array([0.0, 2e-3, 10e-3])
    difference = glass().conductance_S(bias_V, 1.2) - glass().conductance_S(bias_V, 1.2, in_second=True)
    assert 0 < difference[1] < difference[0]
    assert abs(difference[2]) < 0.1 * difference[0]


def test_dwell_times_are_exponential_with_the_stated_means():
    switches_s = glass().switch_times_s(40_000.0, seed=4)
    dwells_s = np.diff(np.concatenate(([0.0], switches_s)))
    for dwell_s, mean_s in ((dwells_s[0::2], 2.0), (dwells_s[1::2], 6.0)):
        assert np.mean(dwell_s) == pytest.approx(mean_s, rel=0.06)
        assert np.std(dwell_s) == pytest.approx(mean_s, rel=0.08)


def test_a_longer_telegraph_repeats_the_shorter_one():
    short, long = (glass().switch_times_s(until_s, seed=4) for until_s in (30.0, 3000.0))
    assert np.array_equal(long[: len(short)], short)
    assert short.max() < 30.0 < long[len(short)]


def test_state_changes_at_each_switch():
    assert is_in_second([0.0, 0.9, 1.0, 2.5, 4.0], np.array([1.0, 2.5])).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomFunction(0.0, 1),
        lambda: ConductanceFluctuations(rms_S=-1.0),
        lambda: ConductanceTransitions(array([0.01]), array([1.0, 2.0]), array([1.0])),
        lambda: ConductanceTransitions(array([0.01]), array([1.0]), array([1.0]), hysteresis_V=-1.0),
        lambda: SlowFluctuator(glass().first, glass().second, first_dwell_s=0.0),
    ],
)
def test_parameters_outside_the_domain_are_refused(make):
    with pytest.raises(ModelError):
        make()
