"""The commands that speak to an engine say in one line what became of them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import Bench, Script

from acquisition.cli import main
from acquisition.errors import AcquisitionError, InputError
from acquisition.run_reader import RunFileReader
from acquisition.running.command_file import CommandKind, commands_path
from acquisition.running.lock import FileLock, lock_path
from acquisition.terminal.control_commands import send

Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Answer:
    def call(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def finished(bench: Bench) -> Path:
    return bench.run(bench.script()).run_file


@pytest.mark.parametrize("words", [["pause"], ["continue"], ["abort"], ["note", "hm"], ["acknowledge"], ["retire"]])
def test_command_to_nobody_is_one_line_and_status_2(finished: Path, answer: Answer, words: list[str]) -> None:
    extra = ["--isotherm", "1"] if words == ["retire"] else []
    status, out, error = answer(*words, str(finished), *extra)
    assert (status, out) == (2, "")
    assert "nobody is measuring into it, it is complete" in error
    assert len(error.strip().splitlines()) == 1
    assert not commands_path(finished).exists()


@pytest.mark.parametrize("word", ["status", "pause", "resume"])
def test_file_that_is_none_is_one_line_and_status_2(tmp_path: Path, answer: Answer, word: str) -> None:
    status, _, error = answer(word, str(tmp_path / "absent.sqlite"))
    assert status == 2
    assert "no such run file" in error
    assert len(error.strip().splitlines()) == 1


def test_outcome_is_given_back_as_soon_as_it_is_in_the_file(bench: Bench) -> None:
    """The engine of this test looks at its commands in the very moment in which the sender waits."""
    outcomes: list[str] = []

    class Engine:
        """A wall on which waiting lets the engine look."""

        def __init__(self, script: Script) -> None:
            self.script = script

        def __getattr__(self, name: str) -> object:
            return getattr(bench.wall, name)

        def sleep(self, duration_s: float) -> None:
            bench.wall.sleep(duration_s)
            assert self.script.control is not None
            self.script.control.attend()

    def on_point(script: Script, index: int) -> None:
        if index == 3:
            outcomes.append(send(script.run_file, CommandKind.NOTE, {"text": "hm"}, wall=Engine(script)))  # type: ignore[arg-type]
            with pytest.raises(InputError, match="continue refused: it is not paused"):
                send(script.run_file, CommandKind.CONTINUE, wall=Engine(script))  # type: ignore[arg-type]

    bench.run(bench.script(on_point=on_point))
    assert outcomes == ["accepted: noted"]


def test_engine_that_keeps_silent_is_named_with_its_heartbeat(finished: Path, bench: Bench) -> None:
    with (
        FileLock(lock_path(finished), "test", bench.wall),
        pytest.raises(AcquisitionError, match=r"engine \d+, heartbeat .* did not answer pause within 3 s"),
    ):
        send(finished, CommandKind.PAUSE, wall=bench.wall)


def test_status_tells_of_an_ended_run(finished: Path, answer: Answer) -> None:
    status, out, _ = answer("status", str(finished), "--json")
    told = json.loads(out)
    assert status == 0
    assert (told["state"], told["points"], told["planned_points"], told["eta_s"]) == ("complete", 54, 54, None)
    assert told["temperature_K"] == pytest.approx(4.1, rel=0.01)
    assert told["last_plan_index"] == 53
    assert (told["pid"], told["heartbeat_age_s"]) == (None, None)
    assert told["commit_age_s"] >= 0.0


def test_status_tells_of_a_run_under_way(bench: Bench, answer: Answer) -> None:
    told: list[dict] = []
    lines: list[str] = []

    def on_point(script: Script, index: int) -> None:
        if index == 9:
            told.append(json.loads(answer("status", str(script.run_file), "--json")[1]))
            lines.extend(answer("status", str(script.run_file))[1].splitlines())

    bench.run(bench.script(on_point=on_point))
    assert (told[0]["state"], told[0]["points"]) == ("running", 10)
    assert told[0]["pid"]
    assert told[0]["heartbeat_age_s"] >= 0.0
    assert lines[0] == "running"
    assert lines[1].startswith("10/54 points")
    assert any("heartbeat" in line for line in lines)


def test_resume_of_a_complete_run_has_nothing_to_do(finished: Path, answer: Answer) -> None:
    before = finished.read_bytes()
    status, out, error = answer("resume", str(finished), "--json")
    assert status == 0
    assert json.loads(out.splitlines()[-1])["state"] == "complete"
    assert "nothing is missing" in error
    assert finished.read_bytes() == before


def test_resume_of_a_run_under_way_is_refused(finished: Path, bench: Bench, answer: Answer) -> None:
    with FileLock(lock_path(finished), "test", bench.wall):
        status, _, error = answer("resume", str(finished))
    assert status == 2
    assert "is at it" in error


def test_resume_on_another_rack_touches_nothing(bench: Bench, answer: Answer) -> None:
    def stop(script: Script, index: int) -> None:
        if index == 9:
            script.say(CommandKind.ABORT)

    run_file = bench.run(bench.script(on_point=stop)).run_file
    import sqlite3

    with sqlite3.connect(run_file) as connection:
        connection.execute(
            "UPDATE run SET value = replace(value, 'MODEL 2400', 'MODEL 2450') WHERE key = 'instruments'"
        )
    with RunFileReader(run_file) as reader:
        events = reader.events()
    status, _, error = answer("resume", str(run_file))
    assert status == 2
    assert "MODEL 2450" in error
    assert len(error.strip().splitlines()) == 1
    with RunFileReader(run_file) as reader:
        assert reader.events() == events


@pytest.mark.parametrize("extra", [[], ["--isotherm", "1", "--point", "3"]])
def test_retire_wants_exactly_one_way_of_naming(finished: Path, answer: Answer, extra: list[str]) -> None:
    status, _, error = answer("retire", str(finished), *extra)
    assert status == 2
    assert "exactly one of --isotherm N, --rest-of N and --point INDEX" in error
