"""The instrument panel: a rack that no run owns, every channel of it, and a hand on it, through a bench engine."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from acquisition.checklist import AFTER
from acquisition.errors import AcquisitionError, InputError
from acquisition.gui.canvas import Canvas
from acquisition.gui.channel_list import ChannelList
from acquisition.gui.checklist_dialog import ask_checklist
from acquisition.gui.hand_form import SHOWN, HandForm
from acquisition.gui.launch import BenchChoice, LaunchedEngine
from acquisition.gui.panel import Panel, Surroundings
from acquisition.gui.plots import Plot
from acquisition.gui.question import ask
from acquisition.gui.rack_field import RackField
from acquisition.gui.style import Tone
from acquisition.gui.tail import Fresh, RunTail
from acquisition.gui.units import caption
from acquisition.gui.wire_view import WireView
from acquisition.readings import Event
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import SUFFIX
from acquisition.running.command_file import Action, CommandKind, Quantity, write_command
from acquisition.running.lock import is_locked, lock_path
from acquisition.running.wire_log import wire_log_path
from acquisition.safety import NOT_SAFE
from acquisition.station_file import Station

LOOK_MS = 250
REMEMBERED = "bench"
"""Where the settings keep the bench's file, so that a window that comes back finds it."""

NOT_TAKEN = "no rack is on the bench; while one is, no run can have it"
BAD_EVENTS = frozenset({"refused", "trouble", "failed", "safety-stop", "interlock"})

