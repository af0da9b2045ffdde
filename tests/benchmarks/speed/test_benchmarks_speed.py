"""The benchmarks of speed measure what they say: the same points by all, each stored as the instruments showed it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bench
import document
import exponent_fit
import our_points
import our_reading
import peer_points
import pytest
from instant_rack import Bench, currents_A

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


@pytest.mark.parametrize("words", [("peer_points.py", "pymeasure"), ("peer_window.py", "without")])
def test_pymeasure_measures_as_many_points_and_stores_what_was_shown(words: tuple[str, str], tmp_path: Path) -> None:
    answer = answer_of(*words, "300", str(tmp_path))
    assert (answer["points"], answer.get("shown", 300), answer["is_exact"]) == (300, 300, True)


def test_our_window_shows_every_point_of_the_engine_it_is_attached_to() -> None:
    answer = answer_of("our_window.py", "300")
    assert 250 < answer["points"] == answer["shown"]
    assert answer["is_exact"]
    assert answer["processor_us"] > answer["engine_us"] > 0.0


def peer_values(points: int) -> peer_points.Values:
    """Return what a peer that does all right has stored."""
    bench, values = Bench(), {name: [] for name in ("current_A", *peer_points.NAMES)}
    for current_A in currents_A(points):
        bench.set_current_A(current_A)
        values["current_A"].append(current_A)
        for name in peer_points.NAMES:
            values[name].append(getattr(bench, name)())
    return values


@pytest.mark.parametrize("name", ["current_A", *peer_points.NAMES])
def test_a_peer_that_stores_one_wrong_value_or_a_point_too_few_is_noticed(name: str) -> None:
    assert peer_points.is_exact(peer_values(20), 20)
    wrong = peer_values(20)
    wrong[name][11] += 1e-6
    assert not peer_points.is_exact(wrong, 20)
    assert not peer_points.is_exact(peer_values(19), 20)


def test_exponent_is_measured_on_sets_whose_truth_it_finds() -> None:
    answer = exponent_fit.answer(8)
    assert answer["warm_ms"] > 0.0
    assert answer["sharper"] > 5.0
    bias = float(answer["table"].splitlines()[2].split("|")[2])
    assert abs(bias) < 3.0 * exponent_fit.CRAMER_RAO


def test_benchmark_ends_where_a_peer_has_stored_something_else(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('{\"is_exact\": false}')", encoding="utf-8")
    with pytest.raises(SystemExit, match="not what the instruments showed"):
        bench.answer_of(bench.Step("odd", 1.0, (str(script),)), tmp_path)


def test_of_a_step_that_is_repeated_the_quickest_counts_and_none_may_be_wrong(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; from pathlib import Path; log = Path(sys.argv[1]); log.open('a').write('.')\n"
        "count = len(log.read_text()); costs, wrong = (9.0, 5.0, 7.0), int(sys.argv[2])\n"
        'print(\'{"processor_us": %f, "is_exact": %s}\' % (costs[count - 1], str(count != wrong).lower()))\n',
        encoding="utf-8",
    )
    step = bench.Step("right", 1.0, (str(script), str(tmp_path / "right.log"), "0"), repeats=3)
    assert bench.answer_of(step, tmp_path)["answer"]["processor_us"] == 5.0
    wrong = bench.Step("wrong", 1.0, (str(script), str(tmp_path / "wrong.log"), "3"), repeats=3)
    with pytest.raises(SystemExit, match="not what the instruments showed"):
        bench.answer_of(wrong, tmp_path)


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
    costs_us = {"ours": 50.0, "bluesky": 1500.0, "qcodes": 150.0, "pymeasure": 25.0, "pymeasure_window": 90.0}
    sized = {
        f"{who}-{points}": point | {"points": points, "processor_us": cost_us}
        for who, cost_us in costs_us.items()
        for points in (1_000, 10_000)
    }
    reading = {"table_s": 1.5, "table_wall_s": 1.6, "bytes_over_raw": 1.1, "version": "1.0"}
    answers = sized | {
        "simulated": {"point_processor_us": 280.0},
        "three-days": {"virtual_over_real": 12960.0},
        "reading-100000": reading | {"points": 100_000, "copy_s": 0.05, "copy_wall_s": 0.06},
        "reading-qcodes": reading | {"points": 100_000, "table_s": 30.0},
        "starts": {"starts": {name: [0.1, 0.2] for name in ("help", "plan", "run", "gui", "import qcodes")}},
        "growth": {"run: points": [[10, 100, 1000], [0.1, 1.0, 10.0]]},
        "profiles": {"the loop": [["execute", 10, 0.25]]},
    }
    answers["live"] = {"table": "| a table |", "largest_ms": [0.61, 1.4], "slope": [0.01, -0.02], "resident_MB": 99.0}
    (tmp_path / "images").mkdir()
    document.write_document({name: {"load": 0.5, "answer": answer} for name, answer in answers.items()}, tmp_path)
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    for line in (
        "| Bluesky's point over ours | 30 / 30 | at least 10 |",
        "| PyMeasure's bare worker without a window, over ours | 0.5 / 0.5 |  |",
        "| three days of virtual time over real time | 12960 | at least 10 000 |",
        "| a million points x 12 columns out of the table | not measured | at most 1.6 s |",
        "| a point into the live exponent, 20 x 401 | 0.61 ms | under 1 ms |",
        "| fssa's fit over ours | not measured | at least 100 |",
        "| QCoDeS' reading over ours, out of the table | 20 | at least 15 |",
        "| run: points | 10 to 1000 | 1.00 |",
        "| live | 99 |",
        "load 0.5 to 0.5",
    ):
        assert line in text
    assert len(list((tmp_path / "images").iterdir())) == 2
