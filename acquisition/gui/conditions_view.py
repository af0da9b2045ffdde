"""The conditions: temperature and field against time, point by point."""

import numpy as np

from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View, thinned
from acquisition.gui.style import LABELS

SECONDS_PER_HOUR = 3600.0
MILLIKELVIN = 1e3


class ConditionsView(View):
    """T and H as measured with each point, and how far T was from its setpoint."""

    def __init__(self, around: Surroundings) -> None:
        palette = around.palette
        super().__init__(palette, "Conditions")
        self.temperature = Plot(palette, LABELS["time"], LABELS["temperature"])
        self.deviation = Plot(palette, LABELS["time"], "T \u2212 setpoint (mK)")
        self.field = Plot(palette, LABELS["time"], LABELS["field"])
        for row, plot in enumerate((self.temperature, self.deviation, self.field)):
            self.graphics.addItem(plot, row=row, col=0)
            plot.setXLink(self.temperature)
        self._temperature = self.temperature.line(palette.accent)
        self._deviation = self.deviation.line(palette.second)
        self._field = self.field.line(palette.foreground)
        self.reads(self.temperature, lambda x, y: f"t = {x:.3f} h, T = {y:.5f} K")
        self.reads(self.deviation, lambda x, y: f"t = {x:.3f} h, T - setpoint = {y:.3f} mK")
        self.reads(self.field, lambda x, y: f"t = {x:.3f} h, H = {y:.4f} T")

    def show_news(self, news: News) -> None:
        """Draw all points in the order of time."""
        isotherms = sorted(news.tail.isotherms.values(), key=lambda isotherm: isotherm.table["time_s"][0])
        if not isotherms:
            return

        def joined(name: str) -> np.ndarray:
            return np.concatenate([isotherm.table[name] for isotherm in isotherms])

        setpoint_K = np.concatenate(
            [np.full(len(isotherm.table), isotherm.temperature_setpoint_K) for isotherm in isotherms]
        )
        hours, temperature_K = joined("time_s") / SECONDS_PER_HOUR, joined("temperature_K")
        self._temperature.setData(*thinned(hours, temperature_K))
        self._deviation.setData(*thinned(hours, MILLIKELVIN * (temperature_K - setpoint_K)))
        self._field.setData(*thinned(hours, joined("field_T")))

    def clear(self) -> None:
        """Take the curves away, for another run."""
        for curve in (self._temperature, self._deviation, self._field):
            curve.setData([], [])
