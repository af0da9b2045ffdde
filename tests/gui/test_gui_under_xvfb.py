"""The window on a real X server, as far as one without a screen is: it opens, attaches, and can be photographed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LOOK = """
import sys
from pathlib import Path
from PyQt5.QtCore import QDeadlineTimer, QSettings, QThread
from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import Desk, make_application
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.panel import Surroundings
from acquisition.terminal.commands import station_for

application = make_application()
settings = QSettings(sys.argv[1], QSettings.Format.IniFormat)
run = Path(sys.argv[2])
desk = Desk(application, Surroundings(style.LIGHT, settings, WallClock(), ["cu1"], station_for, run.parent))
desk.open(run)
deadline = QDeadlineTimer(30_000)
while desk.window.panel(CollapseView).alpha is None and not deadline.hasExpired():
    application.processEvents()
    QThread.msleep(10)
image = desk.window.grab().toImage()
colours = {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
print(application.platformName(), desk.window.panel(CollapseView).value.text(), len(colours))
desk.window.close()
"""


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs Xvfb")
def test_window_opens_on_an_x_server(field_run: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["xvfb-run", "-a", sys.executable, "-c", LOOK, str(tmp_path / "layout.ini"), str(field_run)],
        capture_output=True,
        text=True,
        timeout=100,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "QT_QPA_PLATFORM": "xcb", "HOME": str(tmp_path)},
    )
    if "could not load the Qt platform plugin" in done.stderr.lower():
        pytest.skip("the X libraries of Qt are not installed")
    assert done.returncode == 0, done.stderr
    platform, *words, colours = done.stdout.split()
    assert platform == "xcb"
    assert "\u03b1" in words[0]
    assert int(colours) > 50
