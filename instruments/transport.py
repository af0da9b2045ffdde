"""The VISA edge: one line to one instrument, with a lock, strict replies and errors of our own.

`Line` is what the drivers speak through. It opens a pymeasure `VISAAdapter`, and it is where PyVISA's errors end: an
absent box becomes `ConnectionFailedError`, a silent one `CommunicationError` after a device clear, and a reply that is
not exactly what was asked for becomes `ReplyError`.

A timeout is not the end of the matter: the answer may come late and be taken for the answer to the next question. So
after a clear the line asks for the identity and discards lines until it hears it. Only then is a question repeated, or,
where it is not to be repeated or failed twice, the next one asked.

A session that is lost (a socket closed by the other side, an adapter unplugged) is opened anew before the next message
goes out, and the same identity insisted on; a message that failed is itself never sent again, but for questions.
"""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import Any, TypeVar, cast

import pyvisa
from pymeasure.adapters import Adapter, VISAAdapter
from pyvisa.constants import BufferOperation, StatusCode
from pyvisa.errors import VisaIOError
from pyvisa.highlevel import VisaLibraryBase
from pyvisa.resources import MessageBasedResource, TCPIPSocket

from instruments.errors import CommunicationError, ConnectionFailedError, InstrumentError, ReplyError

WriteObserver = Callable[[str, str], None]
"""Called as ``(instrument name, message)`` after each message that changes an instrument."""

TIMEOUT_S = 3.0
"""Longest wait for a reply. The slowest, a source meter at 10 NPLC with autozero, takes about 1.2 s."""

Answer = TypeVar("Answer")

_STALE_LINES = 8
_PASSING = frozenset({StatusCode.error_timeout, StatusCode.error_no_listeners})
"""What a session survives: silence, and a box on the bus that is switched off."""

_NO_WARNING = (StatusCode.success_device_not_present, StatusCode.success_max_count_read)

_log = logging.getLogger(__name__)
_wire = logging.getLogger("zerobias.wire")
"""Told of every line, both ways; who wants to see them adds a handler."""


class _CutShortError(Exception):
    """Tell `Line` that a reply ended without its terminator; never leaves this file."""


