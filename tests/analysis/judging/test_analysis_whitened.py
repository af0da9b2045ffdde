"""Even curves in units of their errors: background, level and thermometer drop out as they should."""

import numpy as np
import pytest

from analysis.judging.whitened import excitation_places, whiten_curves
from analysis.signs.even_curve import EvenCurve

BIAS_V = np.linspace(0.0, 1e-3, 20)
NOISE_S = 1e-7


def curve(temperature_K: float, values_S: np.ndarray, excitation_Vrms: float = 0.0) -> EvenCurve:
    covariance = np.eye(BIAS_V.size) * NOISE_S**2
    return EvenCurve(temperature_K, 0.0, BIAS_V, values_S, covariance, NOISE_S, 100.0, 100, 120, excitation_Vrms, None)


def test_a_common_background_costs_nothing() -> None:
    curves = whiten_curves([curve(1.0, np.full(20, 0.1)), curve(2.0, np.full(20, 0.1))], 0.0)
    assert curves.data == pytest.approx(0.0, abs=1e-6)


def test_levels_apart_by_the_drift_of_the_gain_cost_about_one() -> None:
    curves = whiten_curves([curve(1.0, np.full(20, 0.1)), curve(2.0, np.full(20, 0.1 * (1 + 1 / 3000)))], 0.0)
    assert 0.2 < float(curves.data @ curves.data) < 2.0


def test_white_noise_costs_one_a_value() -> None:
    rng = np.random.default_rng(3)
    own = [curve(1.0 + index, 0.1 + NOISE_S * rng.standard_normal(20)) for index in range(20)]
    curves = whiten_curves(own, 0.0)
    assert float(curves.data @ curves.data) == pytest.approx(400, rel=0.2)


def test_an_error_of_the_thermometer_is_forgiven() -> None:
    def law(temperature_K: float) -> np.ndarray:
        return 0.1 + 1e-4 * np.sqrt(temperature_K) * (1 + BIAS_V / 1e-3)

    wrong = [curve(1.0, law(1.0)), curve(1.5, law(1.5 * 1.01)), curve(2.2, law(2.2))]
    right = np.concatenate([law(1.0), law(1.5), law(2.2)])
    costs = []
    for accuracy in (0.0, 0.01):
        curves = whiten_curves(wrong, accuracy)
        rest = curves.data - curves.whiten(right)
        costs.append(float(rest @ rest))
    assert costs[0] > 20
    assert costs[1] < 2


def test_lockin_average_of_a_parabola_is_exact() -> None:
    curves = whiten_curves([curve(1.0, np.full(20, 0.1), excitation_Vrms=2e-5)] * 2, 0.0)
    read = sum(weight * bias_V**2 for bias_V, weight in excitation_places(curves))
    # the first harmonic of V^2 about V is V^2 + V_peak^2 / 4
    assert read == pytest.approx(curves.bias_V**2 + 2 * (2e-5) ** 2 / 4)
