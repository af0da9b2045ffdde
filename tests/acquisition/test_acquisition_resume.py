"""A run that was cut off is finished: exactly what is missing, later, on the same contact."""

import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_runs import Bench, Script

from acquisition.readings import Event, PointFlag
from acquisition.resume import LEAST_SIMULATED_GAP_S, check_identities, load_unfinished
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.running.command_file import CommandKind, commands_path, write_command

SIZE = 27


def columns(run_file: Path, *names: str) -> list[tuple]:
    with sqlite3.connect(run_file) as connection:
        return connection.execute(f"SELECT {', '.join(names)} FROM point ORDER BY plan_index").fetchall()


def snatch(script: Script, target: Path) -> None:
    """Copy the files as they are in this moment: what a SIGKILL now would leave behind."""
    target.parent.mkdir(exist_ok=True)
    for suffix in ("", "-wal", ".commands"):
        source = script.run_file.with_name(script.run_file.name + suffix)
        if source.exists():
            shutil.copy(source, target.with_name(target.name + suffix))


def killed(bench: Bench, *, at_point: int = -1, at_event: str = "", **actions: Any) -> tuple[Path, list[int]]:
    """Return what is left of a run that was killed at a point or event, and the points acknowledged until then."""
    target = bench.folder / "killed" / "run.zerobias.sqlite"
    acknowledged: list[int] = []

    def on_point(script: Script, index: int) -> None:
        actions.get("on_point", lambda *_: None)(script, index)
        if index == at_point:
            acknowledged.extend(script.points)
            snatch(script, target)

    def on_event(script: Script, event: Event) -> None:
        if event.kind == at_event and not target.exists():
            acknowledged.extend(script.points)
            snatch(script, target)

    bench.run(bench.script(on_point=on_point, on_event=on_event))
    return target, acknowledged


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bench = Bench(tmp_path_factory.mktemp("undisturbed"))
    return bench.run(bench.script()).run_file


@pytest.mark.parametrize("place", [0, 1, 2, 10, 15, SIZE - 1, SIZE, 2 * SIZE - 2])
def test_exactly_the_missing_points_are_measured(bench: Bench, undisturbed: Path, place: int) -> None:
    run_file, acknowledged = killed(bench, at_point=place)
    with RunFileReader(run_file) as reader:
        assert reader.header()["state"] == RunState.INTERRUPTED
        before = reader.measured_plan_indices()
    assert set(acknowledged) <= before
    script = bench.script()
    outcome = bench.resume(run_file, script)
    assert (outcome.state, outcome.points, outcome.exit_status) == (RunState.COMPLETE, 2 * SIZE, 0)
    assert script.measured == len(before)
    assert set(script.points).isdisjoint(before)
    assert before | set(script.points) == set(range(2 * SIZE))
    here, there = columns(run_file, "bias_V"), columns(undisturbed, "bias_V")
    assert [bias_V for (bias_V,) in here] == pytest.approx([bias_V for (bias_V,) in there], abs=4e-7)


def test_rest_of_the_interrupted_isotherm_is_flagged(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=10)
    bench.resume(run_file, bench.script())
    flagged = [index for index, flags in columns(run_file, "plan_index", "flags") if flags & PointFlag.AFTER_PAUSE]
    assert flagged == list(range(11, SIZE))


def test_world_goes_on_later_and_repeats_no_noise(bench: Bench, undisturbed: Path) -> None:
    run_file, _ = killed(bench, at_point=10)
    bench.resume(run_file, bench.script())
    times_s = [time_s for (time_s,) in columns(run_file, "time_s")]
    assert times_s == sorted(times_s)
    assert times_s[11] - times_s[10] > LEAST_SIMULATED_GAP_S
    here, there = columns(run_file, "lockin_x_V"), columns(undisturbed, "lockin_x_V")
    assert here[:11] == there[:11]
    same = sum(one == other for one, other in zip(here[11:], there[11:], strict=True))
    assert same < 0.3 * len(here[11:])  # six digits, so that some are equal by chance


