"""Zeeman splitting of the anomaly: copies of the zero-field curve shifted by +-g mu_B H / e (A 2, fig 4a).

The curve in a field is compared with the mean of two shifted copies of the curve measured in zero field at the same
temperature, with a free amplitude and level, since a field may shrink an anomaly without splitting it (Cu.8). That uses
the broadening long before two dips are seen apart, and needs no formula for the anomaly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize_scalar

from analysis.curvature import error_by_curvature
from analysis.quantities import KELVIN_PER_TESLA, KELVIN_PER_VOLT
from analysis.quantity import Quantity, missing
from analysis.signs.even_curve import EvenCurve
from analysis.signs.field_change import same_temperature_families

Floats = NDArray[np.float64]

G_MAXIMUM = 5.0
G_STEPS = 21
FIRST_STEP = 0.05
ROUGH_RISE = 9.0
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
    smooth = [(zero.smoothed(), others) for zero, *others in families]
    pairs = [(zero, curve) for zero, others in smooth for curve in others]
    largest_T = max(abs(curve.field_T) for _, curve in pairs)
    reach_V = min(min(zero.bias_V[-1], curve.bias_V[-1]) for zero, curve in pairs)
    per_g_V = largest_T * KELVIN_PER_TESLA / KELVIN_PER_VOLT
    g_maximum = min(G_MAXIMUM, SHIFT_SHARE * reach_V / per_g_V)
    problems = [_Pair.of(zero, curve, g_maximum) for zero, curve in pairs]

    dof = max(1, sum(own.nodes_V.size - 2 for own in problems) - 1)
    grid = np.linspace(0.0, g_maximum, G_STEPS)
    start = int(np.argmin([_chi2(problems, float(g)) for g in grid]))
    problems = [own.weighted_at(float(grid[start])) for own in problems]
    found: OptimizeResult = minimize_scalar(  # type: ignore[assignment]
        lambda g: _chi2(problems, g),
        bounds=(grid[max(start - 1, 0)], grid[min(start + 1, G_STEPS - 1)]),
        method="bounded",
        options={"xatol": 1e-4},
    )
    best = min(float(found["x"]), float(grid[start]), key=lambda g: _chi2(problems, g))
    lowest, unsplit = _chi2(problems, best), _chi2(problems, 0.0)
    misfit = max(1.0, lowest / dof)
    significance = (unsplit - lowest) / misfit
    if significance > SIGNIFICANT:
        g_factor = _measured(problems, best, misfit, g_maximum)
    elif misfit > DESCRIBED:
        g_factor = missing("", "shifted copies of the zero-field curve do not describe the curves in a field")
    else:
        g_factor = _bound(problems, best, lowest + BOUND_95 * misfit, g_maximum)
    resolved = any(_is_resolved(zero, curve) for zero, curve in pairs)
    return ZeemanSplitting(g_factor, significance, lowest, unsplit, dof, resolved, g_factor.why)


def _chi2(problems: Sequence["_Pair"], g: float) -> float:
    return sum(own.chi2(g) for own in problems)


def _measured(problems: Sequence["_Pair"], best: float, misfit: float, g_maximum: float) -> Quantity:
    if best > 0.98 * g_maximum:
        return missing("", f"the splitting is beyond g = {g_maximum:.3g}, what the range of bias allows")

    own_error = error_by_curvature(
        lambda g: _chi2(problems, g), best, _chi2(problems, best), FIRST_STEP, 0.3 * best, ROUGH_RISE
    )
    shared = _template_error(problems, best, own_error)
    why = f"shifted copies describe the curves badly (chi2 per degree of freedom {misfit:.1f})"
    error = float(np.sqrt(misfit) * np.hypot(own_error, shared))
    return Quantity(best, error, "", why=why if misfit > DESCRIBED else "")


def _template_error(problems: Sequence["_Pair"], best: float, error: float) -> float:
    """Return the error of g by the noise of the zero-field curves, which all fields of a temperature share.

    Each independent component of that noise moves the minimum by its change of the slope of chi-square over the
    curvature, which is 2 / error^2.
    """

    def slope(pairs: Sequence["_Pair"]) -> float:
        return (_chi2(pairs, best + error) - _chi2(pairs, best - error)) / (2.0 * error)

    variance = 0.0
    for zero in {id(own.zero): own.zero for own in problems}.values():
        pairs = [own for own in problems if own.zero is zero]
        values, vectors = np.linalg.eigh(zero.covariance_S2)
        middle = slope(pairs)
        for component in (vectors * np.sqrt(np.maximum(values, 0.0))).T:
            moved = replace(zero, conductance_S=zero.conductance_S + component)
            change = slope([replace(own, zero=moved) for own in pairs]) - middle
            variance += (0.5 * error**2 * change) ** 2
    return float(np.sqrt(variance))


def _bound(problems: Sequence["_Pair"], best: float, limit: float, g_maximum: float) -> Quantity:
    """Return where chi-square has risen to `limit`, by halving the interval."""
    low, high = best, g_maximum
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _chi2(problems, middle) < limit else (low, middle)
    return Quantity(high, None, "", "<=", "no splitting beyond the errors; 95 % bound")


@dataclass(frozen=True, slots=True)
class _Pair:
    """One field beside zero field, on the nodes that every shift leaves inside the data.

    `whitening` is the inverse root of the covariance of both curves, held fixed while g is varied: a covariance that
    moves with g would make chi-square rough.
    """

    zero: EvenCurve
    field_T: float
    nodes_V: Floats
    values_S: Floats
    covariance_S2: Floats
    whitening: Floats

    @classmethod
    def of(cls, zero: EvenCurve, curve: EvenCurve, g_maximum: float) -> "_Pair":
        """Cut the curve in the field to the nodes that count."""
        shift_V = g_maximum * KELVIN_PER_TESLA * abs(curve.field_T) / KELVIN_PER_VOLT
        kept = curve.bias_V <= zero.bias_V[-1] - shift_V
        covariance = curve.covariance_S2[np.ix_(kept, kept)]
        pair = cls(zero, curve.field_T, curve.bias_V[kept], curve.conductance_S[kept], covariance, covariance)
        return pair.weighted_at(0.0)

    def weighted_at(self, g: float) -> "_Pair":
        """Return the pair with the covariance that holds for a splitting."""
        copies = self.copies(g)
        # the curve of zero field is measured too
        root = np.linalg.cholesky(self.covariance_S2 + copies @ self.zero.covariance_S2 @ copies.T)
        return replace(self, whitening=np.linalg.inv(root))

    def copies(self, g: float) -> Floats:
        """Return the matrix that takes the zero-field values to the mean of its two shifted copies."""
        shift_V = g * KELVIN_PER_TESLA * abs(self.field_T) / KELVIN_PER_VOLT
        sides = [self.zero.interpolation(self.nodes_V + sign * shift_V) for sign in (-1, 1)]
        return 0.5 * (sides[0] + sides[1])

    def chi2(self, g: float) -> float:
        """Return chi-square for a splitting, with the best amplitude and level."""
        template = self.copies(g) @ (self.zero.conductance_S - self.zero.conductance_S[0])
        columns = self.whitening @ np.column_stack([np.ones(template.size), template, self.values_S - self.values_S[0]])
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
