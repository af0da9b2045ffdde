"""The collapse: scaled data on the master curve, residual strip, window, and the exponent by hand or by fit."""

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider

from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View, thinned
from acquisition.gui.style import LABELS, TemperatureColours
from analysis.quantities import in_conductance_quanta
from analysis.scaling.collapsed import CollapsedIsotherm

Floats = NDArray[np.float64]

SLIDER_STEPS = 1000
ALPHA_RANGE = (0.0, 1.5)
OUTLOOK = 1.3
"""How much further than the window of the fit the plot looks."""


class CollapseView(View):
    """[G(V,T) - G(0,T)] / T^alpha against (e|V|/kBT)^1/2, live; a slider sets alpha, `auto` takes the fitted one."""

    alpha_chosen = pyqtSignal(float)

    def __init__(self, around: Surroundings) -> None:
        palette = around.palette
        super().__init__(palette, "Collapse")
        self.plot = Plot(palette, LABELS["root_reduced_bias"], "[G(V,T) \u2212 G(0,T)] / T<sup>\u03b1</sup>")
        self.residuals = Plot(palette, LABELS["root_reduced_bias"], "data \u2212 fit (e\u00b2/h)")
        self.graphics.addItem(self.plot, row=0, col=0)
        self.graphics.addItem(self.residuals, row=1, col=0)
        self.graphics.ci.layout.setRowStretchFactor(0, 4)
        self.graphics.ci.layout.setRowStretchFactor(1, 1)
        self.residuals.setXLink(self.plot)
        self._window = pyqtgraph.LinearRegionItem(movable=False, brush=pyqtgraph.mkBrush(128, 128, 128, 22), pen=None)
        self.plot.addItem(self._window)
        self._master = self.plot.line(palette.foreground)
        self._universal = self.plot.line(palette.accent, style=Qt.PenStyle.DashLine)
        self._dots: dict[int, pyqtgraph.ScatterPlotItem] = {}
        self._residual_dots: dict[int, pyqtgraph.ScatterPlotItem] = {}
        self._answer: FitAnswer | None = None
        self._colours: TemperatureColours | None = None
        self._build_controls()
        self.reads(self.plot, lambda x, y: f"(e|V|/kT)^1/2 = {x:.3f}, scaled = {y:.3f} e\u00b2/h K^-\u03b1")
        self.reads(self.residuals, lambda x, y: f"(e|V|/kT)^1/2 = {x:.3f}, data - fit = {y:.3f} e\u00b2/h")

    def _build_controls(self) -> None:
        self.auto = QCheckBox("auto")
        self.auto.setChecked(True)
        self.auto.setToolTip("Use the fitted exponent (untick to set it by hand)")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER_STEPS)
        self.slider.setEnabled(False)
        self.slider.setAccessibleName("exponent")
        self.value = QLabel("\u03b1: not yet")
        self.value.setMinimumWidth(260)
        row = QHBoxLayout()
        for widget in (QLabel("exponent"), self.auto, self.slider, self.value):
            row.addWidget(widget)
        self.layout_.insertLayout(0, row)
        self.auto.toggled.connect(self._take_auto)
        self.slider.valueChanged.connect(self._take_slider)

    @property
    def alpha(self) -> float | None:
        """Return the exponent that is drawn."""
        if self._answer is None:
            return None
        if self.auto.isChecked():
            return self._answer.fit.alpha
        low, high = ALPHA_RANGE
        return low + (high - low) * self.slider.value() / SLIDER_STEPS

    def show_news(self, news: News) -> None:
        """Take the colours of the run."""
        self._colours = news.colours

    def show_answer(self, answer: FitAnswer) -> None:
        """Take a new fit and draw it."""
        self._answer = answer
        self.readout.setText(" ")
        if self.auto.isChecked():
            self._move_slider(answer.fit.alpha)
        self._draw()

    def clear(self) -> None:
        """Forget the fit, for another run."""
        self._answer = None
        for dots in (*self._dots.values(), *self._residual_dots.values(), self._master, self._universal):
            dots.setData([], [])
        self.value.setText("\u03b1: not yet")

    def _take_auto(self, is_auto: bool) -> None:
        self.slider.setEnabled(not is_auto)
        if is_auto and self._answer is not None:
            self._move_slider(self._answer.fit.alpha)
        self._draw()

    def _take_slider(self) -> None:
        if not self.auto.isChecked():
            self._draw()
            if self.alpha is not None:
                self.alpha_chosen.emit(self.alpha)

    def _move_slider(self, alpha: float) -> None:
        low, high = ALPHA_RANGE
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(round(SLIDER_STEPS * (alpha - low) / (high - low)))
        self.slider.blockSignals(blocked)

    def _draw(self) -> None:
        answer, alpha = self._answer, self.alpha
        if answer is None or alpha is None or self._colours is None:
            return
        fit = answer.fit
        for number, isotherm in enumerate(answer.collapsed):
            dots = self._dots_of(number, isotherm)
            # the answer is scaled by its own exponent; another one only rescales each isotherm as a whole
            rescaled = isotherm.scaled * isotherm.temperature_K ** (fit.alpha - alpha)
            dots.setData(*thinned(isotherm.root_reduced_bias, _quanta(rescaled)))
            inside = isotherm.is_inside
            self._residual_dots[number].setData(
                *thinned(isotherm.root_reduced_bias[inside], _quanta(isotherm.residual_S[inside]))
            )
        root = np.sqrt(fit.master_curve.reduced_bias)
        is_fitted = self.auto.isChecked()
        for curve in (self._master, self._universal):
            curve.setVisible(is_fitted)
        top = float(_quanta(fit.master_curve.value)[-1])
        self._master.setData(root, _quanta(fit.master_curve.value))
        self._universal.setData(root, _quanta(answer.universal.value))
        self._window.setRegion((0.0, float(root[-1])))
        self.plot.setXRange(0.0, OUTLOOK * float(root[-1]), padding=0.0)
        self.plot.setYRange(-0.05 * top, OUTLOOK * top, padding=0.0)
        error = f" \u00b1 {fit.error:.4f}" if is_fitted else f"   (fit: {fit.alpha:.4f} \u00b1 {fit.error:.4f})"
        self.value.setText(f"\u03b1 = {alpha:.4f}{error}")

    def _dots_of(self, number: int, isotherm: CollapsedIsotherm) -> pyqtgraph.ScatterPlotItem:
        if number not in self._dots:
            self._dots[number] = self.plot.dots("k", 2.5)
            self._residual_dots[number] = self.residuals.dots("k", 2.0)
        assert self._colours is not None
        brush = pyqtgraph.mkBrush(self._colours.colour(isotherm.temperature_K))
        self._dots[number].setBrush(brush)
        self._residual_dots[number].setBrush(brush)
        return self._dots[number]


def _quanta(conductance_S: Floats) -> Floats:
    return np.asarray(in_conductance_quanta(conductance_S))
