"""The log of the wire on demand: every line to and from every box, in a file beside the run file.

The transport tells a logger of each line (`instruments.transport`), which costs nothing as long as nobody listens. The
file is cut when it gets long, since a run exchanges some ten lines a point.
"""

import logging
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from acquisition.errors import InputError

LOGGER = "zerobias.wire"
LONGEST_BYTES = 5_000_000
TO_BOX, FROM_BOX = "<<", ">>"
"""Between the name of the box and what was said, as the transport writes it."""

_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


def wire_log_path(run_file: Path) -> Path:
    """Return where the lines are written that go over the wires of a run."""
    return run_file.with_name(run_file.name + ".wire.log")


class _Visible(logging.Formatter):
    """Writes control characters as people can read them, each message on one line."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).translate(_VISIBLE)


class WireLog:
    """Listens to the wires while it is on.

    Parameters
    ----------
    run_file : Path
        The run whose wires these are.
    """

    def __init__(self, run_file: Path) -> None:
        self._path = wire_log_path(run_file)
        self._logger = logging.getLogger(LOGGER)
        self._handler: RotatingFileHandler | None = None

    def obey(self, argument: Mapping[str, Any]) -> str:
        """Do as ``{"is_on": true}`` says and return what is done now; raises as `switch`."""
        is_on = argument.get("is_on") is True
        self.switch(is_on)
        return f"listening to the wires: {self._path.name}" if is_on else "no longer listening to the wires"

    def switch(self, is_on: bool) -> None:
        """Begin or end to listen; either may be said twice.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        if is_on and self._handler is None:
            try:
                handler = RotatingFileHandler(self._path, maxBytes=LONGEST_BYTES, backupCount=1, encoding="utf-8")
            except OSError as error:
                raise InputError(f"{self._path}: cannot be written ({error.strerror}); check the folder") from error
            handler.setFormatter(_Visible("%(asctime)s %(message)s"))
            self._logger.addHandler(handler)
            self._logger.setLevel(logging.DEBUG)
            self._logger.propagate = False
            self._handler = handler
        elif not is_on and self._handler is not None:
            self._logger.setLevel(logging.NOTSET)
            self._logger.removeHandler(self._handler)
            self._handler.close()
            self._handler = None
