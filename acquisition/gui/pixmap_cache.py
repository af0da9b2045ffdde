"""What rests in a plot, painted once into a picture: to lay that down costs a fifth of painting it anew."""

from collections.abc import Callable

from PyQt5.QtCore import QRect, QRectF, Qt
from PyQt5.QtGui import QPaintEngine, QPainter, QPixmap, QTransform


def is_raster(painter: QPainter) -> bool:
    """Say whether a painter paints pixels; in a vector export everything is drawn."""
    engine = painter.paintEngine()
    return engine is not None and engine.type() == QPaintEngine.Type.Raster


class PixmapCache:
    """A picture of what rests, good for one transformation."""

    def __init__(self) -> None:
        self._picture = QPixmap()
        self._picture_of: tuple[QTransform, QRect, float] | None = None

    def forget(self) -> None:
        """Paint it anew the next time."""
        self._picture_of = None

    def paint(self, painter: QPainter, extent: QRectF, draw: Callable[[QPainter], None]) -> None:
        """Lay the picture down, made by `draw` if there is none; it reaches over `extent`, as the painter measures."""
        area = painter.worldTransform().mapRect(extent).toAlignedRect()
        device = painter.device()
        ratio = 1.0 if device is None else device.devicePixelRatioF()
        wanted = (QTransform(painter.worldTransform()), area, ratio)
        if wanted != self._picture_of:
            self._picture_of = wanted
            self._make(painter, area, ratio, draw)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(area.topLeft(), self._picture)
        painter.restore()

    def _make(self, painter: QPainter, area: QRect, ratio: float, draw: Callable[[QPainter], None]) -> None:
        self._picture = QPixmap(area.size() * ratio)
        self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(Qt.GlobalColor.transparent)
        inner = QPainter(self._picture)
        inner.translate(-area.topLeft())
        inner.setTransform(painter.worldTransform(), combine=True)
        draw(inner)
        inner.end()
