"""The Stanford Research SR860 (or SR865A) lock-in as its wire sees it: settings, command table and status words.

After the SR860 operation manual, chapter 4: a space stands between mnemonic and arguments, none before the question
mark. Automatic functions take no time. Not there: scans, the FFT, the strip chart's cursors, streaming over UDP,
current input, and the screen.
"""

import math
from functools import partial
from typing import Final

from simulators.clock import VirtualClock
from simulators.dialect import Complaint, Dialect, Handler, Refusal, integer, number, word
from simulators.noise import Noise
from simulators.parts.lockin_detector import Detector, Output
from simulators.parts.sr860_capture import Capture
from simulators.parts.sr860_detector import (
    CH1_OVERLOAD,
    CH2_OVERLOAD,
    CHOICES,
    DATA1_OVERLOAD,
    FRONT_END,
    INDEXED,
    INPUT_OVERLOAD,
    INPUT_RANGES_V,
    NUMBERS,
    SCALES_V,
    UNLOCKED,
    R,
    Settings,
    X,
    Y,
    choice,
    text,
)
from simulators.parts.srs_status import SrsStatus
from simulators.world import World

OSCILLATOR_RANGE_V: Final = (1e-9, 2.0)
OSCILLATOR_STEP_V: Final = 1e-9
HIGHEST_HZ: Final = {"SR860": 500e3, "SR865A": 4e6}

_LIA_BITS: Final = 15

# SNAP? and OUTP?: the parameters by number; capitals are the short form
_PARAMETERS: Final = (
    "X", "Y", "R", "THeta", "IN1", "IN2", "IN3", "IN4", "XNOise", "YNOise", "OUT1", "OUT2", "PHAse", "SAMp", "LEVel",
    "FInt", "FExt",
)  # fmt: skip
_PARAMETER_NUMBERS: Final = {
    name: place
    for place, printed in enumerate(_PARAMETERS)
    for name in (str(place), printed.upper(), "".join(letter for letter in printed if not letter.islower()))
}

_NUMBER_REPLIES: Final = ("FREQ?", "FREQINT?", "FREQEXT?", "FREQDET?", "PHAS?", "SLVL?", "ENBW?", "OUTP?", "SNAP?")
_ASSUMED: Final = frozenset(
    {
        *_NUMBER_REPLIES,
        *(f"{name}?" for name in NUMBERS),
        "CUROVLDSTAT?",
        "ILVL?",
        "CAPTURERATEMAX?",
        "CAPTUREGET?",
        "CAPTUREVAL?",
    }
)


