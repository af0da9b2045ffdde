"""Alpha and beta apart, against the benchmark with alpha = beta = 1/2 and a curve with alpha != beta."""

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, coverage, curves_of, error, mean, spread, sweeps, value
from simulated_contact import benchmark_columns

from analysis.curves import make_curves
from analysis.errors import WindowError
from analysis.signs.even_curve import even_curves
from analysis.signs.two_exponents import fit_two_exponents


def test_benchmark_is_unbiased_with_honest_errors() -> None:
    fits = [
        fit_two_exponents(even_curves(make_curves(**benchmark_columns(np.random.default_rng(seed))).isotherms()))
        for seed in range(36)
    ]
    for name, valley in (("alpha", 0.0003), ("beta", 0.0002)):
        values = [value(getattr(fit, name)) for fit in fits]
        errors = [error(getattr(fit, name)) for fit in fits]
        assert mean(values) == pytest.approx(0.5, abs=valley + 0.5 * mean(errors))
        assert spread(values) == pytest.approx(mean(errors), rel=0.3)
        assert 0.5 < coverage(values, errors, 0.5) < 0.85
    assert mean([fit.delta_chi2_equal > 6.6 for fit in fits]) < 0.08


def test_valley_has_the_slope_of_the_paper() -> None:
    fit = fit_two_exponents(even_curves(make_curves(**benchmark_columns(np.random.default_rng(1))).isotherms()))
    # section VI.B: beta - 1/2 = (alpha - 1/2) / 2 along the valley
    assert fit.correlation * error(fit.beta) / error(fit.alpha) == pytest.approx(0.5, abs=0.1)


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
