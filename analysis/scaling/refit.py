"""The same fit for other conductances at the same points: simulated sets, bootstrap resamples.

What costs time in a fit does not depend on the conductances. Once it is set up, a set costs one product with a matrix
of K rows an isotherm and a search for alpha, a fifth of a millisecond.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from analysis.errors import DataError
from analysis.scaling.likelihood import ExponentMinimum, Profile
from analysis.scaling.problem import Problem

Floats = NDArray[np.float64]

SETS_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class _Whitened:
    """One isotherm: what takes its data, less `centre_S` and over `error_S` (shape (n,)), to r = B'Wy and y'Wy.

    The first K rows of `projection` (shape (K + h, n)) are B'W; the others give the part of the data that levels and
    drift take away.
    """

    projection: Floats
    error_S: Floats
    centre_S: float
    gram: Floats


class Refit:
    """A fit that is set up for a problem and a drift rate.

    Parameters
    ----------
    problem : Problem
    drift_S2_per_s : float
    """

    def __init__(self, problem: Problem, drift_S2_per_s: float) -> None:
        self.problem = problem
        self.minimum = problem.profile(drift_S2_per_s).minimum()
        self._drift_S2_per_s = drift_S2_per_s
        self._isotherms = [_whitened(problem, index, drift_S2_per_s) for index in range(len(problem.isotherms))]
        self._template = Profile(problem.log_t, np.array([isotherm.gram for isotherm in self._isotherms]))

    def profiles(self, conductance_S: Sequence[Floats]) -> Iterator[Profile]:
        """Yield the profile of each set of data: one array of shape (n_i, sets) an isotherm, or (n_i,) for one set.

        Raises
        ------
        DataError
            If an array has not as many rows as its isotherm has points.
        """
        columns = [np.asarray(data, dtype=np.float64).reshape(len(data), -1) for data in conductance_S]
        for data, isotherm in zip(columns, self._isotherms, strict=True):
            if len(data) != isotherm.error_S.size:
                raise DataError(f"{len(data)} conductances for an isotherm of {isotherm.error_S.size} points")
        size = self._template.size
        for start in range(0, columns[0].shape[1], SETS_AT_ONCE):
            slopes, totals = [], 0.0
            for data, isotherm in zip(columns, self._isotherms, strict=True):
                scaled = (data[:, start : start + SETS_AT_ONCE] - isotherm.centre_S) / isotherm.error_S[:, None]
                products = isotherm.projection @ scaled
                slopes.append(products[:size])
                taken = products[size:]
                totals = totals + np.einsum("ij,ij->j", scaled, scaled) - np.einsum("ij,ij->j", taken, taken)
            stacked = np.array(slopes)
            for place, total in enumerate(np.atleast_1d(totals)):
                yield self._template.with_data(stacked[:, :, place], float(total))

    def minima(self, conductance_S: Sequence[Floats]) -> list[ExponentMinimum]:
        """Return the minimum of chi-square for each set of data, as `profiles` takes them."""
        return [profile.minimum(self.minimum.alpha) for profile in self.profiles(conductance_S)]

    def bootstrap(self, resamples: int, rng: np.random.Generator) -> Floats:
        """Return the exponents of resampled data, shape (resamples,): the fit plus its residuals, drawn anew.

        Residuals are drawn with replacement within an isotherm, in units of the points' errors; what the fit takes for
        drift stays. The spread is the error by noise, without Gaussian assumption.
        """
        fitted, residuals = zip(*self._fitted(), strict=True)
        alphas = []
        for start in range(0, resamples, SETS_AT_ONCE):
            count = min(SETS_AT_ONCE, resamples - start)
            data = [
                curve[:, None] + isotherm.error_S[:, None] * rng.choice(residual, size=(curve.size, count))
                for curve, residual, isotherm in zip(fitted, residuals, self._isotherms, strict=True)
            ]
            alphas += [minimum.alpha for minimum in self.minima(data)]
        return np.array(alphas)

    def _fitted(self) -> Iterator[tuple[Floats, Floats]]:
        """Yield fitted conductance and residual over error of each isotherm; residuals are as wide as the noise."""
        problem, minimum = self.problem, self.minimum
        misfit = minimum.chi2 / problem.degrees_of_freedom
        for index, isotherm in enumerate(problem.isotherms):
            scale = float(np.exp(minimum.alpha * problem.log_t[index]))
            functions = problem.functions(index, isotherm.temperature_K, problem.kernel_ratio(index))
            master = scale * functions @ minimum.coefficients
            error_S = self._isotherms[index].error_S
            slow = problem.slow[index].likeliest(isotherm.conductance_S - master, error_S, self._drift_S2_per_s)
            residual = (isotherm.conductance_S - master - slow) / error_S
            residual = residual - residual.mean()
            # a fit takes away a part of the noise; what is left is brought back to the size that chi-square tells
            yield master + slow, residual * np.sqrt(misfit / np.mean(residual**2))


def _whitened(problem: Problem, index: int, drift_S2_per_s: float) -> _Whitened:
    isotherm, slow = problem.isotherms[index], problem.slow[index]
    error_S = problem.noise_S[index] * problem.relative_errors[index]
    functions = problem.functions(index, isotherm.temperature_K, problem.kernel_ratio(index)) / error_S[:, None]
    ramps = slow.ramps * np.sqrt(drift_S2_per_s) if drift_S2_per_s > 0.0 else slow.ramps[:, :0]
    columns = np.hstack([slow.levels, ramps]) / error_S[:, None]
    prior = np.repeat([0.0, 1.0], [slow.levels.shape[1], ramps.shape[1]])
    root = np.linalg.cholesky(columns.T @ columns + np.diag(prior))
    taken = np.asarray(solve_triangular(root, columns.T, lower=True))
    without = functions.T - (functions.T @ taken.T) @ taken
    # the last row and column are the data's, which come later
    gram = np.zeros((functions.shape[1] + 1, functions.shape[1] + 1))
    gram[:-1, :-1] = without @ functions
    # levels take the mean anyway; without it sums of squares keep their digits
    return _Whitened(np.vstack([without, taken]), error_S, float(isotherm.conductance_S.mean()), gram)
