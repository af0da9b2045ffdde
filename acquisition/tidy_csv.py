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
    comments: dict[str, str] = {}
    lines: list[str] = []
    numbers_of_lines: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#"):
            key, colon, value = line.lstrip("# \t").partition(":")
            if colon:
                comments[key.strip()] = value.strip()
        elif line.strip():
            lines.append(line)
            numbers_of_lines.append(number)
    if not lines:
        raise InputError(f"{path}: no header line; expected {','.join(REQUIRED)}")
    header, *rows = csv.reader(lines)
    names = [name.strip() for name in header]
    for name in REQUIRED:
        if name not in names:
            raise InputError(
                f"{path}: no column {name}; found {', '.join(names)}; expected {','.join(REQUIRED)} separated by commas"
            )
    return _table(path, names, rows, numbers_of_lines[1:], comments)


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