class SR860:
    """One SR860, its Sine Out + on the AC arm and its input on the preamplifier.

    As the lab left it: settings of ``*RST``. The amplitude counts between Sine Out + and - into 50 ohm each, so Sine
    Out + alone on the AC arm gives just that amplitude.

    Parameters
    ----------
    clock, world
        Of its rack.
    seed
        Draws its gain and phase error and its noise.
    model
        ``"SR860"`` or ``"SR865A"``: its name, and how far its reference goes.
    """

    terminator = b"\n"
    greeting = None
    latency_s = 1e-3

    def __init__(self, clock: VirtualClock, world: World, seed: int, model: str = "SR860") -> None:
        self._clock = clock
        self._world = world
        self._model = model
        self._detector = Detector(world, seed, FRONT_END)
        self._oscillator_gain = 1.0 + FRONT_END.gain_spread * Noise(seed, "sr860/oscillator").at(0)
        self._settings = Settings()
        self._status = SrsStatus(self._look, _LIA_BITS, idle_byte=0)
        self._capture = Capture(clock, self._output, lambda: self._settings.time_constant_s)
        self._checked_s = -math.inf
        self._drive()
        self._dialect = Dialect(
            self._handlers(), self._status.complain, _ASSUMED, pause=partial(clock.sleep, self.latency_s)
        )

    def answer(self, message: str) -> str | None:
        """Do what one line says and return the reply line, or None."""
        self._capture.catch_up()
        if "?" not in message:
            self._checked_s = -math.inf
        return self._dialect.answer(message)

    def switch_off(self) -> None:
        """Take its power away: no excitation."""
        self._world.set_oscillator(self._clock.now_s(), 0.0, self._settings.frequency_Hz)

    def switch_on(self) -> None:
        """Give it power again: settings as they were (assumed), status words new."""
        self._status.power_on()
        self._drive()

    def _handlers(self) -> dict[str, Handler]:
        table: dict[str, Handler] = {
            "*IDN?": lambda _: f"Stanford_Research_Systems,{self._model},003693,V1.51",
            "*RST": lambda _: self._take_over(Settings()),
            "*TST?": lambda _: "0",
            "*OPC?": lambda _: "1",
            "*OPC": lambda _: None,
            "*WAI": lambda _: None,
            "TBSTAT?": lambda _: "1",
            "FREQ": self._set_frequency,
            "FREQ?": lambda _: text(self._settings.frequency_Hz),
            "FREQINT": self._set_frequency,
            "FREQINT?": lambda _: text(self._settings.frequency_Hz),
            "FREQEXT?": lambda _: text(0.0),
            "FREQDET?": lambda _: text(self._settings.frequency_Hz * self._settings.harmonic),
            "HARM": self._set_harmonic,
            "HARM?": lambda _: str(self._settings.harmonic),
            "HARMDUAL": self._set_dual_harmonic,
            "HARMDUAL?": lambda _: str(self._settings.second_harmonic),
            "PHAS": self._set_phase,
            "PHAS?": lambda _: text(self._settings.phase_deg),
            "SLVL": self._set_amplitude,
            "SLVL?": lambda _: text(self._settings.amplitude_V),
            "ENBW?": lambda _: text(self._settings.output_filter.enbw_Hz),
            "ILVL?": lambda _: str(self._input_level()),
            "APHS": lambda _: self._auto_phase(),
            "ARNG": lambda _: self._auto_range(),
            "ASCL": lambda _: self._auto_scale(),
            "OAUT": self._auto_offset,
            "OAUX?": self._aux_input,
            "DCAP": lambda _: None,
            "OUTP?": lambda arguments: self._values((_parameter(arguments, 0),)),
            "OUTR?": lambda arguments: self._values((self._settings.indexed["CDSP"][integer(arguments, 0, 0, 3)],)),
            "SNAP?": self._snap,
            "SNAPD?": lambda _: self._values(tuple(self._settings.indexed["CDSP"])),
            "CUROVLDSTAT?": lambda _: str(self._state_of(self._output())),
        }
        for name, (words, _) in CHOICES.items():
            table[name] = lambda arguments, name=name, words=words: self._settings.choices.update(
                {name: choice(arguments, 0, words)}
            )
            table[f"{name}?"] = lambda _, name=name: str(self._settings.choices[name])
        for name, (places, words, _) in INDEXED.items():
            table[name] = lambda arguments, name=name, places=places, words=words: self._set_indexed(
                name, _place(arguments, places), choice(arguments, 1, words)
            )
            table[f"{name}?"] = lambda arguments, name=name, places=places: str(
                self._settings.indexed[name][_place(arguments, places)]
            )
        for name in NUMBERS:
            table[name] = lambda arguments, name=name: self._set_number(name, arguments)
            table[f"{name}?"] = lambda arguments, name=name: text(
                self._settings.numbers[name][_place(arguments, NUMBERS[name][0])]
            )
        return table | self._status.handlers() | self._capture.handlers()

    # settings

    def _take_over(self, settings: Settings) -> None:
        self._settings = settings
        self._drive()

    def _drive(self) -> None:
        true_V = self._settings.amplitude_V * self._oscillator_gain
        self._world.set_oscillator(self._clock.now_s(), true_V, self._settings.frequency_Hz)

    def _set_frequency(self, arguments: tuple[str, ...]) -> None:
        asked_Hz = number(arguments, 0, 1e-3, HIGHEST_HZ[self._model])
        self._insist_on_detection(asked_Hz, self._settings.harmonic)
        self._settings.frequency_Hz = asked_Hz
        self._drive()

    def _set_harmonic(self, arguments: tuple[str, ...]) -> None:
        harmonic = integer(arguments, 0, 1, 99)
        self._insist_on_detection(self._settings.frequency_Hz, harmonic)
        self._settings.harmonic = harmonic

    def _insist_on_detection(self, frequency_Hz: float, harmonic: int) -> None:
        if frequency_Hz * harmonic > HIGHEST_HZ[self._model]:
            raise Refusal(Complaint.OUT_OF_RANGE, f"detection above {HIGHEST_HZ[self._model]} Hz")

    def _set_dual_harmonic(self, arguments: tuple[str, ...]) -> None:
        self._settings.second_harmonic = integer(arguments, 0, 1, 99)

    def _set_phase(self, arguments: tuple[str, ...]) -> None:
        self._settings.phase_deg = _wrapped(number(arguments, 0, -360_000.0, 360_000.0))

    def _set_amplitude(self, arguments: tuple[str, ...]) -> None:
        steps = round(number(arguments, 0, *OSCILLATOR_RANGE_V) / OSCILLATOR_STEP_V)
        self._settings.amplitude_V = round(OSCILLATOR_STEP_V * steps, 9)
        self._drive()

    def _set_indexed(self, name: str, place: int, value: int) -> None:
        self._settings.indexed[name][place] = value

    def _set_number(self, name: str, arguments: tuple[str, ...]) -> None:
        places, low, high, _ = NUMBERS[name]
        place = _place(arguments, places)
        self._settings.numbers[name][place] = number(arguments, 1 if places else 0, low, high)

    # automatic functions

    def _auto_phase(self) -> None:
        self._settings.phase_deg = _wrapped(self._settings.phase_deg + self._output().angle_deg)

    def _auto_range(self) -> None:
        """Choose the smallest input range that is not overloaded."""
        for index in reversed(range(len(INPUT_RANGES_V))):
            self._settings.choices["IRNG"] = index
            if not self._output().is_input_overloaded:
                break

    def _auto_scale(self) -> None:
        """Choose the smallest scale that holds R."""
        magnitude_V = self._output().magnitude_V
        holding = [index for index, scale_V in enumerate(SCALES_V) if scale_V >= magnitude_V]
        self._settings.choices["SCAL"] = holding[-1] if holding else 0

    def _auto_offset(self, arguments: tuple[str, ...]) -> None:
        place = _place(arguments, 3)
        self._settings.indexed["COFA"][place] = 0
        output = self._output()
        value_V = (output.x_V, output.y_V, output.magnitude_V)[place]
        percent = min(max(100.0 * value_V / self._settings.scale_V, -999.99), 999.99)
        self._settings.numbers["COFP"][place] = round(percent, 2)
        self._settings.indexed["COFA"][place] = 1

    # readings

    def _output(self, time_s: float | None = None) -> Output:
        """Return the outputs now, or at a time gone by, and latch what they say of themselves."""
        if time_s is None:
            time_s = self._checked_s = self._clock.now_s()
        output = self._detector.output(self._settings.detection, time_s)
        self._status.latch(self._state_of(output))
        return output

    def _look(self) -> None:
        """Find overloads, unless a reading has just looked: the output moves with the time constant."""
        if self._clock.now_s() > self._checked_s + 0.1 * self._settings.time_constant_s:
            self._output()

    def _state_of(self, output: Output) -> int:
        """Return the bits that hold at an instant: locked, input range, and the scales of CH1, CH2 and the display."""
        settings = self._settings
        shown_V = {X: output.x_V, Y: output.y_V, R: output.magnitude_V}
        full_V = {quantity: settings.scale_V / 10.0 ** settings.indexed["CEXP"][quantity] for quantity in shown_V}
        is_over = {quantity: abs(value_V) > full_V[quantity] for quantity, value_V in shown_V.items()}
        channels = ((X, Y)[place] if settings.indexed["COUT"][place] == 0 else (R, None)[place] for place in (0, 1))
        bits = UNLOCKED * (not settings.is_locked) | INPUT_OVERLOAD * output.is_input_overloaded
        for bit, quantity in zip((CH1_OVERLOAD, CH2_OVERLOAD), channels, strict=True):
            bits |= bit * (quantity is not None and is_over[quantity])
        for place, quantity in enumerate(settings.indexed["CDSP"]):
            bits |= (DATA1_OVERLOAD << place) * is_over.get(quantity, False)
        return bits

    def _input_level(self) -> int:
        """Return the signal strength, 0 to 4; 4 is overload (steps assumed: factors of three)."""
        output = self._output()
        if output.is_input_overloaded:
            return 4
        share = math.sqrt(2.0) * output.magnitude_V / INPUT_RANGES_V[self._settings.choices["IRNG"]]
        return max(0, min(3, 3 + math.floor(math.log(max(share, 1e-9), 3.0))))

    def _aux_input(self, arguments: tuple[str, ...]) -> str:
        """Reply an aux input; nothing is connected to them."""
        _place(arguments, 4)
        return text(0.0)

    def _values(self, places: tuple[int, ...]) -> str:
        """Return parameters by number, all of one instant."""
        settings, output = self._settings, self._output()
        known = (
            *(output.x_V, output.y_V, output.magnitude_V, output.angle_deg),
            *(0.0, 0.0, 0.0, 0.0),
            *(0.0, 0.0),
            *settings.numbers["AUXV"][:2],
            *(settings.phase_deg, settings.amplitude_V, settings.numbers["SOFF"][0]),
            *(settings.frequency_Hz, 0.0),
        )
        return ",".join(text(known[place]) for place in places)

    def _snap(self, arguments: tuple[str, ...]) -> str:
        if not 2 <= len(arguments) <= 3:
            raise Refusal(Complaint.MISSING_ARGUMENT, "SNAP? takes two or three")
        return self._values(tuple(_parameter(arguments, place) for place in range(len(arguments))))


def _place(arguments: tuple[str, ...], places: int) -> int:
    """Read the place that a command is about; none for a command without places."""
    return integer(arguments, 0, 0, places - 1) if places else 0


def _parameter(arguments: tuple[str, ...], place: int) -> int:
    name = word(arguments, place)
    if name not in _PARAMETER_NUMBERS:
        raise Refusal(Complaint.INVALID_ARGUMENT, name)
    return _PARAMETER_NUMBERS[name]


def _wrapped(angle_deg: float) -> float:
    """Return the angle between -180 and 180 degrees."""
    return (angle_deg + 180.0) % 360.0 - 180.0
