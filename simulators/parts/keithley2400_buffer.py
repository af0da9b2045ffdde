"""The reading buffer of a Keithley 2400 and its statistics (2400 user's manual, 18: TRACe and CALCulate3)."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from simulators.dialect import Complaint, Refusal

LARGEST: Final = 2500

STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "MEAN": statistics.fmean,
    "SDEV": statistics.stdev,
    "MAX": max,
    "MIN": min,
    "PKPK": lambda values: max(values) - min(values),
}
OF: Final = ("VOLT", "CURR", "RES")
"""What statistics are of, in this order (assumed: all three, whatever elements are asked for)."""

Row = Mapping[str, float]


class ReadingBuffer:
    """Readings, stored one after the other while the buffer is fed, until it is full.

    Parameters
    ----------
    nothing
        What a row holds for a quantity that was not measured.
    """

    def __init__(self, nothing: float) -> None:
        self._nothing = nothing
        self._rows: list[Row] = []
        self.is_full = False

    def __len__(self) -> int:
        return len(self._rows)

    def store(self, row: Row, size: int) -> None:
        """Keep a reading; `is_full` says whether there is room for another."""
        self._rows.append(row)
        self.is_full = len(self._rows) >= size

    def clear(self) -> None:
        """Empty it."""
        self._rows.clear()
        self.is_full = False

    def rows(self) -> Sequence[Row]:
        """Return what is stored; refused if that is nothing."""
        if not self._rows:
            raise Refusal(Complaint.NOT_PERMITTED, "the buffer is empty")
        return self._rows

    def statistic(self, kind: str) -> list[float]:
        """Return a statistic of voltages, currents and resistances; of what was not measured, no number."""
        of, rows = STATISTICS.get(kind), self.rows()
        if of is None or len(rows) < 2:
            raise Refusal(Complaint.NOT_PERMITTED, f"no {kind} of {len(rows)} readings")
        columns = [[row[name] for row in rows] for name in OF]
        return [self._nothing if self._nothing in column else of(column) for column in columns]
