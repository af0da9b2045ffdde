"""The runs of a folder: newest first, searched by word; a file that cannot be read is named, not in the way."""

from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import InputError
from acquisition.run_schema import SUFFIX
from acquisition.store import RunFileReader, RunSummary


@dataclass(frozen=True)
class RunList:
    """The runs found, and why each file that could not be read could not."""

    runs: tuple[RunSummary, ...]
    unreadable: tuple[str, ...]


def find_runs(folder: Path, words: str = "") -> RunList:
    """Return the runs in `folder`, newest first.

    Parameters
    ----------
    folder : Path
        Where run files lie.
    words : str
        Every one of these must occur in date, name, sample, note, state or file name, in any case of letters.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; `zerobias run` makes it, --out names another")
    runs, unreadable = [], []
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        try:
            with RunFileReader(path) as reader:
                summary, note = reader.summary(), str(reader.header().get("note", ""))
        except InputError as error:
            unreadable.append(str(error))
            continue
        text = " ".join((path.name, summary.name, summary.sample, summary.started, summary.state.value, note)).lower()
        if all(word in text for word in words.lower().split()):
            runs.append(summary)
    return RunList(tuple(runs), tuple(unreadable))
