"""The circuit between the boxes and the contact: what was sent in, and what comes out.

    source meter --+-- DC arm --+-- lead --[V+]-- series -- contact --[V-]-- lead --- ground, or current preamplifier
                   |            |
                  === C         +-- AC arm -- 50 ohm -- oscillator of the lock-in
                   |            |
                 ground         +-- divider -- ground (voltage bias only)

Capacitor and DC arm make the RC low-pass. A voltage preamplifier sits between V+ and V-, which in a 2-terminal circuit
are the far ends of the leads; a current preamplifier takes the place of the ground instead. The gain of either drifts.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.circuit import Circuit, draw_true_values
from simulators.history import StepHistory
from simulators.noise import Drift
from simulators.samples.isotherms import BiasCurve

PREAMPLIFIER_BANDWIDTH_HZ: Final = 1e6
INPUT_COUPLING_HZ: Final = 0.16  # SR830 manual, specifications

DRIFT_RMS: Final = 1.0 / 3000.0  # of the gain over three days; the size seen in the paper's sample 1
THERMAL_DRIFT_V: Final = 0.5e-6  # rms over some hours, with the temperature of the room

_DRIFT_LONGEST_S: Final = 3 * 86400.0
_DRIFT_SHORTEST_S: Final = 600.0
_THERMAL_LONGEST_S: Final = 6 * 3600.0
_HARMONIC_STEP_V: Final = 0.5e-6  # finite difference of the conductance; three nodes of a curve at zero bias
_REMEMBERED: Final = 64
_ROOM_TEMPERATURE_K: Final = 295.0
_BOLTZMANN_J_PER_K: Final = 1.380649e-23  # CODATA 2018, exact

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
FOUR_WIRE_CURRENT_BIAS: Final = Circuit()


class Wiring:
    """One circuit: two inputs that are set at stated times, and outputs for any time.

    Parameters
    ----------
    seed
        Draws the true values and the drift.
    circuit
        Its nominal values.

    Attributes
    ----------
    values : TrueValues
        What its parts really are.
    source_A : StepHistory
        Current of the source meter behind the low-pass.
    oscillator_Vrms : StepHistory
        Open-circuit amplitude of the oscillator.
    interference_Vrms : StepHistory
        Pick-up at the lock-in's input, far from its frequency: not detected, but amplified (a fault).
    """

    def __init__(self, seed: int, circuit: Circuit = FOUR_WIRE_CURRENT_BIAS) -> None:
        self.circuit = circuit
        self.values = values = draw_true_values(seed, circuit)
        self._arm_ohm = values.ac_arm_ohm + circuit.oscillator_output_ohm
        # all that the contact's current passes besides the contact, and what of it lies between the taps
        self._known_ohm = values.lead_ohm + circuit.series_ohm + circuit.preamplifier_input_ohm
        self._inside_ohm = circuit.series_ohm + (values.lead_ohm if circuit.is_two_wire else 0.0)
        self._divider_S = 1.0 / values.divider_ohm
        self._leak_S = 1.0 / self._arm_ohm + self._divider_S
        # few frequencies and amplitudes in a run, and all of them asked for again with every reading
        self._ac_arms = lru_cache(_REMEMBERED)(self._computed_ac_arms)
        self.excitation_Vrms = lru_cache(_REMEMBERED)(self._computed_excitation_Vrms)
        self.source_A = StepHistory(0.0, values.dc_arm_ohm * values.filter_F)
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

    @property
    def inside_ohm(self) -> float:
        """Return the resistance between the voltage taps besides the contact."""
        return self._inside_ohm

    def contact_share(self, contact_ohm: float) -> float:
        """Return the part of a steady source current that an ohmic contact gets; AC arm and divider take the rest."""
        return 1.0 / (1.0 + (self._known_ohm + contact_ohm) * self._leak_S)

    def bias_V(self, source_A: Floats, curve: BiasCurve) -> Floats:
        """Return the bias across the contact under steady source currents, shape as `source_A`."""
        if self._divider_S:
            return curve.loaded(self._leak_S, self._known_ohm).bias_V(source_A)
        # the nonlinear part of a leak of 1e-4 is some 1e-6 of the current and left out
        return curve.bias_V(source_A * self.contact_share(curve.zero_bias_ohm))

    def bias_at(self, source_A: float, curve: BiasCurve) -> float:
        """Return the bias under one steady source current (`bias_V` for a plain number)."""
        if self._divider_S:
            return curve.loaded(self._leak_S, self._known_ohm).bias_at(source_A)
        return curve.bias_at(source_A * self.contact_share(curve.zero_bias_ohm))

    def terminal_V(self, source_A: float, curve: BiasCurve) -> float:
        """Return the voltage at the source meter's terminals while a steady current flows: DC arm, leads, contact."""
        bias_V = self.bias_at(source_A, curve)
        # Kirchhoff at the summing point, whose voltage is that of the contact and all in line with it
        node_V = (bias_V + source_A * self._known_ohm) / (1.0 + self._leak_S * self._known_ohm)
        return source_A * self.values.dc_arm_ohm + node_V

    def is_surely_below(self, source_A: float, voltage_V: float) -> bool:
        """Return whether the terminals stay below a voltage for any contact up to a tenth of the DC arm."""
        return abs(source_A) * (1.1 * self.values.dc_arm_ohm + self._known_ohm) < voltage_V

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
        return oscillator_Vrms / (drive_ohm + shunting * (self._known_ohm + contact_ohm))

    def _computed_excitation_Vrms(self, oscillator_Vrms: float, contact_ohm: float, frequency_Hz: float) -> float:
        """Return the rms excitation across a contact of known resistance."""
        drive_ohm, shunting = self._ac_arms(frequency_Hz)
        return oscillator_Vrms * contact_ohm / abs(drive_ohm + shunting * (self._known_ohm + contact_ohm))

    def steady_signal_V(self, bias_V: Floats, curve: BiasCurve) -> Floats:
        """Return the steady part of what the preamplifier passes on, over its gain; good to a few per cent."""
        current_A = bias_V / curve.zero_bias_ohm
        if self.circuit.transimpedance_ohm:
            return current_A * self.values.transimpedance_ohm
        return bias_V + current_A * self._inside_ohm

    def signals_V(
        self, oscillator_Vrms: Floats, bias_V: Floats, curve: BiasCurve, frequency_Hz: float
    ) -> tuple[Complexes, Floats]:
        """Return complex rms signal and steady part as the preamplifier passes them on, over its gain.

        It clips the signal where bias and excitation together exceed its output range.
        """
        contact_ohm = 1.0 / curve.conductance_S(bias_V)
        signal_V = self.ac_current_A(oscillator_Vrms, contact_ohm, frequency_Hz)
        signal_V *= self.values.transimpedance_ohm or contact_ohm + self._inside_ohm
        steady_V = self.steady_signal_V(bias_V, curve)
        headroom_V = self.circuit.preamplifier_maximum_V / self.values.gain - np.abs(steady_V)
        peak_V = math.sqrt(2.0) * np.abs(signal_V)
        if (peak_V > headroom_V).any():
            signal_V *= np.minimum(1.0, np.maximum(headroom_V, 0.0) / np.maximum(peak_V, 1e-30))
        signal_V *= self._pass_band(frequency_Hz)
        return signal_V, steady_V

    def second_harmonic_V(
        self, oscillator_Vrms: float, bias_V: float, curve: BiasCurve, frequency_Hz: float
    ) -> complex:
        """Return the complex rms second harmonic as the preamplifier passes it on, relative to ``sin 2wt``.

        A current ``sqrt(2) i sin wt`` on a resistance R(I) gives ``R' i^2 sin^2 wt``, of which ``-cos 2wt`` lags
        ``sin 2wt`` by a quarter: ``V2 = -1j R' i^2 / (2 sqrt 2)`` with ``R' = dR/dI = -G'/G^3``.
        """
        step_V = max(_HARMONIC_STEP_V, 1e-2 * abs(bias_V))
        below_S, here_S, above_S = curve.conductance_S(np.array([bias_V - step_V, bias_V, bias_V + step_V])).tolist()
        slope_ohm_per_A = -(above_S - below_S) / (2.0 * step_V) / here_S**3
        current_A = complex(self.ac_current_A(np.array([oscillator_Vrms]), np.array([1.0 / here_S]), frequency_Hz)[0])
        harmonic_V = -1j * slope_ohm_per_A * current_A**2 / (2.0 * math.sqrt(2.0)) * self._pass_band(2.0 * frequency_Hz)
        if self.circuit.transimpedance_ohm:  # the contact drives a current through the rest of the loop
            return -harmonic_V * self.values.transimpedance_ohm / self._loop_ohm(1.0 / here_S, 2.0 * frequency_Hz)
        return harmonic_V

    def noise_V_per_rtHz(self, contact_ohm: float, temperature_K: float, frequency_Hz: float) -> float:
        """Return the noise density as the preamplifier passes it on, over its gain.

        Of the preamplifier, of the contact, and of the resistors at room temperature.
        """
        circuit, values = self.circuit, self.values
        contact_V2 = _johnson_V2_per_Hz(temperature_K, contact_ohm)
        if circuit.transimpedance_ohm:
            loop_ohm = abs(self._loop_ohm(contact_ohm, frequency_Hz))
            outside_ohm = loop_ohm - contact_ohm - circuit.preamplifier_input_ohm
            driving_V2 = contact_V2 + _johnson_V2_per_Hz(_ROOM_TEMPERATURE_K, outside_ohm)
            driving_V2 += circuit.preamplifier_noise_V_per_rtHz**2
            currents_A2 = driving_V2 / loop_ohm**2 + circuit.preamplifier_noise_A_per_rtHz**2
            return values.transimpedance_ohm * math.sqrt(currents_A2)
        arms_S = 1.0 / values.dc_arm_ohm + 1.0 / values.ac_arm_ohm
        seen_ohm = contact_ohm / (1.0 + contact_ohm * arms_S)
        currents_A2 = contact_V2 / contact_ohm**2 + _johnson_V2_per_Hz(_ROOM_TEMPERATURE_K, 1.0 / arms_S) * arms_S**2
        leads_V2 = _johnson_V2_per_Hz(_ROOM_TEMPERATURE_K, values.lead_ohm if circuit.is_two_wire else 0.0)
        return math.sqrt(circuit.preamplifier_noise_V_per_rtHz**2 + currents_A2 * seen_ohm**2 + leads_V2)

    def _computed_ac_arms(self, frequency_Hz: float) -> tuple[float, complex]:
        """Return the driving resistance and the factor by which what lies beside the load makes it appear larger."""
        dc_branch_ohm = self.values.dc_arm_ohm + 1.0 / (2j * math.pi * frequency_Hz * self.values.filter_F)
        return self._arm_ohm, 1.0 + self._arm_ohm * (1.0 / dc_branch_ohm + self._divider_S)

    def _loop_ohm(self, contact_ohm: float, frequency_Hz: float) -> complex:
        """Return the impedance of the loop through contact, preamplifier's input and what drives them."""
        drive_ohm, shunting = self._ac_arms(frequency_Hz)
        return contact_ohm + self._known_ohm + drive_ohm / shunting

    def _pass_band(self, frequency_Hz: float) -> complex:
        """Return the response of preamplifier and AC coupling, one pole each."""
        return 1.0 / (
            (1.0 + 1j * frequency_Hz / PREAMPLIFIER_BANDWIDTH_HZ) * (1.0 - 1j * INPUT_COUPLING_HZ / frequency_Hz)
        )


def _johnson_V2_per_Hz(temperature_K: float, resistance_ohm: float) -> float:
    return 4.0 * _BOLTZMANN_J_PER_K * temperature_K * resistance_ohm
