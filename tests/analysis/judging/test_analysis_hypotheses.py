"""Each mechanism fitted to curves written out here, and what a wrong one costs."""

from collections.abc import Callable

import numpy as np
import pytest

from analysis.judging.comparison import compare_mechanisms
from analysis.judging.hypotheses import fit_circuit, fit_heating, fit_magnetic, fit_trap
from analysis.judging.two_level_fits import fit_levels, fit_split, fit_two_channel
from analysis.judging.whitened import WhitenedCurves, whiten_curves
from analysis.signs.even_curve import EvenCurve

QUANTUM_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518
LORENZ = 2.4430e-8
NOISE_S = 0.02 * QUANTUM_S
TEMPERATURES_K = np.geomspace(0.1, 4.0, 9)

Law = Callable[[np.ndarray, float], np.ndarray]


def measured(law: Law, seed: int = 5) -> WhitenedCurves:
    """Return a law in e2/h over bias in kelvin and temperature, with white noise and a level that drifts."""
    rng = np.random.default_rng(seed)
    bias_V = np.concatenate([[0.0], np.geomspace(5e-6, 3e-3, 24)])
    curves = []
    for temperature_K in TEMPERATURES_K:
        values = 2000 * QUANTUM_S * (1 + 1e-4 * rng.standard_normal())
        values = values + law(bias_V * KELVIN_PER_VOLT, temperature_K) * QUANTUM_S
        curves.append(
            EvenCurve(
                float(temperature_K),
                0.0,
                bias_V,
                values + NOISE_S * rng.standard_normal(bias_V.size),
                np.eye(bias_V.size) * NOISE_S**2,
                NOISE_S,
                100.0,
                100,
                125,
                0.0,
                None,
            )
        )
    return whiten_curves(curves, 0.0)


def root_law(bias_K: np.ndarray, temperature_K: float) -> np.ndarray:
    return 6.0 * (bias_K**2 + 4.0 * (temperature_K**2 + 1.2**2)) ** 0.25


def fermi_liquid(bias_K: np.ndarray, temperature_K: float) -> np.ndarray:
    return -20.0 * (1 + (2 ** (1 / 0.22) - 1) * (temperature_K**2 + 0.15 * bias_K**2) / 6.0**2) ** -0.22


def hot_spot(bias_K: np.ndarray, temperature_K: float) -> np.ndarray:
    return 5.0 * (temperature_K**2 + (bias_K / KELVIN_PER_VOLT) ** 2 / (4 * LORENZ)) ** 0.35


def test_resonance_finds_kondo_temperature_weight_and_depth() -> None:
    fit = fit_magnetic(measured(fermi_liquid))
    assert fit.chi2 < 1.2 * 225
    assert fit.values["kondo_temperature_K"] == pytest.approx(6.0, rel=0.02)
    assert fit.values["bias_weight"] == pytest.approx(0.15, rel=0.03)
    assert fit.values["depth_S"] == pytest.approx(20.0 * QUANTUM_S, rel=0.02)


def test_a_peak_is_fitted_by_the_trap_and_refused_by_the_dip() -> None:
    curves = measured(lambda bias_K, temperature_K: -fermi_liquid(bias_K, temperature_K))
    assert fit_trap(curves).chi2 < 1.2 * 225
    dip = fit_magnetic(curves)
    assert dip.chi2 == pytest.approx(float(curves.data @ curves.data))


def test_no_two_level_system_describes_a_peak() -> None:
    curves = measured(lambda bias_K, temperature_K: -root_law(bias_K, temperature_K))
    assert fit_two_channel(curves).chi2 == pytest.approx(float(curves.data @ curves.data))


def test_saturation_of_eq_29_is_found_and_plain_kondo_refused() -> None:
    curves = measured(root_law)
    split = fit_split(curves)
    assert split.chi2 < 1.2 * 225
    assert 0.8 < split.values["saturation_K"] < 2.0
    assert fit_two_channel(curves).chi2 > split.chi2 + 1000


def test_heating_finds_its_exponent() -> None:
    fit = fit_heating(measured(hot_spot))
    assert fit.chi2 < 1.2 * 225
    assert fit.values["exponent"] == pytest.approx(0.7, abs=0.01)


def test_heating_on_any_background_is_described_by_the_map() -> None:
    def bent(bias_K: np.ndarray, temperature_K: float) -> np.ndarray:
        squared = temperature_K**2 + (bias_K / KELVIN_PER_VOLT) ** 2 / (4 * LORENZ)
        return 5.0 * np.log1p(squared) + 3.0 * np.sin(np.log(squared))

    fit = fit_heating(measured(bent))
    assert fit.chi2 < 1.3 * 225
    assert not fit.values


def test_the_map_refuses_what_does_not_heat() -> None:
    assert fit_heating(measured(fermi_liquid)).chi2 > 1000


def test_circuit_finds_the_exponent_of_the_zero_bias_law() -> None:
    rng = np.random.default_rng(7)
    temperature_K = np.geomspace(0.1, 4.0, 30)
    law_S = (2000 + 8.0 * temperature_K**0.4) * QUANTUM_S + NOISE_S * rng.standard_normal(30)
    without_mean = (np.eye(30) - 1.0 / 30) / NOISE_S
    zero = np.zeros(30)
    fit = fit_circuit(WhitenedCurves(zero, temperature_K, zero, zero, law_S, without_mean, 30))
    assert fit.values["exponent"] == pytest.approx(0.4, abs=0.01)


def test_levels_are_taken_in_only_while_they_are_worth_it() -> None:
    flat = measured(lambda bias_K, temperature_K: np.zeros_like(bias_K))
    assert fit_levels(flat).values["levels"] <= 1


def test_cost_is_measured_from_the_best_model_for_its_parameters() -> None:
    comparison = compare_mechanisms(measured(fermi_liquid))
    assert comparison.best == "magnetic-kondo"
    assert comparison.cost("magnetic-kondo") == 0.0
    assert comparison.cost("disorder") > 1000
    assert comparison.significance > 1000


def test_noise_alone_is_no_anomaly() -> None:
    comparison = compare_mechanisms(measured(lambda bias_K, temperature_K: np.zeros_like(bias_K)))
    assert comparison.significance < 30


def levels_of_both_signs(bias_K: np.ndarray, temperature_K: float) -> np.ndarray:
    # Kozub and Kulik's populations: x / (p x coth(x/2) + q (1-q) [(x+d) coth((x+d)/2) + (x-d) coth((x-d)/2)]) - 1
    def x_coth(x: np.ndarray) -> np.ndarray:
        x = np.where(np.abs(x) < 1e-6, 1e-6, x)
        return x / np.tanh(0.5 * x)

    total = np.zeros(bias_K.size)
    for splitting_K, share, strength in ((0.7, 0.45, -6), (1.5, 0.3, -10), (3, 0.5, -8), (6, 0.2, 7), (10, 0.4, -12)):
        x, drive, mixed = splitting_K / temperature_K, bias_K / temperature_K, share * (1.0 - share)
        denominator = (1.0 - 2.0 * mixed) * x_coth(np.array(x)) + mixed * (x_coth(x + drive) + x_coth(x - drive))
        total += 0.5 * strength * (x / denominator - 1.0)
    return total


def test_levels_that_hide_each_other_are_still_described() -> None:
    curves = measured(lambda bias_K, temperature_K: 3.0 * levels_of_both_signs(bias_K, temperature_K))
    assert fit_levels(curves).chi2 < 1.2 * 225
