"""The words of the commands that speak to a running engine or finish what one left; see `acquisition.cli`."""

from pathlib import Path
from typing import Annotated

import typer

from acquisition.running.command_file import Action, CommandKind, Quantity

control_app = typer.Typer(add_completion=False)

AttendedOption = Annotated[
    float | None,
    typer.Option(
        "--attended",
        metavar="HOURS",
        min=0.0,
        help="Somebody is there: a run that pauses by itself waits so long for a word, then ends safe.",
    ),
]
RunFileArgument = Annotated[Path, typer.Argument(metavar="RUNFILE", help="The run file that the engine writes.")]


@control_app.command()
def resume(
    run_file: RunFileArgument,
    accept_change: Annotated[
        bool, typer.Option("--accept-change", help="Go on though rack or contact are not what they were; recorded.")
    ] = False,
    flagged: Annotated[
        bool, typer.Option("--flagged", help="Measure again what the analysis leaves out for its flags.")
    ] = False,
    warm_hours: Annotated[
        float | None, typer.Option("--warm-hours", min=0.0, help="Hours above 77 K since; go into the sample's diary.")
    ] = None,
    events: Annotated[
        bool, typer.Option("--events", help="One JSON object a line on stdout, as things happen.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The last line on stdout is one JSON object.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Answer every confirmation with yes.")] = False,
    attended: AttendedOption = None,
) -> None:
    """Finish an interrupted run: exactly the missing plan indices, none twice; or its flagged points, once more."""
    from acquisition.terminal.run_commands import ResumeOptions, resume_run_file

    options = ResumeOptions(run_file, accept_change, flagged, warm_hours, events, as_json, yes, attended)
    raise typer.Exit(resume_run_file(options))


@control_app.command()
def status(
    run_file: RunFileArgument,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say how a run stands: state, points, ETA, temperature, field, heartbeat and age of the last commit."""
    from acquisition.terminal.control_commands import show_status

    show_status(run_file, as_json)


@control_app.command()
def pause(
    run_file: RunFileArgument,
    after_sweep: Annotated[bool, typer.Option("--after-sweep", help="Finish the isotherm first.")] = False,
) -> None:
    """Pause after the point under way: idle-safe, still reading, until told to continue."""
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.PAUSE, {"after": "sweep" if after_sweep else "point"})


@control_app.command("continue")
def continue_run(run_file: RunFileArgument) -> None:
    """Go on with a paused run, at the very point where it stopped."""
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.CONTINUE)


@control_app.command()
def abort(
    run_file: RunFileArgument,
    reason: Annotated[str, typer.Option(help="Why; goes into the run file.")] = "no reason given",
) -> None:
    """End a run now, in the safe state; `resume` can finish it later."""
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.ABORT, {"reason": reason})


@control_app.command()
def note(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is worth knowing later.")],
    run_file: RunFileArgument,
) -> None:
    """Write a note into the run file, with its time."""
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.NOTE, {"text": text})


@control_app.command()
def diary(
    run_file: RunFileArgument,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="quench, cooldown, thermal-cycle, anneal, electromigrate, dope or change-circuit; none to show all.",
        ),
    ] = None,
    hours_warm: Annotated[float | None, typer.Option(help="Hours above 77 K that it took.")] = None,
    anomaly_left: Annotated[float | None, typer.Option(help="Amplitude of the anomaly after it over before.")] = None,
    anomaly_left_error: Annotated[float | None, typer.Option(help="Standard error of that.")] = None,
    conductance_change: Annotated[float | None, typer.Option(help="Change of the background, as a fraction.")] = None,
    note: Annotated[str | None, typer.Option(help="What else is worth knowing.")] = None,
) -> None:
    """Keep the diary of the sample: what happened to it, for `analyze` to weigh; while it is measured or later."""
    from acquisition.terminal.control_commands import keep_diary

    numbers = {
        "hours_warm": hours_warm,
        "anomaly_left": anomaly_left,
        "anomaly_left_error": anomaly_left_error,
        "conductance_change": conductance_change,
    }
    keep_diary(run_file, kind, numbers | {"note": note})


@control_app.command()
def acknowledge(run_file: RunFileArgument) -> None:
    """Say that an alarm was seen to."""
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.ACKNOWLEDGE)


@control_app.command()
def speed(
    factor: Annotated[str, typer.Argument(metavar="max|FACTOR", help="As fast as it goes, or times real time.")],
    run_file: RunFileArgument,
) -> None:
    """Change the pace of a simulated run under way; readings do not depend on it."""
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.SPEED, {"factor": _pace(factor)})


@control_app.command()
def wire(
    run_file: RunFileArgument,
    off: Annotated[bool, typer.Option("--off", help="Listen no longer.")] = False,
) -> None:
    """Write every line to and from the boxes into a log beside the run file, from now on."""
    from acquisition.running.wire_log import wire_log_path
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.WIRE, {"is_on": not off})
    if not off:
        typer.echo(str(wire_log_path(run_file)))


@control_app.command("set")
def set_by_hand(
    quantity: Annotated[Quantity, typer.Argument(metavar="QUANTITY", help=", ".join(Quantity))],
    value: Annotated[float, typer.Argument(metavar="VALUE", help="In the unit that the name ends in.")],
    run_file: RunFileArgument,
) -> None:
    """Set something on a bench, within the limits of its station; `--` before a negative value."""
    from acquisition.terminal.control_commands import tell

    tell(run_file, CommandKind.SET, {"quantity": quantity.value, "value": value})


@control_app.command("do")
def do_by_hand(
    action: Annotated[Action, typer.Argument(metavar="ACTION", help=", ".join(Action))],
    run_file: RunFileArgument,
    checked: Annotated[
        bool, typer.Option("--checked", help="The connection checklist is confirmed (set-up on a real rack).")
    ] = False,
) -> None:
    """Do something on a bench: set up lock-in and source, make safe, hold the field, heater off, connect."""
    from acquisition.checklist import BEFORE
    from acquisition.terminal.control_commands import tell

    confirmed = [item.name for item in BEFORE] if checked else []
    tell(run_file, CommandKind.DO, {"action": action.value, "confirmed": confirmed})


def _pace(text: str) -> float | str:
    """Return a number if it is one; the engine judges what is not."""
    try:
        return float(text)
    except ValueError:
        return text


@control_app.command()
def append(
    run_file: RunFileArgument,
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="Recipe whose isotherms come at the end.")],
) -> None:
    """Append the isotherms of a recipe to a run under way."""
    from acquisition.terminal.control_commands import append_recipe

    append_recipe(run_file, recipe)


@control_app.command()
def retire(
    run_file: RunFileArgument,
    isotherm: Annotated[int | None, typer.Option(metavar="N", min=0, help="Isotherm to leave out, from 0.")] = None,
    rest_of: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Isotherm of which to leave out what is left.")
    ] = None,
    point: Annotated[
        list[int] | None, typer.Option(metavar="INDEX", min=0, help="Plan index; may be repeated.")
    ] = None,
) -> None:
    """Leave out what is not measured yet: an isotherm, what is left of one, or single points."""
    from acquisition.errors import InputError
    from acquisition.terminal.control_commands import tell

    wanted = {"isotherm": isotherm, "rest_of_isotherm": rest_of, "plan_indices": point or None}
    named = {name: value for name, value in wanted.items() if value is not None}
    if len(named) != 1:
        raise InputError("retire: expected exactly one of --isotherm N, --rest-of N and --point INDEX")
    tell(run_file, CommandKind.RETIRE, named)
