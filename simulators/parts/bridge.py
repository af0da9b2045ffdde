"""The measuring half of the Lake Shore 372: resistance bridge and scanner in front of four thermometers.

One channel is measured at a time, ten readings a second; the others keep their last reading. A channel that has just
been chosen gives new readings after its pause. Noise of a reading is white in the ohmic value, inversely proportional
to the excitation, and averaged by the channel's filter (class-typical numbers).
"""

import math
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache
from typing import Final

from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.thermometer import Thermometer, resistance_ohm, temperature_K
from simulators.noise import Noise

CHANNELS: Final = range(1, 17)
CONTROL_CHANNEL: Final = 1

_STAGES: Final = {1: "sample", 2: "mixing chamber", 3: "still", 4: "bath"}
_READINGS_PER_S: Final = 10
_NOISE: Final = 1.5e-3  # relative rms of one unfiltered reading at this excitation:
_NOISE_EXCITATION_V: Final = 63.2e-6
_NOISE_CAP: Final = 0.3
_CURVE_LIMITS_K: Final = (0.008, 40.0)


class ReadingStatus(IntFlag):
    """Bits of ``RDGST?``."""

    OK = 0
    CURRENT_SOURCE_OVERLOAD = 1
    RESISTANCE_OVER = 16
    TEMPERATURE_OVER = 64
    TEMPERATURE_UNDER = 128


@dataclass(slots=True)
class Channel:
    """Settings of one scanner channel and, while the scanner is elsewhere, its last reading."""

    name: str
    is_enabled: bool
    dwell_s: int = 100
    pause_s: int = 3
    curve: int = 21
    coefficient: int = 1
    is_current_mode: bool = False
    excitation: int = 4
    is_autoranging: bool = True
    range_index: int = 15
    is_shunted: bool = False
    units: int = 1
    is_filtered: bool = True
    filter_s: int = 5
    filter_window: int = 10
    limit_K: float = 0.0
    held_ohm: float = 0.0

    @property
    def range_ohm(self) -> float:
        """Return the full scale: 2 mohm to 63.2 Mohm, half a decade a step."""
        return 2e-3 * 10.0 ** (0.5 * (self.range_index - 1))

    def excitation_V(self, sensor_ohm: float) -> float:
        """Return the rms voltage across a sensor: 2 uV to 632 mV, or 1 pA to 31.6 mA, half a decade a step."""
        if self.is_shunted:
            return 0.0
        steps = 10.0 ** (0.5 * (self.excitation - 1))
        return 1e-12 * steps * sensor_ohm if self.is_current_mode else 2e-6 * steps


