"""The tail of a run file, or of a bench's: what is new since the last look, in arrays that grow, one set an isotherm.

No Qt here. A look at nothing new costs some tens of microseconds, since it asks only whether anybody has committed
anything; no transaction is held between looks.
"""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.gui.run_phase import RunPhase
from acquisition.readings import UNTRUSTED, Direction, Event, Monitor, PointKind
from acquisition.run_reader import RunFileReader
from acquisition.running.lock import is_locked, lock_path
from analysis.points import Points

Floats = NDArray[np.float64]

_COLUMNS = (
    "seq",
    "plan_index",
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
LONGEST_HISTORY = 20_000
_FIRST_CAPACITY = 128
EVENTS_KEPT = 200

CHANNELS_A_LOOK = 50_000
"""So many of the last readings of channels are looked at: of a bench with ten channels those of an hour and a half."""

POINTS_A_LOOK = 50_000
"""A look takes at most so many points, some tenth of a second; a long run that is opened is there after several."""

POINTS_IN_ALL = 100_000
FEWEST_POINTS = 50
"""So many points are kept in all, or up to twice as many, and at least so many of an isotherm. A run of a week has ten
times as many, and no view can show them; the run file has them all."""


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

    def thin(self, most: int) -> None:
        """Keep at most about `most` rows, evenly taken."""
        stride = -(-self._count // most)
        for name, old in self._values.items():
            self._values[name] = old[: self._count : stride].copy()
        self._count = len(self._values[self._names[0]])

    def _grow(self, capacity: int) -> None:
        for name, old in self._values.items():
            self._values[name] = np.empty(capacity)
            self._values[name][: self._count] = old[: self._count]


@dataclass
class TailedIsotherm:
    """One isotherm as far as it is measured.

    `table` has the columns of `_KEPT` besides `direction` (+1, -1, 0), `is_anchor` (1, 0) and `flags`; of a long run it
    keeps a part of the `points` that are measured.
    """

    index: int
    temperature_setpoint_K: float
    field_setpoint_T: float
    points: int = 0
    table: GrowingTable = field(default_factory=lambda: GrowingTable((*_KEPT, "direction", "is_anchor", "flags")))

    def extend(self, columns: dict[str, Floats]) -> None:
        """Append points, shape (n,) a column."""
        self.table.extend(columns)
        self.points += len(columns["time_s"])

    @property
    def is_swept(self) -> NDArray[np.bool_]:
        """Return which rows are points of the sweep, not anchors; shape (n,)."""
        return self.table["is_anchor"] == 0


@dataclass
class ChannelHistory:
    """What one channel of a box read: times in seconds and values in the unit of its name, oldest first."""

    time_s: deque[float] = field(default_factory=lambda: deque(maxlen=LONGEST_HISTORY))
    values: deque[float] = field(default_factory=lambda: deque(maxlen=LONGEST_HISTORY))


@dataclass(frozen=True)
class Fresh:
    """What one look brought.

    Attributes
    ----------
    isotherms : frozenset of int
        Those with new points.
    points : int
        How many points are new.
    events, monitors, settings : tuple
        What happened, what was read between points, and how instruments were set, each with its time in s.
    channels : int
        How many readings of single channels are new; `RunTail.channels` has them.
    is_state_new : bool
        Whether the state of the run changed.
    trusted : Points or None
        The new points that a fit may use; None without any.
    time_s, temperature_K, field_T, deviation_K : array, shape (points,)
        Of the new points, in the order of time; the last is how far the temperature was from its setpoint.
    """

    isotherms: frozenset[int] = frozenset()
    points: int = 0
    events: tuple[Event, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    settings: tuple[tuple[float, dict[str, Any]], ...] = ()
    channels: int = 0
    is_state_new: bool = False
    trusted: Points | None = None
    time_s: Floats = field(default_factory=lambda: np.empty(0))
    temperature_K: Floats = field(default_factory=lambda: np.empty(0))
    field_T: Floats = field(default_factory=lambda: np.empty(0))
    deviation_K: Floats = field(default_factory=lambda: np.empty(0))

    def __bool__(self) -> bool:
        return bool(self.points or self.events or self.monitors or self.channels or self.is_state_new)


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
        self.points = self._rows = 0
        self._last_seq = 0
        self._newest_isotherm = -1
        self.last_plan_index = -1
        self._last_event = 0
        self._last_monitor = 0
        self._last_setting = 0
        self._last_channel = 0
        self._version = -1
        self._was_locked = self._has_more = False
        self.newest: Monitor | None = None
        self.settings: dict[str, Any] = {}
        self.channels: dict[tuple[str, str], ChannelHistory] = {}
        self.events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self.phase = RunPhase()

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

    @property
    def alarms(self) -> tuple[str, ...]:
        """Return the interlocks that have tripped and nobody has acknowledged."""
        return self.phase.alarms

    def last(self) -> TailedIsotherm | None:
        """Return the isotherm with the newest point."""
        return self.isotherms.get(self._newest_isotherm)

    def look(self) -> Fresh:
        """Take in what is new."""
        version, is_locked_now = self._reader.data_version(), is_locked(lock_path(self.path))
        if (version, is_locked_now) == (self._version, self._was_locked) and not self._has_more:
            return Fresh()
        self._version, self._was_locked = version, is_locked_now
        header = self._reader.header()
        is_state_new = header.get("state") != self.header.get("state")
        self.header = header
        events = self._reader.events(self._last_event)
        self._last_event += len(events)
        self.events.extend(events)
        self.phase = self.phase.after(events)
        columns = self._reader.columns(*_COLUMNS, after_seq=self._last_seq, most=POINTS_A_LOOK)
        count = len(columns["seq"])
        self._has_more = count == POINTS_A_LOOK
        touched = self._take(columns) if count else frozenset()
        return Fresh(
            touched,
            count,
            tuple(events),
            self._look_between(),
            self._look_at_settings(),
            self._look_at_channels(),
            is_state_new,
            _trusted(columns) if count else None,
            columns["time_s"],
            columns["temperature_K"],
            columns["field_T"],
            columns["temperature_K"] - columns["temperature_setpoint_K"],
        )

    @property
    def is_locked(self) -> bool:
        """Return whether an engine held the run at the last look."""
        return self._was_locked

    def _look_between(self) -> tuple[Monitor, ...]:
        """Take in what was read between points."""
        monitors = self._reader.monitors(self._last_monitor)
        self._last_monitor += len(monitors)
        if monitors:
            self.newest = monitors[-1]
        return tuple(monitors)

    def _look_at_channels(self) -> int:
        """Take in what single channels of the boxes read; on a bench that is all."""
        rows = self._reader.channels(self._last_channel, CHANNELS_A_LOOK)
        for seq, time_s, instrument, name, value in rows:
            history = self.channels.setdefault((instrument, name), ChannelHistory())
            history.time_s.append(time_s)
            history.values.append(value)
            self._last_channel = seq
        return len(rows)

    def _look_at_settings(self) -> tuple[tuple[float, dict[str, Any]], ...]:
        """Take in how the instruments are set."""
        looks = self._reader.settings(self._last_setting)
        self._last_setting += len(looks)
        for _, settings in looks:
            self.settings |= settings
        return tuple(looks)

    def _take(self, columns: dict[str, np.ndarray]) -> frozenset[int]:
        self._last_seq = int(columns["seq"][-1])
        self._newest_isotherm = int(columns["isotherm_index"][-1])
        self.last_plan_index = int(columns["plan_index"][-1])
        self.points += len(columns["seq"])
        self._rows += len(columns["seq"])
        numbers: dict[str, Floats] = {name: columns[name].astype(float) for name in (*_KEPT, "flags")}
        numbers["direction"] = np.array([_DIRECTIONS[direction] for direction in columns["direction"]])
        numbers["is_anchor"] = (columns["kind"] == PointKind.ANCHOR.value).astype(float)
        touched = frozenset(set(columns["isotherm_index"].tolist()))
        for index in touched:
            rows = columns["isotherm_index"] == index
            if index not in self.isotherms:
                first = int(np.argmax(rows))
                self.isotherms[index] = TailedIsotherm(
                    index,
                    float(columns["temperature_setpoint_K"][first]),
                    float(columns["field_setpoint_T"][first]),
                )
            self.isotherms[index].extend({name: column[rows] for name, column in numbers.items()})
        self._thin()
        return touched

    def _thin(self) -> None:
        """Keep no more points than views can show; the isotherm under way keeps all of its own."""
        if self._rows <= 2 * max(POINTS_IN_ALL, FEWEST_POINTS * len(self.isotherms)):
            return
        most = max(POINTS_IN_ALL // len(self.isotherms), FEWEST_POINTS)
        for index, isotherm in self.isotherms.items():
            if len(isotherm.table) > most and index != self._newest_isotherm:
                isotherm.table.thin(most)
        self._rows = sum(len(isotherm.table) for isotherm in self.isotherms.values())


def _trusted(columns: dict[str, np.ndarray]) -> Points | None:
    rows = (columns["flags"].astype(int) & UNTRUSTED.value) == 0
    if not rows.any():
        return None
    directions = np.array([_DIRECTIONS[direction] for direction in columns["direction"]], dtype=np.int8)
    return Points(
        columns["isotherm_index"],
        *(columns[name] for name in ("bias_V", "temperature_K", "field_T", "conductance_S", "conductance_error_S")),
        *(columns[name] for name in ("time_s", "excitation_Vrms")),
        directions,
        columns["kind"] == PointKind.ANCHOR,
    ).select(rows)
