"""The Keithley 2400 source meter as its wire sees it: SCPI command table, error queue and status.

After the 2400 user's manual: commands section 18, errors appendix B, reading elements 18-50. Of the trigger model there
are the counts, the delay and the wait for a bus trigger; other trigger, arm and display settings are kept and read back
and do nothing more. Not there: sweeps, limit tests, ohms.

After an error the rest of a message is discarded; nothing answers an unknown query (B-8, B-9).
"""

from functools import partial

from simulators.clock import VirtualClock
from simulators.dialect import Complaint, Dialect, ErrorQueue, Handler, Refusal, integer, number, word
from simulators.parts.keithley2400_buffer import LARGEST, ReadingBuffer, Row
from simulators.parts.keithley2400_language import (
    ASSUMED,
    ELEMENT_NAMES,
    ERRORS,
    IGNORED,
    KEPT,
    LONG_NAMES,
    NOT_A_NUMBER,
    OUTPUT_OFF_ERROR,
    boolean,
    function_of,
    plain,
)
from simulators.parts.keithley2400_source import KEITHLEY_2400
from simulators.parts.source_unit import CURRENT, VOLTAGE, SourceSettings, SourceUnit
from simulators.world import World

_POWER_ON = 128  # standard event register
_BUFFER_FULL = 512  # measurement event register


