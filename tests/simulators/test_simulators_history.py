import numpy as np
import pytest

from simulators.history import StepHistory, cut_ages_s


def test_without_low_pass_a_step_acts_at_once() -> None:
    history = StepHistory(1.0)
    history.step(10.0, 2.0)
    assert [history.at(time_s) for time_s in (0.0, 9.999, 10.0, 11.0)] == [1.0, 1.0, 2.0, 2.0]


def test_low_pass_lets_a_step_through_exponentially() -> None:
    history = StepHistory(0.0, 0.5)
    history.step(1.0, 1.0)
    assert history.at(1.5) == pytest.approx(1.0 - np.exp(-1.0))


def test_a_step_into_a_relaxation_starts_where_it_is() -> None:
    history = StepHistory(0.0, 1.0)
    history.step(0.0, 1.0)
    history.step(1.0, 0.0)
    assert history.at(2.0) == pytest.approx((1.0 - np.exp(-1.0)) * np.exp(-1.0))


@pytest.mark.parametrize("time_constant_s", [0.0, 0.3])
def test_many_times_give_what_each_gives_alone(time_constant_s: float) -> None:
    history = StepHistory(0.5, time_constant_s)
    for time_s, target in ((1.0, 1.0), (1.2, -1.0), (3.0, 2.0)):
        history.step(time_s, target)
    times_s = np.linspace(0.0, 5.0, 53)
    assert history.at_times(times_s) == pytest.approx([history.at(float(time_s)) for time_s in times_s])


def test_ages_cut_a_relaxation_into_cells_of_nearly_constant_value() -> None:
    history = StepHistory(0.0, 0.1)
    history.step(1.0, 1.0)
    history.step(3.0, 0.0)
    ages_s = cut_ages_s([5.0 - step_s for step_s in history.steps_s(0.0, 5.0)], 0.1)
    edges_s = np.array([0.0, *(5.0 - age_s for age_s in ages_s), 5.0])
    assert np.all(np.diff(edges_s) > 0.0)
    assert {1.0, 3.0} <= set(edges_s)
    values = history.at_times(edges_s)
    inside = ~np.isin(edges_s[1:], (1.0, 3.0))
    assert np.abs(np.diff(values))[inside].max() < 0.2


def test_a_step_that_came_before_counts_while_it_relaxes() -> None:
    history = StepHistory(0.0, 0.1)
    history.step(1.0, 1.0)
    assert history.steps_s(1.05, 1.5) == [1.0]
    assert history.steps_s(5.0, 6.0) == []


def test_the_side_of_a_band_is_the_one_it_was_last_beyond() -> None:
    history = StepHistory(0.0)
    for time_s, value in enumerate((1.0, 3.0, 2.0, -2.1, 0.5, 2.0, -9.0, 2.0)):
        history.step(float(time_s), value)
    beyond = [history.is_beyond(time_s + 0.5, 1.5, 2.5) for time_s in range(8)]
    assert beyond == [False, True, True, True, False, False, True, True]


def test_a_long_history_keeps_its_recent_steps_and_a_bounded_number_of_them() -> None:
    history, short = StepHistory(0.0, 0.3), StepHistory(0.0, 0.3)
    for number in range(200_000):
        history.step(float(number), float(number % 7))
        if number > 199_000:
            short.step(float(number), float(number % 7))
    times_s = np.linspace(199_950.0, 200_001.0, 77)
    assert history.at_times(times_s) == pytest.approx(short.at_times(times_s), abs=1e-12)
    assert len(history.steps_s(-1.0, 1e6)) <= 2 * 65_536
