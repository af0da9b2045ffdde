"""The Keithley 2182A nanovoltmeter as its wire sees it: command table, error queue, trace buffer.

After the models 2182 and 2182A user's manual: filters 3-8, status 12-7 and 15-8. Channel 1 is on the voltage taps, with
thermal EMF and all; channel 2 is shorted, and the internal thermometer is at room temperature. Not there: ratio, delta,
limits, scanning, the analog output. Assumed: texts of errors, the time of a reading, and that READ? is refused (-213)
while triggering is continuous; noise and errors are class-typical.
"""

import math
import statistics
from functools import partial
from typing import Final

from simulators.clock import VirtualClock
from simulators.dialect import Complaint, Dialect, ErrorQueue, Handler, Refusal, integer, number, word
from simulators.noise import Noise
from simulators.parts.keithley2182a_language import (
    ASSUMED,
    BUFFER_AVAILABLE,
    BUFFER_FULL,
    COMMAND_ERROR,
    ERRORS,
    EXECUTION_ERROR,
    FUNCTION_REPLIES,
    FUNCTIONS,
    IGNORED,
    INIT_IGNORED,
    KEPT,
    NO_DATA,
    POWER_ON,
    READING_AVAILABLE,
    READING_OVERFLOW,
)
from simulators.parts.keithley2400_language import boolean
from simulators.world import World

RANGES_V: Final = {1: (1e-2, 1e-1, 1.0, 10.0, 100.0), 2: (1e-1, 1.0, 10.0)}
OVER_RANGE: Final = 1.2
OVERFLOW: Final = 9.9e37

_GAIN_SPREAD: Final = 25e-6
_OFFSET: Final = 2e-6  # 1 sigma, of range
_NOISE: Final = 8e-7  # 1 sigma, of range, at one power line cycle: 8 nV on 10 mV
_ANALOG_FILTER_S: Final = 0.125  # manual 3-8
_ROOM_C: Final = 23.0
_LARGEST_TRACE: Final = 1024


class Channel:
    """What one input is set to."""

    def __init__(self, ranges_V: tuple[float, ...]) -> None:
        self.ranges_V = ranges_V
        self.range_V = ranges_V[-1]
        self.is_auto = True
        self.reference_V = 0.0
        self.is_relative = False
        self.is_filtered_before = False
        self.averages = 10
        self.is_averaged = False


