"""Feed what is malformed to everything that reads, and insist on errors with a name.

    python tests/benchmarks/fuzz_campaign.py --examples 1000
    python tests/benchmarks/fuzz_campaign.py --examples 25000 --only recipes --seed 2

Replies of all boxes to all their drivers, recipes, stations, CSV files, and run files that are damaged, made by hand
or from a newer version. What is sound is spoiled by hypothesis: bytes flipped, cut, exchanged, values replaced by
others of the wrong kind or size. Whatever comes, the program's own errors may come of it, and nothing else.
"""

import argparse
import itertools
import json
import logging
import sqlite3
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from acquisition.clock import WallClock
from acquisition.errors import AcquisitionError
from acquisition.measured import load_measured
from acquisition.plan import make_plan
from acquisition.recipe import load_recipe
from acquisition.resume import load_unfinished
from acquisition.run_list import find_runs
from acquisition.station import open_simulated
from acquisition.station_file import Station, load_station, simulated_station
from acquisition.status import status_of
from acquisition.terminal.learned_station import with_learned_times
from analysis.errors import AnalysisError
from instruments.errors import InstrumentError
from simulators.faults import Wire
from simulators.rack import BOXES, find_rack

AT_ONCE = 1000
"""Examples after which hypothesis starts anew, since it keeps all it has tried in memory."""

ROOT = Path(__file__).resolve().parents[2]
RUN_FILE = ROOT / "tests" / "acquisition" / "data" / "run_v1.zerobias.sqlite"
WALL = WallClock()

# --- what is malformed --------------------------------------------------------------------------------------------

Spoil = Callable[[bytes], bytes]

odd_bytes = st.sampled_from(
    [
        b"",
        b"NAN",
        b"+9.9E37",
        b"-9.91E37",
        b"1_0",
        b"1e999",
        b"\x00",
        b"\xff\xfe",
        b",",
        b"0,0",
        b"1,2,3,4,5,6,7",
        b"OK",
    ]
)
spoils: st.SearchStrategy[Spoil] = st.one_of(
    st.one_of(odd_bytes, st.binary(max_size=40)).map(lambda text: lambda _reply: text),
    st.tuples(st.integers(0, 200), st.integers(0, 7)).map(lambda at: lambda reply: flipped(reply, *at)),
    st.integers(0, 30).map(lambda end: lambda reply: reply[:end]),
    st.tuples(st.integers(0, 200), odd_bytes).map(lambda at: lambda reply: put(reply, *at)),
)


def flipped(text: bytes, place: int, bit: int) -> bytes:
    """Return a text with one bit of one byte flipped."""
    if not text:
        return text
    place %= len(text)
    return text[:place] + bytes([text[place] ^ (1 << bit)]) + text[place + 1 :]


def put(text: bytes, place: int, what: bytes) -> bytes:
    """Return a text with something put into it."""
    place %= len(text) + 1
    return text[:place] + what + text[place:]


odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([0, -1, 1e-300, 1e300, 10**30, "", [], {}, [[1.0]], "x" * 5000, "../../etc", "\x00"]),
    st.lists(st.floats(), max_size=4),
)


@contextmanager
def own_errors() -> Iterator[None]:
    """Let the errors pass that have a name of ours; any other one is a find."""
    try:
        yield
    except (AcquisitionError, AnalysisError, InstrumentError) as error:
        assert str(error).strip(), "an error without a word"


# --- replies ------------------------------------------------------------------------------------------------------

RACKS = (
    ("SR830", "Keithley2400", "LakeShore372", "AMI430"),
    ("SR860", "Keithley2450", "LakeShore336", "IPS120", "Keithley2182A"),
    ("SR865A", "YokogawaGS200", "ITC503", "MercuryiPS"),
)
SECTIONS = ("lockin", "sourcemeter", "temperature", "magnet", "voltmeter")
CALLS: dict[str, tuple[Callable[[Any], object], ...]] = {
    "lock_in": (
        lambda box: box.read(),
        lambda box: box.configure(frequency_Hz=137.7, time_constant_s=0.1, slope_dB_per_octave=24),
        lambda box: box.set_excitation(0.1),
        lambda box: box.set_sensitivity(1e-3),
    ),
    "source": (
        lambda box: box.read(),
        lambda box: box.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0),
        lambda box: box.set_output(True),
        lambda box: box.set_current(1e-5),
        lambda box: box.ramp_to_current(2e-5, 1e-4),
    ),
    "temperature": (
        lambda box: box.read(),
        lambda box: box.heater_fraction(),
        lambda box: box.set_temperature(4.1),
        lambda box: box.heater_off(),
    ),
    "magnet": (lambda box: box.read(), lambda box: box.start_ramp(0.01, 0.1), lambda box: box.hold()),
    "voltmeter": (lambda box: box.read(), lambda box: box.configure(range_V=0.1, nplc=1.0)),
}
COMMON = (lambda box: box.settings(), lambda box: box.make_safe())


