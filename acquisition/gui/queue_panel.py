"""The queue of runs: what waits, in which order, and what became of what was begun. The file is the truth, not this."""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from acquisition.gui.checklist_dialog import ask_checklist
from acquisition.gui.launch import start_detached
from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.style import Tone
from acquisition.plan import make_plan
from acquisition.planning.timing import duration_text
from acquisition.recipe import load_recipe
from acquisition.run_queue import EntryState, Queue, QueueEntry, change_queue, is_worked_off, load_queue, queue_path

LOOK_MS = 400
HEADINGS = ("state", "recipe", "on", "seed", "speed", "takes", "run file", "")
_TONES = {
    EntryState.RUNNING: Tone.BUSY,
    EntryState.DONE: Tone.GOOD,
    EntryState.STOPPED: Tone.BAD,
    EntryState.SKIPPED: Tone.IDLE,
}


@dataclass(frozen=True)
class EntryForecast:
    """How long an entry will take, in experiment time, or why it cannot be measured."""

    duration_s: float
    complaint: str = ""


class QueuePanel(Panel):
    """Reorder, skip, duplicate, take out; go on or hold."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Queue")
        self._around = around
        self._seen: tuple[object, ...] = ()
        self._queue = Queue()
        self._forecasts: dict[QueueEntry, EntryForecast] = {}
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
        self.go_on.clicked.connect(self._ask_to_go_on)
        self.hold.clicked.connect(lambda: self._change(lambda queue: replace(queue, is_held=True)))
        self.list.itemDoubleClicked.connect(self._open)
        self.list.itemSelectionChanged.connect(self._enable)

    # --- showing ----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look whether the queue has changed, or a recipe that waits in it; called by a timer."""
        try:
            path = queue_path(self._around.out)
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            seen = (text, *(_date(Path(entry.recipe)) for entry in self._queue.entries))
            if seen != self._seen:
                self._seen = seen
                self._forecasts.clear()
                self._show(load_queue(self._around.out))
        except (OSError, InputError) as error:
            self.failed.emit(error)
        is_working = is_worked_off(self._around.out)
        self.go_on.setEnabled(not is_working or self._queue.is_held)
        self.hold.setEnabled(is_working and not self._queue.is_held)
        self.state.setText(self._state_text(is_working))

    def _state_text(self, is_working: bool) -> str:
        if self._queue.is_held:
            state = "held" if not is_working else "held after the run under way"
        else:
            state = "at work" if is_working else "not at work"
        waiting = [self._forecast(entry) for entry in self._queue.entries if entry.state is EntryState.WAITING]
        if not waiting:
            return state
        return f"{state}; waiting: {len(waiting)}, {duration_text(sum(one.duration_s for one in waiting))}"

    def _forecast(self, entry: QueueEntry) -> EntryForecast:
        """Return how long an entry will take, or what is wrong with it, found while somebody is there to mend it."""
        if entry not in self._forecasts:
            station = None if entry.station is None else Path(entry.station)
            try:
                plan = make_plan(load_recipe(entry.recipe), self._around.station_for(station, entry.sample))
                self._forecasts[entry] = EntryForecast(plan.duration_s)
            except InputError as error:
                self._forecasts[entry] = EntryForecast(0.0, str(error))
        return self._forecasts[entry]

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
        self._enable()

    def _enable(self) -> None:
        """Allow what can be done with the entry that is chosen."""
        names = [entry.id for entry in self._queue.entries]
        place = names.index(self._chosen()) if self._chosen() in names else None
        state = None if place is None else self._queue.entries[place].state
        self.up.setEnabled(bool(place))
        self.down.setEnabled(place is not None and place < len(names) - 1)
        self.skip.setEnabled(state in (EntryState.WAITING, EntryState.SKIPPED))
        self.skip.setText("Put back" if state is EntryState.SKIPPED else "Skip")
        self.duplicate.setEnabled(place is not None)
        self.remove.setEnabled(place is not None and state is not EntryState.RUNNING)

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
        waits = entry.state is EntryState.WAITING
        forecast = self._forecast(entry) if waits else EntryForecast(0.0)
        cells = (
            entry.state.value,
            Path(entry.recipe).name,
            place,
            str(entry.seed) if simulated else "",
            speed if simulated else "",
            duration_text(forecast.duration_s) if waits and not forecast.complaint else "",
            _name(entry.run_file),
            entry.message or forecast.complaint,
        )
        item = QTreeWidgetItem(list(cells))
        item.setData(0, Qt.ItemDataRole.UserRole, entry.id)
        item.setToolTip(1, entry.recipe)
        item.setToolTip(7, item.text(7))
        if forecast.complaint:
            item.setForeground(7, QBrush(QColor(self._around.palette.tones[Tone.BAD])))
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

    def _ask_to_go_on(self) -> None:
        """Go on; on a real rack once the checklist is confirmed anew, as the wiring may have been changed meanwhile."""
        real = {
            entry.station for entry in self._queue.entries if entry.state is EntryState.WAITING and not entry.sample
        }
        if real:
            ask_checklist(", ".join(sorted(str(station) for station in real)), self, lambda _: self._go_on())
        else:
            self._go_on()

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


def _date(path: Path) -> float | None:
    """Return when a file was changed last, None if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None
