"""The connection checklist: asked item by item, answered by --yes, and written into the run file."""

import sqlite3
from pathlib import Path

import pytest
import typer
from small_runs import Bench

from acquisition.checklist import BEFORE
from acquisition.errors import InputError
from acquisition.terminal import confirm
from acquisition.terminal.confirm import confirmed


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A person at the terminal, who says yes to all that is not in here."""
    said: dict[str, bool] = {}

    def ask(sentence: str, **_: bool) -> bool:
        if not said.setdefault(sentence, True):
            raise typer.Abort
        return True

    monkeypatch.setattr(confirm.typer, "confirm", ask)
    monkeypatch.setattr(confirm.sys, "stdin", type("Terminal", (), {"isatty": lambda _: True})())
    return said


def test_every_item_is_asked_the_grounding_switch_last(answers: dict[str, bool]) -> None:
    assert confirmed(BEFORE, "a run", is_confirmed=False).startswith("confirmed item by item at the terminal: ")
    assert list(answers) == [item.sentence for item in BEFORE]
    assert "grounding switch is open" in list(answers)[-1]


def test_one_no_ends_it(answers: dict[str, bool]) -> None:
    answers[BEFORE[2].sentence] = False
    with pytest.raises(typer.Abort):
        confirmed(BEFORE, "a run", is_confirmed=False)


def test_yes_answers_all_without_a_question(answers: dict[str, bool]) -> None:
    assert confirmed(BEFORE, "a run", is_confirmed=True).startswith("confirmed by --yes: grounded-while-plugging")
    assert not answers


def test_without_a_terminal_it_wants_yes() -> None:
    with pytest.raises(InputError, match="grounding switch is open"):
        confirmed(BEFORE, "a run", is_confirmed=False)


def test_run_file_says_what_was_confirmed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    checklist = confirmed(BEFORE, "a run", is_confirmed=True)
    run_file = bench.run(bench.script(), checklist=checklist).run_file
    with sqlite3.connect(run_file) as connection:
        first = connection.execute("SELECT kind, message FROM event ORDER BY rowid LIMIT 1").fetchone()
    assert first == ("checklist", checklist)
