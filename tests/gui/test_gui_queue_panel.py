"""The queue in the window: added by the start panel, put in order by buttons, worked off by a runner of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QPushButton

from acquisition.gui.queue_panel import QueuePanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow

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
    qtbot.mouseClick(panel.go_on, LEFT)
    qtbot.waitUntil(lambda: panel.state.text() == "at work", timeout=60_000)
    qtbot.waitUntil(lambda: window._tail is not None, timeout=60_000)  # it looks at what is begun
    window.close()

    again = make_window().panel(QueuePanel)
    qtbot.waitUntil(lambda: column(again, 0) == ["done", "skipped", "skipped"], timeout=60_000)
    qtbot.waitUntil(lambda: again.state.text() == "not at work", timeout=20_000)
    assert column(again, 5)[0].endswith("small.zerobias.sqlite")