class Bridge:
    """Four thermometers, sixteen channels, one scanner.

    Parameters
    ----------
    cryostat
        The refrigerator whose stages the thermometers sit on.
    seed
        Seed of calibration errors and noise.
    shift_per_T
        How much the sample's thermometer reads too low in a field, as a fraction of T a tesla.
    """

    def __init__(self, cryostat: Cryostat, seed: int, shift_per_T: float = 0.0) -> None:
        self._cryostat = cryostat
        self._sensors = {
            n: Thermometer.draw(seed, stage, shift_per_T if n == CONTROL_CHANNEL else 0.0)
            for n, stage in _STAGES.items()
        }
        self._raw_noise = {n: Noise(seed, f"bridge/{stage}/raw").at for n, stage in _STAGES.items()}
        self._second_noise = {
            n: lru_cache(maxsize=256)(Noise(seed, f"bridge/{stage}/second").at) for n, stage in _STAGES.items()
        }
        self.channels = {n: Channel(_STAGES.get(n, f"Channel {n}"), n == CONTROL_CHANNEL) for n in CHANNELS}
        self.broken: set[int] = set()
        self.is_autoscanning = False
        self._first = CONTROL_CHANNEL
        self._since_s = -math.inf
        # by channel the reading that was finished last, and what it was taken with
        self._finished: dict[int, tuple[tuple[int, bool, int, int, bool], float]] = {}
        for n in _STAGES:
            self.channels[n].held_ohm = self._measure_ohm(0.0, n)

    def select(self, time_s: float, channel: int, is_autoscanning: bool) -> None:
        """Send the scanner to `channel`, to stay there or to go round the enabled channels from there."""
        for n in _STAGES:
            self.channels[n].held_ohm = self.resistance_ohm(time_s, n)
        self._first, self.is_autoscanning, self._since_s = channel, is_autoscanning, time_s

    def scanned(self, time_s: float) -> int:
        """Return the channel the scanner is on."""
        if not self.is_autoscanning:
            return self._first
        phase_s = (time_s - self._since_s) % self._round_s()
        slots = self._slots()
        return next((n for n, _, end_s in slots if phase_s < end_s), slots[-1][0])

    def resistance_ohm(self, time_s: float, channel: int) -> float:
        """Return the latest reading in ohm; zero on a channel without sensor, or with a broken one."""
        if channel not in _STAGES or channel in self.broken:
            return 0.0
        seen_s = self._last_seen_s(time_s, channel)
        return self.channels[channel].held_ohm if seen_s is None else self._measure_ohm(seen_s, channel)

    def temperature_K(self, time_s: float, channel: int) -> float:
        """Return the latest reading by the nominal curve; zero without curve or sensor."""
        ohm = self.resistance_ohm(time_s, channel)
        return temperature_K(ohm) if ohm > 0.0 and self.channels[channel].curve else 0.0

    def power_W(self, time_s: float, channel: int) -> float:
        """Return the excitation power in the sensor."""
        ohm = self.resistance_ohm(time_s, channel)
        return self.channels[channel].excitation_V(ohm) ** 2 / ohm if ohm > 0.0 else 0.0

    def status(self, time_s: float, channel: int) -> ReadingStatus:
        """Return what the box says of the latest reading."""
        settings = self.channels[channel]
        ohm = self.resistance_ohm(time_s, channel)
        if not ohm > 0.0:
            return ReadingStatus.OK if settings.is_shunted else ReadingStatus.CURRENT_SOURCE_OVERLOAD
        status = ReadingStatus.OK
        if not settings.is_autoranging and ohm > settings.range_ohm:
            status |= ReadingStatus.RESISTANCE_OVER
        lowest_K, highest_K = _CURVE_LIMITS_K
        if temperature_K(ohm) > highest_K:
            status |= ReadingStatus.TEMPERATURE_OVER
        if temperature_K(ohm) < lowest_K:
            status |= ReadingStatus.TEMPERATURE_UNDER
        return status

    def control_reading_K(self, true_K: float, field_T: float = 0.0) -> float:
        """Return what the control channel makes of a true temperature, without noise: what the loop sees."""
        voltage_V = self.channels[CONTROL_CHANNEL].excitation_V(resistance_ohm(true_K))
        return self._sensors[CONTROL_CHANNEL].reported_K(true_K, voltage_V, field_T)

    def _measure_ohm(self, time_s: float, channel: int) -> float:
        """Return the reading that was finished last, ten a second, or one a second from the filter's running mean."""
        settings = self.channels[channel]
        if settings.is_shunted:
            return 0.0
        index = math.floor(time_s) if settings.is_filtered else math.floor(time_s * _READINGS_PER_S)
        finished = (index, settings.is_filtered, settings.filter_s, settings.excitation, settings.is_current_mode)
        before, ohm = self._finished.get(channel, (None, 0.0))
        if finished != before:
            ohm = self._finish_ohm(index, channel)
            self._finished[channel] = (finished, ohm)
        return ohm

    def _finish_ohm(self, index: int, channel: int) -> float:
        """Return the reading by its number: of a tenth of a second, or of a second with the filter on."""
        settings = self.channels[channel]
        if settings.is_filtered:
            error = sum(map(self._second_noise[channel], range(index - settings.filter_s + 1, index + 1)))
            error /= settings.filter_s * math.sqrt(_READINGS_PER_S)
            # a running mean shows the temperature of its middle
            taken_s = max(0.0, index - 0.5 * settings.filter_s)
        else:
            error, taken_s = self._raw_noise[channel](index), index / _READINGS_PER_S
        true_K = self._stage_K(taken_s, channel)
        voltage_V = settings.excitation_V(resistance_ohm(true_K))
        relative = min(_NOISE_CAP, _NOISE * _NOISE_EXCITATION_V / voltage_V)
        field_T = self._cryostat.field_T(taken_s) if channel == CONTROL_CHANNEL else 0.0
        reported_K = self._sensors[channel].reported_K(true_K, voltage_V, field_T)
        return resistance_ohm(reported_K) * (1.0 + relative * error)

    def _stage_K(self, time_s: float, channel: int) -> float:
        if channel == CONTROL_CHANNEL:
            return self._cryostat.sample_temperature_K(time_s)
        stages = self._cryostat.stage_temperatures_K(time_s)
        return {2: stages.mixing_chamber_K, 3: stages.still_K, 4: stages.bath_K}[channel]

    def _slots(self) -> list[tuple[int, float, float]]:
        """Return (channel, start of its readings, end of them) on one round, in s from the round's start."""
        enabled = [n for n, settings in self.channels.items() if settings.is_enabled] or [CONTROL_CHANNEL]
        behind = [n for n in enabled if n < self._first]
        slots, start_s = [], 0.0
        for n in enabled[len(behind) :] + behind:
            reads_s = start_s + self.channels[n].pause_s
            start_s = reads_s + self.channels[n].dwell_s
            slots.append((n, reads_s, start_s))
        return slots

    def _round_s(self) -> float:
        return self._slots()[-1][2]

    def _last_seen_s(self, time_s: float, channel: int) -> float | None:
        """Return when the channel was last measured; None if not since the scanner was last sent somewhere."""
        if not self.is_autoscanning:
            is_live = channel == self._first and time_s >= self._since_s + self.channels[channel].pause_s
            return time_s if is_live else None
        round_s = self._round_s()
        phase_s = (time_s - self._since_s) % round_s
        for n, reads_s, end_s in self._slots():
            if n == channel:
                back_s = phase_s - min(phase_s, end_s) if phase_s >= reads_s else phase_s + round_s - end_s
                seen_s = time_s - back_s
                return seen_s if seen_s >= self._since_s + reads_s else None
        return None
