"""The exponent as a one-dimensional search: normal equations an isotherm, and their profile likelihood.

G = level + T^alpha F(v) + drift + noise. For equal exponents inside and outside F the basis of F depends on v alone,
so that an isotherm enters through S = B' W B, r = B' W y and y' W y, which do not depend on alpha: with t = T / T_gm

    M(alpha) = sum t^(2 alpha) S_i,   b(alpha) = sum t^alpha r_i,   chi2(alpha) = y'y - b' M^-1 b .

Drift has a random-walk prior and lives in the weight W, levels are eliminated exactly; both only change the inner
product, see `normal_equations`.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from analysis.errors import WindowError
from analysis.scaling.normal_equations import ReducedIsotherm

Floats = NDArray[np.float64]

# called directly: the checks of cho_factor and cho_solve cost more than the small systems here
_potrf, _potrs = get_lapack_funcs(("potrf", "potrs"), (np.zeros((1, 1)),))

RIDGE = 1e-12
SIGNAL_SIGMAS = 5.0


@dataclass(frozen=True, slots=True)
class ExponentMinimum:
    """Where the profile is lowest, and what it looks like there.

    `coefficients` (shape (K,)) are the master curve in units of S (T / T_gm)^alpha; `curvature` is half the second
    derivative of chi-square, so that the standard error is curvature^(-1/2); `explained` is the chi-square of the data
    that the master curve takes away.
    """

    alpha: float
    chi2: float
    curvature: float
    coefficients: Floats
    is_converged: bool
    explained: float = 0.0

    def is_determined(self, degrees_of_freedom: int) -> bool:
        """Say whether there is a minimum, and a signal: more than chance lets K free functions explain."""
        size = self.coefficients.size
        chance = size + SIGNAL_SIGMAS * (2.0 * size) ** 0.5
        return self.is_converged and self.explained > chance * max(1.0, self.chi2 / degrees_of_freedom)


class Profile:
    """Chi-square of alpha for a set of isotherms with known noise and drift.

    Parameters
    ----------
    log_temperature_ratio : array, shape (N,)
        ln(T_i / T_gm).
    grams : array, shape (N, K + 1, K + 1)
        Whitened Gram matrices of (functions, data), already divided by the noise variance.

    Attributes
    ----------
    size : int
        Number K of functions.
    reached : int
        Number of functions that some point reaches.
    """

    def __init__(self, log_temperature_ratio: Floats, grams: Floats) -> None:
        self.log_t = log_temperature_ratio
        size = grams.shape[1] - 1
        self._curvatures = grams[:, :size, :size].reshape(len(grams), -1)
        self._slopes = np.ascontiguousarray(grams[:, :size, size])
        self._total = float(grams[:, size, size].sum())
        self.size = size
        # rows: value, first and second derivative by alpha of the weights of M and of b, over the weights
        ones = np.ones_like(log_temperature_ratio)
        self._vector_factors = np.stack([ones, log_temperature_ratio, log_temperature_ratio**2])
        self._matrix_factors = self._vector_factors * np.array([[1.0], [2.0], [4.0]])
        diagonal = np.diagonal(grams, axis1=1, axis2=2)[:, :size].sum(axis=0)
        is_held = ~is_reached(diagonal)
        self.reached = size - int(is_held.sum())
        # functions that no point reaches (a gap in v, a sweep not finished) are held at zero
        self._ridge = np.diag(RIDGE * diagonal + np.where(is_held, diagonal.max(), 0.0))

    def with_data(self, slopes: Floats, total: float) -> "Profile":
        """Return the profile of other data at the same points: `slopes` r_i, shape (N, K), and the sum of y'Wy."""
        other = copy(self)
        other._slopes, other._total = slopes, total
        return other

    def solve(self, alpha: float) -> tuple[float, float, float, Floats]:
        """Return chi2, its slope and half its second derivative by alpha, and the coefficients at `alpha`."""
        scale = np.exp(alpha * self.log_t)
        weights = scale * scale * self._matrix_factors
        matrix, matrix1, matrix2 = (weights @ self._curvatures).reshape(3, self.size, self.size)
        vector, vector1, vector2 = (scale * self._vector_factors) @ self._slopes
        factor, info = _potrf(matrix + self._ridge)
        if info:
            raise WindowError("the master curve is not determined: too few points; widen the window")
        c = _potrs(factor, vector)[0]
        residual1 = vector1 - matrix1 @ c
        c1 = _potrs(factor, residual1)[0]
        chi2 = self._total - float(vector @ c)
        slope = float(-2.0 * c @ vector1 + c @ matrix1 @ c)
        half_second = float(-(c @ vector2) + 0.5 * c @ matrix2 @ c - c1 @ residual1)
        return chi2, slope, half_second, c

    def chi2(self, alphas: Floats) -> Floats:
        """Return chi-square at many values of alpha at once, shape (a,)."""
        scale = np.exp(alphas[:, None] * self.log_t)
        matrices = (scale * scale @ self._curvatures).reshape(-1, self.size, self.size) + self._ridge
        vectors = scale @ self._slopes
        return self._total - np.sum(vectors * np.linalg.solve(matrices, vectors[:, :, None])[:, :, 0], axis=1)

    def log_det_matrix(self, alpha: float) -> float:
        """Return ln det M(alpha), the restricted likelihood's price of the master curve."""
        squared = np.exp(2.0 * alpha * self.log_t)
        matrix = (squared @ self._curvatures).reshape(self.size, self.size) + self._ridge
        return float(np.linalg.slogdet(matrix)[1])

    def covariance(self, alpha: float) -> Floats:
        """Return the covariance of the coefficients at fixed alpha, shape (K, K)."""
        squared = np.exp(2.0 * alpha * self.log_t)
        matrix = (squared @ self._curvatures).reshape(self.size, self.size) + self._ridge
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)

    def joint_variance(self, minimum: ExponentMinimum) -> Floats:
        """Return the variances of the coefficients with alpha free, shape (K,)."""
        covariance = self.covariance(minimum.alpha)
        response = self._response(minimum.alpha, minimum.coefficients, covariance)
        return np.diag(covariance) + response**2 / minimum.curvature

    def _response(self, alpha: float, c: Floats, covariance: Floats) -> Floats:
        """Return the derivative of the best coefficients by alpha, shape (K,)."""
        scale = np.exp(alpha * self.log_t)
        vector1 = (self.log_t * scale) @ self._slopes
        matrix1 = ((2.0 * self.log_t * scale * scale) @ self._curvatures).reshape(self.size, self.size)
        return covariance @ (vector1 - matrix1 @ c)

    def minimum(self, start: float = 0.5, low: float = -1.0, high: float = 3.0) -> ExponentMinimum:
        """Find the lowest chi-square by Newton's method, guarded by a coarse search when it strays."""
        alpha = start
        for _ in range(30):
            chi2, slope, half_second, c = self.solve(alpha)
            if half_second <= 0.0:
                break
            step = -0.5 * slope / half_second
            # each step squares the distance, so after one of a millionth of an error there is nothing left to find
            if abs(step) < 1e-12 or step * step * half_second < 1e-12:
                return ExponentMinimum(alpha + step, chi2, half_second, c, True, self._total - chi2)
            alpha += float(np.clip(step, -0.3, 0.3))
            if not low < alpha < high:
                break
        return self._coarse_minimum(low, high)

    def _coarse_minimum(self, low: float, high: float) -> ExponentMinimum:
        """Zoom in on the lowest of a grid; converged only if that is a minimum inside the range."""
        bottom, top = low, high
        alpha = low
        for _ in range(12):
            grid = np.linspace(low, high, 21)
            best = int(np.argmin(self.chi2(grid)))
            alpha = float(grid[best])
            low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 20)])
        chi2, _, half_second, c = self.solve(alpha)
        is_inside = bottom + 1e-6 < alpha < top - 1e-6
        return ExponentMinimum(alpha, chi2, half_second, c, half_second > 0.0 and is_inside, self._total - chi2)

    def crossing(self, minimum: ExponentMinimum, rise: float, side: int) -> float:
        """Return the alpha on one `side` (+1, -1) where chi2 has risen by `rise` above the minimum."""
        if minimum.curvature <= 0.0:
            raise WindowError("alpha is not determined: chi-square has no minimum; widen the window")
        alpha = minimum.alpha + side * (rise / minimum.curvature) ** 0.5
        for _ in range(30):
            chi2, slope, half_second, _ = self.solve(alpha)
            excess = chi2 - minimum.chi2 - rise
            if slope * side <= 0.0:
                break
            # Halley's step, which cubes the relative distance
            step = -excess * slope / (slope * slope - excess * half_second)
            alpha += step
            if abs(step) < 3e-3 * abs(alpha - minimum.alpha):
                break
        return alpha


def is_reached(diagonal: Floats) -> NDArray[np.bool_]:
    """Say which functions some point reaches, from the sums of their squares, shape (K,)."""
    return diagonal > RIDGE * diagonal.max()


def profile_of(
    reduced: Sequence[ReducedIsotherm], log_t: Floats, noise_S: Floats, drift_S2_per_s: float
) -> tuple[Profile, float]:
    """Return the profile for a noise (shape (N,)) and a drift rate, and ln det of the whole covariance."""
    grams, log_dets = [], 0.0
    for isotherm, noise in zip(reduced, noise_S, strict=True):
        gram, log_det = isotherm.at_drift(drift_S2_per_s / noise**2)
        grams.append(gram / noise**2)
        log_dets += log_det
    return Profile(log_t, np.array(grams)), log_dets
