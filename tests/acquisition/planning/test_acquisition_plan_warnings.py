"""What a plan warns of, and that a good one is silent."""

from pathlib import Path

import pytest

from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_warnings import largest_step_V
from acquisition.recipe import load_recipe, parse_recipe
from acquisition.station_file import simulated_station

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def plan_of(temperatures: str = "[1.0, 0.4]", bias: str = "points = 401", more: str = "") -> Plan:
    run, series = '[run]\nname="a"\nsample="b"', f"[[series]]\ntemperatures_K={temperatures}"
    text = f"{run}\n{series}\n[bias]\nmaximum_V=4e-3\n{bias}\n{more}"
    return make_plan(parse_recipe(text, "x.toml"), simulated_station())


@pytest.mark.parametrize("name", ["cu1.toml", "quick.toml"])
def test_examples_are_silent(name: str) -> None:
    assert make_plan(load_recipe(EXAMPLES / name), simulated_station()).warnings == ()


def test_step_may_be_the_excitation_or_half_kT() -> None:
    assert largest_step_V(8.6e-6, 6.1e-6) == pytest.approx(8.63e-6, rel=1e-3)
    assert largest_step_V(8.6e-6, 1e-6) == 4.3e-6


@pytest.mark.parametrize(
    ("bias", "more", "words"),
    [
        ('points = 201\nspacing = "uniform"', "", "bias steps of up to 40 uV at 0.4 K within |eV| < 10 kT"),
        ("points = 401", "[excitation]\nmaximum_Vrms = 1e-5", "at 1 K is 0.16"),
        ("points = 401", "[excitation]\nrms_over_kT = 2", "smears the curve"),
        ("points = 401", "[lockin]\nfrequency_Hz = 150.3", "beside a harmonic of the 50 Hz line"),
        ("points = 401\ndense_V = 1e-8", "", "less than the source's step of 5e-08 A"),
    ],
)
def test_doubtful_setting_is_named(bias: str, more: str, words: str) -> None:
    assert any(words in line for line in plan_of(bias=bias, more=more).warnings)


def test_warming_through_the_regime_twice_is_named() -> None:
    plan = plan_of("[1.4, 0.4, 1.0]")
    assert any("2 times" in line for line in plan.warnings)


def test_heat_beside_the_cooling_power_is_named() -> None:
    station = simulated_station()
    (chamber, plate) = station.stage
    hot = station.model_copy(update={"stage": (chamber.model_copy(update={"wiring_ohm": 1e3}), plate)})
    plan = make_plan(plan_of("[0.1]").recipe, hot)
    assert any("on the mixing chamber at 0.1 K, 48% of its cooling power" in line for line in plan.warnings)


def test_equal_isotherms_warn_once() -> None:
    (line,) = plan_of("[0.4, 0.4, 0.4]", more="[excitation]\nrms_over_kT = 2").warnings
    assert line.endswith("1.4 is plenty")


def test_of_many_the_worst_is_named() -> None:
    (line,) = plan_of("[1.0, 0.4, 0.8]", more="[excitation]\nmaximum_Vrms = 1e-5").warnings
    assert "at 1 K" in line
    assert line.endswith("(the worst of 3 such temperatures)")
