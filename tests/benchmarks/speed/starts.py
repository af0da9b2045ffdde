"""How long the program takes to start, in four ways, beside importing QCoDeS and showing PyMeasure's window.

    python tests/benchmarks/speed/starts.py PYTHON_OF_THE_PEERS

Prints one JSON object. Each is a process of its own; counted are its processor time, with that of its children, and
wall time up to what a user waits for. The best of a few, since what is asked for is the program's own time.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[3]
QUICK = str(ROOT / "examples" / "quick.toml")

TIMES = 3

PYMEASURE_WINDOW = """
from pymeasure.display.Qt import QtWidgets
from pymeasure.display.windows import ManagedWindow
from pymeasure.experiment import FloatParameter, Procedure
class Sweep(Procedure):
    top = FloatParameter("Top", default=1.0)
    DATA_COLUMNS = ["x", "y"]
app = QtWidgets.QApplication([])
window = ManagedWindow(procedure_class=Sweep, inputs=["top"], displays=["top"], x_axis="x", y_axis="y")
window.show()
app.processEvents()
"""

# the command itself, but for the event loop: one round of it, in which the window is drawn
OUR_WINDOW = """
import os, runpy, sys
from PyQt5.QtWidgets import QApplication
QApplication.exec_ = staticmethod(lambda *_: (QApplication.processEvents(), os._exit(0)))
sys.argv = ["zerobias", "gui", "--simulate", "cu1"]
runpy.run_module("acquisition", run_name="__main__")
"""


@dataclass(frozen=True)
class Start:
    """What is started, and seconds of processor and wall time until it is there."""

    name: str
    processor_s: float
    wall_s: float


def _once(command: Sequence[str]) -> tuple[float, float]:
    """Start a command and return what it took to end."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ended with status {done.returncode}: {done.stderr[-300:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall_s


def measure(name: str, command: Sequence[str]) -> Start:
    """Return the best of some starts."""
    found = [_once(command) for _ in range(TIMES)]
    return Start(name, min(one for one, _ in found), min(one for _, one in found))


def _until_first_point() -> tuple[float, float]:
    """Start a run, and return what it took until its first point was acknowledged; then stop it."""
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "acquisition", "run", QUICK, "--simulate", "cu1", "--out", folder, "--events")
        start = time.perf_counter()
        with subprocess.Popen(
            (*command, "--yes"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            next(line for line in process.stdout if '"point"' in line)
            wall_s = time.perf_counter() - start
            times = psutil.Process(process.pid).cpu_times()
            process.terminate()
            process.communicate()
    return times.user + times.system, wall_s


def starts(peers: Path) -> list[Start]:
    """Return the starts of this program and of its peers, whose interpreter is `peers`."""
    here = (sys.executable, "-m", "acquisition")
    first = [_until_first_point() for _ in range(TIMES)]
    return [
        measure("zerobias --help", (*here, "--help")),
        measure("zerobias plan", (*here, "plan", QUICK, "--simulate", "cu1")),
        Start("zerobias run, to the first point", min(one for one, _ in first), min(one for _, one in first)),
        measure("zerobias gui, to visible", (sys.executable, "-c", OUR_WINDOW)),
        measure("import qcodes", (str(peers), "-c", "import qcodes")),
        measure("PyMeasure's window, to visible", (str(peers), "-c", PYMEASURE_WINDOW)),
    ]


def main() -> None:
    """Print one JSON object; the peers' interpreter is named on the command line."""
    found = {start.name: [start.processor_s, start.wall_s] for start in starts(Path(sys.argv[1]))}
    sys.stdout.write(json.dumps({"starts": found}) + "\n")


if __name__ == "__main__":
    main()
