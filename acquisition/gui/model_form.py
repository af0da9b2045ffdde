"""A form made from the model of a TOML file: one line a field, its description as help, its unit, its error beside it.

The form knows no recipe and no station: what it shows is what the model declares. It says what was typed by a signal;
the editor puts it into the document.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from acquisition.gui.style import Palette, Tone
from acquisition.toml_document import TomlDocument, parsed
from acquisition.toml_model import Location, TomlModel, place_text, unit_of

DEFAULT = "(default)"


class ModelForm(QWidget):
    """All fields of a model, tables as groups, lists of tables as groups that can be added and taken out.

    Signals
    -------
    edited : (tuple, object)
        The field at this place is to have this value; None for its default.
    added, removed : tuple
        A table is wanted at this place, or the one there is not.
    """

    edited = pyqtSignal(tuple, object)
    added = pyqtSignal(tuple)
    removed = pyqtSignal(tuple)

    def __init__(self, model: type[TomlModel], document: TomlDocument, palette: Palette) -> None:
        super().__init__()
        self.lines: dict[Location, FieldLine] = {}
        self._document = document
        self._bad = palette.tones[Tone.BAD]
        self.general = QLabel()
        self.general.setWordWrap(True)
        self.general.setStyleSheet(f"color: {self._bad}")
        column = QVBoxLayout(self)
        column.addWidget(self.general)
        self._fill(column, model, ())
        column.addStretch(1)
        self.show_problems({})

    def show_problems(self, problems: dict[Location, str]) -> None:
        """Say beside each field what is wrong with it, and on top what belongs to none."""
        homeless = []
        found: dict[Location, list[str]] = {}
        for place, complaint in problems.items():
            home = next((place[:end] for end in range(len(place), 0, -1) if place[:end] in self.lines), None)
            if home is None:
                homeless.append(f"{place_text(place)}: {complaint}".removeprefix(": "))
            else:
                found.setdefault(home, []).append(complaint)
        for place, line in self.lines.items():
            line.show_problem("; ".join(found.get(place, [])))
        self.general.setText("\n".join(homeless))
        self.general.setVisible(bool(homeless))

    def take_typed(self) -> None:
        """Take what is typed in a field that was not left yet."""
        for line in self.lines.values():
            line.take_typed()

    # --- building ---------------------------------------------------------------------------------------------------

    def _fill(self, column: QVBoxLayout, model: type[TomlModel], place: Location) -> None:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        for name, field in model.model_fields.items():
            here = (*place, name)
            table, is_list, is_optional = table_of(field.annotation)
            if table is None:
                self._add_line(grid, here, field)
            elif is_list:
                self._add_tables(column, here, table, field)
            elif is_optional:
                self._add_optional(column, here, table, field)
            else:
                self._add_group(column, here, table, f"[{name}]", field.description or "")

    def _add_line(self, grid: QGridLayout, place: Location, field: FieldInfo) -> None:
        line = FieldLine(str(place[-1]), field, self._document.get(place), self._bad)
        line.typed.connect(lambda value: self.edited.emit(place, value))
        self.lines[place] = line
        row = grid.count()  # no row twice; those left empty take no room
        grid.addWidget(line.caption, row, 0)
        grid.addWidget(line.editor, row, 1)
        grid.addWidget(line.unit, row, 2)
        grid.addWidget(line.problem, row + 1, 0, 1, 3)

    def _add_group(
        self, column: QVBoxLayout, place: Location, model: type[TomlModel], title: str, meaning: str
    ) -> QVBoxLayout:
        group = QGroupBox(title)
        group.setToolTip(meaning)
        inner = QVBoxLayout(group)
        self._fill(inner, model, place)
        column.addWidget(group)
        return inner

    def _add_optional(self, column: QVBoxLayout, place: Location, model: type[TomlModel], field: FieldInfo) -> None:
        name = str(place[-1])
        if self._document.get(place) is None:
            column.addWidget(_button(f"Add [{name}]", field.description or "", lambda: self.edited.emit(place, {})))
            return
        inner = self._add_group(column, place, model, f"[{name}]", field.description or "")
        inner.addWidget(_button(f"Take [{name}] out", "", lambda: self.removed.emit(place)))

    def _add_tables(self, column: QVBoxLayout, place: Location, model: type[TomlModel], field: FieldInfo) -> None:
        name = str(place[-1])
        for index in range(len(self._document.get(place) or [])):
            here = (*place, index)
            inner = self._add_group(column, here, model, f"[[{name}]] {index}", field.description or "")
            inner.addWidget(_button(f"Take {name} {index} out", "", lambda here=here: self.removed.emit(here)))
        column.addWidget(_button(f"Add [[{name}]]", field.description or "", lambda: self.added.emit(place)))


class FieldLine(QWidget):
    """One field: caption, something to type or choose in, unit, and room for what is wrong.

    Signals
    -------
    typed : object
        The value as TOML has it; None where the field is left to its default.
    """

    typed = pyqtSignal(object)

    def __init__(self, name: str, field: FieldInfo, value: Any, bad: str) -> None:
        super().__init__()
        meaning = field.description or name
        unit = unit_of(name)
        self._is_text, self._is_list = _is_text(field.annotation), _is_list(field.annotation)
        self.caption = QLabel(name.removesuffix(f"_{unit}").replace("_", " ") if unit else name.replace("_", " "))
        self.unit = QLabel(unit.replace("_per_", "/"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setStyleSheet(f"color: {bad}")
        self.problem.hide()
        self.editor = self._editor(field, value)
        for widget in (self.caption, self.editor, self.unit):
            widget.setToolTip(meaning)
            widget.setStatusTip(meaning)

    def show_problem(self, complaint: str) -> None:
        """Say what is wrong, or that nothing is."""
        self.problem.setText(complaint)
        self.problem.setVisible(bool(complaint))

    def _editor(self, field: FieldInfo, value: Any) -> QWidget:
        choices = list(_choices(field.annotation))
        if field.annotation is bool:
            box = QCheckBox()
            box.setChecked(bool(value))
            box.toggled.connect(self.typed.emit)
            return box
        if choices:
            return self._combo(choices, field, value)
        line = QLineEdit("" if value is None else self._shown(value))
        line.setPlaceholderText(_default_text(field))
        line.editingFinished.connect(self.take_typed)
        line.setProperty("before", line.text())
        line.setCursorPosition(0)
        return line

    def _combo(self, choices: list[Any], field: FieldInfo, value: Any) -> QComboBox:
        combo = QComboBox()
        if not field.is_required():
            combo.addItem(f"{_default_text(field)} {DEFAULT}", None)
        for choice in choices:
            combo.addItem(str(choice), choice)
        place = combo.findData(value)
        if place < 0 and value is not None:
            combo.addItem(str(value), value)
            place = combo.count() - 1
        combo.setCurrentIndex(max(place, 0) if value is not None or not field.is_required() else -1)
        combo.activated.connect(lambda _: self.typed.emit(combo.currentData()))
        return combo

    def take_typed(self) -> None:
        """Tell what is typed, if it is new."""
        line = self.editor
        if not isinstance(line, QLineEdit) or (text := line.text()) == line.property("before"):
            return
        line.setProperty("before", text)
        if not text.strip():
            self.typed.emit(None)
        elif self._is_text:
            self.typed.emit([part.strip() for part in text.split(",")] if self._is_list else text)
        else:
            self.typed.emit(parsed(text, is_list=self._is_list))

    def _shown(self, value: Any) -> str:
        return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _button(caption: str, meaning: str, action: Callable[[], None]) -> QWidget:
    """Return a button at the right edge."""
    button = QPushButton(caption)
    button.setToolTip(meaning)
    button.clicked.connect(lambda: action())
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addStretch(1)
    row.addWidget(button)
    return holder


def table_of(annotation: Any) -> tuple[type[TomlModel] | None, bool, bool]:
    """Return the model of a field that is a table or a list of them, whether it is a list, whether it is optional."""
    kinds = [kind for kind in _unfolded(annotation) if isinstance(kind, type) and issubclass(kind, TomlModel)]
    return (kinds[0] if kinds else None), _is_list(annotation), type(None) in _unfolded(annotation)


def _unfolded(annotation: Any) -> list[Any]:
    """Return an annotation and all that it is made of."""
    return [annotation, *(kind for part in get_args(annotation) for kind in _unfolded(part))]


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def _is_text(annotation: Any) -> bool:
    return str in _unfolded(annotation)


def _choices(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (one.value for one in annotation)


def _default_text(field: FieldInfo) -> str:
    if field.is_required() or field.default is PydanticUndefined:
        return "wanted"
    default = field.default
    if default is None or default in ("", ()):
        return "none"
    if isinstance(default, Enum):
        return str(default.value)
    return ", ".join(f"{one:g}" for one in default) if isinstance(default, tuple) else f"{default}"
