"""Layouts of the window, kept under names."""

from PyQt5.QtCore import QByteArray, QSettings
from PyQt5.QtWidgets import QMainWindow

LAST = "last"
"""How the window was when it was last closed."""


class Layouts:
    """Keeps and restores where the panels of a window are.

    Parameters
    ----------
    window : QMainWindow
        With all panels, as it is at first.
    settings : QSettings
        Where layouts are kept.
    """

    def __init__(self, window: QMainWindow, settings: QSettings) -> None:
        self._window = window
        self._settings = settings
        self._first = window.saveState()

    def names(self) -> list[str]:
        """Return the names of the layouts that the user has kept."""
        self._settings.beginGroup("layouts")
        names = [name for name in self._settings.childGroups() if name != LAST]
        self._settings.endGroup()
        return names

    def keep(self, name: str = LAST) -> None:
        """Keep the present layout."""
        self._settings.setValue(f"layouts/{name}/state", self._window.saveState())
        self._settings.setValue(f"layouts/{name}/geometry", self._window.saveGeometry())

    def restore(self, name: str = LAST) -> None:
        """Restore a layout, as far as there is one of that name."""
        state, geometry = (self._settings.value(f"layouts/{name}/{part}") for part in ("state", "geometry"))
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self._window.restoreState(state)

    def reset(self) -> None:
        """Put all panels back to where they were at first."""
        self._window.restoreState(self._first)
