"""The editor: forms from the models, errors at their fields, dry run, and files that keep their comments."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QCheckBox, QComboBox, QLineEdit, QMessageBox, QPushButton

from acquisition.gui.editor import Editor, location_of
from acquisition.gui.panel import Surroundings
from acquisition.gui.start_panel import StartPanel
from acquisition.recipe import load_recipe
from acquisition.station_file import load_station
from acquisition.toml_document import TomlDocument
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
        editor.document = TomlDocument("", "nothing to save")
        editor._saved_text = ""
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
    assert editor.verdict.text() == "2 fields are wrong"
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
    path = editor._path
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
    editor.save.trigger()
    assert editor._path is not None
    station = load_station(editor._path)
    assert station.voltmeter is not None and station.voltmeter.address == "GPIB0::7::INSTR"
    assert station.stage[1].has_contact
    assert station.temperature.approach[0].minutes == 4
    assert "# ! one fixed range" in editor._path.read_text()


def test_changes_are_not_lost_without_asking(open_editor: Callable[[str], Editor], qtbot: Any) -> None:
    editor = open_editor("quick.toml")
    path = editor._path
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


def test_another_file_is_opened_and_a_bad_one_refused(
    open_editor: Callable[[str], Editor], choose: Callable[..., None], tmp_path: Path
) -> None:
    editor = open_editor("quick.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("a = = 1")
    editor.open.trigger()
    choose(editor, bad)
    assert "bad.toml: this is not valid TOML" in editor.verdict.text()
    editor.open.trigger()
    choose(editor, EXAMPLES / "cu1.toml")
    editor.save_as.trigger()
    choose(editor, tmp_path / "mine.toml")
    assert (tmp_path / "mine.toml").read_text() == (EXAMPLES / "cu1.toml").read_text()


def test_places_are_read_as_messages_write_them() -> None:
    assert location_of("series[1].fields_T[2]") == ("series", 1, "fields_T", 2)
    assert location_of("bias.points") == ("bias", "points")
