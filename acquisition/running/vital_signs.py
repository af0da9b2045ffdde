"""What the interlocks watch, made from the readings of a run: ages, drifts, steps and scatter."""

import math
from collections import deque
from collections.abc import Callable

from acquisition.readings import OVERLOADS, Monitor, PointFlag, PointKind, Reading, flag_words
from acquisition.running.interlocks import Observation, Watched
from acquisition.running.past import DRIFT_FRACTION, DRIFT_TIME_S, LEAST_GAP_S

DRIFT_WINDOW_S = 60.0
"""Time over which the drift of the temperature is taken."""

LEAST_DIFFERENCES = 32
"""Differences of neighbouring anchors from which the scatter is judged: fewer cannot tell 1.5 sigma from one."""

MOST_DIFFERENCES = 48

LOST_FRACTION = 0.03
"""Standard error of one point, as a part of its conductance, from which on it is lost in the noise."""

_OVERLOADS, _STALE, _COMPLIANCE = int(OVERLOADS), int(PointFlag.READING_STALE), int(PointFlag.SOURCE_COMPLIANCE)
_TELLING = _OVERLOADS | int(PointFlag.REFERENCE_UNLOCKED)  # where to look for the cause of another alarm
"""Plain numbers: enums take a microsecond each to compare, at every point."""


class VitalSigns:
    """Follows a run and says, reading by reading, what there is for the interlocks to judge.

    Parameters
    ----------
    disk_free_bytes : callable
        Gives the space left on the disk of the run file; NaN if it cannot be asked.
    """

    def __init__(self, disk_free_bytes: Callable[[], float]) -> None:
        self._disk_free_bytes = disk_free_bytes
        self._temperatures: deque[tuple[float, float]] = deque()
        self._valid_s: float | None = None
        self._steps = {kind: _Steps() for kind in PointKind}
        self._squares: deque[float] = deque(maxlen=MOST_DIFFERENCES)
        self._anchor: Reading | None = None

    def of_monitor(self, monitor: Monitor) -> Observation:
        """Take what was read while no point was measured; a temperature that is None was not read, or not valid."""
        values = self._of_any(monitor.time_s, monitor.temperature_K)
        if monitor.field_T is not None:
            values[Watched.FIELD_T] = monitor.field_T
        return Observation(monitor.time_s, values)

    def of_reading(self, reading: Reading) -> Observation:
        """Take a point; the same point measured again replaces itself."""
        flags = int(reading.flags)
        is_stale = bool(flags & _STALE)
        values = self._of_any(reading.time_s, None if is_stale else reading.temperature_K)
        if is_stale:
            values[Watched.TEMPERATURE_K] = math.nan
        values[Watched.FIELD_T] = reading.field_T
        values[Watched.LOCKIN_OVERLOAD] = float(flags & _OVERLOADS != 0)
        values[Watched.COMPLIANCE] = float(flags & _COMPLIANCE != 0)
        step = self._steps[reading.kind].fraction(reading)
        if step is not None:
            values[Watched.CONDUCTANCE_STEP_FRACTION] = step
        if reading.kind is PointKind.ANCHOR:
            self._take_anchor(reading)
        if len(self._squares) >= LEAST_DIFFERENCES:
            values[Watched.SIGMA_RATIO] = math.sqrt(math.fsum(self._squares) / len(self._squares))
        return Observation(reading.time_s, values, flag_words(PointFlag(flags & _TELLING)) if flags & _TELLING else "")

    def of_helium(self, time_s: float, fraction: float) -> Observation:
        """Take the level of the helium; NaN where it could not be read."""
        return Observation(time_s, {Watched.HELIUM_FRACTION: fraction})

    def forget_contact(self) -> None:
        """Compare the next point with nothing: somebody has looked at the contact and accepts it."""
        self._steps = {kind: _Steps() for kind in PointKind}

    def _of_any(self, time_s: float, temperature_K: float | None) -> dict[Watched, float]:
        values = {Watched.DISK_FREE_BYTES: self._disk_free_bytes()}
        if self._valid_s is None:
            self._valid_s = time_s  # what was never read is no older than the run
        if temperature_K is not None:
            self._valid_s = time_s
            values[Watched.TEMPERATURE_K] = temperature_K
            drift_K_per_min = self._drift_K_per_min(time_s, temperature_K)
            if drift_K_per_min is not None:
                values[Watched.TEMPERATURE_DRIFT_K_PER_MIN] = drift_K_per_min
        values[Watched.READING_AGE_S] = time_s - self._valid_s
        return values

    def _drift_K_per_min(self, time_s: float, temperature_K: float) -> float | None:
        """Return the drift over the window; None as long as less than half of it is known."""
        past = self._temperatures
        past.append((time_s, temperature_K))
        while len(past) > 2 and past[1][0] <= time_s - DRIFT_WINDOW_S:
            past.popleft()
        span_s = time_s - past[0][0]
        return 60.0 * (temperature_K - past[0][1]) / span_s if span_s >= 0.5 * DRIFT_WINDOW_S else None

    def _take_anchor(self, anchor: Reading) -> None:
        """Keep by how much two neighbouring anchors of an isotherm differ, in units of what is predicted.

        Predicted is the noise of both and what the signal chain may drift in between (`acquisition.running.past`),
        since at high temperature, where the excitation is large, the drift is the larger of the two.
        """
        before, self._anchor = self._anchor, anchor
        if before is None or before.isotherm_index != anchor.isotherm_index or before.plan_index == anchor.plan_index:
            return
        drift_S = math.sqrt(2.0 * LEAST_GAP_S / DRIFT_TIME_S) * DRIFT_FRACTION * anchor.conductance_S
        variance = before.conductance_error_S**2 + anchor.conductance_error_S**2 + drift_S**2
        self._squares.append((anchor.conductance_S - before.conductance_S) ** 2 / variance)


class _Steps:
    """By which part of itself the conductance changes from one point of a kind to the next in an isotherm."""

    def __init__(self) -> None:
        self._last: Reading | None = None
        self._before: Reading | None = None

    def fraction(self, reading: Reading) -> float | None:
        """Take a point and return the size of the step to it; None where there is nothing to compare with.

        An overloaded reading says nothing of the contact. A conductance that is lost in its own noise should be known
        and is not: the contact, or a lead of it, may be open.
        """
        if int(reading.flags) & _OVERLOADS:
            return None
        if reading.conductance_error_S > LOST_FRACTION * abs(reading.conductance_S):
            return math.nan
        if self._last is None or self._last.plan_index != reading.plan_index:
            self._before = self._last
        self._last = reading
        if self._before is None or self._before.isotherm_index != reading.isotherm_index:
            return None
        return abs(reading.conductance_S / self._before.conductance_S - 1.0)
