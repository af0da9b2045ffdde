"""The source and meter inside a Keithley 2400, without its command language: ranges, clamp, offsets and noise.

Ranges, resolution and the clamp after the 2400 user's manual (sections 6 and 9); offsets and noise class-typical within
the specifications (1 mA range: source offset up to 200 nA, 5 nA peak to peak from 0.1 to 10 Hz, 50 nA resolution).
Left out: the spikes of range changes, and the noise of the source as the contact sees it behind the low-pass.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from simulators.noise import Noise
from simulators.world import World

CURRENT: Final = "CURR"
VOLTAGE: Final = "VOLT"

RANGES: Final[dict[str, tuple[float, ...]]] = {
    CURRENT: (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
    VOLTAGE: (0.2, 2.0, 20.0, 200.0),
}
OVERRANGE: Final = 1.05
RESOLUTION: Final = {CURRENT: 5e-5, VOLTAGE: 2.5e-5}
"""Programming resolution as a part of the range."""

_SOURCE_OFFSET: Final = 7e-5  # 1 sigma, of range
_SOURCE_GAIN: Final = 1.5e-4  # 1 sigma
_METER_OFFSET: Final = 2e-5  # 1 sigma, of range
_METER_GAIN: Final = 1e-4  # 1 sigma
_METER_NOISE: Final = 1e-6  # 1 sigma, of range, at one power line cycle


@dataclass
class SourceSettings:
    """What source and meter are set to; the defaults are those of ``*RST``."""

    function: str = VOLTAGE
    level: dict[str, float] = field(default_factory=lambda: {CURRENT: 0.0, VOLTAGE: 0.0})
    source_range: dict[str, float] = field(default_factory=lambda: {CURRENT: 1e-4, VOLTAGE: 20.0})
    is_source_auto: dict[str, bool] = field(default_factory=lambda: {CURRENT: True, VOLTAGE: True})
    protection: dict[str, float] = field(default_factory=lambda: {CURRENT: 1.05e-4, VOLTAGE: 21.0})
    sense_range: dict[str, float] = field(default_factory=lambda: {CURRENT: 1e-4, VOLTAGE: 20.0})
    is_sense_auto: dict[str, bool] = field(default_factory=lambda: {CURRENT: True, VOLTAGE: True})
    nplc: float = 1.0
    is_on: bool = False

    @property
    def other(self) -> str:
        """Return the quantity that is measured and limited, not sourced."""
        return VOLTAGE if self.function == CURRENT else CURRENT

    @property
    def limit(self) -> float:
        """Return the clamp on the quantity that is not sourced: compliance, or the fixed meter range if smaller."""
        limit = self.protection[self.other]
        return limit if self.is_sense_auto[self.other] else min(limit, OVERRANGE * self.sense_range[self.other])


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement of the source's own output."""

    current_A: float
    voltage_V: float
    is_in_compliance: bool
    is_range_compliance: bool


def fitting_range(quantity: str, value: float) -> float | None:
    """Return the most sensitive range that takes `value` with 5 % to spare, or None if there is none."""
    return next((limit for limit in RANGES[quantity] if abs(value) <= OVERRANGE * limit * (1.0 + 1e-9)), None)


class SourceAndMeter:
    """Source and meter of one box on the DC arm.

    Parameters
    ----------
    world
        What its terminals are connected to.
    seed
        Draws offsets, gain errors and noise.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed
        self._drawn: dict[str, float] = {}
        self._noise = {quantity: Noise(seed, f"keithley2400/{quantity}") for quantity in RANGES}

    def apply(self, settings: SourceSettings, time_s: float) -> None:
        """Send out what the settings say from now on."""
        self._world.set_source_current(time_s, self._output_A(settings, time_s)[0])

    def is_clamped(self, settings: SourceSettings, time_s: float) -> bool:
        """Return whether the limit, not the level, decides the output."""
        return self._output_A(settings, time_s)[1]

    def measure(self, settings: SourceSettings, time_s: float) -> Measurement:
        """Return what the meter reads at an instant (the middle of its integration)."""
        world = self._world
        _, is_clamped = self._output_A(settings, time_s)
        steady_A = world.wiring.source_A.at(time_s)
        voltage_V = world.wiring.terminal_V(steady_A, world.dc_curve(time_s))
        is_range_limit = is_clamped and settings.limit < settings.protection[settings.other]
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
        wiring = self._world.wiring
        level = self._true_level(settings)
        if settings.function == CURRENT and wiring.is_surely_below(level, settings.limit):
            return level, False
        curve = self._world.dc_curve(time_s)
        if settings.function == CURRENT:
            if abs(wiring.terminal_V(level, curve)) <= settings.limit:
                return level, False
            return wiring.current_for_terminal_A(math.copysign(settings.limit, level), curve), True
        current_A = wiring.current_for_terminal_A(level, curve)
        if abs(current_A) <= settings.limit:
            return current_A, False
        return math.copysign(settings.limit, level), True

    def _true_level(self, settings: SourceSettings) -> float:
        quantity = settings.function
        full_scale = settings.source_range[quantity]
        gain = 1.0 + _SOURCE_GAIN * self._draw("source gain", quantity, full_scale)
        return gain * settings.level[quantity] + _SOURCE_OFFSET * full_scale * self._draw(
            "offset", quantity, full_scale
        )

    def _metered(self, settings: SourceSettings, quantity: str, true_value: float, time_s: float) -> float:
        full_scale = settings.sense_range[quantity]
        if quantity == settings.function:
            full_scale = settings.source_range[quantity]
        elif settings.is_sense_auto[quantity]:
            full_scale = fitting_range(quantity, true_value) or RANGES[quantity][-1]
        gain = 1.0 + _METER_GAIN * self._draw("meter gain", quantity, full_scale)
        noise = _METER_NOISE / math.sqrt(settings.nplc) * self._noise[quantity].at(round(time_s * 1e6))
        offset = _METER_OFFSET * self._draw("meter offset", quantity, full_scale)
        return gain * true_value + full_scale * (offset + noise)

    def _draw(self, what: str, quantity: str, full_scale: float) -> float:
        """Return this box's own error of a range in standard deviations, at most 2.5."""
        name = f"{what}/{quantity}/{full_scale:g}"
        if name not in self._drawn:
            self._drawn[name] = min(max(Noise(self._seed, f"keithley2400/{name}").at(0), -2.5), 2.5)
        return self._drawn[name]
