"""The lines exchanged with any of Oxford's older boxes."""

from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import ReplyError, StateError
from instruments.oxford import OxfordLine


class Probe:
    """A line and nothing else."""

    def __init__(self, adapter: Any) -> None:
        self.line = OxfordLine(adapter, name="box")


def test_command_is_echoed_by_its_letter() -> None:
    with expected_protocol(Probe, [("A1", "A")]) as probe:  # type: ignore[type-var]
        probe.line.command("A1")


def test_refusal_is_an_error_that_says_what_was_refused() -> None:
    with (
        expected_protocol(Probe, [("A1", "?A1")]) as probe,  # type: ignore[type-var]
        pytest.raises(StateError, match=r"A1 was refused \(\?A1\)"),
    ):
        probe.line.command("A1")


def test_echo_of_another_letter_is_an_error() -> None:
    with expected_protocol(Probe, [("A1", "R+1.0")]) as probe, pytest.raises(ReplyError):  # type: ignore[type-var]
        probe.line.command("A1")


def test_number_stands_behind_its_letter() -> None:
    with expected_protocol(Probe, [("R7", "R-1.2345")]) as probe:  # type: ignore[type-var]
        assert probe.line.read_number("R", "7") == -1.2345


@pytest.mark.parametrize("reply", ["1.2", "R", "R1_0", "Rnan", "?R7", "A"])
def test_reply_that_is_no_number_is_asked_for_again_and_then_an_error(reply: str) -> None:
    with (
        expected_protocol(Probe, [("R7", reply), ("R7", reply)]) as probe,  # type: ignore[type-var]
        pytest.raises(ReplyError),
    ):
        probe.line.read_number("R", "7")


@pytest.mark.parametrize(("present", "exchange"), [(3, []), (1, []), (2, [("C3", "C")]), (0, [("C3", "C")])])
def test_remote_is_taken_where_it_is_not_there(present: int, exchange: list[tuple[str, str]]) -> None:
    with expected_protocol(Probe, exchange) as probe:  # type: ignore[type-var]
        probe.line.take_remote(present)


def test_box_that_runs_itself_down_is_left_alone() -> None:
    with expected_protocol(Probe, []) as probe, pytest.raises(StateError, match="runs itself down"):  # type: ignore[type-var]
        probe.line.take_remote(4)
