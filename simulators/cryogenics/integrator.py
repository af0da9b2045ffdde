"""Integrate a small stiff system ahead of time and answer for any instant; asking changes nothing.

The method is ROS2, linearly implicit, of second order and L-stable (Verwer, Spee, Blom, Hundsdorfer, SIAM J. Sci.
Comput. 20, 1456 (1999)), with the first-order step as error estimate and cubic Hermite dense output. Steps run ahead
of whoever asks and are cut by changes of an input only, so that values at given times are the same bit for bit
whatever the times of the questions in between.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

State = NDArray[np.float64]

_GAMMA: Final = 1.0 - 1.0 / math.sqrt(2.0)
_SAFETY: Final = 0.9
_SHORTEST_STEP_S: Final = 1e-6
_FIRST_STEP_S: Final = 1.0
_INTERPOLATION: Final = 0.2  # bounds the interpolant's error by the mismatch of the chord with the mean end slope


class System(Protocol):
    """The equations, and what time does to them."""

    def derivative(self, time_s: float, state: Sequence[float]) -> Sequence[float]:
        """Return the derivative of the state, 1/s; between two breaks inputs are constant or linear in time."""
        ...

    def next_break_s(self, time_s: float) -> float:
        """Return the first later time at which an input jumps or bends; infinity if there is none."""
        ...

    def is_driven(self, time_s: float) -> bool:
        """Return whether an input moves between this time and the next break."""
        ...


class Step:
    """One step of the integrator as a cubic Hermite interpolant between its ends.

    Parameters
    ----------
    start_s, length_s
        Where the step begins and how long it is.
    start, end, start_slope, end_slope
        State and derivative of the state (1/s) at its ends, shape (N,).
    """

    __slots__ = ("_coefficients", "length_s", "start_s")

    def __init__(
        self, start_s: float, length_s: float, start: State, end: State, start_slope: State, end_slope: State
    ) -> None:
        self.start_s = start_s
        self.length_s = length_s
        change = end - start
        linear = length_s * start_slope
        quadratic = 3.0 * change - length_s * (2.0 * start_slope + end_slope)
        cubic = length_s * (start_slope + end_slope) - 2.0 * change
        # plain numbers: four of them are faster read off one by one than as an array
        self._coefficients = list(zip(start.tolist(), linear.tolist(), quadratic.tolist(), cubic.tolist(), strict=True))

    def at(self, time_s: float) -> list[float]:
        """Return the state at one instant."""
        x = (time_s - self.start_s) / self.length_s
        return [a + x * (b + x * (c + x * d)) for a, b, c, d in self._coefficients]


class LookAhead:
    """A trajectory that is known up to the last input and predicted beyond it.

    Parameters
    ----------
    system
        The equations.
    start_s, start
        Initial time and state, shape (N,). Before `start_s` the state is taken as `start`.
    tolerance
        Permitted error of one step, absolute, shape (N,).
    longest_step_s
        Cap of the step.
    memory_s
        How long before the last input the trajectory stays known.
    """

    def __init__(
        self,
        system: System,
        start_s: float,
        start: Sequence[float],
        *,
        tolerance: Sequence[float],
        longest_step_s: float,
        memory_s: float,
    ) -> None:
        self._system = system
        self._tolerance = np.array(tolerance)
        self._longest_step_s = longest_step_s
        self._memory_s = memory_s
        self._front_s = start_s
        self._front = np.array(start, dtype=np.float64)
        self._front_slope: State | None = None
        self._wanted_step_s = _FIRST_STEP_S
        self._steps: list[Step] = []
        self._starts_s: list[float] = []

    def at(self, time_s: float) -> list[float]:
        """Return the state at one instant; an instant before the memory gives the oldest state known."""
        self._reach(time_s)
        return self._steps[self._index(time_s)].at(max(time_s, self._starts_s[0]))

    def cut(self, time_s: float, state: Sequence[float] | None = None) -> None:
        """Forget what was predicted beyond `time_s`, where an input changes; the state may jump there to `state`."""
        here = self.at(time_s)
        index = self._index(time_s)
        # the length of the step that is cut is what error control wanted hereabouts
        self._wanted_step_s = self._steps[index].length_s
        oldest = self._index(time_s - self._memory_s)
        end = index if self._starts_s[index] >= time_s else index + 1
        self._steps = self._steps[oldest:end]
        self._starts_s = self._starts_s[oldest:end]
        self._front_s = time_s
        self._front = np.array(here if state is None else state, dtype=np.float64)
        self._front_slope = None

    def _index(self, time_s: float) -> int:
        return max(0, bisect_right(self._starts_s, time_s) - 1)

    def _reach(self, time_s: float) -> None:
        while self._front_s <= time_s or not self._steps:
            self._advance()

    def _advance(self) -> None:
        """Take one accepted step, ending at a break of the inputs if there is one on the way."""
        start_s, start = self._front_s, self._front
        slope = self._slope(start_s, start) if self._front_slope is None else self._front_slope
        jacobian = self._jacobian(start_s, start, slope)
        room_s = self._system.next_break_s(start_s) - start_s
        while True:
            step_s = min(self._wanted_step_s, self._longest_step_s, room_s)
            end, error = self._ros2(start_s, start, slope, jacobian, step_s)
            # the slope just before a break belongs to this step, the one behind it to the next
            end_slope = self._slope(math.nextafter(start_s + step_s, start_s), end)
            bend = _INTERPOLATION * (end - start - 0.5 * step_s * (slope + end_slope))
            size = float((np.maximum(np.abs(error), np.abs(bend)) / self._tolerance).max())
            factor = min(4.0, max(0.2, _SAFETY / math.sqrt(max(size, 1e-10))))
            if size <= 1.0 or step_s <= _SHORTEST_STEP_S:
                break
            self._wanted_step_s = max(_SHORTEST_STEP_S, step_s * factor)
        ends_at_break = step_s == room_s
        if not ends_at_break or factor < 1.0:
            self._wanted_step_s = step_s * factor
        self._steps.append(Step(start_s, step_s, start, end, slope, end_slope))
        self._starts_s.append(start_s)
        self._front_s, self._front = start_s + step_s, end
        self._front_slope = None if ends_at_break else end_slope

    def _slope(self, time_s: float, state: State) -> State:
        return np.array(self._system.derivative(time_s, state.tolist()))

    def _jacobian(self, time_s: float, state: State, slope: State) -> State:
        """Return d(slope)/d(state) by forward differences, shape (N, N)."""
        values = state.tolist()
        columns = []
        for place, value in enumerate(values):
            shift = 1e-6 * max(abs(value), 1e-3)
            moved = values.copy()
            moved[place] += shift
            columns.append((np.array(self._system.derivative(time_s, moved)) - slope) / shift)
        return np.array(columns).T

    def _ros2(self, start_s: float, start: State, slope: State, jacobian: State, step_s: float) -> tuple[State, State]:
        """Return the state one step on and its difference to the first-order solution."""
        matrix = np.linalg.inv(np.eye(start.size) - (_GAMMA * step_s) * jacobian)
        drift = np.zeros_like(start)
        if self._system.is_driven(start_s):
            # inputs are linear in time up to the next break, so any short forward difference gives their rate
            probe_s = min(0.5 * step_s, 1e-3)
            drift = (_GAMMA * step_s / probe_s) * (self._slope(start_s + probe_s, start) - slope)
        first = matrix @ (slope + drift)
        end_s = math.nextafter(start_s + step_s, start_s)
        second = matrix @ (self._slope(end_s, start + step_s * first) - drift - 2.0 * first)
        return start + step_s * (1.5 * first + 0.5 * second), (0.5 * step_s) * (first + second)
