"""The only place that waits: for a value to come into its band, to stay there, and to stop drifting.

Readings are taken at ``start + k poll_s``, whatever a message costs, so that two runs poll at the same instants. A
value is settled when every reading of the last `dwell_s` was fresh, sound and within the band, and the least-squares
slope through them is below the drift limit. A wait ends by that, by its deadline, or by being told to stop.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from instruments.errors import DeadlineError, LimitError, QuenchError, StoppedError
from instruments.roles import Clock, Magnet, MagnetState, TemperatureController

STOP_POLL_S = 0.5
"""Longest sleep between two looks at `should_stop`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of what is waited for: its value, its age, and what else keeps it from counting."""

    value: float
    age_s: float = 0.0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Criteria:
    """When a quantity counts as settled.

    Parameters
    ----------
    band : float
        Largest distance from the target, in the unit of the quantity.
    dwell_s : float
        How long it must have kept within the band.
    deadline_s : float
        Longest wait.
    poll_s : float
        Time between readings.
    drift_fraction_per_s : float, optional
        Largest slope over the dwell, as a fraction of the target's size.
    stale_s : float
        A reading older than this does not count.
    """

    band: float
    dwell_s: float
    deadline_s: float
    poll_s: float
    drift_fraction_per_s: float | None = None
    stale_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Settled:
    """How a wait ended well.

    `time_s` is the experiment time of the last reading, `waited_s` the length of the wait; `value` is the mean and
    `drift_per_s` the slope over the dwell, in the unit of the quantity.
    """

    time_s: float
    waited_s: float
    value: float
    drift_per_s: float


def temperature_criteria(temperature_K: float) -> Criteria:
    """Return the default criteria at a temperature: the colder, the longer the dwell.

    Band 0.5 % or 0.3 mK, drift below 0.2 % in 10 minutes, dwell 10 minutes below 0.2 K, 5 below 1 K and 3 above,
    deadline 90 minutes; readings at most 30 s old, three scan periods of a bridge on a single channel with its filter
    settled (class-typical 10 s).

    Raises
    ------
    LimitError
        If the temperature is not a finite number above zero.
    """
    if not 0.0 < temperature_K < math.inf:
        raise LimitError("settling", f"temperature {temperature_K!r} K refused: must be above zero")
    dwell_min = 10.0 if temperature_K < 0.2 else 5.0 if temperature_K < 1.0 else 3.0
    return Criteria(
        band=max(0.005 * temperature_K, 0.3e-3),
        dwell_s=60.0 * dwell_min,
        deadline_s=90.0 * 60.0,
        poll_s=5.0,
        drift_fraction_per_s=0.002 / 600.0,
        stale_s=30.0,
    )


def field_criteria(deadline_s: float = 4.0 * 3600.0) -> Criteria:
    """Return the default criteria of a field: 0.5 mT, held for 30 s; the deadline must allow for the ramp."""
    return Criteria(band=0.5e-3, dwell_s=30.0, deadline_s=deadline_s, poll_s=1.0)


def settle(
    read: Callable[[], Sample | float],
    target: float,
    band: float,
    clock: Clock,
    dwell_s: float,
    deadline_s: float,
    poll_s: float,
    *,
    drift_fraction_per_s: float | None = None,
    stale_s: float = math.inf,
    should_stop: Callable[[], bool] | None = None,
    on_reading: Callable[[float, float], Any] | None = None,
    instrument: str = "settling",
    what: str = "value",
    unit: str = "",
) -> Settled:
    """Wait until a value has settled.

    Parameters
    ----------
    read : callable
        Takes a reading; a plain float is a fresh and sound one.
    target : float
        Value wanted.
    band, dwell_s, deadline_s, poll_s, drift_fraction_per_s, stale_s : float
        See `Criteria`.
    clock : Clock
        The experiment clock.
    should_stop : callable, optional
        Asked before each reading and twice a second in between.
    on_reading : callable, optional
        Told time (s) and value of each reading.
    instrument, what, unit : str
        For the messages.

    Returns
    -------
    Settled
        When, after how long, at which value and with which drift.

    Raises
    ------
    DeadlineError
        If `deadline_s` passed; the message says what was still missing.
    StoppedError
        If `should_stop` said so.
    InstrumentError
        Whatever `read` raises.
    LimitError
        If a criterion is NaN or has the wrong sign, or the target is not finite.
    """
    _refuse_nonsense(instrument, target, band, dwell_s, deadline_s, poll_s)
    drift_limit_per_s = math.inf if drift_fraction_per_s is None else drift_fraction_per_s * abs(target)
    window = _Window(target, dwell_s)
    start_s = clock.now_s()
    poll = 0
    while True:
        if not sleep_until(start_s + poll * poll_s, clock, should_stop):
            raise StoppedError(instrument, f"the wait for {what} {target:g} {unit} was stopped")
        reading = read()
        sample = reading if isinstance(reading, Sample) else Sample(reading)
        time_s = clock.now_s()
        if on_reading is not None:
            on_reading(time_s, sample.value)
        missing = _missing(sample, target, band, stale_s)
        if missing:
            window.clear()
        else:
            # The time of the schedule, not of the reply: latency is not part of the dwell.
            window.add(start_s + poll * poll_s, sample.value)
            if not window.is_full:
                missing = f"within the band, but not yet for {dwell_s:g} s"
            elif abs(window.slope_per_s) > drift_limit_per_s:
                missing = f"drifting by {window.slope_per_s:.3g} {unit}/s, allowed {drift_limit_per_s:.3g}"
            else:
                return Settled(time_s, time_s - start_s, window.mean, window.slope_per_s)
        if time_s - start_s >= deadline_s:
            raise DeadlineError(
                instrument,
                f"{what} did not settle at {target:g} {unit} within {deadline_s:g} s: last reading "
                f"{sample.value:.6g} {unit}, {missing}",
            )
        # A poll that is due already was missed while a slow message was under way: skip it, keep the grid.
        poll = max(poll + 1, math.ceil((time_s - start_s) / poll_s - 1e-9))


def wait_for_temperature(
    controller: TemperatureController,
    temperature_K: float,
    clock: Clock,
    criteria: Criteria | None = None,
    *,
    should_stop: Callable[[], bool] | None = None,
    on_reading: Callable[[float, float], Any] | None = None,
) -> Settled:
    """Wait until the sample thermometer has settled at `temperature_K`, watching sensor and heater.

    A reading that is not valid is told of as NaN.

    Raises as `settle` does, and `StateError` on a heater fault.
    """

    def read() -> Sample:
        controller.heater_fraction()
        reading = controller.read()
        if not reading.is_valid:
            return Sample(math.nan, reading.age_s, reading.fault or "not valid")
        return Sample(reading.temperature_K, reading.age_s)

    return settle(
        read,
        temperature_K,
        clock=clock,
        should_stop=should_stop,
        on_reading=on_reading,
        instrument=controller.name,
        what="temperature",
        unit="K",
        **asdict(criteria or temperature_criteria(temperature_K)),
    )


def wait_for_field(
    magnet: Magnet,
    field_T: float,
    clock: Clock,
    criteria: Criteria | None = None,
    *,
    should_stop: Callable[[], bool] | None = None,
    on_reading: Callable[[float, float], Any] | None = None,
) -> Settled:
    """Wait until the supply holds at `field_T`, watching for a quench.

    Raises as `settle` does, and `QuenchError` on a quench.
    """

    def read() -> Sample:
        reading = magnet.read()
        if reading.state is MagnetState.QUENCH:
            raise QuenchError(magnet.name, f"quench at about {reading.field_T:.4g} T; see to helium and magnet first")
        is_held = reading.state in (MagnetState.HOLDING, MagnetState.AT_ZERO)
        return Sample(reading.field_T, fault="" if is_held else f"supply is {reading.state.value}")

    return settle(
        read,
        field_T,
        clock=clock,
        should_stop=should_stop,
        on_reading=on_reading,
        instrument=magnet.name,
        what="field",
        unit="T",
        **asdict(criteria or field_criteria()),
    )


def sleep_until(due_s: float, clock: Clock, should_stop: Callable[[], bool] | None) -> bool:
    """Sleep until `due_s` on the clock, in slices of `STOP_POLL_S`; return false if told to stop before or then."""
    while True:
        if should_stop is not None and should_stop():
            return False
        left_s = due_s - clock.now_s()
        # Below the resolution of a clock nothing is left: a sleep of less might not pass any time.
        if left_s <= 1e-9:
            return True
        clock.sleep(left_s if should_stop is None else min(left_s, STOP_POLL_S))


class _Window:
    """The readings of the last `dwell_s` with running sums: a poll costs the same however long the wait."""

    def __init__(self, target: float, dwell_s: float) -> None:
        self._target = target
        self._dwell_s = dwell_s
        self.clear()

    def clear(self) -> None:
        self._points: deque[tuple[float, float]] = deque()
        self._origin_s = 0.0
        self._t = self._y = self._tt = self._ty = 0.0

    def add(self, time_s: float, value: float) -> None:
        if not self._points:
            self._origin_s = time_s
        # Sums over small numbers, offsets from target and first reading, lose nothing to rounding.
        self._count(time_s - self._origin_s, value - self._target, 1)
        while len(self._points) > 1 and time_s - self._points[1][0] - self._origin_s >= self._dwell_s - 1e-9:
            self._count(*self._points[0], -1)

    def _count(self, t: float, y: float, sign: int) -> None:
        if sign > 0:
            self._points.append((t, y))
        else:
            self._points.popleft()
        self._t += sign * t
        self._y += sign * y
        self._tt += sign * t * t
        self._ty += sign * t * y

    @property
    def is_full(self) -> bool:
        return self._points[-1][0] - self._points[0][0] >= self._dwell_s - 1e-9

    @property
    def mean(self) -> float:
        return self._target + self._y / len(self._points)

    @property
    def slope_per_s(self) -> float:
        count = len(self._points)
        spread = count * self._tt - self._t * self._t
        return (count * self._ty - self._t * self._y) / spread if count > 1 and spread > 0.0 else 0.0


def _missing(sample: Sample, target: float, band: float, stale_s: float) -> str:
    """Say why a reading does not count, or nothing if it does; NaN is out of any band."""
    if sample.fault:
        return sample.fault
    if not sample.age_s <= stale_s:
        return f"{sample.age_s:.3g} s old, allowed {stale_s:g} s"
    if not abs(sample.value - target) <= band:
        return f"outside the band of {band:g}"
    return ""


def _refuse_nonsense(
    instrument: str, target: float, band: float, dwell_s: float, deadline_s: float, poll_s: float
) -> None:
    if not (math.isfinite(target) and band > 0.0 and dwell_s >= 0.0 and deadline_s >= 0.0 and 0.0 < poll_s < math.inf):
        raise LimitError(
            instrument,
            f"no wait possible for target {target!r}, band {band!r}, dwell {dwell_s!r} s, deadline {deadline_s!r} s, "
            f"poll {poll_s!r} s",
        )