ACTIONS = (
    (
        Action.SET_UP,
        "Set up lock-in, source",
        "Configure lock-in and source meter as a run does, output on at zero; bias and excitation can be set then",
    ),
    (Action.IDLE_SAFE, "Idle-safe", "Source to zero, oscillator down, field held; the bench goes on (F12)"),
    (Action.HOLD_FIELD, "Hold field", "Stop the ramp of the field where it is"),
    (Action.HEATER_OFF, "Heater off", "Switch the sample heater off; the sample cools as it will"),
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
        self.is_taken = False
        self.rack = RackField(around)
        self.take = QPushButton("Take on the bench")
        self.give_back = QPushButton("Give back, safe")
        self.owner = QLabel()
        self.state = QLabel()
        self.channels = ChannelList(around.palette, around.wall)
        self.form = HandForm(around.palette)
        self.actions_ = {action: QPushButton(caption) for action, caption, _ in ACTIONS}
        self.log = QPlainTextEdit()
        self.wire = WireView()
        self.graphics = Canvas("course")
        self.graphics.failed.connect(self.failed)
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
        for label in (self.owner, self.state):
            label.setWordWrap(True)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(1000)
        self.graphics.addItem(self._plot)
        top = QHBoxLayout()
        for widget, stretch in ((self.take, 0), (self.give_back, 0), (self.owner, 1)):
            top.addWidget(widget, stretch=stretch)
        self.pages = QTabWidget()
        self.pages.addTab(self._by_hand(), "By hand")
        self.pages.addTab(self.graphics, "Course")
        self.pages.addTab(self.log, "Log")
        self.pages.addTab(self.wire, "Wire")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.channels)
        split.addWidget(self.pages)
        split.setSizes([300, 320])
        split.setChildrenCollapsible(False)
        # on a low screen these become low, so that what is above them stays in sight
        split.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        column = QVBoxLayout(self)
        column.addWidget(self.rack)
        column.addLayout(top)
        column.addWidget(self.state)
        column.addWidget(split, stretch=1)

    def _by_hand(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.form)
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        for place, (action, _, meaning) in enumerate(ACTIONS):
            self.actions_[action].setToolTip(meaning)
            grid.addWidget(self.actions_[action], *divmod(place, ACTIONS_A_ROW))
        column.addLayout(grid)
        column.addStretch(1)
        scroll = QScrollArea()  # on a low screen the window must not grow beyond it
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(page)
        return scroll

    def _connect(self) -> None:
        self.take.clicked.connect(self._take)
        self.give_back.clicked.connect(self._give_back)
        self.form.wanted.connect(self._set)
        self.wire.switched.connect(lambda is_on: self.tell(CommandKind.WIRE, {"is_on": is_on}))
        self.channels.currentItemChanged.connect(lambda *_: self._draw())
        self.pages.currentChanged.connect(lambda _: self._draw())
        for action, button in self.actions_.items():
            button.clicked.connect(lambda _, action=action: self._do(action))

    # --- the bench engine -------------------------------------------------------------------------------------------

    def _take(self) -> None:
        choice = BenchChoice(self.rack.station, self.rack.simulated, self._around.out)
        try:
            self.rack.check()
            self._engine = LaunchedEngine(choice)
        except (OSError, InputError) as error:
            self.failed.emit(error)
            return
        self.take.setEnabled(False)
        self.owner.setText("the bench engine is starting ...")
        self._say("")

    def _find_again(self) -> None:
        """Attach to the bench of a window that is gone, or of a terminal, if one lives."""
        remembered = Path(str(self._around.settings.value(REMEMBERED, "")))
        for path in (remembered, *sorted(self._around.out.glob(f"*_bench{SUFFIX}"), reverse=True)):
            if path.is_file() and is_locked(lock_path(path)) and _is_bench(path):
                self._follow(RunTail(path))
                return

    def _follow(self, tail: RunTail) -> None:
        self._let_go()
        self._tail, self.is_taken = tail, True
        self._around.settings.setValue(REMEMBERED, str(tail.path))
        self.log.clear()
        self.channels.forget()
        self.wire.forget()
        first = tail.look()
        self._show_whether_taken()
        self.form.use(Station.from_dict(tail.header["station"], "the bench's station"))
        self.wire.set_switched(bool(tail.header.get("is_wire_logged")))
        self._show(tail, first)

    @property
    def tail(self) -> RunTail | None:
        """Return the tail of the bench's file while a rack is taken."""
        return self._tail if self.is_taken else None

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

    def _let_go(self) -> None:
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    def end(self) -> None:
        """Let go of the file; the bench goes on, and the next window finds it."""
        self._timer.stop()
        self._let_go()

    def ask_before_leaving(self, then: Callable[[], object]) -> None:
        """Go on with `then`, as soon as it is clear what becomes of a rack that is on the bench."""
        if not self.is_taken:
            then()
            return

        def give_back_and_leave() -> None:
            self._give_back()
            then()

        text = (
            "The rack on the bench stays taken when the window closes, with all that is set, and no run can have it. "
            "The next window finds it again."
        )
        answers = {"Give back, safe, and close": give_back_and_leave, "Leave it taken and close": then}
        ask(self, "bench question", text, answers)

    # --- showing ----------------------------------------------------------------------------------------------------

    def _show(self, tail: RunTail, fresh: Fresh) -> None:
        for event in fresh.events:
            self._show_event(event)
        if self.is_taken:
            self.told.emit(tail.header, fresh.events)
        self.channels.show_words(tail.header.get("boxes", {}))
        if fresh.channels:
            self.channels.show_readings(tail)
            self._draw()
        self.channels.show_ages(tail)
        self.wire.follow(wire_log_path(tail.path))
        if self.is_taken and not tail.is_locked:
            self._ended(tail)

    def _show_event(self, event: Event) -> None:
        said = event.message if event.message.startswith(f"{event.kind}:") else f"{event.kind}: {event.message}"
        self.log.appendPlainText(f"{timedelta(seconds=int(event.time_s))!s:>8}  {said}")
        self._say(said, is_bad=event.kind in BAD_EVENTS or NOT_SAFE in said)
        if NOT_SAFE in said:  # the next line would take it from the sight
            self.failed.emit(f"Instruments: {said}")

    def _ended(self, tail: RunTail) -> None:
        """Say how it ended; what a guard has to add comes to the log afterwards."""
        self.is_taken = False
        self.told.emit(None, ())
        self._show_whether_taken()
        if tail.state == "interrupted":
            after = "the simulated rack with it" if tail.header.get("simulated") else "its guard makes the rack safe"
            self._say(f"the bench engine died, {after}", is_bad=True)
            self.failed.emit(f"Instruments: the bench engine died, {after}; look at the rack, then take it again")
        self.state.setText(f"{self.state.text()}. {AFTER.sentence}")

    def _show_whether_taken(self) -> None:
        self.take.setEnabled(not self.is_taken)
        self.rack.setEnabled(not self.is_taken)
        for widget in (self.give_back, self.wire.listen, self.channels, *self.actions_.values()):
            widget.setEnabled(self.is_taken)
        header = {} if self._tail is None else self._tail.header
        self.owner.setText(_taken(header) if self.is_taken else NOT_TAKEN)
        if not self.is_taken:
            self.form.use(None)

    def _draw(self) -> None:
        """Draw the course of the channel that is chosen."""
        channel = self.channels.chosen
        if self._tail is None or channel not in self._tail.channels or not self.graphics.isVisible():
            return
        history = self._tail.channels[channel]
        self._plot.setLabel("left", f"{channel[0]}: {caption(channel[1])}")
        self._curve.setData(list(history.time_s), list(history.values))

    def _say(self, what: str, *, is_bad: bool = False) -> None:
        palette = self._around.palette
        self.state.setText(what)
        self.state.setStyleSheet(f"color: {palette.tones[Tone.BAD] if is_bad else palette.foreground}")

    # --- telling ----------------------------------------------------------------------------------------------------

    def idle_safe(self) -> None:
        """Bring source and oscillator down and hold the field; the bench goes on."""
        self._do(Action.IDLE_SAFE)

    def _give_back(self) -> None:
        self.tell(CommandKind.ABORT, {"reason": "given back by hand"})

    def _set(self, quantity: Quantity, value: float) -> None:
        self.tell(CommandKind.SET, {"quantity": quantity.value, "value": value}, SHOWN[quantity].caption)

    def _do(self, action: Action) -> None:
        """Do something; on a real rack setting up asks for the connection checklist first."""
        if self._tail is None:
            return
        told: dict[str, object] = {"action": action.value}
        what = self.actions_[action].text()
        if action is not Action.SET_UP or self._tail.header.get("simulated"):
            self.tell(CommandKind.DO, told, what)
            return
        name = str(self._tail.header["station"]["station"]["name"])
        ask_checklist(name, self, lambda confirmed: self.tell(CommandKind.DO, told | {"confirmed": confirmed}, what))

    def tell(self, command: CommandKind, argument: dict[str, object], what: str = "") -> None:
        """Tell the bench engine something, if there is one, and that it is told."""
        if self._tail is None or not self.is_taken:
            return
        try:
            write_command(self._tail.path, command, argument, wall=self._around.wall)
        except AcquisitionError as error:
            self.failed.emit(error)
        else:
            self._say(f"{what or command.value}: sent; the bench answers when it is done ...")


def _is_bench(path: Path) -> bool:
    """Say whether it is a bench that writes this file; a run may be called so."""
    with RunFileReader(path) as reader:
        return reader.header().get("kind") == "bench"


def _taken(header: dict[str, Any]) -> str:
    """Say what is on the bench, and since when."""
    began = datetime.fromisoformat(header["started"]).astimezone()
    sample = header.get("simulated")
    rack = f"simulated {sample}" if sample else str(header["station"]["station"]["name"])
    return f"{rack}: on the bench since {began:%a %H:%M}; no run can have it"
