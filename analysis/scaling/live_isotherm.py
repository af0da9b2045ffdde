"""One isotherm of the live collapse: its normal equations, which take a point in O(K^2) and forget it."""

import numpy as np
from numpy.typing import NDArray

from analysis.quantities import reduced_bias
from analysis.scaling.master_curve import MasterBasis
from analysis.scaling.normal_equations import NormalEquations, ReducedIsotherm
from analysis.scaling.stretches import Stretches

Floats = NDArray[np.float64]


class LiveIsotherm:
    """Sums over the points taken so far; neither their size nor the cost of a point depends on how many there are.

    Parameters
    ----------
    basis : MasterBasis
    temperature_K : float
        Of the electrons.
    kernel_ratio : float
        Excitation ratio w that the basis is averaged over; 0 for none.

    Attributes
    ----------
    reduced_range : tuple of float
        Smallest and largest |v| so far.
    """

    def __init__(self, basis: MasterBasis, temperature_K: float, kernel_ratio: float) -> None:
        self.temperature_K = temperature_K
        self.reduced_range = (np.inf, 0.0)
        self._basis = basis
        self._kernel_ratio = kernel_ratio
        self._stretches = Stretches.of(np.zeros(0))
        self._equations = NormalEquations(1, 0, basis.size)
        self._centre_S = 0.0

    @property
    def count(self) -> int:
        """Number of points taken."""
        return self._equations.count

    @property
    def duration_s(self) -> float:
        """Time from the first stretch of drift to the last, in seconds."""
        return float(np.ptp(self._stretches.edges_s))

    def add(self, bias_V: Floats, conductance_S: Floats, time_s: Floats, relative_error: Floats) -> None:
        """Take points, shape (n,), in any order of time; errors are in units of the isotherm's noise."""
        if self.count == 0:
            # near the mean, which the level takes anyway, sums of squares keep their digits
            self._centre_S = float(conductance_S[0])
        self._stretch_to(time_s)
        v = reduced_bias(bias_V, self.temperature_K)
        sizes = np.abs(v)
        self.reduced_range = (min(self.reduced_range[0], sizes.min()), max(self.reduced_range[1], sizes.max()))
        functions = self._basis.averaged(v, self._kernel_ratio)
        design = np.hstack([np.ones((v.size, 1)), self._stretches.ramps(time_s), functions])
        self._equations.add(design, conductance_S - self._centre_S, relative_error)

    def _stretch_to(self, time_s: Floats) -> None:
        """Make room for the drift at further times."""
        stretches = self._stretches.with_times(time_s)
        if stretches is not self._stretches:
            self._equations.change_ramps(*stretches.map_from(self._stretches))
            self._stretches = stretches

    def gram(self, drift_to_noise: float) -> Floats:
        """Return the Gram matrix of (functions, data), shape (K + 1, K + 1), for a drift rate in units of noise^2."""
        return self._equations.whitened(drift_to_noise)

    def reduced(self) -> ReducedIsotherm:
        """Return the form in which any drift rate is cheap."""
        return self._equations.eliminate_levels()

    def offset_S(self, master_S: Floats, drift_to_noise: float) -> float:
        """Return the fitted conductance at zero bias in siemens, mean over the drift.

        Parameters
        ----------
        master_S : array, shape (K,)
            Coefficients of the master curve at this temperature.
        """
        at_zero = float((self._basis.averaged(np.zeros(1), self._kernel_ratio) @ master_S)[0])
        return self._centre_S + at_zero + self._equations.mean_slow(master_S, drift_to_noise)
