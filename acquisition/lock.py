"""A file lock that the operating system releases when its owner dies, however it dies."""

import os
import sys
from pathlib import Path
from typing import Self

from acquisition.errors import InputError

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_path(run_file: Path) -> Path:
    """Return the path of the lock beside `run_file`."""
    return run_file.with_name(run_file.name + ".lock")


class FileLock:
    """An exclusive lock on a file of its own; use as a context manager.

    Raises
    ------
    InputError
        On entering, if another process holds it.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        self._path = path
        self._purpose = purpose
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _try_lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise InputError(
                f"{self._purpose}: another process is at it ({self._path} is locked); wait for it or stop it first"
            ) from error
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is None:
            return
        if sys.platform == "win32":  # there an open file cannot be removed
            os.close(self._descriptor)
            self._path.unlink(missing_ok=True)
        else:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
        self._descriptor = None


def is_locked(path: Path) -> bool:
    """Say whether some process holds the lock at `path`; touches nothing."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        _try_lock(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
