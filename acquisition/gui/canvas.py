"""What plots are drawn on: a right click brings one menu, of ours, by which they are seen whole, exported and copied.

pyqtgraph's own menu would transform axes behind the back of those who draw on them.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pyqtgraph
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QAction, QApplication, QMenu
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent

from acquisition.errors import InputError
from acquisition.gui.figure_files import FIGURE_KINDS, Rows, picture, table_of, write_figure, write_rows
from acquisition.gui.file_dialog import ask_for_file
from acquisition.gui.plots import Plot, plots_on
from acquisition.run_schema import SUFFIX


class Canvas(pyqtgraph.GraphicsLayoutWidget):
    """A widget of plots.

    Signals
    -------
    failed : Exception
        Why something could not be exported.

    Parameters
    ----------
    name : str
        For the names of files.
    prepare : callable
        Draws what waits to be drawn, before an export.
    rows : callable
        Returns the table of an export, instead of the curves that are seen.
    """

    failed = pyqtSignal(object)

    def __init__(
        self, name: str, *, prepare: Callable[[], None] = lambda: None, rows: Callable[[], Rows] | None = None
    ) -> None:
        super().__init__()
        self.name = name
        self.run_file: Path | None = None
        self._prepare = prepare
        self._rows = rows or (lambda: table_of(self.plots()))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)  # a right drag zooms, a click opens the menu
        for text, do in (
            ("View all, follow the data", self.follow),
            ("Export this panel ...", self.ask_where_to_export),
            ("Copy as a picture", self.copy),
        ):
            action = QAction(text, self)
            action.triggered.connect(do)
            self.addAction(action)
        self.scene().sigMouseClicked.connect(self._open_menu)

    def plots(self) -> list[Plot]:
        """Return the plots."""
        return plots_on(self)

    def follow(self) -> None:
        """Let all plots follow their data again."""
        for plot in self.plots():
            plot.follow()

    def export(self, path: Path) -> None:
        """Write the plots as SVG, PDF or PNG, or their curves as CSV, by the ending of `path`.

        Raises
        ------
        InputError
            For another ending.
        OSError
            If it cannot be written.
        """
        self._prepare()
        if path.suffix.lower() == ".csv":
            write_rows(path, self._rows())
        else:
            write_figure(self, path)

    def copy(self) -> None:
        """Put the plots on the clipboard as a picture."""
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setImage(picture(self))

    def ask_where_to_export(self) -> None:
        """Ask for a file, and write the plots into it; it is proposed beside the run file, if there is one."""
        path = Path(re.sub(r"\W+", "-", self.name.lower()) + ".svg")
        if self.run_file is not None:
            path = self.run_file.with_name(f"{self.run_file.name.removesuffix(SUFFIX)}_{path}")
        ask_for_file(self, f"Export {self.name}", path, FIGURE_KINDS, self._export_to, is_new=True)

    def _export_to(self, path: Path) -> None:
        try:
            self.export(path)
        except (OSError, InputError) as error:
            self.failed.emit(error)

    def _open_menu(self, click: MouseClickEvent) -> None:
        if click.button() == Qt.MouseButton.RightButton:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self.actions())
            menu.popup(click.screenPos().toPoint())
