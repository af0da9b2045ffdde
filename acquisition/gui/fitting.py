"""The worker that keeps the exponent up to date off the window's thread.

It takes points as they come; those that came while it was busy are taken together. From one batch fit to the next it
updates the live fit. A batch fit is due when an isotherm begins and when the run ends, but not so often that fitting
takes more than a quarter of the time. What it fits with needs scipy, which it loads by itself: a window shows its
points before.
"""

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QMutex, QMutexLocker, QObject, QThread, QWaitCondition, pyqtSignal, pyqtSlot

from acquisition.clock import Wall
from analysis.corrections import Corrections
from analysis.errors import AnalysisError
from analysis.fit_result import ExponentFit
from analysis.points import Points

if TYPE_CHECKING:
    from analysis.growing_fit import GrowingFit
    from analysis.scaling.collapsed import CollapsedIsotherm

Floats = NDArray[np.float64]

_log = logging.getLogger(__name__)

REST = 3.0
"""Rest after a batch fit, in times of what it took."""

MINIMUM_REST_S = 0.3


@dataclass(frozen=True)
class FitAnswer:
    """A fit with what the views draw of it.

    Attributes
    ----------
    fit : ExponentFit
    collapsed : dict
        Isotherms that changed since the answer before, by place; after a batch fit all of them.
    theory : tuple of array, shape (n,) each
        The 2CK curve nearest to the master curve of the last batch fit: reduced bias, and value in S / K^alpha.
    is_batch : bool
        Whether the window, D(alpha) and the systematic errors are new too.
    stride : int
        Of so many points one is fitted, for there are very many.
    """

    fit: ExponentFit
    collapsed: "dict[int, CollapsedIsotherm]"
    theory: tuple[Floats, Floats]
    is_batch: bool
    stride: int = 1


@dataclass
class _Task:
    """One run to be fitted: its fit, its points that wait, and whether a batch fit is due."""

    corrections: Corrections
    waiting: list[Points]
    is_refit_due: bool = True
    is_ended: bool = False
    rest_until_s: float = 0.0
    theory: tuple[Floats, Floats] | None = None

    @cached_property
    def growing(self) -> "GrowingFit":
        """Return the fit; asked for in the worker's thread only."""
        from analysis.growing_fit import GrowingFit

        return GrowingFit(self.corrections)


class FitWorker(QThread):
    """Fit the run that is looked at.

    Parameters
    ----------
    wall : Wall
        Tells how long a batch fit takes.

    Signals
    -------
    fitted : FitAnswer
        The newest answer.
    refused : str
        Why there is none, in one line.
    """

    fitted = pyqtSignal(object)
    refused = pyqtSignal(str)
    _answered = pyqtSignal(object, object)

    def __init__(self, wall: Wall, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wall = wall
        self._mutex = QMutex()
        self._wake = QWaitCondition()
        self._task: _Task | None = None
        self._is_ending = False
        self._answered.connect(self._pass_on)

    def forget(self) -> None:
        """Fit nothing until the next run is begun; what is still on its way is not told."""
        with QMutexLocker(self._mutex):
            self._task = None

    def begin(self, corrections: Corrections) -> None:
        """Forget the run before; points of another one follow."""
        with QMutexLocker(self._mutex):
            self._task = _Task(corrections, [])

    def take(self, points: Points) -> None:
        """Take further points of the run."""
        with QMutexLocker(self._mutex):
            if self._task is not None:
                self._task.waiting.append(points)
                self._wake.wakeOne()

    def finish(self) -> None:
        """Fit all points once more: the run has ended."""
        with QMutexLocker(self._mutex):
            if self._task is not None:
                self._task.is_ended = self._task.is_refit_due = True
                self._wake.wakeOne()

    def end(self) -> None:
        """End the thread after the fit under way, and wait for it."""
        with QMutexLocker(self._mutex):
            self._is_ending = True
            self._wake.wakeOne()
        self.wait()

    def run(self) -> None:
        """Fit until told to end; called by Qt in the thread."""
        while (work := self._next()) is not None:
            task, points = work
            try:
                answer = self._fit(task, points)
            except AnalysisError as error:
                self._tell(task, str(error))
            except Exception:  # noqa: BLE001 - a view may fail, the run and the window go on
                _log.exception("the fit failed")
                self._tell(task, "the fit failed; the log has the details")
            else:
                self._tell(task, answer)

    def _next(self) -> tuple[_Task, Points | None] | None:
        """Wait for points, or for the time of a batch fit; None at the end."""
        with QMutexLocker(self._mutex):
            while not self._is_ending:
                task = self._task
                if task is None:
                    self._wake.wait(self._mutex)
                elif task.waiting:
                    points, task.waiting = Points.joined(task.waiting), []
                    return task, points
                elif not task.is_refit_due:
                    self._wake.wait(self._mutex)
                elif (rest_s := self._rest_s(task)) <= 0.0:
                    return task, None
                else:
                    self._wake.wait(self._mutex, 1 + int(1e3 * rest_s))
            return None

    def _rest_s(self, task: _Task) -> float:
        return 0.0 if task.is_ended else task.rest_until_s - self._wall.monotonic_s()

    def _fit(self, task: _Task, points: Points | None) -> FitAnswer | None:
        growing = task.growing
        if points is not None and growing.add(points):
            task.is_refit_due = True
        is_batch = task.is_refit_due and self._rest_s(task) <= 0.0
        if is_batch:
            self._refit(task)
        if not growing.is_fitted or task.theory is None:
            return None
        fit = growing.fit()
        return FitAnswer(fit, growing.collapsed(fit), task.theory, is_batch, growing.stride)

    def _refit(self, task: _Task) -> None:
        from analysis.scaling.collapsed import universal_curve

        task.is_refit_due = task.is_ended = False
        began_s = self._wall.monotonic_s()
        try:
            task.growing.refit()
            fit = task.growing.fit()
            task.theory = fit.master_curve.reduced_bias, universal_curve(fit).value
        finally:
            ended_s = self._wall.monotonic_s()
            task.rest_until_s = ended_s + max(MINIMUM_REST_S, REST * (ended_s - began_s))

    def _tell(self, task: _Task, answer: FitAnswer | str | None) -> None:
        if answer is not None:
            self._answered.emit(task, answer)

    @pyqtSlot(object, object)
    def _pass_on(self, task: _Task, answer: FitAnswer | str) -> None:
        """Tell of a fit, unless another run is looked at by now: asked in the window's thread, where runs are begun."""
        if task is not self._task:
            return
        if isinstance(answer, str):
            self.refused.emit(answer)
        else:
            self.fitted.emit(answer)
