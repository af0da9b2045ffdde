"""The same points by PyMeasure as its users have it: its window with a live curve; run by the peers' own interpreter.

    PYTHON tests/benchmarks/speed/peer_window.py with|without POINTS FOLDER

`ManagedWindow`, off screen: a procedure is queued in it, a `Worker` runs it in a thread, a `Recorder` writes the CSV
from another, the curve is drawn five times a second from that file. With `with` the worker also publishes each point
over ZeroMQ, as it does by default where pyzmq and cloudpickle are installed. Prints one JSON object.
"""

import json
import os
import resource
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from peer_points import clocks, fresh, is_exact
from pymeasure.display.Qt import QtCore, QtWidgets
from pymeasure.display.windows import ManagedWindow
from pymeasure.experiment import Results
from pymeasure_sweep import Sweep, stored

LONGEST_MS = 600_000


def measure(points: int, file: Path, *, publishes: bool) -> tuple[float, float, int]:
    """Measure in a window; return processor and wall seconds, and the points that its curve shows at the end."""
    app: Any = QtWidgets.QApplication([])
    window: Any = ManagedWindow(
        procedure_class=Sweep, inputs=["points"], displays=["points"], x_axis="current_A", y_axis="x_V"
    )
    if not publishes:
        window.manager.port = None
    window.show()
    app.processEvents()
    experiment = window.new_experiment(Results(Sweep(points=points), str(fresh(file))))
    window.manager.finished.connect(lambda _: app.exit())
    QtCore.QTimer.singleShot(LONGEST_MS, lambda: app.exit(1))
    start = clocks()
    window.manager.queue(experiment)
    status = app.exec()
    app.processEvents()
    end = clocks()
    if status:
        raise SystemExit(f"PyMeasure's window did not finish {points} points in {LONGEST_MS / 1000:.0f} s")
    shown, _ = experiment.curve_list[0].getData()
    return end[0] - start[0], end[1] - start[1], len(shown)


def main() -> None:
    """Measure as many points as the command line says."""
    how, points, file = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]) / "window.csv"
    processor_s, wall_s, shown = measure(points, file, publishes=how == "with")
    values = stored(file)
    answer = {
        "peer": "pymeasure",
        "version": version("pymeasure"),
        "points": len(values["x_V"]),
        "shown": shown,
        "processor_us": 1e6 * processor_s / points,
        "wall_us": 1e6 * wall_s / points,
        "resident_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        "is_exact": is_exact(values, points),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what is left of its threads and timers is not measured


if __name__ == "__main__":
    main()
