"""The instrument panel: a rack that no run owns, every channel of it, and a hand on it, through a bench engine."""

from pathlib import Path

import pyqtgraph
from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QBrush, QColor
from PyQt5.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from acquisition.checklist import AFTER
from acquisition.errors import AcquisitionError, InputError
from acquisition.gui.checklist_dialog import ChecklistDialog
from acquisition.gui.hand_form import HandForm
from acquisition.gui.launch import BenchChoice, LaunchedEngine
from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.rack_field import RackField
from acquisition.gui.style import Tone
from acquisition.gui.tail import Fresh, RunTail
from acquisition.gui.units import caption, with_unit
from acquisition.gui.wire_view import WireView
from acquisition.planning.timing import duration_text
from acquisition.running.command_file import Action, CommandKind, Quantity, write_command
from acquisition.running.lock import is_locked, lock_path
from acquisition.running.wire_log import wire_log_path
from acquisition.station_file import Station

LOOK_MS = 250
REMEMBERED = "bench"
"""Where the settings keep the bench's file, so that a window that comes back finds it."""

ACTIONS = (
    (Action.SET_UP, "Set up", "Configure lock-in and source meter as a run does; output on at zero"),
    (Action.IDLE_SAFE, "Idle-safe", "Source to zero, oscillator down, field held; the bench goes on"),
    (Action.HOLD_FIELD, "Hold field", "Stop the ramp of the field where it is"),
    (Action.HEATER_OFF, "Heater off", "Switch the sample heater off"),
    (Action.CONNECT, "Connect missing", "Try the boxes again that were not there"),
)


ACTIONS_A_ROW = 2


