"""A TOML file that is edited field by field: comments, order and spelling stay, and only what is changed is changed."""

import tomllib
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from acquisition.errors import InputError
from acquisition.toml_model import Location, place_text
from acquisition.whole_file import whole_file


class TomlDocument:
    """The text of a TOML file with its fields.

    Parameters
    ----------
    text : str
        What the file says.
    where : str
        What to call it in messages.

    Raises
    ------
    InputError
        If it is not valid TOML.
    """

    def __init__(self, text: str, where: str) -> None:
        try:
            tomllib.loads(text)  # the stricter of the two readers
            self._document = tomlkit.parse(text)
        except (ValueError, RecursionError, TOMLKitError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{where}: this is not valid TOML: {reason}; correct that line") from error

    @property
    def text(self) -> str:
        """Return the file as it would be written."""
        return self._document.as_string()

    def data(self) -> dict[str, Any]:
        """Return the file as plain data, as `tomllib` reads it."""
        return tomllib.loads(self.text)

    def get(self, location: Location) -> Any:
        """Return a plain value, or None where there is none."""
        found: Any = self.data()
        for part in location:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def put(self, location: Location, value: Any) -> None:
        """Set a field, making its table if there is none; None takes the field out.

        Raises
        ------
        InputError
            As the other changes do, if the file has something of another kind there, e.g. a number for a table; a part
            of the change may have been made by then.
        """
        with _fitting(location):
            if value is None:
                self._remove(location)
                return
            table = self._table(location[:-1])
            if self.get(location) != value or location[-1] not in table:
                table[location[-1]] = value

    def add_table(self, location: Location) -> None:
        """Append an empty table to a list of tables, making the list if there is none; raises as `put` does."""
        with _fitting(location):
            parent, key = self._table(location[:-1]), location[-1]
            if key not in parent:
                parent[key] = tomlkit.aot() if len(location) == 1 else tomlkit.array()
            tables = parent[key]
            tables.append(tomlkit.table() if isinstance(tables, AoT) else tomlkit.inline_table())

    def remove_table(self, location: Location) -> None:
        """Take a table out of a list of tables, or an optional one; an empty list goes too. Raises as `put` does."""
        with _fitting(location):
            parent = self._at(location[:-1])
            if parent is None:
                return
            del parent[location[-1]]
            if isinstance(location[-1], int) and not len(parent):
                self._remove(location[:-1])

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all; raises `RunFileError` if it cannot be."""
        with whole_file(path) as temporary:
            temporary.write_text(self.text, encoding="utf-8")

    def _remove(self, location: Location) -> None:
        table = self._at(location[:-1])
        if isinstance(table, MutableMapping) and location[-1] in table:
            del table[location[-1]]

    def _at(self, location: Location) -> Any:
        """Return the table or list at a place, None where there is none."""
        found: Any = self._document
        for part in location:
            try:
                found = found[part]
            except (KeyError, IndexError, TOMLKitError):
                return None
        return found

    def _table(self, location: Location) -> Any:
        """Return the table at a place, made where there is none."""
        found: Any = self._document
        for part in location:
            if isinstance(part, str) and part not in found:
                found[part] = tomlkit.table()
            found = found[part]
        return found


@contextmanager
def _fitting(location: Location) -> Iterator[None]:
    """Turn what a change stumbles over, where the file is of another make than its model, into an error of ours."""
    try:
        yield
    except (TypeError, AttributeError, LookupError, TOMLKitError) as error:
        raise InputError(
            f"{place_text(location)}: the file has something of another kind there; correct it as text"
        ) from error


def parsed(text: str, *, is_list: bool) -> Any:
    """Return what a person typed as a TOML value; as it stands, a string, if it is none.

    Commas make a list without brackets too, where a list is wanted; of what is in it each is a value or a string.
    """
    text = text.strip()
    if is_list and not text.startswith("["):
        whole = parsed(f"[{text}]", is_list=False)
        return whole if isinstance(whole, list) else [parsed(part, is_list=False) for part in text.split(",")]
    try:
        tomllib.loads(f"value = {text}")
        return tomlkit.value(text)
    except (ValueError, TOMLKitError):
        return text
