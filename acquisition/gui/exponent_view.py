"""The exponent: profile likelihood, equation 24's D(alpha), and the error by source."""

import numpy as np
import pyqtgraph
from PyQt5.QtCore import Qt

from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS

SOURCES = ("statistical", "temperature", "drift", "excitation", "window", "crossover")
PUBLISHED_ALPHA = (0.48, 0.05)
THOUSANDTH = 1e3


class ExponentView(View):
    """What the data say of alpha, and how the paper's own measure would have it."""

    def __init__(self, around: Surroundings) -> None:
        palette = around.palette
        super().__init__(palette, "Exponent")
        self.likelihood = Plot(palette, LABELS["exponent"], "\u0394\u03c7\u00b2", "profile likelihood")
        self.deviation = Plot(palette, LABELS["exponent"], "D / D min", "equation 24 of the paper")
        self.budget = Plot(palette, "standard error of \u03b1 (10\u207b\u00b3)", "", "error by source")
        for column, plot in enumerate((self.likelihood, self.deviation, self.budget)):
            self.graphics.addItem(plot, row=0, col=column)
        self._profile = self.likelihood.line(palette.foreground)
        self._half = _marker(palette.accent, 0.5)
        self._best = _marker(palette.second, 0.5)
        for line in (self._half, self._best):
            self.likelihood.addItem(line)
        for level in (1.0, 3.84):
            line = pyqtgraph.InfiniteLine(level, angle=0, pen=pyqtgraph.mkPen(palette.faint, style=Qt.PenStyle.DotLine))
            self.likelihood.addItem(line)
        self._printed = self.deviation.line(palette.faint)
        self._over_signal = self.deviation.line(palette.second)
        paper = pyqtgraph.LinearRegionItem(
            (PUBLISHED_ALPHA[0] - PUBLISHED_ALPHA[1], PUBLISHED_ALPHA[0] + PUBLISHED_ALPHA[1]),
            movable=False,
            brush=pyqtgraph.mkBrush(209, 73, 91, 40),
            pen=None,
        )
        self.deviation.addItem(paper)
        self.deviation.setLogMode(y=True)
        self._bars = pyqtgraph.BarGraphItem(x0=[0.0], y=[0.0], height=0.6, width=[0.0], brush=palette.second, pen=None)
        self.budget.addItem(self._bars)
        names = [(len(SOURCES) - place, name) for place, name in enumerate(("total", *SOURCES))]
        self.budget.getAxis("left").setTicks([names])
        self.reads(self.likelihood, lambda x, y: f"\u03b1 = {x:.4f}, \u0394\u03c7\u00b2 = {y:.2f}")
        self.reads(self.deviation, lambda x, y: f"\u03b1 = {x:.3f}, D/Dmin = {10**y:.2f} (shaded: the paper's 0.48)")

    def show_answer(self, answer: FitAnswer) -> None:
        """Draw a new fit."""
        fit = answer.fit
        self._profile.setData(fit.profile.alpha, fit.profile.delta_chi2)
        self._best.setPos(fit.alpha)
        self.likelihood.setYRange(0.0, 10.0, padding=0.0)
        if fit.d_of_alpha is not None:
            curve = fit.d_of_alpha
            self._printed.setData(curve.alpha, curve.d / np.min(curve.d))
            self.deviation.setXRange(0.0, 1.0)
            self._over_signal.setData(curve.alpha, curve.d_dimensionless / np.min(curve.d_dimensionless))
        parts = [fit.statistical, *(getattr(fit.systematic, name) for name in SOURCES[1:])]
        widths = THOUSANDTH * np.array([fit.error, *parts])
        self._bars.setOpts(x0=np.zeros(len(widths)), y=np.arange(len(SOURCES), -1, -1), height=0.6, width=widths)
        low, high = fit.interval95
        self.readout.setText(
            f"\u03b1 = {fit.alpha:.4f} \u00b1 {fit.error:.4f}, 95 %: {low:.4f} to {high:.4f}; "
            f"\u03c7\u00b2/dof = {fit.chi2_per_dof:.3f}; {fit.points_used} points in {fit.window}"
        )

    def clear(self) -> None:
        """Forget the fit, for another run."""
        for curve in (self._profile, self._printed, self._over_signal):
            curve.setData([], [])
        self._bars.setOpts(x0=[0.0], y=[0.0], width=[0.0])
        self.readout.setText(" ")


def _marker(colour: str, alpha: float) -> pyqtgraph.InfiniteLine:
    return pyqtgraph.InfiniteLine(alpha, angle=90, pen=pyqtgraph.mkPen(colour, style=Qt.PenStyle.DashLine))
