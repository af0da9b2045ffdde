"""Exports open in the tools they are meant for, with every value, unit and meaning."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false
# h5py gives whatever stands at a path; its types cannot know what that is
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from pyarrow import parquet

from acquisition.clock import WallClock
from acquisition.errors import InputError, RunFileError
from acquisition.export import export_run
from acquisition.readings import Direction, PointFlag, PointKind, Reading
from acquisition.run_schema import POINT_COLUMNS
from acquisition.run_writer import RunFileWriter, new_run_path

BIAS_V = (0.0, -1e-4, 0.1 + 0.2)


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    path = new_run_path(tmp_path, "cu1", WallClock())
    writer = RunFileWriter.create(path, {"state": "running", "name": "cu1", "recipe": {"bias": 1}}, WallClock())
    for index, bias_V in enumerate(BIAS_V):
        numbers = dict.fromkeys(POINT_COLUMNS, 0.25)
        texts = {"kind": PointKind.SWEEP, "direction": Direction.DOWN, "flags": PointFlag.GOOD}
        writer.append(Reading(**numbers | texts | {"plan_index": index, "isotherm_index": 0, "bias_V": bias_V}))  # type: ignore[arg-type]
    writer.close()
    return path


def test_hdf5_is_a_nexus_file_with_units(run_file: Path) -> None:
    path = export_run(run_file, "hdf5")
    assert path.name == run_file.name.replace(".zerobias.sqlite", ".h5")
    with h5py.File(path) as file:
        data = file[f"{file.attrs['default']}/{file['entry'].attrs['default']}"]
        assert data.attrs["NX_class"] == "NXdata"
        assert data[data.attrs["signal"]].attrs["units"] == "S"
        assert data["bias_V"][()].tolist() == list(BIAS_V)
        assert data["direction"][0] == b"down"
        assert json.loads(file["entry/run/recipe"][()]) == {"bias": 1}


def test_netcdf_opens_in_xarray(run_file: Path) -> None:
    with xarray.open_dataset(export_run(run_file, "netcdf"), engine="h5netcdf") as dataset:
        assert dataset["bias_V"].values.tolist() == list(BIAS_V)
        assert dataset["conductance_S"].attrs["units"] == "S"
        assert dataset.attrs["run_name"] == "cu1"


def test_parquet_holds_every_column_with_its_unit(run_file: Path) -> None:
    table = parquet.read_table(export_run(run_file, "parquet"))
    assert set(table.column_names) == {"seq", *POINT_COLUMNS}
    assert table["bias_V"].to_pylist() == list(BIAS_V)
    assert table.schema.field("temperature_K").metadata[b"units"] == b"K"


@pytest.mark.parametrize("to", ["csv", "hdf5", "netcdf", "parquet"])
def test_failed_export_leaves_nothing_behind(run_file: Path, to: str) -> None:
    before = sorted(run_file.parent.iterdir())
    with pytest.raises(RunFileError):
        export_run(run_file, to, run_file.parent / "no" / "such" / "folder")
    assert sorted(run_file.parent.iterdir()) == before


def test_export_onto_the_run_file_is_refused(run_file: Path) -> None:
    content = run_file.read_bytes()
    with pytest.raises(InputError, match="replace the run file"):
        export_run(run_file, "csv", run_file)
    assert run_file.read_bytes() == content


def test_columns_are_those_of_the_run_file(run_file: Path) -> None:
    table = parquet.read_table(export_run(run_file, "parquet"))
    assert np.asarray(table["flags"]).dtype.kind == "i"
