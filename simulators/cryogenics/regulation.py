"""Refrigerator and temperature controller as one system of four equations, for the look-ahead integrator.

States: ln T of the cold end (mixing chamber, pot, heat exchanger) and of the sample stage, share of the liquid,
integral term as a fraction of full current. Which refrigerator it is, is a matter of the `Insert` handed in.

The loop is ``output = P (e + 1/I int e dt + D de/dt)`` (Lake Shore 370 manual 2.10.2, 372 manual 2.11.2), output in per
cent of the heater range's full current, e in kelvin (unit of e assumed). The integral stops where the output is at a
limit (assumed).
"""

import bisect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple, Protocol

from simulators.cryogenics import refrigerator

HEATER_OHM: Final = 100.0
HEATER_RANGES_A: Final = (0.0, 31.6e-6, 100e-6, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 100e-3)
"""Full current of the sample heater ranges 0 to 8 (Lake Shore 372 manual 4.6.1)."""

_SATURATION: Final = 0.005
_WINDUP_S: Final = 10.0
_LOG_LIMIT: Final = 12.0


class Insert(Protocol):
    """A refrigerator as pure functions, filled by the modules `refrigerator`, `helium3_insert` and `helium4_insert`.

    ``BATH_K`` is the temperature of the bath around it.
    """

    BATH_K: Final[float]

    def mixture_share(self, temperature_K: float, /) -> float:
        """Return the share of the cooling liquid that there is in equilibrium at this temperature of the cold end."""
        ...

    def hold_slope_W_per_K(self, sample_K: float, share: float, /) -> float:
        """Return how much more heat on the sample stage makes it one kelvin warmer once all is at rest."""
        ...

    def heat_capacity_J_per_K(self, temperature_K: float, share: float, /) -> float:
        """Return the heat capacity of the cold end."""
        ...

    def rates(
        self, cold_end_K: float, sample_K: float, share: float, heater_W: float, sample_W: float, cooling: float, /
    ) -> tuple[float, float, float]:
        """Return d(ln T)/dt of cold end and sample stage, and the rate of the share, in 1/s."""
        ...

    def still_temperature_K(self, cold_end_K: float, share: float, still_heater_W: float, /) -> float:
        """Return the temperature of the stage above the cold end: a still, a 1 K plate."""
        ...


class HeaterMode(Enum):
    """What drives the sample heater."""

    OFF = auto()
    OPEN_LOOP = auto()
    CLOSED_LOOP = auto()


@dataclass(frozen=True, slots=True)
class Setpoint:
    """A setpoint on its way from one value to another; at infinite rate it is there at once."""

    start_s: float
    start_K: float
    target_K: float
    rate_K_per_s: float = math.inf

    @property
    def end_s(self) -> float:
        """Return when it arrives."""
        return self.start_s + abs(self.target_K - self.start_K) / self.rate_K_per_s

    def at(self, time_s: float) -> float:
        """Return where it is at an instant."""
        if time_s >= self.end_s:
            return self.target_K
        return self.start_K + math.copysign(self.rate_K_per_s * (time_s - self.start_s), self.target_K - self.start_K)


class HeatPlan(NamedTuple):
    """Heat as steps in time: from each start on the power beside it holds; nothing before the first."""

    starts_s: tuple[float, ...] = ()
    powers_W: tuple[float, ...] = ()

    def at(self, time_s: float) -> float:
        """Return the heat at an instant."""
        place = bisect.bisect_right(self.starts_s, time_s) - 1
        return self.powers_W[place] if place >= 0 else 0.0


NO_HEAT: Final = HeatPlan()


class FieldPlan(NamedTuple):
    """A field as straight lines between the times given, at rest before the first and after the last."""

    times_s: tuple[float, ...] = (0.0,)
    fields_T: tuple[float, ...] = (0.0,)

    def at(self, time_s: float) -> float:
        """Return the field at an instant."""
        place = bisect.bisect_right(self.times_s, time_s)
        if place in (0, len(self.times_s)):
            return self.fields_T[min(place, len(self.times_s) - 1)]
        start_s, end_s = self.times_s[place - 1 : place + 1]
        start_T, end_T = self.fields_T[place - 1 : place + 1]
        return start_T + (end_T - start_T) * (time_s - start_s) / (end_s - start_s)


NO_FIELD: Final = FieldPlan()


def _as_it_is(true_K: float, _: float) -> float:
    """Report a temperature without error."""
    return true_K


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that is set from outside.

    Parameters
    ----------
    setpoint, ramp_K_per_s
        Where the loop is to go, and how fast later setpoints will move.
    reported_K
        What the control thermometer makes of a true temperature (K) in a field (T).
    p, i_s, d_s
        Gain in per cent per kelvin, integral time (0 is off) and derivative time.
    range_W, mode, manual, is_heater_open
        Power at full current of the heater range (0 is off), what drives it, manual output as a fraction of full
        current, and a broken wire.
    sample_heat
        Heat on the sample stage.
    field
        Field at the control thermometer.
    still_heater_W, cooling, gas_flow
        Power in the still; 1 for a circulation in order, 0 for one at rest; needle valve, 1 as it is usually set.
    """

    setpoint: Setpoint
    ramp_K_per_s: float = math.inf
    reported_K: Callable[[float, float], float] = _as_it_is
    p: float = 10.0
    i_s: float = 20.0
    d_s: float = 0.0
    range_W: float = 0.0
    mode: HeaterMode = HeaterMode.CLOSED_LOOP
    manual: float = 0.0
    is_heater_open: bool = False
    sample_heat: HeatPlan = NO_HEAT
    field: FieldPlan = NO_FIELD
    still_heater_W: float = 8e-3
    cooling: float = 1.0
    gas_flow: float = 1.0

    @property
    def full_power_W(self) -> float:
        """Return the heater's power at full current."""
        return 0.0 if self.is_heater_open else self.range_W

    def error_K(self, time_s: float, sample_K: float) -> float:
        """Return the setpoint minus what the control thermometer reports."""
        return self.setpoint.at(time_s) - self.reported_K(sample_K, self.field.at(time_s))


