"""Errors from the curvature of chi-square."""

import numpy as np
import pytest

from analysis.curvature import error_by_curvature


@pytest.mark.parametrize("error", [1e-3, 0.1, 4.0])
def test_parabola_gives_its_error_from_any_first_step(error: float) -> None:
    found = error_by_curvature(lambda x: 7.0 + ((x - 2.0) / error) ** 2, 2.0, 7.0, 0.05, 10.0)
    assert found == pytest.approx(error, rel=1e-6)


def test_a_larger_rise_looks_through_roughness() -> None:
    def rough(x: float) -> float:
        return x**2 + 0.3 * np.cos(40.0 * x)

    assert error_by_curvature(rough, 0.0, rough(0.0), 0.05, 10.0, 25.0) == pytest.approx(1.0, rel=0.1)


def test_a_flat_chi_square_gives_a_huge_error() -> None:
    assert error_by_curvature(lambda x: 1.0, 0.0, 1.0, 0.1, 1.0) > 1e3
