"""The pictures of the document of the benchmarks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from tables import PROGRAMS, Answers, called, sizes


def plot_points(answers: Answers, path: Path) -> None:
    """Draw processor time a point against the number of points, of each program."""
    figure, axes = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    for who in PROGRAMS:
        found = [(one["points"], one["processor_us"]) for one in sizes(answers, who)]
        if found:
            axes.loglog(*zip(*found, strict=True), "o-", label=called(answers, who))
    axes.set(xlabel="points", ylabel="processor time a point (us)")
    figure.legend(loc="outside upper center", ncols=2, fontsize="small")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plot_growth(growth: dict[str, Any], path: Path) -> None:
    """Draw time against size, each kind of growth with its straight line."""
    figure, axes = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    for name, (counts, seconds) in growth.items():
        power, start = slope(counts, seconds)
        (line,) = axes.loglog(counts, seconds, "o", label=f"{name}, slope {power:.2f}")
        fitted = np.exp(start) * np.array(counts, dtype=float) ** power
        axes.loglog(counts, fitted, "-", color=line.get_color(), alpha=0.6)
    axes.set(xlabel="size", ylabel="processor time (s)")
    figure.legend(loc="outside upper center", ncols=2, fontsize="small")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def slope(counts: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Return slope and start of the straight line through the logarithms."""
    power, start = np.polyfit(np.log(counts), np.log(seconds), 1)
    return float(power), float(start)
