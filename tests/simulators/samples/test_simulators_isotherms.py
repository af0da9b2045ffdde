import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.samples.isotherms import BiasCurve, Isotherms, ohmic_curve

Floats = NDArray[np.float64]


def exact_S(bias_V: Floats, temperature_K: float) -> Floats:
    """A smooth dip of 1 per cent with a width that goes as temperature, and a slope that makes it uneven."""
    width_V = 1e-4 * temperature_K
    return 0.1 * (1.0 + 0.2 * bias_V - 0.01 * temperature_K**0.5 / np.sqrt(1.0 + (bias_V / width_V) ** 2))


@pytest.fixture
def curve() -> BiasCurve:
    return Isotherms(exact_S).curve(0.317)


BIAS_V = np.linspace(-5e-3, 5e-3, 1001)


def test_table_agrees_with_the_exact_function(curve: BiasCurve) -> None:
    assert curve.conductance_S(BIAS_V) == pytest.approx(exact_S(BIAS_V, 0.317), abs=1e-8)


def test_current_is_the_integral_of_the_conductance(curve: BiasCurve) -> None:
    # of 0.1 (1 + 0.2 V - a w / sqrt(V^2 + w^2))
    width_V = 1e-4 * 0.317
    integral_A = 0.1 * (BIAS_V + 0.1 * BIAS_V**2 - 0.01 * 0.317**0.5 * width_V * np.arcsinh(BIAS_V / width_V))
    assert curve.current_A(BIAS_V) == pytest.approx(integral_A, rel=2e-6, abs=1e-15)


def test_bias_of_a_current_is_the_inverse(curve: BiasCurve) -> None:
    assert curve.bias_V(curve.current_A(BIAS_V)) == pytest.approx(BIAS_V, rel=1e-9, abs=1e-15)


def test_one_bias_equals_the_same_of_an_array(curve: BiasCurve) -> None:
    currents_A = np.array([-4e-4, -1e-7, 0.0, 3e-6, 5e-3])
    assert [curve.bias_at(float(current_A)) for current_A in currents_A] == pytest.approx(curve.bias_V(currents_A))


def test_beyond_the_table_the_contact_is_ohmic(curve: BiasCurve) -> None:
    assert curve.conductance_S(0.1) == curve.conductance_S(0.045)
    assert curve.bias_V(curve.current_A(0.1)) == pytest.approx(0.1, rel=1e-9)


def test_what_was_asked_before_changes_nothing() -> None:
    fresh, used = Isotherms(exact_S), Isotherms(exact_S)
    for temperature_K in (0.1, 0.31, 0.32, 4.0):
        used.curve(temperature_K)
    assert np.array_equal(used.curve(0.317).nodes_S(), fresh.curve(0.317).nodes_S())


@pytest.mark.parametrize("excitation_Vrms", [0.0, 2e-6, 19e-6, 100e-6])
def test_excitation_is_averaged_with_the_kernel_of_the_first_harmonic(curve: BiasCurve, excitation_Vrms: float) -> None:
    # the lock-in multiplies the current at V + Vp sin(wt) by sin(wt): (2 / T Vp) int dt I(V + Vp sin) sin
    phase = 2.0 * np.pi * (np.arange(4000) + 0.5) / 4000
    peak_V = max(np.sqrt(2.0) * excitation_Vrms, 1e-8)
    bias_V = np.array([-3e-4, 0.0, 2e-5, 1e-3])
    current_A = curve.current_A(bias_V[:, np.newaxis] + peak_V * np.sin(phase))
    harmonic_S = 2.0 / peak_V * (current_A * np.sin(phase)).mean(axis=1)
    assert curve.under(excitation_Vrms, 0.317 * 8.617e-5).conductance_S(bias_V) == pytest.approx(harmonic_S, abs=1e-7)


def test_a_resistor_is_one_everywhere() -> None:
    resistor = ohmic_curve(0.1)
    assert resistor.zero_bias_ohm == pytest.approx(10.0)
    assert resistor.bias_V(np.array([-2e-3, 0.0, 1e-5])) == pytest.approx([-2e-2, 0.0, 1e-4])
    assert resistor.under(1e-5, 8.6e-5).conductance_S(3e-4) == pytest.approx(0.1)
