"""File locks that the operating system releases when their owner dies, however it dies, and the owner's heartbeat.

The file says who owns it, and its time of modification is when the owner's heart last beat.
"""

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from platformdirs import RuntimeDirWarning, user_runtime_path

from acquisition.clock import Wall
from acquisition.errors import InputError, RunFileError

_TRIES = 10
_TRY_AGAIN_S = 0.02
"""A viewer that asks whether a lock is held takes it for microseconds; trying again tells it from an owner."""

if sys.platform == "win32":
    import msvcrt

    _FAR_OFF = 1 << 30  # there a locked byte cannot be read, so the one that is locked is none of the owner's name

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR_OFF, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_path(run_file: Path) -> Path:
    """Return the path of the lock beside `run_file`."""
    return run_file.with_name(run_file.name + ".lock")


class FileLock:
    """An exclusive lock on a file of its own; use as a context manager.

    Parameters
    ----------
    path : Path
        The file; it is made, and removed on leaving.
    purpose : str
        What is locked, for the message.
    wall : Wall
        Dates it, and is waited on where a viewer is just asking.
    owner : str
        Who we are, for the message of somebody else, with what he could do.

    Raises
    ------
    InputError
        On entering, if another process holds it.
    RunFileError
        On entering, if the file cannot be made.
    """

    def __init__(self, path: Path, purpose: str, wall: Wall, owner: str = "") -> None:
        self._path = path
        self._purpose = purpose
        self._owner = owner
        self._wall = wall
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        for _ in range(_TRIES):
            descriptor = self._open()
            if descriptor is not None:
                self._descriptor = descriptor
                started = self._wall.now().isoformat(timespec="milliseconds")
                self._write(json.dumps({"pid": os.getpid(), "started": started, "who": self._owner}).encode())
                return self
            self._wall.sleep(_TRY_AGAIN_S)
        owner = read_owner(self._path)
        who = f"{owner.who or 'process'} {owner.pid}, since {owner.started}" if owner else "another process"
        raise InputError(f"{self._purpose}: {who} is at it ({self._path} is locked); wait for it or stop it first")

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

    def beat(self) -> None:
        """Let the heart beat once: the file's time of modification is now."""
        if self._descriptor is None:
            return
        try:
            os.utime(self._path)
        except FileNotFoundError:  # somebody tidied up; the lock itself is on the open file and holds
            return

    def _open(self) -> int | None:
        """Return the descriptor of the locked file, or None if it is held, or was removed in the same moment."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RunFileError(
                f"{self._purpose}: {self._path} cannot be made ({error.strerror}); check the folder and its rights"
            ) from error
        try:
            _try_lock(descriptor)
            if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                return descriptor
        except OSError:  # held by another, or its owner has just removed it
            pass
        os.close(descriptor)
        return None

    def _write(self, text: bytes) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, text)


def is_locked(path: Path) -> bool:
    """Say whether some process holds the lock at `path`; leaves nothing behind."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except PermissionError:  # another user's, on a shared machine: a file left over by a dead owner looks the same
        return True
    try:
        _try_lock(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a lock, since when, and how long ago its heart last beat (0 if the PC's clock was set back).

    `who` is what the owner calls himself before his process number; empty if he does not.
    """

    pid: int
    started: str
    heartbeat_age_s: float
    who: str = ""


def read_owner(path: Path, wall: Wall | None = None) -> Owner | None:
    """Return the owner that a lock file names, dead or alive, or None if it names none; the age wants a `wall`."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        age_s = max(0.0, wall.now().timestamp() - path.stat().st_mtime) if wall else 0.0
        return Owner(int(known["pid"]), str(known["started"]), age_s, str(known.get("who", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _runtime_folder() -> Path:
    """Return the folder of this user's locks, the same for all his sessions."""
    try:
        with warnings.catch_warnings():
            # no session manager, no XDG_RUNTIME_DIR: the folder it falls back to is as good, and no news to the user
            warnings.simplefilter("ignore", RuntimeDirWarning)
            return user_runtime_path("zerobias", ensure_exists=True)
    except OSError as error:
        raise RunFileError(f"no folder for the lock of the rack ({error}); set XDG_RUNTIME_DIR") from error


@contextmanager
def lock_rack(addresses: dict[str, str], wall: Wall, owner: str = "") -> Iterator[None]:
    """Hold the locks of a rack's boxes: one engine a rack, whatever stations its boxes are named in.

    Parameters
    ----------
    addresses : dict
        Role -> VISA resource name, e.g. ``{"lockin": "GPIB0::8::INSTR"}``.
    wall : Wall
        Dates the locks.
    owner : str
        As `FileLock`.

    Raises
    ------
    InputError
        If another process of this user holds one; the message names the resource.
    RunFileError
        If there is no folder to keep locks in.
    """
    folder = _runtime_folder()
    with ExitStack() as held:
        for role, address in addresses.items():
            name = hashlib.sha256(address.strip().upper().encode()).hexdigest()[:24]
            held.enter_context(FileLock(folder / f"{name}.lock", f"{role} at {address}", wall, owner))
        yield
