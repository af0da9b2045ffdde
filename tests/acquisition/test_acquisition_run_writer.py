"""The run file keeps what it acknowledged, and readers see it as it is."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acquisition.errors import InputError, RunFileError
from acquisition.readings import Direction, Event, PointFlag, PointKind, Reading
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import POINT_COLUMNS, SCHEMA_VERSION, RunState
from acquisition.run_writer import BATCH_S, RunFileWriter, new_run_path
from acquisition.running.lock import FileLock, lock_path

CONTRACT_COLUMNS = [
    "seq",
    "plan_index",
    "isotherm_index",
    "kind",
    "direction",
    "time_s",
    "bias_setpoint_V",
    "temperature_setpoint_K",
    "field_setpoint_T",
    "bias_V",
    "current_A",
    "excitation_Vrms",
    "temperature_K",
    "field_T",
    "lockin_x_V",
    "lockin_y_V",
    "conductance_S",
    "conductance_error_S",
    "flags",
]


class StandingWall:
    """A wall clock that moves when told to."""

    def __init__(self) -> None:
        self.time_s = 100.0

    def monotonic_s(self) -> float:
        return self.time_s

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def sleep(self, duration_s: float) -> None:
        self.time_s += duration_s


def reading(plan_index: int) -> Reading:
    return Reading(
        plan_index=plan_index,
        isotherm_index=0,
        kind=PointKind.SWEEP,
        direction=Direction.UP,
        time_s=3.3 * plan_index,
        bias_setpoint_V=1e-4,
        temperature_setpoint_K=0.1,
        field_setpoint_T=0.0,
        bias_V=0.1 + 0.2,  # a double that does not print short
        current_A=1.1e-5,
        excitation_Vrms=6.1e-6,
        temperature_K=0.1001,
        field_T=0.0,
        lockin_x_V=6.1e-6,
        lockin_y_V=1e-9,
        conductance_S=0.1096,
        conductance_error_S=1e-5,
        flags=PointFlag.REPEATED | PointFlag.SOURCE_COMPLIANCE,
        current_setpoint_A=1.1e-5,
        source_voltage_V=0.11,
        oscillator_Vrms=0.066,
        sensitivity_V=1e-3,
    )


@pytest.fixture
def wall() -> StandingWall:
    return StandingWall()


@pytest.fixture
def path(tmp_path: Path, wall: StandingWall) -> Path:
    return new_run_path(tmp_path / "runs", "cu1", wall)


def make(path: Path, wall: StandingWall, **header: object) -> tuple[RunFileWriter, list[tuple[int, int]]]:
    acknowledged: list[tuple[int, int]] = []
    writer = RunFileWriter.create(
        path, {"state": "running"} | header, wall, lambda seq, index: acknowledged.append((seq, index))
    )
    return writer, acknowledged


def test_columns_stand_in_the_order_of_the_reading() -> None:
    assert tuple(POINT_COLUMNS) == Reading._fields


def test_point_table_has_at_least_the_contracts_columns(path: Path, wall: StandingWall) -> None:
    make(path, wall)[0].close()
    found = [row[1] for row in sqlite3.connect(path).execute("PRAGMA table_info(point)")]
    assert set(CONTRACT_COLUMNS) <= set(found)


def test_column_names_differ_by_more_than_case() -> None:
    assert len({name.lower() for name in POINT_COLUMNS}) == len(POINT_COLUMNS)


def test_every_column_is_explained(path: Path, wall: StandingWall) -> None:
    make(path, wall)[0].close()
    connection = sqlite3.connect(path)
    explained = {row[0] for row in connection.execute("SELECT name FROM column_info WHERE meaning != ''")}
    assert explained == {row[1] for row in connection.execute("PRAGMA table_info(point)")}


def test_run_files_of_a_day_are_numbered(tmp_path: Path, wall: StandingWall) -> None:
    first = new_run_path(tmp_path, "cu1", wall)
    first.touch()
    assert first.name == "2026-11-22_001_cu1.zerobias.sqlite"
    assert new_run_path(tmp_path, "hot one/..", wall).name == "2026-11-22_002_hot-one.zerobias.sqlite"


def test_point_is_acknowledged_only_when_another_process_could_read_it(path: Path, wall: StandingWall) -> None:
    seen: list[int] = []

    def look(_seq: int, index: int) -> None:
        with RunFileReader(path) as reader:
            seen.append(index if index in reader.measured_plan_indices() else -1)

    writer = RunFileWriter.create(path, {"state": "running"}, wall, look)
    for index in range(3):
        wall.sleep(1.0)
        writer.append(reading(index))
    writer.close()
    assert seen == [0, 1, 2]


def test_fast_points_are_gathered_and_slow_ones_are_not(path: Path, wall: StandingWall) -> None:
    writer, acknowledged = make(path, wall)
    writer.append(reading(0))
    assert acknowledged == [(1, 0)]
    wall.sleep(BATCH_S / 4)
    writer.append(reading(1))
    assert acknowledged == [(1, 0)]
    wall.sleep(BATCH_S)
    writer.append(reading(2))
    assert acknowledged == [(1, 0), (2, 1), (3, 2)]
    writer.close()


def test_event_comes_after_the_points_before_it(path: Path, wall: StandingWall) -> None:
    writer, acknowledged = make(path, wall)
    writer.append(reading(0))
    writer.append(reading(1))
    writer.record(Event(7.0, "settled", "temperature"))
    assert acknowledged == [(1, 0), (2, 1)]
    writer.close()


def test_numbers_come_back_bit_for_bit(path: Path, wall: StandingWall) -> None:
    writer, _ = make(path, wall)
    writer.append(reading(5))
    writer.close()
    with RunFileReader(path) as reader:
        columns = reader.columns("bias_V", "flags", "kind", "direction")
    assert columns["bias_V"][0] == 0.1 + 0.2
    assert columns["flags"][0] == PointFlag.REPEATED | PointFlag.SOURCE_COMPLIANCE
    assert (columns["kind"][0], columns["direction"][0]) == ("sweep", "up")


def test_tail_reads_only_what_is_new(path: Path, wall: StandingWall) -> None:
    writer, _ = make(path, wall)
    for index in range(4):
        writer.append(reading(index))
    writer.close()
    with RunFileReader(path) as reader:
        assert reader.columns("plan_index", after_seq=2)["plan_index"].tolist() == [2, 3]


def test_one_plan_index_is_never_written_twice(path: Path, wall: StandingWall) -> None:
    writer, _ = make(path, wall)
    writer.append(reading(0))
    with pytest.raises(RunFileError, match="cannot be written"):
        writer.append(reading(0))


def test_closed_run_is_one_plain_file(path: Path, wall: StandingWall) -> None:
    writer, _ = make(path, wall)
    writer.append(reading(0))
    writer.close()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_run_without_its_engine_reads_as_interrupted(path: Path, wall: StandingWall) -> None:
    make(path, wall)[0].close()
    with FileLock(lock_path(path), "test", wall), RunFileReader(path) as reader:
        assert reader.header()["state"] == RunState.RUNNING
    with RunFileReader(path) as reader:
        assert reader.header()["state"] == RunState.INTERRUPTED


def test_held_lock_refuses_a_second_owner(tmp_path: Path, wall: StandingWall) -> None:
    with FileLock(tmp_path / "lock", "rack", wall), pytest.raises(InputError, match="is at it"):
        FileLock(tmp_path / "lock", "rack", wall).__enter__()


def test_newer_file_is_refused_by_name(path: Path, wall: StandingWall) -> None:
    make(path, wall)[0].close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(InputError, match="schema version"):
        RunFileReader(path)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00 and then rubbish" * 99, b"V_volt,T_kelvin\n"])
def test_file_that_is_no_run_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zerobias.sqlite"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.zerobias\.sqlite"):
        RunFileReader(path)


def test_existing_file_is_never_overwritten(path: Path, wall: StandingWall) -> None:
    path.write_text("somebody's thesis")
    with pytest.raises(RunFileError, match="cannot be made"):
        RunFileWriter.create(path, {}, wall)
    assert path.read_text() == "somebody's thesis"


def test_point_that_a_failed_write_undid_is_never_acknowledged(path: Path, wall: StandingWall) -> None:
    writer, acknowledged = make(path, wall)
    with sqlite3.connect(path) as connection:  # stands for the full disk, at which SQLite rolls back what was waiting
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON point WHEN new.plan_index = 2 "
            "BEGIN SELECT RAISE(ROLLBACK, 'full'); END"
        )
    connection.close()
    writer.append(reading(0))
    writer.append(reading(1))
    with pytest.raises(RunFileError):
        writer.append(reading(2))
    wall.sleep(1.0)
    writer.append(reading(3))
    writer.close()
    with RunFileReader(path) as reader:
        assert reader.measured_plan_indices() == {index for _, index in acknowledged} == {0, 3}


def test_of_many_readings_of_channels_the_last_are_given(path: Path, wall: StandingWall) -> None:
    writer, _ = make(path, wall)
    with RunFileReader(path) as reader:
        assert reader.channels(0, 2) == []
        for time_s in (1.0, 2.0, 3.0):
            writer.append_channels(time_s, "magnet", {"field_T": 0.1 * time_s})
        writer.close()
        assert [time_s for _, time_s, *_ in reader.channels()] == [1.0, 2.0, 3.0]
        assert [time_s for _, time_s, *_ in reader.channels(0, 2)] == [2.0, 3.0]
        assert [time_s for _, time_s, *_ in reader.channels(2, 2)] == [3.0]
