"""The queue in the window: added by the start panel, put in order by buttons, worked off by a runner of its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialogButtonBox, QPushButton

from acquisition.clock import WallClock
from acquisition.gui import queue_panel
from acquisition.gui.checklist_dialog import ChecklistDialog
from acquisition.gui.queue_panel import QueuePanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow
from acquisition.run_queue import EntryState, Queue, QueueEntry, change_queue, load_queue, runner_lock_path
from acquisition.running.lock import FileLock

LEFT = Qt.MouseButton.LeftButton
SMALL = """
[run]
name = "small"
sample = "cu1"
[[series]]
temperatures_K = [4.2]
[bias]
maximum_V = 0.5e-3
points = 5
"""


def column(panel: QueuePanel, place: int) -> list[str]:
    items = [panel.list.topLevelItem(row) for row in range(panel.list.topLevelItemCount())]
    return [item.text(place) for item in items if item is not None]


def test_queue_is_put_in_order_and_worked_off_without_the_window(
    make_window: Callable[..., LabWindow], qtbot: Any, tmp_path: Path
) -> None:
    window = make_window()
    start, panel = window.panel(StartPanel), window.panel(QueuePanel)
    for name in ("one", "two", "three"):
        recipe = tmp_path / f"{name}.toml"
        recipe.write_text(SMALL)
        start.recipe.set_path(recipe)
        qtbot.mouseClick(start.enqueue, LEFT)
    panel.look()
    assert column(panel, 1) == ["one.toml", "two.toml", "three.toml"]

    def press(row: int, button: QPushButton) -> None:
        panel.list.setCurrentItem(panel.list.topLevelItem(row))
        qtbot.mouseClick(button, LEFT)

    press(2, panel.up)
    press(0, panel.down)
    assert column(panel, 1) == ["three.toml", "one.toml", "two.toml"]
    press(1, panel.skip)
    press(0, panel.duplicate)
    press(1, panel.remove)
    press(2, panel.skip)
    assert column(panel, 0) == ["waiting", "skipped", "skipped"]
    assert panel.skip.text() == "Put back"
    qtbot.mouseClick(panel.go_on, LEFT)
    qtbot.waitUntil(lambda: panel.state.text().startswith("at work"), timeout=60_000)
    qtbot.waitUntil(lambda: window._tail is not None, timeout=60_000)  # it looks at what is begun
    window.close()

    again = make_window().panel(QueuePanel)
    qtbot.waitUntil(lambda: column(again, 0) == ["done", "skipped", "skipped"], timeout=60_000)
    qtbot.waitUntil(lambda: again.state.text() == "not at work", timeout=20_000)
    assert column(again, 6)[0].endswith("small.zerobias.sqlite")


def test_only_what_can_be_done_with_an_entry_is_offered(make_window: Callable[..., LabWindow], tmp_path: Path) -> None:
    window = make_window()
    change_queue(window._around.out, lambda queue: waiting_and_running(queue, tmp_path), WallClock())
    panel = window.panel(QueuePanel)
    panel.look()
    offered = {
        None: "",
        0: "down skip duplicate remove",
        1: "up duplicate",
    }
    for row, names in offered.items():
        panel.list.setCurrentItem(None if row is None else panel.list.topLevelItem(row))
        buttons = ("up", "down", "skip", "duplicate", "remove")
        assert " ".join(name for name in buttons if getattr(panel, name).isEnabled()) == names


def test_queue_of_a_real_rack_goes_on_only_with_its_checklist(
    make_window: Callable[..., LabWindow], qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(queue_panel, "start_detached", lambda words, _: begun.append(words))
    window = make_window()
    panel, out = window.panel(QueuePanel), window._around.out
    entry = QueueEntry(str(tmp_path / "one.toml"), "my-rack.toml", None)
    change_queue(out, lambda queue: replace(queue.with_added(entry), is_held=True), WallClock())
    panel.look()
    qtbot.mouseClick(panel.go_on, LEFT)
    dialog = panel.findChild(ChecklistDialog)
    assert isinstance(dialog, ChecklistDialog) and not begun and load_queue(out).is_held
    for box in dialog.boxes:
        box.click()
    qtbot.mouseClick(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok), LEFT)
    assert begun == [["queue", str(out)]] and not load_queue(out).is_held


def test_queue_at_work_is_held_and_goes_on_and_a_run_of_it_is_opened(
    make_window: Callable[..., LabWindow], qtbot: Any, finished_run: Path
) -> None:
    window = make_window()
    panel, out = window.panel(QueuePanel), window._around.out
    entry = QueueEntry("gone.toml", None, "cu1")
    change_queue(out, lambda queue: queue.with_added(entry), WallClock())
    begun = {"state": EntryState.DONE, "run_file": str(finished_run)}
    panel.look()
    assert not panel.hold.isEnabled()
    with FileLock(runner_lock_path(out), "a runner", WallClock()):
        qtbot.waitUntil(panel.hold.isEnabled, timeout=5_000)
        qtbot.mouseClick(panel.hold, LEFT)
        assert load_queue(out).is_held and panel.state.text().startswith("held after the run under way")
        qtbot.mouseClick(panel.go_on, LEFT)
        assert not load_queue(out).is_held and panel.state.text().startswith("at work")
    panel.follow.click()
    change_queue(out, lambda queue: queue.with_changed(queue.entries[0].id, **begun), WallClock())
    qtbot.waitUntil(lambda: column(panel, 0) == ["done"], timeout=5_000)
    assert window.run_file is None  # it is not to be looked at by itself
    window.show_panel(panel)
    place = panel.list.visualItemRect(panel.list.topLevelItem(0)).center()
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(panel.list.viewport(), LEFT, pos=place)
    assert window.run_file == finished_run


def test_entry_whose_recipe_is_gone_or_broken_is_told_before_its_turn(
    make_window: Callable[..., LabWindow], qtbot: Any, tmp_path: Path
) -> None:
    window = make_window()
    start, panel = window.panel(StartPanel), window.panel(QueuePanel)
    recipe = tmp_path / "one.toml"
    recipe.write_text(SMALL)
    start.recipe.set_path(recipe)
    qtbot.mouseClick(start.enqueue, LEFT)
    qtbot.waitUntil(lambda: column(panel, 5) == ["00:06 h"], timeout=5_000)
    assert panel.state.text() == "not at work; waiting: 1, 00:06 h"
    recipe.unlink()
    qtbot.waitUntil(lambda: "no such file" in column(panel, 7)[0], timeout=5_000)
    recipe.write_text(SMALL.replace("4.2", "42"))
    qtbot.waitUntil(lambda: "42 K" in column(panel, 7)[0], timeout=5_000)


def waiting_and_running(queue: Queue, folder: Path) -> Queue:
    for name in ("one", "two"):
        queue = queue.with_added(QueueEntry(str(folder / name), None, "cu1"))
    return queue.with_changed(queue.entries[1].id, state=EntryState.RUNNING)
