"""What all simulated boxes share on the wire: the `Box` itself, and a command table that reads as the manual does.

Headers are written as manuals print them, capitals for the short form and brackets for optional nodes:
``"SOURce:CURRent[:LEVel]"``, with a question mark for the query. What the wire brings is read generously where real
boxes are: any case, long or short form, a space before the question mark or none, several commands with ``;``.
"""

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from typing import Protocol

Handler = Callable[[tuple[str, ...]], str | None]
"""Takes the arguments of one command as text, does it, returns the reply of a query or None."""

_UNIT = re.compile(r"""(?:[^;"']|"[^"]*"|'[^']*')+""")
_ARGUMENT = re.compile(r"""(?:[^,"']|"[^"]*"|'[^']*')+""")
_PARTS = re.compile(r"(\*?[A-Za-z][A-Za-z0-9_:]*)\s*(\??)\s*(.*)", re.DOTALL)
_PARTS_OF_LETTERS = re.compile(r"(\*?[A-Za-z]+)\s*(\??)\s*(.*)", re.DOTALL)
_REMEMBERED_MESSAGES = 4096


class Box(Protocol):
    """A simulated instrument as the wire sees it."""

    @property
    def terminator(self) -> bytes:
        """Return what is sent after each reply, e.g. a line feed."""
        ...

    @property
    def greeting(self) -> str | None:
        """Return the text, without its last terminator, that is sent when a socket is opened."""
        ...

    @property
    def latency_s(self) -> float:
        """Return the virtual time that one message to the box costs."""
        ...

    def answer(self, message: str) -> str | None:
        """Take one complete line without terminator; return the reply line, or None if the box keeps silent.

        Readings depend on the time of the box's clock only. A measurement that takes time lets the clock pass.
        """
        ...


class Block(str):
    """A reply of raw bytes, one character a byte (latin-1): it ends with its last byte, no terminator follows."""


class Complaint(Enum):
    """Why a box refused a command; each box translates it into its own status bits or error queue."""

    UNKNOWN_COMMAND = auto()
    UNKNOWN_QUERY = auto()
    MISSING_ARGUMENT = auto()
    INVALID_ARGUMENT = auto()
    OUT_OF_RANGE = auto()
    NOT_PERMITTED = auto()


class Refusal(Exception):
    """Raised by a handler: the box does not do this. Never leaves the box."""

    def __init__(self, complaint: Complaint, text: str = "") -> None:
        super().__init__(f"{complaint.name}: {text}")
        self.complaint = complaint
        self.text = text


