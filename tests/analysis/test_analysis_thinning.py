"""Far more points than a curve needs become means; what is wide apart, or few, stays."""

import numpy as np
import pytest

from analysis.curves import make_curves
from analysis.scaling.bias_offset import estimate_bias_offset
from analysis.thinning import MOST_LEGS, MOST_POINTS, thinned


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


def legs_of(direction: np.ndarray) -> int:
    swept = direction[direction != 0]
    return 1 + int(np.count_nonzero(np.diff(swept)))


@pytest.mark.parametrize("sweeps", [26, 31])
def test_sweeps_made_again_and_again_become_means_that_follow_one_another(sweeps: int) -> None:
    # closed triangles from zero bias at two temperatures in turn, an anchor every ten points
    rng = np.random.default_rng(sweeps)
    up = np.linspace(0.0, 0.5e-3, 26)
    bias = np.concatenate([up, up[-2::-1], -up[1:], -up[-2::-1]])
    offset_V, temperatures_K = 5e-6, np.tile([0.5, 1.0], sweeps)
    temperature_K = np.repeat(temperatures_K, bias.size)
    is_anchor = np.tile(np.arange(bias.size) % 10 == 5, 2 * sweeps)
    bias_V = np.where(is_anchor, 0.0, np.tile(bias, 2 * sweeps)) + offset_V
    v = (bias_V - offset_V) / (8.617e-5 * temperature_K)
    curves = make_curves(
        bias_V=bias_V,
        temperature_K=temperature_K,
        conductance_S=0.11 - 1e-4 / (1.0 + v**2 / 20.0) + 1e-6 * rng.standard_normal(bias_V.size),
        conductance_error_S=1e-6,
        time_s=np.arange(float(bias_V.size)),
        direction=np.where(is_anchor, 0, np.tile(np.sign(np.gradient(bias)), 2 * sweeps)),
        is_anchor=is_anchor,
    )
    found = thinned(curves)
    assert found.bias_V.size < 0.75 * bias_V.size
    for isotherm in found.isotherms():
        assert MOST_LEGS / 2 < legs_of(isotherm.direction) <= MOST_LEGS + 4
    # nothing is lost: the weight is that of all points, and the offset comes out as well as before
    error_S = found.conductance_error_S
    assert error_S is not None and np.sum(error_S**-2.0) == pytest.approx(bias_V.size * 1e-6**-2.0)
    found_V, error_V = estimate_bias_offset(found.isotherms())
    all_V, all_error_V = estimate_bias_offset(curves.isotherms())
    assert abs(found_V - all_V) < 2.0 * max(error_V, all_error_V)
