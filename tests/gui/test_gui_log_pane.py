"""The log: dated, searched, and standing still under the eyes of whoever has scrolled up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acquisition.gui.log_pane import LogPane
from acquisition.gui.window import LabWindow
from acquisition.readings import Event
from acquisition.run_reader import RunFileReader

MakeWindow = Callable[..., LabWindow]


def happened(first: int, last: int) -> tuple[Event, ...]:
    """Events of which every seventh is an interlock, one a minute."""
    return tuple(
        Event(60.0 * place, "settled" if place % 7 else "interlock", f"line {place}", "2026-11-28T19:30:00+00:00")
        for place in range(first, last)
    )


@pytest.fixture
def log(make_window: MakeWindow, qtbot: Any) -> LogPane:
    """The log in sight, with more lines than it can show."""
    window = make_window()
    pane = window.panel(LogPane)
    window.show_panel(pane)
    pane.show_events(happened(0, 100))
    qtbot.waitUntil(lambda: pane.bar.maximum() > 50, timeout=5_000)
    return pane


def test_newest_line_stays_in_sight_unless_the_reader_has_scrolled_up(log: LogPane) -> None:
    assert log.bar.value() == log.bar.maximum()
    log.bar.setValue(20)
    top = log.lines.firstVisibleBlock().text()
    log.show_events(happened(100, 120))
    assert (log.bar.value(), log.lines.firstVisibleBlock().text()) == (20, top)
    log.bar.setValue(log.bar.maximum())
    log.show_events(happened(120, 140))
    assert log.bar.value() == log.bar.maximum()


def test_only_lines_with_the_words_are_shown_old_and_new(log: LogPane, qtbot: Any) -> None:
    qtbot.keyClicks(log.search, "line INTERLOCK")
    assert len(log.lines.toPlainText().splitlines()) == 15
    log.show_events(happened(100, 120))
    found = log.lines.toPlainText().splitlines()
    assert found[-1].endswith("interlock: line 119")
    assert len(found) == 18
    log.search.clear()
    assert len(log.lines.toPlainText().splitlines()) == 1 + 120


def test_lines_have_the_time_on_the_wall_and_the_day(log: LogPane, finished_run: Path) -> None:
    first, second = log.lines.toPlainText().splitlines()[:2]
    assert first == "Saturday 28 November 2026"
    assert second.split() == ["19:30:00", "0", "s", "interlock:", "line", "0"]
    with RunFileReader(finished_run) as reader:
        assert all(event.wall_time[:4].isdigit() for event in reader.events())
