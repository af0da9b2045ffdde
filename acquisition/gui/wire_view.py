"""What goes over the wires, as the engine writes it down on demand."""

from pathlib import Path

from PyQt5.QtWidgets import QPlainTextEdit

MOST_LINES = 2000
MOST_BYTES = 200_000


class WireView(QPlainTextEdit):
    """The end of a log file that grows."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setMaximumBlockCount(MOST_LINES)
        self.setPlaceholderText("switch the log of the wire on to see every line to and from the boxes")
        self._place = 0

    def forget(self) -> None:
        """Begin anew, with another file."""
        self.clear()
        self._place = 0

    def follow(self, path: Path) -> None:
        """Append what is new in the file, if there is one; of very much the end."""
        try:
            size = path.stat().st_size
        except OSError:
            return
        if size < self._place:  # it had grown long and was begun anew
            self._place = 0
        if size == self._place:
            return
        with path.open("rb") as file:
            file.seek(max(self._place, size - MOST_BYTES))
            text = file.read(size - file.tell()).decode("utf-8", "replace")
        self._place = size
        self.appendPlainText(text.rstrip("\n"))
