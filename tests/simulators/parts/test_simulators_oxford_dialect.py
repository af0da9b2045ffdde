import pytest

from simulators.parts.oxford_dialect import OxfordDialect, decimal


class Bench:
    def __init__(self) -> None:
        self.value = 0.0
        self.dialect = OxfordDialect({"R": lambda _: f"R{self.value:+.3f}", "T": self.take}, "BOX 1.0", monitors="R")

    def take(self, argument: str) -> None:
        self.value = decimal(argument, 0.0, 10.0)

    def send(self, *lines: str) -> list[str | None]:
        return [self.dialect.answer(line) for line in lines]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_commands_are_echoed_by_their_letter(bench):
    assert bench.send("C3", "T4.2", "R0", "V") == ["C", "T", "R+4.200", "BOX 1.0"]


def test_control_commands_are_refused_in_local_mode(bench):
    assert bench.send("T4.2", "R0", "C1", "T4.2", "C0", "T1") == ["?T4.2", "R+0.000", "C", "T", "C", "?T1"]


@pytest.mark.parametrize("line", ["K1", "T99", "Tx", "T", "c3", "C7", "Tnan"])
def test_what_is_unknown_or_out_of_range_comes_back_behind_a_question_mark(bench, line):
    bench.send("C3")
    assert bench.dialect.answer(line) == f"?{line}"
    assert bench.value == 0.0


def test_a_dollar_suppresses_the_reply_not_the_command(bench):
    assert bench.send("$C3", "$T4.2", "$T99", "R0") == [None, None, None, "R+4.200"]


def test_protocol_is_never_answered_and_chooses_the_terminator(bench):
    assert bench.dialect.terminator == b"\r"
    for line, terminator in (("Q2", b"\r\n"), ("Q4", b"\r"), ("Q6", b"\r\n"), ("Q0", b"\r"), ("Q9", b"\r")):
        assert bench.dialect.answer(line) is None
        assert bench.dialect.terminator == terminator


def test_address_in_front_singles_one_box_out(bench):
    assert bench.send("@1V", "@2V") == ["BOX 1.0", None]


def test_blanks_do_not_matter(bench):
    assert bench.send("C 3", " T 4.2 ", "") == ["C", "T", None]
