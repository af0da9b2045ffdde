import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.isotherms import BiasCurve, Isotherms

Floats = NDArray[np.float64]


def exact_S(bias_V: Floats, temperature_K: float, excitation_ratio: float) -> Floats:
    """A smooth dip of 1 per cent with a width that goes as temperature and excitation."""
    width_V = 1e-4 * temperature_K * (1.0 + 0.1 * excitation_ratio**2)
    return 0.1 * (1.0 - 0.01 * temperature_K**0.5 / np.sqrt(1.0 + (bias_V / width_V) ** 2))


@pytest.fixture
def curve() -> BiasCurve:
    return Isotherms(exact_S).curve(0.317, 0.9)


BIAS_V = np.linspace(-5e-3, 5e-3, 1001)


def test_table_agrees_with_the_exact_function(curve: BiasCurve) -> None:
    assert curve.conductance_S(BIAS_V) == pytest.approx(exact_S(BIAS_V, 0.317, 0.9), abs=1e-8)


def test_current_is_the_integral_of_the_conductance(curve: BiasCurve) -> None:
    # of 0.1 (1 - a w / sqrt(V^2 + w^2))
    width_V = 1e-4 * 0.317 * 1.081
    integral_A = 0.1 * (BIAS_V - 0.01 * 0.317**0.5 * width_V * np.arcsinh(BIAS_V / width_V))
    assert curve.current_A(BIAS_V) == pytest.approx(integral_A, rel=2e-6, abs=1e-15)


def test_bias_of_a_current_is_the_inverse(curve: BiasCurve) -> None:
    assert curve.bias_V(curve.current_A(BIAS_V)) == pytest.approx(BIAS_V, rel=1e-6, abs=1e-15)


def test_one_bias_equals_the_same_of_an_array(curve: BiasCurve) -> None:
    currents_A = np.array([-4e-4, -1e-7, 0.0, 3e-6, 5e-3])
    assert [curve.bias_at(float(current_A)) for current_A in currents_A] == pytest.approx(curve.bias_V(currents_A))


def test_beyond_the_table_the_contact_is_ohmic(curve: BiasCurve) -> None:
    assert curve.conductance_S(0.1) == curve.conductance_S(0.04)
    assert curve.bias_V(curve.current_A(0.1)) == pytest.approx(0.1, rel=1e-6)


def test_what_was_asked_before_changes_nothing() -> None:
    fresh, used = Isotherms(exact_S), Isotherms(exact_S)
    for temperature_K in (0.1, 0.31, 0.32, 4.0):
        used.curve(temperature_K, 0.5)
    assert np.array_equal(used.curve(0.317, 0.9).nodes_S, fresh.curve(0.317, 0.9).nodes_S)


def test_scaling_shrinks_the_distance_from_the_limit(curve: BiasCurve) -> None:
    half = curve.scaled_towards(0.1, 0.5)
    assert 0.1 - half.conductance_S(0.0) == pytest.approx(0.5 * (0.1 - curve.conductance_S(0.0)))
