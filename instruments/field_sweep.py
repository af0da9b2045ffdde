"""Measure while the field moves: each value gets the field of the middle of its own measurement.

A field read before or after a measurement is off by the ramp times the time it took: at 0.2 T/min a lock-in that
settles for 3 s is 10 mT away. So the field is read on both sides, with the clock, and the line between them is taken
at the middle. How far the field lags behind the ramp asked for is told with each point: a supply at its voltage limit
is slower than it was told to be.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from instruments.errors import QuenchError, StateError, StoppedError
from instruments.roles import Clock, Magnet, MagnetReading, MagnetState
from instruments.settling import sleep_until

Value = TypeVar("Value")

_ARRIVED = frozenset({MagnetState.HOLDING, MagnetState.AT_ZERO})
_UNDER_WAY = frozenset({MagnetState.RAMPING, MagnetState.ZEROING})


@dataclass(frozen=True, slots=True)
class FieldPoint(Generic[Value]):
    """One value measured on the way.

    Attributes
    ----------
    time_s : float
        Middle of the measurement on the experiment clock.
    field_T : float
        Field at that time.
    span_T : float
        By how much the field changed during the measurement, signed.
    lag_T : float
        How far it is behind the ramp that was asked for, counted along the ramp.
    value
        What was measured.
    """

    time_s: float
    field_T: float
    span_T: float
    lag_T: float
    value: Value


def sweep_field(
    magnet: Magnet,
    clock: Clock,
    field_T: float,
    rate_T_per_min: float,
    measure: Callable[[], Value],
    *,
    every_s: float = 0.0,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[FieldPoint[Value]]:
    """Sweep to a field and measure on the way, until the supply holds there.

    Parameters
    ----------
    magnet : Magnet
        The supply.
    clock : Clock
        The experiment clock.
    field_T, rate_T_per_min : float
        Where to, and how fast.
    measure : callable
        Takes one value; may let time pass.
    every_s : float
        Time from the start of one measurement to the start of the next, if they take less.
    should_stop : callable, optional
        Asked before each measurement and while waiting for the next.

    Yields
    ------
    FieldPoint
        The last one is measured at rest at the target.

    Raises
    ------
    QuenchError
        If the magnet quenches; nothing is sent to it then.
    StateError
        If the supply does anything but ramp there and hold.
    StoppedError
        If told to stop.

    Left by any road but the end, the field is held where it is.
    """
    is_done = False
    try:
        start_T = magnet.read().field_T
        magnet.start_ramp(field_T, rate_T_per_min)
        start_s = clock.now_s()
        rate_T_per_s = math.copysign(rate_T_per_min / 60.0, field_T - start_T)
        count = 0
        while True:
            if not sleep_until(start_s + count * every_s, clock, should_stop):
                raise StoppedError(magnet.name, f"the sweep to {field_T:g} T was stopped")
            before_s, before = clock.now_s(), _sound(magnet)
            value = measure()
            after = _sound(magnet)
            middle_s = 0.5 * (before_s + clock.now_s())
            middle_T = 0.5 * (before.field_T + after.field_T)
            asked_T = start_T + rate_T_per_s * (middle_s - start_s)
            asked_T = min(asked_T, field_T) if rate_T_per_s > 0.0 else max(asked_T, field_T)
            lag_T = math.copysign(1.0, rate_T_per_s) * (asked_T - middle_T)
            is_done = before.state in _ARRIVED
            yield FieldPoint(middle_s, middle_T, after.field_T - before.field_T, lag_T, value)
            if is_done:
                return
            elapsed = (clock.now_s() - start_s) / every_s if every_s else 0.0
            count = max(count + 1, math.ceil(elapsed - 1e-9)) if every_s else count
    finally:
        if not is_done:
            magnet.make_safe()


def _sound(magnet: Magnet) -> MagnetReading:
    reading = magnet.read()
    if reading.state is MagnetState.QUENCH:
        raise QuenchError(magnet.name, f"quench at about {reading.field_T:.4g} T; see to helium and magnet first")
    if reading.state not in _ARRIVED | _UNDER_WAY:
        raise StateError(magnet.name, f"the sweep ended at {reading.field_T:.4g} T: supply is {reading.state.value}")
    return reading
