"""What happened to a contact before or after a run, and what that did to the anomaly (Cu.3, Cu.4, Ti.4, A 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from analysis.errors import DataError

ANNEALING_HOURS = 24.0
"""From here on hours above 77 K count as annealing: the paper's contacts lost their anomaly in days (Cu.3)."""


class EventKind(Enum):
    """Kinds of events in the life of a contact."""

    QUENCH = "quench"
    COOLDOWN = "cooldown"
    ANNEAL = "anneal"
    THERMAL_CYCLE = "thermal-cycle"
    ELECTROMIGRATE = "electromigrate"
    DOPE = "dope"
    CHANGE_CIRCUIT = "change-circuit"


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """One event in the life of a contact.

    Attributes
    ----------
    kind : EventKind
        `QUENCH`: cooled within hours of its making; `COOLDOWN`: cooled, at any later time; `ANNEAL`: days at room
        temperature; `THERMAL_CYCLE`: above 77 K and back; `DOPE`: impurities or disorder added; `CHANGE_CIRCUIT`: other
        leads or ballast.
    anomaly_left : float or None
        Amplitude of the zero-bias anomaly after it over that before; None if not measured.
    anomaly_left_error : float
        Its standard error.
    conductance_change : float
        Change of the background conductance as a fraction.
    note : str
    hours_warm : float
        Hours above 77 K that it took.
    """

    kind: EventKind
    anomaly_left: float | None = None
    anomaly_left_error: float = 0.0
    conductance_change: float = 0.0
    note: str = ""
    hours_warm: float = 0.0

    @property
    def is_annealing(self) -> bool:
        """Return whether it gave two-level systems the time at room temperature in which they go."""
        return self.kind is EventKind.ANNEAL or self.hours_warm >= ANNEALING_HOURS


def sample_events(entries: Iterable[Mapping[str, Any]]) -> tuple[SampleEvent, ...]:
    """Return events from plain mappings with the names of `SampleEvent`, as run files and samples hold them.

    Raises
    ------
    DataError
        For an unknown kind or a value that is not a number.
    """
    events = []
    for entry in entries:
        try:
            left, error = entry.get("anomaly_left"), entry.get("anomaly_left_error")
            events.append(
                SampleEvent(
                    EventKind(entry["kind"]),
                    None if left is None else float(left),
                    0.0 if error is None else float(error),
                    float(entry.get("conductance_change") or 0.0),
                    str(entry.get("note", "")),
                    float(entry.get("hours_warm") or 0.0),
                )
            )
        except (KeyError, TypeError, ValueError) as problem:
            kinds = ", ".join(kind.value for kind in EventKind)
            raise DataError(
                f"the sample's history holds {dict(entry)}; expected a kind of {kinds}, and numbers"
            ) from problem
    return tuple(events)
