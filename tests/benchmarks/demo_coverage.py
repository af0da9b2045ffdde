"""Run the demo with many seeds and count how often what is said with an error holds the truth.

    python tests/benchmarks/demo_coverage.py --seeds 40 --jobs 2 --out docs/coverage.md

Each seed is another rack: other noise, drift, thermometer errors, arms and gains; the same contact. A run takes about
half a minute. Nothing is left out of the count. The truths: alpha = beta = 1/2, and the offset current of the simulated
source times the contact's resistance.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

# many small problems: one thread is several times faster than a few, as for `zerobias` itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))

from acquisition.measured import load_measured  # noqa: E402
from analysis.collapse import fit_exponent  # noqa: E402
from analysis.curves import Window  # noqa: E402
from analysis.features import exponents_apart  # noqa: E402
from analysis.fit_result import ExponentFit  # noqa: E402
from analysis.signs.two_exponents import TwoExponents  # noqa: E402
from analysis.thinning import thinned  # noqa: E402
from simulators.noise import Noise  # noqa: E402
from simulators.parts.keithley2400_source import KEITHLEY_2400  # noqa: E402

TRUTH = 0.5
QUANTILE_95 = 1.96
WINDOW = Window(1.5, 0.8e-3)
PARTS = ("temperature", "drift", "excitation", "window", "crossover")
SOURCE_RANGE_A, CONTACT_S = 1e-3, 2829 * 3.874045865e-5


@dataclass(frozen=True)
class Judged:
    """One seed: the exponent and both exponents apart, in the given window and in the one chosen; the true offset."""

    fits: tuple[ExponentFit, ExponentFit]
    apart: tuple[TwoExponents, TwoExponents]
    offset_V: float


def zerobias(*words: str) -> dict[str, Any]:
    """Run one command and return the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "acquisition", *words, "--json"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return json.loads(done.stdout.strip().rpartition("\n")[2])


def judge(seed: int, folder: Path) -> Judged:
    """Measure one seed, unless its run is there already, and fit what `zerobias analyze` fits."""
    out = folder / f"seed-{seed}"
    found = sorted(out.glob("*.zerobias.sqlite"))
    if not found:
        words = ("run", "examples/cu1.toml", "--simulate", "cu1", "--seed", str(seed), "--out", str(out), "--yes")
        found = [Path(zerobias(*words)["run"])]
    measured = load_measured(found[0])
    curves, corrections = thinned(measured.curves()), measured.corrections()
    given, chosen = (fit_exponent(curves, window, corrections) for window in (WINDOW, None))
    return Judged(
        (given, chosen), (exponents_apart(curves, given), exponents_apart(curves, chosen)), true_offset_V(seed)
    )


def true_offset_V(seed: int) -> float:
    """Return the bias at which the simulated source sends no current through the contact."""
    drawn = Noise(seed, f"keithley2400/offset/CURR/{SOURCE_RANGE_A:g}").at(0)
    return -KEITHLEY_2400.source_offset * SOURCE_RANGE_A * min(max(drawn, -2.5), 2.5) / CONTACT_S


def holds_truth(fit: ExponentFit) -> bool:
    """Say whether the 95 % interval holds the truth."""
    return fit.interval95[0] <= TRUTH <= fit.interval95[1]


