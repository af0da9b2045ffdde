"""The loop on instruments that cost nothing, with the lab window attached to the run while it grows.

    python tests/benchmarks/speed/our_window.py 10000

The engine is a process of its own (`our_points.py`), as it always is; the window, off screen, is open before it starts,
attaches to the run file, shows raw curves, collapse and exponent, and ends when it shows the last point. Prints one
JSON object, with the processor time of both.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt5.QtCore import QSettings, QTimer
from PyQt5.QtWidgets import QApplication

from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.gui.panel import Surroundings
from acquisition.gui.window import LabWindow
from acquisition.run_schema import SUFFIX, RunState
from acquisition.terminal.commands import station_for

LOOK_MS = 20
ENGINE = Path(__file__).with_name("our_points.py")


def follow(application: QApplication, window: LabWindow, points: int, folder: Path) -> dict[str, float]:
    """Start an engine, show its run until it has ended and all is shown, and return the engine's answer."""
    with subprocess.Popen(
        (sys.executable, str(ENGINE), str(points), str(folder)), stdout=subprocess.PIPE, text=True
    ) as engine:

        def look() -> None:
            if window.run_file is None:
                for run_file in folder.glob(f"*{SUFFIX}"):
                    window.attach(run_file)
            elif engine.poll() is not None and window._tail is not None and window._tail.state == RunState.COMPLETE:
                application.quit()

        timer = QTimer()
        timer.timeout.connect(look)
        timer.start(LOOK_MS)
        application.exec_()
        application.processEvents()
        assert engine.stdout is not None
        return json.loads(engine.stdout.read())


def main() -> None:
    """Measure as many points as the command line says."""
    points, folder = int(sys.argv[1]), Path(tempfile.mkdtemp())
    application = make_application()
    style.apply(application, style.LIGHT)
    settings = QSettings(os.devnull, QSettings.Format.IniFormat)
    window = LabWindow(Surroundings(style.LIGHT, settings, WallClock(), [], station_for, folder))
    window.show()
    application.processEvents()
    start = time.process_time(), time.perf_counter()
    engine = follow(application, window, points, folder)
    window_s, wall_s = time.process_time() - start[0], time.perf_counter() - start[1]
    assert window._tail is not None
    answer = {
        "points": engine["points"],
        "shown": window._tail.points,
        "is_exact": engine["is_exact"] and window._tail.points == engine["points"],
        "engine_us": engine["processor_us"],
        "processor_us": engine["processor_us"] + 1e6 * window_s / engine["points"],
        "wall_us": 1e6 * wall_s / engine["points"],
        "resident_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }
    window.close()
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
