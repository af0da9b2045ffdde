"""The exponent: unbiased, efficient, calibrated on noise; honest on a whole rack; indifferent to units and order."""

import numpy as np
import pytest
from simulated_contact import BENCHMARK_K, DEMO_K, benchmark_columns, run_columns

from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import Curves, Window, make_curves
from analysis.errors import WindowError

PAPER = Window(1.5, 0.8e-3)
WHOLE_BENCHMARK = Window(1.6, 1.1e-3)
CRAMER_RAO = 0.00076


@pytest.fixture(scope="module")
def run() -> dict[str, np.ndarray]:
    return run_columns(3)


@pytest.fixture(scope="module")
def reference(run: dict[str, np.ndarray]) -> float:
    return fit_exponent(make_curves(**run), PAPER).alpha


def test_noise_gives_the_cramer_rao_error_and_no_bias() -> None:
    rng = np.random.default_rng(1)
    fits = [fit_exponent(make_curves(**benchmark_columns(rng)), WHOLE_BENCHMARK) for _ in range(40)]
    alphas = np.array([fit.crossover.uncorrected_alpha for fit in fits])
    assert abs(alphas.mean() - 0.5) < 4 * CRAMER_RAO / np.sqrt(40)
    assert 0.75 < alphas.std(ddof=1) / CRAMER_RAO < 1.3
    assert np.mean([fit.statistical for fit in fits]) == pytest.approx(CRAMER_RAO, rel=0.03)


def test_a_curve_without_noise_is_fitted_to_a_hundredth_of_the_error() -> None:
    fit = fit_exponent(make_curves(**benchmark_columns(np.random.default_rng(2), noise=1e-4)), WHOLE_BENCHMARK)
    assert fit.crossover.uncorrected_alpha == pytest.approx(0.5, abs=CRAMER_RAO / 30)


@pytest.mark.slow
def test_total_intervals_hold_one_half_on_simulated_runs() -> None:
    fits = [fit_exponent(make_curves(**run_columns(seed)), PAPER) for seed in range(24)]
    assert sum(fit.interval95[0] <= 0.5 <= fit.interval95[1] for fit in fits) >= 21
    assert max(fit.statistical for fit in fits) < 0.005
    assert max(fit.error for fit in fits) < 0.012
    assert all(0.8 < fit.chi2_per_dof < 1.2 for fit in fits)


def test_crossover_is_seen_corrected_and_reported(run: dict[str, np.ndarray]) -> None:
    fit = fit_exponent(make_curves(**run), PAPER)
    assert fit.crossover.uncorrected_alpha < 0.49
    assert fit.crossover.applied_fraction > 0.9
    assert abs(fit.alpha - 0.5) < 2 * fit.error
    assert fit.systematic.crossover > fit.statistical


def test_without_crossover_nothing_is_corrected() -> None:
    fit = fit_exponent(make_curves(**run_columns(5, is_pure=True)), PAPER)
    assert fit.crossover.applied_fraction < 0.5
    assert fit.systematic.crossover < 0.005


def test_drift_left_out_shows_in_chi_square(run: dict[str, np.ndarray]) -> None:
    curves = make_curves(**run)
    with_model, without = (fit_exponent(curves, PAPER, Corrections(drift=mode)) for mode in ("auto", "off"))
    assert without.chi2_per_dof > with_model.chi2_per_dof + 0.1
    assert with_model.systematic.drift > 0


def test_drift_is_found_at_its_strength(run: dict[str, np.ndarray]) -> None:
    found = fit_exponent(make_curves(**run), PAPER).corrections.drift_S_per_sqrt_s
    assert found == pytest.approx(2829 / 3000 / np.sqrt(3 * 86400) * 3.874e-5, rel=0.4)


def test_order_of_rows_does_not_matter(run: dict[str, np.ndarray], reference: float) -> None:
    shuffled = np.random.default_rng(6).permutation(run["bias_V"].size)
    curves = make_curves(**{name: column[shuffled] for name, column in run.items()})
    assert fit_exponent(curves, PAPER).alpha == pytest.approx(reference, abs=1e-9)


def test_unit_of_conductance_does_not_matter(run: dict[str, np.ndarray], reference: float) -> None:
    scaled = run | {name: 1e3 * run[name] for name in ("conductance_S", "conductance_error_S")}
    assert fit_exponent(make_curves(**scaled), PAPER).alpha == pytest.approx(reference, abs=1e-7)


def test_scale_of_energy_does_not_matter(run: dict[str, np.ndarray], reference: float) -> None:
    names = ("bias_V", "temperature_K", "excitation_Vrms")
    scaled = run | {name: 10.0 * run[name] for name in names}
    assert fit_exponent(make_curves(**scaled), Window(15.0, 8e-3)).alpha == pytest.approx(reference, abs=1e-7)


@pytest.mark.parametrize("left_out", [("time_s",), ("time_s", "direction", "is_anchor"), ("direction", "is_anchor")])
def test_a_file_with_fewer_columns_gives_the_same_exponent(
    run: dict[str, np.ndarray], reference: float, left_out: tuple[str, ...]
) -> None:
    bare = {name: column for name, column in run.items() if name not in (*left_out, "conductance_error_S")}
    fit = fit_exponent(make_curves(**bare), PAPER)
    assert fit.alpha == pytest.approx(reference, abs=2 * fit.error)
    assert fit.chi2_per_dof < 1.3


