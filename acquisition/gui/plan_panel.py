"""The plan of the run: what is measured, what is to come, and changes of what is not measured yet.

The plan is made again from recipe, station and edits in the run file, as `resume` does; the engine decides about every
change, and its refusal is shown here.
"""

from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QBrush, QColor
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from acquisition.errors import InputError
from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.file_dialog import ask_for_file
from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.style import Tone
from acquisition.gui.tail import RunTail
from acquisition.plan import IsothermPlan
from acquisition.planning.plan_edit import RunningPlan, extended
from acquisition.planning.timing import duration_text
from acquisition.recipe import Recipe, load_recipe
from acquisition.resume import load_unfinished
from acquisition.running.command_file import CommandKind
from acquisition.toml_document import parsed

HEADINGS = ("", "T (K)", "H (T)", "points", "average (s)", "measured", "takes", "state")
POINTS, MEASURED, STATE = (HEADINGS.index(name) for name in ("points", "measured", "state"))
LEFT_OUT, IS_MEASURED = "left out", "measured"
ENDED = (LEFT_OUT, IS_MEASURED)


class PlanPanel(Panel):
    """Isotherms with what became of them; leave out, append."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Plan")
        self._around = around
        self._running: RunningPlan | None = None
        self._planned_points = -1
        self._tail: RunTail | None = None
        self._recipe: dict[str, Any] = {}
        self.list = QTreeWidget()
        self.list.setHeaderLabels(list(HEADINGS))
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.leave_out = QPushButton("Leave out")
        self.leave_out.setToolTip("Do not measure what is left of the isotherms that are selected")
        self.temperatures, self.fields = QLineEdit(), QLineEdit()
        self.temperatures.setPlaceholderText("T in K, e.g. 0.3, 0.15")
        self.fields.setPlaceholderText("H in T, e.g. 0, 1")
        self.average = QLineEdit()
        self.average.setPlaceholderText("average, s")
        self.average.setToolTip("Average each point of what is appended for so long; as the run does if left empty")
        self.append = QPushButton("Append isotherms")
        self.append.setToolTip("Measure these at the end, with the bias grid and excitation of the run")
        self.again = QPushButton("Append selected")
        self.again.setToolTip("Measure the isotherms that are selected at the end, once more or with another average")
        self.append_file = QPushButton("Append recipe ...")
        self.answer = QLabel(" ")
        self.answer.setWordWrap(True)
        row = QHBoxLayout()
        for widget in (self.leave_out, self.again):
            row.addWidget(widget)
        for line, stretch in ((self.temperatures, 3), (self.fields, 2), (self.average, 1)):
            row.addWidget(line, stretch)
        for widget in (self.append, self.append_file):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(row)
        column.addWidget(self.answer)
        column.addWidget(self.list)
        self.leave_out.clicked.connect(self._leave_out)
        self.append.clicked.connect(self._append_typed)
        self.again.clicked.connect(self._append_selected)
        for line in (self.temperatures, self.fields):
            line.returnPressed.connect(self.append.click)
        self.list.itemSelectionChanged.connect(self._enable)
        self.append_file.clicked.connect(self._append_file)
        self._enable()

    # --- what comes in ----------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget the run."""
        self._running, self._planned_points, self._tail = None, -1, None
        self.list.clear()
        self.answer.setText(" ")
        self._enable()

    def show_news(self, news: News) -> None:
        """Take a new plan, new points and the engine's refusals."""
        self._tail = tail = news.tail
        if self.is_seen:
            self.catch_up()
        for event in news.fresh.events:
            if event.kind == "refused":
                self._say(event.message, is_bad=True)
        last = tail.last()
        under_way = last.index if last is not None and tail.state in GOING_ON else -1
        for index in news.fresh.isotherms:
            self._show_progress(index, tail.isotherms[index].points, is_under_way=index == under_way)

    def catch_up(self) -> None:
        """Make the plan now, if that has waited."""
        tail = self._tail
        if tail is None:
            return
        if tail.planned_points != self._planned_points:
            self._load(tail.path, tail.planned_points)
            self._recipe = dict(tail.header.get("recipe", {}))
        self._enable()
        last = tail.last()
        if last is not None:
            self._show_progress(last.index, last.points, is_under_way=tail.state in GOING_ON)

    def _load(self, path: Path, planned_points: int) -> None:
        """Make the plan again, which takes a moment, and list it."""
        self._planned_points = planned_points
        try:
            unfinished = load_unfinished(path, self._around.wall)
        except InputError as error:
            self._say(str(error), is_bad=True)
            return
        self._running = unfinished.running
        selected = self._selected()
        self.list.clear()
        for isotherm in self._running.plan.isotherms:
            own = range(isotherm.first_plan_index, isotherm.first_plan_index + isotherm.points)
            measured = sum(index in unfinished.measured for index in own)
            self.list.addTopLevelItem(_row(isotherm, self._to_measure(isotherm)))
            self._show_progress(isotherm.index, measured, is_under_way=False)
        for item in (self.list.topLevelItem(row) for row in selected):  # rows are only ever appended
            if item is not None:
                item.setSelected(True)

    def _to_measure(self, isotherm: IsothermPlan) -> int:
        retired = frozenset() if self._running is None else self._running.retired
        first = isotherm.first_plan_index
        return isotherm.points - sum(first <= index < first + isotherm.points for index in retired)

    def _show_progress(self, index: int, measured: int, *, is_under_way: bool) -> None:
        item = self.list.topLevelItem(index)
        if item is None:
            return
        points = int(item.text(POINTS))
        state, tone = _state(measured, points, is_under_way)
        item.setText(MEASURED, str(measured))
        item.setText(STATE, state)
        item.setForeground(STATE, QBrush(QColor(self._around.palette.tones[tone])))

    # --- what goes out ----------------------------------------------------------------------------------------------

    def _selected(self) -> list[int]:
        return sorted(index.row() for index in self.list.selectedIndexes() if index.column() == 0)

    def _leave_out(self) -> None:
        """Retire what is left of each isotherm that is selected."""
        for row in self._selected():
            self.commanded.emit(CommandKind.RETIRE, {"rest_of_isotherm": row})

    def _append_typed(self) -> None:
        """Append isotherms with all else as the run has it, but for the average if one is typed."""
        series: dict[str, object] = {"temperatures_K": parsed(self.temperatures.text(), is_list=True)}
        if self.fields.text().strip():
            series["fields_T"] = parsed(self.fields.text(), is_list=True)
        self._append_series([series])

    def _append_selected(self) -> None:
        """Append the isotherms that are selected once more."""
        assert self._running is not None
        wanted = [self._running.plan.isotherms[row] for row in self._selected()]
        self._append_series([{"temperatures_K": [one.temperature_K], "fields_T": [one.field_T]} for one in wanted])

    def _append_series(self, series: list[dict[str, object]]) -> None:
        recipe: dict[str, Any] = {**self._recipe, "series": series}
        if self.average.text().strip():
            recipe["lockin"] = dict(recipe["lockin"]) | {"average_s": parsed(self.average.text(), is_list=False)}
        try:
            self._append(Recipe.from_dict(recipe, "appended"))
        except InputError as error:
            self._say(str(error), is_bad=True)

    def _append_file(self) -> None:
        ask_for_file(self, "Append a recipe", Path(), "Recipes (*.toml)", self._append_from)

    def _append_from(self, path: Path) -> None:
        try:
            self._append(load_recipe(path))
        except InputError as error:
            self._say(str(error), is_bad=True)

    def _append(self, recipe: Recipe) -> None:
        """Have the engine append a recipe that would fit; raises `InputError` if it would not."""
        assert self._running is not None
        longer, shorter = extended(self._running.plan, recipe), self._running.plan
        self.commanded.emit(CommandKind.APPEND, {"recipe": recipe.to_dict()})
        more = len(longer.isotherms) - len(shorter.isotherms)
        takes = duration_text(longer.duration_s - shorter.duration_s)
        self._say(f"{more} isotherm{'s' if more > 1 else ''} more at the end, {takes}", is_bad=False)

    def _enable(self) -> None:
        tail = self._tail
        is_going_on = tail is not None and tail.state in GOING_ON and self._running is not None
        for widget in (self.temperatures, self.fields, self.average, self.append, self.append_file):
            widget.setEnabled(is_going_on)
        selected = self.list.selectedItems()
        self.again.setEnabled(is_going_on and bool(selected))
        self.leave_out.setEnabled(is_going_on and any(item.text(STATE) not in ENDED for item in selected))

    def _say(self, text: str, *, is_bad: bool) -> None:
        palette = self._around.palette
        self.answer.setStyleSheet(f"color: {palette.tones[Tone.BAD] if is_bad else palette.foreground}")
        self.answer.setText(text)


def _row(isotherm: IsothermPlan, to_measure: int) -> QTreeWidgetItem:
    cells = (
        str(isotherm.index),
        f"{isotherm.temperature_K:g}",
        f"{isotherm.field_T:g}",
        str(to_measure),
        f"{isotherm.lockin.average_s:g}",
        "0",
        duration_text(isotherm.duration_s) if to_measure else "-",
        "",
    )
    item = QTreeWidgetItem(list(cells))
    for column in range(STATE):
        item.setTextAlignment(column, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
    return item


def _state(measured: int, points: int, is_under_way: bool) -> tuple[str, Tone]:
    if not points:
        return LEFT_OUT, Tone.IDLE
    if measured >= points:
        return IS_MEASURED, Tone.GOOD
    if is_under_way:
        return "under way", Tone.BUSY
    return ("to come", Tone.IDLE) if not measured else ("begun", Tone.WARNING)
