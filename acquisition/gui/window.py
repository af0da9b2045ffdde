"""The window: strip, bar and views around one run file, looked at by one timer.

It owns no run: closing it, or losing it, changes nothing for the engine. It computes nothing: fits are the worker's.
"""

import shutil
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from PyQt5.QtCore import QByteArray, QSettings, Qt, QTimer
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QStackedWidget, QToolBar, QWidget

from acquisition.clock import Wall
from acquisition.errors import AcquisitionError, InputError
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.conditions_view import ConditionsView
from acquisition.gui.control_bar import GOING_ON, ControlBar
from acquisition.gui.exponent_view import ExponentView
from acquisition.gui.field_view import FieldView
from acquisition.gui.fitting import FitAnswer, FitRequest, FitWorker
from acquisition.gui.launch import LaunchedEngine, RunChoice
from acquisition.gui.log_pane import LogPane
from acquisition.gui.plots import View
from acquisition.gui.raw_view import RawView
from acquisition.gui.run_browser import RunBrowser
from acquisition.gui.scatter_view import ScatterView
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.status_strip import Status, StatusStrip
from acquisition.gui.style import Palette, TemperatureColours, Tone
from acquisition.gui.tail import Fresh, RunTail
from acquisition.gui.zero_bias_view import ZeroBiasView
from acquisition.measured import load_measured
from acquisition.readings import PointFlag
from acquisition.running.command_file import CommandKind, write_command
from acquisition.running.lock import is_locked, lock_path
from analysis.errors import AnalysisError

TABS = ("Exponent", "Zero bias", "Field", "Noise", "Conditions", "Log", "Runs")
LOOK_MS = 40
FIT_AFTER_MS = 700
DRIFT_POINTS = 30
SECONDS_PER_MINUTE = 60.0


