"""What all plots share: labelled axes, curves made once and only touched when their data change, export, read-out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyqtgraph
import pyqtgraph.exporters
from numpy.typing import NDArray
from PyQt5.QtCore import QMarginsF, QPointF, Qt
from PyQt5.QtGui import QColor, QPainter, QPdfWriter
from PyQt5.QtWidgets import QAction, QFileDialog, QLabel, QVBoxLayout

from acquisition.gui.panel import Panel
from acquisition.gui.style import Palette

Floats = NDArray[np.float64]

POINTS_PER_CURVE = 4000
"""More points of a finished curve than a wide screen has pixels twice over are thinned before they are drawn."""


class Plot(pyqtgraph.PlotItem):
    """A plot with plain labelled axes."""

    def __init__(self, palette: Palette, bottom: str, left: str, title: str = "") -> None:
        super().__init__()
        self.setLabel("bottom", bottom)
        self.setLabel("left", left)
        if title:
            self.setTitle(title, size="9pt", color=palette.foreground)
        for side in ("bottom", "left"):
            axis = self.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(palette.foreground)
            axis.setTextPen(palette.foreground)
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


def thinned(x: Floats, y: Floats, most: int = POINTS_PER_CURVE) -> tuple[Floats, Floats]:
    """Return at most about `most` points that keep the extremes: the lowest and highest of each stretch, in order."""
    if len(x) <= most:
        return x, y
    stretch = -(-2 * len(x) // most)
    whole = len(x) // stretch * stretch
    blocks = np.where(np.isfinite(y[:whole]), y[:whole], 0.0).reshape(-1, stretch)
    starts = np.arange(len(blocks)) * stretch
    keep = np.sort(np.concatenate([starts + blocks.argmin(axis=1), starts + blocks.argmax(axis=1)]))
    keep = np.concatenate([keep, np.arange(whole, len(x))])
    return x[keep], y[keep]


class View(Panel):
    """A panel of plots with a line of read-out below and an export menu.

    Parameters
    ----------
    palette : Palette
        The look.
    name : str
        Name of the panel, for the window's menu and for exported files.
    """

    def __init__(self, palette: Palette, name: str) -> None:
        super().__init__(name)
        self.layout_ = QVBoxLayout(self)
        self.layout_.setContentsMargins(4, 4, 4, 2)
        self.graphics = pyqtgraph.GraphicsLayoutWidget()
        self.readout = QLabel(" ")
        self.readout.setObjectName(f"{name} read-out")
        self.layout_.addWidget(self.graphics, stretch=1)
        self.layout_.addWidget(self.readout)
        self._readers: list[tuple[pyqtgraph.PlotItem, Callable[[float, float], str]]] = []
        self.graphics.scene().sigMouseMoved.connect(self._read_out)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        export = QAction("Export this panel ...", self)
        export.triggered.connect(self._ask_where_to_export)
        self.addAction(export)

    def reads(self, plot: pyqtgraph.PlotItem, text: Callable[[float, float], str]) -> None:
        """Say how the place under the mouse reads in words, with SI units."""
        self._readers.append((plot, text))

    def export(self, path: Path) -> None:
        """Write the panel as SVG, PNG or PDF, or its first plot's curves as CSV, by the ending of `path`.

        Raises
        ------
        ValueError
            For another ending.
        """
        ending = path.suffix.lower()
        if ending == ".svg":
            pyqtgraph.exporters.SVGExporter(self.graphics.scene()).export(str(path))
        elif ending == ".png":
            self.graphics.grab().save(str(path))
        elif ending == ".csv":
            pyqtgraph.exporters.CSVExporter(self._plots()[0]).export(str(path))
        elif ending == ".pdf":
            self._export_pdf(path)
        else:
            raise ValueError(f"{path.name}: expected a name ending in .svg, .png, .pdf or .csv")

    def _plots(self) -> list[pyqtgraph.PlotItem]:
        return [item for item in self.graphics.ci.items if isinstance(item, pyqtgraph.PlotItem)]

    def _export_pdf(self, path: Path) -> None:
        writer = QPdfWriter(str(path))
        writer.setPageMargins(QMarginsF(10, 10, 10, 10))
        painter = QPainter(writer)
        self.graphics.render(painter)
        painter.end()

    def _ask_where_to_export(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, f"Export {self.name}", f"{self.name}.svg", "Figures (*.svg *.png *.pdf);;Numbers (*.csv)"
        )
        if chosen:
            try:
                self.export(Path(chosen))
            except (OSError, ValueError) as error:
                self.failed.emit(error)

    def _read_out(self, place: QPointF) -> None:
        for plot, text in self._readers:
            if plot.sceneBoundingRect().contains(place):
                at = plot.vb.mapSceneToView(place)
                self.readout.setText(text(at.x(), at.y()))
                return
