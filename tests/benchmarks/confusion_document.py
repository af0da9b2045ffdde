"""The confusion matrix as a page of the documentation, with its figure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from confusion_matrix import VERDICTS, Outcome, matrix, summary
from matplotlib import rc_context
from matplotlib.figure import Figure
from random_instances import TRUTHS

FIGURE_NAME = "confusion.svg"

PAGE = """# How often is the verdict right?

`zerobias analyze` names a mechanism, or says `undecided`. This page is made by

    python tests/benchmarks/confusion_matrix.py --document docs/confusion.md

which draws random contacts of every mechanism, measures each as a typical recipe would (8 to 14 temperatures from 0.1 K
up, 401 voltages both ways with anchors, half of them with a field series, a third with a known annealing), adds noise,
gain drift of 1 part in 3000, a thermometer wrong by 0.5 % and a bias offset, and judges the result like any file. The
ranges are written in `tests/benchmarks/random_instances.py` and `tests/benchmarks/random_measurement.py`. The criteria
were tuned on other seeds than those shown here ({seeds}).

![Truths down, verdicts across](images/{figure})

{table}

| | |
| --- | --- |
| contacts | {instances} |
| wrong verdicts | {wrong} ({wrong_share:.1%}) |
| right verdicts | {right} ({right_share:.1%}) |
| could be decided: the best wrong model costs delta chi2 > 25, or field or history tell | {decidable} |
| of these right | {right_decidable} ({decidable_share:.1%}) |
| could be decided, were shape never allowed to tell 2CK from disorder | {beyond} |
| of these right | {right_beyond} ({beyond_share:.1%}) |
| processor time | {seconds:.0f} s |

`undecided` is not wrong. It is the answer where two mechanisms describe the curves alike, where the anomaly drowns in
noise, and always where nothing but the shape of the curves speaks between two-channel Kondo and static disorder: the
mixture of unknown A and Kondo temperatures that a contact is leaves too much freedom for a shape to decide ([record
16](decisions/0016-a-verdict-rests-on-what-was-measured.md)). Heating on a T^(1/2) background is told from two-channel
Kondo only where the noise lets a single effective temperature stand out from a spread of A.
{mistakes}"""


def write_document(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the page, and its figure into the folder `images` beside it."""
    numbers = summary(outcomes)
    count, decidable = numbers["instances"], numbers["decidable"]
    beyond = numbers["decidable beyond shape"]
    images = path.parent / "images"
    images.mkdir(exist_ok=True)
    with rc_context({"svg.hashsalt": FIGURE_NAME}):
        draw(outcomes).savefig(images / FIGURE_NAME, metadata={"Date": None})
    seeds = [outcome.seed for outcome in outcomes]
    path.write_text(
        PAGE.format(
            seeds=f"{min(seeds)} to {max(seeds)}",
            figure=FIGURE_NAME,
            table=_table(outcomes),
            instances=count,
            wrong=numbers["wrong"],
            wrong_share=numbers["wrong"] / count,
            right=numbers["right"],
            right_share=numbers["right"] / count,
            decidable=decidable,
            right_decidable=numbers["right of decidable"],
            decidable_share=numbers["right of decidable"] / max(1, decidable),
            beyond=beyond,
            right_beyond=numbers["right of decidable beyond shape"],
            beyond_share=numbers["right of decidable beyond shape"] / max(1, beyond),
            seconds=numbers["processor seconds"],
            mistakes=_mistakes(outcomes),
        )
    )


def draw(outcomes: Sequence[Outcome]) -> Figure:
    """Draw the matrix: shade by share of the truth, numbers inside."""
    counts = matrix(outcomes)
    values = np.array([[counts[truth][name] for name in VERDICTS] for truth in TRUTHS], dtype=float)
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1.0)
    figure = Figure(figsize=(8.0, 6.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), value in np.ndenumerate(values):
        if value:
            shade = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(VERDICTS)), VERDICTS, rotation=45, ha="right")
    axes.set_yticks(range(len(TRUTHS)), TRUTHS)
    axes.set_xlabel("verdict")
    axes.set_ylabel("truth")
    return figure


def _table(outcomes: Sequence[Outcome]) -> str:
    counts = matrix(outcomes)
    lines = [f"| truth | {' | '.join(VERDICTS)} |", f"| --- {'| ---: ' * len(VERDICTS)}|"]
    lines += [f"| {truth} | {' | '.join(str(counts[truth][name] or '') for name in VERDICTS)} |" for truth in TRUTHS]
    return "\n".join(lines)


def _mistakes(outcomes: Sequence[Outcome]) -> str:
    wrong = [outcome for outcome in outcomes if outcome.is_wrong]
    if not wrong:
        return ""
    lines = [f"* seed {outcome.seed}: {outcome.truth} taken for {outcome.verdict}" for outcome in wrong]
    return "\nThe mistakes:\n\n" + "\n".join(lines) + "\n"
