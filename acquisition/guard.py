"""The guard: a small process that watches the engine, and takes over if the engine dies or hangs.

The engine holds one end of a pipe. While it lives it sends a heartbeat about once a second; when its run has ended, and
the rack is safe, a good-bye. The end of the pipe without a good-bye means that the engine is dead, however it died;
silence for longer than any exchange with a box can take means that it hangs. Either way `acquisition.running.takeover`
makes sure of its death, puts the rack into the idle-safe state and says so in the run file.

The engine's side is `start_guard` and `Guard`; the guard's own is ``python -m acquisition.guard``, which has all it
needs in memory before it says that it is ready, so that a full or broken disk does not keep it from its work.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from enum import Enum, auto
from pathlib import Path
from typing import Any, BinaryIO, Final

from acquisition.clock import WallClock
from acquisition.errors import GuardError
from acquisition.running.takeover import RETRY_FOR_S, Task, take_over
from acquisition.station import LONGEST_TIMEOUT_S
from acquisition.station_file import Station

HANG_S: Final = max(10.0, 3.0 * LONGEST_TIMEOUT_S)
"""Silence after which the engine counts as hanging."""

_HEARTBEAT: Final = b"."
_GOODBYE: Final = b"!"
_READY: Final = b"ready\n"
_PATIENCE_S: Final = 10.0


class Guard:
    """The engine's hold on its guard; made by `start_guard`.

    Attributes
    ----------
    restarts : int
        How often a dead guard was replaced.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        self.restarts = 0
        self._task = task
        self._process = _start(task)

    @property
    def pid(self) -> int:
        """Return the process number of the guard on duty."""
        return self._process.pid

    def beat(self) -> None:
        """Let the guard know that the engine lives; a guard that has died is replaced first.

        To be called about once a second in every wait, and before every ramp.

        Raises
        ------
        GuardError
            If no other guard can be started; nothing more may be ramped then.
        """
        if not self.is_alive():
            _close(self._process)
            self._process = _start(self._task)
            self.restarts += 1
        _send(self._process, _HEARTBEAT)

    def is_alive(self) -> bool:
        """Say whether the guard is on duty."""
        return self._process.poll() is None

    def dismiss(self) -> None:
        """Send the guard home: the rack is safe and the run file closed. May be called twice."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            if not _send(self._process, _GOODBYE):
                # a pipe without its good-bye reads as the engine's death: a guard that cannot hear it must not go on
                self._process.kill()
            _close(self._process)


def start_guard(
    station: Station | None, run_file: Path, *, hang_s: float = HANG_S, retry_for_s: float = RETRY_FOR_S
) -> Guard:
    """Start a guard for the calling process and wait until it is ready.

    Parameters
    ----------
    station : Station or None
        What is to be made safe; None for a rack simulated inside the engine, which dies with it: then the guard only
        writes into the run file.
    run_file : Path
        The run under way.
    hang_s : float
        Silence after which the engine counts as hanging.
    retry_for_s : float
        For how long boxes that do not answer are tried again.

    Raises
    ------
    GuardError
        If it cannot be started; no ramp may begin then.
    """
    return Guard(
        {
            "station": None if station is None else station.to_dict(),
            "run_file": str(run_file.absolute()),
            "engine_pid": os.getpid(),
            "hang_s": hang_s,
            "retry_for_s": retry_for_s,
        }
    )


def _start(task: dict[str, Any]) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "acquisition.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # these very packages, whatever folder of the user's hides them; and no Ctrl-C of the terminal
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "PYTHONSAFEPATH": "1"},
            start_new_session=True,
        )
    except OSError as error:
        raise GuardError(f"the guard cannot be started ({error}); no measurement without it") from error
    assert process.stdin is not None
    assert process.stdout is not None
    _send(process, json.dumps(task).encode() + b"\n")
    with process.stdout:
        is_ready = process.stdout.readline() == _READY
    if not is_ready:
        _close(process)
        raise GuardError("the guard ended while it was starting; try: python -m acquisition.guard")
    if sys.platform != "win32":
        os.set_blocking(process.stdin.fileno(), False)  # a guard that is stopped must not stop the engine
    return process


def _send(process: subprocess.Popen[bytes], message: bytes) -> bool:
    """Send what the guard may be unable to take, and say whether it went; `Guard.is_alive` tells if it has died."""
    assert process.stdin is not None
    try:
        return process.stdin.write(message) == len(message)  # None where the pipe is full
    except (BrokenPipeError, BlockingIOError):
        return False


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Ending(Enum):
    """How the watch over an engine ended."""

    DISMISSED = auto()
    DIED = auto()
    HUNG = auto()


def watch(pipe: BinaryIO, hang_s: float) -> Ending:
    """Wait for the engine's good-bye, for the end of its pipe, or for `hang_s` of silence."""
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, heard), daemon=True).start()
    while True:
        try:
            message = heard.get(timeout=hang_s)
        except queue.Empty:
            return Ending.HUNG
        if _GOODBYE in message:
            return Ending.DISMISSED
        if not message:
            return Ending.DIED


def _listen(pipe: BinaryIO, heard: "queue.SimpleQueue[bytes]") -> None:
    while message := pipe.read(1):
        heard.put(message)
    heard.put(b"")


def main() -> None:
    """Watch over the process that wrote its task to standard input."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)
    pipe = os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    task = json.loads(_first_line(pipe))
    station = None if task["station"] is None else Station.from_dict(task["station"], "the engine's station")
    mission = Task(station, Path(task["run_file"]), task["engine_pid"], task["retry_for_s"])
    os.write(sys.stdout.fileno(), _READY)
    match watch(pipe, task["hang_s"]):
        case Ending.DIED:
            take_over(mission, "the engine died", WallClock())
        case Ending.HUNG:
            take_over(mission, f"no heartbeat of the engine for {task['hang_s']:g} s", WallClock())
        case Ending.DISMISSED:
            return


def _first_line(pipe: BinaryIO) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (byte := pipe.read(1)):
        line += byte
    return line


if __name__ == "__main__":
    main()
