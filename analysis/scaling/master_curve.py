"""The free master curve: an even cubic B-spline in asinh(v), v = eV / kB T.

asinh is linear near zero, where the curve bends on the scale of v = 1, and logarithmic beyond, where it is a power
law; knots uniform in it resolve both with a dozen functions. The knots are the same for all data, only how many there
are depends on the reach in v; so a fit while the run goes on, whose reach comes from the plan, has the functions of the
fit of the finished run. The curve is even in V by construction: what is odd in the data (bias offset, asymmetry of the
contact) stays in the residuals, where chi-square sees it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KNOT_SPACING = 0.42
RANGE_MARGIN = 1.02
MINIMUM_INTERVALS = 4
KERNEL_NODES = 16
BLOCK_ROWS = 64


@dataclass(frozen=True, slots=True)
class MasterBasis:
    """Functions of v that span the master curve up to a constant.

    The B-splines add up to one, and a constant is what the free offset of an isotherm takes, so the function at the
    centre is left out: `size` functions remain, none of them degenerate with an offset.

    Attributes
    ----------
    step : float
        Distance of the knots in asinh(v).
    intervals : int
        Knot intervals between v = 0 and the largest |v| the basis reaches.
    """

    step: float
    intervals: int

    @classmethod
    def for_range(cls, maximum_v: float) -> "MasterBasis":
        """Return the basis for |v| up to `maximum_v`, with a margin; one rule for batch and live, plan and data.

        A reach below four of the usual steps gets four shorter ones.
        """
        reach = float(np.arcsinh(RANGE_MARGIN * maximum_v))
        intervals = max(MINIMUM_INTERVALS, int(np.ceil(reach / KNOT_SPACING)))
        return cls(min(KNOT_SPACING, reach / MINIMUM_INTERVALS), intervals)

    @property
    def size(self) -> int:
        """Number of functions."""
        return self.intervals + 1

    @property
    def maximum_v(self) -> float:
        """Largest |v| the basis reaches."""
        return float(np.sinh(self.step * self.intervals))

    def evaluate(self, reduced_bias: Floats, derivative: int = 0) -> Floats:
        """Return the functions at v, or their first derivative by asinh(v): array of shape (n, size)."""
        places = np.arcsinh(reduced_bias) / self.step
        distance = np.abs(places)
        # beyond the margin (a kernel reaching out) the last polynomial goes on
        cell = np.minimum(distance.astype(np.int64), self.intervals - 1)
        f = distance - cell
        g = 1.0 - f
        if derivative:
            slope = np.sign(places) / self.step
            pieces = -0.5 * g * g, (1.5 * f - 2.0) * f, (0.5 + f) - 1.5 * f * f, 0.5 * f * f
            pieces = tuple(slope * piece for piece in pieces)
        else:
            f3, g3 = f * f * f / 6.0, g * g * g / 6.0
            middle = 2.0 / 3.0 - f * f + 3.0 * f3
            pieces = g3, middle, 1.0 - g3 - middle - f3, f3
        values = np.zeros((distance.size, self.intervals + 2))
        row = np.arange(distance.size)
        for offset, piece in enumerate(pieces, start=-1):
            # the function left of the centre is the one right of it, mirrored
            values[row, np.abs(cell + offset)] += piece
        return values[:, 1:]

    def averaged(self, reduced_bias: Floats, excitation_ratio: float) -> Floats:
        """Return the functions as a lock-in sees them, shape (n, size).

        The first harmonic under a peak excitation w (in kB T / e) is the mean of the function over the weight
        (2/pi) sqrt(1 - u^2) at v + w u, by the Gauss-Chebyshev rule of the second kind (to 1e-3 of one spline, better
        for a smooth sum of them).
        """
        if excitation_ratio == 0.0:
            return self.evaluate(reduced_bias)
        shifts, weights = first_harmonic_rule(KERNEL_NODES)
        values = np.empty((reduced_bias.size, self.size))
        # in blocks that stay in the processor's cache
        for start in range(0, reduced_bias.size, BLOCK_ROWS):
            v = reduced_bias[start : start + BLOCK_ROWS]
            spread = self.evaluate((v + excitation_ratio * shifts[:, None]).ravel())
            values[start : start + BLOCK_ROWS] = np.tensordot(weights, spread.reshape(KERNEL_NODES, v.size, -1), axes=1)
        return values


def first_harmonic_rule(nodes: int) -> tuple[Floats, Floats]:
    """Return nodes on (-1, 1) and weights (sum 1) of the first-harmonic average."""
    angle = np.pi * np.arange(1, nodes + 1) / (nodes + 1)
    return np.cos(angle), 2.0 / (nodes + 1) * np.sin(angle) ** 2
