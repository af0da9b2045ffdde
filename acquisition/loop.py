"""The loop: walk the plan with four roles and a clock, and yield readings and events.

It decides nothing that the plan could have decided, writes nothing, and leaves making the rack safe at the end to
whoever runs it (`acquisition.engine`). It pauses by itself: idle-safe, still reading, and back to the very point.
"""

import math
from collections.abc import Callable, Generator, Iterator

from acquisition.circuit import BiasIntegral
from acquisition.plan import IsothermPlan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.planning.sweep import OPENING_ANCHORS
from acquisition.readings import Event, Monitor, PointFlag, PointKind, Reading
from acquisition.running.approach import Approach, PauseNeededError
from acquisition.running.bias_walk import BiasWalk
from acquisition.running.contact_check import ContactCheck
from acquisition.running.control import Control
from acquisition.running.past import Past, isotherm_to_compare
from acquisition.running.pausing import Pausing
from acquisition.running.phase_watch import PhaseWatch
from acquisition.running.remaining import Remaining
from acquisition.running.safeguard import Verdict
from acquisition.running.setting_up import SettingUp
from acquisition.running.slow_channels import SlowChannels
from acquisition.safety import Roles, make_safe
from instruments.errors import CommunicationError, InstrumentError, QuenchError, ReadbackError, ReplyError, StateError
from instruments.roles import Clock, MagnetState

SLICE_S = 10.0
"""Longest step of experiment time between two looks at the control; a clock that waits on the wall looks by itself."""

CLOCK_RESOLUTION_S = 1e-6
"""What is left of a wait below this is over; a clock that counts whole nanoseconds could never pass the rest."""

INTERLOCK_REPEATS = 3
"""How often a point is measured again because an interlock wants so."""

RECOVERIES = 3
"""How often in an isotherm the run picks itself up after a box did not answer; a wire that is worse is to be mended."""

RECOVERY_S = 10.0
"""What a box is left in peace for then: the time it takes to come up again after a failure of its power."""

ANCHOR_REPEATS = 5
"""How often the second opening anchor is measured again where it disagrees with the first."""


