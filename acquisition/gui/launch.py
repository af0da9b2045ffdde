"""Start an engine of its own and find its run file; the engine lives on whatever becomes of the window.

The engine is `zerobias run --events`, or `bench`, as a process of its own, its output in a log file, from which the run
file's path is read; everything else is read from the run file.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from PyQt5.QtCore import QIODevice, QProcess

from acquisition.errors import InputError
from acquisition.queue_runner import last_line, started_run
from acquisition.run_queue import rack_words

ATTENDED_H = 12
"""How long a run that was started here, and has paused by itself, waits for somebody: a night. Then it ends safe."""

_ENGINE_WORDS = ("--events", "--yes", "--attended", str(ATTENDED_H))


@dataclass(frozen=True)
class RunChoice:
    """What to run: a recipe, and a station file or a simulated sample, or both, with seed and speed (None: full)."""

    recipe: Path
    station: Path | None
    sample: str | None
    out: Path
    seed: int = 1
    speed: float | None = None

    @property
    def words(self) -> list[str]:
        """Return the command that runs it."""
        return ["run", str(self.recipe), "--out", str(self.out), *_ENGINE_WORDS, *_rack_words(self)]


@dataclass(frozen=True)
class ResumeChoice:
    """Which run to finish."""

    run_file: Path

    @property
    def out(self) -> Path:
        """Return the folder of the run."""
        return self.run_file.parent

    @property
    def words(self) -> list[str]:
        """Return the command that does it."""
        return ["resume", str(self.run_file), *_ENGINE_WORDS]


@dataclass(frozen=True)
class BenchChoice:
    """Which rack to take on the bench; as `RunChoice`."""

    station: Path | None
    sample: str | None
    out: Path
    seed: int = 1
    speed: float | None = 1.0

    @property
    def words(self) -> list[str]:
        """Return the command that does it."""
        return ["bench", "--out", str(self.out), "--events", *_rack_words(self)]


def _rack_words(choice: RunChoice | BenchChoice) -> list[str]:
    station = None if choice.station is None else str(choice.station)
    return rack_words(station, choice.sample, choice.seed, choice.speed)


class LaunchedEngine:
    """An engine that was started here; it may outlive us, and is nobody's child.

    Parameters
    ----------
    choice : RunChoice, ResumeChoice or BenchChoice
        What it does.

    Raises
    ------
    OSError
        If the folder for its log cannot be made.
    InputError
        If the process cannot be started.
    """

    def __init__(self, choice: RunChoice | ResumeChoice | BenchChoice) -> None:
        self._log = choice.out / f".{choice.words[0]}.log"
        self._process_id = start_detached(choice.words, self._log)

    def run_file(self) -> Path | None:
        """Return the run file, or None as long as the engine has not made it.

        Raises
        ------
        InputError
            If the engine ended without making one; the message is its own.
        """
        is_alive = psutil.pid_exists(self._process_id)  # asked first: what it wrote before it ended is in the log then
        if started := started_run(self._log):
            return Path(started)
        if not is_alive:
            raise InputError(f"it did not start: {last_line(self._log)}")
        return None


def start_detached(words: list[str], log: Path) -> int:
    """Start a command of the program as a process that outlives us, its output in `log`; return its process number.

    Raises
    ------
    OSError
        If the folder of the log cannot be made.
    InputError
        If the process cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    process = QProcess()
    process.setProgram(sys.executable)
    process.setArguments(["-m", "acquisition", *words])
    process.setStandardInputFile(QProcess.nullDevice())
    # of a detached process the channels cannot be merged, so both are appended to one file
    process.setStandardOutputFile(str(log), QIODevice.OpenModeFlag.Append)
    process.setStandardErrorFile(str(log), QIODevice.OpenModeFlag.Append)
    is_started, process_id = process.startDetached()
    if not is_started or process_id is None:
        raise InputError(f"zerobias {words[0]} cannot be started: {process.errorString()}")
    return process_id
