"""The run file as everyone who looks at it has it, while it grows or after: no reader ever holds up the writer."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np

from acquisition.columns import SEAL, copied_columns, table_columns
from acquisition.errors import InputError
from acquisition.planning.plan_edit import EditKind, PlanEdit
from acquisition.readings import UNTRUSTED, Event, Monitor, Reading, reading_from_row
from acquisition.run_schema import POINT_COLUMNS, SCHEMA_VERSION, SPARE_COLUMNS, RunState, stand_in_for_later_tables
from acquisition.running.lock import is_locked, lock_path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a damaged or foreign value does to whoever makes sense of it into an error of ours.

    Raises
    ------
    InputError
        If what is done inside stumbles over a value; errors of ours pass as they are.
    """
    try:
        yield
    except (LookupError, ArithmeticError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: the run file holds what this program does not write ({type(error).__name__}: {error}); it is "
            "damaged or from elsewhere"
        ) from error


@dataclass(frozen=True)
class RunSummary:
    """What a list of runs shows of one."""

    path: Path
    name: str
    sample: str
    started: str
    state: RunState
    points: int
    planned_points: int


class RunFileReader:
    """A reader of a run file, live or ended; holds no transaction between calls, so it never holds up the writer.

    Raises
    ------
    InputError
        If the file is absent, is no run file, or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise InputError(f"{path}: no such run file; `zerobias runs` lists the ones there are")
        try:
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}
            known = {name for _, name, *_ in self._connection.execute("PRAGMA table_info(point)")}
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not a readable run file ({error})") from error
        if not {"point", "run"} <= tables:
            raise InputError(f"{path}: a SQLite file, but not a run file of this program (no table point)")
        if version > SCHEMA_VERSION:
            raise InputError(
                f"{path}: schema version {version}, this program reads up to {SCHEMA_VERSION}; use a newer zerobias"
            )
        self._later = SPARE_COLUMNS - known  # than this file
        stand_in_for_later_tables(self._connection, tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def header(self) -> dict[str, Any]:
        """Return table `run`, with the state as readers see it."""
        with reading(self.path):
            found = {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM run")}
        going_on = found.get("state") in (RunState.RUNNING, RunState.PAUSED)
        if going_on and not is_locked(lock_path(self.path)):
            found["state"] = RunState.INTERRUPTED.value
        return found

    def columns(self, *names: str, after_seq: int = 0, most: int = -1) -> dict[str, np.ndarray]:
        """Return columns of table `point` as arrays by `seq`, from behind `after_seq` on, at most `most` rows."""
        unknown = set(names) - POINT_COLUMNS.keys() - {"seq"}
        if unknown:
            raise InputError(f"{self.path}: no column {sorted(unknown)[0]} in table point")
        if not after_seq and most < 0 and (seal := self._seal()) is not None:
            copied = copied_columns(self.path, seal, names)
            if copied is not None:
                return copied
        try:
            with reading(self.path):
                return table_columns(self._connection, names, after_seq, most, self._later)
        except sqlite3.Error as error:
            raise InputError(f"{self.path}: the run file is damaged or being replaced ({error})") from error

    def _seal(self) -> str | None:
        """Return what names the copy of the columns that was made of this file; None if none was."""
        rows = self._rows("SELECT value FROM run WHERE key = ?", SEAL)
        with reading(self.path):
            return json.loads(rows[0][0]) if rows else None

    def sampled_columns(self, *names: str, most: int) -> dict[str, np.ndarray]:
        """Return columns of at most about `most` points, evenly taken, for a look at a run that may be long."""
        ((last,),) = self._rows("SELECT coalesce(max(seq), 0) FROM point")
        columns = ", ".join(name for name in names if name in POINT_COLUMNS)
        rows = self._rows(f"SELECT {columns} FROM point WHERE seq % ? = 0 ORDER BY seq", max(1, last // most))
        values = zip(*rows, strict=True) if rows else [()] * len(names)
        return {name: np.array(column) for name, column in zip(names, values, strict=True)}

    def channels(self, after_seq: int = 0, most: int = 1 << 62) -> list[tuple[int, float, str, str, float]]:
        """Return seq, time (s), instrument, channel and value of what `append_channels` wrote behind `after_seq`.

        Of more than `most` readings only those written last.
        """
        query = """SELECT seq, time_s, instrument, name, value FROM channel
            WHERE seq > max(?, (SELECT max(seq) FROM channel) - ?) ORDER BY seq"""
        return self._rows(query, after_seq, most)

    def measured_plan_indices(self) -> set[int]:
        """Return the plan indices that are already in the file."""
        return {index for (index,) in self._rows("SELECT plan_index FROM point")}

    def flagged_plan_indices(self) -> frozenset[int]:
        """Return the plan indices of the points that the analysis leaves out for their flags."""
        return frozenset(index for (index,) in self._rows("SELECT plan_index FROM point WHERE flags & ?", UNTRUSTED))

    def points_of(self, isotherm_index: int) -> list[Reading]:
        """Return the points of one isotherm in the order of the plan."""
        return self._points("isotherm_index = ? ORDER BY plan_index", isotherm_index)

    def last_point(self) -> Reading | None:
        """Return the point committed last, or None if there is none."""
        return next(iter(self._points("seq = (SELECT max(seq) FROM point)")), None)

    def data_version(self) -> int:
        """Return a number that changes whenever somebody has committed something."""
        ((version,),) = self._rows("PRAGMA data_version")
        return version

    def events(self, after_seq: int = 0) -> list[Event]:
        """Return the events in order, from behind `after_seq` on; the first has the `seq` 1 and none is left out."""
        query = "SELECT time_s, kind, message, wall_time FROM event WHERE seq > ? ORDER BY seq"
        return [Event(*row) for row in self._rows(query, after_seq)]

    def monitors(self, after_seq: int = 0) -> list[Monitor]:
        """Return what was read between points, in order, from behind `after_seq` on; `seq` counts from 1."""
        query = "SELECT time_s, temperature_K, field_T FROM monitor WHERE seq > ? ORDER BY seq"
        return [Monitor(*row) for row in self._rows(query, after_seq)]

    def settings(self, after_seq: int = 0) -> list[tuple[float, dict[str, Any]]]:
        """Return time and settings of each look at an instrument, in order, from behind `after_seq` on."""
        query = "SELECT time_s, settings FROM instrument_state WHERE seq > ? ORDER BY seq"
        return [(time_s, json.loads(settings)) for time_s, settings in self._rows(query, after_seq)]

    def notes(self) -> list[str]:
        """Return the operator's notes in order."""
        return [text for (text,) in self._rows("SELECT message FROM event WHERE kind = 'note' ORDER BY seq")]

    def edits(self) -> list[PlanEdit]:
        """Return the changes of the plan in order."""
        rows = self._rows("SELECT kind, content FROM plan_edit ORDER BY seq")
        return [PlanEdit(EditKind(kind), json.loads(content)) for kind, content in rows]

    def last_seen(self) -> Monitor:
        """Return the newest temperature and field in the file, None where there is none, and the newest time."""
        temperature_K, field_T = self._newest("temperature_K"), self._newest("field_T")
        times = [self._rows(f"SELECT max(time_s) FROM {table}")[0][0] for table in ("point", "monitor", "event")]
        return Monitor(max((time for time in times if time is not None), default=0.0), temperature_K, field_T)

    def last_wall_time(self) -> datetime | None:
        """Return when the newest event was written, or None if there is none."""
        rows = self._rows("SELECT wall_time FROM event ORDER BY seq DESC LIMIT 1")
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def command_outcome(self, command_id: str) -> str | None:
        """Return what became of a command, or None if the engine has not dealt with it yet."""
        rows = self._rows("SELECT outcome FROM command WHERE id = ?", command_id)
        return rows[0][0] if rows else None

    def command_ids(self) -> frozenset[str]:
        """Return the ids of the commands that the engine has dealt with."""
        return frozenset(name for (name,) in self._rows("SELECT id FROM command"))

    def summary(self) -> RunSummary:
        """Return what a list of runs shows."""
        header = self.header()
        ((points,),) = self._rows("SELECT count(*) FROM point")
        with reading(self.path):
            return RunSummary(
                path=self.path,
                name=str(header.get("name", "")),
                sample=str(header.get("sample", "")),
                started=str(header.get("started", "")),
                state=RunState(header.get("state", RunState.INTERRUPTED)),
                points=points,
                planned_points=int(header.get("planned_points", 0)),
            )

    def _newest(self, column: str) -> float | None:
        """Return the value of a column that both points and monitor have, from the newest row of the two."""
        query = "SELECT time_s, {0} FROM {1} WHERE {0} IS NOT NULL ORDER BY seq DESC LIMIT 1"
        rows = [row for table in ("point", "monitor") for row in self._rows(query.format(column, table))]
        return max(rows)[1] if rows else None

    def _columns(self, names: Iterable[str]) -> str:
        """Return columns for a query; empty where the file is older than the column."""
        return ", ".join("NULL" if name in self._later else name for name in names)

    def _points(self, where: str, *arguments: Any) -> list[Reading]:
        rows = self._rows(f"SELECT {self._columns(POINT_COLUMNS)} FROM point WHERE {where}", *arguments)
        return [reading_from_row(row) for row in rows]

    def _rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, arguments).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise InputError(f"{self.path}: the run file is damaged or being replaced ({error})") from error


def summary_dict(summary: RunSummary) -> dict[str, Any]:
    """Return a summary as plain JSON values."""
    return asdict(summary) | {"path": str(summary.path), "state": summary.state.value}
