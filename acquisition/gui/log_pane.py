"""The log: what happened, in the order of time, with the operator's notes."""

from PyQt5.QtGui import QColor, QTextCharFormat, QTextCursor
from PyQt5.QtWidgets import QPlainTextEdit, QVBoxLayout

from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.style import Tone
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


class LogPane(Panel):
    """Lines that can be read and copied; the oldest go when there are very many."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Log")
        self._palette = around.palette
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setMaximumBlockCount(MOST_LINES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.lines)

    def clear(self) -> None:
        """Forget the lines, for another run."""
        self.lines.clear()

    def show_news(self, news: News) -> None:
        """Append what happened."""
        self.show_events(news.fresh.events)

    def show_events(self, events: tuple[Event, ...]) -> None:
        """Append events."""
        for event in events:
            self.say(f"{duration_text(event.time_s):>11}  {event.kind}: {event.message}", _TONES.get(event.kind))

    def say(self, line: str, tone: Tone | None = None) -> None:
        """Append one line."""
        form = QTextCharFormat()
        colour = self._palette.foreground if tone is None else self._palette.tones[tone]
        form.setForeground(QColor(colour))
        cursor = self.lines.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(line + "\n", form)
        self.lines.ensureCursorVisible()
