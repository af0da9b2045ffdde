"""Steering a real run on the simulated rack: every button, from two windows, and none after they have gone."""

import json
import os
import re
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt, QUrl
from PyQt5.QtGui import QTextDocument
from PyQt5.QtWidgets import QDialog, QFileDialog, QInputDialog, QLineEdit, QMessageBox, QWidget

from acquisition.clock import WallClock
from acquisition.gui.analysis_process import AnalysisProcess
from acquisition.gui.conditions_view import ConditionsView
from acquisition.gui.documents import DOCUMENTS, Documents
from acquisition.gui.exponent_view import ExponentView
from acquisition.gui.isotherms_panel import IsothermsPanel
from acquisition.gui.log_pane import LogPane
from acquisition.gui.run_phase import RunPhase
from acquisition.gui.simulator_panel import SimulatorPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.tail import RunTail
from acquisition.gui.window import LabWindow
from acquisition.readings import AFTER_POINT, AFTER_SWEEP, PointFlag
from acquisition.running.command_file import CommandKind, commands_path, write_command
from acquisition.running.lock import lock_path, read_owner

MakeWindow = Callable[..., LabWindow]

ENABLED = {
    "": {"start"},
    "running": {"pause_point", "pause_sweep", "abort", "note"},
    "paused": {"go_on", "abort", "note"},
    "complete": {"start"},
    **{ended: {"start", "go_on"} for ended in ("interrupted", "aborted", "failed", "safety-stop")},
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


def looked_at(window: LabWindow) -> RunTail:
    assert window._tail is not None
    return window._tail


def started(window: LabWindow, qtbot: Any) -> RunTail:
    """Start the quick run by its button, pressed twice, and return its tail once it measures."""
    for _ in range(2):
        qtbot.mouseClick(window.panel(StartPanel).start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window._tail is not None and window._tail.points > 5, timeout=60_000)
    assert window._tail is not None
    assert len(list(window._tail.path.parent.glob("*.sqlite"))) == 1
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
    bar = window.statusBar()
    assert bar is not None and "starting" not in bar.currentMessage()

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
    assert not other.bar.pause_sweep.isEnabled()  # pressed twice is told once
    qtbot.waitUntil(lambda: tail.state == "paused", timeout=60_000)
    qtbot.wait(100)
    assert tail.points % POINTS_OF_A_SWEEP == 0  # helium is transferred between sweeps, never in one
    qtbot.waitUntil(other.bar.go_on.isEnabled, timeout=5_000)
    press(other, "go_on", qtbot)
    qtbot.waitUntil(lambda: tail.state == "running", timeout=20_000)
    last = PointFlag(int(tail.isotherms[min(tail.isotherms)].table["flags"][-1]))
    assert PointFlag.AFTER_PAUSE in last  # the rest of the isotherm in which the first pause was

    other.close()  # in one program, F12 would be the key of both

    # F12 and Enter, without a mouse, while another question and a file dialog are open
    press(window, "note", qtbot)
    window.ask_for_run()
    files = window.findChild(QFileDialog)
    assert files is not None
    box = asked_by_key(files, window, qtbot)
    assert asked_by_key(files, window, qtbot) is box  # pressed twice, asked once
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tail.state == "aborted", timeout=20_000)
    files.close()
    qtbot.waitUntil(lambda: window.strip.cells["run"].text() == "aborted, safe", timeout=5_000)
    note_dialog(window).close()
    press(window, "start", qtbot)
    assert window.panel(StartPanel).isVisible()
    assert window.panel(StartPanel).start.isEnabled()
    log = window.panel(LogPane).lines.toPlainText()
    assert "pumps off" in log
    assert "pausing: after this sweep" in log
    assert window.panel(IsothermsPanel).list.count() == len(tail.isotherms)
    with sqlite3.connect(tail.path) as connection:
        given = [word for (word,) in connection.execute("SELECT command FROM command ORDER BY seq")]
    assert given == ["pause", "note", "continue", "pause", "continue", "abort"]


