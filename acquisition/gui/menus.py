"""The menus, and the list of keys."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from PyQt5.QtWidgets import (
    QAction,
    QDialog,
    QDockWidget,
    QFormLayout,
    QInputDialog,
    QLabel,
    QMainWindow,
    QMenu,
    QWidget,
)

from acquisition.gui.documents import DOCUMENTS, Documents
from acquisition.gui.layouts import Layouts

HELP = (
    ("What the window shows", "F1", "window.md"),
    ("Editors, queue, instruments, simulator", "", "panels.md"),
    ("A rack of your own, step by step", "", "own-rack.md"),
    ("All documents", "", "index.md"),
)
"""Documents, beside the keys."""

IN_A_PLOT = (
    "In a plot: wheel and drag zoom and pan (on an axis, that axis alone);\n"
    "click marks a point to measure from; double click shows all again;\n"
    "right click opens a menu, a right drag zooms."
)


class Commands(Protocol):
    """What the menus can ask of the window."""

    def ask_for_run(self) -> None:
        """Ask for a run file and look at it."""
        ...

    def ask_for_export(self) -> None:
        """Ask which panel to export, and where to."""
        ...

    def ask_for_report(self) -> None:
        """Ask for a folder and write the report."""
        ...

    def follow(self) -> None:
        """Let all plots look at everything again."""
        ...

    def leave(self) -> None:
        """Close the window."""
        ...

    def change_theme(self) -> None:
        """Change between dark and light."""
        ...


class Menus:
    """File, view and help.

    Parameters
    ----------
    window : QMainWindow
        Gets the menus.
    commands : Commands
        What they do.
    docks : dict of str to QDockWidget
        What can be shown and hidden.
    layouts : Layouts
        What can be kept and restored.
    """

    def __init__(
        self, window: QMainWindow, commands: Commands, docks: dict[str, QDockWidget], layouts: Layouts
    ) -> None:
        self._window = window
        self._layouts = layouts
        bar = window.menuBar()
        file = bar.addMenu("&File")
        self.actions = [
            _add(file, "Open run ...", "Ctrl+O", commands.ask_for_run),
            _add(file, "Export panel ...", "Ctrl+E", commands.ask_for_export),
            _add(file, "Write report ...", "Ctrl+T", commands.ask_for_report),
            _add(file, "Close window", "Ctrl+W", commands.leave),
        ]
        panels = bar.addMenu("&Panels")
        for number, dock in enumerate(docks.values(), start=1):
            panels.addAction(dock.toggleViewAction())
            if number <= 9:
                # a key only: the panel is in the menu already, and what is hidden in a menu is deaf to its key
                self.actions.append(_add(window, f"Go to {dock.windowTitle()}", f"Alt+{number}", _jump(dock)))
        view = bar.addMenu("&View")
        self.actions.append(_add(view, "Dark or light", "Ctrl+D", commands.change_theme))
        self.actions.append(_add(view, "View all in every plot, follow the data", "Ctrl+0", commands.follow))
        view.addAction("Keep layout as ...", self._ask_for_layout)
        self._kept = view.addMenu("Layouts")
        view.addAction("Reset layout", layouts.reset)
        self._list_layouts()
        self._add_help(bar.addMenu("&Help"))

    def _add_help(self, menu: QMenu) -> None:
        menu.addAction("Keyboard shortcuts", self.show_shortcuts)
        for text, key, name in HELP if DOCUMENTS.is_dir() else ():
            self.actions.append(_add(menu, text, key, partial(self.show_document, DOCUMENTS / name)))

    def show_document(self, page: Path) -> Documents:
        """Open a document beside the window."""
        documents = Documents(page, self._window)
        documents.show()
        return documents

    def show_shortcuts(self) -> QDialog:
        """List all keys."""
        dialog = QDialog(self._window)
        dialog.setWindowTitle("Keyboard shortcuts")
        form = QFormLayout(dialog)
        for action in _with_keys(self._window):
            form.addRow(QLabel(f"<b>{action.shortcut().toString()}</b>"), QLabel(action.text().rstrip(" .")))
        form.addRow(QLabel(IN_A_PLOT))
        dialog.show()  # never modal: abort stays in reach
        return dialog

    def _ask_for_layout(self) -> None:
        dialog = QInputDialog(self._window)
        dialog.setLabelText("Name of the layout:")
        dialog.textValueSelected.connect(self.keep_layout)
        dialog.show()

    def keep_layout(self, name: str) -> None:
        """Keep the present layout under a name."""
        name = name.strip().replace("/", "-")
        if name:
            self._layouts.keep(name)
            self._list_layouts()

    def _list_layouts(self) -> None:
        self._kept.clear()
        for name in self._layouts.names():
            self._kept.addAction(name, lambda name=name: self._layouts.restore(name))


def _add(place: QMenu | QMainWindow, text: str, key: str, do: Callable[[], object]) -> QAction:
    action = QAction(text, place)
    action.setShortcut(key)

    def act() -> None:
        do()

    action.triggered.connect(act)
    place.addAction(action)
    return action


def _jump(dock: QDockWidget) -> Callable[[], None]:
    def jump() -> None:
        dock.show()
        dock.raise_()

    return jump


def _with_keys(window: QWidget) -> list[QAction]:
    """Return every action of the window that has a key, each once."""
    found = {action.shortcut().toString(): action for action in window.findChildren(QAction)}
    return [action for key, action in sorted(found.items()) if key]
