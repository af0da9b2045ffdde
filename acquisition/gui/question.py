"""A question with buttons, never modal, so that abort stays in reach while one is open."""

from collections.abc import Callable, Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QMessageBox, QWidget

Answer = QMessageBox.StandardButton
Action = Callable[[], object]


def is_asked(parent: QWidget, kind: type[QDialog], name: str) -> bool:
    """Say whether a question of a name is open, and bring it to the front: it is asked once at a time."""
    for asked in parent.findChildren(kind, name):
        if asked.isVisible():  # one that is answered is a child until Qt has deleted it
            asked.activateWindow()
            return True
    return False


def ask(parent: QWidget, name: str, text: str, answers: Mapping[Answer, Action] | Mapping[str, Action]) -> None:
    """Ask what to do, by buttons, Qt's own or with words of ours, and one that cancels."""
    if is_asked(parent, QMessageBox, name):
        return
    box = QMessageBox(parent)
    box.setObjectName(name)
    box.setWindowTitle("Zerobias")
    box.setText(text)
    box.setModal(False)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for answer, action in answers.items():
        own = isinstance(answer, str)
        button = box.addButton(answer, QMessageBox.ButtonRole.AcceptRole) if own else box.addButton(answer)
        button.clicked.connect(lambda _, action=action: action())
    box.setDefaultButton(box.addButton(Answer.Cancel))
    box.show()
