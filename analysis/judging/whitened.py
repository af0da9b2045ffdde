"""The even curves of a run, ready for the comparison of models: end to end, in units of their errors.

What is not noise goes into the covariance: the level of an isotherm (gain drift between isotherms), the thermometer,
and a common background, which is projected out. Every model is then an ordinary least-squares fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.scaling.master_curve import first_harmonic_rule
from analysis.signs.even_curve import EvenCurve

Floats = NDArray[np.float64]

GAIN_DRIFT = 1.0 / 3000.0
"""rms drift of the gain between isotherms, that of the paper's runs (1 part in 3000 over days)."""

REACH_BEYOND = 1.0 + 1e-9
KERNEL_NODES = 4
SPLINE_ACCURACY = 2e-4
"""Error of an even curve's spline at its nodes, as a share of the curve's range."""


@dataclass(frozen=True)
class WhitenedCurves:
    """Even curves of several isotherms end to end, shape (N,).

    Attributes
    ----------
    bias_V, temperature_K, field_T, excitation_Vrms : array, shape (N,)
        Where the values stand.
    conductance_S : array, shape (N,)
    whitener : array, shape (N, N)
        Block diagonal; takes values to units of their errors, the background projected out.
    isotherms : int
    """

    bias_V: Floats
    temperature_K: Floats
    field_T: Floats
    excitation_Vrms: Floats
    conductance_S: Floats
    whitener: Floats
    isotherms: int

    @property
    def data(self) -> Floats:
        """The conductance in units of its errors, less the best background; shape (N,)."""
        return self.whitener @ (self.conductance_S - self.conductance_S.mean())

    @property
    def points(self) -> int:
        """Number of values."""
        return self.bias_V.size

    def whiten(self, columns: Floats) -> Floats:
        """Return model values, shape (N,) or (N, k), in units of the errors, less their best background."""
        return self.whitener @ columns


def whiten_curves(
    curves: Sequence[EvenCurve], temperature_accuracy: float, *, has_free_levels: bool = False
) -> WhitenedCurves:
    """Stack even curves and whiten them.

    Parameters
    ----------
    curves : sequence of EvenCurve
    temperature_accuracy : float
        1-sigma relative error of an isotherm's temperature, independent from isotherm to isotherm.
    has_free_levels : bool
        Whether the level of each isotherm is free instead of bound by the gain drift.
    """
    slopes = _temperature_slopes(curves)
    size = sum(curve.bias_V.size for curve in curves)
    whitener = np.zeros((size, size))
    start = 0
    for curve, slope in zip(curves, slopes, strict=True):
        rows = slice(start, start + curve.bias_V.size)
        level_S = (1.0 if has_free_levels else GAIN_DRIFT) * float(np.abs(curve.conductance_S).mean())
        thermometer_S = temperature_accuracy * slope
        floor_S = SPLINE_ACCURACY * float(np.ptp(curve.conductance_S))
        misfit = max(1.0, curve.chi2 / curve.degrees_of_freedom)
        covariance = misfit * curve.covariance_S2 + level_S**2 + np.outer(thermometer_S, thermometer_S)
        covariance += floor_S**2 * np.eye(curve.bias_V.size)
        whitener[rows, rows] = np.linalg.inv(np.linalg.cholesky(covariance))
        start += curve.bias_V.size
    level = whitener.sum(axis=1)
    whitener -= np.outer(level, level @ whitener) / (level @ level)

    def repeated(values: Sequence[float]) -> Floats:
        return np.repeat(np.asarray(values, dtype=np.float64), [curve.bias_V.size for curve in curves])

    return WhitenedCurves(
        np.concatenate([curve.bias_V for curve in curves]),
        repeated([curve.temperature_K for curve in curves]),
        repeated([curve.field_T for curve in curves]),
        repeated([curve.excitation_Vrms for curve in curves]),
        np.concatenate([curve.conductance_S for curve in curves]),
        whitener,
        len(curves),
    )


def _temperature_slopes(curves: Sequence[EvenCurve]) -> list[Floats]:
    """Return dG / d ln T at the nodes of each curve, from the curves next to it in temperature."""
    slopes = []
    for curve in curves:
        others = [other for other in curves if abs(np.log(other.temperature_K / curve.temperature_K)) > 0.02]
        same_field = [other for other in others if abs(other.field_T - curve.field_T) < 0.05] or others
        colder = [other for other in same_field if other.temperature_K < curve.temperature_K]
        warmer = [other for other in same_field if other.temperature_K > curve.temperature_K]
        neighbours = colder[-1:] + warmer[:1]
        estimates = [_difference_quotient(curve, other) for other in neighbours]
        slopes.append(np.mean(estimates, axis=0) if estimates else np.zeros(curve.bias_V.size))
    return slopes


def _difference_quotient(curve: EvenCurve, other: EvenCurve) -> Floats:
    inside = (curve.bias_V <= other.bias_V[-1] * REACH_BEYOND) & (curve.bias_V >= other.bias_V[0] / REACH_BEYOND)
    slope = np.zeros(curve.bias_V.size)
    values = other.interpolation(curve.bias_V[inside]) @ other.conductance_S
    slope[inside] = (values - curve.conductance_S[inside]) / np.log(other.temperature_K / curve.temperature_K)
    return slope


def excitation_places(curves: WhitenedCurves) -> list[tuple[Floats, float]]:
    """Return the biases, shape (N,) each, whose weighted mean is what the lock-in reads, with their weights."""
    peak_V = np.sqrt(2.0) * curves.excitation_Vrms
    places, weights = first_harmonic_rule(KERNEL_NODES if peak_V.any() else 1)
    return [(curves.bias_V + place * peak_V, float(weight)) for place, weight in zip(places, weights, strict=True)]
