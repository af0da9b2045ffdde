"""The engine obeys or refuses, writes down which, and leaves the rack safe by whatever road a run ends."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from small_runs import Bench, Script

from acquisition.errors import RunFileError
from acquisition.readings import AFTER_POINT, AFTER_SWEEP, PAUSE_OFF, PAUSING, Event, PointFlag
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.run_writer import RunFileWriter
from acquisition.running.command_file import CommandKind, commands_path
from acquisition.running.lock import is_locked, lock_path
from instruments.errors import CommunicationError, InstrumentError, QuenchError

SIZE = 27


def rows(run_file: Path, query: str) -> list[tuple]:
    with sqlite3.connect(run_file) as connection:
        return connection.execute(query).fetchall()


def at(place: int, command: CommandKind, **argument: Any) -> dict[str, Any]:
    """Return the action of giving a command after a point, and of going on after a pause."""
    given: list[str] = []

    def on_point(script: Script, index: int) -> None:
        if index == place:
            given.append(script.say(command, **argument))

    return {"on_point": on_point}


def outcome_of(run_file: Path, command: CommandKind) -> str:
    ((outcome,),) = rows(run_file, f"SELECT outcome FROM command WHERE command = '{command.value}'")
    return outcome


def is_idle(script: Script) -> bool:
    """Say whether source and oscillator are at rest by the simulated world's own account."""
    assert script.rack is not None
    wiring = script.rack.world.wiring
    offset_A, minimum_Vrms = 0.5e-6, 0.0042
    return abs(wiring.source_A.target) < offset_A and 0.0 < wiring.oscillator_Vrms.target < minimum_Vrms


def test_every_command_is_in_the_file_with_its_id_and_outcome(bench: Bench) -> None:
    ids: list[str] = []

    def on_point(script: Script, index: int) -> None:
        if index == 3:
            ids.append(script.say(CommandKind.NOTE, text="helium transfer"))
            ids.append(script.say(CommandKind.CONTINUE))
            with commands_path(script.run_file).open("a") as file:
                file.write("open the pod bay doors\n")

    run_file = bench.run(bench.script(on_point=on_point)).run_file
    found = rows(run_file, "SELECT id, command, outcome FROM command ORDER BY seq")
    assert found == [
        (ids[0], "note", "accepted: noted"),
        (ids[1], "continue", "refused: it is not paused"),
        ("", "?", "refused: not a line of JSON"),
    ]
    assert rows(run_file, "SELECT message FROM event WHERE kind = 'note'") == [("helium transfer",)]


def test_state_in_the_file_follows_pause_and_continue(bench: Bench) -> None:
    states: list[str] = []

    def on_event(script: Script, event: Event) -> None:
        if event.kind in ("sweeping", "paused", "continued"):
            with RunFileReader(script.run_file) as reader:
                states.append(reader.header()["state"])
        if event.kind == "paused":
            script.say(CommandKind.PAUSE)
            script.say(CommandKind.CONTINUE)
            script.say(CommandKind.CONTINUE)

    script = bench.script(on_event=on_event, **at(3, CommandKind.PAUSE))
    run_file = bench.run(script).run_file
    assert states == ["running", "paused", "running", "running", "running"]
    outcomes = [outcome for (outcome,) in rows(run_file, "SELECT outcome FROM command ORDER BY seq")]
    assert outcomes == [
        "accepted: pausing after this point",
        "refused: it is paused already",
        "accepted: going on",
        "accepted: going on already",
    ]


def test_pause_can_be_called_off_before_it_comes(bench: Bench) -> None:
    def on_point(script: Script, index: int) -> None:
        if index == 3:
            script.say(CommandKind.PAUSE, after="sweep")
            script.say(CommandKind.CONTINUE)

    script = bench.script(on_point=on_point)
    run_file = bench.run(script).run_file
    assert outcome_of(run_file, CommandKind.CONTINUE) == "accepted: the pause is called off"
    assert "paused" not in script.kinds()
    assert [kind for kind in script.kinds() if kind in (PAUSING, PAUSE_OFF)] == [PAUSING, PAUSE_OFF]


def test_of_two_pauses_the_sooner_counts(bench: Bench) -> None:
    def on_point(script: Script, index: int) -> None:
        if index == 3:
            script.say(CommandKind.PAUSE, after="sweep")
            script.say(CommandKind.PAUSE, after="sweep")
            script.say(CommandKind.PAUSE)
            script.say(CommandKind.PAUSE, after="sweep")

    def on_event(script: Script, event: Event) -> None:
        if event.kind == "paused":
            script.say(CommandKind.CONTINUE)

    script = bench.script(on_point=on_point, on_event=on_event)
    run_file = bench.run(script).run_file
    outcomes = [outcome for (outcome,) in rows(run_file, "SELECT outcome FROM command ORDER BY seq")]
    assert outcomes[3] == "refused: it pauses after this point already"
    told = [message for (message,) in rows(run_file, "SELECT message FROM event WHERE kind = 'pausing' ORDER BY seq")]
    assert told == [AFTER_SWEEP, AFTER_POINT]
    ((flagged,),) = rows(run_file, f"SELECT count(*) FROM point WHERE flags & {PointFlag.AFTER_PAUSE.value}")
    assert flagged > 0  # it came in the middle of the sweep


