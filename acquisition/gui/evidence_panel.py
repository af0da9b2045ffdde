"""The evidence: which mechanisms the run allows so far, which it excludes, and why."""

import html
import json
from typing import Any

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from acquisition.gui.analysis_process import AnalysisProcess
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.style import Tone
from acquisition.gui.tail import RunTail

LOWEST = 60
"""The table scrolls by itself; the panel around it need not."""

HEADINGS = ("mechanism", "verdict", "because")
TONES = {"consistent": Tone.GOOD, "undecided": Tone.WARNING, "excluded": Tone.IDLE}
MARKS = {"consistent": "\u2713", "undecided": "?", "excluded": "\u2717"}
"""A mark beside each word, for those who do not see the colour."""

ORDER = list(MARKS)
"""What is left stands above what is excluded."""

SYMBOLS = {
    "+-": "\u00b1",
    "<=": "\u2264",
    ">=": "\u2265",
    "delta chi2": "\u0394\u03c7\u00b2",
    "chi2": "\u03c7\u00b2",
    "e2/h": "e\u00b2/h",
}
"""What `zerobias analyze` writes in letters that any terminal has."""


class EvidencePanel(Panel):
    """The mechanism table of `zerobias analyze`, weighed anew after every batch fit while it is seen."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Evidence")
        self._palette = around.palette
        self._tail: RunTail | None = None
        self._is_due = False
        self._points = 0
        self._weighed_stage: tuple[int, str] | None = None
        self.verdict = QLabel("no verdict yet")
        self.verdict.setWordWrap(True)
        self.again = QPushButton("Weigh now")
        self.table = QTreeWidget()
        self.table.setHeaderLabels(list(HEADINGS))
        self.table.setRootIsDecorated(False)
        self.table.setWordWrap(True)
        self.table.setMinimumHeight(LOWEST)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        for column in range(2):
            self.table.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        row = QHBoxLayout()
        row.addWidget(self.verdict, stretch=1)
        row.addWidget(self.again, alignment=Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(row)
        column.addWidget(self.table, stretch=1)
        self._analysis = AnalysisProcess(self)
        self._analysis.done.connect(self._show)
        self._analysis.refused.connect(self._refuse)
        self.again.clicked.connect(self._weigh)

    def clear(self) -> None:
        """Forget the run, and what is being weighed of it."""
        self._analysis.stop()
        self._tail, self._is_due, self._weighed_stage = None, False, None
        self.table.clear()
        self.verdict.setText("no verdict yet")

    def show_news(self, news: News) -> None:
        """Take note of the run."""
        self._tail = news.tail

    def show_answer(self, answer: FitAnswer) -> None:
        """Weigh anew when a batch fit has something new."""
        self._is_due = self._is_due or answer.is_batch
        self._weigh_if_seen()

    def show_refusal(self, why: str) -> None:
        """Weigh what can be said without an exponent, too, but not at every point: at the end of something."""
        self._is_due = self._is_due or self._stage() != self._weighed_stage
        self._weigh_if_seen()

    def catch_up(self) -> None:
        """Weigh what came while the panel was not seen."""
        self._weigh_if_seen()

    def end(self) -> None:
        """End what is being weighed."""
        self._analysis.stop()

    def _weigh_if_seen(self) -> None:
        if self._is_due and self.is_seen:
            self._weigh()

    def _weigh(self) -> None:
        if self._tail is None or self._analysis.is_busy:
            return
        self._is_due = False
        self._points, self._weighed_stage = self._tail.points, self._stage()
        self.verdict.setText("weighing ...")
        self._analysis.start(self._tail.path, "--json")

    def _stage(self) -> tuple[int, str] | None:
        return None if self._tail is None else (len(self._tail.isotherms), self._tail.state)

    def _show(self, text: str) -> None:
        found: dict[str, Any] = json.loads(text.splitlines()[-1])
        self.table.clear()
        rows = sorted(found["evidence"], key=lambda row: ORDER.index(row["verdict"]))
        self.table.addTopLevelItems([self._row(row) for row in rows])
        because, _, advice = "; ".join(found["because"]).partition("; would decide: ")
        text = f"<b>verdict after {self._points} points: {found['verdict']}</b> - {_rich(because)}"
        self.verdict.setText(f"{text}<br><b>would decide:</b> {_rich(advice)}" if advice else text)
        self._weigh_if_seen()

    def _refuse(self, why: str) -> None:
        self.verdict.setText(f"no verdict yet: {why}")

    def _row(self, row: dict[str, Any]) -> QTreeWidgetItem:
        verdict = row["verdict"]
        item = QTreeWidgetItem([row["mechanism"], f"{MARKS[verdict]} {verdict}", in_symbols("\n".join(row["because"]))])
        colour = QColor(self._palette.tones[TONES[verdict]])
        for column in range(2):
            item.setForeground(column, colour)
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        return item


def _rich(text: str) -> str:
    return html.escape(in_symbols(text))


def in_symbols(text: str) -> str:
    """Return a sentence of the analysis with the field's own symbols."""
    for plain, symbol in SYMBOLS.items():
        text = text.replace(plain, symbol)
    return text
