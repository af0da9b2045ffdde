"""The field: zero-bias conductance against H, isotherm by isotherm of equal temperature."""

import numpy as np
import pyqtgraph

from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS
from analysis.quantities import in_conductance_quanta


class FieldView(View):
    """G(0, T, H) - G(0, T, 0) for every temperature measured in more than one field."""

    def __init__(self, around: Surroundings) -> None:
        palette = around.palette
        super().__init__(palette, "Field")
        self.plot = Plot(palette, LABELS["field"], "G(0,T,H) (e\u00b2/h)")
        self.graphics.addItem(self.plot)
        self._lines: dict[float, pyqtgraph.PlotDataItem] = {}
        self.reads(self.plot, lambda x, y: f"H = {x:.4f} T, G = {y:.3f} e\u00b2/h")

    def show_news(self, news: News) -> None:
        """Draw the means of the anchors."""
        found: dict[float, list[tuple[float, float]]] = {}
        for isotherm in news.tail.isotherms.values():
            rows = isotherm.table["is_anchor"] == 1
            if rows.any():
                mean_S = float(np.mean(isotherm.table["conductance_S"][rows]))
                field_T = float(np.mean(isotherm.table["field_T"][rows]))
                found.setdefault(isotherm.temperature_setpoint_K, []).append((field_T, mean_S))
        for temperature_K, points in found.items():
            if len(points) < 2:
                continue
            if temperature_K not in self._lines:
                colour = news.colours.colour(temperature_K)
                self._lines[temperature_K] = pyqtgraph.PlotDataItem(
                    pen=pyqtgraph.mkPen(colour, width=1), symbol="o", symbolSize=6, symbolBrush=colour, symbolPen=None
                )
                self.plot.addItem(self._lines[temperature_K])
            fields_T, means_S = np.array(sorted(points)).T
            self._lines[temperature_K].setData(fields_T, np.asarray(in_conductance_quanta(means_S)))

    def clear(self) -> None:
        """Take the curves away, for another run."""
        for line in self._lines.values():
            self.plot.removeItem(line)
        self._lines.clear()
