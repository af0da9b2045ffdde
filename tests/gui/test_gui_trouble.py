"""Errors in the window: told apart, never modal, never the end of the program."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt

from acquisition.errors import InputError
from acquisition.gui import style
from acquisition.gui.app import Desk
from acquisition.gui.isotherms_panel import IsothermsPanel
from acquisition.gui.log_pane import LogPane
from acquisition.gui.trouble import trouble_of_error, trouble_of_run
from acquisition.gui.window import LabWindow
from acquisition.readings import Event

MakeWindow = Callable[..., LabWindow]

QUENCH = (
    Event(10.0, "sweeping", "isotherm 0"),
    Event(12.0, "failed", "AMI 430 at TCPIP0::ami: quenched at 3.1 T; wait for the helium, then clear the quench"),
    Event(13.0, "safe-state", "source at zero, field held"),
)


def test_failed_run_is_taken_apart() -> None:
    trouble = trouble_of_run("failed", QUENCH, ["SR830 at GPIB0::8", "AMI 430 at TCPIP0::ami"])
    assert trouble is not None
    assert trouble.instrument == "AMI 430 at TCPIP0::ami"
    assert "quenched at 3.1 T" in trouble.what
    assert "source at zero, field held" in trouble.did
    assert trouble.advice == "wait for the helium, then clear the quench"
    assert "sweeping" in trouble.details


def test_box_that_is_not_safe_is_what_to_see_to_first() -> None:
    lost = "SR830 at GPIB0::8: *IDN? not sent"
    state = f"idle-safe: Keithley 2400 at GPIB0::24; NOT SAFE, see to it by hand: {lost}; check cable and power"
    events = (
        Event(1.0, "sweeping", "isotherm 0"),
        Event(2.0, "failed", f"{lost}; check cable and power {state}"),
        Event(2.0, "safe-state", state),
    )
    trouble = trouble_of_run("failed", events, ["Keithley 2400 at GPIB0::24", "SR830 at GPIB0::8"])
    assert trouble is not None
    assert trouble.instrument == "SR830 at GPIB0::8"
    assert trouble.what == lost
    assert trouble.advice == f"See to it by hand, it is NOT SAFE: {lost}; check cable and power."


def test_run_that_ended_well_is_no_trouble() -> None:
    assert trouble_of_run("complete", QUENCH, []) is None
    assert trouble_of_run("aborted", QUENCH, []) is None


def test_error_without_advice_gets_some() -> None:
    assert trouble_of_error(InputError("no such file")).advice == "The log has the details."


def test_dialog_tells_what_and_folds_the_details(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    window.complain(InputError("x.toml: no such recipe; choose another"))
    dialog = window.trouble
    qtbot.waitUntil(dialog.isVisible, timeout=2_000)
    assert not dialog.isModal()
    assert "x.toml: no such recipe" in dialog.text()
    assert "choose another" in dialog.text()
    assert "x.toml" in window.panel(LogPane).lines.toPlainText()
    dialog.show_trouble(trouble_of_error(InputError("other; do this"), "Traceback ..."))
    assert not dialog.details.isVisible()
    qtbot.mouseClick(dialog.unfold, Qt.MouseButton.LeftButton)
    assert dialog.details.isVisible()
    assert dialog.details.toPlainText() == "Traceback ..."


SLOT_RAISES = """
import sys
from pathlib import Path
from PyQt5.QtCore import QSettings, QTimer
from acquisition.clock import WallClock
from acquisition.gui import style
from acquisition.gui.app import Desk, make_application
from acquisition.gui.panel import Surroundings
from acquisition.terminal.commands import station_for

def raise_something():
    raise ZeroDivisionError("in a slot")

application = make_application()
settings = QSettings(sys.argv[1], QSettings.Format.IniFormat)
desk = Desk(application, Surroundings(style.LIGHT, settings, WallClock(), ["cu1"], station_for, Path(sys.argv[2])))
desk.open(None)
QTimer.singleShot(0, raise_something)
QTimer.singleShot(300, lambda: print(desk.window.trouble.text()))
QTimer.singleShot(400, application.quit)
print("status", desk.run())
"""


def test_exception_in_a_slot_is_shown_and_ends_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOT_RAISES, str(tmp_path / "layout.ini"), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "ZeroDivisionError: in a slot" in done.stdout
    assert "status 0" in done.stdout


def raise_something() -> None:
    raise ZeroDivisionError("in a slot")


def test_exception_of_a_timer_is_told_once_and_another_is_told(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.open(None)
    assert desk.window is not None
    for _ in range(25):
        hook_of(raise_something)
    assert len(caplog.records) == 1
    assert "ZeroDivisionError" in desk.window.trouble.text()
    hook_of(lambda: {}["other"])
    assert len(caplog.records) == 2
    assert "KeyError" in desk.window.trouble.text()


def hook_of(slot: Callable[[], object]) -> None:
    """Do what PyQt does with an exception of a slot."""
    try:
        slot()
    except (LookupError, ArithmeticError) as error:
        sys.excepthook(type(error), error, error.__traceback__)


@pytest.fixture
def desk(make_window: MakeWindow, qapp: Any) -> Iterator[Desk]:
    hook = sys.excepthook
    desk = Desk(qapp, make_window()._around)
    yield desk
    sys.excepthook = hook
    if desk.window is not None:
        desk.window.close()


def test_other_palette_comes_with_the_same_run(desk: Desk, field_run: Path, qtbot: Any) -> None:
    desk.open(field_run)
    first = desk.window
    assert first is not None
    (action,) = (action for action in first.menus.actions if action.shortcut().toString() == "Ctrl+D")
    action.trigger()
    second = desk.window
    assert second is not None
    assert second is not first
    assert second._around.palette is style.DARK
    assert second.run_file == field_run
    assert second.panel(IsothermsPanel).list.count() == 3
    qtbot.waitUntil(lambda: not first.isVisible(), timeout=2_000)


def test_layout_can_be_kept_under_a_name(make_window: MakeWindow) -> None:
    window = make_window()
    window.docks["Map"].hide()
    window.menus.keep_layout("night shift")
    window.docks["Map"].show()
    window.layouts.restore("night shift")
    assert window.docks["Map"].isHidden()
    assert window.layouts.names() == ["night shift"]
