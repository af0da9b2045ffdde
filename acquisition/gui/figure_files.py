"""Panels of plots as files: SVG and PDF as large as on the screen, PNG three times as fine, CSV of what is drawn.

A vector figure is drawn in units of a pixel of the screen: pens, dots and letters keep their proportions.
"""

import csv
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyqtgraph
import pyqtgraph.exporters
from PyQt5.QtCore import QMarginsF, QRectF, QSizeF, Qt
from PyQt5.QtGui import QImage, QPageSize, QPainter, QPdfWriter

from acquisition.errors import InputError
from acquisition.gui.plots import Plot, plots_on
from acquisition.gui.style import line_width

Rows = list[list[object]]
"""A table, of which the first row says what stands in each column."""

FIGURE_KINDS = "SVG (*.svg);;PDF (*.pdf);;PNG (*.png);;numbers, CSV (*.csv)"
FINENESS = 3
INCH_POINTS = 72.0
DOTS_PER_METRE_PER_INCH = 39.37


def write_figure(graphics: pyqtgraph.GraphicsLayoutWidget, path: Path) -> None:
    """Write plots as SVG, PDF or PNG, by the ending of `path`.

    Raises
    ------
    InputError
        For another ending.
    OSError
        If it cannot be written.
    """
    writers = {".svg": _write_svg, ".pdf": _write_pdf, ".png": _write_png}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise InputError(f"{path.name}: expected a name ending in .svg, .pdf, .png or .csv")
    path.touch()  # says why if it cannot be written; Qt would not
    writer(graphics, path)


def write_rows(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def table_of(plots: Sequence[Plot]) -> Rows:
    """Return the curves of plots, one point a row: the curve's name, and a column for each quantity on an axis."""
    quantities: list[str] = []
    drawn = []
    for plot in plots:
        axes = [plain(label) for label in plot.axis_labels()]
        quantities += [quantity for quantity in axes if quantity and quantity not in quantities]
        drawn.append((axes, plot.drawn_in_units()))
    rows: Rows = [["curve", *quantities]]
    for axes, curves in drawn:
        columns = [1 + quantities.index(quantity) if quantity else None for quantity in axes]
        for name, *values in curves:
            for pair in zip(*(axis.tolist() for axis in values), strict=True):
                row: list[object] = [name] + [""] * len(quantities)
                for column, value in zip(columns, pair, strict=True):
                    if column is not None:
                        row[column] = value
                rows.append(row)
    return rows


def plain(label: str) -> str:
    """Return the label of an axis without its HTML: T<sup>1/2</sup> as T^1/2."""
    marked = label.replace("<sup>", "^").replace("<sub>", "_")
    return html.unescape(re.sub("<[^>]*>", "", marked))


def picture(graphics: pyqtgraph.GraphicsLayoutWidget) -> QImage:
    """Return plots as a picture, finer than on the screen."""
    image = QImage(graphics.size() * FINENESS, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(FINENESS)
    image.fill(Qt.GlobalColor.white)
    with _lines_as_wide(graphics, FINENESS):
        painter = QPainter(image)
        graphics.render(painter, QRectF(graphics.rect()), graphics.rect())
        painter.end()
    return image


@contextmanager
def _lines_as_wide(graphics: pyqtgraph.GraphicsLayoutWidget, pixels: int) -> Iterator[None]:
    """Draw lines so wide meanwhile, then as the screen wants them."""
    for plot in plots_on(graphics):
        plot.set_line_width(pixels)
    try:
        yield
    finally:
        for plot in plots_on(graphics):
            plot.set_line_width(line_width())


def _write_png(graphics: pyqtgraph.GraphicsLayoutWidget, path: Path) -> None:
    image = picture(graphics)
    image.setDotsPerMeterX(round(FINENESS * graphics.logicalDpiX() * DOTS_PER_METRE_PER_INCH))
    image.setDotsPerMeterY(round(FINENESS * graphics.logicalDpiY() * DOTS_PER_METRE_PER_INCH))
    image.save(str(path))


def _write_svg(graphics: pyqtgraph.GraphicsLayoutWidget, path: Path) -> None:
    with _lines_as_wide(graphics, 1):
        pyqtgraph.exporters.SVGExporter(graphics.scene()).export(str(path))


def _write_pdf(graphics: pyqtgraph.GraphicsLayoutWidget, path: Path) -> None:
    """Write one page of the size of the panel; at the resolution of the screen a pixel is a pixel there, too."""
    dots_per_inch = graphics.logicalDpiX()
    writer = QPdfWriter(str(path))
    writer.setResolution(dots_per_inch)
    size = QSizeF(graphics.size()) * (INCH_POINTS / dots_per_inch)
    writer.setPageSize(QPageSize(size, QPageSize.Unit.Point, "panel", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF(0.0, 0.0, 0.0, 0.0))
    with _lines_as_wide(graphics, 1):
        painter = QPainter(writer)
        graphics.render(painter)
        painter.end()