class Dialect:
    """A command table, and the rules by which a message is read against it.

    Parameters
    ----------
    handlers
        Header as printed in the manual -> handler.
    complain
        Called with each `Refusal`, unknown headers included; the box sets its status there. No reply is sent.
    assumed
        Headers whose replies no manual at hand confirms; everything else is confirmed. Must be in the table.
    pause
        Called between the commands of one message: each takes its time, as if it had come alone.
    header_is_letters
        Headers consist of letters alone, so an argument may follow without a space (``"SENS20"``, as SRS boxes take).
    stops_at_error
        After a refusal the rest of the message is discarded (as SCPI boxes do).

    Raises
    ------
    ValueError
        If an assumed header is not in the table, or two headers of the table cannot be told apart.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        complain: Callable[[Refusal], None],
        assumed: frozenset[str] = frozenset(),
        *,
        pause: Callable[[], object] = lambda: None,
        header_is_letters: bool = False,
        stops_at_error: bool = False,
    ) -> None:
        if strangers := assumed - handlers.keys():
            raise ValueError(f"assumed replies to commands not in the table: {sorted(strangers)}")
        self.assumed = assumed
        self._complain = complain
        self._pause = pause
        self._parts = _PARTS_OF_LETTERS if header_is_letters else _PARTS
        self._stops_at_error = stops_at_error
        self._short_forms: dict[str, str] = {}
        self._handlers: dict[str, Handler] = {}
        for header, handler in handlers.items():
            for spelling in _without_brackets(header):
                canonical = self._learn(spelling)
                if canonical in self._handlers:
                    raise ValueError(f"{header!r} reads like another header of the table")
                self._handlers[canonical] = handler
        self._found: dict[tuple[str, str], tuple[Handler | None, str]] = {}
        self._remembered: dict[str, tuple[tuple[Handler, tuple[str, ...]], ...]] = {}

    def answer(self, message: str) -> str | None:
        """Do what `message` says, unit by unit; return the replies joined by ``;``, or None if there is none."""
        units = self._remembered.get(message)
        if units is None:
            if len(self._remembered) >= _REMEMBERED_MESSAGES:
                self._remembered.clear()
            units = self._remembered[message] = tuple(self._read(message))
        replies = []
        for place, (handler, arguments) in enumerate(units):
            if place:
                self._pause()
            try:
                reply = handler(arguments)
            except Refusal as refusal:
                self._complain(refusal)
                if self._stops_at_error:
                    break
            else:
                if reply is not None:
                    replies.append(reply)
        if len(replies) == 1:
            return replies[0]
        return ";".join(replies) if replies else None

    def _learn(self, spelling: str) -> str:
        """Remember the long form of every node and return the header in short forms."""
        for node in spelling.rstrip("?").split(":"):
            short = "".join(letter for letter in node if not letter.islower())
            self._short_forms[node.upper()] = short
            self._short_forms[short] = short
        return self._canonical(spelling)

    def _canonical(self, header: str) -> str:
        query = "?" if header.endswith("?") else ""
        nodes = header.rstrip("?").upper().split(":")
        return ":".join(self._short_forms.get(node, node) for node in nodes) + query

    def _read(self, message: str) -> Iterator[tuple[Handler, tuple[str, ...]]]:
        """Split a message into units; a header without leading colon continues on the level of the one before."""
        path = ""
        for unit in map(str.strip, _split(message, ";", _UNIT)):
            if not unit:
                continue
            is_rooted = unit.startswith(":")
            parts = self._parts.fullmatch(unit.lstrip(":"))
            if parts is None:
                yield _refuser(Complaint.UNKNOWN_COMMAND, unit), ()
                continue
            name, query, rest = parts.groups()
            handler, path = self._find(name + query, "" if is_rooted else path)
            if handler is None:
                handler = _refuser(Complaint.UNKNOWN_QUERY if query else Complaint.UNKNOWN_COMMAND, unit)
            yield handler, tuple(map(str.strip, _split(rest, ",", _ARGUMENT))) if rest else ()

    def _find(self, header: str, path: str) -> tuple[Handler | None, str]:
        """Return what handles a header on a level of the tree, and the level on which the next one continues."""
        key = (header, path)
        found = self._found.get(key)
        if found is None:
            is_common = header.startswith("*")
            canonical = self._canonical(header if is_common else path + header)
            if not is_common:
                path = canonical.rpartition(":")[0] and canonical.rpartition(":")[0] + ":"
            found = self._handlers.get(canonical), path
            if found[0] is not None:  # as many as a client spells them; strangers are not worth remembering
                self._found[key] = found
        return found


class ErrorQueue:
    """First in, first out, of limited length; when full the last entry becomes the overflow.

    Parameters
    ----------
    nothing
        What an empty queue answers, e.g. ``'0,"No error"'``.
    overflow
        Entry that takes the last place when the queue is full.
    length
        Number of places.
    """

    def __init__(self, nothing: str, overflow: str, length: int) -> None:
        self._nothing = nothing
        self._overflow = overflow
        self._length = length
        self._entries: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, entry: str) -> None:
        """Add an entry such as ``'-113,"Undefined header"'``."""
        if len(self._entries) < self._length:
            self._entries.append(entry)
        else:
            self._entries[-1] = self._overflow

    def pop(self) -> str:
        """Return and remove the oldest entry, or say that there is none."""
        return self._entries.popleft() if self._entries else self._nothing

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()


def number(arguments: tuple[str, ...], place: int = 0, low: float = float("-inf"), high: float = float("inf")) -> float:
    """Read argument `place` as a number in [low, high]; refuse what is missing, no number, or out of range."""
    if place >= len(arguments):
        raise Refusal(Complaint.MISSING_ARGUMENT, f"argument {place + 1}")
    text = arguments[place]
    try:
        value = float(text)
    except ValueError:
        raise Refusal(Complaint.INVALID_ARGUMENT, text) from None
    if value != value:
        raise Refusal(Complaint.INVALID_ARGUMENT, text)
    if not low <= value <= high:
        raise Refusal(Complaint.OUT_OF_RANGE, text)
    return value


def integer(arguments: tuple[str, ...], place: int = 0, low: int = -(2**31), high: int = 2**31) -> int:
    """Read argument `place` as a whole number in [low, high]; refuse as `number` does."""
    value = number(arguments, place, low, high)
    if value != round(value):
        raise Refusal(Complaint.INVALID_ARGUMENT, arguments[place])
    return round(value)


def word(arguments: tuple[str, ...], place: int = 0) -> str:
    """Return argument `place` in capitals without quotes; refuse if missing."""
    if place >= len(arguments):
        raise Refusal(Complaint.MISSING_ARGUMENT, f"argument {place + 1}")
    return arguments[place].strip("\"'").upper()


def _without_brackets(header: str) -> list[str]:
    """Write out all readings of a header with optional nodes: ``A[:B]?`` -> ``A?``, ``A:B?``."""
    pieces = re.split(r"(\[[^]]*\])", header)
    choices = [("", piece[1:-1]) if piece.startswith("[") else (piece,) for piece in pieces]
    # a header may begin with an optional node: "[SOURce:]CURRent" or "[:SOURce]:CURRent"
    return ["".join(choice).lstrip(":") for choice in itertools.product(*choices)]


def _split(text: str, separator: str, pieces: re.Pattern[str]) -> list[str]:
    """Return the pieces between separators, of which those in quotes do not count."""
    if '"' in text or "'" in text:
        return pieces.findall(text)
    return [piece for piece in text.split(separator) if piece]


def _refuser(complaint: Complaint, text: str) -> Handler:
    def refuse(_: tuple[str, ...]) -> str | None:
        raise Refusal(complaint, text)

    return refuse
