"""What a run is doing, as its events tell: a small machine that is fed one event after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from acquisition.readings import PAUSE_OFF, PAUSING, QUENCH, Event
from acquisition.running.interlocks import Action
from acquisition.safety import NOT_SAFE

_DOING = frozenset(
    {"preparing", "settling", "ramping", "switch-heating", "switch-cooling", "degaussing", "holding", "comparing"}
    | {"sweeping", "recovering"}
)
_SAID_BY_STATE = frozenset({"paused", "closing", "aborted", "safety-stop", "failed"})
"""What the state of the run says already; the strip has it beside."""

_MEASURING = frozenset({"sweeping", "comparing"})
QUENCHED = "QUENCH"
_MAGNET = {
    "ramping": "ramping",
    "switch-heating": "heating switch",
    "switch-cooling": "closing switch",
    "degaussing": "degaussing",
    "persistent": "persistent",
    QUENCH: QUENCHED,
}
_MOVING = frozenset({"ramping", "heating switch", "closing switch", "degaussing"})
_ARRIVED = frozenset({"settled", "unsettled", "field", "safe-state"}) | _MEASURING


@dataclass(frozen=True)
class RunPhase:
    """What a run is doing.

    Attributes
    ----------
    doing : str
        In words, e.g. ``"settling: temperature -> 0.75 K"``.
    is_settling : bool
        Whether the temperature is on the way to a setpoint at which nothing is measured yet.
    is_source_at_zero : bool
        Whether the run has left the rack in the idle-safe state: source at zero, oscillator down.
    not_safe : str
        What could not be brought there; empty if all could.
    magnet : str
        What the magnet does beside being driven; empty if nothing.
    coming_pause : str
        When a pause that is asked for will come, e.g. ``"after this sweep"``; empty without one.
    alarms : tuple of str
        Interlocks that have tripped and nobody has acknowledged.
    """

    doing: str = ""
    is_settling: bool = False
    is_source_at_zero: bool = False
    not_safe: str = ""
    magnet: str = ""
    coming_pause: str = ""
    alarms: tuple[str, ...] = ()

    def after(self, events: Sequence[Event]) -> "RunPhase":
        """Return the phase once these events have happened."""
        phase = self
        for event in events:
            phase = phase._after(event)
        return phase

    def _after(self, event: Event) -> "RunPhase":
        kind = event.kind
        if kind == "resumed":  # an engine that takes over begins without alarms and wishes
            return RunPhase(doing=f"{kind}: {event.message}")
        return replace(
            self,
            doing=self._doing_after(event),
            is_settling=kind == "settling" or (self.is_settling and kind not in _MEASURING),
            is_source_at_zero=kind == "safe-state" or (self.is_source_at_zero and kind not in _MEASURING),
            not_safe=self._not_safe_after(event),
            magnet=self._magnet_after(kind),
            coming_pause=self._coming_pause_after(event),
            alarms=self._alarms_after(event),
        )

    def _doing_after(self, event: Event) -> str:
        if event.kind in _SAID_BY_STATE:
            return event.message
        return f"{event.kind}: {event.message}" if event.kind in _DOING else self.doing

    def _not_safe_after(self, event: Event) -> str:
        if event.kind in _MEASURING:
            return ""
        is_told = event.kind == "safe-state" and event.message.startswith("idle-safe")
        return event.message.partition(NOT_SAFE)[2] if is_told else self.not_safe

    def _magnet_after(self, kind: str) -> str:
        if kind in _MAGNET:
            return _MAGNET[kind]
        return "" if self.magnet in _MOVING and kind in _ARRIVED else self.magnet

    def _coming_pause_after(self, event: Event) -> str:
        if event.kind == PAUSING:
            return event.message
        return "" if event.kind in (PAUSE_OFF, "paused", "continued") else self.coming_pause

    def _alarms_after(self, event: Event) -> tuple[str, ...]:
        if event.kind == "interlock" and f"-> {Action.REPEAT.value};" not in event.message:
            return (*self.alarms, event.message)
        return () if event.kind == "acknowledged" else self.alarms


def magnet_mode(phase: RunPhase, settings: Mapping[str, Any]) -> str:
    """Return what the magnet does: by the events of the run, or else as the supply was found set last."""
    if phase.magnet:
        return phase.magnet
    heater = str(settings.get("switch_heater", "")).lower()
    if settings.get("is_persistent") or heater == "off_at_field":
        return "persistent"
    if heater in ("on", "off", "off_at_zero"):
        return f"driven, switch heater {heater.partition('_')[0]}"
    return "driven" if heater or "is_persistent" in settings else ""
