"""Faults by experiment time, in a recipe for tests: what goes wrong, when, and what the user sees of it."""

import sqlite3
from pathlib import Path

import pytest
from small_runs import SMALL

from acquisition.cli import main

STATION = Path(__file__).parents[3] / "acquisition" / "stations" / "simulated.toml"


def run(folder: Path, faults: str, *rack: str) -> int:
    recipe = folder / "faulty.toml"
    recipe.write_text(SMALL + faults, encoding="utf-8")
    return main(["run", str(recipe), "--out", str(folder), *(rack or ("--simulate", "cu1"))])


def events(folder: Path) -> list[tuple[float, str, str]]:
    (run_file,) = folder.glob("*.zerobias.sqlite")
    with sqlite3.connect(run_file) as connection:
        return connection.execute("SELECT time_s, kind, message FROM event ORDER BY seq").fetchall()


def test_quench_comes_at_its_time_and_stops_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(tmp_path, '[[fault]]\nat_s = 230.0\nname = "quench"\n')
    assert status == 3
    ((time_s, _, message),) = [event for event in events(tmp_path) if event[1] == "safety-stop"]
    assert 230.0 <= time_s < 245.0
    assert "quench" in message
    assert "see to helium and the magnet first" in capsys.readouterr().err


def test_box_that_is_silent_for_a_while_costs_time_and_no_point(tmp_path: Path) -> None:
    faults = '[[fault]]\nat_s = 230.0\nname = "lost-reply"\nbox = "SR830"\nfor_s = 15.0\n'
    assert run(tmp_path, faults) == 0
    kinds = [kind for _, kind, _ in events(tmp_path)]
    assert kinds.count("recovering") >= 1
    assert kinds[-2:] == ["closing", "safe-state"]


@pytest.mark.parametrize(
    ("faults", "complaint"),
    [
        ('[[fault]]\nat_s = 1.0\nname = "gremlins"\n', "fault[0]: no fault 'gremlins'; there are lost-reply"),
        ('[[fault]]\nat_s = 1.0\nname = "overload"\nbox = "AMI430"\n', "is a fault of the SR830"),
        ('[[fault]]\nat_s = -1.0\nname = "quench"\n', "fault[0].at_s: got -1.0, expected at least 0"),
    ],
)
def test_fault_that_cannot_be_is_refused_beforehand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], faults: str, complaint: str
) -> None:
    assert run(tmp_path, faults) == 2
    assert complaint in capsys.readouterr().err
    assert not list(tmp_path.glob("*.sqlite"))


def test_real_rack_takes_no_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    station = tmp_path / "real.toml"
    text = STATION.read_text(encoding="utf-8")
    station.write_text(text.replace('name = "simulated"', 'name = "real"\nvisa_library = "cu1@zerobias"'))
    assert run(tmp_path, '[[fault]]\nat_s = 1.0\nname = "quench"\n', "--station", str(station), "--yes") == 2
    assert "this rack is a real one" in capsys.readouterr().err
