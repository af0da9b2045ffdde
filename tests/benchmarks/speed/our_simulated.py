"""Points of the simulated rack: bias set, X and Y, source, temperature and field through PyVISA and the world, stored.

    python tests/benchmarks/speed/our_simulated.py examples/quick.toml

Prints one JSON object: what one point costs once the isotherm is settled (median over the sweeps), and how much faster
than the cryostat the whole run went, all polls included.
"""

import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from acquisition.clock import WallClock
from acquisition.engine import run_plan
from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import Event
from acquisition.recipe import load_recipe
from acquisition.running.control import Control
from acquisition.station import open_simulated
from acquisition.station_file import simulated_station

SAMPLE = "cu1"


class SweepTimes:
    """An observer that times each sweep and counts its points."""

    def __init__(self) -> None:
        self.points_us: list[tuple[float, float]] = []
        self.experiment_s = 0.0
        self._points = 0
        self._start: tuple[float, float] | None = None

    def started(self, run_file: Path, running: RunningPlan, measured: int) -> None: ...

    def planned(self, running: RunningPlan) -> None: ...

    def committed(self, seq: int, plan_index: int) -> None:
        self._points += 1

    def happened(self, event: Event) -> None:
        """Take the first event after a sweep for its end."""
        self.experiment_s = event.time_s
        if self._start is not None and self._points:
            taken = time.process_time() - self._start[0], time.perf_counter() - self._start[1]
            self.points_us.append((1e6 * taken[0] / self._points, 1e6 * taken[1] / self._points))
            self._start = None
        if event.kind == "sweeping":
            self._start, self._points = (time.process_time(), time.perf_counter()), 0


def run(plan: Plan, folder: Path) -> tuple[SweepTimes, int, float, float]:
    """Measure a plan and return the times of its sweeps, its points, and processor and wall seconds in all."""
    wall, times = WallClock(), SweepTimes()
    start = time.process_time(), time.perf_counter()
    with open_simulated(plan.station, SAMPLE, 1, None, wall) as rack:
        outcome = run_plan(
            plan,
            rack.roles,
            rack.clock,
            out=folder,
            wall=wall,
            control=Control(wall),
            observer=times,
            provenance={},
        )
    if outcome.exit_status or outcome.points != plan.points:
        raise SystemExit(f"{outcome.points} of {plan.points} points: {outcome.message}")
    return times, outcome.points, time.process_time() - start[0], time.perf_counter() - start[1]


def main() -> None:
    """Measure the recipe that the command line names."""
    plan = make_plan(load_recipe(sys.argv[1]), simulated_station())
    times, points, processor_s, wall_s = run(plan, Path(tempfile.mkdtemp()))
    answer = {
        "points": points,
        "point_processor_us": statistics.median(one for one, _ in times.points_us),
        "least_processor_us": min(one for one, _ in times.points_us),
        "point_wall_us": statistics.median(one for _, one in times.points_us),
        "experiment_h": times.experiment_s / 3600.0,
        "virtual_over_real": times.experiment_s / processor_s,
        "processor_s": processor_s,
        "wall_s": wall_s,
        "resident_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
