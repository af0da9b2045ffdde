"""Zero bias: G(0,T) against T^alpha, and the anchors against time, in which drift shows."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph
from numpy.typing import NDArray

from acquisition.gui.coordinate import TIME, Coordinate
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.history import HOUR_S
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, TemperatureColours, isotherm_name
from acquisition.gui.tail import TailedIsotherm
from acquisition.gui.view import View
from analysis.quantities import in_conductance_quanta

Floats = NDArray[np.float64]

UNFITTED_ALPHA = 0.5
"""The law is drawn with it as long as there is no fit."""

FEWEST_FOR_A_LINE = 3
SLACK = 1.01
"""Setpoints and the temperatures of the electrons, by which the fit chooses, differ a little."""


@dataclass(frozen=True)
class _ZeroBias:
    """The mean of the anchors of an isotherm; shown again and again, the newest."""

    temperature_K: float
    quanta: float
    error: float


class ZeroBiasView(View):
    """The zero-bias conductance of each isotherm in the lowest field, and its anchors in the order of time."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Zero bias")
        palette = around.palette
        self.law = Plot(palette, "T<sup>\u03b1</sup> (K<sup>\u03b1</sup>)", "G(0,T) (e\u00b2/h)")
        self.drift = Plot(palette, LABELS["time"], "anchor drift (e\u00b2/h)")
        self.graphics.addItem(self.law, row=0, col=0)
        self.graphics.addItem(self.drift, row=0, col=1)
        self.line = self.law.line(palette.accent, "straight line")
        self.means = self.law.dots(palette.foreground, "zero bias", size=7.0)
        self.anchors = self.drift.stack(4.0)
        self._found: dict[tuple[float, float], _ZeroBias] = {}
        self._colours = TemperatureColours([], around.palette)
        self._alpha = UNFITTED_ALPHA
        self._warmest_K: float | None = None
        self.reads(self.law, Coordinate("T", "K", self._temperature_K), Coordinate("G(0,T)", "e\u00b2/h", digits=7))
        self.reads(self.drift, TIME, Coordinate("G \u2212 mean", "e\u00b2/h"))

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw the anchors of the isotherms that have new points, and the law through all."""
        self._colours = news.colours
        for index in sorted(stale):
            self._draw_anchors(news.tail.isotherms[index])
        self._draw_law()

    def draw_answer(self, answer: FitAnswer) -> None:
        """Draw the line through the isotherms of the fit; the exponent is that of the collapse, see `use_exponent`."""
        self._warmest_K = answer.fit.window.temperature_max_K
        self._draw_law()

    def use_exponent(self, alpha: float) -> None:
        """Draw the law against T to the power of `alpha`."""
        self._alpha = alpha
        self._draw_law()

    def forget(self) -> None:
        """Take everything away, for another run."""
        self._found, self._alpha, self._warmest_K = {}, UNFITTED_ALPHA, None
        self.anchors.clear()
        self.means.setData([], [])
        self.line.setData([], [])

    def _draw_anchors(self, isotherm: TailedIsotherm) -> None:
        table = isotherm.table
        rows = (table["is_anchor"] == 1) & np.isfinite(table["conductance_S"])
        if not rows.any():
            return
        quanta = np.asarray(in_conductance_quanta(table["conductance_S"][rows]))
        setpoint_K, field_T = isotherm.temperature_setpoint_K, isotherm.field_setpoint_T
        mean_K = float(np.mean(table["temperature_K"][rows]))
        errors = np.asarray(in_conductance_quanta(table["conductance_error_S"][rows]))
        error = float(np.sqrt(np.mean(errors**2) / len(errors)))
        self._found[setpoint_K, field_T] = _ZeroBias(mean_K, float(quanta.mean()), error)
        self.anchors.set_curve(
            isotherm.index,
            table["time_s"][rows] / HOUR_S,
            quanta - quanta.mean(),
            self._colours.colour(setpoint_K),
            label=isotherm_name(setpoint_K, field_T),
            is_shown=self.selection.shows(setpoint_K, field_T),
        )

    def _draw_law(self) -> None:
        places = [place for place in self._found if self.selection.field_T in (None, place[1])]
        lowest_T = min((abs(field_T) for _, field_T in places), default=0.0)
        chosen = sorted(place for place in places if abs(place[1]) == lowest_T)
        shown = [place for place in chosen if self.selection.shows_temperature(place[0])]
        brushes = [pyqtgraph.mkBrush(self._colours.colour(setpoint_K)) for setpoint_K, _ in shown]
        self.means.setData(*self._law_of(shown)[:2], brush=brushes)
        fitted = [place for place in chosen if self._warmest_K is not None and place[0] < SLACK * self._warmest_K]
        self._draw_line(*self._law_of(fitted))
        line = "straight line: through the isotherms of the fit"
        what = line if self._warmest_K else f"no fit yet, drawn with \u03b1 = {self._alpha:g}"
        self.say(f"H = {lowest_T:g} T; {what}" if chosen else "")

    def _law_of(self, places: list[tuple[float, float]]) -> tuple[Floats, Floats, Floats]:
        """Return T^alpha, G(0,T) and its error, shape (n,) each."""
        found = [self._found[place] for place in places]
        rows = [(one.temperature_K**self._alpha, one.quanta, one.error) for one in found]
        x, y, errors = np.array(rows).reshape(-1, 3).T
        return x, y, errors

    def _draw_line(self, x: Floats, y: Floats, errors: Floats) -> None:
        """Draw a straight line through points with errors, unless they are too few or on one spot."""
        known = errors > 0.0  # an error that is not known is no number
        x, y, errors = x[known], y[known], errors[known]
        if len(x) < FEWEST_FOR_A_LINE or np.ptp(x) == 0.0:
            self.line.setData([], [])
            return
        slope, zero = np.polyfit(x, y, 1, w=1.0 / errors)
        ends = np.array([0.0, float(x.max())])
        self.line.setData(ends, zero + slope * ends)

    def _temperature_K(self, x: float) -> float:
        return max(x, 0.0) ** (1.0 / self._alpha) if self._alpha else float("nan")
