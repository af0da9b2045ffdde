"""The bias grid and the order of points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import PlanError
from acquisition.planning.sweep import ANCHOR, Sweep, bias_grid, make_sweep
from acquisition.readings import Direction, PointKind
from acquisition.recipe import AnchorsSection, BiasSection, Directions, SettlingSection, Spacing


def sweep_of(points: int = 401, every_points: int = 25, directions: Directions = Directions.BOTH) -> Sweep:
    bias = BiasSection(maximum_V=4e-3, points=points, directions=directions)
    return make_sweep(bias, AnchorsSection(every_points=every_points), SettlingSection())


@given(
    maximum_V=st.floats(1e-6, 1.0),
    half=st.integers(1, 300),
    spacing=st.sampled_from(Spacing),
    dense_V=st.floats(1e-9, 10.0),
)
def test_grid_is_odd_and_ends_at_the_maximum(maximum_V: float, half: int, spacing: Spacing, dense_V: float) -> None:
    grid_V = bias_grid(maximum_V, 2 * half + 1, spacing, dense_V)
    assert len(grid_V) == 2 * half + 1
    assert grid_V[half] == 0.0
    assert grid_V[-1] == maximum_V
    assert np.array_equal(grid_V, -grid_V[::-1])
    assert np.all(np.diff(grid_V) > 0)


def test_sinh_grid_is_dense_near_zero() -> None:
    grid_V = bias_grid(4e-3, 401, Spacing.SINH, 0.1e-3)
    assert grid_V[201] == pytest.approx(0.1e-3 * np.sinh(np.arcsinh(40.0) / 200))
    assert np.count_nonzero(np.abs(grid_V) <= 0.8e-3) > 250


@pytest.mark.parametrize(
    ("maximum_V", "points", "dense_V"),
    [(1.0, 4, 0.1), (1.0, 1, 0.1), (0.0, 5, 0.1), (1.0, 5, 0.0), (float("nan"), 5, 1)],
)
def test_impossible_grid_is_refused(maximum_V: float, points: int, dense_V: float) -> None:
    with pytest.raises(PlanError, match="odd number"):
        bias_grid(maximum_V, points, Spacing.SINH, dense_V)


def test_triangle_has_every_value_once_each_way() -> None:
    sweep = sweep_of()
    grid_V = bias_grid(4e-3, 401, Spacing.SINH, 0.1e-3)
    for sign in (-1, 1):
        assert np.array_equal(np.sort(sweep.bias_setpoint_V[sweep.direction == sign]), grid_V)


def test_triangle_goes_down_up_and_home() -> None:
    sweep = sweep_of(points=5, every_points=100)
    millivolts = np.round(sweep.bias_setpoint_V[sweep.direction != 0] * 1e3, 9)
    one = millivolts[1]
    assert millivolts.tolist() == [0, one, -4, -4, one, 0, -one, 4, 4, -one]
    assert sweep.direction.tolist() == [0, 0, -1, -1, -1, 1, 1, 1, 1, 1, -1, -1, 0]


def test_anchors_open_interrupt_and_close() -> None:
    kind = sweep_of().kind.tolist()
    assert kind[:3] == [1, 1, 0]
    assert kind[-2:] == [0, 1]
    runs = np.diff(np.flatnonzero(kind)) - 1
    assert set(runs[1:-1]) == {25}
    assert runs[-1] == 2  # 802 = 32 x 25 + 2
    assert kind.count(0) == 802


def test_no_anchor_stands_beside_the_closing_one() -> None:
    assert sweep_of(points=13, every_points=26).kind.tolist()[-2:] == [0, 1]


def test_anchors_are_at_zero_and_go_nowhere() -> None:
    sweep = sweep_of()
    assert np.all(sweep.bias_setpoint_V[sweep.kind == ANCHOR] == 0.0)
    assert np.all(sweep.direction[sweep.kind == ANCHOR] == 0)


def test_far_anchor_and_the_way_back_are_jumps() -> None:
    sweep = sweep_of()
    far = np.flatnonzero((sweep.kind == ANCHOR) & (np.abs(sweep.step_V) > 1e-3))
    assert len(far) == 10
    assert np.all(sweep.is_jump[far])
    assert np.all(sweep.is_jump[far + 1])
    near = np.flatnonzero((sweep.kind == 0)[1:] & (sweep.kind == 0)[:-1]) + 1
    assert not np.any(sweep.is_jump[near])


def test_first_point_waits_for_the_new_excitation() -> None:
    assert sweep_of().is_jump[0]


@pytest.mark.parametrize(("directions", "sign"), [(Directions.UP, 1), (Directions.DOWN, -1)])
def test_one_direction_is_complete_and_reached_by_a_coarse_measured_way(directions: Directions, sign: int) -> None:
    sweep = sweep_of(directions=directions)
    assert np.count_nonzero(sweep.direction == sign) == 401
    out_V = sweep.bias_setpoint_V[sweep.direction == -sign]
    assert (out_V[0], out_V[-1]) == (0.0, -sign * 4e-3)
    assert np.all(-sign * np.diff(out_V) > 0)
    assert 20 <= len(out_V) <= 30


def test_codes_have_names() -> None:
    sweep = sweep_of()
    assert (sweep.point_kind(0), sweep.point_direction(0)) == (PointKind.ANCHOR, Direction.NONE)
    assert (sweep.point_kind(2), sweep.point_direction(2)) == (PointKind.SWEEP, Direction.DOWN)


def test_shared_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        sweep_of().bias_setpoint_V[0] = 1.0
