"""The data on the scale of the collapse, for a measurement that scales perfectly by construction."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.collapse import fit_exponent
from analysis.curves import Curves, Window
from analysis.fit_result import ExponentFit, MasterCurve
from analysis.kondo import scaling_function
from analysis.scaling.collapsed import binned_residual, collapsed_isotherms, universal_curve, zero_bias_rows

QUANTUM_S = 3.874045865e-5
NOISE_S = 2e-3 * QUANTUM_S


def test_inside_the_window_only_noise_is_left(small_curves: Curves, small_fit: ExponentFit) -> None:
    for isotherm in collapsed_isotherms(small_curves, small_fit):
        if isotherm.is_inside.any():
            residual = isotherm.residual_S[isotherm.is_inside]
            assert np.std(residual) == pytest.approx(NOISE_S, rel=0.25)
            assert abs(np.mean(residual)) < 4 * NOISE_S / residual.size**0.5


def test_all_isotherms_of_the_field_are_there_and_the_window_is_marked(
    small_curves: Curves, small_fit: ExponentFit
) -> None:
    isotherms = collapsed_isotherms(small_curves, small_fit)
    assert [isotherm.is_inside.any() for isotherm in isotherms] == [True] * 5 + [False]
    # anchors are points of the fit, but not of the collapse
    assert sum(np.count_nonzero(isotherm.is_inside) for isotherm in isotherms) == small_fit.points_used - 5 * 8


def test_curves_that_scale_fall_on_one_another_outside_the_window_too(
    small_curves: Curves, small_fit: ExponentFit
) -> None:
    hottest = collapsed_isotherms(small_curves, small_fit)[-1]
    truth = 7.8 * QUANTUM_S * (scaling_function(0.3 * hottest.root_reduced_bias**2) - 1.0)
    assert hottest.scaled == pytest.approx(truth, abs=0.05 * QUANTUM_S)


def test_a_limit_on_the_reduced_bias_is_kept(small_curves: Curves) -> None:
    fit = fit_exponent(small_curves, Window(1.5, 0.8e-3, reduced_bias_max=9.0))
    for isotherm in collapsed_isotherms(small_curves, fit):
        assert np.all(isotherm.root_reduced_bias[isotherm.is_inside] <= 3.0)


def test_universal_curve_finds_coupling_and_amplitude_back(small_fit: ExponentFit) -> None:
    v = np.sinh(np.linspace(0.0, 5.0, 121))
    value = 3e-4 * (scaling_function(0.37 * v) - 1.0)
    found = universal_curve(replace(small_fit, master_curve=MasterCurve(v, value, np.ones_like(v))))
    assert found.coupling == pytest.approx(0.37, rel=1e-3)
    assert found.amplitude == pytest.approx(3e-4, rel=1e-3)
    assert found.value == pytest.approx(value, abs=1e-3 * value[-1])


def test_universal_curve_is_broadened_like_the_data_were(small_fit: ExponentFit) -> None:
    excitation = tuple(0.1 * isotherm.temperature_K * 8.617e-5 for isotherm in small_fit.isotherms)
    broadened = replace(small_fit, corrections=replace(small_fit.corrections, excitation_Vrms=excitation))
    sharp, blunt = universal_curve(small_fit), universal_curve(broadened)
    assert blunt.coupling != sharp.coupling
    assert blunt.coupling == pytest.approx(sharp.coupling, rel=0.05)


def test_residuals_are_averaged_bin_by_bin(small_curves: Curves, small_fit: ExponentFit) -> None:
    first = collapsed_isotherms(small_curves, small_fit)[0]
    centre, mean, error = binned_residual(first, np.array([0.0, 3.0, 100.0]))
    inside = first.is_inside & (first.root_reduced_bias < 3.0)
    assert centre.size == 2
    assert mean[0] == pytest.approx(np.mean(first.residual_S[inside]))
    assert error[0] == pytest.approx(first.noise_S / np.count_nonzero(inside) ** 0.5)


def test_zero_bias_is_read_from_the_anchors(small_curves: Curves) -> None:
    assert zero_bias_rows(small_curves.isotherms(0.0)[0]).is_anchor.all()


def test_without_anchors_the_points_nearest_zero_stand_in(bare_curves: Curves) -> None:
    coldest = bare_curves.isotherms()[0]
    rows = zero_bias_rows(coldest)
    assert 0 < rows.bias_V.size < coldest.bias_V.size
    assert np.abs(rows.bias_V).max() <= 0.25 * 8.617e-5 * coldest.temperature_K