class RegulatedRefrigerator:
    """The system (fills `simulators.cryogenics.integrator.System`).

    Parameters
    ----------
    inputs
        What is in force; replaced as a whole when something changes.
    insert
        Which refrigerator it is.
    """

    def __init__(self, inputs: Inputs, insert: Insert = refrigerator) -> None:
        self.inputs = inputs
        self.insert = insert

    def derivative(self, time_s: float, state: Sequence[float]) -> tuple[float, float, float, float]:
        """Return the derivatives of the four states, 1/s."""
        chamber, sample, share, integral = state
        inputs = self.inputs
        chamber_K, sample_K = _exp(chamber), _exp(sample)
        heat_W = inputs.sample_heat.at(time_s)
        # the sample stage feels the heater through the link only, so its rate is at hand before the output is
        chamber_cooling, sample_rate, share_rate = self.insert.rates(
            chamber_K, sample_K, share, 0.0, heat_W, inputs.cooling * inputs.gas_flow
        )
        error_K = inputs.error_K(time_s, sample_K)
        demand = self._demand(error_K, sample_rate * sample_K, integral)
        heater_W = inputs.full_power_W * _saturate(demand) ** 2
        heating = heater_W / (self.insert.heat_capacity_J_per_K(chamber_K, share) * chamber_K)
        return chamber_cooling + heating, sample_rate, share_rate, self._integral_rate(error_K, integral, demand)

    def output(self, time_s: float, state: Sequence[float]) -> float:
        """Return the heater current as a fraction of the range's full current."""
        chamber, sample, share, integral = state
        inputs = self.inputs
        sample_K = math.exp(sample)
        heat_W = inputs.sample_heat.at(time_s)
        cooling = inputs.cooling * inputs.gas_flow
        _, sample_rate, _ = self.insert.rates(math.exp(chamber), sample_K, share, 0.0, heat_W, cooling)
        return _saturate(self._demand(inputs.error_K(time_s, sample_K), sample_rate * sample_K, integral))

    def next_break_s(self, time_s: float) -> float:
        """Return when next a heat steps, the setpoint arrives, or the field bends."""
        coming = (*self.inputs.sample_heat.starts_s, self.inputs.setpoint.end_s, *self.inputs.field.times_s)
        return min((moment for moment in coming if moment > time_s), default=math.inf)

    def is_driven(self, time_s: float) -> bool:
        """Return whether the setpoint or the field is on its way."""
        return time_s < self.inputs.setpoint.end_s or time_s < self.inputs.field.times_s[-1]

    def _demand(self, error_K: float, sample_K_per_s: float, integral: float) -> float:
        """Return the output that is asked for, as a fraction of full current, before it is clamped."""
        inputs = self.inputs
        if inputs.mode is HeaterMode.OFF or not inputs.range_W:
            return -math.inf
        if inputs.mode is HeaterMode.OPEN_LOOP:
            return inputs.manual or -math.inf  # a manual output of nothing is exactly that
        return 0.01 * inputs.p * (error_K - inputs.d_s * sample_K_per_s) + integral + inputs.manual

    def _integral_rate(self, error_K: float, integral: float, demand: float) -> float:
        """Return the rate of the integral term; outside 0 to 1, or while the loop is open, it is drawn back."""
        inputs = self.inputs
        if inputs.mode is not HeaterMode.CLOSED_LOOP or not inputs.range_W:
            return -integral / _WINDUP_S
        back = (min(max(integral, 0.0), 1.0) - integral) / _WINDUP_S
        return back + (_slope_of_saturation(demand) * 0.01 * inputs.p * error_K / inputs.i_s if inputs.i_s else 0.0)


def _saturate(demand: float) -> float:
    """Clamp a demand to 0 ... 1 with rounded corners, so that the integrator sees no kink."""
    return _SATURATION * (_softplus(demand / _SATURATION) - _softplus((demand - 1.0) / _SATURATION))


def _slope_of_saturation(demand: float) -> float:
    """Return the slope of `_saturate`: one inside the range, zero where the output is at a limit."""
    return _logistic(demand / _SATURATION) - _logistic((demand - 1.0) / _SATURATION)


def _softplus(x: float) -> float:
    return x if x > 40.0 else math.log1p(math.exp(max(x, -700.0)))


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(min(x, 700.0), -700.0)))


def _exp(log_K: float) -> float:
    """Return the temperature of a logarithm, kept finite for the trial steps of the integrator."""
    return math.exp(max(-_LOG_LIMIT, min(_LOG_LIMIT, log_K)))
