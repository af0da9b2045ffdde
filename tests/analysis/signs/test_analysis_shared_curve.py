"""One free curve through isotherms: it takes the true scaling and refuses a false one."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, curves_of, mean, sweeps
from simulated_contact import gamma

from analysis.errors import WindowError
from analysis.signs.shared_curve import SharedCurve, fit_linear

TEMPERATURES_K = np.array([0.1, 0.2, 0.4, 0.8])


def kondo(seed: int, kondo_K: float = np.inf):
    def curve(bias_V, temperature_K, field_T, way):
        y = np.sqrt(temperature_K) * gamma(0.4 * bias_V / (VOLT_PER_KELVIN * temperature_K))
        return 1000.0 + 8.0 * (y - y**5 / (20 * kondo_K**2))

    rng = np.random.default_rng(seed)
    return curves_of(sweeps(curve, rng, bias_V=np.linspace(-5e-4, 5e-4, 121), temperatures_K=TEMPERATURES_K))


def units() -> np.ndarray:
    return TEMPERATURES_K * VOLT_PER_KELVIN


def test_true_scaling_has_a_chi_square_of_one_a_degree_of_freedom() -> None:
    fits = [SharedCurve.for_units(kondo(seed), units()).fit(np.sqrt(TEMPERATURES_K)) for seed in range(20)]
    ratio = mean([fit.chi2 / fit.degrees_of_freedom for fit in fits])
    assert ratio == pytest.approx(1.0, abs=0.12)


def test_wrong_scales_or_units_cost_chi_square() -> None:
    curves = kondo(1)
    right = SharedCurve.for_units(curves, units()).fit(np.sqrt(TEMPERATURES_K)).chi2
    assert SharedCurve.for_units(curves, units()).fit(TEMPERATURES_K**0.7).chi2 > right + 100
    assert SharedCurve.for_units(curves, np.full(4, 1e-5)).fit(np.sqrt(TEMPERATURES_K)).chi2 > right + 100


def test_departures_are_taken_where_they_are_asked_for() -> None:
    curves, scales = kondo(2, kondo_K=3.0), np.sqrt(TEMPERATURES_K)
    plain = SharedCurve.for_units(curves, units()).fit(scales)
    departing = SharedCurve.for_units(curves, units(), omegas=(1.0, 2.0)).fit(scales)
    assert plain.chi2 / plain.degrees_of_freedom > 2.0
    assert departing.chi2 / departing.degrees_of_freedom < 1.6


def test_columns_that_say_nothing_do_no_harm() -> None:
    gram, moment = np.diag([2.0, 0.0]), np.array([4.0, 0.0])
    fit = fit_linear(gram, moment, 10.0, 5)
    assert fit.coefficients.tolist() == [2.0, 0.0]
    assert fit.chi2 == pytest.approx(2.0) and fit.degrees_of_freedom == 4


def test_one_isotherm_or_no_common_range_is_refused() -> None:
    curves = kondo(3)
    with pytest.raises(WindowError, match="at least two"):
        SharedCurve.for_units(curves[:1], units()[:1])
    one_sided = sweeps(lambda bias_V, *_: np.abs(bias_V), np.random.default_rng(1), bias_V=np.linspace(2e-4, 5e-4, 61))
    pair = [curves[0], *curves_of(one_sided)]
    with pytest.raises(WindowError, match="share no range"):
        SharedCurve.for_units(pair, np.array([units()[0], 1e-6]))
