"""The plan as plain data: rows of the printed tables, and one dictionary for `--json`."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from acquisition.plan import Plan
from acquisition.planning.budget import StageHeat


@dataclass(frozen=True, slots=True)
class StepRow:
    """One isotherm in the table of steps; times count from the start of the run."""

    isotherm_index: int
    temperature_K: float
    field_T: float
    points: int
    excitation_Vrms: float
    oscillator_Vrms: float
    starts_s: float
    temperature_approach_s: float
    field_approach_s: float
    bias_s: float
    ends_s: float
    crosses_regime: bool


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One temperature in the table of noise and heat; densities are referred to the preamplifier's input."""

    temperature_K: float
    excitation_Vrms: float
    preamplifier_V_per_rtHz: float
    contact_V_per_rtHz: float
    arms_V_per_rtHz: float
    lockin_V_per_rtHz: float
    total_V_per_rtHz: float
    bandwidth_Hz: float
    sigma_V: float
    conductance_error_S: float
    joule_heat_W: float
    heat: tuple[StageHeat, ...]


def step_rows(plan: Plan) -> tuple[StepRow, ...]:
    """Return the table of steps, a row an isotherm, in order of measurement."""
    return tuple(_step_rows(plan))


def _step_rows(plan: Plan) -> Iterator[StepRow]:
    starts_s = 0.0
    for isotherm in plan.isotherms:
        ends_s = starts_s + isotherm.duration_s
        yield StepRow(
            isotherm_index=isotherm.index,
            temperature_K=isotherm.temperature_K,
            field_T=isotherm.field_T,
            points=isotherm.points,
            excitation_Vrms=isotherm.excitation_Vrms,
            oscillator_Vrms=isotherm.oscillator_Vrms,
            starts_s=starts_s,
            temperature_approach_s=isotherm.temperature_approach_s,
            field_approach_s=isotherm.field_approach_s,
            bias_s=isotherm.bias_s,
            ends_s=ends_s,
            crosses_regime=isotherm.crosses_regime,
        )
        starts_s = ends_s


def budget_rows(plan: Plan) -> tuple[BudgetRow, ...]:
    """Return the table of noise and heat, a row a temperature, in order of measurement."""
    distinct = {isotherm.temperature_K: isotherm for isotherm in plan.isotherms}
    return tuple(
        BudgetRow(
            temperature_K=temperature_K,
            excitation_Vrms=isotherm.excitation_Vrms,
            preamplifier_V_per_rtHz=isotherm.noise.preamplifier_V_per_rtHz,
            contact_V_per_rtHz=isotherm.noise.contact_V_per_rtHz,
            arms_V_per_rtHz=isotherm.noise.arms_V_per_rtHz,
            lockin_V_per_rtHz=isotherm.noise.lockin_V_per_rtHz,
            total_V_per_rtHz=isotherm.noise.total_V_per_rtHz,
            bandwidth_Hz=isotherm.noise.bandwidth_Hz,
            sigma_V=isotherm.noise.sigma_V,
            conductance_error_S=isotherm.conductance_error_S,
            joule_heat_W=isotherm.joule_heat_W,
            heat=isotherm.heat,
        )
        for temperature_K, isotherm in distinct.items()
    )


def to_dict(plan: Plan, start: datetime) -> dict[str, Any]:
    """Return the plan as JSON data: totals, time by axis, finish time, steps, budget and warnings."""
    return {
        "recipe": plan.recipe.where,
        "name": plan.recipe.run.name,
        "station": plan.station.station.name,
        "points": plan.points,
        "isotherms": len(plan.isotherms),
        "duration_s": plan.duration_s,
        "time_by_axis_s": {"temperature": plan.temperature_s, "field": plan.field_s, "bias": plan.bias_s},
        "start": start.isoformat(timespec="seconds"),
        "finish": plan.finish(start).isoformat(timespec="seconds"),
        "steps": [asdict(row) for row in step_rows(plan)],
        "budget": [asdict(row) for row in budget_rows(plan)],
        "warnings": list(plan.warnings),
    }
