"""The output filter of a lock-in: equal RC stages in a row, as a pure function of its past input.

Step response of n stages: ``P(n, x) = 1 - exp(-x) sum_(k<n) x^k / k!`` at age x in time constants (the regularised
incomplete gamma function). Equivalent noise bandwidths: SR830 manual page 3-25.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.noise import Noise

Floats = NDArray[np.float64]

MEMORY: Final = 20.0
"""Age in time constants beyond which a step has settled to 4e-6 even through four stages."""

# stages -> ENBW times time constant, noise cells a time constant, memory of the noise in time constants. One stage has
# a sharp front and needs fine cells. So chosen, the variance is within 0.4 % of the exact one at every instant.
_ENBW: Final = {1: 1 / 4, 2: 1 / 8, 3: 3 / 32, 4: 5 / 64}
_NOISE_CELLS: Final = {1: 96, 2: 8, 3: 3, 4: 2}
_NOISE_MEMORY: Final = {1: 10, 2: 12, 3: 12, 4: 14}
_NOISE_NORM: Final = {1: 0.99655, 2: 0.99876, 3: 0.99694, 4: 0.99587}
"""Mean variance of the cells' sum over that of continuous noise (computed)."""


@dataclass(frozen=True, slots=True)
class OutputFilter:
    """A chain of equal RC stages.

    Attributes
    ----------
    stages
        1 to 4, for 6 to 24 dB an octave.
    time_constant_s
        Of each stage.
    """

    stages: int
    time_constant_s: float

    @property
    def enbw_Hz(self) -> float:
        """Return the equivalent noise bandwidth."""
        return _ENBW[self.stages] / self.time_constant_s

    @property
    def delay_s(self) -> float:
        """Return the mean delay: a linear drift comes out as it was so long ago."""
        return self.stages * self.time_constant_s

    def step_response(self, age_s: Floats) -> Floats:
        """Return how much of a step is through after `age_s`, shape as `age_s`."""
        age = np.asarray(age_s) / self.time_constant_s
        if self.stages == 1:
            return 1.0 - np.exp(-age)
        tail = age / (self.stages - 1)
        tail += 1.0
        for k in range(self.stages - 2, 0, -1):
            tail *= age
            if k > 1:
                tail /= k
            tail += 1.0
        tail *= np.exp(-age)
        return 1.0 - tail

    def weights(self, edge_ages_s: Floats) -> Floats:
        """Return the weights of cells of constant input in the output.

        Parameters
        ----------
        edge_ages_s : array, shape (N,)
            How long ago the cells ended, descending to zero; the first cell reaches back without end.

        Returns
        -------
        array, shape (N,)
            Their sum is one.
        """
        through = self.step_response(edge_ages_s)
        return np.concatenate(([1.0], through[:-1])) - through

    def noise(self, source: Noise, time_s: float) -> complex:
        """Return filtered white noise of unit density (one-sided, per root hertz) at `time_s`, in X and in Y."""
        cells, kernel = _NOISE_CELLS[self.stages], _NOISE_KERNEL[self.stages]
        place = time_s / self.time_constant_s * cells
        newest = math.floor(place)
        # even samples are X, odd ones Y; the newest cell comes last
        count = kernel.shape[1]
        drawn = source.stretch(2 * (newest - count + 1), 2 * count).reshape(count, 2)
        x, y = drawn[-1].tolist()
        age = (place - newest) / cells
        factor = math.exp(-age)
        for power, (row_x, row_y) in enumerate((kernel @ drawn).tolist(), 1):
            x += factor * row_x
            y += factor * row_y
            factor *= age / power
        # a cell's variance is half the density over its length
        return complex(x, y) * math.sqrt(0.5 * cells / self.time_constant_s / _NOISE_NORM[self.stages])


def _noise_kernel(stages: int) -> Floats:
    """Return what makes the cells' weights in the output, shape (stages, cells), the newest cell last.

    What of a step of age ``a + d`` is still to come is ``exp(-d) sum_j d^j / j! E_j(a)`` with
    ``E_j(a) = exp(-a) sum_(k < n - j) a^k / k!``: in the cells' ages a once for all, in the part d of the newest cell
    that is over when it is asked for.
    """
    age = np.arange(_NOISE_MEMORY[stages] * _NOISE_CELLS[stages]) / _NOISE_CELLS[stages]
    terms = np.array([age**k * np.exp(-age) / math.factorial(k) for k in range(stages)])
    to_come = np.cumsum(terms, axis=0)[::-1]
    return -np.diff(to_come, axis=1, prepend=0.0)[:, ::-1].copy()


_NOISE_KERNEL: Final = {stages: _noise_kernel(stages) for stages in _ENBW}
