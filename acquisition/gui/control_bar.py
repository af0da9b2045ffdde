"""The bar that steers a run: start, pause, continue, abort to safe, acknowledge, note.

It says what is wanted by signals; who sends it to the engine is the window. Abort is always in reach (key F12).
"""

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QIcon, QKeySequence
from PyQt5.QtWidgets import QAction, QInputDialog, QMessageBox, QStyle, QToolBar

from acquisition.running.command_file import CommandKind

GOING_ON = frozenset({"running", "paused"})


class ControlBar(QToolBar):
    """Buttons with words; what makes no sense now is disabled.

    Signals
    -------
    wanted : (CommandKind, dict)
        A command for the engine and its particulars.
    """

    wanted = pyqtSignal(object, dict)

    def __init__(self) -> None:
        super().__init__("Control")
        self.setObjectName("Control")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icon = self.style().standardIcon
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
            "Go idle-safe after the present sweep, e.g. for a helium transfer; the points after it are flagged",
        )
        self.go_on = self._action(
            "Continue", icon(QStyle.StandardPixmap.SP_MediaSkipForward), "Ctrl+G", "Go on with a paused run"
        )
        self.abort = self._action(
            "Abort to safe",
            icon(QStyle.StandardPixmap.SP_MediaStop),
            "F12",
            "Source to zero, oscillator down, field held; ends the run",
        )
        self.addSeparator()
        self.acknowledge = self._action(
            "Acknowledge", icon(QStyle.StandardPixmap.SP_DialogApplyButton), "Ctrl+K", "Acknowledge a latched interlock"
        )
        self.note = self._action(
            "Note ...", icon(QStyle.StandardPixmap.SP_FileDialogDetailedView), "Ctrl+N", "Write a dated note"
        )
        self.pause_point.triggered.connect(lambda: self.wanted.emit(CommandKind.PAUSE, {"after": "point"}))
        self.pause_sweep.triggered.connect(lambda: self.wanted.emit(CommandKind.PAUSE, {"after": "sweep"}))
        self.go_on.triggered.connect(lambda: self.wanted.emit(CommandKind.CONTINUE, {}))
        self.acknowledge.triggered.connect(lambda: self.wanted.emit(CommandKind.ACKNOWLEDGE, {}))
        self.abort.triggered.connect(self._ask_before_abort)
        self.note.triggered.connect(self._ask_for_note)
        self.show_state("")

    def show_state(self, state: str) -> None:
        """Enable what makes sense in this state of the run."""
        is_going_on = state in GOING_ON
        self.start.setEnabled(not is_going_on)
        self.pause_point.setEnabled(state == "running")
        self.pause_sweep.setEnabled(state == "running")
        self.go_on.setEnabled(state == "paused")
        for action in (self.abort, self.acknowledge, self.note):
            action.setEnabled(is_going_on)

    def _action(self, text: str, icon: QIcon, key: str, tip: str) -> QAction:
        action = QAction(icon, text, self)
        action.setShortcut(QKeySequence(key))
        action.setToolTip(f"{tip} ({key})")
        action.setObjectName(text)
        self.addAction(action)
        return action

    def _ask_before_abort(self) -> None:
        answer = QMessageBox.question(
            self,
            "Abort to safe?",
            "The source goes to zero, the oscillator to its minimum, the field is held, and the run ends.\n"
            "What is measured stays; `zerobias resume` can finish the run later.",
        )
        if answer == QMessageBox.StandardButton.Yes:
            self.wanted.emit(CommandKind.ABORT, {})

    def _ask_for_note(self) -> None:
        text, is_given = QInputDialog.getText(self, "Note", "Goes into the run file with the time:")
        if is_given and text.strip():
            self.wanted.emit(CommandKind.NOTE, {"text": text.strip()})
