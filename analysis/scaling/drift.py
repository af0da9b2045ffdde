"""Slow drift of the signal chain: a random walk in time, allowed for in the covariance of an isotherm.

The walk is a sum of ramps, one for each stretch of time (see `stretches`), that rise by independent Gaussian steps;
with the free level this is a piecewise-linear random walk. Zero-bias anchors and the two directions of a sweep see it
at equal bias. Its strength is one number for the whole chain, found by restricted maximum likelihood from all isotherms
together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.scaling.likelihood import profile_of
from analysis.scaling.normal_equations import ReducedIsotherm
from analysis.scaling.stretches import Stretches

Floats = NDArray[np.float64]

MAXIMUM_RAMPS = 20
POINTS_A_RAMP = 12


@dataclass(frozen=True, slots=True)
class SlowColumns:
    """Columns of what changes slowly in an isotherm: free levels, shape (n, g), and ramps of drift, shape (n, m)."""

    levels: Floats
    ramps: Floats

    @classmethod
    def of(cls, isotherm: Isotherm) -> "SlowColumns":
        """Return the columns of an isotherm."""
        return cls(level_columns(isotherm), ramp_columns(isotherm))

    def select(self, rows: NDArray[np.bool_]) -> "SlowColumns":
        """Return the columns at some of the points; levels that none of them has are left out."""
        levels = self.levels[rows]
        return SlowColumns(levels[:, levels.any(axis=0)], self.ramps[rows])

    def likeliest(self, rest_S: Floats, noise_S: Floats, drift_S2_per_s: float) -> Floats:
        """Return the likeliest level plus drift, shape (n,), from data less master curve.

        Parameters
        ----------
        rest_S, noise_S : array, shape (n,)
            What the master curve leaves, and the standard error of each point.
        """
        ramps = self.ramps[:, :0] if drift_S2_per_s == 0.0 else self.ramps * np.sqrt(drift_S2_per_s)
        columns = np.hstack([self.levels, ramps])
        design = columns / noise_S[:, None]
        prior = np.repeat([0.0, 1.0], [self.levels.shape[1], ramps.shape[1]])
        return columns @ np.linalg.solve(design.T @ design + np.diag(prior), design.T @ (rest_S / noise_S))


def level_columns(isotherm: Isotherm) -> Floats:
    """Return the free constants of an isotherm, shape (n, g).

    One if its points are timed, for drift then has a model; else one for each direction, which takes what drifted
    between them.
    """
    if isotherm.time_s is not None:
        return np.ones((isotherm.bias_V.size, 1))
    groups = np.where(isotherm.is_anchor, 2, isotherm.direction)
    return (groups[:, None] == np.unique(groups)).astype(np.float64)


def ramp_columns(isotherm: Isotherm) -> Floats:
    """Return ramps in time, shape (n, m), that rise by sqrt(stretch in seconds): unit prior variance a second.

    Without times the rank of the bias within a direction stands in for time, a point for a second. A closed triangle
    passes zero bias twice in one direction, half a sweep apart, hence a further step there.
    """
    if isotherm.time_s is not None:
        return Stretches.of(isotherm.time_s).ramps(isotherm.time_s)
    columns = []
    for sign in (-1, 1):
        rows = np.flatnonzero((isotherm.direction == sign) & ~isotherm.is_anchor)
        ranks = np.argsort(np.argsort(isotherm.bias_V[rows], kind="stable"), kind="stable").astype(np.float64)
        step = (isotherm.bias_V[rows] > 0.0) * np.sqrt(0.5 * rows.size)
        block = np.zeros((isotherm.bias_V.size, 0))
        if rows.size >= POINTS_A_RAMP:
            inner = np.column_stack([_rank_ramps(ranks), step])
            block = np.zeros((isotherm.bias_V.size, inner.shape[1]))
            block[rows] = inner
        columns.append(block)
    return np.hstack(columns)


def _rank_ramps(ranks: Floats) -> Floats:
    count = min(MAXIMUM_RAMPS, ranks.size // POINTS_A_RAMP)
    starts, stretch = np.linspace(0.0, ranks.size - 1.0, count, endpoint=False, retstep=True)
    return np.clip((ranks[:, None] - starts) / stretch, 0.0, 1.0) * np.sqrt(stretch)


def estimate_drift(
    reduced: Sequence[ReducedIsotherm], log_t: Floats, noise_S: Floats, duration_s: float, alpha: float
) -> float:
    """Return the drift's variance rate in S^2/s that makes the data likeliest; 0 if they need none.

    The restricted likelihood (chi2 + ln det of the covariance + ln det of M) is searched over decades around the rate
    at which one isotherm drifts by its own noise, then refined; alpha is profiled anew at every rate.
    """
    if all(isotherm.stiffness.size == 0 for isotherm in reduced):
        return 0.0

    def deviance(rate: float) -> float:
        profile, log_det = profile_of(reduced, log_t, noise_S, rate)
        minimum = profile.minimum(alpha)
        return minimum.chi2 + log_det + profile.log_det_matrix(minimum.alpha)

    unit = float(np.min(noise_S) ** 2) / duration_s
    exponents = np.arange(-3.0, 6.01, 1.0)
    values = [deviance(unit * 10.0**exponent) for exponent in exponents]
    best = int(np.argmin(values))
    if values[best] >= deviance(0.0):
        return 0.0
    centre, width = float(exponents[best]), 0.5
    lowest = values[best]
    while width > 0.05:
        for exponent in (centre - width, centre + width):
            value = deviance(unit * 10.0**exponent)
            if value < lowest:
                centre, lowest = exponent, value
        width *= 0.5
    return float(unit * 10.0**centre)
