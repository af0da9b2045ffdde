"""The instrument panel on a real bench engine with the simulated rack: read, set, be refused, give back, find again."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialogButtonBox, QMessageBox, QPushButton

from acquisition.checklist import BEFORE
from acquisition.gui import channel_list
from acquisition.gui.bench_panel import REMEMBERED, BenchPanel
from acquisition.gui.channel_list import Channel, ChannelList
from acquisition.gui.checklist_dialog import ChecklistDialog
from acquisition.gui.log_pane import LogPane
from acquisition.gui.panel import Surroundings
from acquisition.gui.rack_field import Where
from acquisition.gui.simulator_panel import SimulatorPanel
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.style import Tone
from acquisition.gui.units import with_unit
from acquisition.gui.window import LabWindow
from acquisition.readings import Event
from acquisition.running.command_file import Action, Quantity
from acquisition.running.lock import lock_path, read_owner
from acquisition.safety import NOT_SAFE

MakeWindow = Callable[..., LabWindow]
LEFT = Qt.MouseButton.LeftButton


def click(qtbot: Any, button: QPushButton) -> None:
    qtbot.mouseClick(button, LEFT)


def said(panel: BenchPanel) -> str:
    return panel.log.toPlainText()


def click_on_channel(qtbot: Any, channels: ChannelList, channel: Channel) -> None:
    rectangle = channels.visualItemRect(channels.item(channel))
    qtbot.mouseClick(channels.viewport(), LEFT, pos=rectangle.center())


def test_rack_is_read_set_and_given_back(make_window: MakeWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    window = make_window()
    panel = window.panel(BenchPanel)
    window.show_panel(panel)
    click(qtbot, panel.take)
    qtbot.waitUntil(lambda: panel._tail is not None and ("magnet", "field_T") in panel._tail.channels, timeout=60_000)
    tail = panel._tail
    assert tail is not None
    assert not panel.take.isEnabled()

    assert "simulated cu1: on the bench since" in panel.owner.text()
    assert panel.give_back.visibleRegion().boundingRect().size() == panel.give_back.size()  # not scrolled away

    for text, note in (
        ("12", "field H: allowed is -9 to 9 T"),
        ("-9.01", "field H: allowed is -9 to 9 T"),
        ("nan", "field H: allowed is -9 to 9 T"),
        ("0,5", "field H: '0,5' is no number, such as 0.5"),
        ("", "field H: a number, please"),
    ):
        panel.form.lines[Quantity.FIELD_T].setText(text)
        click(qtbot, panel.form.buttons[Quantity.FIELD_T])
        assert panel.form.notes[Quantity.FIELD_T].text() == note
        assert panel.form.notes[Quantity.FIELD_T].isVisible()
    panel.form.lines[Quantity.BIAS_V].setText("0.5")
    click(qtbot, panel.form.buttons[Quantity.BIAS_V])
    qtbot.waitUntil(lambda: "refused: set" in said(panel), timeout=20_000)
    click(qtbot, panel.actions_[Action.SET_UP])
    qtbot.keyClick(panel.form.lines[Quantity.BIAS_V], Qt.Key.Key_Return)
    assert "bias V: sent" in panel.state.text()
    for quantity, text in (
        (Quantity.EXCITATION_Vrms, "20"),
        (Quantity.SENSITIVITY_V, "1"),
        (Quantity.TEMPERATURE_K, "3"),
        (Quantity.FIELD_T, "9"),
        (Quantity.FIELD_T, "-9"),  # takes the place of the ramp that is on its way
    ):
        panel.form.lines[quantity].setText(text)
        click(qtbot, panel.form.buttons[quantity])
    for action in (Action.HOLD_FIELD, Action.HEATER_OFF, Action.CONNECT):
        click(qtbot, panel.actions_[action])
    qtbot.waitUntil(lambda: "connect: 4 of 4 boxes connected" in said(panel), timeout=20_000)
    assert [line.split("  ", 1)[1].strip() for line in said(panel).splitlines()][-9:-1] == [
        "set: bias 0.5 mV, source at 54.8 uA",
        "set: excitation 19.85 uV rms, oscillator at 0.218 V",
        "set: lock-in full scale 0.001 V",
        "set: temperature going to 3 K at 0.1 K/min",
        "set: field going to 9 T at 0.2 T/min",
        "set: field going to -9 T at 0.2 T/min",
        "hold-field: field held where it is",
        "heater-off: heater off",
    ]
    panel.pages.setCurrentWidget(panel.wire)
    panel.wire.listen.click()
    qtbot.waitUntil(lambda: "SR830 \u2192 SNAP?" in panel.wire.text.toPlainText(), timeout=20_000)
    panel.pages.setCurrentWidget(panel.graphics)
    channels = panel.channels
    click_on_channel(qtbot, channels, ("magnet", "field_T"))
    qtbot.waitUntil(lambda: panel._curve.xData is not None and len(panel._curve.xData) > 1, timeout=20_000)
    assert panel._plot.getAxis("left").labelText == "magnet: field (T)"
    assert channels.age(("magnet", "field_T")) in ("0 s", "1 s", "2 s", "3 s")

    simulator = window.panel(SimulatorPanel)  # for the bench, too, as long as no run goes on
    window.show_panel(simulator)
    assert simulator.steered.title() == "Bench"
    click(qtbot, simulator.faults["overload"])
    qtbot.waitUntil(lambda: "fault: overload" in simulator.answer.text(), timeout=20_000)

    cells = window.strip.cells  # the strip stands for the bench, too
    qtbot.waitUntil(lambda: cells["overload"].text() == "YES", timeout=20_000)
    assert cells["run"].text() == "none, rack on the bench"
    assert cells["engine"].text() == "alive"
    assert cells["H"].text().startswith("0.0000 T, ")
    assert cells["T"].text().partition(" K")[1] == " K"
    assert cells["bias"].text().endswith("\u00b5A")
    assert cells["lock-in X"].text().endswith("\u00b5V")
    assert cells["done"].text() == "-"
    qtbot.keyClick(simulator.dial, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: "speed: 1.3 x real time" in simulator.answer.text(), timeout=20_000)

    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_F12)  # no run goes on: the bench is meant
    qtbot.waitUntil(lambda: "idle-safe: Keithley 2400" in said(panel), timeout=20_000)
    assert panel.is_taken

    again = make_window().panel(BenchPanel)  # a second window finds the same bench
    assert again._tail is not None and again._tail.path == tail.path
    assert again.wire.listen.isChecked()
    click(qtbot, panel.give_back)
    qtbot.waitUntil(panel.take.isEnabled, timeout=20_000)
    assert "safe-state: idle-safe: Keithley 2400" in said(panel)
    assert "Close the grounding switch" in panel.state.text()
    qtbot.waitUntil(lambda: cells["run"].text() == "no run", timeout=5_000)
    assert not simulator.dial.isEnabled()
    assert not window.bar.abort.isEnabled()
    monkeypatch.setattr(channel_list, "STALE_S", 0.0)
    panel.look()
    assert channels.age(("magnet", "field_T")).startswith("stale")


def test_dead_bench_is_told_and_one_that_is_left_is_asked_about(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    panel = window.panel(BenchPanel)
    window.show_panel(panel)
    click(qtbot, panel.take)
    qtbot.waitUntil(lambda: panel.is_taken, timeout=60_000)
    for answer in ("Cancel", "Leave it taken and close"):
        if answer == "Cancel":
            handle = window.windowHandle()
            assert handle is not None
            handle.close()  # as the button of the window's frame does
        else:
            window.activateWindow()
            qtbot.waitUntil(window.isActiveWindow, timeout=5_000)
            qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
        box = panel.findChild(QMessageBox, "bench question")
        assert not box.isModal()
        (button,) = [one for one in box.findChildren(QPushButton) if answer in one.text()]
        click(qtbot, button)
        qtbot.waitUntil(lambda: panel.findChild(QMessageBox, "bench question") is None, timeout=5_000)
        assert window.isVisible() == (answer == "Cancel")

    window._around.settings.remove(REMEMBERED)  # as if the window had died before it could remember
    other = make_window()
    found = other.panel(BenchPanel)
    assert found.is_taken and found._tail is not None
    owner = read_owner(lock_path(found._tail.path))
    assert owner is not None
    os.kill(owner.pid, signal.SIGKILL)
    qtbot.waitUntil(found.take.isEnabled, timeout=20_000)
    assert "the bench engine died, the simulated rack with it" in found.state.text()
    assert "the bench engine died" in other.panel(LogPane).lines.toPlainText()


def test_bench_that_cannot_be_taken_is_said(make_window: MakeWindow, qtbot: Any, tmp_path: Path) -> None:
    window = make_window()
    panel = window.panel(BenchPanel)
    panel.rack.choose(Where.STATION)
    with qtbot.waitSignal(panel.failed, timeout=1_000) as failure:
        click(qtbot, panel.take)
    assert "no station file is chosen" in str(failure.args[0])
    start = window.panel(StartPanel)
    start.rack.choose(Where.STATION)
    assert "no station file is chosen" in start.forecast.text()
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


def test_box_that_is_not_safe_is_told_beside_the_run_too(make_window: MakeWindow) -> None:
    window = make_window()
    window.panel(BenchPanel)._show_event(Event(1.0, "guard", f"{NOT_SAFE}AMI 430: no answer"))
    assert "see to it by hand: AMI 430" in window.panel(LogPane).lines.toPlainText()


def test_boxes_say_in_words_and_colour_what_is_wrong(surroundings: Callable[..., Surroundings], qtbot: Any) -> None:
    around = surroundings()
    channels = ChannelList(around.palette, around.wall)
    qtbot.addWidget(channels)
    tones = around.palette.tones
    expected = {
        "source meter": ("not connected: silent", tones[Tone.BAD]),
        "lock-in": ("input overload, output overload", tones[Tone.WARNING]),
        "temperature controller": ("ok", around.palette.foreground),
        "magnet": ("quench", tones[Tone.BAD]),
    }
    channels.show_words({role: word for role, (word, _) in expected.items()})
    for place, (role, (word, colour)) in enumerate(expected.items()):
        line = channels.topLevelItem(place)
        assert line is not None and line.text(0) == f"{role}: {word}"
        assert line.foreground(0).color().name() == colour


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
