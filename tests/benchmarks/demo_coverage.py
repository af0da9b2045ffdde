"""Run the demo with many seeds and count how often the total 95 % interval of the exponent holds the truth, 1/2.

    python tests/benchmarks/demo_coverage.py --seeds 40 --jobs 2 --out docs/coverage.md

Each seed is another rack: other noise, drift, thermometer errors, arms and gains; the same contact. A run takes about
half a minute. Nothing is left out of the count.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TRUTH = 0.5
WINDOW = ("--temperature-max-K", "1.5", "--bias-max-V", "0.8e-3")
PARTS = ("temperature", "drift", "excitation", "window", "crossover")


def zerobias(*words: str) -> dict[str, Any]:
    """Run one command and return the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "acquisition", *words, "--json"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return json.loads(done.stdout.strip().rpartition("\n")[2])


def measure(seed: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure one seed, unless its run is there already; return the judgement in the fixed and in the chosen window."""
    out = folder / f"seed-{seed}"
    found = sorted(out.glob("*.zerobias.sqlite"))
    if not found:
        words = ("run", "examples/cu1.toml", "--simulate", "cu1", "--seed", str(seed), "--out", str(out), "--yes")
        found = [Path(zerobias(*words)["run"])]
    return zerobias("analyze", str(found[0]), *WINDOW), zerobias("analyze", str(found[0]))


def holds_truth(judgement: dict[str, Any]) -> bool:
    """Say whether the 95 % interval holds the truth."""
    low, high = judgement["alpha"]["interval95"]
    return low <= TRUTH <= high


def summary(title: str, judgements: list[dict[str, Any]]) -> list[str]:
    """Return lines of a table that says how it went."""
    alphas = [judgement["alpha"]["value"] for judgement in judgements]
    chi2 = [judgement["chi2_per_dof"] for judgement in judgements]
    alpha = [judgement["alpha"] for judgement in judgements]

    def typical(values: Iterable[float]) -> str:
        return f"{statistics.median(values):.4f}"

    rows = {
        "95 % intervals that hold 1/2": f"{sum(map(holds_truth, judgements))} of {len(judgements)}",
        "mean of alpha": f"{statistics.mean(alphas):.4f}",
        "spread of alpha": f"{statistics.stdev(alphas):.4f}",
        "total error, median": typical(entry["error"] for entry in alpha),
        "statistical error, median": typical(entry["statistical"] for entry in alpha),
        "statistical error, largest": f"{max(entry['statistical'] for entry in alpha):.4f}",
        **{f"{part}, median": typical(entry["systematic"][part] for entry in alpha) for part in PARTS},
        "chi2 per degree of freedom": f"{min(chi2):.3f} to {max(chi2):.3f}",
    }
    return [f"| {title} | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items()), ""]


def main() -> None:
    """Measure all seeds and print or write the table."""
    parser = argparse.ArgumentParser(description="Count how often the 95 % interval of the exponent holds 1/2.")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the table here too")
    parser.add_argument("--runs", type=Path, help="keep the run files here; those that are there are analysed again")
    options = parser.parse_args()
    started = time.monotonic()
    given, chosen = [], []
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(options.jobs) as pool:
        folder = (options.runs or Path(temporary)).resolve()
        judged = pool.map(lambda seed: measure(seed, folder), range(1, options.seeds + 1))
        for count, (fixed, free) in enumerate(judged, start=1):
            given.append(fixed)
            chosen.append(free)
            left_s = (time.monotonic() - started) / count * (options.seeds - count)
            alpha = fixed["alpha"]
            sys.stderr.write(
                f"seed {count}: alpha = {alpha['value']:.4f} +- {alpha['error']:.4f}, chi2/dof "
                f"{fixed['chi2_per_dof']:.3f}, {sum(map(holds_truth, given))}/{count} hold 1/2, ETA {left_s:.0f} s\n"
            )
    lines = [
        "# The exponent of the demo over many seeds",
        "",
        f"Written by `tests/benchmarks/demo_coverage.py --seeds {options.seeds}`: `examples/cu1.toml` on the simulated",
        "rack, seeds counted from 1.",
        "",
        *summary("window T <= 1.5 K, \\|V\\| <= 0.8 mV", given),
        *summary("window chosen by the program", chosen),
    ]
    text = "\n".join(lines)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
