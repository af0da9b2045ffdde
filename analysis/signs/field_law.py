"""The law that the conductance at zero bias follows in a field: linear, square root, none, irregular (Cu.8, A 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_TESLA
from analysis.quantity import Quantity
from analysis.signs.even_curve import EvenCurve
from analysis.signs.field_change import (
    APART,
    FieldChange,
    dip_depth,
    field_changes,
    same_temperature_families,
    walk_covariance,
)

Floats = NDArray[np.float64]

G_FACTOR = 2.0
NOTHING = 0.01
UNLIKELY = 1e-3
SIGMAS = 3.0
LAW_FIELDS = 4
BENDING_FIELDS_T = np.geomspace(0.2, 200.0, 61)


class MagnetoLaw(Enum):
    """Laws of the conductance at zero bias against |H|."""

    NONE = "none"
    LINEAR = "linear"
    SQUARE_ROOT = "square root"
    IRREGULAR = "irregular"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldLaw:
    """The law that the changes follow, and what the others cost.

    Attributes
    ----------
    law : MagnetoLaw
        `NONE` where the field changes nothing beyond the errors, `IRREGULAR` where no law holds (random changes of
        either sign), `UNKNOWN` where the fields are too few or two laws hold alike.
    chi2 : dict of MagnetoLaw to float
        Of no change, the linear law (bending over at large field) and the square root (rounded at kB T).
    degrees_of_freedom : dict of MagnetoLaw to int
    slope_per_T : Quantity
        Initial slope dG(0)/d|H| of the linear law, in e2/h per T.
    slope_per_sqrt_T : Quantity
        Factor of |H|^(1/2), in e2/h per T^(1/2).
    largest : Quantity
        Largest change at zero bias, signed, in e2/h; a 95 % bound ("<=", of its size) where none is significant.
    has_both_signs : bool
        Whether significant changes of either sign occur.
    changes : tuple of FieldChange
        By temperature, then field.
    why : str
    """

    law: MagnetoLaw
    chi2: dict[MagnetoLaw, float]
    degrees_of_freedom: dict[MagnetoLaw, int]
    slope_per_T: Quantity
    slope_per_sqrt_T: Quantity
    largest: Quantity
    has_both_signs: bool
    changes: tuple[FieldChange, ...]
    why: str


def find_field_law(curves: Sequence[EvenCurve], drift_S_per_sqrt_s: float | None) -> FieldLaw:
    """Compare the isotherms of several fields.

    Parameters
    ----------
    curves : sequence of EvenCurve
        Of all fields.
    drift_S_per_sqrt_s : float or None
        Strength of the random walk between isotherms; None, or isotherms without times, takes the paper's drift of one
        part in 3000.

    Raises
    ------
    WindowError
        For no temperature that was measured in zero field and in another.
    """
    families = same_temperature_families(curves)
    changes = [change for family in families for change in field_changes(family, drift_S_per_sqrt_s)]
    # the coldest of the families with most fields
    richest = max(families, key=lambda family: (len(family), -family[0].temperature_K))
    return _law(richest, changes, drift_S_per_sqrt_s)


def _law(family: Sequence[EvenCurve], changes: Sequence[FieldChange], drift: float | None) -> FieldLaw:
    levels = np.array([curve.conductance_S[0] for curve in family]) / CONDUCTANCE_QUANTUM_S
    own = np.diag([curve.zero_error_S**2 for curve in family])
    absolute = _fits(family, levels, (own + walk_covariance(family, drift)) / CONDUCTANCE_QUANTUM_S**2)
    depths = [dip_depth(curve, min(curve.bias_V[-1] for curve in family)) for curve in family]
    in_dip = _fits(family, *(np.array(column) / CONDUCTANCE_QUANTUM_S for column in zip(*depths, strict=True)))
    # without drift in it, the depth of the dip tells laws apart better, if it changes at all
    sharper = in_dip if _probability(MagnetoLaw.NONE, in_dip, len(family)) < NOTHING else absolute
    law, why = _choose(sharper, len(family))
    significant = [
        change.at_zero_bias.value
        for change in changes
        if change.at_zero_bias.value is not None
        and change.at_zero_bias.error is not None
        and abs(change.at_zero_bias.value) > SIGMAS * change.at_zero_bias.error
    ]
    linear, root = absolute[MagnetoLaw.LINEAR], absolute[MagnetoLaw.SQUARE_ROOT]
    return FieldLaw(
        law,
        {name: fit.chi2 for name, fit in sharper.items()},
        {name: _freedom(name, len(family)) for name in sharper},
        Quantity(linear.slope, linear.error, "e2/h T^-1", points=len(family)),
        Quantity(root.slope, root.error, "e2/h T^-1/2", points=len(family)),
        _largest(changes),
        bool(significant) and min(significant) < 0 < max(significant),
        tuple(changes),
        f"{why}; measured {'within sweeps, by the depth of the dip' if sharper is in_dip else 'at zero bias'}",
    )


@dataclass(frozen=True, slots=True)
class _LineFit:
    chi2: float
    slope: float
    error: float


def _fits(family: Sequence[EvenCurve], values: Floats, errors: Floats) -> dict[MagnetoLaw, _LineFit]:
    """Fit the three laws to values with errors, shape (n,), or their covariance, shape (n, n)."""
    covariance = np.diag(errors**2) if errors.ndim == 1 else errors
    size_T = np.abs([curve.field_T for curve in family])
    thermal_T = family[0].temperature_K / (G_FACTOR * KELVIN_PER_TESLA)
    root = np.sqrt(np.hypot(size_T, thermal_T)) - np.sqrt(thermal_T)
    bending = [_fit(values, covariance, [-np.expm1(-size_T / bend) * bend]) for bend in BENDING_FIELDS_T]
    linear = min(bending, key=lambda fit: fit.chi2)
    return {
        MagnetoLaw.NONE: _fit(values, covariance, []),
        MagnetoLaw.LINEAR: _LineFit(linear.chi2, linear.slope, _slope_error(linear, bending)),
        MagnetoLaw.SQUARE_ROOT: _fit(values, covariance, [root]),
    }


def _freedom(law: MagnetoLaw, count: int) -> int:
    """Return the degrees of freedom of a law over `count` fields: level, slope, bending field."""
    return max(0, count - {MagnetoLaw.NONE: 1, MagnetoLaw.SQUARE_ROOT: 2}.get(law, 3))


def _probability(law: MagnetoLaw, fits: dict[MagnetoLaw, _LineFit], count: int) -> float:
    freedom = _freedom(law, count)
    return float(gammaincc(0.5 * freedom, 0.5 * fits[law].chi2)) if freedom > 0 else 1.0


def _fit(values: Floats, covariance: Floats, columns: list[Floats]) -> _LineFit:
    design = np.column_stack([np.ones(values.size), *columns])
    precision = np.linalg.inv(covariance)
    inverse = np.linalg.inv(design.T @ precision @ design)
    centred = values - values.mean()
    solution = inverse @ (design.T @ precision @ centred)
    rest = centred - design @ solution
    return _LineFit(float(rest @ precision @ rest), float(solution[-1]), float(np.sqrt(inverse[-1, -1])))


def _slope_error(best: _LineFit, all_fits: Sequence[_LineFit]) -> float:
    """Return the error of the initial slope with the bending field free: the spread of the fits within one unit."""
    allowed = [fit.slope for fit in all_fits if fit.chi2 <= best.chi2 + 1.0]
    return float(np.hypot(best.error, 0.5 * np.ptp(allowed)))


def _choose(fits: dict[MagnetoLaw, _LineFit], count: int) -> tuple[MagnetoLaw, str]:
    if _probability(MagnetoLaw.NONE, fits, count) > NOTHING:
        return MagnetoLaw.NONE, "no change beyond the errors"
    if count < LAW_FIELDS:
        return MagnetoLaw.UNKNOWN, f"{count} fields are too few to tell a law"
    linear, root = fits[MagnetoLaw.LINEAR].chi2, fits[MagnetoLaw.SQUARE_ROOT].chi2
    # the bending field is one parameter more
    difference = linear + 1.0 - root
    better = MagnetoLaw.LINEAR if difference < 0 else MagnetoLaw.SQUARE_ROOT
    if _probability(better, fits, count) < UNLIKELY:
        return MagnetoLaw.IRREGULAR, "neither a linear nor a square-root law describes the changes"
    numbers = f"chi2 linear - square root = {linear - root:.1f}"
    if abs(difference) < APART:
        return MagnetoLaw.UNKNOWN, f"linear and square root describe the changes alike, {numbers}"
    return better, numbers


def _largest(changes: Sequence[FieldChange]) -> Quantity:
    pairs = [(c.at_zero_bias.value or 0.0, c.at_zero_bias.error or 0.0) for c in changes]
    value, error = max(pairs, key=lambda pair: abs(pair[0]))
    if abs(value) > SIGMAS * error:
        return Quantity(value, error, "e2/h", points=len(pairs))
    bound = max(abs(own) + 1.645 * spread for own, spread in pairs)
    return Quantity(bound, None, "e2/h", "<=", "95 % bound of the size of any change", len(pairs))
