"""The tail of a run file: what is new since the last look, kept in arrays that grow, one set an isotherm.

No Qt here. A look at nothing new costs some tens of microseconds; no transaction is held between looks.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.readings import Direction, Event, PointKind
from acquisition.store import RunFileReader

Floats = NDArray[np.float64]

_COLUMNS = (
    "seq",
    "isotherm_index",
    "kind",
    "direction",
    "time_s",
    "temperature_setpoint_K",
    "field_setpoint_T",
    "bias_V",
    "current_A",
    "excitation_Vrms",
    "temperature_K",
    "field_T",
    "lockin_x_V",
    "conductance_S",
    "conductance_error_S",
    "flags",
)
_KEPT = (
    "time_s",
    "bias_V",
    "current_A",
    "excitation_Vrms",
    "temperature_K",
    "field_T",
    "lockin_x_V",
    "conductance_S",
    "conductance_error_S",
)
_DIRECTIONS = {Direction.UP.value: 1.0, Direction.DOWN.value: -1.0, Direction.NONE.value: 0.0}
_FIRST_CAPACITY = 1024


class GrowingTable:
    """Columns of floats that grow together; a column is a view of what is filled, never a copy."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._values = {name: np.empty(_FIRST_CAPACITY) for name in names}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, name: str) -> Floats:
        return self._values[name][: self._count]

    def extend(self, columns: dict[str, Floats]) -> None:
        """Append rows, shape (n,) each."""
        more = len(columns[self._names[0]])
        needed = self._count + more
        capacity = len(self._values[self._names[0]])
        if needed > capacity:
            self._grow(max(needed, 2 * capacity))
        for name in self._names:
            self._values[name][self._count : needed] = columns[name]
        self._count = needed

    def _grow(self, capacity: int) -> None:
        for name, old in self._values.items():
            self._values[name] = np.empty(capacity)
            self._values[name][: self._count] = old[: self._count]


@dataclass
class TailedIsotherm:
    """One isotherm as far as it is measured.

    `table` has the columns of `_KEPT` besides `direction` (+1, -1, 0), `is_anchor` (1, 0) and `flags`.
    """

    index: int
    temperature_setpoint_K: float
    field_setpoint_T: float
    table: GrowingTable = field(default_factory=lambda: GrowingTable((*_KEPT, "direction", "is_anchor", "flags")))

    @property
    def is_swept(self) -> NDArray[np.bool_]:
        """Return which rows are points of the sweep, not anchors; shape (n,)."""
        return self.table["is_anchor"] == 0


@dataclass(frozen=True)
class Fresh:
    """What one look brought: isotherms with new points, how many points, new events, and whether the state changed."""

    isotherms: frozenset[int]
    points: int
    events: tuple[Event, ...]
    is_state_new: bool

    def __bool__(self) -> bool:
        return bool(self.points or self.events or self.is_state_new)


class RunTail:
    """A run file, looked at again and again.

    Parameters
    ----------
    path : Path
        The run file; it may be growing or ended.

    Raises
    ------
    InputError
        If it is no run file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = RunFileReader(path)
        self.header: dict[str, Any] = {}
        self.isotherms: dict[int, TailedIsotherm] = {}
        self.points = 0
        self._last_seq = 0
        self._last_event = 0

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._reader.__exit__()

    @property
    def planned_points(self) -> int:
        """Return the number of points that the plan has."""
        return int(self.header.get("planned_points", 0))

    @property
    def state(self) -> str:
        """Return the state of the run as readers see it."""
        return str(self.header.get("state", ""))

    def last(self) -> TailedIsotherm | None:
        """Return the isotherm with the newest point."""
        if not self.isotherms:
            return None
        return max(self.isotherms.values(), key=lambda isotherm: isotherm.table["time_s"][-1])

    def look(self) -> Fresh:
        """Take in what is new."""
        header = self._reader.header()
        is_state_new = header.get("state") != self.header.get("state")
        self.header = header
        events = self._reader.events()[self._last_event :]
        self._last_event += len(events)
        columns = self._reader.columns(*_COLUMNS, after_seq=self._last_seq)
        count = len(columns["seq"])
        touched = self._take(columns) if count else frozenset()
        return Fresh(touched, count, tuple(events), is_state_new)

    def _take(self, columns: dict[str, np.ndarray]) -> frozenset[int]:
        self._last_seq = int(columns["seq"][-1])
        self.points += len(columns["seq"])
        numbers: dict[str, Floats] = {name: columns[name].astype(float) for name in (*_KEPT, "flags")}
        numbers["direction"] = np.array([_DIRECTIONS[direction] for direction in columns["direction"]])
        numbers["is_anchor"] = (columns["kind"] == PointKind.ANCHOR.value).astype(float)
        touched = frozenset(int(index) for index in np.unique(columns["isotherm_index"]))
        for index in touched:
            rows = columns["isotherm_index"] == index
            if index not in self.isotherms:
                first = int(np.argmax(rows))
                self.isotherms[index] = TailedIsotherm(
                    index,
                    float(columns["temperature_setpoint_K"][first]),
                    float(columns["field_setpoint_T"][first]),
                )
            self.isotherms[index].table.extend({name: column[rows] for name, column in numbers.items()})
        return touched
