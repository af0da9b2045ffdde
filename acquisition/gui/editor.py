"""The editor of recipes and stations: a window of its own with the form, the file as it will be, and a dry run."""

import re
from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QFontDatabase, QKeySequence
from PyQt5.QtWidgets import (
    QAction,
    QLabel,
    QMainWindow,
    QMessageBox,
    QPlainTextEdit,
    QScrollArea,
    QSplitter,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from acquisition.errors import AcquisitionError, InputError, PlanError
from acquisition.gui.file_dialog import ask_for_file
from acquisition.gui.model_form import ModelForm
from acquisition.gui.panel import Surroundings
from acquisition.gui.plan_preview import PlanPreview
from acquisition.gui.rack_field import RackField
from acquisition.gui.style import Tone
from acquisition.plan import make_plan
from acquisition.recipe import Recipe
from acquisition.station_file import Station
from acquisition.toml_document import TomlDocument
from acquisition.toml_model import Location, TomlFile

CHECK_AFTER_MS = 150
KINDS = "TOML (*.toml)"
NEW_RECIPE = """[run]
name = "new"
sample = ""

[[series]]
temperatures_K = []

[bias]
"""


class Editor(QMainWindow):
    """A file, its form and what would come of it.

    Parameters
    ----------
    model : type of TomlFile
        `Recipe` or `Station`.
    around : Surroundings
        What the window is made from.

    Signals
    -------
    saved : Path
        The file was written.
    """

    saved = pyqtSignal(object)

    def __init__(self, model: type[TomlFile], around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1180, 760)
        self._model, self._around = model, around
        self._path: Path | None = None
        self._saved_text = ""
        self.document = TomlDocument(NEW_RECIPE if model is Recipe else "", "new file")
        self.form: ModelForm | None = None
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.preview = PlanPreview(around.palette)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.rack = RackField(around)
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.check)
        self.rack.changed.connect(self.check)
        self._show_document()

    def _build(self) -> None:
        bar = QToolBar("File")
        bar.setMovable(False)
        self.save = QAction("Save", self)
        self.save.setShortcut(QKeySequence(QKeySequence.StandardKey.Save))
        self.save_as = QAction("Save as ...", self)
        self.open = QAction("Open ...", self)
        for action, slot in ((self.open, self._ask_open), (self.save, self._save), (self.save_as, self._ask_save)):
            action.triggered.connect(slot)
            bar.addAction(action)
        self.addToolBar(bar)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        if self._model is Recipe:
            column.addWidget(self.rack)
        else:
            while self.preview.count():
                self.preview.removeTab(0)
        self.preview.addTab(self.text, "File")
        column.addWidget(self.preview, stretch=1)
        column.addWidget(self.verdict)
        split = QSplitter()
        split.addWidget(self.area)
        split.addWidget(right)
        split.setSizes([520, 660])
        self.setCentralWidget(split)
        status = self.statusBar()
        if status is not None:
            status.showMessage("the meaning of a field stands here while the mouse is on it")

    # --- files ------------------------------------------------------------------------------------------------------

    def load(self, path: Path) -> None:
        """Edit a file.

        Raises
        ------
        InputError
            If it cannot be read or is no TOML; what was edited before stays.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read ({error}); check the path") from error
        self.document = TomlDocument(text, str(path))
        self._path, self._saved_text = path, text
        self._show_document()

    @property
    def is_changed(self) -> bool:
        """Return whether there is something to save."""
        return self.document.text != self._saved_text

    def _save(self) -> None:
        if self._path is None:
            self._ask_save()
        else:
            self._save_to(self._path)

    def _save_to(self, path: Path) -> None:
        try:
            self.document.save(path)
        except AcquisitionError as error:
            self._say(str(error), is_bad=True)
            return
        self._path, self._saved_text = path, self.document.text
        self._show_title()
        self.saved.emit(path)

    def _ask_open(self) -> None:
        ask_for_file(self, "Open", self._path or Path(), KINDS, lambda path: self._once_saved(lambda: self._load(path)))

    def _load(self, path: Path) -> None:
        try:
            self.load(path)
        except InputError as error:
            self._say(str(error), is_bad=True)

    def _ask_save(self) -> None:
        ask_for_file(self, "Save as", self._path or Path("new.toml"), KINDS, self._save_to, is_new=True)

    def _once_saved(self, go: Callable[[], object]) -> None:
        """Go, once it is said what to do with changes that are not saved; the question is not modal."""
        if not self.is_changed or self._path is None:
            go()
            return
        box = QMessageBox(self)
        box.setObjectName("save question")
        box.setWindowTitle("Not saved")
        box.setText(f"{self._path.name} has changes that are not saved.")
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def save_and_go() -> None:
            self._save()
            if not self.is_changed:
                go()

        box.addButton(QMessageBox.StandardButton.Save).clicked.connect(save_and_go)
        box.addButton(QMessageBox.StandardButton.Discard).clicked.connect(lambda: self._discard_and(go))
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.show()

    def _discard_and(self, go: Callable[[], object]) -> None:
        self._saved_text = self.document.text
        go()

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # Qt's name
        """Ask before changes are lost."""
        if a0 is not None and self.is_changed and self._path is not None:
            a0.ignore()
            self._once_saved(self.close)

    # --- editing ----------------------------------------------------------------------------------------------------

    def _show_document(self) -> None:
        """Make the form anew: another file, or a table more or less."""
        place = self.area.verticalScrollBar()
        before = 0 if place is None else place.value()
        self.form = ModelForm(self._model, self.document, self._around.palette)
        self.form.edited.connect(self._edit)
        self.form.added.connect(self._add)
        self.form.removed.connect(self._remove)
        self.area.setWidget(self.form)
        if place is not None:
            QTimer.singleShot(0, lambda: place.setValue(before))
        self.check()

    def _edit(self, place: Location, value: object) -> None:
        self.document.put(place, value)
        if isinstance(value, dict):
            self._show_document()
        else:
            self._timer.start(CHECK_AFTER_MS)

    def _add(self, place: Location) -> None:
        self.document.add_table(place)
        self._show_document()

    def _remove(self, place: Location) -> None:
        self.document.remove_table(place)
        self._show_document()

    def check(self) -> None:
        """Say beside the fields what is wrong, or show what would come of it."""
        self._show_title()
        self.text.setPlainText(self.document.text)
        assert self.form is not None
        problems = self._model.problems(self.document.data())
        if not problems and self._model is Recipe:
            problems = self._plan()
        elif problems:
            self.preview.show_nothing("the fields marked red come first")
        self.form.show_problems(problems)
        if problems:
            self._say(f"{len(problems)} field{'s are' if len(problems) > 1 else ' is'} wrong", is_bad=True)
        elif self._model is Station:
            self._say("a good station file", is_bad=False)

    def _plan(self) -> dict[Location, str]:
        """Make the dry run; return the limit that the recipe breaks, by its field."""
        where = "recipe"
        try:
            station = self._around.station_for(self.rack.station, self.rack.simulated)
            plan = make_plan(Recipe.from_dict(self.document.data(), where), station)
        except PlanError as error:
            self.preview.show_nothing(str(error))
            place, _, complaint = str(error).removeprefix(f"{where}: ").partition(": ")
            return {location_of(place): complaint} if complaint else {(): str(error)}
        except InputError as error:  # the station, not the recipe
            self.preview.show_nothing(str(error))
            self._say(str(error), is_bad=True)
            return {}
        self.preview.show_plan(plan, self._around.wall.now())
        self._say(self.preview.totals.text(), is_bad=False)
        return {}

    def _show_title(self) -> None:
        name = self._path.name if self._path else f"new {self._model.__name__.lower()}"
        self.setWindowTitle(f"{'* ' if self.is_changed else ''}{name} - Zerobias")

    def _say(self, text: str, *, is_bad: bool) -> None:
        palette = self._around.palette
        self.verdict.setStyleSheet(f"color: {palette.tones[Tone.BAD] if is_bad else palette.foreground}")
        self.verdict.setText(text)


def location_of(place: str) -> Location:
    """Return ``("series", 1, "fields_T", 2)`` for ``series[1].fields_T[2]``, as messages write it."""
    parts = re.findall(r"[^.\[\]]+|\[\d+\]", place)
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)
