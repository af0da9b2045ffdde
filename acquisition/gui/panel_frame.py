"""The frame of the window: two bars above, panels in tabs in the middle and in docks around."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDockWidget, QInputDialog, QMainWindow, QScrollArea, QTabWidget, QToolBar

from acquisition.gui.control_bar import ControlBar
from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.panels import Area, Place
from acquisition.gui.status_strip import StatusStrip
from acquisition.gui.view import View

Kind = TypeVar("Kind", bound=Panel)

DOCK_AREAS = {
    Area.LEFT: Qt.DockWidgetArea.LeftDockWidgetArea,
    Area.RIGHT: Qt.DockWidgetArea.RightDockWidgetArea,
    Area.BOTTOM: Qt.DockWidgetArea.BottomDockWidgetArea,
}


class PanelFrame(QMainWindow):
    """Panels in their places; it knows no run.

    Parameters
    ----------
    around : Surroundings
        What the panels are made from.
    places : sequence of Place
        The panels.
    """

    def __init__(self, around: Surroundings, places: Sequence[Place]) -> None:
        super().__init__()
        self.resize(1280, 800)
        self.panels: list[Panel] = []
        self.docks: dict[str, QDockWidget] = {}
        self.bar = ControlBar(around.palette)
        self.addToolBar(self.bar)
        self.addToolBarBreak()
        self.strip = StatusStrip(around.palette)
        strip_bar = QToolBar("Status")
        strip_bar.setObjectName("Status")
        strip_bar.setMovable(False)
        strip_bar.addWidget(self.strip)
        self.addToolBar(strip_bar)
        self.centre = QTabWidget()
        self.centre.setDocumentMode(True)
        self.setCentralWidget(self.centre)
        for place in places:
            self._add(place.make(around), place.area)
        self._arrange()

    def _add(self, panel: Panel, area: Area) -> None:
        """Give a panel its place."""
        self.panels.append(panel)
        widget = panel if isinstance(panel, View) else _scrolling(panel)
        if area is Area.CENTRE:
            self.centre.addTab(widget, panel.name)
            return
        dock = QDockWidget(panel.name, self)
        dock.setObjectName(f"dock {panel.name}")
        dock.setWidget(widget)
        dock.visibilityChanged.connect(panel.set_in_front)
        self.addDockWidget(DOCK_AREAS[area], dock)
        self.docks[panel.name] = dock

    def _arrange(self) -> None:
        for area, size, along in (
            (Qt.DockWidgetArea.LeftDockWidgetArea, 480, Qt.Orientation.Horizontal),
            (Qt.DockWidgetArea.RightDockWidgetArea, 140, Qt.Orientation.Horizontal),
            (Qt.DockWidgetArea.BottomDockWidgetArea, 250, Qt.Orientation.Vertical),
        ):
            docks = [dock for dock in self.docks.values() if self.dockWidgetArea(dock) == area]
            for first, second in pairwise(docks):
                self.tabifyDockWidget(first, second)
            if docks:
                docks[0].raise_()
                self.resizeDocks(docks[:1], [size], along)

    def panel(self, kind: type[Kind]) -> Kind:
        """Return the panel of a kind."""
        return next(panel for panel in self.panels if isinstance(panel, kind))

    def show_panel(self, panel: Panel) -> None:
        """Bring a panel to the front."""
        if panel.name in self.docks:
            self.docks[panel.name].show()
            self.docks[panel.name].raise_()
        else:
            names = [self.centre.tabText(place) for place in range(self.centre.count())]
            self.centre.setCurrentIndex(names.index(panel.name))

    def follow(self) -> None:
        """Let all plots look at everything again, whatever has been zoomed."""
        for panel in self.panels:
            if isinstance(panel, View):
                panel.follow()

    def ask_for_export(self) -> None:
        """Ask which panel to export, and where to."""
        views = {view.name: view for view in self.panels if isinstance(view, View)}
        dialog = QInputDialog(self)
        dialog.setComboBoxItems(list(views))
        dialog.setLabelText("Panel to export:")
        dialog.textValueSelected.connect(lambda name: views[name].graphics.ask_where_to_export())
        dialog.show()

    def memory(self) -> dict[str, Any]:
        """Return what somebody has chosen in the panels, for a window that takes this one's place."""
        return {"panels": {panel.name: panel.memory() for panel in self.panels}, "tab": self.centre.currentIndex()}

    def recall(self, memory: dict[str, Any]) -> None:
        """Take over what somebody had chosen in the panels of the window before."""
        for panel in self.panels:
            panel.recall(memory["panels"][panel.name])
        self.centre.setCurrentIndex(memory["tab"])


def _scrolling(panel: Panel) -> QScrollArea:
    """Return a frame in which a panel may be taller than its place, so that the window fits a small screen."""
    frame = QScrollArea()
    frame.setFrameShape(QScrollArea.Shape.NoFrame)
    frame.setWidgetResizable(True)
    frame.setWidget(panel)
    return frame
