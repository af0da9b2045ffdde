"""Sums of products: drift eliminated in two ways, ramps exchanged, and linear combinations of columns."""

import numpy as np
import pytest

from analysis.scaling.normal_equations import NormalEquations

RAMPS = np.clip(np.arange(40.0)[:, None] / 10 - np.arange(4), 0, 1) * np.sqrt(10.0)
COARSE = np.clip(np.arange(40.0)[:, None] / 20 - np.arange(2), 0, 1) * np.sqrt(20.0)
LEVEL = np.ones((40, 1))


def columns() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((40, 3)), rng.standard_normal(40)


def equations(ramps: np.ndarray = RAMPS) -> NormalEquations:
    functions, data = columns()
    sums = NormalEquations(1, ramps.shape[1], 3)
    sums.add(np.hstack([LEVEL, ramps, functions]), data, np.linspace(0.5, 2.0, 40))
    return sums


@pytest.mark.parametrize("drift", [0.0, 1e-3, 2.0])
def test_one_drift_rate_directly_is_that_by_the_modes(drift: float) -> None:
    assert equations().whitened(drift) == pytest.approx(equations().eliminate_levels().at_drift(drift)[0], rel=1e-9)


def test_ramps_are_exchanged_without_the_points() -> None:
    exchanged = equations()
    # two ramps of ten make one of twenty
    exchanged.change_ramps(np.zeros(2), np.kron(np.eye(2), np.ones((2, 1))) / np.sqrt(2.0))
    assert exchanged.products == pytest.approx(equations(COARSE).products, rel=1e-12, abs=1e-12)


def test_mean_of_level_and_drift_is_that_of_least_squares() -> None:
    functions, data = columns()
    coefficients, drift = np.array([0.3, -0.2, 0.1]), 0.5
    errors = np.linspace(0.5, 2.0, 40)
    slow = np.hstack([LEVEL, RAMPS])
    weighted = slow / errors[:, None]
    prior = np.diag([0.0, *[1 / drift] * 4])
    rest = (data - functions @ coefficients) / errors
    fitted = slow @ np.linalg.solve(weighted.T @ weighted + prior, weighted.T @ rest)
    expected = np.average(fitted, weights=errors**-2)
    assert equations().mean_slow(coefficients, drift) == pytest.approx(expected, rel=1e-9)


def test_combined_columns_are_those_of_combined_functions() -> None:
    functions, data = columns()
    change = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -0.7], [0.0, 0.0, 1.0]])
    combined = equations().eliminate_levels().combined(change).at_drift(0.3)[0]
    sums = NormalEquations(1, 4, 2)
    less = data - 0.7 * functions[:, 2]
    sums.add(np.hstack([LEVEL, RAMPS, functions[:, :2]]), less, np.linspace(0.5, 2.0, 40))
    assert combined == pytest.approx(sums.whitened(0.3), rel=1e-9)
