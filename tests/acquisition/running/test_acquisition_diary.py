"""The diary of a sample: written while the run goes on and after it, kept, handed on, and weighed."""

from pathlib import Path

import pytest
from small_runs import Bench, Script

from acquisition.cli import main
from acquisition.errors import InputError
from acquisition.measured import load_measured
from acquisition.run_reader import RunFileReader
from acquisition.running.command_file import CommandKind
from acquisition.running.diary import add_entry, checked, entries, entry_text, inherited, write_at_rest
from acquisition.running.lock import FileLock, lock_path
from analysis.sample_history import EventKind

ANNEALED = {"kind": "anneal", "anomaly_left": 0.1, "anomaly_left_error": 0.05, "note": "a week in a drawer"}


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which an entry was written through the engine."""
    bench = Bench(tmp_path_factory.mktemp("diary"))

    def on_point(script: Script, index: int) -> None:
        if index == 5:
            script.say(CommandKind.DIARY, kind="cooldown", hours_warm=3.0)

    return bench.run(bench.script(on_point=on_point)).run_file


def test_entry_of_a_running_run_goes_through_the_engine(run_file: Path) -> None:
    assert {"kind": "cooldown", "hours_warm": 3.0} in entries(run_file)


def test_entry_of_a_run_at_rest_reaches_the_analysis(run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--anomaly-left", "0.1", "--anomaly-left-error", "0.05", "--note", "a week in a drawer"]
    assert main(["diary", str(run_file), "anneal", *words]) == 0
    last = load_measured(run_file).facts.history[-1]
    assert (last.kind, last.anomaly_left, last.note) == (EventKind.ANNEAL, 0.1, "a week in a drawer")
    capsys.readouterr()
    assert main(["diary", str(run_file)]) == 0
    assert "anneal, anomaly_left 0.1" in capsys.readouterr().out


def test_diary_follows_the_sample_to_its_next_run(run_file: Path) -> None:
    assert inherited("cu1", run_file.parent) == entries(run_file)
    assert inherited("another", run_file.parent) == inherited("cu1", run_file.parent / "nowhere") == []


@pytest.mark.parametrize(
    "entry",
    [{"kind": "baked"}, {"kind": "anneal", "hours": 3}, {"kind": "anneal", "note": "x", "anomaly_left": "half"}],
)
def test_what_is_no_entry_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(InputError, match="diary"):
        checked(entry)


def test_entry_is_refused_while_an_engine_has_the_run(run_file: Path, bench: Bench) -> None:
    with FileLock(lock_path(run_file), "test", bench.wall), pytest.raises(InputError, match="locked"):
        write_at_rest(run_file, ANNEALED, bench.wall)


def test_entry_is_an_event_too(run_file: Path, bench: Bench) -> None:
    add_entry(run_file, ANNEALED, bench.wall)
    with RunFileReader(run_file) as reader:
        assert reader.events()[-1].message == entry_text(ANNEALED)
    assert entry_text(ANNEALED) == "anneal, anomaly_left 0.1, anomaly_left_error 0.05: a week in a drawer"
