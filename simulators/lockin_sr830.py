"""The Stanford Research SR830 lock-in amplifier as its wire sees it: settings, command table and status bytes.

After the SR830 manual, chapter 5. Not there: the data buffer (STRT, TRCA? ...); automatic functions take no time.
"""

import copy
import math
from typing import Final

from simulators.clock import VirtualClock
from simulators.dialect import Complaint, Dialect, Handler, Refusal, integer, number
from simulators.noise import Noise
from simulators.sr830_detector import (
    CHOICES,
    GAIN_SPREAD,
    RANGE_CHANGED,
    SENSITIVITIES_V,
    TIME_CONSTANT_CHANGED,
    TIME_CONSTANTS_S,
    Detector,
    Output,
    Settings,
)
from simulators.world import World

OSCILLATOR_RANGE_V: Final = (0.004, 5.0)
OSCILLATOR_STEP_V: Final = 0.002
_HIGHEST_HZ: Final = 102_000.0
_SLOW_LIMIT_HZ: Final = 200.0  # time constants above 30 s exist only below (manual 5-23: 199.21 and 203.12 Hz)
_LONGEST_FAST: Final = 13

_EXECUTION_ERROR: Final = 16  # standard event status byte, manual 5-22
_COMMAND_ERROR: Final = 32

_ASSUMED: Final = frozenset({"*IDN?", "FREQ?", "SLVL?", "PHAS?", "OEXP?", "DDEF?", "AUXV?", "OAUX?", "ERRS?"})


