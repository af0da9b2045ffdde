"""The loop: walk the plan with four roles and a clock, and yield readings and events.

It decides nothing that the plan could have decided, writes nothing, and leaves making the rack safe at the end to
whoever runs it (`acquisition.engine`). It pauses by itself: idle-safe, still reading, and back to the very point.
"""

import math
from collections.abc import Callable, Generator, Iterator

from acquisition.circuit import BiasIntegral, conductance_error_S
from acquisition.errors import InterlockError
from acquisition.plan import IsothermPlan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.planning.sweep import OPENING_ANCHORS
from acquisition.readings import Event, Monitor, PointFlag, PointKind, Reading
from acquisition.recipe import PhaseSetting
from acquisition.running.approach import Approach, PauseNeededError
from acquisition.running.bias_walk import BiasWalk
from acquisition.running.control import Control, PauseWish
from acquisition.running.past import Past, Reference, isotherm_to_compare
from acquisition.running.phase_watch import PhaseWatch
from acquisition.running.safeguard import Verdict
from acquisition.running.settings_watch import VARYING, SettingsWatch
from acquisition.running.slow_channels import SlowChannels
from acquisition.safety import Roles, make_safe
from instruments.errors import CommunicationError, InstrumentError, QuenchError, ReadbackError, ReplyError, StateError
from instruments.roles import Clock, Instrument, MagnetState

SLICE_S = 10.0
"""Longest step of experiment time between two looks at the control; a clock that waits on the wall looks by itself."""

CLOCK_RESOLUTION_S = 1e-6
"""What is left of a wait below this is over; a clock that counts whole nanoseconds could never pass the rest."""

