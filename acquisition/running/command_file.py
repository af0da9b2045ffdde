"""The command file beside a run file: how anyone speaks to the engine that writes the run.

One JSON object a line, appended in one piece; the engine reads what is new and copies each line, accepted or refused,
into table `command` of the run file. Nobody but the engine ever writes into the run file, so no viewer can hold it up.
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from acquisition.clock import Wall
from acquisition.errors import AcquisitionError, InputError

LONGEST_LINE = 1 << 20
"""A longer line is no command; a recipe with ten thousand temperatures is shorter."""


class CommandKind(StrEnum):
    """What the engine can be told."""

    PAUSE = "pause"
    CONTINUE = "continue"
    ABORT = "abort"
    NOTE = "note"
    DIARY = "diary"
    ACKNOWLEDGE = "acknowledge"
    APPEND = "append"
    RETIRE = "retire"
    FAULT = "fault"
    SPEED = "speed"
    WIRE = "wire"
    SET = "set"
    DO = "do"


class Quantity(StrEnum):
    """What can be set by hand on a bench; the unit is in the name."""

    BIAS_V = "bias_V"
    EXCITATION_Vrms = "excitation_Vrms"
    SENSITIVITY_V = "sensitivity_V"
    TEMPERATURE_K = "temperature_K"
    FIELD_T = "field_T"


class Action(StrEnum):
    """What can be done on a bench besides."""

    SET_UP = "set-up"
    IDLE_SAFE = "idle-safe"
    HOLD_FIELD = "hold-field"
    HEATER_OFF = "heater-off"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: a name of its own, when it was given, what it says, and with which particulars (JSON values)."""

    id: str
    wall_time: str
    command: CommandKind
    argument: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no command: its id as far as it has one, its text cut short, and what is wrong with it."""

    id: str
    text: str
    reason: str


class CommandRefusedError(AcquisitionError):
    """Tell why a command is not obeyed; ends up in table `command`, never ends a run."""


def commands_path(run_file: Path) -> Path:
    """Return the path of the command file beside `run_file`."""
    return run_file.with_name(run_file.name + ".commands")


def write_command(
    run_file: Path, command: CommandKind, argument: Mapping[str, Any] | None = None, *, wall: Wall
) -> Command:
    """Append a command for the engine that writes `run_file` and return it.

    Raises
    ------
    InputError
        If the command is too long or holds a number that is none, or the file cannot be written.
    """
    made = Command(uuid.uuid4().hex, wall.now().isoformat(timespec="milliseconds"), command, dict(argument or {}))
    try:
        line = json.dumps(asdict(made), allow_nan=False).encode() + b"\n"
    except ValueError as error:
        raise InputError(f"{command}: nan or inf in {dict(made.argument)}, expected numbers; not sent") from error
    if len(line) > LONGEST_LINE:
        raise InputError(f"{command}: {len(line)} bytes, expected at most {LONGEST_LINE}; split it")
    path = commands_path(run_file)
    try:
        # One write with O_APPEND: two terminals can write at once, and a line is there whole or not at all.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"{path}: the command cannot be written ({error.strerror}); check the folder") from error
    return made


class CommandFile:
    """The engine's end: reads what was appended since the last look; a look at nothing new costs microseconds.

    Parameters
    ----------
    run_file : Path
        The run; its command file need not exist.
    """

    def __init__(self, run_file: Path) -> None:
        self._path = commands_path(run_file)
        self._offset = 0

    def read_new(self) -> list[Command | BadLine]:
        """Return the commands of all whole lines that are new, in order; a half-written line waits for its rest."""
        try:
            size = os.stat(self._path).st_size
        except OSError:
            return []
        if size < self._offset:  # somebody replaced or emptied it
            self._offset = 0
        if size == self._offset:
            return []
        return [_parsed(line) for line in self._new_lines() if line.strip()]

    def _new_lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                text = file.read(2 * LONGEST_LINE)
        except OSError:
            return []
        end = text.rfind(b"\n") + 1
        if not end and len(text) > LONGEST_LINE:  # no command, and never will be
            end = len(text)
        self._offset += end
        return text[:end].splitlines()


def _parsed(line: bytes) -> Command | BadLine:
    """Read one line; whatever is wrong with it becomes a `BadLine`, never an exception."""
    shown = line[:200].decode("utf-8", "replace")
    if len(line) > LONGEST_LINE:
        return BadLine("", shown, f"longer than {LONGEST_LINE} bytes")
    try:
        found = json.loads(line)
        # what cannot be written again, such as half a surrogate pair or nesting without end, is not let in
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return BadLine("", shown, "not a line of JSON")
    if not isinstance(found, dict):
        return BadLine("", shown, "not a JSON object")
    name, word, argument = found.get("id"), found.get("command"), found.get("argument", {})
    known = name[:64] if isinstance(name, str) else ""
    if not known:
        return BadLine("", shown, "without an id")
    if word not in list(CommandKind):
        return BadLine(known, shown, f"unknown command; known are {', '.join(CommandKind)}")
    if not isinstance(argument, dict):
        return BadLine(known, shown, "its argument is no JSON object")
    return Command(known, str(found.get("wall_time", ""))[:40], CommandKind(word), argument)
