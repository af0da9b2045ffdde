"""The plan: a recipe written out for a station, checked, with its time, noise and heat. Pure; touches no instrument.

Series are measured in the order written; inside a series temperature is the outer loop and field the inner one. All
isotherms share the arrays of one sweep, so that a plan of a million points costs little more than one of a thousand.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acquisition.circuit import conductance_error_S
from acquisition.errors import PlanError
from acquisition.planning.budget import NoiseBudget, StageHeat, joule_heat_W, noise_budget, stage_heat
from acquisition.planning.excitation import choose_excitation
from acquisition.planning.plan_limits import check_lockin, check_setpoints, check_source, check_steps, refuse
from acquisition.planning.plan_warnings import warnings_for
from acquisition.planning.sweep import Sweep, make_sweep
from acquisition.planning.timing import (
    crosses,
    field_approach_s,
    point_settle_s,
    reading_s,
    sweep_times_s,
    temperature_approach_s,
)
from acquisition.recipe import LockInSection, Recipe
from acquisition.station_file import Station
from analysis.quantities import thermal_voltage_V

MAXIMUM_POINTS = 10_000_000


@dataclass(frozen=True, eq=False)
class IsothermPlan:
    """One isotherm: its setpoints, its points in order of measurement, what they cost and bring.

    Attributes
    ----------
    index : int
        Place among the isotherms.
    series_index : int
        The recipe's series it belongs to.
    temperature_K, field_T : float
        Setpoints.
    thermal_voltage_V : float
        kB T / e.
    field_rate_T_per_min : float
        Ramp rate of the field on the way here.
    excitation_Vrms, oscillator_Vrms : float
        Excitation across the contact and the oscillator amplitude for it, already in the oscillator's steps.
    full_scale_V : float
        Least lock-in range, rms volts at the lock-in's input, preamplifier and headroom included.
    first_plan_index : int
        Plan index of the first point; the others follow without a gap.
    sweep : Sweep
        The points, shared by all isotherms.
    move_s, settle_s : arrays, shape (n,)
        See `timing.sweep_times_s`; the loop waits by these.
    noise : NoiseBudget
        Predicted noise of X.
    conductance_error_S : float
        Predicted standard error of one point.
    joule_heat_W : float
        Heat in the contact at the largest bias.
    heat : tuple of StageHeat
        Heat on each stage at the largest bias.
    temperature_approach_s, field_approach_s : float
        Time to reach the setpoints, waits included.
    crosses_regime : bool
        Whether the cryostat changes its regime on the way here, e.g. condenses its mixture.
    point_s : float
        Time of an ordinary point of the sweep.
    lockin : LockInSection
        How the lock-in is read; an appended isotherm may average for longer than those before.
    bias_s : float
        Time of all points.
    """

    index: int
    series_index: int
    temperature_K: float
    thermal_voltage_V: float
    field_T: float
    first_field_T: float
    field_rate_T_per_min: float
    excitation_Vrms: float
    oscillator_Vrms: float
    full_scale_V: float
    first_plan_index: int
    sweep: Sweep
    move_s: NDArray[np.float64]
    settle_s: NDArray[np.float64]
    noise: NoiseBudget
    conductance_error_S: float
    joule_heat_W: float
    heat: tuple[StageHeat, ...]
    temperature_approach_s: float
    field_approach_s: float
    crosses_regime: bool
    point_s: float
    lockin: LockInSection
    bias_s: float

    @property
    def bias_setpoint_V(self) -> NDArray[np.float64]:
        """Return the bias asked for, shape (n,)."""
        return self.sweep.bias_setpoint_V

    @property
    def kind(self) -> NDArray[np.uint8]:
        """Return 0 for points of the sweep and 1 for anchors, shape (n,); `sweep.point_kind` names them."""
        return self.sweep.kind

    @property
    def direction(self) -> NDArray[np.int8]:
        """Return +1 up, -1 down, 0 anchor, shape (n,); `sweep.point_direction` names them."""
        return self.sweep.direction

    @property
    def points(self) -> int:
        """Return the number of points."""
        return len(self.sweep)

    @property
    def approach_s(self) -> float:
        """Return the time to reach temperature and field."""
        return self.temperature_approach_s + self.field_approach_s

    @property
    def duration_s(self) -> float:
        """Return the time of the whole isotherm."""
        return self.approach_s + self.bias_s


@dataclass(frozen=True, eq=False)
class Plan:
    """A recipe written out for a station; made by `make_plan`."""

    recipe: Recipe
    station: Station
    sweep: Sweep
    isotherms: tuple[IsothermPlan, ...]
    warnings: tuple[str, ...]

    @property
    def points(self) -> int:
        """Return the number of points; plan indices run from 0 to one less."""
        last = self.isotherms[-1]
        return last.first_plan_index + last.points

    @cached_property
    def temperature_s(self) -> float:
        """Return the time spent on temperatures."""
        return math.fsum(isotherm.temperature_approach_s for isotherm in self.isotherms)

    @cached_property
    def field_s(self) -> float:
        """Return the time spent on fields."""
        return math.fsum(isotherm.field_approach_s for isotherm in self.isotherms)

    @cached_property
    def bias_s(self) -> float:
        """Return the time spent on points."""
        return math.fsum(isotherm.bias_s for isotherm in self.isotherms)

    @property
    def duration_s(self) -> float:
        """Return the time of the whole run."""
        return self.temperature_s + self.field_s + self.bias_s

    def finish(self, start: datetime) -> datetime:
        """Return when the run ends if it starts at `start`."""
        return start + timedelta(seconds=self.duration_s)

    def locate(self, plan_index: int) -> tuple[IsothermPlan, int]:
        """Return the isotherm of a plan index and its place in that isotherm's arrays; `PlanError` if there is none."""
        if not 0 <= plan_index < self.points:
            raise PlanError(f"plan index {plan_index}: this plan has indices 0 to {self.points - 1}")
        isotherm = self.isotherms[bisect_right(self._first_indices, plan_index) - 1]
        return isotherm, plan_index - isotherm.first_plan_index

    @cached_property
    def _first_indices(self) -> list[int]:
        return [isotherm.first_plan_index for isotherm in self.isotherms]


