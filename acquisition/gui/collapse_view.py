"""The collapse: scaled data on the master curve, residual strip, window, and the exponent by hand or by fit."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider

from acquisition.gui.coordinate import Coordinate
from acquisition.gui.curve_stack import CurveStack
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, MILLIVOLT, TemperatureColours
from acquisition.gui.view import View
from analysis.fit_result import ExponentFit
from analysis.quantities import in_conductance_quanta, reduced_bias

if TYPE_CHECKING:
    from analysis.scaling.collapsed import CollapsedIsotherm

Floats = NDArray[np.float64]

SLIDER_STEPS = 2500
ALPHA_RANGE = (0.0, 2.5)
"""A Fermi liquid has 2."""

OUTLOOK = 1.3
"""How much further than the window of the fit the plot looks."""

NOISE_IN_SIGHT = 5.0
"""How many standard deviations of the noisiest isotherm the residual strip shows."""

SHADE = QColor(128, 128, 128, 26)


class CollapseView(View):
    """[G(V,T) - G(0,T)] / T^alpha against (e|V|/kBT)^1/2, live; a slider sets alpha, `auto` takes the fitted one.

    Signals
    -------
    alpha_chosen : float
        The exponent that is drawn from now on.
    """

    alpha_chosen = pyqtSignal(float)

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Collapse")
        palette = around.palette
        self.plot = Plot(palette, "", LABELS["scaled"])
        self.residuals = Plot(palette, LABELS["root_reduced_bias"], "residual (e\u00b2/h)")
        self.graphics.addItem(self.plot, row=0, col=0)
        self.graphics.addItem(self.residuals, row=1, col=0)
        self.graphics.ci.layout.setRowStretchFactor(0, 5)
        self.graphics.ci.layout.setRowStretchFactor(1, 2)
        self.residuals.share_x(self.plot)
        for plot in (self.plot, self.residuals):
            plot.getAxis("left").setWidth(64)  # one under the other
            plot.disableAutoRange()
        self._window = self.plot.shade(0.0, 0.0, SHADE)
        self.dots = self.plot.stack(2.5)
        self.residual_dots = self.residuals.stack(2.0)
        self.master = self.plot.line(palette.foreground, "master curve")
        self.theory = self.plot.line(palette.accent, "2CK theory", style=Qt.PenStyle.DashLine)
        self.residuals.marker(0.0, palette.faint, angle=0)
        self._build_controls()
        self._fit: ExponentFit | None = None
        self._stride = 1
        self._collapsed: dict[int, tuple[CollapsedIsotherm, float]] = {}
        self._waiting: dict[int, tuple[CollapsedIsotherm, float]] = {}
        self._colours = TemperatureColours([], around.palette)
        v = Coordinate("e|V|/kT", value=lambda root: root * root, digits=4)
        self.reads(self.plot, v, Coordinate("[G \u2212 G(0,T)] / T^\u03b1", "e\u00b2/h K^\u2212\u03b1"))
        self.reads(self.residuals, v, Coordinate("residual", "e\u00b2/h", digits=4))

    def _build_controls(self) -> None:
        self.auto = QCheckBox("auto")
        self.auto.setChecked(True)
        self.auto.setToolTip("Use the fitted exponent (untick to set it by hand)")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER_STEPS)
        self.slider.setEnabled(False)
        self.slider.setAccessibleName("exponent")
        self.slider.setToolTip("The exponent, set by hand")
        self.slider.setMinimumWidth(80)
        self.value = QLabel("\u03b1: not yet")
        self.value.setMinimumWidth(170)
        self.overlay = QCheckBox("2CK theory")
        self.overlay.setChecked(True)
        self.overlay.setToolTip("The universal curve of the two-channel Kondo model (conformal field theory), dashed")
        row = QHBoxLayout()
        for widget in (self.auto, self.slider, self.value, self.overlay):
            row.addWidget(widget)
        self.layout_.insertLayout(0, row)
        self.auto.toggled.connect(self._take_auto)
        self.slider.valueChanged.connect(self._take_slider)
        self.overlay.toggled.connect(self._show_lines)

    @property
    def alpha(self) -> float | None:
        """Return the exponent that is drawn."""
        if self._fit is None:
            return None
        if self.auto.isChecked():
            return self._fit.alpha
        low, high = ALPHA_RANGE
        return low + (high - low) * self.slider.value() / SLIDER_STEPS

    def show_news(self, news: News) -> None:
        """Take the colours of the run."""
        self._colours = news.colours
        super().show_news(news)

    def show_answer(self, answer: FitAnswer) -> None:
        """Take a new fit, with the isotherms that changed, and draw it as soon as the view is seen."""
        if answer.is_batch:
            self._collapsed.clear()
            self.dots.clear()
            self.residual_dots.clear()
        self._waiting |= {place: (isotherm, answer.fit.alpha) for place, isotherm in answer.collapsed.items()}
        self._fit = answer.fit
        super().show_answer(answer)
        self._tell_alpha()

    def draw_answer(self, answer: FitAnswer) -> None:
        """Draw what the newest fit changed."""
        fit = answer.fit
        if self.auto.isChecked():
            self._move_slider(fit.alpha)
        self._look_at(fit)
        root = np.sqrt(fit.master_curve.reduced_bias)
        self.master.setData(root, _quanta(fit.master_curve.value))
        v, theory = answer.theory
        self.theory.setData(np.sqrt(v), _quanta(theory))
        waiting, self._waiting = self._waiting, {}
        self._collapsed |= waiting
        for place in waiting:
            self._draw(place)
            self._draw_residuals(place)
        self._tell()
        self._stride = answer.stride
        self._say_window()

    def _say_window(self) -> None:
        """Say what is fitted, and where nothing of it is selected."""
        fit = self._fit
        if fit is None:
            return
        window = fit.window
        every = "" if self._stride == 1 else f", one of {self._stride}"
        shaded = (
            f"shaded: T \u2264 {window.temperature_max_K:.3g} K, |V| \u2264 {MILLIVOLT * window.bias_max_V:.3g} mV; "
            f"{fit.points_used} points of {fit.isotherms_used} isotherms{every}, "
            f"\u03c7\u00b2/dof = {fit.chi2_per_dof:.3f}"
        )
        if self.selection.shows_field(self._field_T):
            self.say(shaded)
        else:
            self.say(f"fitted at H = {round(self._field_T, 3) or 0.0:g} T; select this field, or all")

    @property
    def _field_T(self) -> float:
        return 0.0 if self._fit is None else self._fit.window.field_T

    def forget(self) -> None:
        """Forget the fit, for another run, whose exponent is its own."""
        self._fit = None
        self._window.setRegion((0.0, 0.0))
        self.auto.setChecked(True)
        self._collapsed, self._waiting = {}, {}
        self.dots.clear()
        self.residual_dots.clear()
        self.master.setData([], [])
        self.theory.setData([], [])
        self.value.setText("\u03b1: not yet")

    def memory(self) -> dict[str, Any]:
        """Return zoom, exponent and overlay."""
        chosen = {"auto": self.auto.isChecked(), "slider": self.slider.value(), "overlay": self.overlay.isChecked()}
        return super().memory() | chosen

    def recall(self, memory: dict[str, Any]) -> None:
        """Take over zoom, exponent and overlay."""
        self.overlay.setChecked(memory["overlay"])
        self.auto.setChecked(memory["auto"])
        self.slider.setValue(memory["slider"])
        super().recall(memory)

    def show_refusal(self, why: str) -> None:
        """Say why there is no fit yet."""
        if self._fit is None:
            self.say(why)

    def _take_auto(self, is_auto: bool) -> None:
        self.slider.setEnabled(not is_auto)
        if is_auto and self._fit is not None:
            self._move_slider(self._fit.alpha)
        self._rescale()

    def _take_slider(self) -> None:
        if not self.auto.isChecked():
            self._rescale()

    def _rescale(self) -> None:
        """Draw all isotherms with the exponent that is chosen now."""
        for place in self._collapsed:
            self._scale(place)
        if self._fit is not None:
            self._look_at(self._fit)
        self._show_lines()
        self._tell()
        self._tell_alpha()

    def _tell_alpha(self) -> None:
        if self.alpha is not None:
            self.alpha_chosen.emit(self.alpha)

    def _redraw(self) -> None:
        for place in self._collapsed:
            self._draw(place)
            self._draw_residuals(place)
        self._say_window()

    def _show_lines(self) -> None:
        is_fitted = self.auto.isChecked()  # another exponent has no master curve
        self.master.setVisible(is_fitted)
        self.theory.setVisible(is_fitted and self.overlay.isChecked())

    def _move_slider(self, alpha: float) -> None:
        low, high = ALPHA_RANGE
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(round(SLIDER_STEPS * (alpha - low) / (high - low)))
        self.slider.blockSignals(blocked)

    def _look_at(self, fit: ExponentFit) -> None:
        right = OUTLOOK * float(np.sqrt(fit.master_curve.reduced_bias[-1]))
        top = OUTLOOK * max((self._last_of(fit, part.temperature_K) for part in fit.isotherms), key=abs)
        self.plot.look_at(x=(0.0, right), y=(min(-0.05 * top, 1.2 * top), max(1.2 * top, -0.05 * top)))
        noise = NOISE_IN_SIGHT * float(_quanta(np.array(max(part.noise_S for part in fit.isotherms))))
        self.residuals.look_at(y=(-noise, noise))
        self._window.setRegion((0.0, right / OUTLOOK))

    def _last_of(self, fit: ExponentFit, temperature_K: float) -> float:
        """Return what an isotherm reaches at the end of the window, with the exponent that is chosen."""
        master, end = fit.master_curve, float(reduced_bias(fit.window.bias_max_V, temperature_K))
        return float(np.interp(end, master.reduced_bias, _quanta(master.value))) * temperature_K ** self._power(
            fit.alpha
        )

    def _draw(self, place: int) -> None:
        isotherm, _ = self._collapsed[place]
        self._set_curve(self.dots, place, _quanta(isotherm.scaled))
        self._scale(place)

    def _draw_residuals(self, place: int) -> None:
        isotherm, _ = self._collapsed[place]
        self._set_curve(self.residual_dots, place, _quanta(isotherm.residual_S))

    def _set_curve(self, stack: CurveStack, place: int, y: Floats) -> None:
        """Draw what is selected of an isotherm: its direction, and nothing where it was measured in another field."""
        isotherm, _ = self._collapsed[place]
        wanted = self.selection.direction
        rows = (isotherm.direction == wanted) if wanted else np.ones(len(y), dtype=bool)
        stack.set_curve(
            place,
            isotherm.root_reduced_bias[rows],
            y[rows],
            self._colours.colour(isotherm.temperature_K),
            label=f"{isotherm.temperature_K:.3g} K",
            is_shown=self.selection.shows(isotherm.temperature_K, self._field_T),
        )

    def _scale(self, place: int) -> None:
        """Draw an isotherm with the exponent that is chosen: its own scales it by T^own, another rescales it whole."""
        isotherm, own_alpha = self._collapsed[place]
        self.dots.scale_curve(place, isotherm.temperature_K ** self._power(own_alpha))

    def _power(self, own_alpha: float) -> float:
        """Return the power of T that takes what is over T^own to the exponent that is chosen."""
        alpha = self.alpha
        return 0.0 if alpha is None or self.auto.isChecked() else own_alpha - alpha

    def _tell(self) -> None:
        fit, alpha = self._fit, self.alpha
        if fit is None or alpha is None:
            return
        beside = f"\u00b1 {fit.error:.4f}" if self.auto.isChecked() else f"(fit: {fit.alpha:.4f})"
        self.value.setText(f"\u03b1 = {alpha:.4f} {beside}")


def _quanta(conductance_S: Floats) -> Floats:
    return np.asarray(in_conductance_quanta(conductance_S))
