"""What of a plan is left to measure, as the plan stands whenever it is asked: it may be edited while it runs."""

from collections.abc import Iterator

from acquisition.plan import IsothermPlan
from acquisition.planning.plan_edit import RunningPlan
from acquisition.running.past import Past


class Remaining:
    """A walk up a plan, over the points that earlier engines have measured and those that were retired.

    Parameters
    ----------
    running : RunningPlan
        What to do.
    past : Past
        What was measured before.

    Attributes
    ----------
    running : RunningPlan
        The plan as it now is.
    cursor : int
        The walk only goes up: below this plan index nothing is left to do.
    """

    def __init__(self, running: RunningPlan, past: Past) -> None:
        self.running = running
        self.cursor = 0
        self._past = past

    def is_measured(self, plan_index: int) -> bool:
        """Say whether a point is measured or gone by."""
        return plan_index < self.cursor or plan_index in self._past.measured

    def places(self, isotherm: IsothermPlan) -> Iterator[int]:
        """Yield the places of an isotherm that are to be measured, as the plan stands when each is asked for."""
        first = isotherm.first_plan_index
        for place in range(max(0, self.cursor - first), isotherm.points):
            if not self.is_measured(first + place) and first + place not in self.running.retired:
                yield place

    def next_place(self, isotherm: IsothermPlan) -> int | None:
        """Return the next place of an isotherm that is to be measured, or None if there is none."""
        return next(self.places(isotherm), None)

    def next_isotherm(self) -> IsothermPlan | None:
        """Return the isotherm of the next point to measure; one without any is left behind for good."""
        plan = self.running.plan
        while self.cursor < plan.points:
            isotherm, _ = plan.locate(self.cursor)
            if self.next_place(isotherm) is not None:
                return isotherm
            self.cursor = isotherm.first_plan_index + isotherm.points
        return None

    def is_begun(self, isotherm: IsothermPlan) -> bool:
        """Say whether some of an isotherm is measured already."""
        first = isotherm.first_plan_index
        return self.cursor > first or self.has_measured(first, first + isotherm.points)

    def has_measured(self, first: int, end: int) -> bool:
        """Say whether an earlier engine has measured any of the plan indices from `first` to before `end`."""
        return not self._past.measured.isdisjoint(range(first, end))
