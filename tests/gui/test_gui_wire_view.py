"""The log of the wire as it is shown: whole lines, of all boxes or one, bounded, held still and copied."""

import logging
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication

from acquisition.gui import wire_view
from acquisition.gui.wire_view import WireView
from acquisition.running.wire_log import LOGGER, WireLog, wire_log_path

LEFT = Qt.MouseButton.LeftButton
ASKED = "2026-11-28 19:12:41,170 SR830 at GPIB0::8::INSTR << SNAP?1,2\n"
ANSWERED = "2026-11-28 19:12:41,197 SR830 at GPIB0::8::INSTR >> 1e-9,2e-9\n"
OTHER = "2026-11-28 19:12:41,204 AMI 430 at TCPIP0::ami430::7180::SOCKET << STATE?\n"


@pytest.fixture
def view(qtbot: Any) -> WireView:
    view = WireView()
    qtbot.addWidget(view)
    view.show()
    return view


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.wire.log"


def shown(view: WireView) -> list[str]:
    return view.text.toPlainText().splitlines()


def test_lines_are_shown_short_and_whole(view: WireView, path: Path) -> None:
    view.follow(path)  # there is none yet
    path.write_text(ASKED + ANSWERED[:30])
    view.follow(path)
    assert shown(view) == ["19:12:41,170 SR830 \u2192 SNAP?1,2"]
    path.write_text(ASKED + ANSWERED)
    view.follow(path)
    assert shown(view)[1:] == ["19:12:41,197 SR830 \u2190 1e-9,2e-9"]
    path.write_text(OTHER)  # it had grown long and was begun anew
    view.follow(path)
    assert shown(view)[2:] == ["19:12:41,204 AMI 430 \u2192 STATE?"]


def test_one_box_alone_held_still_and_copied(view: WireView, path: Path, qtbot: Any) -> None:
    path.write_text(ASKED + OTHER)
    view.follow(path)
    view.box.setCurrentText("AMI 430")
    assert shown(view) == ["19:12:41,204 AMI 430 \u2192 STATE?"]
    view.pause.click()
    path.write_text(ASKED + OTHER + OTHER)
    view.follow(path)
    assert len(shown(view)) == 1
    view.pause.click()
    view.follow(path)
    assert len(shown(view)) == 2
    qtbot.mouseClick(view.copy, LEFT)
    clipboard = QApplication.clipboard()
    assert clipboard is not None and clipboard.text().splitlines() == shown(view)
    view.box.setCurrentIndex(0)
    assert len(shown(view)) == 3


def test_long_log_is_kept_in_part_from_a_whole_line_on(
    view: WireView, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_view, "MOST_BYTES", 3 * len(ASKED) - 10)
    path.write_text(100 * ASKED)
    view.follow(path)
    assert shown(view) == 2 * ["19:12:41,170 SR830 \u2192 SNAP?1,2"]


def test_control_characters_of_a_wire_can_be_read(view: WireView, tmp_path: Path) -> None:
    log = WireLog(tmp_path / "run")
    log.switch(True)
    logging.getLogger(LOGGER).debug("%s >> %s", "SR830 at GPIB0::8::INSTR", "1.0\r\n2\x00")
    log.switch(False)
    view.follow(wire_log_path(tmp_path / "run"))
    (line,) = shown(view)
    assert line.endswith(r"SR830 ← 1.0\x0d\x0a2\x00")
