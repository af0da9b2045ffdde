"""The doors between the packages and the floors inside them, read from the imports and kept.

`FLOORS` lists every room of every package. A room imports rooms of lower floors, or neighbours on its own floor as
long as nobody imports in a circle; floor 0 imports nothing of its package but its errors. `DOORS` lists every import
from one package into another, `GUESTS` every library a package may use. A new room is added to `FLOORS` here; a new
door or guest needs a decision record in docs/decisions first.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def rooms(names: str, inside: str = "") -> set[str]:
    """Return the rooms of these names, in a folder of the package or, without one, beside its map."""
    return {f"{inside}.{name}" if inside else name for name in names.split()}


FIGURES = rooms("collapse exponent isotherms scatter style universality zero_bias", inside="figures")

FLOORS: dict[str, list[set[str]]] = {
    "analysis": [
        rooms("errors quantities"),
        rooms("curvature curves kondo points quantity sample_history table1 tabulated thinning")
        | rooms("legs likelihood live_isotherm master_curve noise normal_equations stretches", inside="scaling"),
        rooms("collapse corrections fit_result growing_fit live mechanisms mechanisms_events")
        | rooms("mechanisms_kondo mechanisms_rivals")
        | rooms("bias_offset collapsed crossover deviation deviation_bias drift", inside="scaling")
        | rooms("offset_refinement", inside="scaling")
        | rooms("problem profile_curves", inside="scaling")
        | rooms("refit systematics window_choice", inside="scaling"),
        rooms("common_scale features field_exponents paper_row parameters universality words")
        | rooms("whitened", inside="judging")
        | rooms("anomaly departure dwell_times effective_temperature even_curve", inside="signs")
        | rooms("field_change field_law phonons saturation saturation_forms shared_curve", inside="signs")
        | rooms("spikes symmetry telegraph transitions two_curves two_exponents zeeman", inside="signs"),
        rooms("evidence")
        | rooms("comparison criteria criteria_outside facts hypotheses model_fit", inside="judging")
        | rooms("next_steps two_level_fits verdict", inside="judging"),
        rooms("page report") | FIGURES,
    ],
    "instruments": [
        rooms("errors replies roles visa_adapter"),
        rooms("current_source degauss field_sweep lakeshore limits lockin_routines")
        | rooms("field_trace oxford persistent_mode session settling srs_lockin transport wired"),
        rooms("lockin_sr830 lockin_sr860 magnet_ami430 magnet_ips120 magnet_mercuryips")
        | rooms("sourcemeter_keithley2400 sourcemeter_keithley2400_commands")
        | rooms("sourcemeter_keithley2450 sourcemeter_keithley2450_commands")
        | rooms("sourcemeter_yokogawags200 temperature_itc503 temperature_lakeshore336")
        | rooms("temperature_lakeshore372 voltmeter_keithley2182a discovery"),
    ],
    "simulators": [
        rooms("clock dialect faults history noise")
        | rooms("copper integrator refrigerator", inside="cryogenics")
        | rooms("data_buffer lakeshore_format", inside="parts")
        | rooms("isotherms truths", inside="samples"),
        rooms("circuit sample session")
        | rooms("helium3_insert helium4_insert regulation thermometer", inside="cryogenics")
        | rooms("output_filter oxford_dialect srs_status", inside="parts")
        | rooms("contact sample_models samples_copper samples_rivals samples_titanium", inside="samples"),
        rooms("wiring world")
        | rooms("cryostat helium_bath magnet magnet_circuit thermometry", inside="cryogenics")
        | rooms("bridge", inside="parts"),
        rooms("lockin_sr830 lockin_sr860 magnet_ami430 magnet_ips120 magnet_mercuryips")
        | rooms("sourcemeter_keithley2400 sourcemeter_keithley2450")
        | rooms("sourcemeter_yokogawags200 temperature_itc503 temperature_lakeshore336")
        | rooms("temperature_lakeshore372 voltmeter_keithley2182a")
        | rooms("keithley2182a_language keithley2400_buffer keithley2400_language", inside="parts")
        | rooms("keithley2400_source", inside="parts")
        | rooms("keithley2450_language keithley2450_source lakeshore336_inputs", inside="parts")
        | rooms("lakeshore336_outputs lakeshore372_inputs lakeshore372_outputs", inside="parts")
        | rooms("lockin_detector source_unit sr830_detector sr860_capture sr860_detector", inside="parts"),
        rooms("fault_panel rack"),
        rooms("control server visa"),
    ],
    "acquisition": [
        rooms("checklist clock errors"),
        rooms("readings recipe run_schema station_file tidy_csv toml_document toml_model whole_file")
        | rooms("boxes", inside="planning")
        | rooms("alerts command_file control interlocks journal lock rehearsal run_folder wire_log", inside="running"),
        rooms("by_hand calibration circuit plan run_outcome safety")
        | rooms(
            "budget excitation forecast learned_times plan_edit plan_limits plan_rows plan_warnings", inside="planning"
        )
        | rooms("sweep timing", inside="planning")
        | rooms("channels disk_space past phase_watch remaining safeguard settings_watch", inside="running")
        | rooms("slow_channels vital_signs", inside="running"),
        rooms("columns loop measured run_header run_list run_queue run_reader run_writer")
        | rooms("approach bias_walk contact_check detection dummy field_routines hand", inside="running")
        | rooms("pausing setting_up", inside="running"),
        rooms("box_by_box connectors station"),
        rooms("bench engine export guard judgement judgement_json report_files queue_runner resume status")
        | rooms("diary obedience observer takeover watch", inside="running"),
        rooms("gui"),
        rooms("cli")
        | rooms(
            "bench_commands calibrate_command cli_alerts cli_control cli_station commands confirm", inside="terminal"
        )
        | rooms("control_commands judgement_view learned_station station_draft", inside="terminal")
        | rooms("plan_view queue_command rack_commands rack_owner run_commands run_view", inside="terminal"),
        rooms("__main__"),
    ],
    "pyvisa_zerobias": [
        rooms("__init__"),
    ],
}

UNDIVIDED = {"gui"}
"""Folders that count as one room."""

ROLES = {"instruments.roles", "instruments.errors"}
ARITHMETIC = {"analysis.quantities", "analysis.kondo"}

DOORS: dict[str, set[str]] = {
    # the room `sample` and its side rooms
    "simulators.sample": {"analysis.quantities"},
    "simulators.samples.sample_models": {"analysis.mechanisms*", "analysis.quantities"},
    "simulators.samples.contact": {"analysis.mechanisms*", "analysis.quantities"},
    "simulators.wiring": {"analysis.quantities"},
    "pyvisa_zerobias": {"simulators.visa"},
    # record 6: the words in which the roles are written, `Clock` among them, and the errors they raise
    "acquisition.clock": {"instruments.roles"},
    "acquisition.safety": ROLES,
    "acquisition.running.bias_walk": ROLES,
    "acquisition.running.detection": ROLES,
    "acquisition.running.dummy": ROLES,
    "acquisition.running.field_routines": ROLES | {"instruments.degauss", "instruments.persistent_mode"},  # record 15
    "acquisition.loop": ROLES | {"instruments.settling"},
    "acquisition.running.approach": ROLES | {"instruments.settling"},
    "acquisition.running.control": ROLES,
    "acquisition.running.pausing": ROLES,
    "acquisition.running.settings_watch": ROLES,
    "acquisition.running.slow_channels": ROLES,
    "acquisition.resume": ROLES,
    "acquisition.engine": ROLES,
    "acquisition.bench": ROLES,
    "acquisition.running.channels": ROLES,
    "acquisition.by_hand": {"instruments.limits"},
    "acquisition.recipe": {"instruments.limits"},
    "acquisition.station_file": {"instruments.limits"},
    "acquisition.plan": ARITHMETIC | {"instruments.limits"},
    "acquisition.planning.plan_limits": ARITHMETIC | {"instruments.limits"},
    "acquisition.planning.plan_warnings": ARITHMETIC,
    "acquisition.planning.plan_rows": ARITHMETIC,
    "acquisition.circuit": ARITHMETIC,
    "acquisition.planning.budget": ARITHMETIC,
    "acquisition.planning.excitation": ARITHMETIC,
    "acquisition.connectors": {"instruments.*"},  # record 20
    "acquisition.box_by_box": {"instruments.*"},  # record 20
    # record 8: the faults of a rack that is simulated inside the engine
    "acquisition.station": {"instruments.*", "simulators.rack", "simulators.control", "simulators.fault_panel"},
    "acquisition.terminal.cli_station": {"instruments.discovery", "instruments.errors"},  # record 12
    "acquisition.measured": {"analysis.*"},
    "acquisition.running.diary": {"analysis.errors", "analysis.sample_history"},  # record 14
    "acquisition.judgement": {"analysis.*"},
    "acquisition.judgement_json": {"analysis.*"},
    "acquisition.terminal.judgement_view": {"analysis.*"},
    "acquisition.report_files": {"analysis.*"},
    "acquisition.terminal.run_view": {"analysis.*"},
    "acquisition.export": {"analysis.*"},
    "acquisition.gui": {"analysis.*"},
    "acquisition.terminal.commands": {"analysis.*", "simulators.server", "simulators.sample"},
    "acquisition.terminal.rack_commands": {
        "simulators.server",
        "simulators.sample",
        "simulators.rack",
        "simulators.faults",
    },
    "acquisition.cli": {
        "analysis.*",
        "simulators.server",
        "simulators.sample",
        "simulators.faults",
        "instruments.errors",
    },
}

GUESTS: dict[str, set[str]] = {
    "analysis": {"numpy", "scipy"},
    "analysis.report": {"matplotlib"},
    **{f"analysis.{room}": {"matplotlib"} for room in FIGURES},
    "instruments": {"numpy", "pymeasure", "pyvisa"},
    "simulators": {"numpy", "scipy", "pyvisa"},
    "acquisition": {"numpy", "pydantic", "pydantic_core", "tomlkit", "psutil", "platformdirs"},
    "acquisition.cli": {"typer"},
    "acquisition.terminal.cli_control": {"typer"},
    "acquisition.terminal.cli_alerts": {"typer"},
    "acquisition.terminal.cli_station": {"typer"},
    "acquisition.terminal.run_commands": {"typer", "rich"},
    "acquisition.terminal.calibrate_command": {"rich"},
    "acquisition.terminal.confirm": {"typer", "rich"},
    "acquisition.terminal.control_commands": {"rich"},
    "acquisition.terminal.commands": {"typer", "rich"},
    "acquisition.terminal.bench_commands": {"rich"},
    "acquisition.terminal.queue_command": {"rich"},
    "acquisition.terminal.rack_commands": {"rich"},
    "acquisition.terminal.plan_view": {"rich"},
    "acquisition.terminal.run_view": {"rich"},
    "acquisition.terminal.judgement_view": {"rich"},
    "acquisition.export": {"h5py", "h5netcdf", "xarray", "pyarrow"},
    "acquisition.gui": {"PyQt5", "pyqtgraph"},
    "pyvisa_zerobias": set(),
}

FORBIDDEN_EVERYWHERE = {
    "pickle": "data must never be able to run code",
    "shelve": "data must never be able to run code",
    "marshal": "data must never be able to run code",
    "random": "randomness comes from a numpy generator handed in with a seed",
    "pymeasure.experiment": "it pulls pandas in; the run engine is ours",
    "pymeasure.display": "the window is ours",
}

HEAVY = {"PyQt5", "pyqtgraph", "pandas", "matplotlib", "pymeasure.experiment"}


@dataclass(frozen=True)
class Import:
    """One imported module: where it stands and what it names."""

    path: Path
    line: int
    room: str
    target: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.room} imports {self.target}"

    @property
    def target_room(self) -> str:
        package, *names = self.target.split(".")
        return ".".join((package, *(names[:1] if names and names[0] in UNDIVIDED else names)))


def folder_of(package: str) -> Path:
    return ROOT / "simulators" / package if package == "pyvisa_zerobias" else ROOT / package


@cache
def sources() -> dict[Path, tuple[str, ast.Module]]:
    """Return every source file of the packages with its room, e.g. ``analysis.scaling.noise``."""
    found: dict[Path, tuple[str, ast.Module]] = {}
    for package in FLOORS:
        for path in sorted(folder_of(package).rglob("*.py")):
            inside = path.relative_to(folder_of(package)).with_suffix("").parts
            if package == "simulators" and inside[0] == "pyvisa_zerobias":
                continue
            room = inside[:1] if inside[0] in UNDIVIDED else inside
            name = ".".join((package, *room)).removesuffix(".__init__")
            found[path] = (name, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imported_names(tree: ast.Module, rooms: set[str]) -> Iterator[tuple[int, str]]:
    """Yield line and module of every import; `from package import room` counts as `package.room`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                yield node.lineno, inner if inner in rooms else module


