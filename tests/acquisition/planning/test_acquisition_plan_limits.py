"""Every limit of the station refuses a recipe beyond it, in one line that names the field."""

from typing import Any

import pytest

from acquisition.errors import PlanError
from acquisition.plan import make_plan
from acquisition.recipe import parse_recipe
from acquisition.station_file import Station, simulated_station

TEXT = """
[run]
name = "a"
sample = "b"
[[series]]
temperatures_K = [1.0, 0.1]
[[series]]
temperatures_K = [0.1]
fields_T = [0.0, 6.0]
[bias]
maximum_V = 4e-3
points = 401
[lockin]
frequency_Hz = 137.7
time_constant_s = 0.3
"""


def station_with(section: str, **values: Any) -> Station:
    station = simulated_station()
    changed = getattr(station, section).model_copy(update=values)
    copy = station.model_copy(update={section: changed})
    copy._where = "my.toml"
    return copy


def complaint(text: str = TEXT, station: Station | None = None) -> str:
    with pytest.raises(PlanError) as caught:
        make_plan(parse_recipe(text, "x.toml"), station or simulated_station())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_recipe_within_all_limits_passes() -> None:
    assert make_plan(parse_recipe(TEXT, "x.toml"), simulated_station()).points > 0


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("[1.0, 0.1]", "[1.0, 0.01]", "series[0].temperatures_K[1]", "got 0.01 K, station 'simulated' allows"),
        ("[1.0, 0.1]", "[100, 0.1]", "series[0].temperatures_K[0]", "got 100 K"),
        ("6.0]", "12.0]", "series[1].fields_T[1]", "got 12 T, station 'simulated' allows field -9 to 9 T"),
        ("6.0]", "-9.1]", "series[1].fields_T[1]", "got -9.1 T"),
        ("4e-3", "4", "bias.maximum_V", "mind that the unit is volt"),
        ("137.7", "200e3", "lockin.frequency_Hz", "expected 0.001 to 102000 Hz of SR830"),
        ("= 0.3", "= 0.25", "lockin.time_constant_s", "write 0.3"),
        ("137.7\ntime_constant_s = 0.3", "237.7\ntime_constant_s = 100", "lockin.time_constant_s", "below 200 Hz"),
    ],
)
def test_recipe_beyond_a_limit_is_refused(old: str, new: str, field: str, words: str) -> None:
    line = complaint(TEXT.replace(old, new))
    assert line.startswith(f"x.toml: {field}: ")
    assert words in line


@pytest.mark.parametrize(
    ("section", "values", "field", "words"),
    [
        ("contact", {"maximum_current_A": 0.4e-3}, "bias.maximum_V", "allows current -0.0004 to 0.0004 A"),
        ("contact", {"maximum_bias_V": 3e-3}, "bias.maximum_V", "allows bias -0.003 to 0.003 V"),
        ("contact", {"maximum_bias_rate_V_per_s": 1e-5}, "bias.points", "allows 1e-05 V/s"),
        ("sourcemeter", {"range_A": 1e-4}, "bias.maximum_V", "the source meter's range is 0.0001 A"),
        ("sourcemeter", {"compliance_V": 4.4}, "bias.maximum_V", "the compliance is 4.4 V"),
        ("circuit", {"dc_arm_ohm": 30e3}, "bias.maximum_V", "over DC arm, leads and contact"),
        ("circuit", {"preamplifier_gain": 2000.0}, "bias.maximum_V", "which clips at 5 V"),
    ],
)
def test_recipe_beyond_the_wiring_is_refused(section: str, values: dict[str, float], field: str, words: str) -> None:
    line = complaint(station=station_with(section, **values))
    assert line.startswith(f"x.toml: {field}: ")
    assert words in line


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"range_A": 2e-3}, "sourcemeter.range_A", "Keithley2400 has 1e-06"),
        ({"compliance_V": 300.0}, "sourcemeter.compliance_V", "expected 0.0002 to 210 V of Keithley2400"),
        ({"nplc": 50.0}, "sourcemeter.nplc", "expected 0.01 to 10 line cycles"),
    ],
)
def test_setting_that_the_box_has_not_is_laid_to_the_station(values: dict[str, float], field: str, words: str) -> None:
    line = complaint(station=station_with("sourcemeter", **values))
    assert line.startswith(f"my.toml: {field}: ")
    assert words in line


def test_recipe_of_too_many_points_is_refused() -> None:
    many = TEXT.replace("[1.0, 0.1]", str([1.0] * 20)).replace("points = 401", "points = 1_000_001")
    assert "more than 10000000 points" in complaint(many)
