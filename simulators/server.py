"""The simulated rack on loopback TCP sockets, in real time or a multiple of it, for clients of any kind.

One thread, one loop: every message finds the world at the time that the wall has reached, however many clients there
are, and a reply leaves when its own time has come. Each box listens on a port of its own; one more port takes the
commands of `simulators.control`. Nothing but 127.0.0.1 is ever bound, and nothing is bound unless asked.
"""

import selectors
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol, cast

from simulators.control import ControlDesk
from simulators.rack import IDEAL, Options, Rack, UnknownModelError, open_rack
from simulators.session import Session

LOOPBACK: Final = "127.0.0.1"
POLL_S: Final = 0.1
"""Longest wait between two looks at the request to stop."""

_CHUNK: Final = 65536
_HAS_QUICK_ACKNOWLEDGEMENT: Final = hasattr(socket, "TCP_QUICKACK")  # Linux
_LARGEST_BACKLOG: Final = 1 << 20  # bytes a client may leave unread before it is dropped


class Wall(Protocol):
    """What the server asks of the wall clock (`acquisition.clock.WallClock`)."""

    def monotonic_s(self) -> float:
        """Return seconds since an origin of its own; never steps back."""
        ...


class Conversation(Protocol):
    """What one client says and hears: a session with a box, or with the control desk."""

    @property
    def is_lost(self) -> bool:
        """Return whether the connection is to be cut."""
        ...

    @property
    def next_arrival_s(self) -> float | None:
        """Return when the next reply is due on the rack's clock; None if none is."""
        ...

    def write(self, data: bytes) -> None:
        """Take what the client sent."""
        ...

    def take_arrived(self, time_s: float) -> bytes:
        """Return what the client is to hear by `time_s`."""
        ...


class RackServer:
    """Boxes of one rack, listening; `serve` makes them answer.

    Parameters
    ----------
    rack
        Whose boxes; nobody else may use it while it is served.
    wall
        Paces the rack's clock.
    speed
        Seconds of the rack a second of the wall.
    models
        Which boxes; all if left out.

    Attributes
    ----------
    addresses : dict
        Model -> VISA address.
    control : str
        ``host:port`` of the control desk.

    Raises
    ------
    UnknownModelError
        If the rack has no such box.
    """

    def __init__(self, rack: Rack, wall: Wall, *, speed: float = 1.0, models: Sequence[str] = ()) -> None:
        if absent := [model for model in models if model not in rack.models]:
            raise UnknownModelError(f"there is no {absent[0]} in this rack; it holds {', '.join(rack.models)}")
        self._rack = rack
        self._wall = wall
        self._speed = speed
        self._origin_s = wall.monotonic_s() - rack.clock.now_s() / speed
        self._selector = selectors.DefaultSelector()
        self._connections: list[_Connection] = []
        for wire in rack.wires.values():
            wire.late_s *= speed  # late for clients, whose patience is that of the wall
        self.addresses = {
            model: f"TCPIP0::{LOOPBACK}::{self._listen(partial(self._open_session, rack.models[model]))}::SOCKET"
            for model in models or rack.models
        }
        self.control = f"{LOOPBACK}:{self._listen(partial(ControlDesk, rack))}"

    def serve(self, should_stop: Callable[[], bool]) -> None:
        """Answer all clients until told to stop."""
        while not should_stop():
            for key, _ in self._selector.select(self._patience_s()):
                cast(Callable[[], None], key.data)()
            self._rack.clock.advance_to(self._now_s())
            self._deliver()

    def close(self) -> None:
        """Close all sockets; may be called twice."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        for key in list((self._selector.get_map() or {}).values()):
            cast(socket.socket, key.fileobj).close()
        self._selector.close()

    def _now_s(self) -> float:
        """Return the time on the rack's clock that the wall has reached."""
        return (self._wall.monotonic_s() - self._origin_s) * self._speed

    def _patience_s(self) -> float:
        due_s = [due for connection in self._connections if (due := connection.due_s) is not None]
        if not due_s:
            return POLL_S
        return min(POLL_S, max(0.0, (min(due_s) - self._now_s()) / self._speed))

    def _open_session(self, address: str) -> Session:
        return Session(self._rack.boxes[address], self._rack.clock, is_stream=True, wire=self._rack.wires[address])

    def _listen(self, converse: Callable[[], Conversation]) -> int:
        """Listen on a free port and return it."""
        listener = socket.create_server((LOOPBACK, 0))
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener, converse))
        return listener.getsockname()[1]

    def _accept(self, listener: socket.socket, converse: Callable[[], Conversation]) -> None:
        try:
            client, _ = listener.accept()
        except OSError:  # the client was gone again
            return
        self._rack.clock.advance_to(self._now_s())
        connection = _Connection(client, converse())
        self._connections.append(connection)
        self._selector.register(client, selectors.EVENT_READ, partial(self._hear, connection))

    def _hear(self, connection: "_Connection") -> None:
        self._rack.clock.advance_to(self._now_s())
        connection.receive()

    def _deliver(self) -> None:
        now_s = self._now_s()
        for connection in list(self._connections):
            connection.send(now_s)
            if connection.is_over:
                self._connections.remove(connection)
                self._selector.unregister(connection.socket)
                connection.close()


def serve_sample(
    sample: str,
    seed: int,
    wall: Wall,
    *,
    speed: float = 1.0,
    models: Sequence[str] = (),
    options: Options = IDEAL,
) -> RackServer:
    """Open a fresh rack and return the server of its boxes, or of the models named, which take their places.

    Raises
    ------
    UnknownModelError
        If there is no simulator for a model, or two would stand in one place.
    """
    return RackServer(open_rack(sample, seed, models, options=options), wall, speed=speed, models=models)


class _Connection:
    """One client on its socket, which never holds up the others."""

    def __init__(self, client: socket.socket, conversation: Conversation) -> None:
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = client
        self._conversation = conversation
        self._unsent = b""
        self._is_gone = False

    @property
    def is_over(self) -> bool:
        return self._is_gone or self._conversation.is_lost or len(self._unsent) > _LARGEST_BACKLOG

    @property
    def due_s(self) -> float | None:
        return self._conversation.next_arrival_s

    def receive(self) -> None:
        try:
            data = self.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        # a client that sends twice before it listens waits for this acknowledgement, 40 ms by default
        if _HAS_QUICK_ACKNOWLEDGEMENT and data:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self._is_gone = not data
        if data and not self._conversation.is_lost:
            self._conversation.write(data)

    def send(self, now_s: float) -> None:
        self._unsent += self._conversation.take_arrived(now_s)
        if not self._unsent or self._is_gone:
            return
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:  # it does not read; tried again at the next round
            return
        except OSError:
            self._is_gone = True

    def close(self) -> None:
        self.socket.close()
