"""Recipes: what is read, what is refused."""

import json
from pathlib import Path

import pytest

from acquisition.errors import InputError
from acquisition.recipe import Directions, Recipe, Spacing, load_recipe, parse_recipe

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

SHORT = """
[run]
name = "short"
sample = "a contact"
[[series]]
temperatures_K = [1, 0.1]
[bias]
maximum_V = 4e-3
points = 5
"""


def complaint(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_recipe(text, "x.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_defaults_are_those_of_the_lab() -> None:
    recipe = parse_recipe(SHORT, "x.toml")
    assert recipe.series[0].fields_T == (0.0,)
    assert (recipe.bias.spacing, recipe.bias.directions) == (Spacing.SINH, Directions.BOTH)
    assert recipe.excitation.rms_over_kT == 1.0
    assert (recipe.lockin.frequency_Hz, recipe.lockin.time_constant_s) == (137.7, 0.3)
    assert recipe.anchors.every_points == 25
    assert recipe.settling.dwell_below_200mK_s == 600.0


def test_recipe_survives_the_run_file() -> None:
    recipe = load_recipe(EXAMPLES / "cu1.toml")
    again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())), recipe.where)
    assert again == recipe


def test_file_is_named_as_the_user_named_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    assert load_recipe("examples/quick.toml").where == "examples/quick.toml"


def test_example_follows_figure_8() -> None:
    recipe = load_recipe(EXAMPLES / "cu1.toml")
    zero_field, in_field = recipe.series
    assert len(zero_field.temperatures_K) >= 12
    assert (zero_field.temperatures_K[0], zero_field.temperatures_K[-1]) == (5.7, 0.1)
    assert list(zero_field.temperatures_K) == sorted(zero_field.temperatures_K, reverse=True)
    assert in_field.temperatures_K == (0.1,)
    assert (recipe.bias.maximum_V, recipe.bias.points) == (4e-3, 401)


def test_quick_example_is_five_isotherms_of_81_values() -> None:
    recipe = load_recipe(EXAMPLES / "quick.toml")
    (series,) = recipe.series
    assert len(series.temperatures_K) == 5
    assert min(series.temperatures_K) == 0.1
    assert max(series.temperatures_K) == 1.4
    assert recipe.bias.points == 81


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("[1, 0.1]", "[]", "series[0].temperatures_K", "at least one value"),
        ("[1, 0.1]", "[1, 0]", "series[0].temperatures_K[1]", "got 0, expected more than 0 in kelvin"),
        ("[1, 0.1]", "[1, -0.1]", "series[0].temperatures_K[1]", "got -0.1"),
        ("temperatures_K", "temperatures_mK", "series[0].temperatures_mK", "write 'temperatures_K'"),
        ("temperatures_K", "temperature_K", "series[0].temperature_K", "did you mean 'temperatures_K'?"),
        ("maximum_V", "maximum_mV", "bias.maximum_mV", "expected in volt: write 'maximum_V'"),
        ("points = 5", "points = 4", "bias.points", "got 4, expected an odd number"),
        ("points = 5", "points = 1", "bias.points", "at least 3"),
        ("points = 5", "points = 100_000_001", "bias.points", "at most"),
        ("points = 5", "points = 5\ndense_V = 0", "bias.dense_V", "got 0"),
        ("points = 5", 'points = 5\ndirections = "left"', "bias.directions", "'both', 'up' or 'down'"),
        (
            "points = 5",
            "points = 5\n[lockin]\nslope_dB_per_octave = 20",
            "lockin.slope_dB_per_octave",
            "6, 12, 18 or 24",
        ),
        (
            "points = 5",
            "points = 5\n[excitation]\nminimum_Vrms = 2e-6\nmaximum_Vrms = 1e-6",
            "excitation",
            "minimum_Vrms = 2e-06 is above maximum_Vrms = 1e-06",
        ),
        ('name = "short"', 'name = "a/b"', "run.name", "letters, digits"),
        ('name = "short"', 'name = ""', "run.name", "letters, digits"),
        ("[run]", "[runs]", "runs", "did you mean 'run'?"),
    ],
)
def test_mistake_is_refused_in_one_line(old: str, new: str, field: str, words: str) -> None:
    line = complaint(SHORT.replace(old, new))
    assert line.startswith(f"x.toml: {field}: ")
    assert words in line


def test_recipe_without_series_is_refused() -> None:
    text = SHORT.replace("[[series]]\ntemperatures_K = [1, 0.1]\n", "")
    assert complaint(text).startswith("x.toml: series: is missing; expected one or more tables [[series]]")
