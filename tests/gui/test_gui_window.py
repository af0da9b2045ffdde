"""The window, used as one uses it: clicks, keys, and a real run on the simulated rack behind it."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication

from acquisition.errors import InputError
from acquisition.gui.app import Desk
from acquisition.gui.collapse_view import CollapseView
from acquisition.gui.isotherms_panel import IsothermsPanel
from acquisition.gui.panel import Surroundings
from acquisition.gui.raw_view import RawView
from acquisition.gui.run_browser import RunBrowser
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.window import LabWindow

EXAMPLES = Path(__file__).parents[2] / "examples"
MakeWindow = Callable[..., LabWindow]


def attached(make_window: MakeWindow, run: Path, qtbot) -> LabWindow:
    """A window that looks at `run` and has fitted it."""
    window = make_window()
    window.attach(run)
    qtbot.waitUntil(lambda: window.panel(CollapseView).alpha is not None, timeout=20_000)
    return window


def test_empty_window_says_what_a_run_would_take(make_window: MakeWindow) -> None:
    window = make_window()
    assert "855 points on 5 isotherms" in window.panel(StartPanel).forecast.text()
    assert window.panel(StartPanel).start.isEnabled()
    assert not window.bar.abort.isEnabled()


def test_bad_recipe_is_named_and_cannot_be_started(make_window: MakeWindow, tmp_path: Path) -> None:
    recipe = tmp_path / "bad.toml"
    recipe.write_text("[run]\nname = 1\n")
    window = make_window()
    window.panel(StartPanel).recipe.set_path(recipe)
    assert "bad.toml" in window.panel(StartPanel).forecast.text()
    assert not window.panel(StartPanel).start.isEnabled()
    recipe.write_text((EXAMPLES / "quick.toml").read_text())  # mended in another program
    window.show_panel(window.panel(CollapseView))
    window.show_panel(window.panel(StartPanel))
    assert window.panel(StartPanel).start.isEnabled()


def test_raw_view_draws_what_the_run_file_holds(make_window: MakeWindow, finished_run: Path, qtbot) -> None:
    window = attached(make_window, finished_run, qtbot)
    with sqlite3.connect(finished_run) as connection:
        rows = connection.execute(
            "SELECT bias_V, conductance_S FROM point WHERE isotherm_index = 2 AND kind = 'sweep' ORDER BY seq"
        ).fetchall()
    bias_mV, conductance = window.panel(RawView).curves.curve(2)
    expected = np.array(rows)
    assert bias_mV == pytest.approx(1e3 * expected[:, 0])
    assert conductance == pytest.approx(expected[:, 1] / 3.8740458e-5, rel=1e-6)


def test_file_that_is_no_run_file_is_refused_and_the_old_one_stays(
    make_window: MakeWindow, finished_run: Path, qtbot, tmp_path: Path
) -> None:
    window = attached(make_window, finished_run, qtbot)
    (tmp_path / "x.sqlite").write_text("no")
    with pytest.raises(InputError):
        window.attach(tmp_path / "x.sqlite")
    assert window._tail is not None
    assert window._tail.path == finished_run


def test_layout_is_kept_and_can_be_reset(make_window: MakeWindow) -> None:
    window = make_window()
    window.docks["Noise"].hide()
    window.close()
    again = make_window()
    assert again.docks["Noise"].isHidden()
    again.layouts.reset()
    assert not again.docks["Noise"].isHidden()


def test_layout_under_a_name_brings_back_the_sizes(make_window: MakeWindow, qtbot) -> None:
    window = make_window()
    raw = window.docks["Raw curves"]

    def widen(width: int) -> int:
        window.resizeDocks([raw], [width], Qt.Orientation.Horizontal)
        qtbot.wait(20)
        return raw.width()

    first, mine = raw.width(), widen(350)
    assert mine < first
    window.menus.keep_layout("my evening")
    kept: Any = window.menus._kept
    for reset, width in ((window.layouts.reset, first), (kept.actions()[0].trigger, mine)):
        widen(420)
        reset()
        qtbot.waitUntil(lambda width=width: raw.width() == width, timeout=2_000)


def test_another_palette_keeps_what_was_chosen(
    surroundings: Callable[..., Surroundings], finished_run: Path, qapp: QApplication, qtbot
) -> None:
    desk = Desk(qapp, surroundings())
    desk.open(finished_run)
    light = desk.window
    assert light is not None
    qtbot.waitUntil(lambda: light.panel(CollapseView).alpha is not None, timeout=20_000)
    raw, collapse, isotherms = light.panel(RawView), light.panel(CollapseView), light.panel(IsothermsPanel)
    raw.plot.hold_at([(-0.1, 0.1), (2835.0, 2840.0)])
    item = isotherms.list.item(1)
    assert item is not None
    item.setCheckState(Qt.CheckState.Unchecked)
    collapse.auto.click()
    collapse.slider.setValue(700)
    collapse.overlay.click()
    light.panel(StartPanel).seed.setValue(7)
    light.show_panel(light.panel(StartPanel))
    light.activateWindow()
    qtbot.waitUntil(light.isActiveWindow, timeout=5_000)
    qtbot.keyClick(light, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    dark = desk.window
    assert dark is not None and dark is not light
    qtbot.waitUntil(lambda: dark.panel(CollapseView).alpha is not None, timeout=20_000)
    assert dark.palette().window().color().lightness() < 60
    box: Any = dark.panel(RawView).plot.vb
    assert np.ravel(box.viewRange()) == pytest.approx((-0.1, 0.1, 2835.0, 2840.0))
    assert len(dark.panel(RawView).curves.names()) == 4
    assert dark.panel(CollapseView).alpha == pytest.approx(0.7)
    assert not dark.panel(CollapseView).overlay.isChecked()
    assert dark.panel(StartPanel).seed.value() == 7
    assert dark.panel(StartPanel).isVisible()
    dark.close()


def test_browser_finds_a_run_by_its_words_and_opens_it(make_window: MakeWindow, finished_run: Path, qtbot) -> None:
    window = make_window()
    browser = RunBrowser(replace(window._around, out=finished_run.parent))
    qtbot.addWidget(browser)
    browser.show()
    browser.run_opened.connect(window._open)
    browser.search.setText("no such sample")
    assert browser.list.topLevelItemCount() == 0
    browser.search.setText("quick complete")
    (item,) = (browser.list.topLevelItem(row) for row in range(browser.list.topLevelItemCount()))
    browser.list.itemDoubleClicked.emit(item, 0)
    assert window._tail is not None
    assert window._tail.path == finished_run


def test_strip_claims_nothing_before_there_are_points(make_window: Callable[..., LabWindow]) -> None:
    cells = make_window().strip.cells
    assert {cells[name].text() for name in ("overload", "compliance", "flags", "T", "H")} == {"-"}
