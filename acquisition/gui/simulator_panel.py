"""The simulator's own panel: the pace of run or bench, what is to go wrong with it, and what is true of the sample.

It knows faults and truths as words that were handed in, and speaks to the engine as every panel does.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from PyQt5.QtCore import Qt, pyqtBoundSignal, pyqtSignal
from PyQt5.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSlider,
    QVBoxLayout,
)

from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.readings import Event
from acquisition.running.command_file import CommandKind
from acquisition.running.rehearsal import AS_FAST_AS_IT_GOES, PUT_RIGHT, speed_text

BOXES = ("lockin", "sourcemeter", "voltmeter", "temperature", "magnet")
STEPS_A_DECADE = 10
DECADES = 5
"""The dial goes from real time to a hundred thousand times that, and then to as fast as it goes."""

TOP = STEPS_A_DECADE * DECADES + 1
FAULTS_A_ROW = 6
ANSWERS = frozenset({"fault", "speed", "refused"})


class SimulatorPanel(Panel):
    """Speed dial and fault buttons, for the run that goes on, or else for the bench.

    Signals
    -------
    bench_commanded : (CommandKind, dict)
        As `commanded`, for the engine of the bench.
    """

    bench_commanded = pyqtSignal(object, dict)

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Simulator")
        self._truths = around.truths
        self._run: Mapping[str, Any] | None = None
        self._bench: Mapping[str, Any] | None = None
        self._is_going_on = False
        self._met: tuple[str, bool, str] | None = None
        self.dial = QSlider(Qt.Orientation.Horizontal)
        self.dial.setRange(0, TOP)
        self.dial.setValue(TOP)
        self.speed = QLabel(speed_text(None))
        self.box = QComboBox()
        self.duration = QDoubleSpinBox()
        self.duration.setRange(0.0, 1e6)
        self.duration.setDecimals(0)
        self.duration.setSuffix(" s of the rack's time")
        self.duration.setSpecialValueText("once, or for good")
        self.press = QLineEdit()
        self.press.setPlaceholderText("for front-panel, in the box's own words, e.g. PHAS 90")
        self.put_right = QPushButton("Put all right")
        self.put_right.setToolTip("Take back what can be taken back: mend wires and thermometers, fill up helium")
        self.truth = QPushButton("What is true of the sample ...")
        self.answer = QLabel()
        self.answer.setWordWrap(True)
        self.faults = {name: _fault_button(name, meaning) for name, meaning in around.faults.items()}
        row = QHBoxLayout(self)
        row.addWidget(self._left())
        row.addWidget(self._faults(), stretch=1)
        self.dial.valueChanged.connect(lambda step: self.speed.setText(speed_text(_factor(step))))
        self.dial.sliderReleased.connect(self._change_speed)
        self.dial.actionTriggered.connect(self._changed_by_key)
        self.truth.clicked.connect(self._tell_truth)
        self.put_right.clicked.connect(lambda: self._wanted.emit(CommandKind.FAULT, {"name": PUT_RIGHT}))
        for name, button in self.faults.items():
            button.clicked.connect(lambda _, name=name: self._order(name))
        self._meet()

    def _left(self) -> QGroupBox:
        group = self.steered = QGroupBox("Run")
        form = QFormLayout(group)
        form.addRow("speed", self.dial)
        form.addRow("", self.speed)
        form.addRow(self.truth)
        form.addRow(self.answer)
        group.setFixedWidth(300)
        return group

    def _faults(self) -> QGroupBox:
        group = QGroupBox("Let something go wrong")
        column = QVBoxLayout(group)
        grid = QGridLayout()
        for place, button in enumerate(self.faults.values()):
            grid.addWidget(button, *divmod(place, FAULTS_A_ROW))
        column.addLayout(grid)
        details = QHBoxLayout()
        for caption, widget in (("at", self.box), ("lasting", self.duration), ("pressed", self.press)):
            details.addWidget(QLabel(caption))
            details.addWidget(widget, stretch=1 if widget is self.press else 0)
        details.addWidget(self.put_right)
        column.addLayout(details)
        column.addStretch(1)
        return group

    # --- what comes in ----------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget the run."""
        self._run, self._is_going_on, self._met = None, False, None
        self._meet()

    def show_news(self, news: News) -> None:
        """Take state, boxes and pace of the run, and what the engine answered."""
        if self._run is None or news.fresh.is_state_new:
            self._run = news.tail.header
            self._is_going_on = bool(self._run.get("simulated")) and news.tail.state in GOING_ON
            self._meet()
        self._show_answers(news.fresh.events)

    def show_bench(self, header: Mapping[str, Any] | None, events: Sequence[Event]) -> None:
        """Take what is new of the bench; None once there is none."""
        is_other = (header is None) != (self._bench is None)
        self._bench = header
        if is_other:
            self._meet()
        if not self._is_going_on:
            self._show_answers(events)

    def _show_answers(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind in ANSWERS:
                self.answer.setText(f"{event.kind}: {event.message}")

    @property
    def _is_for_bench(self) -> bool:
        return not self._is_going_on and self._bench is not None and bool(self._bench.get("simulated"))

    @property
    def _sample(self) -> str:
        header = self._bench if self._is_for_bench else self._run
        return str((header or {}).get("simulated") or "")

    def _meet(self) -> None:
        """Show what does not change about the run or the bench that is steered."""
        header = (self._bench if self._is_for_bench else self._run) or {}
        what = "bench" if self._is_for_bench else "run"
        self._enable(self._is_going_on or self._is_for_bench)
        if self._met == (met := (what, bool(header), self._sample)):
            return
        self._met = met
        self.steered.setTitle(what.capitalize())
        self._show_boxes(header.get("station", {}))
        self._show_speed(header.get("speed"))
        if self._sample:
            self.answer.setText(f"{what} of simulated {self._sample}")
        else:
            self.answer.setText("this run is on a real rack" if header else "no simulated run is looked at")

    def _show_boxes(self, station: Mapping[str, Any]) -> None:
        models = [station[role]["model"] for role in BOXES if role in station]
        if models != [self.box.itemText(place) for place in range(1, self.box.count())]:
            self.box.clear()
            self.box.addItems(["any box", *models])

    def _show_speed(self, factor: float | None) -> None:
        step = TOP if factor is None else round(STEPS_A_DECADE * math.log10(max(factor, 1.0)))
        self.dial.setValue(min(step, TOP))
        self.speed.setText(speed_text(factor))

    def _enable(self, is_simulated: bool) -> None:
        for widget in (self.dial, self.box, self.duration, self.press, self.put_right, *self.faults.values()):
            widget.setEnabled(is_simulated)
        self.truth.setEnabled(self._sample in self._truths)

    # --- what goes out ----------------------------------------------------------------------------------------------

    @property
    def _wanted(self) -> pyqtBoundSignal:
        return self.bench_commanded if self._is_for_bench else self.commanded

    def _changed_by_key(self, _action: int) -> None:
        """Follow arrow and page keys and clicks beside the handle; a handle that is dragged follows when let go."""
        if not self.dial.isSliderDown():
            self.dial.setValue(self.dial.sliderPosition())
            self._change_speed()

    def _change_speed(self) -> None:
        factor = _factor(self.dial.value())
        self._wanted.emit(CommandKind.SPEED, {"factor": AS_FAST_AS_IT_GOES if factor is None else factor})

    def _order(self, name: str) -> None:
        order: dict[str, object] = {"name": name}
        if self.box.currentIndex() > 0:
            order["box"] = self.box.currentText()
        if self.duration.value() > 0:
            order["for_s"] = self.duration.value()
        if self.press.text().strip():
            order["press"] = self.press.text().strip()
        self._wanted.emit(CommandKind.FAULT, order)

    def _tell_truth(self) -> None:
        box = QMessageBox(QMessageBox.Icon.Information, f"Truth of {self._sample}", "", parent=self)
        truth = self._truths[self._sample]
        box.setText(str(truth.get("description", self._sample)))
        box.setInformativeText(f"mechanism {truth.get('mechanism')}, exponent {truth.get('alpha')}")
        box.setDetailedText("\n".join(f"{key}: {json.dumps(value)}" for key, value in truth.items()))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setModal(False)
        box.show()


def _factor(step: int) -> float | None:
    """Return the pace at a step of the dial: two digits of it, None at the top."""
    return None if step >= TOP else float(f"{10 ** (step / STEPS_A_DECADE):.2g}")


def _fault_button(name: str, meaning: str) -> QPushButton:
    button = QPushButton(name)
    button.setObjectName(f"fault {name}")
    button.setToolTip(meaning)
    return button