class Keithley2182A:
    """One 2182A, channel 1 on the voltage taps.

    As the lab left it: settings of ``*RST``.

    Parameters
    ----------
    clock, world
        Of its rack. A measurement lets the clock pass.
    seed
        Draws its errors and noise.
    """

    terminator = b"\n"
    greeting = None
    latency_s = 1e-3

    def __init__(self, clock: VirtualClock, world: World, seed: int) -> None:
        self._clock = clock
        self._world = world
        self._noise = Noise(seed, "keithley2182a/noise")
        self._gain = 1.0 + _GAIN_SPREAD * Noise(seed, "keithley2182a/gain").at(0)
        self._offset = _OFFSET * Noise(seed, "keithley2182a/offset").at(0)
        self._errors = ErrorQueue('0,"No error"', '-350,"Queue overflow"', 10)
        self._event_status = 0
        self._set_defaults()
        self._dialect = Dialect(
            self._handlers(), self._complain, ASSUMED, pause=partial(clock.sleep, self.latency_s), stops_at_error=True
        )

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: nothing is remembered."""
        self._set_defaults()
        self._clear_status()

    def switch_on(self) -> None:
        """Give it power again: settings of ``*RST``, but triggering by itself."""
        self._event_status = POWER_ON
        self._is_continuous = True

    def _set_defaults(self) -> None:
        self._kept = dict(KEPT)
        self._channels = {number: Channel(ranges_V) for number, ranges_V in RANGES_V.items()}
        self._active = 1
        self._function = "VOLT"
        self._nplc = 5.0
        self._is_continuous = False
        self._latest = math.nan
        self._trace: list[float] = []
        self._trace_points = 100
        self._is_feeding = False
        self._measurement_events = 0

    def _handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: "KEITHLEY INSTRUMENTS INC.,MODEL 2182A,1193143,C02  /A02",
            "*RST": lambda _: self._set_defaults(),
            "*CLS": lambda _: self._clear_status(),
            "*OPC?": lambda _: "1",
            "*TST?": lambda _: "0",
            "*TRG": lambda _: self._trigger(),
            "*ESR?": lambda _: self._take_event_status(),
            "*STB?": lambda _: str(self._status_byte()),
            "SYSTem:ERRor[:NEXT]?": lambda _: self._errors.pop(),
            "STATus:QUEue[:NEXT]?": lambda _: self._errors.pop(),
            "STATus:MEASurement[:EVENt]?": lambda _: self._take_measurement_events(),
            "SYSTem:LFRequency?": lambda _: "60",
            "SYSTem:VERSion?": lambda _: "1991.0",
            "SYSTem:PRESet": lambda _: self._preset(),
            "INITiate[:IMMediate]": lambda _: self._initiate(),
            "INITiate:CONTinuous": self._set_continuous,
            "INITiate:CONTinuous?": lambda _: str(int(self._is_continuous)),
            "READ?": lambda _: self._read(),
            "FETCh?": lambda _: self._fetch(),
            "SENSe[1]:DATA[:LATest]?": lambda _: self._fetch(),
            "SENSe[1]:DATA:FRESh?": lambda _: self._fresh(),
            "MEASure[:VOLTage][:DC]?": lambda _: self._configure_and_read("VOLT"),
            "MEASure:TEMPerature?": lambda _: self._configure_and_read("TEMP"),
            "CONFigure[:VOLTage][:DC]": lambda _: self._configure("VOLT"),
            "CONFigure:TEMPerature": lambda _: self._configure("TEMP"),
            "CONFigure?": lambda _: FUNCTION_REPLIES[self._function],
            "SENSe[1]:FUNCtion": self._set_function,
            "SENSe[1]:FUNCtion?": lambda _: FUNCTION_REPLIES[self._function],
            "SENSe[1]:CHANnel": self._set_channel,
            "SENSe[1]:CHANnel?": lambda _: str(self._active),
            "SENSe[1]:VOLTage[:DC]:NPLCycles": self._set_nplc,
            "SENSe[1]:VOLTage[:DC]:NPLCycles?": lambda _: f"{self._nplc:.2f}",
            "SENSe[1]:TEMPerature:RTEMperature?": lambda _: _reply(_ROOM_C),
            "TRACe:POINts": self._set_trace_points,
            "TRACe:POINts?": lambda _: str(self._trace_points),
            "TRACe:CLEar": lambda _: self._trace.clear(),
            "TRACe:FEED:CONTrol": self._set_feeding,
            "TRACe:FEED:CONTrol?": lambda _: "NEXT" if self._is_feeding else "NEV",
            "TRACe:DATA?": lambda _: self._trace_data(),
            "CALCulate2:IMMediate?": lambda _: self._statistic(),
            "CALCulate2:DATA?": lambda _: self._statistic(),
        }
        for place in self._channels:
            table |= self._channel_handlers(place, f"SENSe[1]:VOLTage[:DC]:CHANnel{place}")
            table[f"SENSe[1]:TEMPerature:CHANnel{place}:REFerence:ACQuire"] = lambda _: None
        for header in KEPT:
            table[header] = lambda arguments, header=header: self._keep(header, arguments)
            table[f"{header}?"] = lambda _, header=header: self._kept[header]
        for header in IGNORED:
            table[header] = lambda _: None
        return table

    def _channel_handlers(self, place: int, header: str) -> dict[str, Handler]:
        def channel() -> Channel:
            return self._channels[place]

        def switch(node: str, name: str) -> dict[str, Handler]:
            return {
                f"{header}:{node}": lambda arguments: setattr(channel(), name, boolean(arguments)),
                f"{header}:{node}?": lambda _: str(int(getattr(channel(), name))),
            }

        return {
            f"{header}:RANGe[:UPPer]": lambda arguments: self._set_range(channel(), arguments),
            f"{header}:RANGe[:UPPer]?": lambda _: f"{channel().range_V:.6f}",
            f"{header}:REFerence": lambda arguments: setattr(channel(), "reference_V", number(arguments)),
            f"{header}:REFerence?": lambda _: _reply(channel().reference_V),
            f"{header}:REFerence:ACQuire": lambda _: self._acquire_reference(place),
            f"{header}:DFILter:COUNt": lambda arguments: setattr(channel(), "averages", integer(arguments, 0, 1, 100)),
            f"{header}:DFILter:COUNt?": lambda _: str(channel().averages),
            **switch("RANGe:AUTO", "is_auto"),
            **switch("REFerence:STATe", "is_relative"),
            **switch("LPASs[:STATe]", "is_filtered_before"),
            **switch("DFILter[:STATe]", "is_averaged"),
        }

    # settings

    def _set_function(self, arguments: tuple[str, ...]) -> None:
        if word(arguments) not in FUNCTIONS:
            raise Refusal(Complaint.INVALID_ARGUMENT, word(arguments))
        self._function = FUNCTIONS[word(arguments)]

    def _set_channel(self, arguments: tuple[str, ...]) -> None:
        self._active = integer(arguments, 0, 0, 2)

    def _set_range(self, channel: Channel, arguments: tuple[str, ...]) -> None:
        value_V = number(arguments, 0, 0.0, OVER_RANGE * channel.ranges_V[-1])
        channel.range_V = next(entry for entry in channel.ranges_V if value_V <= OVER_RANGE * entry * (1 + 1e-9))
        channel.is_auto = False

    def _set_nplc(self, arguments: tuple[str, ...]) -> None:
        self._nplc = number(arguments, 0, 0.01, 60.0)

    def _set_continuous(self, arguments: tuple[str, ...]) -> None:
        self._is_continuous = boolean(arguments)

    def _preset(self) -> None:
        self._set_defaults()
        self._is_continuous = True

    def _configure(self, function: str) -> None:
        self._function, self._active, self._is_continuous = function, 1, False
        self._channels[1].is_auto = True

    # readings

    def _configure_and_read(self, function: str) -> str:
        self._configure(function)
        return self._read()

    def _read(self) -> str:
        if self._is_continuous:
            raise Refusal(Complaint.NOT_PERMITTED, INIT_IGNORED)
        return _reply(self._measure())

    def _initiate(self) -> None:
        if self._is_continuous:
            raise Refusal(Complaint.NOT_PERMITTED, INIT_IGNORED)
        for _ in range(int(float(self._kept["TRIGger:COUNt"]))):
            self._measure()

    def _trigger(self) -> None:
        self._measure()

    def _fetch(self) -> str:
        if self._is_continuous:
            self._measure()
        if math.isnan(self._latest):
            raise Refusal(Complaint.NOT_PERMITTED, NO_DATA)
        return _reply(self._latest)

    def _fresh(self) -> str:
        return _reply(self._measure())

    def _measure(self) -> float:
        """Take one reading, in the middle of its time."""
        duration_s = self._reading_s()
        self._clock.sleep(0.5 * duration_s)
        self._latest = self._value(self._clock.now_s())
        self._clock.sleep(0.5 * duration_s)
        self._measurement_events |= READING_AVAILABLE
        self._measurement_events |= READING_OVERFLOW if abs(self._latest) >= OVERFLOW else 0
        if self._is_feeding:
            self._trace.append(self._latest)
            self._measurement_events |= BUFFER_AVAILABLE if len(self._trace) >= 2 else 0
            if len(self._trace) >= self._trace_points:
                self._is_feeding = False
                self._measurement_events |= BUFFER_FULL
        return self._latest

    def _value(self, time_s: float) -> float:
        if self._active == 0 or self._function == "TEMP":
            return _ROOM_C
        channel = self._channels[self._active]
        true_V = self._world.voltmeter_V(time_s) if self._active == 1 else 0.0
        if channel.is_auto:
            ranges_V = channel.ranges_V
            channel.range_V = next((e for e in ranges_V if abs(true_V) <= OVER_RANGE * e), ranges_V[-1])
        if abs(true_V) > OVER_RANGE * channel.range_V:
            return math.copysign(OVERFLOW, true_V)
        cycles = self._nplc * (channel.averages if channel.is_averaged else 1)
        noise = _NOISE / math.sqrt(cycles) * self._noise.at(round(time_s * 1e6))
        reading_V = self._gain * true_V + channel.range_V * (self._offset + noise)
        return reading_V - (channel.reference_V if channel.is_relative else 0.0)

    def _reading_s(self) -> float:
        """Return the time of one reading: integration, again for auto-zero, and the filters."""
        conversions = 2 if self._kept["SYSTem:AZERo[:STATe]"] == "1" else 1
        duration_s = conversions * self._nplc / 60.0 + float(self._kept["TRIGger:DELay"])
        if self._active == 0:
            return duration_s
        channel = self._channels[self._active]
        duration_s += _ANALOG_FILTER_S if channel.is_filtered_before else 0.0
        return duration_s * (channel.averages if channel.is_averaged else 1)

    def _acquire_reference(self, place: int) -> None:
        if not math.isnan(self._latest) and place == self._active:
            channel = self._channels[place]
            channel.reference_V = self._latest + (channel.reference_V if channel.is_relative else 0.0)

    # trace

    def _set_trace_points(self, arguments: tuple[str, ...]) -> None:
        self._trace_points = integer(arguments, 0, 2, _LARGEST_TRACE)

    def _set_feeding(self, arguments: tuple[str, ...]) -> None:
        if word(arguments) not in ("NEXT", "NEV", "NEVER"):
            raise Refusal(Complaint.INVALID_ARGUMENT, word(arguments))
        self._is_feeding = word(arguments) == "NEXT"
        if self._is_feeding:
            self._trace = []

    def _trace_data(self) -> str:
        if not self._trace:
            raise Refusal(Complaint.NOT_PERMITTED, NO_DATA)
        return ",".join(map(_reply, self._trace))

    def _statistic(self) -> str:
        of = {"MEAN": statistics.fmean, "SDEV": statistics.stdev, "MAX": max, "MIN": min}
        kind = {"MAXIMUM": "MAX", "MINIMUM": "MIN", "SDEVIATION": "SDEV"}.get(
            self._kept["CALCulate2:FORMat"], self._kept["CALCulate2:FORMat"]
        )
        if kind not in of or len(self._trace) < 2 or self._kept["CALCulate2:STATe"] != "1":
            raise Refusal(Complaint.NOT_PERMITTED, NO_DATA)
        return _reply(of[kind](self._trace))

    # status

    def _keep(self, header: str, arguments: tuple[str, ...]) -> None:
        text = {"ON": "1", "OFF": "0"}.get(word(arguments), word(arguments))
        if KEPT[header][0].isdigit():
            number((text,))
        self._kept[header] = text

    def _complain(self, refusal: Refusal) -> None:
        known = refusal.text in (INIT_IGNORED, NO_DATA)
        entry = refusal.text if known else ERRORS[refusal.complaint]
        self._errors.push(entry)
        self._event_status |= COMMAND_ERROR if entry.startswith("-1") else EXECUTION_ERROR

    def _take_event_status(self) -> str:
        reply, self._event_status = str(self._event_status), 0
        return reply

    def _take_measurement_events(self) -> str:
        reply, self._measurement_events = str(self._measurement_events), 0
        return reply

    def _status_byte(self) -> int:
        """Return the status byte: measurement summary, error available, event summary, service request."""
        enabled = int(float(self._kept["STATus:MEASurement:ENABle"]))
        byte = 1 if self._measurement_events & enabled else 0
        byte |= 4 if len(self._errors) else 0
        byte |= 32 if self._event_status & int(float(self._kept["*ESE"])) else 0
        return byte | (64 if byte & int(float(self._kept["*SRE"])) else 0)

    def _clear_status(self) -> None:
        self._errors.clear()
        self._event_status = self._measurement_events = 0


def _reply(value: float) -> str:
    """Return a number as readings are sent."""
    return f"{value:+.8E}"