class BenchPanel(Panel):
    """Connect, read, set, give back.

    Signals
    -------
    told : (dict or None, tuple of Event)
        What the bench's file says of it, None once it is given back, and what is new.
    """

    told = pyqtSignal(object, tuple)

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Instruments")
        self._around = around
        self._engine: LaunchedEngine | None = None
        self._tail: RunTail | None = None
        self.rack = RackField(around)
        self.take = QPushButton("Take on the bench")
        self.give_back = QPushButton("Give back, safe")
        self.state = QLabel()
        self.readings = QTreeWidget()
        self.form = HandForm(around.palette)
        self.actions_ = {action: QPushButton(caption) for action, caption, _ in ACTIONS}
        self.log = QPlainTextEdit()
        self.wire = WireView()
        self.listen = QCheckBox("log of the wire")
        self.graphics = pyqtgraph.GraphicsLayoutWidget()
        self._plot = Plot(around.palette, "time since the bench began (s)", " ")
        self._curve = self._plot.line(around.palette.second)
        self._build()
        self._connect()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)
        self._show_whether_taken()
        self._find_again()

    # --- building ---------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.state.setWordWrap(True)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(1000)
        self.readings.setHeaderLabels(["channel", "reads"])
        self.readings.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.graphics.addItem(self._plot)
        top = QHBoxLayout()
        for widget, stretch in ((self.rack, 1), (self.take, 0), (self.give_back, 0)):
            top.addWidget(widget, stretch=stretch)
        self.pages = QTabWidget()
        self.pages.addTab(self._by_hand(), "By hand")
        self.pages.addTab(self.graphics, "Course")
        self.pages.addTab(self.log, "Log")
        self.pages.addTab(self._wires(), "Wire")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.readings)
        split.addWidget(self.pages)
        split.setSizes([300, 360])
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.state)
        column.addWidget(split, stretch=1)

    def _by_hand(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.addWidget(self.form)
        group = QGroupBox("Do")
        grid = QGridLayout(group)
        for place, (action, _, meaning) in enumerate(ACTIONS):
            self.actions_[action].setToolTip(meaning)
            grid.addWidget(self.actions_[action], *divmod(place, ACTIONS_A_ROW))
        column.addWidget(group)
        column.addStretch(1)
        scroll = QScrollArea()  # on a low screen the window must not grow beyond it
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(page)
        return scroll

    def _wires(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.addWidget(self.listen)
        column.addWidget(self.wire)
        return page

    def _connect(self) -> None:
        self.take.clicked.connect(self._take)
        self.give_back.clicked.connect(lambda: self.tell(CommandKind.ABORT, {"reason": "given back by hand"}))
        self.form.wanted.connect(self._set)
        self.listen.toggled.connect(lambda is_on: self.tell(CommandKind.WIRE, {"is_on": is_on}))
        self.readings.currentItemChanged.connect(lambda *_: self._draw())
        for action, button in self.actions_.items():
            button.clicked.connect(lambda _, action=action: self._do(action))

    # --- the bench engine -------------------------------------------------------------------------------------------

    def _take(self) -> None:
        choice = BenchChoice(self.rack.station, self.rack.simulated, self._around.out)
        try:
            self._engine = LaunchedEngine(choice)
        except (OSError, InputError) as error:
            self.failed.emit(error)
            return
        self.take.setEnabled(False)
        self.state.setText("the bench engine is starting ...")

    def _find_again(self) -> None:
        """Attach to the bench of a window that is gone, if it still lives."""
        path = Path(str(self._around.settings.value(REMEMBERED, "")))
        if path.is_file() and is_locked(lock_path(path)):
            self._follow(RunTail(path))

    def _follow(self, tail: RunTail) -> None:
        self._tail = tail
        self._around.settings.setValue(REMEMBERED, str(tail.path))
        self.log.clear()
        self.readings.clear()
        self.wire.forget()
        first = tail.look()
        self._show_whether_taken()
        self.form.use(Station.from_dict(tail.header["station"], "the bench's station"))
        self._show(tail, first)

    def look(self) -> None:
        """Look for what is new; called by a timer."""
        try:
            self._look_for_file()
            if self._tail is not None:
                self._show(self._tail, self._tail.look())
        except InputError as error:
            self._engine = None
            self.failed.emit(error)
            self._show_whether_taken()

    def _look_for_file(self) -> None:
        run_file = None if self._engine is None else self._engine.run_file()
        if run_file is not None and run_file.is_file():
            self._engine = None
            self._follow(RunTail(run_file))

    def end(self) -> None:
        """Let go of the file; the bench goes on, and the next window finds it."""
        self._timer.stop()
        if self._tail is not None:
            self._tail.close()

    # --- showing ----------------------------------------------------------------------------------------------------

    def _show(self, tail: RunTail, fresh: Fresh) -> None:
        for event in fresh.events:
            self.log.appendPlainText(f"{duration_text(event.time_s):>11}  {event.kind}: {event.message}")
            self.state.setText(f"{event.kind}: {event.message}")
            self.state.setStyleSheet(f"color: {self._colour(event.kind == 'refused')}")
        self.told.emit(tail.header, fresh.events)
        self._show_readings(tail)
        self._draw()
        self.wire.follow(wire_log_path(tail.path))
        if not tail.is_locked:
            self._ended(tail)

    def _ended(self, tail: RunTail) -> None:
        tail.close()
        self._tail = None
        self.told.emit(None, ())
        self._show_whether_taken()
        self.state.setText(f"{self.state.text()}. {AFTER.sentence}")

    def _show_whether_taken(self) -> None:
        is_taken = self._tail is not None
        self.take.setEnabled(not is_taken)
        self.rack.setEnabled(not is_taken)
        for widget in (self.give_back, self.listen, *self.actions_.values()):
            widget.setEnabled(is_taken)
        if not is_taken:
            self.form.use(None)
            self.state.setText("no rack is on the bench; while one is, no run can have it")
            self.state.setStyleSheet("")

    def _show_readings(self, tail: RunTail) -> None:
        for role, word in tail.header.get("boxes", {}).items():
            item = self._item(self.readings.invisibleRootItem(), role)
            item.setText(1, word)
            item.setToolTip(1, word)
            item.setForeground(1, QBrush(QColor(self._colour(word.startswith(("trouble", "not", "quench"))))))
        for (role, name), history in tail.channels.items():
            item = self._item(self._item(self.readings.invisibleRootItem(), role), name)
            item.setText(1, with_unit(name, history.values[-1]))

    def _item(self, parent: QTreeWidgetItem | None, name: str) -> QTreeWidgetItem:
        """Return the child of this name, made if there is none."""
        assert parent is not None
        for place in range(parent.childCount()):
            child = parent.child(place)
            if child is not None and child.text(0) == name:
                return child
        child = QTreeWidgetItem(parent, [name, ""])
        parent.setExpanded(True)
        return child

    def _draw(self) -> None:
        """Draw the course of the channel that is chosen."""
        item = self.readings.currentItem()
        parent = None if item is None else item.parent()
        if self._tail is None or item is None or parent is None or not self.graphics.isVisible():
            return
        history = self._tail.channels.get((parent.text(0), item.text(0)))
        if history is not None:
            self._plot.setLabel("left", caption(item.text(0)))
            self._curve.setData(list(history.time_s), list(history.values))

    def _colour(self, is_bad: bool) -> str:
        palette = self._around.palette
        return palette.tones[Tone.BAD] if is_bad else palette.foreground

    # --- telling ----------------------------------------------------------------------------------------------------

    def _set(self, quantity: Quantity, value: float) -> None:
        self.tell(CommandKind.SET, {"quantity": quantity.value, "value": value})

    def _do(self, action: Action) -> None:
        """Do something; on a real rack setting up asks for the connection checklist first."""
        tail = self._tail
        if tail is None:
            return
        if action is not Action.SET_UP or tail.header.get("simulated"):
            self.tell(CommandKind.DO, {"action": action.value})
            return
        dialog = ChecklistDialog(str(tail.header["station"]["station"]["name"]), self)
        dialog.accepted.connect(
            lambda: self.tell(CommandKind.DO, {"action": action.value, "confirmed": dialog.confirmed})
        )
        dialog.show()

    def tell(self, command: CommandKind, argument: dict[str, object]) -> None:
        """Tell the bench engine something, if there is one."""
        if self._tail is None:
            return
        try:
            write_command(self._tail.path, command, argument, wall=self._around.wall)
        except AcquisitionError as error:
            self.failed.emit(error)
