"""Commands arrive whole, in order and once, whatever else is written into their file."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.clock import WallClock
from acquisition.errors import InputError
from acquisition.running.command_file import (
    LONGEST_LINE,
    BadLine,
    Command,
    CommandFile,
    CommandKind,
    commands_path,
    write_command,
)

WALL = WallClock()


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    return tmp_path / "run.zerobias.sqlite"


def append(run_file: Path, text: bytes) -> None:
    with commands_path(run_file).open("ab") as file:
        file.write(text)


def line(**found: object) -> bytes:
    return json.dumps({"id": "7", "wall_time": "", "command": "pause", "argument": {}} | found).encode() + b"\n"


def test_commands_come_in_order_and_once(run_file: Path) -> None:
    commands = CommandFile(run_file)
    made = [write_command(run_file, CommandKind.NOTE, {"text": text}, wall=WALL) for text in ("a", "b")]
    assert commands.read_new() == made
    assert commands.read_new() == []
    made = [write_command(run_file, CommandKind.ABORT, wall=WALL)]
    assert commands.read_new() == made


def test_absent_file_is_no_command(run_file: Path) -> None:
    assert CommandFile(run_file).read_new() == []


def test_half_a_line_waits_for_its_rest(run_file: Path) -> None:
    commands = CommandFile(run_file)
    whole = line()
    append(run_file, whole[:20])
    assert commands.read_new() == []
    append(run_file, whole[20:])
    assert commands.read_new() == [Command("7", "", CommandKind.PAUSE, {})]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"pause\n", "not a line of JSON"),
        (b"\xff\xfe\n", "not a line of JSON"),
        (b"[" * 100_000 + b"\n", "not a line of JSON"),
        (b'{"id": "7", "command": "note", "argument": {"text": "\\ud800"}}\n', "not a line of JSON"),
        (b"[1]\n", "not a JSON object"),
        (line(id=None), "without an id"),
        (line(command="quench"), "unknown command"),
        (line(command=["pause"]), "unknown command"),
        (line(argument=[1]), "its argument is no JSON object"),
    ],
)
def test_nonsense_is_refused_with_a_reason_and_what_follows_is_heard(run_file: Path, text: bytes, reason: str) -> None:
    append(run_file, text + line())
    bad, good = CommandFile(run_file).read_new()
    assert isinstance(bad, BadLine)
    assert reason in bad.reason
    assert isinstance(good, Command)


def test_endless_line_is_dropped(run_file: Path) -> None:
    commands = CommandFile(run_file)
    append(run_file, b"x" * (LONGEST_LINE + 10))
    (bad,) = commands.read_new()
    assert isinstance(bad, BadLine)
    append(run_file, b"\n" + line())
    assert [type(found) for found in commands.read_new()] == [Command]


def test_too_long_a_command_is_refused_before_it_is_written(run_file: Path) -> None:
    with pytest.raises(InputError, match="expected at most"):
        write_command(run_file, CommandKind.NOTE, {"text": "x" * LONGEST_LINE}, wall=WALL)
    assert not commands_path(run_file).exists()


def test_number_that_is_none_is_refused_before_it_is_written(run_file: Path) -> None:
    with pytest.raises(InputError, match="nan or inf"):
        write_command(run_file, CommandKind.SET, {"quantity": "bias_V", "value": float("nan")}, wall=WallClock())
    assert not commands_path(run_file).exists()


def test_emptied_file_is_read_from_its_start(run_file: Path) -> None:
    commands = CommandFile(run_file)
    append(run_file, line() + line())
    assert len(commands.read_new()) == 2
    os.truncate(commands_path(run_file), 0)
    append(run_file, line(id="8"))
    assert [found.id for found in commands.read_new()] == ["8"]


@given(st.binary(max_size=300))
def test_no_bytes_do_harm(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    run_file = tmp_path_factory.mktemp("fuzz") / "run"
    append(run_file, text + b"\n" + line(id="last"))
    assert CommandFile(run_file).read_new()[-1] == Command("last", "", CommandKind.PAUSE, {})
