"""The data capture of an SR860: X, Y, R and theta stored at a rate and fetched as a binary block.

After the SR860 operation manual, chapter 4. Assumed: how the highest rate follows the time constant, the byte order of
a block, and the line feed behind it.
"""

import math
import struct
from collections.abc import Callable
from typing import Final

from simulators.clock import VirtualClock
from simulators.dialect import Block, Complaint, Handler, Refusal, integer
from simulators.parts.data_buffer import DataBuffer
from simulators.parts.lockin_detector import Output
from simulators.parts.sr860_detector import choice, text

_LARGEST_KB: Final = 4096
_LARGEST_BLOCK_KB: Final = 64
_FASTEST_HZ: Final = 1.25e6
_MOST_HALVINGS: Final = 10
_COLUMNS: Final = ((0,), (0, 1), (2, 3), (0, 1, 2, 3))  # CAPTURECFG: X, XY, RT, XYRT


class Capture:
    """The capture buffer and its commands.

    Parameters
    ----------
    clock
        Of the box.
    output
        Returns the outputs of the box at a time gone by.
    time_constant_s
        Returns the present time constant.
    """

    def __init__(
        self, clock: VirtualClock, output: Callable[[float], Output], time_constant_s: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._output = output
        self._time_constant_s = time_constant_s
        self._buffer = DataBuffer(0)
        self._length_kB = 256
        self._columns = 1
        self._divider = 0

    def catch_up(self) -> None:
        """Store what was due until now."""
        self._buffer.catch_up(self._clock.now_s(), self._row)

    def handlers(self) -> dict[str, Handler]:
        """Return the commands about capture."""
        return {
            "CAPTURELEN": self._set_length,
            "CAPTURELEN?": lambda _: str(self._length_kB),
            "CAPTURECFG": self._set_columns,
            "CAPTURECFG?": lambda _: str(self._columns),
            "CAPTURERATEMAX?": lambda _: text(self._fastest_Hz()),
            "CAPTURERATE": self._set_rate,
            "CAPTURERATE?": lambda _: text(self._rate_Hz()),
            "CAPTURESTART": self._start,
            "CAPTURESTOP": lambda _: self._buffer.pause(),
            "CAPTURESTAT?": lambda _: str(int(self._buffer.is_running) | 2 * bool(self._buffer.rows)),
            "CAPTUREBYTES?": lambda _: str(self._bytes()),
            "CAPTUREPROG?": lambda _: str(math.ceil(self._bytes() / 1024)),
            "CAPTUREVAL?": self._read_row,
            "CAPTUREGET?": self._read_block,
        }

    def _bytes(self) -> int:
        return 4 * sum(map(len, self._buffer.rows))

    def _set_length(self, arguments: tuple[str, ...]) -> None:
        asked_kB = integer(arguments, 0, 1, _LARGEST_KB)
        self._length_kB = asked_kB + asked_kB % 2  # even numbers only

    def _set_columns(self, arguments: tuple[str, ...]) -> None:
        self._columns = choice(arguments, 0, ("X", "XY", "RT", "XYRT"))

    def _set_rate(self, arguments: tuple[str, ...]) -> None:
        self._divider = integer(arguments, 0, 0, 20)

    def _fastest_Hz(self) -> float:
        """Return the highest rate for the time constant: halved with its every doubling, ten times at most."""
        return _FASTEST_HZ / 2.0 ** min(_MOST_HALVINGS, math.ceil(math.log2(self._time_constant_s() / 1e-6)))

    def _rate_Hz(self) -> float:
        return self._fastest_Hz() / 2.0**self._divider

    def _start(self, arguments: tuple[str, ...]) -> None:
        is_endless = choice(arguments, 0, ("ONE", "CONT")) == 1
        if choice(arguments, 1, ("IMM", "TRIG", "SAMP")):
            raise Refusal(Complaint.NOT_PERMITTED, "nothing is connected to the trigger input")
        self._buffer = DataBuffer(self._length_kB * 1024 // (4 * len(_COLUMNS[self._columns])))
        self._buffer.start(self._clock.now_s(), 1.0 / self._rate_Hz(), is_endless=is_endless)

    def _row(self, time_s: float) -> tuple[float, ...]:
        output = self._output(time_s)
        known = (output.x_V, output.y_V, output.magnitude_V, output.angle_deg)
        return tuple(known[place] for place in _COLUMNS[self._columns])

    def _read_row(self, arguments: tuple[str, ...]) -> str:
        rows = self._buffer.rows
        if not rows:
            raise Refusal(Complaint.NOT_PERMITTED, "nothing is captured")
        return ",".join(map(text, rows[integer(arguments, 0, 0, len(rows) - 1)]))

    def _read_block(self, arguments: tuple[str, ...]) -> Block:
        """Reply ``i,j``: j kilobytes from kilobyte i on, as a block of singles, least significant byte first."""
        first = 1024 * integer(arguments, 0, 0, _LARGEST_KB)
        length = 1024 * integer(arguments, 1, 1, _LARGEST_BLOCK_KB)
        values = [value for row in self._buffer.rows for value in row]
        data = struct.pack(f"<{len(values)}f", *values)[first : first + length]
        digits = str(len(data))
        return Block(f"#{len(digits)}{digits}" + data.decode("latin-1") + "\n")
