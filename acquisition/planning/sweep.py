"""The bias values of an isotherm, their order, and how the bias gets from one to the next. Arrays, no objects.

Order: two zero-bias anchors, then a closed triangle from zero (down to -maximum, up to +maximum, down to zero) with an
anchor after every few points, then a closing anchor. Where one direction only is wanted, the way out to the end of the
grid is still measured, on every few values, because the bias is integrated from zero current.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import PlanError
from acquisition.readings import Direction, PointKind
from acquisition.recipe import AnchorsSection, BiasSection, Directions, SettlingSection, Spacing

KINDS = (PointKind.SWEEP, PointKind.ANCHOR)
"""Meaning of the codes in `Sweep.kind`."""

SWEEP, ANCHOR = range(2)
OPENING_ANCHORS = 2
CLOSING_ANCHORS = 1
_WAY_OUT_VALUES = 25

_DIRECTIONS = {-1: Direction.DOWN, 0: Direction.NONE, 1: Direction.UP}


@dataclass(frozen=True, eq=False)
class Sweep:
    """The points of one isotherm in order of measurement; all isotherms of a recipe share it.

    Attributes
    ----------
    bias_setpoint_V : array of float, shape (n,)
        Bias across the contact asked for, exactly 0 for anchors.
    kind : array of uint8, shape (n,)
        Code of `KINDS`.
    direction : array of int8, shape (n,)
        +1 up, -1 down, 0 for anchors.
    is_jump : array of bool, shape (n,)
        Whether the way here is over more than `jump_steps` grid values, or is the first since a new setpoint.
    step_V : array of float, shape (n,)
        Change of the bias on the way here.
    """

    bias_setpoint_V: NDArray[np.float64]
    kind: NDArray[np.uint8]
    direction: NDArray[np.int8]
    is_jump: NDArray[np.bool_]
    step_V: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.bias_setpoint_V)

    def point_kind(self, index: int) -> PointKind:
        """Return why a point is measured."""
        return KINDS[self.kind[index]]

    def point_direction(self, index: int) -> Direction:
        """Return which way the bias goes at a point."""
        return _DIRECTIONS[int(self.direction[index])]


def bias_grid(maximum_V: float, points: int, spacing: Spacing, dense_V: float) -> NDArray[np.float64]:
    """Return the bias values of one direction, rising.

    Parameters
    ----------
    maximum_V : float
        Largest bias, above zero; both ends of the grid are exactly this.
    points : int
        How many values, odd.
    spacing : Spacing
        `SINH`: V = dense_V sinh(u) with u evenly spaced, so about uniform below `dense_V`; or `UNIFORM`.
    dense_V : float
        Scale of the sinh, above zero.

    Returns
    -------
    array, shape (points,)
        Exactly odd about its middle, which is exactly zero; in volt.

    Raises
    ------
    PlanError
        If there is no such grid.
    """
    if points < 3 or points % 2 == 0 or not maximum_V > 0 or not dense_V > 0:
        raise PlanError(
            f"bias grid: {points} values to {maximum_V:g} V with dense_V = {dense_V:g} V; "
            "expected an odd number from 3 up and volts above zero"
        )
    fraction = np.arange(1, points // 2 + 1) / (points // 2)
    if spacing is Spacing.UNIFORM:
        half_V = maximum_V * fraction
    else:
        half_V = dense_V * np.sinh(np.arcsinh(maximum_V / dense_V) * fraction)
        half_V[-1] = maximum_V  # sinh(arcsinh(x)) is x only to rounding, and a limit may be x exactly
    return np.concatenate([-half_V[::-1], [0.0], half_V])


def make_sweep(bias: BiasSection, anchors: AnchorsSection, settling: SettlingSection) -> Sweep:
    """Lay out the points of an isotherm."""
    grid_V = bias_grid(bias.maximum_V, bias.points, bias.spacing, bias.dense_V)
    middle = bias.points // 2
    place, direction = _path(bias)
    before = np.arange(anchors.every_points, len(place), anchors.every_points)
    ends = [np.zeros(OPENING_ANCHORS, dtype=int), before, np.full(CLOSING_ANCHORS, len(place))]
    at = np.concatenate(ends)
    place = np.insert(place, at, middle)
    kind = np.insert(np.full(len(direction), SWEEP, dtype=np.uint8), at, ANCHOR)
    bias_V = grid_V[place]
    is_jump = np.abs(np.diff(place, prepend=middle)) > settling.jump_steps
    is_jump[0] = True  # the excitation is new
    return Sweep(
        *(
            _frozen(array)
            for array in (
                bias_V,
                kind,
                np.insert(direction, at, 0),
                is_jump,
                np.diff(bias_V, prepend=0.0),
            )
        )
    )


def _path(bias: BiasSection) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
    """Return grid places and directions of the sweep without its anchors."""
    middle, end = bias.points // 2, bias.points
    if bias.directions is Directions.BOTH:
        down_out, up = np.arange(middle, -1, -1), np.arange(end)
        legs = [(down_out, -1), (up, 1), (np.arange(end - 1, middle, -1), -1)]
    else:
        sign = 1 if bias.directions is Directions.UP else -1
        stride = -(-middle // _WAY_OUT_VALUES)
        out = np.append(np.arange(0, middle, stride), middle)
        legs = [(middle - sign * out, -sign), (np.arange(end)[::sign], sign)]
    directions = [np.full(len(places), sign, dtype=np.int8) for places, sign in legs]
    return np.concatenate([places for places, _ in legs]), np.concatenate(directions)


def _frozen(array: NDArray) -> NDArray:
    array.setflags(write=False)
    return array
