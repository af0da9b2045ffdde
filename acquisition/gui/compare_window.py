"""Several runs on one scaling curve (fig 11 of the paper): fitted off the window's thread, drawn, and judged."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyqtgraph
from PyQt5.QtCore import Qt, QThread, pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from acquisition.errors import AcquisitionError
from acquisition.gui.canvas import Canvas
from acquisition.gui.file_dialog import ask_for_file
from acquisition.gui.plots import Plot
from acquisition.gui.style import Palette, line_width
from acquisition.judgement import FilesCompared, compare_files
from acquisition.run_schema import SUFFIX
from analysis.errors import AnalysisError
from analysis.quantities import CONDUCTANCE_QUANTUM_S

_log = logging.getLogger(__name__)
SYMBOLS = ("o", "s", "t", "d", "+", "x", "star")
FILES = f"Runs and CSV (*{SUFFIX} *.csv)"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")


class Comparison(QThread):
    """Fit and compare some files.

    Signals
    -------
    compared : FilesCompared
        How they compare.
    refused : str
        Why they do not.
    """

    compared = pyqtSignal(object)
    refused = pyqtSignal(str)

    def __init__(self, paths: Sequence[Path], parent: QWidget) -> None:
        super().__init__(parent)
        self._paths = paths

    def run(self) -> None:
        """Do it; called by Qt in the thread."""
        try:
            self.compared.emit(compare_files(self._paths))
        except (AcquisitionError, AnalysisError) as error:
            self.refused.emit(str(error))
        except Exception:  # noqa: BLE001 - a comparison may fail, the window goes on
            _log.exception("the comparison failed")
            self.refused.emit("the comparison failed; the log has the details")


class CompareWindow(QWidget):
    """The runs on one curve, their residuals, and the verdict; more files can be put beside them."""

    def __init__(self, paths: Sequence[Path], palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(820, 680)
        self._palette = palette
        self._paths = list(paths)
        self.graphics = Canvas("comparison")
        self.plot = Plot(
            palette,
            "(A<sub>s</sub> e|V| / k<sub>B</sub>T)<sup>1/2</sup>, on the scale of the first",
            "[G(V,T) \u2212 G(0,T)] / (B<sub>s</sub> T<sup>\u03b1</sup>)  (e\u00b2/h)",
        )
        self.legend = self.plot.addLegend(offset=(20, 10))
        self.graphics.addItem(self.plot)
        self.verdict = QLabel()
        self.graphics.failed.connect(lambda error: self.verdict.setText(str(error)))
        self.verdict.setWordWrap(True)
        self.more = QPushButton("Add file ...")
        self.more.setToolTip("Put a run of another folder, or a CSV (V_volt,T_kelvin,H_tesla,G_siemens), beside these")
        column = QVBoxLayout(self)
        column.addWidget(self.graphics, stretch=1)
        row = QHBoxLayout()
        row.addWidget(self.verdict, stretch=1)
        row.addWidget(self.more, alignment=Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        self.more.clicked.connect(self._ask_for_more)
        self._fit()

    def _fit(self) -> None:
        self.setWindowTitle(f"{len(self._paths)} runs on one curve - Zerobias")
        self.verdict.setText("fitting ...")
        self.more.setEnabled(False)
        self._worker = Comparison(tuple(self._paths), self)
        self._worker.compared.connect(self._show)
        self._worker.refused.connect(self.verdict.setText)
        self._worker.finished.connect(lambda: self.more.setEnabled(True))
        self._worker.start()

    def _ask_for_more(self) -> None:
        ask_for_file(self, "Add to the comparison", self._paths[0].parent, FILES, self._add)

    def _add(self, path: Path) -> None:
        self._paths.append(path)
        self._fit()

    def _show(self, compared: FilesCompared) -> None:
        self.plot.clear()
        found = compared.universality
        common = pyqtgraph.PlotDataItem(
            np.sqrt(found.reduced_bias),
            found.curve / CONDUCTANCE_QUANTUM_S,
            pen=pyqtgraph.mkPen(self._palette.foreground, width=line_width()),
            name="one curve for all",
        )
        self.plot.addItem(common)
        for number, sample in enumerate(found.samples):
            dots = pyqtgraph.PlotDataItem(
                np.sqrt(sample.reduced_bias),
                sample.scaled / CONDUCTANCE_QUANTUM_S,
                pen=None,
                symbol=SYMBOLS[(number + number // len(COLOURS)) % len(SYMBOLS)],  # no pair twice among 49
                symbolSize=5,
                symbolPen=None,
                symbolBrush=COLOURS[number % len(COLOURS)],
                name=sample.name,
            )
            self.plot.addItem(dots)
        self.verdict.setText(verdict_text(compared))

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # Qt's name
        """Go out of sight, and away once the fit under way is done: nobody can interrupt it, and nobody should wait."""
        if a0 is not None and self._worker.isRunning():
            a0.ignore()
            self.hide()
            self._worker.finished.connect(self.deleteLater)


def verdict_text(compared: FilesCompared) -> str:
    """Return how the runs compare, in words and numbers, and which were left out."""
    found = compared.universality
    verdict = "agree" if found.is_universal else "do NOT agree"
    lines = [
        f"The runs {verdict} with one curve: chi-square rises by {found.chi2:.1f} for {found.degrees_of_freedom} "
        f"degrees of freedom, p = {found.p_value:.2g}; common exponent {found.alpha:.4f}."
    ]
    for sample in found.samples[1:]:
        amplitude, coupling = sample.amplitude_ratio, sample.coupling_ratio
        lines.append(
            f"{sample.name}: B/B\u2081 = {amplitude.value:.3f} \u00b1 {amplitude.error:.3f}, "
            f"A/A\u2081 = {coupling.value:.3f} \u00b1 {coupling.error:.3f}"
        )
    return "\n".join([*lines, *(f"left out: {why}" for why in compared.left_out)])