class LabWindow(QMainWindow):
    """The lab window.

    Parameters
    ----------
    palette : Palette
        The look.
    start : StartPanel
        The empty state.
    settings : QSettings
        Where the layout is kept.
    wall : Wall
        Dates commands and tells how old a commit is.
    """

    def __init__(self, palette: Palette, start: StartPanel, settings: QSettings, wall: Wall) -> None:
        super().__init__()
        self.setWindowTitle("Zerobias")
        self.resize(1280, 800)
        self._palette = palette
        self._settings = settings
        self._wall = wall
        self._tail: RunTail | None = None
        self._engine: LaunchedEngine | None = None
        self._colours = TemperatureColours([])
        self._last_fresh_s = wall.monotonic_s()
        self._started_s = wall.monotonic_s()
        self._is_fit_due = False
        self.start_panel = start
        self._build()
        self._worker = FitWorker(self)
        self._worker.fitted.connect(self._take_fit)
        self._worker.refused.connect(self.collapse.readout.setText)
        self._worker.start()
        self._look_timer = QTimer(self)
        self._look_timer.timeout.connect(self._look)
        self._look_timer.start(LOOK_MS)
        self._fit_timer = QTimer(self)
        self._fit_timer.timeout.connect(self._fit_if_due)
        self._fit_timer.start(FIT_AFTER_MS)

    # --- building ---------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        palette = self._palette
        self.strip = StatusStrip(palette)
        self.bar = ControlBar()
        self.raw, self.collapse, self.exponent = RawView(palette), CollapseView(palette), ExponentView(palette)
        self.zero_bias, self.field = ZeroBiasView(palette), FieldView(palette)
        self.scatter, self.conditions = ScatterView(palette), ConditionsView(palette)
        self.log = LogPane(palette)
        self.browser = RunBrowser(self.start_panel.out)
        self.addToolBar(self.bar)
        self.addToolBarBreak()
        strip_bar = QToolBar("Status")
        strip_bar.setObjectName("Status")
        strip_bar.setMovable(False)
        strip_bar.addWidget(self.strip)
        self.addToolBar(strip_bar)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.start_panel)
        self._pages.addWidget(self.collapse)
        self.setCentralWidget(self._pages)
        self._docks = {
            "Raw curves": self._dock("Raw curves", self.raw, Qt.DockWidgetArea.LeftDockWidgetArea),
            "Exponent": self._dock("Exponent", self.exponent, Qt.DockWidgetArea.BottomDockWidgetArea),
            "Zero bias": self._dock("Zero bias", self.zero_bias, Qt.DockWidgetArea.BottomDockWidgetArea),
            "Field": self._dock("Field", self.field, Qt.DockWidgetArea.BottomDockWidgetArea),
            "Noise": self._dock("Noise", self.scatter, Qt.DockWidgetArea.BottomDockWidgetArea),
            "Conditions": self._dock("Conditions", self.conditions, Qt.DockWidgetArea.BottomDockWidgetArea),
            "Log": self._dock("Log", self.log, Qt.DockWidgetArea.BottomDockWidgetArea),
            "Runs": self._dock("Runs", self.browser, Qt.DockWidgetArea.BottomDockWidgetArea),
        }
        bottom = [self._docks[name] for name in TABS]
        for first, second in pairwise(bottom):
            self.tabifyDockWidget(first, second)
        bottom[0].raise_()
        self.resizeDocks([self._docks["Raw curves"]], [520], Qt.Orientation.Horizontal)
        self.resizeDocks([bottom[0]], [250], Qt.Orientation.Vertical)
        self._build_menus()
        self.bar.wanted.connect(self._send)
        self.bar.start.triggered.connect(lambda: self._pages.setCurrentWidget(self.start_panel))
        self.start_panel.chosen.connect(self.launch)
        self.collapse.alpha_chosen.connect(self._draw_law)
        self.browser.opened.connect(self._open)
        for view in self._views():
            view.failed.connect(lambda message: self.log.say(message, Tone.BAD))
        self._first_layout = self.saveState()
        self._restore_layout()

    def _views(self) -> tuple[View, ...]:
        return (self.raw, self.collapse, self.exponent, self.zero_bias, self.field, self.scatter, self.conditions)

    def _dock(self, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(name, self)
        dock.setObjectName(f"dock {name}")
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _build_menus(self) -> None:
        panels = self.menuBar().addMenu("&Panels")
        for dock in self._docks.values():
            panels.addAction(dock.toggleViewAction())
        panels.addSeparator()
        panels.addAction("Reset layout", self.reset_layout)
        help_menu = self.menuBar().addMenu("&Help")
        help_menu.addAction("Keyboard shortcuts", self._show_shortcuts)

    def _show_shortcuts(self) -> None:
        lines = [f"{action.shortcut().toString()}\t{action.text()}" for action in self.bar.actions() if action.text()]
        QMessageBox.information(self, "Keyboard shortcuts", "\n".join(lines))

    def reset_layout(self) -> None:
        """Put all panels back to where they were at first."""
        self.restoreState(self._first_layout)

    def _restore_layout(self) -> None:
        state, geometry = self._settings.value("state"), self._settings.value("geometry")
        if isinstance(state, QByteArray):
            self.restoreState(state)
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)

    # --- runs -------------------------------------------------------------------------------------------------------

    def launch(self, choice: RunChoice) -> None:
        """Start an engine of its own for `choice`; the window attaches as soon as there is a run file."""
        try:
            self._engine = LaunchedEngine(choice)
        except (OSError, InputError) as error:
            self._complain(error)
        else:
            self.statusBar().showMessage("the engine is starting ...")

    def attach(self, run_file: Path) -> None:
        """Look at a run file, growing or ended, from its first point on.

        Raises
        ------
        InputError
            If it is no run file; what was looked at before stays.
        """
        tail = RunTail(run_file)
        if self._tail is not None:
            self._tail.close()
        self._tail = tail
        self._started_s = self._wall.monotonic_s()
        for view in (self.raw, self.collapse, self.exponent, self.zero_bias, self.field, self.scatter, self.conditions):
            view.clear()
        self.log.clear()
        self.setWindowTitle(f"Zerobias - {run_file.name}")
        self._pages.setCurrentWidget(self.collapse)
        self._look()

    def _open(self, run_file: Path) -> None:
        try:
            self.attach(run_file)
        except InputError as error:
            self._complain(error)

    def _send(self, command: CommandKind, argument: dict[str, object]) -> None:
        if self._tail is None:
            return
        try:
            write_command(self._tail.path, command, argument, wall=self._wall)
        except AcquisitionError as error:
            self._complain(error)
        else:
            self.statusBar().showMessage(f"{command.value}: sent to the engine", 4000)

    def _complain(self, error: Exception) -> None:
        """Show an error beside the run, never over it."""
        self.log.say(str(error), Tone.BAD)
        self._docks["Log"].show()
        self._docks["Log"].raise_()
        self.statusBar().showMessage(str(error), 15000)

    # --- looking ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        self._attach_to_launched()
        if self._tail is None:
            return
        try:
            fresh = self._tail.look()
        except InputError as error:
            self._complain(error)
            self._tail = None
            return
        if fresh:
            self._show(fresh)
        self._show_status()

    def _attach_to_launched(self) -> None:
        if self._engine is None:
            return
        try:
            run_file = self._engine.run_file()
        except InputError as error:
            self._engine = None
            self._complain(error)
            return
        if run_file is not None and run_file.is_file():
            self._engine = None
            self._open(run_file)

    def _show(self, fresh: Fresh) -> None:
        tail = self._tail
        assert tail is not None
        if fresh.points:
            self._last_fresh_s = self._wall.monotonic_s()
            self._colours = TemperatureColours(_planned_temperatures_K(tail))
            self.raw.refresh(tail, fresh.isotherms, self._colours)
            self.zero_bias.refresh(tail, fresh.isotherms, self._colours)
            self.field.refresh(tail, self._colours)
            self.conditions.refresh(tail)
            self._is_fit_due = True
        if fresh.events:
            self.log.show_events(fresh.events)
        if fresh.is_state_new:
            self.bar.show_state(tail.state)

    def _show_status(self) -> None:
        tail = self._tail
        assert tail is not None
        last = tail.last()
        status = Status(
            state=tail.state,
            commit_age_s=self._wall.monotonic_s() - self._last_fresh_s if tail.points else None,
            is_engine_alive=is_locked(lock_path(tail.path)),
            free_bytes=shutil.disk_usage(tail.path.parent).free,
            points=tail.points,
            planned_points=tail.planned_points,
            finish=self._finish(),
        )
        if last is not None:
            table = last.table
            status = Status(
                **{
                    **{name: getattr(status, name) for name in Status.__dataclass_fields__},
                    "temperature_K": float(table["temperature_K"][-1]),
                    "temperature_setpoint_K": last.temperature_setpoint_K,
                    "drift_K_per_min": _drift_K_per_min(table["time_s"], table["temperature_K"]),
                    "field_T": float(table["field_T"][-1]),
                    "bias_V": float(table["bias_V"][-1]),
                    "current_A": float(table["current_A"][-1]),
                    "lockin_x_V": float(table["lockin_x_V"][-1]),
                    "flags": PointFlag(int(table["flags"][-1])),
                }
            )
        self.strip.show_status(status)

    def _finish(self) -> datetime | None:
        """Return when the run will end at its pace since the window looks, by the wall's clock."""
        tail = self._tail
        if tail is None or tail.state not in GOING_ON or not tail.points or not tail.planned_points:
            return None
        passed_s = self._wall.monotonic_s() - self._started_s
        left = (tail.planned_points - tail.points) / tail.points
        return self._wall.now() + timedelta(seconds=passed_s * left)

    # --- fitting ----------------------------------------------------------------------------------------------------

    def _fit_if_due(self) -> None:
        if not self._is_fit_due or self._tail is None:
            return
        self._is_fit_due = False
        try:
            measured = load_measured(self._tail.path)
            self._worker.ask(FitRequest(measured.curves(), None, measured.corrections()))
        except (AnalysisError, InputError) as error:
            self.collapse.readout.setText(str(error))

    def _take_fit(self, answer: FitAnswer) -> None:
        self.collapse.show_answer(answer, self._colours)
        self.exponent.show_answer(answer)
        self.scatter.show_answer(answer)
        self.collapse.readout.setText(" ")
        self._draw_law(answer.fit.alpha)

    def _draw_law(self, alpha: float) -> None:
        if self._tail is not None:
            self.zero_bias.use_exponent(self._tail, alpha)

    # --- leaving ----------------------------------------------------------------------------------------------------

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # Qt's name
        """Keep the layout and let go of the file; the engine goes on."""
        self._settings.setValue("state", self.saveState())
        self._settings.setValue("geometry", self.saveGeometry())
        self._look_timer.stop()
        self._fit_timer.stop()
        self._worker.end()
        if self._tail is not None:
            self._tail.close()
        super().closeEvent(a0)


def _planned_temperatures_K(tail: RunTail) -> list[float]:
    series = tail.header.get("recipe", {}).get("series", [])
    planned = [float(temperature) for part in series for temperature in part.get("temperatures_K", [])]
    return planned or [isotherm.temperature_setpoint_K for isotherm in tail.isotherms.values()]


def _drift_K_per_min(time_s: np.ndarray, temperature_K: np.ndarray) -> float | None:
    recent = slice(-DRIFT_POINTS, None)
    if len(time_s) < 3 or np.ptp(time_s[recent]) == 0:
        return None
    return float(np.polyfit(time_s[recent] - time_s[-1], temperature_K[recent], 1)[0] * SECONDS_PER_MINUTE)
