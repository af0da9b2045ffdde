"""What the commands do, behind `acquisition.cli`, which only knows their words."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from acquisition.clock import Wall, WallClock
from acquisition.errors import InputError
from acquisition.plan import Plan, make_plan
from acquisition.plan_rows import to_dict
from acquisition.plan_view import print_plan
from acquisition.recipe import load_recipe
from acquisition.station_file import Station, load_station, simulated_station
from acquisition.stop import StopRequest
from acquisition.store import SUFFIX, RunFileReader, RunState, summary_dict

if TYPE_CHECKING:
    from acquisition.engine import RunOutcome
    from acquisition.judgement import AnalyzeOptions
    from acquisition.station import Rack


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


def _station(station: Path | None, sample: str | None) -> Station:
    """Return the station to use; exactly one of the two says which."""
    if (station is None) == (sample is None):
        raise InputError("which rack? expected exactly one of --station FILE and --simulate SAMPLE")
    if station is not None:
        return load_station(station)
    _check_sample(str(sample))
    return simulated_station()


def _check_sample(sample: str) -> None:
    from simulators.sample import samples

    if sample not in samples():
        raise InputError(f"--simulate {sample}: no such sample; there are {', '.join(samples())}")


def show_plan(recipe: Path, station: Path | None, sample: str | None, as_json: bool) -> None:
    """Print the dry run of a recipe; touches no instrument.

    Raises
    ------
    InputError
        If recipe or station cannot be used, or a limit would be broken.
    """
    plan = make_plan(load_recipe(recipe), _station(station, sample))
    start = WallClock().now()
    if as_json:
        _print_json(to_dict(plan, start))
    else:
        print_plan(plan, start, Console(soft_wrap=True))


@dataclass(frozen=True)
class RunOptions:
    """The options of `run`."""

    recipe: Path
    station: Path | None
    sample: str | None
    out: Path
    seed: int
    speed: float | None
    with_events: bool
    as_json: bool
    is_confirmed: bool


def run_recipe(options: RunOptions) -> int:
    """Measure a recipe and return the exit status.

    Raises
    ------
    InputError
        If recipe or station cannot be used, or a limit would be broken; nothing was touched.
    InstrumentError
        If a box could not be connected; nothing was changed.
    """
    from acquisition.engine import run_plan
    from acquisition.run_view import RunView, fit_run

    wall, stop = WallClock(), StopRequest()
    station = _station(options.station, options.sample)
    plan = make_plan(load_recipe(options.recipe), station)
    if options.sample is None and not options.is_confirmed:
        _confirm_connections(plan)
    console = Console(stderr=True)
    view = RunView(console, wall, with_events=options.with_events)
    provenance = {"simulated": options.sample, "seed": options.seed if options.sample else None, "speed": options.speed}
    with _stopping_on_signals(stop), _open_rack(options, station, wall) as rack:
        try:
            outcome = run_plan(
                plan,
                rack.roles,
                rack.clock,
                out=options.out,
                wall=wall,
                stop=stop,
                observer=view,
                provenance=provenance,
            )
        finally:
            view.close()
    _report_outcome(outcome, console, options, fit_run(outcome.run_file))
    return outcome.exit_status


def _open_rack(options: RunOptions, station: Station, wall: Wall) -> AbstractContextManager["Rack"]:
    from acquisition.station import open_simulated, open_station

    if options.sample is None:
        return open_station(station, wall)
    return open_simulated(station, options.sample, options.seed, options.speed, wall)


def _confirm_connections(plan: Plan) -> None:
    """Ask for the one thing that no wire can tell: that the contact is connected and its ground switch open."""
    if not sys.stdin.isatty():
        raise InputError(
            f"a run on {plan.station.station.name!r} wants the connection checklist confirmed; add --yes when the "
            "contact is connected, the grounding switch open and nobody at the wiring"
        )
    import typer

    typer.confirm(
        "Contact connected, leads checked, grounding switch open, nobody at the wiring: start?", abort=True, err=True
    )


@contextmanager
def _stopping_on_signals(stop: StopRequest) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a stop request; the run then ends in the safe state by itself."""
    watched = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in watched}
    for number in watched:
        signal.signal(number, lambda received, _frame: stop.request(f"stopped by {signal.Signals(received).name}"))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report_outcome(outcome: "RunOutcome", console: Console, options: RunOptions, fit: Any) -> None:
    exponent = "alpha: this run cannot tell" if fit is None else f"alpha = {fit.alpha:.4f} +- {fit.error:.4f}"
    console.print(f"{outcome.state.value}: {outcome.points} points, {exponent}", highlight=False, soft_wrap=True)
    if outcome.state is not RunState.COMPLETE:
        console.print(" ".join(outcome.message.split()), highlight=False, soft_wrap=True, markup=False)
    if options.as_json:
        alpha: dict[str, Any] = (
            {"value": None, "error": None, "why": "too few isotherms or points for an exponent"}
            if fit is None
            else {"value": fit.alpha, "error": fit.error}
        )
        _print_json(
            {
                "run": str(outcome.run_file),
                "state": outcome.state.value,
                "points": outcome.points,
                "alpha": alpha,
            }
        )


def analyze_files(files: list[Path], options: "AnalyzeOptions", as_json: bool, report: Path | None) -> None:
    """Print exponent and parameters of each file; with `report`, write figures and a page for each.

    Raises
    ------
    InputError
        If a file cannot be read.
    AnalysisError
        If what is in it cannot be fitted.
    """
    from acquisition.judgement import judge, to_json
    from analysis.errors import AnalysisError

    judgements = []
    for path in files:
        try:
            judgements.append(judge(path, options))
        except AnalysisError as error:
            raise InputError(f"{path}: {error}") from error
    if report is not None:
        from acquisition.report_files import write_report

        for judgement in judgements:
            write_report(judgement, report)
    if as_json:
        answers = [to_json(judgement) for judgement in judgements]
        _print_json(answers[0] if len(answers) == 1 else answers)
        return
    from acquisition.judgement_view import print_judgement

    console = Console(soft_wrap=True, highlight=False)
    for judgement in judgements:
        print_judgement(judgement, console)


def list_runs(directory: Path, as_json: bool) -> None:
    """List the run files of a folder, newest first.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no such folder; `zerobias run` makes it, --out names another")
    summaries = []
    for path in sorted(directory.glob(f"*{SUFFIX}"), reverse=True):
        with RunFileReader(path) as reader:
            summaries.append(reader.summary())
    if as_json:
        _print_json([summary_dict(summary) for summary in summaries])
        return
    table = Table(box=SIMPLE)
    for heading in ("run file", "name", "sample", "started", "state", "points"):
        table.add_column(heading)
    for summary in summaries:
        points = f"{summary.points}/{summary.planned_points}"
        started = summary.started[:16].replace("T", " ")
        table.add_row(summary.path.name, summary.name, summary.sample, started, summary.state.value, points)
    Console(soft_wrap=True).print(table)


def list_samples(as_json: bool) -> None:
    """List the simulated samples with their true parameters."""
    from simulators.sample import samples

    truth = samples()
    if as_json:
        _print_json(truth)
        return
    console = Console(soft_wrap=True, highlight=False)
    for name, parameters in truth.items():
        console.print(f"[bold]{name}[/bold]")
        for key, value in parameters.items():
            console.print(f"  {key}: {value}", markup=False)
