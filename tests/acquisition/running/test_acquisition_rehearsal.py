"""A simulated run hears of faults and speed through its command file; a real one refuses them."""

import pytest
from small_runs import Bench, Script

from acquisition.run_reader import RunFileReader
from acquisition.running.command_file import CommandKind, CommandRefusedError
from acquisition.running.rehearsal import set_speed, switch_fault
from acquisition.running.wire_log import wire_log_path


def outcome_of(bench: Bench, command: CommandKind, argument: dict) -> tuple[str, Script]:
    """Give a command at the fifth point, and return what became of it."""
    said: list[str] = []

    def on_point(script: Script, plan_index: int) -> None:
        if plan_index == 5:
            said.append(script.say(command, **argument))

    script = bench.script(on_point=on_point)
    bench.run(script, is_unattended=True)
    with RunFileReader(script.run_file) as reader:
        return str(reader.command_outcome(said[0])), script


def test_quench_ordered_from_outside_stops_the_run(bench: Bench) -> None:
    outcome, script = outcome_of(bench, CommandKind.FAULT, {"name": "quench"})
    assert outcome == "accepted: quench"
    assert "quench" in script.message("fault")
    with RunFileReader(script.run_file) as reader:
        assert reader.header()["state"] == "safety-stop"


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ({"name": "flood"}, "no fault 'flood'"),
        ({"name": "quench", "box": "SR830"}, "a fault of no box"),
        ({"name": "late-reply", "box": "SR830", "for_s": "long"}, "a number of seconds"),
    ],
)
def test_fault_that_is_none_is_refused_and_the_run_goes_on(bench: Bench, argument: dict, reason: str) -> None:
    outcome, script = outcome_of(bench, CommandKind.FAULT, argument)
    assert outcome.startswith("refused") and reason in outcome
    assert len(script.points) == 54


def test_speed_is_changed_and_kept_for_a_resumed_run(bench: Bench) -> None:
    outcome, script = outcome_of(bench, CommandKind.SPEED, {"factor": 5e4})
    assert outcome == "accepted: 50000 x real time"
    with RunFileReader(script.run_file) as reader:
        assert reader.header()["speed"] == 5e4


def test_speed_changes_no_reading(bench: Bench) -> None:
    def conductances(script: Script) -> list[float]:
        with RunFileReader(script.run_file) as reader:
            return reader.columns("conductance_S")["conductance_S"].tolist()

    _, changed = outcome_of(bench, CommandKind.SPEED, {"factor": 1e5})
    undisturbed = bench.script()
    bench.run(undisturbed)
    assert conductances(changed) == conductances(undisturbed)


def test_wires_are_listened_to_from_the_moment_it_is_asked_for(bench: Bench) -> None:
    outcome, script = outcome_of(bench, CommandKind.WIRE, {"is_on": True})
    assert outcome.startswith("accepted: listening to the wires")
    lines = wire_log_path(script.run_file).read_text().splitlines()
    assert any("SR830" in line and "<< SNAP?" in line for line in lines)
    assert any("SR830" in line and ">> " in line for line in lines)


@pytest.mark.parametrize("factor", [0, -1, "fast", True, None, float("inf")])
def test_pace_that_is_none_is_refused(factor: object) -> None:
    class World:
        def set_speed(self, factor: float | None) -> None:
            raise AssertionError(factor)

        def switch_fault(self, request: object) -> None:
            raise AssertionError(request)

        def book_fault(self, time_s: float, request: object) -> None:
            raise AssertionError(time_s, request)

    with pytest.raises(CommandRefusedError, match="expected a factor"):
        set_speed(World(), {"factor": factor})


def test_real_rack_has_neither_faults_nor_speed() -> None:
    with pytest.raises(CommandRefusedError, match="real one"):
        set_speed(None, {"factor": 10})
    with pytest.raises(CommandRefusedError, match="real one"):
        switch_fault(None, {"name": "quench"})
