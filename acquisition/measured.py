"""Measured columns, from a run file or a tidy CSV alike, and the curves that the analysis takes.

A run file and the CSV exported from it give the same table, and so the same exponent to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.circuit import ScaleError, total_scale_error
from acquisition.errors import InputError
from acquisition.readings import UNTRUSTED, Direction, PointKind
from acquisition.run_reader import RunFileReader, reading
from acquisition.tidy_csv import DIRECTIONS, read_tidy_csv
from analysis.corrections import Corrections
from analysis.curves import Curves, make_curves
from analysis.sample_history import SampleEvent, sample_events

_SQLITE_MAGIC = b"SQLite format 3\x00"
_RUN_COLUMNS = (
    "bias_V",
    "temperature_K",
    "field_T",
    "conductance_S",
    "conductance_error_S",
    "direction",
    "kind",
    "time_s",
    "excitation_Vrms",
    "flags",
)


@dataclass(frozen=True)
class Facts:
    """What is known of a whole file besides its points; what is not known keeps its default."""

    sample: str = ""
    series_ohm: float = 0.0
    electron_base_K: float = 0.0
    temperature_accuracy_fraction: float = 0.005
    excitation_Vrms: float | None = None
    history: tuple[SampleEvent, ...] = ()
    scale_error: ScaleError | None = None

    def corrections(self, *, has_excitation: bool) -> Corrections:
        """Return the corrections that these facts ask for; without an excitation a point theirs is taken."""
        return Corrections(
            series_ohm=self.series_ohm,
            bias_offset_V="auto",
            excitation_Vrms=None if has_excitation else self.excitation_Vrms,
            electron_base_K=self.electron_base_K,
            temperature_accuracy_fraction=self.temperature_accuracy_fraction,
        )


def facts_of_run(header: Mapping[str, Any]) -> Facts:
    """Return the facts in table `run` of a run file."""
    temperature = header.get("station", {}).get("temperature", {})
    accuracy = temperature.get("accuracy_fraction", Facts.temperature_accuracy_fraction)
    return Facts(
        sample=str(header.get("sample", "")),
        electron_base_K=float(temperature.get("electron_base_K", 0.0)),
        temperature_accuracy_fraction=float(accuracy),
        history=sample_events(header.get("history", ())),
        scale_error=total_scale_error(tuple(ScaleError(**error) for error in header.get("scale_errors", ()))),
    )


@dataclass(frozen=True)
class Measured:
    """A file's points as columns of shape (N,), in the order of the file, and its facts.

    `direction` is +1 up, -1 down, 0 none; `is_anchor` marks zero-bias readings between the points of a sweep; `flags`
    are those of `acquisition.readings.PointFlag`. Columns that a CSV lacks are None.
    """

    bias_V: np.ndarray
    temperature_K: np.ndarray
    field_T: np.ndarray
    conductance_S: np.ndarray
    conductance_error_S: np.ndarray | None
    direction: np.ndarray | None
    is_anchor: np.ndarray | None
    time_s: np.ndarray | None
    excitation_Vrms: np.ndarray | None
    flags: np.ndarray | None
    facts: Facts

    def curves(self) -> Curves:
        """Return the trusted points as curves.

        Raises
        ------
        DataError
            If they are no curves; see `analysis.curves.make_curves`.
        """
        trusted = np.ones(len(self.bias_V), dtype=bool)
        if self.flags is not None:
            trusted = (self.flags.astype(int) & UNTRUSTED.value) == 0

        def kept(column: np.ndarray | None) -> np.ndarray | None:
            return None if column is None else column[trusted]

        return make_curves(
            bias_V=self.bias_V[trusted],
            temperature_K=self.temperature_K[trusted],
            field_T=self.field_T[trusted],
            conductance_S=self.conductance_S[trusted],
            conductance_error_S=kept(self.conductance_error_S),
            time_s=kept(self.time_s),
            excitation_Vrms=kept(self.excitation_Vrms),
            direction=kept(self.direction),
            is_anchor=kept(self.is_anchor),
        )

    def corrections(self) -> Corrections:
        """Return the corrections that the file's own facts ask for."""
        return self.facts.corrections(has_excitation=self.excitation_Vrms is not None)


def load_measured(path: Path) -> Measured:
    """Read a run file or a tidy CSV, whichever it is.

    Raises
    ------
    InputError
        If it is neither, or damaged.
    """
    try:
        with path.open("rb") as file:
            is_run_file = file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); expected a run file or a tidy CSV") from error
    if not is_run_file:
        return _from_csv(path)
    with reading(path):
        return _from_run_file(path)


def _from_run_file(path: Path) -> Measured:
    with RunFileReader(path) as reader:
        header, columns = reader.header(), reader.columns(*_RUN_COLUMNS)
    if not len(columns["bias_V"]):
        raise InputError(f"{path}: the run has no points yet")
    directions = [DIRECTIONS[direction] for direction in columns.pop("direction")]
    return Measured(
        **{name: column for name, column in columns.items() if name != "kind"},
        direction=np.array(directions, dtype=np.int8),
        is_anchor=columns["kind"] == PointKind.ANCHOR,
        facts=facts_of_run(header),
    )


def _from_csv(path: Path) -> Measured:
    table = read_tidy_csv(path)
    numbers = table.numbers
    is_anchor = None if table.direction is None else (table.direction == 0) & (numbers["V_volt"] == 0)
    return Measured(
        bias_V=numbers["V_volt"],
        temperature_K=numbers["T_kelvin"],
        field_T=numbers["H_tesla"],
        conductance_S=numbers["G_siemens"],
        conductance_error_S=numbers.get("G_error_siemens"),
        direction=table.direction,
        is_anchor=is_anchor,
        time_s=numbers.get("time_s"),
        excitation_Vrms=numbers.get("excitation_Vrms"),
        flags=numbers.get("flags"),
        facts=_facts(path, table.comments),
    )


def _facts(path: Path, comments: Mapping[str, str]) -> Facts:
    def number(key: str, default: float | None) -> float | None:
        if key not in comments:
            return default
        try:
            return float(comments[key])
        except ValueError:
            raise InputError(f"{path}: comment '# {key}: {comments[key]}': expected a number") from None

    known = {
        name: number(name, getattr(Facts, name))
        for name in ("series_ohm", "electron_base_K", "temperature_accuracy_fraction", "excitation_Vrms")
    }
    return Facts(sample=comments.get("sample", ""), **known)  # type: ignore[arg-type]


def tidy_columns(measured: Measured) -> dict[str, list[object]]:
    """Return the columns of a tidy CSV, for `acquisition.tidy_csv.write_tidy_csv`."""
    names = {sign: name for name, sign in DIRECTIONS.items()}
    columns = {
        "V_volt": measured.bias_V,
        "T_kelvin": measured.temperature_K,
        "H_tesla": measured.field_T,
        "G_siemens": measured.conductance_S,
        "G_error_siemens": measured.conductance_error_S,
        "time_s": measured.time_s,
        "excitation_Vrms": measured.excitation_Vrms,
        "flags": measured.flags,
    }
    tidy = {name: column.tolist() for name, column in columns.items() if column is not None}
    if measured.direction is not None:
        tidy["direction"] = [names.get(int(sign), Direction.NONE) for sign in measured.direction]
    return tidy
