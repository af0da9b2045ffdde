"""Raw curves: conductance against bias, one colour a temperature, the growing one in front."""

import numpy as np
import pyqtgraph

from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View, thinned
from acquisition.gui.style import LABELS, MILLIVOLT
from acquisition.gui.tail import RunTail, TailedIsotherm
from analysis.quantities import in_conductance_quanta

DIRECTIONS = {"both": 0.0, "up": 1.0, "down": -1.0}


class RawView(View):
    """G(V) of every isotherm; direction, field and single isotherms can be chosen."""

    def __init__(self, around: Surroundings) -> None:
        palette = around.palette
        super().__init__(palette, "Raw curves")
        self.plot = Plot(palette, LABELS["bias"], LABELS["conductance"])
        self.graphics.addItem(self.plot)
        self.reads(self.plot, lambda x, y: f"V = {x:.4f} mV, G = {y:.3f} e\u00b2/h")
        self._curves: dict[int, pyqtgraph.PlotDataItem] = {}
        self._hidden: set[int] = set()
        self._direction = 0.0
        self._field_T: float | None = None

    def show_news(self, news: News) -> None:
        """Draw the isotherms that have new points; the others are not touched."""
        for index in news.fresh.isotherms:
            isotherm = news.tail.isotherms[index]
            if index not in self._curves:
                self._curves[index] = self.plot.line(news.colours.colour(isotherm.temperature_setpoint_K))
            self._draw(isotherm)

    def choose(
        self,
        tail: RunTail,
        *,
        direction: float | None = None,
        field_T: float | None = None,
        hidden: set[int] | None = None,
    ) -> None:
        """Choose what is shown: a direction (0 is both), a field (None is any), isotherms to leave out."""
        self._direction = self._direction if direction is None else direction
        self._field_T = field_T
        self._hidden = self._hidden if hidden is None else hidden
        for isotherm in tail.isotherms.values():
            self._draw(isotherm)

    def clear(self) -> None:
        """Take all curves away, for another run."""
        for curve in self._curves.values():
            self.plot.removeItem(curve)
        self._curves.clear()

    def _draw(self, isotherm: TailedIsotherm) -> None:
        curve = self._curves[isotherm.index]
        is_other_field = self._field_T is not None and abs(isotherm.field_setpoint_T - self._field_T) > 1e-6
        curve.setVisible(isotherm.index not in self._hidden and not is_other_field)
        rows = isotherm.is_swept
        if self._direction:
            rows = rows & (isotherm.table["direction"] == self._direction)
        x = isotherm.table["bias_V"][rows] * MILLIVOLT
        y = np.asarray(in_conductance_quanta(isotherm.table["conductance_S"][rows]))
        curve.setData(*thinned(x, y))
