"""The exponent: profile likelihood, equation 24's D(alpha), and the error by source."""

from collections.abc import Iterator

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PyQt5.QtGui import QColor

from acquisition.gui.coordinate import EXPONENT, Coordinate, power_of_ten
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, Palette, Tone
from acquisition.gui.view import View
from analysis.fit_result import DeviationCurve, ExponentFit

Floats = NDArray[np.float64]

SOURCES = ("statistical", "temperature", "drift", "excitation", "window", "crossover")
PUBLISHED_ALPHA = (0.48, 0.05)
TWO_CHANNEL_ALPHA = 0.5
THOUSANDTH = 1e3
VISIBLE_MOVE = 0.02
"""Movement of alpha, in its own errors, from which it is drawn anew between two batch fits."""

LIKELY = 10.0
"""How much of delta chi-square is shown."""

ONE_SIGMA, CHI2_95 = 1.0, 3.84


class ErrorBudget(Plot):
    """A bar for each part of the error of alpha."""

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, "standard error of \u03b1 by source (10\u207b\u00b3)", "")
        self._widths = np.empty(0)
        self.bars = pyqtgraph.BarGraphItem(x0=[], y=[], height=0.6, width=[], brush=palette.second, pen=None)
        self.addItem(self.bars)
        self.look_at(y=(-0.5, len(SOURCES) + 0.5))
        names = [(len(SOURCES) - place, name) for place, name in enumerate(("total", *SOURCES))]
        left = self.getAxis("left")
        left.setTicks([names])
        left.setStyle(hideOverlappingLabels=False, textFillLimits=[(0, 4.0)])
        left.setWidth(104)

    def show_parts(self, parts: list[float]) -> None:
        """Show the total and its parts; none at all for another run."""
        widths = self._widths = THOUSANDTH * np.array(parts)
        self.bars.setOpts(x0=np.zeros(len(widths)), y=len(SOURCES) - np.arange(len(widths)), height=0.6, width=widths)
        if parts:
            self.look_at(x=(0.0, 1.08 * float(widths.max())))

    def drawn(self) -> Iterator[tuple[str, Floats, Floats]]:
        """Yield the bars as curves of one point each."""
        for name, width in zip(("total", *SOURCES), self._widths, strict=False):
            yield name, np.array([width]), np.zeros(1)


