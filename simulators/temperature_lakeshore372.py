"""The Lake Shore 372 as it answers on GPIB, regulating the simulated refrigerator.

After the Model 372 manual, rev. 1.7 (2.11 control, 4.6.1 heater outputs: modes, ranges, bounds and units of P, I and D)
and the Model 370 manual (2.10). An unknown command is met by silence and bit 5 of the event status register. Numbers
come in engineering form, ``+123.400E-03``. Reply formats of what `ASSUMED` lists are confirmed by no manual at hand.

As the lab left it: channel 1 sample stage (control), 2 mixing chamber, 3 still, 4 bath, all ruthenium oxide with a
curve, 63.2 uV excitation, 5 s filter, scanner resting on channel 1; 100 ohm heater, closed loop, heater off.

Zone table, the control parameters that suit the simulated refrigerator:

    ======== ===== ===== === ======================
    up to K      P   I/s D/s RANGE 0,n
    ======== ===== ===== === ======================
    0.03      1000   200   0 4 (1 mA, 0.1 mW)
    0.09      1000   150   0 5 (3.16 mA, 1 mW)
    0.30      1000   150   0 6 (10 mA, 10 mW)
    0.65       300   100   0 7 (31.6 mA, 100 mW)
    1.25       500   100   0 7
    10         100    60   0 7
    ======== ===== ===== === ======================

With it the demo's temperatures settle (band, drift and dwell of the lab's practice) within 4 to 20 minutes, longest
around 1 K, where the mixture comes in.
"""

from enum import IntFlag
from functools import partial

from simulators.clock import VirtualClock
from simulators.cryogenics.cryostat import Cryostat
from simulators.dialect import Complaint, Dialect, Handler, Refusal
from simulators.parts import lakeshore372_inputs, lakeshore372_outputs
from simulators.parts.bridge import CONTROL_CHANNEL, Bridge

ASSUMED = lakeshore372_inputs.ASSUMED | lakeshore372_outputs.ASSUMED | {"*IDN?", "*STB?", "*TST?"}
"""Queries whose reply format is recalled, not read in a manual."""


class EventStatus(IntFlag):
    """Bits of the standard event status register that this box sets."""

    OPERATION_COMPLETE = 1
    EXECUTION_ERROR = 16
    COMMAND_ERROR = 32
    POWER_ON = 128


class LakeShore372:
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
        self._bridge = Bridge(cryostat, seed, shift_per_T)
        inputs = lakeshore372_inputs.InputCommands(clock, cryostat, self._bridge)
        self._outputs = outputs = lakeshore372_outputs.OutputCommands(clock, cryostat)
        handlers: dict[str, Handler] = {
            "*IDN?": lambda _: "LSCI,MODEL372,LSA2359,1.6",
            "*CLS": self._clear_status,
            "*ESR?": self._read_event_status,
            "*OPC": self._flag_complete,
            "*OPC?": lambda _: "1",
            "*STB?": lambda _: "000",
            "*TST?": lambda _: "0",
            "*WAI": lambda _: None,
            "EMUL": lambda _: None,
            **inputs.handlers(),
            **outputs.handlers(),
        }
        self._dialect = Dialect(handlers, self._complain, ASSUMED, pause=partial(clock.sleep, self.latency_s))

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: no heat."""
        self._outputs.heater_off()

    def switch_on(self) -> None:
        """Give it power again: settings as they were, heater off (assumed: power-up enable is off)."""
        self._event_status = EventStatus.POWER_ON

    def set_sensor_broken(self, is_broken: bool) -> None:
        """Break or mend the sample thermometer (a fault); the loop holds its output (assumed)."""
        (self._bridge.broken.add if is_broken else self._bridge.broken.discard)(CONTROL_CHANNEL)

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
