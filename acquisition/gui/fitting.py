"""The worker that fits the exponent off the window's thread; a newer request replaces one that has not begun."""

import logging
from dataclasses import dataclass

from PyQt5.QtCore import QMutex, QMutexLocker, QObject, QThread, QWaitCondition, pyqtSignal

from analysis.collapse import fit_exponent
from analysis.corrections import Corrections
from analysis.curves import Curves, Window
from analysis.errors import AnalysisError
from analysis.fit_result import ExponentFit
from analysis.scaling.collapsed import CollapsedIsotherm, UniversalCurve, collapsed_isotherms, universal_curve

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FitRequest:
    """What to fit; `window` None lets the program choose."""

    curves: Curves
    window: Window | None
    corrections: Corrections


@dataclass(frozen=True)
class FitAnswer:
    """A fit with what the views draw of it."""

    fit: ExponentFit
    collapsed: tuple[CollapsedIsotherm, ...]
    universal: UniversalCurve


class FitWorker(QThread):
    """Fit what was asked last.

    Signals
    -------
    fitted : FitAnswer
        The newest answer.
    refused : str
        Why there is none, in one line.
    """

    fitted = pyqtSignal(object)
    refused = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mutex = QMutex()
        self._wake = QWaitCondition()
        self._request: FitRequest | None = None
        self._is_ending = False

    def ask(self, request: FitRequest) -> None:
        """Put a request in the place of the one that waits."""
        with QMutexLocker(self._mutex):
            self._request = request
            self._wake.wakeOne()

    def end(self) -> None:
        """End the thread after the fit under way, and wait for it."""
        with QMutexLocker(self._mutex):
            self._is_ending = True
            self._wake.wakeOne()
        self.wait()

    def run(self) -> None:
        """Fit until told to end; called by Qt in the thread."""
        while (request := self._next()) is not None:
            try:
                fit = fit_exponent(request.curves, request.window, request.corrections)
                answer = FitAnswer(fit, collapsed_isotherms(request.curves, fit), universal_curve(fit))
            except AnalysisError as error:
                self.refused.emit(str(error))
            except Exception:  # noqa: BLE001 - a view may fail, the run and the window go on
                _log.exception("the fit failed")
                self.refused.emit("the fit failed; the log has the details")
            else:
                self.fitted.emit(answer)

    def _next(self) -> FitRequest | None:
        with QMutexLocker(self._mutex):
            while self._request is None and not self._is_ending:
                self._wake.wait(self._mutex)
            if self._is_ending:
                return None
            request, self._request = self._request, None
            return request
