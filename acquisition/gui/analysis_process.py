"""`zerobias analyze` as a process of its own: weighing the evidence takes seconds, and the window none of them."""

import sys
from pathlib import Path

from PyQt5.QtCore import QObject, QProcess, pyqtSignal


class AnalysisProcess(QObject):
    """One analysis at a time.

    Signals
    -------
    done : str
        What it printed.
    refused : str
        Why there is no result, in one line.
    """

    done = pyqtSignal(str)
    refused = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None

    @property
    def is_busy(self) -> bool:
        """Say whether an analysis is under way."""
        return self._process is not None

    def start(self, run_file: Path, *options: str) -> None:
        """Begin to analyze `run_file`, unless an analysis is under way."""
        if self._process is not None:
            return
        self._process = QProcess(self)
        self._process.finished.connect(self._finish)
        self._process.start(sys.executable, ["-m", "acquisition", "analyze", str(run_file), *options])

    def stop(self) -> None:
        """End the analysis under way; nothing is told of it."""
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect()
            process.kill()
            process.waitForFinished()
            process.deleteLater()

    def _finish(self, status: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        text, complaint = (
            bytes(stream).decode("utf-8", "replace").strip()
            for stream in (process.readAllStandardOutput(), process.readAllStandardError())
        )
        process.deleteLater()
        if status == 0:
            self.done.emit(text)
        else:
            self.refused.emit(complaint.splitlines()[-1] if complaint else f"the analysis ended with status {status}")
