"""The error dialog: never modal, so that abort stays in reach; one for all errors, the newest on top."""

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QPlainTextEdit, QToolButton, QWidget

from acquisition.gui.trouble import Trouble

WIDTH = 620


class TroubleDialog(QDialog):
    """What, which instrument, what the program did, what to do; details on demand."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setMinimumWidth(WIDTH)
        self._labels = {name: _text() for name in ("what", "instrument", "did", "advice")}
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.hide()
        self.unfold = QToolButton()
        self.unfold.setText("Details")
        self.unfold.setCheckable(True)
        self.unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.unfold.setArrowType(Qt.ArrowType.RightArrow)
        self.unfold.toggled.connect(self._fold)
        self.close_button = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.close_button.rejected.connect(self.hide)
        form = self._form = QFormLayout(self)
        captions = {"what": "What", "instrument": "Instrument", "did": "The program", "advice": "What to do"}
        for name, caption in captions.items():
            form.addRow(f"<b>{caption}</b>", self._labels[name])
        form.addRow(self.unfold)
        form.addRow(self.details)
        form.addRow(self.close_button)

    def show_trouble(self, trouble: Trouble) -> None:
        """Show this trouble, in the place of the one before."""
        self.setWindowTitle(_titled(trouble.title))
        for name, label in self._labels.items():
            label.setText(getattr(trouble, name))
        self.details.setPlainText(trouble.details)
        self.unfold.setEnabled(bool(trouble.details))
        self.unfold.setChecked(False)
        self.resize(self.width(), self._form.heightForWidth(self.width()))
        self.show()
        self.raise_()

    def withdraw(self, *titles: str) -> None:
        """Take a trouble away that is none any more, if one of these titles is shown."""
        if self.windowTitle() in map(_titled, titles):
            self.hide()

    def text(self) -> str:
        """Return all that is shown unfolded."""
        return "\n".join(label.text() for label in self._labels.values())

    def _fold(self, is_open: bool) -> None:
        self.unfold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.details.setVisible(is_open)
        self.adjustSize()


def _titled(title: str) -> str:
    return f"Zerobias - {title}"


def _text() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
