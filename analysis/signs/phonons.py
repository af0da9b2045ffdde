"""The point-contact phonon spectrum, -d2I/dV2: is the contact ballistic? (Section III, Cu.5, fig 2b).

The peaks are fitted in G itself, where a Gaussian of the spectrum is a step of the normal distribution: that uses all
points and differentiates nothing. Beneath them lie a constant, the logarithm of the anomaly's tail and a straight line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr

from analysis.errors import WindowError
from analysis.quantity import Quantity, missing
from analysis.signs.even_curve import EvenCurve

Floats = NDArray[np.float64]

THRESHOLD_V = 5e-3
TRANSVERSE_V = 16.5e-3
LONGITUDINAL_V = 28e-3
TRANSVERSE_REACH_V = 22e-3
LONGITUDINAL_REACH_V = 31e-3
WIDTHS_V = (3.0e-3, 1.8e-3)
LOST_HEIGHT = 0.5
SIGMAS = 3.0
SPECTRUM_STEP_V = 0.5e-3
MINIMUM_NODES = 8


@dataclass(frozen=True, slots=True)
class PhononSpectrum:
    """The spectrum and its peaks.

    Attributes
    ----------
    bias_V, spectrum, spectrum_error : array, shape (m,)
        -d ln G / dV of the even part in 1/V, and its error.
    threshold_V : Quantity
        Where the transverse peak sets in, two standard deviations below its place; 5 mV is the paper's value for
        copper.
    transverse_V, longitudinal_V : Quantity
        Places of the peaks near 16.5 and 28 mV.
    ballisticity : Quantity
        Height of the longitudinal peak over that of the transverse one.
    is_longitudinal_lost : bool or None
        Whether it is below half of the transverse peak, as in a quenched contact (Cu.5); None where the data do not
        reach it or cannot tell.
    why : str
    """

    bias_V: Floats
    spectrum: Floats
    spectrum_error: Floats
    threshold_V: Quantity
    transverse_V: Quantity
    longitudinal_V: Quantity
    ballisticity: Quantity
    is_longitudinal_lost: bool | None
    why: str

    @property
    def is_ballistic(self) -> bool:
        """Say whether the transverse peak stands, as in quenched and annealed contacts but not in disordered ones."""
        return self.transverse_V.is_measured


def find_phonons(curves: Sequence[EvenCurve]) -> PhononSpectrum:
    """Fit the spectrum of the isotherm that reaches farthest, the coldest of several.

    Parameters
    ----------
    curves : sequence of EvenCurve
        Of one field, over all their bias, with nodes close enough at large bias (`node_step_V` of `even_curve`).

    Raises
    ------
    WindowError
        For no curve that reaches beyond 22 mV.
    """
    reach_V = max((float(curve.bias_V[-1]) for curve in curves), default=0.0)
    if reach_V < TRANSVERSE_REACH_V:
        raise WindowError(
            f"the data end at {reach_V * 1e3:.3g} mV; a phonon spectrum needs {TRANSVERSE_REACH_V * 1e3:g} mV or more"
        )
    curve = next(curve for curve in curves if curve.bias_V[-1] > 0.98 * reach_V)
    bias = np.arange(THRESHOLD_V, curve.bias_V[-1], SPECTRUM_STEP_V)
    slope = -curve.interpolation(bias, 1) / float(curve.conductance_S[0])
    error = np.sqrt(np.einsum("ij,jk,ik->i", slope, curve.covariance_S2, slope))
    has_longitudinal = bool(curve.bias_V[-1] >= LONGITUDINAL_REACH_V)
    fit = _peaks(curve, 2 if has_longitudinal else 1)
    if fit is None:
        why = "too few points above 5 mV for peaks"
        none_V = missing("V", why)
        return PhononSpectrum(
            bias, slope @ curve.conductance_S, error, none_V, none_V, none_V, missing("", why), None, why
        )
    values, covariance = fit
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    transverse = _place(values, errors, 0, curve.points)
    threshold = missing("V", transverse.why)
    if transverse.value is not None:
        spread = float(np.sqrt(max(covariance[1, 1] + 4 * covariance[2, 2] - 4 * covariance[1, 2], 0.0)))
        threshold = Quantity(float(values[1] - 2.0 * values[2]), spread, "V", points=curve.points)
    longitudinal, ballisticity, is_lost = _longitudinal(values, covariance, curve, has_longitudinal)
    return PhononSpectrum(
        bias,
        slope @ curve.conductance_S,
        error,
        threshold,
        transverse,
        longitudinal,
        ballisticity,
        is_lost,
        ballisticity.why,
    )


def _peaks(curve: EvenCurve, count: int) -> tuple[Floats, Floats] | None:
    """Fit height, place and width of the peaks of -dG/dV above 2 mV; values and covariance, three a peak."""
    rows = curve.bias_V >= 0.4 * THRESHOLD_V
    if rows.sum() < MINIMUM_NODES + 3 * count:
        return None
    bias, centred = curve.bias_V[rows], curve.conductance_S[rows] - curve.conductance_S[rows].mean()
    root = np.linalg.inv(np.linalg.cholesky(curve.covariance_S2[np.ix_(rows, rows)]))
    background = np.column_stack([np.ones(bias.size), np.log(bias), bias / bias[-1]])
    start = np.array([TRANSVERSE_V, WIDTHS_V[0], LONGITUDINAL_V, WIDTHS_V[1]][: 2 * count])
    low = np.array([12e-3, 1e-3, 25e-3, 0.8e-3][: 2 * count])
    high = np.array([21e-3, 6e-3, 31e-3, 7e-3][: 2 * count])

    def columns(shape: Floats) -> Floats:
        steps = [-ndtr((bias - place) / width) for place, width in shape.reshape(-1, 2)]
        return root @ np.column_stack([*steps, background])

    def solve(shape: Floats) -> tuple[Floats, Floats]:
        design = columns(shape)
        solution = np.linalg.lstsq(design, root @ centred, rcond=None)[0]
        return solution, root @ centred - design @ solution

    found = least_squares(lambda shape: solve(shape)[1], start, bounds=(low, high), x_scale=high - low)
    shape = found.x
    solution, rest = solve(shape)
    steps = 1e-4 * (high - low)
    slopes = [
        (columns(shape + step) - columns(shape - step)) @ solution / (2.0 * step.sum()) for step in np.diag(steps)
    ]
    jacobian = np.column_stack([*slopes, columns(shape)])
    size = np.linalg.norm(jacobian, axis=0)
    covariance = np.linalg.pinv((jacobian.T @ jacobian) / np.outer(size, size)) / np.outer(size, size)
    covariance *= max(1.0, float(rest @ rest) / max(1, bias.size - jacobian.shape[1]))
    # order: area, place, width of each peak; then area to height
    order = [index for peak in range(count) for index in (2 * count + peak, 2 * peak, 2 * peak + 1)]
    values, covariance = np.concatenate([shape, solution])[order], covariance[np.ix_(order, order)]
    turn = np.eye(3 * count)
    for peak in range(0, 3 * count, 3):
        area, width = values[peak], values[peak + 2]
        turn[peak, peak], turn[peak, peak + 2] = 1.0 / width, -area / width**2
        values[peak] = area / width
    return values, turn @ covariance @ turn.T


def _place(values: Floats, errors: Floats, peak: int, points: int) -> Quantity:
    height, place = values[3 * peak], values[3 * peak + 1]
    if height < SIGMAS * errors[3 * peak]:
        return missing("V", "no peak beyond the noise")
    return Quantity(float(place), float(errors[3 * peak + 1]), "V", points=points)


def _longitudinal(
    values: Floats, covariance: Floats, curve: EvenCurve, is_reached: bool
) -> tuple[Quantity, Quantity, bool | None]:
    if not is_reached:
        why = f"the data end below {LONGITUDINAL_REACH_V * 1e3:g} mV"
        return missing("V", why), missing("", why), None
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    place = _place(values, errors, 1, curve.points)
    if values[0] < SIGMAS * errors[0]:
        why = "the transverse peak, its measure, is not beyond the noise"
        return place, missing("", why), None
    ratio = float(values[3] / values[0])
    gradient = np.array([-ratio / values[0], 1.0 / values[0]])
    error = float(np.sqrt(max(gradient @ covariance[np.ix_([0, 3], [0, 3])] @ gradient, 0.0)))
    is_told = abs(ratio - LOST_HEIGHT) > 2.0 * error
    return place, Quantity(ratio, error, "", points=curve.points), ratio < LOST_HEIGHT if is_told else None
