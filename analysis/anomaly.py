"""The anomaly at zero bias itself: dip or peak, how large, and how many two-level systems it takes (Cu.2, fn 2)."""

from dataclasses import dataclass

from analysis.quantity import Quantity


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
        Amplitude over 2 e2/h, rounded up: at least so many two-level systems.
    background_S : Quantity
        G(0) of the coldest isotherm.
    sharvin_radius_m : Quantity
        Contact radius (eq 3) from the background.
    """

    amplitude: Quantity
    curvature_sign: int
    edge_V: float
    tls_count: Quantity
    background_S: Quantity
    sharvin_radius_m: Quantity
