"""The helium bath of a magnet: a level that falls by itself, faster while the field moves, and at once in a quench.

A bath of 60 l (class-typical). It loses 0.35 l/h at rest and with vapour-cooled leads half as much again at 80 A
(assumed); a sweep boils off 0.25 l a tesla (hysteresis and eddy currents; assumed), a quench its stored energy over the
latent heat, 2.56 kJ a litre of liquid. The level is a function of the field's history alone, whoever asks how often.
"""

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulators.cryogenics.magnet import COIL_T_PER_A, INDUCTANCE_H

VOLUME_L: Final = 60.0
FULL: Final = 0.9
"""Level after a transfer."""

LOW: Final = 0.05
"""Level below the windings."""

REST_L_PER_H: Final = 0.35
LEADS_L_PER_H_PER_T: Final = 0.5 * REST_L_PER_H / (80.0 * COIL_T_PER_A)
SWEEP_L_PER_T: Final = 0.25
LATENT_J_PER_L: Final = 2.56e3

_QUENCH_T_PER_S: Final = 1.0
"""No supply ramps as fast: a field that does is quenching."""

_MEMORY_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time from which on the level falls evenly."""

    start_s: float
    level: float
    fall_per_s: float

    def at(self, time_s: float) -> float:
        return max(0.0, self.level - self.fall_per_s * max(0.0, time_s - self.start_s))


class HeliumBath:
    """The bath; inputs are set at an explicit experiment time, never earlier than the last.

    Parameters
    ----------
    start_s
        When the world begins, or goes on: the bath was filled at time zero.
    field_T
        Field at the start.
    """

    def __init__(self, start_s: float = 0.0, field_T: float = 0.0) -> None:
        level = max(0.0, FULL - _rest_per_s(field_T) * start_s)
        self._stretches = [_Stretch(start_s, level, _rest_per_s(field_T))]
        self._starts_s = [start_s]
        self._field_T = field_T

    def level(self, time_s: float) -> float:
        """Return the level, 0 to 1, for any time from ten minutes before the last input on."""
        return self._stretches[max(0, bisect.bisect_right(self._starts_s, time_s) - 1)].at(time_s)

    def feel_field(self, time_s: float, bends: Sequence[tuple[float, float]]) -> None:
        """Take the field to come; to be handed to `simulators.cryogenics.magnet.MagnetCoil.watch_field`.

        Parameters
        ----------
        time_s
            Now.
        bends
            Pairs of time in s and field in T, times ascending; the field is straight in between and rests at the end.
        """
        level, coming = self.level(time_s), []
        for (from_s, from_T), (to_s, to_T) in itertools.pairwise(bends):
            coming.append(_Stretch(from_s, level, _fall_per_s(from_T, to_T, to_s - from_s)))
            level = coming[-1].at(to_s)
        end_s, self._field_T = bends[-1]
        self._append(time_s, [*coming, _Stretch(end_s, level, _rest_per_s(self._field_T))])

    def set_low(self, time_s: float, is_low: bool) -> None:
        """Let the level fall below the windings (a fault), or fill the bath up."""
        self._append(time_s, [_Stretch(time_s, LOW if is_low else FULL, _rest_per_s(self._field_T))])

    def _append(self, time_s: float, coming: list[_Stretch]) -> None:
        """Replace what was to come, and forget what is long over."""
        oldest = max(0, bisect.bisect_right(self._starts_s, time_s - _MEMORY_S) - 1)
        self._stretches = [*self._stretches[oldest : bisect.bisect_left(self._starts_s, time_s)], *coming]
        self._starts_s = [one.start_s for one in self._stretches]


def _rest_per_s(field_T: float) -> float:
    """Return by how much the level falls at rest: the bath itself and the current in the leads."""
    return (REST_L_PER_H + LEADS_L_PER_H_PER_T * abs(field_T)) / VOLUME_L / 3600.0


def _fall_per_s(from_T: float, to_T: float, for_s: float) -> float:
    """Return by how much the level falls while the field goes from one value to another."""
    change_T = abs(to_T - from_T)
    if change_T > _QUENCH_T_PER_S * for_s:
        stored_J = 0.5 * INDUCTANCE_H * (from_T / COIL_T_PER_A) ** 2
        return stored_J / LATENT_J_PER_L / VOLUME_L / for_s
    return _rest_per_s(0.5 * (from_T + to_T)) + SWEEP_L_PER_T * change_T / VOLUME_L / for_s
