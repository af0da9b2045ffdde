"""Zero bias: G(0,T) against T^alpha, and the anchors against time, in which drift shows."""

import numpy as np
import pyqtgraph

from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS
from acquisition.gui.tail import RunTail
from analysis.quantities import in_conductance_quanta

SECONDS_PER_HOUR = 3600.0


class ZeroBiasView(View):
    """The zero-bias conductance of each isotherm in the lowest field, and its anchors in the order of time."""

    def __init__(self, around: Surroundings) -> None:
        palette = around.palette
        super().__init__(palette, "Zero bias")
        self.law = Plot(palette, "T<sup>\u03b1</sup> (K<sup>\u03b1</sup>)", "G(0,T) (e\u00b2/h)")
        self.drift = Plot(palette, LABELS["time"], "anchor \u2212 mean of its isotherm (e\u00b2/h)")
        self.graphics.addItem(self.law, row=0, col=0)
        self.graphics.addItem(self.drift, row=0, col=1)
        self._line = self.law.line(palette.accent)
        self._means = self.law.dots(palette.foreground, 6.0)
        self._anchors: dict[int, pyqtgraph.ScatterPlotItem] = {}
        self._alpha = 0.5
        self.reads(self.law, lambda x, y: f"T^\u03b1 = {x:.4f}, G(0,T) = {y:.3f} e\u00b2/h")
        self.reads(self.drift, lambda x, y: f"t = {x:.3f} h, anchor - mean = {y:.3f} e\u00b2/h")

    def show_news(self, news: News) -> None:
        """Draw the anchors of the isotherms that have new points, and the law through all."""
        tail = news.tail
        for index in news.fresh.isotherms:
            table = tail.isotherms[index].table
            rows = table["is_anchor"] == 1
            if not rows.any():
                continue
            if index not in self._anchors:
                colour = news.colours.colour(tail.isotherms[index].temperature_setpoint_K)
                self._anchors[index] = self.drift.dots(colour, 4.0)
            anchors = np.asarray(in_conductance_quanta(table["conductance_S"][rows]))
            self._anchors[index].setData(table["time_s"][rows] / SECONDS_PER_HOUR, anchors - anchors.mean())
        self._draw_law(tail)

    def use_exponent(self, tail: RunTail, alpha: float) -> None:
        """Draw the law against T to the power of `alpha`."""
        self._alpha = alpha
        self._draw_law(tail)

    def clear(self) -> None:
        """Take everything away, for another run."""
        for anchors in self._anchors.values():
            self.drift.removeItem(anchors)
        self._anchors.clear()
        self._means.setData([], [])
        self._line.setData([], [])

    def _draw_law(self, tail: RunTail) -> None:
        found = []
        lowest_T = min((abs(isotherm.field_setpoint_T) for isotherm in tail.isotherms.values()), default=0.0)
        for isotherm in tail.isotherms.values():
            rows = isotherm.table["is_anchor"] == 1
            if rows.any() and abs(isotherm.field_setpoint_T) == lowest_T:
                mean = float(np.mean(isotherm.table["conductance_S"][rows]))
                found.append((float(np.mean(isotherm.table["temperature_K"][rows])), mean))
        if not found:
            return
        temperatures_K, means_S = np.array(sorted(found)).T
        x, y = temperatures_K**self._alpha, np.asarray(in_conductance_quanta(means_S))
        self._means.setData(x, y)
        if len(found) > 2:
            # the coldest half tells the slope: the warm end bends towards the Kondo temperature
            cold = slice(0, max(3, len(found) // 2))
            slope, zero = np.polyfit(x[cold], y[cold], 1)
            self._line.setData([0.0, x[-1]], [zero, zero + slope * x[-1]])
