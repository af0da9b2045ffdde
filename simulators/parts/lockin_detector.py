"""From the input to X and Y: the signal path of a digital lock-in, as a pure function of settings, world and time.

What the models share. Each model says what it is made of (`FrontEnd`) and turns its own settings into a `Detection`.

Assumed, not confirmed by a manual at hand: the internal resolution, that a new filter setting acts on the past too,
that X and Y hold the offset but not the expand. Not there: the synchronous filter's effect, and harmonics of the signal
above the second.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators.history import cut_ages_s
from simulators.noise import Noise
from simulators.parts.output_filter import MEMORY, OutputFilter
from simulators.world import World

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What a model of lock-in is made of.

    Attributes
    ----------
    name
        Of its streams of noise; one model, one name.
    noise_V_per_rtHz, noise_corner_Hz
        Of the voltage input: white part, and where 1/f noise is as large.
    gain_spread, phase_spread_deg
        One sigma of its own errors.
    clip, resolution
        Of X and Y, as parts of full scale; an infinite clip is none.
    """

    name: str
    noise_V_per_rtHz: float
    noise_corner_Hz: float
    gain_spread: float
    phase_spread_deg: float
    clip: float
    resolution: float


@dataclass(frozen=True, slots=True)
class Detection:
    """What one lock-in is set to, as far as its signal path is concerned.

    Attributes
    ----------
    frequency_Hz, harmonic, phase_deg
        Of the reference, and which multiple of it is detected at which phase.
    output_filter
        Behind the detector.
    full_scale_V
        Range of X and Y, rms.
    input_limit_V
        Largest rms input that the amplifiers before the detector take.
    is_dc_coupled, is_connected
        How the input is coupled; whether the oscillator's signal is what is detected.
    offset_V
        Subtracted from X and Y.
    """

    frequency_Hz: float
    harmonic: int
    phase_deg: float
    output_filter: OutputFilter
    full_scale_V: float
    input_limit_V: float
    is_dc_coupled: bool
    is_connected: bool
    offset_V: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Output:
    """X and Y at one instant, and which of input, X and Y are overloaded at it."""

    x_V: float
    y_V: float
    is_input_overloaded: bool
    is_x_overloaded: bool
    is_y_overloaded: bool

    @property
    def magnitude_V(self) -> float:
        """Return R."""
        return math.hypot(self.x_V, self.y_V)

    @property
    def angle_deg(self) -> float:
        """Return theta."""
        return math.degrees(math.atan2(self.y_V, self.x_V))


