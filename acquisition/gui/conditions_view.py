"""The conditions: temperature, field, heater output and helium against time, in points and between them."""

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from acquisition.gui.coordinate import FIELD, TEMPERATURE_IN_DECADES, TIME, Coordinate, scaled
from acquisition.gui.history import History
from acquisition.gui.panel import News, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS
from acquisition.gui.tail import ChannelHistory, Fresh
from acquisition.gui.view import View
from acquisition.running.channels import MAGNET, TEMPERATURE

Floats = NDArray[np.float64]

MILLIKELVIN = 1e3
PERCENT = 100.0
HEATER = (TEMPERATURE, "heater_fraction")
"""The channel that is the heater's output, of its range."""

HELIUM = (MAGNET, "helium_fraction")
"""The channel that is the level of the liquid helium, where the supply of the magnet has a meter."""


class ConditionsView(View):
    """T and H as read, how far T was from its setpoint in points, the heater's output, the helium if it is read."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "Conditions")
        palette = around.palette
        self.temperature = Plot(palette, LABELS["time"], LABELS["temperature"])
        self.deviation = Plot(palette, LABELS["time"], "T \u2212 setpoint (mK)")
        self.field = Plot(palette, LABELS["time"], LABELS["field"])
        self.heater = Plot(palette, LABELS["time"], "heater (%)")
        self.helium = Plot(palette, LABELS["time"], "helium (%)")
        self.helium.share_x(self.temperature)
        self.temperature.setLogMode(y=True)
        for place, plot in enumerate((self.temperature, self.deviation, self.field, self.heater)):
            self.graphics.addItem(plot, row=0, col=place)
            if plot is not self.temperature:
                plot.share_x(self.temperature)
        self._lines = {
            "temperature": self.temperature.line(palette.accent, "temperature"),
            "deviation": self.deviation.line(palette.second, "distance from the setpoint"),
            "field": self.field.line(palette.foreground, "field"),
            "heater": self.heater.line(palette.accent, "heater"),
            "helium": self.helium.line(palette.second, "helium"),
        }
        self._histories = {name: History() for name in self._lines}
        self._read_s = dict.fromkeys(_SLOW, -np.inf)
        self.reads(self.temperature, TIME, TEMPERATURE_IN_DECADES)
        self.reads(self.deviation, TIME, Coordinate("T \u2212 setpoint", "K", scaled(MILLIKELVIN)))
        self.reads(self.field, TIME, FIELD)
        self.reads(self.heater, TIME, Coordinate("heater", "% of its range"))
        self.reads(self.helium, TIME, Coordinate("helium", "%"))

    def show_news(self, news: News) -> None:
        """Take what is new, in the order of time, seen or not; there is no table of it to go back to."""
        self._take_points(news.fresh)
        self._take_between(news.fresh)
        for name, channel in _SLOW.items():
            self._take_slow(name, news.tail.channels.get(channel), news.fresh.channels)
        super().show_news(news)
        if self.is_seen:
            self._draw_lines()

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw everything."""
        self._draw_lines()

    def forget(self) -> None:
        """Take the curves away, for another run."""
        self._histories = {name: History() for name in self._lines}
        self._read_s = dict.fromkeys(_SLOW, -np.inf)
        self._show_helium(False)
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

    def _take_slow(self, name: str, history: ChannelHistory | None, most: int) -> None:
        """Take what is new of a channel that is read now and then: it is among the last `most` readings of all."""
        if history is None or not most:
            return
        times = np.array(list(islice(reversed(history.time_s), most)))
        values = np.array(list(islice(reversed(history.values), most)))
        is_new = times > self._read_s[name]
        self._histories[name].extend(times[is_new], PERCENT * values[is_new])
        self._read_s[name] = max(self._read_s[name], float(times[0]))
        if name == "helium":
            self._show_helium(True)

    def _show_helium(self, is_read: bool) -> None:
        """Show the plot of the helium only where there is a meter."""
        is_shown = self.helium in self.graphics.ci.items
        if is_read and not is_shown:
            self.graphics.addItem(self.helium, row=0, col=4)
        elif is_shown and not is_read:
            self.graphics.removeItem(self.helium)


_SLOW = {"heater": HEATER, "helium": HELIUM}
