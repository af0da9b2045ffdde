"""Every message that changed an instrument, with time and cause, told shortly.

A sweep is thousands of levels for the source meter, each in the row of its point already. So messages of one kind to
one instrument, one after the other for one cause, become one entry: when the first and the last went out, how many
there were, and what these two said.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class WriteEntry:
    """Messages of one kind to one instrument for one cause: times of the first and the last, number and texts."""

    cause: str
    instrument: str
    time_s: float
    until_s: float
    count: int
    message: str
    last_message: str


class WriteJournal:
    """Gathers what is sent; `note` is an `instruments.transport.WriteObserver`.

    Attributes
    ----------
    now_s : callable
        Gives the experiment time of the run; set it once there is one.
    cause : str
        Why messages go out just now.
    """

    def __init__(self) -> None:
        self.now_s: Callable[[], float] = lambda: 0.0
        self.cause = "connecting"
        self._entries: list[WriteEntry] = []
        self._latest: dict[str, int] = {}

    def note(self, instrument: str, message: str) -> None:
        """Take note of a message that has just gone out."""
        now_s, place = self.now_s(), self._latest.get(instrument)
        if place is not None:
            entry = self._entries[place]
            if entry.cause == self.cause and _kind(entry.message) == _kind(message):
                self._entries[place] = replace(entry, until_s=now_s, count=entry.count + 1, last_message=message)
                return
        self._latest[instrument] = len(self._entries)
        self._entries.append(WriteEntry(self.cause, instrument, now_s, now_s, 1, message, message))

    def take(self) -> list[WriteEntry]:
        """Return what was gathered, in order of the first messages, and begin anew."""
        entries, self._entries, self._latest = self._entries, [], {}
        return entries


def _kind(message: str) -> str:
    return message.partition(" ")[0].upper()
