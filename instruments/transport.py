"""The line to one instrument: a lock, strict replies, and questions that are asked once more where that may help.

`Line` is what the drivers speak through. Beneath it PyVISA's errors end: an absent box becomes `ConnectionFailedError`,
a silent one `CommunicationError` after a device clear, and a reply that is not exactly what was asked for becomes
`ReplyError`. A question is repeated only after the session (`instruments.session`) is in step again with the box; a
message that changes the box is never sent twice.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import TypeVar

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import CommunicationError, ConnectionFailedError, InstrumentError, ReplyError
from instruments.replies import as_float, as_floats, as_int, as_line
from instruments.session import Session
from instruments.visa_adapter import open_adapter

WriteObserver = Callable[[str, str], None]
"""Called as ``(instrument name, message)`` after each message that changes an instrument."""

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


class Line:
    """The line to one instrument.

    Parameters
    ----------
    address : str or Adapter
        VISA resource name, or a ready pymeasure adapter (tests, other transports).
    name : str
        Name of the instrument for messages.
    visa_library : str or VisaLibraryBase
        PyVISA library specification, e.g. ``"@py"``; empty for the default.
    write_termination : str
        Sent after each message.
    read_termination : str
        Last character of each reply: LF, with or without CR before it, or CR.
    identity_question : str
        What the box answers by its identity.
    on_write : callable, optional
        Told of every message that changes the instrument.

    Attributes
    ----------
    name : str
        Name of the instrument for messages.
    lock : RLock
        Held during each exchange; hold it around exchanges that belong together.

    Raises
    ------
    ConnectionFailedError
        If there is no such VISA library or no such resource.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        name: str,
        visa_library: str | VisaLibraryBase = "",
        write_termination: str = "\n",
        read_termination: str = "\n",
        identity_question: str = "*IDN?",
        on_write: WriteObserver | None = None,
    ) -> None:
        self.name = name
        self.lock = RLock()
        self._on_write = on_write
        opened = (
            address
            if isinstance(address, Adapter)
            else partial(open_adapter, name, address, visa_library, write_termination, read_termination)
        )
        self._session = Session(name, identity_question, opened)

    @property
    def adapter(self) -> Adapter:
        """Return the present session's adapter, for a pymeasure driver to be made on."""
        return self._session.adapter

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Close the line again if what is done inside fails: a half-connected instrument holds no wire."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def identify(self, *expected: str) -> str:
        """Ask who is there and insist on the right model.

        Parameters
        ----------
        *expected : str
            Words which must all stand in the reply to the identity question.

        Raises
        ------
        ConnectionFailedError
            If the box is silent or another one.
        """
        try:
            identity = self.ask_line(self._session.identity_question)
        except InstrumentError as error:
            raise ConnectionFailedError(
                self.name, f"{error.message}; is it switched on, and is this its address?"
            ) from error
        if not all(word.lower() in identity.lower() for word in expected):
            raise ConnectionFailedError(
                self.name, f"another box is at this address: it says {identity!r}, expected {' '.join(expected)}"
            )
        self._session.identity = identity
        return identity

    def write(self, message: str) -> None:
        """Send a message that changes the instrument; never repeated.

        Raises
        ------
        CommunicationError
            If it could not be sent.
        """
        with self.lock:
            if self._session.is_lost:
                self._session.resynchronise()
            self._session.send(message)
            if self._on_write is not None:
                self._on_write(self.name, message)

    def set_and_ask(self, setting: str, question: str, parse: Callable[[str], Answer]) -> Answer:
        """Send a setting and ask in the same message what it is now; only the question is ever repeated.

        For boxes that take several commands in one message, with ``;`` between them.

        Raises
        ------
        CommunicationError, ReplyError
            If it could not be sent, or no answer came, or an empty or torn one.
        """
        with self.lock:
            self._send_in_step(f"{setting};{question}")
            if self._on_write is not None:
                self._on_write(self.name, setting)
            try:
                return self._answer(question, parse)
            except (CommunicationError, ReplyError) as error:
                self._get_in_step(error)
            return self._exchange(question, parse)

    def read_line(self) -> str:
        """Read one line that comes unasked, or that a caller's own message asked for.

        Raises
        ------
        CommunicationError
            If none comes in time; the device is cleared then.
        """
        with self.lock:
            return self._session.receive("a line")

    def ask_line(self, question: str) -> str:
        """Ask and return the reply without its terminator and outer blanks.

        All four `ask` methods ask once more if an exchange fails, unless `once` says that asking loses the answer.

        Parameters
        ----------
        question : str
            A message that asks and changes nothing.

        Raises
        ------
        CommunicationError, ReplyError
            If no answer came, or an empty or torn one.
        """
        return self._ask(question, as_line, once=False)

    def ask(self, question: str, parse: Callable[[str], Answer]) -> Answer:
        """Ask and return what `parse` makes of the reply; a `ValueError` of its says that the reply is none.

        Raises as `ask_line` does.
        """
        return self._ask(question, parse, once=False)

    def ask_float(self, question: str) -> float:
        """Ask for exactly one finite number; raises as `ask_line` does."""
        return self._ask(question, as_float, once=False)

    def ask_floats(self, question: str, count: int, *, once: bool = False) -> tuple[float, ...]:
        """Ask for exactly `count` finite numbers, separated by commas; raises as `ask_line` does."""
        return self._ask(question, lambda reply: as_floats(reply, count), once)

    def ask_int(self, question: str, *, once: bool = False) -> int:
        """Ask for exactly one whole number; raises as `ask_line` does."""
        return self._ask(question, as_int, once)

    def ask_bytes(self, question: str, count: int) -> bytes:
        """Ask once for exactly `count` bytes of a binary reply that carries no terminator.

        Raises
        ------
        CommunicationError, ReplyError
            If fewer came; the device is cleared then.
        """
        with self.lock:
            self._send_in_step(question)
            reply = self._session.receive_bytes(question, count)
        if len(reply) != count:
            raise ReplyError(self.name, f"{question} was answered by {len(reply)} bytes, expected {count}")
        self._session.is_in_doubt = False
        return reply

    def twice(self, exchange: Callable[[], Answer]) -> Answer:
        """Run an exchange that changes nothing; if it fails, get in step with the box and run it once more.

        Raises
        ------
        CommunicationError, ReplyError
            If it fails again.
        """
        with self.lock:
            try:
                return exchange()
            except (CommunicationError, ReplyError) as error:
                self._get_in_step(error)
            try:
                return exchange()
            except (CommunicationError, ReplyError):
                self._session.is_in_doubt = True  # what was not understood may have been the answer to another question
                raise

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        with self.lock:
            self._session.close()

    def _ask(self, question: str, parse: Callable[[str], Answer], once: bool) -> Answer:
        with self.lock:
            try:
                return self._exchange(question, parse)
            except (CommunicationError, ReplyError) as error:
                if once:
                    raise
                self._get_in_step(error)
            return self._exchange(question, parse)

    def _get_in_step(self, error: InstrumentError) -> None:
        """Make ready to repeat what failed by `error`, or raise it again where nothing can be repeated."""
        if self._session.is_closed:
            raise error
        _log.warning("%s; asking again", error)
        self._session.resynchronise()

    def _exchange(self, question: str, parse: Callable[[str], Answer]) -> Answer:
        self._send_in_step(question)
        return self._answer(question, parse)

    def _send_in_step(self, message: str) -> None:
        """Send what will be answered; the next line is the answer to it."""
        if self._session.is_in_doubt or self._session.is_lost:
            self._session.resynchronise()
        self._session.send(message)
        self._session.is_in_doubt = True

    def _answer(self, question: str, parse: Callable[[str], Answer]) -> Answer:
        reply = self._session.receive(question).strip()
        try:
            answer = parse(reply)
        except ValueError as error:
            raise ReplyError(self.name, f"{question} was answered by {reply!r}: {error}") from error
        self._session.is_in_doubt = False
        return answer
