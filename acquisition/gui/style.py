"""How everything looks: two palettes, one colour a temperature, one label an axis with its unit.

Colours are told apart by the colour-blind too (Okabe and Ito's set), and never carry a meaning alone: a word goes with
each. Plots are in e2/h, mV, K and T; the units change here, on the way to the screen, and nowhere before.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import pyqtgraph
from PyQt5.QtGui import QColor, QFont, QGuiApplication, QPalette
from PyQt5.QtWidgets import QApplication

FONT = "DejaVu Sans"
FONT_POINTS = 9

MILLIVOLT = 1e3
MICROVOLT = 1e6

LABELS = {
    "bias": "bias V (mV)",
    "conductance": "conductance G (e\u00b2/h)",
    "temperature": "temperature T (K)",
    "field": "field H (T)",
    "time": "experiment time (h)",
    "scaled": "\u0394G / T<sup>\u03b1</sup> (e\u00b2/h K<sup>\u2212\u03b1</sup>)",
    "root_reduced_bias": "(e|V| / k<sub>B</sub>T)<sup>1/2</sup>",
    "exponent": "exponent \u03b1",
}
"""Quantity and unit of each axis."""


def isotherm_name(temperature_K: float, field_T: float = 0.0) -> str:
    """Return what an isotherm is called, everywhere alike."""
    return f"{temperature_K:.4g} K" + (f", {field_T:g} T" if field_T else "")


class Tone(Enum):
    """What a colour says; each goes with a word."""

    GOOD = "good"
    BUSY = "busy"
    WARNING = "warning"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True)
class Palette:
    """One look.

    `background` is that of plots, `field` that of lists, lines and boxes, which have to stand out from the `panel`;
    `colour_range` is the part of the colour map that stands out from the background.
    """

    background: str
    field: str
    foreground: str
    panel: str
    faint: str
    accent: str
    second: str
    tones: dict[Tone, str]
    colour_range: tuple[float, float]


_TONES_ON_LIGHT = {
    Tone.GOOD: "#009e73",
    Tone.BUSY: "#0072b2",
    Tone.WARNING: "#b86e00",
    Tone.BAD: "#c1272d",
    Tone.IDLE: "#6e6e6e",
}
_TONES_ON_DARK = {
    Tone.GOOD: "#2bd6a5",
    Tone.BUSY: "#56b4e9",
    Tone.WARNING: "#f0b030",
    Tone.BAD: "#ff6b5e",
    Tone.IDLE: "#9a9a9a",
}
LIGHT = Palette(
    "#ffffff", "#ffffff", "#222222", "#f4f4f4", "#b9b9b9", "#d1495b", "#2e6f95", _TONES_ON_LIGHT, (0.05, 0.85)
)
DARK = Palette("#16181c", "#363b44", "#dddddd", "#22252b", "#565b64", "#ff7b89", "#6cb6e0", _TONES_ON_DARK, (0.3, 1.0))


def apply(application: QApplication, palette: Palette) -> None:
    """Give the program font and palette, and pyqtgraph its defaults; before any plot is made."""
    application.setStyle("Fusion")
    application.setFont(QFont(FONT, FONT_POINTS))
    application.setPalette(_qt_palette(palette))
    pyqtgraph.setConfigOptions(
        background=palette.background, foreground=palette.foreground, antialias=True, useOpenGL=False
    )


def _qt_palette(palette: Palette) -> QPalette:
    colours = QPalette()
    plain = {
        QPalette.ColorRole.Window: palette.panel,
        QPalette.ColorRole.WindowText: palette.foreground,
        QPalette.ColorRole.Base: palette.field,
        QPalette.ColorRole.AlternateBase: palette.panel,
        QPalette.ColorRole.Text: palette.foreground,
        QPalette.ColorRole.Button: palette.panel,
        QPalette.ColorRole.ButtonText: palette.foreground,
        QPalette.ColorRole.ToolTipBase: palette.panel,
        QPalette.ColorRole.ToolTipText: palette.foreground,
        QPalette.ColorRole.Highlight: palette.second,
        QPalette.ColorRole.HighlightedText: "#ffffff",
        QPalette.ColorRole.PlaceholderText: palette.faint,
        QPalette.ColorRole.Link: palette.second,
    }
    for role, colour in plain.items():
        colours.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        colours.setColor(QPalette.ColorGroup.Disabled, role, QColor(palette.faint))
    return colours


def colour_map() -> pyqtgraph.ColorMap:
    """Return viridis, which the colour-blind and a printer in grey can read."""
    return pyqtgraph.colormap.get("viridis")  # type: ignore[return-value]  # one it ships


class TemperatureColours:
    """One colour a temperature, by its logarithm, over the range of the plan."""

    def __init__(self, temperatures_K: list[float], palette: Palette) -> None:
        self._first, self._last = palette.colour_range
        logs = np.log(temperatures_K or [0.1, 10.0])
        self._low, self._span = float(logs.min()), float(np.ptp(logs)) or 1.0
        self._map = colour_map()
        self._known: dict[float, QColor] = {}

    def colour(self, temperature_K: float) -> QColor:
        """Return the colour of an isotherm."""
        if temperature_K not in self._known:
            self._known[temperature_K] = self._mapped(temperature_K)
        return QColor(self._known[temperature_K])

    def _mapped(self, temperature_K: float) -> QColor:
        place = (np.log(temperature_K) - self._low) / self._span
        return self._map.mapToQColor(self._first + (self._last - self._first) * float(np.clip(place, 0.0, 1.0)))


def fixed_font(points: int = FONT_POINTS) -> QFont:
    """Return a font of letters equally wide, for files and wires; the system's own need not be one."""
    font = QFont(f"{FONT} Mono", points)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def line_width() -> int:
    """Return the width of a line in pixels of the screen: the same to the eye on a fine screen as on a plain one.

    On a plain screen it is 1, for wider pens cost five times as much to draw.
    """
    screen = QGuiApplication.primaryScreen()
    return 1 if screen is None else max(1, round(screen.devicePixelRatio()))
