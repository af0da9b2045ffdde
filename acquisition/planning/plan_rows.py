"""The plan as plain data: rows of the tables of a dry run and their cells as text, and one dictionary for `--json`."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from acquisition.plan import Plan
from acquisition.planning.budget import StageHeat
from acquisition.planning.timing import duration_text
from analysis.quantities import CONDUCTANCE_QUANTUM_S

STEP_HEADINGS = ("", "T (K)", "H (T)", "points", "oscillator (Vrms)", "reach", "sweep", "ends at")
BUDGET_HEADINGS = ("T (K)", "Vac (uV)", "preamp", "Johnson", "lock-in", "X (nV)", "G (e2/h)", "heat/cooling")
"""Of one point: noise densities in nV/rtHz at the preamplifier, its error, and heat at the largest bias."""


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


def step_cells(row: StepRow) -> tuple[str, ...]:
    """Return a row of the table of steps as text; a star marks where the cryostat changes its regime."""
    reach = duration_text(row.temperature_approach_s + row.field_approach_s)
    return (
        str(row.isotherm_index),
        f"{row.temperature_K:g}",
        f"{row.field_T:g}",
        str(row.points),
        f"{row.oscillator_Vrms:.3f}",
        f"{reach}*" if row.crosses_regime else reach,
        duration_text(row.bias_s),
        f"+{timedelta(seconds=round(row.ends_s))!s}",
    )


def budget_cells(row: BudgetRow) -> tuple[str, ...]:
    """Return a row of the table of noise and heat as text."""
    johnson = (row.contact_V_per_rtHz**2 + row.arms_V_per_rtHz**2) ** 0.5
    worst = max(row.heat, key=lambda stage: stage.fraction, default=None)
    heat = f"{row.joule_heat_W:.2g} W" if worst is None else f"{worst.fraction:.1e}"
    return (
        f"{row.temperature_K:g}",
        f"{row.excitation_Vrms * 1e6:.2f}",
        f"{row.preamplifier_V_per_rtHz * 1e9:.2f}",
        f"{johnson * 1e9:.3f}",
        f"{row.lockin_V_per_rtHz * 1e9:.2f}",
        f"{row.sigma_V * 1e9:.2f}",
        f"{row.conductance_error_S / CONDUCTANCE_QUANTUM_S:.3f}",
        heat,
    )


def totals_text(plan: Plan, start: datetime) -> str:
    """Return points, times by axis and the finish of a plan in one sentence."""
    return (
        f"{plan.points} points on {len(plan.isotherms)} isotherms in {duration_text(plan.duration_s)}: "
        f"temperature {duration_text(plan.temperature_s)}, field {duration_text(plan.field_s)}, "
        f"bias {duration_text(plan.bias_s)}; {ends_text(plan, start)}"
    )


def ends_text(plan: Plan, start: datetime) -> str:
    """Return when a plan that is started at `start` ends."""
    return f"started now it ends {plan.finish(start):%A %d %B, %H:%M}"


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
