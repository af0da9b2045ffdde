"""Who watches a run from the terminal: progress, ETA and the running exponent on stderr, events on stdout.

Like every viewer it reads the run file, and only what is durable.
"""

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.measured import load_measured
from acquisition.planning.forecast import Forecast
from acquisition.planning.plan_edit import RunningPlan
from acquisition.planning.timing import duration_text
from acquisition.readings import PAUSE_OFF, PAUSING, Event
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from analysis.fit_result import ExponentFit

MINIMUM_ISOTHERMS = 3
GROWTH = 1.25
"""By how much a run has grown before it is fitted again: fits cost the same part of a run however long it is."""
MOST_POINTS = 50_000
"""A run of more is not fitted while it goes on: that would take more memory and time than all the rest."""
WORTH_A_LINE = frozenset(
    {"unsettled", "anchors", "paused", "continued", "resumed", "contact", "note", "unreadable", "planned", "folder"}
    | {PAUSING, PAUSE_OFF}
)


class RunView:
    """The terminal's view of a run; an `acquisition.engine.Observer`.

    Parameters
    ----------
    console : Console
        Where progress goes; a bar on a terminal, a line an isotherm elsewhere.
    wall : Wall
        For the pace of the run.
    with_events : bool
        Whether stdout carries one JSON object a line.
    """

    def __init__(self, console: Console, wall: Wall, *, with_events: bool) -> None:
        self._console = console
        self._with_events = with_events
        self._done = 0
        self._forecast = Forecast(wall, None)
        self._exponent = "alpha: not yet"
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[eta]}  {task.fields[exponent]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def started(self, run_file: Path, running: RunningPlan, measured: int) -> None:
        """Show the bar."""
        self._running = running
        self._run_file = run_file
        self._isotherms_done = 0
        self._next_fit = MINIMUM_ISOTHERMS
        self._done = measured
        if not measured:  # a run that goes on begins its pace at its first new point
            self._forecast.begin(0.0)
        self._emit({"event": "started", "run": str(run_file), "points": running.points, "measured": measured})
        self._console.print(f"run file {run_file}", highlight=False, soft_wrap=True)
        self._task = self._progress.add_task(
            "starting", total=running.points, completed=measured, eta="", exponent=self._exponent
        )
        self._progress.start()

    def planned(self, running: RunningPlan) -> None:
        """Show the new length of the bar."""
        self._running = running
        self._emit({"event": "planned", "points": running.points})
        self._progress.update(self._task, total=running.points)

    def committed(self, seq: int, plan_index: int) -> None:
        """Count a durable point; at the end of an isotherm look at the exponent."""
        self._done += 1
        self._emit({"event": "point", "plan_index": plan_index, "seq": seq})
        isotherm, place = self._running.plan.locate(plan_index)
        if self._console.is_terminal:
            self._progress.update(self._task, completed=self._done, eta=self._eta(plan_index))
        if place == isotherm.points - 1:
            self._isotherms_done += 1
            self._exponent = self._running_exponent()
            self._progress.update(self._task, exponent=self._exponent)
            if not self._console.is_terminal:
                self._console.print(
                    f"{self._done}/{self._running.points} points, {isotherm.temperature_K:g} K {isotherm.field_T:g} T "
                    f"done, {self._eta(plan_index)}, {self._exponent}",
                    highlight=False,
                    soft_wrap=True,
                )

    def happened(self, event: Event) -> None:
        """Show what is not routine."""
        self._emit({"event": event.kind, "time_s": event.time_s, "message": event.message})
        self._progress.update(self._task, description=f"{event.kind:9.9s}")
        if event.kind in WORTH_A_LINE:
            text = f"{duration_text(event.time_s)}: {event.kind}: {event.message}"
            if event.kind == "paused":
                text += f" (zerobias continue {self._run_file}, or abort)"
            self._console.print(text, style="yellow", soft_wrap=True, markup=False)

    def close(self) -> None:
        """Take the bar down; may be called before `started`, and when the terminal has gone away."""
        try:
            self._progress.stop()
        except (OSError, ValueError):
            self._with_events = False

    def _emit(self, event: dict[str, object]) -> None:
        if self._with_events:
            sys.stdout.write(json.dumps(event, allow_nan=False) + "\n")
            sys.stdout.flush()

    def _eta(self, plan_index: int) -> str:
        """Return the wall time left, at the pace so far, by planned experiment time rather than by points."""
        left_s = self._forecast.left_s(self._running.plan, plan_index)
        return "ETA not yet" if left_s is None else f"ETA {duration_text(left_s)}"

    def _running_exponent(self) -> str:
        if self._isotherms_done < self._next_fit or self._done > MOST_POINTS:
            return self._exponent
        self._next_fit = math.ceil(GROWTH * self._isotherms_done)
        fit = fit_run(self._run_file)
        return self._exponent if fit is None else f"alpha = {fit.alpha:.4f} +- {fit.error:.4f}"


def fit_run(run_file: Path) -> "ExponentFit | None":
    """Return the exponent from what a run file holds so far, or None where it cannot be told yet."""
    from analysis.collapse import fit_exponent  # scipy takes its time to load, and not every run gets here
    from analysis.thinning import thinned

    try:
        measured = load_measured(run_file)
        return fit_exponent(thinned(measured.curves()), corrections=measured.corrections())
    except (AnalysisError, InputError):
        return None
