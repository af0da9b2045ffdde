"""A pause: idle-safe, still reading and listening, until the wish to pause is taken back."""

from collections.abc import Callable, Generator

from acquisition.plan import IsothermPlan
from acquisition.readings import Event
from acquisition.running.approach import Approach
from acquisition.running.control import Control, PauseWish
from acquisition.safety import Roles, make_safe
from instruments.errors import CommunicationError, ReplyError
from instruments.roles import Clock

MONITOR_S = 5.0
"""Time between two readings of temperature and field in a pause."""


class Pausing:
    """Pauses a run.

    Parameters
    ----------
    roles : Roles
        Made safe.
    clock : Clock
        The experiment clock.
    control : Control
        Who wishes a pause, and takes the wish back.
    approach : Approach
        Reads temperature and field, and knows whether they are where they belong.
    now_s : callable
        Experiment time since the start of the run.
    """

    def __init__(
        self, roles: Roles, clock: Clock, control: Control, approach: Approach, now_s: Callable[[], float]
    ) -> None:
        self._roles = roles
        self._clock = clock
        self._control = control
        self._approach = approach
        self._now_s = now_s

    def pause(self, reason: str, isotherm: IsothermPlan | None) -> Generator[Event, None, bool]:
        """Go idle-safe and wait; return whether the isotherm is still settled at the end."""
        control = self._control
        control.pause_wish = control.pause_wish or PauseWish(reason)
        control.is_paused = True
        control.hear()
        start_s = self._now_s()
        try:
            yield self._event("paused", control.pause_wish.reason)
            yield self._event("safe-state", str(make_safe(self._roles, control.beat)))
            is_settled = yield from self._stand_by(isotherm)
        finally:
            control.is_paused = False
        yield self._event("continued", f"after {(self._now_s() - start_s) / 60.0:.1f} min")
        return is_settled

    def _stand_by(self, isotherm: IsothermPlan | None) -> Generator[Event, None, bool]:
        """Read temperature and field now and then; return whether they never left the bands of the isotherm."""
        next_s, is_readable, is_settled = self._clock.now_s(), True, True
        while self._control.pause_wish is not None:
            if self._clock.now_s() >= next_s:
                next_s = self._clock.now_s() + MONITOR_S
                try:
                    monitor = self._approach.read()
                except (CommunicationError, ReplyError) as error:  # a pause is the time to mend a wire
                    is_settled = False
                    if is_readable:
                        yield self._event("unreadable", str(error))
                    is_readable = False
                else:
                    is_readable = True
                    is_settled &= isotherm is not None and self._approach.is_there(isotherm, monitor)
            self._control.idle(self._clock)
        return is_settled

    def _event(self, kind: str, message: str) -> Event:
        return Event(self._now_s(), kind, message)
