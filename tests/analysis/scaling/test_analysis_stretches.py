"""Stretches of drift: few, decided by the times alone, and exactly convertible."""

import numpy as np
import pytest

from analysis.scaling.stretches import MAXIMUM_STRETCHES, Stretches


def test_ramps_rise_by_the_root_of_their_length() -> None:
    stretches = Stretches.of(np.arange(0.0, 2650.0, 3.3))
    assert MAXIMUM_STRETCHES / 2 <= stretches.size <= MAXIMUM_STRETCHES
    ends = stretches.ramps(stretches.edges_s[[0, -1]])
    assert np.all(ends[0] == 0.0)
    assert ends[1] == pytest.approx(np.sqrt(128.0) * np.ones(stretches.size))


def test_a_pause_is_one_stretch_and_does_not_coarsen_the_rest() -> None:
    evening = np.arange(0.0, 1300.0, 3.0)
    stretches = Stretches.of(np.concatenate([evening, 86400.0 + evening]))
    assert stretches.length_s == 128.0
    assert stretches.lengths_s.max() > 80000.0
    assert np.sum(stretches.lengths_s == 128.0) == stretches.size - 1


@pytest.mark.parametrize("seed", range(5))
def test_times_in_any_order_and_pieces_give_the_same_stretches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(3.0, 400)) + 5000.0 * (np.arange(400) > 200)
    together = Stretches.of(times)
    piecewise = Stretches.of(np.zeros(0))
    for rows in np.array_split(rng.permutation(400), 90):
        piecewise = piecewise.with_times(times[rows])
    assert piecewise.length_s == together.length_s
    assert np.array_equal(piecewise.cells, together.cells)


@pytest.mark.parametrize("later", [[700.0], [-50.0], [350.0], [1e5, 2e5], np.arange(0.0, 5000.0, 7.0)])
def test_older_ramps_turn_into_the_newer_ones_exactly(later: list[float]) -> None:
    times = np.concatenate([np.arange(0.0, 300.0, 3.0), np.arange(400.0, 600.0, 3.0)])
    older = Stretches.of(times)
    newer = older.with_times(np.asarray(later))
    constant, ramps = newer.map_from(older)
    assert constant + older.ramps(times) @ ramps == pytest.approx(newer.ramps(times), abs=1e-12)


def test_known_times_need_no_other_stretches() -> None:
    stretches = Stretches.of(np.arange(100.0))
    assert stretches.with_times(np.array([12.5, 99.9])) is stretches
