"""The same points by a peer: set one value, read four, store them; run by the peers' own interpreter.

    PYTHON tests/benchmarks/speed/peer_points.py bluesky|qcodes|pymeasure POINTS FOLDER

Each as its own manual does it, with what it stores by default: Bluesky's `scan` into a list of documents in memory (it
stores nothing itself), QCoDeS' `dond` into its SQLite data base, PyMeasure's `Procedure` in a `Worker` into its CSV.
Prints one JSON object, with the values that can be read back afterwards.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from instant_rack import NAMES, Bench, currents_A

Values = dict[str, list[float]]
Timed = tuple[tuple[float, float], Callable[[], Values]]


def clocks() -> tuple[float, float]:
    """Return processor and wall time."""
    return time.process_time(), time.perf_counter()


def bluesky(points: int, _: Path) -> Timed:
    """Scan with the RunEngine; documents are kept as they come."""
    run_engine, list_scan = import_module("bluesky").RunEngine, import_module("bluesky.plans").list_scan
    bench, documents = Bench(), []

    class Readable:
        parent = None

        def __init__(self, name: str, read: Callable[[], float]) -> None:
            self.name, self._read = name, read

        def read(self) -> dict[str, Any]:
            return {self.name: {"value": self._read(), "timestamp": time.time()}}

        def describe(self) -> dict[str, Any]:
            return {self.name: {"source": "memory", "dtype": "number", "shape": []}}

        def read_configuration(self) -> dict[str, Any]:
            return {}

        def describe_configuration(self) -> dict[str, Any]:
            return {}

    class Done:
        done = success = True

        def add_callback(self, callback: Callable[[Any], None]) -> None:
            callback(self)

        def exception(self, timeout: float | None = None) -> None:
            return None

    class Settable(Readable):
        hints: ClassVar = {"fields": []}

        def set(self, value: float) -> Done:
            bench.set_current_A(value)
            return Done()

    current = Settable("current_A", lambda: bench.current_A)
    detectors = [Readable(name, getattr(bench, name)) for name in NAMES]
    engine = run_engine({}, context_managers=[])
    start = clocks()
    engine(list_scan(detectors, current, currents_A(points)), lambda name, document: documents.append((name, document)))
    end = clocks()

    def stored() -> Values:
        rows = [document["data"] for name, document in documents if name == "event"]
        return {name: [row[name] for row in rows] for name in ("current_A", *NAMES)}

    return (end[0] - start[0], end[1] - start[1]), stored


def fresh(path: Path) -> Path:
    """Return the path with nothing of an earlier measurement there: both peers add to what they find."""
    path.unlink(missing_ok=True)
    return path


def qcodes(points: int, folder: Path) -> Timed:
    """Measure with dond into a data base of its own."""
    sets, parameter = import_module("qcodes.dataset"), import_module("qcodes.parameters").Parameter
    bench, grid = Bench(), currents_A(points)
    sets.initialise_or_create_database_at(fresh(folder / "points.db"))
    sets.load_or_create_experiment("speed", "instant")
    current = parameter("current_A", set_cmd=bench.set_current_A, get_cmd=lambda: bench.current_A)
    read = [parameter(name, get_cmd=getattr(bench, name)) for name in NAMES]
    sweep = sets.LinSweep(current, grid[0], grid[-1], points)
    start = clocks()
    dataset, _, _ = sets.dond(sweep, *read, show_progress=False, do_plot=False)
    end = clocks()

    def stored() -> Values:
        table = dataset.to_pandas_dataframe().reset_index()
        return {name: table[name].tolist() for name in ("current_A", *NAMES)}

    return (end[0] - start[0], end[1] - start[1]), stored


def pymeasure(points: int, folder: Path) -> Timed:
    """Run a procedure in a worker, which writes a CSV from a thread of its own."""
    experiment, sweep = import_module("pymeasure.experiment"), import_module("pymeasure_sweep")
    file = fresh(folder / "points.csv")
    worker = experiment.Worker(experiment.Results(sweep.Sweep(points=points), str(file)))
    start = clocks()
    worker.start()
    worker.join(timeout=3600)
    end = clocks()
    return (end[0] - start[0], end[1] - start[1]), lambda: sweep.stored(file)


def main() -> None:
    """Measure with the peer that the command line names."""
    peer, points, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    (processor_s, wall_s), stored = {"bluesky": bluesky, "qcodes": qcodes, "pymeasure": pymeasure}[peer](points, folder)
    resident_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    values = stored()
    sys.stdout.write(
        json.dumps(
            {
                "peer": peer,
                "version": version(peer),
                "points": len(values["x_V"]),
                "processor_us": 1e6 * processor_s / points,
                "wall_us": 1e6 * wall_s / points,
                "resident_MB": resident_MB,
                "is_exact": is_exact(values, points),
            }
        )
        + "\n"
    )


def is_exact(values: Values, points: int) -> bool:
    """Say whether what was stored is what the instruments showed at what was to be set, point by point."""
    bench = Bench()
    rows = list(zip(*(values[name] for name in ("current_A", *NAMES)), strict=True))
    if len(rows) != points:
        return False
    for expected_A, (current_A, *row) in zip(currents_A(points), rows, strict=True):
        bench.set_current_A(current_A)
        shown = [getattr(bench, name)() for name in NAMES]
        if abs(current_A - expected_A) > 1e-15 or any(
            abs(a - b) > 1e-12 * abs(b) for a, b in zip(row, shown, strict=True)
        ):
            return False
    return True


if __name__ == "__main__":
    main()
