"""A small picture of a run and what its header says, for the browser; long runs are sampled, not read."""

from pathlib import Path
from typing import Any

import numpy as np
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QWidget

from acquisition.errors import InputError
from acquisition.gui.canvas import Canvas
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, MILLIVOLT, Palette, TemperatureColours
from acquisition.readings import PointKind
from acquisition.run_reader import RunFileReader, reading
from analysis.quantities import CONDUCTANCE_QUANTUM_S

MOST_POINTS = 20_000
MOST_ISOTHERMS = 24


class RunPreview(QWidget):
    """Raw curves on the left, words on the right."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette
        self.graphics = Canvas("preview")
        self.plot = Plot(palette, LABELS["bias"], "G (e\u00b2/h)")
        self.graphics.addItem(self.plot)
        self.words = QLabel()
        self.graphics.failed.connect(lambda error: self.words.setText(str(error)))
        self.words.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.graphics, stretch=3)
        row.addWidget(self.words, stretch=2)

    def show_run(self, path: Path | None) -> None:
        """Show a run file; None for nothing."""
        self.plot.clear()
        self.words.clear()
        if path is None:
            return
        try:
            with reading(path), RunFileReader(path) as reader:
                self.words.setText(_words(reader.header(), reader.notes()))
                columns = reader.sampled_columns(
                    "isotherm_index", "kind", "temperature_setpoint_K", "bias_V", "conductance_S", most=MOST_POINTS
                )
        except InputError as error:
            self.words.setText(str(error))
            return
        self._draw(columns)

    def _draw(self, columns: dict[str, np.ndarray]) -> None:
        swept = columns["kind"] == PointKind.SWEEP.value
        indices = np.unique(columns["isotherm_index"][swept])[:MOST_ISOTHERMS]
        temperatures_K = columns["temperature_setpoint_K"].astype(float)
        colours = TemperatureColours(temperatures_K.tolist(), self._palette)
        for index in indices:
            rows = swept & (columns["isotherm_index"] == index)
            curve = self.plot.line(colours.colour(float(temperatures_K[rows][0])))
            curve.setData(
                MILLIVOLT * columns["bias_V"][rows].astype(float),
                columns["conductance_S"][rows].astype(float) / CONDUCTANCE_QUANTUM_S,
            )


def _words(header: dict[str, Any], notes: list[str]) -> str:
    recipe = header.get("recipe", {})
    temperatures = [value for part in recipe.get("series", []) for value in part.get("temperatures_K", [])]
    fields = {value for part in recipe.get("series", []) for value in part.get("fields_T", [])}
    lines = [
        f"{header.get('name', '')} on {header.get('sample', '')}: {header.get('state', '')}",
        f"begun {str(header.get('started', ''))[:16].replace('T', ' ')}",
        f"simulated {header['simulated']}" if header.get("simulated") else f"measured on {_station(header)}",
    ]
    if temperatures:
        lines.append(f"T {min(temperatures):g} to {max(temperatures):g} K, {len(fields)} field(s)")
    if tags := recipe.get("run", {}).get("tags"):
        lines.append(f"tags: {', '.join(tags)}")
    return "\n".join([*lines, *(text for text in (header.get("note"), *notes) if text)])


def _station(header: dict[str, Any]) -> str:
    return str(header.get("station", {}).get("station", {}).get("name", "an unknown rack"))
