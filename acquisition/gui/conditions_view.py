"""The conditions: temperature, field and heater range against time, in points and between them."""

import numpy as np
from numpy.typing import NDArray

from acquisition.gui.history import History
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot, View
from acquisition.gui.style import LABELS
from acquisition.gui.tail import Fresh

Floats = NDArray[np.float64]

MILLIKELVIN = 1e3
MILLIAMPERE = 1e3
HEATER = "heater_range_A"
"""The setting by which a controller says how far its heater can go."""


class ConditionsView(View):
    """T and H as read, how far T was from its setpoint in points, and the range of the heater."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Conditions")
        palette = around.palette
        self.temperature = Plot(palette, LABELS["time"], LABELS["temperature"])
        self.deviation = Plot(palette, LABELS["time"], "T \u2212 setpoint (mK)")
        self.field = Plot(palette, LABELS["time"], LABELS["field"])
        self.heater = Plot(palette, LABELS["time"], "heater range (mA)")
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
        self.reads(self.temperature, lambda x, y: f"t = {x:.3f} h, T = {10**y:.5f} K")
        self.reads(self.deviation, lambda x, y: f"t = {x:.3f} h, T - setpoint = {y:.3f} mK")
        self.reads(self.field, lambda x, y: f"t = {x:.3f} h, H = {y:.4f} T")
        self.reads(self.heater, lambda x, y: f"t = {x:.3f} h, heater range = {y:.3f} mA")

    def show_news(self, news: News) -> None:
        """Take what is new, in the order of time, seen or not; there is no table of it to go back to."""
        self._take_points(news.fresh)
        self._take_between(news.fresh)
        super().show_news(news)
        if self.is_seen:
            self._draw_lines()

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw everything."""
        self._draw_lines()

    def forget(self) -> None:
        """Take the curves away, for another run."""
        self._histories = {name: History() for name in self._lines}
        for line in self._lines.values():
            line.setData([], [])

    def _draw_lines(self) -> None:
        for name, line in self._lines.items():
            history = self._histories[name]
            hours, values = history.hours, history.values
            if name == "heater" and len(hours) and len(self._histories["temperature"].hours):
                hours, values = _stairs(hours, values, self._histories["temperature"].hours[-1])
            line.setData(hours, values)

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
        heaters = [(time_s, settings[HEATER]) for time_s, settings in fresh.settings if HEATER in settings]
        if heaters:
            times, ranges_A = np.array(heaters, dtype=np.float64).T
            self._histories["heater"].extend(times, MILLIAMPERE * ranges_A)


def _stairs(hours: Floats, values: Floats, last_hour: float) -> tuple[Floats, Floats]:
    """Return a line that keeps each value until the next."""
    edges = np.append(hours, max(last_hour, hours[-1]))
    return np.repeat(edges, 2)[1:-1], np.repeat(values, 2)
