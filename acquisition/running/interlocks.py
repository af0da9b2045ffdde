"""Interlocks: rules on what is read, each with a limit, a grace time and what to do when it is broken.

Pure: an observation goes in, the rules that trip come out; what is then done is `acquisition.running.safeguard`'s
business. A rule that has tripped is latched until somebody acknowledges it, so that a night's worth of one alarm is one
alarm. A reading that should be there and is not (NaN) breaks every rule on it: stale is an alarm.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from acquisition.toml_model import NotNegative, Number, Text, TomlModel


class Watched(StrEnum):
    """What a rule can be on."""

    TEMPERATURE_K = "temperature_K"
    TEMPERATURE_DRIFT_K_PER_MIN = "temperature_drift_K_per_min"
    FIELD_T = "field_T"
    HELIUM_FRACTION = "helium_fraction"
    LOCKIN_OVERLOAD = "lockin_overload"
    COMPLIANCE = "compliance"
    CONDUCTANCE_STEP_FRACTION = "conductance_step_fraction"
    READING_AGE_S = "reading_age_s"
    DISK_FREE_BYTES = "disk_free_bytes"
    SIGMA_RATIO = "sigma_ratio"


YES_OR_NO = frozenset({Watched.LOCKIN_OVERLOAD, Watched.COMPLIANCE})
"""What is 0 or 1: a rule on it needs no limit."""

OF_COOLING = frozenset({Watched.TEMPERATURE_K, Watched.TEMPERATURE_DRIFT_K_PER_MIN, Watched.READING_AGE_S})
"""What says that the cooling is lost or the thermometer not to be trusted: a stop for it switches the heater off."""


class Action(StrEnum):
    """What is done when a rule trips, from the mildest on."""

    FLAG = "flag"
    REPEAT = "repeat"
    PAUSE = "pause"
    IDLE_SAFE = "idle-safe"
    RAMP_DOWN = "ramp-down"


class InterlockRule(TomlModel):
    """One rule: broken while what it is on is above `above`, or below `below`, or should be known and is not."""

    on: Watched = Field(description="what is watched, e.g. 'temperature_K'")
    above: Number | None = Field(default=None, description="broken above this, in the unit of what is watched")
    below: Number | None = Field(default=None, description="broken below this, in the unit of what is watched")
    for_s: NotNegative = Field(default=0.0, description="grace time in seconds that it must be broken without a break")
    action: Action = Field(description="'flag', 'repeat', 'pause', 'idle-safe' or 'ramp-down'")
    guidance: Text = Field(description="what the operator is to do, in one line")

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.above is None and self.below is None and self.on not in YES_OR_NO:
            raise ValueError(f"a rule on {self.on.value} needs a limit; add above or below")
        if self.above is not None and self.below is not None and self.below > self.above:
            raise ValueError(
                f"below = {self.below:g} is greater than above = {self.above:g}, so that the rule is always broken; "
                "exchange them"
            )
        return self

    @property
    def allowed(self) -> tuple[float, float]:
        """Return the least and the largest value that do not break the rule; one that is no number always does."""
        if self.above is None and self.below is None:  # yes or no
            return -math.inf, 0.5
        return -math.inf if self.below is None else self.below, math.inf if self.above is None else self.above

    def __str__(self) -> str:
        """Say the limit in words."""
        limits = [
            f"{word} {limit:g}" for word, limit in (("above", self.above), ("below", self.below)) if limit is not None
        ]
        grace = f" for {self.for_s:g} s" if self.for_s else ""
        return " ".join([self.on.value, " or ".join(limits)]).strip() + grace


DEFAULT_RULES: tuple[InterlockRule, ...] = (
    InterlockRule(
        on=Watched.CONDUCTANCE_STEP_FRACTION,
        above=0.03,
        action=Action.PAUSE,
        guidance="the contact may have changed or a lead come loose: look at the last curves, then acknowledge",
    ),
    InterlockRule(
        on=Watched.COMPLIANCE,
        action=Action.PAUSE,
        guidance="the compliance voltage decides the current: check leads and compliance_V, then acknowledge",
    ),
    InterlockRule(
        on=Watched.READING_AGE_S,
        above=180.0,
        action=Action.PAUSE,
        guidance="there is no valid temperature: check the thermometer and its scanner, then acknowledge",
    ),
    InterlockRule(
        on=Watched.DISK_FREE_BYTES,
        below=200e6,
        action=Action.IDLE_SAFE,
        guidance="the disk of the run file is nearly full: make room, then resume",
    ),
    InterlockRule(
        on=Watched.HELIUM_FRACTION,
        below=0.2,
        for_s=300.0,
        action=Action.RAMP_DOWN,
        guidance="the magnet runs out of helium: transfer, then resume",
    ),
    InterlockRule(
        on=Watched.SIGMA_RATIO,
        above=1.5,
        action=Action.FLAG,
        guidance="the readings scatter more than predicted: look for interference, ground loops, a bad lead",
    ),
)
"""Rules of every station; a station's own rules on a quantity replace the one here."""


