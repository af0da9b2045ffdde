"""What all plots share: labelled axes, items made once and only touched when their data change, a range that follows.

A plot looks at what its view tells it to, or at everything, until somebody zooms or pans; then it keeps what it shows
until it is told to follow again, by a double click or from the menu.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPen
from PyQt5.QtWidgets import QStyleOptionGraphicsItem, QWidget
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent

from acquisition.gui.curve_stack import CurveStack
from acquisition.gui.pixmap_cache import PixmapCache, is_raster
from acquisition.gui.style import Palette, line_width

Floats = NDArray[np.float64]
Range = tuple[float, float]

FEW_DECADES = 3.0
FEWEST_NUMBERS = 2
LEEWAY = 20.0
"""Pixels by which a label may be longer than its axis."""

HARDLY = 0.03
"""A range of an axis that would change by less than this share stays: a new one costs the painting of everything."""


class Axis(pyqtgraph.AxisItem):
    """An axis without prefixes; a logarithmic one has numbers at 1, 2 and 5 of a decade, or at 1 if there are many.

    Its grid lies over the plot, so that it is painted with every new point: as a picture.
    """

    def __init__(self, side: str, palette: Palette) -> None:
        super().__init__(side)
        self.enableAutoSIPrefix(False)
        self.setPen(palette.foreground)
        self.setTextPen(palette.foreground)
        self._cache = PixmapCache()

    def paint(self, p: QPainter, opt: QStyleOptionGraphicsItem, widget: QWidget | None) -> None:  # pyqtgraph's names
        """Paint ticks, grid and numbers."""
        if not is_raster(p):
            super().paint(p, opt, widget)
            return
        if self.picture is None:
            self._cache.forget()
        self._cache.paint(p, self.boundingRect(), lambda inner: super(Axis, self).paint(inner, opt, widget))

    def resizeEvent(self, ev: object = None) -> None:  # pyqtgraph's name
        """Make a label that is longer than its axis smaller: no label reaches into that of the next plot."""
        super().resizeEvent(ev)
        if self.label is None:
            return
        is_upright = self.orientation in ("left", "right")
        length, width = (self.height() if is_upright else self.width()), self.label.boundingRect().width()
        scale = min(1.0, (length + LEEWAY) / max(width, 1.0))
        self.label.setScale(scale)
        half = 0.5 * scale * width
        place = self.label.pos()
        self.label.setPos(*((place.x(), 0.5 * length + half) if is_upright else (0.5 * length - half, place.y())))

    def logTickValues(self, minVal: float, maxVal: float, size: float, stdTicks: object) -> list[Any]:
        """Return the places of the numbers, as logarithms; between two of 1, 2 and 5 they are evenly spaced."""
        steps = (1, 2, 5) if maxVal - minVal < FEW_DECADES else (1,)
        decades = range(int(np.floor(minVal)), int(np.ceil(maxVal)) + 1)
        ticks = [decade + float(np.log10(step)) for decade in decades for step in steps]
        inside = [tick for tick in ticks if minVal <= tick <= maxVal]
        if len(inside) < FEWEST_NUMBERS:
            low, high = 10.0**minVal, 10.0**maxVal
            spacing = 10.0 ** np.floor(np.log10(high - low))
            even = spacing * np.arange(np.ceil(low / spacing), np.floor(high / spacing) + 1)
            inside = np.log10(even[even > 0.0]).tolist()
        return [(None, inside)]

    def logTickStrings(self, values: list[float], scale: float, spacing: object) -> list[str]:
        """Return the numbers themselves."""
        return [f"{10**value:.4g}" for value in values]


class Plot(pyqtgraph.PlotItem):
    """A plot with plain labelled axes.

    Signals
    -------
    hold_changed
        Somebody has zoomed or panned, or has let the plot follow again.
    """

    hold_changed = pyqtSignal()

    def __init__(self, palette: Palette, bottom: str, left: str) -> None:
        super().__init__(axisItems={side: Axis(side, palette) for side in ("bottom", "left")}, enableMenu=False)
        self.setLabel("bottom", bottom)
        self.setLabel("left", left)
        self.showGrid(x=True, y=True, alpha=0.12)
        self.hideButtons()
        self.is_held = False
        self.mark: tuple[float, float] | None = None
        self._wanted: list[Range | None] = [None, None]
        self._together = [self]
        self._cross = [self.marker(0.0, palette.foreground, angle=angle) for angle in (90, 0)]
        self.clear_mark()
        self.vb.sigRangeChangedManually.connect(self._hold)

    # --- what is drawn ----------------------------------------------------------------------------------------------

    def line(
        self, colour: QColor | str, name: str = "", *, style: Qt.PenStyle = Qt.PenStyle.SolidLine
    ) -> pyqtgraph.PlotDataItem:
        """Return a new curve."""
        pen = pyqtgraph.mkPen(colour, width=line_width(), style=style)
        curve = pyqtgraph.PlotDataItem(pen=pen, connect="finite", name=name)
        self.addItem(curve)
        return curve

    def dots(self, colour: QColor | str, name: str = "", *, size: float = 3.0) -> pyqtgraph.ScatterPlotItem:
        """Return new dots, drawn in one go."""
        dots = pyqtgraph.ScatterPlotItem(size=size, pen=None, brush=pyqtgraph.mkBrush(colour), pxMode=True, name=name)
        self.addItem(dots)
        return dots

    def stack(self, dot_size: float | None = None) -> CurveStack:
        """Return a new stack of curves, as lines or as dots."""
        stack = CurveStack(dot_size)
        self.addItem(stack)
        return stack

    def marker(self, place: float, colour: str, *, angle: int = 90) -> pyqtgraph.InfiniteLine:
        """Return a new dashed line across the plot."""
        pen = pyqtgraph.mkPen(colour, width=line_width(), style=Qt.PenStyle.DashLine)
        line = pyqtgraph.InfiniteLine(place, angle=angle, pen=pen)
        self.addItem(line, ignoreBounds=True)
        return line

    def shade(self, low: float, high: float, colour: QColor) -> pyqtgraph.LinearRegionItem:
        """Return a new shaded range of the bottom axis."""
        region = pyqtgraph.LinearRegionItem(
            (low, high), movable=False, brush=pyqtgraph.mkBrush(colour), pen=pyqtgraph.mkPen(None)
        )
        self.addItem(region, ignoreBounds=True)
        return region

    def set_line_width(self, pixels: int) -> None:
        """Draw all lines so wide: their pens are not scaled with what they are drawn on."""
        for item in self.items:
            if isinstance(item, CurveStack):
                item.set_line_width(pixels)
            elif isinstance(item, pyqtgraph.InfiniteLine):
                item.setPen(_as_wide(item.pen, pixels))
            elif isinstance(item, pyqtgraph.PlotDataItem) and item.opts["pen"] is not None:
                item.setPen(_as_wide(item.opts["pen"], pixels))

    def drawn(self) -> Iterator[tuple[str, Floats, Floats]]:
        """Yield label, x and y of every curve that is shown, as it is drawn: a logarithmic axis has logarithms."""
        for item in self.items:
            if isinstance(item, CurveStack):
                yield from item.labelled()
            elif isinstance(item, pyqtgraph.PlotDataItem | pyqtgraph.ScatterPlotItem) and item.isVisible():
                x, y = item.getData()
                if x is not None and y is not None:
                    yield item.name() or "", np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def drawn_in_units(self) -> Iterator[tuple[str, Floats, Floats]]:
        """Yield label, x and y of every curve that is shown, in the units of the axes."""
        is_log_x, is_log_y = (self.getAxis(side).logMode for side in ("bottom", "left"))
        for label, x, y in self.drawn():
            yield label, 10.0**x if is_log_x else x, 10.0**y if is_log_y else y

    def axis_labels(self) -> tuple[str, str]:
        """Return what stands at the bottom axis, or at that of the plot it shares it with, and at the left one."""
        shared = (plot.getAxis("bottom").labelText for plot in (self, *self._together))
        return next(filter(None, shared), ""), self.getAxis("left").labelText

    def nearest(self, x: float, y: float, within: float) -> tuple[str, float, float] | None:
        """Return label and place of the drawn point nearest to a place, if it is `within` so many pixels of it."""
        width, height = self.vb.viewPixelSize()
        best, found = within**2, None
        for label, xs, ys in self.drawn():
            if not len(xs):
                continue
            distances = ((xs - x) / width) ** 2 + ((ys - y) / height) ** 2
            place = int(np.argmin(np.where(np.isfinite(distances), distances, np.inf)))
            if distances[place] < best:
                best, found = float(distances[place]), (label, float(xs[place]), float(ys[place]))
        return found

    # --- the mark ---------------------------------------------------------------------------------------------------

    def set_mark(self, x: float, y: float) -> None:
        """Mark a place, from which others are measured."""
        self.mark = (x, y)
        for line, place in zip(self._cross, self.mark, strict=True):
            line.setPos(place)
            line.show()

    def clear_mark(self) -> None:
        """Take the mark away."""
        self.mark = None
        for line in self._cross:
            line.hide()

    # --- the range --------------------------------------------------------------------------------------------------

    def share_x(self, first: "Plot") -> None:
        """Look at the same range of the bottom axis as another plot, and be held together with it."""
        self.setXLink(first)
        first._together.append(self)
        self._together = first._together

    def look_at(self, *, x: Range | None = None, y: Range | None = None) -> None:
        """Set the ranges of the axes, unless they hardly change or somebody holds the plot."""
        for axis, wanted in enumerate((x, y)):
            if wanted is not None:
                self._wanted[axis] = wanted
                if not self.is_held:
                    self._turn_to(axis, wanted)

    def follow(self) -> None:
        """Look at what the view wants to be looked at, or at everything, from now on; take the mark away."""
        for plot in self._together:
            plot.clear_mark()
            plot.is_held = False
        for plot in self._together:
            plot._turn_back()
        self.hold_changed.emit()

    def hold_at(self, ranges: Sequence[Range]) -> None:
        """Look at these ranges of the bottom and the left axis, as if somebody had zoomed there."""
        self.setRange(xRange=ranges[0], yRange=ranges[1], padding=0.0)
        self._hold()

    def mouseClickEvent(self, ev: MouseClickEvent) -> None:  # pyqtgraph's name
        """Follow again after a double click."""
        if ev.double() and ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.follow()

    def _hold(self) -> None:
        for plot in self._together:
            plot.is_held = True
        self.hold_changed.emit()

    def _turn_back(self) -> None:
        for axis, wanted in enumerate(self._wanted):
            if wanted is not None:
                self._turn_to(axis, wanted)
            elif self.vb.linkedView(axis) is None:
                self.enableAutoRange(axis=axis)

    def _turn_to(self, axis: int, wanted: Range) -> None:
        present = self.vb.viewRange()[axis]
        is_automatic = bool(self.vb.autoRangeEnabled()[axis])
        if is_automatic or np.abs(np.subtract(wanted, present)).max() > HARDLY * (wanted[1] - wanted[0]):
            (self.setXRange, self.setYRange)[axis](*wanted, padding=0.0)


def plots_on(graphics: pyqtgraph.GraphicsLayoutWidget) -> list[Plot]:
    """Return the plots of a widget."""
    return [item for item in graphics.ci.items if isinstance(item, Plot)]


def _as_wide(pen: QPen, pixels: int) -> QPen:
    wide = QPen(pen)
    wide.setWidth(pixels)
    return wide
