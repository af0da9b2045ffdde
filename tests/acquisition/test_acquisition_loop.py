"""The loop pauses idle-safe and comes back to the very point, as if there had been no pause."""

import sqlite3
from pathlib import Path

import pytest
from small_runs import Bench, Script

from acquisition.readings import Event, PointFlag
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.running.command_file import CommandKind
from instruments.errors import CommunicationError

SIZE = 27
"""Points of one small isotherm: 22 of the triangle, two opening anchors, two in between, one closing."""


def columns(run_file: Path, *names: str) -> list[tuple]:
    with sqlite3.connect(run_file) as connection:
        return connection.execute(f"SELECT {', '.join(names)} FROM point ORDER BY plan_index").fetchall()


def go_on(script: Script, event: Event) -> None:
    if event.kind == "paused":
        script.say(CommandKind.CONTINUE)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bench = Bench(tmp_path_factory.mktemp("undisturbed"))
    outcome = bench.run(bench.script())
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    return outcome.run_file


def paused_at(bench: Bench, place: int) -> tuple[Script, Path]:
    """Return a run that was paused after a point, and continued at once."""

    def pause(script: Script, index: int) -> None:
        if index == place:
            script.say(CommandKind.PAUSE)

    script = bench.script(on_point=pause, on_event=go_on)
    outcome = bench.run(script)
    assert outcome.state is RunState.COMPLETE
    assert "paused" in script.kinds()
    return script, outcome.run_file


@pytest.mark.parametrize("place", [0, 1, 5, 9, 17, 24, SIZE - 2])
def test_paused_sweep_goes_on_at_the_very_point(bench: Bench, undisturbed: Path, place: int) -> None:
    _, run_file = paused_at(bench, place)
    here, there = columns(run_file, "plan_index", "bias_V"), columns(undisturbed, "plan_index", "bias_V")
    assert [index for index, _ in here] == list(range(2 * SIZE))
    assert [bias_V for _, bias_V in here] == pytest.approx([bias_V for _, bias_V in there], abs=2e-7)


def test_conductance_after_a_pause_is_what_it_would_have_been(bench: Bench, undisturbed: Path) -> None:
    _, run_file = paused_at(bench, 12)
    for (here_S, error_S), (there_S, _) in zip(
        columns(run_file, "conductance_S", "conductance_error_S"),
        columns(undisturbed, "conductance_S", "conductance_error_S"),
        strict=True,
    ):
        assert abs(here_S - there_S) < 6.0 * error_S + 1e-4 * there_S


def test_points_of_the_interrupted_sweep_are_flagged_and_only_they(bench: Bench) -> None:
    _, run_file = paused_at(bench, 12)
    flagged = [index for index, flags in columns(run_file, "plan_index", "flags") if flags & PointFlag.AFTER_PAUSE]
    assert flagged == list(range(flagged[0], SIZE))
    assert 13 <= flagged[0] <= 14


def test_rack_is_idle_safe_in_a_pause_by_its_own_account(bench: Bench) -> None:
    seen: list[tuple[float, float, float]] = []

    def look(script: Script, event: Event) -> None:
        if event.kind == "safe-state" and "paused" in script.kinds():
            assert script.rack is not None
            wiring, now_s = script.rack.world.wiring, script.rack.clock.now_s()
            seen.append((wiring.source_A.target, wiring.oscillator_Vrms.target, script.rack.coil.rate_A_per_s(now_s)))
            script.say(CommandKind.CONTINUE)

    def pause(script: Script, index: int) -> None:
        if index == 4:
            script.say(CommandKind.PAUSE)

    assert bench.run(bench.script(on_point=pause, on_event=look)).state is RunState.COMPLETE
    current_A, oscillator_Vrms, rate_A_per_s = seen[0]
    assert abs(current_A) < 0.5e-6  # the offset of the source
    assert oscillator_Vrms == pytest.approx(0.004, rel=0.02)
    assert rate_A_per_s == 0.0


def test_pause_after_the_sweep_ends_the_isotherm_first(bench: Bench) -> None:
    def pause(script: Script, index: int) -> None:
        if index == 3:
            script.say(CommandKind.PAUSE, after="sweep")

    def check(script: Script, event: Event) -> None:
        if event.kind == "paused":
            assert script.points[-1] == SIZE - 1
        go_on(script, event)

    script = bench.script(on_point=pause, on_event=check)
    run_file = bench.run(script).run_file
    assert "paused" in script.kinds()
    assert not any(flags & PointFlag.AFTER_PAUSE for (flags,) in columns(run_file, "flags"))


