"""The file dialogs: never modal, so that abort stays in reach while one is open."""

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QFileDialog, QWidget

from acquisition.gui.question import ask

FOLDERS = ""
"""Instead of kinds of files, where a folder is asked for."""


class _FileDialog(QFileDialog):
    """A file dialog that asks before it overwrites, not modal either, and gives a name the ending of its kind."""

    def propose(self, name: str) -> None:
        """Ask for a file to be written, and propose a name."""
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.setOption(QFileDialog.Option.DontConfirmOverwrite)  # Qt's own question would be modal
        self.setDefaultSuffix(Path(name).suffix)
        self.selectFile(name)
        self.filterSelected.connect(self._take_ending)

    def accept(self) -> None:  # Qt's name
        """Ask before a file is overwritten."""
        chosen = [Path(name) for name in self.selectedFiles()]
        if self.fileMode() == QFileDialog.FileMode.Directory and not chosen[0].is_dir():
            self.fileSelected.emit(str(chosen[0]))  # for who has asked to make or refuse: Qt's complaint would be modal
            QDialog.accept(self)
            return
        if self.acceptMode() == QFileDialog.AcceptMode.AcceptOpen or not any(path.is_file() for path in chosen):
            super().accept()
            return
        text = f"{chosen[0].name} is there already. Overwrite it?"
        ask(self, "overwrite question", text, {"Overwrite": self._accept_now})

    def _accept_now(self) -> None:
        super().accept()

    def _take_ending(self, kind: str) -> None:
        ending = kind.rpartition("*")[2].rstrip(")")
        self.setDefaultSuffix(ending)
        (chosen,) = self.selectedFiles()
        self.selectFile(Path(chosen).with_suffix(ending).name)


def ask_for_file(
    parent: QWidget, caption: str, start: Path, kinds: str, then: Callable[[Path], None], *, is_new: bool = False
) -> QFileDialog:
    """Ask for a file, and call `then` with the one that is chosen, if any.

    Parameters
    ----------
    parent : QWidget
        Over which it opens.
    caption : str
        What it is for.
    start : Path
        The folder it begins in, or the file it proposes.
    kinds : str
        Kinds of files as Qt writes them, e.g. ``"Recipes (*.toml)"``; `FOLDERS` asks for a folder.
    then : callable
        Takes the file.
    is_new : bool
        Whether the file is to be written, and need not be there.
    """
    dialog = _FileDialog(parent, caption)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)  # the system's own would be modal
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setDirectory(str(start if start.is_dir() else start.parent))
    if kinds != FOLDERS:
        dialog.setNameFilter(kinds)
    if is_new:
        dialog.propose(start.name)
    elif kinds == FOLDERS:
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    # a file that is not there is for `then` to refuse: Qt's own complaint would be modal
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.show()
    return dialog
