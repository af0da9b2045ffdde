"""How much wall time a run has left: what the plan predicts, corrected by the pace at which the run keeps to it."""

from acquisition.clock import Wall
from acquisition.plan import Plan

TRUST_S = 600.0
"""The pace that was expected counts as much as so much planned time at the pace that is seen."""


def planned_s(plan: Plan, plan_index: int) -> float:
    """Return how much of the plan's time has passed when a point is measured."""
    isotherm, place = plan.locate(plan_index)
    before_s = sum(other.duration_s for other in plan.isotherms[: isotherm.index])
    return before_s + isotherm.approach_s + isotherm.bias_s * (place + 1) / isotherm.points


def expected_pace(simulated: object, speed: float | None) -> float | None:
    """Return wall seconds a planned second: 1 on real boxes, None for a simulation that goes as fast as it can."""
    if not simulated:
        return 1.0
    return 1.0 / speed if speed else None


class Forecast:
    """Watches a run keep to its plan.

    Parameters
    ----------
    wall : Wall
        Tells how long things take.
    pace : float or None
        Wall seconds a planned second, as far as it is known before.
    """

    def __init__(self, wall: Wall, pace: float | None) -> None:
        self._wall = wall
        self.pace = pace
        self._began: tuple[float, float] | None = None

    def begin(self, passed_s: float) -> None:
        """Begin to watch, `passed_s` into the plan's time."""
        self._began = passed_s, self._wall.monotonic_s()

    def left_s(self, plan: Plan, plan_index: int) -> float | None:
        """Return the wall time that is left when a point has just been measured; None if nothing tells the pace yet."""
        now_s = planned_s(plan, plan_index)
        if self._began is None:
            self.begin(now_s)
        assert self._began is not None
        passed_s, taken_s = now_s - self._began[0], self._wall.monotonic_s() - self._began[1]
        if self.pace is not None:
            passed_s, taken_s = passed_s + TRUST_S, taken_s + self.pace * TRUST_S
        return (plan.duration_s - now_s) * taken_s / passed_s if passed_s > 0.0 else None
