"""What a PC does to a run: a folder that takes nothing or goes away, and a clock that is set back.

A full disk, viewers that hold a transaction or are stopped, and a second engine at the rack are seen to in
`test_end_to_end_control.py` and `test_end_to_end_served.py`, network and synchronised folders in the tests of
`acquisition.running.run_folder`.
"""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from small_runs import QuickWall
from test_end_to_end_interlocks import SIZE, Night

from acquisition.cli import main
from acquisition.errors import RunFileError
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.status import status_of

QUICK = Path(__file__).parents[2] / "examples" / "quick.toml"


@pytest.mark.parametrize("folder", ["a-file", "a-file/below"])
def test_folder_that_cannot_be_made_ends_the_run_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    (tmp_path / "a-file").touch()
    assert main(["run", str(QUICK), "--simulate", "cu1", "--out", str(tmp_path / folder), "--yes"]) == 4
    said = capsys.readouterr().err
    assert "cannot make the folder for run files" in said
    assert "Traceback" not in said


def test_folder_that_takes_no_files_ends_the_run_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights say nothing to an administrator, so the refusal of the system is put in its place."""

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("acquisition.running.lock.os.open", refuse)
    with pytest.raises(RunFileError, match="Permission denied"):
        Night(tmp_path).run()
    assert not list(tmp_path.iterdir())


def test_file_that_is_made_read_only_under_the_run_ends_it_safe(tmp_path: Path) -> None:
    writers: list[sqlite3.Connection] = []

    def spoil(night: Night, index: int) -> None:
        if index == 5:  # as a remounted disk does: the file is there, and takes nothing more
            writers[-1].execute("PRAGMA query_only=ON")

    night = Night(tmp_path, on_point=spoil)
    connect = sqlite3.connect

    def noted(*words: object, **options: object) -> sqlite3.Connection:
        connection = connect(*words, **options)  # type: ignore[arg-type]
        if "mode=ro" not in str(words[0]):
            writers.append(connection)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("acquisition.run_writer.sqlite3.connect", noted)
        outcome = night.run()
    assert (outcome.state, outcome.exit_status) == (RunState.FAILED, 4)
    assert "cannot be written" in outcome.message
    assert night.is_idle
    with RunFileReader(night.run_file) as reader:
        assert {0, 1, 2, 3, 4, 5} <= reader.measured_plan_indices()


def test_folder_that_is_renamed_under_the_run_costs_no_point(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"

    def move(night: Night, index: int) -> None:
        if index == 5:
            here.rename(there)

    night = Night(here, on_point=move)
    outcome = night.run()
    assert outcome.state in (RunState.COMPLETE, RunState.FAILED)
    assert night.is_idle
    acknowledged = outcome.points
    with RunFileReader(there / night.run_file.name) as reader:
        assert len(reader.measured_plan_indices()) >= acknowledged


class SteppedWall(QuickWall):
    """A wall clock that is set back by an hour after a while, as by a time server."""

    def now(self) -> datetime:
        return super().now() - timedelta(hours=1 if self.time_s > 1.0 else 0)


def test_clock_that_is_set_back_an_hour_changes_no_time_of_the_experiment(tmp_path: Path) -> None:
    night, plain = Night(tmp_path / "stepped", wall=SteppedWall()), Night(tmp_path / "plain")
    assert (night.run().state, plain.run().state) == (RunState.COMPLETE, RunState.COMPLETE)
    times = "SELECT time_s, conductance_S FROM point ORDER BY seq"
    assert night.rows(times) == plain.rows(times)
    dates = [text for (text,) in night.rows("SELECT wall_time FROM event ORDER BY seq")]
    assert dates != sorted(dates)  # it was set back indeed
    assert len(night.rows(times)) == 2 * SIZE
    assert status_of(night.run_file, night.wall).commit_age_s >= 0.0