def test_cryostat_goes_on_where_it_was_seen_last(bench: Bench) -> None:
    run_file, _ = killed(bench, at_event="closing")
    script = bench.script()
    seen: list[float] = []

    def look(script: Script, event: Event) -> None:
        if event.kind == "resumed":
            assert script.rack is not None
            seen.append(script.rack.cryostat.sample_temperature_K(script.rack.clock.now_s()))

    script.on_event = look
    bench.resume(run_file, script)
    assert seen[0] == pytest.approx(4.1, rel=0.01)


@pytest.mark.parametrize("phase", ["preparing", "prepared", "settling", "sweeping", "closing"])
def test_run_killed_in_any_phase_is_finished(bench: Bench, phase: str) -> None:
    run_file, acknowledged = killed(bench, at_event=phase)
    script = bench.script()
    assert bench.resume(run_file, script).state is RunState.COMPLETE
    assert sorted([*acknowledged, *script.points]) == list(range(2 * SIZE))


def test_gap_is_noted(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=10)
    script = bench.script()
    bench.resume(run_file, script)
    assert "interrupted and stood still for" in script.message("resumed")
    assert f"11 of {2 * SIZE} points" in script.message("resumed")


def test_same_contact_is_recognised(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=SIZE + 12)
    script = bench.script()
    bench.resume(run_file, script)
    contact = [event.message for event in script.events if event.kind == "contact"]
    assert len(contact) == 1 + 3 + 1
    assert contact[-1].startswith("unchanged")


def test_comparison_goes_back_to_the_last_isotherm_where_the_next_has_not_begun(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=SIZE)
    script = bench.script()
    bench.resume(run_file, script)
    comparing = next(event.message for event in script.events if event.kind == "comparing")
    assert comparing.startswith("isotherm 0")


def test_another_contact_stops_the_run_safe(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=12)
    script = bench.script()
    outcome = bench.resume(run_file, script, seed=2)  # another seed, another gain by some tenths of a per cent
    assert (outcome.state, outcome.exit_status) == (RunState.SAFETY_STOP, 3)
    assert "not what it was" in outcome.message
    assert "--accept-change" in outcome.message
    assert script.points == []
    assert script.rack is not None
    assert abs(script.rack.world.wiring.source_A.target) < 0.5e-6


def test_another_contact_may_be_accepted_and_that_is_noted(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=12)
    script = bench.script()
    outcome = bench.resume(run_file, script, seed=2, is_change_accepted=True)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert any("accepted as it is" in event.message for event in script.events if event.kind == "contact")


def test_aborted_run_can_be_finished(bench: Bench) -> None:
    def stop(script: Script, index: int) -> None:
        if index == 10:
            script.say(CommandKind.ABORT)

    run_file = bench.run(bench.script(on_point=stop)).run_file
    outcome = bench.resume(run_file, bench.script())
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)


