"""Make the pictures of the live views in docs/images, on the simulated contact of the paper's figure 8.

python docs/make_view_screenshots.py

The whole window in light and dark at 1280 x 800 and, on a fine screen, at 3840 x 2160, and every view by itself; the
panels that steer are pictured by `make_screenshots.py`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt5.QtCore import QDeadlineTimer, QSettings, QThread
from PyQt5.QtWidgets import QApplication

from acquisition.cli import main
from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.evidence_panel import EvidencePanel
from acquisition.gui.panel import Surroundings
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow
from acquisition.terminal.commands import station_for
from simulators.faults import MEANINGS
from simulators.sample import samples

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = (1280, 800)
VIEWS = (
    *("Raw curves", "Isotherms", "Exponent", "Zero bias", "Field", "Map", "Noise", "Conditions", "Evidence", "Log"),
)
FINE_SIZE = (1920, 1080)
"""At a scale of 2 that is a screen of 3840 x 2160."""


def wait(application: QApplication, until: Callable[[], bool] | None = None, longest_ms: int = 400) -> None:
    """Let the window work until something holds, or for a moment."""
    deadline = QDeadlineTimer(longest_ms)
    while not deadline.hasExpired() and not (until is not None and until()):
        application.processEvents()
        QThread.msleep(10)
    application.processEvents()


def open_window(application: QApplication, palette: style.Palette, folder: Path, size: tuple[int, int]) -> LabWindow:
    """Open a window that looks at nothing yet."""
    style.apply(application, palette)
    settings = QSettings(str(folder / "layout.ini"), QSettings.Format.IniFormat)
    faults = {fault.value: meaning for fault, meaning in MEANINGS.items()}
    around = Surroundings(
        palette, settings, WallClock(), list(samples()), station_for, folder, faults=faults, truths=samples()
    )
    window = LabWindow(around)
    window.panel(StartPanel).recipe.line.setText("examples/quick.toml")
    window.resize(*size)
    window.show()
    wait(application)
    return window


def attach(application: QApplication, window: LabWindow, run_file: Path) -> None:
    """Look at a run until it is fitted."""
    window.attach(run_file)
    wait(application, lambda: window.panel(CollapseView).alpha is not None, 300_000)
    wait(application)


def picture_panels(application: QApplication, window: LabWindow) -> None:
    """Take a picture of every panel by itself."""
    for name in VIEWS:
        dock = window.docks[name]
        dock.show()
        dock.raise_()
        wait(application)
        if name == "Evidence":
            wait(application, lambda: "verdict after" in window.panel(EvidencePanel).verdict.text(), 300_000)
        dock.grab().save(str(IMAGES / f"panel-{_file_name(name)}.png"))
    window.centre.grab().save(str(IMAGES / "panel-collapse.png"))
    window.docks["Exponent"].raise_()
    wait(application)


def make_screenshots(run_file: Path, folder: Path) -> None:
    """Take all pictures on a plain screen."""
    application = make_application()
    window = open_window(application, style.LIGHT, folder, SIZE)
    attach(application, window, run_file)
    window.grab().save(str(IMAGES / "window.png"))
    picture_panels(application, window)
    window.close()
    window = open_window(application, style.DARK, folder, SIZE)
    attach(application, window, run_file)
    window.grab().save(str(IMAGES / "window-dark.png"))
    window.close()


def make_fine_screenshot(run_file: Path, folder: Path) -> None:
    """Take the picture on a fine screen."""
    application = make_application()
    window = open_window(application, style.LIGHT, folder, FINE_SIZE)
    attach(application, window, run_file)
    window.grab().save(str(IMAGES / "window-4k.png"))
    window.close()


def make_all() -> None:
    """Measure, and take all pictures; the fine screen needs a program of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        main(["run", str(ROOT / "examples" / "cu1.toml"), "--simulate", "cu1", "--out", str(out)])
        (run_file,) = out.glob("*.zerobias.sqlite")
        fine = [sys.executable, __file__, str(run_file)]
        subprocess.run(fine, check=True, env=os.environ | {"QT_SCALE_FACTOR": "2"})
        make_screenshots(run_file, out)


def _file_name(name: str) -> str:
    return name.lower().replace(" ", "-")


if __name__ == "__main__":
    if sys.argv[1:]:
        with tempfile.TemporaryDirectory() as temporary:
            make_fine_screenshot(Path(sys.argv[1]), Path(temporary))
    else:
        make_all()
