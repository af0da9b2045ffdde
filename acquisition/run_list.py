"""The runs of a folder: newest first, searched by word; a file that cannot be read is named, not in the way."""

from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import InputError
from acquisition.run_reader import RunFileReader, RunSummary, reading
from acquisition.run_schema import SUFFIX

PLACES = ("date", "name", "sample", "tag", "note", "state", "file")
"""Where a word can be looked for alone."""


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
        Every one of these must occur somewhere in date, name, sample, tags, note, the operator's notes, state or file
        name, in any case of letters; one like ``sample:cu1`` in that very place (`PLACES` lists them).

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
            with reading(path), RunFileReader(path) as reader:
                summary, texts = reader.summary(), _texts(reader)
        except InputError as error:
            unreadable.append(str(error))
            continue
        if all(_occurs(word, texts) for word in words.lower().split()):
            runs.append(summary)
    return RunList(tuple(runs), tuple(unreadable))


def _texts(reader: RunFileReader) -> dict[str, str]:
    """Return what can be searched of a run, by place."""
    header = reader.header()
    recipe = header.get("recipe", {}).get("run", {})
    texts = {
        "file": reader.path.name,
        "name": header.get("name", ""),
        "sample": header.get("sample", ""),
        "date": header.get("started", ""),
        "state": header.get("state", ""),
        "tag": "\n".join(recipe.get("tags", ())),
        "note": "\n".join((str(header.get("note", "")), *reader.notes())),
    }
    return {place: str(text).lower() for place, text in texts.items()}


def _occurs(word: str, texts: dict[str, str]) -> bool:
    place, colon, rest = word.partition(":")
    if colon and place in texts:
        return rest in texts[place]
    return any(word in text for text in texts.values())
