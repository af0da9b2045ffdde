"""Alpha and beta apart, against the benchmark with alpha = beta = 1/2 and a curve with alpha != beta."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, coverage, curves_of, error, mean, spread, sweeps, value
from scipy.optimize import minimize_scalar
from simulated_contact import benchmark_columns

from analysis.curves import make_curves
from analysis.errors import WindowError
from analysis.signs.even_curve import even_curves
from analysis.signs.shared_curve import SharedCurve
from analysis.signs.two_exponents import fit_two_exponents


def test_benchmark_is_unbiased_with_honest_errors() -> None:
    fits = [
        fit_two_exponents(even_curves(make_curves(**benchmark_columns(np.random.default_rng(seed))).isotherms()))
        for seed in range(16)
    ]
    for name, valley in (("alpha", 0.0003), ("beta", 0.0002)):
        values = [value(getattr(fit, name)) for fit in fits]
        errors = [error(getattr(fit, name)) for fit in fits]
        assert mean(values) == pytest.approx(0.5, abs=valley + 0.5 * mean(errors))
        # nothing departs here: a departure that is allowed for costs up to twice the error
        assert 0.35 < spread(values) / mean(errors) < 1.3
        assert coverage(values, errors, 0.5) > 0.6
    assert mean([fit.delta_chi2_equal > 6.6 for fit in fits]) < 0.08


def test_without_a_departure_scaling_lies_along_the_valley_of_the_paper() -> None:
    curves = even_curves(make_curves(**benchmark_columns(np.random.default_rng(1))).isotherms())
    temperatures = np.array([curve.temperature_K for curve in curves])

    def best_beta(alpha: float) -> float:
        def chi2(ratio: float) -> float:
            units = VOLT_PER_KELVIN * temperatures**ratio
            return SharedCurve.for_units(curves, units).fit(temperatures**alpha).chi2

        return alpha / minimize_scalar(chi2, bounds=(0.5, 1.5), method="bounded").x

    # section VI.B: beta - 1/2 = (alpha - 1/2) / 2
    assert (best_beta(0.6) - best_beta(0.4)) / 0.2 == pytest.approx(0.5, abs=0.1)


def test_a_departure_towards_the_kondo_temperature_is_inside_the_error() -> None:
    def curve(bias_V, temperature_K, field_T, way):
        y = np.sqrt(temperature_K / 9.0) * (1.0 + (0.3 * bias_V / VOLT_PER_KELVIN / temperature_K) ** 2) ** 0.25
        return 2829.0 + 7.8 * 3.0 * (y - y**5 / 20.0)

    data = sweeps(
        curve,
        np.random.default_rng(2),
        bias_V=np.linspace(-0.8e-3, 0.8e-3, 401),
        temperatures_K=np.geomspace(0.1, 1.5, 9),
    )
    fit = fit_two_exponents(curves_of(data))
    for found in (fit.alpha, fit.beta):
        assert found.value == pytest.approx(0.5, abs=2 * error(found))
        assert error(found) < 0.02


def test_a_worse_thermometer_makes_larger_errors() -> None:
    curves = even_curves(make_curves(**benchmark_columns(np.random.default_rng(1))).isotherms())
    sure, unsure = fit_two_exponents(curves), fit_two_exponents(curves, 0.02)
    # T wrong by (T / T0)^c makes alpha wrong by a factor 1 - c, and leaves beta
    linear = 0.02 / np.std(np.log([curve.temperature_K for curve in curves])) * 0.5
    assert unsure.alpha.value == sure.alpha.value
    assert np.sqrt(error(unsure.alpha) ** 2 - error(sure.alpha) ** 2) > 0.9 * linear


def test_unequal_exponents_are_found() -> None:
    alpha, beta = 0.6, 0.4

    def curve(bias_V, temperature_K, field_T, way):
        x = bias_V / VOLT_PER_KELVIN / temperature_K ** (alpha / beta)
        return 1000.0 + 8.0 * temperature_K**alpha * (1.0 + (0.3 * x) ** 2) ** (beta / 2)

    data = sweeps(
        curve, np.random.default_rng(1), bias_V=np.linspace(-1e-3, 1e-3, 201), temperatures_K=np.geomspace(0.1, 1.5, 8)
    )
    fit = fit_two_exponents(curves_of(data))
    assert fit.alpha.value == pytest.approx(alpha, abs=3 * error(fit.alpha))
    assert fit.beta.value == pytest.approx(beta, abs=3 * error(fit.beta))
    assert fit.delta_chi2_equal > 25.0


def test_flat_curves_give_no_exponents() -> None:
    data = sweeps(
        lambda bias_V, *_: np.full(bias_V.size, 1000.0),
        np.random.default_rng(1),
        bias_V=np.linspace(-1e-3, 1e-3, 201),
        temperatures_K=(0.1, 0.3, 1.0),
    )
    fit = fit_two_exponents(curves_of(data))
    assert not fit.is_converged or error(fit.alpha) > 0.1
    assert fit.is_converged or (fit.alpha.value is None and fit.why)


def test_two_isotherms_are_refused() -> None:
    curves = even_curves(make_curves(**benchmark_columns(np.random.default_rng(1))).isotherms())
    with pytest.raises(WindowError, match="three isotherms"):
        fit_two_exponents(curves[:2])
