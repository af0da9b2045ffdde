"""The file dialogs: never modal, so that abort stays in reach while one is open."""

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFileDialog, QWidget

FOLDERS = ""
"""Instead of kinds of files, where a folder is asked for."""


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
    dialog = QFileDialog(parent, caption)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)  # the system's own would be modal
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setDirectory(str(start if start.is_dir() else start.parent))
    if is_new:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(start.name)
    elif kinds == FOLDERS:
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    else:
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    if kinds != FOLDERS:
        dialog.setNameFilter(kinds)
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.show()
    return dialog
