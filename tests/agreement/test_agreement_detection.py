"""What a recipe may want of the lock-in and of the spare channels, on the simulated rack."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.clock import WallClock
from acquisition.loop import Loop
from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_edit import RunningPlan, extended
from acquisition.readings import Event, PointFlag, PointKind, Reading
from acquisition.recipe import ExcitationSection, Recipe, parse_recipe
from acquisition.running.control import Control
from acquisition.safety import Roles
from acquisition.station import open_simulated
from acquisition.station_file import Station, parse_station, simulated_station
from instruments.errors import StateError

STATION = Path(__file__).parents[2] / "acquisition" / "stations" / "simulated.toml"
RECIPE = """
[run]
name = "short"
sample = "cu1"
[[series]]
temperatures_K = [4.2]
[bias]
maximum_V = 3e-3
points = 11
dense_V = 1e-3
[anchors]
every_points = 4
[settling]
dwell_above_1K_s = 10
temperature_drift_fraction_per_10min = 0.5
anchor_gap_s = 10
"""


def recipe(**lockin: Any) -> Recipe:
    return Recipe.from_dict(parse_recipe(RECIPE, "short").to_dict() | {"lockin": lockin}, "short")


def walk(
    what: Recipe | Plan,
    station: Station | None = None,
    roles: Mapping[str, Any] | None = None,
    dummy_ohm: float | None = None,
) -> tuple[Plan, list[Reading], list[Event]]:
    """Measure a recipe or plan and return its plan, readings and events; `roles` change what fills some."""
    wall = WallClock()
    plan = what if isinstance(what, Plan) else make_plan(what, station or simulated_station())
    with open_simulated(plan.station, "cu1", 1, None, wall, dummy_ohm=dummy_ohm) as rack:
        filled = dataclasses.replace(rack.roles, **{name: make(rack.roles) for name, make in (roles or {}).items()})
        entries = list(Loop(RunningPlan(plan), filled, rack.clock, Control(wall, is_unattended=True)).walk())
    readings = [entry for entry in entries if isinstance(entry, Reading)]
    return plan, readings, [entry for entry in entries if isinstance(entry, Event)]


def message(events: list[Event], kind: str) -> str:
    return next(event.message for event in events if event.kind == kind)


def sweep(readings: list[Reading], name: str) -> np.ndarray:
    return np.array([getattr(reading, name) for reading in readings if reading.kind is PointKind.SWEEP])


def test_boxcar_quietens_by_what_the_plan_says() -> None:
    single, averaged = recipe(time_constant_s=0.1), recipe(time_constant_s=0.1, average_s=3.0)
    # a contact would follow the temperature, and a large signal shows the drift of the gain
    quiet = averaged.model_copy(update={"excitation": ExcitationSection(rms_over_kT=0.02)})
    plan, readings, _ = walk(quiet, dummy_ohm=9.12)
    planned = plan.isotherms[0].noise.sigma_V / make_plan(single, simulated_station()).isotherms[0].noise.sigma_V
    # thirty-one readings 0.1 s apart with a bandwidth of 5/64 over 0.1 s: as 3.1 s of a box, 1 / (2 x 3.1 s)
    assert planned == pytest.approx(np.sqrt(1 / 6.2 / (5 / 6.4)), rel=0.05)
    anchors = np.array([r.conductance_S for r in readings if r.kind is PointKind.ANCHOR][2:])
    assert 0.4 < anchors.std() / readings[0].conductance_error_S < 2.0  # of eight anchors
    assert {reading.flags for reading in readings} == {PointFlag.GOOD}


def test_appended_isotherm_is_averaged_for_longer_than_those_before() -> None:
    plan = extended(make_plan(recipe(), simulated_station()), recipe(average_s=3.0))
    _, readings, _ = walk(plan)
    single, averaged = (
        np.diff([one.time_s for one in readings if one.isotherm_index == index])[-4:-1] for index in (0, 1)
    )
    assert averaged == pytest.approx(single + 3.0, abs=1e-3)


@pytest.mark.parametrize("lockin", [{"average_s": 1.2}, {"second_harmonic": True, "average_s": 0.6}])
def test_sweep_takes_the_time_that_was_planned(lockin: dict[str, Any]) -> None:
    (plan, readings, _), (usual, before, _) = walk(recipe(**lockin)), walk(recipe())
    more_s = (readings[-1].time_s - readings[0].time_s) - (before[-1].time_s - before[0].time_s)
    before_the_last = (plan.points - 1) / plan.points
    assert more_s == pytest.approx((plan.bias_s - usual.bias_s) * before_the_last, rel=1e-4)


def test_phase_is_set_at_zero_bias_and_noted() -> None:
    _, readings, events = walk(recipe(phase="each-isotherm"))
    turned_deg = np.degrees(np.arctan2(sweep(readings, "lockin_y_V"), sweep(readings, "lockin_x_V")))
    assert abs(turned_deg.mean()) < 0.01  # the lock-in's own is 0.19 degrees
    assert message(events, "adapted").startswith("isotherm 0: phase ")


def test_range_is_found_where_the_station_expects_another_contact() -> None:
    station = simulated_station(conductance_S=0.02)  # fifty ohm expected: a range five times too large
    _, planned, _ = walk(recipe(), station)
    _, found, events = walk(recipe(sensitivity="automatic"), station)
    assert found[0].sensitivity_V < planned[0].sensitivity_V
    assert 0.3 < found[0].lockin_x_V * station.circuit.preamplifier_gain / found[0].sensitivity_V < 0.9
    assert message(events, "adapted") == f"isotherm 0: full scale {found[0].sensitivity_V:g} V"


def test_second_harmonic_is_the_slope_of_the_resistance() -> None:
    fine = recipe(second_harmonic=True, average_s=1.5)
    bias = fine.bias.model_copy(update={"points": 31})
    _, readings, _ = walk(fine.model_copy(update={"bias": bias}))
    bias_V, conductance_S = sweep(readings, "bias_V"), sweep(readings, "conductance_S")
    current_A, resistance_ohm = sweep(readings, "current_setpoint_A"), 1.0 / conductance_S
    up = slice(17, 46)  # the leg upwards
    slope = np.gradient(resistance_ohm[up], current_A[up])
    excitation_A = sweep(readings, "excitation_Vrms")[up] * conductance_S[up]
    expected_V = -slope * excitation_A**2 / (2.0 * np.sqrt(2.0))
    found_V = sweep(readings, "second_harmonic_y_V")[up]
    side = np.abs(bias_V[up]) > 0.5e-3
    assert found_V[side] == pytest.approx(expected_V[side], abs=0.25 * np.abs(expected_V).max())
    assert np.corrcoef(found_V, expected_V)[0, 1] > 0.95


def test_voltmeter_is_read_at_each_point() -> None:
    voltmeter = '\n[voltmeter]\nmodel = "Keithley2182A"\naddress = "GPIB0::7::INSTR"\n'
    station = parse_station(STATION.read_text(encoding="utf-8") + voltmeter, "test.toml")
    _, readings, _ = walk(recipe(), station)
    bias_V, voltmeter_V = sweep(readings, "bias_V"), sweep(readings, "voltmeter_V")
    slope, thermal_V = np.polyfit(bias_V, voltmeter_V, 1)
    assert slope == pytest.approx(1.0, abs=0.01)  # the scale error of the integrated bias
    assert abs(thermal_V) < 12e-6
    assert np.isnan(sweep(readings, "second_harmonic_x_V")).all()


class Plain:
    """A lock-in that can do what the role wants and no more."""

    def __init__(self, box: Any) -> None:
        self.name, self.identity, self.settings, self.make_safe = box.name, box.identity, box.settings, box.make_safe
        self.configure, self.set_excitation = box.configure, box.set_excitation
        self.set_sensitivity, self.read, self.settle_s = box.set_sensitivity, box.read, box.settle_s
        self.close = box.close


def plain(roles: Roles) -> Plain:
    return Plain(roles.lock_in)


def test_lock_in_that_cannot_is_said_in_words() -> None:
    with pytest.raises(StateError, match="cannot find range or phase by itself"):
        walk(recipe(phase="each-isotherm"), roles={"lock_in": plain})
    assert walk(recipe(), roles={"lock_in": plain})[1]
