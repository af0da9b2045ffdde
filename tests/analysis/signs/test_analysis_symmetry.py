"""Odd parts: interference is found and comes back, drift and bias offsets are not taken for it."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, mean, sinh_grid, sweeps, value

from analysis.errors import WindowError
from analysis.signs.symmetry import Symmetry, find_symmetry

TEMPERATURES_K = (0.1, 0.2, 0.4, 0.8, 1.4)
DRIFT = 1.85e-3


def dip(bias_V, temperature_K, field_T=0.0, way=1):
    return 2829.0 + 5.0 * np.sqrt(np.hypot(bias_V / VOLT_PER_KELVIN, 2.0 * temperature_K))


def interference(rms: float, seed: int, correlation_V: float = 1e-3):
    """Add a Gaussian random function of bias with thermal smearing; half of its variance is odd."""
    rng = np.random.default_rng([7, seed])
    waves, phases = rng.normal(0.0, 1.0 / correlation_V, 96), rng.uniform(0.0, 2 * np.pi, 96)

    def curve(bias_V, temperature_K, field_T, way):
        x = np.pi * np.abs(waves) * VOLT_PER_KELVIN * temperature_K + 1e-9
        modes = np.cos(np.multiply.outer(bias_V, waves) + phases) @ (x / np.sinh(x))
        return dip(bias_V, temperature_K) + rms * np.sqrt(2 / 96) * modes

    return curve


def symmetry_of(curve, seed: int = 1, **options) -> Symmetry:
    data = sweeps(
        curve, np.random.default_rng(seed), bias_V=sinh_grid(4e-3, 201), temperatures_K=TEMPERATURES_K, **options
    )
    return find_symmetry(data.isotherms(), drift_S_per_sqrt_s=options.get("drift", 0.0) * 3.874045865e-5)


def test_even_curves_have_a_p_value_that_is_evenly_spread() -> None:
    p_values = [symmetry_of(dip, seed).p_value for seed in range(60)]
    assert mean(p_values) == pytest.approx(0.5, abs=0.12)
    assert mean(np.array(p_values) < 0.1) < 0.25


def test_interference_is_odd_and_comes_back() -> None:
    for seed in range(5):
        found = symmetry_of(interference(0.8, seed), seed)
        assert found.p_value < 1e-6
        assert found.odd_rms.bound is None
        # half of the variance of 0.8 e2/h, less what one sample of it scatters, a straight line and smearing take
        assert 0.15 < value(found.odd_rms) < 1.0
        assert value(found.odd_repeats) > 0.7


@pytest.mark.parametrize("has_times", [True, False])
def test_drift_is_no_odd_part(has_times: bool) -> None:
    for seed in range(5):
        found = symmetry_of(dip, seed, drift=DRIFT, noise=0.02, has_times=has_times)
        assert found.odd_rms.bound == "<="
        assert value(found.odd_over_even) < 0.02


def test_a_bias_offset_is_no_odd_part() -> None:
    found = symmetry_of(lambda bias_V, temperature_K, *_: dip(bias_V - 3e-6, temperature_K))
    assert found.odd_rms.bound == "<="


def test_turning_points_count_structure_beside_the_dip() -> None:
    assert symmetry_of(dip).turning_points == 0
    wavy = symmetry_of(lambda bias_V, temperature_K, *_: dip(bias_V, temperature_K) + 4 * np.cos(bias_V / 3e-4))
    assert wavy.turning_points >= 2


def test_curves_on_one_side_are_refused() -> None:
    data = sweeps(dip, np.random.default_rng(1), bias_V=np.linspace(0.0, 1e-3, 101))
    with pytest.raises(WindowError, match="both sides"):
        find_symmetry(data.isotherms())
