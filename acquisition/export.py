"""Exports: a run file as a file that other tools open, written under a temporary name and then renamed."""

from dataclasses import asdict
from pathlib import Path

from acquisition.measured import load_measured, tidy_columns
from acquisition.store import SUFFIX, RunFileReader
from acquisition.tidy_csv import write_tidy_csv


def export_csv(run_file: Path, output: Path | None = None) -> Path:
    """Write the points of a run file as a tidy CSV and return its path.

    Raises
    ------
    InputError
        If there is no such run file, or it has no points.
    RunFileError
        If the export cannot be written.
    """
    with RunFileReader(run_file) as reader:
        header = reader.header()
    measured = load_measured(run_file)
    path = output or run_file.with_name(run_file.name.removesuffix(SUFFIX) + ".csv")
    facts = {key: value for key, value in asdict(measured.facts).items() if value is not None}
    comments = {"run": run_file.name, "started": header.get("started", ""), "state": header.get("state", "")} | facts
    write_tidy_csv(path, comments, tidy_columns(measured))
    return path