class _StrictVisaAdapter(VISAAdapter):
    """A VISAAdapter that hands over whole lines only.

    PyVISA only warns when the terminator is missing, but ``-1.01`` cut from ``-1.01026E-03`` is a number too. `write`
    and `read` go straight to PyVISA's library: `Line` says itself what goes over the wire, and what the layers in
    between do anew for every message is done here once.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # for the life of the session; PyVISA's own way of reading says so anew for every reply, at the cost of one
        self._resource = cast(MessageBasedResource, self.connection)
        self._unwarned = self._resource.ignore_warning(*_NO_WARNING)
        self._unwarned.__enter__()
        self._ending = self._resource.write_termination or ""
        self._line_end = (self._resource.read_termination or "\n").encode("ascii")

    def write(self, command: str, **_: Any) -> None:
        """Send a line."""
        resource = self._resource
        resource.visalib.write(resource.session, (command + self._ending).encode("ascii"))

    def read(self, **_: Any) -> str:
        """Read up to the termination character or the end of the message, however many pieces it comes in."""
        resource = self._resource
        read, session, size = resource.visalib.read, resource.session, resource.chunk_size
        data, status = read(session, size)
        while status == StatusCode.success_max_count_read:
            more, status = read(session, size)
            data += more
        line = data.decode("ascii", "replace")
        if not data.endswith(self._line_end):
            raise _CutShortError(line)
        # a LF that follows a CR comes with the next line
        return line.strip("\r\n")


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
        self._identity_question = identity_question
        self.lock = RLock()
        self._on_write = on_write
        self._identity = ""
        self._is_closed = False
        self._unheard = 0  # questions for the identity whose answers have not come
        self._is_in_doubt = False  # whether the next line may be the answer to an older question
        self._is_lost = False  # whether the session has to be opened anew
        self._opener: Callable[[], Adapter] | None = None
        if isinstance(address, Adapter):
            self.adapter = address
        else:
            self._opener = partial(self._open, address, visa_library, write_termination, read_termination)
            self.adapter = self._opener()

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
            identity = self.ask_line(self._identity_question)
        except InstrumentError as error:
            raise ConnectionFailedError(
                self.name, f"{error.message}; is it switched on, and is this its address?"
            ) from error
        if not all(word.lower() in identity.lower() for word in expected):
            raise ConnectionFailedError(
                self.name, f"another box is at this address: it says {identity!r}, expected {' '.join(expected)}"
            )
        self._identity = identity
        return identity

    def write(self, message: str) -> None:
        """Send a message that changes the instrument; never repeated.

        Raises
        ------
        CommunicationError
            If it could not be sent.
        """
        with self.lock:
            if self._is_lost:
                self._resynchronise()
            self._send(message)
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
            return self._receive("a line")

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
            try:
                reply = self.adapter.read_bytes(count)
            except (pyvisa.errors.Error, OSError) as error:
                self._note_loss(error)
                self._clear()
                raise CommunicationError(
                    self.name, f"no {count} bytes in answer to {question} ({_first_line(error)}); check cable and power"
                ) from error
        if len(reply) != count:
            raise ReplyError(self.name, f"{question} was answered by {len(reply)} bytes, expected {count}")
        self._is_in_doubt = False
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
                self._is_in_doubt = True  # what was not understood may have been the answer to another question
                raise

    def close(self) -> None:
        """Give the wire back; may be called twice."""
        with self.lock:
            if not self._is_closed:
                self._is_closed = True
                try:
                    self.adapter.close()
                except (pyvisa.errors.Error, OSError) as error:
                    _log.warning("%s: closing the line failed: %s", self.name, error)

    def _open(
        self, address: str, visa_library: str | VisaLibraryBase, write_termination: str, read_termination: str
    ) -> VISAAdapter:
        try:
            return _StrictVisaAdapter(
                address,
                visa_library,  # type: ignore[arg-type]  # pymeasure hands an instance on to PyVISA as it is
                timeout=TIMEOUT_S * 1e3,
                read_termination=read_termination,
                write_termination=write_termination,
            )
        except (pyvisa.errors.Error, ValueError, OSError, ImportError) as error:
            raise ConnectionFailedError(
                self.name, f"cannot be opened ({_first_line(error)}); check cable, power, address and VISA library"
            ) from error

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
        if self._is_closed:
            raise error
        _log.warning("%s; asking again", error)
        self._resynchronise()

    def _exchange(self, question: str, parse: Callable[[str], Answer]) -> Answer:
        self._send_in_step(question)
        return self._answer(question, parse)

    def _send_in_step(self, message: str) -> None:
        """Send what will be answered; the next line is the answer to it."""
        if self._is_in_doubt or self._is_lost:
            self._resynchronise()
        self._send(message)
        self._is_in_doubt = True

    def _answer(self, question: str, parse: Callable[[str], Answer]) -> Answer:
        reply = self._receive(question).strip()
        try:
            answer = parse(reply)
        except ValueError as error:
            raise ReplyError(self.name, f"{question} was answered by {reply!r}: {error}") from error
        self._is_in_doubt = False
        return answer

    def _send(self, message: str) -> None:
        if self._is_closed:
            raise CommunicationError(self.name, f"{message} not sent: the line was closed")
        _wire.debug("%s << %s", self.name, message)
        try:
            self.adapter.write(message)
        except (pyvisa.errors.Error, OSError) as error:
            self._note_loss(error)
            raise CommunicationError(
                self.name, f"{message} not sent ({_first_line(error)}); check cable and power"
            ) from error

    def _receive(self, question: str) -> str:
        if self._is_closed:
            raise CommunicationError(self.name, f"{question} not read: the line was closed")
        try:
            line = self.adapter.read()
            _wire.debug("%s >> %s", self.name, line)
            return line
        except _CutShortError as error:
            raise ReplyError(self.name, f"{question} was answered by {str(error)!r}, cut short") from error
        except (pyvisa.errors.Error, OSError) as error:
            self._note_loss(error)
            self._clear()
            raise CommunicationError(
                self.name, f"no answer to {question} ({_first_line(error)}); check cable and power"
            ) from error

    def _clear(self) -> None:
        """Clear the device so that no old answer lies ready; a transport that cannot is left to `_resynchronise`."""
        if self._is_lost:
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
            self._is_lost = self._opener is not None

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
        self._is_lost, self._unheard = False, 0

    def _resynchronise(self) -> None:
        """Ask for the known identity and discard lines until it comes: an answer that was late is among them.

        Where earlier questions for it have gone unanswered, it may come as often as it was asked for, or not: silence
        after it has come is as good.
        """
        if not self._identity:
            return
        if self._is_lost:
            self._reopen()
        self._is_in_doubt = True
        try:
            self._send(self._identity_question)
        except CommunicationError:  # a socket tells only now that the other side has closed it
            if not self._is_lost:
                raise
            self._reopen()
            self._send(self._identity_question)
        self._unheard = min(self._unheard + 1, _STALE_LINES // 2)
        is_heard = False
        for _ in range(_STALE_LINES):
            try:
                if self._receive(self._identity_question).strip() == self._identity:
                    is_heard = True
                    self._unheard -= 1
            except ReplyError:
                continue
            except CommunicationError:
                if not is_heard:
                    raise
                self._unheard = 0
            if is_heard and not self._unheard:
                self._is_in_doubt = False
                return
        raise CommunicationError(self.name, f"answers, but not by its identity {self._identity!r}; was it replaced?")


def as_line(reply: str) -> str:
    """Return a reply that is not empty; raises `ValueError`."""
    if not reply:
        raise ValueError("empty")
    return reply


def as_int(reply: str) -> int:
    """Return the one whole number that a reply is; raises `ValueError`."""
    return int(_plain(reply))


def as_float(reply: str) -> float:
    """Return the one finite number that a reply is; raises `ValueError`."""
    return as_floats(reply, 1)[0]


def as_floats(reply: str, count: int) -> tuple[float, ...]:
    """Return the finite numbers that a reply is, separated by commas; raises `ValueError` unless they are `count`."""
    numbers = tuple(map(float, _plain(reply).split(",")))
    if len(numbers) != count:
        raise ValueError(f"{len(numbers)} numbers, expected {count}")
    if not all(map(math.isfinite, numbers)):
        raise ValueError("not finite")
    return numbers


def _plain(reply: str) -> str:
    if "_" in reply:  # Python reads 1_5 as 15; no instrument writes it
        raise ValueError("no number")
    return reply


def _first_line(error: BaseException) -> str:
    if isinstance(error, VisaIOError):
        return error.abbreviation
    return (str(error).splitlines() or [type(error).__name__])[0]
