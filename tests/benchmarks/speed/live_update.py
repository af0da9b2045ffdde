"""What a point costs the live exponent, against the points already taken.

    python tests/benchmarks/speed/live_update.py

Two runs, 20 isotherms of 401 points and 200 of 2001: filled in steps, and at each step points are added one by one and
the exponent solved again after each, with interval and profile. The slope is that of log cost over log points: 0 means
that a point costs the same however many there are. Beside it, what rebuilding the fit from all points would cost
instead. Medians of processor time, because the machine may be busy, and of wall time beside it; with
OPENBLAS_NUM_THREADS=1 the two are equal on an idle machine. Compare within the table.
"""

import json
import resource
import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.corrections import Corrections
from analysis.curves import Isotherm, Window
from analysis.kondo import scaling_function
from analysis.live import LiveCollapse
from analysis.quantities import reduced_bias, siemens
from analysis.scaling.problem import make_problem

Floats = NDArray[np.float64]

SIZES = ((20, 401), (200, 2001))
SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)
POINTS_A_STEP = 150
NOISE_S = float(siemens(0.1))
DRIFT_S_PER_SQRT_S = 7e-8
SECONDS_A_POINT = 3.3


def isotherms(count: int, points: int, rng: np.random.Generator) -> tuple[Isotherm, ...]:
    """Return isotherms of 0.1 to 1.5 K, one after the other in time; any part of one holds biases up to 0.8 mV."""
    grid_V = 1e-4 * np.sinh(np.linspace(-1.0, 1.0, points) * np.arcsinh(8.0))
    made = []
    for number, temperature_K in enumerate(np.geomspace(0.1, 1.5, count)):
        bias_V = grid_V[rng.permutation(points)]
        signal = 2829.0 + 7.8 * np.sqrt(temperature_K) * scaling_function(0.29 * reduced_bias(bias_V, temperature_K))
        time_s = SECONDS_A_POINT * (np.arange(float(points)) + number * (points + 500))
        noise = NOISE_S * rng.standard_normal(points)
        is_anchor, direction = np.zeros(points, dtype=bool), np.ones(points, dtype=np.int8)
        made.append(
            Isotherm(float(temperature_K), 0.0, bias_V, siemens(signal) + noise, direction, is_anchor, None, time_s)
        )
    return tuple(made)


def rows_of(isotherm: Isotherm, first: int, last: int) -> tuple[Floats, Floats, Floats]:
    """Return bias, conductance and time of some points."""
    assert isotherm.time_s is not None
    rows = slice(first, last)
    return isotherm.bias_V[rows], isotherm.conductance_S[rows], isotherm.time_s[rows]


def step_costs_ms(live: LiveCollapse, run: tuple[Isotherm, ...], last: int) -> Floats:
    """Measure the last points again, later, in one isotherm after the other.

    Returns processor and wall time of each update, shape (n, 2), in milliseconds.
    """
    costs = []
    for step in range(POINTS_A_STEP):
        index, row = step % len(run), last - 1 - step // len(run)
        bias_V, conductance_S, time_s = rows_of(run[index], row, row + 1)
        start = time.process_time(), time.perf_counter()
        live.add(index, bias_V, conductance_S, time_s + 1.0)
        live.exponent()
        costs.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    return 1e3 * np.array(costs)


def rebuild_cost(run: tuple[Isotherm, ...], window: Window) -> float:
    """Return the processor seconds of a fit of alpha from all points."""
    start = time.process_time()
    make_problem(run, window, Corrections(noise=NOISE_S)).profile(DRIFT_S_PER_SQRT_S**2).minimum()
    return time.process_time() - start


@dataclass(frozen=True)
class Measured:
    """What one run shows: lines of the table, the medians at its steps, and how they grow with the points taken."""

    lines: list[str]
    medians_ms: list[float]
    slope: float


def measure(count: int, points: int) -> Measured:
    """Fill a run in steps and measure at each."""
    run = isotherms(count, points, np.random.default_rng(1))
    window = Window(1.6, 1e-3)
    live = LiveCollapse(
        0.8e-3,
        [isotherm.temperature_K for isotherm in run],
        window,
        noise_S=NOISE_S,
        drift_S_per_sqrt_s=DRIFT_S_PER_SQRT_S,
    )
    lines, taken, medians, filled = [], [], [], 0
    for share in SHARES:
        target = int(share * points)
        for index, isotherm in enumerate(run):
            live.add(index, *rows_of(isotherm, filled, target))
        filled = target
        processor_ms, wall_ms = np.median(step_costs_ms(live, run, target), axis=0)
        taken.append(live.exponent().points)
        medians.append(float(processor_ms))
        lines.append(f"| {count} x {points} | {taken[-1]} | {processor_ms:.2f} | {wall_ms:.2f} |")
        sys.stderr.write(f"{count} x {points}: {taken[-1]} points, {medians[-1]:.2f} ms\n")
    slope = float(np.polyfit(np.log(taken), np.log(medians), 1)[0])
    rebuild_ms = 1e3 * float(np.median([rebuild_cost(run, window) for _ in range(3)]))
    exponent = live.exponent()
    lines += [
        f"| {count} x {points} | slope | {slope:+.3f} | |",
        f"| {count} x {points} | rebuilt from all points | {rebuild_ms:.1f} | {rebuild_ms / medians[-1]:.0f} x |",
    ]
    sys.stderr.write(f"alpha = {exponent.alpha:.4f} +- {exponent.statistical:.4f}\n")
    return Measured(lines, medians, slope)


def main() -> None:
    """Print one JSON object."""
    runs = [measure(*size) for size in SIZES]
    head = ["| run | points taken | CPU ms an update | wall ms |", "| --- | --- | --- | --- |"]
    found = {
        "table": "\n".join([*head, *(line for run in runs for line in run.lines), ""]),
        "largest_ms": [max(run.medians_ms) for run in runs],
        "slope": [run.slope for run in runs],
        "resident_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
