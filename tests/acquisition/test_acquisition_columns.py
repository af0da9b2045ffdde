"""A copy of a run's columns is read in place of the table only while it is exact."""

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from acquisition import columns
from acquisition.columns import copy_path
from acquisition.readings import Direction, PointFlag, PointKind, Reading
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import POINT_COLUMNS, SPARE_COLUMNS
from acquisition.run_writer import RunFileWriter

POINTS = 12
READING = Reading(
    plan_index=0,
    isotherm_index=0,
    kind=PointKind.SWEEP,
    direction=Direction.UP,
    time_s=0.1 + 0.2,
    **{name: 1.0 for name in tuple(POINT_COLUMNS)[5:17]},  # type: ignore[arg-type]
    flags=PointFlag.REPEATED,
    **{name: 2.0 for name in tuple(POINT_COLUMNS)[18:] if name not in SPARE_COLUMNS},  # type: ignore[arg-type]
)


class Wall:
    """A clock that stands still."""

    def monotonic_s(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime(2026, 7, 1, tzinfo=UTC)

    def sleep(self, duration_s: float) -> None:
        raise AssertionError(f"slept {duration_s} s")


@pytest.fixture(autouse=True)
def _short_runs_count_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "LEAST_POINTS", POINTS)
    monkeypatch.setattr(columns, "_CHUNK_POINTS", 5)


def point(index: int, scale: float = 1.0) -> Reading:
    direction = (Direction.UP, Direction.DOWN, Direction.NONE)[index % 3]
    kind = PointKind.ANCHOR if index % 4 == 0 else PointKind.SWEEP
    return READING._replace(plan_index=index, kind=kind, direction=direction, conductance_S=scale * (0.1 + index))


def make_run(path: Path, points: int = POINTS, scale: float = 1.0) -> Path:
    writer = RunFileWriter.create(path, {}, Wall())
    for index in range(points):
        writer.append(point(index, scale))
    writer.close()
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "a.zerobias.sqlite")


def conductances(path: Path) -> list[float]:
    with RunFileReader(path) as reader:
        return reader.columns("conductance_S")["conductance_S"].tolist()


def forbid_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the table was read")

    monkeypatch.setattr("acquisition.run_reader.table_columns", refuse)


def test_copy_holds_every_column_as_the_table_does(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("seq", *POINT_COLUMNS)
    with RunFileReader(run) as reader:
        forbid_the_table(monkeypatch)
        copied = reader.columns(*names)
    table = columns.table_columns(sqlite3.connect(run), names)
    assert list(copied) == list(names)
    for name in names:
        assert (
            np.array_equal(copied[name], table[name], equal_nan=name in SPARE_COLUMNS)
            and copied[name].dtype.kind == table[name].dtype.kind
        )


def test_short_run_leaves_one_plain_file(tmp_path: Path) -> None:
    make_run(tmp_path / "a.zerobias.sqlite", POINTS - 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zerobias.sqlite"]


def change_by_hand(run: Path) -> list[float]:
    with sqlite3.connect(run) as connection:
        connection.execute("UPDATE point SET conductance_S = 7.0 WHERE seq = 3")
    connection.close()
    return [0.1, 1.1, 7.0, *(0.1 + index for index in range(3, POINTS))]


def resume(run: Path) -> list[float]:
    writer = RunFileWriter(run, Wall())
    writer.append(point(POINTS))
    writer.flush()
    return [0.1 + index for index in range(POINTS + 1)]


def resume_and_close(run: Path) -> list[float]:
    writer = RunFileWriter(run, Wall())
    writer.append(point(POINTS))
    writer.close()
    return [0.1 + index for index in range(POINTS + 1)]


def keep_the_old_copy(run: Path) -> list[float]:
    old = copy_path(run).read_bytes()
    expected = resume_and_close(run)
    copy_path(run).write_bytes(old)
    return expected


def take_that_of_a_run_just_as_long(run: Path) -> list[float]:
    other = make_run(run.with_name("b.zerobias.sqlite"), scale=2.0)
    shutil.copy(copy_path(other), copy_path(run))
    return [0.1 + index for index in range(POINTS)]


def cut_it_short(run: Path) -> list[float]:
    whole = copy_path(run).read_bytes()
    copy_path(run).write_bytes(whole[: columns._HEADER_BYTES + 8])
    return [0.1 + index for index in range(POINTS)]


@pytest.mark.parametrize(
    "spoil",
    [change_by_hand, resume, resume_and_close, keep_the_old_copy, take_that_of_a_run_just_as_long, cut_it_short],
)
def test_copy_that_is_not_exact_is_never_believed(run: Path, spoil: Callable[[Path], list[float]]) -> None:
    assert copy_path(run).exists()
    expected = spoil(run)
    assert conductances(run) == expected


class Growing(sqlite3.Connection):
    """A reader's connection to a run that gets another point whenever it has been asked something."""

    writer: RunFileWriter
    points = POINTS

    def execute(self, *words):  # type: ignore[override]  # of lists instead of cursors
        answer = super().execute(*words).fetchall()
        self.writer.append(point(Growing.points))
        self.writer.flush()
        Growing.points += 1
        return _Rows(answer)


class _Rows(list):
    def fetchone(self) -> tuple:
        return self[0]


def test_columns_of_a_run_that_grows_meanwhile_are_equally_long(run: Path) -> None:
    Growing.writer = RunFileWriter(run, Wall())
    found = columns.table_columns(sqlite3.connect(run, factory=Growing), ("seq", "kind", "bias_V", "direction"))
    Growing.writer.close()
    assert Growing.points > POINTS + 2
    assert {len(column) for column in found.values()} == {POINTS}
