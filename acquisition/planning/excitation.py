"""Which oscillator amplitude and lock-in range an isotherm gets, and whether the boxes and the contact allow it."""

import math
from dataclasses import dataclass

from acquisition.circuit import excitation_for, lockin_V, oscillator_for, signal_V
from acquisition.planning.boxes import LOCK_INS
from acquisition.planning.plan_limits import refuse
from acquisition.recipe import ExcitationSection, Recipe
from acquisition.station_file import Station

HEADROOM = 1.2
"""Lock-in range over expected signal, for a contact that conducts less than the station expects."""


@dataclass(frozen=True, slots=True)
class Excitation:
    """Excitation across the contact, the oscillator amplitude for it, and the lock-in range its signal needs."""

    excitation_Vrms: float
    oscillator_Vrms: float
    full_scale_V: float


def wanted_excitation_Vrms(thermal_voltage_V: float, excitation: ExcitationSection) -> float:
    """Return the excitation that the recipe asks for: w kB T / (sqrt(2) e), within its bounds."""
    wanted_V = excitation.rms_over_kT * thermal_voltage_V / math.sqrt(2.0)
    return min(max(wanted_V, excitation.minimum_Vrms or 0.0), excitation.maximum_Vrms or math.inf)


def floor_to_step(value: float, step: float) -> float:
    """Return the largest multiple of `step` that is not above `value`, free of binary dust."""
    return round(math.floor(value / step * (1 + 1e-12)) * step, 12)


def choose_excitation(
    recipe: Recipe, station: Station, temperature_K: float, thermal_voltage_V: float, field: str
) -> Excitation:
    """Choose the oscillator amplitude of an isotherm, rounded down to the oscillator's steps.

    Parameters
    ----------
    recipe, station : Recipe, Station
        What is asked, with which boxes.
    temperature_K, thermal_voltage_V : float
        The temperature and kB T / e.
    field : str
        The recipe's field that names the temperature, for the message.

    Raises
    ------
    PlanError
        If oscillator or lock-in have no such setting, or bias and excitation together exceed the contact's limit.
    """
    box, contact = LOCK_INS[station.lockin.model], station.contact
    wanted_V = wanted_excitation_Vrms(thermal_voltage_V, recipe.excitation)
    exact_V = oscillator_for(wanted_V, contact.expected_conductance_S, station.circuit)
    oscillator_V = floor_to_step(exact_V, box.oscillator_step_V)
    asks = f"{temperature_K:g} K asks for {wanted_V:.3g} V rms across the contact"
    low_V, high_V = box.oscillator_Vrms
    if not low_V <= oscillator_V <= high_V:
        what = f"{asks}, so {exact_V:.3g} V of the oscillator; {station.lockin.model} gives {low_V:g} to {high_V:g} V"
        refuse(recipe, field, what, "set [excitation] minimum_Vrms or maximum_Vrms, or change [circuit] ac_arm_ohm")
    excitation_V = excitation_for(oscillator_V, contact.expected_conductance_S, station.circuit)
    peak_V = recipe.bias.maximum_V + math.sqrt(2.0) * excitation_V
    if not contact.bias_limits.allows(peak_V):
        what = f"{asks}, with the bias {peak_V:.3g} V at the peak; station allows {contact.bias_limits}"
        refuse(recipe, field, what, "choose a smaller [bias] maximum_V or [excitation] maximum_Vrms")
    arriving_V = signal_V(excitation_V, contact.expected_conductance_S, station.circuit)
    full_scale_V = HEADROOM * lockin_V(arriving_V, station.circuit)
    if full_scale_V > box.largest_range_V:
        what = f"{asks}, a lock-in range of {full_scale_V:.3g} V; the largest is {box.largest_range_V:g} V"
        refuse(recipe, field, what, "set [excitation] maximum_Vrms, or less [circuit] preamplifier_gain")
    return Excitation(excitation_V, oscillator_V, full_scale_V)
