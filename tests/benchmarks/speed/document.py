"""The document of the benchmarks of speed: docs/benchmarks.md and its pictures, out of what `bench.py` has measured."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

Answers = dict[str, dict[str, Any]]

PEERS = {"bluesky": "Bluesky", "qcodes": "QCoDeS", "pymeasure": "PyMeasure"}

INTRODUCTION = """# How fast, beside what one would use instead

Written by `make bench`, which takes about a quarter of an hour on a quiet machine; every line can be measured anew.
Each ratio is of two figures of this one table, taken one after the other on one machine. Unless it says wall, a time is
processor time, since the machine may be busy with other things; wall time is longer by what it waits for the disk and
for other programs.
"""


POINTS = """
One value set, four read, by instruments that are functions of the program's own; what was stored was read back and is
what they showed. Zerobias checks, judges by interlocks and commits as in a measurement, so that no point that anybody
was told of can be lost; Bluesky keeps its documents in memory, QCoDeS writes every few seconds, PyMeasure writes text
from a thread of its own and promises nothing after a loss of power.
"""

READING = """
The files: {ours:.2f} times the raw doubles, QCoDeS {peer:.2f} times. When the copy is believed:
[decisions/0018](decisions/0018-a-copy-of-the-columns-is-no-truth.md).
"""


def write_document(answers: Answers, docs: Path) -> None:
    """Write the document and its pictures into the folder of documents."""
    _plot_points(answers, docs / "images" / "benchmark-points.png")
    slopes = _plot_growth(answers["growth"], docs / "images" / "benchmark-growth.png")
    parts = [
        INTRODUCTION,
        _machine(),
        "## Against what was promised\n",
        _promises(answers),
        "## Points on instruments that cost nothing\n",
        _points(answers),
        "![Processor time a point](images/benchmark-points.png)\n",
        "## Reading a run\n",
        _reading(answers),
        "## Starting\n",
        _starts(answers["starts"]),
        "## The exponent\n",
        answers["exponent"]["table"],
        "## A point into the live exponent\n",
        answers["live"]["table"],
        "## Batches\n",
        answers["batch"]["table"],
        "## How cost grows\n",
        slopes,
        "![Processor time against size](images/benchmark-growth.png)\n",
        "## Where the time goes\n",
        _profiles(answers["profiles"]),
    ]
    (docs / "benchmarks.md").write_text("\n".join(parts), encoding="utf-8")


def _machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"Machine: {platform.machine()}, {os.cpu_count()} cores{load} when this was written; "
        f"Python {platform.python_version()}.\n"
    )


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join([_row(*heads), _row(*("---" for _ in heads)), *(_row(*row) for row in rows), ""])


def _sizes(answers: Answers, who: str) -> list[dict[str, Any]]:
    """Return the answers of one program, by size."""
    return sorted((one for name, one in answers.items() if name.startswith(f"{who}-")), key=lambda one: one["points"])


def _same_size(answers: Answers, who: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a peer took for its largest run, and what this program took for one of that size."""
    peer = _sizes(answers, who)[-1]
    return peer, answers[f"ours-{peer['points']}"]


