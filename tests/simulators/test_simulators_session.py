import pytest

from simulators.clock import VirtualClock
from simulators.session import End, Session


class Parrot:
    """A box that says back what it hears, or nothing if it hears nothing nice."""

    terminator = b"\r\n"
    greeting = "Hello.\r\nI am a parrot."
    latency_s = 0.01

    def __init__(self) -> None:
        self.heard: list[str] = []

    def answer(self, message: str) -> str | None:
        self.heard.append(message)
        return None if message == "quiet" else message


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
def gpib(parrot: Parrot, clock: VirtualClock) -> Session:
    return Session(parrot, clock, is_stream=False)


@pytest.fixture
def socket(parrot: Parrot, clock: VirtualClock) -> Session:
    session = Session(parrot, clock, is_stream=True)
    session.is_termination_enabled = True
    return session


def test_each_message_costs_the_latency_of_the_box(gpib: Session, clock: VirtualClock) -> None:
    gpib.write(b"one\n")
    gpib.write(b"two\nthree\r\n")
    assert clock.now_s() == pytest.approx(0.03)


def test_two_replies_on_gpib_are_two_reads(gpib: Session) -> None:
    gpib.write(b"one")
    gpib.write(b"two")
    assert gpib.read(1000) == (b"one\r\n", End.END_OF_MESSAGE)
    assert gpib.read(1000) == (b"two\r\n", End.END_OF_MESSAGE)


def test_a_short_read_leaves_the_rest(gpib: Session) -> None:
    gpib.write(b"polly")
    assert gpib.read(2) == (b"po", End.COUNT)
    assert gpib.read(100) == (b"lly\r\n", End.END_OF_MESSAGE)


def test_empty_lines_are_no_messages(gpib: Session, parrot: Parrot) -> None:
    gpib.write(b"\r\n\n")
    assert parrot.heard == []


def test_timeout_passes_on_the_virtual_clock(gpib: Session, clock: VirtualClock) -> None:
    gpib.timeout_s = 5.0
    assert gpib.read(100) == (b"", End.TIMEOUT)
    assert clock.now_s() == 5.0


def test_greeting_arrives_a_little_after_the_connection(socket: Session, clock: VirtualClock) -> None:
    assert socket.read(100) == (b"Hello.\r\n", End.TERMINATION_CHARACTER)
    assert clock.now_s() == pytest.approx(0.02)
    assert socket.read(100) == (b"I am a parrot.\r\n", End.TERMINATION_CHARACTER)


def test_clear_forgets_what_has_arrived_but_not_what_is_under_way(socket: Session) -> None:
    socket.clear()
    assert socket.read(100)[0] == b"Hello.\r\n"
    socket.clear()
    assert socket.read(100) == (b"", End.TIMEOUT)


def test_half_a_line_on_a_stream_waits_for_its_end(socket: Session, parrot: Parrot) -> None:
    socket.write(b"hal")
    assert parrot.heard == []
    socket.write(b"f\nquiet\n")
    assert parrot.heard == ["half", "quiet"]


def test_a_stream_without_termination_character_is_read_by_count(socket: Session) -> None:
    socket.is_termination_enabled = False
    socket.write(b"abc\n")
    socket.read(8)
    assert socket.read(16) == (b"I am a parrot.\r\n", End.COUNT)
    assert socket.read(100) == (b"", End.TIMEOUT)
    assert socket.read(5) == (b"abc\r\n", End.COUNT)


def test_serial_poll_asks_for_the_status_byte(clock: VirtualClock) -> None:
    class Polled(Parrot):
        def answer(self, message: str) -> str | None:
            return "65" if message == "*STB?" else None

    assert Session(Polled(), clock, is_stream=False).status_byte() == 65
