"""The tidy CSV, in and out: one row a point, SI units in the header, `#` lines as comments.

Columns `V_volt,T_kelvin,H_tesla,G_siemens`, in any order; optional `G_error_siemens`, `direction` (up, down, none),
`time_s`, `excitation_Vrms` and `flags` (as in a run file); further columns are passed over. Of the comments,
`# key: value` lines carry what holds for the whole file. Rows of direction `none` at zero bias are anchors.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from acquisition.errors import InputError
from acquisition.whole_file import whole_file

REQUIRED = ("V_volt", "T_kelvin", "H_tesla", "G_siemens")
OPTIONAL = ("G_error_siemens", "time_s", "excitation_Vrms", "flags")
DIRECTIONS = {"up": 1, "down": -1, "none": 0}
LONGEST_WORD, UNKNOWN = "U8", 9


@dataclass(frozen=True)
class TidyTable:
    """The columns of a tidy CSV.

    `numbers` holds float arrays of shape (N,) by column name; `direction` int8, shape (N,), +1 up, -1 down, 0 none,
    or None where the file has no such column; `comments` the `# key: value` lines.
    """

    numbers: Mapping[str, np.ndarray]
    direction: np.ndarray | None
    comments: Mapping[str, str]


def read_tidy_csv(path: Path) -> TidyTable:
    """Read a tidy CSV.

    Raises
    ------
    InputError
        If the file is absent, lacks a column, or has a row that is too short or a cell that is no finite number;
        the message names file, line and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason}); expected a tidy CSV or a run file") from error
    lines = text.splitlines()
    used = [number for number, line in enumerate(lines, start=1) if line[:1] != "#" and line.strip()]
    if not used:
        raise InputError(f"{path}: no header line; expected {','.join(REQUIRED)}")
    names = [name.strip() for name in next(csv.reader([lines[used[0] - 1]]))]
    for name in REQUIRED:
        if name not in names:
            raise InputError(
                f"{path}: no column {name}; found {', '.join(names)}; expected {','.join(REQUIRED)} separated by commas"
            )
    comments = _comments(lines)
    body = [lines[number - 1] for number in used[1:]]
    # a million rows in a second; whatever is odd about a file is found, and named, row by row
    return _plain_table(names, body, comments) or _table(path, names, list(csv.reader(body)), used[1:], comments)


def _comments(lines: Iterable[str]) -> dict[str, str]:
    pairs = (line.lstrip("# \t").partition(":") for line in lines if line[:1] == "#")
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def _plain_table(names: list[str], body: list[str], comments: Mapping[str, str]) -> TidyTable | None:
    """Return the table of a file without quotes, gaps or strange cells, else None."""
    wanted = [name for name in names if name in (*REQUIRED, *OPTIONAL, "direction")]
    if not body or len(set(names)) < len(names) or any(line.count(",") != len(names) - 1 for line in body):
        return None
    kinds = [(name, LONGEST_WORD if name == "direction" else "f8") for name in wanted]
    try:
        values = np.loadtxt(
            body, dtype=kinds, delimiter=",", usecols=[names.index(name) for name in wanted], comments=None, ndmin=1
        )
    except ValueError:
        return None
    numbers = {name: np.ascontiguousarray(values[name]) for name in wanted if name != "direction"}
    if not all(np.isfinite(column).all() for column in numbers.values()):
        return None
    if "direction" not in wanted:
        return TidyTable(numbers, None, comments)
    direction = np.select([values["direction"] == word for word in DIRECTIONS], list(DIRECTIONS.values()), UNKNOWN)
    return None if (direction == UNKNOWN).any() else TidyTable(numbers, direction.astype(np.int8), comments)


def _table(
    path: Path, names: list[str], rows: list[list[str]], line_numbers: list[int], comments: Mapping[str, str]
) -> TidyTable:
    for row, line in zip(rows, line_numbers, strict=True):
        if len(row) != len(names):
            raise InputError(f"{path}: line {line}: {len(row)} cells, expected {len(names)} as in the header")
    if not rows:
        raise InputError(f"{path}: a header but no rows")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    numbers = {
        name: _numbers(path, name, columns[name], line_numbers) for name in (*REQUIRED, *OPTIONAL) if name in columns
    }
    direction = _directions(path, columns["direction"], line_numbers) if "direction" in columns else None
    return TidyTable(numbers, direction, comments)


def _numbers(path: Path, name: str, cells: Sequence[str], line_numbers: Sequence[int]) -> np.ndarray:
    try:
        values = np.array(cells, dtype=float)
    except ValueError:
        for cell, line in zip(cells, line_numbers, strict=True):
            try:
                float(cell)
            except ValueError:
                _refuse_cell(path, line, name, cell)
        raise
    finite = np.isfinite(values)
    if not finite.all():
        worst = int(np.argmin(finite))
        _refuse_cell(path, line_numbers[worst], name, cells[worst])
    return values


def _refuse_cell(path: Path, line: int, name: str, cell: str) -> NoReturn:
    raise InputError(f"{path}: line {line}, column {name}: {cell!r} is no finite number; mend or remove the row")


def _directions(path: Path, cells: Sequence[str], line_numbers: Sequence[int]) -> np.ndarray:
    try:
        return np.array([DIRECTIONS[cell.strip()] for cell in cells], dtype=np.int8)
    except KeyError as error:
        line = next(line for cell, line in zip(cells, line_numbers, strict=True) if cell.strip() not in DIRECTIONS)
        raise InputError(
            f"{path}: line {line}, column direction: {error.args[0]!r}; expected up, down or none"
        ) from None


def write_tidy_csv(path: Path, comments: Mapping[str, object], columns: Mapping[str, Iterable[object]]) -> None:
    """Write a tidy CSV; nobody ever sees half of it.

    Floats are written so that they read back bit for bit.

    Raises
    ------
    RunFileError
        If the file cannot be written.
    """
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {key}: {value}\n" for key, value in comments.items())
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
