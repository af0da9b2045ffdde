"""A judgement, printed: the exponent with its error in parts, window, parameters, mechanisms and the verdict."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from acquisition.judgement import Judgement, sections_of
from analysis.evidence import Evidence
from analysis.fit_result import ExponentFit
from analysis.page import summary_text
from analysis.universality import Universality
from analysis.words import Section, universality_section

_STYLES = {"consistent": "green", "excluded": "dim", "undecided": "yellow"}


def print_judgement(judgement: Judgement, console: Console) -> None:
    """Print what a physicist would put on a slide."""
    console.print(f"[bold]{judgement.path.name}[/bold]")
    if judgement.fit is None or judgement.parameters is None:
        console.print(f"no exponent: {judgement.fit_failure}", markup=False)
    else:
        console.print(summary_text(judgement.fit), markup=False)
        console.print(_isotherms(judgement.fit))
    for section in sections_of(judgement):
        print_section(section, console)
    console.print(_mechanisms(judgement.evidence))
    console.print(f"[bold]verdict: {judgement.evidence.verdict}[/bold]")
    for sentence in judgement.evidence.because:
        console.print(f"  {sentence}", markup=False)


def _isotherms(fit: ExponentFit) -> Table:
    table = Table(title="Noise, measured and predicted", title_justify="left", box=SIMPLE)
    for heading in ("T (K)", "points", "scatter (S)", "budget (S)", "ratio"):
        table.add_column(heading, justify="right")
    for isotherm in fit.isotherms:
        predicted_S = isotherm.predicted_noise_S
        table.add_row(
            f"{isotherm.temperature_K:.4g}",
            str(isotherm.points),
            f"{isotherm.residual_S:.3g}",
            "-" if predicted_S is None else f"{predicted_S:.3g}",
            "-" if predicted_S is None else f"{isotherm.residual_S / predicted_S:.2f}",
        )
    return table


def print_universality(found: Universality, console: Console) -> None:
    """Print what several files have in common."""
    print_section(universality_section(found), console)


def print_section(section: Section, console: Console) -> None:
    """Print a table; rows without a number are faint."""
    table = Table(title=section.title, title_justify="left", box=SIMPLE)
    for head in section.heads:
        table.add_column(head)
    for row in section.rows:
        table.add_row(*map(Text, row), style="dim" if row[1] in ("-", "none") else None)
    console.print(table)
    if section.note:
        console.print(f"  {section.note}\n", markup=False)


def _mechanisms(evidence: Evidence) -> Table:
    table = Table(title="Mechanisms", title_justify="left", box=SIMPLE)
    for heading in ("", "verdict", "because"):
        table.add_column(heading)
    for row in evidence.mechanisms:
        table.add_row(row.mechanism, row.verdict, Text("\n".join(row.because)), style=_STYLES[row.verdict])
    return table
