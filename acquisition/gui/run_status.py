"""What the status strip says of a run, worked out from its tail."""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.gui.conditions_view import HEATER, HELIUM, PERCENT
from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.run_phase import magnet_mode
from acquisition.gui.status_strip import Status
from acquisition.gui.tail import Fresh, RunTail
from acquisition.plan import Plan
from acquisition.planning.forecast import Forecast, expected_pace
from acquisition.readings import Monitor, PointFlag
from acquisition.recipe import SettlingSection
from acquisition.resume import load_running_plan
from acquisition.running.lock import lock_path, read_owner
from acquisition.status import commit_age_s

Floats = NDArray[np.float64]

DRIFT_S, LEAST_DRIFT_S = 300.0, 60.0
"""Experiment time over which the drift of the temperature is taken, and from which there is one: a few points in a row
say more of the thermometer's noise."""

SECONDS_PER_MINUTE = 60.0
MILLIAMPERE = 1e3


class RunStatus:
    """Watches a run go by, and says how it stands.

    Parameters
    ----------
    tail : RunTail
        The run.
    wall : Wall
        Tells how old a commit is, and when the run ends.
    """

    def __init__(self, tail: RunTail, wall: Wall) -> None:
        self._tail = tail
        self._wall = wall
        self._recent_s, self._recent_K = np.empty(0), np.empty(0)
        self._drift_K_per_min: float | None = None
        self._newest: dict[str, tuple[float, float]] = {}
        self._plan: Plan | None = None
        self._plan_of: tuple[int, float | None] | None = None
        self._forecast = Forecast(wall, None)
        self._left_s: float | None = None

    def saw(self, fresh: Fresh) -> None:
        """Take note of a look at the run."""
        if fresh.points:
            self._left_s = self._forecast_s()
        self._take_newest(fresh)
        if fresh.points or fresh.monitors:
            self._follow_temperature(fresh)

    def now(self) -> Status:
        """Return how the run stands now."""
        tail, last = self._tail, self._tail.last()
        table = None if last is None else last.table
        is_point_newest = self._is_point_newest()
        measured = {} if table is None else {name: float(table[name][-1]) for name in _SHOWN}
        owner = read_owner(lock_path(tail.path), self._wall) if tail.is_locked else None
        helium = tail.channels.get(HELIUM)
        seen = measured | {name: value for name, (_, value) in self._newest.items()}
        return Status(
            state=tail.state,
            phase=tail.phase,
            commit_age_s=self._commit_age_s(),
            heartbeat_age_s=None if owner is None else owner.heartbeat_age_s,
            free_bytes=free_bytes(tail.path.parent),
            points=tail.points,
            planned_points=tail.planned_points,
            now=self._wall.now(),
            finish=self._finish(),
            is_measuring=is_point_newest and not tail.phase.is_source_at_zero,
            is_settled=not tail.phase.is_settling and self._is_within_band(seen.get("temperature_K")),
            drift_K_per_min=self._drift_K_per_min,
            flags=PointFlag.GOOD if table is None else PointFlag(int(table["flags"][-1])),
            magnet_mode=magnet_mode(tail.phase, tail.settings),
            heater=_heater(tail),
            helium_fraction=None if helium is None else helium.values[-1],
            **seen,
        )

    def _is_point_newest(self) -> bool:
        last, newest = self._tail.last(), self._tail.newest
        return newest is None or (last is not None and last.table["time_s"][-1] >= newest.time_s)

    def _take_newest(self, fresh: Fresh) -> None:
        """Keep what was read last of temperature and field, each with its time: many looks are at one of them only."""
        looks = list(fresh.monitors)
        if fresh.points:
            looks.append(Monitor(fresh.time_s[-1], fresh.temperature_K[-1], fresh.field_T[-1]))
        for look in looks:
            for name, value in (("temperature_K", look.temperature_K), ("field_T", look.field_T)):
                if value is not None and look.time_s >= self._newest.get(name, (-np.inf, 0.0))[0]:
                    self._newest[name] = look.time_s, value

    def _follow_temperature(self, fresh: Fresh) -> None:
        """Keep what was read lately, in points and between them, and fit a line to it."""
        between = [(one.time_s, one.temperature_K) for one in fresh.monitors if one.temperature_K is not None]
        times = np.concatenate([self._recent_s, fresh.time_s, [time_s for time_s, _ in between]])
        values = np.concatenate([self._recent_K, fresh.temperature_K, [value_K for _, value_K in between]])
        is_recent = times >= times.max(initial=0.0) - DRIFT_S
        self._recent_s, self._recent_K = times[is_recent], values[is_recent]
        self._drift_K_per_min = drift_K_per_min(self._recent_s, self._recent_K)

    def _is_within_band(self, temperature_K: float | None) -> bool:
        """Say whether the temperature is as near its last setpoint as the recipe wants."""
        last = self._tail.last()
        if last is None or temperature_K is None:
            return False
        settling = SettlingSection() if self._plan is None else self._plan.recipe.settling
        setpoint_K = last.temperature_setpoint_K
        band_K = max(settling.temperature_band_fraction * setpoint_K, settling.temperature_band_K)
        return abs(temperature_K - setpoint_K) <= band_K

    def _commit_age_s(self) -> float | None:
        """Return how long ago something was committed, or the run ended; None if the file has gone."""
        ended = self._tail.header.get("ended")
        if ended and self._tail.state not in (*GOING_ON, "interrupted"):
            return (self._wall.now() - datetime.fromisoformat(ended)).total_seconds()
        return written_ago_s(self._tail.path, self._wall)

    def _finish(self) -> datetime | None:
        """Return when the run ends; a pause moves that on."""
        if self._tail.state not in GOING_ON or self._left_s is None:
            return None
        return self._wall.now() + timedelta(seconds=self._left_s)

    def _forecast_s(self) -> float | None:
        """Return the wall time that is left: the plan's, corrected by the pace since the window looks."""
        tail = self._tail
        if tail.state not in GOING_ON:
            return None
        plan_of = (tail.planned_points, tail.header.get("speed"))
        if plan_of != self._plan_of:  # at first, and when the plan or the pace of a simulation is changed
            self._plan_of = plan_of
            self._forecast = Forecast(self._wall, expected_pace(tail.header.get("simulated"), plan_of[1]))
            try:
                self._plan = load_running_plan(tail.path).plan
            except InputError:  # of another version of the program: the run can be looked at all the same
                self._plan = None
        return None if self._plan is None else self._forecast.left_s(self._plan, tail.last_plan_index)


