"""Batches on one core and on two: an exponent with 10 000 bootstrap resamples, and 1000 runs analysed anew.

    python tests/benchmarks/speed/batch.py

A run is nine isotherms up to 1.5 K and one beyond, each a closed sweep of 401 values, with noise, drift and a crossover
to 12 K. A bootstrap resample is a fit to the fitted curve plus its residuals drawn anew; a run analysed is a whole
`fit_exponent` with all its errors. One process does a tenth of the work, all do the whole. Progress goes to stderr.
On a machine that is busy otherwise the gain falls short of the number of cores; processor time a fit, and the share of
the cores that the batch got, tell how much of that is the machine's.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from scipy.special import hyp2f1

from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import Curves, Window, make_curves
from analysis.kondo import scaling_function
from analysis.quantities import reduced_bias, siemens
from analysis.scaling.problem import make_problem, solve_with_drift
from analysis.scaling.refit import Refit

Floats = NDArray[np.float64]

TEMPERATURES_K = (0.1, 0.14, 0.2, 0.28, 0.4, 0.55, 0.75, 1.0, 1.4, 2.0)
KONDO_K = 12.0
WINDOW = Window(1.5, 0.8e-3)
RESAMPLES, RUNS = 10_000, 1000
RESAMPLES_A_TASK = 250
RUNS_A_TASK = 5


@dataclass(frozen=True)
class Timing:
    """What a batch gave and took."""

    processes: int
    alphas: Floats
    seconds: float
    processor_s: float

    @property
    def share(self) -> float:
        """Share of its cores that the batch got."""
        return self.processor_s / self.seconds / self.processes

    @property
    def a_second(self) -> float:
        """Fits a second."""
        return self.alphas.size / self.seconds


def simulated_run(seed: int) -> Curves:
    """Return one run."""
    rng = np.random.default_rng(seed)
    grid = 1e-4 * np.sinh(np.linspace(-1.0, 1.0, 401) * np.arcsinh(40.0))
    bias_V = np.concatenate([grid[200::-1], grid, grid[:200:-1]])
    pieces = []
    for number, temperature_K in enumerate(reversed(TEMPERATURES_K)):
        y = np.sqrt(temperature_K / KONDO_K) * scaling_function(0.29 * reduced_bias(bias_V, temperature_K))
        signal = 2829.0 + 7.8 * np.sqrt(KONDO_K) * y * hyp2f1(0.25, 0.25, 1.25, -(y**4))
        walk = np.cumsum(0.0033 * rng.standard_normal(bias_V.size))
        noise = 0.028 / temperature_K * rng.standard_normal(bias_V.size)
        time_s = 5000.0 * number + 3.3 * np.arange(bias_V.size)
        pieces.append([bias_V, np.full(bias_V.size, temperature_K), siemens(signal + walk + noise), time_s])
    bias, temperature, conductance, time_s = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return make_curves(bias_V=bias, temperature_K=temperature, conductance_S=conductance, time_s=time_s)


@cache
def _refit() -> Refit:
    corrections = Corrections()
    problem = make_problem(simulated_run(1).isotherms(0.0), WINDOW, corrections)
    return Refit(problem, solve_with_drift(problem, corrections)[0])


def resamples(task: int) -> Floats:
    """Return the exponents of one task's resamples."""
    return _refit().bootstrap(RESAMPLES_A_TASK, np.random.default_rng(task))


def runs(task: int) -> Floats:
    """Return the exponents of one task's runs."""
    return np.array(
        [fit_exponent(simulated_run(RUNS_A_TASK * task + place), WINDOW).alpha for place in range(RUNS_A_TASK)]
    )


def measured(work: Callable[[int], Floats], task: int) -> tuple[Floats, float]:
    """Return what a task gives, and its processor time."""
    start = time.process_time()
    alphas = work(task)
    return alphas, time.process_time() - start


def _ready(_: int) -> None:
    _refit()
    time.sleep(0.2)


@contextmanager
def workers(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool whose processes have loaded all they need, with one thread of linear algebra each."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(_ready, range(4 * processes)))
        yield pool


def timed(name: str, work: Callable[[int], Floats], tasks: int, processes: int) -> Timing:
    """Do tasks 0, 1, ... in so many processes and show how far it is."""
    done, processor_s = [], 0.0
    with workers(processes) as pool:
        start = time.perf_counter()
        for count, (alphas, taken_s) in enumerate(pool.map(partial(measured, work), range(tasks)), start=1):
            done.append(alphas)
            processor_s += taken_s
            left_s = (time.perf_counter() - start) / count * (tasks - count)
            sys.stderr.write(f"\r{name}, {processes} process(es): {count}/{tasks}, {left_s:.0f} s left   ")
        seconds = time.perf_counter() - start
    sys.stderr.write("\n")
    return Timing(processes, np.concatenate(done), seconds, processor_s)


class Batch:
    """A batch done twice: a tenth of it in one process, then the whole in all."""

    def __init__(self, name: str, work: Callable[[int], Floats], tasks: int, processes: int) -> None:
        self.name = name
        self.one = timed(name, work, max(2, tasks // 10), 1)
        self.whole = timed(name, work, tasks, processes)

    @property
    def gain(self) -> float:
        """How many times as many fits a second all processes do as one."""
        return self.whole.a_second / self.one.a_second

    def lines(self) -> list[str]:
        """Return its lines of the table."""
        return [
            f"| {self.name} | {t.processes} | {t.alphas.size} | {t.seconds:.1f} | {t.a_second:.1f} | "
            f"{1e3 * t.processor_s / t.alphas.size:.2f} | {100 * t.share:.0f} % | {t.alphas.mean():.4f} | "
            f"{t.alphas.std(ddof=1):.4f} | {note} |"
            for t, note in ((self.one, ""), (self.whole, f"{self.gain:.2f} times one process"))
        ]


def main() -> None:
    """Print one JSON object; progress goes to stderr."""
    cores = os.cpu_count() or 1
    batches = [
        Batch("bootstrap", resamples, RESAMPLES // RESAMPLES_A_TASK, cores),
        Batch("runs", runs, RUNS // RUNS_A_TASK, cores),
    ]
    statistical = _refit().minimum.curvature ** -0.5
    text = "\n".join(
        [
            "| batch | processes | fits | seconds | a second | CPU ms a fit | of its cores | mean alpha | spread | |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *(line for batch in batches for line in batch.lines()),
            "",
            f"Standard error of the bootstrapped run by its profile, noise and drift: {statistical:.4f}.",
            "",
        ]
    )
    found = {
        "table": text,
        "gain": {batch.name: batch.gain for batch in batches},
        "seconds": {batch.name: batch.whole.seconds for batch in batches},
        "resident_MB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
