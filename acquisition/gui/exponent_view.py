"""The exponent: profile likelihood, equation 24's D(alpha), and the error by source."""

import numpy as np
import pyqtgraph
from PyQt5.QtGui import QColor

from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS
from analysis.fit_result import DeviationCurve

SOURCES = ("statistical", "temperature", "drift", "excitation", "window", "crossover")
PUBLISHED_ALPHA = (0.48, 0.05)
THOUSANDTH = 1e3
VISIBLE_MOVE = 0.02
"""Movement of alpha, in its own errors, from which it is drawn anew between two batch fits."""

LIKELY = 10.0
"""How much of delta chi-square is shown."""


class ExponentView(View):
    """What the data say of alpha, and how the paper's own measure would have it."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Exponent")
        palette = around.palette
        self.likelihood = Plot(palette, LABELS["exponent"], "profile \u0394\u03c7\u00b2")
        self.deviation = Plot(palette, LABELS["exponent"], "D(\u03b1) / D<sub>min</sub>, eq. 24")
        self.budget = Plot(palette, "standard error of \u03b1 by source (10\u207b\u00b3)", "")
        for column, plot in enumerate((self.likelihood, self.deviation, self.budget)):
            self.graphics.addItem(plot, row=0, col=column)
        self._profile = self.likelihood.line(palette.foreground)
        self.likelihood.marker(0.5, palette.accent)
        self._best = self.likelihood.marker(0.5, palette.second)
        for level in (1.0, 3.84):
            self.likelihood.marker(level, palette.faint, angle=0)
        self.likelihood.setYRange(0.0, LIKELY, padding=0.0)
        paper = QColor(palette.accent)
        paper.setAlpha(45)
        self.deviation.shade(PUBLISHED_ALPHA[0] - PUBLISHED_ALPHA[1], PUBLISHED_ALPHA[0] + PUBLISHED_ALPHA[1], paper)
        self._printed = self.deviation.line(palette.faint)
        self._over_signal = self.deviation.line(palette.second)
        self._lowest = self.deviation.marker(0.5, palette.second)
        self.deviation.setLogMode(y=True)
        self.deviation.setXRange(0.0, 1.0, padding=0.0)
        self._bars = pyqtgraph.BarGraphItem(x0=[0.0], y=[0.0], height=0.6, width=[0.0], brush=palette.second, pen=None)
        self.budget.addItem(self._bars)
        self.budget.setYRange(-0.5, len(SOURCES) + 0.5, padding=0.0)
        names = [(len(SOURCES) - place, name) for place, name in enumerate(("total", *SOURCES))]
        self.budget.getAxis("left").setTicks([names])
        self.budget.getAxis("left").setStyle(hideOverlappingLabels=False, textFillLimits=[(0, 4.0)])
        self.budget.getAxis("left").setWidth(104)
        self.reads(self.likelihood, lambda x, y: f"\u03b1 = {x:.4f}, \u0394\u03c7\u00b2 = {y:.2f}; dashed: fit, 1/2")
        self.reads(self.deviation, self._read_deviation)
        self.reads(self.budget, lambda x, _: f"standard error of \u03b1 = {x:.2f} 10\u207b\u00b3")
        self._curve: DeviationCurve | None = None
        self._drawn_alpha = float("inf")

    def draw_answer(self, answer: FitAnswer) -> None:
        """Draw a new fit."""
        fit = answer.fit
        if not answer.is_batch and abs(fit.alpha - self._drawn_alpha) < VISIBLE_MOVE * fit.error:
            return
        self._drawn_alpha = fit.alpha
        self._profile.setData(fit.profile.alpha, fit.profile.delta_chi2)
        self._best.setPos(fit.alpha)
        likely = fit.profile.alpha[fit.profile.delta_chi2 < LIKELY]
        low, high = min(float(likely.min()), 0.5), max(float(likely.max()), 0.5)
        margin = 0.05 * (high - low) + 1e-6
        self.likelihood.look_at(x=(low - margin, high + margin))
        if fit.d_of_alpha is not self._curve:
            self._draw_deviation(fit.d_of_alpha)
        parts = [fit.statistical, *(getattr(fit.systematic, name) for name in SOURCES[1:])]
        widths = THOUSANDTH * np.array([fit.error, *parts])
        self._bars.setOpts(x0=np.zeros(len(widths)), y=np.arange(len(SOURCES), -1, -1), height=0.6, width=widths)
        self.budget.look_at(x=(0.0, 1.08 * float(widths.max())))
        low, high = fit.interval95
        self.readout.setText(
            f"\u03b1 = {fit.alpha:.4f} \u00b1 {fit.error:.4f} (95 %: {low:.4f} to {high:.4f}); {self._deviation_text()}"
            f"the paper: {PUBLISHED_ALPHA[0]:g} \u00b1 {PUBLISHED_ALPHA[1]:g}"
        )

    def forget(self) -> None:
        """Forget the fit, for another run."""
        self._curve, self._drawn_alpha = None, float("inf")
        for curve in (self._profile, self._printed, self._over_signal):
            curve.setData([], [])
        self._bars.setOpts(x0=[0.0], y=[0.0], width=[0.0])

    def _draw_deviation(self, curve: DeviationCurve | None) -> None:
        self._curve = curve
        self._lowest.setVisible(curve is not None)
        if curve is None:
            self._printed.setData([], [])
            self._over_signal.setData([], [])
            return
        self._printed.setData(curve.alpha, curve.d / np.min(curve.d))
        self._over_signal.setData(curve.alpha, curve.d_dimensionless / np.min(curve.d_dimensionless))
        self._lowest.setPos(curve.minimum_dimensionless)
        inside = curve.alpha <= 1.0
        highest = max(float((d / d.min())[inside].max()) for d in (curve.d, curve.d_dimensionless))
        self.deviation.look_at(y=(-0.1, 1.1 * float(np.log10(highest))))

    def _deviation_text(self) -> str:
        curve = self._curve
        if curve is None:
            return ""
        printed = "nowhere" if curve.is_at_edge else f"at {curve.minimum:.3f}"
        over = "nowhere" if curve.is_dimensionless_at_edge else f"at {curve.minimum_dimensionless:.3f}"
        return f"D as printed is least {printed}, over the signal {over}; "

    def _read_deviation(self, x: float, y: float) -> str:
        return f"\u03b1 = {x:.3f}, D/Dmin = {10**y:.2f}; grey: as printed, blue: over the signal; shaded: the paper"
