"""Reading a run of a million points back into arrays: out of the run file's table, and out of the copy of its columns.

    python tests/benchmarks/speed/our_reading.py 1000000

Prints one JSON object. The run file is written by the program's own writer, with values that the reading is checked
against; its size is compared with that of all its columns as raw doubles.
"""

import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.columns import copy_path
from acquisition.readings import Direction, PointFlag, PointKind, Reading
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import POINT_COLUMNS, SPARE_COLUMNS
from acquisition.run_writer import RunFileWriter

NUMBERS = tuple(name for name, (kind, _, _) in POINT_COLUMNS.items() if kind == "REAL NOT NULL")
NAMES = NUMBERS[:12]
"""The columns that are read."""


class Wall:
    """A clock by which commits are gathered without end: this times the reading, not the writing."""

    def monotonic_s(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, duration_s: float) -> None:
        raise AssertionError(duration_s)


def value(place: int, index: int) -> float:
    """Return what stands in a column at a point: digits that nothing can shorten."""
    return (0.1 + place) * (1.0 + index / 7.0)


def write(points: int, folder: Path) -> Path:
    """Write a run file."""
    path = folder / "reading.zerobias.sqlite"
    writer = RunFileWriter.create(path, {}, Wall())
    writer.flush_if_due = lambda: None  # type: ignore[method-assign]
    numbers = [
        name for name in POINT_COLUMNS if name not in ("plan_index", "isotherm_index", "kind", "direction", "flags")
    ]
    for index in range(points):
        values: dict[str, Any] = {
            name: value(place, index) for place, name in enumerate(numbers) if name not in SPARE_COLUMNS
        }
        writer.append(
            Reading(
                plan_index=index,
                isotherm_index=index // 1000,
                kind=PointKind.SWEEP,
                direction=Direction.UP,
                flags=PointFlag.GOOD,
                **values,
            )
        )
    writer.close()
    return path


def timed(path: Path) -> tuple[float, float, dict[str, Any]]:
    """Return processor and wall seconds of one reading, and what was read."""
    start = time.process_time(), time.perf_counter()
    with RunFileReader(path) as reader:
        columns = reader.columns(*NAMES)
    return time.process_time() - start[0], time.perf_counter() - start[1], columns


def best(path: Path, times: int = 3) -> tuple[float, float, dict[str, Any]]:
    """Return the quickest of some readings: the first one also fetches the file from the disk."""
    return min((timed(path) for _ in range(times)), key=lambda found: found[:2])


def main() -> None:
    """Write, read and check as many points as the command line says."""
    points, folder = int(sys.argv[1]), Path(tempfile.mkdtemp())
    path = write(points, folder)
    copy = copy_path(path)
    copied = best(path)
    hidden = copy.rename(copy.with_suffix(".hidden"))
    table = best(path)
    exact = all(
        np.array_equal(copied[2][name], table[2][name])
        and table[2][name][0] == value(NUMBERS.index(name), 0)
        and table[2][name][-1] == value(NUMBERS.index(name), points - 1)
        for name in NAMES
    )
    answer = {
        "points": len(table[2][NAMES[0]]),
        "columns": len(NAMES),
        "is_exact": exact,
        "table_s": table[0],
        "table_wall_s": table[1],
        "copy_s": copied[0],
        "copy_wall_s": copied[1],
        "bytes_over_raw": path.stat().st_size / (8.0 * points * (1 + len(POINT_COLUMNS) - len(SPARE_COLUMNS))),
        "copy_bytes": hidden.stat().st_size,
        "resident_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
