"""Zeeman splitting of the anomaly: copies of the zero-field curve shifted by +-g mu_B H / e (A 2, fig 4a).

The curve in a field is compared with the mean of two shifted copies of the curve measured in zero field at the same
temperature, with a free amplitude and level, since a field may shrink an anomaly without splitting it (Cu.8). That uses
the broadening long before two dips are seen apart, and needs no formula for the anomaly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize_scalar

from analysis.curvature import error_by_curvature
from analysis.even_curve import EvenCurve
from analysis.field_change import same_temperature_families
from analysis.quantities import KELVIN_PER_TESLA, KELVIN_PER_VOLT
from analysis.quantity import Quantity, missing

Floats = NDArray[np.float64]

G_MAXIMUM = 5.0
G_STEPS = 21
FIRST_STEP = 0.05
SHIFT_SHARE = 0.6
SIGNIFICANT = 25.0
DESCRIBED = 5.0
BOUND_95 = 2.705543454095404
RESOLVED = 4.0


@dataclass(frozen=True, slots=True)
class ZeemanSplitting:
    """The g factor of the splitting.

    Attributes
    ----------
    g_factor : Quantity
        With its error where the splitting is significant, else a 95 % bound "<=".
    significance : float
        Fall of chi-square, in units of chi-square per degree of freedom, from g = 0 to the best g.
    chi2, chi2_unsplit : float
        Of the best g, and of g = 0 with the same freedom of amplitude.
    degrees_of_freedom : int
    is_resolved : bool
        Whether two minima (or maxima) apart from zero bias are seen in some field, and not without it.
    why : str
    """

    g_factor: Quantity
    significance: float
    chi2: float
    chi2_unsplit: float
    degrees_of_freedom: int
    is_resolved: bool
    why: str


def find_zeeman_splitting(curves: Sequence[EvenCurve]) -> ZeemanSplitting:
    """Fit one g factor to all fields and temperatures.

    Parameters
    ----------
    curves : sequence of EvenCurve
        Of all fields.

    Raises
    ------
    WindowError
        For no temperature that was measured in zero field and in another.
    """
    families = same_temperature_families(curves)
    pairs = [(family[0], curve) for family in families for curve in family[1:]]
    largest_T = max(abs(curve.field_T) for _, curve in pairs)
    reach_V = min(min(zero.bias_V[-1], curve.bias_V[-1]) for zero, curve in pairs)
    per_g_V = largest_T * KELVIN_PER_TESLA / KELVIN_PER_VOLT
    g_maximum = min(G_MAXIMUM, SHIFT_SHARE * reach_V / per_g_V)
    problems = [_Pair.of(zero, curve, g_maximum) for zero, curve in pairs]

    def chi2(g: float) -> float:
        return sum(own.chi2(g) for own in problems)

    dof = max(1, sum(own.nodes_V.size - 2 for own in problems) - 1)
    grid = np.linspace(0.0, g_maximum, G_STEPS)
    coarse = np.array([chi2(float(g)) for g in grid])
    start = int(np.argmin(coarse))
    found: OptimizeResult = minimize_scalar(  # type: ignore[assignment]
        chi2,
        bounds=(grid[max(start - 1, 0)], grid[min(start + 1, G_STEPS - 1)]),
        method="bounded",
        options={"xatol": 1e-3},
    )
    best, lowest = (
        (float(found["x"]), float(found["fun"]))
        if found["fun"] < coarse[start]
        else (float(grid[start]), float(coarse[start]))
    )
    misfit = max(1.0, lowest / dof)
    significance = (float(coarse[0]) - lowest) / misfit
    if significance > SIGNIFICANT:
        g_factor = _measured(chi2, best, lowest, misfit, g_maximum)
    elif misfit > DESCRIBED:
        g_factor = missing("", "shifted copies of the zero-field curve do not describe the curves in a field")
    else:
        g_factor = _bound(chi2, best, lowest + BOUND_95 * misfit, g_maximum)
    resolved = any(_is_resolved(zero, curve) for zero, curve in pairs)
    return ZeemanSplitting(g_factor, significance, lowest, float(coarse[0]), dof, resolved, g_factor.why)


def _measured(chi2: Callable[[float], float], best: float, lowest: float, misfit: float, g_maximum: float) -> Quantity:
    if best > 0.98 * g_maximum:
        return missing("", f"the splitting is beyond g = {g_maximum:.3g}, what the range of bias allows")
    error = float(np.sqrt(misfit)) * error_by_curvature(chi2, best, lowest, FIRST_STEP, 0.3 * best)
    why = (
        ""
        if misfit < DESCRIBED
        else f"shifted copies describe the curves badly (chi2 per degree of freedom {misfit:.1f})"
    )
    return Quantity(best, error, "", why=why)


def _bound(chi2: Callable[[float], float], best: float, limit: float, g_maximum: float) -> Quantity:
    """Return where chi-square has risen to `limit`, by halving the interval."""
    low, high = best, g_maximum
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if chi2(middle) < limit else (low, middle)
    return Quantity(high, None, "", "<=", "no splitting beyond the errors; 95 % bound")


@dataclass(frozen=True, slots=True)
class _Pair:
    """One field beside zero field, on the nodes that every shift leaves inside the data."""

    zero: EvenCurve
    field_T: float
    nodes_V: Floats
    values_S: Floats
    covariance_S2: Floats

    @classmethod
    def of(cls, zero: EvenCurve, curve: EvenCurve, g_maximum: float) -> "_Pair":
        shift_V = g_maximum * KELVIN_PER_TESLA * abs(curve.field_T) / KELVIN_PER_VOLT
        kept = curve.bias_V <= zero.bias_V[-1] - shift_V
        return cls(
            zero, curve.field_T, curve.bias_V[kept], curve.conductance_S[kept], curve.covariance_S2[np.ix_(kept, kept)]
        )

    def chi2(self, g: float) -> float:
        """Return chi-square for a splitting, with the best amplitude and level."""
        shift_V = g * KELVIN_PER_TESLA * abs(self.field_T) / KELVIN_PER_VOLT
        sides = [self.zero.interpolation(self.nodes_V + sign * shift_V) for sign in (-1, 1)]
        copies = 0.5 * (sides[0] + sides[1])
        # the curve of zero field is measured too
        covariance = self.covariance_S2 + copies @ self.zero.covariance_S2 @ copies.T
        design = np.column_stack(
            [np.ones(self.nodes_V.size), copies @ (self.zero.conductance_S - self.zero.conductance_S[0])]
        )
        root = np.linalg.cholesky(covariance)
        columns = np.linalg.solve(root, np.column_stack([design, self.values_S - self.values_S[0]]))
        rest = columns[:, 2] - columns[:, :2] @ np.linalg.lstsq(columns[:, :2], columns[:, 2], rcond=None)[0]
        return float(rest @ rest)


def _is_resolved(zero: EvenCurve, curve: EvenCurve) -> bool:
    """Say whether the field brings an extremum off zero bias that stands out from the value at zero."""
    shift_V = G_MAXIMUM * KELVIN_PER_TESLA * abs(curve.field_T) / KELVIN_PER_VOLT
    nodes = curve.bias_V[(curve.bias_V > 0) & (curve.bias_V <= min(shift_V, zero.bias_V[-1]))]
    if nodes.size < 2:
        return False
    own, other = (
        curve.interpolation(nodes) - curve.interpolation(np.zeros(1)),
        zero.interpolation(nodes) - zero.interpolation(np.zeros(1)),
    )
    rise, rise_before = own @ curve.conductance_S, other @ zero.conductance_S
    error = np.sqrt(np.einsum("ij,jk,ik->i", own, curve.covariance_S2, own))
    # a dip rises on both sides of zero bias: in a field it must first fall
    against = -np.sign(rise_before[-1]) * rise / error
    return bool(against.max() > RESOLVED)
