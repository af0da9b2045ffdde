"""What the parts of the document of the benchmarks share: tables, and how to find what was measured."""

from collections.abc import Sequence
from typing import Any

Answers = dict[str, dict[str, Any]]

PROGRAMS = {
    "ours": "Zerobias",
    "ours_window": "Zerobias, window attached",
    "bluesky": "Bluesky",
    "qcodes": "QCoDeS dond",
    "pymeasure": "PyMeasure, bare worker",
    "pymeasure_silent": "PyMeasure's window, not publishing",
    "pymeasure_window": "PyMeasure's window",
}
"""What measured points, by the name of the steps."""


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table."""
    return "\n".join([_row(*heads), _row(*("---" for _ in heads)), *(_row(*row) for row in rows), ""])


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def sizes(answers: Answers, who: str) -> list[dict[str, Any]]:
    """Return the answers of one program, by size."""
    return sorted((one for name, one in answers.items() if name.startswith(f"{who}-")), key=lambda one: one["points"])


def called(answers: Answers, who: str) -> str:
    """Return how a program is called, with its version where it is a peer."""
    version = next((one["version"] for one in sizes(answers, who) if "version" in one), "")
    return f"{PROGRAMS[who]} {version}".strip()
