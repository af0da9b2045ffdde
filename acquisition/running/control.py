"""What the outside wants of a running engine, and the engine's attention to it while it waits.

A run waits nearly all the time, in settling, in ramps, in the dwell of a point, and all of these waits end up sleeping
on the wall (`AttentiveWall`) or looking here between two steps of virtual time. So this is where commands are noticed,
at least every `POLL_S`, where the heart beats, and where an abort takes effect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from acquisition.clock import Wall
from acquisition.errors import AbortedError, GuardError, InterlockError
from acquisition.readings import PAUSED_BY_COMMAND
from acquisition.running.rehearsal import Simulation
from instruments.roles import Clock

POLL_S = 0.02
"""Longest wall time between two looks at the commands."""

HEARTBEAT_S = 1.0
"""Wall time between two beats of the heart."""


@dataclass(frozen=True, slots=True)
class PauseWish:
    """A pause asked for: why, and whether the sweep under way is to be finished first."""

    reason: str
    is_after_sweep: bool = False


class Control:
    """Wishes of the outside, with the two duties that every wait includes: to look for new ones, and to beat the heart.

    Parameters
    ----------
    wall : Wall
        The wall clock itself, not an attentive one.
    pace : float, optional
        Experiment seconds a wall second: 1 on real instruments, the factor of a paced simulation, None for a
        simulation that goes as fast as it can.
    is_unattended : bool
        Whether nobody is there who could continue a run that pauses by itself: then it flags and goes on.
    patience_s : float, optional
        Wall time for which a run that has paused by itself waits for a word from anybody; then it ends safe. None:
        for ever.

    Attributes
    ----------
    simulation : Simulation or None
        The handles of a simulated rack, for commands about faults and speed.
    """

    def __init__(
        self,
        wall: Wall,
        pace: float | None = None,
        *,
        is_unattended: bool = False,
        patience_s: float | None = None,
    ) -> None:
        self._wall = wall
        self.pace = pace
        self.patience_s = patience_s
        self._heard_s = wall.monotonic_s()
        self.simulation: Simulation | None = None
        self._listen: Callable[[], None] = _nothing
        self._heart: Callable[[], None] = _nothing
        self._next_look_s = self._next_beat_s = -float("inf")
        self._is_looking = False
        self.is_unattended = is_unattended
        self.abort_reason = ""
        self._safety_stop: InterlockError | None = None
        self.is_paused = False
        self.pause_wish: PauseWish | None = None

    def attach(self, *, listen: Callable[[], None], beat: Callable[[], None]) -> None:
        """Say what to do at every look and at every heartbeat; from now on an abort takes effect in any wait."""
        self._listen, self._heart = listen, beat

    def detach(self) -> None:
        """Listen no more and let no abort take effect: the way to the safe state is not to be interrupted."""
        self._listen = _nothing

    def request_abort(self, reason: str) -> None:
        """Ask the run to stop; the first reason counts; safe in a signal handler."""
        self.abort_reason = self.abort_reason or reason

    def request_safety_stop(
        self, reason: str, *, is_heater_to_go_off: bool = False, is_field_to_go_down: bool = False
    ) -> None:
        """Ask the run to stop for an interlock; the first reason counts."""
        if self._safety_stop is None:
            self._safety_stop = InterlockError(
                reason, is_heater_to_go_off=is_heater_to_go_off, is_field_to_go_down=is_field_to_go_down
            )

    def attend(self) -> None:
        """Look for commands and beat the heart, each if it is time.

        Raises
        ------
        InterlockError, AbortedError
            If the run is to stop and is still listening.
        """
        now_s = self._wall.monotonic_s()
        if now_s >= self._next_beat_s:
            self.beat()
        if self._listen is _nothing:
            return
        if now_s >= self._next_look_s and not self._is_looking:
            self._next_look_s = now_s + POLL_S
            self._is_looking = True
            try:
                self._listen()
            finally:
                self._is_looking = False
        if self._safety_stop is not None:
            raise self._safety_stop
        if self.abort_reason:
            raise AbortedError(self.abort_reason)

    def beat(self) -> None:
        """Beat the heart now, as before every ramp: none begins without a guard.

        Raises
        ------
        GuardError
            If there is no guard any more and none can be started; not on the way to the safe state.
        """
        self._next_beat_s = self._wall.monotonic_s() + HEARTBEAT_S
        try:
            self._heart()
        except GuardError:
            if self._listen is not _nothing:
                raise

    def wants_pause(self, *, is_sweep_done: bool) -> bool:
        """Say whether to pause here: between two points, or between two sweeps."""
        return self.pause_wish is not None and (is_sweep_done or not self.pause_wish.is_after_sweep)

    def hear(self) -> None:
        """Take note that somebody is there; a run that pauses by itself waits for a word from now on."""
        self._heard_s = self._wall.monotonic_s()

    def idle(self, clock: Clock) -> None:
        """Let one look's worth of wall time pass in a pause; experiment time goes on, at the wall's pace if need be."""
        self._give_up_if_alone()
        if self.pace is None:
            self._wall.sleep(POLL_S)
        clock.sleep(POLL_S * (self.pace or 1.0))
        self.attend()

    def _give_up_if_alone(self) -> None:
        """Stop a run that has paused by itself once it has waited long enough for a word."""
        wish, patience_s, silence_s = self.pause_wish, self.patience_s, self._wall.monotonic_s() - self._heard_s
        if wish is None or patience_s is None or wish.reason == PAUSED_BY_COMMAND or silence_s <= patience_s:
            return
        self.request_safety_stop(f"{wish.reason} (nobody said a word in {patience_s / 3600.0:g} h of pause)")


def _nothing() -> None:
    """Do nothing."""


class AttentiveWall:
    """A wall clock whose sleeps are cut into slices in which the engine attends to the outside.

    Readings do not depend on it: only the wall waits in slices, never the experiment clock.

    Parameters
    ----------
    wall : Wall
        The wall clock.
    control : Control
        What to attend to.
    """

    def __init__(self, wall: Wall, control: Control) -> None:
        self._wall = wall
        self._control = control

    def monotonic_s(self) -> float:
        """Return seconds since an origin of its own."""
        return self._wall.monotonic_s()

    def now(self) -> datetime:
        """Return the date and time with its offset from UTC."""
        return self._wall.now()

    def sleep(self, duration_s: float) -> None:
        """Let `duration_s` seconds of wall time pass; raises `AbortedError` if the run is to stop meanwhile."""
        end_s = self._wall.monotonic_s() + duration_s
        while True:
            self._control.attend()
            left_s = end_s - self._wall.monotonic_s()
            if left_s <= 0.0:
                return
            self._wall.sleep(min(left_s, POLL_S))
