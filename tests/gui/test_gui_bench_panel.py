"""The instrument panel on a real bench engine with the simulated rack: read, set, be refused, give back, find again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialogButtonBox, QPushButton

from acquisition.checklist import BEFORE
from acquisition.gui.bench_panel import BenchPanel
from acquisition.gui.checklist_dialog import ChecklistDialog
from acquisition.gui.rack_field import Where
from acquisition.gui.simulator_panel import SimulatorPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.units import with_unit
from acquisition.gui.window import LabWindow
from acquisition.running.command_file import Action, Quantity

MakeWindow = Callable[..., LabWindow]
LEFT = Qt.MouseButton.LeftButton


def click(qtbot: Any, button: QPushButton) -> None:
    qtbot.mouseClick(button, LEFT)


def said(panel: BenchPanel) -> str:
    return panel.log.toPlainText()


def test_rack_is_read_set_and_given_back(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    panel = window.panel(BenchPanel)
    window.show_panel(panel)
    click(qtbot, panel.take)
    qtbot.waitUntil(lambda: panel._tail is not None and ("magnet", "field_T") in panel._tail.channels, timeout=60_000)
    tail = panel._tail
    assert tail is not None
    assert not panel.take.isEnabled()

    panel.form.lines[Quantity.FIELD_T].setText("12")
    click(qtbot, panel.form.buttons[Quantity.FIELD_T])
    assert panel.form.notes[Quantity.FIELD_T].text() == "field H: allowed is -9 to 9 T"
    panel.form.lines[Quantity.BIAS_V].setText("0.5")
    click(qtbot, panel.form.buttons[Quantity.BIAS_V])
    qtbot.waitUntil(lambda: "refused: set" in said(panel), timeout=20_000)
    click(qtbot, panel.actions_[Action.SET_UP])
    qtbot.keyClick(panel.form.lines[Quantity.BIAS_V], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "set: bias 0.5 mV" in said(panel), timeout=20_000)
    panel.listen.click()
    qtbot.waitUntil(lambda: "<<" in panel.wire.toPlainText(), timeout=20_000)

    simulator = window.panel(SimulatorPanel)  # for the bench, too, as long as no run goes on
    window.show_panel(simulator)
    assert simulator.steered.title() == "Bench"
    click(qtbot, simulator.faults["overload"])
    qtbot.waitUntil(lambda: "fault: overload" in simulator.answer.text(), timeout=20_000)
    qtbot.keyClick(simulator.dial, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: "speed: 1.3 x real time" in simulator.answer.text(), timeout=20_000)

    again = make_window().panel(BenchPanel)  # a second window finds the same bench
    assert again._tail is not None and again._tail.path == tail.path
    click(qtbot, panel.give_back)
    qtbot.waitUntil(panel.take.isEnabled, timeout=20_000)
    assert "safe-state: idle-safe: Keithley 2400" in said(panel)
    assert "Close the grounding switch" in panel.state.text()
    assert not simulator.dial.isEnabled()


def test_bench_that_cannot_be_taken_is_said(make_window: MakeWindow, qtbot: Any, tmp_path: Path) -> None:
    window = make_window()
    panel = window.panel(BenchPanel)
    panel.rack.choose(Where.STATION)
    panel.rack.station_file.set_path(tmp_path / "absent.toml")
    with qtbot.waitSignal(panel.failed, timeout=60_000) as failure:
        click(qtbot, panel.take)
    assert "absent.toml: no such file" in str(failure.args[0])
    assert panel.take.isEnabled()


def test_run_on_a_real_rack_starts_once_every_line_of_the_checklist_is_ticked(
    make_window: MakeWindow, qtbot: Any
) -> None:
    panel = make_window().panel(StartPanel)
    panel.rack.choose(Where.STATION)
    panel.rack.station_file.set_path(Path(__file__).parents[2] / "examples" / "station.toml")
    chosen: list[object] = []
    panel.run_chosen.disconnect()
    panel.run_chosen.connect(chosen.append)
    click(qtbot, panel.start)
    dialog = panel.findChild(ChecklistDialog)
    okay = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert okay is not None
    for box in dialog.boxes:
        assert not okay.isEnabled()
        box.click()
    assert dialog.confirmed == [item.name for item in BEFORE]
    assert not chosen
    click(qtbot, okay)
    assert len(chosen) == 1


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("x_V", 1.2e-6, "1.2 \u00b5V"),
        ("temperature_K", 0.1, "0.1 K"),
        ("conductance_S", 3.874045865e-5, "1 e\u00b2/h"),
        ("heater_fraction", 0.25, "25 %"),
        ("field_T", 0.0, "0 T"),
    ],
)
def test_numbers_carry_their_units(name: str, value: float, text: str) -> None:
    assert with_unit(name, value) == text
