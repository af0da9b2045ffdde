"""Take a magnet's remanent field away: swing to and fro about zero with an amplitude that shrinks."""

import math
from collections.abc import Callable, Sequence

from instruments.errors import LimitError
from instruments.roles import Clock, Magnet
from instruments.settling import Criteria, Settled, wait_for_field

BAND_T = 0.5e-3
_GRACE_S = 120.0


def degauss_fields(
    start_T: float, *, ratio: float = 0.8, smallest_T: float = 5e-3, step_T: float = 0.0
) -> tuple[float, ...]:
    """Return the turning points of a decaying oscillation, ending at zero.

    Parameters
    ----------
    start_T : float
        First turning point, with its sign; at least the field last visited drives out all that is trapped.
    ratio : float
        Size of each swing relative to the one before, above 0 and below 1.
    smallest_T : float
        Swings below this are left out.
    step_T : float
        Resolution of the supply, to which the turning points are rounded; zero for none.

    Raises
    ------
    LimitError
        If a number makes no decaying oscillation.
    """
    if not (math.isfinite(start_T) and 0.0 < ratio < 1.0 and smallest_T > 0.0):
        raise LimitError("degauss", f"start {start_T!r} T, ratio {ratio!r}, smallest {smallest_T!r} T: no oscillation")
    if abs(start_T) < smallest_T:
        return (0.0,)
    count = 1 + math.floor(math.log(smallest_T / abs(start_T)) / math.log(ratio) + 1e-9)
    fields_T = (start_T * (-ratio) ** place for place in range(count))
    return (*(step_T * round(field_T / step_T) if step_T else field_T for field_T in fields_T), 0.0)


def degauss(
    magnet: Magnet,
    clock: Clock,
    fields_T: Sequence[float],
    rate_T_per_min: float,
    *,
    should_stop: Callable[[], bool] | None = None,
) -> Settled:
    """Visit the turning points one after the other and stay at the last.

    Parameters
    ----------
    magnet : Magnet
        The supply.
    clock : Clock
        The experiment clock.
    fields_T : sequence of float
        Turning points, usually `degauss_fields`.
    rate_T_per_min : float
        Rate of all swings.
    should_stop : callable, optional
        Asked all the time; the field is held where it is then.

    Returns
    -------
    Settled
        How the last one was reached.

    Raises
    ------
    LimitError
        If there are no turning points, or the supply's limits forbid one; checked by the supply before each swing.
    QuenchError, StateError, DeadlineError, StoppedError
        As `start_ramp` and `wait_for_field` do; the field is held unless the magnet has quenched.
    """
    if not fields_T:
        raise LimitError(magnet.name, "no turning points to degauss by")
    try:
        return [_swing(magnet, clock, field_T, rate_T_per_min, should_stop) for field_T in fields_T][-1]
    except BaseException:
        magnet.make_safe()
        raise


def _swing(
    magnet: Magnet, clock: Clock, field_T: float, rate_T_per_min: float, should_stop: Callable[[], bool] | None
) -> Settled:
    way_T = abs(field_T - magnet.read().field_T)
    magnet.start_ramp(field_T, rate_T_per_min)
    criteria = Criteria(BAND_T, 0.0, 2.0 * 60.0 * way_T / rate_T_per_min + _GRACE_S, 1.0)
    return wait_for_field(magnet, field_T, clock, criteria, should_stop=should_stop)
