"""How a run stands, told from its file and its lock alone, so that it can be asked from anywhere and at any time."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.planning.forecast import expected_pace, planned_s
from acquisition.resume import Unfinished, load_unfinished
from acquisition.run_reader import RunFileReader, reading
from acquisition.run_schema import RunState
from acquisition.running.lock import lock_path, read_owner

LIVE = (RunState.RUNNING, RunState.PAUSED)


@dataclass(frozen=True)
class Status:
    """How a run stands. What cannot be told is None; ages and `eta_s` are in seconds of wall time."""

    run: Path
    state: RunState
    reason: str
    points: int
    planned_points: int
    eta_s: float | None
    temperature_K: float | None
    field_T: float | None
    last_plan_index: int | None
    last_bias_V: float | None
    last_conductance_S: float | None
    elapsed_s: float
    pid: int | None
    heartbeat_age_s: float | None
    commit_age_s: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self) | {"run": str(self.run), "state": self.state.value}


def status_of(run_file: Path, wall: Wall) -> Status:
    """Return how a run stands; changes nothing and holds nothing up.

    Raises
    ------
    InputError
        If it is no run file.
    """
    with reading(run_file):
        return _status_of(run_file, wall)


def _status_of(run_file: Path, wall: Wall) -> Status:
    with RunFileReader(run_file) as reader:
        state = RunState(reader.header().get("state", RunState.INTERRUPTED))
        seen, last, events = reader.last_seen(), reader.last_point(), reader.events()
        points = reader.summary()
    owner = read_owner(lock_path(run_file), wall) if state in LIVE else None
    reason = next((event.message for event in reversed(events) if event.kind == state.value), "")
    return Status(
        run=run_file,
        state=state,
        reason=reason,
        points=points.points,
        planned_points=points.planned_points,
        eta_s=_eta_s(load_unfinished(run_file, wall), wall) if state in LIVE else None,
        temperature_K=seen.temperature_K,
        field_T=seen.field_T,
        last_plan_index=last.plan_index if last else None,
        last_bias_V=last.bias_V if last else None,
        last_conductance_S=last.conductance_S if last else None,
        elapsed_s=seen.time_s,
        pid=owner.pid if owner else None,
        heartbeat_age_s=owner.heartbeat_age_s if owner else None,
        commit_age_s=commit_age_s(run_file, wall),
    )


def _eta_s(unfinished: Unfinished, wall: Wall) -> float | None:
    """Return the wall time left: the plan's time from the next point on, at the pace of the run."""
    missing, plan = unfinished.missing, unfinished.running.plan
    if not missing:
        return 0.0
    left_s = plan.duration_s - (planned_s(plan, missing[0] - 1) if missing[0] else 0.0)
    pace = expected_pace(unfinished.sample, unfinished.header.get("speed"))
    if pace is not None:
        return pace * left_s
    passed_s, taken_s = unfinished.last_seen.time_s, _since_start_s(unfinished, wall)  # as it went so far
    return left_s * taken_s / passed_s if passed_s > 0.0 and taken_s > 0.0 else None


def _since_start_s(unfinished: Unfinished, wall: Wall) -> float:
    started = unfinished.started
    return (wall.now() - started).total_seconds() if started else 0.0


def commit_age_s(run_file: Path, wall: Wall) -> float:
    """Return how long ago the file or its log was last written."""
    newest = 0.0
    for path in (run_file, run_file.with_name(run_file.name + "-wal")):
        if path.exists():
            newest = max(newest, path.stat().st_mtime)
    if not newest:
        raise InputError(f"{run_file}: no such run file; it has just been removed")
    return max(0.0, wall.now().timestamp() - newest)
