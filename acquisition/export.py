"""Exports: a run file as a file that other tools open, written under a temporary name and then renamed.

CSV holds the tidy columns, everything else all columns of table `point` with units and meanings, and the whole of
table `run` as JSON text. HDF5 follows NeXus (NXentry, NXdata with `signal` and `axes`; the `NXsensor_scan` definition
has no conductance of its own), netCDF-4 opens with `xarray.open_dataset`, Parquet with pandas, polars or DuckDB.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import InputError
from acquisition.measured import load_measured, tidy_columns
from acquisition.run_reader import RunFileReader
from acquisition.run_schema import POINT_COLUMNS, SUFFIX
from acquisition.tidy_csv import write_tidy_csv
from acquisition.whole_file import whole_file


@dataclass(frozen=True)
class _Content:
    """What is exported: columns of shape (N,) in the order of commitment, and table `run`."""

    columns: Mapping[str, np.ndarray]
    header: Mapping[str, Any]

    def texts(self) -> dict[str, str]:
        """Return table `run` as text, JSON where a value is not plain."""
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in self.header.items()}


def export_run(run_file: Path, to: str, output: Path | None = None) -> Path:
    """Write the points of a run file in another format and return the path.

    Parameters
    ----------
    run_file : Path
        The run file; it may still be growing.
    to : str
        ``csv``, ``hdf5``, ``netcdf`` or ``parquet``.
    output : Path, optional
        Where to; beside the run file with the format's usual ending by default.

    Raises
    ------
    InputError
        If there is no such run file, it has no points, or the output would replace it.
    RunFileError
        If the export cannot be written; nothing half-written stays behind.
    """
    ending, write = _FORMATS[to]
    path = output or run_file.with_name(run_file.name.removesuffix(SUFFIX) + ending)
    if path.absolute() == run_file.absolute():
        raise InputError(f"{path}: the export would replace the run file itself; name another path with -o")
    with RunFileReader(run_file) as reader:
        content = _Content(reader.columns("seq", *POINT_COLUMNS), reader.header())
    if not len(content.columns["seq"]):
        raise InputError(f"{run_file}: the run has no points yet")
    write(run_file, content, path)
    return path


def _write_csv(run_file: Path, content: _Content, path: Path) -> None:
    measured = load_measured(run_file)
    facts = {key: value for key, value in asdict(measured.facts).items() if value is not None}
    known = {"run": run_file.name} | {key: content.header.get(key, "") for key in ("started", "state")}
    write_tidy_csv(path, known | facts, tidy_columns(measured))


def _write_hdf5(_run_file: Path, content: _Content, path: Path) -> None:
    import h5py

    with whole_file(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry["title"] = str(content.header.get("name", ""))
        entry["start_time"] = str(content.header.get("started", ""))
        data = entry.create_group("data")
        data.attrs.update(
            {
                "NX_class": "NXdata",
                "signal": "conductance_S",
                "axes": ["bias_V"],
                "auxiliary_signals": ["temperature_K", "field_T"],
                "errors": "conductance_error_S",
            }
        )
        for name, column in content.columns.items():
            is_text = column.dtype.kind == "U"
            dataset = data.create_dataset(
                name, data=column.astype(object) if is_text else column, dtype=h5py.string_dtype() if is_text else None
            )
            dataset.attrs.update(_explained(name))
        run = entry.create_group("run")
        run.attrs["NX_class"] = "NXcollection"
        for key, text in content.texts().items():
            run[key] = text


def _write_netcdf(_run_file: Path, content: _Content, path: Path) -> None:
    import xarray

    coordinates = {"bias_V", "temperature_K", "field_T", "seq"}
    variables = {name: ("point", column, _explained(name)) for name, column in content.columns.items()}
    dataset = xarray.Dataset(
        data_vars={name: variable for name, variable in variables.items() if name not in coordinates},
        coords={name: variable for name, variable in variables.items() if name in coordinates},
        attrs={"Conventions": "CF-1.11"} | {f"run_{key}": text for key, text in content.texts().items()},
    )
    with whole_file(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")


def _write_parquet(_run_file: Path, content: _Content, path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    fields = [
        pyarrow.field(name, pyarrow.array(column).type, metadata=_explained(name))
        for name, column in content.columns.items()
    ]
    schema = pyarrow.schema(fields, metadata=content.texts())
    with whole_file(path) as temporary:
        parquet.write_table(pyarrow.table(list(content.columns.values()), schema=schema), temporary)


def _explained(name: str) -> dict[str, str]:
    """Return unit and meaning of a column, under the names that NeXus and CF use."""
    _, unit, meaning = POINT_COLUMNS.get(name, ("", "", "order of commitment"))
    return {"units": unit, "long_name": meaning}


_FORMATS: dict[str, tuple[str, Callable[[Path, _Content, Path], None]]] = {
    "csv": (".csv", _write_csv),
    "hdf5": (".h5", _write_hdf5),
    "netcdf": (".nc", _write_netcdf),
    "parquet": (".parquet", _write_parquet),
}
