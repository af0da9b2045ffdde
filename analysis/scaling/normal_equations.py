"""Normal equations of one isotherm: sums of products that a point adds to, and their form without levels.

With W the inverse covariance of noise, free levels and drift, an isotherm enters a fit through B' W B, B' W y and
y' W y alone. Sums are kept unscaled by the noise, and a point adds to them in O(K^2).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK_ROWS = 96


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
