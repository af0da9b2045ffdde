"""The question what becomes of a rack on the bench when the window closes, since the bench goes on without one."""

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox, QWidget

NAME = "bench question"


def ask_about_bench(parent: QWidget, give_back: Callable[[], None], then: Callable[[], object]) -> None:
    """Ask whether the rack is to be given back, and go on with `then` unless it is thought better of. Never modal."""
    asked = parent.findChild(QMessageBox, NAME)
    if isinstance(asked, QMessageBox):
        asked.activateWindow()
        return

    def go_on() -> None:
        then()

    box = QMessageBox(parent)
    box.setObjectName(NAME)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("A rack is on the bench")
    box.setText(
        "The rack on the bench stays taken when the window closes, with all that is set, and no run can have it. "
        "The next window finds it again."
    )
    back = box.addButton("Give back, safe, and close", QMessageBox.ButtonRole.YesRole)
    leave = box.addButton("Leave it taken and close", QMessageBox.ButtonRole.NoRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(back)
    box.setModal(False)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    back.clicked.connect(give_back)
    for button in (back, leave):
        button.clicked.connect(go_on)
    box.show()
