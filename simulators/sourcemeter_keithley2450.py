"""The Keithley 2450 source meter as its wire sees it, in its SCPI language: commands, error queue, reading buffers.

After the Model 2450 reference manual, section 6. Not there: sweeps other than linear ones, other trigger models, limit
tests, the TSP language. Assumed: the time of a reading, that it is taken with the output off as well, that limits clamp
as a 2400's do, and that a sweep leaves its buffer filled further and the output where it ended.

After an error the rest of a message is discarded; nothing answers an unknown query.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from simulators.clock import VirtualClock
from simulators.dialect import Complaint, Dialect, ErrorQueue, Handler, Refusal, integer, number, word
from simulators.parts.keithley2400_language import LONG_NAMES, NOT_A_NUMBER, boolean, function_of
from simulators.parts.keithley2450_language import (
    DEFAULT_BUFFER,
    ELEMENTS,
    ERRORS,
    IGNORED,
    KEPT,
    LIMITED,
    NO_ERROR,
    OUTPUT_ON,
    REMOTE_SENSE,
    RESISTANCE,
    SENSE_WORDS,
    ReadingBuffers,
    Row,
    written,
)
from simulators.parts.keithley2450_source import KEITHLEY_2450
from simulators.parts.source_unit import CURRENT, VOLTAGE, SourceSettings, SourceUnit
from simulators.world import World

_POWER_ON = 128  # standard event register
_COMMAND_ERROR = 32
_EXECUTION_ERROR = 16
_UNITS = {CURRENT: "Amp DC", VOLTAGE: "Volt DC", RESISTANCE: "Ohm"}
_ASSUMED = frozenset({"*IDN?", "SYSTem:ERRor[:NEXT]?", "SENSe[1]:FUNCtion[:ON]?", *(f"{header}?" for header in KEPT)})


@dataclass(frozen=True, slots=True)
class Sweep:
    """A linear sweep that is loaded: what is stepped, how, how long each level waits, where readings go."""

    quantity: str
    start: float
    stop: float
    points: int
    delay_s: float
    count: int
    buffer: str

    def levels(self) -> Iterator[float]:
        """Yield the levels, both ends included, as often as it is to be run."""
        for _ in range(self.count):
            for place in range(self.points):
                yield self.start + (self.stop - self.start) * place / (self.points - 1)


class Keithley2450:
    """One Keithley 2450, its output on the low-pass and the DC arm.

    As the lab left it: settings of ``*RST``, output off.

    Parameters
    ----------
    clock, world
        Of its rack. A measurement lets the clock pass.
    seed
        Draws its offsets and noise.
    """

    terminator = b"\n"
    greeting = None
    latency_s = 1e-3

    def __init__(self, clock: VirtualClock, world: World, seed: int) -> None:
        self._clock = clock
        self._unit = SourceUnit(world, seed, KEITHLEY_2450)
        self._errors = ErrorQueue(NO_ERROR, '-350,"Queue overflow;1"', 1000)
        self._event_status = 0
        self._buffers = ReadingBuffers()
        self._set_defaults()
        self._dialect = Dialect(
            self._handlers(), self._complain, _ASSUMED, pause=partial(clock.sleep, self.latency_s), stops_at_error=True
        )

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: the output is open, and nothing is remembered."""
        self._reset()
        self._clear_status()

    def switch_on(self) -> None:
        """Give it power again: settings of ``*RST``, output off."""
        self._event_status = _POWER_ON

    def _set_defaults(self) -> None:
        self._settings = SourceSettings()
        self._kept = dict(KEPT)
        self._sensed = CURRENT
        self._nplc = {CURRENT: 1.0, VOLTAGE: 1.0}
        self._is_zeroed = {CURRENT: True, VOLTAGE: True}
        self._reads_back = {CURRENT: True, VOLTAGE: True}
        self._line_Hz = 60
        self._sweep: Sweep | None = None

    def _handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: "KEITHLEY INSTRUMENTS,MODEL 2450,04412345,1.7.12b",
            "*LANG?": lambda _: "SCPI",
            "*RST": lambda _: self._reset(),
            "*CLS": lambda _: self._clear_status(),
            "*OPC?": lambda _: "1",
            "*ESR?": lambda _: self._take_event_status(),
            "*STB?": lambda _: str(self._status_byte()),
            "*TRG": lambda _: None,
            "SYSTem:ERRor[:NEXT]?": lambda _: self._errors.pop(),
            "SYSTem:ERRor:COUNt?": lambda _: str(len(self._errors)),
            "SYSTem:LFRequency?": lambda _: str(self._line_Hz),
            "SYSTem:VERSion?": lambda _: "1996.0",
            "OUTPut[1][:STATe]": self._set_output,
            "OUTPut[1][:STATe]?": lambda _: str(int(self._settings.is_on)),
            "OUTPut[1]:SMODe": self._set_all_off_states,
            "SOURce[1]:FUNCtion[:MODE]": self._set_source_function,
            "SOURce[1]:FUNCtion[:MODE]?": lambda _: self._settings.function,
            "READ?": self._read,
            "MEASure?": self._read,
            "FETCh?": self._fetch,
            "INITiate[:IMMediate]": lambda _: self._run(),
            "TRACe:MAKE": lambda arguments: self._buffers.make(word(arguments), integer(arguments, 1, 10, 6_875_000)),
            "TRACe:DELete": lambda arguments: self._buffers.delete(word(arguments)),
            "TRACe:CLEar": lambda arguments: self._buffers.clear(_buffer(arguments, 0)),
            "TRACe:POINts": self._set_points,
            "TRACe:POINts?": lambda arguments: str(self._buffers.points(_buffer(arguments, 0))),
            "TRACe:ACTual[:END]?": lambda arguments: str(len(self._buffers.rows(_buffer(arguments, 0)))),
            "TRACe:DATA?": self._trace,
            "TRACe:STATistics:AVERage?": lambda arguments: self._statistic(arguments, statistics.fmean),
            "TRACe:STATistics:MAXimum?": lambda arguments: self._statistic(arguments, max),
            "TRACe:STATistics:MINimum?": lambda arguments: self._statistic(arguments, min),
            "TRACe:STATistics:STDDev?": lambda arguments: self._statistic(arguments, statistics.stdev),
        }
        for quantity, name in LONG_NAMES.items():
            table |= self._source_handlers(quantity, f"SOURce[1]:{name}")
        # the node SENSe may be left out
        for sense in ("SENSe[1]:", ""):
            table[f"{sense}FUNCtion[:ON]"] = self._set_sense_function
            table[f"{sense}FUNCtion[:ON]?"] = lambda _: SENSE_WORDS[self._sensed]
            for quantity, name in LONG_NAMES.items():
                table |= self._sense_handlers(quantity, f"{sense}{name}[:DC]")
            table[f"{sense}RESistance:RSENse"] = self._set_four_wire
            table[f"{sense}RESistance:RSENse?"] = lambda _: str(int(self._settings.is_four_wire))
        for quantity, name in (*LONG_NAMES.items(), (RESISTANCE, "RESistance")):
            table[f"MEASure:{name}[:DC]?"] = lambda arguments, quantity=quantity: self._sense_and_read(
                quantity, arguments
            )
        for header in KEPT:
            table[header] = lambda arguments, header=header: self._keep(header, arguments)
            table[f"{header}?"] = lambda _, header=header: self._kept[header]
        for header in IGNORED:
            table[header] = lambda _: None
        return table

    def _source_handlers(self, quantity: str, header: str) -> dict[str, Handler]:
        level = f"{header}[:LEVel][:IMMediate][:AMPLitude]"
        other = VOLTAGE if quantity == CURRENT else CURRENT
        sweep = f"SOURce[1]:SWEep:{LONG_NAMES[quantity]}:LINear"
        limit = f"{header}:{'VLIMit' if quantity == CURRENT else 'ILIMit'}[:LEVel]"
        return {
            level: lambda arguments: self._set_level(quantity, number(arguments)),
            f"{level}?": lambda _: written(self._settings.level[quantity]),
            f"{header}:RANGe": lambda arguments: self._set_source_range(quantity, number(arguments)),
            f"{header}:RANGe?": lambda _: written(self._settings.source_range[quantity]),
            f"{header}:RANGe:AUTO": lambda arguments: self._set_source_auto(quantity, boolean(arguments)),
            f"{header}:RANGe:AUTO?": lambda _: str(int(self._settings.is_source_auto[quantity])),
            f"{header}:READ:BACK": lambda arguments: self._reads_back.update({quantity: boolean(arguments)}),
            f"{header}:READ:BACK?": lambda _: str(int(self._reads_back[quantity])),
            sweep: lambda arguments: self._set_sweep(quantity, arguments),
            limit: lambda arguments: self._set_limit(other, number(arguments)),
            f"{limit}?": lambda _: written(self._settings.protection[other]),
            f"{limit}:TRIPped?": lambda _: str(int(self._is_limited(quantity))),
        }

    def _sense_handlers(self, quantity: str, header: str) -> dict[str, Handler]:
        return {
            f"{header}:RANGe[:UPPer]": lambda arguments: self._set_sense_range(quantity, number(arguments)),
            f"{header}:RANGe[:UPPer]?": lambda _: written(self._settings.sense_range[quantity]),
            f"{header}:RANGe:AUTO": lambda arguments: self._set_sense_auto(quantity, boolean(arguments)),
            f"{header}:RANGe:AUTO?": lambda _: str(int(self._settings.is_sense_auto[quantity])),
            f"{header}:NPLCycles": lambda arguments: self._nplc.update({quantity: number(arguments, 0, 0.01, 10.0)}),
            f"{header}:NPLCycles?": lambda _: written(self._nplc[quantity]),
            f"{header}:AZERo[:STATe]": lambda arguments: self._is_zeroed.update({quantity: boolean(arguments)}),
            f"{header}:AZERo[:STATe]?": lambda _: str(int(self._is_zeroed[quantity])),
            f"{header}:RSENse": self._set_four_wire,
            f"{header}:RSENse?": lambda _: str(int(self._settings.is_four_wire)),
        }

    # source

    def _apply(self) -> None:
        self._unit.apply(self._settings, self._clock.now_s())

    def _reset(self) -> None:
        self._set_defaults()
        self._apply()

    def _set_source_function(self, arguments: tuple[str, ...]) -> None:
        function = function_of(word(arguments))
        if function != self._settings.function:
            # the output goes off when the source function changes
            self._settings.function, self._settings.is_on = function, False
            self._apply()

    def _set_output(self, arguments: tuple[str, ...]) -> None:
        self._settings.is_on = boolean(arguments)
        self._apply()

    def _set_all_off_states(self, arguments: tuple[str, ...]) -> None:
        for header in ("OUTPut[1]:CURRent:SMODe", "OUTPut[1]:VOLTage:SMODe"):
            self._keep(header, arguments)

    def _set_level(self, quantity: str, value: float) -> None:
        settings, full_scale = self._settings, self._settings.source_range[quantity]
        if settings.is_source_auto[quantity]:
            full_scale = KEITHLEY_2450.fitting_range(quantity, value)
        if full_scale is None or not KEITHLEY_2450.takes(quantity, full_scale, value):
            raise Refusal(Complaint.OUT_OF_RANGE, f"level {value:g}")
        settings.source_range[quantity] = full_scale
        settings.level[quantity] = KEITHLEY_2450.rounded(quantity, full_scale, value)
        self._apply()

    def _set_source_range(self, quantity: str, value: float) -> None:
        full_scale = KEITHLEY_2450.fitting_range(quantity, value)
        if full_scale is None or not KEITHLEY_2450.takes(quantity, full_scale, self._settings.level[quantity]):
            raise Refusal(Complaint.OUT_OF_RANGE, f"range {value:g}")
        self._settings.source_range[quantity] = full_scale
        self._settings.is_source_auto[quantity] = False
        self._apply()

    def _set_source_auto(self, quantity: str, is_auto: bool) -> None:
        self._settings.is_source_auto[quantity] = is_auto
        if is_auto:
            self._set_level(quantity, self._settings.level[quantity])

    def _set_limit(self, quantity: str, value: float) -> None:
        if not KEITHLEY_2450.ranges[quantity][0] <= abs(value) <= KEITHLEY_2450.largest[quantity]:
            raise Refusal(Complaint.OUT_OF_RANGE, f"limit {value:g}")
        self._settings.protection[quantity] = abs(value)
        self._apply()

    def _is_limited(self, quantity: str) -> bool:
        return quantity == self._settings.function and self._unit.is_clamped(self._settings, self._clock.now_s())

    def _set_sweep(self, quantity: str, arguments: tuple[str, ...]) -> None:
        """Load a linear sweep: start, stop, points, and if given delay, count, range, abort, dual, buffer."""
        self._sweep = Sweep(
            quantity,
            number(arguments, 0),
            number(arguments, 1),
            integer(arguments, 2, 2, 1_000_000),
            number(arguments, 3, 0.0, 1e4) if len(arguments) > 3 else 0.0,
            integer(arguments, 4, 1, 268_435_455) if len(arguments) > 4 else 1,
            _buffer(arguments, 8),
        )

    def _run(self) -> None:
        """Run the sweep that is loaded; without one, take a reading."""
        if self._sweep is None:
            self._measure(DEFAULT_BUFFER)
            return
        for level in self._sweep.levels():
            self._set_level(self._sweep.quantity, level)
            self._clock.sleep(self._sweep.delay_s)
            self._measure(self._sweep.buffer)

    # meter

    def _set_sense_function(self, arguments: tuple[str, ...]) -> None:
        name = word(arguments).removesuffix(":DC")
        self._sensed = RESISTANCE if name in ("RES", "RESISTANCE") else function_of(name)

    def _set_sense_range(self, quantity: str, value: float) -> None:
        full_scale = KEITHLEY_2450.fitting_range(quantity, value)
        if full_scale is None:
            raise Refusal(Complaint.OUT_OF_RANGE, f"range {value:g}")
        self._settings.sense_range[quantity] = full_scale
        self._settings.is_sense_auto[quantity] = False
        self._apply()

    def _set_sense_auto(self, quantity: str, is_auto: bool) -> None:
        self._settings.is_sense_auto[quantity] = is_auto
        self._apply()

    def _set_four_wire(self, arguments: tuple[str, ...]) -> None:
        self._settings.is_four_wire = boolean(arguments)

    # readings

    def _measure(self, buffer: str) -> None:
        """Take one reading and store it."""
        duration_s = self._reading_s()
        self._clock.sleep(0.5 * duration_s)
        settings, now_s = self._settings, self._clock.now_s()
        settings.nplc = self._nplc[CURRENT if self._sensed == CURRENT else VOLTAGE]
        measured = self._unit.measure(settings, now_s)
        self._clock.sleep(0.5 * duration_s)
        known = {
            CURRENT: measured.current_A,
            VOLTAGE: measured.voltage_V,
            RESISTANCE: measured.voltage_V / measured.current_A if measured.current_A else NOT_A_NUMBER,
        }
        sourced = settings.function
        row: Row = {
            "READ": known[self._sensed],
            "UNIT": _UNITS[self._sensed],
            "SOUR": known[sourced] if self._reads_back[sourced] else settings.level[sourced],
            "SOURUNIT": _UNITS[sourced],
            "SOURSTAT": float(
                LIMITED * (measured.is_in_compliance or measured.is_range_compliance)
                | REMOTE_SENSE * settings.is_four_wire
                | OUTPUT_ON * settings.is_on
            ),
            "STAT": 8.0,  # front terminals
            "REL": now_s,
        }
        self._buffers.store(buffer, row)

    def _reading_s(self) -> float:
        """Return the time of one reading: integration with auto-zero, and once more for the readback of the source."""
        quantity = CURRENT if self._sensed == CURRENT else VOLTAGE
        conversions = (2 if self._is_zeroed[quantity] else 1) + int(self._reads_back[self._settings.function])
        return conversions * self._nplc[quantity] / self._line_Hz

    def _read(self, arguments: tuple[str, ...]) -> str:
        buffer = _buffer(arguments, 0)
        elements = _elements(arguments[1:])
        self._buffers.rows(buffer)
        for _ in range(int(float(self._kept["SENSe[1]:COUNt"]))):
            self._measure(buffer)
        return self._row(buffer, -1, elements)

    def _sense_and_read(self, quantity: str, arguments: tuple[str, ...]) -> str:
        self._sensed = quantity
        return self._read(arguments)

    def _fetch(self, arguments: tuple[str, ...]) -> str:
        return self._row(_buffer(arguments, 0), -1, _elements(arguments[1:]))

    def _row(self, buffer: str, place: int, elements: Sequence[str]) -> str:
        rows = self._buffers.rows(buffer)
        if not rows:
            raise Refusal(Complaint.NOT_PERMITTED, "the buffer is empty")
        return ",".join(written(rows[place][element]) for element in elements)

    def _trace(self, arguments: tuple[str, ...]) -> str:
        buffer = _buffer(arguments, 2)
        rows = self._buffers.rows(buffer)
        first, last = integer(arguments, 0, 1, max(1, len(rows))), integer(arguments, 1, 1, max(1, len(rows)))
        elements = _elements(arguments[3:])
        return ",".join(self._row(buffer, place, elements) for place in range(first - 1, last))

    def _set_points(self, arguments: tuple[str, ...]) -> None:
        self._buffers.make(_buffer(arguments, 1), integer(arguments, 0, 10, 6_875_000))

    def _statistic(self, arguments: tuple[str, ...], of: Callable[[list[float]], float]) -> str:
        readings = [float(row["READ"]) for row in self._buffers.rows(_buffer(arguments, 0))]
        if len(readings) < 2:
            raise Refusal(Complaint.NOT_PERMITTED, "too few readings")
        return written(of(readings))

    # system

    def _keep(self, header: str, arguments: tuple[str, ...]) -> None:
        text = {"ON": "1", "OFF": "0"}.get(word(arguments), word(arguments))
        if KEPT[header][0].isdigit():
            number((text,))
        self._kept[header] = text

    def _complain(self, refusal: Refusal) -> None:
        entry = ERRORS[refusal.complaint]
        self._errors.push(entry)
        self._event_status |= _COMMAND_ERROR if entry.startswith("-1") else _EXECUTION_ERROR

    def _take_event_status(self) -> str:
        reply, self._event_status = str(self._event_status), 0
        return reply

    def _status_byte(self) -> int:
        """Return the status byte: error available, event summary, service request."""
        byte = 4 if len(self._errors) else 0
        byte |= 32 if self._event_status & int(float(self._kept["*ESE"])) else 0
        return byte | (64 if byte & int(float(self._kept["*SRE"])) else 0)

    def _clear_status(self) -> None:
        self._errors.clear()
        self._event_status = 0


def _buffer(arguments: tuple[str, ...], place: int) -> str:
    """Return the name of the buffer that an argument names; without one, the first of the box."""
    return word(arguments, place) if place < len(arguments) else DEFAULT_BUFFER


def _elements(arguments: tuple[str, ...]) -> list[str]:
    """Return the buffer elements that arguments name; without one, the reading."""
    names = [word(arguments, place) for place in range(len(arguments))]
    if strangers := [name for name in names if name not in ELEMENTS]:
        raise Refusal(Complaint.INVALID_ARGUMENT, strangers[0])
    return [ELEMENTS[name] for name in names] or ["READ"]
