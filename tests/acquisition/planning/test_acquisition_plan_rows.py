"""The plan as tables and as JSON."""

import json
from datetime import UTC, datetime

import pytest

from acquisition.plan import Plan, make_plan
from acquisition.planning.plan_rows import budget_rows, step_rows, to_dict
from acquisition.recipe import parse_recipe
from acquisition.station_file import simulated_station

TEXT = """
[run]
name = "a"
sample = "b"
[[series]]
temperatures_K = [1.0, 0.4]
fields_T = [0.0, 1.0]
[bias]
maximum_V = 4e-3
points = 401
"""


@pytest.fixture
def plan() -> Plan:
    return make_plan(parse_recipe(TEXT, "x.toml"), simulated_station())


def test_steps_follow_each_other_to_the_end(plan: Plan) -> None:
    rows = step_rows(plan)
    assert rows[0].starts_s == 0.0
    assert [row.starts_s for row in rows[1:]] == [row.ends_s for row in rows[:-1]]
    assert rows[-1].ends_s == pytest.approx(plan.duration_s)


def test_step_says_where_the_mixture_is_condensed(plan: Plan) -> None:
    # the cryostat idles above the edge, 1 K is above it, 0.4 K below
    assert [row.crosses_regime for row in step_rows(plan)] == [False, False, True, False]


def test_budget_has_a_row_a_temperature(plan: Plan) -> None:
    rows = budget_rows(plan)
    assert [row.temperature_K for row in rows] == [1.0, 0.4]
    assert rows[0].sigma_V == pytest.approx(plan.isotherms[0].noise.sigma_V)
    assert {heat.stage for heat in rows[0].heat} == {"mixing chamber", "4 K plate"}


def test_dictionary_is_json_without_nan(plan: Plan) -> None:
    data = to_dict(plan, datetime(2026, 1, 1, tzinfo=UTC))
    assert json.loads(json.dumps(data, allow_nan=False)) == json.loads(json.dumps(data))
    assert data["points"] == plan.points
    assert sum(data["time_by_axis_s"].values()) == pytest.approx(data["duration_s"])
    assert data["finish"] > data["start"] == "2026-01-01T00:00:00+00:00"