class SpoiledWires:
    """Takes the place of what the wires of a rack carry: spoils replies as long as there are spoils in store."""

    def __init__(self, wires: list[Wire]) -> None:
        self.store: deque[Spoil] = deque()
        self.spoiled = 0
        for wire in wires:
            wire.carry = self._carrying(wire.carry)  # type: ignore[method-assign]

    def _carrying(self, carry: Callable[..., Any]) -> Callable[..., Any]:
        def carried(reply: bytes, terminator: bytes, sent_s: float) -> tuple[float, bytes] | None:
            if not self.store:
                return carry(reply, terminator, sent_s)
            self.spoiled += 1
            return carry(self.store.popleft()(reply), terminator, sent_s)

        return carried


def station_of(models: tuple[str, ...]) -> Station:
    """Return the simulated station with other boxes."""
    data = simulated_station().to_dict()
    for section, model in zip(SECTIONS, models, strict=False):
        data.setdefault(section, {}).update(model=model, address=BOXES[model].address)
    return Station.from_dict(data, "fuzz.toml")


Door = tuple[Any, Callable[[Any], object], SpoiledWires]
"""A driver, what is asked of it, and the wires of its rack."""


@contextmanager
def open_doors() -> Iterator[list[Door]]:
    """Open all boxes, and hand over every call of every driver."""
    with ExitStack() as opened:
        doors: list[Door] = []
        for models in RACKS:
            rack = opened.enter_context(open_simulated(station_of(models), "cu1", 1, None, WALL))
            wires = SpoiledWires(list(find_rack(rack.visa_library.partition("@")[0]).wires.values()))
            for role, calls in CALLS.items():
                box = getattr(rack.roles, role)
                doors += [(box, call, wires) for call in (*calls, *COMMON) if box is not None]
        yield doors


def knock(door: Door, store: list[Spoil]) -> None:
    """Ask a box, and have its first replies spoiled."""
    box, call, spoiled = door
    spoiled.store.extend(store)
    with own_errors():
        call(box)
    spoiled.store.clear()


def fuzz_replies(run: Callable[[Callable[..., None], Any], None]) -> str:
    """Spoil replies of every box to its driver."""
    with open_doors() as doors:

        def check(door: int, store: list[Spoil]) -> None:
            knock(doors[door], store)

        run(check, (st.integers(0, len(doors) - 1), st.lists(spoils, min_size=1, max_size=8)))
        spoiled = sum(wires.spoiled for wires in {id(door[2]): door[2] for door in doors}.values())
        return f"{spoiled} malformed replies to {len(doors)} calls of {len(RACKS)} racks"


# --- files --------------------------------------------------------------------------------------------------------


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in nested tables."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return nested tables with another value at a path."""
    if not path:
        return value
    copied = data.copy()
    copied[path[0]] = replaced(data[path[0]], path[1:], value)
    return copied


