import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acquisition.box_by_box import SafeStep
from acquisition.clock import WallClock
from acquisition.errors import InputError
from acquisition.running import takeover
from acquisition.running.takeover import RETRY_EVERY_S, Task, log_path, take_over
from acquisition.station_file import Station, simulated_station


class Wall:
    """A wall clock that jumps."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def monotonic_s(self) -> float:
        return self.time_s

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def sleep(self, duration_s: float) -> None:
        self.time_s += duration_s


class World:
    """What stands in for boxes: answers from a list, one round after the other."""

    def __init__(self, *rounds: list[SafeStep]) -> None:
        self.rounds = list(rounds)
        self.asked: list[object] = []

    def safe_steps(self, _station: Station, _wall: Wall, only: frozenset[str] | None) -> Iterator[SafeStep]:
        self.asked.append(only)
        yield from self.rounds.pop(0)


def take(monkeypatch: pytest.MonkeyPatch, folder: Path, world: World, retry_for_s: float = 60.0) -> list[str]:
    """Take over a dead engine without a run file and return the log."""

    @contextmanager
    def no_lock(*_: object) -> Iterator[None]:
        yield

    monkeypatch.setattr(takeover, "safe_steps", world.safe_steps)
    monkeypatch.setattr(takeover, "lock_rack", no_lock)
    run_file = folder / "x.zerobias.sqlite"
    take_over(Task(simulated_station(), run_file, dead_process(), retry_for_s), "the engine died", Wall())
    return log_path(run_file).read_text(encoding="utf-8").splitlines()


def dead_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


GOOD = SafeStep("source meter", "Keithley 2400")
BAD = SafeStep("lock-in", "", "SR830: no answer")
MENDED = SafeStep("lock-in", "SR830")


def test_each_box_is_in_the_log_with_the_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = take(monkeypatch, tmp_path, World([GOOD]))
    assert log[0].startswith("2026-11-22T00:00:00.000+00:00 the engine died")
    assert log[2].endswith("idle-safe: Keithley 2400")
    assert "not written into the run file" in log[-1]


def test_box_that_does_not_answer_is_named_and_tried_again_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World([GOOD, BAD], [BAD], [MENDED])
    log = take(monkeypatch, tmp_path, world)
    assert world.asked == [None, frozenset({"lock-in"}), frozenset({"lock-in"})]
    assert sum("NOT SAFE, see to it by hand: SR830: no answer" in line for line in log) == 2
    assert log[-1].endswith("idle-safe: SR830")


def test_trying_again_has_an_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World([BAD], [BAD], [BAD])
    take(monkeypatch, tmp_path, world, retry_for_s=2.5 * RETRY_EVERY_S)
    assert world.rounds == []


def test_rack_with_a_new_owner_is_left_to_him(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    @contextmanager
    def held(*_: object) -> Iterator[None]:
        raise InputError("lockin at GPIB0::8::INSTR: process 7 is at it")
        yield

    world = World([GOOD])
    monkeypatch.setattr(takeover, "safe_steps", world.safe_steps)
    monkeypatch.setattr(takeover, "lock_rack", held)
    run_file = tmp_path / "x.zerobias.sqlite"
    take_over(Task(simulated_station(), run_file, dead_process(), 0.0), "the engine died", Wall())
    assert world.asked == []
    assert "left to its new owner" in log_path(run_file).read_text(encoding="utf-8")


def test_engine_that_still_lives_is_killed_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run_file = tmp_path / "x.zerobias.sqlite"
    take_over(Task(None, run_file, engine.pid, 0.0), "no heartbeat of the engine for 10 s", WallClock())
    assert engine.wait(5) == -9
    assert "the engine was killed" in log_path(run_file).read_text(encoding="utf-8")
