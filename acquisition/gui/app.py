"""Start the window: one application, one palette, and a hook by which no exception in a slot ends the program."""

import faulthandler
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from PyQt5.QtCore import QCoreApplication, QSettings, Qt
from PyQt5.QtWidgets import QApplication

from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.panel import Surroundings
from acquisition.gui.window import LabWindow
from acquisition.station_file import Station

_log = logging.getLogger(__name__)


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
    palette = style.DARK if is_dark else style.LIGHT
    style.apply(application, palette)
    settings = QSettings("Zerobias", "lab window")
    around = Surroundings(
        palette,
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
    window = LabWindow(around)
    if run_file is not None:
        window.attach(run_file)
    window.show()
    return application.exec_()


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
