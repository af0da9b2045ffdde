"""One shared truth behind all boxes: contact, wiring, cryostat and magnet, put together.

The world holds no clock: whoever sets something says when, and everything may be asked for any recent time.
"""

import itertools
from enum import Enum, auto
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.history import StepHistory
from simulators.samples.contact import Contact
from simulators.samples.isotherms import BiasCurve, ohmic_curve
from simulators.wiring import Wiring

ELECTRON_BASE_K: Final = 0.03
"""Electrons of the sample stay at ``(T^5 + T0^5)^(1/5)`` when the stage is at T (electron-phonon cooling)."""

EDDY_W_PER_T2_s2: Final = 0.036
"""Eddy-current heat over the square of the field's rate: 0.1 uW at 0.1 T/min (class-typical)."""

HEAT_STEP_W: Final = 10e-9
"""Smaller changes of the contact's Joule heat are not passed on; at 100 mK they are some microkelvin."""

_LONGEST_LOOK_BACK_S: Final = 60.0
_OPEN: Final = ohmic_curve(1e-8)  # what is left between two broken ends

Floats = NDArray[np.float64]


class Stage(Protocol):
    """What the world asks of a cryostat (`simulators.cryogenics.cryostat.Cryostat`)."""

    def sample_temperature_K(self, time_s: float, /) -> float:
        """Return the true temperature of the sample stage."""
        ...

    def set_external_heat_W(self, time_s: float, name: str, power_W: float) -> None:
        """Set a heat that enters the sample stage from now on."""
        ...


class Coil(Protocol):
    """What the world asks of a magnet (`simulators.cryogenics.magnet.MagnetCoil`)."""

    def field_T(self, time_s: float, /) -> float:
        """Return the field at the sample."""
        ...


class Break(Enum):
    """Where the circuit of the contact is open (a fault)."""

    NONE = auto()
    LEAD = auto()
    CONTACT = auto()


