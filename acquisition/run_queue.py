"""The queue of runs of a folder: a file beside the runs, which windows edit and one runner works off.

The file is the truth: a window may close and come back, or there may be two. Who changes it holds its lock for the
moment, and writes it whole. An entry names a recipe file, which is read when its turn comes.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.running.lock import FileLock, is_locked
from acquisition.whole_file import whole_file


class EntryState(StrEnum):
    """What became of an entry."""

    WAITING = "waiting"
    SKIPPED = "skipped"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True)
class QueueEntry:
    """One run to come, under way, or past: what it measures on what, and what became of it."""

    recipe: str
    station: str | None
    sample: str | None
    seed: int = 1
    speed: float | None = None
    id: str = ""
    state: EntryState = EntryState.WAITING
    run_file: str = ""
    message: str = ""

    def words(self, out: Path) -> list[str]:
        """Return the command that runs it."""
        rack = rack_words(self.station, self.sample, self.seed, self.speed)
        return ["run", self.recipe, "--out", str(out), "--events", "--yes", *rack]


def rack_words(station: str | None, sample: str | None, seed: int, speed: float | None) -> list[str]:
    """Return the options that name a rack: a station, a simulated sample, or a rehearsal of the one with the other."""
    words = [] if station is None else ["--station", station]
    if sample is None:
        return words
    return [*words, "--simulate", sample, "--seed", str(seed), "--speed", "max" if speed is None else str(speed)]


@dataclass(frozen=True)
class Queue:
    """The entries in order, and whether the queue is held: then nothing is begun."""

    entries: tuple[QueueEntry, ...] = ()
    is_held: bool = False

    def next(self) -> QueueEntry | None:
        """Return the entry whose turn it is."""
        return next((entry for entry in self.entries if entry.state is EntryState.WAITING), None)

    def under_way(self) -> QueueEntry | None:
        """Return the entry that is being measured."""
        return next((entry for entry in self.entries if entry.state is EntryState.RUNNING), None)

    def with_added(self, entry: QueueEntry) -> "Queue":
        """Return it with another entry at its end, waiting, under an id of its own."""
        fresh = replace(entry, id=uuid.uuid4().hex, state=EntryState.WAITING, run_file="", message="")
        return replace(self, entries=(*self.entries, fresh))

    def with_moved(self, name: str, by: int) -> "Queue":
        """Return it with one entry further down, or up for a negative `by`."""
        place = self._place(name)
        entries = list(self.entries)
        entry = entries.pop(place)
        entries.insert(max(0, place + by), entry)
        return replace(self, entries=tuple(entries))

    def with_duplicate(self, name: str) -> "Queue":
        """Return it with the same once more behind an entry."""
        place = self._place(name)
        longer = self.with_added(self.entries[place])
        return longer.with_moved(longer.entries[-1].id, place + 1 - len(self.entries))

    def without(self, name: str) -> "Queue":
        """Return it without an entry, unless that is under way."""
        if self.entries[self._place(name)].state is EntryState.RUNNING:
            raise InputError("this run is under way; abort it first, or take it out when it has ended")
        return replace(self, entries=tuple(entry for entry in self.entries if entry.id != name))

    def with_skipped(self, name: str) -> "Queue":
        """Return it with an entry that waits skipped, or one that was skipped waiting again."""
        turned = {EntryState.WAITING: EntryState.SKIPPED, EntryState.SKIPPED: EntryState.WAITING}
        state = self.entries[self._place(name)].state
        if state not in turned:
            raise InputError(f"this run is {state.value}; only one that waits can be skipped")
        return self.with_changed(name, state=turned[state])

    def with_changed(self, name: str, **changes: Any) -> "Queue":
        """Return it with fields of an entry changed."""
        place = self._place(name)
        entries = (*self.entries[:place], replace(self.entries[place], **changes), *self.entries[place + 1 :])
        return replace(self, entries=entries)

    def _place(self, name: str) -> int:
        for place, entry in enumerate(self.entries):
            if entry.id == name:
                return place
        raise InputError("this entry is no longer in the queue")


def queue_path(out: Path) -> Path:
    """Return the file of the queue of a folder of runs."""
    return out / "queue.json"


def runner_lock_path(out: Path) -> Path:
    """Return the lock that the runner of a folder's queue holds."""
    return out / ".queue-runner.lock"


def is_worked_off(out: Path) -> bool:
    """Say whether a runner is at work on the queue of a folder."""
    return is_locked(runner_lock_path(out))


def load_queue(out: Path) -> Queue:
    """Return the queue of a folder; an empty one if there is none.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    path = queue_path(out)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        entries = [QueueEntry(**entry | {"state": EntryState(entry["state"])}) for entry in found["entries"]]
        return Queue(tuple(entries), bool(found["is_held"]))
    except FileNotFoundError:
        return Queue()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no queue of this program ({error}); move it away to begin a new one") from error


def change_queue(out: Path, change: Callable[[Queue], Queue], wall: Wall) -> Queue:
    """Change the queue of a folder, alone for the moment, and return it.

    Raises
    ------
    InputError
        If the file is damaged, somebody else holds it for long, or the change cannot be made.
    RunFileError
        If it cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = queue_path(out)
    with FileLock(path.with_name(".queue.lock"), f"queue {path}", wall):
        queue = change(load_queue(out))
        content = {"is_held": queue.is_held, "entries": [asdict(entry) for entry in queue.entries]}
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return queue
