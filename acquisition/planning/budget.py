"""What a point costs and brings: noise, heat. Predictions from nominal values, for the plan and its tables.

Noise bandwidth of n cascaded RC stages: SR830 manual, chapter 3. Johnson noise: 4 kB T R, of a resistor's own
temperature; what reaches the taps of the contact is divided by the arm it comes through.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.circuit import loop_ohm
from acquisition.planning.boxes import LOCK_INS
from acquisition.recipe import LockInSection
from acquisition.station_file import CircuitSection, Stage, Station
from analysis.quantities import BOLTZMANN_J_per_K

ROOM_K = 295.0
"""Temperature of the arms."""

BANDWIDTH_TIMES_TIME_CONSTANT = {6: 1 / 4, 12: 1 / 8, 18: 3 / 32, 24: 5 / 64}
"""Roll-off in dB per octave to the equivalent noise bandwidth, in units of 1/TC."""

_CORRELATION = {6: (1.0,), 12: (1.0, 1.0), 18: (1.0, 1.0, 1 / 3), 24: (1.0, 1.0, 2 / 5, 1 / 15)}

UNCORRELATED = 60
"""Time constants after which two readings know nothing of each other, to double precision."""


@dataclass(frozen=True, slots=True)
class NoiseBudget:
    """Noise densities referred to the voltage preamplifier's input, and what a reading of X makes of them."""

    preamplifier_V_per_rtHz: float
    contact_V_per_rtHz: float
    arms_V_per_rtHz: float
    lockin_V_per_rtHz: float
    bandwidth_Hz: float

    @property
    def total_V_per_rtHz(self) -> float:
        """Return the density of all together."""
        return math.hypot(
            self.preamplifier_V_per_rtHz, self.contact_V_per_rtHz, self.arms_V_per_rtHz, self.lockin_V_per_rtHz
        )

    @property
    def sigma_V(self) -> float:
        """Return the standard error of X in one settled reading, rms volts at the preamplifier's input."""
        return self.total_V_per_rtHz * math.sqrt(self.bandwidth_Hz)


def noise_bandwidth_Hz(time_constant_s: float, slope_dB_per_octave: int) -> float:
    """Return the equivalent noise bandwidth of a lock-in filter."""
    return BANDWIDTH_TIMES_TIME_CONSTANT[slope_dB_per_octave] / time_constant_s


def johnson_V_per_rtHz(temperature_K: float, resistance_ohm: float) -> float:
    """Return the Johnson noise of a resistor, sqrt(4 kB T R)."""
    return math.sqrt(4.0 * BOLTZMANN_J_per_K * temperature_K * resistance_ohm)


def noise_budget(temperature_K: float, lockin: LockInSection, station: Station) -> NoiseBudget:
    """Predict the noise of a reading at a temperature, for the conductance that the station expects."""
    circuit = station.circuit
    resistance_ohm = 1.0 / station.contact.expected_conductance_S
    before = _of_current if circuit.transimpedance_ohm else _of_voltage
    preamplifier, contact, arms = before(temperature_K, resistance_ohm, circuit)
    return NoiseBudget(
        preamplifier_V_per_rtHz=preamplifier,
        contact_V_per_rtHz=contact,
        arms_V_per_rtHz=arms,
        lockin_V_per_rtHz=LOCK_INS[station.lockin.model].input_noise_V_per_rtHz / circuit.preamplifier_gain,
        bandwidth_Hz=noise_bandwidth_Hz(lockin.time_constant_s, lockin.slope_dB_per_octave) * averaging(lockin),
    )


def averaging(lockin: LockInSection) -> float:
    """Return the variance of the mean that a point takes, over that of a single reading of the same filter.

    Readings one time constant apart are not independent: with white noise at the input the output of n cascaded
    RC stages is correlated as ``x^(n - 1/2) K_(n - 1/2)(x)``, a polynomial times ``exp(-x)``, x in time constants.
    """
    count = 1 + round(lockin.average_s / lockin.time_constant_s)
    apart = np.arange(1.0, min(count, UNCORRELATED))
    polynomial = np.polynomial.Polynomial(_CORRELATION[lockin.slope_dB_per_octave])
    correlated = float(np.sum((count - apart) * polynomial(apart) * np.exp(-apart)))
    return (count + 2.0 * correlated) / count**2


def _of_voltage(temperature_K: float, contact_ohm: float, circuit: CircuitSection) -> tuple[float, float, float]:
    """Return preamplifier, contact, arms with leads, between the taps; an arm is a current source for the contact."""
    resistance_ohm = contact_ohm + circuit.series_ohm
    arms_ohm = (circuit.ac_arm_ohm + circuit.oscillator_output_ohm, circuit.dc_arm_ohm)
    arms = [resistance_ohm * johnson_V_per_rtHz(ROOM_K, ohm) / ohm for ohm in arms_ohm]
    leads = johnson_V_per_rtHz(ROOM_K, circuit.inside_ohm - circuit.series_ohm)
    contact = johnson_V_per_rtHz(temperature_K, resistance_ohm)
    return circuit.preamplifier_noise_V_per_rtHz, contact, math.hypot(*arms, leads)


def _of_current(temperature_K: float, contact_ohm: float, circuit: CircuitSection) -> tuple[float, float, float]:
    """Return preamplifier, contact, arms with leads, as a current preamplifier shows what they drive round the loop."""
    around_ohm = loop_ohm(1.0 / contact_ohm, circuit)
    seen = circuit.transimpedance_ohm / around_ohm if circuit.transimpedance_ohm else 0.0
    own = math.hypot(circuit.preamplifier_noise_V_per_rtHz, circuit.preamplifier_noise_A_per_rtHz * around_ohm)
    outside_ohm = around_ohm - contact_ohm - circuit.preamplifier_input_ohm
    return (
        seen * own,
        seen * johnson_V_per_rtHz(temperature_K, contact_ohm),
        seen * johnson_V_per_rtHz(ROOM_K, outside_ohm),
    )


@dataclass(frozen=True, slots=True)
class StageHeat:
    """Joule heat on a stage at the largest bias, beside the cooling power there."""

    stage: str
    heat_W: float
    cooling_W: float

    @property
    def fraction(self) -> float:
        """Return the heat as part of the cooling power."""
        return self.heat_W / self.cooling_W


def joule_heat_W(bias_V: float, conductance_S: float) -> float:
    """Return the heat in the contact itself, V^2 G."""
    return bias_V**2 * conductance_S


def stage_heat(
    temperature_K: float, bias_V: float, conductance_S: float, stages: Sequence[Stage]
) -> tuple[StageHeat, ...]:
    """Return the Joule heat I^2 R on each stage, and its cooling power, interpolated in the logarithms."""
    current_A = bias_V * conductance_S
    found = []
    for stage in stages:
        heat_W = current_A**2 * stage.wiring_ohm
        if stage.has_contact:
            heat_W += joule_heat_W(bias_V, conductance_S)
        line = sorted((point.at_K, point.power_W) for point in stage.cooling)
        at_K, power_W = np.log(np.array(line).T)
        cooling_W = math.exp(np.interp(math.log(temperature_K), at_K, power_W))
        found.append(StageHeat(stage.name, heat_W, cooling_W))
    return tuple(found)
