"""The runs of a folder: newest first, searched by word; a file that cannot be read is named, not in the way."""

from dataclasses import dataclass, field
from pathlib import Path

from acquisition.errors import InputError
from acquisition.run_reader import RunFileReader, RunSummary, reading
from acquisition.run_schema import SUFFIX, RunState

PLACES = ("date", "name", "sample", "tag", "note", "state", "file")
"""Where a word can be looked for alone."""

UNSETTLED = (RunState.RUNNING, RunState.PAUSED, RunState.INTERRUPTED)
"""States that can change with no change of the file: they depend on whether somebody writes it."""

Stamp = tuple[int, ...]
"""What changes whenever a file does."""


@dataclass(frozen=True)
class RunList:
    """The runs found, and why each file that could not be read could not."""

    runs: tuple[RunSummary, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class KnownRun:
    """What was read of one file: what lists show, what is searched by place; or why it cannot be read."""

    stamp: Stamp
    summary: RunSummary | None
    texts: dict[str, str] = field(default_factory=dict)
    complaint: str = ""

    @property
    def is_settled(self) -> bool:
        """Return whether it stays so until the file changes."""
        return self.summary is None or self.summary.state not in UNSETTLED


class RunFolder:
    """The runs of a folder, each read once, and again when its file has changed.

    Parameters
    ----------
    folder : Path
        Where run files lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, KnownRun] = {}
        self._to_read: list[Path] = []

    def __len__(self) -> int:
        """Return how many files are read by now."""
        return len(self._known)

    def look(self) -> None:
        """Note which files are gone, which are to be read, the newest first; reads none.

        Raises
        ------
        InputError
            If there is no such folder.
        """
        if not self.folder.is_dir():
            raise InputError(f"{self.folder}: no such folder; `zerobias run` makes it, --out names another")
        paths = sorted(self.folder.glob(f"*{SUFFIX}"), reverse=True)
        known = {path: self._known[path] for path in paths if path in self._known}
        self._to_read = [
            path
            for path in paths
            if path not in known or not known[path].is_settled or known[path].stamp != _stamp(path)
        ]
        self._known = known

    def read(self, most: int | None = None) -> int:
        """Read at most so many of the files that are to be read, and return how many are left."""
        now, self._to_read = self._to_read[:most], self._to_read[len(self._to_read[:most]) :]
        for path in now:
            self._known[path] = _read(path)
        return len(self._to_read)

    def find(self, words: str = "") -> RunList:
        """Return what is found among the files read by now; `find_runs` says how."""
        wanted = words.lower().split()
        known = [self._known[path] for path in sorted(self._known, reverse=True)]
        return RunList(
            tuple(
                one.summary
                for one in known
                if one.summary is not None and all(_occurs(word, one.texts) for word in wanted)
            ),
            tuple(one.complaint for one in known if one.summary is None),
        )


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
    runs = RunFolder(folder)
    runs.look()
    runs.read()
    return runs.find(words)


def _read(path: Path) -> KnownRun:
    stamp = _stamp(path)  # taken first: what is written meanwhile is read next time
    try:
        with reading(path), RunFileReader(path) as reader:
            return KnownRun(stamp, reader.summary(), _texts(reader))
    except InputError as error:
        return KnownRun(stamp, None, complaint=str(error))


def _stamp(path: Path) -> Stamp:
    """Return sizes and dates of a run file and of the journal in which it grows; empty if it is gone."""
    found: Stamp = ()
    for part in (path, path.with_name(f"{path.name}-wal")):
        try:
            status = part.stat()
        except OSError:
            continue
        found = (*found, status.st_size, status.st_mtime_ns)
    return found


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
