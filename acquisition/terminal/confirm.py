"""What a person confirms before the rack does anything: at the terminal item by item, or all at once by `--yes`."""

import sys
from collections.abc import Sequence

import typer
from rich.console import Console

from acquisition.checklist import AFTER, CheckItem
from acquisition.errors import InputError


def confirmed(items: Sequence[CheckItem], what: str, *, is_confirmed: bool) -> str:
    """Have a checklist confirmed and return, for the run file, what was confirmed and how.

    Raises
    ------
    InputError
        If nobody is there to ask.
    typer.Abort
        If an item is not confirmed.
    """
    if not is_confirmed:
        if not sys.stdin.isatty():
            raise InputError(
                f"{what} wants its checklist confirmed; add --yes when it is true: "
                f"{' '.join(item.sentence for item in items)}"
            )
        for item in items:
            typer.confirm(item.sentence, abort=True, err=True)
    how = "by --yes" if is_confirmed else "item by item at the terminal"
    return f"confirmed {how}: {', '.join(item.name for item in items)}"


def remind(console: Console) -> None:
    """Say what is to be done before anybody touches the wiring."""
    console.print(AFTER.sentence, highlight=False, soft_wrap=True)
