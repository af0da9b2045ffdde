"""The document of the benchmarks of speed: docs/benchmarks.md and its pictures, out of what `bench.py` has measured."""

import os
import platform
from pathlib import Path
from typing import Any

from pictures import plot_growth, plot_points, slope
from promises import promises
from tables import PROGRAMS, Answers, called, sizes, table

INTRODUCTION = """# How fast, beside what one would use instead

Written by `make bench`; every line can be measured anew. Unless it says wall, a time is processor time, since the
machine may be busy with other things; on one that shares its cores it is still half as long again as on a quiet one,
and wall time is longer by what it waits for the disk and for other programs. Peers are measured in the same go, in an
environment of their own; a ratio with several numbers is that at each size of the table of points, the best of three
runs up to 10 000 points.
"""

DURABLE = {
    "ours": "each point that anybody was told of: committed and synchronised with the disk, at most 20 ms together",
    "ours_window": "the same: the window only reads the run file",
    "bluesky": "nothing by itself; documents are in memory",
    "qcodes": "what was written to the data base, by default every few seconds",
    "pymeasure": "after a kill, the lines that its second thread has written; after a loss of power, no promise",
    "pymeasure_silent": "as the bare worker",
    "pymeasure_window": "as the bare worker",
}

POINTS = """
One value set, four read, by instruments that are functions of the program's own; what was stored was read back and is
what they showed. Ours is the whole engine: plan, checks of every reading, interlocks, commands, commits. The window is
a process of its own, off screen: raw curves, collapse with the exponent fitted, conditions and the other panels; its
time is added to the engine's, and a part of it is spent once, however many points there are: on opening the run and its
panels. PyMeasure's full point is what a user of its `ManagedWindow` has: procedure in a worker thread, recorder thread,
the curve drawn from the CSV five times a second, and each point published over ZeroMQ, as its worker does wherever
pyzmq and cloudpickle are installed; where they are not it is the line "not publishing". Bluesky scans into a list,
QCoDeS by `dond` into its data base, with a cache of the whole run in memory, which grows with it. (The memory of ours
holds what the check of all stored values reads back, that of the window is the window's own.)

What survives, should the program be killed or the power fail:

{durable}
![Processor time a point](images/benchmark-points.png)
"""

READING = """
The files: {ours:.2f} times the raw doubles, QCoDeS {peer:.2f} times. When the copy is believed:
[record 13](decisions/0013-a-copy-of-the-columns-is-no-truth.md). Out of the table a row is packed inside SQLite and
fetched as one value: fetched one by one, each value costs two locks of SQLite's connection, which took more than half
of the time. Against rows value by value (300 000 points, side by side): so packed .55 of the time; a query a column 2.2
times, a list of all rows 1.25 times, structured arrays 1.1 times, batches of rows into an array the same. A function
that keeps what SQLite hands it would take .4 of the time, but in an order that SQLite does not promise.
"""

DONE = """
What was done about them. A point: a reading is a tuple, which is made in a third of the time of a frozen class; flags
are looked at one by one only where there are any; what a station's file says is asked for once an isotherm instead of
once a point; a virtual clock sleeps in slices of ten seconds; free disk is asked for ten times a second; a point that
trips no interlock is not made anew. The simulated rack: a setting goes with its read-back and a reading with its status
in one message where the manual allows it, eight messages a point instead of eleven; a message goes straight from our
line to PyVISA's library, and its header is looked up by its spelling before the command table's rules are asked; the
cells of the lock-in's filter and their weights are those of the point before, whose step was as long ago; filtered
noise is one product with a kernel; a bias is solved for in one step from straight lines between the table's nodes; a
bridge shows the reading that it has finished instead of taking it anew. Measured side by side, the four boxes of a
point cost two thirds of what they did, and the stored values did not change by a bit. What is left is spread over some
sixteen hundred calls a point: of the boxes' time half is the lock-in's reply, numpy on fifteen cells of its filter; of
the whole a third is the layers that eight messages pass. The live exponent is kept as normal equations, to which a
point is added, and what is left is their solution. Drawing: only the curve that grows is set anew, pens are one pixel
wide, and what has not changed is a picture that is kept; what is left is Qt's painting.
"""


