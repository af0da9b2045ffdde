"""The plan, printed: steps, budget, totals and warnings."""

from datetime import datetime

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from acquisition.plan import Plan
from acquisition.planning.plan_rows import (
    BUDGET_HEADINGS,
    STEP_HEADINGS,
    budget_cells,
    budget_rows,
    step_cells,
    step_rows,
    totals_text,
)


def print_plan(plan: Plan, start: datetime, console: Console) -> None:
    """Print the dry run: what is done, how long it takes, how well it will see, how warm it gets."""
    console.print(_steps(plan))
    if any(row.crosses_regime for row in step_rows(plan)):
        console.print("* the refrigerator changes its regime here: condense the mixture, or take it out")
    console.print(_budget(plan))
    for warning in plan.warnings:
        console.print(f"note: {warning}", style="yellow")
    console.print(totals_text(plan, start))


def _steps(plan: Plan) -> Table:
    table = Table(
        title=f"Steps of {plan.recipe.run.name!r} on {plan.station.station.name!r}", title_justify="left", box=SIMPLE
    )
    for heading in STEP_HEADINGS:
        table.add_column(heading, justify="right")
    for row in step_rows(plan):
        table.add_row(*step_cells(row))
    return table


def _budget(plan: Plan) -> Table:
    title = "Budget of one point: noise in nV/rtHz at the preamplifier, its error, heat at the largest bias"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for heading in BUDGET_HEADINGS:
        table.add_column(heading, justify="right")
    for row in sorted(budget_rows(plan), key=lambda row: row.temperature_K):
        table.add_row(*budget_cells(row))
    return table
