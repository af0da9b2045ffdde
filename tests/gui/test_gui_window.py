"""The window, used as one uses it: clicks, keys, and a real run on the simulated rack behind it."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import InputError
from acquisition.gui.collapse_view import CollapseView
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
