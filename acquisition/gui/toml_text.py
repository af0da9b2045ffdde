"""The text of a file that is edited by a form as well: every change can be undone, whichever side it came from."""

import re

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtGui import QTextCursor
from PyQt5.QtWidgets import QPlainTextEdit

from acquisition.gui.style import fixed_font

PAUSE_MS = 600


class TomlText(QPlainTextEdit):
    """A text that tells when somebody has paused in typing.

    Attributes
    ----------
    is_typed : bool
        Whether something was typed that nobody has taken yet; who takes it says so here.

    Signals
    -------
    typed
        Something was typed.
    """

    typed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(fixed_font())
        self.is_typed = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._tell)
        self.textChanged.connect(self._wait)

    def begin(self, text: str) -> None:
        """Show another file: there is nothing of the one before to go back to."""
        self.setPlainText(text)
        self.is_typed = False

    def put(self, text: str) -> None:
        """Show what somebody else has made of the file, as one step that can be undone."""
        place = self.verticalScrollBar()
        before = 0 if place is None else place.value()
        cursor = self.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        if place is not None:
            place.setValue(before)
        self.is_typed = False

    def point_at(self, complaint: str) -> None:
        """Mark the line that a complaint names."""
        line = re.search(r"at line (\d+)", complaint)
        cursor = self.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.Start)
        cursor.movePosition(QTextCursor.MoveOperation.Down, n=int(line[1]) - 1 if line else 0)
        cursor.select(QTextCursor.SelectionType.LineUnderCursor)
        self.setTextCursor(cursor)

    def _wait(self) -> None:
        self.is_typed = True
        self._pause.start(PAUSE_MS)

    def _tell(self) -> None:
        if self.is_typed:
            self.typed.emit()
