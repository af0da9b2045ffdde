"""The words of the commands about station files; see `acquisition.cli`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquisition.errors import InputError

if TYPE_CHECKING:
    from acquisition.terminal.station_draft import Question, StationDraft

station_app = typer.Typer(add_completion=False, help="Make a station file.")


@station_app.callback()
def station() -> None:
    """Make a station file."""


@station_app.command("new")
def new_station(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it.")] = Path("station.toml"),
    visa_library: Annotated[
        str, typer.Option("--visa-library", metavar="LIBRARY", help="As PyVISA names it; the installed one if empty.")
    ] = "",
    discover: Annotated[
        bool, typer.Option("--discover/--no-discover", help="Ask every VISA resource who it is.")
    ] = True,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="An answer beforehand; repeat it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take what is proposed for all that is not set.")] = False,
) -> None:
    """Ask what differs from rack to rack, look for the boxes, and write a commented station file."""
    from acquisition.terminal.station_draft import QUESTIONS, StationDraft, answers_of

    if out.exists():
        raise InputError(f"{out}: is there already; name another with --out, or take it away")
    if not yes and not sys.stdin.isatty():
        raise InputError("station new asks questions; answer with --set TABLE.KEY=VALUE and add --yes for the others")
    draft, answers = StationDraft(), answers_of(set_ or [])
    draft.name_library(visa_library)
    if discover:
        _look_for_boxes(draft, visa_library)
    for field in sorted(answers, key=lambda one: QUESTIONS.index(one) if one in QUESTIONS else -1):
        draft.answer(field, answers[field])
    if not yes:
        for field in QUESTIONS:
            question = draft.question(field)
            if field not in answers and question is not None:
                _ask(draft, question)
    draft.station()
    try:
        out.write_text(draft.text(), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}); name another with --out") from error
    sys.stderr.write(f"{out} is written; go through the lines marked ! and then: zerobias check --station {out}\n")


def _look_for_boxes(draft: "StationDraft", visa_library: str) -> None:
    """Write the boxes found into the draft, the first of each role, and say what was found."""
    from instruments.discovery import discover
    from instruments.errors import ConnectionFailedError

    try:
        boxes = discover(visa_library)
    except ConnectionFailedError as error:
        sys.stderr.write(f"no boxes looked for: {error}\n")
        return
    placed: set[str] = set()
    for box in boxes:
        word = f"{box.model}, taken as [{box.role}]" if box.role and box.role not in placed else "left alone"
        sys.stderr.write(f"{box.address}: {box.identity or 'no answer'} ({word})\n")
        if box.role and box.role not in placed:
            draft.place(box.role, box.model, box.address)
            placed.add(box.role)


def _ask(draft: "StationDraft", question: "Question") -> None:
    while True:
        text = typer.prompt(f"{question.field}: {question.meaning}", default=str(question.present), err=True)
        try:
            draft.answer(question.field, text)
        except InputError as error:
            sys.stderr.write(f"{error}\n")
        else:
            return
