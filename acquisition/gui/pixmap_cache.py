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
        self._more: list[Callable[[QPainter], None]] = []

    def forget(self) -> None:
        """Paint it anew the next time."""
        self._picture_of = None
        self._more.clear()

    def add(self, draw: Callable[[QPainter], None]) -> None:
        """Paint something over the picture the next time; one that is made anew has it by itself."""
        if self._picture_of is not None:
            self._more.append(draw)

    def paint(self, painter: QPainter, extent: QRectF, draw: Callable[[QPainter], None]) -> None:
        """Lay the picture down, made by `draw` if there is none; it reaches over `extent`, as the painter measures."""
        area = painter.worldTransform().mapRect(extent).toAlignedRect()
        device = painter.device()
        ratio = 1.0 if device is None else device.devicePixelRatioF()
        wanted = (QTransform(painter.worldTransform()), area, ratio)
        if wanted != self._picture_of:
            self._picture_of = wanted
            self._picture = QPixmap(area.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            self._more = [draw]
        if self._more:
            self._paint_into(painter, area)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(area.topLeft(), self._picture)
        painter.restore()

    def _paint_into(self, painter: QPainter, area: QRect) -> None:
        inner = QPainter(self._picture)
        inner.translate(-area.topLeft())
        inner.setTransform(painter.worldTransform(), combine=True)
        for draw in self._more:
            draw(inner)
        inner.end()
        self._more.clear()
