"""Zero bias: G(0,T) against T^alpha, and the anchors against time, in which drift shows."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph

from acquisition.gui.fitting import FitAnswer
from acquisition.gui.history import HOUR_S
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS, TemperatureColours
from acquisition.gui.tail import TailedIsotherm
from analysis.quantities import in_conductance_quanta


@dataclass(frozen=True)
class _ZeroBias:
    """The mean of the anchors of an isotherm; shown again and again, the newest."""

    temperature_K: float
    quanta: float


class ZeroBiasView(View):
    """The zero-bias conductance of each isotherm in the lowest field, and its anchors in the order of time."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Zero bias")
        palette = around.palette
        self.law = Plot(palette, "T<sup>\u03b1</sup> (K<sup>\u03b1</sup>)", "G(0,T) (e\u00b2/h)")
        self.drift = Plot(palette, LABELS["time"], "anchor drift (e\u00b2/h)")
        self.graphics.addItem(self.law, row=0, col=0)
        self.graphics.addItem(self.drift, row=0, col=1)
        self.line = self.law.line(palette.accent)
        self.means = self.law.dots(palette.foreground, 7.0)
        self.anchors = self.drift.stack(4.0)
        self._found: dict[tuple[float, float], _ZeroBias] = {}
        self._colours = TemperatureColours([], around.palette)
        self._alpha = 0.5
        self.reads(self.law, lambda x, y: f"T = {self._temperature_K(x):.4g} K, G(0,T) = {y:.3f} e\u00b2/h")

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw the anchors of the isotherms that have new points, and the law through all."""
        self._colours = news.colours
        for index in sorted(stale):
            self._draw_anchors(news.tail.isotherms[index])
        self._draw_law()

    def draw_answer(self, answer: FitAnswer) -> None:
        """Draw the law with the fitted exponent."""
        self.use_exponent(answer.fit.alpha)

    def use_exponent(self, alpha: float) -> None:
        """Draw the law against T to the power of `alpha`."""
        self._alpha = alpha
        self._draw_law()

    def forget(self) -> None:
        """Take everything away, for another run."""
        self._found = {}
        self.anchors.clear()
        self.means.setData([], [])
        self.line.setData([], [])

    def _draw_anchors(self, isotherm: TailedIsotherm) -> None:
        table = isotherm.table
        rows = table["is_anchor"] == 1
        if not rows.any():
            return
        quanta = np.asarray(in_conductance_quanta(table["conductance_S"][rows]))
        setpoint_K, field_T = isotherm.temperature_setpoint_K, isotherm.field_setpoint_T
        mean_K = float(np.mean(table["temperature_K"][rows]))
        self._found[setpoint_K, field_T] = _ZeroBias(mean_K, float(quanta.mean()))
        self.anchors.set_curve(
            isotherm.index,
            table["time_s"][rows] / HOUR_S,
            quanta - quanta.mean(),
            self._colours.colour(setpoint_K),
            is_shown=self.selection.shows(setpoint_K, field_T),
        )

    def _draw_law(self) -> None:
        lowest_T = min((abs(field_T) for _, field_T in self._found), default=0.0)
        chosen = sorted((setpoint_K, field_T) for setpoint_K, field_T in self._found if abs(field_T) == lowest_T)
        if not chosen:
            return
        x = np.array([self._found[place].temperature_K for place in chosen]) ** self._alpha
        y = np.array([self._found[place].quanta for place in chosen])
        is_shown = np.array([self.selection.shows_temperature(setpoint_K) for setpoint_K, _ in chosen])
        brushes = [pyqtgraph.mkBrush(self._colours.colour(setpoint_K)) for setpoint_K, _ in chosen]
        shown = np.flatnonzero(is_shown)
        self.means.setData(x[shown], y[shown], brush=[brushes[place] for place in shown])
        if len(chosen) > 2:
            # the coldest half tells the slope: the warm end bends towards the Kondo temperature
            cold = slice(0, max(3, len(chosen) // 2))
            slope, zero = np.polyfit(x[cold], y[cold], 1)
            self.line.setData([0.0, x[-1]], [zero, zero + slope * x[-1]])

    def _temperature_K(self, x: float) -> float:
        return max(x, 0.0) ** (1.0 / self._alpha) if self._alpha else float("nan")
