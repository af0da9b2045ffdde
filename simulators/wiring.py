"""The circuit between the boxes and the contact: true values, what was sent in, and what comes out.

    source meter --+-- DC arm --+-- lead --[V+]-- series -- contact --[V-]-- lead --- ground
                   |            |
                  === C         +-- AC arm -- 50 ohm -- oscillator of the lock-in
                   |
                 ground         preamplifier between V+ and V- -> input of the lock-in

Capacitor and DC arm make the RC low-pass. True values differ from the nominal ones by amounts that the seed draws, as
they do in a laboratory, and the gain of the chain drifts.
"""

import math
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulators.history import StepHistory
from simulators.noise import Drift, Noise
from simulators.samples.isotherms import BiasCurve

# Nominal values, as a station file states them, chosen for 9 ohm at 100 mK; class-typical unless a source is named.
AC_ARM_OHM: Final = 100e3
DC_ARM_OHM: Final = 10e3
OSCILLATOR_OUTPUT_OHM: Final = 50.0  # SR830 manual, specifications
FILTER_HZ: Final = 10.0
LEAD_OHM: Final = 2.0  # each current lead, outside the voltage taps
SERIES_OHM: Final = 0.0  # inside the voltage taps
LEADS_OHM: Final = 2.0 * LEAD_OHM + SERIES_OHM  # all that the contact current passes besides the contact
PREAMPLIFIER_GAIN: Final = 100.0
PREAMPLIFIER_NOISE_V_PER_RTHZ: Final = 1.2e-9
PREAMPLIFIER_BANDWIDTH_HZ: Final = 1e6
PREAMPLIFIER_CLIP_V: Final = 5.0
INPUT_COUPLING_HZ: Final = 0.16  # SR830 manual, specifications

ARM_SPREAD: Final = 1e-3  # 1 sigma, relative
GAIN_SPREAD: Final = 3e-3  # 1 sigma, relative
DRIFT_RMS: Final = 1.0 / 3000.0  # of the gain over three days; the size seen in the paper's sample 1

THERMAL_EMF_V: Final = 3e-6  # 1 sigma of the steady part; 1 to 10 uV between the cold and a voltmeter
THERMAL_DRIFT_V: Final = 0.5e-6  # rms over some hours, with the temperature of the room

