from typing import Any

import pytest

from simulators.dialect import Complaint, Dialect, ErrorQueue, Refusal, integer, number, word


class Bench:
    """A box with a handful of commands."""

    def __init__(self, **options: Any) -> None:
        self.level = 0.0
        self.complaints: list[Complaint] = []
        table = {
            "*IDN?": lambda _: "box",
            "SOURce[1]:CURRent[:LEVel][:AMPLitude]": self.set_level,
            "SOURce[1]:CURRent[:LEVel][:AMPLitude]?": lambda _: f"{self.level:g}",
            "SOURce[1]:CURRent:RANGe?": lambda _: "1",
            "AUXV?": lambda arguments: f"aux {integer(arguments, 0, 1, 4)}",
        }
        self.dialect = Dialect(table, lambda refusal: self.complaints.append(refusal.complaint), **options)

    def set_level(self, arguments: tuple[str, ...]) -> None:
        self.level = number(arguments, 0, -1.0, 1.0)


@pytest.mark.parametrize(
    "message",
    [":SOUR:CURR 0.5", "source:current:level 0.5", ":SOURCE1:CURR:LEV:AMPL 0.5", "sour:curr   .5", ":SOUR:CURR 0.5;"],
)
def test_long_short_and_optional_spellings_mean_the_same(message: str) -> None:
    bench = Bench()
    assert bench.dialect.answer(message) is None
    assert (bench.level, bench.complaints) == (0.5, [])


@pytest.mark.parametrize("message", ["AUXV?1", "AUXV ? 1", "auxv? 1;", "AUXV?  1"])
def test_spaces_about_the_question_mark_do_not_matter(message: str) -> None:
    assert Bench().dialect.answer(message) == "aux 1"


def test_replies_of_a_compound_message_are_joined() -> None:
    assert Bench().dialect.answer("*IDN?;:SOUR:CURR .25;:SOUR:CURR?") == "box;0.25"


def test_commands_of_one_message_pause_in_between() -> None:
    pauses: list[float] = []
    bench = Bench(pause=lambda: pauses.append(bench.level))
    bench.dialect.answer(":SOUR:CURR .25;:SOUR:CURR .5;:SOUR:CURR?")
    assert pauses == [0.25, 0.5]


def test_header_without_colon_continues_on_the_level_before() -> None:
    assert Bench().dialect.answer(":SOUR:CURR:RANG?;LEV?;*IDN?;LEV?") == "1;0;box;0"


def test_letters_only_headers_take_their_argument_without_space() -> None:
    received: list[tuple[str, ...]] = []
    dialect = Dialect({"FREQ": received.append}, lambda _: None, header_is_letters=True)
    dialect.answer("FREQ1.37700e+02")
    assert received == [("1.37700e+02",)]


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("NONSENSE 1", Complaint.UNKNOWN_COMMAND),
        ("NONSENSE?", Complaint.UNKNOWN_QUERY),
        ("?!", Complaint.UNKNOWN_COMMAND),
        (":SOUR:CURR", Complaint.MISSING_ARGUMENT),
        (":SOUR:CURR one", Complaint.INVALID_ARGUMENT),
        (":SOUR:CURR nan", Complaint.INVALID_ARGUMENT),
        (":SOUR:CURR 2", Complaint.OUT_OF_RANGE),
    ],
)
def test_refusals_are_reported_and_not_answered(message: str, complaint: Complaint) -> None:
    bench = Bench()
    assert bench.dialect.answer(message) is None
    assert bench.complaints == [complaint]


def test_after_an_error_the_rest_is_discarded_if_the_box_does_so() -> None:
    assert Bench(stops_at_error=True).dialect.answer("NONSENSE;*IDN?") is None
    assert Bench().dialect.answer("NONSENSE;*IDN?") == "box"


def test_semicolons_and_commas_in_quotes_do_not_split() -> None:
    received: list[tuple[str, ...]] = []
    Dialect({"TEXT": received.append}, lambda _: None).answer("TEXT 'a;b,c',\"d\"")
    assert received == [("'a;b,c'", '"d"')]
    assert word(received[0]) == "A;B,C"


def test_assumed_replies_must_be_in_the_table() -> None:
    with pytest.raises(ValueError, match="NEVER"):
        Dialect({}, lambda _: None, frozenset({"NEVER?"}))


def test_two_headers_that_read_alike_are_refused() -> None:
    with pytest.raises(ValueError, match="reads like another"):
        Dialect({"VOLTage": lambda _: None, "VOLT": lambda _: None}, lambda _: None)


def test_error_queue_is_first_in_first_out_and_ends_in_its_overflow() -> None:
    queue = ErrorQueue("none", "overflow", 2)
    for entry in ("one", "two", "three"):
        queue.push(entry)
    assert [queue.pop() for _ in range(3)] == ["one", "overflow", "none"]


def test_a_fraction_is_no_whole_number() -> None:
    with pytest.raises(Refusal, match="INVALID_ARGUMENT"):
        integer(("1.5",))
