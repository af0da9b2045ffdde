"""Means where a file holds far more points than its curves need: of neighbours, and of sweeps made again and again.

A curve has nothing finer than kB T / e. Points closer than a tenth of it, in one direction of a sweep, tell no more
than their mean does, but cost time: a million of them half a minute. Nor do hundreds of sweeps of one isotherm tell
more than the means of some of them that follow one another, since each asks for a drift of its own. Isotherms of a few
thousand points in a few sweeps stay as they are.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Curves, make_curves
from analysis.quantities import thermal_voltage_V
from analysis.scaling.legs import leg_numbers

MOST_POINTS = 4000
MOST_LEGS = 24
"""Of one isotherm; a sweep up and down has two."""
FINEST = 0.1

Integers = NDArray[np.int64]


def thinned(curves: Curves) -> Curves:
    """Return the curves with at most about `MOST_POINTS` points an isotherm and leg, and `MOST_LEGS` legs.

    Conductances, biases, temperatures and times are means, errors those of means. Switching faster than such a group of
    points is averaged too.
    """
    sizes, legs = np.bincount(curves.isotherm_index), _Legs.of(curves)
    if sizes.max() <= MOST_POINTS and legs.pairs.max() == 1:
        return curves
    # of several legs all points of a cell go together
    order, starts = _groups(curves, legs.blocks, np.where(legs.pairs > 1, sizes, 1 + sizes // MOST_POINTS))
    counts = np.diff(np.append(starts, order.size))

    def mean(column: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if column is None else np.add.reduceat(column[order], starts) / counts

    error = curves.conductance_error_S
    squares = mean(None if error is None else error**2)
    return make_curves(
        bias_V=mean(curves.bias_V),  # type: ignore[arg-type]
        temperature_K=mean(curves.temperature_K),  # type: ignore[arg-type]
        conductance_S=mean(curves.conductance_S),  # type: ignore[arg-type]
        field_T=mean(curves.field_T),  # type: ignore[arg-type]
        conductance_error_S=None if squares is None else np.sqrt(squares / counts),
        time_s=mean(legs.time_s),
        excitation_Vrms=mean(curves.excitation_Vrms),
        direction=curves.direction[order][starts],
        is_anchor=curves.is_anchor[order][starts],
    )


@dataclass(frozen=True, slots=True)
class _Legs:
    """How the legs of each isotherm go together.

    Attributes
    ----------
    blocks : array, shape (N,)
        Block of legs that each point belongs to.
    pairs : array, shape (isotherms,)
        How many pairs of legs make a block; 1 where legs stay apart.
    time_s : array, shape (N,), or None
        Time since the leg began, after the mean beginning of such legs of the block: a group that lacks the point of
        one leg must not come before or after its neighbours for that.
    """

    blocks: Integers
    pairs: Integers
    time_s: NDArray[np.float64] | None

    @classmethod
    def of(cls, curves: Curves) -> Self:
        """Join the legs of each isotherm; rows with times come in their order, anchors belong to the leg under way."""
        if curves.time_s is None:
            return cls(np.zeros_like(curves.isotherm_index), np.ones(len(curves.isotherms()), dtype=np.int64), None)
        blocks, pairs, times_s = [], [], []
        for isotherm in curves.isotherms():
            legs = np.maximum.accumulate(np.maximum(leg_numbers(isotherm), 1)) - 1
            number = int(legs[-1]) + 1
            pairs.append(-(-number // MOST_LEGS))
            block = _block_of(np.arange(number), number, pairs[-1])
            alike = 2 * block + np.arange(number) % 2
            assert isotherm.time_s is not None
            begin_s = isotherm.time_s[np.searchsorted(legs, np.arange(number))]
            mean_s = np.bincount(alike, begin_s) / np.maximum(1, np.bincount(alike))
            blocks.append(block[legs])
            times_s.append(isotherm.time_s + (mean_s[alike] - begin_s)[legs])
        return cls(np.concatenate(blocks), np.array(pairs), np.concatenate(times_s))


def _block_of(leg: Integers, number: int, pairs: int) -> Integers:
    """Return the block of each leg: so many pairs of legs together, but the first and the last ones alone.

    A sweep from zero begins and ends with half a leg. Where all legs of a block are whole and as many go up as down,
    their mean times follow one another as the legs did.
    """
    if pairs == 1:
        return leg
    whole = number - 2 - number % 2
    return np.where(leg == 0, 0, np.where(leg <= whole, 1 + (leg - 1) // (2 * pairs), number + leg))


def _groups(curves: Curves, blocks: Integers, most: Integers) -> tuple[Integers, Integers]:
    """Return an order of the points and where each group begins in it.

    A group has one isotherm, block of legs and direction, is no wider than `FINEST` of kB T / e, and has at most
    `most` points by isotherm. Anchors are grouped by time.
    """
    temperatures_K = np.array([isotherm.temperature_K for isotherm in curves.isotherms()])
    thermal_V = thermal_voltage_V(temperatures_K)[curves.isotherm_index]
    cells = np.rint(curves.bias_V / (FINEST * thermal_V)).astype(np.int64)
    cells[curves.is_anchor] = 0
    within = curves.bias_V
    if curves.time_s is not None:
        within = np.where(curves.is_anchor, curves.time_s, within)
    keys = (cells, curves.direction, curves.is_anchor, blocks, curves.isotherm_index)
    order = np.lexsort((within, *keys))
    is_first = np.logical_or.reduce([np.diff(key[order].astype(np.int64), prepend=-MOST_POINTS) != 0 for key in keys])
    firsts = np.flatnonzero(is_first)
    place = np.arange(order.size) - np.repeat(firsts, np.diff(np.append(firsts, order.size)))
    return order, np.flatnonzero(place % most[curves.isotherm_index[order]] == 0)
