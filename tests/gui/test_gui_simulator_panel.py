"""Faults and pace of a simulated run, by its own buttons, on a real run."""

from collections.abc import Callable
from typing import Any

import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtWidgets import QMessageBox

from acquisition.gui.simulator_panel import TOP, SimulatorPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow

MakeWindow = Callable[..., LabWindow]


@pytest.fixture
def running(make_window: MakeWindow, qtbot: Any) -> LabWindow:
    """A window that looks at a simulated run it has just started."""
    window = make_window(speed=300.0)
    qtbot.mouseClick(window.panel(StartPanel).start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window._tail is not None and window._tail.state == "running", timeout=60_000)
    return window


def test_dial_changes_the_pace_and_a_button_quenches_the_magnet(running: LabWindow, qtbot: Any) -> None:
    panel, tail = running.panel(SimulatorPanel), running._tail
    assert tail is not None
    qtbot.waitUntil(panel.dial.isEnabled, timeout=5_000)
    assert panel.speed.text() == "300 x real time"
    panel.box.setCurrentText("SR830")
    qtbot.keyClicks(panel.press, "PHAS 90")
    qtbot.mouseClick(panel.faults["front-panel"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "fault: front-panel at SR830" in panel.answer.text(), timeout=20_000)
    panel.box.setCurrentIndex(0)
    panel.press.clear()
    qtbot.mouseClick(panel.dial, Qt.MouseButton.LeftButton, pos=QPoint(3, panel.dial.height() // 2))
    qtbot.waitUntil(lambda: "speed: 32 x real time" in panel.answer.text(), timeout=20_000)
    qtbot.mouseClick(panel.faults["helium-low"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "fault: helium-low" in panel.answer.text(), timeout=20_000)
    qtbot.mouseClick(panel.put_right, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "fault: put-right" in panel.answer.text(), timeout=20_000)
    panel.dial.setFocus()
    qtbot.keyClick(panel.dial, Qt.Key.Key_End)
    assert panel.dial.value() == TOP
    qtbot.waitUntil(lambda: "speed: as fast as it goes" in panel.answer.text(), timeout=20_000)
    assert tail.header["speed"] is None

    panel.box.setCurrentText("SR830")
    qtbot.mouseClick(panel.faults["quench"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "a fault of no box" in panel.answer.text(), timeout=20_000)
    panel.box.setCurrentIndex(0)
    qtbot.mouseClick(panel.faults["quench"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tail.state == "safety-stop", timeout=20_000)
    qtbot.waitUntil(lambda: not panel.faults["quench"].isEnabled(), timeout=5_000)
    assert "fault: quench" in panel.answer.text()
    assert running.strip.cells["H"].text().endswith("QUENCH")
    assert running.strip.cells["bias"].text() == "at zero, safe"


def test_truth_of_the_sample_is_told_when_asked(make_window: MakeWindow, finished_run: Any, qtbot: Any) -> None:
    window = make_window()
    window.attach(finished_run)
    panel = window.panel(SimulatorPanel)
    assert not panel.faults["quench"].isEnabled()
    qtbot.mouseClick(panel.truth, Qt.MouseButton.LeftButton)
    box = panel.findChild(QMessageBox)
    assert "2CK" in box.informativeText()
    box.close()
