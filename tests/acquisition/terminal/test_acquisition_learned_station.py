"""The time estimate follows what earlier runs on the same rack took, and no others."""

import json
from pathlib import Path

import pytest
from small_runs import SMALL

from acquisition.cli import main
from acquisition.recipe import parse_recipe
from acquisition.station_file import simulated_station
from acquisition.terminal.learned_station import with_learned_times


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run of the small recipe, and a file that is no run."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    (folder / "2026-01-01_001_broken.zerobias.sqlite").write_bytes(b"no run file")
    assert main(["run", str(folder / "small.toml"), "--simulate", "cu1", "--out", str(folder)]) == 0
    return folder


def planned(folder: Path, capsys: pytest.CaptureFixture[str], runs: Path) -> dict:
    words = ["plan", str(folder / "small.toml"), "--simulate", "cu1", "--json"]
    assert main([*words, "--runs", str(runs)]) == 0
    return json.loads(capsys.readouterr().out)


def test_second_plan_is_nearer_to_what_it_takes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = planned(folder, capsys, tmp_path), planned(folder, capsys, folder)
    assert (before["times_learned_from_runs"], after["times_learned_from_runs"]) == (0, 1)
    assert after["duration_s"] != before["duration_s"]
    station, _ = with_learned_times(simulated_station(), parse_recipe(SMALL, "small"), "cu1", folder)
    known = {entry.above_K: entry.minutes for entry in simulated_station().temperature.approach}
    learned = {entry.above_K: entry.minutes for entry in station.temperature.approach}
    assert [edge for edge in known if learned[edge] != known[edge]] == [1.25]  # 4.2 to 4.1 K is all it has seen


@pytest.mark.parametrize("change", ["name", "settling", "real"])
def test_runs_of_another_rack_or_with_other_waits_teach_nothing(folder: Path, change: str) -> None:
    station, text = simulated_station(), SMALL
    if change == "name":
        named = station.station.model_copy(update={"name": "basement"})
        station = station.model_copy(update={"station": named})
    if change == "settling":
        text = SMALL.replace("dwell_above_1K_s = 30", "dwell_above_1K_s = 60")
    sample = None if change == "real" else "cu1"
    assert with_learned_times(station, parse_recipe(text, "small"), sample, folder) == (station, 0)
