"""What the status strip says of a run, worked out from its tail."""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.gui.conditions_view import HEATER, PERCENT
from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.status_strip import Status
from acquisition.gui.tail import Fresh, RunTail
from acquisition.plan import Plan
from acquisition.planning.forecast import Forecast, expected_pace
from acquisition.readings import PointFlag
from acquisition.resume import load_running_plan
from acquisition.running.lock import is_locked, lock_path

DRIFT_POINTS = 30
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
        self._last_fresh_s = wall.monotonic_s()
        self._plan: Plan | None = None
        self._plan_of: tuple[int, float | None] | None = None
        self._forecast = Forecast(wall, None)
        self._left_s: float | None = None

    def saw(self, fresh: Fresh) -> None:
        """Take note of a look at the run."""
        if fresh.points:
            self._last_fresh_s = self._wall.monotonic_s()
            self._left_s = self._forecast_s()

    def now(self) -> Status:
        """Return how the run stands now."""
        tail, last = self._tail, self._tail.last()
        table = None if last is None else last.table
        measured = {} if table is None else {name: float(table[name][-1]) for name in _SHOWN}
        between = {} if self._is_point_newest() else self._between()
        return Status(
            state=tail.state,
            alarms=len(tail.alarms),
            commit_age_s=self._wall.monotonic_s() - self._last_fresh_s if tail.points else None,
            is_engine_alive=is_locked(lock_path(tail.path)),
            free_bytes=shutil.disk_usage(tail.path.parent).free,
            points=tail.points,
            planned_points=tail.planned_points,
            finish=self._finish(),
            temperature_setpoint_K=None if last is None else last.temperature_setpoint_K,
            drift_K_per_min=None if table is None else _drift_K_per_min(table["time_s"], table["temperature_K"]),
            flags=PointFlag.GOOD if table is None else PointFlag(int(table["flags"][-1])),
            is_settled=not between or tail.state not in GOING_ON,
            magnet_mode=_magnet_mode(tail.settings),
            heater=_heater(tail),
            **(measured | between),
        )

    def _is_point_newest(self) -> bool:
        last, newest = self._tail.last(), self._tail.newest
        return newest is None or (last is not None and last.table["time_s"][-1] >= newest.time_s)

    def _between(self) -> dict[str, float]:
        """Return what was read last while no point is measured."""
        newest = self._tail.newest
        assert newest is not None
        read = {"temperature_K": newest.temperature_K, "field_T": newest.field_T}
        return {name: value for name, value in read.items() if value is not None}

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


def _magnet_mode(settings: Mapping[str, Any]) -> str:
    is_persistent = settings.get("is_persistent")
    return "" if is_persistent is None else "persistent" if is_persistent else "driven"


def _heater(tail: RunTail) -> str:
    """Return output and range of the heater, as far as they are known."""
    scale, output = _heater_range(tail.settings), tail.channels.get(HEATER)
    return scale if output is None else f"{PERCENT * output.values[-1]:.0f} % of {scale or 'its range'}"


def _heater_range(settings: Mapping[str, Any]) -> str:
    if "heater_range_A" in settings:
        return f"{MILLIAMPERE * settings['heater_range_A']:.3g} mA"
    return str(settings.get("heater_range", "")).lower()


def _drift_K_per_min(time_s: np.ndarray, temperature_K: np.ndarray) -> float | None:
    recent = slice(-DRIFT_POINTS, None)
    if len(time_s) < 3 or np.ptp(time_s[recent]) == 0:
        return None
    return float(np.polyfit(time_s[recent] - time_s[-1], temperature_K[recent], 1)[0] * SECONDS_PER_MINUTE)
