"""The field: zero-bias conductance against H, one line a temperature."""

import numpy as np
import pyqtgraph

from acquisition.gui.coordinate import FIELD, Coordinate
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, isotherm_name, line_width
from acquisition.gui.view import View
from analysis.quantities import in_conductance_quanta


class FieldView(View):
    """G(0,T,H) less its value in the lowest field, for every temperature measured in more than one field."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Field")
        self.plot = Plot(around.palette, LABELS["field"], "G(H) \u2212 G(0) (e\u00b2/h)")
        self.graphics.addItem(self.plot)
        self._means: dict[float, dict[float, tuple[float, float]]] = {}
        self.lines: dict[float, pyqtgraph.PlotDataItem] = {}
        self.reads(self.plot, FIELD, Coordinate("G \u2212 G(lowest field)", "e\u00b2/h"))

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw the means of the anchors."""
        touched = set()
        for index in sorted(stale):
            isotherm = news.tail.isotherms[index]
            rows = (isotherm.table["is_anchor"] == 1) & np.isfinite(isotherm.table["conductance_S"])
            if rows.any():
                mean = float(in_conductance_quanta(np.mean(isotherm.table["conductance_S"][rows])))
                field_T = float(np.mean(isotherm.table["field_T"][rows]))
                of_temperature = self._means.setdefault(isotherm.temperature_setpoint_K, {})
                of_temperature[isotherm.field_setpoint_T] = (field_T, mean)
                touched.add(isotherm.temperature_setpoint_K)
        for temperature_K in touched:
            found = self._means[temperature_K]
            if len(found) > 1:
                self._draw(news, temperature_K, sorted(found.values()))
        if not self.lines:
            self.say("G(H) appears as soon as a temperature is measured in two fields")

    def forget(self) -> None:
        """Take the curves away, for another run."""
        for line in self.lines.values():
            self.plot.removeItem(line)
        self.lines.clear()
        self._means.clear()

    def _draw(self, news: News, temperature_K: float, means: list[tuple[float, float]]) -> None:
        if temperature_K not in self.lines:
            colour = news.colours.colour(temperature_K)
            self.lines[temperature_K] = pyqtgraph.PlotDataItem(
                pen=pyqtgraph.mkPen(colour, width=line_width()),
                symbol="o",
                symbolSize=6,
                symbolBrush=colour,
                symbolPen=None,
                name=isotherm_name(temperature_K),
            )
            self.plot.addItem(self.lines[temperature_K])
            self.say("")
        fields_T, quanta = np.array(means).T
        lowest = int(np.argmin(np.abs(fields_T)))
        self.lines[temperature_K].setData(fields_T, quanta - quanta[lowest])
        self.lines[temperature_K].setVisible(self.selection.shows_temperature(temperature_K))
