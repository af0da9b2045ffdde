"""What all plots share: labelled axes, items made once and only touched when their data change, read-out, export.

A view draws only while it can be seen; what comes meanwhile waits until it is.
"""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph
import pyqtgraph.exporters
from numpy.typing import NDArray
from PyQt5.QtCore import QMarginsF, QPointF, Qt
from PyQt5.QtGui import QColor, QPainter, QPdfWriter
from PyQt5.QtWidgets import QAction, QLabel, QSizePolicy, QStyleOptionGraphicsItem, QVBoxLayout, QWidget

from acquisition.gui.curve_stack import CurveStack
from acquisition.gui.file_dialog import ask_for_file
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.pixmap_cache import PixmapCache, is_raster
from acquisition.gui.style import Palette

Floats = NDArray[np.float64]

ENDINGS = "Figures (*.svg *.pdf *.png);;Numbers (*.csv)"
_TAG = re.compile("<[^>]*>")

FEW_DECADES = 3.0
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

    def logTickValues(self, minVal: float, maxVal: float, size: float, stdTicks: object) -> list[Any]:
        """Return the places of the numbers, as logarithms."""
        steps = (1, 2, 5) if maxVal - minVal < FEW_DECADES else (1,)
        decades = range(int(np.floor(minVal)), int(np.ceil(maxVal)) + 1)
        ticks = [decade + float(np.log10(step)) for decade in decades for step in steps]
        return [(None, [tick for tick in ticks if minVal <= tick <= maxVal])]

    def logTickStrings(self, values: list[float], scale: float, spacing: object) -> list[str]:
        """Return the numbers themselves."""
        return [f"{10**value:g}" for value in values]


