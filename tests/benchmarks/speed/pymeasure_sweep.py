"""The points that PyMeasure measures, as a procedure of its own kind, and what its CSV then holds."""

import csv
from pathlib import Path
from typing import Any, ClassVar

from instant_rack import NAMES, Bench, currents_A
from pymeasure.experiment import IntegerParameter, Procedure


class Sweep(Procedure):
    """Sets one value and reads four, as often as it is told."""

    points: Any = IntegerParameter("Points")
    DATA_COLUMNS: ClassVar = ["current_A", *NAMES]

    def execute(self) -> None:
        """Measure all points, telling of each, and of how far it is."""
        bench = Bench()
        reads = [(name, getattr(bench, name)) for name in NAMES]
        for place, current_A in enumerate(currents_A(self.points)):
            bench.set_current_A(current_A)
            self.emit("results", {"current_A": bench.current_A} | {name: read() for name, read in reads})
            self.emit("progress", 100.0 * place / self.points)
            if self.should_stop():
                return


def stored(file: Path) -> dict[str, list[float]]:
    """Return the columns of a CSV that it has written."""
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return {name: [float(row[name]) for row in rows] for name in ("current_A", *NAMES)}
