"""Many curves in one item: those that rest are painted once, into a picture; only the one that grows is painted anew.

So a new batch of points costs the painting of one curve, however many there are. In a vector export all are drawn.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PyQt5.QtWidgets import QStyleOptionGraphicsItem, QWidget

from acquisition.gui.pixmap_cache import PixmapCache, is_raster
from acquisition.gui.style import line_width

Floats = NDArray[np.float64]

POINTS_IN_ALL = 60_000
MOST_POINTS = 4_000
FEWEST_POINTS = 200
"""A plot shows so many points in all, and between these limits so many of one curve; no screen has more pixels."""


def thinned(x: Floats, y: Floats, most: int = MOST_POINTS) -> tuple[Floats, Floats]:
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


_Extent = tuple[float, float, float, float]
"""Left, right, lowest and highest."""


@dataclass
class _Curve:
    x: Floats
    y: Floats
    colour: QColor
    is_shown: bool
    label: str
    factor: float = 1.0

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        """Make polygon and extent anew, after a change of points or factor."""
        self.polygon = pyqtgraph.functions.arrayToQPolygonF(self.x, self.factor * self.y)
        self.extent = _extent_of(self.polygon) if len(self.x) else None


class CurveStack(pyqtgraph.GraphicsObject):
    """Curves by name, as lines or as dots.

    Parameters
    ----------
    dot_size : float or None
        Size of the dots in pixels; None draws lines.
    """

    def __init__(self, dot_size: float | None = None) -> None:
        super().__init__()
        self._dot_size = dot_size
        self._line_width = line_width()
        self._curves: dict[Hashable, _Curve] = {}
        self._growing: Hashable = None
        self._rest: _Extent | None = None
        self._is_rest_known = False
        self._points = 0
        self._cache = PixmapCache()

    def __len__(self) -> int:
        return len(self._curves)

    def set_curve(
        self, name: Hashable, x: Floats, y: Floats, colour: QColor, *, label: str = "", is_shown: bool = True
    ) -> None:
        """Set a curve, shape (n,) each; one that is set again and again is the one that grows.

        `label` is what it is called where it is read out or exported, its name if there is none.
        """
        share = min(max(POINTS_IN_ALL // max(1, len(self._curves)), FEWEST_POINTS), MOST_POINTS)
        finite = np.isfinite(x) & np.isfinite(y)
        x, y = thinned(x[finite], y[finite], share)
        if name != self._growing:
            self._let_grow(name)
        before = self._curves.get(name)
        self._points += len(x) - (len(before.x) if before else 0)
        self._curves[name] = _Curve(x, y, colour, is_shown, label or str(name))
        if self._points > 2 * max(POINTS_IN_ALL, FEWEST_POINTS * len(self._curves)):
            self._thin_all(share)
        self._changed()

    def _let_grow(self, name: Hashable) -> None:
        """Let another curve grow; the one before comes to rest, and is laid over the others."""
        rested, self._growing = self._curves.get(self._growing), name
        if name in self._curves:  # it leaves the picture of those that rest
            self._rest_changed()
        elif rested is not None:
            self._rest = _united([rested], self._rest)
            self._cache.add(lambda painter: self._draw(painter, [rested]))

    def _thin_all(self, share: int) -> None:
        """Take points from curves that were set when there were fewer of them."""
        for curve in self._curves.values():
            curve.x, curve.y = thinned(curve.x, curve.y, share)
            curve.measure()
        self._points = sum(len(curve.x) for curve in self._curves.values())
        self._rest_changed()

    def scale_curve(self, name: Hashable, factor: float) -> None:
        """Draw a curve with its ordinates times a factor above zero, which keeps the points that were chosen of it."""
        curve = self._curves[name]
        if curve.factor != factor:
            curve.factor = factor
            curve.measure()
            self._rest_changed()
            self._changed()

    def show_curve(self, name: Hashable, *, is_shown: bool) -> None:
        """Show or hide a curve."""
        curve = self._curves[name]
        if curve.is_shown != is_shown:
            curve.is_shown = is_shown
            self._rest_changed()
            self._changed()

    def set_line_width(self, pixels: int) -> None:
        """Draw lines so wide."""
        self._line_width = pixels
        self._rest_changed()

    def curve(self, name: Hashable) -> tuple[Floats, Floats]:
        """Return what is drawn of a curve, shape (n,) each."""
        curve = self._curves[name]
        return curve.x, curve.factor * curve.y

    def names(self) -> list[Hashable]:
        """Return the names of the curves that are shown."""
        return [name for name, curve in self._curves.items() if curve.is_shown]

    def labelled(self) -> Iterator[tuple[str, Floats, Floats]]:
        """Yield label, x and y of the curves that are shown, shape (n,) each."""
        for name in self.names():
            yield self._curves[name].label, *self.curve(name)

    def clear(self) -> None:
        """Take all curves away."""
        self._curves.clear()
        self._growing = None
        self._points = 0
        self._rest_changed()
        self._changed()

    def _rest_changed(self) -> None:
        self._cache.forget()
        self._is_rest_known = False

    def _changed(self) -> None:
        self.prepareGeometryChange()
        self.informViewBoundsChanged()
        self.update()

    # --- what Qt and pyqtgraph ask of an item -----------------------------------------------------------------------

    def boundingRect(self) -> QRectF:  # Qt's name
        """Return the extent of the shown curves."""
        extent = self._extent()
        return QRectF() if extent is None else QRectF(QPointF(extent[0], extent[2]), QPointF(extent[1], extent[3]))

    def dataBounds(self, ax: int, frac: float = 1.0, orthoRange: object = None) -> tuple[float, float] | None:
        """Return the extent along an axis, for the automatic range."""
        extent = self._extent()
        return None if extent is None else (extent[2:] if ax else extent[:2])

    def _extent(self) -> _Extent | None:
        """Return the extent of all that is shown; only that of the growing curve is looked at anew."""
        if not self._is_rest_known:
            self._is_rest_known = True
            self._rest = _united([curve for name, curve in self._curves.items() if name != self._growing])
        growing = self._curves.get(self._growing)
        return self._rest if growing is None else _united([growing], self._rest)

    def pixelPadding(self) -> float:  # pyqtgraph's name
        """Return how far the drawing reaches beyond the data, in pixels."""
        return self._dot_size or 1.0

    def paint(
        self, painter: QPainter | None, option: QStyleOptionGraphicsItem | None, widget: QWidget | None = None
    ) -> None:
        """Draw the picture of the resting curves, then the growing one."""
        assert painter is not None
        view = self.getViewBox()
        if view is None or not is_raster(painter):
            self._draw(painter, list(self._curves.values()))
            return
        self._cache.paint(painter, view.viewRect(), self._draw_rest)
        growing = self._curves.get(self._growing)
        if growing is not None:
            self._draw(painter, [growing])

    def _draw_rest(self, painter: QPainter) -> None:
        self._draw(painter, [curve for name, curve in self._curves.items() if name != self._growing])

    def _draw(self, painter: QPainter, curves: list[_Curve]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=self._dot_size is None)
        for curve in curves:
            if not curve.is_shown:
                continue
            pen = QPen(curve.colour, self._dot_size or self._line_width)
            pen.setCosmetic(True)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # square dots; round ones cost eight times as much
            painter.setPen(pen)
            if self._dot_size is None:
                painter.drawPolyline(curve.polygon)
            else:
                _draw_dots(painter, curve.polygon)


def _draw_dots(painter: QPainter, polygon: QPolygonF) -> None:
    """Draw dots at places mapped beforehand: a painter that has to map them itself takes ten times as long."""
    transform = painter.worldTransform()
    if not is_raster(painter):
        _draw_dots_as_path(painter, polygon)
        return
    painter.save()
    painter.resetTransform()
    pen = painter.pen()
    pen.setCosmetic(False)  # as large on a fine screen as on a plain one
    painter.setPen(pen)
    painter.drawPoints(transform.map(polygon))
    painter.restore()


def _draw_dots_as_path(painter: QPainter, polygon: QPolygonF) -> None:
    """Draw dots as one path of strokes too short to see: as an element each they make a file that nobody can open."""
    path = QPainterPath()
    shortest = 1e-3 / abs(painter.worldTransform().m11())
    for dot in polygon:
        path.moveTo(dot)
        path.lineTo(dot.x() + shortest, dot.y())
    pen = painter.pen()
    pen.setCapStyle(Qt.PenCapStyle.SquareCap)
    painter.strokePath(path, pen)


def _extent_of(polygon: QPolygonF) -> _Extent:
    bounds = polygon.boundingRect()
    return bounds.left(), bounds.right(), bounds.top(), bounds.bottom()


def _united(curves: Sequence[_Curve], first: _Extent | None = None) -> _Extent | None:
    """Return the extent of the curves that are shown, and of another one."""
    extents = [curve.extent for curve in curves if curve.is_shown and curve.extent is not None]
    if first is not None:
        extents.append(first)
    if not extents:
        return None
    lefts, rights, lows, highs = zip(*extents, strict=True)
    return min(lefts), max(rights), min(lows), max(highs)
