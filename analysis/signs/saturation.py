"""Premature saturation of the V^(1/2) law (eq 29, Ti.3, Ti.4): a width of the anomaly that stops shrinking with T.

Three descriptions with Teff^2 = T^2 + Tx^2 in place of T, from the freest to the sharpest: one free curve,
Teff^alpha F(V / Teff); the 2CK curve Teff^(1/2) Gamma(A V / Teff); and the paper's form, eq 29. Whether there is a
saturation at all is asked of the first, which no choice of shape can deceive; its value comes from the sharpest one
that the data accept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import OptimizeResult, minimize_scalar

from analysis.curvature import error_by_curvature
from analysis.errors import WindowError
from analysis.quantities import KELVIN_PER_VOLT
from analysis.quantity import Quantity
from analysis.signs.even_curve import EvenCurve
from analysis.signs.saturation_forms import EQ_29, KONDO, SaturationData, SaturationFit, fit_form, fit_width
from analysis.signs.shared_curve import SharedCurve, SharedCurveFit

SIGNIFICANT = 12.0
MATERIAL = 1.0
OMEGAS = (1.0, 2.0)
TOLERATED_MISFIT = 3.0
BOUND_95 = 2.705543454095404
DESCRIBED = 3.0
NARROWER = (0.4, 0.16)
MINIMUM_ISOTHERMS = 3
MINIMUM_NODES = 6
TX_STARTS = 10
ALPHA_RANGE = (-1.0, 3.0)
STEP_FREE = 0.1
FREE_CURVE_ERROR = 0.05
"""By how much Tx of the free curve may be off where several A and T_K share a contact (simulated)."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """Whether the anomaly stops narrowing as it cools, and at which temperature.

    Attributes
    ----------
    terms : int
        Number of saturating terms that the data need: 0, 1 or 2.
    tx_K : tuple of Quantity
        Their Tx, rising; one 95 % upper bound where `terms` is 0 and the data give one.
    significance_one, significance_two : float
        Fall of chi-square, in units of chi-square per degree of freedom, that the first and the second term bring.
    fits : tuple of SaturationFit
        All that were made.
    widths_K : tuple of Quantity
        Tx of eq 29 fitted to each isotherm alone, as the paper does, by temperature; `temperatures_K` beside.
    temperatures_K : tuple of float
    is_described : bool
        Whether one of the forms, saturating or not, describes the curves.
    why : str
        What follows for scaling, in one sentence.
    """

    terms: int
    tx_K: tuple[Quantity, ...]
    significance_one: float
    significance_two: float
    fits: tuple[SaturationFit, ...]
    widths_K: tuple[Quantity, ...]
    temperatures_K: tuple[float, ...]
    is_described: bool
    why: str


def find_saturation(curves: Sequence[EvenCurve]) -> Saturation:
    """Look for one or two saturation temperatures.

    Where nothing describes the curves, because they reach beyond the Kondo scale, phonons or transitions, the range of
    temperature and bias is narrowed and the search repeated.

    Parameters
    ----------
    curves : sequence of EvenCurve
        Isotherms of one field, by temperature.

    Raises
    ------
    WindowError
        For fewer than two isotherms that reach zero bias.
    """
    curves = [curve for curve in curves if curve.reaches_zero]
    if len(curves) < 2:
        raise WindowError(f"a saturation temperature needs two isotherms that reach zero bias, got {len(curves)}")
    found = _search(curves)
    for share in NARROWER:
        if found.is_described:
            break
        narrow = _narrowed(curves, share)
        if len(narrow) < MINIMUM_ISOTHERMS:
            break
        found = _search(narrow)
    widths = tuple(fit_width(curve) for curve in curves)
    return replace(found, widths_K=widths, temperatures_K=tuple(curve.temperature_K for curve in curves))


def _narrowed(curves: Sequence[EvenCurve], share: float) -> list[EvenCurve]:
    warmest_K, limit_V = share * curves[-1].temperature_K, share * max(curve.bias_V[-1] for curve in curves)
    cut = [curve.up_to(limit_V) for curve in curves if curve.temperature_K <= warmest_K]
    return [curve for curve in cut if curve.bias_V.size >= MINIMUM_NODES]


def _search(curves: Sequence[EvenCurve]) -> Saturation:
    data = SaturationData.of(curves)
    plain, free, bound = _free_fits(curves)
    one = [fit_form(data, form, 1) for form in (EQ_29, KONDO)]
    two = fit_form(data, EQ_29, 2)
    significance_one = max(0.0, (plain.chi2 - free.chi2) / free.misfit)
    significance_two = max(0.0, (min(fit.chi2 for fit in (free, *one)) - two.chi2) / two.misfit)
    fits = (plain, free, *one, two)
    is_described = min(fit.misfit for fit in fits) < DESCRIBED
    terms, tx = 0, (bound,)
    chosen = _sharpest(free, one)
    coldest_K = curves[0].temperature_K
    if is_described and significance_one > SIGNIFICANT and _are_distinct(two) and significance_two > SIGNIFICANT:
        terms, tx = 2, two.tx_K
    elif chosen.misfit < DESCRIBED and significance_one > SIGNIFICANT and _is_material(chosen.tx_K[0], coldest_K):
        terms, tx = 1, chosen.tx_K
    why = _consequence(terms, tx, coldest_K) if is_described else "no form of the anomaly describes the curves"
    return Saturation(terms, tx, significance_one, significance_two, fits, (), (), is_described, why)


def _free_fits(curves: Sequence[EvenCurve]) -> tuple[SaturationFit, SaturationFit, Quantity]:
    """Return the free curve without and with a saturation, and the 95 % upper bound of Tx."""
    temperatures = np.array([curve.temperature_K for curve in curves])
    weights = [curve.weights() for curve in curves]

    def fit(tx_K: float) -> SharedCurveFit:
        effective = np.hypot(temperatures, tx_K)
        problem = SharedCurve.for_units(curves, effective / KELVIN_PER_VOLT, weights, OMEGAS)
        log_t = np.log(effective) - np.mean(np.log(effective))
        found: OptimizeResult = minimize_scalar(  # type: ignore[assignment]
            lambda alpha: problem.fit(np.exp(alpha * log_t)).chi2,
            bounds=ALPHA_RANGE,
            method="bounded",
            options={"xatol": 1e-4},
        )
        return problem.fit(np.exp(float(found["x"]) * log_t))

    plain = fit(0.0)
    logs = np.linspace(np.log(0.1 * temperatures.min()), np.log(3.0 * temperatures.max()), TX_STARTS)
    fits = [fit(float(tx)) for tx in np.exp(logs)]
    values = np.array([own.chi2 for own in fits])
    best = int(np.argmin(values))
    spacing = float(logs[1] - logs[0])
    found: OptimizeResult = minimize_scalar(  # type: ignore[assignment]
        lambda log: fit(float(np.exp(log))).chi2,
        bounds=(logs[best] - spacing, logs[best] + spacing),
        method="bounded",
        options={"xatol": 1e-3},
    )
    place, lowest = float(found["x"]), fit(float(np.exp(found["x"])))
    misfit = max(1.0, lowest.chi2 / lowest.degrees_of_freedom)
    error = float(np.sqrt(misfit)) * error_by_curvature(
        lambda log: fit(float(np.exp(log))).chi2, place, lowest.chi2, STEP_FREE, 0.5
    )
    error = float(np.hypot(error, FREE_CURVE_ERROR))
    tx = Quantity(float(np.exp(place)), float(np.exp(place) * error), "K", points=len(curves))
    isotherms = len(curves)
    none = Quantity(None, None, "", why="the free curve has any width")
    # where chi-square has risen above its minimum for good, no saturation being one of the candidates
    limit = min(plain.chi2, lowest.chi2) + BOUND_95 * misfit
    allowed = logs[values <= limit]
    edge = float(np.exp(allowed.max() + spacing)) if allowed.size else float(np.exp(logs[0]))
    bound = Quantity(edge, None, "K", "<=", "95 % bound", isotherms)
    return (
        SaturationFit("free curve", (), (), none, plain.chi2, plain.degrees_of_freedom),
        SaturationFit("free curve", (tx,), (), none, lowest.chi2, max(1, lowest.degrees_of_freedom - 1)),
        bound,
    )


def _sharpest(free: SaturationFit, parametric: Sequence[SaturationFit]) -> SaturationFit:
    """Return the parametric fit that the data accept beside the free curve, else the free curve."""
    best = min(parametric, key=lambda fit: fit.chi2)
    further = best.degrees_of_freedom - free.degrees_of_freedom
    allowed = further + TOLERATED_MISFIT * np.sqrt(2.0 * max(further, 1))
    return best if best.chi2 - free.chi2 <= allowed * free.misfit else free


def _is_material(tx_K: Quantity, coldest_K: float) -> bool:
    """Say whether Tx is a number, and beyond the thermal width of the coldest isotherm."""
    return tx_K.value is not None and tx_K.error is not None and tx_K.value > max(3 * tx_K.error, MATERIAL * coldest_K)


def _are_distinct(fit: SaturationFit) -> bool:
    """Say whether both terms are there: amplitudes positive beyond their errors, temperatures apart."""
    pairs = [(q.value, q.error) for q in (*fit.amplitude, *fit.tx_K)]
    if any(value is None or error is None or value <= 3 * error for value, error in pairs):
        return False
    low, high = fit.tx_K
    return bool(high.value - low.value > 3 * np.hypot(low.error, high.error))  # type: ignore[operator, arg-type]


def _consequence(terms: int, tx_K: Sequence[Quantity], coldest_K: float) -> str:
    values = [float(tx.value) for tx in tx_K if tx.value is not None]
    if not terms:
        return f"no saturation beyond the thermal one down to {coldest_K:.3g} K"
    named = " and ".join(f"{value:.3g} K" for value in values)
    return (
        f"scaling fails below about {min(values):.3g} K because the anomaly stops narrowing there: its width stays at "
        f"Tx = {named}, {max(values) / coldest_K:.2g} times the lowest temperature, so that in v = eV / kB T the flat "
        f"part grows as Tx / T; splittings of two-level systems of about Tx would do this (eq 28)"
    )
