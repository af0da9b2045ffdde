"""A file edited field by field keeps its comments and all that was not touched."""

from pathlib import Path

import pytest

from acquisition.errors import InputError
from acquisition.recipe import Recipe, load_recipe
from acquisition.station_file import Station
from acquisition.toml_document import TomlDocument, parsed

ROOT = Path(__file__).parents[2]
TEXT = """# why this run
[run]
name = "quick"  # short
sample = "cu1"

[[series]]  # down
temperatures_K = [1.4, 0.75]

[bias]
maximum_V = 0.7e-3  # well below the contact's limit
points = 81
"""


def test_changed_field_keeps_its_comment_and_its_neighbours() -> None:
    document = TomlDocument(TEXT, "t")
    document.put(("bias", "maximum_V"), parsed("0.5e-3", is_list=False))
    assert document.text == TEXT.replace("0.7e-3", "0.5e-3")


def test_what_is_set_to_what_it_was_changes_no_letter() -> None:
    document = TomlDocument(TEXT, "t")
    document.put(("bias", "maximum_V"), parsed("0.0007", is_list=False))
    assert document.text == TEXT


def test_new_field_makes_its_table_and_taking_it_out_leaves_the_rest() -> None:
    document = TomlDocument(TEXT, "t")
    document.put(("anchors", "every_points"), 30)
    assert document.data()["anchors"] == {"every_points": 30}
    document.put(("anchors", "every_points"), None)
    assert document.data()["anchors"] == {}
    assert document.text.startswith(TEXT)


def test_tables_of_a_list_come_and_go() -> None:
    document = TomlDocument(TEXT, "t")
    document.add_table(("series",))
    document.put(("series", 1, "temperatures_K"), parsed("4.2, 1", is_list=True))
    assert document.get(("series", 1, "temperatures_K")) == [4.2, 1]
    document.remove_table(("series", 0))
    assert document.data()["series"] == [{"temperatures_K": [4.2, 1]}]
    assert "# why this run" in document.text


def test_inline_tables_of_a_list_come_and_go_too() -> None:
    document = TomlDocument((ROOT / "examples" / "station.toml").read_text(), "station")
    document.add_table(("temperature", "approach"))
    document.put(("temperature", "approach", 4, "above_K"), 2.0)
    document.put(("temperature", "approach", 4, "minutes"), 1)
    document.remove_table(("temperature", "approach", 0))
    station = Station.from_dict(document.data(), "edited")
    assert [entry.above_K for entry in station.temperature.approach] == [0.9, 0.2, 0.0, 2.0]


def test_saved_file_is_the_recipe_that_was_edited(tmp_path: Path) -> None:
    document = TomlDocument(TEXT, "t")
    document.put(("run", "note"), "after the annealing")
    document.save(tmp_path / "mine.toml")
    assert load_recipe(tmp_path / "mine.toml").run.note == "after the annealing"


def test_text_that_is_no_toml_is_refused() -> None:
    with pytest.raises(InputError, match=r"bad\.toml: this is not valid TOML"):
        TomlDocument("a = = 1", "bad.toml")


@pytest.mark.parametrize(("text", "value"), [("1e-3", 1e-3), ("81", 81), ("fast", "fast"), ("1 2", "1 2"), ("", "")])
def test_typed_text_becomes_the_value_it_spells(text: str, value: object) -> None:
    assert parsed(text, is_list=False) == value


def test_problems_are_told_for_every_field_at_its_place() -> None:
    data = TomlDocument(TEXT, "t").data()
    data["bias"] |= {"maximum_V": "much", "points": 80}
    data["series"][0]["temperatures_K"][1] = -1.0
    found = Recipe.problems(data)
    assert found.keys() == {("bias", "maximum_V"), ("bias", "points"), ("series", 0, "temperatures_K", 1)}
    assert "a number in volt" in found["bias", "maximum_V"]
    assert "write 79 or 81" in found["bias", "points"]
    assert not Recipe.problems(TomlDocument(TEXT, "t").data())
