"""Measure what a new batch of points costs the window's thread, beside the naive way in the same run.

    python tests/benchmarks/window_redraw.py [--out FILE]

The window's own raw curves, collapse and exponent views are fed as in a run: the newest isotherm grows by a batch, the
worker's answer holds that isotherm, and everything is painted. The naive way sets every curve of the same plots anew
for each batch, unthinned, with automatic ranges and no cached picture. Processor time of the window's thread, median;
the machine may be busy, so compare within the table.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PyQt5.QtCore import QSettings
from PyQt5.QtWidgets import QApplication, QHBoxLayout, QWidget

from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.exponent_view import ExponentView
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.raw_view import RawView
from acquisition.gui.tail import Fresh, TailedIsotherm
from acquisition.terminal.commands import station_for
from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import Window, make_curves
from analysis.fit_result import ExponentFit
from analysis.kondo import scaling_function
from analysis.quantities import in_conductance_quanta, reduced_bias, siemens
from analysis.scaling.collapsed import CollapsedIsotherm

Floats = NDArray[np.float64]

SIZES = ((20, 401), (200, 2001))
BATCHES = 60
POINTS_A_BATCH = 4
SLIDER_MOVES = 30
NOISE = 0.1
BASE = 2829.0


@dataclass(frozen=True)
class MadeIsotherm:
    """One isotherm: bias in volts and conductance in e2/h, shape (n,)."""

    temperature_K: float
    bias_V: Floats
    quanta: Floats

    def collapsed(self, count: int, alpha: float) -> CollapsedIsotherm:
        """Return its first points on the scale of the collapse."""
        v = np.abs(reduced_bias(self.bias_V[:count], self.temperature_K))
        scaled = siemens(self.quanta[:count] - BASE) / self.temperature_K**alpha
        rest = siemens(NOISE) * np.ones(count)
        is_inside, direction = np.ones(count, dtype=bool), np.ones(count, dtype=np.int8)
        noise_S = float(siemens(NOISE))
        return CollapsedIsotherm(self.temperature_K, np.sqrt(v), scaled, rest, noise_S, is_inside, direction)


def make_isotherms(count: int, points: int, rng: np.random.Generator) -> list[MadeIsotherm]:
    """Return isotherms of 0.1 to 1.5 K with noise."""
    bias_V = 1e-4 * np.sinh(np.linspace(-1.0, 1.0, points) * np.arcsinh(8.0))
    made = []
    for temperature_K in np.geomspace(0.1, 1.5, count):
        signal = 7.8 * np.sqrt(temperature_K) * scaling_function(0.29 * reduced_bias(bias_V, temperature_K))
        quanta = BASE + signal - signal.min() + NOISE * rng.standard_normal(points)
        made.append(MadeIsotherm(float(temperature_K), bias_V, quanta))
    return made


def make_fit(rng: np.random.Generator) -> ExponentFit:
    """Return a fit to draw, of a small run."""
    made = make_isotherms(8, 101, rng)
    return fit_exponent(
        make_curves(
            bias_V=np.concatenate([isotherm.bias_V for isotherm in made]),
            temperature_K=np.repeat([isotherm.temperature_K for isotherm in made], 101),
            conductance_S=siemens(np.concatenate([isotherm.quanta for isotherm in made])),
        ),
        Window(1.6, 1e-3),
        Corrections(noise=float(siemens(NOISE))),
    )


def tailed(index: int, made: MadeIsotherm, count: int) -> TailedIsotherm:
    """Return the first points of an isotherm as the tail of a run file has them."""
    isotherm = TailedIsotherm(index, made.temperature_K, 0.0)
    extend(isotherm, made, 0, count)
    return isotherm


def extend(isotherm: TailedIsotherm, made: MadeIsotherm, first: int, last: int) -> None:
    """Let an isotherm grow."""
    columns = {name: np.zeros(last - first) for name in isotherm.table._names}
    columns |= {"bias_V": made.bias_V[first:last], "conductance_S": siemens(made.quanta[first:last])}
    isotherm.table.extend(columns)


class Screen(QWidget):
    """A window of 1280 x 800 with some widgets side by side."""

    def __init__(self, widgets: list[Any]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        for widget in widgets:
            row.addWidget(widget)
        self.resize(1280, 800)
        self.show()


def costs_ms(steps: int, do: Callable[[int], None], application: QApplication) -> Floats:
    """Return the thread's processor time of each step and of all painting that follows from it, in milliseconds."""
    application.processEvents()
    costs = []
    for step in range(steps):
        began_s = time.thread_time()
        do(step)
        application.processEvents()
        costs.append(time.thread_time() - began_s)
    return 1e3 * np.array(costs)


