"""Even and odd parts of G(V): an anomaly of the contact is even, interference in it is not (Cu.4b).

An odd spline is fitted beside the even one and the drift. What it takes of chi-square beyond a shift of the bias is the
odd part. Interference comes back at another temperature, only smeared; drift and noise do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from analysis.curves import Isotherm
from analysis.errors import WindowError
from analysis.quantities import in_conductance_quanta, thermal_voltage_V
from analysis.quantity import Quantity, missing
from analysis.signs.even_curve import (
    MINIMUM_NODES,
    MINIMUM_POINTS,
    bias_nodes,
    cardinal,
    even_curve,
    nuisance_columns,
    point_noise_S,
)

Floats = NDArray[np.float64]

UNLIKELY = 1e-3
MATERIAL = 5e-3
PRESENT = 1.5
SEEN = 4.0
INDEPENDENT_VALUES = 6.0
DRIFT_WITHOUT_TIMES = 1.0 / 3000.0
TURNING_SIGMAS = 4.0
COMMON_POINTS = 48


@dataclass(frozen=True, slots=True)
class Symmetry:
    """How even the curves are.

    Attributes
    ----------
    chi2_odd : float
        Fall of chi-square by an odd part beyond bias offset and drift, summed over the isotherms, in units of the
        chi-square per degree of freedom that is left.
    degrees_of_freedom : int
        Further parameters that it took.
    p_value : float
        Of so large a fall by chance.
    odd_rms : Quantity
        Root mean square of the odd part of the isotherm that shows it best, less a straight line and noise, in e2/h; a
        bound "<=" unless it is significant, more than 0.5 % of the even part, and comes back in other isotherms.
    odd_over_even : Quantity
        The same over the rms of the even part about its mean.
    odd_repeats : Quantity
        Correlation of the odd parts of neighbouring isotherms: near one for interference.
    turning_points : int
        Extrema of the even part of the coldest isotherm apart from V = 0 that stand out by 4 sigma.
    points : int
    """

    chi2_odd: float
    degrees_of_freedom: int
    p_value: float
    odd_rms: Quantity
    odd_over_even: Quantity
    odd_repeats: Quantity
    turning_points: int
    points: int


@dataclass(frozen=True, slots=True)
class _Odd:
    """The odd part of one isotherm at its nodes, the shift of the bias taken out."""

    temperature_K: float
    bias_V: Floats
    odd_S: Floats
    covariance_S2: Floats
    even_rms_S: float
    fall: float
    further: int
    points: int

    def at(self, bias_V: Floats) -> tuple[Floats, float]:
        """Return the odd part at positive `bias_V`, and the mean variance of its noise there."""
        functions = cardinal(self.bias_V, float(thermal_voltage_V(self.temperature_K)), bias_V, is_odd=True)
        variance = np.einsum("ij,jk,ik->i", functions, self.covariance_S2, functions)
        return functions @ self.odd_S, float(variance.mean())


def find_symmetry(isotherms: Sequence[Isotherm], *, drift_S_per_sqrt_s: float = 0.0) -> Symmetry:
    """Test the evenness of isotherms of one field, by temperature, the bias offset corrected or not.

    Raises
    ------
    WindowError
        For no isotherm with enough points on both sides of zero bias.
    """
    odd = [part for part in (_odd_part(own, drift_S_per_sqrt_s) for own in isotherms) if part is not None]
    if not odd:
        raise WindowError("no isotherm has enough points on both sides of zero bias for an odd part")
    fall, further = sum(part.fall for part in odd), sum(part.further for part in odd)
    p_value = float(gammaincc(0.5 * further, 0.5 * fall))
    strongest = max(odd, key=lambda part: _rms(part)[0] if part.fall > SEEN * part.further else 0.0)
    rms, error = _rms(strongest)
    share = rms / strongest.even_rms_S
    repeats = _repetition(odd)
    is_real = p_value < UNLIKELY and share > MATERIAL and (len(odd) == 1 or _is_beyond(repeats))
    points = sum(part.points for part in odd)
    return Symmetry(
        fall,
        further,
        p_value,
        _size(float(in_conductance_quanta(rms)), float(in_conductance_quanta(error)), "e2/h", is_real, points),
        _size(share, error / strongest.even_rms_S, "", is_real, points),
        repeats,
        _turning_points(min(isotherms, key=lambda own: own.temperature_K), drift_S_per_sqrt_s),
        points,
    )


def _is_beyond(repeats: Quantity) -> bool:
    """Say whether the odd part comes back from isotherm to isotherm: neither noise nor drift does."""
    return repeats.value is not None and repeats.error is not None and repeats.value > 3.0 * repeats.error


def _odd_part(isotherm: Isotherm, drift: float) -> _Odd | None:
    """Fit even and odd part together; None without enough points on both sides."""
    reach = float(min(isotherm.bias_V.max(), -isotherm.bias_V.min()))
    isotherm = isotherm.select(np.abs(isotherm.bias_V) <= reach)
    if reach <= 0.0 or isotherm.bias_V.size < 2 * MINIMUM_POINTS:
        return None
    thermal_V = float(thermal_voltage_V(isotherm.temperature_K))
    nodes = bias_nodes(np.abs(isotherm.bias_V), thermal_V)
    if nodes.size < MINIMUM_NODES or nodes[0] != 0.0:
        return None
    error = isotherm.conductance_error_S
    relative = np.ones(isotherm.bias_V.size) if error is None else error / np.median(error)
    even, odd = (cardinal(nodes, thermal_V, isotherm.bias_V, is_odd=is_odd) for is_odd in (False, True))
    sigma = point_noise_S(isotherm, relative, even) * relative
    nuisance = _with_slopes(isotherm, nuisance_columns(isotherm, drift), reach)
    data = (isotherm.conductance_S - isotherm.conductance_S.mean()) / sigma
    base = np.hstack([even, nuisance]) / sigma[:, None]
    first, _, _ = _solve(base, data, nodes.size)
    # a shift of the bias is the slope of the even part; it goes first
    slope = cardinal(nodes, thermal_V, isotherm.bias_V, 1) @ first[: nodes.size] / sigma
    with_shift = np.column_stack([base[:, : nodes.size], slope, base[:, nodes.size :]])
    before, chi2_before, _ = _solve(with_shift, data, nodes.size + 1)
    data = data - before[nodes.size] * slope
    whole = np.hstack([even, odd[:, 1:], nuisance]) / sigma[:, None]
    solution, chi2, covariance = _solve(whole, data, 2 * nodes.size - 1)
    misfit = max(1.0, chi2 / max(1, data.size - 2 * nodes.size))
    inner = slice(nodes.size, 2 * nodes.size - 1)
    values, spread = np.zeros(nodes.size), np.zeros((nodes.size, nodes.size))
    # a straight line may be drift, with times or without
    keep = np.eye(nodes.size - 1) - np.outer(nodes[1:], nodes[1:]) / (nodes @ nodes)
    values[1:] = keep @ solution[inner]
    spread[1:, 1:] = keep @ covariance[inner, inner] @ keep.T * misfit
    return _Odd(
        isotherm.temperature_K,
        nodes,
        values,
        spread,
        float(np.std(even @ solution[: nodes.size])),
        max(0.0, chi2_before - chi2) / misfit,
        nodes.size - 2,
        data.size,
    )


def _with_slopes(isotherm: Isotherm, nuisance: Floats, reach_V: float) -> Floats:
    """Add what slow drift looks like in a sweep without times: a straight line in V for each direction."""
    if isotherm.time_s is not None:
        return nuisance
    ways = isotherm.direction[:, None] == np.unique(isotherm.direction)
    drift = DRIFT_WITHOUT_TIMES * float(isotherm.conductance_S.mean())
    return np.hstack([nuisance, drift * ways * isotherm.bias_V[:, None] / reach_V])


def _solve(design: Floats, data: Floats, free: int) -> tuple[Floats, float, Floats]:
    """Return solution, chi-square and covariance, all but the first `free` columns having a prior of one."""
    prior = np.diag(np.repeat([0.0, 1.0], [free, design.shape[1] - free]))
    # a flat curve has no slope, and then no shift of the bias: its column is zero
    covariance = np.asarray(np.linalg.pinv(design.T @ design + prior, hermitian=True), dtype=np.float64)
    solution = covariance @ (design.T @ data)
    rest = data - design @ solution
    return solution, float(rest @ rest + solution[free:] @ solution[free:]), covariance


def _rms(part: _Odd) -> tuple[float, float]:
    grid = np.linspace(0.0, part.bias_V[-1], COMMON_POINTS)
    values, noise = part.at(grid)
    size = float(np.sqrt(max(np.mean(values**2) - noise, 0.0)))
    # of n values, a mean square scatters by (2 / n)^(1/2) of the noise, and by the product with what is there
    spread = np.sqrt(2.0 * noise**2 + 4.0 * size**2 * noise) / np.sqrt(part.odd_S.size)
    return size, float(spread / (2.0 * size) if size > 0.0 and spread < size**2 else np.sqrt(spread))


def _size(value: float, error: float, unit: str, is_significant: bool, points: int) -> Quantity:
    if is_significant:
        return Quantity(value, error, unit, points=points)
    return Quantity(float(value + 1.645 * error), None, unit, "<=", "no odd part beyond the noise", points)


def _repetition(odd: Sequence[_Odd]) -> Quantity:
    """Return the mean correlation of neighbouring isotherms that have an odd part beyond white noise."""
    present = [part for part in odd if part.fall > PRESENT * part.further]
    values = []
    for first, second in pairwise(present):
        grid = np.linspace(0.0, min(first.bias_V[-1], second.bias_V[-1]), COMMON_POINTS)
        (one, _), (two, _) = first.at(grid), second.at(grid)
        values.append(float(one @ two / np.sqrt((one @ one) * (two @ two))))
    if not values:
        return missing("", "fewer than two isotherms have an odd part beyond the noise")
    # smooth curves have few independent values
    scatter = max(float(np.std(values)), INDEPENDENT_VALUES**-0.5)
    return Quantity(float(np.mean(values)), float(scatter / np.sqrt(len(values))), "", points=len(values))


def _turning_points(coldest: Isotherm, drift: float) -> int:
    """Count reversals of the even part that exceed 4 sigma, walking out from zero bias."""
    try:
        curve = even_curve(coldest, drift_S_per_sqrt_s=drift)
    except WindowError:
        # too few points for a curve show no extremum either
        return 0
    return len(curve.reversals(TURNING_SIGMAS))
