"""A real engine in a process of its own, spoken to from other processes, by signals, and by the lack of disk space."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_runs import SMALL

from acquisition.cli import main
from acquisition.clock import WallClock
from acquisition.running.command_file import CommandKind
from acquisition.running.lock import lock_path, read_owner
from acquisition.terminal.control_commands import send

POINTS = 54

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits as POSIX has them")


class Engine:
    """`zerobias run` in a process of its own, at a pace at which it can be spoken to."""

    def __init__(self, folder: Path, speed: float, preamble: str = "") -> None:
        recipe = folder / "small.toml"
        recipe.write_text(SMALL)
        words = ["run", str(recipe), "--simulate", "cu1", "--out", str(folder / "runs"), "--events", "--json"]
        script = f"import sys\n{preamble}\nfrom acquisition.cli import main\nsys.exit(main(sys.argv[1:]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *words, "--speed", str(speed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self.run_file = Path(self.until("started")["run"])

    def until(self, kind: str, **found: object) -> dict[str, Any]:
        """Read events until one of this kind, and return it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1].get("event") == kind and found.items() <= self.events[-1].items():
                return self.events[-1]
        raise AssertionError(f"the engine ended without {kind}: {self.process.communicate()[1]}")

    def end(self) -> tuple[int, str]:
        """Wait for its end; return exit status and stderr."""
        stdout, stderr = self.process.communicate(timeout=60)
        self.events += [json.loads(line) for line in stdout.splitlines()]
        return self.process.returncode, stderr

    @property
    def acknowledged(self) -> list[int]:
        return [event["plan_index"] for event in self.events if event.get("event") == "point"]


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    started: list[Engine] = []
    yield started
    for engine in started:
        engine.process.kill()
        engine.process.communicate()


def start(engines: list[Engine], folder: Path, speed: float = 300.0, preamble: str = "") -> Engine:
    engines.append(Engine(folder, speed, preamble))
    return engines[-1]


def query(run_file: Path, text: str) -> list[tuple]:
    with sqlite3.connect(run_file) as connection:
        return connection.execute(text).fetchall()


def tell(run_file: Path, command: CommandKind, **argument: Any) -> str:
    return send(run_file, command, argument, wall=WallClock())


@posix_only
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(("phase", "found"), [("started", {}), ("settling", {}), ("point", {"plan_index": 9})])
def test_signal_ends_a_run_safe_with_every_point(
    engines: list[Engine], tmp_path: Path, name: str, phase: str, found: dict[str, int]
) -> None:
    engine = start(engines, tmp_path, speed=100.0)
    if phase != "started":
        engine.until(phase, **found)
    engine.process.send_signal(signal.Signals[name])
    status, stderr = engine.end()
    assert status == 5, stderr
    assert f"stopped by {name}" in stderr
    assert query(engine.run_file, "SELECT value FROM run WHERE key = 'state'") == [('"aborted"',)]
    assert [index for (index,) in query(engine.run_file, "SELECT plan_index FROM point")] == engine.acknowledged
    assert any("idle-safe" in message for (message,) in query(engine.run_file, "SELECT message FROM event"))
    left = {path.name for path in engine.run_file.parent.iterdir()}
    assert left == {engine.run_file.name}


@posix_only
def test_terminal_that_hangs_up_does_not_end_a_run(engines: list[Engine], tmp_path: Path) -> None:
    engine = start(engines, tmp_path)
    engine.until("point")
    engine.process.send_signal(signal.SIGHUP)
    assert engine.end()[0] == 0
    assert len(engine.acknowledged) == POINTS


def test_pause_note_status_and_continue_from_another_process(
    engines: list[Engine], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = start(engines, tmp_path, speed=100.0)
    engine.until("point", plan_index=4)
    assert tell(engine.run_file, CommandKind.NOTE, text="helium transfer") == "accepted: noted"
    assert tell(engine.run_file, CommandKind.PAUSE) == "accepted: pausing after this point"
    engine.until("safe-state")
    assert main(["status", str(engine.run_file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["reason"]) == ("paused", "paused by command")
    assert told["points"] == len(engine.acknowledged)
    assert told["pid"] == engine.process.pid
    assert told["heartbeat_age_s"] < 5.0
    assert tell(engine.run_file, CommandKind.CONTINUE) == "accepted: going on"
    status, stderr = engine.end()
    assert status == 0, stderr
    assert sorted(engine.acknowledged) == list(range(POINTS))
    assert engine.events[-1]["state"] == "complete"


def test_abort_from_another_process_is_answered_and_ends_with_5(engines: list[Engine], tmp_path: Path) -> None:
    engine = start(engines, tmp_path, speed=100.0)
    engine.until("point", plan_index=3)
    assert main(["abort", str(engine.run_file), "--reason", "smoke"]) == 0
    status, stderr = engine.end()
    assert (status, "aborted by command: smoke" in stderr) == (5, True)


def test_commands_are_answered_while_the_run_waits_in_real_time(engines: list[Engine], tmp_path: Path) -> None:
    """At real pace a settling wait sleeps for seconds at a time; the engine looks up all the same."""
    engine = start(engines, tmp_path, speed=1.0)
    engine.until("settling")
    time.sleep(0.3)
    wall, delays_s = WallClock(), []
    for number in range(5):
        begin_s = wall.monotonic_s()
        tell(engine.run_file, CommandKind.NOTE, text=str(number))
        delays_s.append(wall.monotonic_s() - begin_s)
    assert sorted(delays_s)[2] < 0.5
    time.sleep(1.5)
    owner = read_owner(lock_path(engine.run_file), wall)
    assert owner is not None
    assert owner.heartbeat_age_s < 1.5
    tell(engine.run_file, CommandKind.ABORT)
    assert engine.end()[0] == 5


@posix_only
def test_full_disk_ends_a_run_safe_with_status_4(engines: list[Engine], tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: SQLite gets the same kind of error."""
    preamble = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    )
    engine = start(engines, tmp_path, preamble=preamble)
    status, stderr = engine.end()
    assert status == 4, stderr
    assert "cannot be written" in stderr
    assert "Traceback" not in stderr
    kept = {index for (index,) in query(engine.run_file, "SELECT plan_index FROM point")}
    assert set(engine.acknowledged) <= kept
    assert len(kept) < POINTS
    assert main(["resume", str(engine.run_file)]) == 0
    assert len(query(engine.run_file, "SELECT plan_index FROM point")) == POINTS


@posix_only
def test_stopped_viewer_holds_nothing_up(engines: list[Engine], tmp_path: Path) -> None:
    engine = start(engines, tmp_path, speed=100.0)
    engine.until("point")
    script = (
        "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN')\nc.execute('SELECT * FROM point').fetchone()\n"
        "print('holding', flush=True)\nsys.stdin.read()"
    )
    words = [sys.executable, "-c", script, str(engine.run_file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as viewer:
        assert viewer.stdout is not None
        assert viewer.stdout.readline() == "holding\n"
        viewer.send_signal(signal.SIGSTOP)
        status, stderr = engine.end()
        viewer.kill()
    assert status == 0, stderr
    assert len(query(engine.run_file, "SELECT plan_index FROM point")) == POINTS