def effective_rules(own: Sequence[InterlockRule]) -> tuple[InterlockRule, ...]:
    """Return a station's own rules, and the default ones on what it has no rule on."""
    taken = {rule.on for rule in own}
    return (*own, *(rule for rule in DEFAULT_RULES if rule.on not in taken))


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known at a time: a value where one was to be had, NaN where it should have been, nothing else.

    `note` says what else is wrong with what was read, for whoever has to find out.
    """

    time_s: float
    values: Mapping[Watched, float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tripped:
    """A rule that has tripped: when, at which value, and what else was wrong then."""

    rule: InterlockRule
    value: float
    time_s: float
    note: str = ""

    def __str__(self) -> str:
        """Say what tripped, at what, what is done and what the operator is to do."""
        value = "not known" if math.isnan(self.value) else f"{self.value:.4g}"
        note = f" ({self.note})" if self.note else ""
        return f"{self.rule}: it is {value}{note} -> {self.rule.action.value}; {self.rule.guidance}"


class Interlocks:
    """Rules with their memory: since when each is broken, and which have tripped.

    Parameters
    ----------
    rules : iterable of InterlockRule
        Each on its own; several may be on one quantity.
    """

    def __init__(self, rules: Iterable[InterlockRule]) -> None:
        self.rules = tuple(rules)
        self._bounds = [(rule.on, *rule.allowed) for rule in self.rules]  # a model is slow to ask at every point
        self._broken_since_s: dict[int, float] = {}
        self._latched: dict[int, Tripped] = {}

    def feed(self, observation: Observation) -> list[Tripped]:
        """Take an observation and return the rules that trip by it; times never go back.

        A rule on what the observation says nothing of stays as it is. One that asks to repeat a point is not latched:
        it trips at every point that breaks it.
        """
        tripped = []
        values, broken_since_s = observation.values, self._broken_since_s
        for place, (on, least, largest) in enumerate(self._bounds):
            value = values.get(on)
            if value is None:
                continue
            if least <= value <= largest:
                broken_since_s.pop(place, None)
                continue
            rule, since_s = self.rules[place], broken_since_s.setdefault(place, observation.time_s)
            if place in self._latched or observation.time_s - since_s < rule.for_s:
                continue
            trip = Tripped(rule, value, observation.time_s, observation.note)
            if rule.action is not Action.REPEAT:
                self._latched[place] = trip
            tripped.append(trip)
        return tripped

    @property
    def latched(self) -> tuple[Tripped, ...]:
        """Return what has tripped and nobody has acknowledged, in the order of the rules."""
        return tuple(self._latched[place] for place in sorted(self._latched))

    @property
    def is_flagging(self) -> bool:
        """Say whether a rule that has tripped is still broken: the points measured now are to be flagged."""
        return not self._latched.keys().isdisjoint(self._broken_since_s)

    def acknowledge(self) -> tuple[Tripped, ...]:
        """Unlatch everything and return what it was; the grace time of what is still broken begins anew."""
        seen_to = self.latched
        for place in self._latched:
            self._broken_since_s.pop(place, None)
        self._latched.clear()
        return seen_to
