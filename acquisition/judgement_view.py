"""A judgement, printed: the exponent with its error in parts, the window, parameters and corrections."""

from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from acquisition.judgement import Judgement, to_json
from analysis.page import summary_text


def print_judgement(judgement: Judgement, console: Console) -> None:
    """Print what a physicist would put on a slide."""
    console.print(f"[bold]{judgement.path.name}[/bold]")
    console.print(summary_text(judgement.fit), markup=False)
    console.print(_isotherms(judgement))
    console.print(_parameters(to_json(judgement)["parameters"]))


def _isotherms(judgement: Judgement) -> Table:
    table = Table(title="Noise, measured and predicted", title_justify="left", box=SIMPLE)
    for heading in ("T (K)", "points", "scatter (S)", "budget (S)", "ratio"):
        table.add_column(heading, justify="right")
    for isotherm in judgement.fit.isotherms:
        predicted_S = isotherm.predicted_noise_S
        table.add_row(
            f"{isotherm.temperature_K:.4g}",
            str(isotherm.points),
            f"{isotherm.residual_S:.3g}",
            "-" if predicted_S is None else f"{predicted_S:.3g}",
            "-" if predicted_S is None else f"{isotherm.residual_S / predicted_S:.2f}",
        )
    return table


def _parameters(parameters: dict[str, Any]) -> Table:
    table = Table(title="Parameters", title_justify="left", box=SIMPLE)
    for heading in ("", "value", "error", "unit"):
        table.add_column(heading)
    for name, entry in parameters.items():
        found = entry if isinstance(entry, dict) else {"value": entry}
        value, bound = found.get("value", found.get("at_least")), found.get("bound") or ""
        if value is None:
            table.add_row(name, "-", "", str(found.get("why", "")), style="dim")
            continue
        error = found.get("error")
        table.add_row(
            name, f"{bound}{value:.4g}", "" if error is None else f"{error:.2g}", str(found.get("unit") or "")
        )
    return table
