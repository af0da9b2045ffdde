"""The source and meter inside a box that sources current or voltage, without its command language.

What the models share: ranges, programming steps, the clamp, and the box's own errors. Each model says what it is made
of (`SourceKind`). Left out: the spikes of range changes, and the noise of the source as the contact sees it behind the
low-pass. Assumed: remote-sense leads sit on the voltage taps, and the clamp acts on the terminals all the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from simulators.noise import Noise
from simulators.world import World

CURRENT: Final = "CURR"
VOLTAGE: Final = "VOLT"


@dataclass(frozen=True, slots=True)
class SourceKind:
    """What a model of source is made of.

    Attributes
    ----------
    name
        Of its streams of noise; one model, one name.
    ranges, largest
        By quantity: its ranges, ascending, and the largest level on any of them.
    over_range
        Level that a range takes, as a part of it.
    resolution
        By quantity: programming step as a part of the range.
    source_offset, source_gain, meter_offset, meter_gain
        Errors of one box, one sigma; offsets as parts of the range.
    meter_noise
        One sigma of a reading at one power line cycle, as a part of the range.
    """

    name: str
    ranges: Mapping[str, tuple[float, ...]]
    largest: Mapping[str, float]
    over_range: float
    resolution: Mapping[str, float]
    source_offset: float
    source_gain: float
    meter_offset: float = 0.0
    meter_gain: float = 0.0
    meter_noise: float = 0.0

    def end_of(self, quantity: str, full_scale: float) -> float:
        """Return the largest level that a range takes."""
        return min(self.over_range * full_scale, self.largest[quantity])

    def fitting_range(self, quantity: str, value: float) -> float | None:
        """Return the most sensitive range that takes `value`, or None if there is none."""
        return next((entry for entry in self.ranges[quantity] if self.takes(quantity, entry, value)), None)

    def takes(self, quantity: str, full_scale: float, value: float) -> bool:
        """Return whether a range takes a level; rounding of the level's text is forgiven."""
        return abs(value) <= self.end_of(quantity, full_scale) * (1.0 + 1e-9)

    def rounded(self, quantity: str, full_scale: float, value: float) -> float:
        """Return the level in whole programming steps of a range."""
        step = self.resolution[quantity] * full_scale
        return step * round(value / step)


@dataclass
class SourceSettings:
    """What source and meter are set to; the defaults are those of a Keithley 2400 after ``*RST``."""

    function: str = VOLTAGE
    level: dict[str, float] = field(default_factory=lambda: {CURRENT: 0.0, VOLTAGE: 0.0})
    source_range: dict[str, float] = field(default_factory=lambda: {CURRENT: 1e-4, VOLTAGE: 20.0})
    is_source_auto: dict[str, bool] = field(default_factory=lambda: {CURRENT: True, VOLTAGE: True})
    protection: dict[str, float] = field(default_factory=lambda: {CURRENT: 1.05e-4, VOLTAGE: 21.0})
    sense_range: dict[str, float] = field(default_factory=lambda: {CURRENT: 1e-4, VOLTAGE: 20.0})
    is_sense_auto: dict[str, bool] = field(default_factory=lambda: {CURRENT: True, VOLTAGE: True})
    nplc: float = 1.0
    is_on: bool = False
    is_four_wire: bool = False

    @property
    def other(self) -> str:
        """Return the quantity that is measured and limited, not sourced."""
        return VOLTAGE if self.function == CURRENT else CURRENT


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement of the source's own output."""

    current_A: float
    voltage_V: float
    is_in_compliance: bool
    is_range_compliance: bool


