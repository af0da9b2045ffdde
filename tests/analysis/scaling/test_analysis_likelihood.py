"""Normal equations and their profile, against least squares written out with full matrices."""

import numpy as np
import pytest
from scipy.optimize import fminbound

from analysis.scaling.likelihood import profile_of
from analysis.scaling.normal_equations import NormalEquations

TEMPERATURES = np.array([0.5, 1.0, 2.0])
LOG_T = np.log(TEMPERATURES)
NOISE = np.array([0.1, 0.2, 0.1])
RATE = 0.02


def setup() -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(1)
    v = [np.linspace(-3, 3, 30) / t for t in TEMPERATURES]
    functions = [np.column_stack([np.tanh(x) ** 2, np.abs(x) ** 0.5]) for x in v]
    ramps = [np.clip(np.arange(30.0)[:, None] / 10 - np.arange(3), 0, 1) * np.sqrt(10.0) for _ in v]
    data = [
        t**0.6 * f @ [2.0, 1.0] + 0.1 * rng.standard_normal(30) + 5.0
        for t, f in zip(TEMPERATURES, functions, strict=True)
    ]
    return functions, ramps, data


def full_chi2(alpha: float) -> float:
    functions, ramps, data = setup()
    matrix, vector, total = np.zeros((2, 2)), np.zeros(2), 0.0
    for f, r, y, t, s in zip(functions, ramps, data, TEMPERATURES, NOISE, strict=True):
        inverse = np.linalg.inv(s**2 * np.eye(30) + RATE * r @ r.T)
        one = np.ones(30)
        inverse = inverse - np.outer(inverse @ one, one @ inverse) / (one @ inverse @ one)
        scaled = t**alpha * f
        matrix, vector, total = (
            matrix + scaled.T @ inverse @ scaled,
            vector + scaled.T @ inverse @ y,
            total + y @ inverse @ y,
        )
    return float(total - vector @ np.linalg.solve(matrix, vector))


def reduced(steps: int = 1) -> list:
    isotherms = []
    for f, r, y in zip(*setup(), strict=True):
        equations = NormalEquations(1, 3, 2)
        for rows in np.array_split(np.arange(30), steps):
            equations.add(np.column_stack([np.ones(rows.size), r[rows], f[rows]]), y[rows])
        isotherms.append(equations.eliminate_levels())
    return isotherms


@pytest.mark.parametrize("alpha", [0.1, 0.6, 1.3])
def test_chi_square_is_that_of_full_covariance_matrices(alpha: float) -> None:
    profile, _ = profile_of(reduced(), LOG_T, NOISE, RATE)
    assert profile.solve(alpha)[0] == pytest.approx(full_chi2(alpha), rel=1e-9)


def test_minimum_is_that_of_full_covariance_matrices() -> None:
    best = np.ravel(fminbound(full_chi2, 0.0, 1.5, xtol=1e-9))[0]
    assert profile_of(reduced(), LOG_T, NOISE, RATE)[0].minimum().alpha == pytest.approx(best, abs=1e-6)


def test_derivatives_are_those_of_chi_square() -> None:
    profile, _ = profile_of(reduced(), LOG_T, NOISE, RATE)
    step = 1e-4
    low, middle, high = (profile.solve(0.55 + k * step) for k in (-1, 0, 1))
    assert middle[1] == pytest.approx((high[0] - low[0]) / (2 * step), rel=1e-5)
    assert 2 * middle[2] == pytest.approx((high[1] - low[1]) / (2 * step), rel=1e-5)


def test_points_added_one_by_one_give_the_same_sums() -> None:
    at_once = profile_of(reduced(), LOG_T, NOISE, RATE)[0].minimum().alpha
    one_by_one = profile_of(reduced(30), LOG_T, NOISE, RATE)[0].minimum().alpha
    assert one_by_one == pytest.approx(at_once, abs=1e-10)


def test_interval_ends_where_chi_square_has_risen() -> None:
    profile, _ = profile_of(reduced(), LOG_T, NOISE, RATE)
    minimum = profile.minimum()
    for side in (-1, 1):
        end = profile.crossing(minimum, 3.84, side)
        assert profile.solve(end)[0] - minimum.chi2 == pytest.approx(3.84, abs=1e-6)


def test_log_determinant_is_that_of_the_covariance() -> None:
    _, log_det = profile_of(reduced(), LOG_T, NOISE, RATE)
    expected = 0.0
    for r, s in zip(setup()[1], NOISE, strict=True):
        one = np.ones((30, 1)) / np.sqrt(30)
        centred = r - one @ (one.T @ r)
        expected += np.linalg.slogdet(np.eye(30) + RATE / s**2 * centred @ centred.T)[1]
    assert log_det == pytest.approx(expected, rel=1e-9)
