"""Start an engine of its own and find its run file; the engine lives on whatever becomes of the window.

The engine is `zerobias run --events`, or `bench`, as a process of its own, its output in a log file, from which the run
file's path is read; everything else is read from the run file.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from PyQt5.QtCore import QIODevice, QProcess

from acquisition.errors import InputError


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
        return ["run", str(self.recipe), "--out", str(self.out), "--events", "--yes", *_rack_words(self)]


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
    words = [] if choice.station is None else ["--station", str(choice.station)]
    if choice.sample is None:
        return words
    speed = "max" if choice.speed is None else str(choice.speed)
    return [*words, "--simulate", choice.sample, "--seed", str(choice.seed), "--speed", speed]


class LaunchedEngine:
    """An engine that was started here; it may outlive us, and is nobody's child.

    Parameters
    ----------
    choice : RunChoice or BenchChoice
        What it does.

    Raises
    ------
    OSError
        If the folder for its log cannot be made.
    InputError
        If the process cannot be started.
    """

    def __init__(self, choice: RunChoice | BenchChoice) -> None:
        choice.out.mkdir(parents=True, exist_ok=True)
        self._log = choice.out / f".{choice.words[0]}.log"
        process = QProcess()
        process.setProgram(sys.executable)
        process.setArguments(["-m", "acquisition", *choice.words])
        process.setStandardInputFile(QProcess.nullDevice())
        self._log.unlink(missing_ok=True)
        # of a detached process the channels cannot be merged, so both are appended to one file
        process.setStandardOutputFile(str(self._log), QIODevice.OpenModeFlag.Append)
        process.setStandardErrorFile(str(self._log), QIODevice.OpenModeFlag.Append)
        is_started, process_id = process.startDetached()
        if not is_started or process_id is None:
            raise InputError(f"the engine cannot be started: {process.errorString()}")
        self._process_id = process_id

    def run_file(self) -> Path | None:
        """Return the run file, or None as long as the engine has not made it.

        Raises
        ------
        InputError
            If the engine ended without making one; the message is its own.
        """
        is_alive = psutil.pid_exists(self._process_id)  # asked first: what it wrote before it ended is in the log then
        text = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        for line in text.splitlines():
            if line.startswith('{"event": "started"'):
                return Path(json.loads(line)["run"])
        if not is_alive:
            last = next((line for line in reversed(text.splitlines()) if line.strip()), "no message")
            raise InputError(f"the run did not start: {last}")
        return None
