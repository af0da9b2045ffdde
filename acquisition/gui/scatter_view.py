"""Measured against predicted noise, isotherm by isotherm: whether the rack is as quiet as its budget says."""

import numpy as np

from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS


class ScatterView(View):
    """Scatter of the points about the fit over what excitation, preamplifier and time constant predict."""

    def __init__(self, around: Surroundings) -> None:
        palette = around.palette
        super().__init__(palette, "Noise")
        self.plot = Plot(palette, LABELS["temperature"], "measured / predicted scatter")
        self.plot.setLogMode(x=True)
        self.graphics.addItem(self.plot)
        self._dots = self.plot.dots(palette.second, 8.0)
        for level in (0.9, 1.0, 1.1):
            self.plot.addLine(y=level, pen=palette.faint)
        self.plot.setYRange(0.5, 2.0)
        self.reads(self.plot, lambda x, y: f"T = {10**x:.4g} K, measured / predicted = {y:.2f}")

    def show_answer(self, answer: FitAnswer) -> None:
        """Draw a new fit."""
        known = [isotherm for isotherm in answer.fit.isotherms if isotherm.predicted_noise_S]
        ratios = [isotherm.residual_S / (isotherm.predicted_noise_S or np.nan) for isotherm in known]
        self._dots.setData(np.log10([isotherm.temperature_K for isotherm in known]), ratios)
        if ratios and max(ratios) > 1.5:
            self.readout.setText("more than 1.5 times the predicted noise: look for pick-up, a loose lead, heating")

    def clear(self) -> None:
        """Forget the fit, for another run."""
        self._dots.setData([], [])
