"""The editor of recipes and stations: a window of its own with the form, the file as it will be, and a dry run.

Form and text are two sides of one file: either can be edited. A file that is no TOML has its text only.
"""

import re
from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAction,
    QLabel,
    QMainWindow,
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
from acquisition.gui.question import Answer, ask
from acquisition.gui.rack_field import RackField
from acquisition.gui.style import Tone
from acquisition.gui.toml_text import TomlText
from acquisition.plan import make_plan
from acquisition.recipe import Recipe
from acquisition.station_file import Station
from acquisition.toml_document import TomlDocument
from acquisition.toml_model import Location, TomlFile, place_text

CHECK_AFTER_MS = 150
KINDS = "TOML (*.toml)"
NEW_RECIPE = """[run]
name = "new"

[[series]]
# measured in the order written
temperatures_K = [4.2, 2.0, 1.4, 0.7, 0.4, 0.2, 0.1]
fields_T = [0.0]

[bias]
maximum_V = 1e-3         # across the contact
points = 101
"""
NEW_STATION = "# `zerobias station new` asks the wires and you, and writes such a file with a comment on every line\n"


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
        self.model, self._around = model, around
        self.path: Path | None = None
        self._new = NEW_RECIPE if model is Recipe else NEW_STATION
        self._saved_text = self._new
        self.document = TomlDocument(self._new, "new file")
        self.form: ModelForm | None = None
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.preview = PlanPreview(around.palette)
        self.text = TomlText()
        self.rack = RackField(around)
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.check)
        self.text.typed.connect(self._take_typed)
        self.rack.changed.connect(self.check)
        self.begin_new()

    def _build(self) -> None:
        bar = QToolBar("File")
        bar.setMovable(False)
        self.new = QAction("New", self)
        self.new.setShortcut(QKeySequence(QKeySequence.StandardKey.New))
        self.save = QAction("Save", self)
        self.save.setShortcut(QKeySequence(QKeySequence.StandardKey.Save))
        self.save_as = QAction("Save as ...", self)
        self.undo, self.redo = QAction("Undo", self), QAction("Redo", self)
        for action, key in ((self.undo, QKeySequence.StandardKey.Undo), (self.redo, QKeySequence.StandardKey.Redo)):
            action.setShortcut(QKeySequence(key))
            action.setEnabled(False)
        self.text.undoAvailable.connect(self.undo.setEnabled)
        self.text.redoAvailable.connect(self.redo.setEnabled)
        self.open = QAction("Open ...", self)
        self.open.setShortcut(QKeySequence(QKeySequence.StandardKey.Open))
        for action, slot in (
            (self.new, lambda: self._once_saved(self.begin_new)),
            (self.open, self._ask_open),
            (self.save, lambda: self._save(_nothing)),
            (self.save_as, lambda: self._ask_save(_nothing)),
            (self.undo, lambda: self._step(self.text.undo)),
            (self.redo, lambda: self._step(self.text.redo)),
        ):
            action.triggered.connect(slot)
            bar.addAction(action)
        self.addToolBar(bar)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        if self.model is Recipe:
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
        """Edit a file, its text alone if it is no TOML.

        Raises
        ------
        InputError
            If it cannot be read; what was edited before stays.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read ({error}); check the path") from error
        self._begin(path, text)

    def begin_new(self, path: Path | None = None) -> None:
        """Edit a new file, to be saved as `path` if it is known."""
        self._begin(path, self._new)

    def _begin(self, path: Path | None, text: str) -> None:
        self.path, self._saved_text = path, text
        self.text.begin(text)
        if complaint := self._take_text():
            self.preview.setCurrentWidget(self.text)
            self.text.point_at(complaint)

    @property
    def is_changed(self) -> bool:
        """Return whether there is something to save."""
        return self.text.toPlainText() != self._saved_text

    def _save(self, then: Callable[[], object]) -> None:
        """Save, and go on if that went well; a file that somebody else has changed meanwhile is not overwritten."""
        if self.path is None:
            self._ask_save(then)
            return
        path = self.path
        self._take_typed()
        if path.is_file() and _text_of(path) != self._saved_text:
            text = f"{path.name} was changed by somebody else since it was opened here. Overwrite it?"
            ask(self, "overwrite question", text, {Answer.Save: lambda: self._save_to(path, then)})
        else:
            self._save_to(path, then)

    def _save_to(self, path: Path, then: Callable[[], object]) -> None:
        self._take_typed()
        try:
            TomlDocument(self.text.toPlainText(), path.name).save(path)
        except AcquisitionError as error:
            self._say(f"not saved: {error}", is_bad=True)
            return
        self.path, self._saved_text = path, self.text.toPlainText()
        self._show_title()
        self.saved.emit(path)
        then()

    def _ask_open(self) -> None:
        ask_for_file(self, "Open", self.path or Path(), KINDS, lambda path: self._once_saved(lambda: self._load(path)))

    def _load(self, path: Path) -> None:
        try:
            self.load(path)
        except InputError as error:
            self._say(str(error), is_bad=True)

    def _ask_save(self, then: Callable[[], object]) -> None:
        start = self.path or Path("new.toml")
        ask_for_file(self, "Save as", start, KINDS, lambda path: self._save_to(path, then), is_new=True)

    def _once_saved(self, go: Callable[[], object]) -> None:
        """Go, once it is said what to do with changes that are not saved."""
        self._take_typed()
        if not self.is_changed:
            go()
            return
        text = f"{self._name} has changes that are not saved."
        answers = {Answer.Save: lambda: self._save(go), Answer.Discard: lambda: self._discard_and(go)}
        ask(self, "save question", text, answers)

    def _discard_and(self, go: Callable[[], object]) -> None:
        self._saved_text = self.text.toPlainText()
        go()

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # Qt's name
        """Ask before changes are lost."""
        self._take_typed()
        if a0 is not None and self.is_changed:
            a0.ignore()
            self.raise_()
            self._once_saved(self.close)

    # --- editing ----------------------------------------------------------------------------------------------------

    def _show_document(self) -> None:
        """Make the form anew: another file, or a table more or less."""
        place = self.area.verticalScrollBar()
        before = 0 if place is None else place.value()
        self.form = ModelForm(self.model, self.document, self._around.palette)
        self.form.edited.connect(self._edit)
        self.form.added.connect(self._add)
        self.form.removed.connect(self._remove)
        before_form = self.area.takeWidget()
        if before_form is not None:
            before_form.deleteLater()  # not at once: one of its own buttons may have brought us here
        self.area.setWidget(self.form)
        if place is not None:
            QTimer.singleShot(0, lambda: place.setValue(before))
        self.check()

    def _edit(self, place: Location, value: object) -> None:
        if not self._change(lambda: self.document.put(place, value)):
            return
        if isinstance(value, dict):
            self._show_document()
        else:
            self._timer.start(CHECK_AFTER_MS)

    def _add(self, place: Location) -> None:
        if self._change(lambda: self.document.add_table(place)):
            self._show_document()

    def _remove(self, place: Location) -> None:
        if self._change(lambda: self.document.remove_table(place)):
            self._show_document()

    def _change(self, change: Callable[[], None]) -> bool:
        """Change the file and return whether that went well; where it cannot be, the text is for the person to mend."""
        try:
            change()
        except InputError as error:
            self.document = TomlDocument(self.text.toPlainText(), self._name)  # as it was
            self.preview.setCurrentWidget(self.text)
            self._say(str(error), is_bad=True)
            return False
        self.text.put(self.document.text)
        return True

    def _step(self, step: Callable[[], None]) -> None:
        """Undo or redo: the text remembers every change, of the form too."""
        self._take_typed()
        step()
        self._take_text()

    def _take_typed(self) -> None:
        """Take what is being typed, be it in a field that was not left yet, or in the text."""
        if self.text.is_typed:
            self._take_text()
        elif self.form is not None:
            self.form.take_typed()

    def _take_text(self) -> str:
        """Make the form anew from the text, and return what is wrong with one that is no TOML, which has no form."""
        self.text.is_typed = False
        try:
            self.document = TomlDocument(self.text.toPlainText(), self._name)
        except InputError as error:
            self._show_title()
            self.area.hide()
            self.preview.show_nothing(str(error))
            self._say(str(error), is_bad=True)
            return str(error)
        self.area.show()
        self._show_document()
        return ""

    def check(self) -> None:
        """Say beside the fields what is wrong, or show what would come of it."""
        self._show_title()
        assert self.form is not None
        problems = self.model.problems(self.document.data())
        if not problems and self.model is Recipe:
            problems = self._plan()
        elif problems:
            self.preview.show_nothing("the fields marked red come first")
        self.form.show_problems(problems)
        if problems:
            count = f"{len(problems)} fields are" if len(problems) > 1 else "1 field is"
            place, complaint = next(iter(problems.items()))
            self._say(f"{count} wrong; {place_text(place)}: {complaint}".replace("; : ", "; "), is_bad=True)
        elif self.model is Station:
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

    @property
    def _name(self) -> str:
        return self.path.name if self.path else f"new {self.model.__name__.lower()}"

    def _show_title(self) -> None:
        self.setWindowTitle(f"{'* ' if self.is_changed else ''}{self._name} - Zerobias")

    def _say(self, text: str, *, is_bad: bool) -> None:
        palette = self._around.palette
        self.verdict.setStyleSheet(f"color: {palette.tones[Tone.BAD] if is_bad else palette.foreground}")
        self.verdict.setText(text)


def location_of(place: str) -> Location:
    """Return ``("series", 1, "fields_T", 2)`` for ``series[1].fields_T[2]``, as messages write it."""
    parts = re.findall(r"[^.\[\]]+|\[\d+\]", place)
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)


def _text_of(path: Path) -> str | None:
    """Return what a file says; None if that cannot be told."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _nothing() -> None:
    """Do nothing."""
