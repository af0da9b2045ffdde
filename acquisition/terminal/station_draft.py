"""A station file in the making: the commented example with the answers of a person, or of the boxes, written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import tomlkit

from acquisition.errors import InputError
from acquisition.station_file import Station, parse_station

QUESTIONS = (
    "station.name",
    "lockin.model",
    "lockin.address",
    "sourcemeter.model",
    "sourcemeter.address",
    "sourcemeter.range_A",
    "sourcemeter.compliance_V",
    "temperature.model",
    "temperature.address",
    "temperature.channel",
    "temperature.minimum_K",
    "temperature.maximum_K",
    "magnet.model",
    "magnet.address",
    "magnet.maximum_T",
    "magnet.rate_T_per_min",
    "circuit.kind",
    "circuit.ac_arm_ohm",
    "circuit.dc_arm_ohm",
    "circuit.divider_ohm",
    "circuit.transimpedance_ohm",
    "circuit.preamplifier_gain",
    "circuit.preamplifier_noise_V_per_rtHz",
    "circuit.lead_ohm",
    "contact.maximum_bias_V",
    "contact.maximum_current_A",
    "contact.expected_conductance_S",
)
"""What differs from rack to rack; all else keeps the example's value, with a comment that says what it is."""

VOLTAGE_BIAS = {"divider_ohm": 1.0, "transimpedance_ohm": 1e4}
"""Where the questions of a voltage bias begin."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the field, what it means, and what it is now."""

    field: str
    meaning: str
    present: Any


class StationDraft:
    """The example, being made into somebody's station."""

    def __init__(self) -> None:
        text = files("acquisition").joinpath("stations", "example.toml").read_text(encoding="utf-8")
        self._document = tomlkit.parse(text)

    def question(self, field: str) -> Question | None:
        """Return what to ask about a field; None where this circuit has no such thing."""
        table, key = field.split(".")
        present = self._document[table].get(key)  # type: ignore[union-attr]
        if present is None:
            return None
        section = Station.model_fields[table].annotation
        meaning = section.model_fields[key].description or key  # type: ignore[union-attr]
        return Question(field, meaning, present.unwrap() if hasattr(present, "unwrap") else present)

    def answer(self, field: str, text: str) -> None:
        """Write an answer in.

        Raises
        ------
        InputError
            If there is no such field, or this is not what belongs there; the draft stays as it was.
        """
        question = self.question(field) if field in QUESTIONS else None
        if question is None:
            raise InputError(f"{field}: nothing of this name is asked; there are {', '.join(QUESTIONS)}")
        table, key = field.split(".")
        section: Any = self._document[table]
        before = question.present
        section[key] = _like(before, text)
        if field == "circuit.kind":
            self._suit_circuit(text)
        try:
            self.station()
        except InputError:
            section[key] = before
            if field == "circuit.kind":
                self._suit_circuit(str(before))
            raise

    def place(self, table: str, model: str, address: str) -> None:
        """Write in a box that was found."""
        section: Any = self._document.setdefault(table, tomlkit.table())
        section["model"], section["address"] = model, address

    def name_library(self, visa_library: str) -> None:
        """Write the VISA library in, unless it is the installed one."""
        if visa_library:
            section: Any = self._document["station"]
            section["visa_library"] = visa_library

    def station(self) -> Station:
        """Return the station as it is now; raises `InputError` if it cannot be one."""
        return parse_station(self.text(), "station new")

    def text(self) -> str:
        """Return the file."""
        return tomlkit.dumps(self._document)

    def _suit_circuit(self, kind: str) -> None:
        circuit: Any = self._document["circuit"]
        for key, value in VOLTAGE_BIAS.items():
            if kind != "voltage-bias":
                circuit.pop(key, None)
            elif key not in circuit:
                circuit[key] = value
        if kind == "voltage-bias":
            circuit["preamplifier_gain"] = 1.0


def answers_of(words: list[str]) -> Mapping[str, str]:
    """Return ``KEY=VALUE`` words as a mapping; raises `InputError` for any other."""
    pairs = [word.partition("=") for word in words]
    for word, (key, equals, _) in zip(words, pairs, strict=True):
        if not key or not equals:
            raise InputError(f"--set {word}: expected TABLE.KEY=VALUE, e.g. --set lockin.address=GPIB0::8::INSTR")
    return {key: value for key, _, value in pairs}


def _like(before: object, text: str) -> object:
    """Return a text as a value of the type of `before`; what cannot be one stays a text, for the model to refuse."""
    kind = int if isinstance(before, int) else float if isinstance(before, float) else str
    try:
        return kind(text)
    except ValueError:
        return text
