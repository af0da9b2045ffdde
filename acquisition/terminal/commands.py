"""What the commands do, behind `acquisition.cli`, which only knows their words."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from acquisition.calibration import Calibration, calibrated, load_calibration
from acquisition.clock import WallClock
from acquisition.errors import InputError
from acquisition.plan import make_plan
from acquisition.planning.plan_rows import to_dict
from acquisition.recipe import load_recipe
from acquisition.run_list import find_runs
from acquisition.run_reader import summary_dict
from acquisition.station_file import Station, load_station, simulated_station
from acquisition.terminal.learned_station import with_learned_times
from acquisition.terminal.plan_view import print_plan

if TYPE_CHECKING:
    from acquisition.judgement import AnalyzeOptions, Judgement


def print_json(value: Any) -> None:
    """Write one line of JSON to stdout."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


def station_for(station: Path | None, sample: str | None) -> Station:
    """Return the station to use: the file's, be it real or simulated with a sample in it, or the simulated rack's own.

    Raises
    ------
    InputError
        If neither says which, or one of them cannot be used.
    """
    if station is None and sample is None:
        raise InputError("which rack? expected --station FILE or --simulate SAMPLE, or both to rehearse on a station")
    truth = {} if sample is None else truth_of(sample)
    if station is not None:
        loaded, calibration = load_station(station), calibration_for(station, sample)
        return loaded if calibration is None else calibrated(loaded, calibration)
    return simulated_station(conductance_S=truth["conductance_S"], maximum_bias_V=truth["largest_bias_V"])


def calibration_for(station: Path | None, sample: str | None) -> Calibration | None:
    """Return the calibration of a station file, if it has one for this: a simulated rack and a real one are two lines.

    Raises
    ------
    InputError
        If it cannot be used, or a real rack has that of a simulated one.
    """
    calibration = None if station is None else load_calibration(station)
    if calibration is None or (calibration.simulated_seed is None) == (sample is None):
        return calibration
    if sample is None:
        raise InputError(f"{calibration.where}: made on a simulated rack; calibrate the real one, or delete it")
    return None


def truth_of(sample: str) -> dict[str, Any]:
    """Return the truth of a simulated sample.

    Raises
    ------
    InputError
        If there is no such sample.
    """
    from simulators.sample import samples

    known = samples()
    if sample not in known:
        raise InputError(f"--simulate {sample}: no such sample; there are {', '.join(known)}")
    return known[sample]


def show_plan(recipe: Path, station: Path | None, sample: str | None, runs: Path, as_json: bool) -> None:
    """Print the dry run of a recipe, its times learned from the runs in a folder; touches no instrument.

    Raises
    ------
    InputError
        If recipe or station cannot be used, or a limit would be broken.
    """
    loaded = load_recipe(recipe)
    learned, taught_by = with_learned_times(station_for(station, sample), loaded, sample, runs)
    plan, start = make_plan(loaded, learned), WallClock().now()
    if as_json:
        print_json(to_dict(plan, start) | {"times_learned_from_runs": taught_by})
        return
    console = Console(soft_wrap=True)
    print_plan(plan, start, console)
    if taught_by:
        console.print(f"times to reach a temperature are those of {taught_by} earlier runs in {runs}", highlight=False)


def analyze_files(files: list[Path], options: "AnalyzeOptions", as_json: bool, report: Path | None) -> None:
    """Print what each file tells, and of several what they have in common; with `report`, write figures and pages.

    Raises
    ------
    InputError
        If a file cannot be read.
    AnalysisError
        If what is in it cannot be fitted.
    """
    from acquisition.judgement import compare
    from acquisition.judgement_json import to_json, universality_json

    # a spinner on a terminal only, for what takes longer than a moment
    with Console(stderr=True).status("reading") as status:
        judgements = [_judged(path, options, status.update) for path in files]
        together = compare(judgements)
        if report is not None:
            from acquisition.report_files import write_report, write_universality

            status.update("drawing the report")
            for judgement in judgements:
                write_report(judgement, report)
            if together is not None:
                write_universality(together, report)
    if as_json:
        shared = {} if together is None else {"universality": universality_json(together)}
        answers = [to_json(judgement) | shared for judgement in judgements]
        print_json(answers[0] if len(answers) == 1 else answers)
        return
    from acquisition.terminal.judgement_view import print_judgement, print_universality

    console = Console(soft_wrap=True, highlight=False)
    for judgement in judgements:
        print_judgement(judgement, console)
    if together is not None:
        print_universality(together, console)


def _judged(path: Path, options: "AnalyzeOptions", tell: Callable[[str], None]) -> "Judgement":
    from acquisition.judgement import judge
    from analysis.errors import AnalysisError

    try:
        return judge(path, options, lambda stage: tell(f"{path.name}: {stage}"))
    except AnalysisError as error:
        raise InputError(f"{path}: {error}") from error


def list_runs(directory: Path, words: str, as_json: bool) -> None:
    """List the run files of a folder, newest first; `words` must all occur in what is known of a run.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    found = find_runs(directory, words)
    for reason in found.unreadable:
        sys.stderr.write(f"{reason}\n")
    if as_json:
        print_json([summary_dict(summary) for summary in found.runs])
        return
    table = Table(box=SIMPLE)
    for heading in ("run file", "name", "sample", "started", "state", "points"):
        table.add_column(heading)
    for summary in found.runs:
        points = f"{summary.points}/{summary.planned_points}"
        started = summary.started[:16].replace("T", " ")
        table.add_row(summary.path.name, summary.name, summary.sample, started, summary.state.value, points)
    Console(soft_wrap=True).print(table)


def list_samples(as_json: bool) -> None:
    """List the simulated samples with their true parameters."""
    from simulators.sample import samples

    truth = samples()
    if as_json:
        print_json(truth)
        return
    console = Console(soft_wrap=True, highlight=False)
    for name, parameters in truth.items():
        console.print(f"[bold]{name}[/bold]")
        for key, value in parameters.items():
            console.print(f"  {key}: {value}", markup=False)
