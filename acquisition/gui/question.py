"""A question with buttons, never modal, so that abort stays in reach while one is open."""

from collections.abc import Callable, Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox, QWidget

Answer = QMessageBox.StandardButton


def ask(parent: QWidget, name: str, text: str, answers: Mapping[Answer, Callable[[], object]]) -> None:
    """Ask what to do, by buttons and one that cancels; a question of a name is asked once at a time."""
    if parent.findChild(QMessageBox, name) is not None:
        return
    box = QMessageBox(parent)
    box.setObjectName(name)
    box.setWindowTitle("Zerobias")
    box.setText(text)
    box.setModal(False)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for answer, action in answers.items():
        box.addButton(answer).clicked.connect(lambda _, action=action: action())
    box.setDefaultButton(box.addButton(Answer.Cancel))
    box.show()
