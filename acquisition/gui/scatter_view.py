"""Measured against predicted noise, isotherm by isotherm: whether the rack is as quiet as its budget says."""

import numpy as np
import pyqtgraph

from acquisition.gui.coordinate import TEMPERATURE_IN_DECADES, Coordinate, power_of_ten
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, TemperatureColours
from acquisition.gui.view import View
from analysis.fit_result import ExponentFit
from analysis.quantities import in_conductance_quanta

NOISY = 1.5
RATIOS = (0.5, 2.0)


class ScatterView(View):
    """Scatter of the points about the fit, and what excitation, preamplifier and time constant predict."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Noise")
        palette = around.palette
        self.pairs = Plot(palette, "predicted \u03c3 (e\u00b2/h)", "measured \u03c3 (e\u00b2/h)")
        self.ratios = Plot(palette, LABELS["temperature"], "\u03c3 / predicted")
        self.pairs.setLogMode(x=True, y=True)
        self.ratios.setLogMode(x=True)
        self.graphics.addItem(self.pairs, row=0, col=0)
        self.graphics.addItem(self.ratios, row=0, col=1)
        self.pairs.addItem(pyqtgraph.InfiniteLine((0, 0), angle=45, pen=palette.faint), ignoreBounds=True)
        for level in (0.9, 1.0, 1.1):
            self.ratios.marker(level, palette.faint, angle=0)
        self.ratios.look_at(y=RATIOS)
        self.pair_dots = self.pairs.dots(palette.second, "noise", size=8.0)
        self.ratio_dots = self.ratios.dots(palette.second, "ratio", size=8.0)
        self._colours = TemperatureColours([], around.palette)
        self._fit: ExponentFit | None = None
        self.reads(self.pairs, _noise("predicted"), _noise("measured"))
        self.reads(self.ratios, TEMPERATURE_IN_DECADES, Coordinate("measured / predicted", digits=3))

    def show_news(self, news: News) -> None:
        """Take the colours of the run."""
        self._colours = news.colours
        super().show_news(news)

    def draw_answer(self, answer: FitAnswer) -> None:
        """Draw the noise of a new batch fit."""
        self._fit = answer.fit
        self._draw(answer.fit)

    def _redraw(self) -> None:
        if self._fit is not None:
            self._draw(self._fit)

    def _draw(self, fit: ExponentFit) -> None:
        known = [
            (part.temperature_K, float(in_conductance_quanta(part.predicted_noise_S)), part.residual_S)
            for part in fit.isotherms
            if part.predicted_noise_S and self.selection.shows_temperature(part.temperature_K)
        ]
        brushes = [pyqtgraph.mkBrush(self._colours.colour(temperature_K)) for temperature_K, _, _ in known]
        temperatures_K, predicted, residuals_S = np.array(known).reshape(-1, 3).T
        measured = np.asarray(in_conductance_quanta(residuals_S))
        self.pair_dots.setData(np.log10(predicted), np.log10(measured), brush=brushes)
        self.ratio_dots.setData(np.log10(temperatures_K), measured / predicted, brush=brushes)
        self.ratios.look_at(y=(RATIOS[0], max(RATIOS[1], 1.1 * float(np.max(measured / predicted, initial=0.0)))))
        advice = f"more than {NOISY:g} times the predicted noise: look for pick-up, a loose lead, heating"
        self.say(advice if bool(np.any(measured > NOISY * predicted)) else "")

    def show_refusal(self, why: str) -> None:
        """Say why nothing is seen yet."""
        if self._fit is None:
            self.say(f"no noise without a fit: {why}")

    def forget(self) -> None:
        """Forget the fit, for another run."""
        self._fit = None
        self.pair_dots.setData([], [])
        self.ratio_dots.setData([], [])


def _noise(which: str) -> Coordinate:
    return Coordinate(f"{which} \u03c3", "e\u00b2/h", power_of_ten, digits=3)