MONITOR_S = 5.0
"""Time between two readings of temperature and field in a pause."""

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
    running : RunningPlan
        The plan as it now is.
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
        self.running = running
        self.under_way: int | None = None
        self._past = past or Past()
        self._cursor = 0  # this walk goes up the plan; below here nothing is left to do
        self._station = running.plan.station
        self._settling = running.plan.recipe.settling
        self._roles = roles
        self._clock = clock
        self._control = control
        self._judge = judge
        is_phase_set = running.plan.recipe.lockin.phase is PhaseSetting.EACH_ISOTHERM
        self._settings = SettingsWatch(VARYING | {"phase_deg"} if is_phase_set else VARYING)
        self._origin_s = clock.now_s() - self._past.elapsed_s
        self._slow = SlowChannels(roles.temperature, roles.magnet, clock, on_slow)
        self._on_monitor = on_monitor
        self._approach = Approach(
            running.plan.recipe, self._station, roles, clock, self._origin_s, control, self._monitored
        )
        self._settled_at: int | None = None
        self._conductance_S = self._station.contact.expected_conductance_S

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
        if self._next_isotherm() is not None:
            yield from self._prepare()
            self._settings.remember(self._measuring_boxes())
            yield from self._compare_contact()
        while (isotherm := self._next_isotherm()) is not None:
            yield from self._measure(isotherm)
            if self._control.wants_pause(is_sweep_done=True):
                yield from self._pause("after the sweep", None)
        if changes := self._settings.changes(self._measuring_boxes()):
            yield self._settings_changed(changes)
        yield self._event("closing", "all points measured")

    # --- what is to be done -----------------------------------------------------------------------------------------

    def is_measured(self, plan_index: int) -> bool:
        """Say whether a point is measured or gone by."""
        return plan_index < self._cursor or plan_index in self._past.measured

    def _missing(self, isotherm: IsothermPlan) -> Iterator[int]:
        """Yield the places of an isotherm that are to be measured, as the plan stands when each is asked for."""
        first = isotherm.first_plan_index
        for place in range(max(0, self._cursor - first), isotherm.points):
            if not self.is_measured(first + place) and first + place not in self.running.retired:
                yield place

    def _next_isotherm(self) -> IsothermPlan | None:
        """Return the isotherm of the next point to measure; one without any is left behind for good."""
        plan = self.running.plan
        while self._cursor < plan.points:
            isotherm, _ = plan.locate(self._cursor)
            if next(self._missing(isotherm), None) is not None:
                return isotherm
            self._cursor = isotherm.first_plan_index + isotherm.points
        return None

    def _event(self, kind: str, message: str) -> Event:
        return Event(self.now_s(), kind, message)

    def _sleep_until(self, clock_s: float) -> None:
        """Wait for a time of the experiment clock, in slices, attending to the outside."""
        while (left_s := clock_s - self._clock.now_s()) > CLOCK_RESOLUTION_S:
            self._control.attend()
            self._clock.sleep(min(left_s, SLICE_S))

    # --- setting up -------------------------------------------------------------------------------------------------

    def _prepare(self) -> Iterator[Event]:
        roles, lockin, meter = self._roles, self.running.plan.recipe.lockin, self._station.sourcemeter
        yield self._event("preparing", "setting up lock-in and source meter")
        if self._past.elapsed_s:  # our own contact, as a dead engine may have left it
            yield self._event("safe-state", str(make_safe(roles, self._control.beat)))
        roles.lock_in.configure(
            frequency_Hz=lockin.frequency_Hz,
            time_constant_s=lockin.time_constant_s,
            slope_dB_per_octave=lockin.slope_dB_per_octave,
        )
        roles.source.configure(range_A=meter.range_A, compliance_V=meter.compliance_V, nplc=meter.nplc)
        roles.source.set_output(True)
        if roles.voltmeter is not None and self._station.voltmeter is not None:
            roles.voltmeter.configure(range_V=self._station.voltmeter.range_V, nplc=self._station.voltmeter.nplc)
        yield self._event("prepared", "lock-in and source meter configured, output on at zero")

    def _measuring_boxes(self) -> tuple[Instrument, ...]:
        return self._roles.lock_in, self._roles.source

    def _mend_settings(self, isotherm: IsothermPlan) -> Iterator[Event]:
        """See that lock-in and source meter are set as they were; set up anew what somebody else has changed."""
        changes = self._settings.changes(self._measuring_boxes())
        if not changes:
            return
        yield self._settings_changed(changes)
        yield self._event("safe-state", str(make_safe(self._roles, self._control.beat)))
        yield from self._prepare()
        if left := self._settings.changes(self._measuring_boxes()):
            self._settings.remember(self._measuring_boxes())  # to continue is to accept them
            reason = f"settings are not what they were before isotherm {isotherm.index}: {'; '.join(left)}"
            if self._control.is_unattended:
                raise InterlockError(f"{reason}; see who changed them, then resume")
            raise PauseNeededError(f"{reason}; see who changed them; to continue is to accept them")

    def _settings_changed(self, changes: list[str]) -> Event:
        return self._event(
            "settings-changed",
            f"not by this run: {'; '.join(changes)}; the points of the isotherm before this are in doubt",
        )

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
        yield from self._mend_settings(isotherm)
        yield self._event("recovered", "all boxes answer; going back to the point that was not measured")

    # --- one isotherm -----------------------------------------------------------------------------------------------

    def _measure(self, isotherm: IsothermPlan) -> Iterator[Reading | Event]:
        """Measure what is missing of an isotherm, through any number of pauses."""
        integral, trouble, recoveries = self._integral_so_far(isotherm), None, 0
        while next(self._missing(isotherm), None) is not None:
            try:
                if trouble is not None:
                    yield from self._recover(trouble, isotherm)
                    trouble = None
                if self._settled_at != isotherm.index:
                    yield from self._approach.reach(isotherm)
                    self._settled_at = isotherm.index
                yield from self._mend_settings(isotherm)
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
            place = next(self._missing(isotherm), None)
            if place is None:
                return
            self.under_way = isotherm.first_plan_index + place
            if before is not None and not self._past.measured.isdisjoint(range(before + 1, self.under_way)):
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
            self._cursor = reading.plan_index + 1
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
        first = isotherm.first_plan_index
        if self._cursor > first or not self._past.measured.isdisjoint(range(first, first + isotherm.points)):
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
        first_missing = isotherm.first_plan_index + next(self._missing(isotherm))
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
        """Go idle-safe and wait, reading and listening, until the wish to pause is taken back."""
        control = self._control
        control.pause_wish = control.pause_wish or PauseWish(reason)
        control.is_paused = True
        control.hear()
        start_s = self.now_s()
        try:
            yield self._event("paused", control.pause_wish.reason)
            yield self._event("safe-state", str(make_safe(self._roles, self._control.beat)))
            yield from self._stand_by(isotherm)
        finally:
            control.is_paused = False
        yield self._event("continued", f"after {(self.now_s() - start_s) / 60.0:.1f} min")

    def _stand_by(self, isotherm: IsothermPlan | None) -> Iterator[Event]:
        """Read temperature and field now and then; where they leave the bands of the isotherm, it must settle again."""
        next_s, is_readable = self._clock.now_s(), True
        while self._control.pause_wish is not None:
            if self._clock.now_s() >= next_s:
                next_s = self._clock.now_s() + MONITOR_S
                try:
                    monitor = self._approach.read()
                except (CommunicationError, ReplyError) as error:  # a pause is the time to mend a wire
                    self._settled_at = None
                    if is_readable:
                        yield self._event("unreadable", str(error))
                    is_readable = False
                else:
                    is_readable = True
                    if isotherm is None or not self._approach.is_there(isotherm, monitor):
                        self._settled_at = None
            self._control.idle(self._clock)

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
                yield from self._compare(isotherm, references)
                return
            except PauseNeededError as error:
                yield from self._pause(str(error), isotherm)

    def _compare(self, isotherm: IsothermPlan, references: list[Reference]) -> Iterator[Event]:
        self._conductance_S = references[0].conductance_S
        walk = yield from self._start_walk(
            isotherm, BiasIntegral(self._station.circuit, self._conductance_S), "comparing"
        )
        changes = []
        for reference in references:
            self._attend_between_points()
            change_S, allowed_S = self._change(walk, isotherm, reference)
            if abs(change_S) > allowed_S:  # once more, in case something just knocked at the table
                change_S, allowed_S = self._change(walk, isotherm, reference)
            found = f"{change_S / reference.conductance_S:+.2g} of itself at {1e3 * reference.bias_V:.3g} mV"
            allowed = f"{allowed_S / reference.conductance_S:.2g}"
            yield self._event("contact", f"conductance changed by {found}, allowed {allowed}")
            if abs(change_S) > allowed_S:
                changes.append(found)
        walk.rest()
        if not changes:
            yield self._event("contact", f"unchanged after {self._past.gap_s / 3600.0:.2f} h")
        elif self._past.is_change_accepted:
            yield self._event("contact", f"changed, and accepted as it is: {'; '.join(changes)}")
        else:
            raise InterlockError(
                f"the contact is not what it was: at {isotherm.temperature_K:g} K its conductance changed by "
                f"{'; '.join(changes)}, more than noise and drift; look at it, then resume with --accept-change, or "
                "start a new run"
            )

    def _change(self, walk: BiasWalk, isotherm: IsothermPlan, reference: Reference) -> tuple[float, float]:
        """Return by how much the conductance differs from the reference, and by how much it may."""
        response = walk.probe(reference.current_A, reference.bias_V)
        error_S = conductance_error_S(
            isotherm.noise.sigma_V, response.conductance_S, response.excitation_Vrms, self._station.circuit
        )
        return response.conductance_S - reference.conductance_S, reference.allowed_S(error_S, self._past.gap_s)
