"""The editor: forms from the models, errors at their fields, dry run, and files that keep their comments."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLineEdit, QMessageBox, QPushButton

from acquisition.gui.editor import Editor, location_of
from acquisition.gui.panel import Surroundings
from acquisition.gui.start_panel import StartPanel
from acquisition.gui.style import Tone
from acquisition.gui.window import LabWindow
from acquisition.recipe import load_recipe
from acquisition.station_file import load_station
from acquisition.toml_model import Location

EXAMPLES = Path(__file__).parents[2] / "examples"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def open_editor(
    surroundings: Callable[..., Surroundings], qtbot: Any, tmp_path: Path
) -> Iterator[Callable[[str], Editor]]:
    """Open the editor by its button, on a copy of an example."""

    panel = StartPanel(surroundings())
    qtbot.addWidget(panel)

    def open_on(name: str, sample: str = "cu1") -> Editor:
        panel.rack.sample.setCurrentText(sample)
        path = Path(shutil.copy(EXAMPLES / name, tmp_path / name))
        is_station = name == "station.toml"
        (panel.rack.station_file if is_station else panel.recipe).set_path(path)
        qtbot.mouseClick(panel.edit_station if is_station else panel.edit_recipe, LEFT)
        return panel.findChild(Editor)

    yield open_on
    for editor in panel.findChildren(Editor):
        editor._saved_text = editor.text.toPlainText()
        editor.close()


def type_into(qtbot: Any, editor: Editor, place: Location, text: str) -> None:
    assert editor.form is not None
    line = editor.form.lines[place].editor
    assert isinstance(line, QLineEdit)
    line.clear()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    editor.check()  # the timer would, a moment later


def problem(editor: Editor, place: Location) -> str:
    assert editor.form is not None
    return editor.form.lines[place].problem.text()


def press(qtbot: Any, editor: Editor, caption: str) -> None:
    assert editor.form is not None
    (button,) = [one for one in editor.form.findChildren(QPushButton) if one.text() == caption]
    qtbot.mouseClick(button, LEFT)


def test_recipe_is_shown_with_grid_dry_run_and_budget(open_editor: Callable[..., Editor]) -> None:
    editor = open_editor("quick.toml", "cu2")
    assert editor.rack.simulated == "cu2"  # as chosen on the first page
    bias_mV = np.asarray(editor.preview._steps.getData()[0])
    assert len(bias_mV) == 80 and np.abs(bias_mV).max() == pytest.approx(0.7)
    assert "855 points on 5 isotherms" in editor.verdict.text()
    assert (editor.preview.steps.topLevelItemCount(), editor.preview.budget.topLevelItemCount()) == (5, 5)


def test_wrong_fields_say_so_beside_themselves(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    editor = open_editor("quick.toml")
    type_into(qtbot, editor, ("bias", "points"), "80")
    type_into(qtbot, editor, ("series", 0, "temperatures_K"), "1.4, -2")
    assert "write 79 or 81" in problem(editor, ("bias", "points"))
    assert "more than 0 in kelvin" in problem(editor, ("series", 0, "temperatures_K"))
    assert not problem(editor, ("bias", "maximum_V"))
    assert editor.verdict.text().startswith("2 fields are wrong; series[0].temperatures_K[1]: got -2")
    type_into(qtbot, editor, ("bias", "points"), "81")
    type_into(qtbot, editor, ("series", 0, "temperatures_K"), "1.4, 0.2")
    assert not problem(editor, ("bias", "points"))
    assert "on 2 isotherms" in editor.verdict.text()


def test_limit_of_the_station_is_told_at_the_field_that_breaks_it(
    open_editor: Callable[[str], Editor], qtbot: Any
) -> None:
    editor = open_editor("quick.toml")
    type_into(qtbot, editor, ("series", 0, "temperatures_K"), "1.4, 40")
    assert "40" in problem(editor, ("series", 0, "temperatures_K"))
    assert "10 K" in problem(editor, ("series", 0, "temperatures_K"))


def test_saved_recipe_keeps_its_comments_and_is_what_the_start_panel_runs(
    open_editor: Callable[[str], Editor], qtbot: Any
) -> None:
    editor = open_editor("quick.toml")
    path = editor.path
    assert path is not None
    type_into(qtbot, editor, ("bias", "maximum_V"), "0.6e-3")
    press(qtbot, editor, "Add [[series]]")
    type_into(qtbot, editor, ("series", 1, "temperatures_K"), "0.1")
    type_into(qtbot, editor, ("series", 1, "fields_T"), "1, 2")
    type_into(qtbot, editor, ("anchors", "every_points"), "30")
    assert editor.windowTitle().startswith("* quick.toml")
    editor.save.trigger()
    recipe = load_recipe(path)
    assert recipe.bias.maximum_V == 0.6e-3
    assert recipe.series[1].fields_T == (1.0, 2.0)
    assert recipe.anchors.every_points == 30
    assert path.read_text().startswith("# Five isotherms and 81 bias values, for a first try:")
    assert "7 isotherms" in editor.parent().forecast.text()  # type: ignore[attr-defined]  # the start panel


def test_tables_are_taken_out_and_choices_chosen(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    editor = open_editor("cu1.toml")
    press(qtbot, editor, "Take series 1 out")
    assert editor.form is not None
    combo = editor.form.lines["bias", "spacing"].editor
    assert isinstance(combo, QComboBox)
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_U)  # as typing does: the choice that begins so
    combo.activated.emit(combo.currentIndex())
    assert editor.document.data()["bias"]["spacing"] == "uniform"
    assert len(editor.document.data()["series"]) == 1


def test_station_is_edited_with_its_lists_switches_and_optional_box(
    open_editor: Callable[[str], Editor], qtbot: Any
) -> None:
    editor = open_editor("station.toml")
    assert editor.verdict.text() == "a good station file"
    press(qtbot, editor, "Add [voltmeter]")
    assert "is missing" in problem(editor, ("voltmeter", "address"))
    assert editor.form is not None
    model = editor.form.lines["voltmeter", "model"].editor
    assert isinstance(model, QComboBox)
    model.setCurrentIndex(0)
    model.activated.emit(0)
    type_into(qtbot, editor, ("voltmeter", "address"), "GPIB0::7::INSTR")
    switch = editor.form.lines["stage", 1, "has_contact"].editor
    assert isinstance(switch, QCheckBox)
    switch.click()
    type_into(qtbot, editor, ("temperature", "approach", 0, "minutes"), "4")
    start = editor.parent()
    assert isinstance(start, StartPanel) and start.rack.station is None
    editor.save.trigger()
    assert start.rack.station == editor.path and start.rack.simulated == "cu1"  # a rehearsal, no box is touched
    assert editor.path is not None
    station = load_station(editor.path)
    assert station.voltmeter is not None and station.voltmeter.address == "GPIB0::7::INSTR"
    assert station.stage[1].has_contact
    assert station.temperature.approach[0].minutes == 4
    assert "# ! one fixed range" in editor.path.read_text()


def test_changes_are_not_lost_without_asking(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    editor = open_editor("quick.toml")
    path = editor.path
    assert path is not None
    type_into(qtbot, editor, ("run", "note"), "hm")
    for answer in (QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Save):
        assert not editor.close()
        box = editor.findChild(QMessageBox, "save question")
        assert box is not None and not box.isModal()
        qtbot.mouseClick(box.button(answer), Qt.MouseButton.LeftButton)
        if answer == QMessageBox.StandardButton.Cancel:
            qtbot.waitUntil(lambda: editor.findChild(QMessageBox, "save question") is None, timeout=5_000)
            assert editor.isVisible()
    assert load_recipe(path).run.note == "hm"


def test_another_file_is_opened_and_saved_under_another_name(
    open_editor: Callable[[str], Editor], choose: Callable[..., None], tmp_path: Path
) -> None:
    editor = open_editor("quick.toml")
    editor.open.trigger()
    choose(editor, tmp_path / "none.toml")
    assert "none.toml: cannot be read" in editor.verdict.text()
    editor.open.trigger()
    choose(editor, EXAMPLES / "cu1.toml")
    editor.save_as.trigger()
    choose(editor, tmp_path / "mine.toml")
    assert (tmp_path / "mine.toml").read_text() == (EXAMPLES / "cu1.toml").read_text()


def test_file_that_is_no_toml_is_mended_as_text(
    open_editor: Callable[[str], Editor], qtbot: Any, tmp_path: Path
) -> None:
    editor = open_editor("quick.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("[run]\nname = 'x'\n[bias\n")
    editor.load(bad)
    assert editor.text.isVisible() and not editor.area.isVisible()
    assert editor.text.textCursor().selectedText() == "[bias" and "line 3" in editor.verdict.text()
    qtbot.keyClick(editor.text, Qt.Key.Key_End)
    qtbot.keyClicks(editor.text, " ]x")
    editor.save.trigger()
    assert "not saved: bad.toml: this is not valid TOML" in editor.verdict.text()
    assert bad.read_text().endswith("[bias\n")
    qtbot.keyClick(editor.text, Qt.Key.Key_Backspace)
    qtbot.waitUntil(editor.area.isVisible, timeout=5_000)
    assert "is missing" in problem(editor, ("bias", "points"))
    editor.save.trigger()
    assert bad.read_text().endswith("[bias ]\n")


def test_key_that_the_form_does_not_know_is_told_below_and_taken_out_as_text(
    open_editor: Callable[[str], Editor], qtbot: Any
) -> None:
    editor = open_editor("quick.toml")
    editor.preview.setCurrentWidget(editor.text)
    qtbot.keyClicks(editor.text, "colour = 'red'")
    qtbot.keyClick(editor.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "1 field is wrong; colour: unknown key" in editor.verdict.text(), timeout=5_000)
    for _ in range(15):
        qtbot.keyClick(editor.text, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: "855 points" in editor.verdict.text(), timeout=5_000)
    assert not editor.is_changed


def test_new_recipe_is_begun_told_what_it_wants_and_asked_for_before_it_is_lost(
    open_editor: Callable[[str], Editor], qtbot: Any, tmp_path: Path
) -> None:
    start = open_editor("quick.toml").parent()
    assert isinstance(start, StartPanel)
    qtbot.mouseClick(start.new_recipe, LEFT)
    editor = start.findChildren(Editor)[-1]
    assert editor.verdict.text().startswith("1 field is wrong; run.sample: is missing")
    assert not editor.is_changed
    assert editor.form is not None
    line = editor.form.lines["run", "sample"].editor
    qtbot.keyClicks(line, "Cu 7b")  # and no Enter: the field is not left
    assert not editor.close() and not start.close_editors()
    box = editor.findChild(QMessageBox, "save question")
    qtbot.mouseClick(box.button(QMessageBox.StandardButton.Save), LEFT)
    dialog = editor.findChild(QFileDialog)
    dialog.findChild(QLineEdit).setText(str(tmp_path / "mine.toml"))
    dialog.accept()
    assert load_recipe(tmp_path / "mine.toml").run.sample == "Cu 7b"
    assert start.recipe.path == tmp_path / "mine.toml"
    assert not editor.isVisible()


def test_field_that_is_still_being_typed_is_saved_too(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    editor = open_editor("quick.toml")
    assert editor.form is not None and editor.path is not None
    qtbot.keyClicks(editor.form.lines["run", "note"].editor, "typed")
    editor.save.trigger()
    assert load_recipe(editor.path).run.note == "typed"


def test_file_that_somebody_else_has_changed_is_not_overwritten_unasked(
    open_editor: Callable[[str], Editor], qtbot: Any
) -> None:
    editor = open_editor("quick.toml")
    path = editor.path
    assert path is not None
    path.write_text(f"{path.read_text()}# theirs\n")
    type_into(qtbot, editor, ("run", "note"), "ours")
    editor.save.trigger()
    assert path.read_text().endswith("# theirs\n")
    box = editor.findChild(QMessageBox, "overwrite question")
    assert not box.isModal() and "changed by somebody else" in box.text()
    qtbot.mouseClick(box.button(QMessageBox.StandardButton.Save), LEFT)
    assert load_recipe(path).run.note == "ours"


def test_what_was_taken_out_is_brought_back(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    editor = open_editor("cu1.toml")
    assert not editor.undo.isEnabled() and not editor.redo.isEnabled()
    press(qtbot, editor, "Take series 1 out")
    type_into(qtbot, editor, ("bias", "points"), "201")
    editor.undo.trigger()
    assert editor.document.data()["bias"]["points"] == 401
    editor.undo.trigger()
    assert len(editor.document.data()["series"]) == 2 and not editor.is_changed
    assert not editor.undo.isEnabled()
    editor.redo.trigger()
    assert len(editor.document.data()["series"]) == 1
    assert editor.form is not None and ("series", 1, "fields_T") not in editor.form.lines


def test_other_rack_has_other_limits_and_the_first_page_says_when_a_run_on_it_ends(
    open_editor: Callable[[str], Editor], qtbot: Any, choose: Callable[..., None], tmp_path: Path
) -> None:
    editor = open_editor("quick.toml")
    start = editor.parent()
    assert isinstance(start, StartPanel) and start.forecast.text().endswith("of experiment time")
    small = tmp_path / "small.toml"
    text = (EXAMPLES / "station.toml").read_text()
    small.write_text(re.sub(r"minimum_K = \S+", "minimum_K = 0.3", text, count=1))
    for rack in (editor.rack, start.rack):
        rack.where.setFocus()
        qtbot.keyClick(rack.where, Qt.Key.Key_Down)
        browse = rack.station_file.findChild(QPushButton)
        qtbot.mouseClick(browse, LEFT)
        choose(rack.station_file, small)
    assert "allows temperature 0.3 to" in problem(editor, ("series", 0, "temperatures_K"))
    assert "0.3 to" in start.forecast.text() and not start.start.isEnabled()
    type_into(qtbot, editor, ("series", 0, "temperatures_K"), "4, 0.4, 4, 0.4")
    editor.save.trigger()
    assert "; started now it ends " in start.forecast.text() and start.start.isEnabled()
    assert "changes its regime" in start.notes.text()


def test_toolbar_begins_a_new_file_once_the_old_one_is_saved(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    editor = open_editor("station.toml")
    path = editor.path
    assert path is not None
    type_into(qtbot, editor, ("station", "name"), "ours")
    editor.new.trigger()
    box = editor.findChild(QMessageBox, "save question")
    qtbot.mouseClick(box.button(QMessageBox.StandardButton.Save), LEFT)
    assert load_station(path).station.name == "ours"
    assert editor.path is None and editor.windowTitle() == "new station - Zerobias"
    assert "7 fields are wrong" in editor.verdict.text()


@pytest.mark.parametrize(
    ("text", "where"),
    [("series = 'abc'", "series"), ("[series]\ntemperatures_K = [1]", "series"), ("run = 3", "run.note")],
)
def test_file_of_another_make_is_said_to_be_and_left_as_it_is(
    open_editor: Callable[[str], Editor], qtbot: Any, tmp_path: Path, text: str, where: str
) -> None:
    editor = open_editor("quick.toml")
    odd = tmp_path / "odd.toml"
    odd.write_text(text)
    editor.load(odd)
    if where == "series":
        press(qtbot, editor, "Add [[series]]")
    else:
        assert editor.form is not None
        qtbot.keyClicks(editor.form.lines["run", "note"].editor, "hm")
        editor.form.take_typed()
    assert editor.verdict.text().startswith(f"{where}: the file has something of another kind there")
    assert editor.text.isVisible() and not editor.is_changed


def test_second_click_comes_back_to_the_editor_of_a_file(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    start = open_editor("quick.toml").parent()
    assert isinstance(start, StartPanel)
    qtbot.mouseClick(start.edit_recipe, LEFT)
    assert len(start.findChildren(Editor)) == 1


def test_window_is_not_closed_over_unsaved_changes(make_window: Callable[..., LabWindow], qtbot: Any) -> None:
    window = make_window()
    qtbot.mouseClick(window.panel(StartPanel).new_recipe, LEFT)
    (editor,) = window.panel(StartPanel).findChildren(Editor)
    type_into(qtbot, editor, ("run", "sample"), "Cu 7b")
    assert not window.close() and window.isVisible()
    box = editor.findChild(QMessageBox, "save question")
    qtbot.mouseClick(box.button(QMessageBox.StandardButton.Discard), LEFT)
    assert window.close()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("NaN", "got 'NaN', expected a number in kelvin"),
        ("1e400", "got inf, expected a finite number in kelvin"),
        ("", "is missing; expected temperatures in kelvin"),
        ("4.2 1.4", "got '4.2 1.4', expected a number in kelvin"),
        ("4.2, 1.4 K", "got '1.4 K', expected a number in kelvin"),
        ("[4.2", "got '[4.2', expected a list"),
    ],
)
def test_temperatures_mistyped_are_told_one_by_one(
    open_editor: Callable[[str], Editor], qtbot: Any, text: str, complaint: str
) -> None:
    editor = open_editor("quick.toml")
    type_into(qtbot, editor, ("series", 0, "temperatures_K"), text)
    assert problem(editor, ("series", 0, "temperatures_K")).startswith(complaint)


def test_notes_are_counted_on_the_tab_and_too_much_heat_is_marked(
    open_editor: Callable[[str], Editor], qtbot: Any
) -> None:
    editor = open_editor("quick.toml")
    tab = editor.preview.indexOf(editor.preview.dry_run)
    assert editor.preview.tabText(tab) == "Dry run"
    type_into(qtbot, editor, ("series", 0, "temperatures_K"), "0.02")
    type_into(qtbot, editor, ("bias", "maximum_V"), "4.9e-3")
    assert editor.preview.tabText(tab) == "Dry run (3 notes)"
    row = editor.preview.budget.topLevelItem(0)
    assert row is not None
    assert row.foreground(7).color().name() == editor._around.palette.tones[Tone.WARNING]


def test_places_are_read_as_messages_write_them() -> None:
    assert location_of("series[1].fields_T[2]") == ("series", 1, "fields_T", 2)
    assert location_of("bias.points") == ("bias", "points")
