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

Written by `make bench`, whose steps add up to some fifteen minutes by their own estimate; every line can be measured
anew. Unless it says wall, a time is processor time, since the machine may be busy with other things; on a machine that
shares its cores it is still half as long again as on a quiet one, and wall time is longer by what it waits for the disk
and for other programs. Steps are kept one by one: those of one document may be some time, and some load, apart. What
has not been measured is said to be so.
"""

POINTS = """
One value set, four read, by instruments that are functions of the program's own; what was stored was read back and is
what they showed. Zerobias checks, judges by interlocks and commits as in a measurement, so that no point that anybody
was told of can be lost; Bluesky keeps its documents in memory, QCoDeS writes every few seconds, PyMeasure writes text
from a thread of its own and promises nothing after a loss of power.

![Processor time a point](images/benchmark-points.png)
"""

READING = """
The files: {ours:.2f} times the raw doubles, QCoDeS {peer:.2f} times. When the copy is believed:
[record 13](decisions/0013-a-copy-of-the-columns-is-no-truth.md).
"""


DONE = """
What was done about them: a simulated contact's curve is worked out in temperature only where it is asked for, and one
bias is solved for in plain numbers; noise is drawn in pages; the thermal state is read off as four plain numbers; a
reply passes two layers of PyVISA fewer; a point goes into the run file without copies, its free disk is asked for ten
times a second, and a point that trips no interlock is not made anew. What is left is spread thin: some two thousand
calls a simulated point, for eleven messages through PyMeasure, PyVISA and the boxes' command tables.
"""


def write_document(answers: Answers, docs: Path) -> None:
    """Write the document and its pictures into the folder of documents."""
    sections = (
        ("Against what was promised", _promises),
        ("Points on instruments that cost nothing", _points),
        ("Reading a run", _reading),
        ("Starting", _starts),
        ("The exponent", lambda answers: _judged(answers, "exponent")),
        ("A point into the live exponent", lambda answers: _judged(answers, "live")),
        ("Batches", lambda answers: _judged(answers, "batch")),
        ("How cost grows", _growth),
        ("Where the time goes", _profiles),
    )
    parts = [INTRODUCTION, _machine()]
    for title, section in sections:
        if text := section(answers):
            parts += [f"## {title}\n", text]
    (docs / "benchmarks.md").write_text("\n".join(parts), encoding="utf-8")
    _plot_points(answers, docs / "images" / "benchmark-points.png")
    if "growth" in answers:
        _plot_growth(answers["growth"], docs / "images" / "benchmark-growth.png")


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
    """Return the table of promises; what has not been measured is said to be so."""
    each = [one["processor_us"] for one in _sizes(answers, "ours")]
    largest = _sizes(answers, "ours")[-1]["points"]
    rows = [
        ("a point of the loop, stored", f"{max(each):.0f} us", "at most 60 us"),
        (f"the same, largest over smallest from 1e3 to {largest} points", f"{max(each) / min(each):.2f}", "within 1.2"),
    ]
    for who, least in (("bluesky", "at least 10"), ("qcodes", "at least 2"), ("pymeasure", "at least 1")):
        one, own = _same_size(answers, who)
        rows.append((f"{PEERS[who]}'s point over ours", f"{one['processor_us'] / own['processor_us']:.2g}", least))
    simulated = (
        ("a point of the simulated rack, stored", "simulated", "{point_processor_us:.0f} us", "at most 300 us"),
        ("three days of virtual time over real time", "three-days", "{virtual_over_real:.0f}", "at least 10 000"),
        ("a million points out of the table", "reading-1000000", "{table_s:.2f} s", "at most 1.6 s"),
        ("a million points out of the copy", "reading-1000000", "{copy_s:.3f} s", "at most 0.1 s"),
        ("a hundred thousand points out of the table", "reading-100000", "{table_s:.3f} s", ""),
        ("a hundred thousand points out of the copy", "reading-100000", "{copy_s:.4f} s", ""),
        ("run file over the raw doubles in it", "reading-100000", "{bytes_over_raw:.2f}", "at most 1.6"),
    )
    for what, step, words, promised in simulated:
        measured = words.format(**answers[step]) if step in answers else "not measured"
        rows.append((what, measured, promised))
    if {"reading-100000", "reading-qcodes"} <= answers.keys():
        ratio = answers["reading-qcodes"]["table_s"] / answers["reading-100000"]["table_s"]
        rows.append(("QCoDeS' reading over ours, out of the table", f"{ratio:.0f}", "at least 15"))
    for (name, (own_s, wall_s)), most_s in zip(answers.get("starts", {}).items(), (0.3, 1.0, 1.5, 2.0), strict=False):
        rows.append((name, f"{own_s:.2f} s ({wall_s:.2f} s wall)", f"at most {most_s:g} s"))
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
    if not {"reading-100000", "reading-qcodes"} <= answers.keys():
        return ""
    peer, rows = answers["reading-qcodes"], []
    for ours in (answers[name] for name in ("reading-100000", "reading-1000000") if name in answers):
        for what, called in (("table", "Zerobias, table"), ("copy", "Zerobias, copy")):
            rows.append((called, ours["points"], f"{ours[f'{what}_s']:.4f}", f"{ours[f'{what}_wall_s']:.4f}"))
    rows.append((f"QCoDeS {peer['version']}", peer["points"], f"{peer['table_s']:.4f}", f"{peer['table_wall_s']:.4f}"))
    text = _table(("twelve columns", "points", "s", "s wall"), rows)
    return text + READING.format(ours=answers["reading-100000"]["bytes_over_raw"], peer=peer["bytes_over_raw"])


def _starts(answers: Answers) -> str:
    rows = [(name, f"{own:.2f}", f"{wall:.2f}") for name, (own, wall) in answers.get("starts", {}).items()]
    return _table(("start", "s", "s wall"), rows) if rows else ""


def _judged(answers: Answers, what: str) -> str:
    return answers[what]["table"] if what in answers else ""


def _growth(answers: Answers) -> str:
    rows = [
        (name, f"{sizes[0]:g} to {sizes[-1]:g}", f"{_slope(sizes, seconds)[0]:.2f}")
        for name, (sizes, seconds) in answers.get("growth", {}).items()
    ]
    if not rows:
        return ""
    table = _table(("what grows", "sizes", "slope of log time over log size"), rows)
    return f"{table}\n![Processor time against size](images/benchmark-growth.png)\n"


def _slope(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Return slope and start of the straight line through the logarithms."""
    slope, start = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return float(slope), float(start)


def _profiles(answers: Answers) -> str:
    parts = []
    for what, lines in answers.get("profiles", {}).items():
        rows = [(f"`{name}`", calls, f"{100.0 * share:.1f} %") for name, calls, share in lines]
        parts.append(f"The ten largest costs of {what}:\n\n{_table(('function', 'calls', 'share'), rows)}")
    return "\n".join([*parts, DONE]) if parts else ""


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


def _plot_growth(growth: dict[str, Any], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    for name, (sizes, seconds) in growth.items():
        slope, start = _slope(sizes, seconds)
        (line,) = axes.loglog(sizes, seconds, "o", label=f"{name}, slope {slope:.2f}")
        fitted = np.exp(start) * np.array(sizes, dtype=float) ** slope
        axes.loglog(sizes, fitted, "-", color=line.get_color(), alpha=0.6)
    axes.set(xlabel="size", ylabel="processor time (s)")
    axes.legend(fontsize="small")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)
