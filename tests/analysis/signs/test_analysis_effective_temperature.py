"""Heating is accepted where it is true, with L0, and costs thousands of chi-square where 2CK is."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, coverage, curves_of, error, mean, sweeps, value
from simulated_contact import BENCHMARK_K, BENCHMARK_V, benchmark_columns

from analysis.curves import make_curves
from analysis.errors import WindowError
from analysis.signs.effective_temperature import compare_heating
from analysis.signs.even_curve import even_curves

LORENZ_V2_per_K2 = np.pi**2 / 3 * VOLT_PER_KELVIN**2


def hot_spot(seed: int, lorenz: float = 1.0):
    def curve(bias_V, temperature_K, field_T, way):
        return 2829.0 + 7.8 * (temperature_K**2 + bias_V**2 / (4 * lorenz * LORENZ_V2_per_K2)) ** 0.25

    rng = np.random.default_rng(seed)
    return curves_of(sweeps(curve, rng, bias_V=BENCHMARK_V, temperatures_K=BENCHMARK_K, noise=0.05))


def test_a_hot_spot_maps_as_well_as_it_scales() -> None:
    tests = [compare_heating(hot_spot(seed)) for seed in range(30)]
    assert mean([test.chi2_map / test.degrees_of_freedom_map for test in tests]) == pytest.approx(1.0, abs=0.08)
    assert max(test.delta_chi2 for test in tests) < 30.0
    values, errors = zip(*[(value(test.lorenz_ratio), error(test.lorenz_ratio)) for test in tests], strict=True)
    assert mean(values) == pytest.approx(1.0, abs=0.002)
    assert coverage(values, errors, 1.0, 2.0) > 0.85


def test_another_lorenz_number_is_measured() -> None:
    test = compare_heating(hot_spot(1, lorenz=1.5))
    assert test.lorenz_ratio.value == pytest.approx(1.5, abs=4 * error(test.lorenz_ratio))
    assert test.delta_chi2 > 1000.0


def test_two_channel_kondo_is_told_from_heating() -> None:
    curves = even_curves(make_curves(**benchmark_columns(np.random.default_rng(2))).isotherms())
    test = compare_heating(curves)
    assert test.chi2_scaling / test.degrees_of_freedom_scaling < 1.5
    assert test.delta_chi2 > 1000.0


def test_one_isotherm_is_refused() -> None:
    with pytest.raises(WindowError, match="at least two"):
        compare_heating(hot_spot(1)[:1])
