"""A superconducting solenoid with its current leads, and the current that a supply drives through it.

9 T at 76.23 A (1180.6 G/A, AMI 420 manual specification sheet), 10 H (class-typical), 29 kJ at full field, leads of
5 mohm. The supply makes currents that are straight lines in time; across it stands ``V = L di/dt + i R``, and a line
that would need more than the voltage limit anywhere is made less steep as a whole. A persistent switch is a matter of
`magnet_circuit`.

The wire quenches where ``|i|`` reaches ``84 A (1 - |di/dt| / 2 A/s)`` while the current changes: too much current, or
ramped too fast (assumed form: a ramp warms the winding in proportion to its rate). The normal zone's resistance grows
as t^2, so that the current falls as ``exp(-(t/1.5 s)^3)`` and its energy ends in the coil.

Flux trapped in the wire leaves a remanent field, against the last sweep and up to `remanence_T` (some millitesla in a
real coil; zero if left out): ``db/d|B| = (-s r - b) / 0.1 T``, s the sign of dB/dt (assumed form).
"""

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from simulators.noise import Noise

COIL_T_PER_A: Final = 0.118060
INDUCTANCE_H: Final = 10.0
LEAD_OHM: Final = 5e-3
CRITICAL_A: Final = 84.0
CRITICAL_A_PER_S: Final = 2.0
QUENCH_TIME_S: Final = 1.5
REMANENCE_WIDTH_T: Final = 0.1
"""Sweeping by this much replaces 63 % of the flux that was trapped before."""

DRY_PART: Final = 0.25
"""Part of its current that the wire carries where the helium does not reach it (assumed)."""

_QUENCH_OVER: Final = 5.0  # times the quench time: the current is gone
_MEMORY_S: Final = 600.0

RampWatcher = Callable[[float, tuple[tuple[float, float], ...]], None]
"""Called at each change of the current's course with the time and (start in s, |dB/dt| in T/s) of what is to come."""

FieldWatcher = Callable[[float, tuple[tuple[float, float], ...]], None]
"""Called at each change of the current's course with the time and (time in s, field in T) where it bends."""


@dataclass(frozen=True, slots=True)
class _Course:
    """What the current does from one change on: a straight line, then rest; or a quench on the way."""

    start_s: float
    start_A: float
    target_A: float
    slope_A_per_s: float  # signed; zero at rest
    quench_s: float = math.inf
    trapped_T: float = 0.0  # remanent field at its start

    @property
    def end_s(self) -> float:
        if not self.slope_A_per_s:
            return self.start_s
        return self.start_s + (self.target_A - self.start_A) / self.slope_A_per_s

    def line_A(self, time_s: float) -> float:
        if time_s >= self.end_s:
            return self.target_A
        return self.start_A + self.slope_A_per_s * (time_s - self.start_s)

    def current_A(self, time_s: float) -> float:
        if time_s < self.quench_s:
            return self.line_A(time_s)
        return self.line_A(self.quench_s) * math.exp(-(((time_s - self.quench_s) / QUENCH_TIME_S) ** 3))

    def rate_A_per_s(self, time_s: float) -> float:
        if time_s >= self.quench_s:
            x = (time_s - self.quench_s) / QUENCH_TIME_S
            return -3.0 * x * x / QUENCH_TIME_S * self.current_A(time_s)
        return self.slope_A_per_s if time_s < self.end_s else 0.0

    def remanent_T(self, time_s: float, largest_T: float) -> float:
        """Return the field that trapped flux adds."""
        straight_s = min(time_s, self.quench_s)
        trapped_T = _swept(self.trapped_T, COIL_T_PER_A * (self.line_A(straight_s) - self.start_A), largest_T)
        return _swept(trapped_T, COIL_T_PER_A * (self.current_A(time_s) - self.line_A(straight_s)), largest_T)


