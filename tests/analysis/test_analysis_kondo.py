import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import ModelError
from analysis.kondo import broadened_scaling_function, first_harmonic_average, gaussian_average, scaling_function

DATA = Path(__file__).parent / "data"
V, GAMMA = np.loadtxt(DATA / "kondo_scaling_function.csv", delimiter=",", skiprows=4, unpack=True)
BROADENED = np.loadtxt(DATA / "kondo_broadened.csv", delimiter=",", skiprows=3)


def test_scaling_function_agrees_with_high_precision_from_1e_minus_6_to_1e6():
    assert V.min() == 1e-6
    assert V.max() == 1e6
    assert np.abs(scaling_function(V) - GAMMA).max() < 5e-13


def test_scaling_function_is_one_at_zero():
    assert abs(scaling_function(0.0) - 1) < 1e-13


def test_curvature_at_the_origin():
    assert (scaling_function(0.01) - 1) / 1e-4 == pytest.approx(0.0911822, abs=1e-6)


def test_scaling_function_has_no_step_where_series_takes_over_from_table():
    below, above = scaling_function(np.array([50.0, np.nextafter(50.0, 51.0)]))
    assert abs(below - above) < 1e-12


def test_scaling_function_agrees_with_its_integral_between_the_points_of_the_table():
    v = np.random.default_rng(5).uniform(0, 60, 400)
    # the module's formula with scipy's elliptic integrals: P(u) = [4 E(u) - 2 (1-u) K(u)] / pi
    nodes, weights = np.polynomial.legendre.leggauss(500)
    s = 3.3 * (1 + nodes)
    u, rest = np.exp(-(s**2)), -np.expm1(-(s**2))
    hypergeometric = (4 * scipy.special.ellipe(u) - 2 * rest * scipy.special.ellipkm1(rest)) / np.pi
    integrand = 2 * s**3 * u * rest**-2.5 * hypergeometric * np.sin(np.pi / 36 * np.outer(v, s**2)) ** 2
    assert np.abs(scaling_function(v) - 1 - 1.5 * 3.3 * integrand @ weights).max() < 1e-12


def test_scaling_function_is_the_thermal_average_of_the_scattering_rate():
    # eq 19 by brute force (mpmath): Affleck and Ludwig's rate as 3F2 of unit argument, times -f', in steps of 1/2
    assert scaling_function([1.0, 5.0]) == pytest.approx([1.0876625621498, 2.1648803711492], abs=1e-12)


@given(st.floats(-1e6, 1e6))
def test_scaling_function_is_even(v):
    assert scaling_function(v) == scaling_function(-v)


@given(st.lists(st.floats(1e-3, 1e5), min_size=2, max_size=20))
def test_scaling_function_rises_with_bias(values):
    assert np.all(np.diff(scaling_function(np.sort(values))) >= -1e-12)


def test_gamma_1_is_minus_one():
    v = np.array([1e3, 1e4, 1e6])
    # eq 26: Gamma - 1 = v^(1/2) + Gamma_1 + O(v^(-1/2))
    assert scaling_function(v) - 1 - np.sqrt(v) == pytest.approx([-1, -1, -1], abs=1e-4)


def test_shape_is_kept():
    assert scaling_function(np.ones((2, 3, 1))).shape == (2, 3, 1)
    assert np.ndim(scaling_function(2)) == 0
    assert scaling_function([]).shape == (0,)
    assert np.ndim(broadened_scaling_function(2.0, 1.0)) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bias_that_is_no_number_is_refused(bad):
    with pytest.raises(ModelError, match="reduced_bias"):
        scaling_function([0.0, bad])
    with pytest.raises(ModelError, match="reduced_bias"):
        broadened_scaling_function(bad, 1.0)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_widths_that_are_none_are_refused(bad):
    with pytest.raises(ModelError, match="excitation"):
        broadened_scaling_function(1.0, bad)
    with pytest.raises(ModelError, match="noise"):
        broadened_scaling_function(1.0, 1.0, bad)


def test_broadened_function_agrees_with_the_bessel_kernel():
    v, excitation, noise, gamma = BROADENED.T
    assert np.abs(broadened_scaling_function(v, excitation, noise) - gamma).max() < 2e-12
    one_by_one = [float(broadened_scaling_function(*row[:3])) for row in BROADENED]
    assert np.abs(np.array(one_by_one) - gamma).max() < 2e-12


def test_without_excitation_and_noise_nothing_is_broadened():
    assert np.array_equal(broadened_scaling_function(V, 0.0), scaling_function(V))


def test_first_harmonic_of_a_parabola():
    # (2/pi) int (1-u^2)^(1/2) u^2 du = 1/4: a lock-in sees V^2 as V^2 + Vpeak^2/4
    assert first_harmonic_average(np.square, [0.0, 3.0], 2.0) == pytest.approx([1.0, 10.0])


def test_first_harmonic_is_the_fourier_component_of_the_current():
    # I(V) = sin V: the first harmonic at peak p is 2 J1(p) cos V
    bias = np.linspace(-2, 2, 5)
    peak = 1.7
    expected = 2 * scipy.special.j1(peak) / peak * np.cos(bias)
    assert first_harmonic_average(np.cos, bias, peak) == pytest.approx(expected, abs=1e-12)


def test_gaussian_average_of_a_cosine():
    # <cos(V + n x)> = cos V exp(-n^2/2)
    assert gaussian_average(np.cos, [0.0, 1.0], 0.8) == pytest.approx(np.cos([0.0, 1.0]) * np.exp(-0.32), abs=1e-12)


def test_averages_broadcast_over_points_of_different_excitation():
    bias, peak = np.array([0.0, 1.0, 2.0]), np.array([0.5, 0.0, 3.0])
    together = broadened_scaling_function(bias, peak)
    alone = [float(broadened_scaling_function(v, w)) for v, w in zip(bias, peak, strict=True)]
    assert together == pytest.approx(alone, abs=1e-12)


def test_import_brings_in_no_scipy():
    code = "import sys, analysis.kondo; sys.exit(any(name.startswith('scipy') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=DATA.parents[2]).returncode == 0
