"""The commands: what users type. Each imports what it needs when it runs, so that `--help` is quick.

Exit status: 0 complete; 1 internal error; 2 wrong input, nothing was touched; 3 stopped by an interlock, rack safe;
4 an instrument or the disk failed, rack safe; 5 aborted by the user, rack safe. An error is one line on stderr;
`--debug`, anywhere on the line, adds the traceback.
"""

import os
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from acquisition.errors import AcquisitionError, InputError
from acquisition.terminal.cli_alerts import alerts_app
from acquisition.terminal.cli_control import AttendedOption, control_app
from acquisition.terminal.cli_station import station_app

INTERNAL_ERROR = 1
WRONG_INPUT = 2
INSTRUMENT_FAILED = 4
ABORTED = 5

app = typer.Typer(
    name="zerobias",
    help="Measure zero-bias anomalies of metal point contacts and see, live, whether they scale.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="--debug, anywhere on the line, adds the traceback to an error.",
)

RecipeArgument = Annotated[Path, typer.Argument(metavar="RECIPE", help="Recipe (TOML): what to measure.")]
StationOption = Annotated[Path | None, typer.Option("--station", metavar="FILE", help="Station (TOML) to measure on.")]
RequiredStationOption = Annotated[Path, typer.Option("--station", metavar="FILE", help="Station (TOML).")]
SimulateOption = Annotated[
    str | None, typer.Option("--simulate", metavar="SAMPLE", help="Measure this sample on the simulated rack.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The last line on stdout is one JSON object.")]


class ExportFormat(StrEnum):
    """What `export` can write."""

    CSV = "csv"
    HDF5 = "hdf5"
    NETCDF = "netcdf"
    PARQUET = "parquet"


@app.command()
def run(
    recipe: RecipeArgument,
    station: StationOption = None,
    simulate: SimulateOption = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the run file.")] = Path("runs"),
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the simulated world; recorded.")] = 1,
    speed: Annotated[
        str, typer.Option(metavar="max|FACTOR", help="Pace of a simulated run: as fast as it goes, or times real time.")
    ] = "max",
    events: Annotated[
        bool, typer.Option("--events", help="One JSON object a line on stdout, as things happen.")
    ] = False,
    as_json: JsonOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Answer every confirmation with yes.")] = False,
    attended: AttendedOption = None,
) -> None:
    """Measure, showing progress, ETA and the running exponent on stderr."""
    from acquisition.terminal.run_commands import RunOptions, run_recipe

    options = RunOptions(recipe, station, simulate, out, seed, _speed(speed), events, as_json, yes, attended)
    raise typer.Exit(run_recipe(options))


@app.command()
def plan(
    recipe: RecipeArgument,
    station: StationOption = None,
    simulate: SimulateOption = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Earlier runs, to learn times from.")] = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Show a dry run: steps, limits, noise, heat, time by axis and finish time. Touches no instrument."""
    from acquisition.terminal.commands import show_plan

    show_plan(recipe, station, simulate, runs, as_json)


@app.command()
def gui(
    run_file: Annotated[Path | None, typer.Argument(metavar="[RUNFILE]", help="Run file to attach to.")] = None,
    station: StationOption = None,
    simulate: SimulateOption = None,
    speed: Annotated[
        str, typer.Option(metavar="max|FACTOR", help="Pace of a simulated run: as fast as it goes, or times real time.")
    ] = "max",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for run files.")] = Path("runs"),
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
) -> None:
    """Open the lab window; with a RUNFILE it attaches to it, growing or ended."""
    from acquisition.gui.app import open_window
    from acquisition.terminal.commands import station_for
    from simulators.faults import MEANINGS
    from simulators.sample import samples

    known = samples()
    if simulate is not None and simulate not in known:
        raise InputError(f"--simulate {simulate}: no such sample; there are {', '.join(known)}")
    status = open_window(
        run_file,
        station_for=station_for,
        station=station,
        sample=simulate,
        speed=_speed(speed),
        out=out,
        is_dark=dark,
        faults={fault.value: meaning for fault, meaning in MEANINGS.items()},
        truths=known,
    )
    raise typer.Exit(status)


@app.command()
def queue(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of the runs and their queue.")] = Path(
        "runs"
    ),
) -> None:
    """Work a queue of runs off, one engine after the other, until nothing waits or one does not end complete."""
    from acquisition.terminal.queue_command import work_queue_off

    raise typer.Exit(work_queue_off(directory))


