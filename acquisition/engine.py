"""One run, from a checked plan to a closed run file: the only writer, and the only way out, which is the safe state."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from acquisition.clock import Wall
from acquisition.errors import AbortedError, AcquisitionError, InterlockError
from acquisition.lock import FileLock, lock_path
from acquisition.loop import Loop
from acquisition.plan import Plan
from acquisition.readings import Event, Reading
from acquisition.safety import Roles, make_safe
from acquisition.stop import StopRequest
from acquisition.store import RunFileWriter, RunState, new_run_path
from instruments.errors import InstrumentError, QuenchError
from instruments.roles import Clock

EXIT_STATUS = {
    RunState.COMPLETE: 0,
    RunState.SAFETY_STOP: 3,
    RunState.FAILED: 4,
    RunState.ABORTED: 5,
}


class Observer(Protocol):
    """Who is told of a run's progress; called after the fact is durable."""

    def started(self, run_file: Path, plan: Plan) -> None:
        """Take note that the run file exists and measuring begins."""
        ...

    def committed(self, seq: int, plan_index: int) -> None:
        """Take note of a point that is in the run file."""
        ...

    def happened(self, event: Event) -> None:
        """Take note of an event that is in the run file."""
        ...


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: its file, its state, the points in the file and, unless complete, why it stopped."""

    run_file: Path
    state: RunState
    points: int
    message: str

    @property
    def exit_status(self) -> int:
        """Return the exit status that the state stands for."""
        return EXIT_STATUS[self.state]


def run_plan(
    plan: Plan,
    roles: Roles,
    clock: Clock,
    *,
    out: Path,
    wall: Wall,
    stop: StopRequest,
    observer: Observer,
    provenance: Mapping[str, Any],
) -> RunOutcome:
    """Measure a plan into a new run file and leave the rack idle-safe, whatever happens.

    Parameters
    ----------
    plan : Plan
        What to measure, checked.
    roles : Roles
        The four instruments, connected; they stay open.
    clock : Clock
        The experiment clock.
    out : Path
        Folder for the run file.
    wall : Wall
        Wall time.
    stop : StopRequest
        How to stop the run.
    observer : Observer
        Who is told of its progress.
    provenance : mapping
        What else belongs into table `run`: simulated sample, seed, speed.

    Raises
    ------
    RunFileError
        If no run file can be made; nothing was touched then.
    """
    path = new_run_path(out, plan.recipe.run.name, wall)
    with FileLock(lock_path(path), f"run file {path.name}"):
        writer = RunFileWriter.create(path, _header(plan, roles, wall, provenance), wall, observer.committed)
        observer.started(path, plan)
        return _Engine(plan, roles, clock, writer, wall, stop, observer).run()


def _header(plan: Plan, roles: Roles, wall: Wall, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what table `run` says from the start on."""
    packages = ("zerobias", "numpy", "scipy", "pymeasure", "pyvisa")
    return {
        "state": RunState.RUNNING,
        "name": plan.recipe.run.name,
        "sample": plan.recipe.run.sample,
        "note": plan.recipe.run.note,
        "started": wall.now().isoformat(timespec="seconds"),
        "recipe": plan.recipe.to_dict(),
        "station": plan.station.to_dict(),
        "planned_points": plan.points,
        "planned_duration_s": plan.duration_s,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "instruments": {instrument.name: instrument.identity for instrument in roles.each()},
    } | dict(provenance)


class _Engine:
    """The run under way: loop, run file and observer, tied together."""

    def __init__(
        self,
        plan: Plan,
        roles: Roles,
        clock: Clock,
        writer: RunFileWriter,
        wall: Wall,
        stop: StopRequest,
        observer: Observer,
    ) -> None:
        self._roles = roles
        self._writer = writer
        self._wall = wall
        self._observer = observer
        self._loop = Loop(plan, roles, clock, stop)
        self._points = 0

    def run(self) -> RunOutcome:
        """Walk the plan, end idle-safe, close the file."""
        state, message = RunState.FAILED, "internal error; the traceback is on stderr with --debug"
        try:
            state, message = self._walk()
        finally:
            self._end(state, message)
        return RunOutcome(self._writer.path, state, self._points, message)

    def _walk(self) -> tuple[RunState, str]:
        try:
            self._record_settings("start")
            for item in self._loop.walk():
                if isinstance(item, Reading):
                    self._writer.append(item)
                    self._points += 1
                else:
                    self._happened(item)
                    if item.kind == "sweeping":
                        self._record_settings(item.message)
        except AbortedError as error:
            return RunState.ABORTED, str(error)
        except (InterlockError, QuenchError) as error:
            return RunState.SAFETY_STOP, str(error)
        except (InstrumentError, AcquisitionError) as error:
            return RunState.FAILED, str(error)
        return RunState.COMPLETE, ""

    def _end(self, state: RunState, message: str) -> None:
        """Make the rack safe first, then see to the file, which may be what failed."""
        safe_state = make_safe(self._roles)
        if message:
            self._happened(Event(self._loop.now_s(), state.value, message))
        self._happened(Event(self._loop.now_s(), "safe-state", str(safe_state)))
        self._record_settings("end")
        self._writer.set("ended", self._wall.now().isoformat(timespec="seconds"))
        self._writer.set("elapsed_s", self._loop.now_s())
        self._writer.set("state", state.value)
        self._writer.close()

    def _happened(self, event: Event) -> None:
        self._writer.record(event)
        self._observer.happened(event)

    def _record_settings(self, cause: str) -> None:
        """Write down what each box is set to; one that does not answer is written down as such."""
        for instrument in self._roles.each():
            try:
                settings = instrument.settings()
            except InstrumentError as error:
                settings = {"unreadable": str(error)}
            self._writer.record_settings(self._loop.now_s(), cause, instrument.name, settings)
