"""The exponent point by point: at every moment that of a batch fit of the same points, in the same settings."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_contact import run_columns

from analysis.collapse import fit_exponent
from analysis.corrections import Corrections, correct_isotherm
from analysis.curves import Isotherm, Window, make_curves
from analysis.errors import DataError, ModelError, WindowError
from analysis.live import LiveCollapse
from analysis.scaling.problem import Problem, make_problem

PAPER = Window(1.5, 0.8e-3)
DRIFT = 7e-8
NOISE_S = 1e-5 * np.array([1.1, 0.8, 0.55, 0.4, 0.27, 0.2, 0.15, 0.11, 0.08, 0.06, 0.04, 0.03])


@pytest.fixture(scope="module")
def isotherms() -> tuple[Isotherm, ...]:
    return make_curves(**run_columns(3, points=101)).isotherms(0.0)


def temperatures_K(isotherms: tuple[Isotherm, ...]) -> list[float]:
    return [isotherm.temperature_K for isotherm in isotherms]


def live_collapse(isotherms: tuple[Isotherm, ...], **options) -> LiveCollapse:
    settings = {"noise_S": NOISE_S, "drift_S_per_sqrt_s": DRIFT} | options
    return LiveCollapse(4e-3, temperatures_K(isotherms), PAPER, **settings)


def batch_problem(isotherms: tuple[Isotherm, ...], corrections: Corrections | None = None) -> Problem:
    problem = make_problem(isotherms, PAPER, Corrections() if corrections is None else corrections)
    return replace(problem, noise_S=NOISE_S[: len(problem.isotherms)])


def give(live: LiveCollapse, isotherms: tuple[Isotherm, ...]) -> LiveCollapse:
    for index, isotherm in enumerate(isotherms):
        assert isotherm.time_s is not None
        live.add(index, isotherm.bias_V, isotherm.conductance_S, isotherm.time_s)
    return live


def test_point_by_point_is_the_batch_fit(isotherms: tuple[Isotherm, ...]) -> None:
    live = live_collapse(isotherms)
    for index, isotherm in enumerate(isotherms):
        assert isotherm.time_s is not None
        for row in zip(isotherm.bias_V, isotherm.conductance_S, isotherm.time_s, strict=True):
            live.add(index, *row)
    problem = batch_problem(isotherms)
    minimum = problem.profile(DRIFT**2).minimum()
    exponent = live.exponent()
    assert exponent.alpha == pytest.approx(minimum.alpha, abs=1e-9)
    assert exponent.chi2_per_dof == pytest.approx(minimum.chi2 / problem.degrees_of_freedom, rel=1e-9)
    assert exponent.points == problem.points
    error = np.sqrt(max(1.0, exponent.chi2_per_dof) / minimum.curvature)
    assert exponent.statistical == pytest.approx(error, rel=1e-9)


def test_a_run_under_way_is_the_batch_fit_of_what_is_there(isotherms: tuple[Isotherm, ...]) -> None:
    live = live_collapse(isotherms)
    half = tuple(isotherm.select(np.arange(isotherm.bias_V.size) < 60) for isotherm in isotherms)
    for part, first_new in ((half, 0), (isotherms, 60)):
        for index, isotherm in enumerate(part):
            new = isotherm.select(np.arange(isotherm.bias_V.size) >= first_new)
            assert new.time_s is not None
            live.add(index, new.bias_V, new.conductance_S, new.time_s)
        expected = batch_problem(part).profile(DRIFT**2).minimum().alpha
        assert live.exponent().alpha == pytest.approx(expected, abs=1e-9)


def test_order_of_points_does_not_matter(isotherms: tuple[Isotherm, ...]) -> None:
    index = np.repeat(np.arange(len(isotherms)), [isotherm.bias_V.size for isotherm in isotherms])
    columns = [
        np.concatenate([getattr(isotherm, name) for isotherm in isotherms])
        for name in ("bias_V", "conductance_S", "time_s")
    ]
    shuffled = np.random.default_rng(1).permutation(index.size)
    live = live_collapse(isotherms)
    for rows in np.array_split(shuffled, 37):
        live.add(index[rows], *(column[rows] for column in columns))
    expected = give(live_collapse(isotherms), isotherms).exponent().alpha
    assert live.exponent().alpha == pytest.approx(expected, abs=1e-9)


def test_errors_of_points_are_their_weights(isotherms: tuple[Isotherm, ...]) -> None:
    rng = np.random.default_rng(2)
    uneven = tuple(
        replace(isotherm, conductance_error_S=noise * rng.uniform(0.5, 2.0, isotherm.bias_V.size))
        for isotherm, noise in zip(isotherms, NOISE_S, strict=True)
    )
    live = live_collapse(isotherms)
    for index, isotherm in enumerate(uneven):
        assert isotherm.time_s is not None
        live.add(
            index,
            isotherm.bias_V,
            isotherm.conductance_S,
            isotherm.time_s,
            conductance_error_S=isotherm.conductance_error_S,
        )
    problem = batch_problem(uneven)
    medians = [np.median(i.conductance_error_S) for i in problem.isotherms if i.conductance_error_S is not None]
    expected = replace(problem, noise_S=np.array(medians)).profile(DRIFT**2).minimum().alpha
    assert live.exponent().alpha == pytest.approx(expected, abs=1e-9)


def test_excitation_kernel_is_that_of_the_batch_fit(isotherms: tuple[Isotherm, ...]) -> None:
    corrections = Corrections(excitation_Vrms=5e-6)
    corrected = tuple(correct_isotherm(isotherm, corrections, 0.0) for isotherm in isotherms)
    problem = batch_problem(corrected, corrections)
    assert problem.is_kernel_applied
    live = give(live_collapse(isotherms, corrections=corrections), isotherms)
    assert live.exponent().alpha == pytest.approx(problem.profile(DRIFT**2).minimum().alpha, abs=1e-9)


def test_offset_series_resistance_and_electrons_are_corrected_point_by_point(isotherms: tuple[Isotherm, ...]) -> None:
    corrections = Corrections(series_ohm=3.0, bias_offset_V=2e-6, electron_base_K=0.05)
    live = live_collapse(isotherms, corrections=corrections)
    expected = []
    for index, isotherm in enumerate(isotherms):
        assert isotherm.time_s is not None
        current_A = 0.1 * isotherm.bias_V
        live.add(index, isotherm.bias_V, isotherm.conductance_S, isotherm.time_s, current_A=current_A)
        share = 1.0 - 3.0 * isotherm.conductance_S
        expected.append(
            replace(
                isotherm,
                temperature_K=(isotherm.temperature_K**5 + 0.05**5) ** 0.2,
                bias_V=isotherm.bias_V - 2e-6 - 3.0 * current_A,
                conductance_S=isotherm.conductance_S / share,
                conductance_error_S=share**-2,
            )
        )
    problem = batch_problem(tuple(expected))
    medians = [np.median(i.conductance_error_S) for i in problem.isotherms if i.conductance_error_S is not None]
    same_noise = replace(problem, noise_S=problem.noise_S * np.array(medians))
    assert live.exponent().alpha == pytest.approx(same_noise.profile(DRIFT**2).minimum().alpha, abs=1e-9)


def test_noise_and_drift_may_change_without_the_points(isotherms: tuple[Isotherm, ...]) -> None:
    live = give(live_collapse(isotherms), isotherms)
    live.set_noise(2.0 * NOISE_S, 0.0)
    fresh = give(live_collapse(isotherms, noise_S=2.0 * NOISE_S, drift_S_per_sqrt_s=0.0), isotherms)
    assert live.exponent().alpha == pytest.approx(fresh.exponent().alpha, abs=1e-9)
    assert live.exponent().statistical == pytest.approx(fresh.exponent().statistical, rel=1e-9)


def test_with_noise_drift_and_crossover_of_a_fit_alpha_is_that_of_the_fit() -> None:
    curves = make_curves(**run_columns(4, points=101))
    isotherms = curves.isotherms(0.0)
    fit = fit_exponent(curves, PAPER)
    noise_S = np.array([*(i.noise_S for i in fit.isotherms), *[1e-6] * (len(isotherms) - len(fit.isotherms))])
    drift = fit.corrections.drift_S_per_sqrt_s
    assert drift is not None
    live = live_collapse(isotherms, noise_S=noise_S, drift_S_per_sqrt_s=drift, crossover=fit.crossover)
    give(live, isotherms)
    assert live.exponent().alpha == pytest.approx(fit.alpha, abs=1e-9)
    assert live.master_curve().value == pytest.approx(fit.master_curve.value, rel=1e-6)
    assert [*live.offsets_S().values()] == pytest.approx([i.offset_S for i in fit.isotherms], rel=1e-7)


def test_likeliest_drift_is_that_of_the_batch_fit(isotherms: tuple[Isotherm, ...]) -> None:
    found = give(live_collapse(isotherms), isotherms).likeliest_drift_S_per_sqrt_s()
    true = 2829 / 3000 / np.sqrt(3 * 86400) * 3.874e-5
    assert found == pytest.approx(true, rel=0.5)


def test_interval_and_profile_agree(isotherms: tuple[Isotherm, ...]) -> None:
    exponent = give(live_collapse(isotherms), isotherms).exponent()
    at_ends = np.interp(exponent.interval95, exponent.profile.alpha, exponent.profile.delta_chi2)
    assert at_ends == pytest.approx([3.84, 3.84], abs=0.2)
    assert exponent.profile.alpha[exponent.profile.delta_chi2.argmin()] == pytest.approx(exponent.alpha, abs=1e-12)


def test_what_is_kept_does_not_grow_with_the_points(isotherms: tuple[Isotherm, ...]) -> None:
    live = give(live_collapse(isotherms), isotherms)
    rng = np.random.default_rng(5)
    for day in range(5):
        live.add(0, np.zeros(500), 0.1097 + 1e-5 * rng.standard_normal(500), 86400.0 * day + np.arange(500.0))
    cold = live._isotherms[0]
    assert cold is not None and cold.count > 2500
    assert len(cold._equations.products) <= 1 + 32 + 14 + 1


def test_points_outside_the_window_change_nothing(isotherms: tuple[Isotherm, ...]) -> None:
    live = give(live_collapse(isotherms), isotherms)
    before = live.exponent()
    live.add([0, len(isotherms) - 1], [2e-3, 0.0], [0.2, 0.2], [0.0, 0.0])
    assert live.exponent().alpha == before.alpha
    assert live.exponent().points == before.points


def test_too_few_isotherms_so_far_are_refused(isotherms: tuple[Isotherm, ...]) -> None:
    live = give(live_collapse(isotherms), isotherms[:1])
    with pytest.raises(WindowError, match=r"1 isotherm.* so far"):
        live.exponent()


def test_flat_curves_are_refused(isotherms: tuple[Isotherm, ...]) -> None:
    live = live_collapse(isotherms)
    rng = np.random.default_rng(6)
    for index in range(4):
        flat = 0.11 + NOISE_S[index] * rng.standard_normal(80)
        live.add(index, np.linspace(-5e-4, 5e-4, 80), flat, np.arange(80.0))
    with pytest.raises(WindowError, match="not determined"):
        live.exponent()


def test_a_window_with_one_isotherm_is_refused() -> None:
    with pytest.raises(WindowError, match="holds 1 of the planned"):
        LiveCollapse(1e-3, [0.1, 3.0], PAPER, noise_S=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"corrections": Corrections(bias_offset_V="auto"), "noise_S": 1e-6}, "bias_offset_V"),
        ({}, "noise_S in siemens"),
        ({"noise_S": 0.0}, "noise_S"),
        ({"noise_S": 1e-6, "drift_S_per_sqrt_s": -1.0}, "drift_S_per_sqrt_s"),
    ],
)
def test_settings_that_no_point_can_mend_are_refused(options: dict, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        LiveCollapse(1e-3, [0.1, 0.2], PAPER, **options)


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ((2, 0.0, 0.1, 0.0), "isotherm 2"),
        ((0, np.nan, 0.1, 0.0), "bias_V"),
        ((0, [0.0, 1e-5, 2e-5], [0.1, 0.1], 0.0), "conductance_S has shape"),
    ],
)
def test_bad_points_are_refused(point: tuple, said: str) -> None:
    live = LiveCollapse(1e-3, [0.1, 0.2], PAPER, noise_S=1e-6)
    with pytest.raises(DataError, match=said):
        live.add(*point)


def test_series_resistance_needs_the_current() -> None:
    live = LiveCollapse(1e-3, [0.1, 0.2], PAPER, Corrections(series_ohm=1.0), 1e-6)
    with pytest.raises(DataError, match="current_A"):
        live.add(0, 1e-4, 0.1, 0.0)