_DRIFT_LONGEST_S: Final = 3 * 86400.0
_DRIFT_SHORTEST_S: Final = 600.0
_THERMAL_LONGEST_S: Final = 6 * 3600.0
_HARMONIC_STEP_V: Final = 0.5e-6  # finite difference of the conductance; three nodes of a curve at zero bias
_ROOM_TEMPERATURE_K: Final = 295.0
_BOLTZMANN_J_PER_K: Final = 1.380649e-23  # CODATA 2018, exact

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Number = TypeVar("Number", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class TrueValues:
    """What the parts of one circuit really are.

    Attributes
    ----------
    ac_arm_ohm, dc_arm_ohm
        The arms; the AC arm without the oscillator's 50 ohm.
    filter_F
        Capacitor of the low-pass.
    gain
        Of the preamplifier, before drift.
    thermal_V
        Thermal EMF between the voltage taps and a voltmeter, before drift.
    """

    ac_arm_ohm: float
    dc_arm_ohm: float
    filter_F: float
    gain: float
    thermal_V: float


def draw_true_values(seed: int) -> TrueValues:
    """Draw the true values of a circuit: nominal ones, each a little off."""

    def off(channel: str, spread: float) -> float:
        return 1.0 + spread * Noise(seed, f"wiring/{channel}").at(0)

    dc_arm_ohm = DC_ARM_OHM * off("dc arm", ARM_SPREAD)
    return TrueValues(
        ac_arm_ohm=AC_ARM_OHM * off("ac arm", ARM_SPREAD),
        dc_arm_ohm=dc_arm_ohm,
        filter_F=1.0 / (2.0 * math.pi * FILTER_HZ * dc_arm_ohm),
        gain=PREAMPLIFIER_GAIN * off("gain", GAIN_SPREAD),
        thermal_V=THERMAL_EMF_V * Noise(seed, "wiring/thermal").at(0),
    )


class Wiring:
    """One circuit: two inputs that are set at stated times, and outputs for any time.

    Parameters
    ----------
    seed
        Draws the true values and the drift.

    Attributes
    ----------
    source_A : StepHistory
        Current of the source meter behind the low-pass.
    oscillator_Vrms : StepHistory
        Open-circuit amplitude of the oscillator.
    interference_Vrms : StepHistory
        Pick-up at the lock-in's input, far from its frequency: not detected, but amplified (a fault).
    """

    def __init__(self, seed: int) -> None:
        self.values = draw_true_values(seed)
        self.source_A = StepHistory(0.0, self.values.dc_arm_ohm * self.values.filter_F)
        self.oscillator_Vrms = StepHistory(0.0)
        self.interference_Vrms = StepHistory(0.0)
        self._drift = Drift(
            seed, "wiring/drift", longest_s=_DRIFT_LONGEST_S, shortest_s=_DRIFT_SHORTEST_S, steepness=1.0
        )
        self._thermal_drift = Drift(
            seed, "wiring/thermal drift", longest_s=_THERMAL_LONGEST_S, shortest_s=_DRIFT_SHORTEST_S, steepness=1.0
        )

    def gain(self, time_s: float) -> float:
        """Return the gain from the voltage taps to the lock-in's input at an instant."""
        return self.values.gain * (1.0 + DRIFT_RMS * self._drift.at(time_s))

    def thermal_emf_V(self, time_s: float) -> float:
        """Return the thermal EMF between the voltage taps and a voltmeter at an instant."""
        return self.values.thermal_V + THERMAL_DRIFT_V * self._thermal_drift.at(time_s)

    def contact_current_A(self, source_A: Number, curve: BiasCurve) -> Number:
        """Return what is left for the contact of a steady current in the DC arm; some leaks through the AC arm."""
        # the nonlinear part of a leak of 1e-4 is some 1e-6 of the current and left out
        node_ohm = LEADS_OHM + curve.zero_bias_ohm
        return source_A / (1.0 + node_ohm / (self.values.ac_arm_ohm + OSCILLATOR_OUTPUT_OHM))

    def terminal_V(self, source_A: float, curve: BiasCurve) -> float:
        """Return the voltage at the source meter's terminals while a steady current flows: DC arm, leads, contact."""
        bias_V = curve.bias_at(self.contact_current_A(source_A, curve))
        return source_A * (self.values.dc_arm_ohm + LEADS_OHM) + bias_V

    def is_surely_below(self, source_A: float, voltage_V: float) -> bool:
        """Return whether the terminals stay below a voltage for any contact up to a tenth of the DC arm."""
        return abs(source_A) * (1.1 * self.values.dc_arm_ohm + LEADS_OHM) < voltage_V

    def current_for_terminal_A(self, voltage_V: float, curve: BiasCurve) -> float:
        """Return the steady current at which the source meter's terminals show `voltage_V`."""
        current_A = voltage_V / self.values.dc_arm_ohm
        # the arm is a thousand times the rest, so each round gains three digits
        for _ in range(4):
            current_A *= voltage_V / self.terminal_V(current_A, curve) if current_A else 0.0
        return current_A

    def ac_current_A(self, oscillator_Vrms: Floats, contact_ohm: Floats, frequency_Hz: float) -> Complexes:
        """Return the complex rms current through the contact; the DC arm with its capacitor takes a part.

        Parameters
        ----------
        oscillator_Vrms, contact_ohm : array, shape (N,)
            Open-circuit amplitude; differential resistance of the contact.
        frequency_Hz
            Of the oscillator.
        """
        drive_ohm, shunting = self._ac_arms(frequency_Hz)
        return oscillator_Vrms / (drive_ohm + shunting * (LEADS_OHM + contact_ohm))

    def excitation_Vrms(self, oscillator_Vrms: float, contact_ohm: float, frequency_Hz: float) -> float:
        """Return the rms excitation across a contact of known resistance."""
        drive_ohm, shunting = self._ac_arms(frequency_Hz)
        return oscillator_Vrms * contact_ohm / abs(drive_ohm + shunting * (LEADS_OHM + contact_ohm))

    def tap_signal_V(self, oscillator_Vrms: Floats, bias_V: Floats, curve: BiasCurve, frequency_Hz: float) -> Complexes:
        """Return the complex rms voltage between the voltage taps, as the preamplifier passes it on, input-referred.

        The preamplifier clips where bias and excitation together exceed its output range.
        """
        contact_ohm = 1.0 / curve.conductance_S(bias_V)
        signal_V = self.ac_current_A(oscillator_Vrms, contact_ohm, frequency_Hz) * (contact_ohm + SERIES_OHM)
        headroom_V = PREAMPLIFIER_CLIP_V / self.values.gain - np.abs(bias_V)
        peak_V = math.sqrt(2.0) * np.abs(signal_V)
        if (peak_V > headroom_V).any():
            signal_V *= np.minimum(1.0, np.maximum(headroom_V, 0.0) / np.maximum(peak_V, 1e-30))
        return signal_V * self._pass_band(frequency_Hz)

    def tap_second_harmonic_V(
        self, oscillator_Vrms: float, bias_V: float, curve: BiasCurve, frequency_Hz: float
    ) -> complex:
        """Return the complex rms second harmonic between the voltage taps, relative to ``sin 2wt``.

        A current ``sqrt(2) i sin wt`` on a resistance R(I) gives ``R' i^2 sin^2 wt``, of which ``-cos 2wt`` lags
        ``sin 2wt`` by a quarter: ``V2 = -1j R' i^2 / (2 sqrt 2)`` with ``R' = dR/dI = -G'/G^3``.
        """
        step_V = max(_HARMONIC_STEP_V, 1e-2 * abs(bias_V))
        below_S, here_S, above_S = curve.conductance_S(np.array([bias_V - step_V, bias_V, bias_V + step_V])).tolist()
        slope_ohm_per_A = -(above_S - below_S) / (2.0 * step_V) / here_S**3
        current_A = complex(self.ac_current_A(np.array([oscillator_Vrms]), np.array([1.0 / here_S]), frequency_Hz)[0])
        return -1j * slope_ohm_per_A * current_A**2 / (2.0 * math.sqrt(2.0)) * self._pass_band(2.0 * frequency_Hz)

    def noise_V_per_rtHz(self, contact_ohm: float, temperature_K: float) -> float:
        """Return the noise density between the taps: preamplifier, contact, and the arms at room temperature."""
        arms_S = 1.0 / self.values.dc_arm_ohm + 1.0 / self.values.ac_arm_ohm
        seen_ohm = contact_ohm / (1.0 + contact_ohm * arms_S)
        currents = 4.0 * _BOLTZMANN_J_PER_K * (temperature_K / contact_ohm + _ROOM_TEMPERATURE_K * arms_S)
        return math.sqrt(PREAMPLIFIER_NOISE_V_PER_RTHZ**2 + currents * seen_ohm**2)

    def _ac_arms(self, frequency_Hz: float) -> tuple[float, complex]:
        """Return the driving resistance and the factor by which the DC branch makes the load appear larger."""
        drive_ohm = self.values.ac_arm_ohm + OSCILLATOR_OUTPUT_OHM
        dc_branch_ohm = self.values.dc_arm_ohm + 1.0 / (2j * math.pi * frequency_Hz * self.values.filter_F)
        return drive_ohm, 1.0 + drive_ohm / dc_branch_ohm

    def _pass_band(self, frequency_Hz: float) -> complex:
        """Return the response of preamplifier and AC coupling, one pole each."""
        return 1.0 / (
            (1.0 + 1j * frequency_Hz / PREAMPLIFIER_BANDWIDTH_HZ) * (1.0 - 1j * INPUT_COUPLING_HZ / frequency_Hz)
        )
