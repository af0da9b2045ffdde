"""The interlocks of a run at work: each reading is judged, waiting or measuring, and what trips is done."""

from collections.abc import Callable
from dataclasses import dataclass

from acquisition.readings import Event, Monitor, PointFlag, Reading
from acquisition.running.control import Control, PauseWish
from acquisition.running.interlocks import OF_COOLING, Action, Interlocks, Observation, Tripped
from acquisition.running.vital_signs import VitalSigns


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reading with its flags, and what becomes of its point.

    `is_to_repeat`: to be measured again at once. `is_refused`: not to be kept, nor to steer the bias; the run pauses or
    stops, and the point is measured when it goes on.
    """

    reading: Reading
    is_to_repeat: bool = False
    is_refused: bool = False


class Safeguard:
    """Judges readings by the interlocks and tells the run's control what is to be done.

    Parameters
    ----------
    interlocks : Interlocks
        The rules.
    signs : VitalSigns
        Makes observations of readings.
    control : Control
        Takes wishes for a pause or a stop.
    on_event : callable
        Takes an event for each rule that trips.
    on_alarm : callable
        Told of each rule that pauses the run.
    """

    def __init__(
        self,
        interlocks: Interlocks,
        signs: VitalSigns,
        control: Control,
        on_event: Callable[[Event], None],
        on_alarm: Callable[[Tripped], None] = lambda _: None,
    ) -> None:
        self._interlocks = interlocks
        self._signs = signs
        self._control = control
        self._on_event = on_event
        self._on_alarm = on_alarm

    def judge(self, reading: Reading) -> Verdict:
        """Judge a point, flag it where a rule that has tripped is broken, and say whether to measure it again."""
        tripped = self._feed(self._signs.of_reading(reading))
        if not tripped and not self._interlocks.is_flagging:
            return Verdict(reading)
        actions, flags = {one.rule.action for one in tripped}, reading.flags
        if self._interlocks.is_flagging:
            flags |= PointFlag.INTERLOCK
        if Action.REPEAT in actions:
            flags |= PointFlag.IMPLAUSIBLE
        return Verdict(
            reading._replace(flags=flags),
            is_to_repeat=Action.REPEAT in actions,
            is_refused=not actions <= {Action.FLAG, Action.REPEAT},
        )

    def monitored(self, monitor: Monitor) -> None:
        """Judge what was read while no point was measured."""
        self._feed(self._signs.of_monitor(monitor))

    def helium_read(self, time_s: float, fraction: float) -> None:
        """Judge the level of the helium; NaN where it could not be read."""
        self._feed(self._signs.of_helium(time_s, fraction))

    def acknowledge(self) -> tuple[Tripped, ...]:
        """Unlatch what has tripped and return it; a contact that has changed is taken as it is from now on."""
        self._signs.forget_contact()
        return self._interlocks.acknowledge()

    @property
    def holds_back(self) -> tuple[Tripped, ...]:
        """Return what has paused the run and nobody has acknowledged: it is not to go on before."""
        return tuple(one for one in self._interlocks.latched if one.rule.action is Action.PAUSE)

    def _feed(self, observation: Observation) -> list[Tripped]:
        tripped = self._interlocks.feed(observation)
        for one in tripped:
            self._on_event(Event(observation.time_s, "interlock", str(one)))
            self._act_on(one)
        return tripped

    def _act_on(self, tripped: Tripped) -> None:
        rule, reason = tripped.rule, f"interlock: {tripped}"
        is_cooling_lost = rule.on in OF_COOLING
        match rule.action:
            case Action.FLAG | Action.REPEAT:
                return
            case Action.PAUSE if not self._control.is_unattended:
                self._control.pause_wish = PauseWish(reason)
                self._on_alarm(tripped)
            case Action.PAUSE:
                self._control.request_safety_stop(f"{reason} (nobody is there to continue a pause)")
            case Action.IDLE_SAFE:
                self._control.request_safety_stop(reason, is_heater_to_go_off=is_cooling_lost)
            case Action.RAMP_DOWN:
                self._control.request_safety_stop(reason, is_heater_to_go_off=is_cooling_lost, is_field_to_go_down=True)
