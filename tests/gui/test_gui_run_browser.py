"""The browser: runs found by sample, date, tag and notes; a preview; several on one scaling curve."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt

from acquisition.gui.compare_window import CompareWindow
from acquisition.gui.panel import Surroundings
from acquisition.gui.run_browser import RunBrowser
from acquisition.run_list import find_runs


@pytest.fixture(scope="session")
def runs(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one contact, the second under another name, tagged, with a note; and one that is no run."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copy(finished_run, folder / "2026-11-01_001_quick.zerobias.sqlite")
    other = Path(shutil.copy(finished_run, folder / "2026-11-02_001_quick.zerobias.sqlite"))
    with sqlite3.connect(other) as connection:
        recipe = json.loads(connection.execute("SELECT value FROM run WHERE key = 'recipe'").fetchone()[0])
        recipe["run"]["tags"] = ["cooldown 3", "annealed"]
        for key, value in (("recipe", recipe), ("sample", "cu7"), ("started", "2026-11-02T08:00:00+00:00")):
            connection.execute("UPDATE run SET value = ? WHERE key = ?", (json.dumps(value), key))
        connection.execute("INSERT INTO event VALUES (NULL, 1.0, '', 'note', 'helium transfer')")
    connection.close()
    (folder / "broken.zerobias.sqlite").write_text("no")
    return folder


@pytest.fixture
def browser(surroundings: Callable[..., Surroundings], runs: Path, qtbot: Any) -> RunBrowser:
    made = RunBrowser(replace(surroundings(), out=runs))
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", 2),
        ("quick complete", 2),
        ("sample:cu7", 1),
        ("sample:quick", 0),
        ("date:2026-11-02", 1),
        ("tag:annealed", 1),
        ("tag:cooldown 3", 1),
        ("note:helium cu7", 1),
        ("HELIUM", 1),
        ("sample:cu7 tag:virgin", 0),
    ],
)
def test_runs_are_found_by_what_is_known_of_them(runs: Path, words: str, found: int) -> None:
    assert len(find_runs(runs, words).runs) == found


def test_click_shows_a_preview(browser: RunBrowser, qtbot: Any) -> None:
    qtbot.keyClicks(browser.search, "tag:annealed")
    item = browser.list.topLevelItem(0)
    place = browser.list.visualItemRect(item).center()
    qtbot.mouseClick(browser.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    words = browser.preview.words.text()
    assert "quick on cu7: complete" in words and "T 0.1 to 1.4 K" in words
    assert "tags: cooldown 3, annealed" in words and "helium transfer" in words
    assert len(browser.preview.plot.listDataItems()) == 5
    assert "broken" in browser.list.toolTip()


def test_two_runs_of_one_contact_are_on_one_curve(browser: RunBrowser, qtbot: Any) -> None:
    assert not browser.compare.isEnabled()
    browser.list.selectAll()
    qtbot.mouseClick(browser.compare, Qt.MouseButton.LeftButton)
    window = browser.findChild(CompareWindow)
    qtbot.waitUntil(lambda: "agree" in window.verdict.text(), timeout=60_000)
    assert "The runs agree with one curve" in window.verdict.text()
    assert "B/B\u2081 = 1.00" in window.verdict.text()
    assert len(window.plot.listDataItems()) == 3
    window.close()


def test_run_that_cannot_be_compared_is_said(browser: RunBrowser, runs: Path, qtbot: Any) -> None:
    (good,) = runs.glob("2026-11-01*")
    window = CompareWindow([good, runs / "broken.zerobias.sqlite"], browser._palette, browser)
    qtbot.waitUntil(lambda: "broken" in window.verdict.text(), timeout=60_000)
    window.close()
