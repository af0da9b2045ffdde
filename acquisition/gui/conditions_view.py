"""The conditions: temperature, field and heater output against time, in points and between them."""

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from acquisition.gui.history import History
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS
from acquisition.gui.tail import Fresh, RunTail
from acquisition.running.channels import TEMPERATURE

Floats = NDArray[np.float64]

MILLIKELVIN = 1e3
PERCENT = 100.0
HEATER = (TEMPERATURE, "heater_fraction")
"""The channel that is the heater's output, of its range."""


class ConditionsView(View):
    """T and H as read, how far T was from its setpoint in points, and the output of the heater."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Conditions")
        palette = around.palette
        self.temperature = Plot(palette, LABELS["time"], LABELS["temperature"])
        self.deviation = Plot(palette, LABELS["time"], "T \u2212 setpoint (mK)")
        self.field = Plot(palette, LABELS["time"], LABELS["field"])
        self.heater = Plot(palette, LABELS["time"], "heater (%)")
        self.temperature.setLogMode(y=True)
        for place, plot in enumerate((self.temperature, self.deviation, self.field, self.heater)):
            self.graphics.addItem(plot, row=0, col=place)
            if plot is not self.temperature:
                plot.setXLink(self.temperature)
        self._lines = {
            "temperature": self.temperature.line(palette.accent),
            "deviation": self.deviation.line(palette.second),
            "field": self.field.line(palette.foreground),
            "heater": self.heater.line(palette.accent),
        }
        self._histories = {name: History() for name in self._lines}
        self._heater_s = -np.inf
        self.reads(self.temperature, lambda x, y: f"t = {x:.3f} h, T = {10**y:.5f} K")
        self.reads(self.deviation, lambda x, y: f"t = {x:.3f} h, T - setpoint = {y:.3f} mK")
        self.reads(self.field, lambda x, y: f"t = {x:.3f} h, H = {y:.4f} T")
        self.reads(self.heater, lambda x, y: f"t = {x:.3f} h, heater = {y:.1f} % of its range")

    def show_news(self, news: News) -> None:
        """Take what is new, in the order of time, seen or not; there is no table of it to go back to."""
        self._take_points(news.fresh)
        self._take_between(news.fresh)
        self._take_heater(news.tail, news.fresh.channels)
        super().show_news(news)
        if self.is_seen:
            self._draw_lines()

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw everything."""
        self._draw_lines()

    def forget(self) -> None:
        """Take the curves away, for another run."""
        self._histories, self._heater_s = {name: History() for name in self._lines}, -np.inf
        for line in self._lines.values():
            line.setData([], [])

    def _draw_lines(self) -> None:
        for name, line in self._lines.items():
            line.setData(self._histories[name].hours, self._histories[name].values)

    def _take_points(self, fresh: Fresh) -> None:
        self._histories["temperature"].extend(fresh.time_s, fresh.temperature_K)
        self._histories["field"].extend(fresh.time_s, fresh.field_T)
        self._histories["deviation"].extend(fresh.time_s, MILLIKELVIN * fresh.deviation_K)

    def _take_between(self, fresh: Fresh) -> None:
        if fresh.monitors:
            time_s = np.array([monitor.time_s for monitor in fresh.monitors])
            for name, attribute in (("temperature", "temperature_K"), ("field", "field_T")):
                values = np.array([getattr(monitor, attribute) for monitor in fresh.monitors], dtype=np.float64)
                self._histories[name].extend(time_s, values)

    def _take_heater(self, tail: RunTail, most: int) -> None:
        """Take what is new of the heater: it is among the last `most` readings of single channels."""
        history = tail.channels.get(HEATER)
        if history is None or not most:
            return
        times = np.array(list(islice(reversed(history.time_s), most)))
        values = np.array(list(islice(reversed(history.values), most)))
        is_new = times > self._heater_s
        self._histories["heater"].extend(times[is_new], PERCENT * values[is_new])
        self._heater_s = max(self._heater_s, float(times[0]))
