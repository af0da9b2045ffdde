"""The wall time that is left: the plan's, at the pace that is seen."""

from pathlib import Path

import pytest
from small_runs import QuickWall

from acquisition.plan import Plan, make_plan
from acquisition.planning.forecast import TRUST_S, Forecast, expected_pace, planned_s
from acquisition.recipe import load_recipe
from acquisition.station_file import simulated_station

QUICK = Path(__file__).parents[3] / "examples" / "quick.toml"


class Wall(QuickWall):
    """A wall clock that only moves when it is told to."""

    def monotonic_s(self) -> float:
        return self.time_s


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(load_recipe(QUICK), simulated_station())


def test_planned_time_runs_from_the_first_approach_to_the_end(plan: Plan) -> None:
    times_s = [planned_s(plan, index) for index in range(plan.points)]
    assert times_s == sorted(times_s)
    assert times_s[0] > plan.isotherms[0].approach_s
    assert times_s[-1] == pytest.approx(plan.duration_s)


def test_run_that_takes_twice_as_long_ends_twice_as_late(plan: Plan) -> None:
    wall = Wall()
    forecast = Forecast(wall, None)
    forecast.begin(0.0)
    wall.time_s = 2.0 * planned_s(plan, 300)
    assert forecast.left_s(plan, 300) == pytest.approx(2.0 * (plan.duration_s - planned_s(plan, 300)))


def test_expected_pace_gives_way_to_the_one_that_is_seen(plan: Plan) -> None:
    wall = Wall()
    forecast = Forecast(wall, expected_pace("cu1", 100.0))
    first = forecast.left_s(plan, 200)
    assert first == pytest.approx((plan.duration_s - planned_s(plan, 200)) / 100.0)
    seen_s = planned_s(plan, 700) - planned_s(plan, 200)
    wall.time_s = seen_s / 50.0  # it takes twice as long
    pace = (seen_s / 50.0 + TRUST_S / 100.0) / (seen_s + TRUST_S)
    assert 1.8 / 100.0 < pace < 2.0 / 100.0
    assert forecast.left_s(plan, 700) == pytest.approx(pace * (plan.duration_s - planned_s(plan, 700)))


def test_nothing_is_foretold_where_nothing_tells_the_pace(plan: Plan) -> None:
    assert Forecast(Wall(), expected_pace("cu1", None)).left_s(plan, 5) is None
    assert expected_pace(None, None) == 1.0
