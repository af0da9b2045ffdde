"""The exponent of a scaling collapse, [G(V,T) - G(0,T)] / T^alpha = F(eV / kB T), and how surely it is known.

A profile likelihood: cubic-spline master curve in asinh(v), one free offset an isotherm instead of a noisy G(0, T),
drift in the covariance. It reaches 1.03 times the Cramer-Rao bound, and its intervals are calibrated. What noise does
not cause is found by refitting with it changed, see `systematics` and `crossover`; total error = all of them.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.corrections import AppliedCorrections, Corrections, correct_isotherm
from analysis.curves import Curves, Isotherm, Window
from analysis.errors import WindowError
from analysis.fit_result import (
    DeviationCurve,
    ExponentFit,
    IsothermFit,
    Systematic,
)
from analysis.scaling.bias_offset import estimate_bias_offset
from analysis.scaling.crossover import crossover_error, find_crossover, wider_windows
from analysis.scaling.deviation import deviation_curve
from analysis.scaling.likelihood import ExponentMinimum
from analysis.scaling.problem import Problem, make_problem, solve_with_drift
from analysis.scaling.profile_curves import interval_95, likelihood_profile, master_curve, refuse_undetermined
from analysis.scaling.systematics import excitation_error, inner_move, temperature_error, window_error
from analysis.scaling.window_choice import choose_window

__all__ = ["Corrections", "ExponentFit", "Window", "fit_exponent"]

Floats = NDArray[np.float64]

NOTABLE_MOVE = 3.0


def fit_exponent(
    curves: Curves, window: Window | None = None, corrections: Corrections | None = None, *, field_T: float = 0.0
) -> ExponentFit:
    """Fit alpha to the isotherms inside `window`; without one, choose it by the stability of alpha.

    Parameters
    ----------
    curves : Curves
    window : Window or None
        None lets the program choose at `field_T` (`reason` of the result says how).
    corrections : Corrections or None
        None is the default `Corrections()`.
    field_T : float
        Field of the isotherms where the window is chosen; a given window has its own.

    Raises
    ------
    WindowError
        For one isotherm, no overlap in v, too few points, or an alpha that the data do not determine.
    DataError, ModelError
        For a field without data, or corrections outside their domain.
    """
    corrections = Corrections() if corrections is None else corrections
    raw = curves.isotherms(field_T if window is None else window.field_T)
    offset_V, offset_error_V = corrections.bias_offset_V, None
    if offset_V == "auto":
        offset_V, offset_error_V = estimate_bias_offset(raw)
    isotherms = tuple(correct_isotherm(isotherm, corrections, float(offset_V)) for isotherm in raw)
    reason = "given"
    if window is None:
        window, reason = choose_window(isotherms, corrections)

    measured = make_problem(isotherms, window, corrections)
    drift, plain = solve_with_drift(measured, corrections)
    refuse_undetermined(plain, measured.degrees_of_freedom, len(measured.isotherms), measured.points)
    wider = _wider_problems(isotherms, window, corrections)
    crossover, problem = find_crossover(measured, wider, drift, plain)
    profile = problem.profile(drift)
    minimum = profile.minimum(plain.alpha)
    chi2_per_dof = minimum.chi2 / problem.degrees_of_freedom
    misfit = max(1.0, chi2_per_dof)
    quiet = problem.profile(0.0).solve(minimum.alpha)[2]
    statistical = float(np.sqrt(misfit / max(quiet, minimum.curvature)))
    systematic = Systematic(
        temperature_error(problem, drift, minimum.alpha, corrections.temperature_accuracy_fraction),
        float(np.sqrt(max(0.0, misfit / minimum.curvature - statistical**2))),
        excitation_error(problem, drift, minimum.alpha),
        window_error(problem, drift, minimum, misfit),
        crossover_error(crossover),
    )
    return ExponentFit(
        alpha=minimum.alpha,
        error=float(np.hypot(statistical, systematic.total())),
        interval95=systematic.widened(interval_95(profile, minimum, misfit), minimum.alpha),
        statistical=statistical,
        systematic=systematic,
        chi2_per_dof=chi2_per_dof,
        degrees_of_freedom=problem.degrees_of_freedom,
        points_used=problem.points,
        isotherms_used=len(problem.isotherms),
        window=window,
        reason=reason,
        profile=likelihood_profile(profile, minimum, misfit),
        d_of_alpha=_deviation(measured),
        master_curve=master_curve(
            problem.basis,
            profile,
            minimum,
            misfit=misfit,
            reference_K=problem.reference_K,
            reach=problem.reach,
        ),
        isotherms=_isotherm_fits(problem, drift, minimum),
        crossover=crossover,
        corrections=AppliedCorrections(
            corrections.series_ohm,
            float(offset_V),
            offset_error_V,
            _excitations(problem.isotherms),
            problem.is_kernel_applied,
            corrections.electron_base_K,
            corrections.temperature_accuracy_fraction,
            None if isotherms[0].time_s is None else float(np.sqrt(drift)),
            problem.noise_source,
            corrections.voltage_noise_Vrms,
        ),
        is_converged=minimum.is_converged,
        caution=_caution(problem, drift, minimum),
    )


def _caution(problem: Problem, drift: float, minimum: ExponentMinimum) -> str:
    """Return what to beware of if alpha of the inner half of the window is another one; else nothing."""
    found = inner_move(problem, drift, minimum)
    if found is None or abs(found[0]) <= NOTABLE_MOVE * found[1]:
        return ""
    move, error = found
    return (
        f"alpha is {minimum.alpha + move:.3f} in the inner half of this window, {abs(move) / error:.1f} sigma from "
        "that of the whole: a departure of another form than was taken out; choose a smaller window, or doubt the error"
    )


def _wider_problems(isotherms: Sequence[Isotherm], window: Window, corrections: Corrections) -> Iterator[Problem]:
    return (make_problem(isotherms, wide, corrections) for wide in wider_windows(window))


def _isotherm_fits(problem: Problem, drift: float, minimum: ExponentMinimum) -> tuple[IsothermFit, ...]:
    fits = []
    for index, isotherm in enumerate(problem.isotherms):
        scale = float(np.exp(minimum.alpha * problem.log_t[index]))
        functions = problem.functions(index, isotherm.temperature_K, problem.kernel_ratio(index))
        rest = isotherm.conductance_S - scale * functions @ minimum.coefficients
        noise = problem.noise_S[index] * problem.relative_errors[index]
        slow = problem.slow[index].likeliest(rest, noise, drift)
        at_zero = scale * float(
            (problem.basis.averaged(np.zeros(1), problem.kernel_ratio(index)) @ minimum.coefficients)[0]
        )
        gram = problem.reduced[index].at_drift(drift / problem.noise_S[index] ** 2)[0] / problem.noise_S[index] ** 2
        weights = np.append(scale * minimum.coefficients, -1.0)
        error = isotherm.conductance_error_S
        fits.append(
            IsothermFit(
                isotherm.temperature_K,
                isotherm.bias_V.size,
                float(slow.mean()) + at_zero,
                float(problem.noise_S[index]),
                None if error is None else float(np.median(error)),
                float(np.std(rest - slow)),
                float(weights @ gram @ weights),
            )
        )
    return tuple(fits)


def _deviation(problem: Problem) -> DeviationCurve | None:
    try:
        return deviation_curve(problem.isotherms)
    except WindowError:
        # eq 24 needs curves through zero bias; the likelihood does not
        return None


def _excitations(isotherms: Sequence[Isotherm]) -> tuple[float, ...] | None:
    values = [float(np.mean(i.excitation_Vrms)) for i in isotherms if i.excitation_Vrms is not None]
    return tuple(values) if len(values) == len(isotherms) else None
