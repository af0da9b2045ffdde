"""What a recipe would do: its grid of bias values, and the dry run with time, noise and heat."""

from datetime import datetime

import numpy as np
import pyqtgraph
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QBrush, QColor
from PyQt5.QtWidgets import QHeaderView, QLabel, QTabWidget, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from acquisition.gui.canvas import Canvas
from acquisition.gui.plots import Plot
from acquisition.gui.style import LABELS, MICROVOLT, MILLIVOLT, Palette, Tone, line_width
from acquisition.plan import Plan
from acquisition.planning.plan_rows import (
    STEP_HEADINGS,
    budget_cells,
    budget_rows,
    step_cells,
    step_rows,
    totals_text,
)
from acquisition.planning.plan_warnings import HEAT_FRACTION, SCALING_REGION, largest_step_V
from acquisition.planning.sweep import bias_grid

BUDGET_HEADINGS = (
    "T (K)",
    "Vac (\u00b5V rms)",
    "preamplifier",
    "Johnson",
    "lock-in (nV/\u221aHz)",
    "X (nV)",
    "G (e\u00b2/h)",
    "heat / cooling",
)
DRY_RUN = "Dry run"


class PlanPreview(QTabWidget):
    """Grid and dry run of a plan."""

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.graphics = Canvas("grid")
        self._plot = Plot(palette, LABELS["bias"], "step to the next value (\u00b5V)")
        self._plot.setLogMode(y=True)
        legend = self._plot.addLegend()
        legend.anchor((0.5, 0), (0.5, 0), offset=(0, 10))
        self._steps = pyqtgraph.PlotDataItem(
            pen=None, symbol="o", symbolSize=4, symbolPen=None, symbolBrush=palette.second, name="the grid"
        )
        self._allowed = pyqtgraph.PlotDataItem(
            pen=pyqtgraph.mkPen(palette.accent, width=line_width(), style=Qt.PenStyle.DashLine),
            name="largest useful step",
        )
        for item in (self._allowed, self._steps):
            self._plot.addItem(item)
        self.graphics.addItem(self._plot)
        self.totals = QLabel()
        self.warnings = QLabel()
        self.graphics.failed.connect(lambda error: self.warnings.setText(str(error)))
        self._warning = palette.tones[Tone.WARNING]
        self.warnings.setStyleSheet(f"color: {self._warning}")
        for label in (self.totals, self.warnings):
            label.setWordWrap(True)
        self.steps, self.budget = _table(STEP_HEADINGS), _table(BUDGET_HEADINGS)
        self.addTab(self.graphics, "Grid")
        self.dry_run = self._page(self.totals, self.steps, self.warnings)
        self.addTab(self.dry_run, DRY_RUN)
        noise = QLabel(
            "One point: noise of preamplifier, contact with arms, and lock-in in nV/\u221aHz at the preamplifier's "
            "input; what it makes of X and of G (one sigma); heat at the largest bias as part of the cooling power, "
            f"marked above {HEAT_FRACTION:.0%}"
        )
        noise.setWordWrap(True)
        self.addTab(self._page(noise, self.budget), "Noise and heat")

    def show_plan(self, plan: Plan, start: datetime) -> None:
        """Show a plan."""
        self.totals.setText(totals_text(plan, start))
        self.warnings.setText("\n".join(f"note: {warning}" for warning in plan.warnings))
        _fill(self.steps, [step_cells(row) for row in step_rows(plan)])
        self._count_notes(len(plan.warnings))
        self._fill_budget(plan)
        self._draw(plan)

    def _count_notes(self, notes: int) -> None:
        """Say on the tab of the dry run how many notes it has, to who looks at another one."""
        text = f"{DRY_RUN} ({notes} note{'s' if notes > 1 else ''})" if notes else DRY_RUN
        self.setTabText(self.indexOf(self.dry_run), text)

    def _fill_budget(self, plan: Plan) -> None:
        """List noise and heat; more heat than the plan warns of is marked."""
        rows = budget_rows(plan)
        _fill(self.budget, [budget_cells(row) for row in rows])
        for place, row in enumerate(rows):
            item = self.budget.topLevelItem(place)
            if item is not None and any(stage.fraction > HEAT_FRACTION for stage in row.heat):
                item.setForeground(len(BUDGET_HEADINGS) - 1, QBrush(QColor(self._warning)))

    def show_nothing(self, why: str) -> None:
        """Say why there is no plan."""
        self._count_notes(0)
        self.totals.setText(why)
        self.warnings.clear()
        for table in (self.steps, self.budget):
            table.clear()
        for curve in (self._steps, self._allowed):
            curve.setData([], [])
        self._plot.setTitle("no grid yet", size="9pt")

    def _draw(self, plan: Plan) -> None:
        bias = plan.recipe.bias
        grid_V = bias_grid(bias.maximum_V, bias.points, bias.spacing, bias.dense_V)
        self._steps.setData(MILLIVOLT * grid_V[:-1], MICROVOLT * np.diff(grid_V))
        coldest = min(plan.isotherms, key=lambda isotherm: isotherm.temperature_K)
        edge_V = min(SCALING_REGION * coldest.thermal_voltage_V, bias.maximum_V)
        step_V = largest_step_V(coldest.thermal_voltage_V, coldest.excitation_Vrms)
        self._allowed.setData(MILLIVOLT * np.array([-edge_V, edge_V]), MICROVOLT * np.full(2, step_V))
        self._plot.setTitle(
            f"{bias.points} values; dashed: largest useful step within 10 kT/e at {coldest.temperature_K:g} K",
            size="9pt",
        )

    def _page(self, *widgets: QWidget) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        for widget in widgets:
            column.addWidget(widget)
        return page


def _table(headings: tuple[str, ...]) -> QTreeWidget:
    table = QTreeWidget()
    table.setHeaderLabels(list(headings))
    table.setRootIsDecorated(False)
    table.setAlternatingRowColors(True)
    table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    return table


def _fill(table: QTreeWidget, rows: list[tuple[str, ...]]) -> None:
    table.clear()
    table.addTopLevelItems([QTreeWidgetItem(list(cells)) for cells in rows])
