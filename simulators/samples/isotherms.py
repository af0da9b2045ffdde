"""Conductance curves read off a table, so that thousands of points cost what one exact curve costs.

The table's nodes lie on one fixed grid of bias and ln T; a row is computed when first touched. What is read off is
therefore a pure function of its arguments, whatever was asked before. What is too sharp for the grid, the steps of the
current at conductance transitions, is kept beside it and added exactly; the excitation is averaged over when a curve
is read.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
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
_FOUR: Final = np.arange(4)[:, np.newaxis]

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


@dataclass(frozen=True, slots=True, eq=False)
class BiasCurve:
    """Conductance of a contact against bias at one temperature, field and excitation.

    Beyond the table's largest bias (45 mV) the conductance stays what it is there.

    Attributes
    ----------
    nodes_S : array, shape (2, K)
        At the table's bias nodes, of which the middle one is zero: differential conductance dI/dV, mean conductance
        I/V.
    excitation_nodes_V, excitation_weights : array, shape (J,)
        Where and with which weights a lock-in's first harmonic samples the curve about its bias.
    steps : Steps or None
        Steps of the current beside the table.
    """

    nodes_S: Floats
    excitation_nodes_V: Floats
    excitation_weights: Floats
    steps: Steps | None = None

    @property
    def zero_bias_ohm(self) -> float:
        """Return the resistance at zero bias, without excitation."""
        return 1.0 / float(self.nodes_S[0, _ZERO])

    def conductance_S(self, bias_V: ArrayLike) -> Floats:
        """Return the differential conductance as the lock-in sees it, shape as `bias_V`."""
        sampled_V = np.asarray(bias_V, dtype=np.float64)[..., np.newaxis] + self.excitation_nodes_V
        return self._differential_S(sampled_V) @ self.excitation_weights

    def current_A(self, bias_V: ArrayLike) -> Floats:
        """Return the current, shape as `bias_V`; the excitation is too small to rectify."""
        bias = np.asarray(bias_V, dtype=np.float64)
        inside, differential_S, mean_S = self._inside(bias)
        current = mean_S * inside + differential_S * (bias - inside)
        return current if self.steps is None else current + self.steps.current_A(bias)

    def bias_V(self, current_A: ArrayLike) -> Floats:
        """Return the bias at which `current_A` flows, shape as `current_A`; by Newton's method from an ohmic guess."""
        current = np.asarray(current_A, dtype=np.float64)
        bias = current / self.nodes_S[1, _ZERO]
        for _ in range(_NEWTON_STEPS):
            inside, differential_S, mean_S = self._inside(bias)
            excess_A = mean_S * inside + differential_S * (bias - inside) - current
            if self.steps is not None:
                excess_A = excess_A + self.steps.current_A(bias)
                differential_S = differential_S + self.steps.conductance_S(bias)
            step_V = excess_A / differential_S
            bias = bias - step_V
            # quadratic convergence: what is left is far below the last step
            if np.all(np.abs(step_V) <= 1e-4 * np.abs(bias) + _CLOSE_V):
                break
        return bias

    def bias_at(self, current_A: float) -> float:
        """Return the bias at which one current flows (`bias_V` for a plain number)."""
        return float(self.bias_V(current_A))

    def loaded(self, shunt_S: float, series_ohm: float) -> "BiasCurve":
        """Return the current into the contact with `series_ohm` in line and both bridged by `shunt_S`, by its bias.

        ``I + shunt (V + I series)``: linear in the table, so that `bias_V` of it solves the circuit.
        """
        share = 1.0 + shunt_S * series_ohm
        steps = None if self.steps is None else _Scaled(self.steps, share)
        return replace(self, nodes_S=share * self.nodes_S + shunt_S, steps=steps)

    def under(self, excitation_Vrms: float, thermal_V: float) -> "BiasCurve":
        """Return the same curve as a lock-in of this excitation across the contact sees it.

        `thermal_V` is kB T / e of the electrons, which says how smooth the curve is. By the Gauss-Chebyshev rule of the
        second kind for ``(2/pi) int du (1-u^2)^(1/2) G(V + Vpeak u)``.
        """
        peak_V = math.sqrt(2.0) * excitation_Vrms
        if peak_V == 0.0:
            return replace(self, excitation_nodes_V=_NO_EXCITATION[0], excitation_weights=_NO_EXCITATION[1])
        strip = _FERMI_STRIP * thermal_V / peak_V
        count = min(_MOST_NODES, 1 + math.ceil(_DIGITS / math.log10(strip + math.hypot(strip, 1.0))))
        angle = np.pi * np.arange(1, count + 1) / (count + 1)
        return replace(
            self,
            excitation_nodes_V=peak_V * np.cos(angle),
            excitation_weights=2.0 * np.sin(angle) ** 2 / (count + 1),
        )

    def _differential_S(self, bias_V: Floats) -> Floats:
        table_S = self._at(np.minimum(np.maximum(bias_V, -_LARGEST_BIAS_V), _LARGEST_BIAS_V), self.nodes_S[:1])[0]
        return table_S if self.steps is None else table_S + self.steps.conductance_S(bias_V)

    def _inside(self, bias_V: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the bias inside the table, and differential and mean conductance of the table there."""
        inside_V = np.minimum(np.maximum(bias_V, -_LARGEST_BIAS_V), _LARGEST_BIAS_V)
        differential_S, mean_S = self._at(inside_V, self.nodes_S)
        return inside_V, differential_S, mean_S

    @staticmethod
    def _at(bias_V: Floats, nodes_S: Floats) -> Floats:
        """Return the rows of a table at biases inside it, shape (rows, ...), by four-point Lagrange interpolation."""
        place = np.arcsinh(bias_V.ravel() * (1.0 / _BIAS_SCALE_V)) * (1.0 / _BIAS_STEP) + _ZERO
        left = place.astype(np.int64)
        powers = np.empty((4, place.size))
        powers[0] = 1.0
        np.subtract(place, left, out=powers[1])
        np.multiply(powers[1], powers[1], out=powers[2])
        np.multiply(powers[2], powers[1], out=powers[3])
        neighbours = nodes_S.take(left + (_FOUR - 1), axis=1)
        return (neighbours * (_LAGRANGE @ powers)).sum(axis=1).reshape(len(nodes_S), *bias_V.shape)


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
    return BiasCurve(np.full((2, _NODE.size), conductance_S), *_NO_EXCITATION)


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

    def curve(self, temperature_K: float) -> BiasCurve:
        """Return the curve at one temperature, without excitation."""
        place = math.log(temperature_K) / _LN_T_STEP
        lower = math.floor(place)
        rows = [self._row(lower + offset) for offset in (-1, 0, 1, 2)]
        weights = _cubic_weights(place - lower)
        nodes_S = sum(weight * row for weight, row in zip(weights.tolist(), rows, strict=True))
        return BiasCurve(np.asarray(nodes_S), *_NO_EXCITATION)

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


def _cubic_weights(fraction: float) -> Floats:
    """Return the weights of four neighbouring nodes (Lagrange) at `fraction` between the middle two."""
    square = fraction * fraction
    return _LAGRANGE @ (1.0, fraction, square, square * fraction)
