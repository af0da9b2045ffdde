"""V_K and T_K by their definition, 5 % of B T^(1/2), against the noise-free definition computed here."""

import numpy as np
import pytest
from made_sweeps import curves_of, error, mean, median, sinh_grid, spread, sweeps, value
from simulated_contact import DEMO_K, VOLT_PER_KELVIN, conductance, gamma, run_columns

from analysis.collapse import fit_exponent
from analysis.curves import Window, make_curves
from analysis.signs.departure import Departure, find_departure
from analysis.signs.even_curve import even_curves

COUPLINGS = (np.arange(10) + 0.5) / 10 * 0.8


def true_departure_V(temperature_K: float, kondo_K: np.ndarray) -> float:
    """Return where the exact residual from the exact scaling curve reaches 5 % of B T^(1/2)."""
    bias = np.linspace(1e-5, 8e-3, 4000)
    whole = conductance(bias, temperature_K, COUPLINGS, kondo_K, 7.8)
    start = conductance(np.zeros(1), temperature_K, COUPLINGS, kondo_K, 7.8)
    v = bias / (VOLT_PER_KELVIN * temperature_K)
    scaling = sum(0.78 * np.sqrt(temperature_K) * (gamma(a * v) - 1.0) for a in COUPLINGS)
    return float(bias[np.argmax(np.abs(whole - start - scaling) > 0.05 * 7.8 * np.sqrt(temperature_K))])


def departure_of(data, window: Window) -> Departure:
    fit = fit_exponent(data, window)
    drift = fit.corrections.drift_S_per_sqrt_s or 0.0
    return find_departure(even_curves(data.isotherms(), drift_S_per_sqrt_s=drift), fit)


@pytest.fixture(scope="module")
def found() -> list[Departure]:
    return [departure_of(make_curves(**run_columns(seed)), Window(1.5, 0.8e-3)) for seed in range(6)]


def test_crossover_bias_of_sample_one_is_about_one_millivolt(found: list[Departure]) -> None:
    # T_K from 8 to 16 K; median over the nine isotherms from 0.1 to 1.4 K
    truth = median([true_departure_V(t, np.linspace(8.0, 16.0, 10)) for t in DEMO_K[:9]])
    values = [value(own.crossover_bias_V) for own in found]
    errors = [error(own.crossover_bias_V) for own in found]
    assert mean(values) == pytest.approx(truth, abs=mean(errors))
    assert 0.5 < spread(values) / mean(errors) < 2.0


def test_departure_moves_out_with_temperature(found: list[Departure]) -> None:
    for index in (6, 7, 8):
        found_V = mean([value(own.departure_biases_V[index]) for own in found])
        assert found_V == pytest.approx(true_departure_V(DEMO_K[index], np.linspace(8.0, 16.0, 10)), rel=0.15)


def test_kondo_temperature_beyond_the_data_is_a_bound(found: list[Departure]) -> None:
    assert {own.kondo_temperature_K.bound for own in found} == {">="}
    assert all(own.kondo_temperature_K.value == pytest.approx(5.7, rel=0.03) for own in found)


def test_slope_of_the_logarithm_is_that_of_the_model(found: list[Departure]) -> None:
    bias = np.array([1.3e-3, 4e-3])
    true_slope = np.diff(conductance(bias, 0.1, COUPLINGS, np.full(10, 12.0), 7.8))[0] / np.log(bias[1] / bias[0])
    slopes = [own.log_slope_bias for own in found if own.log_slope_bias.value is not None]
    assert len(slopes) >= 4
    assert mean([value(own) for own in slopes]) == pytest.approx(true_slope, rel=0.1)


def small_kondo(seed: int):
    """Sweep systems of T_K = 1 K, far inside the temperatures, with little noise and no drift."""
    kondo = np.full(10, 1.0)
    return sweeps(
        lambda bias_V, temperature_K, field_T, way: conductance(bias_V, temperature_K, COUPLINGS, kondo, 7.8),
        np.random.default_rng(seed),
        bias_V=sinh_grid(2e-3, 201, 2e-5),
        temperatures_K=(0.05, 0.07, 0.1, 0.15, 0.2, 0.5, 0.8, 1.2, 1.7, 2.5, 3.5, 5.0),
        noise=0.02,
    )


def test_kondo_temperature_inside_the_data_is_measured() -> None:
    found = departure_of(small_kondo(1), Window(0.21, 20e-6))
    assert found.kondo_temperature_K.bound is None
    # y - lj(y) = 5 % of y at y^2 = T / T_K = 1.15
    assert found.kondo_temperature_K.value == pytest.approx(1.15, rel=0.25)
    slope = found.log_slope_temperature
    assert slope.value is not None
    # B T_K^(1/2) / 2 for each unit of ln T far above T_K
    assert slope.value == pytest.approx(0.5 * 7.8, rel=0.15)


def test_a_sample_that_scales_everywhere_gives_bounds() -> None:
    data = make_curves(**run_columns(2, is_pure=True, has_drift=False, thermometer=0.0))
    found = departure_of(data, Window(1.5, 0.8e-3))
    assert found.crossover_bias_V.bound == ">=" and found.kondo_temperature_K.bound == ">="
    assert found.log_slope_bias.value is None and found.log_slope_bias.why
    assert found.delta_bound_K.bound == "<="
    assert found.delta_bound_K.value == pytest.approx(np.sqrt(0.1 * 5.7), rel=0.03)


def test_without_a_dip_nothing_is_claimed(small_fit) -> None:
    flat = sweeps(
        lambda bias_V, *_: np.full(bias_V.size, 2000.0),
        np.random.default_rng(1),
        bias_V=np.linspace(-1e-3, 1e-3, 101),
        temperatures_K=(0.1, 0.2, 0.4),
        noise=0.5,
    )
    found = find_departure(curves_of(flat), small_fit)
    assert found.crossover_bias_V.value is None and "no dip" in found.crossover_bias_V.why