def asked_by_key(pressed_in: QWidget, window: LabWindow, qtbot: Any) -> QMessageBox:
    """Press F12 in a window that is in front, and return the question."""
    pressed_in.activateWindow()
    qtbot.waitUntil(pressed_in.isActiveWindow, timeout=5_000)
    qtbot.keyClick(pressed_in, Qt.Key.Key_F12)
    (box,) = window.bar.findChildren(QMessageBox, "abort question")
    assert not box.isModal()
    return box


def test_interlock_pauses_a_run_that_is_watched_until_it_is_acknowledged(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window(speed=500.0)
    tail = started(window, qtbot)
    panel = window.panel(SimulatorPanel)
    qtbot.waitUntil(panel.dial.isEnabled, timeout=5_000)
    panel.duration.setValue(60)
    qtbot.mouseClick(panel.faults["compliance"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.trouble.isVisible, timeout=20_000)
    assert tail.state == "paused"
    window.close()

    # the pause does not need the window: safe, its heart beating; the next window tells of it too
    qtbot.wait(1500)
    owner = read_owner(lock_path(tail.path), WallClock())
    assert owner is not None and owner.heartbeat_age_s < 1.5
    again = make_window()
    again.attach(tail.path)
    tail = looked_at(again)
    qtbot.waitUntil(again.trouble.isVisible, timeout=5_000)
    assert "compliance" in again.trouble.text()
    assert "check leads and compliance_V, then press Acknowledge (Ctrl+K)" in again.trouble.text()
    assert "after 12 h without a word it ends safe" in again.trouble.text()
    assert again.strip.cells["run"].text() == "paused, INTERLOCK"
    press(again, "go_on", qtbot)  # which the engine refuses
    qtbot.waitUntil(lambda: "acknowledge it first" in again.panel(LogPane).lines.toPlainText(), timeout=10_000)
    press(again, "acknowledge", qtbot)
    qtbot.waitUntil(lambda: not again.trouble.isVisible(), timeout=10_000)
    assert not again.bar.acknowledge.isEnabled()
    press(again, "go_on", qtbot)
    measured = tail.points
    qtbot.waitUntil(lambda: tail.state == "running" and tail.points > measured, timeout=30_000)

    # aborted, it can be finished from here as well
    qtbot.keyClick(again, Qt.Key.Key_F12)
    (box,) = again.bar.findChildren(QMessageBox, "abort question")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tail.state == "aborted", timeout=20_000)
    qtbot.waitUntil(again.bar.go_on.isEnabled, timeout=5_000)
    measured = tail.points
    press(again, "go_on", qtbot)
    qtbot.waitUntil(lambda: again._tail is not tail, timeout=60_000)
    resumed = looked_at(again)
    qtbot.waitUntil(lambda: resumed.state == "running" and resumed.points > measured, timeout=60_000)
    write_command(resumed.path, CommandKind.ABORT, wall=WallClock())
    qtbot.waitUntil(lambda: resumed.state == "aborted", timeout=20_000)


def test_no_leaves_the_run_alone(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    sent: list[object] = []
    window.bar.wanted.connect(lambda *command: sent.append(command))
    window.bar.show_state("running", RunPhase())
    press(window, "abort", qtbot)
    (box,) = window.bar.findChildren(QMessageBox, "abort question")
    no = box.button(QMessageBox.StandardButton.No)
    qtbot.mouseClick(no, Qt.MouseButton.LeftButton)
    assert not sent


def test_question_about_a_run_is_withdrawn_with_it(make_window: MakeWindow, finished_run: Path, qtbot: Any) -> None:
    window = make_window()
    window.bar.show_state("running", RunPhase())
    for ended in (
        lambda: window.bar.show_state("aborted", RunPhase()),  # by somebody else
        lambda: window.attach(finished_run),  # a yes would go to that one
    ):
        window.bar.show_state("running", RunPhase())
        press(window, "abort", qtbot)
        (box,) = (one for one in window.bar.findChildren(QMessageBox, "abort question") if one.isVisible())
        ended()
        assert not box.isVisible()


def test_note_that_comes_too_late_is_not_lost(make_window: MakeWindow, finished_run: Path, qtbot: Any) -> None:
    window = make_window()
    window.attach(finished_run)
    window.bar.show_state("running", RunPhase())
    press(window, "note", qtbot)
    press(window, "note", qtbot)
    dialog = note_dialog(window)
    assert window.bar.findChildren(QInputDialog) == [dialog]  # pressed twice, asked once
    qtbot.keyClicks(dialog.findChild(QLineEdit), "leak found")
    window.bar.show_state("aborted", RunPhase())
    assert dialog.isVisible()
    qtbot.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)
    assert "leak found: not sent, for the run has ended" in window.panel(LogPane).lines.toPlainText()
    assert not commands_path(finished_run).exists()


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
    assert "the engine's process has ended without a word after sweeping: isotherm 0" in again.trouble.text()
    assert "guard" in again.trouble.text()
    assert "zerobias resume" in again.trouble.text()
    press(again, "go_on", qtbot)
    assert not again.bar.go_on.isEnabled()  # until the new engine is there, or did not start
    qtbot.waitUntil(lambda: again._tail is not tail, timeout=60_000)
    qtbot.waitUntil(lambda: not again.trouble.isVisible(), timeout=10_000)
    write_command(path, CommandKind.ABORT, wall=WallClock())
    qtbot.waitUntil(lambda: looked_at(again).state == "aborted", timeout=20_000)


def test_only_what_makes_sense_can_be_pressed(make_window: MakeWindow) -> None:
    bar = make_window().bar
    names = ("start", "pause_point", "pause_sweep", "go_on", "abort", "acknowledge", "note")
    for state, expected in ENABLED.items():
        for has_alarms in (False, True):
            bar.show_state(state, RunPhase(alarms=("compliance",) if has_alarms else ()))
            alarmed = {"acknowledge"} if has_alarms and state in ("running", "paused") else set()
            assert {name for name in names if getattr(bar, name).isEnabled()} == expected | alarmed, state


def test_pause_that_is_still_to_come_can_be_hastened_or_taken_back(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    sent: list[tuple[CommandKind, dict[str, object]]] = []
    window.bar.wanted.connect(lambda *command: sent.append(command))
    window.bar.show_state("running", RunPhase(coming_pause=AFTER_SWEEP))
    assert not window.bar.pause_sweep.isEnabled()
    press(window, "pause_point", qtbot)
    window.bar.show_state("running", RunPhase(coming_pause=AFTER_POINT))
    assert not window.bar.pause_point.isEnabled()
    press(window, "go_on", qtbot)
    assert sent == [(CommandKind.PAUSE, {"after": "point"}), (CommandKind.CONTINUE, {})]


def test_keys_are_listed_and_told_apart(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    listed = window.menus.show_shortcuts()
    assert isinstance(listed, QDialog)
    assert not listed.isModal()
    words = " ".join(label.text() for label in listed.findChildren(QWidget) if hasattr(label, "text"))
    for key in ("F12", "Ctrl+P", "Ctrl+Shift+P", "Ctrl+E", "Ctrl+D", "Alt+1"):
        assert f"<b>{key}</b>" in words
    listed.close()
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_8, Qt.KeyboardModifier.AltModifier)
    assert window.panel(ConditionsView).is_seen
    assert not window.panel(ExponentView).is_seen


def test_documents_are_read_beside_the_window(make_window: MakeWindow) -> None:
    window = make_window()
    pages = {action.text(): action for action in window.menus.actions}
    pages["What the window shows"].trigger()
    (documents,) = window.findChildren(Documents)
    assert documents.isVisible() and not documents.isModal()
    assert documents.toPlainText().startswith("The lab window")
    picture = documents.loadResource(QTextDocument.ResourceType.ImageResource, QUrl("images/window.png"))
    assert 0 < picture.width() <= documents.width()
    pages["All documents"].trigger()
    (index,) = (one for one in window.findChildren(Documents) if one is not documents)
    index.setSource(QUrl("own-rack.md"))  # as a click on its link does
    assert index.toPlainText().startswith("A rack of your own")
    for name in re.findall(r"\]\(([^)#:]+)", (DOCUMENTS / "index.md").read_text()):
        assert (DOCUMENTS / name).exists(), name


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
