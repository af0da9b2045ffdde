"""The points of a run as arrays: out of its table, or out of a copy beside it that is believed only while it is exact.

The run file is the truth. Where a run is long, its writer leaves a copy of table `point` beside it when it closes,
column after column, which is read many times as fast. A reader takes it only if the run file is closed and says itself,
in table `run`, that this very copy was made of it, and if its own change counter and size are still what they were
then: whoever writes to a SQLite file moves that counter. Anything else is as if there were no copy.
"""

import hashlib
import json
import logging
import sqlite3
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from acquisition.run_schema import OTHER_COLUMNS, POINT_COLUMNS, SPARE_COLUMNS, SUFFIX

SEAL: Final = "columns_seal"
"""Key of table `run` under which the copy that was made of it is named, by a digest of what is in it."""

LEAST_POINTS: Final = 50_000
"""A shorter run is read from its table in a tenth of a second."""

COPY_SUFFIX: Final = ".zerobias.columns"

_HEADER_BYTES: Final = 4096
_CHUNK_POINTS: Final = 50_000
_SQLITE_HEADER_BYTES: Final = 100
_LEGACY_VERSION: Final = (
    1  # of writing and reading, SQLite file format 1.3.3: a rollback journal; 2 is a write-ahead log
)
_TYPES: Final = {name: column[0].split()[0] for name, column in (OTHER_COLUMNS | POINT_COLUMNS).items()}
_NUMBERS: Final = {"INTEGER": np.dtype(np.int64), "REAL": np.dtype(np.float64)}
_PACKED: Final = {"INTEGER": "q", "REAL": "d"}  # the same in the language of `struct`

_log = logging.getLogger(__name__)

Columns = dict[str, NDArray[Any]]


def table_columns(
    connection: sqlite3.Connection,
    names: Sequence[str],
    after_seq: int = 0,
    most: int = -1,
    absent: Collection[str] = (),
) -> Columns:
    """Return columns of table `point` as arrays in the order of `seq`, from behind `after_seq` on, `most` of them.

    Spare columns are NaN where they are empty, and all through where the table is older than they are (`absent`).
    """
    numbers = [name for name in names if _TYPES[name] in _NUMBERS and name not in SPARE_COLUMNS]
    # several passes over a table that may grow meanwhile: none goes beyond what was there at first
    (last_seq,) = connection.execute("SELECT coalesce(max(seq), 0) FROM point").fetchone()
    selected, bounds = "FROM point WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", (after_seq, last_seq, most)
    found: Columns = {}
    if numbers:
        found |= _numbers(connection, numbers, selected, bounds)
    for name in set(names) - set(numbers):
        rows = connection.execute(f"SELECT {'NULL' if name in absent else name} {selected}", bounds)
        dtype = np.float64 if name in SPARE_COLUMNS else np.str_
        found[name] = np.array([value for (value,) in rows], dtype=dtype)
    return {name: found[name] for name in names}