class SR830:
    """One SR830, its oscillator on the AC arm and its input on the preamplifier.

    As the lab left it: settings of ``*RST``, but the oscillator at its minimum.

    Parameters
    ----------
    clock, world
        Of its rack.
    seed
        Draws its gain and phase error and its noise.
    """

    terminator = b"\n"
    greeting = None
    latency_s = 1e-3

    def __init__(self, clock: VirtualClock, world: World, seed: int) -> None:
        self._clock = clock
        self._world = world
        self._detector = Detector(world, seed)
        self._oscillator_gain = 1.0 + GAIN_SPREAD * Noise(seed, "sr830/oscillator").at(0)
        self._settings = Settings(amplitude_V=OSCILLATOR_RANGE_V[0])
        self._memory: dict[int, Settings] = {}
        self._status = {"*ESR": 0, "LIAS": 0, "ERRS": 0}
        self._enable = {"*ESE": 0, "*SRE": 0, "LIAE": 0, "ERRE": 0}
        self._aux_V = [0.0] * 4
        self._checked_s = -math.inf
        self._drive()
        self._dialect = Dialect(self._handlers(), self._complain, _ASSUMED, header_is_letters=True)

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        if "?" not in message:
            self._checked_s = -math.inf
        return self._dialect.answer(message)

    def _handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: "Stanford_Research_Systems,SR830,s/n12345,ver1.07",
            "*RST": lambda _: self._take_over(Settings()),
            "*CLS": self._clear_status,
            "*STB?": lambda arguments: _bits(self._status_byte(), arguments),
            "FREQ": self._set_frequency,
            "FREQ?": lambda _: f"{self._settings.frequency_Hz:.6g}",
            "HARM": self._set_harmonic,
            "HARM?": lambda _: str(self._settings.harmonic),
            "PHAS": self._set_phase,
            "PHAS?": lambda _: f"{self._settings.phase_deg:.2f}",
            "SLVL": self._set_amplitude,
            "SLVL?": lambda _: f"{self._settings.amplitude_V:.3f}",
            "OFLT": self._set_time_constant,
            "OFLT?": lambda _: str(self._settings.time_constant),
            "OUTP?": lambda arguments: self._values((integer(arguments, 0, 1, 4),)),
            "OUTR?": lambda arguments: self._values((integer(arguments, 0, 1, 2) + 9,)),
            "SNAP?": self._snap,
            "OAUX?": lambda arguments: self._values((integer(arguments, 0, 1, 4) + 4,)),
            "AUXV": self._set_aux,
            "AUXV?": lambda arguments: f"{self._aux_V[integer(arguments, 0, 1, 4) - 1]:.3f}",
            "OEXP": self._set_offset,
            "OEXP?": self._offset_query,
            "AOFF": self._auto_offset,
            "APHS": self._auto_phase,
            "AGAN": self._auto_gain,
            "ARSV": lambda _: None,
            "DDEF": self._set_display,
            "DDEF?": lambda arguments: "{},{}".format(*self._settings.displays[integer(arguments, 0, 1, 2) - 1]),
            "SSET": self._store,
            "RSET": self._recall,
        }
        for name, (low, high, _) in CHOICES.items():
            table[name] = lambda arguments, name=name, low=low, high=high: self._settings.choices.update(
                {name: integer(arguments, 0, low, high)}
            )
            table[f"{name}?"] = lambda _, name=name: str(self._settings.choices[name])
        for name in self._enable:
            table[name] = lambda arguments, name=name: self._set_enable(name, arguments)
            table[f"{name}?"] = lambda arguments, name=name: _bits(self._enable[name], arguments)
        for name in self._status:
            table[f"{name}?"] = lambda arguments, name=name: self._take_status(name, arguments)
        return table

    # settings

    def _take_over(self, settings: Settings) -> None:
        self._settings = settings
        self._drive()

    def _drive(self) -> None:
        true_V = self._settings.amplitude_V * self._oscillator_gain
        self._world.set_oscillator(self._clock.now_s(), true_V, self._settings.frequency_Hz)

    def _set_frequency(self, arguments: tuple[str, ...]) -> None:
        if self._settings.choices["FMOD"] == 0:
            raise Refusal(Complaint.NOT_PERMITTED, "FREQ in external reference mode")
        asked_Hz = number(arguments, 0, 0.001, _HIGHEST_HZ)
        # five digits or 0.1 mHz, whichever is coarser (manual 5-4)
        digits = max(0, min(4, 4 - math.floor(math.log10(asked_Hz))))
        self._change_detection(round(asked_Hz, digits), self._settings.harmonic)
        self._drive()

    def _set_harmonic(self, arguments: tuple[str, ...]) -> None:
        self._change_detection(self._settings.frequency_Hz, integer(arguments, 0, 1, 19_999))

    def _change_detection(self, frequency_Hz: float, harmonic: int) -> None:
        if frequency_Hz * harmonic > _HIGHEST_HZ:
            raise Refusal(Complaint.OUT_OF_RANGE, f"detection above {_HIGHEST_HZ} Hz")
        settings = self._settings
        was_slow = settings.detected_Hz < _SLOW_LIMIT_HZ
        settings.frequency_Hz, settings.harmonic = frequency_Hz, harmonic
        is_slow = settings.detected_Hz < _SLOW_LIMIT_HZ
        if was_slow != is_slow:
            self._status["LIAS"] |= RANGE_CHANGED
        if not is_slow and settings.time_constant > _LONGEST_FAST:
            settings.time_constant = _LONGEST_FAST
            self._status["LIAS"] |= TIME_CONSTANT_CHANGED

    def _set_phase(self, arguments: tuple[str, ...]) -> None:
        self._settings.phase_deg = _wrapped(number(arguments, 0, -360.0, 729.99))

    def _set_amplitude(self, arguments: tuple[str, ...]) -> None:
        steps = round(number(arguments, 0, *OSCILLATOR_RANGE_V) / OSCILLATOR_STEP_V)
        self._settings.amplitude_V = round(OSCILLATOR_STEP_V * steps, 3)
        self._drive()

    def _set_time_constant(self, arguments: tuple[str, ...]) -> None:
        index = integer(arguments, 0, 0, len(TIME_CONSTANTS_S) - 1)
        if index > _LONGEST_FAST and self._settings.detected_Hz >= _SLOW_LIMIT_HZ:
            raise Refusal(Complaint.NOT_PERMITTED, f"OFLT {index} above {_SLOW_LIMIT_HZ} Hz")
        self._settings.time_constant = index

    def _set_aux(self, arguments: tuple[str, ...]) -> None:
        self._aux_V[integer(arguments, 0, 1, 4) - 1] = number(arguments, 1, -10.5, 10.5)

    def _set_offset(self, arguments: tuple[str, ...]) -> None:
        place = integer(arguments, 0, 1, 3) - 1
        self._settings.offsets[place] = (number(arguments, 1, -105.0, 105.0), integer(arguments, 2, 0, 2))

    def _offset_query(self, arguments: tuple[str, ...]) -> str:
        offset_percent, expand = self._settings.offsets[integer(arguments, 0, 1, 3) - 1]
        return f"{offset_percent:.2f},{expand}"

    def _set_display(self, arguments: tuple[str, ...]) -> None:
        place = integer(arguments, 0, 1, 2) - 1
        self._settings.displays[place] = (integer(arguments, 1, 0, 4), integer(arguments, 2, 0, 2))

    def _store(self, arguments: tuple[str, ...]) -> None:
        self._memory[integer(arguments, 0, 1, 9)] = copy.deepcopy(self._settings)

    def _recall(self, arguments: tuple[str, ...]) -> None:
        place = integer(arguments, 0, 1, 9)
        if place not in self._memory:
            raise Refusal(Complaint.NOT_PERMITTED, f"RSET {place}: nothing stored there")
        self._take_over(copy.deepcopy(self._memory[place]))

    # automatic functions

    def _auto_offset(self, arguments: tuple[str, ...]) -> None:
        place = integer(arguments, 0, 1, 3) - 1
        self._settings.offsets[place] = (0.0, self._settings.offsets[place][1])
        output = self._output()
        percent = 100.0 * (output.x_V, output.y_V, output.magnitude_V)[place] / self._settings.full_scale_V
        self._settings.offsets[place] = (round(min(max(percent, -105.0), 105.0), 2), self._settings.offsets[place][1])

    def _auto_phase(self, _: tuple[str, ...]) -> None:
        self._settings.phase_deg = round(_wrapped(self._settings.phase_deg + self._output().angle_deg), 2)

    def _auto_gain(self, _: tuple[str, ...]) -> None:
        for index in reversed(range(len(SENSITIVITIES_V))):
            self._settings.choices["SENS"] = index
            if index == 0 or self._output().magnitude_V > SENSITIVITIES_V[index - 1]:
                break

    # readings

    def _output(self) -> Output:
        self._checked_s = self._clock.now_s()
        output = self._detector.output(self._settings, self._checked_s)
        self._status["LIAS"] |= output.status
        return output

    def _values(self, places: tuple[int, ...]) -> str:
        """Return quantities by their SNAP? numbers, all of one instant; nothing is connected to the aux inputs."""
        output = self._output()
        x_V, y_V, magnitude_V, angle_deg = output.x_V, output.y_V, output.magnitude_V, output.angle_deg
        first, second = (display for display, _ in self._settings.displays)
        shown = ((x_V, magnitude_V, 0.0, 0.0, 0.0)[first], (y_V, angle_deg, 0.0, 0.0, 0.0)[second])
        known = (x_V, y_V, magnitude_V, angle_deg, 0.0, 0.0, 0.0, 0.0, self._settings.frequency_Hz, *shown)
        return ",".join(f"{known[place - 1]:.6g}" for place in places)

    def _snap(self, arguments: tuple[str, ...]) -> str:
        if not 2 <= len(arguments) <= 6:
            raise Refusal(Complaint.MISSING_ARGUMENT, "SNAP? takes two to six")
        return self._values(tuple(integer(arguments, place, 1, 11) for place in range(len(arguments))))

    # status

    def _complain(self, refusal: Refusal) -> None:
        is_unknown = refusal.complaint in (Complaint.UNKNOWN_COMMAND, Complaint.UNKNOWN_QUERY)
        self._status["*ESR"] |= _COMMAND_ERROR if is_unknown else _EXECUTION_ERROR

    def _take_status(self, name: str, arguments: tuple[str, ...]) -> str:
        """Reply a status byte, or one bit of it, and clear what was replied."""
        # right after a reading there is nothing new to find: the output moves with the time constant
        fresh_s = 0.1 * TIME_CONSTANTS_S[self._settings.time_constant]
        if name == "LIAS" and self._clock.now_s() > self._checked_s + fresh_s:
            self._output()
        reply = _bits(self._status[name], arguments)
        self._status[name] &= ~(1 << int(arguments[0])) if arguments else 0
        return reply

    def _set_enable(self, name: str, arguments: tuple[str, ...]) -> None:
        """Set a whole enable byte, or one bit of it: ``LIAE i,j``."""
        if len(arguments) < 2:
            self._enable[name] = integer(arguments, 0, 0, 255)
            return
        bit = 1 << integer(arguments, 0, 0, 7)
        self._enable[name] = self._enable[name] & ~bit | bit * integer(arguments, 1, 0, 1)

    def _status_byte(self) -> int:
        """Return the serial poll byte: no scan and no command running, LIA summary, event summary, service request."""
        byte = 0b11
        byte |= 8 if self._status["LIAS"] & self._enable["LIAE"] else 0
        byte |= 32 if self._status["*ESR"] & self._enable["*ESE"] else 0
        return byte | (64 if byte & self._enable["*SRE"] else 0)

    def _clear_status(self, _: tuple[str, ...]) -> None:
        self._status = dict.fromkeys(self._status, 0)


def _bits(value: int, arguments: tuple[str, ...]) -> str:
    """Return a whole byte, or the bit that the argument names."""
    return str(value >> integer(arguments, 0, 0, 7) & 1) if arguments else str(value)


def _wrapped(angle_deg: float) -> float:
    """Return the angle between -180 and 180 degrees."""
    return (angle_deg + 180.0) % 360.0 - 180.0
