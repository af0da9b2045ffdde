"""The run file: one SQLite file a run, the only bus between the engine and everyone who looks.

The engine is the only writer (`RunFileWriter`). A point is committed, then acknowledged: write-ahead log with
synchronous=FULL, one commit a point, gathered for at most `BATCH_S` of wall time where points come faster than that
(SQLite, "Write-Ahead Logging", sections 2 and 3). At the end the log is folded in, so that one plain file remains.
"""

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import numpy as np

from acquisition.clock import Wall
from acquisition.errors import InputError, RunFileError
from acquisition.lock import is_locked, lock_path
from acquisition.readings import Event, PointFlag, Reading

SCHEMA_VERSION = 1
SUFFIX = ".zerobias.sqlite"
BATCH_S = 0.02


class RunState(StrEnum):
    """What became of a run. `INTERRUPTED` is derived by readers: written as going on, but nobody holds the lock."""

    RUNNING = "running"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    COMPLETE = "complete"
    ABORTED = "aborted"
    SAFETY_STOP = "safety-stop"
    FAILED = "failed"


# name -> (SQL type, unit, meaning); the order is that of `Reading`
POINT_COLUMNS: dict[str, tuple[str, str, str]] = {
    "plan_index": ("INTEGER NOT NULL UNIQUE", "", "place in the plan; each is measured once"),
    "isotherm_index": ("INTEGER NOT NULL", "", "which temperature and field of the plan"),
    "kind": ("TEXT NOT NULL", "", "sweep or anchor (a return to zero bias that shows the drift)"),
    "direction": ("TEXT NOT NULL", "", "which way the bias was going: up, down, none"),
    "time_s": ("REAL NOT NULL", "s", "experiment time since the start of the run"),
    "bias_setpoint_V": ("REAL NOT NULL", "V", "bias the plan asks for, across the contact"),
    "temperature_setpoint_K": ("REAL NOT NULL", "K", "temperature the plan asks for"),
    "field_setpoint_T": ("REAL NOT NULL", "T", "field the plan asks for"),
    "bias_V": ("REAL NOT NULL", "V", "across the contact: dV/dI integrated over the set current from zero"),
    "current_A": ("REAL NOT NULL", "A", "bias current as the source meter reads it back"),
    "excitation_Vrms": ("REAL NOT NULL", "V", "excitation across the contact, rms"),
    "temperature_K": ("REAL NOT NULL", "K", "sample thermometer"),
    "field_T": ("REAL NOT NULL", "T", "field from the magnet current"),
    "lockin_x_V": ("REAL NOT NULL", "V", "in phase, rms, referred to the preamplifier's input"),
    "lockin_y_V": ("REAL NOT NULL", "V", "in quadrature, rms, referred to the preamplifier's input"),
    "conductance_S": ("REAL NOT NULL", "S", "differential conductance of the contact"),
    "conductance_error_S": ("REAL NOT NULL", "S", "predicted standard error of this one point"),
    "flags": (
        "INTEGER NOT NULL",
        "",
        "what to know before trusting the point: "
        + "; ".join(f"{flag.value} {flag.name.lower().replace('_', ' ')}" for flag in PointFlag if flag.name),
    ),
    "current_setpoint_A": ("REAL NOT NULL", "A", "bias current the source meter was set to"),
    "source_voltage_V": ("REAL NOT NULL", "V", "voltage at the source meter's terminals, wiring included"),
    "oscillator_Vrms": ("REAL NOT NULL", "V", "lock-in oscillator amplitude, rms"),
    "sensitivity_V": ("REAL NOT NULL", "V", "lock-in full scale, rms, at the lock-in's own input"),
}

_OTHER_COLUMNS = {
    "seq": ("INTEGER PRIMARY KEY", "", "order of commitment"),
}

_POINT_SCHEMA = ", ".join(f"{name} {kind}" for name, (kind, _, _) in POINT_COLUMNS.items())

