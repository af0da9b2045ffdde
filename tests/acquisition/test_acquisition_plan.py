"""The plan of a recipe: its order, its arrays, its time."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import PlanError
from acquisition.plan import Plan, make_plan
from acquisition.readings import PointKind
from acquisition.recipe import load_recipe, parse_recipe
from acquisition.station_file import simulated_station

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

TEXT = """
[run]
name = "a"
sample = "b"
[[series]]
temperatures_K = [1.0, 0.4]
[[series]]
temperatures_K = [0.4, 0.1]
fields_T = [1.0, 2.0]
[bias]
maximum_V = 4e-3
points = 401
"""


def plan_of(text: str = TEXT) -> Plan:
    return make_plan(parse_recipe(text, "x.toml"), simulated_station())


def test_temperature_is_the_outer_loop_and_field_the_inner_one() -> None:
    setpoints = [(isotherm.temperature_K, isotherm.field_T) for isotherm in plan_of().isotherms]
    assert setpoints == [(1.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.4, 2.0), (0.1, 1.0), (0.1, 2.0)]


def test_series_is_remembered() -> None:
    assert [isotherm.series_index for isotherm in plan_of().isotherms] == [0, 0, 1, 1, 1, 1]


def test_plan_indices_have_no_gap() -> None:
    plan = plan_of()
    found = [isotherm.first_plan_index + place for isotherm in plan.isotherms for place in range(isotherm.points)]
    assert found == list(range(plan.points))


def test_every_index_is_found_again() -> None:
    plan = plan_of()
    for isotherm in plan.isotherms:
        for place in (0, 1, isotherm.points - 1):
            assert plan.locate(isotherm.first_plan_index + place) == (isotherm, place)


@pytest.mark.parametrize("plan_index", [-1, 10**6])
def test_index_beyond_the_plan_is_refused(plan_index: int) -> None:
    with pytest.raises(PlanError, match="this plan has indices 0 to"):
        plan_of().locate(plan_index)


def test_isotherm_opens_with_two_anchors_and_closes_with_one() -> None:
    isotherm = plan_of().isotherms[0]
    kinds = [isotherm.sweep.point_kind(place) for place in (0, 1, 2, isotherm.points - 1)]
    assert kinds == [PointKind.ANCHOR, PointKind.ANCHOR, PointKind.SWEEP, PointKind.ANCHOR]


def test_arrays_are_as_long_as_the_isotherm() -> None:
    isotherm = plan_of().isotherms[0]
    arrays = (isotherm.bias_setpoint_V, isotherm.kind, isotherm.direction, isotherm.move_s, isotherm.settle_s)
    assert {array.shape for array in arrays} == {(isotherm.points,)}


def test_time_is_the_sum_of_what_is_waited_for() -> None:
    plan = plan_of()
    overhead_s = plan.station.station.read_overhead_s
    for isotherm in plan.isotherms:
        waited_s = np.sum(isotherm.move_s + isotherm.settle_s) + overhead_s * isotherm.points
        assert isotherm.bias_s == pytest.approx(waited_s)
    assert plan.duration_s == pytest.approx(sum(isotherm.duration_s for isotherm in plan.isotherms))
    assert plan.duration_s == pytest.approx(plan.temperature_s + plan.field_s + plan.bias_s)


def test_field_takes_time_only_where_it_changes() -> None:
    times_s = [isotherm.field_approach_s for isotherm in plan_of().isotherms]
    assert [time_s > 0 for time_s in times_s] == [False, False, True, True, True, True]


def test_start_decides_the_first_approach() -> None:
    recipe, station = parse_recipe(TEXT, "x.toml"), simulated_station()
    near, far = (make_plan(recipe, station, start_temperature_K=start_K) for start_K in (1.1, 8.1))
    ramp_s = 60.0 * 7.0 / station.temperature.ramp_K_per_min
    assert far.duration_s - near.duration_s == pytest.approx(ramp_s)


def test_start_field_decides_the_first_ramp() -> None:
    recipe, station = parse_recipe(TEXT, "x.toml"), simulated_station()
    plan = make_plan(recipe, station, start_field_T=-2.0)
    assert plan.isotherms[0].field_approach_s == pytest.approx(60.0 * 2.0 / 0.2 + 30.0)


def test_finish_counts_from_the_start() -> None:
    plan, start = plan_of(), datetime(2026, 1, 1, tzinfo=UTC)
    assert abs(plan.finish(start) - start - timedelta(seconds=plan.duration_s)) < timedelta(milliseconds=1)


def test_predicted_error_falls_as_the_excitation_grows() -> None:
    warm, cold = plan_of().isotherms[0], plan_of().isotherms[-1]
    assert cold.conductance_error_S / warm.conductance_error_S == pytest.approx(10.0, rel=0.05)


def test_predicted_error_is_that_of_the_lab_notes() -> None:
    # 1.2 nV class preamplifier, TC 0.3 s, 24 dB, excitation of kT/e peak at 100 mK: 0.28 e2/h
    assert plan_of().isotherms[-1].conductance_error_S / 3.874e-5 == pytest.approx(0.28, rel=0.05)


def test_figure_8_takes_about_a_day() -> None:
    plan = make_plan(load_recipe(EXAMPLES / "cu1.toml"), simulated_station())
    assert 20 < plan.duration_s / 3600 < 30
    assert len(plan.isotherms) == 19
    assert sum(isotherm.crosses_regime for isotherm in plan.isotherms) == 1


def test_plan_is_the_same_for_a_recipe_from_the_run_file() -> None:
    plan = plan_of()
    recipe = type(plan.recipe).from_dict(json.loads(json.dumps(plan.recipe.to_dict())), "run file")
    again = make_plan(recipe, plan.station)
    assert again.duration_s == plan.duration_s
    assert np.array_equal(again.sweep.bias_setpoint_V, plan.sweep.bias_setpoint_V)


def test_isotherms_of_a_million_points_share_their_arrays() -> None:
    plan = plan_of(TEXT.replace("points = 401", "points = 80_001\ndense_V = 1e-3"))
    assert plan.points > 990_000
    assert all(isotherm.sweep is plan.sweep for isotherm in plan.isotherms)
    assert all(isotherm.settle_s is plan.isotherms[0].settle_s for isotherm in plan.isotherms)
