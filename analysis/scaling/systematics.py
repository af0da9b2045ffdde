"""What besides noise moves alpha: thermometer, excitation and window, each by refitting with it changed."""

import numpy as np
from numpy.typing import NDArray

from analysis.scaling.likelihood import ExponentMinimum
from analysis.scaling.problem import Problem

Floats = NDArray[np.float64]

EXCITATION_ACCURACY = 0.02
CORRELATION_LENGTHS = (0.5, 1.0, 2.0)
NARROWER_BIAS = 0.7
INNER_PART = 0.5
THERMOMETER_MOVE = 0.005


def temperature_error(problem: Problem, drift_S2_per_s: float, alpha: float, accuracy: float) -> float:
    """Return the error of alpha for a thermometer wrong by `accuracy` (1 sigma) on each isotherm.

    Errors may be independent or a smooth function of ln T, as a calibration curve's are: the worst of independent,
    correlated over 0.5, 1 and 2 in ln T, and linear in ln T is taken. An error common to all cancels in alpha.
    """
    if accuracy == 0.0:
        return 0.0
    shifts = np.array(
        [
            problem.perturbed_profile(index, drift_S2_per_s, temperature_factor=1.0 + accuracy).minimum(alpha).alpha
            - alpha
            for index in range(len(problem.isotherms))
        ]
    )
    return float(np.sqrt(max(shifts @ shifts, smooth_variance(shifts[:, None], problem.log_t)[0, 0])))


def smooth_variance(shifts: Floats, log_temperature: Floats) -> Floats:
    """Return the covariance, shape (m, m), of what moves by `shifts`, shape (N, m), for a thermometer's 1-sigma error.

    The error is a smooth function of ln T: correlated over 0.5, 1 or 2, or linear; the one with the largest trace.
    """
    log_t = log_temperature - log_temperature.mean()
    distance = log_t[:, None] - log_t
    correlations = [np.exp(-0.5 * (distance / length) ** 2) for length in CORRELATION_LENGTHS]
    correlations.append(np.outer(log_t, log_t) / np.var(log_t))
    return max((shifts.T @ correlation @ shifts for correlation in correlations), key=np.trace)


def excitation_error(problem: Problem, drift_S2_per_s: float, alpha: float) -> float:
    """Return the error of alpha for an excitation wrong by 2 % on each isotherm, independently; 0 if unknown.

    Where the kernel is not in the basis, because w is the same everywhere, the change is folded in on its own: widths
    of kernels add in squares.
    """
    if problem.ratios is None:
        return 0.0
    factor = 1.0 + EXCITATION_ACCURACY
    if not problem.is_kernel_applied:
        factor = float(np.sqrt(factor**2 - 1.0))
    shifts = [
        problem.perturbed_profile(index, drift_S2_per_s, ratio=float(ratio) * factor).minimum(alpha).alpha - alpha
        for index, ratio in enumerate(problem.ratios)
    ]
    return float(np.sqrt(np.sum(np.square(shifts))))


def window_error(problem: Problem, drift_S2_per_s: float, minimum: ExponentMinimum, misfit: float) -> float:
    """Return the movement of alpha over narrower windows, less what noise explains.

    The windows leave out the warmest isotherm, the coldest one, or the outer 30 % of the bias. The variance of a
    difference between a part and the whole is the difference of their variances.
    """
    excesses = []
    for part in _narrower(problem):
        inner = part.profile(drift_S2_per_s).minimum(minimum.alpha)
        if inner.is_converged and inner.curvature > 0.0:
            expected = misfit * max(0.0, 1.0 / inner.curvature - 1.0 / minimum.curvature)
            excesses.append((inner.alpha - minimum.alpha) ** 2 - expected)
    return float(np.sqrt(max(0.0, np.mean(excesses)))) if excesses else 0.0


def inner_move(problem: Problem, drift_S2_per_s: float, minimum: ExponentMinimum) -> tuple[float, float] | None:
    """Return how far alpha of the inner half of the window lies above that of the whole, and the error of that.

    Half the temperature and half the bias; `problem` is that without the departure towards the Kondo temperature. A
    departure of another kind than was taken out shows here though chi-square does not see it. None if the inner half
    does not determine alpha.
    """
    limit_K = INNER_PART * problem.isotherms[-1].temperature_K
    limit_V = INNER_PART * max(float(np.abs(isotherm.bias_V).max()) for isotherm in problem.isotherms)
    part = problem.restricted(
        [(np.abs(own.bias_V) <= limit_V) & (own.temperature_K <= limit_K) for own in problem.isotherms]
    )
    inner = None if part is None else part.profile(drift_S2_per_s).minimum(minimum.alpha)
    if inner is None or not inner.is_converged or inner.curvature <= 0.0:
        return None
    variance = max(1.0 / inner.curvature - 1.0 / minimum.curvature, 0.0) + THERMOMETER_MOVE**2
    return inner.alpha - minimum.alpha, float(np.sqrt(variance))


def _narrower(problem: Problem) -> list[Problem]:
    whole = [np.ones(isotherm.bias_V.size, dtype=bool) for isotherm in problem.isotherms]
    bias_max_V = max(float(np.abs(isotherm.bias_V).max()) for isotherm in problem.isotherms)
    inner = [np.abs(isotherm.bias_V) <= NARROWER_BIAS * bias_max_V for isotherm in problem.isotherms]
    none = [np.zeros_like(rows) for rows in whole]
    choices = [inner]
    if len(whole) > 2:
        choices += [[*whole[:-1], none[-1]], [none[0], *whole[1:]]]
    return [part for part in (problem.restricted(rows) for rows in choices) if part is not None]
