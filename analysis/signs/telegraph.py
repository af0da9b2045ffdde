"""Telegraph noise: a contact that a slow fluctuator switches between two curves (MG.2, fig 19)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.curves import Isotherm
from analysis.errors import WindowError
from analysis.quantities import in_conductance_quanta
from analysis.quantity import Quantity, missing
from analysis.signs.dwell_times import find_dwell_times
from analysis.signs.two_curves import TelegraphIsotherm, find_two_curves

MINIMUM_POINTS = 60
TENTH = 0.1
LARGE_BIAS_V = 5e-3


@dataclass(frozen=True, slots=True)
class Telegraph:
    """Telegraph noise of the data.

    Attributes
    ----------
    is_found : bool
    isotherms : tuple of TelegraphIsotherm
        Those that show it.
    amplitude : Quantity
        Delta G(0) of the coldest of them, in e2/h.
    vanishing_bias_V : Quantity
        Where Delta G(V) has fallen to a tenth of Delta G(0); a bound where it has not.
    upper_dwell_s, lower_dwell_s : Quantity
        Mean times in each state; an upper bound where neighbours in time are not correlated.
    difference_at_large_bias : Quantity
        Delta G beyond 5 mV over Delta G(0): zero for a modulated anomaly, one for a defect that just scatters.
    why : str
    """

    is_found: bool
    isotherms: tuple[TelegraphIsotherm, ...]
    amplitude: Quantity
    vanishing_bias_V: Quantity
    upper_dwell_s: Quantity
    lower_dwell_s: Quantity
    difference_at_large_bias: Quantity
    why: str


def find_telegraph(isotherms: Sequence[Isotherm], *, drift_S_per_sqrt_s: float = 0.0) -> Telegraph:
    """Look for two curves in each isotherm.

    Raises
    ------
    WindowError
        For no isotherm with 60 points.
    """
    usable = [isotherm for isotherm in isotherms if isotherm.bias_V.size >= MINIMUM_POINTS]
    if not usable:
        raise WindowError(f"no isotherm has the {MINIMUM_POINTS} points that two curves need")
    pairs = [(own, part) for own in usable if (part := find_two_curves(own, drift_S_per_sqrt_s)) is not None]
    if not pairs:
        why = "one curve an isotherm describes the data"
        none_V, none_s, none = missing("V", why), missing("s", why), missing("", why)
        return Telegraph(False, (), missing("e2/h", why), none_V, none_s, none_s, none, why)
    _, coldest = min(pairs, key=lambda pair: pair[1].temperature_K)
    upper, lower = find_dwell_times(pairs)
    return Telegraph(
        True,
        tuple(part for _, part in pairs),
        Quantity(
            float(in_conductance_quanta(coldest.difference_S[0])),
            float(in_conductance_quanta(coldest.difference_error_S[0])),
            "e2/h",
            points=coldest.expected_upper.size,
        ),
        _vanishing(coldest),
        upper,
        lower,
        _at_large_bias(coldest),
        f"two curves in {len(pairs)} of {len(usable)} isotherms",
    )


def _vanishing(part: TelegraphIsotherm) -> Quantity:
    share = part.difference_S / part.difference_S[0]
    below = np.flatnonzero(share < TENTH)
    if below.size == 0:
        return Quantity(float(part.difference_bias_V[-1]), None, "V", ">=", "Delta G is left at the end of the data")
    index = int(below[0])
    nodes = part.difference_bias_V[[index - 1, index]]
    fall = float(share[index - 1] - share[index])
    place = float(nodes[0] + (share[index - 1] - TENTH) / fall * np.diff(nodes)[0])
    error = part.difference_error_S[index] / part.difference_S[0] / fall * float(np.diff(nodes)[0])
    return Quantity(place, float(error), "V", points=part.expected_upper.size)


def _at_large_bias(part: TelegraphIsotherm) -> Quantity:
    far = part.difference_bias_V >= LARGE_BIAS_V
    if not far.any():
        return missing("", f"the data end below {LARGE_BIAS_V * 1e3:g} mV")
    weights = part.difference_error_S[far] ** -2.0
    mean, error = float(np.average(part.difference_S[far], weights=weights)), float(weights.sum() ** -0.5)
    value = mean / float(part.difference_S[0])
    spread = np.hypot(error, value * part.difference_error_S[0]) / part.difference_S[0]
    return Quantity(value, float(spread), "", points=int(far.sum()))
