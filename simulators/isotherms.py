"""Conductance curves read off a table, so that thousands of points cost what one exact curve costs.

The table's nodes lie on one fixed grid of bias, ln T and ln(excitation / T); a row is computed when first touched.
What is read off is therefore a pure function of its arguments, whatever was asked before.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

Floats = NDArray[np.float64]

_BIAS_SCALE_V: Final = 5e-6
_BIAS_STEP: Final = 0.03
_LARGEST_BIAS_V: Final = 40e-3
_LN_T_STEP: Final = 0.05
_LN_EXCITATION_STEP: Final = 0.025
_SMALLEST_EXCITATION: Final = 0.02
_LARGEST_EXCITATION: Final = 50.0

# one node left of zero and two beyond the largest bias, so that four-point formulas need no edges
_NODE: Final = _BIAS_STEP * np.arange(-1.0, math.ceil(math.asinh(_LARGEST_BIAS_V / _BIAS_SCALE_V) / _BIAS_STEP) + 2.0)
# weights of four neighbouring nodes as polynomials of the place between the middle two, powers ascending
_LAGRANGE: Final = np.array(((0, -2, 3, -1), (6, -3, -6, 3), (0, 6, 3, -3), (0, -1, 0, 1))) / 6.0
_FOUR: Final = np.arange(4)[:, np.newaxis]

_ZERO: Final = 1
_NODE_V: Final = _BIAS_SCALE_V * np.sinh(_NODE)


@dataclass(frozen=True, slots=True, eq=False)
class BiasCurve:
    """Conductance of a contact against bias at one temperature, field and excitation; even in bias.

    Beyond the table's largest bias (40 mV) the conductance stays what it is there.

    Attributes
    ----------
    nodes_S : array, shape (2, K)
        At the table's bias nodes, of which the second is zero: differential conductance dI/dV, mean conductance I/V.
    """

    nodes_S: Floats

    @property
    def zero_bias_ohm(self) -> float:
        """Return the resistance at zero bias."""
        return 1.0 / float(self.nodes_S[0, _ZERO])

    def conductance_S(self, bias_V: ArrayLike) -> Floats:
        """Return the differential conductance, shape as `bias_V`."""
        return self._at(np.minimum(np.abs(np.asarray(bias_V, dtype=np.float64)), _LARGEST_BIAS_V))[0]

    def current_A(self, bias_V: ArrayLike) -> Floats:
        """Return the current, shape as `bias_V`."""
        bias = np.asarray(bias_V, dtype=np.float64)
        inside = np.minimum(np.maximum(bias, -_LARGEST_BIAS_V), _LARGEST_BIAS_V)
        differential_S, mean_S = self._at(np.abs(inside))
        return mean_S * inside + differential_S * (bias - inside)

    def bias_V(self, current_A: ArrayLike) -> Floats:
        """Return the bias at which `current_A` flows, shape as `current_A`."""
        current = np.asarray(current_A, dtype=np.float64)
        guess = current / self.nodes_S[1, _ZERO]
        inside = np.minimum(np.maximum(guess, -_LARGEST_BIAS_V), _LARGEST_BIAS_V)
        # dI/dV varies by a per cent, so one Newton step leaves an error of some 1e-7 of the bias
        differential_S, mean_S = self._at(np.abs(inside))
        return inside + (current - mean_S * inside) / differential_S

    def bias_at(self, current_A: float) -> float:
        """Return the bias at which one current flows (`bias_V` for a plain number)."""
        guess = current_A / float(self.nodes_S[1, _ZERO])
        inside = min(max(guess, -_LARGEST_BIAS_V), _LARGEST_BIAS_V)
        place = math.asinh(abs(inside) / _BIAS_SCALE_V) / _BIAS_STEP
        left = int(place)
        neighbours = self.nodes_S[:, left : left + 4]
        differential_S, mean_S = (neighbours @ _cubic_weights(place - left)).tolist()
        return inside + (current_A - mean_S * inside) / differential_S

    def scaled_towards(self, limit_S: float, share: float) -> "BiasCurve":
        """Return the curve with its distance from `limit_S` scaled by `share`."""
        return BiasCurve(limit_S + share * (self.nodes_S - limit_S))

    def _at(self, magnitude_V: Floats) -> Floats:
        """Return differential and mean conductance, shape (2, ...), by four-point Lagrange interpolation."""
        place = np.arcsinh(magnitude_V.ravel() * (1.0 / _BIAS_SCALE_V)) * (1.0 / _BIAS_STEP)
        left = place.astype(np.int64)
        powers = np.empty((4, place.size))
        powers[0] = 1.0
        np.subtract(place, left, out=powers[1])
        np.multiply(powers[1], powers[1], out=powers[2])
        np.multiply(powers[2], powers[1], out=powers[3])
        neighbours = self.nodes_S.take(left + _FOUR, axis=1)
        return (neighbours * (_LAGRANGE @ powers)).sum(axis=1).reshape(2, *magnitude_V.shape)


class Isotherms:
    """All curves of one contact, from an exact function.

    Parameters
    ----------
    exact_conductance_S
        (bias_V array, temperature_K, excitation ratio) -> differential conductance, array of the same shape. The
        ratio is that of the peak excitation to the temperature, sqrt(2) e Vrms / kB T.
    """

    def __init__(self, exact_conductance_S: Callable[[Floats, float, float], Floats]) -> None:
        self._exact_conductance_S = exact_conductance_S
        self._rows: dict[tuple[int, int], Floats] = {}
        self._blocks: dict[tuple[int, int], Floats] = {}

    def curve(self, temperature_K: float, excitation_ratio: float) -> BiasCurve:
        """Return the curve at one temperature and excitation; a ratio outside 0.02 to 50 is taken as the nearer end."""
        ratio = min(max(excitation_ratio, _SMALLEST_EXCITATION), _LARGEST_EXCITATION)
        temperature_place = math.log(temperature_K) / _LN_T_STEP
        excitation_place = math.log(ratio) / _LN_EXCITATION_STEP
        lower_T, lower_w = math.floor(temperature_place), math.floor(excitation_place)
        share = excitation_place - lower_w
        weights = _cubic_weights(temperature_place - lower_T)
        weights = np.concatenate((weights * (1.0 - share), weights * share))
        return BiasCurve((weights @ self._block(lower_T, lower_w)).reshape(2, -1))

    def _block(self, temperature_index: int, excitation_index: int) -> Floats:
        """Return the eight rows about a point of the grid, shape (8, 2 K): temperatures within excitations."""
        block = self._blocks.get((temperature_index, excitation_index))
        if block is None:
            block = self._blocks[temperature_index, excitation_index] = np.array(
                [
                    self._row(temperature_index + right, excitation_index + up).ravel()
                    for up in (0, 1)
                    for right in (-1, 0, 1, 2)
                ]
            )
        return block

    def _row(self, temperature_index: int, excitation_index: int) -> Floats:
        row = self._rows.get((temperature_index, excitation_index))
        if row is None:
            row = self._rows[temperature_index, excitation_index] = self._computed_row(
                math.exp(temperature_index * _LN_T_STEP), math.exp(excitation_index * _LN_EXCITATION_STEP)
            )
        return row

    def _computed_row(self, temperature_K: float, excitation_ratio: float) -> Floats:
        conductance_S = self._exact_conductance_S(_NODE_V, temperature_K, excitation_ratio)
        # the variable part apart, so that the large constant costs it no digits
        excess_S = conductance_S - conductance_S[_ZERO]
        slope = CubicSpline(_NODE, excess_S * _BIAS_SCALE_V * np.cosh(_NODE))
        excess_A = slope.antiderivative()(_NODE)
        excess_A -= excess_A[_ZERO]
        mean_S = conductance_S[_ZERO] + np.divide(excess_A, _NODE_V, out=np.zeros_like(excess_A), where=_NODE_V != 0.0)
        return np.stack([conductance_S, mean_S])


def _cubic_weights(fraction: float) -> Floats:
    """Return the weights of four neighbouring nodes (Lagrange) at `fraction` between the middle two."""
    square = fraction * fraction
    return _LAGRANGE @ (1.0, fraction, square, square * fraction)
