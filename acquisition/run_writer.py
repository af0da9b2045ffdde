"""The run file as its one writer, the engine, has it: one SQLite file a run, the only bus to everyone who looks.

A point is committed, then acknowledged: write-ahead log with synchronous=FULL, one commit a point, gathered for at most
`BATCH_S` of wall time where points come faster than that (SQLite, "Write-Ahead Logging", sections 2 and 3). At the end
the log is folded in, so that one plain file remains.
"""

import json
import math
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from acquisition.clock import Wall
from acquisition.columns import SEAL, make_copy
from acquisition.errors import RunFileError
from acquisition.planning.plan_edit import PlanEdit
from acquisition.readings import Event, Monitor, Reading
from acquisition.run_schema import (
    INSERT_POINT,
    OTHER_COLUMNS,
    POINT_COLUMNS,
    SCHEMA,
    SCHEMA_VERSION,
    SET_ASIDE,
    SUFFIX,
    bring_up_to_date,
)
from acquisition.running.journal import WriteEntry

BATCH_S = 0.02
"""Longest wall time that a point waits for others to be committed with it."""

_FOLDING_TIMEOUT_MS = 1000


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
        raise _run_file_error(path, error) from error


def _run_file_error(path: Path, error: sqlite3.Error) -> RunFileError:
    return RunFileError(f"{path}: the run file cannot be written ({error}); check disk space and rights")


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
    again : frozenset of int
        Plan indices that are measured again: the point that was there goes among the replaced ones.

    Raises
    ------
    RunFileError
        Here and in every method, if the disk does not take it; the run must stop.
    """

    def __init__(
        self,
        path: Path,
        wall: Wall,
        on_commit: Callable[[int, int], None] | None = None,
        again: frozenset[int] = frozenset(),
    ) -> None:
        self.path = path
        self._again = again
        self._wall = wall
        self._on_commit = on_commit or (lambda _seq, _plan_index: None)
        self._pending: list[tuple[int, int]] = []
        self._last_commit_s = -math.inf
        with _as_run_file_error(path):
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            bring_up_to_date(self._connection)
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

        It appears under its name complete or not at all.

        Raises
        ------
        RunFileError
            If the file exists or cannot be written.
        """
        if path.exists():
            raise RunFileError(f"{path}: the run file cannot be made (it exists); choose another folder or name")
        unfinished = path.with_name(path.name + ".part")
        try:
            unfinished.unlink(missing_ok=True)
            with _as_run_file_error(path):
                _write_tables(unfinished, header)
            os.replace(unfinished, path)
        except OSError as error:
            raise RunFileError(f"{path}: the run file cannot be made ({error.strerror})") from error
        return cls(path, wall, on_commit)

    def append(self, reading: Reading) -> int:
        """Write one point and return its `seq`; durable at once, or within `BATCH_S` where points come faster."""
        seq = self._next_seq
        if reading.plan_index in self._again:
            for statement in SET_ASIDE:
                self._gather(statement, (reading.plan_index,))
        self._gather(INSERT_POINT, (seq, *reading))
        self._next_seq += 1
        self._pending.append((seq, reading.plan_index))
        self.flush_if_due()
        return seq

    def append_monitor(self, monitor: Monitor) -> None:
        """Write what was read while no point was measured; gathered as points are."""
        row = (monitor.time_s, monitor.temperature_K, monitor.field_T)
        self._gather("INSERT INTO monitor VALUES (NULL, ?, ?, ?)", row)
        self.flush_if_due()

    def append_channels(self, time_s: float, instrument: str, values: Mapping[str, float]) -> None:
        """Write what one instrument read beside points, a row a channel; gathered as points are."""
        for name, value in values.items():
            self._gather("INSERT INTO channel VALUES (NULL, ?, ?, ?, ?)", (time_s, instrument, name, value))
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Commit what has been waiting for `BATCH_S`; to be called often by whoever waits."""
        if self._connection.in_transaction and self._wall.monotonic_s() - self._last_commit_s >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """Commit what is pending and acknowledge it."""
        if not self._connection.in_transaction:
            return
        # taken off first: if the commit fails they are lost, and no later commit may acknowledge them
        committed, self._pending = self._pending, []
        with _as_run_file_error(self.path):
            self._connection.execute("COMMIT")
        self._last_commit_s = self._wall.monotonic_s()
        for seq, plan_index in committed:
            self._on_commit(seq, plan_index)

    def record(self, event: Event) -> None:
        """Write an event, after all points before it."""
        self._insert("event", event.time_s, event.kind, event.message)

    def record_command(self, time_s: float, command: str, argument: str, outcome: str, command_id: str = "") -> None:
        """Write a command of the operator and what became of it."""
        self._insert("command", time_s, command, argument, outcome, command_id)

    def record_settings(self, time_s: float, cause: str, instrument: str, settings: Mapping[str, Any]) -> None:
        """Write the settings of one instrument and why they were read."""
        self._insert("instrument_state", time_s, cause, instrument, json.dumps(dict(settings)))

    def record_writes(self, entries: Sequence[WriteEntry]) -> None:
        """Write down messages that changed instruments, all at once."""
        self.flush()
        now = self._wall.now().isoformat(timespec="milliseconds")
        rows = [
            (one.time_s, now, one.cause, one.instrument, one.until_s, one.count, one.message, one.last_message)
            for one in entries
        ]
        for row in rows:
            self._gather("INSERT INTO instrument_write VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        self.flush()

    def record_edit(self, time_s: float, edit: PlanEdit) -> None:
        """Write a change of the plan."""
        self._insert("plan_edit", time_s, edit.kind.value, json.dumps(edit.content))

    def set(self, key: str, value: Any) -> None:
        """Write one value of table `run`."""
        self.flush()
        with _as_run_file_error(self.path):
            self._connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (key, json.dumps(value)))

    def close(self) -> None:
        """Commit, fold the log in and leave one plain file; may be called twice.

        Where a viewer has the file open the log stays a file beside it, until the next who closes it last.
        """
        self.flush()
        with _as_run_file_error(self.path):
            copy = make_copy(self.path, self._connection)
            if copy is not None:
                self.set(SEAL, copy.seal)
            try:
                self._connection.execute(f"PRAGMA busy_timeout={_FOLDING_TIMEOUT_MS}")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._connection.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
            finally:
                self._connection.close()
        if copy is not None:
            copy.publish()

    def _gather(self, statement: str, row: Sequence[Any]) -> None:
        """Write a row in a transaction that stays open until `flush`, unless SQLite rolls it back."""
        connection = self._connection
        try:
            if not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
            connection.execute(statement, row)
        except sqlite3.Error as error:
            raise _run_file_error(self.path, error) from error
        finally:
            if not connection.in_transaction:  # a full disk undoes all that was waiting
                self._pending.clear()

    def _insert(self, table: str, time_s: float, *rest: str | float) -> None:
        self.flush()
        row = (time_s, self._wall.now().isoformat(timespec="milliseconds"), *rest)
        with _as_run_file_error(self.path):
            self._connection.execute(f"INSERT INTO {table} VALUES (NULL{', ?' * len(row)})", row)


def _write_tables(path: Path, header: Mapping[str, Any]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version={SCHEMA_VERSION};")
        rows = [(name, unit, meaning) for name, (_, unit, meaning) in (OTHER_COLUMNS | POINT_COLUMNS).items()]
        connection.executemany("INSERT INTO column_info VALUES (?, ?, ?)", rows)
        connection.executemany(
            "INSERT INTO run VALUES (?, ?)", [(key, json.dumps(value)) for key, value in header.items()]
        )
        connection.execute("COMMIT")
    finally:
        connection.close()