def summary(title: str, fits: Sequence[ExponentFit]) -> list[str]:
    """Return lines of a table that says how it went."""
    alphas = [fit.alpha for fit in fits]
    chi2 = [fit.chi2_per_dof for fit in fits]
    rows = {
        "95 % intervals that hold 1/2": f"{sum(map(holds_truth, fits))} of {len(fits)}",
        "within one error of 1/2": f"{sum(abs(fit.alpha - TRUTH) < fit.error for fit in fits)} of {len(fits)}",
        "mean of alpha": f"{statistics.mean(alphas):.4f}",
        "spread of alpha": f"{statistics.stdev(alphas):.4f}",
        "total error, median": typical([fit.error for fit in fits]),
        "total error, largest": f"{max(fit.error for fit in fits):.4f}",
        "statistical error, median": typical([fit.statistical for fit in fits]),
        "statistical error, largest": f"{max(fit.statistical for fit in fits):.4f}",
        **{f"{part}, median": typical([getattr(fit.systematic, part) for fit in fits]) for part in PARTS},
        "chi2 per degree of freedom": f"{min(chi2):.3f} to {max(chi2):.3f}",
        "cautions": f"{sum(bool(fit.caution) for fit in fits)}",
    }
    return [f"| {title} | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items()), ""]


def typical(values: Sequence[float]) -> str:
    """Return the median as text."""
    return f"{statistics.median(values):.4f}"


def coverage_row(name: str, triples: Sequence[tuple[float, float, float]], digits: int = 4) -> str:
    """Return a row of how often (value, error, truth) hold the truth."""
    pulls = [abs(value - truth) / error for value, error, truth in triples]
    off = [value - truth for value, _, truth in triples]
    count = len(pulls)
    return (
        f"| {name} | {sum(pull < 1.0 for pull in pulls)} of {count} | {sum(pull < QUANTILE_95 for pull in pulls)} of "
        f"{count} | {statistics.mean(off):+.{digits}f} | {statistics.stdev(off):.{digits}f} | "
        f"{statistics.median(error for _, error, _ in triples):.{digits}f} |"
    )


def others(judged: Sequence[Judged]) -> list[str]:
    """Return the table of both exponents apart and of the bias offset."""
    rows = [
        "| quantity | within one error | within 1.96 | mean off | spread | error, median |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for place, title in enumerate(("given", "chosen")):
        for name in ("alpha", "beta"):
            found = [getattr(own.apart[place], name) for own in judged]
            rows.append(coverage_row(f"{name} apart, window {title}", [(q.value, q.error, TRUTH) for q in found]))
    applied = [(own.fits[0].corrections, own.offset_V) for own in judged]
    offsets = [(1e6 * c.bias_offset_V, 1e6 * (c.bias_offset_error_V or 0.0), 1e6 * truth) for c, truth in applied]
    return [*rows, coverage_row("bias offset, uV", offsets, 2), ""]


def main() -> None:
    """Measure all seeds and print or write the table."""
    parser = argparse.ArgumentParser(description="Count how often errors hold the truth.")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the table here too")
    parser.add_argument("--runs", type=Path, help="keep the run files here; those that are there are analysed again")
    options = parser.parse_args()
    started = time.monotonic()
    judged: list[Judged] = []
    with tempfile.TemporaryDirectory() as temporary, ProcessPoolExecutor(options.jobs) as pool:
        folder = (options.runs or Path(temporary)).resolve()
        for own in pool.map(judge, range(1, options.seeds + 1), repeat(folder)):
            judged.append(own)
            count, fit = len(judged), own.fits[0]
            left_s = (time.monotonic() - started) / count * (options.seeds - count)
            sys.stderr.write(
                f"seed {count}: alpha = {fit.alpha:.4f} +- {fit.error:.4f}, chi2/dof {fit.chi2_per_dof:.3f}, "
                f"{sum(holds_truth(one.fits[0]) for one in judged)}/{count} hold 1/2, ETA {left_s:.0f} s\n"
            )
    lines = [
        "# The exponent of the demo over many seeds",
        "",
        f"Written by `tests/benchmarks/demo_coverage.py --seeds {options.seeds}`: `examples/cu1.toml` on the simulated",
        "rack, seeds counted from 1.",
        "",
        *summary("window T <= 1.5 K, \\|V\\| <= 0.8 mV", [own.fits[0] for own in judged]),
        *summary("window chosen by the program", [own.fits[1] for own in judged]),
        *others(judged),
    ]
    text = "\n".join(lines)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
