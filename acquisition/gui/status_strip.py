"""The strip that is always in sight: what the cryostat, the contact and the engine are doing, in colours with words."""

from dataclasses import dataclass
from datetime import datetime

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from acquisition.gui.style import MICROVOLT, MILLIVOLT, Palette, Tone
from acquisition.readings import PointFlag

OVERLOADS = PointFlag.LOCKIN_INPUT_OVERLOAD | PointFlag.LOCKIN_FILTER_OVERLOAD | PointFlag.LOCKIN_OUTPUT_OVERLOAD
MICROAMPERE = 1e6
STALE_COMMIT_S = 60.0
GIGABYTE = 1e9
LOW_DISK_BYTES = 1e9
GAP = 12
ROWS = (
    ("run", "T", "H", "heater", "bias", "lock-in X"),
    ("engine", "last commit", "done", "ends", "disk", "overload", "compliance", "flags"),
)


@dataclass(frozen=True)
class Status:
    """All that the strip shows; None where it is not known yet."""

    state: str = ""
    alarms: int = 0
    temperature_K: float | None = None
    temperature_setpoint_K: float | None = None
    drift_K_per_min: float | None = None
    is_settled: bool = True
    field_T: float | None = None
    magnet_mode: str = ""
    heater: str = ""
    bias_V: float | None = None
    current_A: float | None = None
    lockin_x_V: float | None = None
    flags: PointFlag = PointFlag.GOOD
    commit_age_s: float | None = None
    is_engine_alive: bool = False
    free_bytes: int | None = None
    points: int = 0
    planned_points: int = 0
    finish: datetime | None = None


_STATES = {
    "": ("no run", Tone.IDLE),
    "running": ("running", Tone.BUSY),
    "paused": ("paused", Tone.WARNING),
    "complete": ("complete", Tone.GOOD),
    "aborted": ("aborted, safe", Tone.WARNING),
    "interrupted": ("INTERRUPTED", Tone.BAD),
    "safety-stop": ("SAFETY STOP", Tone.BAD),
    "failed": ("FAILED", Tone.BAD),
}


