"""Lock-in and source meter before a run and between isotherms: set up, and set up anew what somebody has changed."""

from collections.abc import Callable, Iterator

from acquisition.errors import InterlockError
from acquisition.plan import IsothermPlan
from acquisition.readings import Event
from acquisition.recipe import PhaseSetting, Recipe
from acquisition.running.approach import PauseNeededError
from acquisition.running.control import Control
from acquisition.running.settings_watch import VARYING, SettingsWatch
from acquisition.safety import Roles, make_safe
from acquisition.station_file import Station


class SettingUp:
    """The boxes that measure, as recipe and station want them set.

    Parameters
    ----------
    recipe, station
        What to set.
    roles : Roles
        The instruments.
    control : Control
        Its heart beats meanwhile; says whether somebody is there who could continue after a pause.
    now_s : callable
        Experiment time since the start of the run.
    is_used : bool
        Whether an engine that is gone has measured with these boxes: they are made safe before they are set.
    """

    def __init__(
        self,
        recipe: Recipe,
        station: Station,
        roles: Roles,
        control: Control,
        now_s: Callable[[], float],
        *,
        is_used: bool,
    ) -> None:
        self._wanted = recipe.lockin
        self._station = station
        self._roles = roles
        self._control = control
        self._now_s = now_s
        self._is_used = is_used
        self._boxes = roles.lock_in, roles.source
        is_phase_set = recipe.lockin.phase is PhaseSetting.EACH_ISOTHERM
        self._watch = SettingsWatch(VARYING | {"phase_deg"} if is_phase_set else VARYING)

    def begin(self) -> Iterator[Event]:
        """Set up, and remember how everything is set from now on."""
        yield from self._set_up()
        self._watch.remember(self._boxes)

    def mend(self, isotherm: IsothermPlan) -> Iterator[Event]:
        """See that the boxes are set as they were; set up anew what somebody else has changed.

        Raises
        ------
        PauseNeededError, InterlockError
            If that does not help, and somebody is there to look at it, or nobody.
        """
        changes = self._watch.changes(self._boxes)
        if not changes:
            return
        yield self._changed(changes)
        yield self._event("safe-state", str(make_safe(self._roles, self._control.beat)))
        yield from self._set_up()
        if left := self._watch.changes(self._boxes):
            self._watch.remember(self._boxes)  # to continue is to accept them
            reason = f"settings are not what they were before isotherm {isotherm.index}: {'; '.join(left)}"
            if self._control.is_unattended:
                raise InterlockError(f"{reason}; see who changed them, then resume")
            raise PauseNeededError(f"{reason}; see who changed them; to continue is to accept them")

    def look_back(self) -> Iterator[Event]:
        """Tell at the end of what was changed since the last isotherm began."""
        if changes := self._watch.changes(self._boxes):
            yield self._changed(changes)

    def _set_up(self) -> Iterator[Event]:
        roles, wanted, meter, voltmeter = self._roles, self._wanted, self._station.sourcemeter, self._station.voltmeter
        yield self._event("preparing", "setting up lock-in and source meter")
        if self._is_used:  # our own contact, as a dead engine may have left it
            yield self._event("safe-state", str(make_safe(roles, self._control.beat)))
        roles.lock_in.configure(
            frequency_Hz=wanted.frequency_Hz,
            time_constant_s=wanted.time_constant_s,
            slope_dB_per_octave=wanted.slope_dB_per_octave,
        )
        roles.source.configure(range_A=meter.range_A, compliance_V=meter.compliance_V, nplc=meter.nplc)
        roles.source.set_output(True)
        if roles.voltmeter is not None and voltmeter is not None:
            roles.voltmeter.configure(range_V=voltmeter.range_V, nplc=voltmeter.nplc)
        yield self._event("prepared", "lock-in and source meter configured, output on at zero")

    def _changed(self, changes: list[str]) -> Event:
        return self._event(
            "settings-changed",
            f"not by this run: {'; '.join(changes)}; the points of the isotherm before this are in doubt",
        )

    def _event(self, kind: str, message: str) -> Event:
        return Event(self._now_s(), kind, message)
