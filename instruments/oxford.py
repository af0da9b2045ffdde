"""What Oxford Instruments' older boxes have in common: the line protocol, local and remote.

After the ITC503 manual (April 2000) and the MercuryiPS manual (issue 14, 10.4 "Legacy commands"): a letter and a
number, ended by CR; answered by the letter, a read by the letter and the value, a refusal by a question mark. `Q` alone
is never answered. Pymeasure's drivers are not used: they repeat commands blindly and take a reply to one read for that
to another; the reply to a read does not say which it is, so after any trouble the line is brought in step by `V`.
"""

import math
from enum import IntEnum

from pymeasure.adapters import Adapter
from pyvisa.highlevel import VisaLibraryBase

from instruments.errors import ReplyError, StateError
from instruments.transport import Line, WriteObserver


class Control(IntEnum):
    """Who may change settings (C, and C of the status); 4 to 7 are a supply that runs itself down."""

    LOCAL_LOCKED = 0
    REMOTE_LOCKED = 1
    LOCAL_UNLOCKED = 2
    REMOTE_UNLOCKED = 3


REMOTE = frozenset({Control.REMOTE_LOCKED, Control.REMOTE_UNLOCKED})


class OxfordLine(Line):
    """The line to one of these boxes.

    Parameters
    ----------
    address, name, visa_library, on_write
        As `Line`.

    Raises
    ------
    ConnectionFailedError
        As `Line`.
    """

    def __init__(
        self,
        address: str | Adapter,
        *,
        name: str,
        visa_library: str | VisaLibraryBase = "",
        on_write: WriteObserver | None = None,
    ) -> None:
        super().__init__(
            address,
            name=name,
            visa_library=visa_library,
            write_termination="\r",
            read_termination="\r",
            identity_question="V",
            on_write=on_write,
        )

    def read_number(self, letter: str, parameter: str = "") -> float:
        """Return the number that a read is answered by, e.g. of ``R7``, which is ``R+1.2345``.

        Raises
        ------
        CommunicationError, ReplyError
            If no usable reply came.
        """
        return self.ask(f"{letter}{parameter}", lambda reply: _number_behind(letter, reply))

    def command(self, command: str) -> None:
        """Send a command that changes the box and insist on its echo; never repeated.

        Raises
        ------
        StateError
            If the box refused it.
        CommunicationError, ReplyError
            If no echo came, or another.
        """
        with self.lock:
            self.write(command)
            echo = self.read_line().strip()
        if echo.startswith("?"):
            raise StateError(
                self.name, f"{command} was refused ({echo}); is it in local mode, or does its state forbid it?"
            )
        if echo != command[0]:
            raise ReplyError(self.name, f"{command} was answered by {echo!r}, expected {command[0]!r}")

    def take_remote(self, present: int) -> None:
        """Take the box under remote control, its front panel left unlocked; nothing is sent if it is remote already.

        Raises
        ------
        StateError
            If the box runs itself down or refuses.
        """
        if present > Control.REMOTE_UNLOCKED:
            raise StateError(self.name, "it runs itself down; wait for the end and find the cause")
        if present not in REMOTE:
            self.command(f"C{Control.REMOTE_UNLOCKED:d}")


def _number_behind(letter: str, reply: str) -> float:
    if not reply.startswith(letter) or "_" in reply:
        raise ValueError(f"expected {letter} and a number")
    number = float(reply[1:])
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number
