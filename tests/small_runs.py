"""A wall clock that moves when it is looked at, and small runs on the simulated rack that can be steered by events."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from acquisition.engine import resume_run, run_plan
from acquisition.plan import make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import Event
from acquisition.recipe import Recipe, parse_recipe
from acquisition.resume import elapsed_on, load_unfinished
from acquisition.run_outcome import RunOutcome
from acquisition.running.command_file import CommandKind, write_command
from acquisition.running.control import POLL_S, AttentiveWall, Control
from acquisition.running.journal import WriteJournal
from acquisition.running.lock import FileLock, lock_path
from acquisition.safety import Roles
from acquisition.station import Start, open_simulated
from acquisition.station_file import simulated_station
from simulators.rack import Rack as SimulatedRack
from simulators.rack import find_rack

SMALL = """
[run]
name = "small"
sample = "cu1"
[[series]]
temperatures_K = [4.2, 4.1]  # where the simulated cryostat begins
[bias]
maximum_V = 0.5e-3
points = 11
[anchors]
every_points = 8
[settling]
dwell_above_1K_s = 30
temperature_drift_fraction_per_10min = 0.05
anchor_gap_s = 10
"""


class QuickWall:
    """A wall clock that moves on by a little at every look, so that what is to be done now and then is soon due."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def monotonic_s(self) -> float:
        self.time_s += 0.4 * POLL_S
        return self.time_s

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 8, 0, tzinfo=UTC) + timedelta(seconds=self.time_s)

    def sleep(self, duration_s: float) -> None:
        self.time_s += duration_s


@dataclass
class Script:
    """An observer who notes what happens, and acts when it does."""

    wall: QuickWall
    on_point: Callable[["Script", int], None] = lambda _script, _index: None
    on_event: Callable[["Script", Event], None] = lambda _script, _event: None
    run_file: Path = Path()
    points: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    plans: list[RunningPlan] = field(default_factory=list)
    measured: int = -1
    rack: SimulatedRack | None = None
    roles: Roles | None = None
    control: Control | None = None

    def started(self, run_file: Path, running: RunningPlan, measured: int) -> None:
        self.run_file, self.measured = run_file, measured
        self.plans.append(running)

    def committed(self, seq: int, plan_index: int) -> None:
        self.points.append(plan_index)
        self.on_point(self, plan_index)

    def happened(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(self, event)

    def planned(self, running: RunningPlan) -> None:
        self.plans.append(running)

    def say(self, command: CommandKind, **argument: Any) -> str:
        """Write a command and return its id."""
        return write_command(self.run_file, command, argument, wall=self.wall).id

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def message(self, kind: str) -> str:
        return next(event.message for event in self.events if event.kind == kind)


class Bench:
    """Runs on the simulated rack, in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.station = simulated_station()
        self.wall = QuickWall()

    def script(self, **actions: Any) -> Script:
        return Script(self.wall, **actions)

    def recipe(self, changes: dict[str, Any] | None = None) -> Recipe:
        recipe = parse_recipe(SMALL, "small")
        return Recipe.from_dict(recipe.to_dict() | (changes or {}), "small")

    def run(
        self, script: Script, recipe: Recipe | None = None, *, is_unattended: bool = False, **options: Any
    ) -> RunOutcome:
        """Measure the small recipe, or another."""
        control = Control(self.wall, is_unattended=is_unattended)
        journal = WriteJournal()
        attentive = AttentiveWall(self.wall, control)
        with open_simulated(self.station, "cu1", 1, None, attentive, on_write=journal.note) as rack:
            script.rack, script.roles, script.control = _simulated(rack.visa_library), rack.roles, control
            control.simulation = rack.simulation
            return run_plan(
                make_plan(recipe or self.recipe(), self.station),
                rack.roles,
                rack.clock,
                out=self.folder,
                wall=self.wall,
                control=control,
                observer=script,
                provenance={"simulated": "cu1", "seed": 1, "speed": None},
                journal=journal,
                **options,
            )

    def resume(
        self,
        run_file: Path,
        script: Script,
        *,
        sample: str = "cu1",
        seed: int = 1,
        is_flagged_again: bool = False,
        **options: Any,
    ) -> RunOutcome:
        """Finish a run as the command does; another sample or seed makes it another contact."""
        control = Control(self.wall)
        with FileLock(lock_path(run_file), "test", self.wall) as lock:
            unfinished = load_unfinished(run_file, self.wall, is_flagged_again=is_flagged_again)
            seen = unfinished.last_seen
            start = Start(unfinished.clock_origin_s + unfinished.elapsed_s, seen.temperature_K, seen.field_T or 0.0)
            with open_simulated(self.station, sample, seed, None, self.wall, start=start) as rack:
                script.rack, script.roles = _simulated(rack.visa_library), rack.roles
                return resume_run(
                    unfinished,
                    rack.roles,
                    rack.clock,
                    lock,
                    elapsed_s=elapsed_on(unfinished, rack.clock),
                    wall=self.wall,
                    control=control,
                    observer=script,
                    **options,
                )


def _simulated(visa_library: str) -> SimulatedRack:
    return find_rack(visa_library.partition("@")[0])
