"""The Stanford Research SR830 lock-in amplifier as its wire sees it: settings, command table and status bytes.

After the SR830 manual, chapter 5. Automatic functions take no time. Not there: fast transfer while storing (FAST is
kept and does nothing).
"""

import copy
import math
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from simulators.clock import VirtualClock
from simulators.dialect import Block, Complaint, Dialect, Handler, Refusal, integer, number
from simulators.noise import Noise
from simulators.parts.data_buffer import DataBuffer
from simulators.parts.lockin_detector import Detector, Output
from simulators.parts.sr830_detector import (
    CHOICES,
    FRONT_END,
    INPUT_OVERLOAD,
    OUTPUT_OVERLOAD,
    RANGE_CHANGED,
    SENSITIVITIES_V,
    TIME_CONSTANT_CHANGED,
    TIME_CONSTANTS_S,
    UNLOCKED,
    Settings,
)
from simulators.parts.srs_status import SrsStatus
from simulators.world import World

OSCILLATOR_RANGE_V: Final = (0.004, 5.0)
OSCILLATOR_STEP_V: Final = 0.002
_HIGHEST_HZ: Final = 102_000.0
_SLOW_LIMIT_HZ: Final = 200.0  # time constants above 30 s exist only below (manual 5-23: 199.21 and 203.12 Hz)
_LONGEST_FAST: Final = 13
_BUFFER_ROWS: Final = 16_383
_ON_TRIGGER: Final = 14  # SRAT: one sample a trigger; below it 62.5 mHz times a power of two
_SLOWEST_SAMPLING_HZ: Final = 62.5e-3
_DELAYED_START_S: Final = 0.5

_IDLE: Final = 0b11  # serial poll byte: no scan and no command running

