"""The log: what happened, in the order of time, with the operator's notes."""

from PyQt5.QtGui import QColor, QTextCharFormat, QTextCursor
from PyQt5.QtWidgets import QPlainTextEdit

from acquisition.gui.style import Palette, Tone
from acquisition.planning.timing import duration_text
from acquisition.readings import Event

MOST_LINES = 5000

_TONES = {
    "failed": Tone.BAD,
    "safety-stop": Tone.BAD,
    "interlock": Tone.BAD,
    "aborted": Tone.WARNING,
    "paused": Tone.WARNING,
    "unsettled": Tone.WARNING,
    "anchors": Tone.WARNING,
    "settled": Tone.GOOD,
    "complete": Tone.GOOD,
    "note": Tone.BUSY,
}


class LogPane(QPlainTextEdit):
    """Lines that can be read and copied; the oldest go when there are very many."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.setObjectName("Log")
        self.setReadOnly(True)
        self.setMaximumBlockCount(MOST_LINES)
        self._palette = palette

    def show_events(self, events: tuple[Event, ...]) -> None:
        """Append events."""
        for event in events:
            self.say(f"{duration_text(event.time_s):>11}  {event.kind}: {event.message}", _TONES.get(event.kind))

    def say(self, line: str, tone: Tone | None = None) -> None:
        """Append one line."""
        form = QTextCharFormat()
        colour = self._palette.foreground if tone is None else self._palette.tones[tone]
        form.setForeground(QColor(colour))
        cursor = self.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(line + "\n", form)
        self.ensureCursorVisible()