@cache
def imports() -> tuple[Import, ...]:
    rooms = {room for room, _ in sources().values()} | set(FORBIDDEN_EVERYWHERE) | HEAVY
    return tuple(
        Import(path, line, room, target)
        for path, (room, tree) in sources().items()
        for line, target in imported_names(tree, rooms)
    )


def top(name: str) -> str:
    return name.split(".")[0]


def floor_of(room: str) -> int | None:
    """Return the floor of ``package.room``, or None for a room that nobody has listed."""
    package, _, name = room.partition(".")
    return next((floor for floor, names in enumerate(FLOORS[package]) if (name or "__init__") in names), None)


def complain(breaches: list[str], advice: str) -> None:
    assert not breaches, "\n".join([*dict.fromkeys(breaches), advice])


def test_every_room_has_a_floor() -> None:
    unlisted = sorted(
        {room for path, (room, _) in sources().items() if path.stem != "__init__" and floor_of(room) is None}
    )
    complain(unlisted, "A new room needs a floor: add its name to FLOORS in tests/test_architecture.py.")


def test_package_maps_hold_no_imports() -> None:
    maps = {path for path in sources() if path.name == "__init__.py" and path.parent.name != "pyvisa_zerobias"}
    breaches = [str(entry) for entry in imports() if entry.path in maps]
    complain(breaches, "A package's __init__ is a map in words; import from the room that owns the name.")


