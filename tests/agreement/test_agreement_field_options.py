"""A recipe's table [field] on the simulated rack: persistent switch, degauss, a heater held in the field."""

from typing import Any

import numpy as np
import pytest

from acquisition.clock import WallClock
from acquisition.loop import Loop
from acquisition.plan import make_plan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import Event, Monitor, PointFlag, Reading
from acquisition.recipe import Recipe, parse_recipe
from acquisition.running.control import Control
from acquisition.running.past import Past
from acquisition.station import open_simulated
from acquisition.station_file import SimulationSection, Station, simulated_station
from instruments.errors import StateError
from simulators.rack import find_rack

RECIPE = """
[run]
name = "fields"
sample = "cu1"
[[series]]
temperatures_K = [4.2]
fields_T = [0.0, 0.2, 0.0]
[bias]
maximum_V = 0.2e-3
points = 3
[settling]
dwell_above_1K_s = 120
temperature_drift_fraction_per_10min = 0.05
anchor_gap_s = 10
"""


def station(magnet: str = "AMI430") -> Station:
    usual = simulated_station()
    supply = usual.magnet.model_copy(update={"model": type(usual.magnet.model)(magnet), "rate_T_per_min": 0.5})
    return usual.model_copy(update={"magnet": supply})


class Walk:
    """One recipe measured, with everything that was read on the way and what was true of it."""

    def __init__(self, station: Station, fields_T: list[float] | None = None, done: int = 0, **field: Any) -> None:
        data = parse_recipe(RECIPE, "fields").to_dict() | {"field": field}
        if fields_T is not None:
            data["series"] = [{"temperatures_K": [4.2], "fields_T": fields_T}]
        self.plan, wall = make_plan(Recipe.from_dict(data, "fields"), station), WallClock()
        self.monitors: list[Monitor] = []
        self.readings: list[Reading] = []
        self.events: list[Event] = []
        self.true_K: list[float] = []
        with open_simulated(station, "cu1", 1, None, wall) as rack:
            world = find_rack(rack.visa_library.partition("@")[0])
            control = Control(wall, is_unattended=True)
            past = Past(measured=frozenset(range(done)))
            loop = Loop(RunningPlan(self.plan), rack.roles, rack.clock, control, past, self.monitors.append)
            for entry in loop.walk():
                if isinstance(entry, Reading):
                    self.readings.append(entry)
                    self.true_K.append(world.cryostat.sample_temperature_K(rack.clock.now_s()))
                else:
                    self.events.append(entry)
            self.duration_s = rack.clock.now_s()

    def said(self, kind: str) -> list[str]:
        return [event.message for event in self.events if event.kind == kind]


@pytest.mark.parametrize("model", ["IPS120", "PS120", "MercuryiPS"])
def test_switch_is_closed_while_points_are_measured(model: str) -> None:
    walk = Walk(station(model), fields_T=[0.2, 0.1], persistent=True)
    assert {reading.flags for reading in walk.readings} == {PointFlag.GOOD}
    assert walk.said("persistent") == [
        "switch closed at 0.2 T, leads at zero",
        "switch closed at 0.1 T, leads at zero",
    ]
    assert walk.said("field")[-1] == "leads matched and switch opened at 0.2 T"
    assert [reading.field_T for reading in walk.readings] == pytest.approx(
        [reading.field_setpoint_T for reading in walk.readings], abs=5e-4
    )


def test_supply_without_a_switch_says_so() -> None:
    with pytest.raises(StateError, match="has no persistent switch; leave \\[field\\] persistent"):
        Walk(station(), persistent=True)


def test_zero_field_is_reached_by_swings() -> None:
    walk = Walk(station(), degauss_from_T=0.1)
    assert walk.said("field") == ["degaussed by 14 swings from 0.1 T"]
    fields_T = np.array([monitor.field_T for monitor in walk.monitors if monitor.field_T is not None])
    assert walk.readings[-1].field_T == pytest.approx(0.0, abs=5e-4)
    planned_s = walk.plan.isotherms[-1].field_approach_s
    assert planned_s > 60.0 * (0.2 + 0.9) / 0.5
    assert fields_T.max() == pytest.approx(0.2, abs=2e-3)


def test_run_that_goes_on_in_field_regulates_at_the_first_field_before_it_holds() -> None:
    walk = Walk(station(), hold_heater=True, done=13)  # the first isotherm, and two points of the second
    assert walk.readings[0].plan_index == 13
    kinds = [event.kind for event in walk.events]
    assert kinds.index("settled") < kinds.index("holding") < kinds.index("ramping")
    assert "-> 0.2 T" in walk.said("ramping")[0]
    assert walk.readings[0].flags & ~PointFlag.AFTER_PAUSE == PointFlag.GOOD


def test_held_heater_keeps_the_temperature_that_a_deceived_thermometer_would_lose() -> None:
    deceived = station().model_copy(update={"simulation": SimulationSection(thermometer_shift_per_T=0.05)})
    held, regulated = (Walk(deceived, hold_heater=is_held) for is_held in (True, False))
    in_field = [place for place, reading in enumerate(held.readings) if reading.field_setpoint_T]
    for walk, change in ((held, 0.0), (regulated, 0.01)):  # 5 % a tesla at 0.2 T
        found = np.mean([walk.true_K[place] for place in in_field]) / walk.true_K[0] - 1.0
        assert found == pytest.approx(change, abs=2e-3)
    assert {reading.flags for reading in held.readings} == {PointFlag.GOOD}
    assert held.said("holding")[0].startswith("heater held at ")
    assert [held.readings[place].temperature_K for place in in_field] == pytest.approx([4.2] * len(in_field), rel=5e-3)
    assert held.readings[in_field[0]].thermometer_K == pytest.approx(4.2 * 0.99, rel=3e-3)
