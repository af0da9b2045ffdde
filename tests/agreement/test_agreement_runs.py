"""Every box takes part in a run: the quick recipe, shortened, on a station with that box, in the simulated rack."""

from pathlib import Path

import pytest

from acquisition.clock import WallClock
from acquisition.loop import Loop
from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import PointFlag, Reading
from acquisition.recipe import load_recipe, parse_recipe
from acquisition.running.control import Control
from acquisition.safety import make_safe
from acquisition.station import open_simulated
from acquisition.station_file import Station, parse_station

ROOT = Path(__file__).parents[2]
QUICK = ROOT / "examples" / "quick.toml"
STATION = ROOT / "acquisition" / "stations" / "simulated.toml"

VOLTMETER = '\n[voltmeter]\nmodel = "Keithley2182A"\naddress = "GPIB0::7::INSTR"\n'


def station_with(*replacements: tuple[str, str], extra: str = "") -> Station:
    text = STATION.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_station(text + extra, "test.toml")


def short_plan(station: Station) -> Plan:
    """The quick recipe with one isotherm and 21 bias values."""
    text = QUICK.read_text(encoding="utf-8")
    text = text.replace("[1.4, 0.75, 0.4, 0.2, 0.1]", "[1.4]").replace("points = 81", "points = 21")
    plan = make_plan(parse_recipe(text, "short.toml"), station)
    assert plan.points < make_plan(load_recipe(QUICK), station).points / 5
    return plan


def measured(station: Station) -> list[Reading]:
    """Walk the short plan on the rack of a station, leave it safe, and return what was read."""
    wall = WallClock()
    with open_simulated(station, "cu1", 1, None, wall) as rack:
        loop = Loop(RunningPlan(short_plan(station)), rack.roles, rack.clock, Control(wall, is_unattended=True))
        readings = [entry for entry in loop.walk() if isinstance(entry, Reading)]
        assert make_safe(rack.roles).unreachable == ()
    return readings


@pytest.fixture(scope="module")
def usual() -> list[Reading]:
    return measured(station_with())


@pytest.mark.parametrize(
    "station",
    [
        pytest.param(station_with(('"SR830"', '"SR860"')), id="SR860"),
        pytest.param(station_with(('"SR830"', '"SR865A"')), id="SR865A"),
        pytest.param(station_with(('"Keithley2400"', '"Keithley2450"')), id="Keithley2450"),
        pytest.param(station_with(('"Keithley2400"', '"YokogawaGS200"')), id="YokogawaGS200"),
        pytest.param(station_with(extra=VOLTMETER), id="Keithley2182A"),
    ],
)
def test_run_on_another_box_gives_the_same_curve(station: Station, usual: list[Reading]) -> None:
    readings = measured(station)
    assert {reading.flags for reading in readings} == {PointFlag.GOOD}
    # gain and offset of every box differ by tenths of a per cent
    for reading, other in zip(readings, usual, strict=True):
        assert reading.conductance_S == pytest.approx(other.conductance_S, rel=0.01)
        assert reading.bias_V == pytest.approx(other.bias_V, rel=0.02, abs=1e-6)
