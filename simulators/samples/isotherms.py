"""Conductance curves read off a table, so that thousands of points cost what one exact curve costs.

The table's nodes lie on one fixed grid of bias and ln T; a row is computed when first touched. What is read off is
therefore a pure function of its arguments, whatever was asked before. What is too sharp for the grid, the steps of the
current at conductance transitions, is kept beside it and added exactly; the excitation is averaged over when a curve
is read.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_BIAS_SCALE_V: Final = 100e-6
_BIAS_STEP: Final = 0.01
_LARGEST_BIAS_V: Final = 45e-3
_LN_T_STEP: Final = 0.05

# two nodes beyond the largest bias on either side, so that four-point formulas need no edges
_ZERO: Final = math.ceil(math.asinh(_LARGEST_BIAS_V / _BIAS_SCALE_V) / _BIAS_STEP) + 2
_NODE: Final = _BIAS_STEP * np.arange(-_ZERO, _ZERO + 1.0)
_NODE_V: Final = _BIAS_SCALE_V * np.sinh(_NODE)
# weights of four neighbouring nodes as polynomials of the place between the middle two, powers ascending
_LAGRANGE: Final = np.array(((0, -2, 3, -1), (6, -3, -6, 3), (0, 6, 3, -3), (0, -1, 0, 1))) / 6.0
_NEIGHBOURS: Final = np.arange(4)[:, np.newaxis] - 1

# Gauss-Legendre rule inside a cell, for the integral of the conductance
_CELL_PLACE, _CELL_WEIGHT = np.polynomial.legendre.leggauss(2)

_FERMI_STRIP: Final = 2.0  # in kB T / e: how far off the real axis any curve of a contact at T stays analytic
_DIGITS: Final = 4.0  # of the average over the excitation
_MOST_NODES: Final = 64
_NEWTON_STEPS: Final = 8
_CLOSE_V: Final = 1e-12
_NO_EXCITATION: Final = (np.zeros(1), np.ones(1))


class Steps(Protocol):
    """What is too sharp for the table: an addition to conductance and current, in closed form."""

    def conductance_S(self, bias_V: Floats) -> Floats:
        """Return what is added to dI/dV, shape as `bias_V`."""
        ...

    def current_A(self, bias_V: Floats) -> Floats:
        """Return what is added to the current, shape as `bias_V`."""
        ...


class BiasCurve:
    """Conductance of a contact against bias at one temperature, field and excitation.

    Beyond the table's largest bias (45 mV) the conductance stays what it is there.

    Parameters
    ----------
    rows_S : array, shape (M, 2, K)
        The table at M temperatures: differential conductance dI/dV and mean conductance I/V at its K bias nodes, of
        which the middle one is zero.
    weights
        With which the M rows count at this temperature.
    excitation_Vrms
        Of the lock-in that looks at it, across the contact.
    thermal_V
        kB T / e of the electrons, which says how smooth the curve is.
    steps : Steps or None
        Steps of the current beside the table.
    zero_bias_S : sequence of float, optional
        Differential and mean conductance at zero bias, where they are known.
    """

    __slots__ = ("_excitation_Vrms", "_nodes_S", "_rows_S", "_steps", "_thermal_V", "_weights", "_zero_bias_S")

    def __init__(
        self,
        rows_S: Floats,
        weights: ArrayLike,
        excitation_Vrms: float = 0.0,
        thermal_V: float = 0.0,
        steps: Steps | None = None,
        zero_bias_S: Sequence[float] = (),
    ) -> None:
        self._rows_S = rows_S
        self._weights = np.asarray(weights)
        self._excitation_Vrms = excitation_Vrms
        self._thermal_V = thermal_V
        self._steps = steps
        self._nodes_S: Floats | None = None
        self._zero_bias_S: Sequence[float] = zero_bias_S or self._nodes_about(_ZERO, 1)[0]

    @property
    def zero_bias_ohm(self) -> float:
        """Return the resistance at zero bias, without excitation."""
        return 1.0 / self._zero_bias_S[0]

    def nodes_S(self) -> Floats:
        """Return differential and mean conductance at the bias nodes, without excitation, shape (2, K)."""
        nodes_S = self._nodes_S
        if nodes_S is None:
            # row by row: as one product it would wake other threads of the linear algebra
            first, *others = self._weights.tolist()
            nodes_S, part_S = self._rows_S[0] * first, np.empty_like(self._rows_S[0])
            for row_S, weight in zip(self._rows_S[1:], others, strict=True):
                nodes_S += np.multiply(row_S, weight, out=part_S)
            self._nodes_S = nodes_S
        return nodes_S

    def conductance_S(self, bias_V: ArrayLike) -> Floats:
        """Return the differential conductance as the lock-in sees it, shape as `bias_V`.

        By the Gauss-Chebyshev rule of the second kind for ``(2/pi) int du (1-u^2)^(1/2) G(V + Vpeak u)``.
        """
        peak_V = math.sqrt(2.0) * self._excitation_Vrms
        place, weights = _excitation_rule(peak_V, self._thermal_V)
        sampled_V = np.asarray(bias_V, dtype=np.float64)[..., np.newaxis] + peak_V * place
        inside_V = np.minimum(np.maximum(sampled_V, -_LARGEST_BIAS_V), _LARGEST_BIAS_V)
        table_S = _read_off(self.nodes_S()[:1], inside_V)[0]
        return (table_S if self._steps is None else table_S + self._steps.conductance_S(sampled_V)) @ weights

    def current_A(self, bias_V: ArrayLike) -> Floats:
        """Return the current, shape as `bias_V`; the excitation is too small to rectify."""
        bias = np.asarray(bias_V, dtype=np.float64)
        current_A = self._table_current(bias)[0]
        return current_A if self._steps is None else current_A + self._steps.current_A(bias)

    def bias_V(self, current_A: ArrayLike) -> Floats:
        """Return the bias at which `current_A` flows, shape as `current_A`; by Newton's method.

        It begins on the straight lines between the nodes, which leaves it a single step to do in most cases.
        """
        current = np.asarray(current_A, dtype=np.float64)
        bias = np.interp(current, self.nodes_S()[1] * _NODE_V, _NODE_V)
        for _ in range(_NEWTON_STEPS):
            there_A, slope_S = self._table_current(bias)
            excess_A = there_A - current
            if self._steps is not None:
                excess_A, slope_S = excess_A + self._steps.current_A(bias), slope_S + self._steps.conductance_S(bias)
            step_V = excess_A / slope_S
            bias = bias - step_V
            # quadratic convergence: what is left is far below the last step
            if (np.abs(step_V) <= 1e-4 * np.abs(bias) + _CLOSE_V).all():
                break
        return bias

    def bias_at(self, current_A: float) -> float:
        """Return the bias at which one current flows: `bias_V` for a plain number, in a third of the time."""
        if self._steps is not None:
            return float(self.bias_V(current_A))
        bias_V = current_A / self._zero_bias_S[1]
        for _ in range(_NEWTON_STEPS):
            inside_V = min(max(bias_V, -_LARGEST_BIAS_V), _LARGEST_BIAS_V)
            differential_S, mean_S = self._read_off_at(inside_V)
            step_V = (mean_S * inside_V + differential_S * (bias_V - inside_V) - current_A) / differential_S
            bias_V -= step_V
            if abs(step_V) <= 1e-4 * abs(bias_V) + _CLOSE_V:
                break
        return bias_V

    def loaded(self, shunt_S: float, series_ohm: float) -> "BiasCurve":
        """Return the current into the contact with `series_ohm` in line and both bridged by `shunt_S`, by its bias.

        ``I + shunt (V + I series)``: linear in the table, so that `bias_V` of it solves the circuit.
        """
        share = 1.0 + shunt_S * series_ohm
        steps = None if self._steps is None else _Scaled(self._steps, share)
        rows_S = (share * self.nodes_S() + shunt_S)[np.newaxis]
        return BiasCurve(rows_S, (1.0,), self._excitation_Vrms, self._thermal_V, steps)

    def under(self, excitation_Vrms: float, thermal_V: float, steps: Steps | None = None) -> "BiasCurve":
        """Return the same curve as a lock-in of this excitation across the contact sees it, with steps beside it."""
        return BiasCurve(self._rows_S, self._weights, excitation_Vrms, thermal_V, steps, self._zero_bias_S)

    def _table_current(self, bias_V: Floats) -> tuple[Floats, Floats]:
        """Return current and differential conductance of the table, without excitation, shapes as `bias_V`."""
        inside_V = np.minimum(np.maximum(bias_V, -_LARGEST_BIAS_V), _LARGEST_BIAS_V)
        slope_S, mean_S = _read_off(self.nodes_S(), inside_V)
        return mean_S * inside_V + slope_S * (bias_V - inside_V), slope_S

    def _read_off_at(self, bias_V: float) -> tuple[float, float]:
        """Return differential and mean conductance of the table at one bias inside it."""
        place = float(np.arcsinh(bias_V * (1.0 / _BIAS_SCALE_V))) * (1.0 / _BIAS_STEP) + _ZERO
        left = int(place)
        a, b, c, d = _cubic_weights(place - left)
        (r, v), (s, w), (t, x), (u, y) = self._nodes_about(left - 1, 4)
        # the order of numpy's sum over four neighbours
        return a * r + ((b * s + c * t) + d * u), a * v + ((b * w + c * x) + d * y)

    def _nodes_about(self, first: int, count: int) -> list[list[float]]:
        """Return `count` nodes of both rows at this temperature, without computing all of them."""
        rows_S = self._rows_S[:, :, first : first + count].reshape(len(self._weights), -1)
        return (self._weights @ rows_S).reshape(2, count).T.tolist()


def _read_off(nodes_S: Floats, bias_V: Floats) -> Floats:
    """Return the rows of a table at biases inside it, shape (rows, ...), by four-point Lagrange interpolation."""
    place = np.arcsinh(bias_V.ravel() * (1.0 / _BIAS_SCALE_V))
    place *= 1.0 / _BIAS_STEP
    place += _ZERO
    left = place.astype(np.int64)
    powers = np.empty((4, place.size))
    powers[0] = 1.0
    np.subtract(place, left, out=powers[1])
    np.multiply(powers[1], powers[1], out=powers[2])
    np.multiply(powers[2], powers[1], out=powers[3])
    neighbours = nodes_S.take(left + _NEIGHBOURS, axis=1)
    neighbours *= _LAGRANGE @ powers
    return neighbours.sum(axis=1).reshape(len(nodes_S), *bias_V.shape)


def _excitation_rule(peak_V: float, thermal_V: float) -> tuple[Floats, Floats]:
    """Return places (in parts of the peak) and weights at which a lock-in's first harmonic samples a curve."""
    if peak_V == 0.0:
        return _NO_EXCITATION
    strip = _FERMI_STRIP * thermal_V / peak_V
    return _chebyshev(min(_MOST_NODES, 1 + math.ceil(_DIGITS / math.log10(strip + math.hypot(strip, 1.0)))))


