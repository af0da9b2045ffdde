import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulators.noise import Drift, Noise


def test_samples_are_independent_standard_normal() -> None:
    samples = Noise(1, "a").samples(np.arange(200_000))
    assert stats.kstest(samples, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(samples[1:], samples[:-1])[0, 1]) < 0.01


def test_channels_and_seeds_are_independent() -> None:
    index = np.arange(50_000)
    one, other_channel, other_seed = (Noise(*key).samples(index) for key in ((1, "a"), (1, "b"), (2, "a")))
    assert abs(np.corrcoef(one, other_channel)[0, 1]) < 0.02
    assert abs(np.corrcoef(one, other_seed)[0, 1]) < 0.02


@given(st.integers(-(2**40), 2**40))
def test_one_sample_equals_the_same_sample_of_an_array(index: int) -> None:
    noise = Noise(7, "channel")
    assert noise.at(index) == pytest.approx(float(noise.samples(index)), rel=1e-12, abs=1e-12)


def test_a_value_does_not_depend_on_what_else_was_asked() -> None:
    noise = Noise(3, "a")
    assert noise.samples(np.arange(10))[4] == noise.samples(np.array([4]))[0]


def drift() -> Drift:
    return Drift(1, "gain", longest_s=1000.0, shortest_s=10.0, steepness=1.0)


def test_drift_has_unit_rms_at_all_times() -> None:
    time_s = np.arange(100_000) * 1000.0
    assert drift().at(time_s).std() == pytest.approx(1.0, rel=0.02)
    assert drift().at(time_s + 500.0).std() == pytest.approx(1.0, rel=0.02)


def test_drift_is_slow() -> None:
    time_s = np.arange(100_000) * 1000.0 + 123.0
    assert (drift().at(time_s + 1.0) - drift().at(time_s)).std() < 0.02


def test_drift_of_one_time_equals_that_of_an_array_in_any_order() -> None:
    times_s = np.random.default_rng(1).uniform(0.0, 1e5, 200)
    one = drift()
    assert [one.at(float(time_s)) for time_s in times_s] == pytest.approx(drift().at(times_s), abs=1e-12)