class Detector:
    """The signal path of one lock-in.

    Parameters
    ----------
    world
        What its input is connected to.
    seed
        Draws gain and phase error, and the noise.
    front_end
        What the model is made of.
    """

    def __init__(self, world: World, seed: int, front_end: FrontEnd) -> None:
        self._world = world
        self._front_end = front_end
        self._noise = Noise(seed, f"{front_end.name}/noise")
        gain = 1.0 + front_end.gain_spread * Noise(seed, f"{front_end.name}/gain").at(0)
        phase_deg = front_end.phase_spread_deg * Noise(seed, f"{front_end.name}/phase").at(0)
        self._response = cmath.rect(gain, math.radians(phase_deg))

    def output(self, detection: Detection, time_s: float) -> Output:
        """Return what the box shows at an instant: filtered, noisy, offset, clipped and rounded."""
        front_end = self._front_end
        signal_V, noise_V_per_rtHz, is_overloaded = self._filtered(detection, time_s)
        detected_V = signal_V * cmath.rect(1.0, -math.radians(detection.phase_deg))
        detected_V += noise_V_per_rtHz * detection.output_filter.noise(self._noise, time_s)
        limit_V = front_end.clip * detection.full_scale_V
        step_V = front_end.resolution * detection.full_scale_V
        x_V, y_V = detected_V.real - detection.offset_V[0], detected_V.imag - detection.offset_V[1]
        return Output(
            x_V=step_V * round(min(max(x_V, -limit_V), limit_V) / step_V),
            y_V=step_V * round(min(max(y_V, -limit_V), limit_V) / step_V),
            is_input_overloaded=is_overloaded,
            is_x_overloaded=abs(x_V) > limit_V,
            is_y_overloaded=abs(y_V) > limit_V,
        )

    def _filtered(self, detection: Detection, time_s: float) -> tuple[complex, float, bool]:
        """Return the filtered signal, the noise density before the filter, and whether the input is overloaded."""
        output_filter, wiring, front_end = detection.output_filter, self._world.wiring, self._front_end
        start_s = time_s - MEMORY * output_filter.time_constant_s
        sharp_s = (*wiring.oscillator_Vrms.steps_s(start_s, time_s), *self._world.contact.switches_s(start_s, time_s))
        cell_age_s, weights = _cells(
            output_filter,
            wiring.source_A.time_constant_s,
            _ages_s(wiring.source_A.steps_s(start_s, time_s), time_s),
            _ages_s(sharp_s, time_s),
        )
        arriving_V, dc_V, front_V_per_rtHz = self._world.lockin_input(
            time_s - cell_age_s, time_s - output_filter.delay_s, detection.frequency_Hz
        )
        detected_V = arriving_V if detection.harmonic == 1 else self._harmonic_V(detection, time_s - cell_age_s)
        signal_V = complex(weights @ detected_V) * self._response if detection.is_connected else 0j
        detected_Hz = detection.frequency_Hz * detection.harmonic
        own_V_per_rtHz = front_end.noise_V_per_rtHz * math.sqrt(1.0 + front_end.noise_corner_Hz / detected_Hz)
        total_V = np.abs(arriving_V)
        if detection.is_dc_coupled:
            total_V += np.abs(dc_V)
        is_overloaded = float(total_V.max()) + wiring.interference_Vrms.at(time_s) > detection.input_limit_V
        return signal_V, math.hypot(front_V_per_rtHz, own_V_per_rtHz), is_overloaded

    def _harmonic_V(self, detection: Detection, time_s: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return what arrives at the detected harmonic, shape as `time_s`: the second; higher ones are left out."""
        if detection.harmonic != 2:
            return np.zeros(time_s.shape, dtype=np.complex128)
        frequency_Hz = detection.frequency_Hz
        return np.array([self._world.second_harmonic_Vrms(max(t, 0.0), frequency_Hz) for t in time_s.tolist()])


def _ages_s(moments_s: Sequence[float], time_s: float) -> tuple[float, ...]:
    """Return ages in whole nanoseconds, as the clock counts: equal waits then give equal ages, bit for bit."""
    return tuple([round(time_s - moment_s, 9) for moment_s in moments_s])


@lru_cache(maxsize=256)
def _cells(
    output_filter: OutputFilter, low_pass_s: float, source_ages_s: tuple[float, ...], sharp_ages_s: tuple[float, ...]
) -> tuple[Floats, Floats]:
    """Return age and weight of the cells in which the input of the filter is nearly constant, oldest first.

    In a sweep point after point comes as long after its step, so they are mostly known already.

    Parameters
    ----------
    output_filter, low_pass_s
        The filter, and the time constant with which the source's steps arrive.
    source_ages_s, sharp_ages_s
        How long ago the source was set, descending, and when anything else jumped.

    Returns
    -------
    cell_age_s, weights : array, shape (N,)
        The first cell reaches back without end.
    """
    memory_s = MEMORY * output_filter.time_constant_s
    cuts_s = {*cut_ages_s(source_ages_s, low_pass_s), *sharp_ages_s}
    edges_s = np.array([*sorted((cut_s for cut_s in cuts_s if 0.0 < cut_s < memory_s), reverse=True), 0.0])
    middles_s = np.concatenate(([memory_s], 0.5 * (edges_s[1:] + edges_s[:-1])))
    return middles_s, output_filter.weights(edges_s)
