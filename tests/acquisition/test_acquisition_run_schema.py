"""Run files of every released schema open for ever: `data` holds one that is complete and one that was left, of each.

When the schema gets a new version, add its two files here; never make the old ones anew.
"""

import shutil
import sqlite3
from pathlib import Path

import pytest
from small_runs import Bench

from acquisition.clock import WallClock
from acquisition.export import export_run
from acquisition.gui.tail import RunTail
from acquisition.measured import load_measured
from acquisition.recipe import load_recipe
from acquisition.run_list import find_runs
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import SCHEMA_VERSION, RunState
from acquisition.station_file import simulated_station
from acquisition.status import status_of
from acquisition.terminal.learned_station import with_learned_times
from acquisition.terminal.run_view import fit_run

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).parents[2] / "examples"
VERSIONS = range(1, SCHEMA_VERSION + 1)
POINTS = 130
LEFT_AT = 73
ALPHA = 0.4991
"""What the program of that day found in it."""


def run_file(version: int, what: str, folder: Path) -> Path:
    """Return a copy of a file of that schema."""
    name = f"run_v{version}{what}.zerobias.sqlite"
    return Path(shutil.copy(DATA / name, folder / name))


@pytest.fixture(params=VERSIONS)
def complete(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return run_file(request.param, "", tmp_path)


@pytest.fixture(params=VERSIONS)
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return run_file(request.param, "_interrupted", tmp_path)


def test_complete_run_is_listed_and_shown(complete: Path) -> None:
    (summary,) = find_runs(complete.parent).runs
    assert (summary.state, summary.points, summary.name) == (RunState.COMPLETE, POINTS, "v1")
    assert status_of(complete, WallClock()).points == POINTS
    with RunFileReader(complete) as reader:
        assert {"preparing", "sweeping", "closing"} <= {event.kind for event in reader.events()}


def test_window_looks_at_it(complete: Path) -> None:
    tail = RunTail(complete)
    fresh = tail.look()
    assert (fresh.points, tail.points, fresh.channels) == (POINTS, POINTS, 0)
    tail.close()


def test_complete_run_gives_its_points_and_its_exponent(complete: Path) -> None:
    assert len(load_measured(complete).bias_V) == POINTS
    fit = fit_run(complete)
    assert fit is not None
    assert fit.alpha == pytest.approx(ALPHA, abs=fit.error)


def test_complete_run_is_exported(complete: Path) -> None:
    path = export_run(complete, "csv")
    assert sum(line[0] in "-0123456789" for line in path.read_text(encoding="utf-8").splitlines()) == POINTS


def test_run_that_was_left_is_finished(left: Path, bench: Bench) -> None:
    outcome = bench.resume(left, bench.script())
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, POINTS), outcome.message
    with sqlite3.connect(left) as connection:
        indices = [index for (index,) in connection.execute("SELECT plan_index FROM point ORDER BY plan_index")]
    assert indices == list(range(POINTS))


def test_flagged_points_of_a_run_that_was_left_are_measured_again(left: Path, bench: Bench) -> None:
    with sqlite3.connect(left) as connection:
        connection.execute("UPDATE point SET flags = 4096 WHERE plan_index IN (60, 61, 66)")
    outcome = bench.resume(left, bench.script(), is_flagged_again=True)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, POINTS), outcome.message
    with sqlite3.connect(left) as connection:
        replaced = [index for (index,) in connection.execute("SELECT plan_index FROM replaced_point")]
    assert {60, 61, 66} <= set(replaced)


def test_damaged_run_is_listed_as_that_and_teaches_nothing(complete: Path) -> None:
    with sqlite3.connect(complete) as connection:
        connection.execute("UPDATE run SET value = 'null' WHERE key IN ('recipe', 'station')")
    connection.close()
    found = find_runs(complete.parent)
    assert not found.runs
    assert "holds what this program does not write" in found.unreadable[0]
    station, recipe = simulated_station(), load_recipe(EXAMPLES / "quick.toml")
    assert with_learned_times(station, recipe, "cu1", complete.parent) == (station, 0)
