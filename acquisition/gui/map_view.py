"""The map: conductance over temperature and bias at once, as colours."""

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PyQt5.QtCore import QRectF

from acquisition.gui.coordinate import BIAS, CONDUCTANCE, TEMPERATURE_IN_DECADES
from acquisition.gui.figure_files import Rows
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, MILLIVOLT, colour_map
from acquisition.gui.tail import TailedIsotherm
from acquisition.gui.view import View
from analysis.quantities import in_conductance_quanta

Floats = NDArray[np.float64]

COLUMNS = 401
ROWS = 80
FEWEST_POINTS = 8
NUMBERS_WIDE = 60
"""Pixels for a number of six digits, beside which the colour bar would leave it out."""


class MapView(View):
    """G(V,T) in the lowest field or the one selected, drawn between the isotherms by straight lines in log T."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Map")
        self.plot = Plot(around.palette, LABELS["bias"], LABELS["temperature"])
        self.plot.setLogMode(y=True)
        self.graphics.addItem(self.plot)
        self.image = pyqtgraph.ImageItem()
        self.plot.addItem(self.image)
        self.bar = pyqtgraph.ColorBarItem(colorMap=colour_map(), interactive=False, label="G (e\u00b2/h)", width=14)
        self.bar.setImageItem(self.image, insert_in=self.plot)
        for side in ("left", "right"):
            self.bar.getAxis(side).setTextPen(around.palette.foreground)
        self.bar.getAxis("right").setWidth(NUMBERS_WIDE)
        self._curves: dict[tuple[float, float], Floats] = {}
        self._bias_max_V = 0.0
        self._logs: Floats = np.empty(0)
        self._grid: Floats = np.empty((0, 0))
        self.reads(self.plot, BIAS, TEMPERATURE_IN_DECADES, self._conductance_at)

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw the map with the isotherms that have new points."""
        isotherms = news.tail.isotherms
        bias_max_V = max(float(np.abs(isotherms[index].table["bias_V"]).max()) for index in stale)
        if bias_max_V > self._bias_max_V:
            self._bias_max_V = bias_max_V
            stale = frozenset(isotherms)
            self._curves = {}
        for index in sorted(stale):
            self._take(isotherms[index])
        self._draw()

    def forget(self) -> None:
        """Take the map away, for another run."""
        self._curves, self._bias_max_V = {}, 0.0
        self._logs, self._grid = np.empty(0), np.empty((0, 0))
        self.image.clear()

    def _take(self, isotherm: TailedIsotherm) -> None:
        """Bring an isotherm onto the grid of the bias; NaN where it has not been."""
        rows = isotherm.is_swept & np.isfinite(isotherm.table["conductance_S"])
        if rows.sum() < FEWEST_POINTS:
            return
        bias_V, conductance_S = isotherm.table["bias_V"][rows], isotherm.table["conductance_S"][rows]
        order = np.argsort(bias_V, kind="stable")
        grid_V = self._bias_max_V * np.linspace(-1.0, 1.0, COLUMNS)
        on_grid_S = np.interp(grid_V, bias_V[order], conductance_S[order], np.nan, np.nan)
        quanta = np.asarray(in_conductance_quanta(on_grid_S))
        place = (isotherm.temperature_setpoint_K, isotherm.field_setpoint_T)
        before = self._curves.get(place, quanta)
        self._curves[place] = np.where(np.isnan(quanta), before, quanta)  # measured once more, as far as it is

    def rows(self) -> Rows:
        """Return the map as a table."""
        grid_mV = (self._bias_max_V * MILLIVOLT * np.linspace(-1.0, 1.0, COLUMNS)).tolist()
        head: Rows = [[LABELS[quantity] for quantity in ("temperature", "bias", "conductance")]]
        return head + [
            [10**log, bias_mV, quanta]
            for log, row in zip(self._logs.tolist(), self._grid, strict=True)
            for bias_mV, quanta in zip(grid_mV, row.tolist(), strict=True)
        ]

    def _draw(self) -> None:
        places = [place for place in self._curves if self.selection.shows(*place)]
        field_T = min((abs(field_T) for _, field_T in places), default=0.0)
        by_temperature = {place[0]: self._curves[place] for place in places if abs(place[1]) == field_T}
        if len(by_temperature) < 2:
            self.image.clear()
            self.say("the map appears with the second temperature")
            return
        temperatures_K = np.array(sorted(by_temperature))
        logs = np.log10(temperatures_K)
        known = np.array([by_temperature[temperature_K] for temperature_K in temperatures_K])
        self._logs = np.linspace(logs[0], logs[-1], ROWS)
        self._grid = _between(self._logs, logs, known)
        low, high = float(np.nanmin(self._grid)), float(np.nanmax(self._grid))
        self.image.setImage(self._grid.T, autoLevels=False, levels=(low, high))
        width = 2.0 * self._bias_max_V * MILLIVOLT
        self.image.setRect(QRectF(-0.5 * width, logs[0], width, logs[-1] - logs[0]))
        self.bar.setLevels((low, high))
        self.say(f"H = {field_T:g} T; {len(temperatures_K)} isotherms, joined in log T by straight lines")

    def _conductance_at(self, x: float, y: float) -> str:
        place = self.image.mapFromView(pyqtgraph.Point(x, y)) if self._grid.size else None
        if place is None or not (0 <= place.x() < COLUMNS and 0 <= place.y() < ROWS):
            return ""
        return CONDUCTANCE.words(float(self._grid[int(place.y()), int(place.x())]))


def _between(wanted: Floats, logs: Floats, known: Floats) -> Floats:
    """Return rows at `wanted`, shape (m,), between the rows of `known`, shape (n, columns), at `logs`, shape (n,)."""
    upper = np.clip(np.searchsorted(logs, wanted), 1, len(logs) - 1)
    share = ((wanted - logs[upper - 1]) / (logs[upper] - logs[upper - 1]))[:, None]
    return (1.0 - share) * known[upper - 1] + share * known[upper]
