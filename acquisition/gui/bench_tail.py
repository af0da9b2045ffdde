"""The tail of a bench's file: newest reading and history of each channel, words on its boxes, events. No Qt here."""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.readings import Event
from acquisition.run_reader import RunFileReader
from acquisition.running.lock import is_locked, lock_path

LONGEST_HISTORY = 20_000


@dataclass
class ChannelHistory:
    """What one channel read: times in seconds and values in the unit of its name, oldest first."""

    time_s: deque[float] = field(default_factory=lambda: deque(maxlen=LONGEST_HISTORY))
    values: deque[float] = field(default_factory=lambda: deque(maxlen=LONGEST_HISTORY))


class BenchTail:
    """A bench's file, looked at again and again.

    Raises
    ------
    InputError
        If it is no run file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: dict[str, Any] = {}
        self.channels: dict[tuple[str, str], ChannelHistory] = {}
        self._reader = RunFileReader(path)
        self._last_seq = 0
        self._events = 0

    @property
    def words(self) -> dict[str, str]:
        """Return what is to be said of each box, by role."""
        return dict(self.header.get("boxes", {}))

    def is_alive(self) -> bool:
        """Say whether a bench engine writes it."""
        return is_locked(lock_path(self.path))

    def look(self) -> list[Event]:
        """Take in what is new, and return the new events."""
        self.header = self._reader.header()
        for seq, time_s, instrument, name, value in self._reader.channels(self._last_seq):
            history = self.channels.setdefault((instrument, name), ChannelHistory())
            history.time_s.append(time_s)
            history.values.append(value)
            self._last_seq = seq
        events = self._reader.events()[self._events :]
        self._events += len(events)
        return events

    def close(self) -> None:
        """Let go of the file."""
        self._reader.__exit__()
