"""Reading points of twelve columns back into arrays by QCoDeS; run by the peers' own interpreter.

    PYTHON tests/benchmarks/speed/peer_reading.py POINTS FOLDER

Written with QCoDeS' own `Measurement`, numeric columns, a row a point, many points at a time, since only the reading is
timed; read with `load_by_id` and `get_parameter_data`.
"""

import json
import resource
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
from peer_points import fresh

BATCH = 1000


def main() -> None:
    """Write, read and check as many points as the command line says."""
    sets = import_module("qcodes.dataset")
    points, folder = int(sys.argv[1]), Path(sys.argv[2])
    database = fresh(folder / "reading.db")
    sets.initialise_or_create_database_at(database)
    sets.load_or_create_experiment("speed", "reading")
    names = [f"column_{place}" for place in range(12)]
    measurement = sets.Measurement()
    measurement.register_custom_parameter("point")
    for name in names:
        measurement.register_custom_parameter(name, setpoints=("point",))
    with measurement.run() as saver:
        for first in range(0, points, BATCH):
            index = np.arange(first, min(first + BATCH, points), dtype=float)
            row = [(name, (0.1 + place) * (1.0 + index / 7.0)) for place, name in enumerate(names)]
            saver.add_result(("point", index), *row)
        run_id = saver.run_id
    start = time.process_time(), time.perf_counter()
    data = sets.load_by_id(run_id).get_parameter_data()
    columns = {name: data[name][name] for name in names}
    seconds = time.process_time() - start[0], time.perf_counter() - start[1]
    last = 1.0 + (points - 1) / 7.0
    is_exact = all(
        len(columns[name]) == points and np.isclose(columns[name][-1], (0.1 + place) * last, rtol=1e-14)
        for place, name in enumerate(names)
    )
    sys.stdout.write(
        json.dumps(
            {
                "peer": "qcodes",
                "version": version("qcodes"),
                "points": points,
                "columns": len(names),
                "is_exact": is_exact,
                "table_s": seconds[0],
                "table_wall_s": seconds[1],
                "resident_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
                "bytes_over_raw": database.stat().st_size / (8.0 * points * (1 + len(names))),
            }
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
