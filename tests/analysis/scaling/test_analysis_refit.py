"""Refits and bootstrap: the same numbers as a new fit, and the spread that the profile promises."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_contact import benchmark_columns, run_columns

from analysis.corrections import Corrections
from analysis.curves import Window, make_curves
from analysis.errors import DataError
from analysis.scaling.problem import Problem, make_problem, solve_with_drift
from analysis.scaling.refit import Refit

PAPER = Window(1.5, 0.8e-3)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_problem(make_curves(**run_columns(3, points=101)).isotherms(0.0), PAPER, Corrections())


@pytest.mark.parametrize("drift", [0.0, 5e-15])
def test_a_refit_is_the_fit_of_the_new_data(problem: Problem, drift: float) -> None:
    rng = np.random.default_rng(1)
    noisy = [i.conductance_S + 1e-6 * rng.standard_normal(i.bias_V.size) for i in problem.isotherms]
    isotherms = tuple(replace(i, conductance_S=data) for i, data in zip(problem.isotherms, noisy, strict=True))
    expected = problem.with_data(isotherms).profile(drift).minimum()
    (found,) = Refit(problem, drift).minima(noisy)
    assert found.alpha == pytest.approx(expected.alpha, abs=1e-9)
    assert found.chi2 == pytest.approx(expected.chi2, rel=1e-8)
    assert found.curvature == pytest.approx(expected.curvature, rel=1e-6)


def test_many_sets_at_once_are_each_set_alone(problem: Problem) -> None:
    rng = np.random.default_rng(2)
    sets = [i.conductance_S[:, None] + 1e-6 * rng.standard_normal((i.bias_V.size, 3)) for i in problem.isotherms]
    refit = Refit(problem, 0.0)
    together = [minimum.alpha for minimum in refit.minima(sets)]
    alone = [refit.minima([data[:, place] for data in sets])[0].alpha for place in range(3)]
    assert together == pytest.approx(alone, abs=1e-10)


def test_bootstrap_spreads_as_the_profile_says(problem: Problem) -> None:
    drift, minimum = solve_with_drift(problem, Corrections())
    alphas = Refit(problem, drift).bootstrap(400, np.random.default_rng(3))
    noise_only = problem.profile(0.0).minimum().curvature ** -0.5
    assert alphas.mean() == pytest.approx(minimum.alpha, abs=4 * noise_only / np.sqrt(400) + 0.1 * noise_only)
    assert 0.85 * noise_only < alphas.std(ddof=1) < 1.2 * minimum.curvature**-0.5


def test_bootstrap_of_white_noise_has_the_cramer_rao_spread() -> None:
    curves = make_curves(**benchmark_columns(np.random.default_rng(4)))
    problem = make_problem(curves.isotherms(0.0), Window(1.6, 1.1e-3), Corrections())
    alphas = Refit(problem, 0.0).bootstrap(600, np.random.default_rng(5))
    assert alphas.std(ddof=1) == pytest.approx(0.00076, rel=0.15)


def test_the_same_seed_gives_the_same_resamples(problem: Problem) -> None:
    refit = Refit(problem, 0.0)
    first, second = (refit.bootstrap(5, np.random.default_rng(6)) for _ in range(2))
    assert np.array_equal(first, second)


def test_data_of_another_length_are_refused(problem: Problem) -> None:
    short = [isotherm.conductance_S[:-1] for isotherm in problem.isotherms]
    with pytest.raises(DataError, match="conductances for an isotherm"):
        Refit(problem, 0.0).minima(short)