@app.command()
def bench(
    station: StationOption = None,
    simulate: SimulateOption = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for its run file.")] = Path("runs"),
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the simulated world.")] = 1,
    speed: Annotated[str, typer.Option(metavar="FACTOR", help="Pace of a simulated rack, times real time.")] = "1",
    events: Annotated[
        bool, typer.Option("--events", help="One JSON object on stdout once the run file is there.")
    ] = False,
) -> None:
    """Take a rack that no run owns: read every channel, set by hand within limits; ends safe."""
    from acquisition.terminal.bench_commands import BenchOptions, keep_bench

    raise typer.Exit(keep_bench(BenchOptions(station, simulate, out, seed, _speed(speed), events)))


@app.command()
def analyze(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Run files or tidy CSVs.")],
    as_json: JsonOption = False,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write figures and a one-page report here.")
    ] = None,
    temperature_max_K: Annotated[
        float | None, typer.Option("--temperature-max-K", help="Use isotherms up to this temperature.")
    ] = None,
    bias_max_V: Annotated[float | None, typer.Option("--bias-max-V", help="Use points up to this bias.")] = None,
    reduced_bias_max: Annotated[
        float | None, typer.Option("--reduced-bias-max", help="Use points up to this eV/kBT.")
    ] = None,
    field_T: Annotated[float, typer.Option("--field-T", help="Analyse the isotherms at this field.")] = 0.0,
    series_ohm: Annotated[
        float | None, typer.Option("--series-ohm", help="Series resistance inside the voltage taps to take off.")
    ] = None,
    bias_offset_V: Annotated[
        str, typer.Option("--bias-offset-V", metavar="VALUE|auto", help="Bias offset to take off, or find by symmetry.")
    ] = "auto",
    excitation_Vrms: Annotated[
        float | None, typer.Option("--excitation-Vrms", help="Excitation across the contact where the file has none.")
    ] = None,
    electron_base_K: Annotated[
        float | None, typer.Option("--electron-base-K", help="Electron temperature at the lowest thermometer reading.")
    ] = None,
    noise: Annotated[
        str, typer.Option(metavar="auto|VALUE", help="Noise of a point in S, or find it from the data.")
    ] = "auto",
    voltage_noise_Vrms: Annotated[
        float | None, typer.Option("--voltage-noise-Vrms", help="Noise of the bias across the contact, in volts rms.")
    ] = None,
) -> None:
    """Give exponent, parameters and evidence, from run files or CSV; of several files, whether their curves are one."""
    from acquisition.judgement import AnalyzeOptions
    from acquisition.terminal.commands import analyze_files

    options = AnalyzeOptions(
        temperature_max_K=temperature_max_K,
        bias_max_V=bias_max_V,
        reduced_bias_max=reduced_bias_max,
        field_T=field_T,
        series_ohm=series_ohm,
        bias_offset_V=_number_or_auto("--bias-offset-V", bias_offset_V),
        excitation_Vrms=excitation_Vrms,
        electron_base_K=electron_base_K,
        noise_S=_number_or_auto("--noise", noise),
        voltage_noise_Vrms=voltage_noise_Vrms,
    )
    analyze_files(files, options, as_json, report)


@app.command()
def export(
    run_file: Annotated[Path, typer.Argument(metavar="RUNFILE")],
    to: Annotated[ExportFormat, typer.Option("--to", help="Format.")],
    output: Annotated[Path | None, typer.Option("-o", metavar="PATH", help="Where to write.")] = None,
) -> None:
    """Write a file that other tools open."""
    from acquisition.export import export_run

    sys.stdout.write(f"{export_run(run_file, to.value, output)}\n")


