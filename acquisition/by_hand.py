"""What the bench and those who look at it agree on.

Within which limits things may be set by hand on a rack that no run owns (those of the station, as for a recipe), and
which words of a box mean trouble.
"""

import math

from acquisition.circuit import excitation_for
from acquisition.planning.boxes import LOCK_INS
from acquisition.running.command_file import Quantity
from acquisition.station_file import Station
from instruments.limits import Limits


def limits_of(quantity: Quantity, station: Station) -> Limits:
    """Return the range in which a quantity may be set; bias and excitation together are `check_peak`'s business."""
    contact, box = station.contact, LOCK_INS[station.lockin.model]
    match quantity:
        case Quantity.BIAS_V:
            return contact.bias_limits
        case Quantity.EXCITATION_Vrms:
            low_V, high_V = (
                excitation_for(oscillator_V, contact.expected_conductance_S, station.circuit)
                for oscillator_V in box.oscillator_Vrms
            )
            return Limits(low_V, min(high_V, contact.maximum_bias_V / math.sqrt(2.0)), "V rms", "excitation")
        case Quantity.SENSITIVITY_V:
            return Limits(0.0, box.largest_range_V, "V", "sensitivity")
        case Quantity.TEMPERATURE_K:
            return station.temperature.limits
        case Quantity.FIELD_T:
            return station.magnet.limits


def peak_V(bias_V: float, excitation_Vrms: float) -> float:
    """Return the largest voltage across the contact: the bias and the peak of the excitation together."""
    return abs(bias_V) + math.sqrt(2.0) * excitation_Vrms


def is_trouble(word: str) -> bool:
    """Say whether what a box says of itself, or is said of it, means that somebody must see to it."""
    return word.startswith(("trouble", "not connected", "quench"))


def is_warning(word: str) -> bool:
    """Say whether what a box says of itself spoils what it reads now."""
    return any(bad in word for bad in ("overload", "compliance", "over range", "unlock", "no conductance"))
