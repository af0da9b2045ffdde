"""Sign, size and the least number of two-level systems."""

import numpy as np
import pytest
from made_sweeps import coverage, curves_of, error, mean, sinh_grid, sweeps, value

from analysis.errors import WindowError
from analysis.signs.anomaly import find_anomaly


def dip_of(height: float, seed: int = 1, noise: float = 0.2, start_V: float = 0.0, background: float = 2829.0):
    def curve(bias_V, temperature_K, field_T, way):
        return background + height * (1.0 - np.exp(-np.abs(bias_V) / 3e-4 * np.tanh(np.abs(bias_V) / 5e-5)))

    bias = sinh_grid(4e-3, 201)
    data = sweeps(
        curve, np.random.default_rng(seed), bias_V=bias[np.abs(bias) >= start_V], temperatures_K=(0.1, 1.0), noise=noise
    )
    return find_anomaly(curves_of(data))


@pytest.mark.parametrize(("height", "sign"), [(9.3, 1), (-3.1, -1)], ids=["dip", "peak"])
def test_amplitude_is_unbiased_and_signed(height: float, sign: int) -> None:
    found = [dip_of(height, seed) for seed in range(40)]
    values, errors = zip(*[(value(own.amplitude), error(own.amplitude)) for own in found], strict=True)
    # the edge is the highest of a few nodes, and so a little too high
    assert mean(values) == pytest.approx(height, abs=1.2 * mean(errors))
    assert coverage(values, errors, height, 3.0) > 0.85
    assert {own.curvature_sign for own in found} == {sign}


def test_systems_are_counted_at_2_e2_per_h_each() -> None:
    assert dip_of(9.3).tls_count.value == 5.0
    assert dip_of(9.3).tls_count.bound == ">="
    # the paper's 70 e2/h of sample 2: footnote 2 says 35
    assert dip_of(70.0).tls_count.value == pytest.approx(35.0, abs=1.0)


def test_nothing_is_counted_where_there_is_nothing() -> None:
    found = [dip_of(0.0, seed, noise=1.0) for seed in range(10)]
    assert sum(own.curvature_sign != 0 for own in found) <= 1
    assert found[0].tls_count.value is None or found[0].curvature_sign


def test_radius_is_that_of_the_paper() -> None:
    # 6.4 ohm: a diameter of about 13 nm (footnote 3)
    radius = value(dip_of(1.0, background=25812.807 / 6.4).sharvin_radius_m)
    assert 2 * radius == pytest.approx(13.25e-9, rel=5e-3)


def test_curves_that_do_not_reach_zero_bias_are_refused() -> None:
    with pytest.raises(WindowError, match="zero bias"):
        dip_of(9.3, start_V=2e-4)