class Loop:
    """One walk through a plan.

    Parameters
    ----------
    running : RunningPlan
        What to do; checked already. May be replaced while the loop runs, as far as it is not measured.
    roles : Roles
        The four instruments, connected.
    clock : Clock
        The experiment clock.
    control : Control
        Attended to between points and during every wait.
    past : Past
        What was measured before, for a run that goes on after a gap.
    on_monitor : callable, optional
        Told of temperature and field wherever the loop reads them beside the points.
    judge : callable, optional
        Asked of every point what to flag it with, and whether to measure it again.
    on_slow : callable, optional
        Told of what is read once a minute: role of the box, name of the channel, value; NaN where it could not be read.

    Attributes
    ----------
    under_way : int or None
        The plan index being measured.
    """

    def __init__(
        self,
        running: RunningPlan,
        roles: Roles,
        clock: Clock,
        control: Control,
        past: Past | None = None,
        on_monitor: Callable[[Monitor], None] = lambda _: None,
        judge: Callable[[Reading], Verdict] = Verdict,
        on_slow: Callable[[str, str, float], None] = lambda *_: None,
    ) -> None:
        self.under_way: int | None = None
        self._past = past or Past()
        self._remaining = Remaining(running, self._past)
        self._station = running.plan.station
        self._settling = running.plan.recipe.settling
        self._roles = roles
        self._clock = clock
        self._control = control
        self._judge = judge
        self._origin_s = clock.now_s() - self._past.elapsed_s
        self._setting_up = SettingUp(
            running.plan.recipe, self._station, roles, control, self.now_s, is_used=self._past.elapsed_s > 0.0
        )
        self._contact = ContactCheck(self._station.circuit, self._past, self.now_s, self._attend_between_points)
        self._slow = SlowChannels(roles.temperature, roles.magnet, clock, on_slow)
        self._on_monitor = on_monitor
        self._approach = Approach(
            running.plan.recipe, self._station, roles, clock, self._origin_s, control, self._monitored
        )
        self._pausing = Pausing(roles, clock, control, self._approach, self.now_s)
        self._settled_at: int | None = None
        self._conductance_S = self._station.contact.expected_conductance_S

    @property
    def running(self) -> RunningPlan:
        """Return the plan as it now is."""
        return self._remaining.running

    @running.setter
    def running(self, running: RunningPlan) -> None:
        self._remaining.running = running

    @property
    def origin_s(self) -> float:
        """Return the time of the clock at which the run's own time is zero."""
        return self._origin_s

    def now_s(self) -> float:
        """Return the experiment time since the start of the run."""
        return self._clock.now_s() - self._origin_s

    def walk(self) -> Iterator[Reading | Event]:
        """Measure every point of the plan that is not measured yet, in order.

        Yields
        ------
        Reading or Event
            In the order in which they came about.

        Raises
        ------
        AbortedError
            If the run is told to stop.
        InstrumentError, InterlockError
            If a box failed, or a reading says that the contact is not what it was.
        """
        if self._remaining.next_isotherm() is not None:
            yield from self._setting_up.begin()
            yield from self._compare_contact()
        while (isotherm := self._remaining.next_isotherm()) is not None:
            yield from self._measure(isotherm)
            if self._control.wants_pause(is_sweep_done=True):
                yield from self._pause("after the sweep", None)
        yield from self._setting_up.look_back()
        yield self._event("closing", "all points measured")

    def is_measured(self, plan_index: int) -> bool:
        """Say whether a point is measured or gone by."""
        return self._remaining.is_measured(plan_index)

    def _event(self, kind: str, message: str) -> Event:
        return Event(self.now_s(), kind, message)

    def _sleep_until(self, clock_s: float) -> None:
        """Wait for a time of the experiment clock, in slices, attending to the outside."""
        while (left_s := clock_s - self._clock.now_s()) > CLOCK_RESOLUTION_S:
            self._control.attend()
            self._clock.sleep(min(left_s, SLICE_S))

    def _is_mendable(self, error: InstrumentError) -> bool:
        """Say whether setting up anew may help: a wire that failed, a box that lost its settings, a garbled status.

        What a magnet may have heard is never said again. A quench is a quench if the magnet says so twice.
        """
        if isinstance(error, QuenchError):
            return self._roles.magnet.read().state is not MagnetState.QUENCH
        is_passing = isinstance(error, CommunicationError | ReplyError | ReadbackError | StateError)
        return is_passing and error.instrument != self._roles.magnet.name

    def _recover(self, error: InstrumentError, isotherm: IsothermPlan) -> Iterator[Event]:
        """Go idle-safe, leave the box in peace for a while, then set up anew; the isotherm settles again."""
        yield self._event("recovering", str(error))
        yield self._event("safe-state", str(make_safe(self._roles, self._control.beat)))
        self._sleep_until(self._clock.now_s() + RECOVERY_S)
        self._settled_at = None
        yield from self._setting_up.mend(isotherm)
        yield self._event("recovered", "all boxes answer; going back to the point that was not measured")

    # --- one isotherm -----------------------------------------------------------------------------------------------

    def _measure(self, isotherm: IsothermPlan) -> Iterator[Reading | Event]:
        """Measure what is missing of an isotherm, through any number of pauses."""
        integral, trouble, recoveries = self._integral_so_far(isotherm), None, 0
        while self._remaining.next_place(isotherm) is not None:
            try:
                if trouble is not None:
                    yield from self._recover(trouble, isotherm)
                    trouble = None
                if self._settled_at != isotherm.index:
                    yield from self._approach.reach(isotherm)
                    self._settled_at = isotherm.index
                yield from self._setting_up.mend(isotherm)
                yield from self._sweep(isotherm, integral)
            except PauseNeededError as error:
                yield from self._pause(str(error), isotherm)
            except InstrumentError as error:
                if not self._is_mendable(error) or recoveries == RECOVERIES:
                    raise
                trouble, recoveries = error, recoveries + 1
        self._settled_at = None

    def _sweep(self, isotherm: IsothermPlan, integral: BiasIntegral) -> Iterator[Reading | Event]:
        walk = yield from self._start_walk(isotherm, integral, "sweeping")
        first_S, before, phase = math.nan, None, PhaseWatch()
        while True:
            self._attend_between_points()
            place = self._remaining.next_place(isotherm)
            if place is None:
                return
            self.under_way = isotherm.first_plan_index + place
            if before is not None and self._remaining.has_measured(before + 1, self.under_way):
                integral.become(self._integral_so_far(isotherm))  # over points of an earlier engine
            before = self.under_way
            reading = walk.measure(place)
            if place == OPENING_ANCHORS - 1:
                repeats = 0
                while self._disagrees(first_S, reading) and repeats < ANCHOR_REPEATS:
                    first_S, reading = reading.conductance_S, walk.measure_again(place)
                    repeats += 1
                if repeats:
                    yield self._event(
                        "anchors", f"opening anchors differed, the second was measured {repeats} times more"
                    )
            verdict = self._judged(walk, place, reading)
            self.under_way = None
            if verdict.is_refused:
                walk.take_back()
                continue
            reading = verdict.reading
            if reading.kind is PointKind.ANCHOR:
                first_S = self._conductance_S = reading.conductance_S
            self._remaining.cursor = reading.plan_index + 1
            yield reading
            if drift := phase.look(reading):
                yield self._event("phase-drift", drift)

    def _judged(self, walk: BiasWalk, place: int, reading: Reading) -> Verdict:
        """Have a point judged, and measured again where an interlock wants so."""
        verdict = self._judge(reading)
        for _ in range(INTERLOCK_REPEATS):
            if not verdict.is_to_repeat:
                break
            verdict = self._judge(walk.measure_again(place))
        return verdict

    def _start_walk(
        self, isotherm: IsothermPlan, integral: BiasIntegral, kind: str
    ) -> Generator[Event, None, BiasWalk]:
        """Set excitation and range; points of a sweep that was interrupted are flagged."""
        self._control.beat()
        yield self._event("exciting", f"oscillator -> {isotherm.oscillator_Vrms:g} Vrms")
        oscillator_Vrms = self._roles.lock_in.set_excitation(isotherm.oscillator_Vrms)
        sensitivity_V = self._roles.lock_in.set_sensitivity(isotherm.full_scale_V)
        yield self._event(
            kind,
            f"isotherm {isotherm.index}: {isotherm.temperature_K:g} K, {isotherm.field_T:g} T, oscillator "
            f"{oscillator_Vrms:g} Vrms, full scale {sensitivity_V:g} V",
        )
        flags = self._approach.unsettled
        if self._remaining.is_begun(isotherm):
            flags |= PointFlag.AFTER_PAUSE
        walk = BiasWalk(
            self.running.plan,
            isotherm,
            self._roles,
            self._clock,
            self._sleep_until,
            self._origin_s,
            oscillator_Vrms,
            sensitivity_V,
            integral,
            flags,
            self._approach.held_K,
        )
        if found := walk.adapt():
            yield self._event("adapted", f"isotherm {isotherm.index}: {found}")
        return walk

    def _integral_so_far(self, isotherm: IsothermPlan) -> BiasIntegral:
        """Return the bias integral where the isotherm's measured part ends; at zero if there is none."""
        circuit = self._station.circuit
        first_missing = isotherm.first_plan_index + next(self._remaining.places(isotherm))
        before = [
            point
            for point in self._past.points_of(isotherm.index)
            if point.kind is PointKind.SWEEP and point.plan_index < first_missing
        ]
        if not before:
            return BiasIntegral(circuit, self._conductance_S)
        last = before[-1]
        return BiasIntegral.resumed(circuit, last.current_setpoint_A, last.bias_V, last.conductance_S)

    def _disagrees(self, first_S: float, second: Reading) -> bool:
        """Say whether two opening anchors differ by more than noise: the electrons still lag the thermometer."""
        allowed_S = self._settling.anchor_agreement_sigma * math.sqrt(2.0) * second.conductance_error_S
        return abs(second.conductance_S - first_S) > allowed_S

    # --- pause ------------------------------------------------------------------------------------------------------

    def _monitored(self, monitor: Monitor) -> None:
        self._on_monitor(monitor)
        self._slow.look()

    def _attend_between_points(self) -> None:
        self._slow.look()
        self._control.attend()
        wish = self._control.pause_wish
        if wish is not None and self._control.wants_pause(is_sweep_done=False):
            raise PauseNeededError(wish.reason)

    def _pause(self, reason: str, isotherm: IsothermPlan | None) -> Iterator[Event]:
        """Pause; an isotherm that has left its bands meanwhile must settle again."""
        if not (yield from self._pausing.pause(reason, isotherm)):
            self._settled_at = None

    # --- after a gap ------------------------------------------------------------------------------------------------

    def _compare_contact(self) -> Iterator[Event]:
        """Go back to where the run stopped and see whether the contact is still what it was."""
        if not self._past.measured:
            return
        first_missing = self.running.missing(self._past.measured)[0]
        found = isotherm_to_compare(self.running.plan, self._past, first_missing)
        if found is None:
            yield self._event("contact", "too little was measured before to compare the contact with")
            return
        isotherm, references = found
        while True:
            try:
                if self._settled_at != isotherm.index:
                    yield from self._approach.reach(isotherm)
                    self._settled_at = isotherm.index
                self._conductance_S = references[0].conductance_S
                integral = BiasIntegral(self._station.circuit, self._conductance_S)
                walk = yield from self._start_walk(isotherm, integral, "comparing")
                yield from self._contact.compare(walk, isotherm, references)
                return
            except PauseNeededError as error:
                yield from self._pause(str(error), isotherm)
