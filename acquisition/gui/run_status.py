"""What the status strip says of a run, worked out from its tail."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from acquisition.clock import Wall
from acquisition.gui.conditions_view import HEATER, PERCENT
from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.status_strip import Status
from acquisition.gui.tail import Fresh, RunTail
from acquisition.readings import PointFlag
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
        self._began_s = self._last_fresh_s = wall.monotonic_s()
        self._first_points: int | None = None

    def saw(self, fresh: Fresh) -> None:
        """Take note of a look at the run."""
        if fresh.points:
            self._last_fresh_s = self._wall.monotonic_s()
        if self._first_points is None:
            self._first_points = self._tail.points

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
            finish=None if (left_s := self._left_s()) is None else self._wall.now() + timedelta(seconds=left_s),
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

    def _left_s(self) -> float | None:
        """Return the wall time that is left at the pace of the points since the window looks."""
        tail = self._tail
        seen = tail.points - (self._first_points or 0)
        if tail.state not in GOING_ON or seen <= 0 or not tail.planned_points:
            return None
        passed_s = self._wall.monotonic_s() - self._began_s
        return passed_s * (tail.planned_points - tail.points) / seen


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
