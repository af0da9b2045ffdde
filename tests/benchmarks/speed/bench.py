"""All benchmarks of speed, one after the other, and the document that they make.

    make bench

or, piece by piece: ``python tests/benchmarks/speed/bench.py --keep FOLDER --only STEP ...``. Each step is a process of
its own and leaves a JSON file in the folder, where it is found again; delete one to measure it anew. docs/benchmarks.md
and its pictures are written from what is there. The peers live in a virtual environment in that folder.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from document import write_document

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PEERS = ("pymeasure[tcp]==0.16.*", "qcodes", "bluesky", "fssa", "PyQt5", "pyqtgraph")
SURROUNDINGS = {"QT_QPA_PLATFORM": "offscreen", "OPENBLAS_NUM_THREADS": "1"}
"""Windows off screen; linear algebra in one thread, whose time is then that of the work and not of its waiting."""

TIMES = 3
"""How often the shorter runs are measured, to be told from what else the machine does."""

Answer = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A benchmark: its name, the seconds it takes on a quiet machine, and the command, whose last line is JSON.

    Of one that is repeated the quickest counts.
    """

    name: str
    seconds: float
    words: tuple[str, ...]
    is_peer: bool = False
    shows_progress: bool = False
    repeats: int = 1


def steps(folder: Path) -> list[Step]:
    """Return all benchmarks; the larger a run, the later."""
    sizes = (1_000, 10_000, 100_000)
    ours = [Step(f"ours-{n}", 2 + 7e-5 * n, ("our_points.py", str(n))) for n in (*sizes, 1_000_000)]
    peers = [
        Step(f"{peer}-{points}", 3 + cost_s * points, ("peer_points.py", peer, str(points), str(folder)), is_peer=True)
        for peer, cost_s, points_each in (
            ("bluesky", 3e-3, sizes[:2]),
            ("qcodes", 3e-4, sizes),
            ("pymeasure", 5e-5, sizes),
        )
        for points in points_each
    ]
    windows = [
        Step(f"{name}-{n}", 3 + 1.5e-4 * n, ("peer_window.py", how, str(n), str(folder)), is_peer=True)
        for name, how in (("pymeasure_window", "with"), ("pymeasure_silent", "without"))
        for n in sizes
    ]
    windows += [Step(f"ours_window-{n}", 5 + 2e-4 * n, ("our_window.py", str(n))) for n in sizes]
    short = tuple(f"-{n}" for n in sizes[:2])
    points = [
        replace(step, seconds=TIMES * step.seconds, repeats=TIMES) if step.name.endswith(short) else step
        for step in (*ours[:3], *peers, *windows)
    ]
    return [
        *points,
        Step("simulated", 5, ("our_simulated.py", str(ROOT / "examples" / "quick.toml"))),
        Step("reading-100000", 6, ("our_reading.py", "100000")),
        Step("reading-1000000", 50, ("our_reading.py", "1000000")),
        Step("reading-qcodes", 60, ("peer_reading.py", "100000", str(folder)), is_peer=True),
        Step("starts", 30, ("starts.py", str(peers_python(folder)))),
        Step("profiles", 30, ("profiles.py",)),
        Step("growth", 40, ("growth.py",)),
        Step("exponent", 15, ("exponent_fit.py", "100", str(peers_python(folder)))),
        Step("live", 20, ("live_update.py",), shows_progress=True),
        Step("batch", 70, ("batch.py",), shows_progress=True),
        Step("three-days", 80, ("our_simulated.py", str(HERE / "three_days.toml"))),
        ours[3],
    ]


def peers_python(folder: Path) -> Path:
    """Return the interpreter of the peers' environment."""
    return folder / "peers" / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def make_peers(folder: Path) -> None:
    """Make the peers' environment, unless it is there."""
    if peers_python(folder).exists():
        return
    sys.stderr.write("making an environment for the peers\n")
    venv.create(folder / "peers", with_pip=True)
    subprocess.run([str(peers_python(folder)), "-m", "pip", "install", "--quiet", *PEERS], check=True)


def _kept(step: Step, folder: Path) -> Path:
    return folder / f"{step.name}.json"


def answer_of(step: Step, folder: Path) -> Answer:
    """Run a step, or find what it left; the load of the machine when it began is kept with it."""
    kept = _kept(step, folder)
    if not kept.exists():
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        found = [_run(step, folder) for _ in range(step.repeats)]
        if not all(answer.get("is_exact", True) for answer in found):
            raise SystemExit(f"{step.name}: what was stored is not what the instruments showed")
        answer = min(found, key=lambda one: one["processor_us"]) if step.repeats > 1 else found[0]
        kept.write_text(json.dumps({"load": load, "answer": answer}) + "\n", encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def _run(step: Step, folder: Path) -> Answer:
    python = str(peers_python(folder)) if step.is_peer else sys.executable
    done = subprocess.run(
        [python, str(HERE / step.words[0]), *step.words[1:]],
        stdout=subprocess.PIPE,
        stderr=None if step.shows_progress else subprocess.PIPE,
        text=True,
        env=os.environ | SURROUNDINGS,
    )
    if done.returncode:
        said = (done.stderr or "see above").strip().splitlines()
        raise SystemExit(f"{step.name} failed: {said[-1] if said else f'status {done.returncode}'}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(chosen: list[Step], folder: Path, say: Callable[[str], object]) -> None:
    """Take the steps that are not yet measured in turn, and say how far they are and how long the rest will take."""
    missing = [step for step in chosen if not _kept(step, folder).exists()]
    start, done_s, left_s = time.perf_counter(), 0.0, sum(step.seconds for step in missing)
    for number, step in enumerate(missing, 1):
        pace = (time.perf_counter() - start) / done_s if done_s else 1.0
        say(f"{number}/{len(missing)} {step.name}; about {pace * left_s / 60.0:.1f} min left\n")
        answer_of(step, folder)
        done_s, left_s = done_s + step.seconds, left_s - step.seconds
    say(f"measured in {(time.perf_counter() - start) / 60.0:.1f} min\n")


def main() -> None:
    """Measure what is asked for, everything if nothing is, and write the document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, default=ROOT / "figures" / "benchmarks")
    parser.add_argument("--only", nargs="+", metavar="STEP")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    make_peers(options.keep)
    everything = steps(options.keep)
    chosen = [step for step in everything if options.only is None or step.name in options.only]
    measure(chosen, options.keep, sys.stderr.write)
    write_document(
        {step.name: answer_of(step, options.keep) for step in everything if _kept(step, options.keep).exists()},
        ROOT / "docs",
    )


if __name__ == "__main__":
    main()
