"""What the commands do that speak to a running engine: write a line, wait for what becomes of it, say it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from acquisition.clock import Wall, WallClock
from acquisition.errors import AcquisitionError, InputError
from acquisition.planning.timing import duration_text
from acquisition.recipe import load_recipe
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import RunState
from acquisition.running.command_file import CommandKind, write_command
from acquisition.running.control import POLL_S
from acquisition.running.diary import checked, entries, entry_text, write_at_rest
from acquisition.running.lock import is_locked, lock_path, read_owner
from acquisition.status import LIVE, Status, status_of
from acquisition.terminal.commands import print_json

ANSWER_S = 3.0
"""How long to wait for an answer; an engine looks every 20 ms, and is away longest while a box keeps silent."""


def send(
    run_file: Path, command: CommandKind, argument: Mapping[str, Any] | None = None, *, wall: Wall | None = None
) -> str:
    """Tell the engine that writes `run_file` something and return what became of it.

    Raises
    ------
    InputError
        If it is no run file, nobody writes it, or the engine refused.
    AcquisitionError
        If the engine did not answer in time.
    """
    wall = wall or WallClock()
    with RunFileReader(run_file) as reader:
        if not is_locked(lock_path(run_file)):
            state = reader.header().get("state", RunState.INTERRUPTED)
            advice = "" if state == RunState.COMPLETE else "; zerobias resume goes on with it"
            raise InputError(f"{run_file}: nobody is measuring into it, it is {state}{advice}")
        made = write_command(run_file, command, argument, wall=wall)
        end_s = wall.monotonic_s() + ANSWER_S
        while (outcome := reader.command_outcome(made.id)) is None:
            if wall.monotonic_s() > end_s:
                raise AcquisitionError(_silence(run_file, command, wall))
            wall.sleep(POLL_S)
    if outcome.startswith("refused"):
        raise InputError(f"{command.value} {outcome}")
    return outcome


def tell(run_file: Path, command: CommandKind, argument: Mapping[str, Any] | None = None) -> None:
    """Send a command and print what became of it, in one line; raises as `send` does."""
    _console().print(f"{command.value} {send(run_file, command, argument)}")


def append_recipe(run_file: Path, recipe: Path) -> None:
    """Append the isotherms of a recipe to a run under way; raises `InputError` as `load_recipe` and `send` do."""
    tell(run_file, CommandKind.APPEND, {"recipe": load_recipe(recipe).to_dict()})


def keep_diary(run_file: Path, kind: str | None, words: Mapping[str, Any]) -> None:
    """Show the diary of the sample, or write an entry: through the engine if there is one; raises `InputError`."""
    if kind is None:
        for entry in entries(run_file):
            _console().print(f"{entry.get('written', 'before')}  {entry_text(entry)}")
        return
    wall = WallClock()
    entry = checked({"kind": kind, "written": wall.now().isoformat(timespec="seconds")} | dict(words))
    if is_locked(lock_path(run_file)):
        send(run_file, CommandKind.DIARY, entry)
    else:
        write_at_rest(run_file, entry, wall)
    _console().print(f"diary: {entry_text(entry)}")


def show_status(run_file: Path, as_json: bool) -> None:
    """Print how a run stands; raises `InputError` if it is no run file."""
    status = status_of(run_file, WallClock())
    if as_json:
        print_json(status.to_dict())
        return
    console = _console()
    for line in _lines(status):
        console.print(line)


def _lines(status: Status) -> list[str]:
    reason = f": {status.reason}" if status.reason else ""
    eta = "" if status.eta_s is None else f", ETA {duration_text(status.eta_s)}"
    lines = [
        f"{status.state.value}{reason}",
        f"{status.points}/{status.planned_points} points{eta}, {duration_text(status.elapsed_s)} of experiment time",
    ]
    if status.temperature_K is not None and status.field_T is not None:
        lines.append(f"T = {status.temperature_K:.6g} K, H = {status.field_T:.4g} T")
    if status.last_conductance_S is not None and status.last_bias_V is not None:
        lines.append(
            f"last point {status.last_plan_index}: G = {status.last_conductance_S:.7g} S at "
            f"{1e3 * status.last_bias_V:.4g} mV"
        )
    commit = f"last commit {status.commit_age_s:.1f} s ago"
    if status.heartbeat_age_s is None:
        return [*lines, f"no engine; {commit}" if status.state not in LIVE else commit]
    return [*lines, f"engine {status.pid}: heartbeat {status.heartbeat_age_s:.1f} s ago, {commit}"]


def _silence(run_file: Path, command: CommandKind, wall: Wall) -> str:
    owner = read_owner(lock_path(run_file), wall)
    who = f"engine {owner.pid}, heartbeat {owner.heartbeat_age_s:.1f} s ago," if owner else "the engine"
    return (
        f"{run_file}: {who} did not answer {command.value} within {ANSWER_S:g} s; the command is written and will be "
        "obeyed when it looks; zerobias status says how it is"
    )


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False, markup=False)
