"""TOML text into frozen models, and whatever is wrong with it into one line that names file and field.

`recipe` and `station_file` describe their files as models below `TomlModel`; the description and the unit suffix of
each field are what the error lines are made of.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from acquisition.errors import InputError

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Count = Annotated[int, Field(strict=True, ge=1)]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]

Location = tuple[int | str, ...]
"""Where in a file: keys of tables and places in lists."""

_LONGEST_SHOWN = 60

_UNITS = {
    "V_per_rtHz": "volt per root hertz",
    "V_per_s": "volt per second",
    "T_per_min": "tesla per minute",
    "K_per_min": "kelvin per minute",
    "minutes": "minutes",
    "Vrms": "volt rms",
    "ohm": "ohm",
    "Hz": "hertz",
    "K": "kelvin",
    "T": "tesla",
    "V": "volt",
    "A": "ampere",
    "W": "watt",
    "S": "siemens",
    "s": "seconds",
}


class TomlModel(BaseModel):
    """A table of a TOML file: frozen, unknown keys refused, numbers strict and finite."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TomlFile(TomlModel):
    """A whole TOML file; remembers what to call it in messages."""

    _where: str = PrivateAttr(default="")

    @property
    def where(self) -> str:
        """Return the name of the file it came from, for messages."""
        return self._where or type(self).__name__.lower()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data, defaults written out; `from_dict` takes it back."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str) -> Self:
        """Build it from plain data.

        Parameters
        ----------
        data : Mapping
            What `tomllib` or `to_dict` gave.
        where : str
            What to call the source in messages, e.g. the path as the user typed it.

        Raises
        ------
        InputError
            In one line, for the first field that is wrong.
        """
        try:
            model = cls.model_validate(data)
        except ValidationError as error:
            raise InputError(f"{where}: {_sentence(cls, error)}") from error
        model._where = where
        return model

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> dict[Location, str]:
        """Return what is wrong with plain data: a sentence a field, by its place, e.g. ``("bias", "points")``."""
        try:
            cls.model_validate(data)
        except ValidationError as error:
            found = {details["loc"]: _complaint(cls, details) for details in error.errors()}
            # a list is called too short, too, if what is in it is wrong
            lists = {place[:end] for place in found for end in range(len(place))}
            return {place: complaint for place, complaint in found.items() if place not in lists}
        return {}

    @classmethod
    def from_text(cls, text: str, where: str) -> Self:
        """Build it from TOML text; raises `InputError` in one line, with the line number where the TOML is broken."""
        try:
            data = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{where}: this is not valid TOML: {reason}; correct that line") from error
        return cls.from_dict(data, where)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read and build it from a file; raises `InputError` in one line."""
        return cls.from_text(_read_text(Path(path)), str(path))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: byte {error.start} is not UTF-8, so this is not a TOML file; save it as UTF-8 text"
        ) from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: this is a directory, expected a TOML file; name the file in it") from error
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{str(path)!r}: cannot be read ({reason}); check the path and its permissions") from error


def _sentence(root: type[TomlModel], error: ValidationError) -> str:
    """Say in one line what is wrong; an unknown key goes first, as it is why another one is missing."""
    details = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")[0]
    place, complaint = place_text(details["loc"]), _complaint(root, details)
    if details["type"] == "value_error" and not place:
        return complaint
    return f"{place}: {complaint}"


def _complaint(root: type[TomlModel], details: Mapping[str, Any]) -> str:
    """Say what is wrong with one field."""
    if details["type"] == "extra_forbidden":
        return _unknown_key(root, details["loc"])
    if details["type"] == "missing":
        return f"is missing; expected {_described(root, details['loc'])}: add it"
    if details["type"] == "value_error":
        return str(details["msg"]).removeprefix("Value error, ")
    came = _shown(details["input"])
    meaning = _described(root, details["loc"])
    return f"got {came}, expected {_expected(details, root)} ({meaning})"


def place_text(location: tuple[int | str, ...]) -> str:
    """Write ``("series", 1, "fields_T", 2)`` as ``series[1].fields_T[2]``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _model_at(root: type[TomlModel], location: tuple[int | str, ...]) -> type[TomlModel]:
    """Return the model of the table that holds the last key of `location`."""
    model = root
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            inner = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
            model = next((kind for kind in inner if issubclass(kind, TomlModel)), model)
    return model


def _last_key(location: tuple[int | str, ...]) -> tuple[tuple[int | str, ...], str]:
    """Return `location` without trailing list indices, and its last key."""
    while location and isinstance(location[-1], int):
        location = location[:-1]
    return location, str(location[-1]) if location else ""


def _described(root: type[TomlModel], location: tuple[int | str, ...]) -> str:
    location, key = _last_key(location)
    field = _model_at(root, location).model_fields.get(key)
    return (field.description if field else None) or key


def unit_of(key: str) -> str:
    """Return the unit that a key ends in, e.g. `K_per_min`; empty if it ends in none."""
    return next((unit for unit in _UNITS if key == unit or key.endswith(f"_{unit}")), "")


def _unknown_key(root: type[TomlModel], location: tuple[int | str, ...]) -> str:
    key, known = str(location[-1]), list(_model_at(root, location).model_fields)
    for name in known:
        unit = unit_of(name)
        stem = name.removesuffix(f"_{unit}")
        if unit and stem != name and (key == stem or key.startswith(f"{stem}_")):
            return f"unknown key; this number is expected in {_UNITS[unit]}: write {name!r}"
    elsewhere = [name for name in root.model_fields if key in _model_at(root, (name, "")).model_fields]
    if elsewhere and key not in root.model_fields:
        return f"unknown key here; it belongs into [{elsewhere[0]}]"
    near = get_close_matches(key, known, 1)
    if near:
        return f"unknown key; did you mean {near[0]!r}?"
    return f"unknown key; take it out, known here: {', '.join(known)}"


def _expected(details: Mapping[str, Any], root: type[TomlModel]) -> str:
    """Say what should have come, and how to write it."""
    location, key = _last_key(details["loc"])
    unit = _UNITS.get(unit_of(key), "")
    in_unit = f" in {unit}" if unit else ""
    limits = details.get("ctx", {})
    match details["type"]:
        case "float_type" if isinstance(details["input"], str):
            return f"a number{in_unit}, written without quotes and unit"
        case "float_type":
            return f"a number{in_unit}"
        case "finite_number":
            return f"a finite number{in_unit}, neither nan nor inf"
        case "int_type":
            return "a whole number"
        case "greater_than":
            return f"more than {limits['gt']:g}{in_unit}"
        case "greater_than_equal":
            return f"at least {limits['ge']:g}{in_unit}"
        case "less_than":
            return f"less than {limits['lt']:g}{in_unit}"
        case "less_than_equal":
            return f"at most {limits['le']:g}{in_unit}"
        case "tuple_type" if _model_at(root, (*location, "")) is not _model_at(root, location):
            return f"one or more tables headed [[{place_text(location)}]]"
        case "tuple_type":
            return "a list in square brackets"
        case "too_short":
            return "at least one value in the list"
        case "model_type":
            return f"a table headed [{place_text(location)}]"
        case "string_type":
            return "text in quotes"
        case "string_too_short":
            return "some text"
        case "string_too_long":
            return f"at most {limits['max_length']} characters"
        case "string_pattern_mismatch":
            return "text of one line and of this form"
        case "enum" | "literal_error":
            return f"one of {limits['expected']}"
        case _:
            return str(details["msg"]).removeprefix("Input ")