class SourceUnit:
    """Source and meter of one box on the DC arm.

    Parameters
    ----------
    world
        What its terminals are connected to.
    seed
        Draws offsets, gain errors and noise.
    kind
        What the model is made of.
    """

    def __init__(self, world: World, seed: int, kind: SourceKind) -> None:
        self._world = world
        self._seed = seed
        self.kind = kind
        self._drawn: dict[str, float] = {}
        self._noise = {quantity: Noise(seed, f"{kind.name}/{quantity}") for quantity in kind.ranges}

    def apply(self, settings: SourceSettings, time_s: float) -> None:
        """Send out what the settings say from now on."""
        self._world.set_source_current(time_s, self._output_A(settings, time_s)[0])

    def is_clamped(self, settings: SourceSettings, time_s: float) -> bool:
        """Return whether the limit, not the level, decides the output."""
        return self._output_A(settings, time_s)[1]

    def limit(self, settings: SourceSettings) -> float:
        """Return the clamp on the quantity that is not sourced: compliance, or the fixed meter range if smaller."""
        other = settings.other
        limit = settings.protection[other]
        if settings.is_sense_auto[other]:
            return limit
        return min(limit, self.kind.end_of(other, settings.sense_range[other]))

    def measure(self, settings: SourceSettings, time_s: float) -> Measurement:
        """Return what the meter reads at an instant (the middle of its integration)."""
        world = self._world
        _, is_clamped = self._output_A(settings, time_s)
        steady_A = world.wiring.source_A.at(time_s)
        if settings.is_four_wire:
            voltage_V = world.voltmeter_V(time_s)
        else:
            voltage_V = world.wiring.terminal_V(steady_A, world.dc_curve(time_s))
        is_range_limit = is_clamped and self.limit(settings) < settings.protection[settings.other]
        return Measurement(
            current_A=self._metered(settings, CURRENT, steady_A, time_s),
            voltage_V=self._metered(settings, VOLTAGE, voltage_V, time_s),
            is_in_compliance=is_clamped and not is_range_limit,
            is_range_compliance=is_range_limit,
        )

    def _output_A(self, settings: SourceSettings, time_s: float) -> tuple[float, bool]:
        """Return the current that flows in the end, and whether it is the clamped one."""
        if not settings.is_on:
            return 0.0, False
        wiring, limit = self._world.wiring, self.limit(settings)
        level = self._true_level(settings)
        is_intact = not self._world.is_open
        if settings.function == CURRENT and is_intact and wiring.is_surely_below(level, limit):
            return level, False
        curve = self._world.dc_curve(time_s)
        if settings.function == CURRENT:
            if abs(wiring.terminal_V(level, curve)) <= limit:
                return level, False
            return wiring.current_for_terminal_A(math.copysign(limit, level), curve), True
        current_A = wiring.current_for_terminal_A(level, curve)
        if abs(current_A) <= limit:
            return current_A, False
        return math.copysign(limit, level), True

    def _true_level(self, settings: SourceSettings) -> float:
        quantity, kind = settings.function, self.kind
        full_scale = settings.source_range[quantity]
        gain = 1.0 + kind.source_gain * self._draw("source gain", quantity, full_scale)
        offset = kind.source_offset * full_scale * self._draw("offset", quantity, full_scale)
        return gain * settings.level[quantity] + offset

    def _metered(self, settings: SourceSettings, quantity: str, true_value: float, time_s: float) -> float:
        kind = self.kind
        full_scale = settings.sense_range[quantity]
        if quantity == settings.function:
            full_scale = settings.source_range[quantity]
        elif settings.is_sense_auto[quantity]:
            full_scale = kind.fitting_range(quantity, true_value) or kind.ranges[quantity][-1]
        gain = 1.0 + kind.meter_gain * self._draw("meter gain", quantity, full_scale)
        noise = kind.meter_noise / math.sqrt(settings.nplc) * self._noise[quantity].at(round(time_s * 1e6))
        offset = kind.meter_offset * self._draw("meter offset", quantity, full_scale)
        return gain * true_value + full_scale * (offset + noise)

    def _draw(self, what: str, quantity: str, full_scale: float) -> float:
        """Return this box's own error of a range in standard deviations, at most 2.5."""
        name = f"{what}/{quantity}/{full_scale:g}"
        if name not in self._drawn:
            self._drawn[name] = min(max(Noise(self._seed, f"{self.kind.name}/{name}").at(0), -2.5), 2.5)
        return self._drawn[name]