class StatusStrip(QFrame):
    """Two rows of cells, each a caption before a value."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.setFrameShape(QFrame.Shape.NoFrame)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 3, 8, 3)
        column.setSpacing(3)
        self.cells = {name: cell for names in ROWS for name, cell in self._row(column, names).items()}
        self.show_status(Status())

    def _row(self, column: QVBoxLayout, names: tuple[str, ...]) -> dict[str, QLabel]:
        row = QHBoxLayout()
        row.setSpacing(5)
        column.addLayout(row)
        cells = {name: self._cell(row, name) for name in names}
        row.addStretch(1)
        return cells

    def _cell(self, row: QHBoxLayout, name: str) -> QLabel:
        caption = QLabel(name)
        caption.setStyleSheet(f"color: {self._palette.tones[Tone.IDLE]}")
        value = QLabel("-")
        value.setObjectName(f"status {name}")
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(caption)
        row.addWidget(value)
        row.addSpacing(GAP)
        return value

    def show_status(self, status: Status) -> None:
        """Show it all anew."""
        word, tone = _STATES.get(status.state, (status.state, Tone.WARNING))
        if status.alarms and status.state == "paused":
            word, tone = "paused, INTERLOCK", Tone.BAD
        self._put("run", word, tone)
        self._put("T", *self._temperature(status))
        self._put("H", *self._field(status))
        self._put("heater", status.heater or "-", Tone.IDLE)
        self._put("bias", self._bias(status), Tone.IDLE)
        lockin = "-" if status.lockin_x_V is None else f"{status.lockin_x_V * MICROVOLT:.4g} \u00b5V"
        self._put("lock-in X", lockin, Tone.IDLE)
        known = status.flags if status.points else None
        self._put("overload", *_yes_or_no(known, OVERLOADS, "OVERLOAD"))
        self._put("compliance", *_yes_or_no(known, PointFlag.SOURCE_COMPLIANCE, "COMPLIANCE"))
        self._put("flags", *self._flags(known))
        self._put("engine", *self._engine(status))
        self._put("last commit", *self._commit(status))
        self._put("disk", *self._disk(status))
        share = f" ({status.points / status.planned_points:.0%})" if status.planned_points else ""
        self._put("done", f"{status.points}/{status.planned_points}{share}", Tone.IDLE)
        self._put("ends", "-" if status.finish is None else f"{status.finish:%a %H:%M}", Tone.IDLE)

    def _put(self, name: str, text: str, tone: Tone) -> None:
        cell = self.cells[name]
        cell.setText(text)
        colour = self._palette.foreground if tone is Tone.IDLE else self._palette.tones[tone]
        weight = "bold" if tone in (Tone.BAD, Tone.WARNING) else "normal"
        style = f"color: {colour}; font-weight: {weight}"
        if cell.styleSheet() != style:  # setting one costs a polish of the widget
            cell.setStyleSheet(style)

    def _temperature(self, status: Status) -> tuple[str, Tone]:
        if status.temperature_K is None:
            return "-", Tone.IDLE
        drift = "" if status.drift_K_per_min is None else f" {1e3 * status.drift_K_per_min:+.2g} mK/min"
        text = f"{status.temperature_K:.5g} K{drift}"
        if status.is_settled and PointFlag.TEMPERATURE_UNSETTLED not in status.flags:
            return f"{text}, settled", Tone.GOOD
        return f"{text}, not settled", Tone.WARNING

    def _field(self, status: Status) -> tuple[str, Tone]:
        if status.field_T is None:
            return "-", Tone.IDLE
        mode = f", {status.magnet_mode}" if status.magnet_mode else ""
        text = f"{round(status.field_T, 4) + 0.0:.4f} T{mode}"  # never "-0.0000"
        if PointFlag.FIELD_UNSETTLED in status.flags:
            return f"{text}, not settled", Tone.WARNING
        return text, Tone.IDLE

    def _bias(self, status: Status) -> str:
        if status.bias_V is None or status.current_A is None:
            return "-"
        return f"{status.bias_V * MILLIVOLT:+.4f} mV {status.current_A * MICROAMPERE:+.2f} \u00b5A"

    def _flags(self, flags: PointFlag | None) -> tuple[str, Tone]:
        if flags is None:
            return "-", Tone.IDLE
        if not flags:
            return "none", Tone.GOOD
        words = ", ".join(
            flag.name.lower().replace("_", " ") for flag in PointFlag if flag and flag in flags and flag.name
        )
        return words, Tone.BAD if PointFlag.REFERENCE_UNLOCKED in flags else Tone.WARNING

    def _engine(self, status: Status) -> tuple[str, Tone]:
        if status.is_engine_alive:
            return "alive", Tone.GOOD
        return ("not running", Tone.BAD if status.state == "interrupted" else Tone.IDLE)

    def _commit(self, status: Status) -> tuple[str, Tone]:
        if status.commit_age_s is None:
            return "-", Tone.IDLE
        is_late = status.is_engine_alive and status.state == "running" and status.commit_age_s > STALE_COMMIT_S
        return f"{status.commit_age_s:.0f} s ago", Tone.WARNING if is_late else Tone.IDLE

    def _disk(self, status: Status) -> tuple[str, Tone]:
        if status.free_bytes is None:
            return "-", Tone.IDLE
        tone = Tone.BAD if status.free_bytes < LOW_DISK_BYTES else Tone.IDLE
        return f"{status.free_bytes / GIGABYTE:.0f} GB free", tone


def _yes_or_no(flags: PointFlag | None, bad: PointFlag, word: str) -> tuple[str, Tone]:
    if flags is None:
        return "-", Tone.IDLE
    return (word, Tone.BAD) if flags & bad else ("no", Tone.GOOD)