def write_document(kept: dict[str, dict[str, Any]], docs: Path) -> None:
    """Write the document and its pictures into the folder of documents.

    Parameters
    ----------
    kept : dict
        Of each step that was measured, the load of the machine when it began and its answer.
    """
    answers = {name: one["answer"] for name, one in kept.items()}
    sections = (
        ("Against what was promised", promises),
        ("Points on instruments that cost nothing", _points),
        ("Reading a run", _reading),
        ("Starting", _starts),
        ("The exponent", lambda answers: _judged(answers, "exponent")),
        ("A point into the live exponent", lambda answers: _judged(answers, "live")),
        ("Batches", lambda answers: _judged(answers, "batch")),
        ("How cost grows", _growth),
        ("Memory", _memory),
        ("Where the time goes", _profiles),
    )
    parts = [INTRODUCTION, _machine([one["load"] for one in kept.values()])]
    for title, section in sections:
        if text := section(answers):
            parts += [f"## {title}\n", text]
    (docs / "benchmarks.md").write_text("\n".join(parts), encoding="utf-8")
    plot_points(answers, docs / "images" / "benchmark-points.png")
    if "growth" in answers:
        plot_growth(answers["growth"], docs / "images" / "benchmark-growth.png")


def _machine(loads: list[float | None]) -> str:
    known = [load for load in loads if load is not None]
    load = f", load {min(known):.1f} to {max(known):.1f} before the steps" if known else ""
    return (
        f"Machine: {platform.machine()}, {os.cpu_count()} cores{load}; Python {platform.python_version()}, "
        f"{platform.system()}.\n"
    )


def _points(answers: Answers) -> str:
    rows = [
        (
            called(answers, who),
            one["points"],
            *(f"{one[what]:.0f}" for what in ("processor_us", "wall_us", "resident_MB")),
        )
        for who in PROGRAMS
        for one in sizes(answers, who)
    ]
    durable = table(("program", "what survives"), [(PROGRAMS[who], DURABLE[who]) for who in PROGRAMS])
    return table(("program", "points", "us a point", "us wall", "MB resident"), rows) + POINTS.format(durable=durable)


def _reading(answers: Answers) -> str:
    if not {"reading-100000", "reading-qcodes"} <= answers.keys():
        return ""
    peer, rows = answers["reading-qcodes"], []
    for ours in (answers[name] for name in ("reading-100000", "reading-1000000") if name in answers):
        for what, name in (("table", "Zerobias, table"), ("copy", "Zerobias, copy")):
            rows.append((name, ours["points"], f"{ours[f'{what}_s']:.4f}", f"{ours[f'{what}_wall_s']:.4f}"))
    rows.append((f"QCoDeS {peer['version']}", peer["points"], f"{peer['table_s']:.4f}", f"{peer['table_wall_s']:.4f}"))
    text = table(("twelve columns", "points", "s", "s wall"), rows)
    return text + READING.format(ours=answers["reading-100000"]["bytes_over_raw"], peer=peer["bytes_over_raw"])


def _starts(answers: Answers) -> str:
    starts = answers.get("starts", {}).get("starts", {})
    rows = [(name, f"{own:.2f}", f"{wall:.2f}") for name, (own, wall) in starts.items()]
    return table(("start", "s", "s wall"), rows) if rows else ""


def _judged(answers: Answers, what: str) -> str:
    return answers[what]["table"] if what in answers else ""


def _growth(answers: Answers) -> str:
    rows = [
        (name, f"{counts[0]:g} to {counts[-1]:g}", f"{slope(counts, seconds)[0]:.2f}")
        for name, (counts, seconds) in answers.get("growth", {}).items()
    ]
    if not rows:
        return ""
    text = table(("what grows", "sizes", "slope of log time over log size"), rows)
    return f"{text}\n![Processor time against size](images/benchmark-growth.png)\n"


def _memory(answers: Answers) -> str:
    """Return the largest memory of each benchmark's process."""
    rows = [(name, f"{one['resident_MB']:.0f}") for name, one in answers.items() if "resident_MB" in one]
    return table(("step, and points", "MB resident at most"), rows) if rows else ""


def _profiles(answers: Answers) -> str:
    parts = []
    for what, lines in answers.get("profiles", {}).items():
        rows = [(f"`{name}`", calls, f"{100.0 * share:.1f} %") for name, calls, share in lines]
        parts.append(f"The ten largest costs of {what}:\n\n{table(('function', 'calls', 'share'), rows)}")
    return "\n".join([*parts, DONE]) if parts else ""
