"""Noise as a pure function of seed, channel and sample index or time; nothing here has a state.

White noise is a hash (splitmix64: Steele, Lea, Flood, OOPSLA 2014) turned Gaussian by Box and Muller. Slow noise is a
sum of octaves of value noise: Gaussian values on a lattice of times, blended so that the variance is the same
between the lattice points as on them. Who asks, when and how often makes no difference to anybody.
"""

import hashlib
import math
from typing import Final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

_STEP: Final = 0x9E3779B97F4A7C15
_MIX_1: Final = 0xBF58476D1CE4E5B9
_MIX_2: Final = 0x94D049BB133111EB
_MASK: Final = 0xFFFFFFFFFFFFFFFF

# arrays of uint64 wrap around silently, scalars would warn
_STEP_64, _MIX_1_64, _MIX_2_64 = np.uint64(_STEP), np.uint64(_MIX_1), np.uint64(_MIX_2)
_27, _30, _31, _32, _LOW_32 = (np.uint64(number) for number in (27, 30, 31, 32, 0xFFFFFFFF))

_PAGE: Final = 256


class Noise:
    """One independent stream of Gaussian noise.

    Parameters
    ----------
    seed
        The seed of the whole rack.
    channel
        Name of the stream, e.g. ``"lockin/white"``; different names give independent streams.
    """

    def __init__(self, seed: int, channel: str) -> None:
        digest = hashlib.blake2b(f"{seed}/{channel}".encode(), digest_size=8).digest()
        self._key = int.from_bytes(digest, "little")
        self._page: tuple[int | None, NDArray[np.float64]] = (None, np.empty(0))  # number, values; the one used last

    def at(self, index: int) -> float:
        """Return the standard normal value of sample `index` (any integer)."""
        bits = _hash_one(self._key + index * _STEP)
        radius = math.sqrt(-2.0 * math.log(((bits >> 32) + 0.5) * 2.0**-32))
        return radius * math.cos(2.0 * math.pi * (bits & 0xFFFFFFFF) * 2.0**-32)

    def samples(self, index: ArrayLike) -> NDArray[np.float64]:
        """Return standard normal values for an integer array `index`, any shape; one value an index, always the same.

        Equal to `at` up to the last bits of log and cos.
        """
        counter = np.atleast_1d(np.asarray(index, dtype=np.int64)).astype(np.uint64)
        bits = counter * _STEP_64 + np.uint64(self._key)
        bits = (bits ^ (bits >> _30)) * _MIX_1_64
        bits = (bits ^ (bits >> _27)) * _MIX_2_64
        bits ^= bits >> _31
        radius = np.sqrt(-2.0 * np.log(((bits >> _32).astype(np.float64) + 0.5) * 2.0**-32))
        angle = (bits & _LOW_32).astype(np.float64) * (2.0 * np.pi * 2.0**-32)
        return (radius * np.cos(angle)).reshape(np.shape(index))

    def stretch(self, first: int, count: int) -> NDArray[np.float64]:
        """Return the values of `count` samples in a row, shape (count,); those computed last are kept at hand."""
        number, values = self._page
        place = first - _PAGE * number if number is not None else -1
        if not 0 <= place <= len(values) - count:
            number = first // _PAGE
            place = first - _PAGE * number
            values = self.samples(np.arange(_PAGE * number, _PAGE * (number + 1) + count))
            self._page = (number, values)
        return values[place : place + count]


class Drift:
    """Slow Gaussian noise of unit rms at every instant, smooth in time.

    Parameters
    ----------
    seed, channel
        As in `Noise`.
    longest_s, shortest_s
        Lattice spacing of the slowest and (about) the fastest octave.
    steepness
        The variance of an octave goes as its period to this power: 0 gives 1/f noise, 1 gives the 1/f^2 spectrum of
        a random walk within the octaves.
    """

    def __init__(self, seed: int, channel: str, *, longest_s: float, shortest_s: float, steepness: float = 0.0) -> None:
        octaves = 1 + max(0, round(math.log2(longest_s / shortest_s)))
        self._period_s = longest_s / 2.0 ** np.arange(octaves)
        variance = self._period_s**steepness
        self._weight = np.sqrt(variance / variance.sum())
        self._noise = Noise(seed, channel)
        # a stretch of indices of its own for every octave
        self._origin = np.arange(octaves, dtype=np.int64) << 40
        self._octaves = list(zip(self._period_s.tolist(), self._weight.tolist(), strict=True))
        # lattice values last used by `_at_one`: number of the cell, value at its start, value at its end
        self._cells: list[tuple[int | None, float, float]] = [(None, 0.0, 0.0)] * octaves

    @overload
    def at(self, time_s: float) -> float: ...
    @overload
    def at(self, time_s: NDArray[np.floating]) -> NDArray[np.float64]: ...
    def at(self, time_s: float | NDArray[np.floating]) -> float | NDArray[np.float64]:
        """Return the drift at the time or times given, shape as `time_s`."""
        if not isinstance(time_s, np.ndarray):
            return self._at_one(time_s)
        position = time_s[..., np.newaxis] / self._period_s
        lattice = np.floor(position)
        fraction = position - lattice
        index = lattice.astype(np.int64) + self._origin
        # sin^2 + cos^2 keeps the variance at one; the smooth step keeps the slope continuous
        angle = (0.5 * np.pi) * fraction * fraction * (3.0 - 2.0 * fraction)
        octaves = np.cos(angle) * self._noise.samples(index) + np.sin(angle) * self._noise.samples(index + 1)
        return octaves @ self._weight

    def _at_one(self, time_s: float) -> float:
        """Return the same for one time, up to rounding, in a tenth of the wall time."""
        total = 0.0
        for octave, (period_s, weight) in enumerate(self._octaves):
            position = time_s / period_s
            lattice = math.floor(position)
            fraction = position - lattice
            angle = 0.5 * math.pi * fraction * fraction * (3.0 - 2.0 * fraction)
            cell, before, after = self._cells[octave]
            if cell != lattice:
                index = lattice + (octave << 40)
                before, after = self._noise.at(index), self._noise.at(index + 1)
                self._cells[octave] = (lattice, before, after)
            total += weight * (math.cos(angle) * before + math.sin(angle) * after)
        return total


def _hash_one(counter: int) -> int:
    bits = counter & _MASK
    bits = ((bits ^ (bits >> 30)) * _MIX_1) & _MASK
    bits = ((bits ^ (bits >> 27)) * _MIX_2) & _MASK
    return bits ^ (bits >> 31)
