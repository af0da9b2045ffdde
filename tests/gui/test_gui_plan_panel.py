"""The plan of a run under way, changed by clicks: isotherms left out and appended, what does not fit refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt

from acquisition.clock import WallClock
from acquisition.gui.plan_panel import PlanPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow
from acquisition.running.command_file import CommandKind, write_command

LEFT = Qt.MouseButton.LeftButton
EXAMPLES = Path(__file__).parents[2] / "examples"


def column(panel: PlanPanel, place: int) -> list[str]:
    items = [panel.list.topLevelItem(row) for row in range(panel.list.topLevelItemCount())]
    return [item.text(place) for item in items if item is not None]


def test_plan_of_a_run_under_way_is_changed_by_clicks(
    make_window: Callable[..., LabWindow], qtbot: Any, choose: Callable[..., None]
) -> None:
    window = make_window(speed=1500.0)
    panel = window.panel(PlanPanel)
    window.show_panel(panel)
    qtbot.mouseClick(window.panel(StartPanel).start, LEFT)
    qtbot.waitUntil(lambda: "under way" in column(panel, 7), timeout=60_000)
    tail = window._tail
    assert tail is not None
    assert column(panel, 1) == ["1.4", "0.75", "0.4", "0.2", "0.1"]

    assert not panel.leave_out.isEnabled() and not panel.again.isEnabled()
    for row in (0, 3):  # the rest of the one under way, and one that is to come
        item = panel.list.topLevelItem(row)
        assert item is not None
        item.setSelected(True)
    qtbot.mouseClick(panel.leave_out, LEFT)
    qtbot.waitUntil(lambda: column(panel, 7)[3] == "left out", timeout=20_000)
    qtbot.waitUntil(lambda: tail.planned_points < 855 - 171, timeout=20_000)

    qtbot.keyClicks(panel.temperatures, "0.3, 99")
    qtbot.mouseClick(panel.append, LEFT)
    assert "99" in panel.answer.text() and "10 K" in panel.answer.text()
    panel.temperatures.clear()
    qtbot.keyClicks(panel.temperatures, "0.3, 0.15")
    qtbot.keyClicks(panel.fields, "0, 0.5")
    qtbot.mouseClick(panel.append, LEFT)
    qtbot.waitUntil(lambda: column(panel, 1)[5:] == ["0.3", "0.3", "0.15", "0.15"], timeout=20_000)
    assert column(panel, 2)[5:] == ["0", "0.5", "0", "0.5"]

    panel.list.clearSelection()
    left_out = panel.list.topLevelItem(3)
    assert left_out is not None
    left_out.setSelected(True)
    assert not panel.leave_out.isEnabled()
    qtbot.keyClicks(panel.average, "3")
    qtbot.mouseClick(panel.again, LEFT)
    qtbot.waitUntil(lambda: column(panel, 1)[9:] == ["0.2"], timeout=20_000)
    assert column(panel, 4)[8:] == ["0", "3"]
    assert [item.text(0) for item in panel.list.selectedItems()] == ["3"]  # a longer list keeps what is selected

    qtbot.mouseClick(panel.append_file, LEFT)
    choose(panel, EXAMPLES / "quick.toml")
    qtbot.waitUntil(lambda: len(column(panel, 0)) == 15, timeout=20_000)
    write_command(tail.path, CommandKind.ABORT, wall=WallClock())
    qtbot.waitUntil(lambda: tail.state == "aborted", timeout=20_000)
    assert not panel.append.isEnabled()
    qtbot.waitUntil(lambda: "under way" not in column(panel, 7), timeout=5_000)


def test_plan_of_a_finished_run_is_shown_and_not_changed(
    make_window: Callable[..., LabWindow], finished_run: Path
) -> None:
    window = make_window()
    window.attach(finished_run)
    panel = window.panel(PlanPanel)
    assert not column(panel, 7)  # nobody looks
    window.show_panel(panel)
    assert column(panel, 7) == ["measured"] * 5
    assert not panel.append.isEnabled() and not panel.leave_out.isEnabled()
