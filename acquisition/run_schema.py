"""The tables of the run file and what their columns mean; this is the file format.

A column or table may be added; none is ever renamed or given another meaning without a new `SCHEMA_VERSION`.
"""

import sqlite3
from enum import StrEnum

from acquisition.readings import PointFlag

SCHEMA_VERSION = 1
SUFFIX = ".zerobias.sqlite"


class RunState(StrEnum):
    """What became of a run. `INTERRUPTED` is derived by readers: written as going on, but nobody holds the lock."""

    RUNNING = "running"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    COMPLETE = "complete"
    ABORTED = "aborted"
    SAFETY_STOP = "safety-stop"
    FAILED = "failed"


# name -> (SQL type, unit, meaning); the order is that of `Reading`
POINT_COLUMNS: dict[str, tuple[str, str, str]] = {
    "plan_index": ("INTEGER NOT NULL UNIQUE", "", "place in the plan; each is measured once"),
    "isotherm_index": ("INTEGER NOT NULL", "", "which temperature and field of the plan"),
    "kind": ("TEXT NOT NULL", "", "sweep or anchor (a return to zero bias that shows the drift)"),
    "direction": ("TEXT NOT NULL", "", "which way the bias was going: up, down, none"),
    "time_s": ("REAL NOT NULL", "s", "experiment time since the start of the run"),
    "bias_setpoint_V": ("REAL NOT NULL", "V", "bias the plan asks for, across the contact"),
    "temperature_setpoint_K": ("REAL NOT NULL", "K", "temperature the plan asks for"),
    "field_setpoint_T": ("REAL NOT NULL", "T", "field the plan asks for"),
    "bias_V": ("REAL NOT NULL", "V", "across the contact: dV/dI integrated over the set current from zero"),
    "current_A": ("REAL NOT NULL", "A", "bias current as the source meter reads it back"),
    "excitation_Vrms": ("REAL NOT NULL", "V", "excitation across the contact, rms"),
    "temperature_K": ("REAL NOT NULL", "K", "sample thermometer; with the heater held, its reading when it was"),
    "field_T": ("REAL NOT NULL", "T", "field from the magnet current"),
    "lockin_x_V": ("REAL NOT NULL", "V", "in phase, rms, referred to the preamplifier's input"),
    "lockin_y_V": ("REAL NOT NULL", "V", "in quadrature, rms, referred to the preamplifier's input"),
    "conductance_S": ("REAL NOT NULL", "S", "differential conductance of the contact"),
    "conductance_error_S": ("REAL NOT NULL", "S", "predicted standard error of this one point"),
    "flags": (
        "INTEGER NOT NULL",
        "",
        "what to know before trusting the point: "
        + "; ".join(f"{flag.value} {flag.name.lower().replace('_', ' ')}" for flag in PointFlag if flag.name),
    ),
    "current_setpoint_A": ("REAL NOT NULL", "A", "bias current the source meter was set to"),
    "source_voltage_V": ("REAL NOT NULL", "V", "voltage at the source meter's terminals, wiring included"),
    "oscillator_Vrms": ("REAL NOT NULL", "V", "lock-in oscillator amplitude, rms"),
    "sensitivity_V": ("REAL NOT NULL", "V", "lock-in full scale, rms, at the lock-in's own input"),
    "voltmeter_V": ("REAL", "V", "voltmeter across the contact, thermal EMF and all; empty if there is none"),
    "second_harmonic_x_V": ("REAL", "V", "in phase at twice the frequency, as lockin_x_V; empty if it was not read"),
    "second_harmonic_y_V": ("REAL", "V", "in quadrature at twice the frequency, as lockin_y_V"),
    "thermometer_K": ("REAL", "K", "what the thermometer reads in the field while the heater is held"),
}

SPARE_COLUMNS = frozenset(name for name, (kind, _, _) in POINT_COLUMNS.items() if kind == "REAL")
"""Columns that may be empty, of channels that not every rack has."""

OTHER_COLUMNS = {
    "seq": ("INTEGER PRIMARY KEY", "", "order of commitment"),
}

_POINT_SCHEMA = ", ".join(f"{name} {kind}" for name, (kind, _, _) in POINT_COLUMNS.items())

_REPLACED_SCHEMA = ", ".join(f"{name} {kind.removesuffix(' UNIQUE')}" for name, (kind, _, _) in POINT_COLUMNS.items())

SCHEMA = f"""
CREATE TABLE point (seq INTEGER PRIMARY KEY, {_POINT_SCHEMA});
CREATE TABLE replaced_point (seq INTEGER PRIMARY KEY, {_REPLACED_SCHEMA});
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE column_info (name TEXT PRIMARY KEY, unit TEXT NOT NULL, meaning TEXT NOT NULL);
CREATE TABLE event (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL, kind TEXT NOT NULL,
    message TEXT NOT NULL);
CREATE TABLE command (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL, command TEXT NOT NULL,
    argument TEXT NOT NULL, outcome TEXT NOT NULL, id TEXT NOT NULL);
CREATE TABLE instrument_state (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL,
    cause TEXT NOT NULL, instrument TEXT NOT NULL, settings TEXT NOT NULL);
CREATE TABLE instrument_write (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL,
    cause TEXT NOT NULL, instrument TEXT NOT NULL, until_s REAL NOT NULL, count INTEGER NOT NULL,
    message TEXT NOT NULL, last_message TEXT NOT NULL);
CREATE TABLE monitor (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, temperature_K REAL, field_T REAL);
CREATE TABLE channel (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, instrument TEXT NOT NULL, name TEXT NOT NULL,
    value REAL NOT NULL);
CREATE TABLE plan_edit (seq INTEGER PRIMARY KEY, time_s REAL NOT NULL, wall_time TEXT NOT NULL, kind TEXT NOT NULL,
    content TEXT NOT NULL);
"""

_ADDITIONS = SCHEMA.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")

_TABLES = {statement.split()[2]: statement for statement in SCHEMA.split(";") if statement.strip()}


def stand_in_for_later_tables(connection: sqlite3.Connection, known: set[str]) -> None:
    """Give whoever reads an older file, with the tables `known`, empty ones for those that have come since."""
    for name in _TABLES.keys() - known:
        connection.execute(_TABLES[name].replace("CREATE TABLE", "CREATE TEMP TABLE"))


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Give an older file the tables and columns that have come since, for a run in it to go on."""
    connection.executescript(_ADDITIONS)
    for table in ("point", "replaced_point"):
        known = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
        for name in POINT_COLUMNS:
            if name in SPARE_COLUMNS - known:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {POINT_COLUMNS[name][0]}")


SET_ASIDE = (
    f"INSERT INTO replaced_point SELECT seq, {', '.join(POINT_COLUMNS)} FROM point WHERE plan_index = ?",
    "DELETE FROM point WHERE plan_index = ?",
)
"""Puts a point that has been measured again among the replaced ones."""

INSERT_POINT = f"INSERT INTO point (seq, {', '.join(POINT_COLUMNS)}) VALUES (?{', ?' * len(POINT_COLUMNS)})"
