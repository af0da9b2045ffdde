"""A run file that was left unfinished, made ready to go on: what is missing, since when, and what to expect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.plan import make_plan
from acquisition.planning.plan_edit import RunningPlan, apply_all
from acquisition.readings import Monitor, Reading
from acquisition.recipe import Recipe
from acquisition.run_reader import RunFileReader, reading
from acquisition.run_schema import RunState
from acquisition.running.past import Past
from acquisition.safety import Roles
from acquisition.station_file import Station
from instruments.roles import Clock

LEAST_SIMULATED_GAP_S = 600.0
"""A simulation goes on at least so much later: beyond anything that the dead engine may have seen and not written."""


@dataclass(frozen=True)
class Unfinished:
    """What a run file says of a run, for an engine that is to finish it.

    Attributes
    ----------
    run_file : Path
        The file.
    state : RunState
        What became of the run so far.
    header : dict
        Table `run`.
    running : RunningPlan
        The plan, made again from recipe, station and edits.
    measured : frozenset of int
        Plan indices in the file, but for those in `again`.
    again : frozenset of int
        Plan indices in the file that are to be measured again.
    last_seen : Monitor
        Time, temperature and field known last.
    gap_s : float
        Time since then, in experiment seconds.
    """

    run_file: Path
    state: RunState
    header: dict[str, Any]
    running: RunningPlan
    measured: frozenset[int]
    last_seen: Monitor
    gap_s: float
    again: frozenset[int] = frozenset()

    @property
    def missing(self) -> list[int]:
        """Return the plan indices that are still to be measured."""
        return self.running.missing(self.measured)

    @property
    def sample(self) -> str | None:
        """Return the simulated sample, or None if the run was on a station."""
        return self.header.get("simulated")

    @property
    def started(self) -> datetime | None:
        """Return when the run was begun."""
        text = self.header.get("started")
        return datetime.fromisoformat(text) if text else None

    @property
    def clock_origin_s(self) -> float:
        """Return the time of the first engine's clock at the start of the run; it tells when the simulated world is."""
        return float(self.header.get("clock_origin_s", 0.0))

    @property
    def elapsed_s(self) -> float:
        """Return the experiment time since the start of the run, up to now."""
        return self.last_seen.time_s + self.gap_s


def load_unfinished(run_file: Path, wall: Wall, *, is_flagged_again: bool = False) -> Unfinished:
    """Read what is needed to finish a run, or to measure its flagged points again; changes nothing.

    Whoever means to finish it holds its lock already, so a state of going on means that the last engine died.

    Raises
    ------
    InputError
        If the file is no run file, is damaged, or its recipe or station is not understood.
    """
    with reading(run_file), RunFileReader(run_file) as reader:
        header = reader.header()
        running = _running_plan(reader, header)
        last_seen = reader.last_seen()
        then = reader.last_wall_time()
        gap_s = max(0.0, (wall.now() - then).total_seconds()) if then else 0.0
        if header.get("simulated"):
            gap_s = max(gap_s, LEAST_SIMULATED_GAP_S)
        state = RunState(header.get("state", RunState.INTERRUPTED))
        again = reader.flagged_plan_indices() if is_flagged_again else frozenset()
        return Unfinished(
            run_file,
            RunState.INTERRUPTED if state in (RunState.RUNNING, RunState.PAUSED) else state,
            header,
            running,
            frozenset(reader.measured_plan_indices() - again),
            last_seen,
            gap_s,
            again,
        )


def load_running_plan(run_file: Path) -> RunningPlan:
    """Return the plan of a run as it is now, made again from recipe, station and edits.

    Raises
    ------
    InputError
        As `load_unfinished`.
    """
    with reading(run_file), RunFileReader(run_file) as reader:
        return _running_plan(reader, reader.header())


def _running_plan(reader: RunFileReader, header: Mapping[str, Any]) -> RunningPlan:
    for section in ("recipe", "station"):
        if section not in header:
            raise InputError(f"{reader.path}: there is no {section} in it; only whole run files can be resumed")
    recipe = Recipe.from_dict(header["recipe"], f"recipe in {reader.path.name}")
    station = Station.from_dict(header["station"], f"station in {reader.path.name}")
    return apply_all(make_plan(recipe, station), reader.edits())


def check_identities(unfinished: Unfinished, roles: Roles) -> list[str]:
    """Return how the boxes differ from those the run was begun with; nothing if it is the same rack."""
    known = unfinished.header.get("instruments", {})
    found = {instrument.name: instrument.identity for instrument in roles.each()}
    return [
        f"{name}: was {known.get(name, 'absent')!r}, is {found.get(name, 'absent')!r}"
        for name in sorted(known.keys() | found.keys())
        if known.get(name) != found.get(name)
    ]


def elapsed_on(unfinished: Unfinished, clock: Clock) -> float:
    """Return the experiment time since the start of the run: by the simulated world's clock, or by the calendar."""
    if unfinished.sample is None:
        return unfinished.elapsed_s
    return clock.now_s() - unfinished.clock_origin_s


def past_of(unfinished: Unfinished, elapsed_s: float, *, is_change_accepted: bool) -> Past:
    """Return what the loop must know of what was before."""

    def points_of(isotherm_index: int) -> list[Reading]:
        with RunFileReader(unfinished.run_file) as reader:
            return reader.points_of(isotherm_index)

    return Past(
        elapsed_s=elapsed_s,
        gap_s=elapsed_s - unfinished.last_seen.time_s,
        measured=unfinished.measured,
        points_of=points_of,
        is_change_accepted=is_change_accepted,
    )
