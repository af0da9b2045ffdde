"""The Lake Shore 336 as it answers on its socket or on GPIB, regulating a simulated insert.

After the Model 336 manual, rev. 1.5 (6.6 command summary: arguments and the names of the fields); an unknown command is
met by silence and bit 5 of the event status register. Inputs are A to D, outputs 1 and 2 current sources with a loop,
3 and 4 voltage outputs. Output 1 carries the heater of the insert, regulated on input A; the others drive nothing.

As the lab left it: A sample stage, B cold end, C the stage above it, D the bath, all ruthenium oxide with a curve;
output 1 in closed loop on A, 50 ohm with a user limit of 0.1 A, so the ranges are 5 mW, 50 mW and 0.5 W; heater off.
Not simulated: zone tables that switch by themselves, autotuning, alarms that trip, curves other than the one in use.

The loop is that of the manual, 2.8: output = P (e + I-part + D-part), the reset I in 1000/I seconds (confirmed by the
manual of the sister model 331), the rate D in per cent of a quarter of it (assumed).

Zones that suit the simulated 3He insert: see `instruments.temperature_lakeshore336`.
"""

from enum import IntFlag
from functools import partial
from typing import Final

from simulators.clock import VirtualClock
from simulators.cryogenics.cryostat import Cryostat
from simulators.cryogenics.thermometry import Thermometry
from simulators.dialect import Complaint, Dialect, Handler, Refusal, integer, word
from simulators.parts import lakeshore336_inputs, lakeshore336_outputs

ASSUMED: Final = (
    lakeshore336_inputs.ASSUMED
    | lakeshore336_outputs.ASSUMED
    | {"*IDN?", "*TST?", "*ESE?", "*SRE?", "OPST?", "OPSTE?", "OPSTR?", "LOCK?", "MODE?", "BRIGT?", "TUNEST?", "LEDS?"}
)
"""Queries whose reply format is recalled or inferred from clients, not read in a manual."""


class EventStatus(IntFlag):
    """Bits of the standard event status register that this box sets."""

    OPERATION_COMPLETE = 1
    EXECUTION_ERROR = 16
    COMMAND_ERROR = 32
    POWER_ON = 128


class LakeShore336:
    """State and dialect of the temperature controller (fills `simulators.dialect.Box`).

    Parameters
    ----------
    clock
        The rack's clock.
    cryostat
        The refrigerator that it reads and heats.
    seed
        Seed of the sensors' calibration errors and of the reading noise.
    shift_per_T
        How much the sample's thermometer reads too low in a field, as a fraction of T a tesla.
    """

    terminator = b"\r\n"
    greeting: str | None = None
    latency_s = 5e-3

    def __init__(self, clock: VirtualClock, cryostat: Cryostat, seed: int, shift_per_T: float = 0.0) -> None:
        self._event_status = EventStatus(0)
        self._plain = {"*ESE": 0, "*SRE": 0, "OPSTE": 0, "MODE": 0, "LEDS": 1, "BRIGT": 2}
        self._lock = (0, 123)
        self._thermometry = Thermometry(cryostat, seed, shift_per_T)
        self._outputs = lakeshore336_outputs.OutputCommands(clock, cryostat)
        cryostat.set_feedback(clock.now_s(), self._thermometry.control_reading_K)
        inputs = lakeshore336_inputs.InputCommands(clock, self._thermometry)
        handlers = self._common() | inputs.handlers() | self._outputs.handlers()
        self._dialect = Dialect(handlers, self._complain, ASSUMED, pause=partial(clock.sleep, self.latency_s))

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: no heat."""
        self._outputs.heaters_off()

    def switch_on(self) -> None:
        """Give it power again: settings as they were, heaters off (assumed: power-up enable is off)."""
        self._event_status = EventStatus.POWER_ON

    def set_sensor_broken(self, is_broken: bool) -> None:
        """Break or mend the sample thermometer (a fault); the loop holds its output (assumed)."""
        self._thermometry.set_broken(0, is_broken)

    def _common(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: "LSCI,MODEL336,LSA23JD/#######,2.9",
            "*CLS": self._clear_status,
            "*ESR?": self._read_event_status,
            "*OPC": self._flag_complete,
            "*OPC?": lambda _: "1",
            "*RST": self._reset,
            "*STB?": lambda _: "000",
            "*TST?": lambda _: "0",
            "*WAI": lambda _: None,
            "OPST?": lambda _: "000",
            "OPSTR?": lambda _: "000",
            "TUNEST?": lambda _: "0,1,0,0",
            "LOCK": self._set_lock,
            "LOCK?": lambda _: "{},{:03d}".format(*self._lock),
        }
        for header, highest in (("*ESE", 255), ("*SRE", 255), ("OPSTE", 255), ("MODE", 2), ("LEDS", 1), ("BRIGT", 3)):
            table[header] = self._setter(header, highest)
            table[f"{header}?"] = self._reader(header, 3 if highest == 255 else 1)
        return table

    def _setter(self, header: str, highest: int) -> Handler:
        def set_plain(arguments: tuple[str, ...]) -> None:
            self._plain[header] = integer(arguments, 0, 0, highest)

        return set_plain

    def _reader(self, header: str, digits: int) -> Handler:
        return lambda _: f"{self._plain[header]:0{digits}d}"

    def _set_lock(self, arguments: tuple[str, ...]) -> None:
        self._lock = (integer(arguments, 0, 0, 1), int(word(arguments, 1)) if len(arguments) > 1 else self._lock[1])

    def _reset(self, _: tuple[str, ...]) -> None:
        self._outputs.heaters_off()

    def _complain(self, refusal: Refusal) -> None:
        is_unknown = refusal.complaint in (Complaint.UNKNOWN_COMMAND, Complaint.UNKNOWN_QUERY)
        self._event_status |= EventStatus.COMMAND_ERROR if is_unknown else EventStatus.EXECUTION_ERROR

    def _clear_status(self, _: tuple[str, ...]) -> None:
        self._event_status = EventStatus(0)

    def _flag_complete(self, _: tuple[str, ...]) -> None:
        self._event_status |= EventStatus.OPERATION_COMPLETE

    def _read_event_status(self, _: tuple[str, ...]) -> str:
        status, self._event_status = self._event_status, EventStatus(0)
        return f"{int(status):03d}"
