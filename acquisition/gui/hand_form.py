"""What is set by hand: a line a quantity with its unit and its limits, checked here and again by the engine."""

from dataclasses import dataclass

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from acquisition.by_hand import limits_of
from acquisition.gui.style import Palette, Tone
from acquisition.running.command_file import Quantity
from acquisition.station_file import Station


@dataclass(frozen=True)
class Shown:
    """How a quantity is shown: its caption, and how many of its shown units make one of SI."""

    caption: str
    unit: str
    per_unit: float


SHOWN = {
    Quantity.BIAS_V: Shown("bias V", "mV", 1e3),
    Quantity.EXCITATION_Vrms: Shown("excitation", "\u00b5V rms", 1e6),
    Quantity.SENSITIVITY_V: Shown("lock-in full scale", "mV", 1e3),
    Quantity.TEMPERATURE_K: Shown("temperature T", "K", 1.0),
    Quantity.FIELD_T: Shown("field H", "T", 1.0),
}


class HandForm(QWidget):
    """Five lines with a button each.

    Signals
    -------
    wanted : (Quantity, float)
        Set this, in SI.
    """

    wanted = pyqtSignal(object, float)

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._station: Station | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        self.lines: dict[Quantity, QLineEdit] = {}
        self.buttons: dict[Quantity, QPushButton] = {}
        self.notes: dict[Quantity, QLabel] = {}
        for row, (quantity, shown) in enumerate(SHOWN.items()):
            line, button, note = QLineEdit(), QPushButton("Set"), QLabel()
            line.setFixedWidth(64)
            button.setFixedWidth(48)
            note.setStyleSheet(f"color: {palette.tones[Tone.BAD]}")
            note.hide()
            for column, widget in enumerate((QLabel(shown.caption), line, QLabel(shown.unit), button)):
                grid.addWidget(widget, 2 * row, column)
            grid.addWidget(note, 2 * row + 1, 0, 1, 4)
            line.returnPressed.connect(button.click)
            button.clicked.connect(lambda _, quantity=quantity: self._set(quantity))
            self.lines[quantity], self.buttons[quantity], self.notes[quantity] = line, button, note
        grid.setColumnStretch(4, 1)

    def use(self, station: Station | None) -> None:
        """Take the limits of a station; None while there is no bench."""
        self._station = station
        for quantity, note in self.notes.items():
            self.lines[quantity].setEnabled(station is not None)
            self.buttons[quantity].setEnabled(station is not None)
            note.hide()
            self.lines[quantity].setToolTip("" if station is None else _limits(quantity, station))

    def _set(self, quantity: Quantity) -> None:
        station, note = self._station, self.notes[quantity]
        if station is None:
            return
        text = self.lines[quantity].text().strip()
        try:
            value = float(text) / SHOWN[quantity].per_unit
            problem = "" if limits_of(quantity, station).allows(value) else f"allowed is {_limits(quantity, station)}"
        except ValueError:
            value, problem = 0.0, f"{text!r} is no number, such as 0.5" if text else "a number, please"
        note.setText(f"{SHOWN[quantity].caption}: {problem}")
        note.setHidden(not problem)
        if not problem:
            self.wanted.emit(quantity, value)


def _limits(quantity: Quantity, station: Station) -> str:
    limits, shown = limits_of(quantity, station), SHOWN[quantity]
    return f"{limits.minimum * shown.per_unit:.4g} to {limits.maximum * shown.per_unit:.4g} {shown.unit}"
