"""The empty state: choose a recipe, what to measure, and start; three clicks to a running collapse."""

from pathlib import Path

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from acquisition.errors import InputError
from acquisition.gui.launch import RunChoice
from acquisition.gui.panel import Panel, Surroundings
from acquisition.plan import make_plan
from acquisition.planning.timing import duration_text
from acquisition.recipe import load_recipe


class StartPanel(Panel):
    """What to run and on what."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Start")
        self.out = around.out
        self._station_for = around.station_for
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        title = QLabel("<h2>Zerobias</h2><p>Choose a recipe and start; the collapse appears while the run goes on.</p>")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        outer.addWidget(title)
        form = QFormLayout()
        form.setFormAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.recipe = _PathField("Recipes (*.toml)")
        examples = Path(__file__).parents[2] / "examples" / "quick.toml"
        if examples.exists():
            self.recipe.set_path(examples)
        self.sample = QComboBox()
        self.sample.addItems(around.samples)
        self.sample.setCurrentText(around.sample or (around.samples[0] if around.samples else ""))
        self.station = _PathField("Stations (*.toml)")
        self.where = QComboBox()
        self.where.addItems(["simulated rack", "station file"])
        self.seed = QSpinBox()
        self.seed.setRange(0, 10**9)
        self.seed.setValue(1)
        self.speed = QDoubleSpinBox()
        self.speed.setRange(0, 1e7)
        self.speed.setDecimals(0)
        self.speed.setSpecialValueText("as fast as it goes")
        self.speed.setSuffix(" x real time")
        self.speed.setValue(around.speed or 0)
        rows = (
            ("recipe", self.recipe),
            ("measure on", self.where),
            ("sample", self.sample),
            ("seed", self.seed),
            ("speed", self.speed),
            ("station", self.station),
        )
        for caption, widget in rows:
            form.addRow(caption, widget)
        self._form = form
        outer.addLayout(form)
        self.forecast = QLabel(" ")
        self.forecast.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.forecast.setWordWrap(True)
        self.forecast.setObjectName("forecast")
        outer.addWidget(self.forecast)
        self.start = QPushButton("Start")
        self.start.setObjectName("start run")
        self.start.setDefault(True)
        button_row = QHBoxLayout()
        button_row.addStretch(1)
        button_row.addWidget(self.start)
        button_row.addStretch(1)
        outer.addLayout(button_row)
        outer.addStretch(2)
        if around.station is not None:
            self.station.set_path(around.station)
            self.where.setCurrentIndex(1)
        changes = (self.sample.currentIndexChanged, self.where.currentIndexChanged)
        for signal in (self.recipe.changed, self.station.changed, *changes):
            signal.connect(self.preview)
        self.start.clicked.connect(self._start)
        self.preview()

    @property
    def choice(self) -> RunChoice:
        """Return what is chosen now."""
        is_simulated = self.where.currentIndex() == 0
        return RunChoice(
            recipe=self.recipe.path,
            station=None if is_simulated else self.station.path,
            sample=self.sample.currentText() if is_simulated else None,
            out=self.out,
            seed=self.seed.value(),
            speed=self.speed.value() or None,
        )

    def preview(self) -> None:
        """Say how long it takes, or what is wrong; starting is possible only if nothing is."""
        choice = self.choice
        for widget in (self.sample, self.seed, self.speed):
            widget.setEnabled(choice.sample is not None)
        self.station.setEnabled(choice.sample is None)
        try:
            plan = make_plan(load_recipe(choice.recipe), self._station_for(choice.station, choice.sample))
        except InputError as error:
            self.forecast.setText(str(error))
            self.start.setEnabled(False)
            return
        self.forecast.setText(
            f"{plan.points} points on {len(plan.isotherms)} isotherms, "
            f"{duration_text(plan.duration_s)} of experiment time"
        )
        self.start.setEnabled(True)

    def _start(self) -> None:
        self.run_chosen.emit(self.choice)


class _PathField(QWidget):
    """A line with a path and a button to look for one."""

    changed = pyqtSignal()

    def __init__(self, kinds: str) -> None:
        super().__init__()
        self._kinds = kinds
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.line = QLineEdit()
        self.line.setMinimumWidth(360)
        button = QPushButton("...")
        button.setMaximumWidth(32)
        row.addWidget(self.line)
        row.addWidget(button)
        self.line.editingFinished.connect(self.changed.emit)
        button.clicked.connect(self._browse)

    @property
    def path(self) -> Path:
        """Return the path as typed."""
        return Path(self.line.text())

    def set_path(self, path: Path) -> None:
        """Set the path and tell who listens."""
        self.line.setText(str(path))
        self.changed.emit()

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose", str(self.path.parent), self._kinds)
        if chosen:
            self.set_path(Path(chosen))
