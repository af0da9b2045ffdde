"""The log: what happened, in the order of time, with the operator's notes."""

from collections import deque
from datetime import date, datetime

from PyQt5.QtGui import QColor, QTextCharFormat, QTextCursor
from PyQt5.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout

from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.style import Tone
from acquisition.planning.timing import duration_text
from acquisition.readings import PAUSING, QUENCH, Event

MOST_LINES = 5000

_TONES = {
    "failed": Tone.BAD,
    "safety-stop": Tone.BAD,
    "interlock": Tone.BAD,
    QUENCH: Tone.BAD,
    "aborted": Tone.WARNING,
    "paused": Tone.WARNING,
    PAUSING: Tone.WARNING,
    "refused": Tone.WARNING,
    "unsettled": Tone.WARNING,
    "anchors": Tone.WARNING,
    "settled": Tone.GOOD,
    "complete": Tone.GOOD,
    "note": Tone.BUSY,
}


class LogPane(Panel):
    """Lines that can be read, searched and copied; the oldest go when there are very many.

    A line has the time on the wall, the time of the experiment, and what happened. The newest stays in sight unless the
    reader has scrolled up.
    """

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Log")
        self._palette = around.palette
        self._wall = around.wall
        self._day: date | None = None
        self._kept: deque[tuple[str, Tone | None]] = deque(maxlen=MOST_LINES)
        self._is_following = True
        self.search = QLineEdit()
        self.search.setPlaceholderText("show only lines with these words, e.g. interlock")
        self.search.setClearButtonEnabled(True)
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setMaximumBlockCount(MOST_LINES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.search)
        layout.addWidget(self.lines)
        bar = self.lines.verticalScrollBar()
        assert bar is not None
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._follow)
        self.bar = bar
        self.search.textChanged.connect(self._show_found)

    def clear(self) -> None:
        """Forget the lines, for another run."""
        self.lines.clear()
        self._kept.clear()
        self._day, self._is_following = None, True

    def show_news(self, news: News) -> None:
        """Append what happened."""
        self.show_events(news.fresh.events)

    def show_events(self, events: tuple[Event, ...]) -> None:
        """Append events."""
        for event in events:
            words = f"{duration_text(event.time_s):>11}  {event.kind}: {event.message}"
            self._append(words, datetime.fromisoformat(event.wall_time), _TONES.get(event.kind))

    def say(self, words: str, tone: Tone | None = None) -> None:
        """Append a line of the window's own."""
        self._append(words, self._wall.now(), tone)

    def _append(self, words: str, time: datetime, tone: Tone | None) -> None:
        """Append a line, behind one with the date on the first of a day."""
        if time.date() != self._day:
            self._day = time.date()
            self._keep(f"{time:%A} {time.day} {time:%B} {time.year}", Tone.IDLE)
        self._keep(f"{time:%H:%M:%S} {words}", tone)

    def _keep(self, line: str, tone: Tone | None) -> None:
        self._kept.append((line, tone))
        self._show_if_found(line, tone)

    def _show_if_found(self, line: str, tone: Tone | None) -> None:
        """Put a line at the end, whatever the reader has selected or scrolled to, if it has the words looked for."""
        if not all(word in line.lower() for word in self.search.text().lower().split()):
            return
        form = QTextCharFormat()
        form.setForeground(QColor(self._palette.foreground if tone is None else self._palette.tones[tone]))
        cursor = QTextCursor(self.lines.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(line + "\n", form)

    def _scrolled(self, value: int) -> None:
        self._is_following = value == self.bar.maximum()

    def _follow(self) -> None:
        if self._is_following:
            self.bar.setValue(self.bar.maximum())

    def _show_found(self) -> None:
        """Show anew the lines that have all the words that are looked for."""
        self.lines.clear()
        self._is_following = True
        for line, tone in self._kept:
            self._show_if_found(line, tone)