_SCHEMA = f"""
CREATE TABLE point (seq INTEGER PRIMARY KEY, {_POINT_SCHEMA});
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE column_info (name TEXT PRIMARY KEY, unit TEXT NOT NULL, meaning TEXT NOT NULL);
CREATE TABLE event (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL, kind TEXT NOT NULL,
    message TEXT NOT NULL);
CREATE TABLE command (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL, command TEXT NOT NULL,
    argument TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE TABLE instrument_state (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL,
    cause TEXT NOT NULL, instrument TEXT NOT NULL, settings TEXT NOT NULL);
"""

_INSERT = f"INSERT INTO point (seq, {', '.join(POINT_COLUMNS)}) VALUES ({', '.join('?' * (len(POINT_COLUMNS) + 1))})"


def new_run_path(directory: Path, name: str, wall: Wall) -> Path:
    """Return a path `DIRECTORY/YYYY-MM-DD_NNN_name.zerobias.sqlite` that no run has yet.

    Raises
    ------
    RunFileError
        If the directory cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFileError(f"{directory}: cannot make the folder for run files ({error.strerror})") from error
    day = wall.now().strftime("%Y-%m-%d")
    taken = [
        int(found.group(1))
        for path in directory.glob(f"{day}_*{SUFFIX}")
        if (found := re.match(rf"{day}_(\d+)_", path.name))
    ]
    plain = re.sub(r"[^A-Za-z0-9.+-]+", "-", name).strip("-.") or "run"
    return directory / f"{day}_{max(taken, default=0) + 1:03d}_{plain}{SUFFIX}"


@contextmanager
def _as_run_file_error(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise RunFileError(f"{path}: the run file cannot be written ({error}); check disk space and rights") from error


class RunFileWriter:
    """The one writer of a run file.

    Parameters
    ----------
    path : Path
        An existing run file; `create` makes a new one.
    wall : Wall
        Dates events and gathers commits.
    on_commit : callable
        Called with ``(seq, plan_index)`` of each point, in order, once it is durable.
    """

    def __init__(self, path: Path, wall: Wall, on_commit: Callable[[int, int], None] | None = None) -> None:
        self.path = path
        self._wall = wall
        self._on_commit = on_commit or (lambda _seq, _plan_index: None)
        self._pending: list[tuple[int, int]] = []
        self._last_commit_s = -np.inf
        with _as_run_file_error(path):
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            (last,) = self._connection.execute("SELECT max(seq) FROM point").fetchone()
        self._next_seq = 1 if last is None else last + 1

    @classmethod
    def create(
        cls,
        path: Path,
        header: Mapping[str, Any],
        wall: Wall,
        on_commit: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Make a new run file with its tables and `header` (JSON values for table `run`).

        Raises
        ------
        RunFileError
            If the file exists or cannot be written.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except OSError as error:
            raise RunFileError(f"{path}: the run file cannot be made ({error.strerror})") from error
        with _as_run_file_error(path):
            connection = sqlite3.connect(path, isolation_level=None)
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
            rows = [(name, unit, meaning) for name, (_, unit, meaning) in (_OTHER_COLUMNS | POINT_COLUMNS).items()]
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO column_info VALUES (?, ?, ?)", rows)
            connection.executemany(
                "INSERT INTO run VALUES (?, ?)", [(key, json.dumps(value)) for key, value in header.items()]
            )
            connection.execute("COMMIT")
            connection.close()
        return cls(path, wall, on_commit)

    def append(self, reading: Reading) -> int:
        """Write one point and return its `seq`; durable at once, or within `BATCH_S` where points come faster.

        Raises
        ------
        RunFileError
            If the disk does not take it; the run must stop.
        """
        seq = self._next_seq
        with _as_run_file_error(self.path):
            if not self._pending:
                self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_INSERT, (seq, *astuple(reading)))
        self._next_seq += 1
        self._pending.append((seq, reading.plan_index))
        if self._wall.monotonic_s() - self._last_commit_s >= BATCH_S:
            self.flush()
        return seq

    def flush(self) -> None:
        """Commit what is pending and acknowledge it."""
        if not self._pending:
            return
        with _as_run_file_error(self.path):
            self._connection.execute("COMMIT")
        self._last_commit_s = self._wall.monotonic_s()
        committed, self._pending = self._pending, []
        for seq, plan_index in committed:
            self._on_commit(seq, plan_index)

    def record(self, event: Event) -> None:
        """Write an event, after all points before it."""
        self._insert("event", event.time_s, event.kind, event.message)

    def record_command(self, time_s: float, command: str, argument: str, outcome: str) -> None:
        """Write a command of the operator and what became of it."""
        self._insert("command", time_s, command, argument, outcome)

    def record_settings(self, time_s: float, cause: str, instrument: str, settings: Mapping[str, Any]) -> None:
        """Write the settings of one instrument and why they were read."""
        self._insert("instrument_state", time_s, cause, instrument, json.dumps(dict(settings)))

    def set(self, key: str, value: Any) -> None:
        """Write one value of table `run`."""
        self.flush()
        with _as_run_file_error(self.path):
            self._connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (key, json.dumps(value)))

    def close(self) -> None:
        """Commit, fold the log in and leave one plain file; may be called twice."""
        self.flush()
        with _as_run_file_error(self.path):
            self._connection.execute("PRAGMA journal_mode=DELETE")
            self._connection.close()

    def _insert(self, table: str, time_s: float, *rest: str) -> None:
        self.flush()
        row = (time_s, self._wall.now().isoformat(timespec="milliseconds"), *rest)
        with _as_run_file_error(self.path):
            self._connection.execute(f"INSERT INTO {table} VALUES (NULL, {', '.join('?' * len(row))})", row)


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
        except sqlite3.Error as error:
            raise InputError(f"{path}: not a readable run file ({error})") from error
        if not {"point", "run"} <= tables:
            raise InputError(f"{path}: a SQLite file, but not a run file of this program (no table point)")
        if version > SCHEMA_VERSION:
            raise InputError(
                f"{path}: schema version {version}, this program reads up to {SCHEMA_VERSION}; use a newer zerobias"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def header(self) -> dict[str, Any]:
        """Return table `run`, with the state as readers see it."""
        found = {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM run")}
        going_on = found.get("state") in (RunState.RUNNING, RunState.PAUSED)
        if going_on and not is_locked(lock_path(self.path)):
            found["state"] = RunState.INTERRUPTED.value
        return found

    def columns(self, *names: str, after_seq: int = 0) -> dict[str, np.ndarray]:
        """Return columns of table `point` as arrays in the order of `seq`, from behind `after_seq` on."""
        unknown = set(names) - POINT_COLUMNS.keys() - {"seq"}
        if unknown:
            raise InputError(f"{self.path}: no column {sorted(unknown)[0]} in table point")
        rows = self._rows(f"SELECT {', '.join(names)} FROM point WHERE seq > ? ORDER BY seq", after_seq)
        values = zip(*rows, strict=True) if rows else [()] * len(names)
        return {name: np.array(column) for name, column in zip(names, values, strict=True)}

    def measured_plan_indices(self) -> set[int]:
        """Return the plan indices that are already in the file."""
        return {index for (index,) in self._rows("SELECT plan_index FROM point")}

    def events(self) -> list[Event]:
        """Return all events in order."""
        return [Event(*row) for row in self._rows("SELECT time_s, kind, message FROM event ORDER BY seq")]

    def summary(self) -> RunSummary:
        """Return what a list of runs shows."""
        header = self.header()
        ((points,),) = self._rows("SELECT count(*) FROM point")
        return RunSummary(
            path=self.path,
            name=str(header.get("name", "")),
            sample=str(header.get("sample", "")),
            started=str(header.get("started", "")),
            state=RunState(header.get("state", RunState.INTERRUPTED)),
            points=points,
            planned_points=int(header.get("planned_points", 0)),
        )

    def _rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise InputError(f"{self.path}: the run file is damaged or being replaced ({error})") from error


def summary_dict(summary: RunSummary) -> dict[str, Any]:
    """Return a summary as plain JSON values."""
    return asdict(summary) | {"path": str(summary.path), "state": summary.state.value}
