import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import psutil
import pytest

from acquisition.clock import WallClock
from acquisition.guard import HANG_S, Ending, Guard, start_guard, watch
from acquisition.readings import Event
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.run_writer import RunFileWriter

ROOT = Path(__file__).parents[2]
WALL = WallClock()


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, Any]]:
    here, there = os.pipe()
    with os.fdopen(here, "rb", buffering=0) as reader, os.fdopen(there, "wb", buffering=0) as writer:
        yield reader, writer


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    path = tmp_path / "2026-11-22_001_x.zerobias.sqlite"
    writer = RunFileWriter.create(path, {"state": RunState.RUNNING}, WALL)
    writer.record(Event(12.5, "settled", "temperature 0.1 K"))
    writer.close()
    return path


@pytest.fixture
def guard(run_file: Path) -> Iterator[Guard]:
    # a guard that took this process for a hanging engine would kill it
    started = start_guard(None, run_file, hang_s=600.0)
    yield started
    started.dismiss()


def state_of(run_file: Path) -> str:
    with RunFileReader(run_file) as reader:
        return reader.header()["state"]


def guard_events(run_file: Path) -> list[Event]:
    with RunFileReader(run_file) as reader:
        return [event for event in reader.events() if event.kind == "guard"]


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def run_engine(run_file: Path, last_words: str) -> None:
    """Let an engine of two lines start a guard of its own, and wait until both are gone."""
    script = (
        "import os, pathlib\n"
        "from acquisition.guard import start_guard\n"
        f"guard = start_guard(None, pathlib.Path({str(run_file)!r}))\n"
        "print(guard.pid, flush=True)\n"
        f"{last_words}\n"
    )
    engine = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    with engine.stdout:
        guard_pid = int(engine.stdout.readline())
        engine.wait(10)
    deadline_s = WALL.monotonic_s() + 10.0
    while not is_gone(guard_pid) and WALL.monotonic_s() < deadline_s:
        WALL.sleep(0.01)
    assert is_gone(guard_pid)


def test_silence_counts_as_hanging_only_after_three_timeouts_and_ten_seconds() -> None:
    assert HANG_S == 10.0


def test_goodbye_ends_the_watch(pipe: tuple[BinaryIO, Any]) -> None:
    pipe[1].write(b"...!")
    assert watch(pipe[0], 5.0) is Ending.DISMISSED


def test_end_of_the_pipe_without_goodbye_is_a_death(pipe: tuple[BinaryIO, Any]) -> None:
    pipe[1].write(b"..")
    pipe[1].close()
    assert watch(pipe[0], 5.0) is Ending.DIED


def test_silence_is_a_hang(pipe: tuple[BinaryIO, Any]) -> None:
    pipe[1].write(b".")
    assert watch(pipe[0], 0.05) is Ending.HUNG


def test_dismissed_guard_leaves_no_trace(guard: Guard, run_file: Path) -> None:
    guard.beat()
    pid = guard.pid
    guard.dismiss()
    guard.dismiss()
    assert is_gone(pid)
    assert guard_events(run_file) == []
    assert [path.name for path in run_file.parent.glob("*.guard.log")] == []


def test_dead_guard_is_replaced_at_the_next_beat(guard: Guard) -> None:
    first = guard.pid
    os.kill(first, signal.SIGKILL)
    while guard.is_alive():
        WALL.sleep(0.01)
    guard.beat()
    assert guard.is_alive()
    assert (guard.pid != first, guard.restarts) == (True, 1)


def test_stopped_guard_does_not_stop_the_engine(guard: Guard) -> None:
    os.kill(guard.pid, signal.SIGSTOP)
    for _ in range(100_000):
        guard.beat()
    guard.dismiss()  # the pipe is full: the good-bye cannot be heard, and must not be taken for the engine's death


def test_guard_does_not_listen_to_signals_of_the_terminal(guard: Guard) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(guard.pid, number)
    WALL.sleep(0.1)
    assert guard.is_alive()
    assert os.getsid(guard.pid) != os.getsid(0)


@pytest.mark.parametrize("last_words", ["os.kill(os.getpid(), 9)", "raise SystemExit(1)", "os.abort()"])
def test_death_of_the_engine_is_written_into_the_run_file(run_file: Path, last_words: str) -> None:
    run_engine(run_file, last_words)
    assert state_of(run_file) == "interrupted"
    events = guard_events(run_file)
    assert events[0].message.startswith("the engine died")
    assert {event.time_s for event in events} == {12.5}
    assert run_file.with_name(run_file.name + ".guard.log").is_file()


def test_run_that_had_ended_keeps_its_state(run_file: Path) -> None:
    writer = RunFileWriter(run_file, WALL)
    writer.set("state", RunState.COMPLETE.value)
    writer.close()
    run_engine(run_file, "os.kill(os.getpid(), 9)")
    assert state_of(run_file) == "complete"
    assert guard_events(run_file)
