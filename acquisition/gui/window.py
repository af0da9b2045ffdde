"""The window: strip, bar and panels around one run file, looked at by one timer.

It owns no run: closing it, or losing it, changes nothing for the engine. It computes nothing: fits are the worker's.
"""

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QCoreApplication, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent

from acquisition.errors import AcquisitionError, InputError
from acquisition.gui.analysis_process import AnalysisProcess
from acquisition.gui.bench_panel import BenchPanel
from acquisition.gui.bench_status import bench_status
from acquisition.gui.checklist_dialog import ask_checklist
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.control_bar import GOING_ON
from acquisition.gui.editor import Editor
from acquisition.gui.file_dialog import FOLDERS, ask_for_file
from acquisition.gui.fitting import FitAnswer, FitWorker
from acquisition.gui.launch import LaunchedEngine, ResumeChoice, RunChoice
from acquisition.gui.layouts import Layouts
from acquisition.gui.log_pane import LogPane
from acquisition.gui.menus import Menus
from acquisition.gui.panel import News, Panel, Surroundings
from acquisition.gui.panel_frame import PanelFrame
from acquisition.gui.panels import PANELS, Place
from acquisition.gui.run_phase import RunPhase
from acquisition.gui.run_status import RunStatus
from acquisition.gui.simulator_panel import SimulatorPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.status_strip import Status
from acquisition.gui.style import TemperatureColours, Tone
from acquisition.gui.tail import Fresh, RunTail
from acquisition.gui.trouble import ENDS, PAUSED, Trouble, trouble_of_error, trouble_of_pause, trouble_of_run
from acquisition.gui.trouble_dialog import TroubleDialog
from acquisition.gui.zero_bias_view import ZeroBiasView
from acquisition.measured import facts_of_run
from acquisition.run_schema import SUFFIX
from acquisition.running.command_file import CommandKind, write_command

LOOK_MS = 40