def test_abort_ends_idle_safe_and_keeps_every_point(bench: Bench) -> None:
    script = bench.script(**at(7, CommandKind.ABORT, reason="smoke"))
    outcome = bench.run(script)
    assert (outcome.state, outcome.exit_status) == (RunState.ABORTED, 5)
    assert "smoke" in outcome.message
    assert is_idle(script)
    assert [index for (index,) in rows(outcome.run_file, "SELECT plan_index FROM point")] == script.points
    assert outcome.points == len(script.points) >= 8
    assert not is_locked(lock_path(outcome.run_file))


@pytest.mark.parametrize("phase", ["preparing", "settling", "sweeping", "paused"])
def test_abort_takes_effect_in_every_phase(bench: Bench, phase: str) -> None:
    def on_event(script: Script, event: Event) -> None:
        if event.kind == phase:
            assert script.control is not None
            script.control.request_abort("stopped by SIGTERM")

    script = bench.script(on_event=on_event, **at(3, CommandKind.PAUSE))
    outcome = bench.run(script)
    assert (outcome.state, outcome.message) == (RunState.ABORTED, "stopped by SIGTERM")
    assert is_idle(script)


def test_command_that_comes_too_late_is_refused_not_forgotten(bench: Bench) -> None:
    def on_event(script: Script, event: Event) -> None:
        if event.kind == "safe-state":
            script.say(CommandKind.PAUSE)

    run_file = bench.run(bench.script(on_event=on_event)).run_file
    assert outcome_of(run_file, CommandKind.PAUSE) == "refused: the run has ended (complete)"


def test_appended_isotherms_are_measured_with_new_indices(bench: Bench) -> None:
    recipe = bench.recipe({"series": [{"temperatures_K": [4.15]}]}).to_dict()
    script = bench.script(**at(3, CommandKind.APPEND, recipe=recipe))
    outcome = bench.run(script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 3 * SIZE)
    assert outcome_of(outcome.run_file, CommandKind.APPEND) == (
        f"accepted: isotherms 2 to 2 appended, plan indices {2 * SIZE} to {3 * SIZE - 1}"
    )
    assert rows(
        outcome.run_file, f"SELECT DISTINCT temperature_setpoint_K FROM point WHERE plan_index >= {2 * SIZE}"
    ) == [(4.15,)]
    with RunFileReader(outcome.run_file) as reader:
        assert reader.summary().planned_points == 3 * SIZE
        assert [edit.content for edit in reader.edits()] == [recipe]
    assert script.plans[-1].points == 3 * SIZE


def test_retired_points_are_not_measured(bench: Bench) -> None:
    script = bench.script(**at(3, CommandKind.RETIRE, plan_indices=[SIZE - 1, 2 * SIZE - 1]))
    outcome = bench.run(script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE - 2)
    assert {SIZE - 1, 2 * SIZE - 1}.isdisjoint(script.points)


def test_retired_isotherm_is_not_even_approached(bench: Bench) -> None:
    script = bench.script(**at(3, CommandKind.RETIRE, isotherm=1))
    outcome = bench.run(script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, SIZE)
    assert script.kinds().count("settling") == 1


@pytest.mark.parametrize(
    ("command", "argument", "reason"),
    [
        (CommandKind.RETIRE, {"plan_indices": [0]}, "is measured already"),
        (CommandKind.RETIRE, {"isotherm": 0}, "is measured already"),
        (CommandKind.RETIRE, {"isotherm": 5}, "this plan has isotherms 0 to 1"),
        (CommandKind.APPEND, {"recipe": {"run": {}}}, "appended recipe"),
        (CommandKind.APPEND, {}, "expected a recipe"),
        (CommandKind.NOTE, {"text": 7}, "expected a text"),
        (CommandKind.ACKNOWLEDGE, {}, "nothing waits"),
    ],
)
def test_command_that_cannot_be_obeyed_is_refused_with_its_reason_and_the_run_goes_on(
    bench: Bench, command: CommandKind, argument: dict[str, Any], reason: str
) -> None:
    outcome = bench.run(bench.script(**at(3, command, **argument)))
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert outcome_of(outcome.run_file, command).startswith("refused: ")
    assert reason in outcome_of(outcome.run_file, command)


