"""The strip that is always in sight: what the cryostat, the contact and the engine are doing, in colours with words."""

from dataclasses import dataclass, field
from datetime import datetime

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.run_phase import QUENCHED, RunPhase
from acquisition.gui.style import MICROVOLT, MILLIVOLT, Palette, Tone
from acquisition.readings import OVERLOADS, PointFlag, flag_words

MICROAMPERE = 1e6
STALE_COMMIT_S = 60.0
SILENT_S = 5.0
"""A heart that has not beaten for so long belongs to an engine that hangs; it beats every second."""

GIGABYTE = 1e9
LOW_DISK_BYTES = 1e9
LOW_HELIUM_FRACTION = 0.3
"""Time for a transfer; a run goes safe at 0.2 unless the station says otherwise."""

GAP = 12
BENCH = "bench"
"""The state in which no run goes on and a rack is on the bench."""

DOING = "doing"
SENTENCES = frozenset({DOING, "flags"})
"""What may be long, and takes the room there is."""

ROWS = (
    ("run", DOING, "done", "ends"),
    ("T", "H", "bias", "lock-in X"),
    ("heater", "helium", "engine", "last commit", "disk", "overload", "compliance", "flags"),
)


@dataclass(frozen=True)
class Status:
    """All that the strip shows; None where it is not known yet."""

    state: str = ""
    phase: RunPhase = field(default_factory=RunPhase)
    temperature_K: float | None = None
    drift_K_per_min: float | None = None
    is_settled: bool | None = None
    field_T: float | None = None
    magnet_mode: str = ""
    heater: str = ""
    helium_fraction: float | None = None
    is_measuring: bool = False
    bias_V: float | None = None
    current_A: float | None = None
    lockin_x_V: float | None = None
    flags: PointFlag = PointFlag.GOOD
    commit_age_s: float | None = None
    heartbeat_age_s: float | None = None
    free_bytes: int | None = None
    points: int = 0
    planned_points: int = 0
    now: datetime | None = None
    finish: datetime | None = None

    @property
    def is_going_on(self) -> bool:
        """Return whether an engine is at it."""
        return self.state in (*GOING_ON, BENCH)


_STATES = {
    "": ("no run", Tone.IDLE),
    "running": ("running", Tone.BUSY),
    "paused": ("paused", Tone.WARNING),
    BENCH: ("none, rack on the bench", Tone.BUSY),
    "complete": ("complete", Tone.GOOD),
    "aborted": ("aborted, safe", Tone.WARNING),
    "interrupted": ("INTERRUPTED", Tone.BAD),
    "safety-stop": ("SAFETY STOP", Tone.BAD),
    "failed": ("FAILED", Tone.BAD),
}


class StatusStrip(QFrame):
    """Rows of cells, each a caption before a value."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )  # long words never widen the window
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
        row.addStretch(0 if SENTENCES & set(names) else 1)
        return cells

    def _cell(self, row: QHBoxLayout, name: str) -> QLabel:
        value = _Sentence() if name in SENTENCES else QLabel("-")
        value.setObjectName(f"status {name}")
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if name != DOING:
            caption = QLabel(name)
            caption.setStyleSheet(f"color: {self._palette.tones[Tone.IDLE]}")
            row.addWidget(caption)
        row.addWidget(value, stretch=1 if name in SENTENCES else 0)
        row.addSpacing(GAP)
        return value

    def show_status(self, status: Status) -> None:
        """Show it all anew."""
        known = status.flags if status.points or status.state == BENCH else None
        alarms = status.phase.alarms
        self._put("run", *_run(status))
        self._put(DOING, status.phase.doing, Tone.IDLE)
        share = f"{status.points}/{status.planned_points} ({status.points / max(status.planned_points, 1):.0%})"
        self._put("done", share if status.state not in ("", BENCH) else "-", Tone.IDLE)
        self._put("ends", _ends(status), Tone.IDLE)
        self._put("T", *_temperature(status))
        self._put("H", *_field(status))
        self._put("heater", status.heater or "-", Tone.IDLE)
        self._put("helium", *_helium(status))
        self._put("bias", _bias(status), Tone.IDLE)
        self._put("lock-in X", _signal(status), Tone.IDLE)
        self._put("overload", *_yes_or_no(known, OVERLOADS, _is_any("lockin_overload", alarms)))
        self._put("compliance", *_yes_or_no(known, PointFlag.SOURCE_COMPLIANCE, _is_any("compliance", alarms)))
        self._put("flags", *_flags(known))
        self._put("engine", *_engine(status))
        self._put("last commit", *_commit(status))
        self._put("disk", *_disk(status))

    def _put(self, name: str, text: str, tone: Tone) -> None:
        cell = self.cells[name]
        cell.setText(text)
        colour = self._palette.foreground if tone is Tone.IDLE else self._palette.tones[tone]
        weight = "bold" if tone in (Tone.BAD, Tone.WARNING) else "normal"
        style = f"color: {colour}; font-weight: {weight}"
        if cell.styleSheet() != style:  # setting one costs a polish of the widget
            cell.setStyleSheet(style)


class _Sentence(QLabel):
    """A line that takes the room there is and is cut with three dots; the whole of it is in the tip."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, a0: str | None) -> None:  # Qt's name
        """Show as much of a text as there is room for."""
        whole = a0 or ""
        if whole != self._whole:
            self._whole = whole
            self.setToolTip(whole)
            self._cut()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # Qt's name
        """Cut it anew."""
        super().resizeEvent(a0)
        self._cut()

    def _cut(self) -> None:
        line = " ".join(self._whole.split())
        super().setText(self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, self.width()))


def clock_text(time: datetime, now: datetime) -> str:
    """Return a time as a clock shows it, with its date if that is not today's."""
    return f"{time:%H:%M}" if time.date() == now.date() else f"{time:%a} {time.day} {time:%b} {time:%H:%M}"


