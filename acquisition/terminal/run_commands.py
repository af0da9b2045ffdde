"""What `run` and `resume` do: open the rack, hand it to the engine, say how it went."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from acquisition.checklist import BEFORE
from acquisition.clock import WallClock
from acquisition.errors import InputError
from acquisition.plan import make_plan
from acquisition.recipe import load_recipe
from acquisition.run_schema import RunState
from acquisition.running.alerts import Alerts, load_settings
from acquisition.running.control import Control
from acquisition.running.diary import add_entry, inherited
from acquisition.running.journal import WriteJournal
from acquisition.running.lock import FileLock, lock_path
from acquisition.running.rehearsal import book_faults
from acquisition.running.run_folder import refuse_network_drive
from acquisition.station_file import Station
from acquisition.terminal.commands import calibration_for, print_json, station_for, truth_of
from acquisition.terminal.confirm import confirmed, remind
from acquisition.terminal.learned_station import with_learned_times
from acquisition.terminal.rack_owner import guard_starter, owned, stopping_on_signals

if TYPE_CHECKING:
    from acquisition.resume import Unfinished
    from acquisition.run_outcome import RunOutcome
    from acquisition.station import Rack, Start


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
    attended_h: float | None


@dataclass(frozen=True)
class ResumeOptions:
    """The options of `resume`."""

    run_file: Path
    is_change_accepted: bool
    is_flagged_again: bool
    warm_hours: float | None
    with_events: bool
    as_json: bool
    is_confirmed: bool
    attended_h: float | None


def run_recipe(options: RunOptions) -> int:
    """Measure a recipe and return the exit status.

    Raises
    ------
    InputError
        If recipe or station cannot be used, a limit would be broken, or another engine is at the rack; nothing was
        touched.
    InstrumentError
        If a box could not be connected; nothing was changed.
    RunFileError
        If there can be no run file; nothing was changed.
    """
    from acquisition.engine import run_plan
    from acquisition.terminal.run_view import RunView

    wall, journal, alerts = WallClock(), WriteJournal(), Alerts(load_settings())
    station = station_for(options.station, options.sample)
    recipe = load_recipe(options.recipe)
    station, _ = with_learned_times(station, recipe, options.sample, options.out)
    plan = make_plan(recipe, station)
    control = _control(wall, options.sample, options.speed, options)
    refuse_network_drive(options.out)
    checklist = _checklist(options.sample, station, is_confirmed=options.is_confirmed)
    console = Console(stderr=True)
    view = RunView(console, wall, with_events=options.with_events)
    provenance: dict[str, Any] = {
        "simulated": options.sample,
        "seed": options.seed if options.sample else None,
        "speed": options.speed,
    }
    if (calibration := calibration_for(options.station, options.sample)) is not None:
        provenance["calibration"] = calibration.to_dict()
    provenance["history"] = (
        truth_of(options.sample)["history"] if options.sample else inherited(recipe.run.sample, options.out)
    )
    opened = _opened(station, options.sample, options.seed, options.speed, control, journal)
    with stopping_on_signals(control), opened as rack:
        book_faults(rack.simulation, recipe, rack.clock.now_s())
        try:
            outcome = run_plan(
                plan,
                rack.roles,
                rack.clock,
                out=options.out,
                wall=wall,
                control=control,
                observer=view,
                provenance=provenance,
                journal=journal,
                start_guard=guard_starter(options.sample, station),
                alerts=alerts,
                checklist=checklist,
            )
        finally:
            view.close()
    _say_last_words(alerts, console, is_real=options.sample is None)
    return _report(outcome, console, as_json=options.as_json)


def resume_run_file(options: ResumeOptions) -> int:
    """Finish a run and return the exit status.

    Raises
    ------
    InputError
        If it is no run file, an engine is writing it, or the rack is not the one it was begun on; nothing was touched.
    InstrumentError, RunFileError
        As `run_recipe`.
    """
    from acquisition.engine import resume_run
    from acquisition.resume import check_identities, elapsed_on, load_unfinished
    from acquisition.run_outcome import RunOutcome
    from acquisition.run_reader import RunFileReader
    from acquisition.terminal.run_view import RunView

    wall, journal, console = WallClock(), WriteJournal(), Console(stderr=True)
    alerts = Alerts(load_settings())
    refuse_network_drive(options.run_file.parent)
    with RunFileReader(options.run_file):  # is it one?
        pass
    with FileLock(lock_path(options.run_file), f"run file {options.run_file.name}", wall) as lock:
        if options.warm_hours:
            add_entry(options.run_file, {"kind": "thermal-cycle", "hours_warm": options.warm_hours}, wall)
        unfinished = load_unfinished(options.run_file, wall, is_flagged_again=options.is_flagged_again)
        if unfinished.state is RunState.COMPLETE and not unfinished.missing:
            console.print("nothing is missing", highlight=False)
            outcome = RunOutcome(options.run_file, RunState.COMPLETE, len(unfinished.measured), "")
            return _report(outcome, console, as_json=options.as_json)
        if unfinished.sample is not None:
            truth_of(unfinished.sample)  # is it a sample of this program?
        station, speed = unfinished.running.plan.station, unfinished.header.get("speed")
        control = _control(wall, unfinished.sample, speed, options)
        checklist = _checklist(unfinished.sample, station, is_confirmed=options.is_confirmed)
        view = RunView(console, wall, with_events=options.with_events)
        seed = int(unfinished.header.get("seed") or 0)
        opened = _opened(station, unfinished.sample, seed, speed, control, journal, _start(unfinished))
        with stopping_on_signals(control), opened as rack:
            differences = check_identities(unfinished, rack.roles)
            if differences and not options.is_change_accepted:
                raise InputError(
                    f"{options.run_file.name} was begun on another rack: {'; '.join(differences)}; connect the same "
                    "boxes, or add --accept-change"
                )
            plan = unfinished.running.plan
            book_faults(rack.simulation, plan.recipe, unfinished.clock_origin_s, elapsed_on(unfinished, rack.clock))
            try:
                outcome = resume_run(
                    unfinished,
                    rack.roles,
                    rack.clock,
                    lock,
                    elapsed_s=elapsed_on(unfinished, rack.clock),
                    wall=wall,
                    control=control,
                    observer=view,
                    is_change_accepted=options.is_change_accepted,
                    journal=journal,
                    start_guard=guard_starter(unfinished.sample, station),
                    alerts=alerts,
                    checklist=checklist,
                )
            finally:
                view.close()
    _say_last_words(alerts, console, is_real=unfinished.sample is None)
    return _report(outcome, console, as_json=options.as_json)


def _say_last_words(alerts: Alerts, console: Console, *, is_real: bool) -> None:
    """Wait for the alerts under way, now that the rack is given back, say which could not be sent, and remind."""
    for trouble in alerts.wait():
        console.print(trouble, highlight=False, soft_wrap=True, markup=False)
    if is_real:
        remind(console)


def _control(wall: WallClock, sample: str | None, speed: float | None, options: RunOptions | ResumeOptions) -> Control:
    """Return the control of a run; at full speed nobody is there to continue it in time, unless they say so."""
    pace = 1.0 if sample is None else speed
    if options.attended_h is None:
        return Control(wall, pace, is_unattended=options.is_confirmed or pace is None)
    return Control(wall, pace, patience_s=3600.0 * options.attended_h)


def _start(unfinished: "Unfinished") -> "Start | None":
    """Return where the simulated world goes on: later, at the last temperature and field that are known."""
    from acquisition.station import Start

    if unfinished.sample is None:
        return None
    seen = unfinished.last_seen
    return Start(unfinished.clock_origin_s + unfinished.elapsed_s, seen.temperature_K, seen.field_T or 0.0)


def _opened(
    station: Station,
    sample: str | None,
    seed: int,
    speed: float | None,
    control: Control,
    journal: WriteJournal,
    start: "Start | None" = None,
) -> AbstractContextManager["Rack"]:
    """Open the rack; a real one for this engine alone."""
    from acquisition.station import open_simulated, open_station

    if sample is None:
        opener = partial(open_station, station, on_write=journal.note)
    else:
        opener = partial(open_simulated, station, sample, seed, speed, start=start, on_write=journal.note)
    return owned(opener, station, sample, control, "a run, process")


def _checklist(sample: str | None, station: Station, *, is_confirmed: bool) -> str:
    """Ask for what no wire can tell, the grounding switch above all; a simulated rack has nothing to be asked."""
    if sample is not None:
        return ""
    return confirmed(BEFORE, f"a run on {station.station.name!r}", is_confirmed=is_confirmed)


def _report(outcome: "RunOutcome", console: Console, *, as_json: bool) -> int:
    from acquisition.terminal.run_view import fit_run

    fit = fit_run(outcome.run_file)
    exponent = "alpha: this run cannot tell" if fit is None else f"alpha = {fit.alpha:.4f} +- {fit.error:.4f}"
    console.print(f"{outcome.state.value}: {outcome.points} points, {exponent}", highlight=False, soft_wrap=True)
    if outcome.message:
        console.print(" ".join(outcome.message.split()), highlight=False, soft_wrap=True, markup=False)
    if as_json:
        alpha: dict[str, Any] = (
            {"value": None, "error": None, "why": "too few isotherms or points for an exponent"}
            if fit is None
            else {"value": fit.alpha, "error": fit.error}
        )
        print_json(
            {
                "run": str(outcome.run_file),
                "state": outcome.state.value,
                "points": outcome.points,
                "alpha": alpha,
            }
        )
    return outcome.exit_status
