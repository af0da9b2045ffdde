"""Status words of the boxes of Stanford Research Systems: latched events, their enables, and the serial poll byte.

SR830 manual 5-21 to 5-24; the SR860 has the same words with more bits.
"""

from collections.abc import Callable
from typing import Final

from simulators.dialect import Complaint, Handler, Refusal, integer

POWER_ON: Final = 128
_EXECUTION_ERROR: Final = 16
_COMMAND_ERROR: Final = 32

_ERROR_SUMMARY: Final = 4  # serial poll byte
_LIA_SUMMARY: Final = 8
_EVENT_SUMMARY: Final = 32
_SERVICE_REQUEST: Final = 64


class SrsStatus:
    """The status words of one box.

    Parameters
    ----------
    look
        Finds out what holds now and latches it; called before the LIA word is replied.
    width
        Bits of the LIA word.
    idle_byte
        What the serial poll byte holds when nothing is the matter.
    """

    def __init__(self, look: Callable[[], None], width: int, idle_byte: int) -> None:
        self._look = look
        self._width = {"LIAS": width, "LIAE": width}
        self._idle_byte = idle_byte
        self._latched = {"*ESR": 0, "LIAS": 0, "ERRS": 0}
        self._enabled = {"*ESE": 0, "*SRE": 0, "LIAE": 0, "ERRE": 0}

    def handlers(self) -> dict[str, Handler]:
        """Return the commands about status."""
        table: dict[str, Handler] = {
            "*CLS": lambda _: self.clear(),
            "*STB?": lambda arguments: _bits(self._status_byte(), arguments),
        }
        for name in self._enabled:
            table[name] = lambda arguments, name=name: self._enable(name, arguments)
            table[f"{name}?"] = lambda arguments, name=name: _bits(self._enabled[name], arguments)
        for name in self._latched:
            table[f"{name}?"] = lambda arguments, name=name: self._take(name, arguments)
        return table

    def latch(self, lia_bits: int) -> None:
        """Set bits of the LIA word; they stay until they are read."""
        self._latched["LIAS"] |= lia_bits

    def complain(self, refusal: Refusal) -> None:
        """Set the event bit of a refused command."""
        is_unknown = refusal.complaint in (Complaint.UNKNOWN_COMMAND, Complaint.UNKNOWN_QUERY)
        self._latched["*ESR"] |= _COMMAND_ERROR if is_unknown else _EXECUTION_ERROR

    def clear(self) -> None:
        """Clear all latched words."""
        self._latched = dict.fromkeys(self._latched, 0)

    def power_on(self) -> None:
        """Start anew, with the power-on bit."""
        self.clear()
        self._latched["*ESR"] = POWER_ON

    def _take(self, name: str, arguments: tuple[str, ...]) -> str:
        """Reply a word, or one bit of it, and clear what was replied."""
        if name == "LIAS":
            self._look()
        reply = _bits(self._latched[name], arguments, self._width.get(name, 8))
        self._latched[name] &= ~(1 << int(float(arguments[0]))) if arguments else 0
        return reply

    def _enable(self, name: str, arguments: tuple[str, ...]) -> None:
        """Set a whole enable word, or one bit of it: ``LIAE i,j``."""
        width = self._width.get(name, 8)
        if len(arguments) < 2:
            self._enabled[name] = integer(arguments, 0, 0, 2**width - 1)
            return
        bit = 1 << integer(arguments, 0, 0, width - 1)
        self._enabled[name] = self._enabled[name] & ~bit | bit * integer(arguments, 1, 0, 1)

    def _status_byte(self) -> int:
        """Return the serial poll byte: what is enabled of LIA, error and event words, and the service request."""
        byte = self._idle_byte
        byte |= _ERROR_SUMMARY if self._latched["ERRS"] & self._enabled["ERRE"] else 0
        byte |= _LIA_SUMMARY if self._latched["LIAS"] & self._enabled["LIAE"] else 0
        byte |= _EVENT_SUMMARY if self._latched["*ESR"] & self._enabled["*ESE"] else 0
        return byte | (_SERVICE_REQUEST if byte & self._enabled["*SRE"] else 0)


def _bits(value: int, arguments: tuple[str, ...], width: int = 8) -> str:
    """Return a whole word, or the bit that the argument names."""
    return str(value >> integer(arguments, 0, 0, width - 1) & 1) if arguments else str(value)
