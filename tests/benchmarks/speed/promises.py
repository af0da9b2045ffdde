"""The table of what was promised, beside what was measured."""

from collections.abc import Iterator

from tables import Answers, sizes, table

Row = tuple[str, str, str]

NOT_MEASURED = "not measured"
STARTS_S = (0.3, 1.0, 1.5, 2.0)
PEERS = (
    ("Bluesky's point over ours", "bluesky", "at least 10"),
    ("QCoDeS dond's point over ours", "qcodes", "at least 2"),
    (
        "PyMeasure's full point over ours: its window, publishing as it does by default",
        "pymeasure_window",
        "at least 1",
    ),
    ("PyMeasure's window without publishing, over ours", "pymeasure_silent", ""),
    ("PyMeasure's bare worker without a window, over ours", "pymeasure", ""),
)
FIGURES = (
    ("a point of the simulated rack, stored", "simulated", "{point_processor_us:.0f} us", "at most 300 us"),
    ("three days of virtual time over real time", "three-days", "{virtual_over_real:.0f}", "at least 10 000"),
    ("a million points x 12 columns out of the table", "reading-1000000", "{table_s:.2f} s", "at most 1.6 s"),
    ("a million points x 12 columns out of the copy", "reading-1000000", "{copy_s:.3f} s", "at most 0.1 s"),
    ("run file over the raw doubles in it", "reading-1000000", "{bytes_over_raw:.2f}", "at most 1.6"),
    ("a warm fit of the exponent", "exponent", "{warm_ms:.2f} ms", "under 1 ms"),
    ("fssa's fit over ours", "exponent", "{peer_over_ours:.0f}", "at least 100"),
    ("spread of the sharpest D(alpha) over ours", "exponent", "{sharper:.0f}", "at least 5"),
    ("a point into the live exponent, 20 x 401", "live", "{largest_ms[0]:.2f} ms", "under 1 ms"),
    ("a point into the live exponent, 200 x 2001", "live", "{largest_ms[1]:.2f} ms", "under 5 ms"),
    ("... growing with the points taken as their power", "live", "{slope[0]:+.3f}, {slope[1]:+.3f}", "independent"),
    ("10 000 bootstrap resamples, all cores", "batch", "{seconds[bootstrap]:.1f} s", "all cores"),
    ("... against one process", "batch", "{gain[bootstrap]:.2f} times", ""),
    ("1000 runs analysed anew, all cores", "batch", "{seconds[runs]:.0f} s", "all cores"),
    ("... against one process", "batch", "{gain[runs]:.2f} times", ""),
)


def promises(answers: Answers) -> str:
    """Return the table; what has not been measured is said to be so."""
    rows = [*_of_points(answers), *_of_peers(answers)]
    for what, step, words, promised in FIGURES:
        rows.append((what, words.format(**answers[step]) if step in answers else NOT_MEASURED, promised))
    rows += [*_of_reading(answers), *_of_starts(answers)]
    return table(("what", "measured", "promised"), rows)


def _of_points(answers: Answers) -> Iterator[Row]:
    each = {one["points"]: one["processor_us"] for one in sizes(answers, "ours")}
    yield "a point of the loop, stored; the dearest size", f"{max(each.values()):.0f} us", "at most 60 us"
    flat = f"{max(each.values()) / min(each.values()):.2f}"
    yield f"the same, largest over smallest from {min(each)} to {max(each)} points", flat, "within 1.2"


def _of_peers(answers: Answers) -> Iterator[Row]:
    """Yield what a peer took for each number of points, over what this program took for as many."""
    own_us = {name: one["processor_us"] for name, one in answers.items() if name.startswith("ours-")}
    for what, who, promised in PEERS:
        ratios = [
            f"{one['processor_us'] / own_us[same]:.2g}"
            for one in sizes(answers, who)
            if (same := f"ours-{one['points']}") in own_us
        ]
        yield what, " / ".join(ratios) or NOT_MEASURED, promised


def _of_reading(answers: Answers) -> Iterator[Row]:
    if {"reading-100000", "reading-qcodes"} <= answers.keys():
        ratio = answers["reading-qcodes"]["table_s"] / answers["reading-100000"]["table_s"]
        yield "QCoDeS' reading over ours, out of the table", f"{ratio:.0f}", "at least 15"


def _of_starts(answers: Answers) -> Iterator[Row]:
    starts = answers.get("starts", {}).get("starts", {})
    for (name, (own_s, wall_s)), most_s in zip(starts.items(), STARTS_S, strict=False):
        yield name, f"{own_s:.2f} s ({wall_s:.2f} s wall)", f"at most {most_s:g} s"
