"""Kill the window again and again while a run goes on: the run must come out complete, and each window find it again.

    python tests/benchmarks/window_kills.py [--kills 20] [--recipe FILE] [--speed 100]

Each window is a process of its own that attaches to the run file, shows its points, and dies by SIGKILL a moment later.
The time is that of the wall from the start of the process to the first painted points; in brackets from `attach` on.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

import numpy as np

from acquisition.gui.launch import LaunchedEngine, RunChoice
from acquisition.run_reader import RunFileReader

ROOT = Path(__file__).parents[2]
LONGEST_S = 600.0

WINDOW = """
import sys, time
from pathlib import Path
from PyQt5.QtCore import QSettings
from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.gui.panel import Surroundings
from acquisition.gui.raw_view import RawView
from acquisition.gui.window import LabWindow
from acquisition.terminal.commands import station_for

application = make_application()
style.apply(application, style.LIGHT)
run = Path(sys.argv[1])
settings = QSettings(str(run.parent / "layout.ini"), QSettings.Format.IniFormat)
window = LabWindow(Surroundings(style.LIGHT, settings, WallClock(), [], station_for, run.parent))
window.show()
began = time.monotonic()
window.attach(run)
while not window.panel(RawView).curves.names():
    application.processEvents()
window.grab()
print(time.monotonic() - began, flush=True)
application.exec_()
"""


def kill_windows(
    kills: int, recipe: Path, speed: float, folder: Path
) -> tuple[list[float], list[float], str, int, int]:
    """Return the times in s of all windows, from their start and from `attach` on, and state and points of the run."""
    rng = np.random.default_rng(1)
    engine = LaunchedEngine(RunChoice(recipe, None, "cu1", folder, speed=speed))
    while (run_file := engine.run_file()) is None or not run_file.is_file():
        time.sleep(0.05)
    with RunFileReader(run_file) as reader:
        while reader.last_point() is None:
            time.sleep(0.05)
        whole_s, attach_s = [], []
        for _ in range(kills):
            began_s = time.monotonic()
            with subprocess.Popen([sys.executable, "-c", WINDOW, str(run_file)], stdout=subprocess.PIPE) as window:
                assert window.stdout is not None
                attach_s.append(float(window.stdout.readline()))
                whole_s.append(time.monotonic() - began_s)
                time.sleep(float(rng.uniform(0.0, 0.5)))
                window.send_signal(signal.SIGKILL)
            sys.stderr.write(f"{whole_s[-1]:.2f} s ({attach_s[-1]:.2f} s), {reader.header()['state']}\n")
        deadline_s = time.monotonic() + LONGEST_S
        while reader.header()["state"] == "running" and time.monotonic() < deadline_s:
            time.sleep(0.2)
        summary = reader.summary()
    return whole_s, attach_s, summary.state.value, summary.points, summary.planned_points


def main() -> None:
    """Kill, and print what became of the run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--recipe", type=Path, default=ROOT / "examples" / "quick.toml")
    parser.add_argument("--speed", type=float, default=100.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole_s, attach_s, state, points, planned = kill_windows(
            options.kills, options.recipe, options.speed, Path(folder)
        )
    sys.stdout.write(
        f"{options.kills} windows killed; the run is {state}, {points}/{planned} points; found again in "
        f"{np.median(whole_s):.2f} s (median), {max(whole_s):.2f} s (longest), from `attach` on {max(attach_s):.2f} s\n"
    )


if __name__ == "__main__":
    main()
