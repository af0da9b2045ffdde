"""The connection checklist, to be ticked by a person who has just looked; nothing can tell but he."""

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from acquisition.checklist import AFTER, BEFORE


class ChecklistDialog(QDialog):
    """One box a sentence; it can be accepted once all are ticked. Never modal: abort stays in reach."""

    def __init__(self, station: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Connection checklist")
        column = QVBoxLayout(self)
        column.addWidget(QLabel(f"Before the first current on {station}:"))
        self.boxes = [QCheckBox(item.sentence) for item in BEFORE]
        for box in self.boxes:
            box.toggled.connect(self._look)
            column.addWidget(box)
        column.addWidget(QLabel(f"Afterwards: {AFTER.sentence}"))
        self.buttons = QDialogButtonBox()
        self.buttons.addButton(QDialogButtonBox.StandardButton.Ok)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        self._look()

    @property
    def confirmed(self) -> list[str]:
        """Return the names of what is ticked."""
        return [item.name for item, box in zip(BEFORE, self.boxes, strict=True) if box.isChecked()]

    def _look(self) -> None:
        okay = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        if okay is not None:
            okay.setEnabled(all(box.isChecked() for box in self.boxes))


def ask_checklist(station: str, parent: QWidget, then: Callable[[list[str]], None]) -> None:
    """Ask for the checklist beside `parent`, in the place of one that is open, and go on with what was confirmed."""
    for older in parent.findChildren(ChecklistDialog):  # what it would have gone on with may be something else
        older.reject()
    dialog = ChecklistDialog(station, parent)
    dialog.accepted.connect(lambda: then(dialog.confirmed))
    dialog.show()
