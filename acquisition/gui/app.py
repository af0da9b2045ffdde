"""Start the window: one application, one palette, and a hook by which no exception in a slot ends the program."""

import faulthandler
import logging
import math
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from PyQt5 import sip
from PyQt5.QtCore import QCoreApplication, QSettings, Qt
from PyQt5.QtWidgets import QApplication

from acquisition.clock import Wall, WallClock
from acquisition.errors import AcquisitionError
from acquisition.gui import style
from acquisition.gui.panel import Surroundings
from acquisition.gui.selection import Selection
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.trouble import trouble_of_error
from acquisition.gui.window import LabWindow
from acquisition.station_file import Station

_log = logging.getLogger(__name__)

AGAIN_S = 2.0
"""An exception is not told again while it is raised more often than so."""


def open_window(
    run_file: Path | None,
    *,
    station_for: Callable[[Path | None, str | None], Station],
    station: Path | None = None,
    sample: str | None = None,
    speed: float | None = None,
    out: Path = Path("runs"),
    is_dark: bool = False,
    faults: Mapping[str, str],
    truths: Mapping[str, Mapping[str, Any]],
) -> int:
    """Open the lab window and return its exit status when it closes.

    Raises
    ------
    InputError
        If `run_file` is no run file.
    """
    application = make_application()
    settings = QSettings("Zerobias", "lab window")
    around = Surroundings(
        style.DARK if is_dark else style.LIGHT,
        settings,
        WallClock(),
        list(truths),
        station_for,
        out,
        station,
        sample,
        speed,
        faults,
        truths,
    )
    desk = Desk(application, around)
    desk.open(run_file)
    return desk.run()


class Desk:
    """Has one window at a time, and opens another where the other palette is wanted.

    Parameters
    ----------
    application : QApplication
        Gets the palette.
    around : Surroundings
        What the windows are made from.
    """

    def __init__(self, application: QApplication, around: Surroundings) -> None:
        self._application = application
        self._around = around
        self.window: LabWindow | None = None

    def open(self, run_file: Path | None, memory: dict[str, Any] | None = None) -> None:
        """Open a window, looking at a run file if there is one, with the `memory` of the window before.

        Raises
        ------
        InputError
            If `run_file` is no run file.
        """
        style.apply(self._application, self._around.palette)
        window = LabWindow(self._around)
        if run_file is not None:
            window.attach(run_file)
        if memory is not None:
            window.recall(memory)
        window.theme_wanted.connect(self.change_theme)
        window.show()
        sys.excepthook = ExceptionHook(window, self._around.wall)
        before, self.window = self.window, window
        if before is not None:
            before.close()
            before.deleteLater()

    def run(self) -> int:
        """Run until the program is told to end; return its exit status, with the window closed in every case."""
        status = self._application.exec_()
        if self.window is not None:
            self.window.close()
            sip.delete(self.window)  # while there is still an application
            self.window = None
        return status

    def change_theme(self) -> None:
        """Put a window of the other palette in the place of the present one, once nothing in it is being edited."""
        assert self.window is not None
        if not self.window.panel(StartPanel).close_editors():
            return
        self.window.layouts.keep()
        palette = style.LIGHT if self._around.palette is style.DARK else style.DARK
        self._around = replace(self._around, palette=palette, selection=Selection())
        self.open(self.window.run_file, self.window.memory())


def make_application() -> QApplication:
    """Return the one application, sharp on fine screens, with a hook for what slots raise."""
    running = QCoreApplication.instance()
    if isinstance(running, QApplication):
        return running
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    application = QApplication(sys.argv[:1])
    sys.excepthook = _log_exception  # PyQt5 ends the program on an exception in a slot unless there is a hook
    if sys.stderr is not None:
        faulthandler.enable()
    return application


def _log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.error("an exception in the window; the run is not affected", exc_info=(kind, error, trace))


class ExceptionHook:
    """Logs what a slot raised and shows it; what a timer raises time after time is told once.

    Parameters
    ----------
    window : LabWindow
        Shows it.
    wall : Wall
        Tells how long ago the same was raised last.
    """

    def __init__(self, window: LabWindow, wall: Wall) -> None:
        self._window = window
        self._wall = wall
        self._raised_s: dict[tuple[str, int], float] = {}

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Take an exception that nobody caught; what showing it raises in its turn is only logged."""
        if self._is_told(trace):
            return
        _log_exception(kind, error, trace)
        try:
            text = "".join(traceback.format_exception(error))
            what = f"An error in the program itself: {kind.__name__}: {error}; please report it with the details"
            self._window.trouble.show_trouble(trouble_of_error(AcquisitionError(what), text))
        except RuntimeError:  # the window is gone
            _log.exception("the error above cannot be shown")

    def _is_told(self, trace: TracebackType | None) -> bool:
        """Say whether the same line of code raised something just before."""
        frames = traceback.extract_tb(trace)
        place = (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)
        now_s = self._wall.monotonic_s()
        before_s, self._raised_s[place] = self._raised_s.get(place, -math.inf), now_s
        return now_s - before_s < AGAIN_S