@lru_cache(maxsize=_MOST_NODES)
def _chebyshev(count: int) -> tuple[Floats, Floats]:
    angle = np.pi * np.arange(1, count + 1) / (count + 1)
    return np.cos(angle), 2.0 * np.sin(angle) ** 2 / (count + 1)


@dataclass(frozen=True, slots=True)
class _Scaled:
    """Steps of the current, times a factor (fills `Steps`)."""

    steps: Steps
    factor: float

    def conductance_S(self, bias_V: Floats) -> Floats:
        return self.factor * self.steps.conductance_S(bias_V)

    def current_A(self, bias_V: Floats) -> Floats:
        return self.factor * self.steps.current_A(bias_V)


def ohmic_curve(conductance_S: float) -> BiasCurve:
    """Return the curve of an ohmic resistor."""
    return BiasCurve(np.full((1, 2, _NODE.size), conductance_S), (1.0,))


class Isotherms:
    """All curves of one contact in one field, from an exact function.

    Parameters
    ----------
    exact_conductance_S
        (bias_V array, temperature_K) -> differential conductance without excitation, array of the same shape.
    """

    def __init__(self, exact_conductance_S: Callable[[Floats, float], Floats]) -> None:
        self._exact_conductance_S = exact_conductance_S
        self._rows: dict[int, Floats] = {}
        self._blocks: dict[int, Floats] = {}

    def curve(self, temperature_K: float) -> BiasCurve:
        """Return the curve at one temperature, without excitation."""
        place = math.log(temperature_K) / _LN_T_STEP
        lower = math.floor(place)
        block_S = self._blocks.get(lower)
        if block_S is None:
            block_S = self._blocks[lower] = np.stack([self._row(lower + offset) for offset in (-1, 0, 1, 2)])
        return BiasCurve(block_S, _cubic_weights(place - lower))

    def _row(self, temperature_index: int) -> Floats:
        row = self._rows.get(temperature_index)
        if row is None:
            row = self._rows[temperature_index] = self._computed_row(math.exp(temperature_index * _LN_T_STEP))
        return row

    def _computed_row(self, temperature_K: float) -> Floats:
        conductance_S = self._exact_conductance_S(_NODE_V, temperature_K)
        # the variable part apart, so that the large constant costs it no digits
        excess_S = conductance_S - conductance_S[_ZERO]
        excess_A = _integral(excess_S)
        mean_S = conductance_S[_ZERO] + np.divide(excess_A, _NODE_V, out=np.zeros_like(excess_A), where=_NODE_V != 0.0)
        return np.stack([conductance_S, mean_S])