class Plot(pyqtgraph.PlotItem):
    """A plot with plain labelled axes."""

    def __init__(self, palette: Palette, bottom: str, left: str) -> None:
        super().__init__(axisItems={side: Axis(side, palette) for side in ("bottom", "left")})
        self.setLabel("bottom", bottom)
        self.setLabel("left", left)
        self.showGrid(x=True, y=True, alpha=0.12)
        self.hideButtons()

    def line(self, colour: QColor | str, *, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> pyqtgraph.PlotDataItem:
        """Return a new curve; width 1, since wider pens cost five times as much to draw."""
        curve = pyqtgraph.PlotDataItem(pen=pyqtgraph.mkPen(colour, width=1, style=style), connect="finite")
        self.addItem(curve)
        return curve

    def dots(self, colour: QColor | str, size: float = 3.0) -> pyqtgraph.ScatterPlotItem:
        """Return new dots, drawn in one go."""
        dots = pyqtgraph.ScatterPlotItem(size=size, pen=None, brush=pyqtgraph.mkBrush(colour), pxMode=True)
        self.addItem(dots)
        return dots

    def stack(self, dot_size: float | None = None) -> CurveStack:
        """Return a new stack of curves, as lines or as dots."""
        stack = CurveStack(dot_size)
        self.addItem(stack)
        return stack

    def marker(self, place: float, colour: str, *, angle: int = 90) -> pyqtgraph.InfiniteLine:
        """Return a new dashed line across the plot."""
        line = pyqtgraph.InfiniteLine(
            place, angle=angle, pen=pyqtgraph.mkPen(colour, width=1, style=Qt.PenStyle.DashLine)
        )
        self.addItem(line, ignoreBounds=True)
        return line

    def shade(self, low: float, high: float, colour: QColor) -> pyqtgraph.LinearRegionItem:
        """Return a new shaded range of the bottom axis."""
        region = pyqtgraph.LinearRegionItem(
            (low, high), movable=False, brush=pyqtgraph.mkBrush(colour), pen=pyqtgraph.mkPen(None)
        )
        self.addItem(region, ignoreBounds=True)
        return region

    def look_at(self, *, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
        """Set the ranges of the axes, unless they hardly change."""
        setters = (self.setXRange, self.setYRange)
        for setter, wanted, present in zip(setters, (x, y), self.vb.viewRange(), strict=True):
            if wanted is not None and np.abs(np.subtract(wanted, present)).max() > HARDLY * (wanted[1] - wanted[0]):
                setter(*wanted, padding=0.0)


class View(Panel):
    """A panel of plots with a line of read-out below and an export menu.

    Parameters
    ----------
    around : Surroundings
        What it is made from.
    name : str
        Name of the panel, for the window's menu and for exported files.
    """

    def __init__(self, around: Surroundings, name: str) -> None:
        super().__init__(name)
        self.selection = around.selection
        self.layout_ = QVBoxLayout(self)
        self.layout_.setContentsMargins(4, 4, 4, 2)
        self.graphics = pyqtgraph.GraphicsLayoutWidget()
        self.readout = QLabel(" ")
        self.readout.setObjectName(f"{name} read-out")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # long text never widens it
        self.layout_.addWidget(self.graphics, stretch=1)
        self.layout_.addWidget(self.readout)
        self._readers: list[tuple[pyqtgraph.PlotItem, Callable[[float, float], str]]] = []
        self._news: News | None = None
        self._stale: frozenset[int] = frozenset()
        self._answer: FitAnswer | None = None
        self.graphics.scene().sigMouseMoved.connect(self._read_out)
        self.selection.changed.connect(self._redraw)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        export = QAction("Export this panel ...", self)
        export.triggered.connect(self.ask_where_to_export)
        self.addAction(export)

    # --- what a view draws ------------------------------------------------------------------------------------------

    def draw_points(self, news: News, stale: frozenset[int]) -> None:
        """Draw the isotherms with new points since the last call."""

    def draw_answer(self, answer: FitAnswer) -> None:
        """Draw the newest fit."""

    def forget(self) -> None:
        """Take everything away, for another run."""

    # --- when it draws ----------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget the run: another one is looked at from now on."""
        self._news, self._stale, self._answer = None, frozenset(), None
        self.readout.setText(" ")
        self.forget()

    def show_news(self, news: News) -> None:
        """Take what is new of the run, and draw it as soon as the view is seen."""
        self._news = news
        self._stale |= news.fresh.isotherms
        self._draw_if_seen()

    def show_answer(self, answer: FitAnswer) -> None:
        """Take a new fit, and draw it as soon as the view is seen."""
        self._answer = answer
        self._draw_if_seen()

    def catch_up(self) -> None:
        """Draw what came while the view was not seen."""
        self._draw_waiting()

    def _redraw(self) -> None:
        if self._news is not None:
            self._stale = frozenset(self._news.tail.isotherms)
            self._draw_if_seen()

    def _draw_if_seen(self) -> None:
        if self.is_seen:
            self._draw_waiting()

    def _draw_waiting(self) -> None:
        if self._news is not None and self._stale:
            stale, self._stale = self._stale, frozenset()
            self.draw_points(self._news, stale)
        if self._answer is not None:
            answer, self._answer = self._answer, None
            self.draw_answer(answer)

    # --- read-out and export ----------------------------------------------------------------------------------------

    def reads(self, plot: pyqtgraph.PlotItem, text: Callable[[float, float], str]) -> None:
        """Say how the place under the mouse reads in words, with SI units."""
        self._readers.append((plot, text))

    def export(self, path: Path) -> None:
        """Write the panel as SVG, PDF or PNG, or its curves as CSV, by the ending of `path`.

        Raises
        ------
        ValueError
            For another ending.
        """
        self._draw_waiting()
        ending = path.suffix.lower()
        if ending == ".svg":
            pyqtgraph.exporters.SVGExporter(self.graphics.scene()).export(str(path))
        elif ending == ".png":
            self.graphics.grab().save(str(path))
        elif ending == ".csv":
            self._export_csv(path)
        elif ending == ".pdf":
            self._export_pdf(path)
        else:
            raise ValueError(f"{path.name}: expected a name ending in .svg, .pdf, .png or .csv")

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield what is drawn as a table: name of the ordinate, name of the curve, x and y."""
        yield ("plot", "curve", "x", "y")
        for plot in self._plots():
            ordinate = _TAG.sub("", plot.getAxis("left").labelText)
            for name, x, y in _curves_of(plot):
                yield from ((ordinate, name, *pair) for pair in zip(x.tolist(), y.tolist(), strict=True))

    def _plots(self) -> list[pyqtgraph.PlotItem]:
        return [item for item in self.graphics.ci.items if isinstance(item, pyqtgraph.PlotItem)]

    def _export_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(self.rows())

    def _export_pdf(self, path: Path) -> None:
        writer = QPdfWriter(str(path))
        writer.setPageMargins(QMarginsF(10, 10, 10, 10))
        painter = QPainter(writer)
        self.graphics.render(painter)
        painter.end()

    def ask_where_to_export(self) -> None:
        """Ask for a file, and write the panel into it."""
        ask_for_file(self, f"Export {self.name}", Path(f"{self.name}.svg"), ENDINGS, self._export_to, is_new=True)

    def _export_to(self, path: Path) -> None:
        try:
            self.export(path)
        except (OSError, ValueError) as error:
            self.failed.emit(error)

    def _read_out(self, place: QPointF) -> None:
        for plot, text in self._readers:
            if plot.sceneBoundingRect().contains(place):
                at = plot.vb.mapSceneToView(place)
                self.readout.setText(text(at.x(), at.y()))
                return


def _curves_of(plot: pyqtgraph.PlotItem) -> Iterator[tuple[object, Floats, Floats]]:
    """Yield name, x and y of all that a plot shows."""
    for number, item in enumerate(plot.items):
        if isinstance(item, CurveStack):
            yield from ((name, *item.curve(name)) for name in item.names())
        elif isinstance(item, pyqtgraph.PlotDataItem | pyqtgraph.ScatterPlotItem):
            x, y = item.getData()
            if x is not None and y is not None:
                yield f"line {number}", np.asarray(x), np.asarray(y)
