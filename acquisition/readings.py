"""What the loop yields: one reading a measured point, and events for all else that happened."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from typing import Any, NamedTuple

PAUSED_BY_COMMAND = "paused by command"
"""What an event `paused` says where somebody asked for it; any other pause came by itself."""

PAUSING, PAUSE_OFF = "pausing", "pause-off"
"""Kinds of events: a pause is asked for and will come, and it will not after all."""

AFTER_POINT, AFTER_SWEEP = "after this point", "after this sweep"
"""What an event `pausing` says: when the pause will come."""

QUENCH = "quench"
"""Kind of the event that says that the magnet has quenched."""


class PointKind(StrEnum):
    """Why a point was measured."""

    SWEEP = "sweep"
    ANCHOR = "anchor"


class Direction(StrEnum):
    """Which way the bias was going."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


class PointFlag(IntFlag):
    """What to know before trusting a point; zero is good. The values are part of the file format: never renumber."""

    GOOD = 0
    LOCKIN_INPUT_OVERLOAD = 1
    LOCKIN_FILTER_OVERLOAD = 2
    LOCKIN_OUTPUT_OVERLOAD = 4
    REFERENCE_UNLOCKED = 8
    SOURCE_COMPLIANCE = 16
    TEMPERATURE_UNSETTLED = 32
    FIELD_UNSETTLED = 64
    READING_STALE = 128
    BIAS_DISAGREES = 256
    REPEATED = 512
    AFTER_PAUSE = 1024
    INTERLOCK = 2048
    IMPLAUSIBLE = 4096


OVERLOADS = PointFlag.LOCKIN_INPUT_OVERLOAD | PointFlag.LOCKIN_FILTER_OVERLOAD | PointFlag.LOCKIN_OUTPUT_OVERLOAD
UNTRUSTED = ~(PointFlag.REPEATED | PointFlag.AFTER_PAUSE | PointFlag.INTERLOCK)
"""Flags that keep a point out of the analysis; a repeated point is good once its last reading was, and what an
interlock only flags is for the operator to judge; a point that trips one even when repeated is implausible."""


def flag_words(flags: PointFlag) -> str:
    """Return the names of flags as people read them; empty for a good point."""
    return ", ".join(str(flag.name).lower().replace("_", " ") for flag in PointFlag if flag and flag in flags)


class Reading(NamedTuple):
    """One measured point: a row of table `point` without its `seq`. Units are in the names, lock-in volts are rms.

    A tuple, since a frozen dataclass of as many fields takes three times as long to make.

    `bias_V` is the voltage across the contact, integrated from the zero crossing; `lockin_x_V` and `lockin_y_V` are
    referred to the preamplifier's input; `conductance_error_S` is the predicted standard error of this one point.
    What stands behind `sensitivity_V` are spare channels, NaN where they were not read.
    """

    plan_index: int
    isotherm_index: int
    kind: PointKind
    direction: Direction
    time_s: float
    bias_setpoint_V: float
    temperature_setpoint_K: float
    field_setpoint_T: float
    bias_V: float
    current_A: float
    excitation_Vrms: float
    temperature_K: float
    field_T: float
    lockin_x_V: float
    lockin_y_V: float
    conductance_S: float
    conductance_error_S: float
    flags: PointFlag
    current_setpoint_A: float
    source_voltage_V: float
    oscillator_Vrms: float
    sensitivity_V: float
    voltmeter_V: float = math.nan
    second_harmonic_x_V: float = math.nan
    second_harmonic_y_V: float = math.nan
    thermometer_K: float = math.nan


def reading_from_row(row: Sequence[Any]) -> Reading:
    """Return the reading of a row of table `point`, whose columns stand in the order of the fields."""
    reading = Reading._make(math.nan if value is None else value for value in row)
    return reading._replace(
        kind=PointKind(reading.kind), direction=Direction(reading.direction), flags=PointFlag(reading.flags)
    )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened beside the points: a setpoint, a wait, a warning, a stop.

    `kind` is one word or two joined by a hyphen (`"settled"`, `"safe-state"`), `message` is fit for the operator.
    `wall_time` is the date and time (ISO 8601) at which it was written down, where it is read from a run file.
    """

    time_s: float
    kind: str
    message: str
    wall_time: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Monitor:
    """Temperature and field, read while no point is measured: in settling, in ramps, in a pause. None: not read."""

    time_s: float
    temperature_K: float | None
    field_T: float | None