def age_text(age_s: float) -> str:
    """Return how long ago something was, in the unit that says most."""
    for unit, size_s, most in (("s", 1.0, 100.0), ("min", 60.0, 100.0), ("h", 3600.0, 48.0)):
        if age_s < most * size_s:
            return f"{age_s / size_s:.0f} {unit}"
    return f"{age_s / 86400.0:.0f} days"


def _run(status: Status) -> tuple[str, Tone]:
    word, tone = _STATES.get(status.state, (status.state, Tone.WARNING))
    if status.phase.not_safe:
        return f"{word.removesuffix(', safe')}, NOT SAFE", Tone.BAD
    if status.phase.alarms and status.is_going_on:
        return f"{word}, INTERLOCK", Tone.BAD
    if status.phase.coming_pause and status.state == "running":
        return f"{word}, pauses {status.phase.coming_pause}", Tone.WARNING
    return word, tone


def _temperature(status: Status) -> tuple[str, Tone]:
    if status.temperature_K is None:
        return "-", Tone.IDLE
    text = f"{status.temperature_K:#.5g} K"  # always as many digits: what stands behind it is not to dance
    if not status.is_going_on:
        return f"{text}, read last", Tone.IDLE
    if status.drift_K_per_min is not None:
        text += f" {_drift_text(1e3 * status.drift_K_per_min)} mK/min"
    if status.is_settled is None:
        return text, Tone.IDLE
    if status.is_settled and PointFlag.TEMPERATURE_UNSETTLED not in status.flags:
        return f"{text}, settled", Tone.GOOD
    return f"{text}, not settled", Tone.WARNING


def _drift_text(drift: float) -> str:
    """Return two digits behind the point of a small drift, none of a large one."""
    return f"{drift:+.0f}" if abs(drift) >= 10.0 else f"{round(drift, 2) + 0.0:+.2f}"


def _field(status: Status) -> tuple[str, Tone]:
    if status.field_T is None:
        return "-", Tone.IDLE
    mode = f", {status.magnet_mode}" if status.magnet_mode else ""
    text = f"{round(status.field_T, 4) + 0.0:.4f} T{mode}"  # never "-0.0000"
    if status.magnet_mode == QUENCHED:
        return text, Tone.BAD
    if PointFlag.FIELD_UNSETTLED in status.flags and status.is_going_on:
        return f"{text}, not settled", Tone.WARNING
    return text, Tone.IDLE


def _helium(status: Status) -> tuple[str, Tone]:
    if status.helium_fraction is None:
        return "no meter" if status.state else "-", Tone.IDLE
    text = f"{status.helium_fraction:.0%}"
    if _is_any("helium_fraction", status.phase.alarms):
        return f"{text}, OUT", Tone.BAD
    return (f"{text}, LOW", Tone.WARNING) if status.helium_fraction < LOW_HELIUM_FRACTION else (text, Tone.GOOD)


def _bias(status: Status) -> str:
    if status.phase.is_source_at_zero:
        return "-" if status.phase.not_safe else "at zero, safe"
    if status.current_A is None or status.state == "interrupted":
        return "-"
    if status.bias_V is None:
        return f"{status.current_A * MICROAMPERE:+.2f} \u00b5A"
    return f"{status.bias_V * MILLIVOLT:+.4f} mV {status.current_A * MICROAMPERE:+.2f} \u00b5A"


def _signal(status: Status) -> str:
    """Return X of the point that is measured; between two sweeps the last one is history."""
    if not status.is_measuring or status.lockin_x_V is None or status.state == "interrupted":
        return "-"
    return f"{status.lockin_x_V * MICROVOLT:#.4g} \u00b5V"


def _flags(flags: PointFlag | None) -> tuple[str, Tone]:
    if flags is None:
        return "-", Tone.IDLE
    if not flags:
        return "none", Tone.GOOD
    return flag_words(flags), Tone.BAD if PointFlag.REFERENCE_UNLOCKED in flags else Tone.WARNING


def _engine(status: Status) -> tuple[str, Tone]:
    if status.heartbeat_age_s is None:
        return "not running", Tone.BAD if status.state == "interrupted" else Tone.IDLE
    if status.heartbeat_age_s > SILENT_S:
        return f"SILENT for {age_text(status.heartbeat_age_s)}", Tone.BAD
    return "alive", Tone.GOOD


def _commit(status: Status) -> tuple[str, Tone]:
    if status.commit_age_s is None:
        return "-", Tone.IDLE
    is_late = status.state == "running" and status.commit_age_s > STALE_COMMIT_S
    return f"{age_text(status.commit_age_s)} ago", Tone.WARNING if is_late else Tone.IDLE


def _disk(status: Status) -> tuple[str, Tone]:
    if status.free_bytes is None:
        return "-", Tone.IDLE
    gigabytes = status.free_bytes / GIGABYTE
    text = f"{gigabytes:.0f} GB free" if gigabytes >= 10.0 else f"{gigabytes:.2g} GB free"
    return (f"{text}, LOW", Tone.BAD) if status.free_bytes < LOW_DISK_BYTES else (text, Tone.IDLE)


def _ends(status: Status) -> str:
    return "-" if status.finish is None or status.now is None else clock_text(status.finish, status.now)


def _is_any(name: str, alarms: tuple[str, ...]) -> bool:
    return any(alarm.startswith(name) for alarm in alarms)


def _yes_or_no(flags: PointFlag | None, bad: PointFlag, is_alarm: bool) -> tuple[str, Tone]:
    if is_alarm or (flags is not None and flags & bad):
        return "YES", Tone.BAD
    return ("-", Tone.IDLE) if flags is None else ("no", Tone.GOOD)
