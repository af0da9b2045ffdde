"""Table I's parameters: from a simulated sample 1, and the model through the same fit."""

import numpy as np
import pytest
from simulated_contact import QUANTUM_S, conductance, run_columns, triangle

from analysis.collapse import fit_exponent
from analysis.curves import Window, make_curves
from analysis.features import find_features
from analysis.parameters import Parameters, find_parameters, same_fit

PAPER = Window(1.5, 0.8e-3)


def parameters_of(**options: object) -> Parameters:
    curves = make_curves(**run_columns(3, **options))  # type: ignore[arg-type]
    return find_parameters(curves, fit_exponent(curves, PAPER))


@pytest.fixture(scope="module")
def sample() -> Parameters:
    return parameters_of()


def test_table_one_comes_out_for_sample_one(sample: Parameters) -> None:
    for quantity, value in ((sample.b_sigma, 7.8), (sample.f0, 4.2), (sample.f1, -5.7)):
        assert quantity.value is not None and quantity.error is not None
        assert quantity.value == pytest.approx(value, rel=0.2)
        assert 0 < quantity.error < 0.2 * abs(value)
        assert quantity.unit == "e2/h K^-1/2"


def test_drift_between_isotherms_is_in_the_error_of_b_sigma(sample: Parameters) -> None:
    assert sample.b_sigma.value is not None and sample.b_sigma.error is not None
    assert sample.b_sigma.value == pytest.approx(7.8, abs=3 * sample.b_sigma.error)


@pytest.mark.parametrize(("slope", "intercept"), [(0.538, -0.915), (0.508, -0.869), (0.527, -0.898)])
def test_model_through_the_same_fit_gives_the_computed_table(slope: float, intercept: float) -> None:
    # slopes of samples 1, 2 and 4 of Table I, intercepts of the single-A curve over sqrt(v) = 2 to 3
    from simulated_contact import gamma

    couplings = np.linspace(0.3, 0.45, 301)
    slopes, intercepts = np.transpose([same_fit(gamma, a) for a in couplings])
    assert np.interp(slope, slopes, intercepts) == pytest.approx(intercept, abs=2e-3)


def test_spread_of_couplings_explains_gamma1(sample: Parameters) -> None:
    fitted, spread, single = sample.gamma1_fit, sample.gamma1_model_spread, sample.gamma1_model_same_fit
    assert fitted.value is not None and fitted.error is not None
    assert spread.value is not None and single.value is not None
    assert spread.value == pytest.approx(fitted.value, abs=2.5 * fitted.error)
    assert single.value < spread.value


def test_kondo_temperature_is_a_bound_of_the_right_size(sample: Parameters) -> None:
    bound = sample.kondo_temperature_K
    assert bound.bound == ">="
    assert bound.value is not None and 4.0 < bound.value < 16.0


def test_no_bound_is_given_where_some_systems_cross_over_inside_the_window() -> None:
    # as the paper's sample 3: a third of the amplitude has a T_K of 0.4 K, which bends alpha and nothing else
    order = triangle(161, 1e-3)
    rng = np.random.default_rng(11)
    couplings = (np.arange(10) + 0.5) / 10 * 0.8
    pieces = []
    for temperature_K in np.geomspace(0.1, 1.2, 8):
        low = conductance(order[:, 0], temperature_K, couplings, np.full(10, 0.4), 3.4)
        high = conductance(order[:, 0], temperature_K, couplings, np.full(10, 8.0), 7.8)
        values = low + high + 0.03 * rng.standard_normal(len(order))
        pieces.append(
            np.column_stack([order[:, 0], np.full(len(order), temperature_K), values * QUANTUM_S, order[:, 1]])
        )
    bias_V, temperature, values_S, direction = np.vstack(pieces).T
    curves = make_curves(bias_V=bias_V, temperature_K=temperature, conductance_S=values_S, direction=direction)
    fit = fit_exponent(curves, Window(1.3, 0.8e-3))
    assert fit.alpha < 0.5 - 3.0 * fit.error
    found = find_parameters(curves, fit, features=find_features(curves, fit))
    assert found.kondo_temperature_K.bound != ">=" and found.delta_bound_K.bound != "<="
    assert "sigma from 1/2" in found.kondo_temperature_K.why or found.kondo_temperature_K.is_measured


def test_what_follows_from_the_kondo_temperature_follows(sample: Parameters) -> None:
    kondo, bias, splitting = sample.kondo_temperature_K, sample.crossover_bias_V, sample.delta_bound_K
    assert kondo.value is not None and bias.value is not None and splitting.value is not None
    assert bias.value == pytest.approx(2 * 8.617333e-5 * kondo.value)
    assert splitting.value == pytest.approx(np.sqrt(0.1 * kondo.value), rel=0.02)


def test_number_of_tls_is_at_least_amplitude_over_two_quanta(sample: Parameters) -> None:
    assert sample.tls_count.bound == ">="
    assert sample.tls_count.value is not None and 8 <= sample.tls_count.value <= 16


def test_what_cannot_be_given_says_why() -> None:
    cold = parameters_of(temperatures_K=np.array([0.1, 0.2]), has_drift=False)
    for quantity in (cold.b_sigma, cold.gamma1_fit, cold.kondo_temperature_K, cold.tx_K):
        assert quantity.value is None
        assert quantity.why


def test_features_turn_the_crossover_into_a_measurement() -> None:
    curves = make_curves(**run_columns(3))  # type: ignore[arg-type]
    fit = fit_exponent(curves, PAPER)
    found = find_parameters(curves, fit, features=find_features(curves, fit))
    plain = find_parameters(curves, fit)
    assert found.crossover_bias_V.is_measured and found.crossover_bias_V.value == pytest.approx(1.1e-3, rel=0.4)
    assert plain.crossover_bias_V.bound == ">="
    assert found.kondo_temperature_K.value is not None and plain.kondo_temperature_K.value is not None
    assert found.kondo_temperature_K.value >= plain.kondo_temperature_K.value
    assert found.tx_K.bound == "<=" and "no saturation" in found.tx_K.why
    assert plain.tx_K.value is None and "not looked for" in plain.tx_K.why
