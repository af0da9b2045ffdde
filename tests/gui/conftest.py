"""One finished quick run for all tests of the window, and a window that looks at nothing yet."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt5.QtCore import QDeadlineTimer, QSettings, Qt, QThread
from PyQt5.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from acquisition.cli import main
from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.panel import Surroundings
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow
from acquisition.terminal.commands import station_for
from simulators.faults import MEANINGS
from simulators.sample import samples

ROOT = Path(__file__).parents[2]
QUICK = ROOT / "examples" / "quick.toml"


@pytest.fixture
def choose(qtbot: Any) -> Callable[[QWidget, Path], None]:
    """Type a path into the file dialog that is open, and press Enter."""

    def type_path(asker: QWidget, path: Path) -> None:
        dialog = asker.findChild(QFileDialog)
        assert isinstance(dialog, QFileDialog) and not dialog.isModal()
        line = dialog.findChild(QLineEdit)
        line.clear()
        qtbot.keyClicks(line, str(path))
        qtbot.keyClick(line, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: asker.findChild(QFileDialog) is None, timeout=5_000)

    return type_path


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    assert main(["run", str(QUICK), "--simulate", "cu1", "--out", str(out)]) == 0
    (found,) = out.glob("*.sqlite")
    return found


FIELDS = """
[run]
name = "fields"
sample = "cu1"
[[series]]
temperatures_K = [1.4, 0.7, 0.35]
fields_T = [0.0, 2.0]
[bias]
maximum_V = 0.6e-3
points = 41
"""


@pytest.fixture(scope="session")
def field_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three temperatures in two fields."""
    out = tmp_path_factory.mktemp("fields")
    recipe = out / "fields.toml"
    recipe.write_text(FIELDS)
    assert main(["run", str(recipe), "--simulate", "cu1", "--out", str(out)]) == 0
    (found,) = out.glob("*.sqlite")
    return found


@pytest.fixture(scope="session")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one temperature, of which no exponent can be had."""
    out = tmp_path_factory.mktemp("short")
    recipe = out / "short.toml"
    recipe.write_text(FIELDS.replace("[1.4, 0.7, 0.35]", "[1.4]").replace("[0.0, 2.0]", "[0.0]"))
    assert main(["run", str(recipe), "--simulate", "cu1", "--out", str(out)]) == 0
    (found,) = out.glob("*.sqlite")
    return found


@pytest.fixture(scope="session")
def watching(qapp: QApplication, field_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabWindow]:
    """One window for many tests, looking at the run in two fields, fitted; tests put back what they change."""
    style.apply(qapp, style.LIGHT)
    folder = tmp_path_factory.mktemp("watching")
    settings = QSettings(str(folder / "layout.ini"), QSettings.Format.IniFormat)
    window = LabWindow(Surroundings(style.LIGHT, settings, WallClock(), ["cu1"], station_for, field_run.parent))
    window.show()
    window.attach(field_run)
    deadline = QDeadlineTimer(30_000)
    while window.panel(CollapseView).alpha is None and not deadline.hasExpired():
        qapp.processEvents()
        QThread.msleep(10)
    yield window
    window.close()


@pytest.fixture
def surroundings(qapp: QApplication, tmp_path: Path) -> Callable[..., Surroundings]:
    """What a window is made from, with runs and settings in the test's own folder."""
    style.apply(qapp, style.LIGHT)

    def around(speed: float | None = None, sample: str | None = "cu1") -> Surroundings:
        return Surroundings(
            style.LIGHT,
            QSettings(str(tmp_path / "layout.ini"), QSettings.Format.IniFormat),
            WallClock(),
            ["cu1", "cu2"],
            station_for,
            tmp_path / "runs",
            None,
            sample,
            speed,
            {fault.value: meaning for fault, meaning in MEANINGS.items()},
            samples(),
        )

    return around


@pytest.fixture
def make_window(surroundings: Callable[..., Surroundings], qtbot) -> Iterator[Callable[..., LabWindow]]:
    """Open a window whose runs and settings live in the test's own folder."""
    opened: list[LabWindow] = []

    def make(speed: float | None = None, sample: str | None = "cu1") -> LabWindow:
        window = LabWindow(surroundings(speed, sample))
        window.panel(StartPanel).recipe.set_path(QUICK)
        qtbot.addWidget(window)
        window.show()
        opened.append(window)
        return window

    yield make
    for window in opened:
        window.close()