def test_pause_while_settling_settles_again(bench: Bench) -> None:
    def act(script: Script, event: Event) -> None:
        if event.kind == "settling" and script.kinds().count("settling") == 1:
            script.say(CommandKind.PAUSE)
        go_on(script, event)

    script = bench.script(on_event=act)
    outcome = bench.run(script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert script.kinds().count("settling") == 3
    assert not any(flags & PointFlag.AFTER_PAUSE for (flags,) in columns(outcome.run_file, "flags"))


def test_short_pause_needs_no_settling_and_a_drifting_cryostat_does(bench: Bench) -> None:
    script, _ = paused_at(bench, 5)
    assert script.kinds().count("settling") == 2

    def warm(script: Script, event: Event) -> None:
        if event.kind == "paused":
            assert script.rack is not None
            script.rack.cryostat.set_setpoint_K(script.rack.clock.now_s(), 4.4)
            script.rack.clock.sleep(1800.0)
            script.say(CommandKind.CONTINUE)

    def pause(script: Script, index: int) -> None:
        if index == 5:
            script.say(CommandKind.PAUSE)

    script = bench.script(on_point=pause, on_event=warm)
    outcome = bench.run(script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert script.kinds().count("settling") == 3


def test_temperature_and_field_are_read_on_in_a_pause(bench: Bench) -> None:
    def act(script: Script, event: Event) -> None:
        if event.kind == "paused":
            assert script.rack is not None
            script.rack.clock.sleep(100.0)
            script.say(CommandKind.CONTINUE)

    def pause(script: Script, index: int) -> None:
        if index == 5:
            script.say(CommandKind.PAUSE)

    run_file = bench.run(bench.script(on_point=pause, on_event=act)).run_file
    with RunFileReader(run_file) as reader:
        start_s, end_s = (
            next(event.time_s for event in reader.events() if event.kind == kind) for kind in ("paused", "continued")
        )
    with sqlite3.connect(run_file) as connection:
        query = "SELECT temperature_K, field_T FROM monitor WHERE time_s BETWEEN ? AND ?"
        rows = connection.execute(query, (start_s, end_s)).fetchall()
    assert rows
    assert rows[-1][0] == pytest.approx(4.2, rel=0.01)
    assert rows[-1][1] == pytest.approx(0.0, abs=1e-3)


def test_passed_deadline_pauses_and_says_why(bench: Bench) -> None:
    def act(script: Script, event: Event) -> None:
        if event.kind == "paused":
            script.say(CommandKind.ABORT, reason="seen enough")

    recipe = bench.recipe({"settling": {"temperature_deadline_s": 60.0}, "series": [{"temperatures_K": [1.4]}]})
    script = bench.script(on_event=act)
    outcome = bench.run(script, recipe)
    assert outcome.state is RunState.ABORTED
    assert "did not settle at 1.4 K within 60 s" in script.message("paused")


@pytest.mark.parametrize("how", ["unattended", "recipe"])
def test_passed_deadline_flags_and_goes_on_where_nobody_is_there(bench: Bench, how: str) -> None:
    settling = {"temperature_deadline_s": 60.0, "anchor_gap_s": 1.0} | (
        {"on_deadline": "flag"} if how == "recipe" else {}
    )
    recipe = bench.recipe({"settling": settling, "series": [{"temperatures_K": [1.4]}]})
    outcome = bench.run(bench.script(), recipe, is_unattended=how == "unattended")
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, SIZE)
    assert all(flags & PointFlag.TEMPERATURE_UNSETTLED for (flags,) in columns(outcome.run_file, "flags"))


def test_wire_that_fails_in_a_pause_does_not_end_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(script: Script, event: Event) -> None:
        if event.kind == "paused":
            assert script.roles is not None
            magnet = script.roles.magnet

            def dead() -> None:
                raise CommunicationError(magnet.name, "no answer")

            monkeypatch.setattr(magnet, "read", dead)
        if event.kind == "unreadable":
            monkeypatch.undo()
            script.say(CommandKind.CONTINUE)

    def pause(script: Script, index: int) -> None:
        if index == 5:
            script.say(CommandKind.PAUSE)

    script = bench.script(on_point=pause, on_event=act)
    outcome = bench.run(script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert script.kinds().count("settling") == 3