def test_what_changed_an_instrument_is_in_the_file_with_its_cause(bench: Bench) -> None:
    def on_event(script: Script, event: Event) -> None:
        if event.kind == "paused":
            script.say(CommandKind.CONTINUE)

    run_file = bench.run(bench.script(on_event=on_event, **at(8, CommandKind.PAUSE))).run_file
    found = rows(run_file, "SELECT cause, instrument, count, message, until_s - time_s FROM instrument_write")
    causes = [cause.split(":")[0] for cause, *_ in found]
    assert {"preparing", "settling", "exciting", "sweeping", "paused", "complete"} <= set(causes)
    assert len(found) < 100
    sweeps = [count for cause, _, count, *_ in found if cause.startswith("sweeping")]
    assert sum(sweeps) > 2 * SIZE - 5
    assert any(cause.startswith("paused") and "SLVL" in message for cause, _, _, message, _ in found)
    assert all(duration_s >= 0.0 for *_, duration_s in found)


def failing(script: Script, error: InstrumentError, monkeypatch: pytest.MonkeyPatch) -> None:
    assert script.roles is not None

    def fail() -> None:
        raise error

    monkeypatch.setattr(script.roles.lock_in, "read", fail)


@pytest.mark.parametrize(
    ("error", "state", "status"),
    [
        (CommunicationError("SR830", "no answer"), RunState.FAILED, 4),
        (QuenchError("AMI 430", "quench"), RunState.SAFETY_STOP, 3),
    ],
)
def test_failing_box_ends_the_run_idle_safe(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: InstrumentError, state: RunState, status: int
) -> None:
    def on_point(script: Script, index: int) -> None:
        if index == 5:
            failing(script, error, monkeypatch)

    script = bench.script(on_point=on_point)
    outcome = bench.run(script)
    assert (outcome.state, outcome.exit_status) == (state, status)
    assert str(error) in outcome.message
    assert is_idle(script)


def test_error_nobody_thought_of_leaves_a_safe_rack_and_its_traceback(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_point(script: Script, index: int) -> None:
        if index == 5:
            failing(script, ZeroDivisionError("surprise"), monkeypatch)  # type: ignore[arg-type]

    script = bench.script(on_point=on_point)
    with pytest.raises(ZeroDivisionError):
        bench.run(script)
    assert is_idle(script)
    with RunFileReader(script.run_file) as reader:
        assert reader.header()["state"] == RunState.FAILED
        assert len(reader.measured_plan_indices()) == 6
        (traceback,) = [event.message for event in reader.events() if event.kind == "traceback"]
    assert "surprise" in traceback


def test_full_disk_makes_the_rack_safe_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise RunFileError("x: the run file cannot be written (database or disk is full); check disk space and rights")

    def on_point(script: Script, index: int) -> None:
        if index == 5:
            monkeypatch.setattr(RunFileWriter, "append", full)
            monkeypatch.setattr(RunFileWriter, "record", full)
            monkeypatch.setattr(RunFileWriter, "set", full)

    script = bench.script(on_point=on_point)
    outcome = bench.run(script)
    assert (outcome.state, outcome.exit_status) == (RunState.FAILED, 4)
    assert "disk is full" in outcome.message
    assert is_idle(script)
    assert len(rows(outcome.run_file, "SELECT seq FROM point")) == 6


def test_folder_that_takes_no_file_is_named_and_nothing_is_touched(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = bench.script()
    monkeypatch.setattr("acquisition.run_writer._write_tables", _refuse)
    with pytest.raises(RunFileError, match="cannot be made"):
        bench.run(script)
    assert script.events == []
    assert list(bench.folder.iterdir()) == []


def _refuse(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_viewer_that_breaks_is_told_no_more_and_the_run_goes_on(bench: Bench) -> None:
    def on_point(_script: Script, index: int) -> None:
        if index == 5:
            raise BrokenPipeError

    script = bench.script(on_point=on_point)
    outcome = bench.run(script)
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert script.points == list(range(6))


def test_reader_that_holds_a_transaction_holds_nothing_up(bench: Bench) -> None:
    viewers: list[sqlite3.Connection] = []

    def on_point(script: Script, index: int) -> None:
        if index == 5:
            viewer = sqlite3.connect(script.run_file, isolation_level=None)
            viewer.execute("BEGIN")
            viewer.execute("SELECT count(*) FROM point").fetchone()
            viewers.append(viewer)

    outcome = bench.run(bench.script(on_point=on_point))
    assert (outcome.state, outcome.points) == (RunState.COMPLETE, 2 * SIZE)
    assert viewers[0].execute("SELECT count(*) FROM point").fetchone() == (6,)
    viewers[0].close()
    assert len(rows(outcome.run_file, "SELECT seq FROM point")) == 2 * SIZE


def test_settings_are_kept_at_start_at_each_isotherm_and_at_the_end(bench: Bench) -> None:
    run_file = bench.run(bench.script()).run_file
    found = rows(run_file, "SELECT cause, instrument, settings FROM instrument_state ORDER BY seq")
    assert len(found) == 4 * (1 + 2 + 1)
    sweeping = [json.loads(settings) for cause, name, settings in found if "isotherm" in cause and "SR830" in name]
    assert all(any(value and value > 0.004 for value in one.values() if isinstance(value, float)) for one in sweeping)
