"""The even part of an isotherm at nodes: unbiased, with a covariance that holds, over any grid."""

import numpy as np
import pytest
from made_sweeps import QUANTUM_S, VOLT_PER_KELVIN, curves_of, mean, sinh_grid, sweeps

from analysis.errors import WindowError
from analysis.signs.even_curve import even_curve

GRID = sinh_grid(4e-3, 201)


def root_law(bias_V, temperature_K, field_T=0.0, way=1):
    return 2000.0 + 5.0 * np.sqrt(np.hypot(bias_V / VOLT_PER_KELVIN, 2.0 * temperature_K))


def made(seed: int, **options):
    return sweeps(root_law, np.random.default_rng(seed), bias_V=GRID, **options)


def test_values_at_the_nodes_are_unbiased_and_their_covariance_holds() -> None:
    chi2 = []
    for seed in range(100):
        (curve,) = curves_of(made(seed))
        rest = curve.conductance_S / QUANTUM_S - root_law(curve.bias_V, 0.1)
        chi2.append(rest @ np.linalg.solve(curve.covariance_S2 / QUANTUM_S**2, rest) / rest.size)
    assert mean(chi2) == pytest.approx(1.0, abs=0.08)


def test_chi_square_of_the_points_is_one_a_degree_of_freedom() -> None:
    ratios = [curve.chi2 / curve.degrees_of_freedom for seed in range(60) for curve in curves_of(made(seed))]
    assert mean(ratios) == pytest.approx(1.0, abs=0.03)


def test_drift_widens_the_errors_and_restores_chi_square() -> None:
    data = made(3, noise=0.02, drift=2e-3)
    (without,), (allowed,) = curves_of(data), curves_of(data, drift=2e-3)
    assert without.chi2 / without.degrees_of_freedom > 1.5 * allowed.chi2 / allowed.degrees_of_freedom
    assert allowed.zero_error_S > without.zero_error_S


def test_thermometer_error_is_that_of_a_curve_that_scales() -> None:
    isotherm = made(1, temperatures_K=(0.5,)).isotherms()[0]
    plain = even_curve(isotherm)
    known = even_curve(isotherm, temperature_accuracy_fraction=0.01)
    variance = np.diag(known.covariance_S2 - plain.covariance_S2) / QUANTUM_S**2
    # the true change by 1 % of T, up to a constant, which a free level takes
    change = root_law(plain.bias_V, 0.505) - root_law(plain.bias_V, 0.5)
    assert np.sqrt(np.maximum(variance, 0.0))[-6:] == pytest.approx(np.abs(change - change[0])[-6:], abs=0.004)


def test_weights_do_not_see_a_level() -> None:
    (curve,) = curves_of(made(1))
    assert (
        np.abs(curve.weights() @ np.ones(curve.bias_V.size)).max()
        < 1e-3 * np.abs(curve.weights(False).sum(axis=1)).max()
    )


def test_interpolation_gives_values_and_slopes() -> None:
    (curve,) = curves_of(made(2, noise=1e-4))
    places = np.array([-1e-3, 3e-4, 2e-3])
    exact = np.gradient(root_law(np.array([-1e-9, 0, 1e-9])[:, None] + places, 0.1), 1e-9, axis=0)[1]
    assert curve.interpolation(places) @ curve.conductance_S / QUANTUM_S == pytest.approx(
        root_law(places, 0.1), abs=3e-3
    )
    assert curve.interpolation(places, 1) @ curve.conductance_S / QUANTUM_S == pytest.approx(exact, rel=2e-2)


def test_coarse_grids_get_fewer_nodes() -> None:
    coarse = sweeps(root_law, np.random.default_rng(1), bias_V=np.linspace(-20e-3, 20e-3, 41))
    (curve,) = curves_of(coarse)
    assert curve.bias_V.size <= 12


def test_reversals_find_a_turn_and_not_the_noise() -> None:
    def bump(bias_V, temperature_K, field_T, way):
        return root_law(bias_V, temperature_K) - 30.0 * (np.abs(bias_V) / 4e-3) ** 2

    (turning,), (rising,) = curves_of(sweeps(bump, np.random.default_rng(1), bias_V=GRID)), curves_of(made(1))
    assert rising.reversals(4.0) == ()
    assert [0.8e-3 < turning.bias_V[index] < 3e-3 for index in turning.reversals(4.0)] == [True]


def test_a_curve_can_be_cut() -> None:
    (curve,) = curves_of(made(1))
    short = curve.up_to(1e-3)
    assert short.bias_V[-1] <= 1e-3 and short.covariance_S2.shape == 2 * short.bias_V.shape


@pytest.mark.parametrize("bias", [GRID[:5], np.zeros(50)], ids=["five points", "one bias"])
def test_too_little_is_refused(bias: np.ndarray) -> None:
    with pytest.raises(WindowError, match="points"):
        even_curve(sweeps(root_law, np.random.default_rng(1), bias_V=bias).isotherms()[0])
