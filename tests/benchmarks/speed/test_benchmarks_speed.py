"""The benchmarks of speed measure what they say: the same points by all, each stored as the instruments showed it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bench
import document
import our_points
import our_reading
import pytest

from acquisition import columns

SPEED = Path(__file__).parent


def answer_of(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(SPEED / words[0]), *words[1:]], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_loop_measures_as_many_points_as_it_says_and_stores_what_was_shown(tmp_path: Path) -> None:
    plan = our_points.plan_of(300)
    run_file, watch = our_points.run(plan, tmp_path)
    assert 250 < plan.points == watch.acknowledged
    assert our_points.is_exact(run_file)


def test_values_that_no_instrument_showed_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_file, _ = our_points.run(our_points.plan_of(100), tmp_path)
    monkeypatch.setattr(our_points, "x_V", lambda *_: 1e-3)
    assert not our_points.is_exact(run_file)


def test_pymeasure_measures_as_many_points_and_stores_what_was_shown(tmp_path: Path) -> None:
    answer = answer_of("peer_points.py", "pymeasure", "300", str(tmp_path))
    assert (answer["points"], answer["is_exact"]) == (300, True)


def test_benchmark_ends_where_a_peer_has_stored_something_else(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('{\"is_exact\": false}')", encoding="utf-8")
    with pytest.raises(SystemExit, match="not what the instruments showed"):
        bench.answer_of(bench.Step("odd", 1.0, (str(script),)), tmp_path)


def test_both_ways_of_reading_find_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "LEAST_POINTS", 100)
    path = our_reading.write(200, tmp_path)
    _, _, copied = our_reading.timed(path)
    columns.copy_path(path).unlink()
    _, _, table = our_reading.timed(path)
    for place, name in enumerate(our_reading.NAMES):
        expected = [our_reading.value(place, index) for index in range(200)]
        assert copied[name].tolist() == table[name].tolist() == expected


def test_document_holds_the_ratios_of_what_was_measured(tmp_path: Path) -> None:
    point = {"wall_us": 9.0, "resident_MB": 80.0, "version": "1.0"}
    sized = {
        f"{who}-{points}": point | {"points": points, "processor_us": cost_us}
        for who, cost_us in (("ours", 50.0), ("bluesky", 1500.0), ("qcodes", 150.0), ("pymeasure", 25.0))
        for points in (1_000, 10_000)
    }
    reading = {"table_s": 1.5, "table_wall_s": 1.6, "bytes_over_raw": 1.1, "version": "1.0"}
    answers = sized | {
        "simulated": {"point_processor_us": 280.0},
        "three-days": {"virtual_over_real": 12960.0},
        "reading-100000": reading | {"points": 100_000, "copy_s": 0.05, "copy_wall_s": 0.06},
        "reading-qcodes": reading | {"points": 100_000, "table_s": 30.0},
        "starts": {name: [0.1, 0.2] for name in ("help", "plan", "run", "gui", "import qcodes")},
        "growth": {"run: points": [[10, 100, 1000], [0.1, 1.0, 10.0]]},
        "profiles": {"the loop": [["execute", 10, 0.25]]},
    }
    answers |= {name: {"table": "| a table |"} for name in ("exponent", "live", "batch")}
    (tmp_path / "images").mkdir()
    document.write_document(answers, tmp_path)
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    for line in (
        "| Bluesky's point over ours | 30 | at least 10 |",
        "| PyMeasure's point over ours | 0.5 | at least 1 |",
        "| three days of virtual time over real time | 12960 | at least 10 000 |",
        "| a million points out of the table | not measured | at most 1.6 s |",
        "| QCoDeS' reading over ours, out of the table | 20 | at least 15 |",
        "| run: points | 10 to 1000 | 1.00 |",
    ):
        assert line in text
    assert len(list((tmp_path / "images").iterdir())) == 2
