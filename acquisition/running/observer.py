"""Who is told of a run's progress, and how he is told without being able to stop it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from acquisition.planning.plan_edit import RunningPlan
from acquisition.readings import Event


class Observer(Protocol):
    """Who is told of a run's progress; called after the fact is durable. One that fails is told no more."""

    def started(self, run_file: Path, running: RunningPlan, measured: int, /) -> None:
        """Take note that the run file exists, that so many points are in it, and that measuring begins."""
        ...

    def committed(self, seq: int, plan_index: int, /) -> None:
        """Take note of a point that is in the run file."""
        ...

    def happened(self, event: Event, /) -> None:
        """Take note of an event that is in the run file."""
        ...

    def planned(self, running: RunningPlan, /) -> None:
        """Take note of a plan that was changed while it ran."""
        ...


class Teller:
    """Counts points, and tells an observer as long as it can be told: a terminal gone away does not end the run."""

    def __init__(self, observer: Observer) -> None:
        self._observer: Observer | None = observer
        self.points = 0

    def started(self, run_file: Path, running: RunningPlan, measured: int) -> None:
        """Tell of the run file; the count begins at `measured`."""
        self.points = measured
        self._tell(lambda observer: observer.started(run_file, running, measured))

    def committed(self, seq: int, plan_index: int) -> None:
        """Count a point and tell of it."""
        self.points += 1
        self._tell(lambda observer: observer.committed(seq, plan_index))

    def happened(self, event: Event) -> None:
        """Tell of an event."""
        self._tell(lambda observer: observer.happened(event))

    def planned(self, running: RunningPlan) -> None:
        """Tell of a changed plan."""
        self._tell(lambda observer: observer.planned(running))

    def _tell(self, message: Callable[[Observer], None]) -> None:
        if self._observer is not None:
            try:
                message(self._observer)
            except (OSError, ValueError):  # a broken pipe, or a file closed under our hands
                self._observer = None
