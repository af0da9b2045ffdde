"""Which rack: the simulated one, a station of one's own, or a rehearsal of it with a simulated sample."""

from enum import Enum
from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QWidget

from acquisition.errors import InputError
from acquisition.gui.panel import Surroundings
from acquisition.gui.path_field import PathField


class Where(Enum):
    """On what is measured."""

    SIMULATED = "simulated rack"
    STATION = "station"
    REHEARSAL = "rehearsal of a station"


class RackField(QWidget):
    """One row: where, and what is needed to say so.

    Signals
    -------
    changed
        Another rack is chosen.
    """

    changed = pyqtSignal()

    def __init__(self, around: Surroundings) -> None:
        super().__init__()
        self.where = QComboBox()
        self.where.addItems([where.value for where in Where])
        self.sample = QComboBox()
        self.sample.addItems(around.samples)
        self.sample.setCurrentText(around.sample or (around.samples[0] if around.samples else ""))
        self.station_file = PathField("Stations (*.toml)")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.where)
        row.addWidget(self.sample)
        row.addWidget(self.station_file, stretch=1)
        if around.station is not None:
            self.station_file.set_path(around.station)
            self.choose(Where.REHEARSAL if around.sample else Where.STATION)
        for signal in (self.where.currentIndexChanged, self.sample.currentIndexChanged, self.station_file.changed):
            signal.connect(self._change)
        self._show_what_is_needed()

    def memory(self) -> tuple[str, str, Path]:
        """Return what is chosen, needed now or not."""
        return self.where.currentText(), self.sample.currentText(), self.station_file.path

    def recall(self, memory: tuple[str, str, Path]) -> None:
        """Choose what was chosen."""
        where, sample, station = memory
        if station.name:
            self.station_file.set_path(station)
        self.sample.setCurrentText(sample)
        self.where.setCurrentText(where)

    def choose(self, where: Where) -> None:
        """Choose on what is measured."""
        self.where.setCurrentText(where.value)

    def check(self) -> None:
        """Raise `InputError` if a station file is needed and none is named."""
        if self._where is not Where.SIMULATED and not self.station_file.path.name:
            raise InputError(
                "no station file is chosen; choose one, or write one: `zerobias station new --out my.toml`"
            )

    def show_station(self) -> None:
        """Choose a rack with the station file: where there was none, a rehearsal, which touches no box."""
        if self._where is Where.SIMULATED:
            self.choose(Where.REHEARSAL)

    @property
    def station(self) -> Path | None:
        """Return the station file, None for the simulated rack's own."""
        return None if self._where is Where.SIMULATED else self.station_file.path

    @property
    def simulated(self) -> str | None:
        """Return the simulated sample, None for a real rack."""
        return None if self._where is Where.STATION else self.sample.currentText()

    @property
    def _where(self) -> Where:
        return Where(self.where.currentText())

    def _change(self) -> None:
        self._show_what_is_needed()
        self.changed.emit()

    def _show_what_is_needed(self) -> None:
        self.sample.setVisible(self._where is not Where.STATION)
        self.station_file.setVisible(self._where is not Where.SIMULATED)
