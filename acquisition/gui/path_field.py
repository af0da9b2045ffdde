"""A line with a path and a button to look for one."""

from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from acquisition.gui.file_dialog import ask_for_file


class PathField(QWidget):
    """A path, typed or looked for.

    Signals
    -------
    changed
        There is another one.
    """

    changed = pyqtSignal()

    def __init__(self, kinds: str) -> None:
        super().__init__()
        self._kinds = kinds
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.line = QLineEdit()
        self.line.setMinimumWidth(110)
        button = QPushButton("...")
        button.setMaximumWidth(32)
        row.addWidget(self.line)
        row.addWidget(button)
        self.line.editingFinished.connect(self.changed.emit)
        button.clicked.connect(self._browse)

    @property
    def path(self) -> Path:
        """Return the path as typed."""
        return Path(self.line.text())

    def set_path(self, path: Path) -> None:
        """Set the path and tell who listens."""
        self.line.setText(str(path))
        self.changed.emit()

    def _browse(self) -> None:
        ask_for_file(self, "Choose", self.path.parent, self._kinds, self.set_path)
