"""The browser: runs found by sample, date, tag and notes; a preview; several on one scaling curve."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtWidgets import QFileDialog, QLineEdit

from acquisition.clock import WallClock
from acquisition.gui.compare_window import CompareWindow
from acquisition.gui.panel import Surroundings
from acquisition.gui.run_browser import RunBrowser
from acquisition.run_list import find_runs
from acquisition.run_reader import RunFileReader
from acquisition.running.lock import FileLock, lock_path


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
    assert "1 of 2 runs" in browser.found.text() and "1 file cannot be read" in browser.found.text()
    assert "broken" in browser.found.toolTip()


def test_words_that_no_run_has_are_said(browser: RunBrowser, qtbot: Any) -> None:
    qtbot.keyClicks(browser.search, "colour:red")
    assert "none of 2 runs has all these words" in browser.found.text() and "tag" in browser.found.text()


def test_no_file_is_read_again_for_a_letter(
    browser: RunBrowser, qtbot: Any, monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    read: list[Path] = []
    monkeypatch.setattr(RunFileReader, "__init__", lambda _, path: read.append(path))
    qtbot.keyClicks(browser.search, "cu7")
    browser.catch_up()
    assert rows(browser, 2) == ["cu7"] and not read
    (runs / "broken.zerobias.sqlite").write_text("no more")
    browser.catch_up()
    assert [path.name for path in read] == ["broken.zerobias.sqlite"]


def test_click_on_a_heading_sorts_and_points_are_numbers(
    browser: RunBrowser, runs: Path, qtbot: Any, tmp_path: Path
) -> None:
    shutil.copy(next(runs.glob("2026-11-02*")), tmp_path / "2026-11-02_002_short.zerobias.sqlite")
    with sqlite3.connect(tmp_path / "2026-11-02_002_short.zerobias.sqlite") as connection:
        connection.execute("DELETE FROM point WHERE seq > 90")
    connection.close()
    shutil.copy(next(runs.glob("2026-11-01*")), tmp_path)
    click_folder(browser, qtbot, tmp_path)
    assert rows(browser, 4) == ["855/855", "90/855"]
    header = browser.list.header()
    assert header is not None
    place = QPoint(header.sectionViewportPosition(4) + 5, header.height() // 2)
    for order in (["90/855", "855/855"], ["855/855", "90/855"]):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert rows(browser, 4) == order


def test_run_that_is_measured_grows_in_the_list(browser: RunBrowser, runs: Path, qtbot: Any, tmp_path: Path) -> None:
    path = Path(shutil.copy(next(runs.glob("2026-11-01*")), tmp_path))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("UPDATE run SET value = '\"running\"' WHERE key = 'state'")
    connection.execute("CREATE TABLE later AS SELECT * FROM point WHERE seq > 100")
    connection.execute("DELETE FROM point WHERE seq > 100")
    connection.commit()
    with FileLock(lock_path(path), "run", WallClock()):
        click_folder(browser, qtbot, tmp_path)
        assert rows(browser, 4) == ["100/855"]
        connection.execute("INSERT INTO point SELECT * FROM later")
        connection.commit()
        qtbot.waitUntil(lambda: rows(browser, 4) == ["855/855"], timeout=10_000)
    connection.close()


def test_folder_that_is_not_there_is_said_and_not_in_a_modal_box(
    browser: RunBrowser, qtbot: Any, tmp_path: Path
) -> None:
    click_folder(browser, qtbot, tmp_path / "none")
    assert browser.found.text().startswith("no runs in") and not rows(browser, 0)


def click_folder(browser: RunBrowser, qtbot: Any, folder: Path) -> None:
    qtbot.mouseClick(browser.folder, Qt.MouseButton.LeftButton)
    dialog = browser.findChild(QFileDialog)
    dialog.findChild(QLineEdit).setText(str(folder))
    dialog.accept()
    qtbot.waitUntil(lambda: str(folder) in browser.found.text(), timeout=5_000)


def rows(browser: RunBrowser, column: int) -> list[str]:
    items = [browser.list.topLevelItem(row) for row in range(browser.list.topLevelItemCount())]
    return [item.text(column) for item in items if item is not None]


def test_two_runs_of_one_contact_are_on_one_curve(browser: RunBrowser, qtbot: Any, tmp_path: Path) -> None:
    assert not browser.compare.isEnabled()
    browser.list.selectAll()
    qtbot.mouseClick(browser.compare, Qt.MouseButton.LeftButton)
    window = browser.findChild(CompareWindow)
    qtbot.waitUntil(lambda: "agree" in window.verdict.text(), timeout=60_000)
    assert "The runs agree with one curve" in window.verdict.text()
    assert "B/B\u2081 = 1.00" in window.verdict.text()
    assert len(window.plot.listDataItems()) == 3
    window.graphics.export(tmp_path / "comparison.csv")
    names = {
        row.rpartition(",")[0].rpartition(",")[0] for row in (tmp_path / "comparison.csv").read_text().splitlines()
    }
    assert {"one curve for all"} < names and len(names) == 4  # that of the columns, too
    window.close()


def test_run_that_cannot_be_compared_is_left_out_and_said(
    browser: RunBrowser, runs: Path, qtbot: Any, choose: Callable[..., None]
) -> None:
    (good,) = runs.glob("2026-11-01*")
    (other,) = runs.glob("2026-11-02*")
    window = CompareWindow([good, runs / "broken.zerobias.sqlite"], browser._palette, browser)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: "fewer than two of these can be fitted" in window.verdict.text(), timeout=60_000)
    assert "broken" in window.verdict.text()
    qtbot.waitUntil(window.more.isEnabled)
    qtbot.mouseClick(window.more, Qt.MouseButton.LeftButton)
    choose(window, other)
    qtbot.waitUntil(lambda: "The runs agree with one curve" in window.verdict.text(), timeout=60_000)
    assert "left out: " in window.verdict.text() and "broken" in window.verdict.text()
    assert len(window.plot.listDataItems()) == 3


def test_comparison_under_way_is_closed_without_waiting(browser: RunBrowser, runs: Path, qtbot: Any) -> None:
    window = CompareWindow(sorted(runs.glob("2026-*")), browser._palette, browser)
    window.show()
    assert not window.close() and not window.isVisible()
    qtbot.waitUntil(lambda: browser.findChild(CompareWindow) is None, timeout=60_000)
