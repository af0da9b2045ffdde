"""What the guard does once the engine is dead or hangs: make sure of its death, the rack safe, and a record of it.

First the engine is killed, since two masters on one wire are worse than none. Then box after box is brought to
idle-safe, the source first; those that do not answer are tried again for a while. What was done stands in a log beside
the run file, line by line as it is done, and in the run file itself, whose only writer is dead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from acquisition.box_by_box import SafeStep, safe_steps
from acquisition.clock import Wall
from acquisition.errors import AcquisitionError, InputError
from acquisition.readings import Event
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.run_writer import RunFileWriter
from acquisition.running.alerts import Alert, Alerts, Occasion, load_settings
from acquisition.running.lock import FileLock, lock_path, lock_rack
from acquisition.safety import NOT_SAFE
from acquisition.station_file import Station

RETRY_FOR_S: Final = 600.0
RETRY_EVERY_S: Final = 10.0

_LEAVING_S: Final = 0.5  # how long a process whose pipe has ended may take to be gone by itself
_DYING_S: Final = 3.0
_POLL_S: Final = 0.01
_UNFINISHED: Final = (RunState.RUNNING, RunState.PAUSED, RunState.INTERRUPTED)


@dataclass(frozen=True)
class Task:
    """What a guard guards: the rack (None if it dies with the engine), the run file, the engine's process."""

    station: Station | None
    run_file: Path
    engine_pid: int
    retry_for_s: float


def take_over(task: Task, cause: str, wall: Wall) -> None:
    """Make sure of the engine's death, the rack idle-safe, and a record of it; never raises for what it finds."""
    report = _Report(log_path(task.run_file), wall)
    report.say(f"{cause} (process {task.engine_pid}); taking over")
    report.say(_end_process(task.engine_pid, wall))
    troubled = [] if task.station is None else _make_safe(task.station, report, wall)
    try:
        _mark(task.run_file, report.lines, wall)
    except AcquisitionError as error:
        report.say(f"not written into the run file: {error}")
    _alert(task.run_file, report)
    if task.station is not None:
        _try_again(task.station, troubled, task.retry_for_s, report, wall)


def log_path(run_file: Path) -> Path:
    """Return the path of the guard's log beside `run_file`; it exists only if a guard had to act."""
    return run_file.with_name(run_file.name + ".guard.log")


def _alert(run_file: Path, report: "_Report") -> None:
    """Alert whoever wants to know, now that all is done that could be done at once."""
    try:
        alerts = Alerts(load_settings())
    except AcquisitionError as error:
        report.say(f"no alert sent: {error}")
        return
    alerts.send(Alert(Occasion.INTERRUPTED, run_file.name, "\n".join(report.lines)))
    for trouble in alerts.wait():
        report.say(trouble)


@dataclass
class _Report:
    """What has been done so far, in a log that survives the guard too."""

    path: Path
    wall: Wall
    lines: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)
        try:
            with self.path.open("a", encoding="utf-8") as log:
                log.write(f"{self.wall.now().isoformat(timespec='milliseconds')} {line}\n")
        except OSError as error:  # a full disk must not keep the rack from being made safe
            self.lines.append(f"{self.path.name} not written ({error.strerror})")


def _end_process(pid: int, wall: Wall) -> str:
    """Kill the engine unless it ends by itself at once, and say how it went."""
    try:
        process = psutil.Process(pid)
        if _is_ended(process, _LEAVING_S, wall):
            return "the engine has ended"
        process.kill()
        return "the engine was killed" if _is_ended(process, _DYING_S, wall) else "the engine does not die of its kill"
    except psutil.NoSuchProcess:
        return "the engine has ended"
    except psutil.Error as error:
        return f"the engine could not be killed ({error})"


def _is_ended(process: psutil.Process, patience_s: float, wall: Wall) -> bool:
    """Wait for a process to end; one that only its parent has not noticed yet has ended too."""
    deadline_s = wall.monotonic_s() + patience_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if wall.monotonic_s() > deadline_s:
            return False
        wall.sleep(_POLL_S)
    return True


def _make_safe(station: Station, report: _Report, wall: Wall, only: frozenset[str] | None = None) -> list[str]:
    """Bring boxes to idle-safe and return the roles of those that could not be."""
    troubled = []
    with _rack_lock(station, report, wall) as is_ours:
        for step in safe_steps(station, wall, only) if is_ours else ():
            report.say(_said(step))
            if step.trouble:
                troubled.append(step.role)
    return troubled


def _said(step: SafeStep) -> str:
    return f"{NOT_SAFE}{step.trouble}" if step.trouble else f"idle-safe: {step.name}"


@contextmanager
def _rack_lock(station: Station, report: _Report, wall: Wall) -> Iterator[bool]:
    """Hold the rack; gives False if another engine has it already, which is then in charge of its safety."""
    lock = lock_rack(station.addresses, wall)
    is_held = False
    try:
        lock.__enter__()
        is_held = True
    except InputError as error:
        report.say(f"the rack is left to its new owner: {error}")
        yield False
        return
    except AcquisitionError as error:
        report.say(f"going on without the lock of the rack: {error}")
    try:
        yield True
    finally:
        if is_held:
            lock.__exit__(None, None, None)


def _try_again(station: Station, troubled: list[str], retry_for_s: float, report: _Report, wall: Wall) -> None:
    """Try boxes that did not answer again and again, until they do, or somebody else has the rack, or time is up."""
    end_s = wall.monotonic_s() + retry_for_s
    while troubled and wall.monotonic_s() + RETRY_EVERY_S <= end_s:
        wall.sleep(RETRY_EVERY_S)
        troubled = _make_safe(station, report, wall, frozenset(troubled))


def _mark(run_file: Path, lines: list[str], wall: Wall) -> None:
    """Write events and the state `interrupted` into the run file; a run that had ended by itself keeps its state.

    Events carry the last experiment time in the file, since nobody knows the clock of the dead engine.
    """
    with FileLock(lock_path(run_file), f"run file {run_file.name}", wall):
        with RunFileReader(run_file) as reader:
            state = reader.header().get("state")
            points_s, events_s = reader.columns("time_s")["time_s"], [event.time_s for event in reader.events()]
            last_s = max([0.0, *points_s[-1:].tolist(), *events_s[-1:]])
        writer = RunFileWriter(run_file, wall)
        if state in _UNFINISHED:
            writer.set("state", RunState.INTERRUPTED.value)
        for line in lines:
            writer.record(Event(last_s, "guard", line))
        writer.close()
