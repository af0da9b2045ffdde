"""What a field wants beside a ramp, as the recipe says: the persistent switch, and swings that drive remanence out."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from acquisition.recipe import FieldSection
from acquisition.station_file import MagnetSection
from instruments.degauss import degauss, degauss_fields
from instruments.errors import StateError
from instruments.persistent_mode import SwitchedMagnet, SwitchState, enter_persistent_mode, leave_persistent_mode
from instruments.roles import Clock, Magnet


class Step(NamedTuple):
    """A step of a routine, begun or done: the kind of its event, and what to say of it."""

    kind: str
    words: str


class FieldRoutines:
    """The switch and the swings of one magnet.

    Parameters
    ----------
    wanted : FieldSection
        What the recipe wants.
    section : MagnetSection
        The station's magnet, with its rates.
    magnet : Magnet
        The supply, connected.
    clock : Clock
        The experiment clock.
    should_stop : callable
        Asked during every wait; a wait that is stopped raises `StoppedError`.
    """

    def __init__(
        self,
        wanted: FieldSection,
        section: MagnetSection,
        magnet: Magnet,
        clock: Clock,
        should_stop: Callable[[], bool],
    ) -> None:
        self._wanted = wanted
        self._section = section
        self._magnet = magnet
        self._clock = clock
        self._should_stop = should_stop

    def before_ramp(self, from_T: float, to_T: float, rate_T_per_min: float) -> Iterator[Step]:
        """Open the switch, and degauss on the way to zero field."""
        if self._wanted.persistent:
            magnet = self._switched()
            if magnet.switch_state() is not SwitchState.OPEN:
                yield Step("switch-heating", "the leads are matched to the magnet, then the switch is heated")
                field_T = leave_persistent_mode(
                    magnet,
                    self._clock,
                    lead_rate_T_per_min=self._section.lead_rate_T_per_min,
                    should_stop=self._should_stop,
                )
                yield Step("field", f"leads matched and switch opened at {field_T:.4g} T")
        if self._wanted.degauss_from_T is not None and to_T == 0.0:
            fields_T = degauss_fields(math.copysign(self._wanted.degauss_from_T, from_T))
            yield Step("degaussing", f"{len(fields_T) - 1} swings from {fields_T[0]:g} T")
            degauss(self._magnet, self._clock, fields_T, rate_T_per_min, should_stop=self._should_stop)
            yield Step("field", f"degaussed by {len(fields_T) - 1} swings from {fields_T[0]:g} T")

    def after_arrival(self) -> Iterator[Step]:
        """Close the switch and run the leads down."""
        if not self._wanted.persistent:
            return
        magnet = self._switched()
        if magnet.switch_state() is SwitchState.CLOSED:
            return
        yield Step("switch-cooling", "the switch is closed, then the leads go to zero")
        field_T = enter_persistent_mode(
            magnet, self._clock, lead_rate_T_per_min=self._section.lead_rate_T_per_min, should_stop=self._should_stop
        )
        yield Step("persistent", f"switch closed at {field_T:.4g} T, leads at zero")

    def _switched(self) -> SwitchedMagnet:
        magnet = self._magnet
        if not isinstance(magnet, SwitchedMagnet) or magnet.switch_state() is SwitchState.NOT_FITTED:
            raise StateError(magnet.name, "has no persistent switch; leave [field] persistent of the recipe out")
        return magnet