_SHOWN = ("temperature_K", "field_T", "bias_V", "current_A", "lockin_x_V")


def written_ago_s(run_file: Path, wall: Wall) -> float | None:
    """Return how long ago something was committed to a run file, or None if it has gone."""
    try:
        return commit_age_s(run_file, wall)
    except InputError:
        return None


def free_bytes(folder: Path) -> int | None:
    """Return the space left for a folder, or None if it has gone."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:  # a drive that was taken away
        return None


def _heater(tail: RunTail) -> str:
    """Return output and range of the heater, as far as they are known."""
    scale, output = _heater_range(tail.settings), tail.channels.get(HEATER)
    if not scale and tail.state not in GOING_ON:
        return "off" if tail.settings else ""
    return scale if output is None else f"{PERCENT * output.values[-1]:.0f} % of {scale or 'its range'}"


def _heater_range(settings: Mapping[str, Any]) -> str:
    if settings.get("heater_range_A"):  # zero is off, as the run found it
        return f"{MILLIAMPERE * settings['heater_range_A']:.3g} mA"
    name = str(settings.get("heater_range", "")).lower()
    return "" if name == "off" else name


def drift_K_per_min(time_s: Floats, temperature_K: Floats) -> float | None:
    """Return the slope of a temperature, arrays of shape (n,); None of too few or too short a time."""
    if len(time_s) < 3 or np.ptp(time_s) < LEAST_DRIFT_S:
        return None
    return float(np.polyfit(time_s - time_s.max(), temperature_K, 1)[0] * SECONDS_PER_MINUTE)