def _integral(values: Floats) -> Floats:
    """Return the integral over the bias, from zero to each node, of what is interpolated between the nodes."""
    middle = 0.5 * (_NODE[1:-2] + _NODE[2:-1])
    total = np.zeros(len(middle))
    for place, weight in zip(_CELL_PLACE.tolist(), _CELL_WEIGHT.tolist(), strict=True):
        four = _cubic_weights(0.5 * (1.0 + place))
        inside = four[0] * values[:-3] + four[1] * values[1:-2] + four[2] * values[2:-1] + four[3] * values[3:]
        jacobian = _BIAS_SCALE_V * np.cosh(middle + 0.5 * _BIAS_STEP * place)
        total += 0.5 * _BIAS_STEP * weight * inside * jacobian
    # the outermost cells, beyond the largest bias, are never asked for
    running = np.concatenate(([0.0, 0.0], np.cumsum(total), [0.0]))
    running[-1] = running[-2]
    return running - running[_ZERO]


def _cubic_weights(x: float) -> tuple[float, float, float, float]:
    """Return the weights of four neighbouring nodes (Lagrange) at a place `x` between the middle two, 0 to 1."""
    return (
        x * (x * (3.0 - x) - 2.0) / 6.0,
        (x * (x * (3.0 * x - 6.0) - 3.0) + 6.0) / 6.0,
        x * (x * (3.0 - 3.0 * x) + 6.0) / 6.0,
        x * (x * x - 1.0) / 6.0,
    )