class Keithley2400:
    """One Keithley 2400, its output on the low-pass and the DC arm.

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
        self._meter = SourceUnit(world, seed, KEITHLEY_2400)
        self._errors = ErrorQueue('0,"No error"', '-350,"Queue overflow"', 10)
        self._event_status = self._measurement_status = 0
        self._buffer = ReadingBuffer(NOT_A_NUMBER)
        self._set_defaults()
        self._dialect = Dialect(
            self._handlers(), self._complain, ASSUMED, pause=partial(clock.sleep, self.latency_s), stops_at_error=True
        )

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: the output is open, and nothing is remembered."""
        self._reset(())
        self._clear_status(())

    def switch_on(self) -> None:
        """Give it power again: settings of ``*RST``, output off."""
        self._event_status |= _POWER_ON

    def _set_defaults(self) -> None:
        self._settings = SourceSettings()
        self._kept = dict(KEPT)
        self._functions = {CURRENT}
        self._elements = ["VOLT", "CURR", "RES", "TIME", "STAT"]
        self._is_zeroed_always = True
        self._is_off_automatically = False
        self._line_Hz = 60
        self._is_waiting = False  # for a bus trigger
        self._newest: Row | None = None

    def _handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1234567,C30   Mar 17 2006 09:29:29/A02  /K/J",
            "*RST": self._reset,
            "*CLS": self._clear_status,
            "*OPC?": lambda _: "1",
            "*ESR?": self._event_status_query,
            "*STB?": lambda _: str(self._status_byte()),
            "SYSTem:ERRor[:NEXT]?": lambda _: self._errors.pop(),
            "STATus:QUEue[:NEXT]?": lambda _: self._errors.pop(),
            "SYSTem:CLEar": lambda _: self._errors.clear(),
            "SYSTem:AZERo[:STATe]": self._set_auto_zero,
            "SYSTem:AZERo[:STATe]?": lambda _: str(int(self._is_zeroed_always)),
            "SYSTem:LFRequency": self._set_line_frequency,
            "SYSTem:LFRequency?": lambda _: str(self._line_Hz),
            "FORMat:ELEMents[:SENSe]": self._set_elements,
            "FORMat:ELEMents[:SENSe]?": lambda _: ",".join(self._elements),
            "OUTPut[1][:STATe]": self._set_output,
            "OUTPut[1][:STATe]?": lambda _: str(int(self._settings.is_on)),
            "SOURce[1]:CLEar:AUTO": self._set_automatic_off,
            "SOURce[1]:CLEar:AUTO?": lambda _: str(int(self._is_off_automatically)),
            "SOURce[1]:FUNCtion[:MODE]": self._set_source_function,
            "SOURce[1]:FUNCtion[:MODE]?": lambda _: self._settings.function,
            "SENSe[1]:FUNCtion[:ON]": self._set_sense_functions,
            "SENSe[1]:FUNCtion[:ON]?": lambda _: ",".join(f'"{name}:DC"' for name in sorted(self._functions)),
            "SENSe[1]:FUNCtion[:ON]:ALL": self._sense_all,
            "SYSTem:RSENse": self._set_four_wire,
            "SYSTem:RSENse?": lambda _: str(int(self._settings.is_four_wire)),
            "READ?": lambda _: self._read(),
            "INITiate[:IMMediate]": lambda _: self._initiate(),
            "*TRG": lambda _: self._trigger(),
            "FETCh?": lambda _: self._fetch(),
            "TRACe:CLEar": lambda _: self._buffer.clear(),
            "TRACe:POINts": self._set_buffer_size,
            "TRACe:POINts:ACTual?": lambda _: str(len(self._buffer)),
            "TRACe:DATA?": lambda _: self._written(*self._buffer.rows()),
            "CALCulate3:DATA?": lambda _: self._statistic(),
            "STATus:MEASurement[:EVENt]?": lambda _: self._take_measurement_status(),
        }
        for quantity, name in LONG_NAMES.items():
            table |= self._source_handlers(quantity, f"SOURce[1]:{name}")
            table |= self._sense_handlers(quantity, f"SENSe[1]:{name}[:DC]")
            table[f"MEASure:{name}[:DC]?"] = lambda _, quantity=quantity: self._configure_and_read(quantity)
        for header in KEPT:
            table.setdefault(header, lambda arguments, header=header: self._keep(header, arguments))
            table[f"{header}?"] = lambda _, header=header: self._kept[header]
        for header in IGNORED:
            table[header] = lambda _: None
        return table

    def _source_handlers(self, quantity: str, header: str) -> dict[str, Handler]:
        level = f"{header}[:LEVel][:IMMediate][:AMPLitude]"
        return {
            level: lambda arguments: self._set_level(quantity, number(arguments)),
            f"{level}?": lambda _: plain(self._settings.level[quantity]),
            f"{header}:RANGe": lambda arguments: self._set_source_range(quantity, number(arguments)),
            f"{header}:RANGe?": lambda _: plain(self._settings.source_range[quantity]),
            f"{header}:RANGe:AUTO": lambda arguments: self._set_source_auto(quantity, boolean(arguments)),
            f"{header}:RANGe:AUTO?": lambda _: str(int(self._settings.is_source_auto[quantity])),
        }

    def _sense_handlers(self, quantity: str, header: str) -> dict[str, Handler]:
        return {
            f"{header}:RANGe[:UPPer]": lambda arguments: self._set_sense_range(quantity, number(arguments)),
            f"{header}:RANGe[:UPPer]?": lambda _: plain(self._settings.sense_range[quantity]),
            f"{header}:RANGe:AUTO": lambda arguments: self._set_sense_auto(quantity, boolean(arguments)),
            f"{header}:RANGe:AUTO?": lambda _: str(int(self._settings.is_sense_auto[quantity])),
            f"{header}:NPLCycles": self._set_nplc,
            f"{header}:NPLCycles?": lambda _: plain(self._settings.nplc),
            f"{header}:PROTection[:LEVel]": lambda arguments: self._set_protection(quantity, number(arguments)),
            f"{header}:PROTection[:LEVel]?": lambda _: plain(self._settings.protection[quantity]),
            f"{header}:PROTection:TRIPped?": lambda _: str(int(self._is_tripped(quantity))),
        }

    # source

    def _apply(self) -> None:
        self._meter.apply(self._settings, self._clock.now_s())

    def _reset(self, _: tuple[str, ...]) -> None:
        self._set_defaults()
        self._apply()

    def _set_source_function(self, arguments: tuple[str, ...]) -> None:
        function = function_of(word(arguments))
        if function != self._settings.function:
            # the output goes off when the source function changes (9-2)
            self._settings.function, self._settings.is_on = function, False
            self._apply()

    def _set_output(self, arguments: tuple[str, ...]) -> None:
        self._settings.is_on = boolean(arguments)
        self._apply()

    def _set_automatic_off(self, arguments: tuple[str, ...]) -> None:
        self._is_off_automatically = boolean(arguments)

    def _set_level(self, quantity: str, value: float) -> None:
        settings = self._settings
        full_scale = settings.source_range[quantity]
        if settings.is_source_auto[quantity]:
            full_scale = KEITHLEY_2400.fitting_range(quantity, value)
        if full_scale is None or not KEITHLEY_2400.takes(quantity, full_scale, value):
            raise Refusal(Complaint.OUT_OF_RANGE, f"level {value:g}")
        settings.source_range[quantity] = full_scale
        settings.level[quantity] = KEITHLEY_2400.rounded(quantity, full_scale, value)
        self._apply()

    def _set_source_range(self, quantity: str, value: float) -> None:
        full_scale = KEITHLEY_2400.fitting_range(quantity, value)
        if full_scale is None or not KEITHLEY_2400.takes(quantity, full_scale, self._settings.level[quantity]):
            raise Refusal(Complaint.OUT_OF_RANGE, f"range {value:g}")
        self._settings.source_range[quantity] = full_scale
        self._settings.is_source_auto[quantity] = False
        self._apply()

    def _set_source_auto(self, quantity: str, is_auto: bool) -> None:
        self._settings.is_source_auto[quantity] = is_auto
        if is_auto:
            self._set_level(quantity, self._settings.level[quantity])

    # limits and meter

    def _set_protection(self, quantity: str, value: float) -> None:
        if not 0.0 < abs(value) <= KEITHLEY_2400.largest[quantity]:
            raise Refusal(Complaint.OUT_OF_RANGE, f"compliance {value:g}")
        self._settings.protection[quantity] = abs(value)
        self._apply()

    def _is_tripped(self, quantity: str) -> bool:
        settings = self._settings
        return quantity == settings.other and self._meter.is_clamped(settings, self._clock.now_s())

    def _set_sense_range(self, quantity: str, value: float) -> None:
        full_scale = KEITHLEY_2400.fitting_range(quantity, value)
        if full_scale is None:
            raise Refusal(Complaint.OUT_OF_RANGE, f"range {value:g}")
        self._settings.sense_range[quantity] = full_scale
        self._settings.is_sense_auto[quantity] = False
        self._apply()

    def _set_sense_auto(self, quantity: str, is_auto: bool) -> None:
        self._settings.is_sense_auto[quantity] = is_auto
        self._apply()

    def _set_nplc(self, arguments: tuple[str, ...]) -> None:
        self._settings.nplc = number(arguments, 0, 0.01, 10.0)

    def _set_sense_functions(self, arguments: tuple[str, ...]) -> None:
        names = {word(arguments, place).removesuffix(":DC") for place in range(max(1, len(arguments)))}
        self._functions |= {function_of(name) for name in names}

    def _sense_all(self, _: tuple[str, ...]) -> None:
        self._functions = {CURRENT, VOLTAGE}

    # readings

    def _require_output(self) -> None:
        if not (self._settings.is_on or self._is_off_automatically):
            raise Refusal(Complaint.NOT_PERMITTED, OUTPUT_OFF_ERROR)

    def _configure_and_read(self, quantity: str) -> str:
        """Do what MEASure? does: CONFigure (one function, auto-range, output on), then READ?."""
        self._functions = {quantity}
        self._settings.is_sense_auto[quantity] = True
        self._settings.is_on = True
        self._apply()
        return self._read()

    def _read(self) -> str:
        return self._written(*self._take())

    def _initiate(self) -> None:
        """Leave idle: wait for a bus trigger where one is asked for, else take the readings."""
        self._require_output()
        self._is_waiting = self._kept["ARM:SOURce"] == "BUS"
        if not self._is_waiting:
            self._take()

    def _trigger(self) -> None:
        """Take the readings that wait for a bus trigger; one that nobody waits for is ignored."""
        if self._is_waiting:
            self._is_waiting = False
            self._take()

    def _fetch(self) -> str:
        if self._newest is None:
            raise Refusal(Complaint.NOT_PERMITTED, "nothing was measured")
        return self._written(self._newest)

    def _take(self) -> list[Row]:
        """Take as many readings as arm and trigger count say, and store them while the buffer is fed."""
        counts = int(float(self._kept["ARM:COUNt"])) * int(float(self._kept["TRIGger:COUNt"]))
        if counts > LARGEST:
            raise Refusal(Complaint.OUT_OF_RANGE, f"{counts} readings")
        rows = []
        for _ in range(counts):
            if delay_s := float(self._kept["TRIGger:DELay"]):
                self._clock.sleep(delay_s)
            rows.append(self._reading())
            if self._kept["TRACe:FEED:CONTrol"] == "NEXT":
                self._store(rows[-1])
        self._newest = rows[-1]
        return rows

    def _store(self, row: Row) -> None:
        self._buffer.store(row, int(float(self._kept["TRACe:POINts"])))
        if self._buffer.is_full:
            self._kept["TRACe:FEED:CONTrol"] = "NEV"
            self._measurement_status |= _BUFFER_FULL

    def _set_buffer_size(self, arguments: tuple[str, ...]) -> None:
        self._kept["TRACe:POINts"] = str(integer(arguments, 0, 1, LARGEST))

    def _statistic(self) -> str:
        kind = self._kept["CALCulate3:FORMat"]
        values = self._buffer.statistic({"SDEVIATION": "SDEV", "MAXIMUM": "MAX", "MINIMUM": "MIN"}.get(kind, kind))
        return ",".join(f"{value:+.6E}" for value in values)

    def _reading(self) -> Row:
        self._require_output()
        self._settings.is_on = True
        duration_s = self._reading_s()
        self._clock.sleep(0.5 * duration_s)
        measured = self._meter.measure(self._settings, self._clock.now_s())
        self._clock.sleep(0.5 * duration_s)
        if self._is_off_automatically:
            self._settings.is_on = False
            self._apply()
        settings = self._settings
        return {
            "VOLT": measured.voltage_V if VOLTAGE in self._functions else self._sourced(VOLTAGE),
            "CURR": measured.current_A if CURRENT in self._functions else self._sourced(CURRENT),
            "RES": NOT_A_NUMBER,
            "TIME": self._clock.now_s(),
            "STAT": float(
                4  # front terminals
                | 8 * measured.is_in_compliance
                | 2048 * (VOLTAGE in self._functions)
                | 4096 * (CURRENT in self._functions)
                | 16384 * (settings.function == VOLTAGE)
                | 32768 * (settings.function == CURRENT)
                | 65536 * measured.is_range_compliance
            ),
        }

    def _written(self, *rows: Row) -> str:
        return ",".join(f"{row[name]:+.6E}" for row in rows for name in self._elements)

    def _sourced(self, quantity: str) -> float:
        """Return what stands for a quantity that is not measured: the level if it is sourced."""
        return self._settings.level[quantity] if quantity == self._settings.function else NOT_A_NUMBER

    def _reading_s(self) -> float:
        """Return the time of one reading: integration of each function, thrice with auto-zero, and the source delay."""
        conversions = max(1, len(self._functions)) * (3 if self._is_zeroed_always else 1)
        averaged = (
            int(float(self._kept["SENSe[1]:AVERage:COUNt"])) if self._kept["SENSe[1]:AVERage[:STATe]"] == "1" else 1
        )
        return averaged * conversions * self._settings.nplc / self._line_Hz + float(self._kept["SOURce[1]:DELay"])

    def _set_elements(self, arguments: tuple[str, ...]) -> None:
        asked = [word(arguments, place) for place in range(max(1, len(arguments)))]
        if not set(asked) <= ELEMENT_NAMES.keys():
            raise Refusal(Complaint.INVALID_ARGUMENT, ",".join(asked))
        wanted = {ELEMENT_NAMES[name] for name in asked}
        self._elements = [name for name in ("VOLT", "CURR", "RES", "TIME", "STAT") if name in wanted]

    # system

    def _set_auto_zero(self, arguments: tuple[str, ...]) -> None:
        if word(arguments) != "ONCE":
            self._is_zeroed_always = boolean(arguments)

    def _set_four_wire(self, arguments: tuple[str, ...]) -> None:
        is_four_wire = boolean(arguments)
        if is_four_wire != self._settings.is_four_wire:
            # the output goes off when the sense setting changes (2-12)
            self._settings.is_four_wire, self._settings.is_on = is_four_wire, False
            self._apply()

    def _set_line_frequency(self, arguments: tuple[str, ...]) -> None:
        if integer(arguments) not in (50, 60):
            raise Refusal(Complaint.OUT_OF_RANGE, arguments[0])
        self._line_Hz = integer(arguments)

    def _keep(self, header: str, arguments: tuple[str, ...]) -> None:
        text = {"ON": "1", "OFF": "0"}.get(word(arguments), word(arguments))
        if KEPT[header][0].isdigit():
            number((text,))
        self._kept[header] = text

    def _complain(self, refusal: Refusal) -> None:
        entry = OUTPUT_OFF_ERROR if refusal.text == OUTPUT_OFF_ERROR else ERRORS[refusal.complaint]
        self._errors.push(entry)
        self._event_status |= 32 if entry.startswith("-1") else 16

    def _event_status_query(self, _: tuple[str, ...]) -> str:
        reply, self._event_status = str(self._event_status), 0
        return reply

    def _status_byte(self) -> int:
        """Return the status byte: measurement summary, error available, event summary, service request."""
        byte = 4 if len(self._errors) else 0
        byte |= 1 if self._measurement_status & int(float(self._kept["STATus:MEASurement:ENABle"])) else 0
        byte |= 32 if self._event_status & int(float(self._kept["*ESE"])) else 0
        return byte | (64 if byte & int(float(self._kept["*SRE"])) else 0)

    def _clear_status(self, _: tuple[str, ...]) -> None:
        self._errors.clear()
        self._event_status = self._measurement_status = 0

    def _take_measurement_status(self) -> str:
        reply, self._measurement_status = str(self._measurement_status), 0
        return reply
