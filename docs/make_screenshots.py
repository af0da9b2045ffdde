"""Make the pictures of the window in docs/images, on the quick recipe; run it with QT_QPA_PLATFORM=offscreen.

python docs/make_screenshots.py
"""

import tempfile
from pathlib import Path

from PyQt5.QtCore import QDeadlineTimer, QSettings, QThread

from acquisition.cli import main
from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import make_application
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.panel import Surroundings
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow
from acquisition.terminal.commands import station_for

ROOT = Path(__file__).parents[1]
SIZE = (1280, 800)


def make_screenshots(folder: Path) -> None:
    """Measure the quick recipe and take pictures of the window that looks at it."""
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        main(["run", str(ROOT / "examples" / "quick.toml"), "--simulate", "cu1", "--out", str(out)])
        (run_file,) = out.glob("*.zerobias.sqlite")
        application = make_application()
        style.apply(application, style.LIGHT)
        settings = QSettings(str(out / "layout.ini"), QSettings.Format.IniFormat)
        around = Surroundings(style.LIGHT, settings, WallClock(), ["cu1"], station_for, Path("runs"))
        window = LabWindow(around)
        window.panel(StartPanel).recipe.line.setText("examples/quick.toml")
        window.resize(*SIZE)
        window.show()
        application.processEvents()
        window.grab().save(str(folder / "window-empty.png"))
        window.attach(run_file)
        deadline = QDeadlineTimer(20_000)
        while window.panel(CollapseView).alpha is None and not deadline.hasExpired():
            application.processEvents()
            QThread.msleep(10)
        application.processEvents()
        window.grab().save(str(folder / "window.png"))
        window.close()


if __name__ == "__main__":
    make_screenshots(ROOT / "docs" / "images")
