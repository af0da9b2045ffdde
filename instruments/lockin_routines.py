"""What any lock-in can do with its X and Y: average over a dwell, find its range, find its phase."""

import math
from collections.abc import Callable, Sequence

from instruments.errors import StoppedError
from instruments.roles import Clock, LockInReading, LockInStatus

FULLEST = 0.9
"""A range fuller than this is left for a larger one."""

EMPTIEST = 0.3
"""A range emptier than this is left for a smaller one ..."""

FILLED = 0.6
"""... in which the signal fills at most this much. The gap between the two is the hysteresis."""

OVERLOADS = LockInStatus.INPUT_OVERLOAD | LockInStatus.FILTER_OVERLOAD | LockInStatus.OUTPUT_OVERLOAD


def average(
    read: Callable[[], LockInReading],
    clock: Clock,
    duration_s: float,
    interval_s: float,
    name: str,
    should_stop: Callable[[], bool] | None = None,
) -> LockInReading:
    """Read at equal intervals over a dwell and return the mean (a boxcar), with every status that occurred.

    Parameters
    ----------
    read : callable
        Takes one reading.
    clock : Clock
        The experiment clock; readings are due on absolute times.
    duration_s : float
        From the first reading to the last; zero for a single one.
    interval_s : float
        Between readings. Much below the time constant further readings say nothing new.
    name : str
        Of the instrument, for messages.
    should_stop : callable, optional
        Asked before each wait.

    Raises
    ------
    StoppedError
        If told to stop.
    """
    start_s, readings = clock.now_s(), [read()]
    for number in range(1, 1 + math.floor(duration_s / interval_s + 1e-9)):
        if should_stop is not None and should_stop():
            raise StoppedError(name, f"averaging stopped after {len(readings)} readings")
        clock.sleep(max(0.0, start_s + number * interval_s - clock.now_s()))
        readings.append(read())
    status = LockInStatus.OK
    for reading in readings:
        status |= reading.status
    count = len(readings)
    return LockInReading(sum(each.x_V for each in readings) / count, sum(each.y_V for each in readings) / count, status)


def fitting_sensitivity_V(reading: LockInReading, present_V: float, ranges_V: Sequence[float]) -> float:
    """Return the range that suits a reading; the present one as long as it is neither too full nor too empty.

    Parameters
    ----------
    reading : LockInReading
        Settled on the present range.
    present_V : float
        The present full scale.
    ranges_V : sequence of float
        All of them, ascending.
    """
    magnitude_V = math.hypot(reading.x_V, reading.y_V)
    if reading.status & OVERLOADS:
        return next((entry for entry in ranges_V if entry > present_V * (1 + 1e-9)), ranges_V[-1])
    if EMPTIEST * present_V <= magnitude_V <= FULLEST * present_V:
        return present_V
    return next((entry for entry in ranges_V if magnitude_V <= FILLED * entry), ranges_V[-1])


def adjust_sensitivity(
    read: Callable[[], LockInReading],
    settled_on: Callable[[float], float],
    present_V: float,
    ranges_V: Sequence[float],
) -> float:
    """Go from range to range until a reading suits the one it was taken on; return that one's full scale.

    Parameters
    ----------
    read : callable
        Takes one reading.
    settled_on : callable
        Chooses a range, lets the box settle on it and returns its full scale.
    present_V, ranges_V
        As in `fitting_sensitivity_V`.
    """
    read()  # what was latched before says nothing of now
    for _ in ranges_V:
        wanted_V = fitting_sensitivity_V(read(), present_V, ranges_V)
        if wanted_V == present_V:
            break
        present_V = settled_on(wanted_V)
    return present_V


def phase_of_deg(reading: LockInReading, present_deg: float) -> float:
    """Return the phase at which this signal would be all in X, between -180 and 180 degrees."""
    turned_deg = present_deg + math.degrees(math.atan2(reading.y_V, reading.x_V))
    return (turned_deg + 180.0) % 360.0 - 180.0
