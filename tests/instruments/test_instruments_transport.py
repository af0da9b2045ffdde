"""The VISA edge: strict replies, errors of our own, getting in step again, one lock an instrument."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import pyvisa
from pymeasure.adapters import Adapter
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from instruments.errors import CommunicationError, ConnectionFailedError, ReplyError
from instruments.transport import Line

IDENTITY = "Maker,Model 1,42,1.0"


class Connection:
    """Counts what is done to the session."""

    def __init__(self) -> None:
        self.clears = 0
        self.closes = 0

    def clear(self) -> None:
        self.clears += 1

    def close(self) -> None:
        self.closes += 1


class Wire(Adapter):
    """A wire with a box at its end: `answer` makes the replies, which queue up as on a socket."""

    def __init__(self, answer: Callable[[str], str | None]) -> None:
        super().__init__()
        self.connection = self.session = Connection()
        self.sent: list[str] = []
        self.queue: list[str] = []
        self._answer = answer

    def _write(self, command: str, **kwargs: Any) -> None:
        self.sent.append(command)
        reply = self._answer(command)
        if reply is not None:
            self.queue.append(reply)

    def _read(self, **kwargs: Any) -> str:
        if not self.queue:
            raise VisaIOError(StatusCode.error_timeout)
        return self.queue.pop(0)


def line_that_says(*replies: str | None) -> tuple[Line, Wire]:
    """Make a line whose box gives these replies, one a question, and its identity whenever asked."""
    script = list(replies)
    wire = Wire(lambda message: IDENTITY if message == "*IDN?" else script.pop(0))
    line = Line(wire, name="box")
    line.identify("Maker", "model 1")
    wire.sent.clear()
    return line, wire


def test_numbers_are_read() -> None:
    line, _ = line_that_says("-1.01026", "+1.0E-3,2", "007", " text ")
    assert line.ask_float("A?") == -1.01026
    assert line.ask_floats("B?", 2) == (1e-3, 2.0)
    assert line.ask_int("C?") == 7
    assert line.ask_line("D?") == "text"


@pytest.mark.parametrize("junk", ["", "abc", "1.0,", "1,2,3", "(.0", "nan", "inf", "1_0,2", "1 2", "1e"])
def test_reply_that_is_not_two_numbers_is_refused_by_name(junk: str) -> None:
    line, _ = line_that_says(junk, junk)
    with pytest.raises(ReplyError, match=r"box: SNAP\?1,2 was answered by") as caught:
        line.ask_floats("SNAP?1,2", 2)
    assert repr(junk) in str(caught.value)


@pytest.mark.parametrize("junk", ["1.5", "0x10", "", "1,2", "1_0"])
def test_reply_that_is_no_whole_number_is_refused(junk: str) -> None:
    line, _ = line_that_says(junk, junk)
    with pytest.raises(ReplyError):
        line.ask_int("STATE?")


def test_garbled_reply_is_asked_for_once_more() -> None:
    line, wire = line_that_says("1.0\ufffd", "1.02")
    assert line.ask_float("X?") == 1.02
    assert wire.sent == ["X?", "*IDN?", "X?"]


def test_lost_reply_is_asked_for_once_more_after_a_clear() -> None:
    line, wire = line_that_says(None, "1.0")
    assert line.ask_float("X?") == 1.0
    assert wire.session.clears == 1


def test_late_reply_is_not_taken_for_the_next_one() -> None:
    line, wire = line_that_says(None, "2.0")
    wire_answer = wire._answer

    def late(message: str) -> str | None:
        if message == "*IDN?":
            wire.queue.append("1.0")  # the lost answer comes at last
        return wire_answer(message)

    wire._answer = late
    assert line.ask_float("X?") == 2.0


def test_silence_becomes_a_communication_error() -> None:
    line, wire = line_that_says(None, None)
    with pytest.raises(CommunicationError, match=r"box: no answer to X\? \(VI_ERROR_TMO\)"):
        line.ask_float("X?")
    assert wire.sent == ["X?", "*IDN?", "X?"]


def test_box_that_forgot_who_it_is_is_not_trusted() -> None:
    line, wire = line_that_says(None)
    wire._answer = lambda message: "somebody else" if message == "*IDN?" else None
    with pytest.raises(CommunicationError):
        line.ask_float("X?")


def test_question_asked_once_is_not_repeated() -> None:
    line, wire = line_that_says(None)
    with pytest.raises(CommunicationError):
        line.ask_int("LIAS?", once=True)
    assert wire.sent == ["LIAS?"]


def test_setting_and_its_question_go_in_one_message() -> None:
    told: list[str] = []
    line, wire = line_that_says("1.0")
    line._on_write = lambda _, message: told.append(message)
    assert line.set_and_ask("X 1", "X?", float) == 1.0
    assert (wire.sent, told) == (["X 1;X?"], ["X 1"])


@pytest.mark.parametrize("first", [None, "1.0\ufffd"])
def test_setting_whose_answer_is_lost_is_asked_for_but_not_set_again(first: str | None) -> None:
    line, wire = line_that_says(first, "1.0")
    assert line.set_and_ask("X 1", "X?", float) == 1.0
    assert wire.sent == ["X 1;X?", "*IDN?", "X?"]


def test_wrong_model_is_refused() -> None:
    wire = Wire(lambda _: IDENTITY)
    with pytest.raises(ConnectionFailedError, match=r"another box .* 'Maker,Model 1,42,1\.0', expected SR830"):
        Line(wire, name="box").identify("SR830")


def test_silent_box_is_refused() -> None:
    with pytest.raises(ConnectionFailedError, match="is it switched on"):
        Line(Wire(lambda _: None), name="box").identify("SR830")


def test_failed_connection_gives_the_wire_back() -> None:
    wire = Wire(lambda _: IDENTITY)
    line = Line(wire, name="box")
    with pytest.raises(ConnectionFailedError), line.connecting():
        line.identify("SR830")
    assert wire.session.closes == 1


@pytest.mark.parametrize("library", ["@nosuchbackend", "/no/such/library.so"])
def test_missing_visa_library_is_one_clear_line(library: str) -> None:
    with pytest.raises(ConnectionFailedError, match="cannot be opened") as caught:
        Line("GPIB0::8::INSTR", name="box", visa_library=library)
    assert "\n" not in str(caught.value)


def test_host_that_nobody_knows_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Exception("could not connect: [Errno -2] Name or service not known")  # as PyVISA-py 0.8.1 does

    monkeypatch.setattr(pyvisa.ResourceManager, "open_resource", refuse)
    with pytest.raises(ConnectionFailedError, match=r"service not known.*check cable, power, address"):
        Line("TCPIP0::nobody.invalid::7180::SOCKET", name="box", visa_library="@py")


def test_writes_are_observed_and_questions_are_not() -> None:
    seen: list[tuple[str, str]] = []
    line = Line(Wire(lambda _: "1"), name="box", on_write=lambda name, message: seen.append((name, message)))
    line.ask_int("A?")
    line.write("A 1")
    assert seen == [("box", "A 1")]


def test_close_may_be_called_twice_and_silences_the_line() -> None:
    line, wire = line_that_says("1")
    line.close()
    line.close()
    assert wire.session.closes == 1
    with pytest.raises(CommunicationError, match="closed"):
        line.ask_int("A?")
    with pytest.raises(CommunicationError, match="closed"):
        line.write("A 1")


def test_two_threads_swap_no_replies() -> None:
    wire = Wire(lambda message: IDENTITY if message == "*IDN?" else message.strip("?"))
    line = Line(wire, name="box")
    wrong: list[tuple[int, int]] = []

    def read_many(number: int) -> None:
        for _ in range(2000):
            got = line.ask_int(f"{number}?")
            if got != number:
                wrong.append((number, got))

    threads = [threading.Thread(target=read_many, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