def measure_ours(made: list[MadeIsotherm], fit: ExponentFit, application: QApplication) -> tuple[Floats, Floats]:
    """Return the costs of batches and of slider moves in the window's own views."""
    settings = QSettings(os.devnull, QSettings.Format.IniFormat)
    around = Surroundings(style.LIGHT, settings, WallClock(), [], station_for, Path())
    raw, collapse, exponent = RawView(around), CollapseView(around), ExponentView(around)
    screen = Screen([raw, collapse, exponent])
    last, half = len(made) - 1, len(made[0].bias_V) // 2
    isotherms = {index: tailed(index, one, len(one.bias_V)) for index, one in enumerate(made[:-1])}
    isotherms[last] = tailed(last, made[-1], half)
    tail: Any = SimpleNamespace(isotherms=isotherms, path=Path("made.zerobias.sqlite"))
    colours = style.TemperatureColours([one.temperature_K for one in made], style.LIGHT)
    theory = fit.master_curve.reduced_bias, fit.master_curve.value

    def show(touched: frozenset[int], *, is_batch: bool) -> None:
        news = News(tail, Fresh(isotherms=touched, points=POINTS_A_BATCH), colours)
        collapsed = {index: made[index].collapsed(len(isotherms[index].table), fit.alpha) for index in touched}
        for view in (raw, collapse, exponent):
            view.show_news(news)
        for view in (raw, collapse, exponent):
            view.show_answer(FitAnswer(fit, collapsed, theory, is_batch))

    def grow(step: int) -> None:
        first = half + POINTS_A_BATCH * step
        extend(isotherms[last], made[-1], first, first + POINTS_A_BATCH)
        show(frozenset({last}), is_batch=False)

    def slide(step: int) -> None:
        collapse.slider.setValue(300 + step)

    show(frozenset(isotherms), is_batch=True)
    batches = min(BATCHES, (len(made[0].bias_V) - half) // POINTS_A_BATCH)
    grown = costs_ms(batches, grow, application)
    collapse.auto.setChecked(False)
    slid = costs_ms(SLIDER_MOVES, slide, application)
    screen.close()
    return grown[1:], slid[1:]


def measure_naive(made: list[MadeIsotherm], fit: ExponentFit, application: QApplication) -> Floats:
    """Return the costs of batches where every curve of the same plots is set anew for each."""
    raw, collapse, residuals, exponent = (pyqtgraph.PlotWidget() for _ in range(4))
    screen = Screen([raw, collapse, residuals, exponent])
    colours = style.TemperatureColours([one.temperature_K for one in made], style.LIGHT)
    pens = [pyqtgraph.mkPen(colours.colour(one.temperature_K)) for one in made]
    lines = [raw.plot(pen=pen) for pen in pens]
    dots = [
        [plot.plot(pen=None, symbol="o", symbolSize=2, symbolPen=pen) for pen in pens] for plot in (collapse, residuals)
    ]
    profile = exponent.plot()
    half = len(made[0].bias_V) // 2

    def draw(step: int) -> None:
        for index, one in enumerate(made):
            count = half + POINTS_A_BATCH * step if index == len(made) - 1 else len(one.bias_V)
            lines[index].setData(
                1e3 * one.bias_V[:count], np.asarray(in_conductance_quanta(siemens(one.quanta[:count])))
            )
            isotherm = one.collapsed(count, fit.alpha)
            for curves, values in zip(dots, (isotherm.scaled, isotherm.residual_S), strict=True):
                curves[index].setData(isotherm.root_reduced_bias, in_conductance_quanta(values))
        profile.setData(fit.profile.alpha, fit.profile.delta_chi2)

    costs = costs_ms(8, draw, application)
    screen.close()
    return costs[1:]


def main() -> None:
    """Print or write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    application = make_application()
    style.apply(application, style.LIGHT)
    rng = np.random.default_rng(1)
    fit = make_fit(rng)
    lines = [
        "| isotherms x points | ms a batch | naive ms | naive / ours | ms a slider move | moves a second |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for count, points in SIZES:
        made = make_isotherms(count, points, rng)
        naive = float(np.median(measure_naive(made, fit, application)))
        grown, slid = (float(np.median(costs)) for costs in measure_ours(made, fit, application))
        lines.append(
            f"| {count} x {points} | {grown:.1f} | {naive:.1f} | {naive / grown:.1f} | {slid:.1f} | {1e3 / slid:.0f} |"
        )
    text = "\n".join([*lines, ""])
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
