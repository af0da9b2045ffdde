"""How cost grows with points, isotherms and fields: of a run on instruments in memory, and of the exponent's fit.

    python tests/benchmarks/speed/growth.py

Prints one JSON object: for each kind of growth the sizes and the processor seconds at each.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import our_points
from live_update import NOISE_S, isotherms

from analysis.corrections import Corrections
from analysis.curves import Window
from analysis.scaling.problem import make_problem

Growth = tuple[Sequence[float], Sequence[float]]


def processor_s(action: Callable[[], object], times: int = 3) -> float:
    """Return the processor time of an action, the best of some."""
    found = []
    for _ in range(times):
        start = time.process_time()
        action()
        found.append(time.process_time() - start)
    return min(found)


def run_s(points: int, temperatures: int = 1, fields: int = 1) -> tuple[int, float]:
    """Return the points of a run on instruments in memory, and its processor time from plan to closed file."""
    listed = str([round(float(value), 4) for value in np.linspace(0.1, 1.5, temperatures)])
    plan = our_points.plan_of(points, listed, fields)
    with tempfile.TemporaryDirectory() as folder:
        return plan.points, processor_s(lambda: our_points.run(plan, Path(folder)))


def fit_s(temperatures: int, points: int) -> float:
    """Return the processor time of the exponent, from curves to its minimum."""
    curves = isotherms(temperatures, points, np.random.default_rng(1))
    window, corrections = Window(1.6, 1e-3), Corrections(noise=NOISE_S)
    return processor_s(lambda: make_problem(curves, window, corrections).profile(0.0).minimum())


def main() -> None:
    """Measure all kinds of growth."""
    many, few = (500, 1000, 2000, 4000, 8000), (2, 4, 8, 16, 32)
    runs = [run_s(points) for points in many]
    answer: dict[str, Growth] = {
        "run: points": tuple(zip(*runs, strict=True)),  # type: ignore[dict-item]
        "run: isotherms of 100 points": (few, [run_s(100, temperatures=count)[1] for count in few]),
        "run: fields, each with 100 points": (few, [run_s(100, fields=count)[1] for count in few]),
        "fit: points of 10 isotherms": (many, [fit_s(10, points // 10) for points in many]),
        "fit: isotherms of 401 points": (few[1:], [fit_s(count, 401) for count in few[1:]]),
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
