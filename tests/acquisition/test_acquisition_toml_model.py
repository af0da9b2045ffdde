"""Every mistake in a file becomes one line that names file, field, what came and what was expected."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from acquisition.errors import InputError
from acquisition.toml_model import Count, Number, Positive, Text, TomlFile, TomlModel


class Mode(StrEnum):
    FAST = "fast"
    SLOW = "slow"


class Part(TomlModel):
    fields_T: tuple[Number, ...] = Field(min_length=1, description="fields in tesla")
    rate_T_per_min: Positive = Field(default=0.1, description="ramp rate")


class Extra(TomlModel):
    every_points: Count = Field(default=25, description="points between anchors")
    mode: Mode = Field(default=Mode.FAST, description="how fast")
    share: Annotated[Number, Field(ge=0, le=1)] = Field(default=0.5, description="a share")


class Sheet(TomlFile):
    name: Text = Field(description="a name")
    part: tuple[Part, ...] = Field(min_length=1, description="tables [[part]]")
    extra: Extra = Field(default=Extra(), description="a table [extra]")


GOOD = 'name = "a"\n[[part]]\nfields_T = [0, 1.5]\n'


def complaint(text: str) -> str:
    with pytest.raises(InputError) as caught:
        Sheet.from_text(text, "x.toml")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("x.toml: ")
    return line.removeprefix("x.toml: ")


def test_good_text_is_read_into_frozen_types() -> None:
    sheet = Sheet.from_text(GOOD, "x.toml")
    assert sheet.part[0].fields_T == (0.0, 1.5)
    assert sheet.where == "x.toml"


def test_what_was_read_goes_through_plain_data_and_back() -> None:
    sheet = Sheet.from_text(GOOD, "x.toml")
    assert Sheet.from_dict(sheet.to_dict(), "x.toml") == sheet


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        (GOOD.replace("1.5", "nan"), "part[0].fields_T[1]", "got nan, expected a finite number in tesla"),
        (GOOD.replace("1.5", "-inf"), "part[0].fields_T[1]", "got -inf, expected a finite number"),
        (GOOD.replace("1.5", "true"), "part[0].fields_T[1]", "got true, expected a number in tesla"),
        (GOOD.replace("1.5", '"1 T"'), "part[0].fields_T[1]", "written without quotes and unit"),
        (GOOD.replace("1.5", "[1]"), "part[0].fields_T[1]", "got [1], expected a number"),
        (GOOD.replace("1.5", "2020-01-01"), "part[0].fields_T[1]", "expected a number"),
        (GOOD.replace("1.5", "1" * 500), "part[0].fields_T[1]", "..., expected a number"),
        (GOOD.replace("[0, 1.5]", "[]"), "part[0].fields_T", "got [], expected at least one value"),
        (GOOD.replace("[0, 1.5]", "0.0"), "part[0].fields_T", "expected a list in square brackets"),
        (GOOD.replace("[[part]]", "[part]"), "part", "expected one or more tables headed [[part]]"),
        (GOOD.replace('"a"', "3"), "name", "got 3, expected text in quotes"),
        (GOOD.replace('"a"', "'''a\nb'''"), "name", "one line"),
        (GOOD.replace('name = "a"', ""), "name", "is missing; expected a name: add it"),
        (GOOD + "rate_T_per_min = 0\n", "part[0].rate_T_per_min", "expected more than 0 in tesla per minute"),
        (GOOD + "[extra]\nevery_points = 0\n", "extra.every_points", "expected at least 1"),
        (GOOD + "[extra]\nevery_points = 2.0\n", "extra.every_points", "expected a whole number"),
        (GOOD + '[extra]\nmode = "warp"\n', "extra.mode", "expected one of 'fast' or 'slow'"),
        (GOOD + "[extra]\nshare = 2\n", "extra.share", "expected at most 1"),
        (GOOD + "[extra]\nshare = -1\n", "extra.share", "expected at least 0"),
        ("extra = 3\n" + GOOD, "extra", "expected a table headed [extra]"),
    ],
)
def test_wrong_value_is_named_with_what_was_expected(text: str, field: str, words: str) -> None:
    line = complaint(text)
    assert line.startswith(f"{field}: ")
    assert words in line


@pytest.mark.parametrize("key", ["fields_mT", "fields", "fields_G"])
def test_wrong_unit_suffix_is_told_the_unit(key: str) -> None:
    assert complaint(GOOD.replace("fields_T", key)) == (
        f"part[0].{key}: unknown key; this number is expected in tesla: write 'fields_T'"
    )


def test_misspelt_key_gets_the_nearest_one() -> None:
    assert "did you mean 'extra'?" in complaint(GOOD + "[extar]\n")


def test_key_in_the_wrong_table_is_told_where_it_belongs() -> None:
    assert "it belongs into [extra]" in complaint(GOOD + "every_points = 3\n")


def test_key_like_no_other_gets_the_list() -> None:
    assert "known here: fields_T, rate_T_per_min" in complaint(GOOD + "zzz = 3\n")


def test_broken_toml_names_the_line() -> None:
    assert "line 2" in complaint('name = "a"\nx = 4mV\n')


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "1" * 5000, "a = 1\na = 2\n", "\x00"])
def test_hostile_toml_is_refused_in_one_line(text: str) -> None:
    assert "not valid TOML" in complaint(text)


def test_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        Sheet.load(tmp_path / "x.toml")


def test_directory_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a directory|cannot be read"):
        Sheet.load(tmp_path)


def test_bytes_that_are_not_utf8_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b'name = "\xff"\n')
    with pytest.raises(InputError, match="byte 8 is not UTF-8"):
        Sheet.load(path)


def test_name_that_cannot_be_a_path_is_one_line() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Sheet.load("a\0b")
