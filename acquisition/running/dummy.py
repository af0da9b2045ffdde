"""What a dummy resistor in the place of the contact tells of a line: gain, zero, phase, frequency, linearity.

The oscillator goes through four amplitudes: the slope of the signal against them is gain and phase, what is left at
none is the zero, and what is off the line is nonlinearity. A resistor is the same at every bias, so a conductance that
changes with the bias is a preamplifier that does not keep up. Two more frequencies show where the line rolls off.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from acquisition.calibration import Calibration, Response
from acquisition.circuit import (
    conductance,
    excitation_for,
    lockin_V,
    oscillator_for,
    signal_V,
    source_current_for,
)
from acquisition.errors import InputError
from acquisition.planning.boxes import LOCK_INS
from acquisition.planning.excitation import HEADROOM, floor_to_step
from acquisition.planning.timing import NEW_EXCITATION_SETTLES, lockin_settle_s
from acquisition.safety import Roles
from acquisition.station_file import Station
from instruments.errors import StateError
from instruments.roles import Clock, LockInStatus

EXCITATION_OVER_BIAS = 0.1
"""Largest excitation over the contact's largest bias: the dummy may stand more, the preamplifier may not."""

AMPLITUDES = (0.25, 0.5, 0.75, 1.0)
BIASES = (-0.5, 0.5)
OTHER_FREQUENCIES = (0.5, 2.0)
"""Parts of the largest excitation, of the contact's largest bias, and multiples of the frequency."""

TIME_CONSTANT_S = 0.3
SLOPE_DB_PER_OCTAVE = 24
READINGS = 12
"""Readings a step, two time constants apart."""

PLAUSIBLE = (0.5, 2.0)
"""A gain beyond this is another resistor, or another gain than the station file says."""


@dataclass(frozen=True, slots=True)
class Dummy:
    """The resistor, how well it is known, and the frequency of the runs to come."""

    resistor_ohm: float
    error_fraction: float
    frequency_Hz: float


