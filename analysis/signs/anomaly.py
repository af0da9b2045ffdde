"""The anomaly at zero bias itself: dip or peak, how large, and how many two-level systems it takes (Cu.2, fn 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.errors import WindowError
from analysis.quantities import in_conductance_quanta, sharvin_radius_m
from analysis.quantity import Quantity, missing
from analysis.signs.even_curve import EvenCurve

SIGMAS = 4.0
ONE_SIDED_95 = 1.6448536269514722
QUANTA_A_TLS = 2.0


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Sign and size of the anomaly of the coldest isotherm.

    Attributes
    ----------
    amplitude : Quantity
        G at its edge less G(0), in e2/h: positive for a dip, negative for a peak.
    curvature_sign : int
        +1 for a dip at V = 0, -1 for a peak, 0 where noise hides it.
    edge_V : float
        |V| of the edge: the first extremum away from zero bias, or the end of the data.
    tls_count : Quantity
        Amplitude, less its error, over 2 e2/h, rounded up: at least so many two-level systems.
    background_S : Quantity
        G(0) of the coldest isotherm.
    sharvin_radius_m : Quantity
        Contact radius (eq 3) from the background; for copper.
    """

    amplitude: Quantity
    curvature_sign: int
    edge_V: float
    tls_count: Quantity
    background_S: Quantity
    sharvin_radius_m: Quantity


def find_anomaly(curves: Sequence[EvenCurve]) -> Anomaly:
    """Measure the anomaly of the coldest isotherm that reaches zero bias.

    Raises
    ------
    WindowError
        If there is none.
    """
    reaching = [curve for curve in curves if curve.reaches_zero]
    if not reaching:
        raise WindowError("no isotherm reaches zero bias, where the anomaly is")
    curve = min(reaching, key=lambda own: own.temperature_K)
    edge = next(iter(curve.reversals(SIGMAS)), curve.bias_V.size - 1)
    change = float(curve.conductance_S[edge] - curve.conductance_S[0])
    misfit = max(1.0, curve.chi2 / curve.degrees_of_freedom)
    error = float(np.sqrt(misfit)) * curve.difference_error_S(0, edge)
    is_seen = abs(change) > SIGMAS * error
    amplitude = Quantity(
        float(in_conductance_quanta(change)), float(in_conductance_quanta(error)), "e2/h", points=curve.points
    )
    background = float(curve.conductance_S[0])
    radius = float(sharvin_radius_m(background)) if background > 0.0 else None
    return Anomaly(
        amplitude,
        int(np.sign(change)) if is_seen else 0,
        float(curve.bias_V[edge]),
        _count(amplitude) if is_seen else missing("", "there is no anomaly beyond the noise"),
        Quantity(background, curve.zero_error_S, "S", points=curve.points),
        # a radius goes as the root of the conductance
        missing("m", "the conductance is not positive")
        if radius is None
        else Quantity(radius, 0.5 * radius * curve.zero_error_S / background, "m", points=curve.points),
    )


def _count(amplitude: Quantity) -> Quantity:
    size, error = abs(amplitude.value or 0.0), amplitude.error or 0.0
    # a whole number of systems is not one more because of rounding
    count = float(np.ceil((size - ONE_SIDED_95 * error) / QUANTA_A_TLS - 1e-9))
    return Quantity(max(count, 1.0), None, "", ">=", f"{size:.3g} e2/h at 2 e2/h each", amplitude.points)
