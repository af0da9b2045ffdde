import numpy as np
import pytest

from simulators.clock import VirtualClock
from simulators.faults import LATE_S, MEANINGS, WIRE_FAULTS, Fault, Wire
from simulators.session import ConnectionLostError, End, Session


class Echo:
    terminator = b"\n"
    greeting = None
    latency_s = 0.01

    def answer(self, message: str) -> str | None:
        return message


@pytest.fixture
def wire() -> Wire:
    return Wire(np.random.default_rng(1))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def session(wire: Wire, clock: VirtualClock) -> Session:
    return Session(Echo(), clock, is_stream=False, wire=wire)


def ask(session: Session, message: bytes) -> tuple[bytes, End]:
    session.write(message)
    return session.read(100)


def test_every_fault_is_explained() -> None:
    assert set(MEANINGS) == set(Fault)


def test_sound_wire_changes_nothing(wire: Wire) -> None:
    assert wire.carry(b"1.5", b"\r\n", 3.0) == (3.0, b"1.5\r\n")


def test_lost_reply_is_one_timeout_and_the_next_is_well(wire: Wire, session: Session) -> None:
    wire.strike(Fault.LOST_REPLY)
    assert ask(session, b"one") == (b"", End.TIMEOUT)
    assert ask(session, b"two") == (b"two\n", End.END_OF_MESSAGE)


def test_late_reply_is_taken_for_the_answer_to_the_next_question(
    wire: Wire, session: Session, clock: VirtualClock
) -> None:
    wire.strike(Fault.LATE_REPLY)
    assert ask(session, b"one") == (b"", End.TIMEOUT)
    assert ask(session, b"two") == (b"one\n", End.END_OF_MESSAGE)
    assert clock.now_s() == pytest.approx(0.01 + LATE_S)


def test_garbled_reply_differs_in_one_bit_of_one_byte_and_keeps_its_terminator(wire: Wire) -> None:
    for _ in range(200):
        wire.strike(Fault.GARBLED_BYTE)
        arrival = wire.carry(b"-1.01026E-03", b"\r\n", 0.0)
        assert arrival is not None
        changed = [a ^ b for a, b in zip(arrival[1], b"-1.01026E-03\r\n", strict=True)]
        assert sum(bits.bit_count() for bits in changed) == 1
        assert changed[-2:] == [0, 0]


def test_truncated_reply_ends_in_the_middle(wire: Wire, session: Session) -> None:
    wire.strike(Fault.TRUNCATED_REPLY)
    assert ask(session, b"-1.01026") == (b"-1.0", End.END_OF_MESSAGE)


@pytest.mark.parametrize("fault", sorted(WIRE_FAULTS - {Fault.DEAD_SESSION}))
def test_standing_fault_acts_until_it_is_switched_off(wire: Wire, fault: Fault) -> None:
    wire.switch(fault, True)
    spoiled = [wire.carry(reply, b"\n", 0.0) for reply in (b"123", b"456", b"789")]
    assert not {(0.0, b"123\n"), (0.0, b"456\n"), (0.0, b"789\n")}.intersection(spoiled[:1])
    assert spoiled[2] != (0.0, b"789\n")
    wire.switch(fault, False)
    assert wire.carry(b"123", b"\n", 0.0) == (0.0, b"123\n")


def test_stale_reply_is_the_one_before(wire: Wire) -> None:
    wire.carry(b"123", b"\n", 0.0)
    wire.strike(Fault.STALE_REPLY)
    assert wire.carry(b"456", b"\n", 1.0) == (1.0, b"123\n")
    assert wire.carry(b"789", b"\n", 2.0) == (2.0, b"789\n")


def test_lost_session_stays_lost_and_a_new_one_is_well(wire: Wire, session: Session, clock: VirtualClock) -> None:
    wire.lose_sessions()
    with pytest.raises(ConnectionLostError):
        session.write(b"one")
    assert ask(Session(Echo(), clock, is_stream=False, wire=wire), b"two") == (b"two\n", End.END_OF_MESSAGE)


def test_box_without_power_hears_nothing(wire: Wire, session: Session) -> None:
    wire.is_box_off = True
    assert ask(session, b"one") == (b"", End.TIMEOUT)
    assert session.status_byte() == 0