class World:
    """The physics of one rack.

    Parameters
    ----------
    contact, wiring, cryostat, magnet
        Its parts; each may be set through its own methods as well.
    """

    def __init__(self, contact: Contact, wiring: Wiring, cryostat: Stage, magnet: Coil) -> None:
        self.contact = contact
        self.wiring = wiring
        self.cryostat = cryostat
        self.magnet = magnet
        self._frequency_Hz = 1000.0
        self._share = wiring.contact_share(1.0 / contact.background_S)
        self._sent_A = StepHistory(0.0, wiring.source_A.time_constant_s)  # through the contact, for its own history
        self._told_heat_W = 0.0
        self._break = Break.NONE

    @property
    def is_open(self) -> bool:
        """Return whether no current can flow through the contact."""
        return self._break is not Break.NONE

    def set_break(self, time_s: float, where: Break) -> None:
        """Open the circuit, or close it again; a filter that looks back finds it so in the past as well."""
        self._break = where
        self._heat(time_s)

    def electron_temperature_K(self, time_s: float) -> float:
        """Return the temperature of the electrons in the contact."""
        stage_K = self.cryostat.sample_temperature_K(time_s)
        return (stage_K**5 + ELECTRON_BASE_K**5) ** 0.2

    def set_oscillator(self, time_s: float, amplitude_Vrms: float, frequency_Hz: float) -> None:
        """Set the lock-in's oscillator."""
        self._frequency_Hz = frequency_Hz
        self.wiring.oscillator_Vrms.step(time_s, amplitude_Vrms)
        self._heat(time_s)

    def set_source_current(self, time_s: float, current_A: float) -> None:
        """Set the current that the source meter sends into the low-pass."""
        self.wiring.source_A.step(time_s, current_A)
        self._sent_A.step(time_s, current_A * self._share)
        self._heat(time_s)

    def dc_curve(self, time_s: float) -> BiasCurve:
        """Return the contact's conductance against bias at an instant, under the excitation of that instant."""
        oscillator_Vrms = self.wiring.oscillator_Vrms.at(time_s)
        return self._curve(self.electron_temperature_K(time_s), time_s, oscillator_Vrms, self._frequency_Hz)

    def contact_bias_V(self, time_s: float) -> float:
        """Return the true voltage between the voltage taps at an instant."""
        if self._break is Break.LEAD:
            return 0.0
        return self.wiring.bias_at(self.wiring.source_A.at(time_s), self.dc_curve(time_s))

    def lockin_input(
        self, time_s: Floats, typical_s: float, frequency_Hz: float
    ) -> tuple[NDArray[np.complex128], Floats, float]:
        """Return what arrives at the lock-in's input.

        Temperature, field and gain are taken at one typical time; bias, excitation and the contact's state at each.

        Parameters
        ----------
        time_s : array, shape (N,)
            Ascending times.
        typical_s
            The time whose temperature, field and gain stand for all; for a filter its mean delay ago, which is right
            to first order in their drift.
        frequency_Hz
            Of the oscillator.

        Returns
        -------
        signal_Vrms : complex array, shape (N,)
            Fundamental, relative to the oscillator's phase.
        dc_V : array, shape (N,)
            The steady part at the preamplifier's output.
        noise_V_per_rtHz
            Noise density of all that lies before the lock-in.
        """
        wiring = self.wiring
        typical_s = max(typical_s, float(time_s[-1]) - _LONGEST_LOOK_BACK_S, 0.0)
        oscillator_Vrms = wiring.oscillator_Vrms.at_times(time_s)
        temperature_K = self.electron_temperature_K(typical_s)
        source_A = wiring.source_A.at_times(time_s)
        gain, curve = wiring.gain(typical_s), _OPEN
        signals_V: list[tuple[NDArray[np.complex128], Floats]] = []
        for piece in self._pieces(time_s):
            moment_s = min(max(typical_s, float(time_s[piece.start])), float(time_s[piece.stop - 1]))
            curve = self._curve(temperature_K, moment_s, float(oscillator_Vrms[-1]), frequency_Hz)
            bias_V = wiring.bias_V(source_A[piece], curve)
            signals_V.append(wiring.signals_V(oscillator_Vrms[piece], bias_V, curve, frequency_Hz))
        noise_V = gain * wiring.noise_V_per_rtHz(curve.zero_bias_ohm, temperature_K, frequency_Hz)
        if self._break is Break.LEAD:
            return np.zeros(time_s.shape, dtype=np.complex128), np.zeros(time_s.shape), noise_V
        signal_V, steady_V = signals_V[0]
        if len(signals_V) > 1:
            signal_V = np.concatenate([signal_V for signal_V, _ in signals_V])
            steady_V = np.concatenate([steady_V for _, steady_V in signals_V])
        return gain * signal_V, gain * steady_V, noise_V

    def second_harmonic_Vrms(self, time_s: float, frequency_Hz: float) -> complex:
        """Return the second harmonic of the contact at the lock-in's input at an instant, relative to ``sin 2wt``."""
        if self.is_open:
            return 0j
        wiring, curve = self.wiring, self.dc_curve(time_s)
        bias_V = wiring.bias_at(wiring.source_A.at(time_s), curve)
        oscillator_Vrms = wiring.oscillator_Vrms.at(time_s)
        return wiring.gain(time_s) * wiring.second_harmonic_V(oscillator_Vrms, bias_V, curve, frequency_Hz)

    def voltmeter_V(self, time_s: float) -> float:
        """Return the steady voltage between the voltage taps as it arrives at a voltmeter, thermal EMF and all."""
        current_A = 0.0 if self.is_open else self._sent_A.at(time_s)
        return self.contact_bias_V(time_s) + self.wiring.inside_ohm * current_A + self.wiring.thermal_emf_V(time_s)

    def _curve(self, temperature_K: float, time_s: float, oscillator_Vrms: float, frequency_Hz: float) -> BiasCurve:
        if self.is_open:
            return _OPEN
        # the anomaly changes the excitation by a per cent, and that the conductance by less than 1e-3 e2/h
        excitation_Vrms = self.wiring.excitation_Vrms(oscillator_Vrms, 1.0 / self.contact.background_S, frequency_Hz)
        field_T = self.magnet.field_T(time_s)
        return self.contact.curve(temperature_K, field_T, excitation_Vrms, time_s, self._sent_A)

    def _pieces(self, time_s: Floats) -> list[slice]:
        """Return the parts of ascending times between which the contact switches by itself."""
        switches_s = self.contact.switches_s(float(time_s[0]), float(time_s[-1]))
        if not switches_s:
            return [slice(0, len(time_s))]
        bounds = sorted({0, *np.searchsorted(time_s, switches_s).tolist(), len(time_s)})
        return [slice(first, last) for first, last in itertools.pairwise(bounds)]

    def _heat(self, time_s: float) -> None:
        """Tell the cryostat the Joule heat of the contact; the low-pass is fast against any thermal time."""
        contact_ohm = 1.0 / self.contact.background_S
        ac_V = self.wiring.excitation_Vrms(self.wiring.oscillator_Vrms.target, contact_ohm, self._frequency_Hz)
        power_W = self._sent_A.target**2 * contact_ohm + ac_V**2 / contact_ohm
        if self.is_open:
            power_W = 0.0
        if abs(power_W - self._told_heat_W) > HEAT_STEP_W:
            self._told_heat_W = power_W
            self.cryostat.set_external_heat_W(time_s, "contact", power_W)
