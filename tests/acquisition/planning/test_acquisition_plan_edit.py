"""A running plan is changed at its end or by leaving out; no plan index ever changes its meaning."""

import pytest

from acquisition.errors import InputError, PlanError
from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_edit import (
    EditKind,
    PlanEdit,
    RunningPlan,
    apply,
    apply_all,
    extended,
    indices_to_retire,
)
from acquisition.recipe import Recipe, parse_recipe
from acquisition.station_file import simulated_station

BASE = """
[run]
name = "x"
sample = "cu1"
[[series]]
temperatures_K = [1.4, 0.8]
[bias]
maximum_V = 1e-3
points = 11
"""


def recipe(text: str = "", **changes: object) -> Recipe:
    return Recipe.from_dict(parse_recipe(BASE + text, "x").to_dict() | changes, "x")


@pytest.fixture
def plan() -> Plan:
    return make_plan(recipe(), simulated_station())


def test_appended_isotherms_get_new_indices_and_the_old_keep_theirs(plan: Plan) -> None:
    longer = extended(plan, recipe(series=[{"temperatures_K": [0.5], "fields_T": [1.0, 2.0]}]))
    assert longer.isotherms[:2] == plan.isotherms
    assert [isotherm.index for isotherm in longer.isotherms] == [0, 1, 2, 3]
    assert [isotherm.series_index for isotherm in longer.isotherms] == [0, 0, 1, 1]
    size = plan.isotherms[0].points
    assert [isotherm.first_plan_index for isotherm in longer.isotherms] == [0, size, 2 * size, 3 * size]
    assert longer.locate(2 * size) == (longer.isotherms[2], 0)


def test_appended_isotherms_may_have_another_grid(plan: Plan) -> None:
    longer = extended(plan, recipe(bias={"maximum_V": 2e-3, "points": 31}))
    first = longer.isotherms[2]
    assert first.points > plan.isotherms[0].points
    assert longer.locate(longer.points - 1)[1] == first.points - 1


def test_way_to_the_appended_part_begins_where_the_old_ends(plan: Plan) -> None:
    near = extended(plan, recipe(series=[{"temperatures_K": [0.8]}])).isotherms[2]
    far = extended(plan, recipe(series=[{"temperatures_K": [5.0]}])).isotherms[2]
    assert near.temperature_approach_s < far.temperature_approach_s


@pytest.mark.parametrize("text", ["[lockin]\ntime_constant_s = 1.0\n", "[settling]\nfield_dwell_s = 1\n"])
def test_other_filter_or_settling_is_refused(plan: Plan, text: str) -> None:
    with pytest.raises(PlanError, match="differs from the one of the run"):
        extended(plan, recipe(text))


def test_appended_isotherms_may_average_for_longer(plan: Plan) -> None:
    longer = extended(plan, recipe("[lockin]\naverage_s = 3.0\n"))
    before, after = longer.isotherms[0], longer.isotherms[2]
    assert (before.lockin.average_s, after.lockin.average_s) == (0.0, 3.0)
    assert after.noise.sigma_V < 0.7 * before.noise.sigma_V
    assert after.bias_s == pytest.approx(before.bias_s + 3.0 * before.points, rel=1e-3)


def test_appended_recipe_keeps_the_stations_limits(plan: Plan) -> None:
    with pytest.raises(PlanError, match="12"):
        extended(plan, recipe(series=[{"temperatures_K": [0.5], "fields_T": [12.0]}]))


def test_plan_is_made_again_from_its_edits(plan: Plan) -> None:
    edits = [
        PlanEdit(EditKind.APPEND, recipe(series=[{"temperatures_K": [0.5]}]).to_dict()),
        PlanEdit(EditKind.RETIRE, [40, 41]),
    ]
    one_by_one = apply(apply(RunningPlan(plan), edits[0]), edits[1])
    again = apply_all(make_plan(recipe(), simulated_station()), edits)
    assert again.retired == one_by_one.retired == {40, 41}
    assert again.points == one_by_one.points == again.plan.points - 2


def test_missing_is_what_is_neither_measured_nor_retired(plan: Plan) -> None:
    running = apply(RunningPlan(plan), PlanEdit(EditKind.RETIRE, [1, 3]))
    assert running.missing(frozenset({0, 2}))[:2] == [4, 5]


@pytest.mark.parametrize("content", [{"run": {}}, {}])
def test_recipe_that_is_none_is_refused(plan: Plan, content: dict) -> None:
    with pytest.raises(InputError, match="appended recipe"):
        apply(RunningPlan(plan), PlanEdit(EditKind.APPEND, content))


def test_isotherm_names_all_its_points(plan: Plan) -> None:
    size = plan.isotherms[0].points
    assert indices_to_retire(plan, {"isotherm": 1}) == list(range(size, 2 * size))


@pytest.mark.parametrize(
    "argument",
    [
        {},
        {"isotherm": 2},
        {"isotherm": -1},
        {"isotherm": "1"},
        {"plan_indices": []},
        {"plan_indices": [True]},
        {"plan_indices": "12"},
        {"plan_indices": [10_000]},
        {"plan_indices": [-1]},
    ],
)
def test_indices_that_are_not_in_the_plan_are_refused(plan: Plan, argument: dict) -> None:
    with pytest.raises(PlanError):
        indices_to_retire(plan, argument)
