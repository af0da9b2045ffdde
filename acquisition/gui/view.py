"""A panel of plots: it draws while it is seen, says what is under the mouse, and is exported.

What comes while it cannot be seen waits until it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PyQt5.QtCore import QEvent, QObject, QPointF, Qt
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent

from acquisition.gui.canvas import Canvas
from acquisition.gui.coordinate import Coordinate
from acquisition.gui.figure_files import Rows, table_of
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.plots import Plot

NEAR = 12.0
"""A point that is nearer than so many pixels is meant."""


@dataclass(frozen=True)
class _Reader:
    """How places in a plot read: both coordinates, and what else is known of a place."""

    plot: Plot
    x: Coordinate
    y: Coordinate
    note: Callable[[float, float], str]

    def words(self, x: float, y: float, curve: str) -> str:
        """Return how a place reads, and which isotherm or other curve is there."""
        parts = [self.x.words(x), self.y.words(y), self.note(x, y) or curve]
        return ", ".join(part for part in parts if part)

    def differences(self, x: float, y: float) -> str:
        """Return how far a place is from the mark, if there is one."""
        if self.plot.mark is None:
            return ""
        differences = map(Coordinate.difference, (self.x, self.y), (x, y), self.plot.mark)
        return f"from the mark: {', '.join(filter(None, differences))}"


def _nothing(_x: float, _y: float) -> str:
    return ""


class View(Panel):
    """A panel of plots with a line below that says what is seen, or how the place under the mouse reads.

    A click marks a place, from which others are measured; a double click takes the mark away and lets the plot follow
    its data again.

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
        self.graphics = Canvas(name, prepare=self._draw_waiting, rows=self.rows)
        self.graphics.failed.connect(self.failed)
        self.readout = QLabel(" ")
        self.readout.setObjectName(f"{name} read-out")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # long text never widens it
        self._readers: list[_Reader] = []
        self._said = ""
        self._pointed_at: tuple[str, str] | None = None
        self._news: News | None = None
        self._stale: frozenset[int] = frozenset()
        self._answer: FitAnswer | None = None
        self._build()
        self.graphics.scene().sigMouseMoved.connect(self._read_out)
        self.graphics.scene().sigMouseClicked.connect(self._click)
        self.graphics.viewport().installEventFilter(self)
        self.selection.changed.connect(self._redraw)

    def _build(self) -> None:
        self.held = QToolButton()
        self.held.setText("view all")
        self.held.setToolTip("You have zoomed; look at everything and follow new data again (or double click)")
        self.held.setAutoRaise(True)
        self.held.clicked.connect(self.follow)
        self.held.hide()
        row = QHBoxLayout()
        row.addWidget(self.readout, stretch=1)
        row.addWidget(self.held)
        self.layout_.addWidget(self.graphics, stretch=1)
        self.layout_.addLayout(row)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.addActions(self.graphics.actions())

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
        self.graphics.run_file = None
        self.say("")
        self.forget()
        self.follow()

    def show_news(self, news: News) -> None:
        """Take what is new of the run, and draw it as soon as the view is seen."""
        self._news = news
        self.graphics.run_file = news.tail.path
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

    # --- what it says -----------------------------------------------------------------------------------------------

    def reads(self, plot: Plot, x: Coordinate, y: Coordinate, note: Callable[[float, float], str] = _nothing) -> None:
        """Say how the place under the mouse reads, with SI units; `note` adds what else is known of a place."""
        self._readers.append(_Reader(plot, x, y, note))
        plot.hold_changed.connect(self._show_hold)

    def say(self, text: str) -> None:
        """Say something of what is seen; while the mouse is on a plot, its place is told instead."""
        self._said = text
        self._show_words()

    def follow(self) -> None:
        """Let all plots follow their data again."""
        self.graphics.follow()

    def memory(self) -> dict[str, Any]:
        """Return where somebody has zoomed to."""
        return {"ranges": [plot.vb.viewRange() if plot.is_held else None for plot in self.plots()]}

    def recall(self, memory: dict[str, Any]) -> None:
        """Zoom to where somebody had zoomed."""
        for plot, ranges in zip(self.plots(), memory["ranges"], strict=False):
            if ranges is not None:
                plot.hold_at(ranges)

    def plots(self) -> list[Plot]:
        """Return the plots of the panel."""
        return self.graphics.plots()

    def _show_words(self) -> None:
        """Show one line, and where there is a mark a second one, so that nothing jumps while the mouse moves."""
        lines = self._pointed_at or (self._said or " ", "move the mouse to measure from the mark")
        has_mark = any(plot.mark for plot in self.plots())
        self.readout.setText("\n".join(lines if has_mark else lines[:1]))
        self.readout.setToolTip(self._said)

    def _show_hold(self) -> None:
        self.held.setVisible(any(plot.is_held or plot.mark for plot in self.plots()))
        self._show_words()

    def _read_out(self, place: QPointF) -> None:
        reader = self._reader_at(place)
        if reader is None:
            self._point_at_nothing()
            return
        at = reader.plot.vb.mapSceneToView(place)
        near = reader.plot.nearest(at.x(), at.y(), NEAR)
        curve = near[0] if near else ""
        self._pointed_at = (reader.words(at.x(), at.y(), curve), reader.differences(at.x(), at.y()))
        self._show_words()
        self.selection.point_at(curve)

    def _point_at_nothing(self) -> None:
        self._pointed_at = None
        self._show_words()
        self.selection.point_at("")

    def _reader_at(self, place: QPointF) -> _Reader | None:
        shown = [reader for reader in self._readers if reader.plot.scene() is not None]
        inside = (reader for reader in shown if reader.plot.vb.sceneBoundingRect().contains(place))
        return next(inside, None)

    def _click(self, click: MouseClickEvent) -> None:
        """Mark the place of a left click, on the point that is near."""
        reader = self._reader_at(click.scenePos())
        if reader is None or click.button() != Qt.MouseButton.LeftButton or click.double():
            return
        at = reader.plot.vb.mapSceneToView(click.scenePos())
        near = reader.plot.nearest(at.x(), at.y(), NEAR)
        reader.plot.set_mark(*(near[1:] if near else (at.x(), at.y())))
        self._show_hold()
        self._read_out(click.scenePos())

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # Qt's name
        """Say again what is seen, once the mouse has left the plots."""
        if a1 is not None and a1.type() == QEvent.Type.Leave:
            self._point_at_nothing()
        return super().eventFilter(a0, a1)

    # --- export -----------------------------------------------------------------------------------------------------

    def rows(self) -> Rows:
        """Return what is drawn as a table; its first row says what stands in each column, and its unit."""
        return table_of(self.plots())