def make_plan(
    recipe: Recipe, station: Station, *, start_temperature_K: float | None = None, start_field_T: float = 0.0
) -> Plan:
    """Write a recipe out for a station and check every limit.

    Parameters
    ----------
    recipe : Recipe
        What to measure.
    station : Station
        With what, within which limits.
    start_temperature_K : float, optional
        Where the temperature is now; the station's `idle_K` by default, else the first setpoint.
    start_field_T : float
        Where the field is now.

    Raises
    ------
    PlanError
        In one line naming file and field, for the first limit that the recipe breaks.
    """
    check_setpoints(recipe, station)
    check_lockin(recipe, station)
    check_source(recipe, station)
    sweep = make_sweep(recipe.bias, recipe.anchors, recipe.settling)
    check_steps(recipe, station, sweep)
    isotherms = tuple(_isotherms(recipe, station, sweep, start_temperature_K, start_field_T))
    return Plan(recipe, station, sweep, isotherms, tuple(warnings_for(recipe, station, isotherms)))


@dataclass(frozen=True, slots=True)
class _Setpoint:
    series_index: int
    place: int
    temperature_K: float
    field_T: float
    first_field_T: float


def _setpoints(recipe: Recipe) -> list[_Setpoint]:
    return [
        _Setpoint(number, place, temperature_K, field_T, series.fields_T[0])
        for number, series in enumerate(recipe.series)
        for place, temperature_K in enumerate(series.temperatures_K)
        for field_T in series.fields_T
    ]


def _isotherms(
    recipe: Recipe, station: Station, sweep: Sweep, from_K: float | None, from_T: float
) -> Iterator[IsothermPlan]:
    setpoints = _setpoints(recipe)
    if len(setpoints) * len(sweep) > MAXIMUM_POINTS:
        what = f"{len(setpoints)} isotherms of {len(sweep)} points are more than {MAXIMUM_POINTS} points"
        refuse(recipe, "series", what, "measure fewer in one run")
    overhead_s, settling = reading_s(recipe.lockin, station.station), recipe.settling
    move_s, settle_s = sweep_times_s(sweep, recipe.lockin, settling, station.contact)
    bias_s = float(move_s.sum() + settle_s.sum()) + len(sweep) * overhead_s
    conductance_S, bias_V = station.contact.expected_conductance_S, recipe.bias.maximum_V
    before_K, before_T = from_K or station.temperature.idle_K or setpoints[0].temperature_K, from_T
    for index, setpoint in enumerate(setpoints):
        temperature_K, field_T = setpoint.temperature_K, setpoint.field_T
        thermal_V = float(thermal_voltage_V(temperature_K))
        field = f"series[{setpoint.series_index}].temperatures_K[{setpoint.place}]"
        excitation = choose_excitation(recipe, station, temperature_K, thermal_V, field)
        noise = noise_budget(temperature_K, recipe.lockin, station)
        yield IsothermPlan(
            index=index,
            series_index=setpoint.series_index,
            temperature_K=temperature_K,
            thermal_voltage_V=thermal_V,
            field_T=field_T,
            first_field_T=setpoint.first_field_T,
            field_rate_T_per_min=station.magnet.ramp_rate_T_per_min(temperature_K),
            excitation_Vrms=excitation.excitation_Vrms,
            oscillator_Vrms=excitation.oscillator_Vrms,
            full_scale_V=excitation.full_scale_V,
            first_plan_index=index * len(sweep),
            sweep=sweep,
            move_s=move_s,
            settle_s=settle_s,
            noise=noise,
            conductance_error_S=conductance_error_S(
                noise.sigma_V, conductance_S, excitation.excitation_Vrms, station.circuit
            ),
            joule_heat_W=joule_heat_W(bias_V, conductance_S),
            heat=stage_heat(temperature_K, bias_V, conductance_S, station.stage),
            temperature_approach_s=temperature_approach_s(before_K, temperature_K, station.temperature, settling),
            field_approach_s=field_approach_s(before_T, field_T, temperature_K, station.magnet, settling, recipe.field),
            crosses_regime=crosses(before_K, temperature_K, station.temperature),
            point_s=point_settle_s(recipe.lockin, settling, is_jump=False) + overhead_s,
            lockin=recipe.lockin,
            bias_s=bias_s,
        )
        before_K, before_T = temperature_K, field_T
