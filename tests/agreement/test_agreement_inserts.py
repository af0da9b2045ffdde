"""A run on other cryostats and magnets: the quick recipe cut down to what an insert reaches, with a step of field."""

from pathlib import Path

import pytest

from acquisition.clock import WallClock
from acquisition.loop import Loop
from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import PointFlag, Reading
from acquisition.recipe import parse_recipe
from acquisition.running.control import Control
from acquisition.safety import make_safe
from acquisition.station import open_simulated
from acquisition.station_file import Station, parse_station

ROOT = Path(__file__).parents[2]
QUICK = ROOT / "examples" / "quick.toml"
STATION = ROOT / "acquisition" / "stations" / "simulated.toml"


def station_with(controller: str, coldest_K: float, supply: str, address: str) -> Station:
    text = STATION.read_text(encoding="utf-8")
    for old, new in (
        ('"LakeShore372"', f'"{controller}"'),
        ("minimum_K = 0.02", f"minimum_K = {coldest_K}"),
        ('"AMI430"', f'"{supply}"'),
        ('"TCPIP0::ami430::7180::SOCKET"', f'"{address}"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    return parse_station(text, "test.toml")


def short_plan(station: Station, temperatures_K: list[float]) -> Plan:
    text = QUICK.read_text(encoding="utf-8")
    text = text.replace("[1.4, 0.75, 0.4, 0.2, 0.1]", f"{temperatures_K}\nfields_T = [0.0, 0.1]")
    return make_plan(parse_recipe(text.replace("points = 81", "points = 11"), "short.toml"), station)


@pytest.mark.parametrize(
    ("controller", "temperatures_K", "supply", "address"),
    [
        ("LakeShore336", [1.4, 0.5], "IPS120", "GPIB0::25::INSTR"),
        ("ITC503", [5.0, 2.0], "MercuryiPS", "TCPIP0::mercury::7020::SOCKET"),
        ("LakeShore336", [0.75], "PS120", "GPIB0::25::INSTR"),
    ],
)
def test_run_measures_every_point_soundly(
    controller: str, temperatures_K: list[float], supply: str, address: str
) -> None:
    station = station_with(controller, 0.3 if controller == "LakeShore336" else 1.6, supply, address)
    plan, wall = short_plan(station, temperatures_K), WallClock()
    with open_simulated(station, "cu1", 1, None, wall) as rack:
        loop = Loop(RunningPlan(plan), rack.roles, rack.clock, Control(wall, is_unattended=True))
        readings = [entry for entry in loop.walk() if isinstance(entry, Reading)]
        assert make_safe(rack.roles).unreachable == ()
    assert len(readings) == plan.points
    assert {reading.flags for reading in readings} == {PointFlag.GOOD}
    for reading in readings:
        assert reading.temperature_K == pytest.approx(reading.temperature_setpoint_K, rel=0.01)
        assert reading.field_T == pytest.approx(reading.field_setpoint_T, abs=1e-3)
    assert {reading.field_setpoint_T for reading in readings} == {0.0, 0.1}
