"""The command table of the Keithley 2450 in its SCPI language, as far as a current source needs it.

Model 2450 Reference Manual (2450-901-01), section 6 "SCPI Command Reference". A table of our own: pymeasure's
Keithley2450 clips what it sets, reads nothing back, and drags pandas in with its neighbours.
"""

from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set, strict_range

from instruments.wired import Wired

_YES_NO = {True: 1, False: 0}


class Keithley2450Commands(Wired):
    """The settings as properties; each set command has its query."""

    language = Instrument.measurement("*LANG?", """Get the command language (str, 'SCPI').""", cast=str)

    source_enabled = Instrument.control(
        ":OUTPUT?",
        ":OUTPUT %d",
        """Control whether the output is on (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    output_off_state = Instrument.control(
        ":OUTPUT:CURRENT:SMODE?",
        ":OUTPUT:CURRENT:SMODE %s",
        """Control what the output is when off (str: 'normal', 'zero', 'guard' or 'disconnected').""",
        validator=strict_discrete_set,
        values={"normal": "NORM", "zero": "ZERO", "guard": "GUAR", "disconnected": "HIMP"},
        map_values=True,
    )

    source_mode = Instrument.control(
        ":SOURCE:FUNCTION?",
        ":SOURCE:FUNCTION %s",
        """Control what is sourced (str: 'current' or 'voltage').""",
        validator=strict_discrete_set,
        values={"current": "CURR", "voltage": "VOLT"},
        map_values=True,
    )

    source_current = Instrument.control(
        ":SOURCE:CURRENT?",
        ":SOURCE:CURRENT %g",
        """Control the level (float strictly from -1.05 to 1.05 A).""",
        validator=strict_range,
        values=(-1.05, 1.05),
    )

    source_current_range = Instrument.control(
        ":SOURCE:CURRENT:RANGE?",
        ":SOURCE:CURRENT:RANGE %g",
        """Control the source range (float strictly from 0 to 1.05 A); setting it ends autorange.""",
        validator=strict_range,
        values=(0.0, 1.05),
    )

    source_current_range_auto_enabled = Instrument.control(
        ":SOURCE:CURRENT:RANGE:AUTO?",
        ":SOURCE:CURRENT:RANGE:AUTO %d",
        """Control whether the box changes the source range by itself (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    source_readback_enabled = Instrument.control(
        ":SOURCE:CURRENT:READ:BACK?",
        ":SOURCE:CURRENT:READ:BACK %d",
        """Control whether a reading holds the measured current, else the programmed one (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    compliance_voltage = Instrument.control(
        ":SOURCE:CURRENT:VLIMIT?",
        ":SOURCE:CURRENT:VLIMIT %g",
        """Control the compliance of the current source (float strictly from 0.02 to 210 V).""",
        validator=strict_range,
        values=(0.02, 210.0),
    )

    sense_function = Instrument.control(
        ":SENSE:FUNCTION?",
        ":SENSE:FUNCTION %s",
        """Control what is measured (str: 'voltage', 'current' or 'resistance').""",
        validator=strict_discrete_set,
        values={"voltage": '"VOLT:DC"', "current": '"CURR:DC"', "resistance": '"RES"'},
        map_values=True,
    )

    voltage_range = Instrument.control(
        ":SENSE:VOLTAGE:RANGE?",
        ":SENSE:VOLTAGE:RANGE %g",
        """Control the range of the voltmeter (float strictly from 0 to 210 V); setting it ends autorange.""",
        validator=strict_range,
        values=(0.0, 210.0),
    )

    voltage_range_auto_enabled = Instrument.control(
        ":SENSE:VOLTAGE:RANGE:AUTO?",
        ":SENSE:VOLTAGE:RANGE:AUTO %d",
        """Control whether the box changes the range of the voltmeter by itself (bool).""",
        validator=strict_discrete_set,
        values=_YES_NO,
        map_values=True,
    )

    voltage_nplc = Instrument.control(
        ":SENSE:VOLTAGE:NPLCYCLES?",
        ":SENSE:VOLTAGE:NPLCYCLES %g",
        """Control the integration in power line cycles (float strictly from 0.01 to 10).""",
        validator=strict_range,
        values=(0.01, 10.0),
    )

    wires = Instrument.control(
        ":SENSE:VOLTAGE:RSENSE?",
        ":SENSE:VOLTAGE:RSENSE %d",
        """Control whether the voltmeter has leads of its own (int: 4, else 2).""",
        validator=strict_discrete_set,
        values={4: 1, 2: 0},
        map_values=True,
    )
