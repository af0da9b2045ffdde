"""Trouble, taken apart for the operator: what happened, to which instrument, what the program did, what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from acquisition.planning.timing import duration_text
from acquisition.readings import PAUSED_BY_COMMAND, Event
from acquisition.safety import NOT_SAFE

LAST_EVENTS = 25
PAUSED = "The run has paused by itself"

ENDS = {
    "failed": "The run failed",
    "safety-stop": "An interlock stopped the run",
    "interrupted": "The engine is gone",
}
"""States of a run that the operator must hear of."""

_DID = {
    "failed": "The run ended. What is measured is in the run file.",
    "safety-stop": "The run ended. What is measured is in the run file.",
    "interrupted": "The guard beside the engine makes the rack safe. What is measured is in the run file.",
}
_ADVICE = {
    "failed": "Put right what is named above, then press Continue (`zerobias resume`).",
    "safety-stop": "Find and remove the cause, then press Continue (`zerobias resume`).",
    "interrupted": "Look at the rack, then press Continue (`zerobias resume`).",
}


@dataclass(frozen=True)
class Trouble:
    """What the error dialog shows; `details` are folded away."""

    title: str
    what: str
    instrument: str
    did: str
    advice: str
    details: str


def trouble_of_error(error: Exception, details: str = "") -> Trouble:
    """Take apart an error of the window itself: its line ends, behind the last semicolon, with what to do."""
    what, advice = _without_advice(str(error))
    did = "Nothing else was touched; a run under way goes on."
    return Trouble("That did not work", what, "none", did, advice or "The log has the details.", details)


def trouble_of_run(state: str, events: Sequence[Event], instruments: Iterable[str]) -> Trouble | None:
    """Take apart how a run ended, or return None if that is nothing to report."""
    if state not in ENDS:
        return None
    said = [event.message for event in events if event.kind in (state, "interlock")]
    ended = max((place for place, event in enumerate(events) if event.kind == state), default=0)
    safe = [event.message for event in events[ended:] if event.kind == "safe-state"]
    line = said[-1].removesuffix(safe[0] if safe else "").rstrip() if said else _without_a_word(events)
    what, advice = _without_advice(line)
    by_hand = "".join(message.partition(NOT_SAFE)[2] for message in safe)
    return Trouble(
        title=ENDS[state],
        what=what,
        instrument=min((name for name in instruments if name in line), key=line.index, default="none named"),
        did=f"{_DID[state]} Safe state: {'; '.join(safe)}." if safe else _DID[state],
        advice=f"See to it by hand, it is NOT SAFE: {by_hand}." if by_hand else advice or _ADVICE[state],
        details="\n".join(_line(event) for event in events[-LAST_EVENTS:]),
    )


def trouble_of_pause(alarms: Sequence[str], events: Sequence[Event], patience_s: float | None) -> Trouble | None:
    """Take apart why a run has paused by itself, or return None if somebody wanted it to.

    Parameters
    ----------
    alarms : sequence of str
        Interlocks that have tripped and are not acknowledged.
    events : sequence of Event
        What happened, the pause included.
    patience_s : float or None
        How long the run waits for a word; None if it waits for ever.
    """
    reason = next((event.message for event in reversed(events) if event.kind == "paused"), PAUSED_BY_COMMAND)
    if reason == PAUSED_BY_COMMAND:
        return None
    what, advice = _without_advice(reason)
    keys = f"then {'press Acknowledge (Ctrl+K) and ' if alarms else ''}Continue (Ctrl+G)"
    wait = "" if patience_s is None else f"; after {patience_s / 3600.0:g} h without a word it ends safe"
    return Trouble(
        title=PAUSED,
        what="\n".join([what, *(alarm for alarm in alarms if alarm not in reason)]),
        instrument="none named",
        did=f"Source at zero, oscillator down, field and temperature held; the run waits{wait}.",
        advice=f"{advice.removesuffix(', then acknowledge')}, {keys}" if advice else f"{keys.capitalize()}.",
        details="\n".join(_line(event) for event in events[-LAST_EVENTS:]),
    )


def _without_a_word(events: Sequence[Event]) -> str:
    last = f" after {events[-1].kind}: {events[-1].message}" if events else ""
    return f"the engine's process has ended without a word{last}"


def _without_advice(line: str) -> tuple[str, str]:
    what, semicolon, advice = line.rpartition("; ")
    return (what, advice) if semicolon else (line, "")


def _line(event: Event) -> str:
    return f"{duration_text(event.time_s):>11}  {event.kind}: {event.message}"
