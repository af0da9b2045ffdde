"""What a panel of the window is, and what it is made from.

A panel is told of the run it looks at by methods, and says what it wants by signals; the window connects all of them
alike. To add one: derive it from `Panel`, and give it a line in `panels.PANELS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QSettings, pyqtSignal
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QWidget

from acquisition.clock import Wall
from acquisition.gui.fitting import FitAnswer
from acquisition.gui.selection import Selection
from acquisition.gui.style import Palette, TemperatureColours
from acquisition.gui.tail import Fresh, RunTail
from acquisition.station_file import Station


@dataclass(frozen=True)
class Surroundings:
    """What the window and its panels are made from.

    Attributes
    ----------
    palette : Palette
        The look.
    settings : QSettings
        Where layouts and choices are kept.
    wall : Wall
        Dates commands and tells how old a commit is.
    samples : list of str
        Simulated samples to choose from.
    station_for : callable
        Returns the station for a station file or a simulated sample, whichever is not None.
    out : Path
        Folder for run files.
    station, sample, speed
        What was chosen on the command line.
    faults : mapping of str to str
        What can go wrong with a simulated rack, and what that means.
    truths : mapping
        What is true of each simulated sample.
    selection : Selection
        What all views show of a run.
    """

    palette: Palette
    settings: QSettings
    wall: Wall
    samples: list[str]
    station_for: Callable[[Path | None, str | None], Station]
    out: Path
    station: Path | None = None
    sample: str | None = None
    speed: float | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    truths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)


@dataclass(frozen=True)
class News:
    """What one look at the run brought: the run as far as it is measured, what is new of it, and its colours."""

    tail: RunTail
    fresh: Fresh
    colours: TemperatureColours


class Panel(QWidget):
    """A part of the window; what a panel has no use for it leaves as it is here.

    Signals
    -------
    failed : Exception or str
        Something to tell the operator; shown beside the run, never over it.
    run_opened : Path
        A run file to look at.
    run_chosen : RunChoice
        A run to start.
    commanded : (CommandKind, dict)
        A command for the engine of the run, and its particulars.
    """

    failed = pyqtSignal(object)
    run_opened = pyqtSignal(object)
    run_chosen = pyqtSignal(object)
    commanded = pyqtSignal(object, dict)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._is_in_front = True
        self.setObjectName(name)

    def clear(self) -> None:
        """Forget the run: another one is looked at from now on."""

    def show_news(self, news: News) -> None:
        """Take what is new of the run; called at most some 25 times a second."""

    def show_answer(self, answer: FitAnswer) -> None:
        """Take a new fit."""

    def show_refusal(self, why: str) -> None:
        """Take note of why there is no new fit, in one line."""

    def memory(self) -> dict[str, Any]:
        """Return what somebody has chosen here, for the panel that takes its place when the palette changes."""
        return {}

    def recall(self, memory: dict[str, Any]) -> None:
        """Take over what somebody had chosen in the panel before, once the run is looked at."""

    # --- whether it is seen -----------------------------------------------------------------------------------------

    @property
    def is_seen(self) -> bool:
        """Return whether anything of it can be on the screen: a dock behind another one says it is visible, too."""
        return self._is_in_front and self.isVisible()

    def set_in_front(self, is_in_front: bool) -> None:
        """Take note that its dock comes to the front, or goes behind another one."""
        self._is_in_front = is_in_front
        if self.is_seen:
            self.catch_up()

    def showEvent(self, a0: QShowEvent | None) -> None:  # Qt's name
        """Catch up, if it is seen now."""
        super().showEvent(a0)
        if self.is_seen:
            self.catch_up()

    def catch_up(self) -> None:
        """Do what was left undone while it was not seen."""

    def end(self) -> None:
        """Let go of everything: the window closes."""
