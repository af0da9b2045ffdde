"""The exponent as a one-dimensional search: normal equations an isotherm, and their profile likelihood.

G = level + T^alpha F(v) + drift + noise. For equal exponents inside and outside F the basis of F depends on v alone,
so that an isotherm enters through S = B' W B, r = B' W y and y' W y, which do not depend on alpha: with t = T / T_gm

    M(alpha) = sum t^(2 alpha) S_i,   b(alpha) = sum t^alpha r_i,   chi2(alpha) = y'y - b' M^-1 b .

Drift has a random-walk prior and lives in the weight W (Woodbury), levels are eliminated exactly; both only change
the inner product. Sums are kept unscaled by the noise, and a point adds to them in O(K^2).
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotrs

from analysis.errors import WindowError

Floats = NDArray[np.float64]

RIDGE = 1e-12
BLOCK_ROWS = 96
SIGNAL_SIGMAS = 5.0


class NormalEquations:
    """Sums of products of one isotherm: levels, drift ramps, basis functions and data.

    Parameters
    ----------
    levels, ramps, functions : int
        Numbers of free constants, of drift ramps with unit prior variance, and of basis functions.
    """

    def __init__(self, levels: int, ramps: int, functions: int) -> None:
        self.levels = levels
        self.ramps = ramps
        self.functions = functions
        self.count = 0
        size = levels + ramps + functions + 1
        self.products = np.zeros((size, size))

    def add(self, design: Floats, data: Floats, relative_error: Floats | float = 1.0) -> None:
        """Add points: `design` of shape (n, levels + ramps + functions), `data` of shape (n,), in siemens.

        `relative_error` is the standard error of each point in units of the isotherm's noise (shape (n,) or scalar).
        """
        errors = np.broadcast_to(np.asarray(relative_error, dtype=np.float64), data.shape)
        rows = np.column_stack([design, data]) / errors[:, None]
        # small blocks stay below the size at which BLAS starts threads, which here cost ten times what they save
        for start in range(0, len(rows), BLOCK_ROWS):
            block = rows[start : start + BLOCK_ROWS]
            self.products += block.T @ block
        self.count += data.size

    def change_ramps(self, constant: Floats, old_ramps: Floats) -> None:
        """Put other ramps in the place of the old ones, whose values at all points so far are linear in the old.

        Parameters
        ----------
        constant : array, shape (m,)
            Share of the single level in each new ramp.
        old_ramps : array, shape (m_old, m)
            Shares of the old ramps.
        """
        first, last = self.levels, self.levels + self.ramps
        self.ramps = constant.size
        size = first + self.ramps + self.functions + 1
        change = np.zeros((len(self.products), size))
        change[:first, :first] = np.eye(first)
        change[:first, first : first + self.ramps] = constant
        change[first:last, first : first + self.ramps] = old_ramps
        change[last:, first + self.ramps :] = np.eye(self.functions + 1)
        self.products = change.T @ self.products @ change

    def whitened(self, drift_to_noise: float) -> Floats:
        """Return the Gram matrix of (functions, data) for one drift rate in units of noise^2, levels eliminated.

        What `eliminate_levels().at_drift(...)` returns, for a tenth of the cost if only one rate is of interest.
        """
        slow, head = self._slow_part(drift_to_noise)
        first = self.levels + self.ramps
        cross = self.products[slow, first:]
        return self.products[first:, first:] - cross.T @ np.linalg.solve(head, cross)

    def mean_slow(self, coefficients: Floats, drift_to_noise: float) -> float:
        """Return the mean over the points of the likeliest level plus drift, given those of the functions.

        For a single level, whose column is one everywhere.
        """
        slow, head = self._slow_part(drift_to_noise)
        first = self.levels + self.ramps
        rest = self.products[slow, -1] - self.products[slow, first:-1] @ coefficients
        return float(self.products[0, slow] @ np.linalg.solve(head, rest) / self.products[0, 0])

    def _slow_part(self, drift_to_noise: float) -> tuple[slice, Floats]:
        """Return which columns are levels and ramps that count, and their normal matrix with the prior of the drift."""
        if drift_to_noise == 0.0:
            return slice(0, self.levels), self.products[: self.levels, : self.levels]
        last = self.levels + self.ramps
        prior = np.repeat([0.0, 1.0 / drift_to_noise], [self.levels, self.ramps])
        return slice(0, last), self.products[:last, :last] + np.diag(prior)

    def eliminate_levels(self) -> "ReducedIsotherm":
        """Project the levels out and diagonalise the ramps: the form in which any drift amplitude is cheap."""
        g, m = self.levels, self.ramps
        head, cross = self.products[:g, :g], self.products[:g, g:]
        rest = self.products[g:, g:] - cross.T @ np.linalg.solve(head, cross)
        if m == 0:
            return ReducedIsotherm(self.count, g, np.zeros(0), np.zeros((0, self.functions + 1)), rest)
        stiffness, axes = np.linalg.eigh(rest[:m, :m])
        return ReducedIsotherm(self.count, g, np.maximum(stiffness, 0.0), axes.T @ rest[:m, m:], rest[m:, m:])


@dataclass(frozen=True, slots=True)
class ReducedIsotherm:
    """An isotherm without its levels: Gram matrix of (functions, data) and the drift's eigenmodes."""

    count: int
    levels: int
    stiffness: Floats
    mode_products: Floats
    products: Floats

    def at_drift(self, drift_to_noise: float) -> tuple[Floats, float]:
        """Return the Gram matrix whitened for a drift variance rate in units of noise^2, and ln det of the covariance.

        Woodbury: (1 + q R R')^-1 = 1 - R (1/q + R'R)^-1 R', diagonal in the eigenmodes.
        """
        if drift_to_noise == 0.0 or self.stiffness.size == 0:
            return self.products, 0.0
        damping = drift_to_noise / (1.0 + drift_to_noise * self.stiffness)
        gram = self.products - self.mode_products.T @ (damping[:, None] * self.mode_products)
        return gram, float(np.log1p(drift_to_noise * self.stiffness).sum())

    def combined(self, change: Floats) -> "ReducedIsotherm":
        """Return the isotherm with other functions and data: linear combinations of these, the columns of `change`."""
        return replace(self, mode_products=self.mode_products @ change, products=change.T @ self.products @ change)


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
        factor, info = dpotrf(matrix + self._ridge)
        if info:
            raise WindowError("the master curve is not determined: too few points; widen the window")
        c = dpotrs(factor, vector)[0]
        residual1 = vector1 - matrix1 @ c
        c1 = dpotrs(factor, residual1)[0]
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
            if abs(step) < 1e-12 or step * step * half_second < 1e-20:
                return ExponentMinimum(alpha, chi2, half_second, c, True, self._total - chi2)
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
            chi2, slope, _, _ = self.solve(alpha)
            excess = chi2 - minimum.chi2 - rise
            if slope * side <= 0.0:
                break
            # Newton on the square root of the rise, which is nearly linear in alpha
            root = max(excess + rise, 0.0) ** 0.5
            step = (rise**0.5 - root) * 2.0 * max(root, 1e-9) / slope
            alpha += step
            # each step squares the error, so the next one would be a hundred-millionth of the distance
            if abs(step) < 1e-4 * abs(alpha - minimum.alpha):
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