def test_imports_are_written_in_full() -> None:
    breaches = [str(entry) for entry in imports() if entry.target.startswith(".")]
    complain(breaches, "Write `from package.room import name`, never a relative import.")


def test_imports_go_down_the_floors() -> None:
    breaches = []
    for entry in imports():
        if top(entry.target) != top(entry.room) or entry.target_room == entry.room:
            continue
        here, there = floor_of(entry.room), floor_of(entry.target_room)
        is_ground = here == 0 and not entry.target_room.endswith(".errors")
        if here is not None and there is not None and (is_ground or there > here):
            breaches.append(f"{entry} (floor {here} imports floor {there})")
    complain(breaches, "Imports go down the floors; what a lower floor needs from above is passed in as an argument.")


def test_no_rooms_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for entry in imports():
        if top(entry.target) in FLOORS and entry.target_room != entry.room:
            graph.setdefault(entry.room, set()).add(entry.target_room)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("circle: " + " -> ".join(error.args[1]))


def test_packages_are_entered_by_their_doors_only() -> None:
    breaches = [
        str(entry)
        for entry in imports()
        if top(entry.target) in FLOORS
        and top(entry.target) != top(entry.room)
        and not any(fnmatchcase(entry.target_room, door) for door in DOORS.get(entry.room, ()))
    ]
    complain(breaches, "There is no such door between the packages; a new one needs a decision record, then DOORS.")


