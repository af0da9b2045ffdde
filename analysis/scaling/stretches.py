"""Stretches of time over which drift is a straight line, by a rule that grows with the data.

The time line is cut into cells of 2^k seconds; those that hold a point are stretches of their own, and what lies
between (a pause, a night) is one. k is the smallest, from a second on, that needs no more than 32 stretches. So the
stretches of points taken so far follow from their times alone, in any order; and when a point calls for others, the
old points' ramps turn into the new ones by an exact linear map, without looking at an old point again.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAXIMUM_STRETCHES = 32
SHORTEST_S = 1.0


@dataclass(frozen=True)
class Stretches:
    """Cells of equal length that hold points.

    Attributes
    ----------
    length_s : float
        Length of a cell, 2^k seconds.
    cells : int array, shape (c,)
        Rising numbers of the occupied cells; cell j begins at j * length_s.
    """

    length_s: float
    cells: NDArray[np.int64]

    @classmethod
    def of(cls, time_s: Floats) -> "Stretches":
        """Return the stretches of points taken at `time_s`, shape (n,)."""
        return cls(SHORTEST_S, np.unique(_cells(time_s, SHORTEST_S)))._coarse_enough()

    def with_times(self, time_s: Floats) -> "Stretches":
        """Return the stretches after further points; the same object if they need no others."""
        further = _cells(time_s, self.length_s)
        places = np.searchsorted(self.cells, further)
        if places.max(initial=0) < self.cells.size and np.array_equal(self.cells[places], further):
            return self
        return Stretches(self.length_s, np.union1d(self.cells, further))._coarse_enough()

    @cached_property
    def edges_s(self) -> Floats:
        """Times at which stretches begin and end, shape (m + 1,)."""
        return np.union1d(self.cells, self.cells + 1).astype(np.float64) * self.length_s

    @cached_property
    def lengths_s(self) -> Floats:
        """Lengths of the stretches, shape (m,)."""
        return np.diff(self.edges_s)

    @property
    def size(self) -> int:
        """Number of stretches m."""
        return int(self.cells.size + np.count_nonzero(np.diff(self.cells) > 1))

    def ramps(self, time_s: Floats) -> Floats:
        """Return a ramp for each stretch at `time_s`, shape (n, m).

        It rises over its stretch by the root of its length in seconds: unit prior variance a second.
        """
        starts, lengths = self.edges_s[:-1], self.lengths_s
        return np.clip((time_s[:, None] - starts) / lengths, 0.0, 1.0) * np.sqrt(lengths)

    def map_from(self, older: "Stretches") -> tuple[Floats, Floats]:
        """Express the ramps at the older points by the older ramps and a constant.

        Returns
        -------
        constant : array, shape (m,)
        ramps : array, shape (m_older, m)
            This ramp j at an older point is `constant[j]` + its older ramps times `ramps[:, j]`.
        """
        if not older.size:
            return np.zeros(self.size), np.zeros((0, self.size))
        corners = self.ramps(older.edges_s)
        return corners[0], np.diff(corners, axis=0) / np.sqrt(older.lengths_s)[:, None]

    def _coarse_enough(self) -> "Stretches":
        stretches = self
        while stretches.size > MAXIMUM_STRETCHES:
            halves = stretches.cells // 2
            stretches = Stretches(2.0 * stretches.length_s, halves[np.diff(halves, prepend=halves[0] - 1) > 0])
        return stretches


def _cells(time_s: Floats, length_s: float) -> NDArray[np.int64]:
    return np.floor(time_s / length_s).astype(np.int64)
