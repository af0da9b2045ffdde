"""The crossover correction on curves of other exponents than 1/2: it goes towards the truth, wherever that is."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import hyp2f1
from simulated_contact import DEMO_K, QUANTUM_S, VOLT_PER_KELVIN, triangle

from analysis.collapse import fit_exponent
from analysis.curves import Curves, Window, make_curves
from analysis.fit_result import ExponentFit

PAPER = Window(1.5, 0.8e-3)
KONDO_K = 12.0
TRUTHS = [0.4, 0.6, 1.0]


def late(y: np.ndarray) -> np.ndarray:
    """Return y - y^5/20 + ..., logarithmic for large y."""
    return y * hyp2f1(0.25, 0.25, 1.25, -(y**4))


def early(y: np.ndarray) -> np.ndarray:
    """Return y - y^3/6 + ..., logarithmic for large y."""
    return np.arcsinh(y)


def pure(y: np.ndarray) -> np.ndarray:
    return y


def made_run(alpha: float, seed: int, saturation: Callable[[np.ndarray], np.ndarray]) -> Curves:
    """Return a run of one coupling whose power law in E = (T, eV), y = (E / 12 K)^alpha, saturates."""
    rng = np.random.default_rng(seed)
    order = triangle(201)
    pieces = []
    for number, temperature_K in enumerate(DEMO_K):
        v = order[:, 0] / (VOLT_PER_KELVIN * temperature_K)
        y = (temperature_K / KONDO_K) ** alpha * (1 + (0.4 * v) ** 2) ** (alpha / 2)
        noise = 0.02 / temperature_K * rng.standard_normal(v.size)
        times = 1e4 * number + 3.3 * np.arange(v.size)
        pieces.append(
            [order[:, 0], np.full(v.size, temperature_K), (2829 + 25 * saturation(y) + noise) * QUANTUM_S, times]
        )
    bias_V, temperature, conductance_S, time_s = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return make_curves(bias_V=bias_V, temperature_K=temperature, conductance_S=conductance_S, time_s=time_s)


@pytest.fixture(scope="module", params=TRUTHS)
def crossing(request: pytest.FixtureRequest) -> tuple[float, ExponentFit]:
    return request.param, fit_exponent(made_run(request.param, 1, late), PAPER)


@pytest.mark.parametrize("truth", TRUTHS)
def test_correction_goes_towards_the_truth_not_towards_one_half(truth: float) -> None:
    fit = fit_exponent(made_run(truth, 3, early), PAPER)
    assert fit.crossover.applied_fraction > 0.9
    assert fit.crossover.uncorrected_alpha < truth - 0.02
    assert abs(fit.alpha - truth) < 0.6 * abs(fit.crossover.uncorrected_alpha - truth)


def test_interval_holds_the_truth(crossing: tuple[float, ExponentFit]) -> None:
    truth, fit = crossing
    assert fit.interval95[0] <= truth <= fit.interval95[1]


def test_forms_are_weighed_by_the_data(crossing: tuple[float, ExponentFit]) -> None:
    _, fit = crossing
    weights = {form.omega: form.weight for form in fit.crossover.forms}
    assert sum(weights.values()) == pytest.approx(1.0)
    assert max(weights, key=weights.__getitem__) >= 1.0
    assert weights[0.5] < 0.1


@pytest.mark.parametrize("truth", TRUTHS)
def test_a_pure_power_law_is_left_alone(truth: float) -> None:
    fit = fit_exponent(made_run(truth, 2, pure), PAPER)
    assert fit.alpha == pytest.approx(truth, abs=3 * fit.statistical)
    assert abs(fit.alpha - fit.crossover.uncorrected_alpha) < fit.statistical


def test_what_was_taken_out_is_the_weighted_mean_of_the_forms(crossing: tuple[float, ExponentFit]) -> None:
    crossover = crossing[1].crossover
    v = np.array([0.0, 3.0, 30.0])
    total = sum(form.weight * form.evaluate_S(v, 0.7) for form in crossover.forms)
    assert crossover.applied_S(v, 0.7) == pytest.approx(crossover.applied_fraction * total)
    assert np.all(crossover.applied_S(v, 0.7) < 0)


def test_half_of_the_shift_is_uncertain_however_sure_the_forms_are(crossing: tuple[float, ExponentFit]) -> None:
    _, fit = crossing
    assert fit.systematic.crossover >= 0.49 * abs(fit.alpha - fit.crossover.uncorrected_alpha)


def test_a_departure_of_second_order_is_warned_of(crossing: tuple[float, ExponentFit]) -> None:
    fit = fit_exponent(made_run(0.5, 1, lambda y: y - y**2 / 2.0), PAPER)
    # the correction falls short of the truth by more than the error
    assert fit.interval95[1] < 0.5
    assert "inner half" in fit.caution and "smaller window" in fit.caution
    assert not crossing[1].caution
