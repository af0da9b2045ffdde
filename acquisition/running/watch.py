"""The engine's heart: its beat on the lock file, and on the pipe to the guard, if there is one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from acquisition.guard import Guard
from acquisition.running.lock import FileLock

GuardStarter = Callable[[Path], Guard]
"""Starts the guard of a run file; raises `GuardError`."""


class Watch:
    """Who watches over a run.

    Attributes
    ----------
    is_rack_safe : bool
        Whether a guard could go home: true before anything is touched, and once all is idle-safe again.
    """

    def __init__(self, lock: FileLock, guard: Guard | None) -> None:
        self._lock = lock
        self._guard = guard
        self.is_rack_safe = True

    def beat(self) -> None:
        """Beat once, for those who look at the lock file and for the guard, which is replaced if it has died.

        Raises
        ------
        GuardError
            If it cannot be replaced.
        """
        self._lock.beat()
        if self._guard is not None:
            self._guard.beat()

    def dismiss(self) -> None:
        """Send the guard home, unless there is something for it to see to."""
        if self._guard is not None and self.is_rack_safe:
            self._guard.dismiss()


@contextmanager
def watched(lock: FileLock, run_file: Path, start_guard: GuardStarter | None) -> Iterator[Watch]:
    """Have a run watched by a guard, if one is to be started; where the rack is left unsafe, the guard stays on duty.

    Raises
    ------
    GuardError
        If it cannot be started.
    """
    watch = Watch(lock, start_guard(run_file) if start_guard else None)
    try:
        yield watch
    finally:
        watch.dismiss()