class ExponentView(View):
    """What the data say of alpha, by noise alone and with all errors, and how the paper's own measure would have it."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Exponent")
        palette = around.palette
        self.likelihood = Plot(palette, LABELS["exponent"], "profile \u0394\u03c7\u00b2")
        self.deviation = Plot(palette, LABELS["exponent"], "D(\u03b1) / D<sub>min</sub>")
        self.budget = ErrorBudget(palette)
        for column, plot in enumerate((self.likelihood, self.deviation, self.budget)):
            self.graphics.addItem(plot, row=0, col=column)
        self._build_likelihood(palette)
        self._build_deviation(palette)
        self.reads(self.likelihood, EXPONENT, Coordinate("\u0394\u03c7\u00b2", digits=3))
        self.reads(self.deviation, EXPONENT, Coordinate("D/Dmin", value=power_of_ten, digits=3))
        self.reads(self.budget, Coordinate("standard error of \u03b1", "10\u207b\u00b3", digits=3), Coordinate(""))
        self._curve: DeviationCurve | None = None
        self._drawn_alpha = float("inf")
        self._show_marks(is_fitted=False)

    def _build_likelihood(self, palette: Palette) -> None:
        _paper_band(self.likelihood, palette)
        self.total_band = self.likelihood.shade(0.0, 0.0, _pale(palette.second))
        for level in (ONE_SIGMA, CHI2_95):
            self.likelihood.marker(level, palette.faint, angle=0)
        self.likelihood.marker(TWO_CHANNEL_ALPHA, palette.accent)
        self._best = self.likelihood.marker(TWO_CHANNEL_ALPHA, palette.second)
        self._profile = self.likelihood.line(palette.tones[Tone.IDLE], "noise and drift alone")
        self._total = self.likelihood.line(palette.second, "all errors")
        self.likelihood.look_at(x=(0.0, 1.0), y=(0.0, LIKELY))

    def _build_deviation(self, palette: Palette) -> None:
        _paper_band(self.deviation, palette)
        self._printed = self.deviation.line(palette.tones[Tone.IDLE], "D as printed")
        self._over_signal = self.deviation.line(palette.second, "D over the signal")
        self._lowest = self.deviation.marker(TWO_CHANNEL_ALPHA, palette.second)
        self.deviation.setLogMode(y=True)
        self.deviation.look_at(x=(0.0, 1.0), y=(-0.1, 1.5))

    def draw_answer(self, answer: FitAnswer) -> None:
        """Draw a new fit."""
        fit = answer.fit
        if not answer.is_batch and abs(fit.alpha - self._drawn_alpha) < VISIBLE_MOVE * fit.error:
            return
        self._drawn_alpha = fit.alpha
        self._show_marks(is_fitted=True)
        self._draw_likelihood(fit)
        if fit.d_of_alpha is not self._curve:
            self._draw_deviation(fit.d_of_alpha)
        self.budget.show_parts([fit.error, fit.statistical, *(getattr(fit.systematic, name) for name in SOURCES[1:])])
        low, high = fit.interval95
        value, error = PUBLISHED_ALPHA
        self.say(
            f"\u03b1 = {fit.alpha:.4f} \u00b1 {fit.error:.4f}; blue: 95 %, all errors, {low:.4f} to {high:.4f}; "
            f"grey: noise and drift alone; red: the paper, {value:g} \u00b1 {error:g}{self._deviation_text()}"
        )

    def show_refusal(self, why: str) -> None:
        """Say why there is no fit yet."""
        if not np.isfinite(self._drawn_alpha):
            self.say(f"no exponent yet: {why}")

    def forget(self) -> None:
        """Forget the fit, for another run."""
        self._curve, self._drawn_alpha = None, float("inf")
        for curve in (self._profile, self._total, self._printed, self._over_signal):
            curve.setData([], [])
        self.budget.show_parts([])
        self.likelihood.look_at(x=(0.0, 1.0))
        self._show_marks(is_fitted=False)

    def _show_marks(self, *, is_fitted: bool) -> None:
        for item in (self.total_band, self._best, self._lowest):
            item.setVisible(is_fitted)

    def _draw_likelihood(self, fit: ExponentFit) -> None:
        self._profile.setData(fit.profile.alpha, fit.profile.delta_chi2)
        self._best.setPos(fit.alpha)
        low, high = fit.interval95
        self.total_band.setRegion((low, high))
        alpha, delta_chi2 = _all_errors(fit)
        self._total.setData(alpha, delta_chi2)
        left, right = min(float(alpha[0]), TWO_CHANNEL_ALPHA), max(float(alpha[-1]), TWO_CHANNEL_ALPHA)
        margin = 0.05 * (right - left) + 1e-6
        self.likelihood.look_at(x=(left - margin, right + margin))

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
        return f"; D of eq. 24 is least {over} (grey, as printed: {printed})"


def _all_errors(fit: ExponentFit) -> tuple[Floats, Floats]:
    """Return the parabola of the total error, shape (n,) each: half of it on either side, 3.84 at the ends of 95 %."""
    reach = np.sqrt(LIKELY / CHI2_95)
    shares = np.linspace(-reach, reach, 81)
    low, high = fit.interval95
    half_widths = np.where(shares < 0.0, fit.alpha - low, high - fit.alpha)
    return fit.alpha + shares * half_widths, CHI2_95 * shares**2


def _paper_band(plot: Plot, palette: Palette) -> None:
    value, error = PUBLISHED_ALPHA
    plot.shade(value - error, value + error, _pale(palette.accent))


def _pale(colour: str) -> QColor:
    pale = QColor(colour)
    pale.setAlpha(45)
    return pale
