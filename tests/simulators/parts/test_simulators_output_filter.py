import numpy as np
import pytest

from simulators.noise import Noise
from simulators.parts.output_filter import OutputFilter

# SR830 manual, page 3-25: equivalent noise bandwidth times time constant
ENBW = {1: 1 / 4, 2: 1 / 8, 3: 3 / 32, 4: 5 / 64}
# age in time constants at which a step has settled to 90, 99 and 99.9 per cent (Erlang distribution)
SETTLING = {1: (2.303, 4.605, 6.908), 2: (3.890, 6.638, 9.233), 3: (5.322, 8.406, 11.229), 4: (6.681, 10.045, 13.062)}


@pytest.mark.parametrize("stages", SETTLING)
def test_step_response_settles_as_tabulated(stages: int) -> None:
    ages_s = 0.3 * np.array(SETTLING[stages])
    assert OutputFilter(stages, 0.3).step_response(ages_s) == pytest.approx([0.9, 0.99, 0.999], abs=1e-4)


@pytest.mark.parametrize("stages", ENBW)
def test_bandwidth_is_that_of_the_manual(stages: int) -> None:
    assert OutputFilter(stages, 0.3).enbw_Hz == pytest.approx(ENBW[stages] / 0.3)


@pytest.mark.parametrize("stages", ENBW)
def test_noise_has_the_bandwidth_of_the_manual(stages: int) -> None:
    output_filter, source = OutputFilter(stages, 0.3), Noise(1, "filter")
    times_s = np.random.default_rng(stages).uniform(0.0, 1e6, 20_000)
    noise = np.array([output_filter.noise(source, time_s) for time_s in times_s], dtype=np.complex128)
    # 2 x 20000 independent values give the standard deviation to 0.35 per cent
    both = np.concatenate([noise.real, noise.imag])
    assert both.std() == pytest.approx(np.sqrt(ENBW[stages] / 0.3), rel=0.01)
    assert abs(np.corrcoef(noise.real, noise.imag)[0, 1]) < 0.03


def test_noise_of_neighbouring_instants_is_correlated_as_the_filter_says() -> None:
    output_filter, source = OutputFilter(1, 1.0), Noise(1, "filter")
    times_s = np.arange(5000) * 20.0
    pairs = np.array(
        [(output_filter.noise(source, t).real, output_filter.noise(source, t + 1.0).real) for t in times_s]
    )
    assert np.corrcoef(pairs.T)[0, 1] == pytest.approx(np.exp(-1.0), abs=0.04)


def test_weights_of_all_past_sum_to_one() -> None:
    weights = OutputFilter(4, 0.3).weights(np.array([2.0, 1.0, 0.5, 0.0]))
    assert weights.sum() == pytest.approx(1.0)
    assert np.all(weights >= 0.0)


def test_a_linear_ramp_comes_out_as_it_was_one_delay_ago() -> None:
    output_filter = OutputFilter(3, 0.1)
    edges_s = np.linspace(0.0, 10.0, 5001)
    middles_s = edges_s - 0.5 * (edges_s[1] - edges_s[0])
    assert output_filter.weights(10.0 - edges_s) @ middles_s == pytest.approx(10.0 - output_filter.delay_s, abs=1e-5)
