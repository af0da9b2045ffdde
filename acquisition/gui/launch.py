"""Start an engine of its own and find its run file; the engine lives on whatever becomes of the window.

The engine is `zerobias run --events` as a process of its own, its output in a log file, from which the run file's path
is read; everything else is read from the run file.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
from PyQt5.QtCore import QProcess

from acquisition.errors import InputError


@dataclass(frozen=True)
class RunChoice:
    """What to run: a recipe, and a station file or a simulated sample with its seed and speed (None: full speed)."""

    recipe: Path
    station: Path | None
    sample: str | None
    out: Path
    seed: int = 1
    speed: float | None = None


class LaunchedEngine:
    """An engine that was started here; it may outlive us, and is nobody's child.

    Parameters
    ----------
    choice : RunChoice
        What it runs.

    Raises
    ------
    OSError
        If the folder for its log cannot be made.
    InputError
        If the process cannot be started.
    """

    def __init__(self, choice: RunChoice) -> None:
        choice.out.mkdir(parents=True, exist_ok=True)
        self._log = choice.out / ".engine.log"
        process = QProcess()
        process.setProgram(sys.executable)
        process.setArguments(["-m", "acquisition", *_words(choice)])
        process.setStandardInputFile(QProcess.nullDevice())
        process.setStandardOutputFile(str(self._log))
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
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


def _words(choice: RunChoice) -> list[str]:
    words = ["run", str(choice.recipe), "--out", str(choice.out), "--events", "--yes"]
    if choice.sample is None:
        return [*words, "--station", str(choice.station)]
    speed = "max" if choice.speed is None else str(choice.speed)
    return [*words, "--simulate", choice.sample, "--seed", str(choice.seed), "--speed", speed]
