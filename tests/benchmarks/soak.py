"""Let a run go on for very long, and see that memory and time a point stay what they were.

    python tests/benchmarks/soak.py --points 1000000 --days 7

`zerobias run` measures so many points in so many days of cryostat time, at full speed, in a process of its own. This
one looks on: every few seconds it opens the run file anew, reads its newest points and its state, and notes memory and
processor time of the engine. The last tenth of the points may cost at most 1.2 times what the first tenth cost, in
processor time a point and in memory; the very first points are left out, since there the engine still loads what it
needs.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from acquisition.plan import Plan, make_plan
from acquisition.recipe import parse_recipe
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import SUFFIX
from acquisition.station_file import simulated_station

RECIPE = """
[run]
name = "soak"
sample = "cu1"
[[series]]
temperatures_K = [{temperatures_K}]
[bias]
maximum_V = 0.8e-3
points = 1001
[lockin]
time_constant_s = {time_constant_s}
[settling]
temperature_drift_fraction_per_10min = 0.05
dwell_below_1K_s = 60
anchor_gap_s = 10
"""
TEMPERATURES_K = (0.95, 0.85, 0.75, 0.65)
"""Measured again and again."""
TIME_CONSTANTS_S = (0.03, 0.1, 0.3)

LOOK_S = 2.0
LARGEST_RATIO = 1.2
LOADING = 0.02
"""Part of the points in which the engine is not yet all there."""


@dataclass(frozen=True)
class Look:
    """What is seen at one time: points in the file, experiment time, and what the engine takes."""

    points: int
    time_s: float
    cpu_s: float
    memory_B: int


def plan_of(isotherms: int, time_constant_s: float) -> tuple[str, Plan]:
    """Return a recipe of so many isotherms and its plan."""
    temperatures_K = ", ".join(str(TEMPERATURES_K[i % len(TEMPERATURES_K)]) for i in range(isotherms))
    text = RECIPE.format(temperatures_K=temperatures_K, time_constant_s=time_constant_s)
    return text, make_plan(parse_recipe(text, "soak"), simulated_station())


def recipe_for(points: int, days: float) -> tuple[str, int]:
    """Return a recipe of so many points that takes so many days, as far as a time constant makes it, and its points."""
    isotherms = math.ceil(points / plan_of(1, TIME_CONSTANTS_S[0])[1].points)
    found = [plan_of(isotherms, time_constant_s) for time_constant_s in TIME_CONSTANTS_S]
    text, plan = next((one for one in found if one[1].duration_s >= 86400.0 * days), found[-1])
    return text, plan.points


def look(engine: psutil.Process, run_file: Path) -> Look:
    """Open the run file as any viewer does, and look at the engine."""
    with RunFileReader(run_file) as reader:
        newest, state = reader.last_point(), reader.header()["state"]
    assert state in ("running", "complete"), state
    points, time_s = (newest.plan_index + 1, newest.time_s) if newest else (0, 0.0)
    times = engine.cpu_times()
    return Look(points, time_s, times.user + times.system, engine.memory_info().rss)


def watch(recipe: Path, folder: Path) -> list[Look]:
    """Run the recipe and look on until it is complete."""
    words = ["run", str(recipe), "--simulate", "cu1", "--out", str(folder), "--json"]
    looks = []
    with subprocess.Popen(
        [sys.executable, "-m", "acquisition", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as engine:
        process = psutil.Process(engine.pid)
        while engine.poll() is None:
            time.sleep(LOOK_S)
            for run_file in folder.glob(f"*{SUFFIX}"):
                try:
                    looks.append(look(process, run_file))
                except psutil.Error:  # it has just ended
                    break
        assert engine.stdout is not None
        end = json.loads(engine.stdout.read().splitlines()[-1])
    assert end["state"] == "complete", end
    return looks


def tenths(looks: list[Look], points: int) -> list[tuple[float, float]]:
    """Return processor time a point (s) and memory (MB) of each tenth of the points after the loading."""
    ended = next((i for i, one in enumerate(looks) if one.points == looks[-1].points), len(looks))
    looks = looks[: ended + 1]  # the last fit is made after the last point
    number = np.array([one.points for one in looks], dtype=float)
    cpu_s = np.array([one.cpu_s for one in looks])
    memory_MB = np.array([one.memory_B for one in looks]) / 1e6
    edges = np.linspace(LOADING * points, number[-1], 11)
    at_edges_s = np.interp(edges, number, cpu_s)
    return [
        (
            (at_edges_s[i + 1] - at_edges_s[i]) / (edges[i + 1] - edges[i]),
            float(np.interp(0.5 * (edges[i] + edges[i + 1]), number, memory_MB)),
        )
        for i in range(10)
    ]


def main() -> int:
    """Soak, print the figures, and fail if the end costs more than the beginning."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--days", type=float, default=7.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder) / "soak.toml"
        text, points = recipe_for(options.points, options.days)
        recipe.write_text(text, encoding="utf-8")
        looks = watch(recipe, Path(folder))
        (run_file,) = Path(folder).glob(f"*{SUFFIX}")
        size_MB = run_file.stat().st_size / 1e6
    found = tenths(looks, points)
    slower, larger = found[-1][0] / found[0][0], found[-1][1] / found[0][1]
    print(f"points: {points}, {looks[-1].time_s / 86400.0:.2f} days of cryostat time, file {size_MB:.0f} MB")
    print(f"opened and read by a second process {len(looks)} times, every time sound")
    print(f"processor time a point by tenths, ms: {', '.join(f'{1e3 * cpu_s:.3f}' for cpu_s, _ in found)}")
    print(f"memory by tenths, MB: {', '.join(f'{memory_MB:.0f}' for _, memory_MB in found)}")
    print(f"last tenth over first: time {slower:.3f}, memory {larger:.3f}; allowed {LARGEST_RATIO}")
    return 0 if max(slower, larger) <= LARGEST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
