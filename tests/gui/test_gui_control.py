"""Steering a real run on the simulated rack: every button, from two windows, and none after they have gone."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QInputDialog, QLineEdit, QMessageBox, QWidget

from acquisition.gui.analysis_process import AnalysisProcess
from acquisition.gui.isotherms_panel import IsothermsPanel
from acquisition.gui.log_pane import LogPane
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.tail import RunTail
from acquisition.gui.window import LabWindow
from acquisition.readings import PointFlag
from acquisition.running.lock import lock_path

MakeWindow = Callable[..., LabWindow]

ENABLED = {
    "": {"start"},
    "running": {"pause_point", "pause_sweep", "abort", "acknowledge", "note"},
    "paused": {"go_on", "abort", "acknowledge", "note"},
    "complete": {"start"},
    "interrupted": {"start"},
}
"""What can be pressed in a state of the run."""

POINTS_OF_A_SWEEP = 171
"""Of the quick recipe: 81 values up and down, and the anchors."""


def press(window: LabWindow, name: str, qtbot: Any) -> None:
    """Click a button of the bar with the mouse."""
    action = getattr(window.bar, name)
    button = window.bar.widgetForAction(action)
    assert isinstance(button, QWidget)
    assert action.isEnabled(), name
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def started(window: LabWindow, qtbot: Any) -> RunTail:
    """Start the quick run by its button and return its tail once it measures."""
    qtbot.mouseClick(window.panel(StartPanel).start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window._tail is not None and window._tail.points > 5, timeout=60_000)
    assert window._tail is not None
    return window._tail


def note_dialog(window: LabWindow) -> QInputDialog:
    dialog = window.bar.findChild(QInputDialog, "note question")
    assert dialog is not None
    assert not dialog.isModal()
    return dialog


def test_three_clicks_lead_to_a_run_that_obeys_every_button(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window(speed=500.0)
    tail = started(window, qtbot)
    assert window.strip.cells["run"].text() == "running"
    assert window.strip.cells["engine"].text() == "alive"
    assert window.strip.cells["ends"].text() != ""

    press(window, "pause_point", qtbot)
    qtbot.waitUntil(lambda: tail.state == "paused", timeout=20_000)
    qtbot.waitUntil(window.bar.go_on.isEnabled, timeout=5_000)

    press(window, "note", qtbot)
    dialog = note_dialog(window)
    line = dialog.findChild(QLineEdit)
    qtbot.keyClicks(line, "pumps off")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    press(window, "go_on", qtbot)
    qtbot.waitUntil(lambda: tail.state == "running", timeout=20_000)

    # a second window on the same run may steer it as well
    other = make_window()
    other.attach(tail.path)
    press(other, "pause_sweep", qtbot)
    qtbot.waitUntil(lambda: tail.state == "paused", timeout=60_000)
    qtbot.wait(100)
    assert tail.points % POINTS_OF_A_SWEEP == 0  # helium is transferred between sweeps, never in one
    qtbot.waitUntil(other.bar.go_on.isEnabled, timeout=5_000)
    press(other, "acknowledge", qtbot)
    press(other, "go_on", qtbot)
    qtbot.waitUntil(lambda: tail.state == "running", timeout=20_000)
    last = PointFlag(int(tail.isotherms[min(tail.isotherms)].table["flags"][-1]))
    assert PointFlag.AFTER_PAUSE in last  # the rest of the isotherm in which the first pause was

    # F12 and Enter, without a mouse, while another question is open
    press(window, "note", qtbot)
    window.bar.abort.trigger()
    (box,) = window.bar.findChildren(QMessageBox, "abort question")
    assert not box.isModal()
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tail.state == "aborted", timeout=20_000)
    qtbot.waitUntil(lambda: window.strip.cells["run"].text() == "aborted, safe", timeout=5_000)
    note_dialog(window).close()
    log = window.panel(LogPane).lines.toPlainText()
    assert "pumps off" in log
    assert window.panel(IsothermsPanel).list.count() == len(tail.isotherms)
    with sqlite3.connect(tail.path) as connection:
        given = [word for (word,) in connection.execute("SELECT command FROM command ORDER BY seq")]
    assert given == ["pause", "note", "continue", "pause", "acknowledge", "continue", "abort"]


def test_no_leaves_the_run_alone(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    sent: list[object] = []
    window.bar.wanted.connect(lambda *command: sent.append(command))
    window.bar.show_state("running")
    press(window, "abort", qtbot)
    (box,) = window.bar.findChildren(QMessageBox, "abort question")
    no = box.button(QMessageBox.StandardButton.No)
    qtbot.mouseClick(no, Qt.MouseButton.LeftButton)
    assert not sent


def test_engine_goes_on_without_its_window_and_its_death_is_told(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window(speed=300.0)
    path, measured = started(window, qtbot).path, 5
    window.close()
    again = make_window()
    again.attach(path)
    tail = again._tail
    assert tail is not None
    qtbot.waitUntil(lambda: tail.points > measured + 5, timeout=60_000)
    os.kill(json.loads(lock_path(path).read_text())["pid"], signal.SIGKILL)
    qtbot.waitUntil(again.trouble.isVisible, timeout=20_000)
    assert again.strip.cells["run"].text() == "INTERRUPTED"
    assert not again.trouble.isModal()
    assert "guard" in again.trouble.text()
    assert "zerobias resume" in again.trouble.text()


def test_only_what_makes_sense_can_be_pressed(make_window: MakeWindow) -> None:
    bar = make_window().bar
    names = ("start", "pause_point", "pause_sweep", "go_on", "abort", "acknowledge", "note")
    for state, expected in ENABLED.items():
        bar.show_state(state)
        assert {name for name in names if getattr(bar, name).isEnabled()} == expected, state


def test_keys_are_listed_and_told_apart(make_window: MakeWindow) -> None:
    window = make_window()
    listed = window.menus.show_shortcuts()
    assert isinstance(listed, QDialog)
    assert not listed.isModal()
    words = " ".join(label.text() for label in listed.findChildren(QWidget) if hasattr(label, "text"))
    for key in ("F12", "Ctrl+P", "Ctrl+Shift+P", "Ctrl+E", "Ctrl+D", "Alt+1"):
        assert f"<b>{key}</b>" in words
    listed.close()


def test_report_is_asked_of_the_analysis(
    make_window: MakeWindow, field_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(AnalysisProcess, "start", lambda _, *words: asked.append(words))
    window = make_window()
    window.write_report(tmp_path)
    assert not asked  # there is no run yet
    window.attach(field_run)
    window.write_report(tmp_path)
    assert asked == [(field_run, "--report", str(tmp_path))]
    window._report.done.emit("")
    bar = window.statusBar()
    assert bar is not None
    assert str(tmp_path) in bar.currentMessage()
