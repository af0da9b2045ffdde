"""What goes over the wires, as the engine writes it down on demand: the end of it, of all boxes or of one."""

import re
from collections import deque
from pathlib import Path
from typing import NamedTuple

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from acquisition.gui.style import fixed_font
from acquisition.running.wire_log import FROM_BOX, TO_BOX

MOST_LINES = 2000
MOST_BYTES = 200_000
ALL_BOXES = "all boxes"
ARROWS = {TO_BOX: "\u2192", FROM_BOX: "\u2190"}


class WireLine(NamedTuple):
    """One line on a wire: when (time of day), of which box (its model), in which direction, and what."""

    time: str
    box: str
    direction: str
    text: str

    def __str__(self) -> str:
        """Return the line as it is shown."""
        return f"{self.time} {self.box} {ARROWS[self.direction]} {self.text}"


_LINE = re.compile(rf"\S+ (?P<time>\S+) (?P<box>.+?)(?: at .+?)? (?P<direction>{TO_BOX}|{FROM_BOX}) (?P<text>.*)")
"""Date, time, model and address of the box, direction, text."""


def wire_line(logged: str) -> WireLine | None:
    """Take apart a line of the log, or return None if it is none."""
    found = _LINE.fullmatch(logged)
    return None if found is None else WireLine(**found.groupdict())


class WireView(QWidget):
    """The end of a log file that grows, with a switch, a choice of the box, a pause, and a button to copy.

    Signals
    -------
    switched : bool
        The log is to be kept, or no longer.
    """

    switched = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.listen = QCheckBox("log of the wire")
        self.box = QComboBox()
        self.box.addItem(ALL_BOXES)
        self.pause = QCheckBox("hold still")
        self.copy = QPushButton("Copy")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(fixed_font(8))
        self.text.setPlaceholderText("switch the log of the wire on to see every line to and from the boxes")
        column = QVBoxLayout(self)
        for left, right in ((self.listen, self.pause), (self.box, self.copy)):
            row = QHBoxLayout()
            row.addWidget(left, stretch=1)
            row.addWidget(right)
            column.addLayout(row)
        column.addWidget(self.text)
        self.listen.toggled.connect(self.switched)
        self.box.currentIndexChanged.connect(self._show_all)
        self.copy.clicked.connect(self._copy)
        self._lines: deque[WireLine] = deque(maxlen=MOST_LINES)
        self._place = 0

    def forget(self) -> None:
        """Begin anew, with another file."""
        self._lines.clear()
        self._place = 0
        self.box.clear()
        self.box.addItem(ALL_BOXES)
        self.text.clear()

    def set_switched(self, is_on: bool) -> None:
        """Show whether the log is kept, without asking for it."""
        self.listen.blockSignals(True)
        self.listen.setChecked(is_on)
        self.listen.blockSignals(False)

    def follow(self, path: Path) -> None:
        """Append what is new in the file, if there is one; of very much the end."""
        if self.pause.isChecked():
            return
        for line in self._new_lines(path):
            self._lines.append(line)
            if self.box.findText(line.box) < 0:
                self.box.addItem(line.box)
            if self._is_shown(line):
                self.text.appendPlainText(str(line))

    def _new_lines(self, path: Path) -> list[WireLine]:
        """Read the whole lines that are new; what is half written waits."""
        try:
            size = path.stat().st_size
            if size == self._place:
                return []
            begin = 0 if size < self._place else self._place  # it had grown long and was begun anew
            with path.open("rb") as file:
                file.seek(max(begin, size - MOST_BYTES))
                if file.tell() > begin:
                    file.readline()  # the rest of a line that is passed over
                begin = file.tell()
                whole, newline, _ = file.read(size - begin).rpartition(b"\n")
        except OSError:
            return []
        self._place = begin + len(whole + newline)
        return [line for text in whole.decode("utf-8", "replace").splitlines() if (line := wire_line(text))]

    def _is_shown(self, line: WireLine) -> bool:
        return self.box.currentText() in (ALL_BOXES, line.box)

    def _show_all(self) -> None:
        self.text.setPlainText("\n".join(str(line) for line in self._lines if self._is_shown(line)))
        bar = self.text.verticalScrollBar()
        if bar is not None:
            bar.setValue(bar.maximum())

    def _copy(self) -> None:
        """Put what is shown on the clipboard."""
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text.toPlainText())
