"""The queue of runs: what waits, in which order, and what became of what was begun. The file is the truth, not this."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QBrush, QColor
from PyQt5.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from acquisition.errors import AcquisitionError, InputError
from acquisition.gui.launch import start_detached
from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.style import Tone
from acquisition.run_queue import EntryState, Queue, QueueEntry, change_queue, is_worked_off, load_queue, queue_path

LOOK_MS = 400
HEADINGS = ("state", "recipe", "on", "seed", "speed", "run file", "")
_TONES = {
    EntryState.RUNNING: Tone.BUSY,
    EntryState.DONE: Tone.GOOD,
    EntryState.STOPPED: Tone.BAD,
    EntryState.SKIPPED: Tone.IDLE,
}


class QueuePanel(Panel):
    """Reorder, skip, duplicate, take out; go on or hold."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Queue")
        self._around = around
        self._seen = ""
        self._queue = Queue()
        self.list = QTreeWidget()
        self.list.setHeaderLabels(list(HEADINGS))
        self.list.setRootIsDecorated(False)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.state = QLabel()
        self.follow = QCheckBox("look at what is begun")
        self.follow.setChecked(True)
        self.up, self.down = QPushButton("Up"), QPushButton("Down")
        self.skip, self.duplicate, self.remove = QPushButton("Skip"), QPushButton("Duplicate"), QPushButton("Take out")
        self.go_on, self.hold = QPushButton("Go on"), QPushButton("Hold")
        self.go_on.setToolTip("Work the queue off, one engine after the other, with or without this window")
        self.hold.setToolTip("Begin nothing more; what is under way goes on")
        row = QHBoxLayout()
        for button in (self.up, self.down, self.skip, self.duplicate, self.remove, self.go_on, self.hold):
            row.addWidget(button)
        row.addWidget(self.follow)
        row.addStretch(1)
        row.addWidget(self.state)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(row)
        column.addWidget(self.list)
        self._listen()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)
        self.look()

    def _listen(self) -> None:
        for button, change in (
            (self.up, lambda queue, name: queue.with_moved(name, -1)),
            (self.down, lambda queue, name: queue.with_moved(name, 1)),
            (self.skip, lambda queue, name: queue.with_skipped(name)),
            (self.duplicate, lambda queue, name: queue.with_duplicate(name)),
            (self.remove, lambda queue, name: queue.without(name)),
        ):
            button.clicked.connect(lambda _, change=change: self._change_chosen(change))
        self.go_on.clicked.connect(self._go_on)
        self.hold.clicked.connect(lambda: self._change(lambda queue: replace(queue, is_held=True)))
        self.list.itemDoubleClicked.connect(self._open)

    # --- showing ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look whether the queue has changed; called by a timer."""
        try:
            path = queue_path(self._around.out)
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            if text != self._seen:
                self._seen = text
                self._show(load_queue(self._around.out))
        except (OSError, InputError) as error:
            self.failed.emit(error)
        is_working = is_worked_off(self._around.out)
        self.go_on.setEnabled(not is_working or self._queue.is_held)
        self.hold.setEnabled(is_working and not self._queue.is_held)
        self.state.setText(self._state_text(is_working))

    def _state_text(self, is_working: bool) -> str:
        if self._queue.is_held:
            return "held" if not is_working else "held after the run under way"
        return "at work" if is_working else "not at work"

    def _show(self, queue: Queue) -> None:
        if self.follow.isChecked():
            self._follow(queue)
        self._queue = queue
        chosen = self._chosen()
        self.list.clear()
        for entry in queue.entries:
            item = self._row(entry)
            self.list.addTopLevelItem(item)
            if entry.id == chosen:
                self.list.setCurrentItem(item)

    def _follow(self, queue: Queue) -> None:
        """Look at the run that was begun last since the last look, be it over by now."""
        known = {entry.id for entry in self._queue.entries if entry.run_file}
        begun = [entry.run_file for entry in queue.entries if entry.run_file and entry.id not in known]
        if begun and self._queue.entries:
            self.run_opened.emit(Path(begun[-1]))

    def _row(self, entry: QueueEntry) -> QTreeWidgetItem:
        place = " with ".join(part for part in (_name(entry.station), entry.sample) if part)
        simulated = entry.sample is not None
        speed = "max" if entry.speed is None else f"{entry.speed:g} x"
        cells = (
            entry.state.value,
            Path(entry.recipe).name,
            place,
            str(entry.seed) if simulated else "",
            speed if simulated else "",
            _name(entry.run_file),
            entry.message,
        )
        item = QTreeWidgetItem(list(cells))
        item.setData(0, Qt.ItemDataRole.UserRole, entry.id)
        item.setToolTip(1, entry.recipe)
        if entry.state in _TONES:
            item.setForeground(0, QBrush(QColor(self._around.palette.tones[_TONES[entry.state]])))
        return item

    # --- changing ---------------------------------------------------------------------------------------------------

    def _chosen(self) -> str:
        item = self.list.currentItem()
        return "" if item is None else str(item.data(0, Qt.ItemDataRole.UserRole))

    def _change_chosen(self, change: Callable[[Queue, str], Queue]) -> None:
        if name := self._chosen():
            self._change(lambda queue: change(queue, name))

    def _change(self, change: Callable[[Queue], Queue]) -> None:
        try:
            change_queue(self._around.out, change, self._around.wall)
        except (OSError, AcquisitionError) as error:
            self.failed.emit(error)
        self.look()

    def _go_on(self) -> None:
        self._change(lambda queue: replace(queue, is_held=False))
        if not is_worked_off(self._around.out):
            try:
                start_detached(["queue", str(self._around.out)], self._around.out / ".queue-runner.log")
            except (OSError, InputError) as error:
                self.failed.emit(error)

    def _open(self, item: QTreeWidgetItem) -> None:
        name = item.data(0, Qt.ItemDataRole.UserRole)
        entry = next((entry for entry in self._queue.entries if entry.id == name), None)
        if entry is not None and entry.run_file:
            self.run_opened.emit(Path(entry.run_file))

    def end(self) -> None:
        """Look no more; the queue goes on."""
        self._timer.stop()


def _name(path: str | None) -> str:
    return Path(path).name if path else ""