class LineTest:
    """One calibration under way.

    Parameters
    ----------
    station : Station
        Whose line it is, with its nominal values.
    roles : Roles
        Its instruments, connected.
    clock : Clock
        The experiment clock.
    dummy : Dummy
        What is connected.
    """

    def __init__(self, station: Station, roles: Roles, clock: Clock, dummy: Dummy) -> None:
        self._station = station
        self._circuit = station.circuit
        self._roles = roles
        self._clock = clock
        self._dummy = dummy
        self._conductance_S = 1.0 / dummy.resistor_ohm
        self._full_Vrms = self._largest_oscillator_Vrms()
        self._nominal = signal_V(
            excitation_for(1.0, self._conductance_S, self._circuit), self._conductance_S, self._circuit
        )

    def run(self, made: datetime, simulated_seed: int | None) -> Calibration:
        """Measure, leave source and oscillator at rest, and return what was found.

        Raises
        ------
        InputError
            If what was found cannot be the resistor that was named.
        InstrumentError
            If a box fails.
        """
        meter, roles, dummy = self._station.sourcemeter, self._roles, self._dummy
        roles.source.configure(range_A=meter.range_A, compliance_V=meter.compliance_V, nplc=meter.nplc)
        roles.source.set_output(True)
        try:
            self._configure(dummy.frequency_Hz)
            oscillator_Vrms, signals_V, sigma_V = self._amplitude_series()
            slope, zero_V, departure = _straight_line(oscillator_Vrms, signals_V)
            main = self._response(dummy.frequency_Hz, slope)
            self._insist_on_plausible(main)
            bias_change = self._bias_series(signals_V[-1])
            others = [self._at_frequency(factor * dummy.frequency_Hz) for factor in OTHER_FREQUENCIES]
        finally:
            for box in (roles.source, roles.lock_in):
                box.make_safe()
        slope_error = _slope_error(oscillator_Vrms, sigma_V) / abs(slope)
        return Calibration(
            made=made.isoformat(timespec="seconds"),
            simulated_seed=simulated_seed,
            boxes=(roles.lock_in.identity, roles.source.identity),
            circuit=self._circuit,
            resistor_ohm=dummy.resistor_ohm,
            resistor_error_fraction=dummy.error_fraction,
            response=(main, *others),
            gain_error_fraction=math.hypot(dummy.error_fraction, slope_error),
            zero_x_V=zero_V.real,
            zero_y_V=zero_V.imag,
            zero_error_V=_zero_error(oscillator_Vrms, sigma_V),
            linearity_fraction=departure,
            bias_linearity_fraction=bias_change,
        )

    def _largest_oscillator_Vrms(self) -> float:
        box, circuit = LOCK_INS[self._station.lockin.model], self._circuit
        excitation_Vrms = EXCITATION_OVER_BIAS * self._station.contact.maximum_bias_V
        wanted_Vrms = min(oscillator_for(excitation_Vrms, self._conductance_S, circuit), box.oscillator_Vrms[1])
        return floor_to_step(wanted_Vrms, box.oscillator_step_V)

    def _configure(self, frequency_Hz: float) -> None:
        self._roles.lock_in.configure(
            frequency_Hz=frequency_Hz, time_constant_s=TIME_CONSTANT_S, slope_dB_per_octave=SLOPE_DB_PER_OCTAVE
        )

    def _amplitude_series(self) -> tuple[NDArray[np.float64], NDArray[np.complex128], float]:
        """Return amplitudes, signals, and the noise of one of them."""
        taken_Vrms, signals_V, errors_V = [], [], []
        for part in AMPLITUDES:
            taken_Vrms.append(self._excite(part * self._full_Vrms))
            mean_V, error_V = self._signal()
            signals_V.append(mean_V)
            errors_V.append(error_V)
        return np.array(taken_Vrms), np.array(signals_V), float(np.sqrt(np.mean(np.square(errors_V))))

    def _excite(self, oscillator_Vrms: float) -> float:
        lock_in = self._roles.lock_in
        taken_Vrms = lock_in.set_excitation(oscillator_Vrms)
        full_scale_V = HEADROOM * PLAUSIBLE[1] * lockin_V(abs(self._nominal) * taken_Vrms, self._circuit)
        lock_in.set_sensitivity(min(full_scale_V, LOCK_INS[self._station.lockin.model].largest_range_V))
        self._settle(NEW_EXCITATION_SETTLES)
        return taken_Vrms

    def _settle(self, times: float = 1.0) -> None:
        self._clock.sleep(times * lockin_settle_s(TIME_CONSTANT_S, SLOPE_DB_PER_OCTAVE))
        self._roles.lock_in.read()  # what was latched on the way says nothing of the settled signal

    def _signal(self) -> tuple[complex, float]:
        """Return the mean of some readings at the preamplifier's input, and its standard error of either part."""
        readings = []
        for _ in range(READINGS):
            reading = self._roles.lock_in.read()
            if reading.status is not LockInStatus.OK:
                raise StateError(
                    self._roles.lock_in.name,
                    f"{reading.status.name} with a dummy of {self._dummy.resistor_ohm:g} ohm; is it that one? "
                    "then see to the input and to the reference",
                )
            readings.append(complex(reading.x_V, reading.y_V))
            self._clock.sleep(2.0 * TIME_CONSTANT_S)
        signals_V = np.array(readings) / lockin_V(1.0, self._circuit)
        spread_V = math.sqrt((np.var(signals_V.real) + np.var(signals_V.imag)) / 2.0 / (READINGS - 1))
        return complex(signals_V.mean()), spread_V

    def _bias_series(self, at_zero_V: complex) -> float:
        """Return the largest change of the dummy's conductance with bias, as a part of it."""
        rate_A_per_s = source_current_for(
            self._station.contact.maximum_bias_rate_V_per_s, self._conductance_S, self._circuit
        )
        changes = []
        for part in BIASES:
            bias_V = part * self._station.contact.maximum_bias_V
            self._roles.source.ramp_to_current(
                source_current_for(bias_V, self._conductance_S, self._circuit), rate_A_per_s
            )
            self._settle()
            changes.append(abs(self._conductance(self._signal()[0]) / self._conductance(at_zero_V) - 1.0))
        self._roles.source.ramp_to_current(0.0, rate_A_per_s)
        return max(changes)

    def _conductance(self, seen_V: complex) -> float:
        turned_V = seen_V * cmath.rect(1.0, -cmath.phase(seen_V))
        return conductance(turned_V.real, turned_V.imag, self._full_Vrms, self._circuit).conductance_S

    def _at_frequency(self, frequency_Hz: float) -> Response:
        self._configure(frequency_Hz)
        taken_Vrms = self._excite(self._full_Vrms)
        return self._response(frequency_Hz, self._signal()[0] / taken_Vrms)

    def _response(self, frequency_Hz: float, slope: complex) -> Response:
        ratio = slope / self._nominal
        return Response(frequency_Hz=frequency_Hz, gain_factor=abs(ratio), phase_deg=math.degrees(cmath.phase(ratio)))

    def _insist_on_plausible(self, response: Response) -> None:
        low, high = PLAUSIBLE
        if not low < response.gain_factor < high:
            raise InputError(
                f"{self._station.where}: the signal is {response.gain_factor:.3g} of that of "
                f"{self._dummy.resistor_ohm:g} ohm in [circuit], expected {low:g} to {high:g}; is it that resistor, "
                "with its leads, arms and preamplifier gain?"
            )


def _straight_line(
    oscillator_Vrms: NDArray[np.float64], signals_V: NDArray[np.complex128]
) -> tuple[complex, complex, float]:
    """Return slope, zero, and the largest departure from the line as a part of the largest signal."""
    design = np.stack([oscillator_Vrms, np.ones_like(oscillator_Vrms)], axis=1).astype(np.complex128)
    (slope, zero_V), *_ = np.linalg.lstsq(design, signals_V, rcond=None)
    left_V = signals_V - design @ np.array([slope, zero_V])
    return complex(slope), complex(zero_V), float(np.max(np.abs(left_V)) / np.max(np.abs(signals_V)))


def _slope_error(oscillator_Vrms: NDArray[np.float64], sigma_V: float) -> float:
    return sigma_V / math.sqrt(float(np.sum((oscillator_Vrms - oscillator_Vrms.mean()) ** 2)))


def _zero_error(oscillator_Vrms: Sequence[float] | NDArray[np.float64], sigma_V: float) -> float:
    """Return the standard error of the line at no excitation."""
    amplitudes = np.asarray(oscillator_Vrms)
    spread = float(np.sum((amplitudes - amplitudes.mean()) ** 2))
    return sigma_V * math.sqrt(1.0 / len(amplitudes) + float(amplitudes.mean()) ** 2 / spread)