def test_one_side_of_zero_bias_is_enough(run: dict[str, np.ndarray]) -> None:
    rows = run["bias_V"] >= 0
    fit = fit_exponent(make_curves(**{name: column[rows] for name, column in run.items()}), PAPER)
    assert abs(fit.alpha - 0.5) < 2 * fit.error
    assert fit.d_of_alpha is None


def test_noise_agrees_with_the_prediction(run: dict[str, np.ndarray]) -> None:
    for isotherm in fit_exponent(make_curves(**run), PAPER).isotherms:
        assert isotherm.predicted_noise_S is not None
        assert isotherm.noise_S == pytest.approx(isotherm.predicted_noise_S, rel=0.2)
        assert isotherm.residual_S == pytest.approx(isotherm.noise_S, rel=0.15)


def test_a_worse_thermometer_widens_the_error(run: dict[str, np.ndarray]) -> None:
    curves = make_curves(**run)
    good, bad = (fit_exponent(curves, PAPER, Corrections(temperature_accuracy_fraction=f)) for f in (0.002, 0.02))
    assert bad.systematic.temperature == pytest.approx(10 * good.systematic.temperature, rel=0.2)
    assert bad.error > good.error


def test_window_is_chosen_and_explained(run: dict[str, np.ndarray]) -> None:
    fit = fit_exponent(make_curves(**run))
    assert 0.5 < fit.window.temperature_max_K < 3.0
    assert "grown in" in fit.reason
    assert abs(fit.alpha - 0.5) < 2.5 * fit.error


def test_deviation_of_the_paper_has_its_known_bias() -> None:
    # reference values for five isotherms of .1 to 1.4 K, noise .1 e2/h, 400 sets: -.035 +- .050
    rng = np.random.default_rng(7)
    minima = []
    for _ in range(12):
        columns = benchmark_columns(rng, noise=0.1)
        rows = np.isin(columns["temperature_K"], BENCHMARK_K[[0, 3, 6, 9, 11]])
        curves = make_curves(**{name: column[rows] for name, column in columns.items()})
        deviation = fit_exponent(curves, WHOLE_BENCHMARK).d_of_alpha
        assert deviation is not None and deviation.vmax == pytest.approx(7.74, abs=0.3)
        minima.append(deviation.minimum - 0.5)
    assert -0.11 < np.mean(minima) < 0.01


def test_master_curve_is_that_of_the_truth() -> None:
    from simulated_contact import QUANTUM_S, gamma

    fit = fit_exponent(make_curves(**benchmark_columns(np.random.default_rng(8))), WHOLE_BENCHMARK)
    truth = 7.8 * (gamma(0.29 * fit.master_curve.reduced_bias) - 1.0) * QUANTUM_S
    middle = slice(20, 90)
    assert fit.master_curve.value[middle] == pytest.approx(truth[middle], abs=0.12 * QUANTUM_S)


def curves_of(temperatures_K: list[float], biases_V: list[np.ndarray]) -> Curves:
    rng = np.random.default_rng(9)
    temperature = np.repeat(temperatures_K, [bias.size for bias in biases_V])
    bias = np.concatenate(biases_V)
    return make_curves(
        bias_V=bias, temperature_K=temperature, conductance_S=0.1 + 1e-3 * bias**2 + 1e-6 * rng.random(bias.size)
    )


def test_one_isotherm_is_refused() -> None:
    with pytest.raises(WindowError, match=r"holds 1 isotherm.* at\s+least two"):
        fit_exponent(curves_of([0.1], [np.linspace(-1e-3, 1e-3, 101)]), PAPER)


def test_isotherms_without_common_reduced_bias_are_refused() -> None:
    cold, warm = np.linspace(5e-4, 8e-4, 60), np.linspace(0.0, 1e-4, 60)
    with pytest.raises(WindowError, match="share no value of v"):
        fit_exponent(curves_of([0.1, 1.0], [cold, warm]), PAPER)


def test_too_few_points_are_refused() -> None:
    few = np.linspace(-1e-4, 1e-4, 9)
    with pytest.raises(WindowError, match="too few"):
        fit_exponent(curves_of([0.1, 0.2], [few, few]), PAPER)


def test_curves_without_anomaly_are_refused() -> None:
    rng = np.random.default_rng(10)
    temperature = np.repeat(DEMO_K[:6], 200)
    flat = make_curves(
        bias_V=np.tile(np.linspace(-5e-4, 5e-4, 200), 6),
        temperature_K=temperature,
        conductance_S=0.11 + 1e-6 * rng.standard_normal(temperature.size),
    )
    with pytest.raises(WindowError, match="alpha is not determined"):
        fit_exponent(flat, PAPER)


def test_constant_conductance_is_refused() -> None:
    temperature = np.repeat([0.1, 0.2, 0.4], 100)
    constant = make_curves(bias_V=np.tile(np.linspace(-1, 1, 100), 3), temperature_K=temperature, conductance_S=0.11)
    with pytest.raises(WindowError, match="all equal"):
        fit_exponent(constant, Window(1.5, 2.0))
