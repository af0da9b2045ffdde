"""The circuits that a contact may be wired in: nominal values, as a station file states them, and what they really are.

The defaults are the 4-terminal current bias of the simulated rack, chosen for 9 ohm at 100 mK; class-typical unless a
source is named. True values differ from the nominal ones by amounts that the seed draws, as they do in a laboratory.
"""

import math
from dataclasses import dataclass
from typing import Final

from simulators.noise import Noise

ARM_SPREAD: Final = 1e-3  # 1 sigma, relative; of arms and divider
GAIN_SPREAD: Final = 3e-3  # 1 sigma, relative; of either preamplifier
LEAD_SPREAD: Final = 5e-3  # 1 sigma, relative; of leads that were measured once, at another temperature

THERMAL_EMF_V: Final = 3e-6  # 1 sigma of the steady part; 1 to 10 uV between the cold and a voltmeter


@dataclass(frozen=True, slots=True)
class Circuit:
    """Nominal values of one circuit.

    Attributes
    ----------
    ac_arm_ohm, dc_arm_ohm
        From the oscillator and from the source meter to the summing point.
    oscillator_output_ohm
        SR830 manual, specifications.
    divider_ohm
        From the summing point to ground, which makes a voltage of the currents; infinite for a current bias.
    lead_ohm
        Both current leads together.
    series_ohm
        Beside the contact, between the voltage taps.
    is_two_wire
        Whether the taps sit at the far ends of the leads.
    transimpedance_ohm
        Of a current preamplifier that grounds the contact's other side; None where a voltage is amplified.
    preamplifier_input_ohm
        Of that preamplifier.
    preamplifier_gain
        Of a voltage preamplifier.
    preamplifier_noise_V_per_rtHz, preamplifier_noise_A_per_rtHz
        Referred to the input of either.
    preamplifier_maximum_V
        Output where it clips.
    filter_Hz
        Corner of the low-pass between source meter and DC arm.
    """

    ac_arm_ohm: float = 100e3
    dc_arm_ohm: float = 10e3
    oscillator_output_ohm: float = 50.0
    divider_ohm: float = math.inf
    lead_ohm: float = 4.0
    series_ohm: float = 0.0
    is_two_wire: bool = False
    transimpedance_ohm: float | None = None
    preamplifier_input_ohm: float = 0.0
    preamplifier_gain: float = 100.0
    preamplifier_noise_V_per_rtHz: float = 1.2e-9
    preamplifier_noise_A_per_rtHz: float = 0.0
    preamplifier_maximum_V: float = 5.0
    filter_Hz: float = 10.0


@dataclass(frozen=True, slots=True)
class TrueValues:
    """What the parts of one circuit really are.

    Attributes
    ----------
    ac_arm_ohm, dc_arm_ohm, divider_ohm, lead_ohm
        The resistors; the AC arm without the oscillator's output.
    filter_F
        Capacitor of the low-pass.
    gain
        Of the voltage preamplifier before drift, 1 if there is none.
    transimpedance_ohm
        Of the current preamplifier before drift, 0 if there is none.
    thermal_V
        Thermal EMF between the voltage taps and a voltmeter, before drift.
    """

    ac_arm_ohm: float
    dc_arm_ohm: float
    divider_ohm: float
    lead_ohm: float
    filter_F: float
    gain: float
    transimpedance_ohm: float
    thermal_V: float


def draw_true_values(seed: int, circuit: Circuit) -> TrueValues:
    """Draw the true values of a circuit: nominal ones, each a little off."""

    def off(channel: str, spread: float) -> float:
        return 1.0 + spread * Noise(seed, f"wiring/{channel}").at(0)

    dc_arm_ohm = circuit.dc_arm_ohm * off("dc arm", ARM_SPREAD)
    return TrueValues(
        ac_arm_ohm=circuit.ac_arm_ohm * off("ac arm", ARM_SPREAD),
        dc_arm_ohm=dc_arm_ohm,
        divider_ohm=circuit.divider_ohm * off("divider", ARM_SPREAD),
        lead_ohm=circuit.lead_ohm * off("leads", LEAD_SPREAD),
        filter_F=1.0 / (2.0 * math.pi * circuit.filter_Hz * dc_arm_ohm),
        gain=circuit.preamplifier_gain * off("gain", GAIN_SPREAD),
        transimpedance_ohm=(circuit.transimpedance_ohm or 0.0) * off("transimpedance", GAIN_SPREAD),
        thermal_V=THERMAL_EMF_V * Noise(seed, "wiring/thermal").at(0),
    )
