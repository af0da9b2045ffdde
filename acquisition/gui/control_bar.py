"""The bar that steers a run: start, pause, continue, abort to safe, acknowledge, note.

It says what is wanted by signals; who sends it to the engine is the window. Abort is always in reach (key F12): no
question and no error of the window is modal.
"""

from functools import partial

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QColor, QIcon, QKeySequence, QPainter
from PyQt5.QtWidgets import QAction, QDialog, QInputDialog, QMessageBox, QStyle, QToolBar

from acquisition.gui.question import is_asked
from acquisition.gui.run_phase import RunPhase
from acquisition.gui.style import Palette
from acquisition.readings import AFTER_POINT
from acquisition.running.command_file import CommandKind

GOING_ON = frozenset({"running", "paused"})
UNFINISHED = frozenset({"aborted", "interrupted", "safety-stop", "failed"})
ICON_PIXELS = 48


class ControlBar(QToolBar):
    """Buttons with words; what makes no sense now is disabled.

    Signals
    -------
    wanted : (CommandKind, dict)
        A command for the engine and its particulars.
    resume_wanted
        A run that ended before its plan is to be finished.
    bench_safe_wanted
        No run goes on, and the rack on the bench is to be made safe.
    """

    wanted = pyqtSignal(object, dict)
    resume_wanted = pyqtSignal()
    bench_safe_wanted = pyqtSignal()

    def __init__(self, palette: Palette) -> None:
        super().__init__("Control")
        self.setObjectName("Control")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

        def icon(name: QStyle.StandardPixmap) -> QIcon:
            return _tinted(self.style().standardIcon(name), QColor(palette.foreground))

        self.start = self._action("Start ...", icon(QStyle.StandardPixmap.SP_MediaPlay), "Ctrl+R", "Choose what to run")
        self.pause_point = self._action(
            "Pause after point",
            icon(QStyle.StandardPixmap.SP_MediaPause),
            "Ctrl+P",
            "Go idle-safe after the present point",
        )
        self.pause_sweep = self._action(
            "Pause after sweep",
            icon(QStyle.StandardPixmap.SP_MediaPause),
            "Ctrl+Shift+P",
            "Go idle-safe after the present sweep, e.g. for a helium transfer; what is left of an isotherm is flagged",
        )
        self.go_on = self._action(
            "Continue",
            icon(QStyle.StandardPixmap.SP_MediaSkipForward),
            "Ctrl+G",
            "Go on with a paused or stopped run, or take back a pause that is still to come",
        )
        self.abort = self._action(
            "Abort to safe",
            icon(QStyle.StandardPixmap.SP_MediaStop),
            "F12",
            "Source to zero, oscillator down, field held; ends the run; a rack on the bench stays on it",
        )
        self.addSeparator()
        self.acknowledge = self._action(
            "Acknowledge", icon(QStyle.StandardPixmap.SP_DialogApplyButton), "Ctrl+K", "Acknowledge a latched interlock"
        )
        self.note = self._action("Note ...", icon(QStyle.StandardPixmap.SP_ArrowRight), "Ctrl+N", "Write a dated note")
        for action in (self.pause_point, self.pause_sweep, self.go_on, self.acknowledge):
            action.triggered.connect(partial(action.setEnabled, False))  # pressed twice is told once
        self.pause_point.triggered.connect(lambda: self.wanted.emit(CommandKind.PAUSE, {"after": "point"}))
        self.pause_sweep.triggered.connect(lambda: self.wanted.emit(CommandKind.PAUSE, {"after": "sweep"}))
        self.go_on.triggered.connect(self._go_on)
        self.acknowledge.triggered.connect(lambda: self.wanted.emit(CommandKind.ACKNOWLEDGE, {}))
        self.abort.triggered.connect(self._ask_before_abort)
        self.note.triggered.connect(self._ask_for_note)
        self._state, self._has_bench = "", False
        self.show_state("", RunPhase())

    def show_state(self, state: str, phase: RunPhase) -> None:
        """Enable what makes sense in this state and phase of the run; a pause still to come can be taken back."""
        self._state = state
        is_going_on, is_running = state in GOING_ON, state == "running"
        self.start.setEnabled(not is_going_on)
        self.pause_point.setEnabled(is_running and phase.coming_pause != AFTER_POINT)
        self.pause_sweep.setEnabled(is_running and not phase.coming_pause)
        self.go_on.setEnabled(state in {"paused", *UNFINISHED} or (is_running and bool(phase.coming_pause)))
        self.acknowledge.setEnabled(is_going_on and bool(phase.alarms))
        self.note.setEnabled(is_going_on)
        self.abort.setEnabled(is_going_on or self._has_bench)
        if not is_going_on:
            self._withdraw(QMessageBox)

    def forget(self) -> None:
        """Take away what was asked about the run: another one is looked at from now on."""
        self._withdraw(QMessageBox)
        self._withdraw(QInputDialog)

    def _withdraw(self, kind: type[QDialog]) -> None:
        for asked in self.findChildren(kind):
            asked.close()

    def show_bench(self, *, is_taken: bool) -> None:
        """Have the rack on the bench made safe by the same key, as long as no run goes on."""
        self._has_bench = is_taken
        self.abort.setEnabled(self._state in GOING_ON or is_taken)

    def _go_on(self) -> None:
        if self._state in UNFINISHED:
            self.resume_wanted.emit()
        else:
            self.wanted.emit(CommandKind.CONTINUE, {})

    def _action(self, text: str, icon: QIcon, key: str, tip: str) -> QAction:
        action = QAction(icon, text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)  # from a torn-off panel too
        action.setToolTip(f"{tip} ({key})")
        action.setObjectName(text)
        self.addAction(action)
        return action

    def _ask_before_abort(self) -> None:
        """Ask, for it ends the run; Enter says yes, so F12 and Enter abort without a mouse. Never modal."""
        if self._state not in GOING_ON:  # of the bench it costs nothing that could not be set again
            self.bench_safe_wanted.emit()
            return
        if is_asked(self, QMessageBox, "abort question"):  # F12 twice
            return
        box = QMessageBox(self)
        box.setObjectName("abort question")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Abort to safe?")
        box.setText(
            "The source goes to zero, the oscillator to its minimum, the field is held, and the run ends.\n"
            "What is measured stays; Continue can finish the run later."
        )
        yes = box.addButton(QMessageBox.StandardButton.Yes)
        box.addButton(QMessageBox.StandardButton.No)
        box.setDefaultButton(yes)
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(lambda: self.wanted.emit(CommandKind.ABORT, {"reason": "from the lab window"}))
        box.show()

    def _ask_for_note(self) -> None:
        if is_asked(self, QInputDialog, "note question"):
            return
        dialog = QInputDialog(self)
        dialog.setObjectName("note question")
        dialog.setWindowTitle("Note")
        dialog.setLabelText("Goes into the run file with the time:")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(self._send_note)
        dialog.show()

    def _send_note(self, text: str) -> None:
        if text.strip():
            self.wanted.emit(CommandKind.NOTE, {"text": text.strip()})


def _tinted(icon: QIcon, colour: QColor) -> QIcon:
    """Return the shape of an icon in one colour, so that it stands out from a light and from a dark bar."""
    picture = icon.pixmap(ICON_PIXELS, ICON_PIXELS)
    painter = QPainter(picture)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(picture.rect(), colour)
    painter.end()
    return QIcon(picture)
