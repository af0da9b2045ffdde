"""What is shown of a run, in all views alike: isotherms, direction of the sweep, field."""

from PyQt5.QtCore import QObject, pyqtSignal

SAME_TEMPERATURE = 8e-3
SAME_FIELD_T = 1e-3


class Selection(QObject):
    """Chosen in the panel of isotherms, obeyed by every view.

    Signals
    -------
    changed
        Something else is to be shown.
    pointed_at : str
        The mouse is on a point of the isotherm of this name, on none if it is empty.
    """

    changed = pyqtSignal()
    pointed_at = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.hidden_K: frozenset[float] = frozenset()
        self.direction = 0
        self.field_T: float | None = None
        self._pointed_at = ""

    def choose(self, *, hidden_K: frozenset[float], direction: int, field_T: float | None) -> None:
        """Choose the temperatures to leave out, a direction (+1, -1, 0 for both), and a field (None for all)."""
        self.hidden_K, self.direction, self.field_T = hidden_K, direction, field_T
        self.changed.emit()

    def point_at(self, name: str) -> None:
        """Take note of which isotherm the mouse is on."""
        if name != self._pointed_at:
            self._pointed_at = name
            self.pointed_at.emit(name)

    def shows_temperature(self, temperature_K: float) -> bool:
        """Say whether isotherms of this temperature are shown."""
        return not any(abs(temperature_K / hidden_K - 1.0) < SAME_TEMPERATURE for hidden_K in self.hidden_K)

    def shows(self, temperature_K: float, field_T: float) -> bool:
        """Say whether an isotherm is shown."""
        return self.shows_temperature(temperature_K) and self.shows_field(field_T)

    def shows_field(self, field_T: float) -> bool:
        """Say whether isotherms in this field are shown."""
        return self.field_T is None or abs(field_T - self.field_T) <= SAME_FIELD_T
