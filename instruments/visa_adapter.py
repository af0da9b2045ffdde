"""A session with a box through PyVISA, opened with our terminators and timeout, which hands over whole lines only."""

from typing import Any, cast

from pymeasure.adapters import VISAAdapter
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError
from pyvisa.highlevel import VisaLibraryBase
from pyvisa.resources import MessageBasedResource

from instruments.errors import ConnectionFailedError

TIMEOUT_S = 3.0
"""Longest wait for a reply. The slowest, a source meter at 10 NPLC with autozero, takes about 1.2 s."""

_NO_WARNING = (StatusCode.success_device_not_present, StatusCode.success_max_count_read)


class CutShortError(Exception):
    """Tell `instruments.session` that a reply ended without its terminator; never leaves it."""


class StrictVisaAdapter(VISAAdapter):
    """A VISAAdapter that hands over whole lines only.

    PyVISA only warns when the terminator is missing, but ``-1.01`` cut from ``-1.01026E-03`` is a number too. `write`
    and `read` go straight to PyVISA's library: `Line` says itself what goes over the wire, and what the layers in
    between do anew for every message is done here once.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # for the life of the session; PyVISA's own way of reading says so anew for every reply, at the cost of one
        resource = cast(MessageBasedResource, self.connection)
        self._unwarned = resource.ignore_warning(*_NO_WARNING)
        self._unwarned.__enter__()
        self._library, self._session, self._chunk = resource.visalib, resource.session, resource.chunk_size
        self._ending = resource.write_termination or ""
        self._line_end = (resource.read_termination or "\n").encode("ascii")

    def write(self, command: str, **_: Any) -> None:
        """Send a line."""
        self._library.write(self._session, (command + self._ending).encode("ascii"))

    def read(self, **_: Any) -> str:
        """Read up to the termination character or the end of the message, however many pieces it comes in."""
        data, status = self._library.read(self._session, self._chunk)
        while status == StatusCode.success_max_count_read:
            more, status = self._library.read(self._session, self._chunk)
            data += more
        line = data.decode("ascii", "replace")
        if not data.endswith(self._line_end):
            raise CutShortError(line)
        # a LF that follows a CR comes with the next line
        return line.strip("\r\n")


def open_adapter(
    name: str, address: str, visa_library: str | VisaLibraryBase, write_termination: str, read_termination: str
) -> StrictVisaAdapter:
    """Open a session with the box at an address.

    Raises
    ------
    ConnectionFailedError
        If there is no such VISA library or no such resource; `name` is what the message calls the box.
    """
    try:
        return StrictVisaAdapter(
            address,
            visa_library,  # type: ignore[arg-type]  # pymeasure hands an instance on to PyVISA as it is
            timeout=TIMEOUT_S * 1e3,
            read_termination=read_termination,
            write_termination=write_termination,
        )
    except Exception as error:  # of a host that it does not know PyVISA-py says so in a plain Exception
        raise ConnectionFailedError(
            name, f"cannot be opened ({first_line(error)}); check cable, power, address and VISA library"
        ) from error


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    if isinstance(error, VisaIOError):
        return error.abbreviation
    return (str(error).splitlines() or [type(error).__name__])[0]