@app.command()
def runs(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("runs"),
    search: Annotated[
        str, typer.Option(metavar="WORDS", help="Only runs with these words in date, name, sample, note or state.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List and search the runs in a folder."""
    from acquisition.terminal.commands import list_runs

    list_runs(directory, search, as_json)


@app.command()
def samples(as_json: JsonOption = False) -> None:
    """List the simulated samples with their true parameters."""
    from acquisition.terminal.commands import list_samples

    list_samples(as_json)


@app.command()
def serve(
    sample: Annotated[str, typer.Argument(metavar="SAMPLE", help="Sample to put into the simulated rack.")],
    models: Annotated[str, typer.Option(metavar="A,B,...", help="Boxes to serve; all if left out.")] = "",
    station: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Serve the rack of this station: boxes, circuit, [simulation].")
    ] = None,
    speed: Annotated[str, typer.Option(metavar="FACTOR", help="Times real time.")] = "1",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the simulated world.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Serve the simulated rack on TCP sockets of this machine, until interrupted."""
    from acquisition.terminal.rack_commands import ServeOptions, serve_rack

    names = tuple(name.strip() for name in models.split(",") if name.strip())
    serve_rack(ServeOptions(sample, names, station, _speed(speed) or 1.0, seed, as_json))


@app.command()
def fault(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Which fault, or put-right; without it, lists them.")
    ] = "",
    box: Annotated[str | None, typer.Option(metavar="MODEL", help="At which box.")] = None,
    for_s: Annotated[float | None, typer.Option("--for", metavar="SECONDS", help="How long, in rack time.")] = None,
    press: Annotated[str | None, typer.Option(metavar="COMMAND", help="What is pressed on a front panel.")] = None,
    control: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Which rack, if several are served.")] = None,
    run_file: Annotated[
        Path | None, typer.Option("--run", metavar="RUNFILE", help="Break the rack of this simulated run instead.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Let something go wrong with the rack that is being served, or with that of a simulated run; or list what can."""
    from acquisition.running.command_file import CommandKind
    from acquisition.terminal.control_commands import tell
    from acquisition.terminal.rack_commands import list_faults, switch_fault

    if not name:
        list_faults(as_json)
    elif run_file is None:
        switch_fault(name, box, for_s, press, control)
    else:
        tell(run_file, CommandKind.FAULT, {"name": name, "box": box, "for_s": for_s, "press": press})


@app.command()
def safe(station: RequiredStationOption, as_json: JsonOption = False) -> None:
    """Put every box that answers into the safe state, and say which did not answer."""
    from acquisition.terminal.rack_commands import make_station_safe

    raise typer.Exit(make_station_safe(station, as_json))


@app.command()
def check(station: RequiredStationOption, as_json: JsonOption = False) -> None:
    """Connect to every box, identify it, read every channel. Changes nothing."""
    from acquisition.terminal.rack_commands import check_station

    raise typer.Exit(check_station(station, as_json))


@app.command()
def calibrate(
    station: RequiredStationOption,
    resistor_ohm: Annotated[float, typer.Option("--resistor-ohm", min=1e-3, help="The dummy resistor.")] = 10.0,
    resistor_error: Annotated[
        float, typer.Option("--resistor-error", min=0.0, help="Its error as a part of it, one sigma.")
    ] = 1e-3,
    frequency_Hz: Annotated[float, typer.Option("--frequency-Hz", min=1e-3, help="That of the runs to come.")] = 137.7,
    simulate: Annotated[bool, typer.Option("--simulate", help="On the simulated rack.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the simulated rack.")] = 1,
    as_json: JsonOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Answer every confirmation with yes.")] = False,
) -> None:
    """Measure gain, zero, phase and linearity of the line on a dummy resistor; keep them beside the station file."""
    from acquisition.terminal.calibrate_command import CalibrateOptions, calibrate_line

    world = seed if simulate else None
    calibrate_line(CalibrateOptions(station, resistor_ohm, resistor_error, frequency_Hz, world, yes, as_json))


app.add_typer(control_app)
app.add_typer(alerts_app, name="alerts")
app.add_typer(station_app, name="station")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    # many small matrices: threads of the linear algebra only get into each other's way (five times slower, measured)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"] or ["--help"]
    try:
        return int(app(words, prog_name="zerobias", standalone_mode=False) or 0)
    except AcquisitionError as error:
        return _fail(str(error), error.exit_status, debug)
    except typer.TyperException as error:
        return _fail(f"zerobias: {error.format_message()} (zerobias --help shows what there is)", WRONG_INPUT, debug)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("aborted", ABORTED, debug)
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort: a line for the user, a traceback for us
        return _fail_by_kind(error, debug)


def _fail_by_kind(error: Exception, debug: bool) -> int:
    from analysis.errors import AnalysisError
    from instruments.errors import InstrumentError

    if isinstance(error, AnalysisError):
        return _fail(str(error), WRONG_INPUT, debug)
    if isinstance(error, InstrumentError):
        return _fail(str(error), INSTRUMENT_FAILED, debug)
    return _fail(
        f"internal error, please report it: {type(error).__name__}: {error} (--debug shows the traceback)",
        INTERNAL_ERROR,
        debug,
    )


def _fail(message: str, exit_status: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"{' '.join(message.split())}\n")
    return exit_status


def _speed(text: str) -> float | None:
    """Return the pace of a simulated run, None for as fast as it goes."""
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise InputError(f"--speed {text}: expected max or a factor above zero, e.g. 100 for a hundred times real time")
    return factor


def _number_or_auto(option: str, text: str) -> float | None:
    """Return the number, None for auto."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")):
        raise InputError(f"{option} {text}: expected a finite number or auto")
    return value
