"""A continuous field sweep with the lock-in's own buffer: every stored reading gets the field that it belongs to.

The box stores by itself, at a rate that no question and answer keeps up with; meanwhile the field is read again and
again with the clock. A reading of a lock-in shows what was there one filter delay ago, and so it is the field of then
that belongs to it: at 0.2 T/min and a delay of 1.2 s that is 4 mT, up the ramp or down.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instruments.errors import StateError
from instruments.field_sweep import sweep_field
from instruments.roles import BufferedLockIn, Clock, LockIn, Magnet

Floats = NDArray[np.float64]

STAGES = {6: 1, 12: 2, 18: 3, 24: 4}
"""RC stages of an output filter by its roll-off in dB per octave."""


@dataclass(frozen=True, eq=False)
class FieldTrace:
    """What was stored on the way, arrays of shape (N,).

    Attributes
    ----------
    time_s
        When each reading was stored, on the experiment clock.
    field_T
        The field that belongs to it.
    x_V, y_V
        Rms volts at the lock-in's input.
    largest_lag_T
        How far the supply fell behind the ramp that was asked for.
    """

    time_s: Floats
    field_T: Floats
    x_V: Floats
    y_V: Floats
    largest_lag_T: float


def filter_delay_s(time_constant_s: float, slope_dB_per_octave: int) -> float:
    """Return by how much the output of a lock-in lags behind a slow change: one time constant a stage."""
    return STAGES[slope_dB_per_octave] * time_constant_s


def trace_field(
    magnet: Magnet,
    lock_in: LockIn,
    clock: Clock,
    field_T: float,
    rate_T_per_min: float,
    *,
    sampling_Hz: float,
    delay_s: float,
    every_s: float = 1.0,
    should_stop: Callable[[], bool] | None = None,
) -> FieldTrace:
    """Sweep to a field while the lock-in stores by itself, then fetch what it stored.

    Parameters
    ----------
    magnet, lock_in : Magnet, LockIn
        Connected; excitation and range are set, and the signal has settled at the field where the sweep begins.
    clock : Clock
        The experiment clock.
    field_T, rate_T_per_min : float
        Where to, and how fast.
    sampling_Hz : float
        At least so many readings a second.
    delay_s : float
        Of the lock-in's output, see `filter_delay_s`.
    every_s : float
        Time from one reading of the field to the next.
    should_stop : callable, optional
        Asked while the field moves.

    Raises
    ------
    StateError
        If the lock-in stores nothing by itself.
    QuenchError, StoppedError, CommunicationError, ReplyError
        As `sweep_field` does; the field is held where it is then, unless the magnet has quenched.
    """
    if not isinstance(lock_in, BufferedLockIn):
        raise StateError(lock_in.name, "stores nothing by itself; read it along instruments.field_sweep instead")
    before_s, before_T = clock.now_s(), magnet.read().field_T
    rate_Hz = lock_in.start_buffer(sampling_Hz)
    start_s = clock.now_s()
    points = list(
        sweep_field(magnet, clock, field_T, rate_T_per_min, lambda: None, every_s=every_s, should_stop=should_stop)
    )
    x_V, y_V = lock_in.read_buffer()
    time_s = start_s + np.arange(len(x_V)) / rate_Hz
    known_s = np.array([before_s, *(point.time_s for point in points)])
    known_T = np.array([before_T, *(point.field_T for point in points)])
    return FieldTrace(
        time_s=time_s,
        field_T=np.interp(time_s - delay_s, known_s, known_T),
        x_V=x_V,
        y_V=y_V,
        largest_lag_T=max(point.lag_T for point in points),
    )