class MagnetCoil:
    """The solenoid; inputs are set at an explicit experiment time, never earlier than the last.

    Currents and fields may be asked for any time from ten minutes before the last input on; asking changes nothing.

    Parameters
    ----------
    seed
        Seed of the read-back noise of supply current and voltage.
    remanence_T
        Largest remanent field.
    start_T
        Field of the current that is in the coil at first, at rest.
    """

    def __init__(self, seed: int, remanence_T: float = 0.0, start_T: float = 0.0) -> None:
        self._remanence_T = remanence_T
        self._noise = Noise(seed, "magnet/readback")
        start_A = start_T / COIL_T_PER_A
        self._courses = [_Course(0.0, start_A, start_A, 0.0)]
        self._starts_s = [0.0]
        self._watchers: list[RampWatcher] = []
        self._field_watchers: list[FieldWatcher] = []
        self._cleared_quenches = 0
        self._critical_A = CRITICAL_A

    # outputs

    def current_A(self, time_s: float) -> float:
        """Return the current in the coil."""
        return self._course(time_s).current_A(time_s)

    @overload
    def field_T(self, time_s: float) -> float: ...
    @overload
    def field_T(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def field_T(self, time_s: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        """Return the field at the sample, shape as `time_s`."""
        if isinstance(time_s, np.ndarray):
            return np.array([self.field_T(float(t)) for t in time_s.ravel()]).reshape(time_s.shape)
        course = self._course(time_s)
        return COIL_T_PER_A * course.current_A(time_s) + course.remanent_T(time_s, self._remanence_T)

    def rate_A_per_s(self, time_s: float) -> float:
        """Return di/dt."""
        return self._course(time_s).rate_A_per_s(time_s)

    def coil_voltage_V(self, time_s: float) -> float:
        """Return the voltage across the coil; after a quench its inductive and resistive parts cancel."""
        return 0.0 if self.is_quenched(time_s) else INDUCTANCE_H * self.rate_A_per_s(time_s)

    def supply_voltage_V(self, time_s: float) -> float:
        """Return the voltage of the supply, ``L di/dt + i R``; zero after a quench, when the supply is shut down."""
        return 0.0 if self.is_quenched(time_s) else self.coil_voltage_V(time_s) + LEAD_OHM * self.current_A(time_s)

    def is_quenched(self, time_s: float) -> bool:
        """Return whether a quench has happened that was not reset."""
        return time_s >= self._course(time_s).quench_s

    def quench_count(self, time_s: float) -> int:
        """Return how many quenches there have been."""
        return self._cleared_quenches + self.is_quenched(time_s)

    def arrival_s(self, time_s: float) -> float:
        """Return when the current comes, or came, to rest; infinity if it quenches before."""
        course = self._course(time_s)
        return course.end_s if course.quench_s == math.inf else math.inf

    def measured_current_A(self, time_s: float) -> float:
        """Return the current in the coil as the supply's meter shows it."""
        return self.shown_current_A(time_s, self.current_A(time_s))

    def shown_current_A(self, time_s: float, current_A: float) -> float:
        """Return a current as the supply's meter shows it: noise 1e-5 of the current and 50 uA (class-typical)."""
        return current_A + (1e-5 * abs(current_A) + 5e-5) * self._noise.at(_sample(time_s))

    def measured_voltage_V(self, time_s: float, voltage_V: float) -> float:
        """Return a voltage as the supply's meter shows it: noise 1 mV (class-typical)."""
        return voltage_V + 1e-3 * self._noise.at(-1 - _sample(time_s))

    # inputs

    def ramp(self, time_s: float, target_A: float, rate_A_per_s: float, voltage_limit_V: float) -> None:
        """Drive the current towards a target, no faster than the rate and the voltage limit allow.

        Does nothing while quenched.
        """
        start_A = self.current_A(time_s)
        distance_A = target_A - start_A
        largest_A = max(abs(start_A), abs(target_A))
        affordable_A_per_s = max(0.0, voltage_limit_V - LEAD_OHM * largest_A) / INDUCTANCE_H
        speed_A_per_s = min(rate_A_per_s, affordable_A_per_s)
        slope_A_per_s = math.copysign(speed_A_per_s, distance_A) if distance_A else 0.0
        target_A = target_A if slope_A_per_s else start_A
        quench_s = time_s + _seconds_to_quench(start_A, target_A, slope_A_per_s, self._critical_A)
        self._set(_Course(time_s, start_A, target_A, slope_A_per_s, quench_s))

    def set_helium_low(self, time_s: float, is_low: bool) -> None:
        """Let the helium fall below the windings, or fill it up: a current that is too large then quenches at once."""
        self._critical_A = DRY_PART * CRITICAL_A if is_low else CRITICAL_A
        course, current_A = self._course(time_s), self.current_A(time_s)
        if abs(current_A) >= self._critical_A:
            self.quench(time_s)
            return
        slope_A_per_s = course.rate_A_per_s(time_s)
        target_A = course.target_A if slope_A_per_s else current_A
        quench_s = time_s + _seconds_to_quench(current_A, target_A, slope_A_per_s, self._critical_A)
        self._set(_Course(time_s, current_A, target_A, slope_A_per_s, quench_s))

    def hold(self, time_s: float) -> None:
        """Stop the current where it is; does nothing while quenched."""
        current_A = self.current_A(time_s)
        self._set(_Course(time_s, current_A, current_A, 0.0))

    def quench(self, time_s: float) -> None:
        """Let the coil quench now (a fault, or the programmer's own quench command)."""
        current_A = self.current_A(time_s)
        self._set(_Course(time_s, current_A, current_A, 0.0, quench_s=time_s))

    def reset_quench(self, time_s: float) -> None:
        """Clear a quench; refused silently until the current has died away."""
        course = self._course(time_s)
        if time_s >= course.quench_s + _QUENCH_OVER * QUENCH_TIME_S:
            self._cleared_quenches += 1
            self._append(_Course(time_s, 0.0, 0.0, 0.0, trapped_T=course.remanent_T(time_s, self._remanence_T)))

    def watch(self, watcher: RampWatcher) -> None:
        """Call `watcher` at each change of the current's course, so that the cryostat learns of eddy currents."""
        self._watchers.append(watcher)

    def watch_field(self, watcher: FieldWatcher) -> None:
        """Call `watcher` at each change of the current's course, so that thermometers feel the field."""
        self._field_watchers.append(watcher)

    def _course(self, time_s: float) -> _Course:
        return self._courses[max(0, bisect.bisect_right(self._starts_s, time_s) - 1)]

    def _set(self, course: _Course) -> None:
        before = self._course(course.start_s)
        if not self.is_quenched(course.start_s):
            self._append(replace(course, trapped_T=before.remanent_T(course.start_s, self._remanence_T)))

    def _append(self, course: _Course) -> None:
        if not course.start_s >= self._starts_s[-1]:
            raise ValueError(f"an input at {course.start_s!r} s comes after one at {self._starts_s[-1]!r} s")
        oldest = max(0, bisect.bisect_right(self._starts_s, course.start_s - _MEMORY_S) - 1)
        self._courses = [*self._courses[oldest:], course]
        self._starts_s = [*self._starts_s[oldest:], course.start_s]
        for watcher in self._watchers:
            watcher(course.start_s, _field_rates(course))
        for watcher in self._field_watchers:
            watcher(course.start_s, _field_bends(course))


def _seconds_to_quench(start_A: float, target_A: float, slope_A_per_s: float, critical_A: float) -> float:
    """Return after what time a straight line of current quenches the wire; infinity if never."""
    if not slope_A_per_s:
        return math.inf
    limit_A = critical_A * max(0.0, 1.0 - abs(slope_A_per_s) / CRITICAL_A_PER_S)
    if abs(start_A) >= limit_A:
        return 0.0
    if abs(target_A) < limit_A:
        return math.inf
    return (math.copysign(limit_A, target_A) - start_A) / slope_A_per_s


def _field_rates(course: _Course) -> tuple[tuple[float, float], ...]:
    """Return (start in s, |dB/dt| in T/s) of the parts of a course; a quench counts with its mean rate."""
    ramp_T_per_s = COIL_T_PER_A * abs(course.slope_A_per_s)
    if course.quench_s == math.inf:
        return ((course.start_s, ramp_T_per_s), (course.end_s, 0.0)) if ramp_T_per_s else ((course.start_s, 0.0),)
    quench_T_per_s = COIL_T_PER_A * abs(course.current_A(course.quench_s)) / QUENCH_TIME_S
    quench = ((course.quench_s, quench_T_per_s), (course.quench_s + QUENCH_TIME_S, 0.0))
    return quench if course.quench_s <= course.start_s else ((course.start_s, ramp_T_per_s), *quench)


def _field_bends(course: _Course) -> tuple[tuple[float, float], ...]:
    """Return (time in s, field in T) of the ends of a course, and where it crosses zero; a quench counts as a line."""
    end_s, end_A = (course.end_s, course.target_A)
    if course.quench_s < math.inf:
        end_s, end_A = course.quench_s + QUENCH_TIME_S, 0.0
    bends = [(course.start_s, course.start_A)]
    if course.start_A * end_A < 0.0:
        bends.append((course.start_s - course.start_A / course.slope_A_per_s, 0.0))
    if course.start_s < course.quench_s < math.inf:
        bends.append((course.quench_s, course.line_A(course.quench_s)))
    if end_s > course.start_s:
        bends.append((end_s, end_A))
    return tuple((moment, COIL_T_PER_A * current_A) for moment, current_A in bends)


def _swept(trapped_T: float, by_T: float, largest_T: float) -> float:
    """Return what is trapped after the field was swept by so much: against the sweep."""
    if not by_T:
        return trapped_T
    goal_T = -math.copysign(largest_T, by_T)
    return goal_T + (trapped_T - goal_T) * math.exp(-abs(by_T) / REMANENCE_WIDTH_T)


def _sample(time_s: float) -> int:
    """Return the number of the meter's conversion, ten a second."""
    return math.floor(10.0 * time_s)
