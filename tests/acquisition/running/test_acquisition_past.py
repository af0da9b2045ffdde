"""Whether a contact is still what it was is judged by its own noise and by drift."""

import math
from typing import Any

import pytest

from acquisition.plan import make_plan
from acquisition.readings import Direction, PointFlag, PointKind, Reading
from acquisition.recipe import parse_recipe
from acquisition.running.past import FINITE_BIASES, Past, Reference, isotherm_to_compare, references_of
from acquisition.station_file import simulated_station


def reading(bias_V: float, conductance_S: float = 0.11, flags: PointFlag = PointFlag.GOOD) -> Reading:
    values: dict[str, Any] = {name: 0.0 for name in Reading._fields}
    values |= {"bias_V": bias_V, "bias_setpoint_V": bias_V, "current_setpoint_A": 0.1 * bias_V}
    values |= {"conductance_S": conductance_S, "conductance_error_S": 1e-5, "flags": flags}
    values["kind"] = PointKind.SWEEP if bias_V else PointKind.ANCHOR
    values["direction"] = Direction.UP
    return Reading(**values)


def test_zero_bias_is_the_mean_of_the_anchors_and_the_finite_ones_span_the_sweep() -> None:
    points = [reading(0.0, 0.10), reading(0.0, 0.12), *(reading(1e-4 * place) for place in range(-5, 6) if place)]
    zero, *finite = references_of(points)
    assert zero.conductance_S == pytest.approx(0.11)
    assert zero.error_S == pytest.approx(1e-5 / math.sqrt(2.0))
    assert len(finite) == FINITE_BIASES
    assert (finite[0].bias_V, finite[-1].bias_V) == pytest.approx((-5e-4, 5e-4))


def test_flagged_points_are_no_reference() -> None:
    bad = reading(3e-4, 99.0, PointFlag.LOCKIN_INPUT_OVERLOAD)
    points = [reading(0.0), bad, *(reading(1e-4 * place, flags=PointFlag.AFTER_PAUSE) for place in (-2, -1, 1))]
    assert all(one.conductance_S < 1.0 for one in references_of(points))


@pytest.mark.parametrize("points", [[], [reading(0.0)], [reading(1e-4), reading(2e-4), reading(3e-4)]])
def test_too_few_points_are_no_reference(points: list[Reading]) -> None:
    assert references_of(points) == []


def test_noise_of_both_and_the_drift_of_the_gap_are_allowed() -> None:
    quiet = Reference(0.0, 0.0, 0.1, 3e-6)
    at_once = quiet.allowed_S(4e-6, 0.0)
    assert at_once > 3.0 * 5e-6
    assert quiet.allowed_S(4e-6, 86400.0) > at_once
    assert quiet.allowed_S(4e-6, 30 * 86400.0) == quiet.allowed_S(4e-6, 3 * 86400.0) < 0.01 * 0.1


def test_comparison_is_where_the_run_goes_on_or_where_it_was_last() -> None:
    run, series = '[run]\nname = "x"\nsample = "y"\n', "[[series]]\ntemperatures_K = [1.4, 0.8]\n"
    text = f"{run}{series}[bias]\nmaximum_V = 1e-3\npoints = 9"
    plan = make_plan(parse_recipe(text, "x"), simulated_station())
    enough = [reading(0.0), reading(1e-4), reading(2e-4), reading(3e-4)]
    second = plan.isotherms[1].first_plan_index
    for measured, place in (({0: enough, 1: enough}, 1), ({0: enough, 1: enough[:2]}, 0)):
        found = isotherm_to_compare(plan, Past(points_of=lambda index, points=measured: points[index]), second + 3)
        assert found is not None
        assert found[0].index == place
    assert isotherm_to_compare(plan, Past(), second) is None