class LabWindow(PanelFrame):
    """The lab window.

    Signals
    -------
    theme_wanted
        The other palette is wanted.

    Parameters
    ----------
    around : Surroundings
        What it is made from.
    places : sequence of Place
        Its panels; the panel of the start and that of the collapse are among them.
    """

    theme_wanted = pyqtSignal()

    def __init__(self, around: Surroundings, places: Sequence[Place] = PANELS) -> None:
        super().__init__(around, places)
        self.setWindowTitle("Zerobias")
        self._around = around
        self._wall = around.wall
        self._tail: RunTail | None = None
        self._status: RunStatus | None = None
        self._engine: LaunchedEngine | None = None
        self._has_begun = self._was_live = False
        self._report_folder = around.out
        self._report = AnalysisProcess(self)
        self._report.done.connect(self._tell_of_report)
        self._report.refused.connect(self.complain)
        self.trouble = TroubleDialog(self)
        self.layouts = Layouts(self, around.settings)
        self.menus = Menus(self, self, self.docks, self.layouts)
        self._worker = FitWorker(self._wall, self)
        self._worker.fitted.connect(self._take_fit)
        for panel in self.panels:
            self._listen_to(panel)
        self._listen_to_bar()
        self.layouts.restore()
        self._worker.start()
        program = QCoreApplication.instance()
        assert program is not None
        program.aboutToQuit.connect(self._worker.end)  # the program may end without closing its window
        self._look_timer = QTimer(self)
        self._look_timer.timeout.connect(self._look)
        self._look_timer.start(LOOK_MS)

    def _listen_to(self, panel: Panel) -> None:
        panel.failed.connect(self.complain)
        panel.run_opened.connect(self._open)
        panel.run_chosen.connect(self.launch)
        panel.commanded.connect(self._send)
        self._worker.refused.connect(panel.show_refusal)

    def _listen_to_bar(self) -> None:
        """Have the bar steer the run, or else the bench, and panels hear of each other."""
        self.bar.wanted.connect(self._send)
        self.bar.resume_wanted.connect(self._resume)
        self.bar.start.triggered.connect(lambda: self.show_panel(self.panel(StartPanel)))
        self.panel(CollapseView).alpha_chosen.connect(self.panel(ZeroBiasView).use_exponent)
        bench, simulator = self.panel(BenchPanel), self.panel(SimulatorPanel)
        bench.told.connect(simulator.show_bench)
        bench.told.connect(lambda header, _: self.bar.show_bench(is_taken=header is not None))
        self.bar.bench_safe_wanted.connect(bench.idle_safe)
        simulator.bench_commanded.connect(bench.tell)

    # --- menus ------------------------------------------------------------------------------------------------------

    def ask_for_run(self) -> None:
        """Ask for a run file and look at it."""
        ask_for_file(self, "Open run", self._around.out, f"Runs (*{SUFFIX})", self._open)

    def ask_for_report(self) -> None:
        """Ask for a folder and write the report of the run into it."""
        ask_for_file(self, "Folder for the report", self._around.out, FOLDERS, self.write_report)

    def write_report(self, folder: Path) -> None:
        """Write figures and a one-page report of the run, as it stands, into a folder."""
        if self._tail is None:
            self.complain("there is no run to report on; open one")
            return
        self._report_folder = folder
        self._report.start(self._tail.path, "--report", str(folder))
        self.statusBar().showMessage("writing the report ...")

    def _tell_of_report(self) -> None:
        self.statusBar().showMessage(f"the report is in {self._report_folder}")

    def leave(self) -> None:
        """Close the window; the engine goes on, and of a rack on the bench it is asked first."""
        self.panel(BenchPanel).ask_before_leaving(self.close)

    def change_theme(self) -> None:
        """Change between dark and light: a window of the other palette takes the place of this one."""
        if self._report.is_busy:
            self.statusBar().showMessage("the report is being written; change the colours after that", 8000)
        elif any(editor.is_changed for editor in self.findChildren(Editor)):
            self.statusBar().showMessage("an editor has changes; save or close it before the colours change", 8000)
        else:
            self.theme_wanted.emit()

    def memory(self) -> dict[str, Any]:
        """Return what somebody has chosen in this window, for the one that takes its place."""
        return super().memory() | {"engine": self._engine}

    def recall(self, memory: dict[str, Any]) -> None:
        """Take over what somebody had chosen in the window before."""
        super().recall(memory)
        self._engine = memory["engine"]

    # --- runs -------------------------------------------------------------------------------------------------------

    def launch(self, choice: RunChoice | ResumeChoice) -> None:
        """Start an engine of its own for `choice`; the window attaches as soon as there is a run file."""
        if self._engine is not None:  # pressed twice
            return
        try:
            self._engine = LaunchedEngine(choice)
        except (OSError, InputError) as error:
            self.complain(error)
        else:
            self.statusBar().showMessage("the engine is starting ...")
        self._show_control()

    def _resume(self) -> None:
        """Finish the run that is looked at, on a real rack once the connection checklist is confirmed."""
        if self._tail is None:
            return
        choice, header = ResumeChoice(self._tail.path), self._tail.header
        if header.get("simulated"):
            self.launch(choice)
            return
        ask_checklist(str(header["station"]["station"]["name"]), self, lambda _: self.launch(choice))

    @property
    def run_file(self) -> Path | None:
        """Return the run file that is looked at."""
        return None if self._tail is None else self._tail.path

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
        self._status = RunStatus(tail, self._wall)
        self._has_begun = self._was_live = False
        self.bar.forget()
        self._worker.forget()
        for panel in self.panels:
            panel.clear()
        self.setWindowTitle(f"Zerobias - {run_file.name}")
        self.statusBar().clearMessage()
        self.show_panel(self.panel(CollapseView))
        self._look()

    def _open(self, run_file: Path) -> None:
        try:
            self.attach(run_file)
        except InputError as error:
            self.complain(error)

    def _send(self, command: CommandKind, argument: dict[str, object]) -> None:
        if self._tail is None:
            return
        if self._tail.state not in GOING_ON:  # it has ended while a note was being written
            said = "".join(f": {value}" for value in argument.values())
            self.complain(f"{command.value}{said}: not sent, for the run has ended")
            return
        try:
            write_command(self._tail.path, command, argument, wall=self._wall)
        except AcquisitionError as error:
            self.complain(error)
            self._show_control()
        else:
            self.statusBar().showMessage(f"{command.value}: sent to the engine", 4000)

    def complain(self, error: Exception | str) -> None:
        """Show an error beside the run, never over it: a line in the log, and for an exception the error dialog."""
        self.panel(LogPane).say(str(error), Tone.BAD)
        self.show_panel(self.panel(LogPane))
        self.statusBar().showMessage(str(error), 15000)
        if isinstance(error, Exception):
            details = "".join(traceback.format_exception(error)) if error.__traceback__ else ""
            self.trouble.show_trouble(trouble_of_error(error, details))

    # --- looking ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        self._attach_to_launched()
        if self._tail is not None and self._status is not None:
            self._look_at_run(self._tail, self._status)
        self.strip.show_status(self._standing())

    def _look_at_run(self, tail: RunTail, status: RunStatus) -> None:
        try:
            fresh = tail.look()
        except InputError as error:
            self.complain(error)
            self._tail = self._status = None
            self._show_control()
            return
        status.saw(fresh)
        if fresh:
            self._show(tail, fresh)

    def _standing(self) -> Status:
        """Return how the run stands that goes on, or else the bench, or else the run that is looked at."""
        bench, is_going_on = self.panel(BenchPanel).tail, self._tail is not None and self._tail.state in GOING_ON
        if bench is not None and not is_going_on:
            return bench_status(bench, self._wall)
        return Status() if self._status is None else self._status.now()

    def _attach_to_launched(self) -> None:
        if self._engine is None:
            return
        try:
            run_file = self._engine.run_file()
        except InputError as error:
            self._engine = None
            self.complain(error)
            self._show_control()
            return
        if run_file is not None and run_file.is_file():
            self._engine = None
            self._open(run_file)

    def _show(self, tail: RunTail, fresh: Fresh) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._worker.begin(facts_of_run(tail.header).corrections(has_excitation=True))
        news = News(tail, fresh, TemperatureColours(_planned_temperatures_K(tail), self._around.palette))
        for panel in self.panels:
            panel.show_news(news)
        if fresh.trusted is not None:
            self._worker.take(fresh.trusted)
        if tail.state not in GOING_ON:
            self._worker.finish()
        self._show_control()
        if tail.state != "paused" or any(event.kind == "acknowledged" for event in fresh.events):
            self.trouble.withdraw(PAUSED)
        if tail.state == "running":
            self.trouble.withdraw(*ENDS.values())
        if fresh.is_state_new:
            self._show_state(tail)

    def _show_state(self, tail: RunTail) -> None:
        was_live, self._was_live = self._was_live, tail.state in (*GOING_ON, "interrupted")
        if tail.state == "paused":
            self._tell_of(trouble_of_pause(tail.alarms, tuple(tail.events), tail.header.get("patience_s")))
        if was_live and tail.state not in GOING_ON:
            self._tell_of(trouble_of_run(tail.state, tuple(tail.events), tail.header.get("instruments", {})))

    def _show_control(self) -> None:
        """Enable what can be commanded now; nothing while an engine is still starting."""
        tail = self._tail
        self.bar.show_state("" if tail is None else tail.state, RunPhase() if tail is None else tail.phase)
        if self._engine is not None:
            self.bar.go_on.setEnabled(False)

    def _tell_of(self, trouble: Trouble | None) -> None:
        if trouble is not None:
            self.trouble.show_trouble(trouble)

    # --- fitting ----------------------------------------------------------------------------------------------------

    def _take_fit(self, answer: FitAnswer) -> None:
        for panel in self.panels:
            panel.show_answer(answer)

    # --- leaving ----------------------------------------------------------------------------------------------------

    def closeEvent(self, a0: QCloseEvent | None) -> None:  # Qt's name
        """Keep the layout and let go of the file; the engine goes on. What is being edited is asked for first."""
        if a0 is not None and a0.spontaneous() and self.panel(BenchPanel).is_taken:  # closed by a hand
            a0.ignore()
            self.leave()
            return
        if a0 is not None and not self.panel(StartPanel).close_editors():
            a0.ignore()
            return
        self.layouts.keep()
        self._report.stop()
        self._look_timer.stop()
        self._worker.end()
        for panel in self.panels:
            panel.end()
        if self._tail is not None:
            self._tail.close()
        super().closeEvent(a0)


def _planned_temperatures_K(tail: RunTail) -> list[float]:
    series = tail.header.get("recipe", {}).get("series", [])
    planned = [float(temperature) for part in series for temperature in part.get("temperatures_K", [])]
    return planned or [isotherm.temperature_setpoint_K for isotherm in tail.isotherms.values()]
