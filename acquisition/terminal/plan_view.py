"""The plan, printed: steps, budget, totals and warnings."""

from datetime import datetime, timedelta

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from acquisition.plan import Plan
from acquisition.planning.timing import duration_text
from acquisition.terminal.plan_rows import BudgetRow, budget_rows, step_rows
from analysis.quantities import CONDUCTANCE_QUANTUM_S


def print_plan(plan: Plan, start: datetime, console: Console) -> None:
    """Print the dry run: what is done, how long it takes, how well it will see, how warm it gets."""
    console.print(_steps(plan))
    if any(row.crosses_regime for row in step_rows(plan)):
        console.print("* the refrigerator changes its regime here: condense the mixture, or take it out")
    console.print(_budget(plan))
    for warning in plan.warnings:
        console.print(f"note: {warning}", style="yellow")
    console.print(
        f"{plan.points} points on {len(plan.isotherms)} isotherms in {duration_text(plan.duration_s)}: "
        f"temperature {duration_text(plan.temperature_s)}, field {duration_text(plan.field_s)}, "
        f"bias {duration_text(plan.bias_s)}; started now it ends {plan.finish(start):%A %d %B, %H:%M}"
    )


def _steps(plan: Plan) -> Table:
    table = Table(
        title=f"Steps of {plan.recipe.run.name!r} on {plan.station.station.name!r}", title_justify="left", box=SIMPLE
    )
    for heading in ("", "T (K)", "H (T)", "points", "oscillator (Vrms)", "reach", "sweep", "ends at"):
        table.add_column(heading, justify="right")
    for row in step_rows(plan):
        reach = duration_text(row.temperature_approach_s + row.field_approach_s)
        table.add_row(
            str(row.isotherm_index),
            f"{row.temperature_K:g}",
            f"{row.field_T:g}",
            str(row.points),
            f"{row.oscillator_Vrms:.3f}",
            f"{reach}*" if row.crosses_regime else reach,
            duration_text(row.bias_s),
            f"+{timedelta(seconds=round(row.ends_s))!s}",
        )
    return table


def _budget(plan: Plan) -> Table:
    title = "Budget of one point: noise in nV/rtHz at the preamplifier, its error, heat at the largest bias"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    headings = ("T (K)", "Vac (uV)", "preamp", "Johnson", "lock-in", "X (nV)", "G (e2/h)", "heat/cooling")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in sorted(budget_rows(plan), key=lambda row: row.temperature_K):
        table.add_row(*_budget_cells(row))
    return table


def _budget_cells(row: BudgetRow) -> tuple[str, ...]:
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
