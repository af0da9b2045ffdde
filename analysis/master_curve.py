"""The free master curve: an even cubic B-spline in asinh(v), v = eV / kB T.

asinh is linear near zero, where the curve bends on the scale of v = 1, and logarithmic beyond, where it is a power
law; knots uniform in it resolve both with a dozen functions. The curve is even in V by construction: what is odd in
the data (bias offset, asymmetry of the contact) stays in the residuals, where chi-square sees it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

Floats = NDArray[np.float64]

KNOT_SPACING = 0.42
RANGE_MARGIN = 1.02
MINIMUM_INTERVALS = 4
KERNEL_NODES = 16


@dataclass(frozen=True, slots=True)
class MasterBasis:
    """Functions of v that span the master curve up to a constant.

    The B-splines add up to one, and a constant is what the free offset of an isotherm takes, so the function at the
    centre is left out: `size` functions remain, none of them degenerate with an offset.

    Attributes
    ----------
    maximum_v : float
        Largest |v| the basis reaches; constant extrapolation does not happen, the rule below leaves a margin.
    intervals : int
        Knot intervals between v = 0 and `maximum_v`, of equal length in asinh(v).
    """

    maximum_v: float
    intervals: int

    @classmethod
    def for_range(cls, maximum_v: float) -> "MasterBasis":
        """Return the basis for |v| up to `maximum_v`: one rule for batch and live, from the plan or from the data."""
        reach = float(np.arcsinh(RANGE_MARGIN * maximum_v))
        return cls(RANGE_MARGIN * maximum_v, max(MINIMUM_INTERVALS, int(np.ceil(reach / KNOT_SPACING))))

    @property
    def size(self) -> int:
        """Number of functions."""
        return self.intervals + 1

    def evaluate(self, reduced_bias: Floats, derivative: int = 0) -> Floats:
        """Return the functions at v, or their derivative by asinh(v): array of shape (n, size)."""
        step = float(np.arcsinh(self.maximum_v)) / self.intervals
        places = np.arcsinh(reduced_bias)
        # beyond the margin (a kernel reaching out) the last polynomial goes on; the folded spline is even, so the
        # sign only matters for derivatives
        knots = step * np.arange(-self.intervals - 3, self.intervals + 4)
        full = BSpline(knots, np.eye(2 * self.intervals + 3), 3, extrapolate=True)
        values = full(places, nu=derivative)
        middle = self.intervals + 1
        return values[:, middle + 1 :] + values[:, middle - 1 :: -1]

    def averaged(self, reduced_bias: Floats, excitation_ratio: float) -> Floats:
        """Return the functions as a lock-in sees them, shape (n, size).

        The first harmonic under a peak excitation w (in kB T / e) is the mean of the function over the weight
        (2/pi) sqrt(1 - u^2) at v + w u, by the Gauss-Chebyshev rule of the second kind (to 1e-3 of one spline, better
        for a smooth sum of them).
        """
        if excitation_ratio == 0.0:
            return self.evaluate(reduced_bias)
        shifts, weights = first_harmonic_rule(KERNEL_NODES)
        return sum(
            (
                weight * self.evaluate(reduced_bias + excitation_ratio * shift)
                for shift, weight in zip(shifts, weights, strict=True)
            ),
            start=np.zeros((reduced_bias.size, self.size)),
        )


def first_harmonic_rule(nodes: int) -> tuple[Floats, Floats]:
    """Return nodes on (-1, 1) and weights (sum 1) of the first-harmonic average."""
    angle = np.pi * np.arange(1, nodes + 1) / (nodes + 1)
    return np.cos(angle), 2.0 / (nodes + 1) * np.sin(angle) ** 2
