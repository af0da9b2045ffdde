"""The line protocol of Oxford Instruments' older boxes: a letter and a number, answered by an echo of the letter.

After the ITC503 manual (April 2000) and the MercuryiPS manual (issue 14, 10.4 legacy commands): commands are case
sensitive and end with CR, a LF behind it is ignored; each is answered by its letter, a read by the letter and the
value; what is unknown, out of range or not permitted comes back behind a question mark. A dollar in front suppresses
the reply, ``@n`` addresses one box on a shared line (ISOBUS), ``Q`` is never answered and chooses the terminator.
Control commands are refused in local mode. The line ends with CR, after ``Q2`` and ``Q6`` with CR LF.

Assumed: blanks between letter and number are allowed; the whole command stands behind the question mark.
"""

from collections.abc import Callable, Mapping
from typing import Final

from simulators.dialect import Refusal, number

Handler = Callable[[str], str | None]
"""Takes what stands behind the letter, does it, returns the reply, or None for the echo of the letter."""

_ALWAYS: Final = frozenset("CQRUVWX")


class OxfordDialect:
    """A table of letters, and the rules by which a line is read against it.

    Parameters
    ----------
    handlers
        Letter -> handler. ``C``, ``Q``, ``U``, ``V`` and ``W`` are known already.
    version
        Reply to ``V``.
    monitors
        Letters, besides those that all boxes have, that are obeyed in local mode too.
    address
        Number on the ISOBUS.

    Attributes
    ----------
    control : int
        Local or remote, locked or not, as ``C`` and the status count them: 0 LL, 1 RL, 2 LU, 3 RU.
    protocol : int
        What ``Q`` set last.
    """

    def __init__(self, handlers: Mapping[str, Handler], version: str, monitors: str = "", address: int = 1) -> None:
        self.control = 2
        self.protocol = 0
        self._address = f"{address}"
        self._always = _ALWAYS | set(monitors)
        self._handlers: dict[str, Handler] = {
            "C": self._set_control,
            "Q": self._set_protocol,
            "U": lambda _: None,
            "V": lambda _: version,
            "W": lambda _: None,
            **handlers,
        }

    @property
    def terminator(self) -> bytes:
        """Return what is sent after each reply."""
        return b"\r\n" if self.protocol & 2 else b"\r"

    @property
    def is_remote(self) -> bool:
        """Return whether control commands are taken from the line."""
        return bool(self.control & 1)

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        command = message.strip()
        if command.startswith("@"):
            if command[1:2] != self._address:
                return None
            command = command[2:]
        is_silent = command.startswith("$")
        command = command.removeprefix("$").replace(" ", "")
        if not command:
            return None
        letter, argument = command[0], command[1:]
        reply = self._reply(letter, argument)
        return None if is_silent or letter == "Q" else reply

    def press(self, command: str) -> None:
        """Do a command as a hand at the front panel does, in local mode too."""
        control, self.control = self.control, 3
        self.answer(command)
        self.control = control

    def _reply(self, letter: str, argument: str) -> str:
        handler = self._handlers.get(letter)
        if handler is None or not (self.is_remote or letter in self._always):
            return f"?{letter}{argument}"
        try:
            reply = handler(argument)
        except Refusal:
            return f"?{letter}{argument}"
        return letter if reply is None else reply

    def _set_control(self, argument: str) -> None:
        self.control = digit(argument, "0123")

    def _set_protocol(self, argument: str) -> None:
        self.protocol = digit(argument, "0246")


def digit(argument: str, allowed: str) -> int:
    """Read a one-digit argument; refuse any but the allowed ones."""
    return round(number((argument if argument in tuple(allowed) else "",)))


def decimal(argument: str, low: float, high: float) -> float:
    """Read a decimal argument in [low, high]; refuse anything else."""
    return number((argument,), 0, low, high)
