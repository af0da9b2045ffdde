"""Raw curves: conductance against bias, one colour a temperature, the growing one in front."""

import numpy as np
from PyQt5.QtGui import QColor

from acquisition.gui.coordinate import BIAS, CONDUCTANCE
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, MILLIVOLT, TemperatureColours, isotherm_name
from acquisition.gui.tail import TailedIsotherm
from acquisition.gui.view import View
from analysis.quantities import in_conductance_quanta

PALE = 0.35


class RawView(View):
    """G(V) of every isotherm that is selected; those measured in a field are paler, unless it is selected."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Raw curves")
        self.plot = Plot(around.palette, LABELS["bias"], LABELS["conductance"])
        self.graphics.addItem(self.plot)
        self.curves = self.plot.stack()
        self.reads(self.plot, BIAS, CONDUCTANCE)

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw the isotherms that have new points; the others are not touched."""
        for index in sorted(stale):
            self._draw(news.tail.isotherms[index], news.colours)

    def forget(self) -> None:
        """Take all curves away, for another run."""
        self.curves.clear()

    def _draw(self, isotherm: TailedIsotherm, colours: TemperatureColours) -> None:
        rows = isotherm.is_swept
        if self.selection.direction:
            rows = rows & (isotherm.table["direction"] == self.selection.direction)
        self.curves.set_curve(
            isotherm.index,
            isotherm.table["bias_V"][rows] * MILLIVOLT,
            np.asarray(in_conductance_quanta(isotherm.table["conductance_S"][rows])),
            self._colour(isotherm, colours),
            label=isotherm_name(isotherm.temperature_setpoint_K, isotherm.field_setpoint_T),
            is_shown=self.selection.shows(isotherm.temperature_setpoint_K, isotherm.field_setpoint_T),
        )

    def _colour(self, isotherm: TailedIsotherm, colours: TemperatureColours) -> QColor:
        colour = colours.colour(isotherm.temperature_setpoint_K)
        is_one_of_many = isotherm.field_setpoint_T != 0.0 and self.selection.field_T is None
        colour.setAlphaF(PALE if is_one_of_many else 1.0)
        return colour