def test_killed_twice_is_finished_all_the_same(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=10)
    again = bench.folder / "again" / "run.zerobias.sqlite"

    def snatch_again(script: Script, index: int) -> None:
        if index == SIZE + 5:
            snatch(script, again)

    bench.resume(run_file, bench.script(on_point=snatch_again))
    script = bench.script()
    outcome = bench.resume(again, script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert script.points == list(range(SIZE + 6, 2 * SIZE))


def test_flagged_points_are_measured_again_and_their_first_readings_kept(bench: Bench, undisturbed: Path) -> None:
    run_file = Path(shutil.copy(undisturbed, bench.folder / "flagged.zerobias.sqlite"))
    flagged = (7, 15, 16, SIZE + 3)
    with sqlite3.connect(run_file) as connection:
        connection.execute(
            f"UPDATE point SET flags = {PointFlag.IMPLAUSIBLE.value}, conductance_S = 1.0 WHERE plan_index IN {flagged}"
        )
    script = bench.script()
    outcome = bench.resume(run_file, script, is_flagged_again=True)
    assert (outcome.state, outcome.points, script.points) == (RunState.COMPLETE, 2 * SIZE, list(flagged))
    first = [float(value) for _, value, _ in columns(undisturbed, "plan_index", "bias_V", "conductance_S")]
    found = columns(run_file, "plan_index", "bias_V", "conductance_S", "flags")
    assert [index for index, *_ in found] == list(range(2 * SIZE))
    assert [bias_V for _, bias_V, *_ in found] == pytest.approx(first, rel=1e-3, abs=2e-7)
    assert not any(flags & PointFlag.IMPLAUSIBLE for *_, flags in found)
    with sqlite3.connect(run_file) as connection:
        replaced = connection.execute("SELECT plan_index, conductance_S FROM replaced_point").fetchall()
    assert replaced == [(index, 1.0) for index in flagged]


def test_changed_plan_is_remembered(bench: Bench) -> None:
    recipe = bench.recipe({"series": [{"temperatures_K": [4.15]}]}).to_dict()

    def edit(script: Script, index: int) -> None:
        if index == 3:
            script.say(CommandKind.APPEND, recipe=recipe)
            script.say(CommandKind.RETIRE, isotherm=1)

    run_file, _ = killed(bench, at_point=15, on_point=edit)
    script = bench.script()
    outcome = bench.resume(run_file, script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert script.points == [*range(16, SIZE), *range(2 * SIZE, 3 * SIZE)]


def test_command_meant_for_the_dead_engine_is_not_obeyed_by_the_next(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=10)
    late = write_command(run_file, CommandKind.ABORT, wall=bench.wall)
    outcome = bench.resume(run_file, bench.script())
    assert outcome.state is RunState.COMPLETE
    with RunFileReader(run_file) as reader:
        assert reader.command_outcome(late.id) == "refused: the engine that it was meant for had ended"
    assert commands_path(run_file).exists()


def test_clock_that_was_set_back_makes_no_time_run_backwards(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=10)
    bench.wall.time_s -= 3600.0
    unfinished = load_unfinished(run_file, bench.wall)
    assert unfinished.gap_s >= 0.0
    bench.resume(run_file, bench.script())
    times_s = [time_s for (time_s,) in columns(run_file, "time_s")]
    assert times_s == sorted(times_s)


def test_on_a_station_the_calendar_tells_how_long_the_run_stood_still(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=10)
    with sqlite3.connect(run_file) as connection:
        connection.execute("UPDATE run SET value = 'null' WHERE key = 'simulated'")
        ((last_s, last_wall),) = connection.execute("SELECT time_s, wall_time FROM event ORDER BY seq DESC LIMIT 1")
    bench.wall.time_s += 7200.0
    unfinished = load_unfinished(run_file, bench.wall)
    stood_s = (bench.wall.now() - datetime.fromisoformat(last_wall)).total_seconds()
    assert unfinished.last_seen.time_s >= last_s
    assert unfinished.gap_s == pytest.approx(stood_s, abs=1.0)
    assert unfinished.elapsed_s == pytest.approx(unfinished.last_seen.time_s + stood_s, abs=1.0)


def test_replaced_box_is_told_by_its_identity(bench: Bench) -> None:
    run_file, _ = killed(bench, at_point=10)
    unfinished = load_unfinished(run_file, bench.wall)
    known = unfinished.header["instruments"]
    same: Any = SimpleNamespace(each=lambda: [SimpleNamespace(name=name, identity=known[name]) for name in known])
    assert check_identities(unfinished, same) == []
    first = next(iter(known))
    other: Any = SimpleNamespace(
        each=lambda: [SimpleNamespace(name=name, identity="X" if name == first else known[name]) for name in known]
    )
    (difference,) = check_identities(unfinished, other)
    assert first in difference
    assert "'X'" in difference