def _promises(answers: Answers) -> str:
    each = [one["processor_us"] for one in _sizes(answers, "ours")]
    reading, peer = answers["reading"], answers["reading-qcodes"]
    per_point = reading["points"] / peer["points"]
    quick, days, starts = answers["simulated"], answers["three-days"], answers["starts"]
    rows = [
        ("a point of the loop, stored", f"{max(each):.0f} us", "at most 60 us"),
        ("the same, largest over smallest from 1e3 points on", f"{max(each) / min(each):.2f}", "within 1.2"),
    ]
    for who, least in (("bluesky", "at least 10"), ("qcodes", "at least 2"), ("pymeasure", "at least 1")):
        one, own = _same_size(answers, who)
        rows.append((f"{PEERS[who]}'s point over ours", f"{one['processor_us'] / own['processor_us']:.2g}", least))
    rows += [
        ("a point of the simulated rack, stored", f"{quick['point_processor_us']:.0f} us", "at most 300 us"),
        (
            f"virtual time, {days['experiment_h'] / 24.0:.1f} days, {days['points']} points",
            f"{3600.0 * days['experiment_h'] / days['processor_s']:.0f} x real time",
            "at least 10 000",
        ),
        ("a million points of twelve columns out of the table", f"{reading['table_s']:.2f} s", "at most 1.6 s"),
        ("the same out of the copy of its columns", f"{reading['copy_s']:.2f} s", "at most 0.1 s"),
        (
            "QCoDeS' reading over ours, a point, out of the table",
            f"{peer['table_s'] * per_point / reading['table_s']:.0f}",
            "at least 15",
        ),
        ("run file over the raw doubles in it", f"{reading['bytes_over_raw']:.2f}", "at most 1.6"),
    ]
    for name, most_s in zip(tuple(starts)[:4], (0.3, 1.0, 1.5, 2.0), strict=True):
        rows.append((name, f"{starts[name][0]:.2f} s ({starts[name][1]:.2f} s wall)", f"at most {most_s:g} s"))
    return _table(("what", "measured", "promised"), rows)


def _points(answers: Answers) -> str:
    rows = []
    for who in ("ours", *PEERS):
        for one in _sizes(answers, who):
            called = f"{PEERS[who]} {one['version']}" if who in PEERS else "Zerobias"
            costs = (f"{one[what]:.0f}" for what in ("processor_us", "wall_us", "resident_MB"))
            rows.append((called, one["points"], *costs))
    return _table(("program", "points", "us a point", "us wall", "MB resident"), rows) + POINTS


def _reading(answers: Answers) -> str:
    ours, peer = answers["reading"], answers["reading-qcodes"]
    rows = [
        ("Zerobias, table", ours["points"], f"{ours['table_s']:.3f}", f"{ours['table_wall_s']:.3f}"),
        ("Zerobias, copy", ours["points"], f"{ours['copy_s']:.3f}", f"{ours['copy_wall_s']:.3f}"),
        (f"QCoDeS {peer['version']}", peer["points"], f"{peer['table_s']:.3f}", f"{peer['table_wall_s']:.3f}"),
    ]
    text = _table(("twelve columns", "points", "s", "s wall"), rows)
    return text + READING.format(ours=ours["bytes_over_raw"], peer=peer["bytes_over_raw"])


def _starts(starts: dict[str, Any]) -> str:
    return _table(
        ("start", "s", "s wall"), [(name, f"{own:.2f}", f"{wall:.2f}") for name, (own, wall) in starts.items()]
    )


def _profiles(profiles: dict[str, Any]) -> str:
    parts = []
    for what, lines in profiles.items():
        rows = [(f"`{name}`", calls, f"{100.0 * share:.1f} %") for name, calls, share in lines]
        parts.append(f"The ten largest costs of {what}:\n\n{_table(('function', 'calls', 'share'), rows)}")
    return "\n".join(parts)


def _plot_points(answers: Answers, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    for who, called in ({"ours": "Zerobias"} | PEERS).items():
        found = [(one["points"], one["processor_us"]) for one in _sizes(answers, who)]
        axes.loglog(*zip(*found, strict=True), "o-", label=called)
    axes.set(xlabel="points", ylabel="processor time a point (us)")
    axes.legend()
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _plot_growth(growth: dict[str, Any], path: Path) -> str:
    figure, axes = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    rows = []
    for name, (sizes, seconds) in growth.items():
        slope, start = np.polyfit(np.log(sizes), np.log(seconds), 1)
        (line,) = axes.loglog(sizes, seconds, "o", label=f"{name}, slope {slope:.2f}")
        axes.loglog(
            sizes, np.exp(start) * np.array(sizes, dtype=float) ** slope, "-", color=line.get_color(), alpha=0.6
        )
        rows.append((name, f"{sizes[0]:g} to {sizes[-1]:g}", f"{slope:.2f}"))
    axes.set(xlabel="size", ylabel="processor time (s)")
    axes.legend(fontsize="small")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return _table(("what grows", "sizes", "slope of log time over log size"), rows)