def test_packages_use_only_the_libraries_they_may() -> None:
    breaches = [
        str(entry)
        for entry in imports()
        if top(entry.target) not in sys.stdlib_module_names | FLOORS.keys()
        and not entry.target.startswith(".")
        and top(entry.target) not in GUESTS[top(entry.room)] | GUESTS.get(entry.room, set())
    ]
    complain(breaches, "This library is not a guest of this room (GUESTS in tests/test_architecture.py).")


def test_forbidden_modules_are_imported_nowhere() -> None:
    breaches = [
        f"{entry} ({why})"
        for entry in imports()
        for name, why in FORBIDDEN_EVERYWHERE.items()
        if f"{entry.target}.".startswith(f"{name}.")
    ]
    complain(breaches, "Forbidden in all four packages.")


def test_only_the_clock_imports_time() -> None:
    breaches = [str(entry) for entry in imports() if entry.target == "time" and entry.room != "acquisition.clock"]
    complain(breaches, "Time is handed in as a clock; only acquisition/clock.py imports `time`.")


def test_nobody_asks_the_calendar_behind_the_clocks_back() -> None:
    breaches = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for path, (room, tree) in sources().items()
        for node in ast.walk(tree)
        if room != "acquisition.clock"
        and isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and ast.unparse(node.value).split(".")[-1] in {"datetime", "date"}
    ]
    complain(breaches, "The date comes from the wall clock handed in, never from datetime directly.")


def test_no_text_is_run_as_code() -> None:
    breaches = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.id}(...)"
        for path, (_, tree) in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    ]
    complain(breaches, "Names and numbers come from files; code does not.")


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "examples/cu1.toml", "--simulate", "cu1"]])
def test_light_commands_load_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import json, runpy, sys\n"
        f"sys.argv = ['zerobias', *{arguments!r}]\n"
        "try:\n"
        "    runpy.run_module('acquisition', run_name='__main__')\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, f'exit status {stop.code}'\n"
        f"print(json.dumps(sorted({HEAVY | {'scipy'}!r} & sys.modules.keys())))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
