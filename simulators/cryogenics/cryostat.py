"""The cryostat as boxes and sample see it: inputs at stated times, temperatures for any time.

Behind it stand the thermal model (`refrigerator`), the controller loop (`regulation`) and the `integrator`, which looks
ahead. Only changes of an input cut its dense output. Changes of the outside heat too small to be seen (below 3e-4 of
the temperature, once all is at rest) wait until they add up; what waits depends on the inputs alone.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from simulators.cryogenics import refrigerator
from simulators.cryogenics.integrator import LookAhead
from simulators.cryogenics.regulation import (
    HEATER_OHM,
    HEATER_RANGES_A,
    FieldPlan,
    HeaterMode,
    HeatPlan,
    Inputs,
    Insert,
    RegulatedRefrigerator,
    Setpoint,
)
from simulators.noise import Noise

FLUCTUATION: Final = 3e-4
"""Relative rms fluctuation of the cold sample stage on top of what the loop leaves (class-typical)."""

LARGEST_FLUCTUATION_K: Final = 3e-4
"""The same in kelvin where the stage is warm: some 30 uK at 0.1 K, 0.3 mK at 5 K (class-typical)."""

_FLUCTUATION_PERIODS_S: Final = (5.0, 20.0)
_MEMORY_S: Final = 600.0
_LONGEST_STEP_S: Final = 600.0
_TOLERANCE: Final = (5e-5, 5e-5, 5e-4, 2e-4)
_UNSEEN: Final = 3e-4
EDDY_W_PER_T2_S2: Final = 0.036
"""Heat of a ramp on the sample stage: 0.1 uW at 0.1 T/min (class-typical)."""


class StageTemperatures(NamedTuple):
    """Temperatures along the refrigerator, in K.

    The cold end is called mixing chamber whatever the insert: a 3He pot, the heat exchanger of a flow cryostat; the
    still likewise is the stage above it.
    """

    bath_K: float
    still_K: float
    mixing_chamber_K: float
    sample_K: float


class Cryostat:
    """A refrigerator with sample heater, controller loop and outside heat.

    Inputs are set at an explicit experiment time, never earlier than the last input (`ValueError` otherwise). Outputs
    may be asked for any time from ten minutes before the last input on; asking has no effect on later answers.

    Parameters
    ----------
    seed
        Seed of the sample stage's fluctuation.
    start_K
        Temperature of all stages at the start; heater off.
    insert
        Which refrigerator: a dilution unit if left out.
    start_s
        When that is.
    eddy_W_per_T2_s2
        Heat of a magnet's ramp, over the square of its rate.
    """

    def __init__(
        self,
        seed: int,
        start_K: float = 4.2,
        insert: Insert = refrigerator,
        start_s: float = 0.0,
        eddy_W_per_T2_s2: float = EDDY_W_PER_T2_S2,
    ) -> None:
        self._eddy_W_per_T2_s2 = eddy_W_per_T2_s2
        streams = [Noise(seed, f"cryostat/sample/{period_s:g} s") for period_s in _FLUCTUATION_PERIODS_S]
        self._fluctuation = [lru_cache(maxsize=64)(stream.at) for stream in streams]
        self._system = RegulatedRefrigerator(Inputs(Setpoint(start_s, start_K, start_K)), insert)
        self._asked_heat: dict[str, HeatPlan] = {}
        self._last_input_s = start_s
        self._trajectory = LookAhead(
            self._system,
            start_s,
            (math.log(start_K), math.log(start_K), insert.mixture_share(start_K), 0.0),
            tolerance=_TOLERANCE,
            longest_step_s=_LONGEST_STEP_S,
            memory_s=_MEMORY_S,
        )

    # outputs

    @overload
    def sample_temperature_K(self, time_s: float) -> float: ...
    @overload
    def sample_temperature_K(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def sample_temperature_K(self, time_s: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        """Return the true temperature of the sample stage, shape as `time_s`."""
        if isinstance(time_s, np.ndarray):
            flat = [self.sample_temperature_K(moment) for moment in time_s.ravel().tolist()]
            return np.array(flat).reshape(time_s.shape)
        still_K = math.exp(self._trajectory.at(time_s)[1])
        rms_K = FLUCTUATION * still_K / (1.0 + FLUCTUATION * still_K / LARGEST_FLUCTUATION_K)
        return still_K + rms_K * self._fluctuation_at(time_s)

    def stage_temperatures_K(self, time_s: float) -> StageTemperatures:
        """Return the true temperatures of all stages, without the sample stage's fluctuation."""
        chamber, sample, share, _ = self._trajectory.at(time_s)
        still_heater_W = self._system.inputs.still_heater_W
        insert = self._system.insert
        still_K = insert.still_temperature_K(math.exp(chamber), share, still_heater_W)
        return StageTemperatures(insert.BATH_K, still_K, math.exp(chamber), math.exp(sample))

    def mixture_share(self, time_s: float) -> float:
        """Return the share of the cooling liquid: of a mixture that circulates, of a 3He charge in the pot."""
        return self._trajectory.at(time_s)[2]

    def setpoint_K(self, time_s: float) -> float:
        """Return the setpoint of that instant, on its ramp if it is ramping."""
        return self._system.inputs.setpoint.at(time_s)

    def is_ramping(self, time_s: float) -> bool:
        """Return whether the setpoint is still on its way."""
        return time_s < self._system.inputs.setpoint.end_s

    def heater_fraction(self, time_s: float) -> float:
        """Return the heater current as a fraction of the range's full current, 0 to 1."""
        return self._system.output(time_s, self._trajectory.at(time_s))

    def heater_power_W(self, time_s: float) -> float:
        """Return the power in the sample heater."""
        return self._system.inputs.full_power_W * self.heater_fraction(time_s) ** 2

    @property
    def is_heater_open(self) -> bool:
        """Return whether the heater's wire is broken (a fault)."""
        return self._system.inputs.is_heater_open

    # inputs

    def set_setpoint_K(self, time_s: float, value_K: float) -> None:
        """Set the setpoint; it moves there at the ramp rate if ramping is on."""
        inputs = self._system.inputs
        moving = Setpoint(time_s, inputs.setpoint.at(time_s), value_K, inputs.ramp_K_per_s)
        self._change(time_s, replace(inputs, setpoint=moving))

    def set_ramp(self, time_s: float, is_on: bool, rate_K_per_min: float) -> None:
        """Switch ramping; a setpoint that is on its way goes on at the new rate, or jumps if ramping goes off."""
        inputs = self._system.inputs
        rate_K_per_s = rate_K_per_min / 60.0 if is_on and rate_K_per_min > 0.0 else math.inf
        moving = Setpoint(time_s, inputs.setpoint.at(time_s), inputs.setpoint.target_K, rate_K_per_s)
        self._change(time_s, replace(inputs, setpoint=moving, ramp_K_per_s=rate_K_per_s))

    def set_pid(self, time_s: float, p: float, i: float, d: float) -> None:
        """Set gain (per cent of full current per kelvin), integral time (s; 0 is off) and derivative time (s).

        The integral term is kept as a current, so a change of P alone does not kick the heater (assumed).
        """
        self._change(time_s, replace(self._system.inputs, p=p, i_s=i, d_s=d))

    def set_heater_range(self, time_s: float, index: int) -> None:
        """Choose the sample heater range of a Lake Shore 372, 0 (off) to 8."""
        self.set_full_power_W(time_s, HEATER_RANGES_A[index] ** 2 * HEATER_OHM)

    def set_full_power_W(self, time_s: float, power_W: float) -> None:
        """Set the heater's power at full output; the integral keeps its current as far as it can (assumed)."""
        inputs = self._system.inputs
        *others, integral = self._trajectory.at(time_s)
        kept = min(1.0, integral * math.sqrt(inputs.range_W / power_W)) if power_W else 0.0
        self._change(time_s, replace(inputs, range_W=power_W), state=(*others, kept))

    def set_mode(self, time_s: float, mode: HeaterMode) -> None:
        """Choose what drives the heater."""
        self._change(time_s, replace(self._system.inputs, mode=mode))

    def set_manual_output(self, time_s: float, fraction: float) -> None:
        """Set the manual output as a fraction of full current; in closed loop it is added to the loop's output."""
        self._change(time_s, replace(self._system.inputs, manual=fraction))

    def set_still_heater_W(self, time_s: float, power_W: float) -> None:
        """Set the still heater's power."""
        self._change(time_s, replace(self._system.inputs, still_heater_W=power_W))

    def set_cooling(self, time_s: float, cooling: float) -> None:
        """Scale the cooling power: 1 in order, 0 with the circulation stopped (a fault)."""
        self._change(time_s, replace(self._system.inputs, cooling=cooling))

    def set_gas_flow(self, time_s: float, flow: float) -> None:
        """Set the needle valve of a flow cryostat: 1 as it is usually set, 0 shut."""
        self._change(time_s, replace(self._system.inputs, gas_flow=flow))

    def set_heater_open(self, time_s: float, is_open: bool) -> None:
        """Break or mend the heater's wire (a fault)."""
        self._change(time_s, replace(self._system.inputs, is_heater_open=is_open))

    def set_feedback(self, time_s: float, reported_K: Callable[[float, float], float]) -> None:
        """Tell what the control thermometer reports for a true temperature (K) in a field (T).

        The loop holds this at the setpoint.
        """
        self._change(time_s, replace(self._system.inputs, reported_K=reported_K))

    def set_external_heat_W(self, time_s: float, name: str, power_W: float) -> None:
        """Set one of the heats on the sample stage (Joule heat of the contact, eddy currents), from now on."""
        self.schedule_external_heat_W(time_s, name, ((time_s, power_W),))

    def schedule_external_heat_W(self, time_s: float, name: str, steps: Sequence[tuple[float, float]]) -> None:
        """Set one of the heats on the sample stage as steps in time, for what is known ahead (a magnet's ramp).

        Parameters
        ----------
        time_s
            Now; what the name gave before holds up to here.
        name
            Which heat; a later call with the same name replaces the rest of this one.
        steps
            Pairs of start time and power in W, times ascending, none before `time_s`.
        """
        self._forward(time_s)
        self._asked_heat[name] = HeatPlan(tuple(start for start, _ in steps), tuple(power for _, power in steps))
        present, asked = self._system.inputs.sample_heat, _total(self._asked_heat, time_s)
        moments = {*asked.starts_s, *(start for start in present.starts_s if start > time_s)}
        change_W = max(abs(asked.at(moment) - present.at(moment)) for moment in moments)
        _, sample, share, _ = self._trajectory.at(time_s)
        sample_K = math.exp(sample)
        if change_W > _UNSEEN * sample_K * self._system.insert.hold_slope_W_per_K(sample_K, share):
            self._change(time_s, replace(self._system.inputs, sample_heat=asked))

    def feel_ramp(self, time_s: float, rates_T_per_s: Sequence[tuple[float, float]]) -> None:
        """Take the eddy heat of a magnet's ramp to come.

        To be handed to `simulators.cryogenics.magnet.MagnetCoil.watch`.

        Parameters
        ----------
        time_s
            Now.
        rates_T_per_s
            Pairs of start time in s and |dB/dt| in T/s.
        """
        steps = [(start_s, self._eddy_W_per_T2_s2 * rate_T_per_s**2) for start_s, rate_T_per_s in rates_T_per_s]
        self.schedule_external_heat_W(time_s, "eddy currents", steps)

    def feel_field(self, time_s: float, fields: Sequence[tuple[float, float]]) -> None:
        """Take the field to come at the control thermometer, which may read another temperature in it.

        Parameters
        ----------
        time_s
            Now.
        fields
            Pairs of time in s and field in T, times ascending; the field is straight in between and rests at the end.
        """
        plan = FieldPlan(tuple(moment for moment, _ in fields), tuple(field_T for _, field_T in fields))
        self._change(time_s, replace(self._system.inputs, field=plan))

    def field_T(self, time_s: float) -> float:
        """Return the field at the thermometers, as far as somebody told of it."""
        return self._system.inputs.field.at(time_s)

    def _change(self, time_s: float, inputs: Inputs, state: Sequence[float] | None = None) -> None:
        """Cut the trajectory, then put new inputs in force."""
        self._forward(time_s)
        self._trajectory.cut(time_s, state)
        self._system.inputs = inputs

    def _forward(self, time_s: float) -> None:
        if not time_s >= self._last_input_s:
            raise ValueError(f"an input at {time_s!r} s comes after one at {self._last_input_s!r} s")
        self._last_input_s = time_s

    def _fluctuation_at(self, time_s: float) -> float:
        """Return smooth noise of unit rms: Gaussian values on two lattices of time, blended at constant variance."""
        total = 0.0
        for noise, period_s in zip(self._fluctuation, _FLUCTUATION_PERIODS_S, strict=True):
            lattice = math.floor(time_s / period_s)
            x = time_s / period_s - lattice
            angle = 0.5 * math.pi * x * x * (3.0 - 2.0 * x)
            total += math.cos(angle) * noise(lattice) + math.sin(angle) * noise(lattice + 1)
        return total / math.sqrt(len(_FLUCTUATION_PERIODS_S))


def _total(plans: Mapping[str, HeatPlan], time_s: float) -> HeatPlan:
    """Add up heats from `time_s` on."""
    later = {start for plan in plans.values() for start in plan.starts_s if start > time_s}
    starts_s = (time_s, *sorted(later))
    return HeatPlan(starts_s, tuple(sum(plan.at(start) for plan in plans.values()) for start in starts_s))