def fuzz_toml(
    run: Callable[[Callable[..., None], Any], None], sound: dict[str, Any], read: Callable[[Path], object]
) -> str:
    """Spoil a TOML file, as text and value by value."""
    known, text = list(places(sound)), tomlkit.dumps(sound).encode()
    count = itertools.count(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.toml"

        def check(spoil: list[Spoil], at: int, value: Any, is_by_value: bool) -> None:
            next(count)
            if is_by_value:
                try:
                    path.write_text(tomlkit.dumps(replaced(sound, known[at], value)), encoding="utf-8")
                except Exception:  # noqa: BLE001 - tomlkit cannot write it, so no file holds it
                    return
            else:
                spoiled = text
                for one in spoil:
                    spoiled = one(spoiled)
                path.write_bytes(spoiled)
            with own_errors():
                read(path)

        run(
            check, (st.lists(spoils, min_size=1, max_size=3), st.integers(0, len(known) - 1), odd_values, st.booleans())
        )
    return f"{next(count) - 1} files"


def fuzz_recipes(run: Callable[[Callable[..., None], Any], None]) -> str:
    """Spoil recipes."""
    sound = load_recipe(ROOT / "examples" / "cu1.toml").to_dict()
    station = simulated_station()
    return fuzz_toml(run, sound, lambda path: make_plan(load_recipe(path), station))


def fuzz_stations(run: Callable[[Callable[..., None], Any], None]) -> str:
    """Spoil stations."""
    recipe = load_recipe(ROOT / "examples" / "quick.toml")
    return fuzz_toml(run, simulated_station().to_dict(), lambda path: make_plan(recipe, load_station(path)))


CSV = b"""# excitation_Vrms: 1e-5
V_volt,T_kelvin,H_tesla,G_siemens,direction,time_s
-1e-4,0.1,0.0,0.11,up,0.0
0.0,0.1,0.0,0.109,up,1.0
1e-4,0.1,0.0,0.11,up,2.0
-1e-4,0.4,0.0,0.112,down,3.0
0.0,0.4,0.0,0.111,down,4.0
1e-4,0.4,0.0,0.112,down,5.0
"""


def fuzz_csv(run: Callable[[Callable[..., None], Any], None]) -> str:
    """Spoil CSV files."""
    count = itertools.count(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.csv"

        def check(spoil: list[Spoil], columns: list[bytes]) -> None:
            next(count)
            text = CSV
            for one in spoil:
                text = one(text)
            path.write_bytes(text + b",".join(columns))
            with own_errors():
                load_measured(path).curves()

        run(check, (st.lists(spoils, max_size=4), st.lists(odd_bytes, max_size=7)))
    return f"{next(count) - 1} files"


def fuzz_run_files(run: Callable[[Callable[..., None], Any], None]) -> str:
    """Spoil run files, byte by byte and row by row."""
    sound = RUN_FILE.read_bytes()
    count = itertools.count(1)
    recipe = load_recipe(ROOT / "examples" / "quick.toml")
    with sqlite3.connect(RUN_FILE) as connection:
        keys = [key for (key,) in connection.execute("SELECT key FROM run")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "2026-01-01_001_fuzz.zerobias.sqlite"
        statements = st.one_of(
            st.integers(2, 99).map(lambda version: (f"PRAGMA user_version={version}", ())),
            st.sampled_from(["point", "run", "event", "monitor", "plan_edit"]).map(
                lambda name: (f"DROP TABLE {name}", ())
            ),
            st.tuples(st.sampled_from(keys), st.one_of(st.text(max_size=20), odd_values.map(as_json))).map(
                lambda pair: ("UPDATE run SET value = ? WHERE key = ?", (pair[1], pair[0]))
            ),
            st.tuples(st.sampled_from(["kind", "direction", "flags", "time_s", "bias_V"]), odd_values.map(as_sql)).map(
                lambda pair: (f"UPDATE OR IGNORE point SET {pair[0]} = ? WHERE seq % 3 = 0", (pair[1],))
            ),
            odd_values.map(
                lambda value: ("INSERT INTO plan_edit VALUES (NULL, 0, '', 'append', ?)", (as_json(value),))
            ),
            st.text(max_size=20).map(lambda text: ("UPDATE event SET wall_time = ?", (text,))),
        )
        damage = st.lists(st.tuples(st.integers(0, len(sound) - 1), st.binary(min_size=1, max_size=64)), max_size=6)

        def check(statement: list[tuple[str, Any]], holes: list[tuple[int, bytes]], end: int | None) -> None:
            next(count)
            path.write_bytes(sound)
            with sqlite3.connect(path) as connection:
                for text, values in statement:
                    try:
                        connection.execute(text, values)
                    except (sqlite3.Error, OverflowError):
                        continue
            connection.close()
            text = bytearray(path.read_bytes())
            for place, what in holes:
                text[place : place + len(what)] = what
            path.write_bytes(text[:end])
            for read in (load_measured, lambda one: status_of(one, WALL), lambda one: load_unfinished(one, WALL)):
                with own_errors():
                    read(path)
            with own_errors():
                find_runs(Path(folder))
            with own_errors():
                with_learned_times(simulated_station(), recipe, "cu1", Path(folder))

        run(check, (st.lists(statements, max_size=3), damage, st.none() | st.integers(0, len(sound))))
    return f"{next(count) - 1} files"


def as_json(value: Any) -> str:
    """Return a value as a JSON text, strict or not."""
    return json.dumps(value)


def as_sql(value: Any) -> Any:
    """Return a value that SQLite takes."""
    return value if isinstance(value, str | float | None) else as_json(value)


TARGETS: dict[str, Callable[[Callable[[Callable[..., None], Any], None]], str]] = {
    "replies": fuzz_replies,
    "recipes": fuzz_recipes,
    "stations": fuzz_stations,
    "csv": fuzz_csv,
    "run-files": fuzz_run_files,
}


def main() -> int:
    """Fuzz each target with so many examples; a find ends it with hypothesis' own account."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=1000, help="examples of each target")
    parser.add_argument("--only", choices=TARGETS, help="one target")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    logging.disable()  # every spoiled reply is warned of, thousands of them

    def run(check: Callable[..., None], strategies: tuple[st.SearchStrategy[Any], ...]) -> None:
        for done in range(0, options.examples, AT_ONCE):
            configured = settings(
                max_examples=min(AT_ONCE, options.examples - done),
                deadline=None,
                database=None,
                suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
            )
            seed(options.seed + done)(configured(given(*strategies)(check)))()

    for name in [options.only] if options.only else TARGETS:
        start_s = time.monotonic()
        said = TARGETS[name](run)
        print(f"{name}: {said}: only named errors ({time.monotonic() - start_s:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
