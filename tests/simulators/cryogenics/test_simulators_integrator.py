import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.cryogenics.integrator import LookAhead


class _Relaxing:
    """y' = (goal - y) / 10 s, where the goal jumps at 100 s and rises by 1/s from 200 s to 210 s."""

    def derivative(self, time_s: float, state: Sequence[float]) -> Sequence[float]:
        goal = 0.0 if time_s < 100.0 else 1.0 + min(10.0, max(0.0, time_s - 200.0))
        return [(goal - state[0]) / 10.0]

    def next_break_s(self, time_s: float) -> float:
        return min((moment for moment in (100.0, 200.0, 210.0) if moment > time_s), default=math.inf)

    def is_driven(self, time_s: float) -> bool:
        return 200.0 <= time_s < 210.0


def _relaxing(start: float = 0.0, tolerance: float = 1e-6) -> LookAhead:
    return LookAhead(_Relaxing(), 0.0, [start], tolerance=[tolerance], longest_step_s=1e3, memory_s=60.0)


def test_a_decay_is_followed():
    trajectory = _relaxing(1.0)
    times_s = np.linspace(0.0, 60.0, 61)
    values = [trajectory.at(time_s)[0] for time_s in times_s.tolist()]
    np.testing.assert_allclose(values, np.exp(-times_s / 10.0), atol=2e-5)


def test_a_jump_of_an_input_is_not_smeared():
    trajectory = _relaxing()
    assert trajectory.at(100.0)[0] == pytest.approx(0.0, abs=1e-9)
    assert trajectory.at(101.0)[0] == pytest.approx(1.0 - math.exp(-0.1), abs=1e-5)


def test_a_ramp_of_an_input_is_followed():
    # goal 1 + s: y = 1 + s - 10 (1 - exp(-s / 10)) after s seconds of the ramp
    trajectory = _relaxing()
    assert trajectory.at(205.0)[0] == pytest.approx(1.0 + 5.0 - 10.0 * (1.0 - math.exp(-0.5)), abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 250.0), max_size=20))
def test_questions_do_not_change_answers(questions_s):
    asked, unasked = _relaxing(1.0, 1e-3), _relaxing(1.0, 1e-3)
    for cut_s in (30.0, 104.5, 203.0):
        for time_s in sorted(questions_s):
            if time_s < cut_s:
                asked.at(time_s)
        asked.cut(cut_s)
        unasked.cut(cut_s)
    assert [asked.at(t)[0] for t in (190.0, 203.0, 230.0)] == [unasked.at(t)[0] for t in (190.0, 203.0, 230.0)]


def test_a_cut_may_move_the_state_and_leaves_the_past_alone():
    trajectory = _relaxing(1.0)
    before = trajectory.at(15.0)[0]
    trajectory.cut(20.0, [5.0])
    assert trajectory.at(20.0)[0] == 5.0
    assert trajectory.at(15.0)[0] == before
    assert trajectory.at(30.0)[0] == pytest.approx(5.0 * math.exp(-1.0), abs=1e-4)


def test_before_its_memory_the_oldest_state_stands():
    trajectory = _relaxing(1.0)
    assert trajectory.at(-5.0)[0] == 1.0


def test_a_small_fast_disturbance_does_not_make_the_interpolant_swing():
    class Stiff:
        def derivative(self, time_s: float, state: Sequence[float]) -> Sequence[float]:
            return [(0.0 - state[0]) / 0.1]

        def next_break_s(self, time_s: float) -> float:
            return math.inf

        def is_driven(self, time_s: float) -> bool:
            return False

    trajectory = LookAhead(Stiff(), 0.0, [0.0], tolerance=[1e-5], longest_step_s=600.0, memory_s=60.0)
    trajectory.at(5000.0)
    trajectory.cut(5000.0, [5e-6])  # below the tolerance
    values = [trajectory.at(5000.0 + 0.25 * k)[0] for k in range(4001)]
    assert max(map(abs, values)) < 2e-5
