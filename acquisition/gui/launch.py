"""Start an engine of its own and find its run file; the engine lives on whatever becomes of the window.

No Qt here. The engine is `zerobias run --events` in a session of its own, its output in a log file, from which the run
file's path is read; everything else is read from the run file.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """An engine that was started here; it may outlive us.

    Parameters
    ----------
    choice : RunChoice
        What it runs.
    """

    def __init__(self, choice: RunChoice) -> None:
        choice.out.mkdir(parents=True, exist_ok=True)
        self._log = choice.out / ".engine.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "acquisition", *_words(choice)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **_detached(),
            )

    def run_file(self) -> Path | None:
        """Return the run file, or None as long as the engine has not made it.

        Raises
        ------
        InputError
            If the engine ended without making one; the message is its own.
        """
        text = self._log.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            if line.startswith('{"event": "started"'):
                return Path(json.loads(line)["run"])
        status = self._process.poll()
        if status is not None:
            last = next((line for line in reversed(text.splitlines()) if line.strip()), "no message")
            raise InputError(f"the run did not start (exit status {status}): {last}")
        return None


def _words(choice: RunChoice) -> list[str]:
    words = ["run", str(choice.recipe), "--out", str(choice.out), "--events", "--yes"]
    if choice.sample is None:
        return [*words, "--station", str(choice.station)]
    speed = "max" if choice.speed is None else str(choice.speed)
    return [*words, "--simulate", choice.sample, "--seed", str(choice.seed), "--speed", speed]


def _detached() -> dict[str, Any]:
    """Return how to start a process that no signal to us, and no end of ours, reaches."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    return {"start_new_session": True}
