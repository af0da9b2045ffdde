"""A box that sources the bias current on one fixed range: what all models do alike, in the role `SourceMeter`.

A model adds its command table, `configure`, `read` and `settings`. Nothing here, nor in a model, sends ``*RST``,
switches autorange, or changes function, range or sense leads while the output is on: each of these puts a spike on the
contact.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import LimitError, ReadbackError, StateError, StoppedError
from instruments.limits import Limits
from instruments.replies import as_float
from instruments.roles import Clock
from instruments.transport import Line, WriteObserver
from instruments.wired import Wired

RAMP_STEP_S = 0.05
"""Time between the steps of a ramp: at 1 mV/s across the contact a step is 50 uV, about one step of a sweep."""

RANGE_TOLERANCE = 0.06
"""A box names a range by its nominal or by its 105 % end; the next range is a factor of two away at least."""


class OutputOffState(StrEnum):
    """What the output is while off. `NORMAL` is 0 V at low resistance; `HIMP` opens a relay and floats the contact."""

    NORMAL = "normal"
    ZERO = "zero"
    GUARD = "guard"
    HIMP = "disconnected"


@dataclass(frozen=True, slots=True)
class CurrentRanges:
    """The fixed ranges of a current source.

    Attributes
    ----------
    ranges_A
        Ascending.
    over_range
        Part of a range that may be set ...
    largest_A
        ... but never more than this.
    steps
        Programming steps in a range.
    """

    ranges_A: tuple[float, ...]
    over_range: float
    largest_A: float
    steps: int

    def end_A(self, range_A: float) -> float:
        """Return the largest level on a range."""
        return min(self.over_range * range_A, self.largest_A)

    def nearest_A(self, reads_A: float) -> float:
        """Return the range that a box means, whether it names it by its nominal or by its 105 % end."""
        return next((entry for entry in self.ranges_A if entry * (1 + RANGE_TOLERANCE) >= reads_A), self.ranges_A[-1])

    def rounded_A(self, level_A: float, range_A: float) -> float:
        """Return a level in whole programming steps of a range."""
        # Whole steps over a whole number of steps: 437 steps of 50 nA come out as 2.185e-05 and not a bit beside it.
        return round(level_A / range_A * self.steps) * range_A / self.steps


Commands = TypeVar("Commands", bound=Wired)


class CurrentSource(Generic[Commands]):
    """What the models share; not a driver by itself.

    The command table must have the properties `source_enabled` (bool), `source_mode` (``"current"`` or another word),
    `source_current` and `source_current_range`.

    Parameters
    ----------
    model : str
        For messages.
    expected : tuple of str
        Words of the identity.
    commands : type
        The command table.
    ranges : CurrentRanges
        Of this model.
    level_header : str
        Of the command for the level, e.g. ``":SOURCE:CURRENT"``.
    nplc : tuple of float
        Shortest and longest integration.
    address, visa_library, clock, maximum_A, maximum_V, safe_rate_A_per_s, name, on_write
        As the drivers say.
    """

    def __init__(
        self,
        model: str,
        expected: tuple[str, ...],
        commands: Callable[[Line], Commands],
        ranges: CurrentRanges,
        *,
        level_header: str,
        address: str | Adapter,
        visa_library: str | VisaLibraryBase,
        clock: Clock,
        maximum_A: float,
        maximum_V: float,
        safe_rate_A_per_s: float,
        name: str | None,
        on_write: WriteObserver | None,
        nplc: tuple[float, float] = (0.01, 10.0),
    ) -> None:
        self._clock = clock
        self._name = name or f"{model} at {address}"
        self._ranges = ranges
        self._level_header = level_header
        self._level = Limits(-maximum_A, maximum_A, "A", "source current")
        self._compliance = Limits(1e-3, maximum_V, "V", "compliance")
        self._rate = Limits(1e-12, 1.0, "A/s", "ramp rate")
        self._nplc = Limits(*nplc, "power line cycles", "integration")
        self._safe_rate_A_per_s = self._rate.check(safe_rate_A_per_s, self._name)
        self._line = Line(address, name=self._name, visa_library=visa_library, on_write=on_write)
        with self._line.connecting():
            self._identity = self._line.identify(*expected)
            self._box = commands(self._line)
            self._is_current_source = self._box.value("source_mode") == "current"
            self._range_A = ranges.nearest_A(self._box.number("source_current_range"))

    @property
    def name(self) -> str:
        """Return the name used in messages."""
        return self._name

    @property
    def identity(self) -> str:
        """Return the reply to ``*IDN?`` at connection."""
        return self._identity

    def set_output(self, is_on: bool) -> None:
        """Switch the output.

        Raises
        ------
        StateError
            If the programmed level is not zero, or the box has not been configured.
        ReadbackError
            If it did not switch.
        """
        with self._line.lock:
            self._insist_on_configured("the output is not switched")
            level_A = self._box.number("source_current")
            if level_A != 0.0:
                word = "on" if is_on else "off"
                raise StateError(
                    self._name, f"output not switched {word}: the level is {level_A:g} A; ramp to zero first"
                )
            self._box.take("source_enabled", is_on)

    def set_current(self, current_A: float) -> float:
        """Step to `current_A` at once and return the level the box took.

        The level is rounded to the resolution of the range beforehand, so that what is returned is what flows.

        Raises
        ------
        LimitError
            If it is beyond this station's maximum or the range.
        StateError
            If the box has not been configured as a current source.
        ReadbackError
            If the box did not take it.
        """
        with self._line.lock:
            self._insist_on_configured("no level is set")
            level_A = self._checked_level_A(current_A)
            reads_A = self._line.set_and_ask(f"{self._level_header} {level_A:g}", f"{self._level_header}?", as_float)
        if abs(reads_A - level_A) > self._step_A / 2:
            raise ReadbackError(self._name, f"source current set to {level_A:g} A, but it reads {reads_A:g} A")
        return reads_A

    def ramp_to_current(
        self, current_A: float, rate_A_per_s: float, *, should_stop: Callable[[], bool] | None = None
    ) -> float:
        """Walk to `current_A` in equal steps at `rate_A_per_s` and return the level the box took.

        Steps are due on absolute times. A step that comes late delays the rest: two steps never fall together.

        Raises
        ------
        LimitError
            If the level or the rate is out of bounds.
        StateError
            If the box has not been configured as a current source.
        StoppedError
            If told to stop: the level stays where it is.
        ReadbackError
            If the box did not take the last level, or says two different ones before the first step.
        """
        with self._line.lock:
            self._insist_on_configured("no ramp is started")
            target_A = self._checked_level_A(current_A)
            rate_A_per_s = self._rate.check(rate_A_per_s, self._name)
            start_A = level_A = self._present_level_A()
            # No finer than the resolution: a slow ramp takes its single steps at longer intervals.
            interval_s = max(RAMP_STEP_S, self._step_A / rate_A_per_s)
            steps = math.ceil(abs(target_A - start_A) / (rate_A_per_s * interval_s) - 1e-9)
            due_s = self._clock.now_s()
            for step in range(1, steps + 1):
                if should_stop is not None and should_stop():
                    raise StoppedError(self._name, f"ramp to {target_A:g} A stopped at {level_A:g} A, where it stays")
                due_s = self._wait_until(due_s + interval_s)
                if step < steps:
                    level_A = self._rounded_A(start_A + (target_A - start_A) * step / steps)
                    setattr(self._box, "source_current", level_A)  # noqa: B010 (a property of the model's table)
            return self.set_current(target_A)

    def make_safe(self) -> None:
        """Ramp to zero on the same range and leave the output as it is; may be called twice.

        Raises
        ------
        StateError
            If it sources voltage with its output on: not this program's doing, and not to be guessed at.
        """
        box = self._box
        with self._line.lock:
            is_on = box.value("source_enabled")  # a garbled answer must not make it jump: either way it ramps
            self._is_current_source = box.value("source_mode") == "current"
            if self._is_current_source:
                self._range_A = self._ranges.nearest_A(box.number("source_current_range"))
                self.ramp_to_current(0.0, self._safe_rate_A_per_s)
            elif is_on:
                raise StateError(self._name, "sources voltage with its output on; bring it to zero at its front panel")

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        self._line.close()

    @property
    def _step_A(self) -> float:
        return self._range_A / self._ranges.steps

    def _present_level_A(self) -> float:
        """Return the level that the box is at; asked twice, since a ramp from a garbled one would begin with a jump."""
        levels_A = [self._box.number("source_current") for _ in range(2)]
        if levels_A[0] != levels_A[1]:
            raise ReadbackError(self._name, f"asked twice for its level, it says {levels_A[0]:g} and {levels_A[1]:g} A")
        return levels_A[0]

    def _rounded_A(self, level_A: float) -> float:
        return self._ranges.rounded_A(level_A, self._range_A)

    def _exact_range_A(self, range_A: float) -> float:
        for entry in self._ranges.ranges_A:
            if math.isclose(entry, range_A, rel_tol=1e-9):
                return entry
        names = ", ".join(f"{entry:g}" for entry in self._ranges.ranges_A)
        raise LimitError(self._name, f"range {range_A!r} A refused: the box has {names} A")

    def _checked_level_A(self, current_A: float) -> float:
        level_A = self._rounded_A(self._level.check(current_A, self._name))
        end_A = self._ranges.end_A(self._range_A)
        return Limits(-end_A, end_A, "A", "source current on this range").check(level_A, self._name)

    def _insist_on_configured(self, consequence: str) -> None:
        if not self._is_current_source:
            raise StateError(self._name, f"{consequence}: it is not set up as a current source; configure it first")

    def _insist_on_idle(self, **wanted: float) -> None:
        """Refuse to set up an output that is on, unless it is at zero and these ranges are set already."""
        box = self._box
        level_A = box.number("source_current")
        if box.value("source_mode") != "current" or level_A != 0.0:
            raise StateError(
                self._name, f"not set up: its output is on, at {level_A:g} A; bring it to zero first (zerobias safe)"
            )
        for what, value in wanted.items():
            reads = box.number(what)
            if abs(reads - value) > RANGE_TOLERANCE * value:
                raise StateError(
                    self._name,
                    f"{what} not changed from {reads:g} to {value:g} with the output on: it would spike; ground the "
                    "contact and switch the output off first",
                )

    def _insist_on_output_off(self, consequence: str) -> None:
        if self._box.value("source_enabled"):
            raise StateError(
                self._name, f"{consequence} with the output on: it would spike; ground the contact and switch it off"
            )

    def _wait_until(self, due_s: float) -> float:
        """Wait for `due_s` and return it, or the present if that is later."""
        now_s = self._clock.now_s()
        if now_s >= due_s:
            return now_s
        self._clock.sleep(due_s - now_s)
        return due_s