def _numbers(connection: sqlite3.Connection, names: Sequence[str], selected: str, bounds: tuple[int, ...]) -> Columns:
    """Return columns of numbers, of rows that are packed inside SQLite, before they are handed over.

    To fetch a value SQLite locks and unlocks its connection twice, which takes longer than all the rest; so a row is
    fetched as one value. No list of rows is made: it would take ten times the memory.
    """
    dtype = np.dtype([(name, _NUMBERS[_TYPES[name]]) for name in names])
    pack = struct.Struct("".join(["=", *(_PACKED[_TYPES[name]] for name in names)])).pack
    connection.create_function("packed", len(names), pack, deterministic=True)
    rows = connection.execute(f"SELECT packed({', '.join(names)}) {selected}", bounds)
    table = np.fromiter(chain.from_iterable(rows), dtype=f"V{dtype.itemsize}").view(dtype)
    return {name: np.ascontiguousarray(table[name]) for name in names}


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a column stands in a copy, and of what it consists: of `words` there are codes."""

    name: str
    dtype: str
    words: list[str]


class ColumnCopy:
    """A copy under way: filled while its run file is open, published once that is closed.

    Parameters
    ----------
    run_file : Path
        The run file, of which it becomes a copy.
    connection : Connection
        The writer's own, with nothing pending.
    points : int
        Rows of table `point`.

    Raises
    ------
    OSError
        If the disk does not take it.
    """

    def __init__(self, run_file: Path, connection: sqlite3.Connection, points: int) -> None:
        self._run_file = run_file
        self._path = copy_path(run_file)
        self._temporary = self._path.with_name(f".{self._path.name}.part")
        self._points = points
        self._parts = [_part(connection, name) for name in _TYPES]
        self.seal = self._filled(connection)

    def publish(self) -> None:
        """Put the copy into its place, once the run file is closed; where a viewer keeps its log open, not at all."""
        try:
            state = _state_of(self._run_file)
            if state is not None:
                self._write_header(state)
                self._temporary.replace(self._path)
        except OSError as error:
            _log.warning("%s: its columns have no copy (%s)", self._run_file, error)
        finally:
            self._temporary.unlink(missing_ok=True)

    def _write_header(self, state: list[int]) -> None:
        header = {"seal": self.seal, "state": state, "points": self._points}
        parts = [[part.name, part.dtype, part.words] for part in self._parts]
        text = json.dumps(header | {"parts": parts}).encode().ljust(_HEADER_BYTES)
        with self._temporary.open("r+b") as file:
            file.write(text)

    def _filled(self, connection: sqlite3.Connection) -> str:
        digest = hashlib.blake2b(digest_size=16)
        with self._temporary.open("wb") as file:
            for first, columns in _chunks(connection):
                start = _HEADER_BYTES
                for part in self._parts:
                    values, dtype = columns[part.name], np.dtype(part.dtype)
                    data = (_codes(values, part.words) if part.words else values).astype(dtype).tobytes()
                    digest.update(data)
                    file.seek(start + first * dtype.itemsize)
                    file.write(data)
                    start += self._points * dtype.itemsize
        return digest.hexdigest()


def copy_path(run_file: Path) -> Path:
    """Return where the copy of a run file is."""
    return run_file.with_name(run_file.name.removesuffix(SUFFIX) + COPY_SUFFIX)


def make_copy(run_file: Path, connection: sqlite3.Connection) -> ColumnCopy | None:
    """Fill a copy of a run file that is about to be closed; None where it is short or the disk does not take it."""
    copy_path(run_file).unlink(missing_ok=True)
    (points,) = connection.execute("SELECT count(*) FROM point").fetchone()
    if points < LEAST_POINTS:
        return None
    try:
        return ColumnCopy(run_file, connection, points)
    except OSError as error:
        _log.warning("%s: its columns have no copy (%s)", run_file, error)
        return None


def copied_columns(run_file: Path, seal: str, names: Sequence[str]) -> Columns | None:
    """Return columns out of the copy that `seal` names; None unless it is there and exact.

    Parameters
    ----------
    seal : str
        What the run file says of it (`SEAL`).
    """
    try:
        with copy_path(run_file).open("rb") as file:
            header = json.loads(file.read(_HEADER_BYTES))
            if header["seal"] != seal or header["state"] != _state_of(run_file):
                return None
            parts = [_Part(*entry) for entry in header["parts"]]
            return _read_parts(file, parts, header["points"], names)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_parts(file: Any, parts: Sequence[_Part], points: int, names: Sequence[str]) -> Columns | None:
    found: Columns = {}
    start = _HEADER_BYTES
    for part in parts:
        dtype = np.dtype(part.dtype)
        if part.name in names:
            file.seek(start)
            values = np.fromfile(file, dtype, points)
            if len(values) < points:
                return None
            found[part.name] = np.array(part.words, dtype=np.str_)[values] if part.words else values
        start += points * dtype.itemsize
    return {name: found[name] for name in names}


def _chunks(connection: sqlite3.Connection) -> Iterator[tuple[int, Columns]]:
    """Yield the number of points before, and the next ones."""
    first, after_seq = 0, 0
    while True:
        columns = table_columns(connection, tuple(_TYPES), after_seq, _CHUNK_POINTS)
        if not len(columns["seq"]):
            return
        yield first, columns
        first, after_seq = first + len(columns["seq"]), int(columns["seq"][-1])


def _part(connection: sqlite3.Connection, name: str) -> _Part:
    if _TYPES[name] in _NUMBERS:
        return _Part(name, _NUMBERS[_TYPES[name]].str, [])
    words = sorted(word for (word,) in connection.execute(f"SELECT DISTINCT {name} FROM point"))
    return _Part(name, np.dtype(np.uint8).str, words)


def _codes(values: NDArray[np.str_], words: list[str]) -> NDArray[np.int64]:
    return np.searchsorted(np.array(words, dtype=np.str_), values)


def _state_of(run_file: Path) -> list[int] | None:
    """Return size and change counter of a closed run file; None while it is written to, or not yet folded in.

    SQLite database file format, sections 1.3.3 and 1.3.8.
    """
    if any(run_file.with_name(run_file.name + end).exists() for end in ("-wal", "-journal")):
        return None
    with run_file.open("rb") as file:
        header = file.read(_SQLITE_HEADER_BYTES)
    if len(header) < _SQLITE_HEADER_BYTES or max(header[18], header[19]) != _LEGACY_VERSION:
        return None
    return [run_file.stat().st_size, struct.unpack(">I", header[24:28])[0]]
