"""The isotherms: what each colour means, and which of them, which direction and which field the views show."""

from collections.abc import Callable
from typing import Any

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor, QIcon, QPixmap
from PyQt5.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.style import TemperatureColours, isotherm_name

DIRECTIONS = {"both": 0, "up": 1, "down": -1}
ALL_FIELDS = "all"
SWATCH_PIXELS = 12
WIDEST, LOWEST = 170, 60


class IsothermsPanel(Panel):
    """A list with a tick each; a double click shows one alone, and again brings all back."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__("Isotherms")
        self.setMaximumWidth(WIDEST)
        self._selection = around.selection
        self._fields_T: list[float] = []
        self._hidden_K: frozenset[float] = frozenset()
        self._is_filling = False
        self.direction = QComboBox()
        self.direction.addItems(list(DIRECTIONS))
        self.direction.setToolTip("Which way the bias was going")
        self.field = QComboBox()
        self.field.addItem(ALL_FIELDS)
        self.list = QListWidget()
        self.list.setToolTip("Untick to hide; double click to see one alone, and again for all")
        self.all = QPushButton("Show all")
        for box in (self.direction, self.field):
            box.setMinimumContentsLength(4)
        self.list.setMinimumSize(90, LOWEST)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it scrolls by itself
        form = QFormLayout()
        form.addRow("sweep", self.direction)
        form.addRow("field", self.field)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(form)
        column.addWidget(QLabel("temperature"))
        column.addWidget(self.list, stretch=1)
        column.addWidget(self.all)
        self.direction.currentIndexChanged.connect(self._choose)
        self.field.currentIndexChanged.connect(self._choose)
        self.list.itemChanged.connect(self._choose)
        self.list.itemDoubleClicked.connect(self._solo)
        self.all.clicked.connect(self.show_all)
        self._selection.pointed_at.connect(self._mark)

    def clear(self) -> None:
        """Forget the isotherms, and show everything of the next run."""
        self._is_filling = True
        self.list.clear()
        self._fields_T, self._hidden_K = [], frozenset()
        self.field.clear()
        self.field.addItem(ALL_FIELDS)
        self.direction.setCurrentIndex(0)
        self._is_filling = False
        self._choose()

    def show_news(self, news: News) -> None:
        """Add isotherms and fields that have begun."""
        self._is_filling = True
        for index in sorted(news.fresh.isotherms):
            isotherm = news.tail.isotherms[index]
            self._add_temperature(isotherm.temperature_setpoint_K, news.colours)
            self._add_field(isotherm.field_setpoint_T)
        self._is_filling = False

    def memory(self) -> dict[str, Any]:
        """Return which isotherms, direction and field are shown."""
        chosen = self._selection
        return {"hidden_K": chosen.hidden_K, "direction": self.direction.currentText(), "field_T": chosen.field_T}

    def recall(self, memory: dict[str, Any]) -> None:
        """Show what was shown; isotherms that are still to be read come in hidden, too."""
        self.direction.setCurrentText(memory["direction"])
        if memory["field_T"] in self._fields_T:
            self.field.setCurrentIndex(1 + self._fields_T.index(memory["field_T"]))
        self._hidden_K = memory["hidden_K"]
        self._tick(lambda item: item.data(Qt.ItemDataRole.UserRole) not in self._hidden_K)

    def show_all(self) -> None:
        """Tick every isotherm, those that are still to be read, too."""
        self._hidden_K = frozenset()
        self._tick(lambda _: True)

    def _items(self) -> list[QListWidgetItem]:
        items = (self.list.item(row) for row in range(self.list.count()))
        return [item for item in items if item is not None]

    def _add_temperature(self, temperature_K: float, colours: TemperatureColours) -> None:
        known = [item.data(Qt.ItemDataRole.UserRole) for item in self._items()]
        if temperature_K in known:
            return
        item = QListWidgetItem(_swatch(colours.colour(temperature_K)), isotherm_name(temperature_K))
        item.setData(Qt.ItemDataRole.UserRole, temperature_K)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        is_hidden = temperature_K in self._hidden_K
        item.setCheckState(Qt.CheckState.Unchecked if is_hidden else Qt.CheckState.Checked)
        self.list.insertItem(sum(other < temperature_K for other in known), item)

    def _add_field(self, field_T: float) -> None:
        if field_T not in self._fields_T:
            self._fields_T.append(field_T)
            self.field.addItem(f"{field_T:g} T")

    def _mark(self, name: str) -> None:
        """Mark the temperature of an isotherm that the mouse is on in a view."""
        item = next((item for item in self._items() if item.text() == name.partition(",")[0]), None)
        if item is None:
            self.list.clearSelection()
        else:
            self.list.setCurrentItem(item)

    def _solo(self, chosen: QListWidgetItem) -> None:
        others = [item for item in self._items() if item is not chosen]
        is_alone = all(item.checkState() != Qt.CheckState.Checked for item in others)
        self._tick(lambda item: is_alone or item is chosen)

    def _tick(self, wanted: Callable[[QListWidgetItem], bool]) -> None:
        self._is_filling = True
        for item in self._items():
            item.setCheckState(Qt.CheckState.Checked if wanted(item) else Qt.CheckState.Unchecked)
        self._is_filling = False
        self._choose()

    def _choose(self) -> None:
        if self._is_filling:
            return
        hidden = [item for item in self._items() if item.checkState() != Qt.CheckState.Checked]
        place = self.field.currentIndex()
        self._selection.choose(
            hidden_K=frozenset(item.data(Qt.ItemDataRole.UserRole) for item in hidden),
            direction=DIRECTIONS[self.direction.currentText()],
            field_T=self._fields_T[place - 1] if place > 0 else None,
        )


def _swatch(colour: QColor) -> QIcon:
    picture = QPixmap(SWATCH_PIXELS, SWATCH_PIXELS)
    picture.fill(colour)
    return QIcon(picture)
