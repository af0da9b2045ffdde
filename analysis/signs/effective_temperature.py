"""Heating as a rival, of which G(V, T) depends on Teff^2 = T^2 + V^2 / (4 L0) alone.

On a background that is a power of T, heating scales exactly and with any exponent, so that no collapse excludes it; but
it knows no free parameter in the bias. The map onto one free curve g(Teff) is fitted beside the free scaling form, on
the same points, with a free level for each isotherm, so that drift between isotherms does not enter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.optimize import OptimizeResult, minimize_scalar

from analysis.curvature import error_by_curvature
from analysis.quantities import LORENZ_NUMBER_V2_per_K2, thermal_voltage_V
from analysis.quantity import Quantity, missing
from analysis.scaling.master_curve import first_harmonic_rule
from analysis.signs.even_curve import EvenCurve
from analysis.signs.shared_curve import KERNEL_NODES, SharedCurve, SharedCurveFit, fit_linear

Floats = NDArray[np.float64]

KNOT_SPACING = 0.3
ALPHA_RANGE = (-1.0, 3.0)
LORENZ_RANGE = (0.02, 50.0)
GRID = 25
FIRST_STEP = 0.02


@dataclass(frozen=True, slots=True)
class HeatingTest:
    """The direct map of G(V, T) onto g(Teff) against the free scaling fit, on the same points.

    Attributes
    ----------
    chi2_map, chi2_scaling : float
        Each with a free curve and free levels; scaling with its best exponent.
    degrees_of_freedom_map, degrees_of_freedom_scaling : int
    delta_chi2 : float
        chi2_map - chi2_scaling over the lower chi-square per degree of freedom of the two (if above one): what
        heating costs.
    lorenz_ratio : Quantity
        L / L0 that maps best; one for heating.
    """

    chi2_map: float
    chi2_scaling: float
    degrees_of_freedom_map: int
    degrees_of_freedom_scaling: int
    delta_chi2: float
    lorenz_ratio: Quantity


def compare_heating(curves: Sequence[EvenCurve]) -> HeatingTest:
    """Compare the map onto g(Teff) with scaling.

    Parameters
    ----------
    curves : sequence of EvenCurve
        Of the scaling window, two temperatures at least.

    Raises
    ------
    WindowError
        For fewer than two isotherms, or none that share a range.
    """
    weights = [curve.weights() for curve in curves]
    scaling = free_scaling(curves, weights)
    mapped = _map(curves, weights, 1.0)
    misfit = max(1.0, min(fit.chi2 / fit.degrees_of_freedom for fit in (scaling, mapped)))
    return HeatingTest(
        mapped.chi2,
        scaling.chi2,
        mapped.degrees_of_freedom,
        scaling.degrees_of_freedom,
        (mapped.chi2 - scaling.chi2) / misfit,
        _lorenz_ratio(curves, weights),
    )


def free_scaling(curves: Sequence[EvenCurve], weights: Sequence[Floats]) -> SharedCurveFit:
    """Return the scaling fit with its best exponent, one degree of freedom taken off for it."""
    temperatures = np.array([curve.temperature_K for curve in curves])
    problem = SharedCurve.for_units(curves, thermal_voltage_V(temperatures), weights)
    log_t = np.log(temperatures) - np.mean(np.log(temperatures))
    found: OptimizeResult = minimize_scalar(  # type: ignore[assignment]
        lambda alpha: problem.fit(np.exp(alpha * log_t)).chi2, bounds=ALPHA_RANGE, method="bounded"
    )
    best = problem.fit(np.exp(float(found["x"]) * log_t))
    return replace(best, degrees_of_freedom=max(1, best.degrees_of_freedom - 1))


def _lorenz_ratio(curves: Sequence[EvenCurve], weights: Sequence[Floats]) -> Quantity:
    """Return L / L0 from the minimum of chi-square, its error from where chi-square has risen by its unit."""

    def chi2(log_ratio: float) -> float:
        return _map(curves, weights, float(np.exp(log_ratio))).chi2

    low, high = np.log(LORENZ_RANGE)
    grid = np.linspace(low, high, GRID)
    values = np.array([chi2(value) for value in grid])
    best = int(np.argmin(values))
    if best in (0, GRID - 1):
        return missing("", "no Lorenz number between L0 / 50 and 50 L0 maps the curves onto one")
    found: OptimizeResult = minimize_scalar(  # type: ignore[assignment]
        chi2, bounds=(grid[best - 1], grid[best + 1]), method="bounded", options={"xatol": 1e-4}
    )
    place, lowest = float(found["x"]), float(found["fun"])
    best_fit = _map(curves, weights, float(np.exp(place)))
    misfit = max(1.0, best_fit.chi2 / best_fit.degrees_of_freedom)
    error = np.sqrt(misfit) * error_by_curvature(chi2, place, lowest, FIRST_STEP, 0.3)
    return Quantity(float(np.exp(place)), float(np.exp(place) * error), "", points=len(curves))


def _map(curves: Sequence[EvenCurve], weights: Sequence[Floats], lorenz_ratio: float) -> SharedCurveFit:
    """Fit a free curve of ln Teff."""
    shifts, kernel = first_harmonic_rule(KERNEL_NODES)
    volt_per_K = 2.0 * np.sqrt(lorenz_ratio * LORENZ_NUMBER_V2_per_K2)
    logs = [
        np.log(
            np.hypot(
                curve.temperature_K,
                (curve.bias_V[:, None] + np.sqrt(2.0) * curve.excitation_Vrms * shifts) / volt_per_K,
            )
        )
        for curve in curves
    ]
    stacked = np.concatenate(logs)
    low, high = float(stacked.min()), float(stacked.max())
    intervals = max(3, int(np.ceil((high - low) / KNOT_SPACING)))
    step = (high - low) / intervals
    knots = low + step * np.arange(-3, intervals + 4)
    spline = BSpline(knots, np.eye(intervals + 3), 3)
    functions = np.einsum("s,nsk->nk", kernel, spline(stacked.ravel()).reshape(*stacked.shape, -1))
    parts = np.split(functions, np.cumsum([curve.bias_V.size for curve in curves])[:-1])
    design = np.concatenate([weight @ part for weight, part in zip(weights, parts, strict=True)])
    data = np.concatenate(
        [weight @ (curve.conductance_S - curve.conductance_S[0]) for weight, curve in zip(weights, curves, strict=True)]
    )
    return fit_linear(design.T @ design, design.T @ data, float(data @ data), data.size - len(curves))
