"""Far more points than a curve needs become means; what is wide apart, or few, stays."""

import numpy as np
import pytest

from analysis.curves import make_curves
from analysis.thinning import MOST_POINTS, thinned


def test_few_points_stay_as_they_are() -> None:
    curves = make_curves(bias_V=np.linspace(-1e-3, 1e-3, 101), temperature_K=0.1, conductance_S=0.11)
    assert thinned(curves) is curves


@pytest.mark.parametrize("has_times", [False, True])
def test_many_points_become_means_of_neighbours_in_one_direction(has_times: bool) -> None:
    up = np.linspace(-1e-3, 1e-3, 20_001)
    bias = np.concatenate([up, up[::-1]])
    curves = make_curves(
        bias_V=bias,
        temperature_K=0.5,
        conductance_S=0.11 + bias,
        conductance_error_S=1e-5,
        time_s=np.arange(bias.size) if has_times else None,
        direction=np.repeat([1, -1], up.size),
    )
    found = thinned(curves)
    assert MOST_POINTS / 2 < found.bias_V.size < 1.1 * MOST_POINTS
    assert found.conductance_S == pytest.approx(0.11 + found.bias_V)
    error = found.conductance_error_S
    assert error is not None and np.median(error) == pytest.approx(1e-5 / np.sqrt(11), rel=0.01)
    assert {*found.direction.tolist()} == {-1, 1}
    assert found.temperature_K == pytest.approx(np.full(found.temperature_K.size, 0.5))


def test_points_wider_apart_than_a_curve_may_bend_are_not_averaged() -> None:
    # 40 uV from point to point, where kB T / e is 1 uV
    curves = make_curves(bias_V=np.linspace(-0.2, 0.2, 10_001), temperature_K=0.0116, conductance_S=np.arange(10_001.0))
    assert thinned(curves).bias_V.size == 10_001
