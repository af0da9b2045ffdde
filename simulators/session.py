"""One open VISA session to a simulated box: bytes in, bytes out, each at its virtual time.

Framing follows VPP-4.3: a GPIB reply ends with END, a socket is a stream of bytes in which only a termination
character ends a read. Nothing here knows PyVISA's classes; `visa` translates.
"""

from collections import deque
from enum import Enum, auto

import numpy as np

from simulators.clock import VirtualClock
from simulators.dialect import Block, Box
from simulators.faults import Wire

GREETING_DELAY_S = 0.02
"""A greeting travels after the connection is up, so a device clear right after opening does not catch it (assumed)."""

LINE_FEED = 0x0A


class End(Enum):
    """Why a read stopped."""

    END_OF_MESSAGE = auto()
    TERMINATION_CHARACTER = auto()
    COUNT = auto()
    TIMEOUT = auto()


class ConnectionLostError(Exception):
    """The session carries nothing any more; a client must open a new one."""


class Session:
    """A connection to one box.

    Parameters
    ----------
    box, clock
        The box and the clock of its rack.
    is_stream
        True for sockets and serial lines, which know no END.
    wire
        The cable to the box, with its faults; sound if left out. On a lost connection all methods that reach the box
        raise `ConnectionLostError`.
    """

    def __init__(self, box: Box, clock: VirtualClock, *, is_stream: bool, wire: Wire | None = None) -> None:
        self.timeout_s = 2.0
        self.termination_character = LINE_FEED
        self.is_termination_enabled = False
        self._box = box
        self._clock = clock
        self._is_stream = is_stream
        self._wire = wire or Wire(np.random.default_rng(0))
        self._connection = self._wire.connection
        self._unfinished = b""
        self._replies: deque[tuple[float, bytes]] = deque()
        if is_stream and box.greeting is not None and not self._wire.is_box_off:
            self._send(box.greeting, round(clock.now_s() + GREETING_DELAY_S, 9))

    def write(self, data: bytes) -> None:
        """Hand `data` to the box, message by message; a message costs the latency of the box."""
        self._insist_on_connection()
        lines = (self._unfinished + data).replace(b"\r", b"\n").split(b"\n")
        # on GPIB the END of the transfer finishes the last line too
        self._unfinished = lines.pop() if self._is_stream else b""
        box, clock = self._box, self._clock
        for line in lines:
            if line:
                clock.sleep(box.latency_s)
                if self._wire.is_box_off:
                    continue
                reply = box.answer(line.decode("latin-1"))
                if reply is not None:
                    self._send(reply, clock.now_s())

    def read(self, count: int) -> tuple[bytes, End]:
        """Take at most `count` bytes, waiting for them up to the timeout in virtual time."""
        deadline_s = self._clock.now_s() + self.timeout_s
        take = self._take_from_stream if self._is_stream else self._take_from_queue
        while True:
            self._insist_on_connection()
            taken, end = take(count)
            if end is not End.TIMEOUT:
                return taken, end
            due_s = next((ready_s for ready_s, _ in self._replies if ready_s > self._clock.now_s()), deadline_s)
            if due_s >= deadline_s:
                self._clock.advance_to(deadline_s)
                return b"", End.TIMEOUT
            self._clock.advance_to(due_s)

    @property
    def is_lost(self) -> bool:
        """Return whether the connection is lost."""
        return self._wire.is_cut or self._connection != self._wire.connection

    @property
    def next_arrival_s(self) -> float | None:
        """Return when the next reply arrives or has arrived; None if none is under way."""
        return self._replies[0][0] if self._replies else None

    def take_arrived(self, time_s: float) -> bytes:
        """Take all that has arrived by `time_s`; for a server, which does the waiting itself."""
        arrived = b""
        while self._replies and self._replies[0][0] <= time_s:
            arrived += self._replies.popleft()[1]
        return arrived

    def clear(self) -> None:
        """Forget what was half sent and every reply that has arrived; what is still under way arrives later."""
        self._insist_on_connection()
        self._clock.sleep(self._box.latency_s)
        self._unfinished = b""
        while self._replies and self._replies[0][0] <= self._clock.now_s():
            self._replies.popleft()

    def status_byte(self) -> int:
        """Return the status byte as a serial poll does."""
        self._insist_on_connection()
        self._clock.sleep(self._box.latency_s)
        reply = None if self._wire.is_box_off else self._box.answer("*STB?")
        return int(reply) if reply else 0

    def _insist_on_connection(self) -> None:
        wire = self._wire
        if wire.is_cut or self._connection != wire.connection:
            raise ConnectionLostError

    def _send(self, reply: str, ready_s: float) -> None:
        terminator = b"" if isinstance(reply, Block) else self._box.terminator
        arrival = self._wire.carry(reply.encode("latin-1"), terminator, ready_s)
        if arrival is not None:
            arrives_s, frame = arrival
            if arrives_s != ready_s:
                # to the nanosecond, as the clock counts, or a wait for it would end a rounding error too early
                arrives_s = round(arrives_s, 9)
            self._replies.append((arrives_s, frame))

    def _take_from_queue(self, count: int) -> tuple[bytes, End]:
        replies = self._replies
        if not replies or replies[0][0] > self._clock.now_s():
            return b"", End.TIMEOUT
        ready_s, frame = replies.popleft()
        length, end = self._length_to_take(frame, count)
        if end is None:
            return frame, End.END_OF_MESSAGE
        if length < len(frame):
            replies.appendleft((ready_s, frame[length:]))
        return frame[:length], end

    def _take_from_stream(self, count: int) -> tuple[bytes, End]:
        arrived = self.take_arrived(self._clock.now_s())
        length, end = self._length_to_take(arrived, count)
        if end is None and len(arrived) == count > 0:
            length, end = count, End.COUNT
        if end is None:
            length, end = 0, End.TIMEOUT
        if length < len(arrived):
            self._replies.appendleft((self._clock.now_s(), arrived[length:]))
        return arrived[:length], end

    def _length_to_take(self, data: bytes, count: int) -> tuple[int, End | None]:
        """Return how many bytes a read of `count` takes and why it stops there; None if it could go on."""
        if self.is_termination_enabled:
            place = data.find(self.termination_character, 0, count)
            if place >= 0:
                return place + 1, End.TERMINATION_CHARACTER
        if len(data) > count:
            return count, End.COUNT
        return len(data), None
