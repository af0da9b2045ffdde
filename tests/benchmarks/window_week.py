"""Let one window look at a week of points, and note what memory and a look cost as the run grows.

    python tests/benchmarks/window_week.py RUNFILE [--points 600000]

RUNFILE is a finished run, of which a copy is grown by the points of itself, again and again, each time as further
isotherms; a week at a point a second is 605 000 points. The worker fits beside, as it does in a run. The processor time
of a look is that of the window's thread, with all drawing that follows; memory is that of the whole process.
"""

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

import psutil
from PyQt5.QtCore import QSettings

from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.gui.panel import Surroundings
from acquisition.gui.window import LabWindow
from acquisition.terminal.commands import station_for

BATCH = 100
EVERY = 25_000
MEGABYTE = 1e6


def grow(connection: sqlite3.Connection, rows: list[tuple], first: int, isotherms: int, duration_s: float) -> None:
    """Append a batch of points: those of the run again, later and as further isotherms."""
    names = [name for _, name, *_ in connection.execute("PRAGMA table_info(point)")]
    place = {name: number for number, name in enumerate(names)}
    batch = []
    for number in range(first, first + BATCH):
        turn, row = number // len(rows), list(rows[number % len(rows)])
        row[place["seq"]] = None
        row[place["plan_index"]] = number + 10_000_000
        row[place["isotherm_index"]] += isotherms * (turn + 1)
        row[place["time_s"]] += duration_s * (turn + 1)
        batch.append(row)
    connection.executemany(f"INSERT INTO point VALUES ({', '.join('?' * len(names))})", batch)
    connection.commit()


def main() -> None:
    """Grow the run and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--points", type=int, default=600_000)
    options = parser.parse_args()
    application = make_application()
    style.apply(application, style.LIGHT)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(options.run, folder))
        connection = sqlite3.connect(copy)
        connection.execute("PRAGMA synchronous = OFF")
        rows = connection.execute("SELECT * FROM point ORDER BY seq").fetchall()
        isotherms, duration_s = connection.execute("SELECT max(isotherm_index) + 1, max(time_s) FROM point").fetchone()
        settings = QSettings(os.devnull, QSettings.Format.IniFormat)
        window = LabWindow(Surroundings(style.LIGHT, settings, WallClock(), [], station_for, Path(folder)))
        window._look_timer.stop()
        window.show()
        window.attach(copy)
        sys.stdout.write("| points | memory MB | ms a look, with drawing | fitted |\n| --- | --- | --- | --- |\n")
        fitted: deque[str] = deque(["none yet"], maxlen=1)
        window._worker.fitted.connect(
            lambda answer: fitted.append(f"{answer.fit.points_used} points, one of {answer.stride}")
        )
        costs_s = []
        for first in range(0, options.points, BATCH):
            grow(connection, rows, first, isotherms, duration_s)
            began_s = time.thread_time()
            window._look()
            application.processEvents()
            costs_s.append(time.thread_time() - began_s)
            if (first + BATCH) % EVERY == 0:
                memory = psutil.Process().memory_info().rss / MEGABYTE
                cost_ms = 1e3 * sum(costs_s) / len(costs_s)
                sys.stdout.write(f"| {first + BATCH} | {memory:.0f} | {cost_ms:.1f} | {fitted[0]} |\n")
                sys.stdout.flush()
                costs_s = []
        connection.close()
        window.close()


if __name__ == "__main__":
    main()
