"""The empty state: choose a recipe, what to measure, and start; three clicks to a running collapse."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout

from acquisition.errors import AcquisitionError, InputError
from acquisition.gui.checklist_dialog import ask_checklist
from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.editor import Editor
from acquisition.gui.launch import RunChoice
from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.path_field import PathField
from acquisition.gui.rack_field import RackField
from acquisition.gui.style import Tone
from acquisition.plan import make_plan
from acquisition.planning.plan_rows import ends_text
from acquisition.planning.timing import duration_text
from acquisition.recipe import Recipe, load_recipe
from acquisition.run_queue import QueueEntry, change_queue
from acquisition.station_file import Station
from acquisition.toml_model import TomlFile


class StartPanel(Panel):
    """What to run and on what."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Start")
        self.out = around.out
        self._around = around
        self._station_for = around.station_for
        self._is_going_on = self._is_allowed = False
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        title = QLabel("<h2>Zerobias</h2><p>Choose a recipe and start; the collapse appears while the run goes on.</p>")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        title.setWordWrap(True)
        outer.addWidget(title)
        form = QFormLayout()
        form.setFormAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.recipe = PathField("Recipes (*.toml)")
        examples = Path(__file__).parents[2] / "examples" / "quick.toml"
        if examples.exists():
            self.recipe.set_path(examples)
        self.rack = RackField(around)
        self.seed = QSpinBox()
        self.seed.setRange(0, 10**9)
        self.seed.setValue(1)
        self.speed = QDoubleSpinBox()
        self.speed.setRange(0, 1e7)
        self.speed.setDecimals(0)
        self.speed.setSpecialValueText("as fast as it goes")
        self.speed.setSuffix(" x real time")
        self.speed.setValue(around.speed or 0)
        form.addRow("recipe", self.recipe)
        form.addRow("measure on", self.rack)
        simulated = QHBoxLayout()
        simulated.addWidget(self.seed, stretch=1)
        simulated.addWidget(QLabel("speed"))
        simulated.addWidget(self.speed, stretch=2)
        form.addRow("seed", simulated)
        self._form = form
        outer.addLayout(form)
        self.forecast = QLabel(" ")
        self.forecast.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.forecast.setWordWrap(True)
        self.forecast.setObjectName("forecast")
        outer.addWidget(self.forecast)
        self.notes = QLabel()
        self.notes.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.notes.setWordWrap(True)
        self.notes.setStyleSheet(f"color: {around.palette.tones[Tone.WARNING]}")
        outer.addWidget(self.notes)
        self.start = QPushButton("Start")
        self.start.setObjectName("start run")
        self.start.setDefault(True)
        self.new_recipe = QPushButton("New recipe ...")
        self.edit_recipe, self.edit_station = QPushButton("Edit recipe ..."), QPushButton("Edit station ...")
        self.enqueue = QPushButton("Add to queue")
        for buttons in ((self.enqueue, self.start), (self.new_recipe, self.edit_recipe, self.edit_station)):
            row = QHBoxLayout()
            row.addStretch(1)
            for button in buttons:
                row.addWidget(button)
            row.addStretch(1)
            outer.addLayout(row)
        outer.addStretch(2)
        for signal in (self.recipe.changed, self.rack.changed):
            signal.connect(self.preview)
        self.start.clicked.connect(lambda: self._confirmed(self.run_chosen.emit))
        self.enqueue.clicked.connect(lambda: self._confirmed(self._enqueue))
        self.new_recipe.clicked.connect(lambda: self._open_editor(Recipe, self.recipe).show())
        self.edit_recipe.clicked.connect(lambda: self._edit(Recipe, self.recipe))
        self.edit_station.clicked.connect(lambda: self._edit(Station, self.rack.station_file))
        self.preview()

    @property
    def choice(self) -> RunChoice:
        """Return what is chosen now."""
        return RunChoice(
            recipe=self.recipe.path,
            station=self.rack.station,
            sample=self.rack.simulated,
            out=self.out,
            seed=self.seed.value(),
            speed=self.speed.value() or None,
        )

    def memory(self) -> dict[str, Any]:
        """Return what is chosen."""
        chosen = {"recipe": self.recipe.path, "rack": self.rack.memory()}
        return chosen | {"seed": self.seed.value(), "speed": self.speed.value()}

    def recall(self, memory: dict[str, Any]) -> None:
        """Choose what was chosen."""
        self.recipe.set_path(memory["recipe"])
        self.rack.recall(memory["rack"])
        self.seed.setValue(memory["seed"])
        self.speed.setValue(memory["speed"])

    def _edit(self, model: type[TomlFile], field: PathField) -> None:
        """Open the editor on the file of a field, or come back to it; what is saved there is chosen here.

        A name that is no file yet begins a new one; what is no name of a file either, one without a name.
        """
        for opened in self.findChildren(Editor):
            if opened.model is model and opened.path == field.path and opened.isVisible():
                opened.raise_()
                opened.activateWindow()
                return
        editor = self._open_editor(model, field)
        try:
            if field.path.is_file():
                editor.load(field.path)
            elif field.path.suffix:
                editor.begin_new(field.path)
        except InputError as error:
            self.failed.emit(error)
        editor.show()

    def _open_editor(self, model: type[TomlFile], field: PathField) -> Editor:
        choice = self.choice
        editor = Editor(model, replace(self._around, station=choice.station, sample=choice.sample), self)
        editor.saved.connect(field.set_path)
        if model is Station:
            editor.saved.connect(lambda _: self.rack.show_station())
        return editor

    def close_editors(self) -> bool:
        """Close the editors; return whether that went well, or one asks what to do with changes."""
        return all([editor.close() for editor in self.findChildren(Editor)])

    def catch_up(self) -> None:
        """Look at the files again: they may have been changed meanwhile."""
        self.preview()

    def preview(self) -> None:
        """Say how long it takes, or what is wrong; starting is possible only if nothing is."""
        choice = self.choice
        for widget in (self.seed, self.speed):
            widget.setEnabled(choice.sample is not None)
        try:
            self.rack.check()
            plan = make_plan(load_recipe(choice.recipe), self._station_for(choice.station, choice.sample))
        except InputError as error:
            self._say(str(error), (), is_bad=True)
            self._allow(False)
            return
        totals = f"{plan.points} points on {len(plan.isotherms)} isotherms, {duration_text(plan.duration_s)}"
        ends = f"; {ends_text(plan, self._around.wall.now())}"
        self._say(totals + (ends if choice.sample is None else " of experiment time"), plan.warnings, is_bad=False)
        self._allow(True)

    def clear(self) -> None:
        """Forget the run: another one is looked at from now on."""
        self._is_going_on = False
        self._enable()

    def show_news(self, news: News) -> None:
        """Start nothing while a run goes on: that would turn the window away from it."""
        self._is_going_on = news.tail.state in GOING_ON
        self._enable()

    def _say(self, forecast: str, notes: Iterable[str], *, is_bad: bool) -> None:
        palette = self._around.palette
        self.forecast.setStyleSheet(f"color: {palette.tones[Tone.BAD] if is_bad else palette.foreground}")
        self.forecast.setText(forecast)
        text = "\n".join(f"note: {note}" for note in notes)
        self.notes.setText(text)
        self.notes.setVisible(bool(text))

    def _allow(self, is_allowed: bool) -> None:
        self._is_allowed = is_allowed
        self._enable()

    def _enable(self) -> None:
        self.enqueue.setEnabled(self._is_allowed)
        self.start.setEnabled(self._is_allowed and not self._is_going_on)
        self.start.setToolTip("A run goes on; it can be queued behind it" if self._is_going_on else "")

    def _confirmed(self, then: Callable[[RunChoice], None]) -> None:
        """Go on with what is chosen, on a real rack once the connection checklist is confirmed."""
        choice = self.choice
        if choice.sample is not None:
            then(choice)
            return
        ask_checklist(str(choice.station), self, lambda _: then(choice))

    def _enqueue(self, choice: RunChoice) -> None:
        station = None if choice.station is None else str(choice.station.absolute())
        entry = QueueEntry(str(choice.recipe.absolute()), station, choice.sample, choice.seed, choice.speed)
        try:
            change_queue(self.out, lambda queue: queue.with_added(entry), self._around.wall)
        except (OSError, AcquisitionError) as error:
            self.failed.emit(error)
        else:
            self._say(f"{choice.recipe.name} is in the queue", (), is_bad=False)
