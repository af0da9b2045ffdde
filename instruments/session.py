"""A session that keeps in step with its box: lines out and in, and what is done when one is lost, late or cut short.

A timeout is not the end of the matter: the answer may come late and be taken for the answer to the next question. So
after a clear the session asks for the identity and discards lines until it hears it.

A session that is lost (a socket closed by the other side, an adapter unplugged) is opened anew before the next message
goes out, and the same identity insisted on; a message that failed is itself never sent again by it.
"""

import logging
from collections.abc import Callable
from functools import partial

import pyvisa
from pymeasure.adapters import Adapter
from pyvisa.constants import BufferOperation, StatusCode
from pyvisa.errors import VisaIOError
from pyvisa.resources import TCPIPSocket

from instruments.errors import CommunicationError, ConnectionFailedError, ReplyError
from instruments.visa_adapter import CutShortError, first_line

_STALE_LINES = 8
_PASSING = frozenset({StatusCode.error_timeout, StatusCode.error_no_listeners})
"""What a session survives: silence, and a box on the bus that is switched off."""

_log = logging.getLogger(__name__)
_wire = logging.getLogger("zerobias.wire")
"""Told of every line, both ways; who wants to see them adds a handler."""


class Session:
    """A session with one box; not for several threads at once.

    Parameters
    ----------
    name : str
        Name of the box for messages.
    identity_question : str
        What the box answers by its identity.
    opened : Adapter or callable
        A ready adapter, which is never opened anew, or what opens one.

    Attributes
    ----------
    adapter : Adapter
        The present one.
    identity : str
        What the box must answer when the session is brought in step; empty as long as that is not known.
    is_in_doubt : bool
        Whether the next line may be the answer to an older question.
    is_lost : bool
        Whether the session has to be opened anew.
    is_closed : bool
        Whether it was closed for good.

    Raises
    ------
    ConnectionFailedError
        If it cannot be opened.
    """

    def __init__(self, name: str, identity_question: str, opened: Adapter | Callable[[], Adapter]) -> None:
        self.name = name
        self.identity_question = identity_question
        self.identity = ""
        self.is_in_doubt = self.is_lost = self.is_closed = False
        self._unheard = 0  # questions for the identity whose answers have not come
        self._opener = None if isinstance(opened, Adapter) else opened
        self.adapter = opened if isinstance(opened, Adapter) else opened()

    def send(self, message: str) -> None:
        """Send a line; raises `CommunicationError` if it could not be sent."""
        if self.is_closed:
            raise CommunicationError(self.name, f"{message} not sent: the line was closed")
        if _wire.isEnabledFor(logging.DEBUG):
            _wire.debug("%s << %s", self.name, message)
        try:
            self.adapter.write(message)
        except (pyvisa.errors.Error, OSError) as error:
            self._note_loss(error)
            raise CommunicationError(
                self.name, f"{message} not sent ({first_line(error)}); check cable and power"
            ) from error

    def receive(self, question: str) -> str:
        """Read the line that answers a question.

        Raises
        ------
        CommunicationError
            If none comes in time; the device is cleared then.
        ReplyError
            If it is cut short.
        """
        if self.is_closed:
            raise CommunicationError(self.name, f"{question} not read: the line was closed")
        try:
            line = self.adapter.read()
            if _wire.isEnabledFor(logging.DEBUG):
                _wire.debug("%s >> %s", self.name, line)
            return line
        except CutShortError as error:
            raise ReplyError(self.name, f"{question} was answered by {str(error)!r}, cut short") from error
        except (pyvisa.errors.Error, OSError) as error:
            self._note_loss(error)
            self._clear()
            raise CommunicationError(
                self.name, f"no answer to {question} ({first_line(error)}); check cable and power"
            ) from error

    def receive_bytes(self, question: str, count: int) -> bytes:
        """Read bytes that answer a question; raises `CommunicationError` as `receive` does."""
        try:
            return self.adapter.read_bytes(count)
        except (pyvisa.errors.Error, OSError) as error:
            self._note_loss(error)
            self._clear()
            raise CommunicationError(
                self.name, f"no {count} bytes in answer to {question} ({first_line(error)}); check cable and power"
            ) from error

    def resynchronise(self) -> None:
        """Ask for the known identity and discard lines until it comes: an answer that was late is among them.

        Where earlier questions for it have gone unanswered, it may come as often as it was asked for, or not: silence
        after it has come is as good.
        """
        if not self.identity:
            return
        if self.is_lost:
            self._reopen()
        self.is_in_doubt = True
        try:
            self.send(self.identity_question)
        except CommunicationError:  # a socket tells only now that the other side has closed it
            if not self.is_lost:
                raise
            self._reopen()
            self.send(self.identity_question)
        self._unheard = min(self._unheard + 1, _STALE_LINES // 2)
        is_heard = False
        for _ in range(_STALE_LINES):
            try:
                if self.receive(self.identity_question).strip() == self.identity:
                    is_heard = True
                    self._unheard -= 1
            except ReplyError:
                continue
            except CommunicationError:
                if not is_heard:
                    raise
                self._unheard = 0
            if is_heard and not self._unheard:
                self.is_in_doubt = False
                return
        raise CommunicationError(self.name, f"answers, but not by its identity {self.identity!r}; was it replaced?")

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        if not self.is_closed:
            self.is_closed = True
            try:
                self.adapter.close()
            except (pyvisa.errors.Error, OSError) as error:
                _log.warning("%s: closing the line failed: %s", self.name, error)

    def _clear(self) -> None:
        """Clear the device so that no old answer lies ready; a transport that cannot is left to `resynchronise`."""
        if self.is_lost:
            return
        connection = getattr(self.adapter, "connection", None)
        clear = getattr(connection, "clear", None)
        if isinstance(connection, TCPIPSocket):
            # A raw socket has no device clear. PyVISA-py (0.8.1) reads it empty instead, and for ever if the peer is
            # gone; so only what has arrived is dropped.
            clear = partial(connection.flush, BufferOperation.discard_receive_buffer)
        if clear is None:
            return
        try:
            clear()
        except (pyvisa.errors.Error, NotImplementedError, OSError) as error:
            _log.warning("%s: device clear failed: %s", self.name, error)

    def _note_loss(self, error: Exception) -> None:
        """Take note of a session that will carry nothing any more; silence alone is no such sign."""
        if not (isinstance(error, VisaIOError) and error.error_code in _PASSING):
            self.is_lost = self._opener is not None

    def _reopen(self) -> None:
        """Open the session anew; that the same box answers there is found out by whoever asks next.

        Raises
        ------
        CommunicationError
            If it cannot be opened; the next message tries again.
        """
        assert self._opener is not None
        _log.warning("%s: the session is lost; opening it anew", self.name)
        try:
            self.adapter.close()
        except (pyvisa.errors.Error, OSError) as error:
            _log.warning("%s: closing the lost session failed: %s", self.name, error)
        try:
            self.adapter = self._opener()
        except ConnectionFailedError as error:
            raise CommunicationError(self.name, f"the session was lost and {error.message}") from error
        self.is_lost, self._unheard = False, 0