_ASSUMED: Final = frozenset(
    {"*IDN?", "FREQ?", "SLVL?", "PHAS?", "OEXP?", "DDEF?", "AUXV?", "OAUX?", "ERRS?", "SPTS?", "TRCA?", "TRCL?"}
)


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
        self._detector = Detector(world, seed, FRONT_END)
        self._buffer = DataBuffer(_BUFFER_ROWS)
        self._oscillator_gain = 1.0 + FRONT_END.gain_spread * Noise(seed, "sr830/oscillator").at(0)
        self._settings = Settings(amplitude_V=OSCILLATOR_RANGE_V[0])
        self._memory: dict[int, Settings] = {}
        self._status = SrsStatus(self._look, 8, _IDLE)
        self._aux_V = [0.0] * 4
        self._checked_s = -math.inf
        self._drive()
        pause = partial(clock.sleep, self.latency_s)
        self._dialect = Dialect(self._handlers(), self._status.complain, _ASSUMED, pause=pause, header_is_letters=True)

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        self._buffer.catch_up(self._clock.now_s(), lambda time_s: self._shown_V(self._output(time_s)))
        if "?" not in message:
            self._checked_s = -math.inf
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: no excitation."""
        self._world.set_oscillator(self._clock.now_s(), 0.0, self._settings.frequency_Hz)

    def switch_on(self) -> None:
        """Give it power again: settings as they were (assumed: kept by its battery), status bytes new."""
        self._status.power_on()
        self._drive()

    def _handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: "Stanford_Research_Systems,SR830,s/n12345,ver1.07",
            "*RST": lambda _: self._take_over(Settings()),
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
            "STRT": lambda _: self._start_storing(0.0),
            "STRD": lambda _: self._start_storing(_DELAYED_START_S),
            "PAUS": lambda _: self._buffer.pause(),
            "REST": lambda _: self._buffer.reset(),
            "TRIG": lambda _: self._trigger(),
            "SPTS?": lambda _: str(len(self._buffer.rows)),
            "TRCA?": lambda arguments: self._stored(arguments, _as_text),
            "TRCB?": lambda arguments: self._stored(arguments, _as_singles),
            "TRCL?": lambda arguments: self._stored(arguments, _as_lockin_floats),
        }
        for name, (low, high, _) in CHOICES.items():
            table[name] = lambda arguments, name=name, low=low, high=high: self._settings.choices.update(
                {name: integer(arguments, 0, low, high)}
            )
            table[f"{name}?"] = lambda _, name=name: str(self._settings.choices[name])
        return table | self._status.handlers()

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
            self._status.latch(RANGE_CHANGED)
        if not is_slow and settings.time_constant > _LONGEST_FAST:
            settings.time_constant = _LONGEST_FAST
            self._status.latch(TIME_CONSTANT_CHANGED)

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

    def _output(self, time_s: float | None = None) -> Output:
        """Return the outputs now, or at a time gone by, and latch what they say of themselves."""
        if time_s is None:
            time_s = self._checked_s = self._clock.now_s()
        output = self._detector.output(self._settings.detection, time_s)
        self._status.latch(
            INPUT_OVERLOAD * output.is_input_overloaded
            | OUTPUT_OVERLOAD * (output.is_x_overloaded or output.is_y_overloaded)
            | UNLOCKED * (not self._settings.is_locked)
        )
        return output

    def _shown_V(self, output: Output) -> tuple[float, float]:
        """Return what displays 1 and 2 show: X or R, and Y or theta; nothing is connected to the aux inputs."""
        first, second = (display for display, _ in self._settings.displays)
        return (
            (output.x_V, output.magnitude_V, 0.0, 0.0, 0.0)[first],
            (output.y_V, output.angle_deg, 0.0, 0.0, 0.0)[second],
        )

    def _values(self, places: tuple[int, ...]) -> str:
        """Return quantities by their SNAP? numbers, all of one instant; nothing is connected to the aux inputs."""
        output = self._output()
        quantities = (output.x_V, output.y_V, output.magnitude_V, output.angle_deg)
        known = (*quantities, 0.0, 0.0, 0.0, 0.0, self._settings.frequency_Hz, *self._shown_V(output))
        return ",".join(f"{known[place - 1]:.6g}" for place in places)

    def _snap(self, arguments: tuple[str, ...]) -> str:
        if not 2 <= len(arguments) <= 6:
            raise Refusal(Complaint.MISSING_ARGUMENT, "SNAP? takes two to six")
        return self._values(tuple(integer(arguments, place, 1, 11) for place in range(len(arguments))))

    # data buffer

    def _start_storing(self, delay_s: float) -> None:
        rate = self._settings.choices["SRAT"]
        if rate < _ON_TRIGGER:
            interval_s = 1.0 / (_SLOWEST_SAMPLING_HZ * 2.0**rate)
            is_loop = self._settings.choices["SEND"] == 1
            self._buffer.start(self._clock.now_s() + delay_s, interval_s, is_endless=is_loop)

    def _trigger(self) -> None:
        if self._settings.choices["SRAT"] == _ON_TRIGGER:
            self._buffer.store(self._shown_V(self._output()))
        elif self._settings.choices["TSTR"] and not self._buffer.is_running:
            self._start_storing(0.0)

    def _stored(self, arguments: tuple[str, ...], written: Callable[[Sequence[float]], str]) -> str:
        """Reply ``i,j,k``: k points of display i from point j on."""
        column = integer(arguments, 0, 1, 2) - 1
        first, count = integer(arguments, 1, 0, _BUFFER_ROWS), integer(arguments, 2, 1, _BUFFER_ROWS)
        if first + count > len(self._buffer.rows):
            raise Refusal(Complaint.OUT_OF_RANGE, f"points {first} to {first + count - 1} of {len(self._buffer.rows)}")
        return written([row[column] for row in self._buffer.rows[first : first + count]])

    # status

    def _look(self) -> None:
        """Find overloads, unless a reading has just looked: the output moves with the time constant."""
        fresh_s = 0.1 * TIME_CONSTANTS_S[self._settings.time_constant]
        if self._clock.now_s() > self._checked_s + fresh_s:
            self._output()


def _as_text(points: Sequence[float]) -> str:
    """Return points as TRCA? does: a comma after each, the last one too."""
    return "".join(f"{point:.6g}," for point in points)


def _as_singles(points: Sequence[float]) -> Block:
    """Return points as TRCB? does: IEEE single precision, least significant byte first."""
    return Block(struct.pack(f"<{len(points)}f", *points).decode("latin-1"))


def _as_lockin_floats(points: Sequence[float]) -> Block:
    """Return points as TRCL? does: ``mantissa * 2^(exponent - 124)``, two bytes each, the lower one first."""
    packed = b""
    for point in points:
        fraction, power = math.frexp(point)
        packed += struct.pack("<hh", round(fraction * 32767.0), max(0, power - 15 + 124) if point else 0)
    return Block(packed.decode("latin-1"))


def _wrapped(angle_deg: float) -> float:
    """Return the angle between -180 and 180 degrees."""
    return (angle_deg + 180.0) % 360.0 - 180.0
