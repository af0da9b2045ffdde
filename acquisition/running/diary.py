"""The diary of a sample: what happened to it besides being measured, kept in the run file and weighed by the analysis.

Entries are plain mappings in the words of `analysis.sample_history`, with the date at which each was written; they
stand under `history` in table `run`. A run of the same sample in the same folder goes on with the diary of the last.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acquisition.clock import Wall
from acquisition.errors import InputError
from acquisition.readings import Event
from acquisition.run_list import find_runs
from acquisition.run_reader import RunFileReader
from acquisition.run_writer import RunFileWriter
from acquisition.running.lock import FileLock, lock_path
from analysis.errors import DataError
from analysis.sample_history import sample_events

WORDS = frozenset({"kind", "anomaly_left", "anomaly_left_error", "conductance_change", "hours_warm", "note", "written"})

_NOT_SAID = frozenset({"kind", "note", "written"})


def checked(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as it is kept.

    Raises
    ------
    InputError
        If it is none.
    """
    if unknown := set(entry) - WORDS:
        raise InputError(f"diary: {sorted(unknown)[0]!r} is no word of an entry; there are {', '.join(sorted(WORDS))}")
    try:
        sample_events([entry])
    except DataError as error:
        raise InputError(f"diary: {error}") from error
    return {name: value for name, value in entry.items() if value is not None}


def entries(run_file: Path) -> list[dict[str, Any]]:
    """Return the diary in a run file, oldest first; raises `InputError` if it is no run file."""
    with RunFileReader(run_file) as reader:
        return list(reader.header().get("history", []))


def continued(run_file: Path, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the diary of a run with one more entry; raises `InputError` if it is none."""
    return [*entries(run_file), checked(entry)]


def entry_text(entry: Mapping[str, Any]) -> str:
    """Return an entry in one line."""
    said = [f"{name} {value}" for name, value in checked(entry).items() if name not in _NOT_SAID and value]
    return ": ".join(part for part in (", ".join([str(entry["kind"]), *said]), str(entry.get("note") or "")) if part)


def add_entry(run_file: Path, entry: Mapping[str, Any], wall: Wall) -> None:
    """Write an entry into a run file that nobody measures into; the caller holds its lock.

    Raises
    ------
    InputError, RunFileError
        If it is no entry, or the file cannot be written.
    """
    diary = continued(run_file, {"written": wall.now().isoformat(timespec="seconds")} | dict(entry))
    with RunFileReader(run_file) as reader:
        last_s = reader.last_seen().time_s
    writer = RunFileWriter(run_file, wall)
    writer.set("history", diary)
    writer.record(Event(last_s, "diary", entry_text(entry)))
    writer.close()


def write_at_rest(run_file: Path, entry: Mapping[str, Any], wall: Wall) -> None:
    """Write an entry into the file of a run that is not going on; raises as `add_entry`, and if an engine has it."""
    with FileLock(lock_path(run_file), f"run file {run_file.name}", wall):
        add_entry(run_file, entry, wall)


def inherited(sample: str, folder: Path) -> list[dict[str, Any]]:
    """Return the diary of the newest run of a sample in a folder; empty if there is none."""
    if not folder.is_dir():
        return []
    earlier = next((run for run in find_runs(folder).runs if run.sample == sample), None)
    return entries(earlier.path) if earlier else []
