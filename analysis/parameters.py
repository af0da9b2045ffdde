"""The paper's parameters of a scaling sample: B_sigma, F0, F1, Gamma1, and what follows from them.

They come from the paper's own straight lines, so that they compare with its Table I: G(0, T) against T^(1/2) (eq 22)
and F(v) against v^(1/2) between 2 and 3 (eq 27). Over such a range F1/B_sigma is not the asymptotic Gamma1, which is
-1 for any mechanism with a single exponent; the model is pushed through the same fit instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root_scalar

from analysis.corrections import corrected_again
from analysis.curves import Curves, Isotherm
from analysis.features import Features
from analysis.fit_result import ExponentFit
from analysis.kondo import scaling_function
from analysis.quantities import CONDUCTANCE_QUANTUM_S, in_conductance_quanta, reduced_bias, thermal_voltage_V
from analysis.quantity import Quantity

Floats = NDArray[np.float64]

ROOT_UNIT = "e2/h K^-1/2"
FIT_RANGE = (2.0, 3.0)
ZERO_BIAS_REACH = 1.5
MINIMUM_LINE_POINTS = 4
SPREAD_NODES = 24
ONE_SIDED_95 = 1.6448536269514722
QUANTA_A_TLS = 2.0
SCALING_ALPHA, MOST_SIGMAS = 0.5, 3.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of the anomaly.

    Attributes
    ----------
    b_sigma : Quantity
        Slope of G(0, T) against T^(1/2) (eq 22) over the isotherms of the fit.
    f0, f1 : Quantity
        Slope and intercept of F(v) against v^(1/2) between 2 and 3 (eq 27), means over the isotherms; the error is
        their standard deviation, as in Table I.
    gamma1_fit : Quantity
        F1 / B_sigma.
    gamma1_model_same_fit, gamma1_model_spread : Quantity
        The same of the CFT curve, with the one A, or with the A spread evenly from zero, that gives the fitted slope.
    a_unit_slope : Quantity
        (F0 / B_sigma)^2, the A of eq 25 that makes the asymptotic slope one.
    kondo_temperature_K : Quantity
        Where G(0, T) leaves its line, if it does; else a lower bound, of the TLSs that make the departure from scaling.
    crossover_bias_V : Quantity
        V_K: where the curves leave the scaling curve (`departure`); without features e V_K = 2 kB T_K.
    delta_bound_K : Quantity
        Upper bound of the splitting, (T_min T_K)^(1/2) (eq 28), at T_K or its bound.
    tx_K : Quantity
        Saturation temperature of eq 29, the lowest of several; an upper bound where there is none.
    tls_count : Quantity
        Amplitude of the anomaly over 2 e2/h (the paper's footnote 2), rounded up: at least so many.
    """

    b_sigma: Quantity
    f0: Quantity
    f1: Quantity
    gamma1_fit: Quantity
    gamma1_model_same_fit: Quantity
    gamma1_model_spread: Quantity
    a_unit_slope: Quantity
    kondo_temperature_K: Quantity
    crossover_bias_V: Quantity
    delta_bound_K: Quantity
    tx_K: Quantity
    tls_count: Quantity


def find_parameters(
    curves: Curves,
    fit: ExponentFit,
    fit_range: tuple[float, float] = FIT_RANGE,
    *,
    features: Features | None = None,
) -> Parameters:
    """Return the parameters of the data of `curves` in the window and with the corrections of `fit`.

    F0 and F1 are fitted over `fit_range` in v^(1/2); the paper takes 2 to 3, and 2 to 2.5 for its sample 3. Without
    `features` of the same curves there is no Tx, and T_K and V_K are bounds.
    """
    applied = fit.corrections
    whole = corrected_again(curves.isotherms(fit.window.field_T), applied)
    inside = [isotherm for isotherm in whole if fit.window.holds(isotherm.temperature_K)]
    b_sigma = _slope_of_zero_bias(inside, applied.drift_S_per_sqrt_s or 0.0)
    f0, f1 = _lines_of_scaled_curves([fit.window.select(isotherm) for isotherm in inside], fit_range)
    ratio = _ratio(f0, b_sigma)
    kondo = _kondo_temperature(fit, b_sigma)
    crossover = _scaled(kondo, 2.0 * float(thermal_voltage_V(1.0)), "V", ">=")
    if features is not None and features.departure is not None:
        kondo = _sharper_bound(kondo, features.departure.kondo_temperature_K)
        crossover = _sharper_bound(crossover, features.departure.crossover_bias_V)
    off = abs(fit.alpha - SCALING_ALPHA) / fit.error
    if off > MOST_SIGMAS:
        kondo, crossover = (_unless_bound(own, off) for own in (kondo, crossover))
    return Parameters(
        b_sigma,
        f0,
        f1,
        _ratio(f1, b_sigma),
        _model_intercept(ratio, scaling_function, fit_range),
        _model_intercept(ratio, _spread_scaling_function, fit_range),
        Quantity(None, None, "", why=ratio.why)
        if ratio.value is None or ratio.error is None
        else Quantity(ratio.value**2, 2.0 * abs(ratio.value) * ratio.error, ""),
        kondo,
        crossover,
        _delta_bound(kondo, fit),
        _saturation(features),
        _tls_count(whole),
    )


def _sharper_bound(bound: Quantity, found: Quantity) -> Quantity:
    """Return what was measured, else the higher of two lower bounds."""
    if found.is_measured or bound.value is None:
        return found
    is_higher = found.bound == ">=" and found.value is not None and found.value > bound.value
    return found if is_higher else bound


def _unless_bound(found: Quantity, off: float) -> Quantity:
    """Return what was measured but no bound: a T_K inside the window bends alpha and leaves no other trace."""
    if found.bound != ">=":
        return found
    return Quantity(
        None, None, found.unit, why=f"alpha is {off:.1f} sigma from 1/2, as a T_K inside the window makes it"
    )


def _saturation(features: Features | None) -> Quantity:
    if features is None:
        return Quantity(None, None, "K", why="saturation (eq 29) was not looked for")
    found = features.saturation
    if found is None:
        return Quantity(None, None, "K", why=features.missing["saturation"])
    if not found.is_described:
        return Quantity(None, None, "K", why=found.why)
    return replace(found.tx_K[0], why=found.why)


def _slope_of_zero_bias(isotherms: list[Isotherm], drift_S_per_sqrt_s: float) -> Quantity:
    """Return the slope of eq 22; its error holds the residual scatter and the random walk between the isotherms.

    Temperatures are measured in order, so that a walk looks like a slope: the residuals alone would not show it.
    """
    kept = [(isotherm, g) for isotherm in isotherms if (g := zero_bias_S(isotherm)) is not None]
    if len(kept) < 3:
        return Quantity(None, None, ROOT_UNIT, why=f"{len(kept)} zero-bias conductances are too few for a line")
    root = np.sqrt([isotherm.temperature_K for isotherm, _ in kept])
    slope, _, error, _ = _line(root, in_conductance_quanta([g for _, g in kept]))
    times = np.array([0.0 if isotherm.time_s is None else float(isotherm.time_s.mean()) for isotherm, _ in kept])
    elapsed = times - times.min()
    weights = (root - root.mean()) / np.sum((root - root.mean()) ** 2)
    walk = drift_S_per_sqrt_s * np.sqrt(weights @ np.minimum(elapsed[:, None], elapsed) @ weights)
    return Quantity(slope, float(np.hypot(error, in_conductance_quanta(walk))), ROOT_UNIT, points=len(kept))


def zero_bias_S(isotherm: Isotherm) -> float | None:
    """Return G(0, T) in siemens from an even parabola over |v| <= 1.5; None with fewer than three points there."""
    v = reduced_bias(isotherm.bias_V, isotherm.temperature_K)
    rows = np.abs(v) <= ZERO_BIAS_REACH
    if rows.sum() < 3:
        return None
    squares, values = v[rows] ** 2, isotherm.conductance_S[rows]
    if np.ptp(squares) < 0.1:
        return float(values.mean())
    return _line(squares, values)[1]


def _lines_of_scaled_curves(isotherms: list[Isotherm], fit_range: tuple[float, float]) -> tuple[Quantity, Quantity]:
    slopes, intercepts, errors = [], [], []
    for isotherm in isotherms:
        at_zero = zero_bias_S(isotherm)
        root = np.sqrt(np.abs(reduced_bias(isotherm.bias_V, isotherm.temperature_K)))
        rows = (root >= fit_range[0]) & (root <= fit_range[1])
        # a curve that stops inside the range would be fitted over another one
        if at_zero is None or rows.sum() < MINIMUM_LINE_POINTS or np.ptp(root[rows]) < 0.8 * np.ptp(fit_range):
            continue
        scaled = in_conductance_quanta(isotherm.conductance_S[rows] - at_zero) / np.sqrt(isotherm.temperature_K)
        slope, intercept, slope_error, intercept_error = _line(root[rows], scaled)
        slopes.append(slope)
        intercepts.append(intercept)
        errors.append((slope_error, intercept_error))
    if not slopes:
        why = f"no isotherm of the window covers v^(1/2) from {fit_range[0]:g} to {fit_range[1]:g}"
        return Quantity(None, None, ROOT_UNIT, why=why), Quantity(None, None, ROOT_UNIT, why=why)
    return _mean_of_isotherms(slopes, errors[0][0]), _mean_of_isotherms(intercepts, errors[0][1])


def _mean_of_isotherms(values: list[float], error_of_one: float) -> Quantity:
    error = float(np.std(values, ddof=1)) if len(values) > 1 else error_of_one
    return Quantity(float(np.mean(values)), error, ROOT_UNIT, points=len(values))


def _line(x: Floats, y: Floats) -> tuple[float, float, float, float]:
    """Return slope, intercept and their standard errors of a straight line, the scatter taken from its residuals."""
    centre = x.mean()
    spread = float(np.sum((x - centre) ** 2))
    slope = float((x - centre) @ y) / spread
    intercept = float(y.mean() - slope * centre)
    variance = float(np.sum((y - slope * x - intercept) ** 2)) / max(1, x.size - 2)
    return (
        slope,
        intercept,
        float(np.sqrt(variance / spread)),
        float(np.sqrt(variance * (1 / x.size + centre**2 / spread))),
    )


def _ratio(numerator: Quantity, denominator: Quantity) -> Quantity:
    if numerator.value is None or denominator.value is None:
        return Quantity(None, None, "", why=numerator.why or denominator.why)
    if numerator.error is None or denominator.error is None or denominator.value <= 2.0 * denominator.error:
        return Quantity(None, None, "", why="B_sigma is not positive beyond its error: no dip that grows as T^(1/2)")
    value = numerator.value / denominator.value
    error = np.hypot(numerator.error, value * denominator.error) / denominator.value
    return Quantity(value, float(error), "", points=numerator.points)


def same_fit(
    curve: Callable[[Floats], Floats], a: float, fit_range: tuple[float, float] = FIT_RANGE
) -> tuple[float, float]:
    """Return slope and intercept of curve(A v) - 1 against v^(1/2), by the straight line of the data."""
    root = np.linspace(*fit_range, 101)
    slope, intercept, _, _ = _line(root, curve(a * root**2) - 1.0)
    return slope, intercept


def _model_intercept(ratio: Quantity, curve: Callable[[Floats], Floats], fit_range: tuple[float, float]) -> Quantity:
    if ratio.value is None or ratio.error is None:
        return Quantity(None, None, "", why=ratio.why)
    low, high = 1e-3, 30.0
    if not same_fit(curve, low, fit_range)[0] < ratio.value < same_fit(curve, high, fit_range)[0]:
        return Quantity(None, None, "", why=f"no A gives the model the fitted slope F0/B_sigma = {ratio.value:.3g}")
    wanted = ratio.value
    a = root_scalar(lambda value: same_fit(curve, value, fit_range)[0] - wanted, bracket=(low, high), xtol=1e-9).root
    slope, intercept = same_fit(curve, a, fit_range)
    nearby_slope, nearby_intercept = same_fit(curve, 1.001 * a, fit_range)
    error = abs((nearby_intercept - intercept) / (nearby_slope - slope)) * ratio.error
    return Quantity(intercept, float(error), "", why=f"A = {a:.3f}")


def _spread_scaling_function(reduced_bias: Floats) -> Floats:
    """Return the mean of Gamma(A v) over A spread evenly from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(SPREAD_NODES)
    values = scaling_function(0.5 * (nodes + 1.0) * np.asarray(reduced_bias)[..., None])
    return values @ (0.5 * weights)


def _kondo_temperature(fit: ExponentFit, b_sigma: Quantity) -> Quantity:
    """Return the lower bound from the departure's amplitude.

    Between its power law and its logarithm a TLS departs as -B T^(5/2) Gamma^5 / (20 T_K^2) (crossover function of the
    forward model). Amplitudes A_i that differ raise the departure at large v beyond that of one A, never lower it.
    """
    if b_sigma.value is None or b_sigma.value <= 0.0:
        return Quantity(None, None, "K", why=b_sigma.why or "B_sigma is not positive")
    crossover = fit.crossover
    amplitude = float(in_conductance_quanta(-crossover.amplitude + ONE_SIDED_95 * crossover.amplitude_error))
    if amplitude <= 0.0:
        return Quantity(None, None, "K", why="the curves do not bend towards saturation inside the data")
    return Quantity(
        float(np.sqrt(b_sigma.value / (20.0 * amplitude))),
        None,
        "K",
        ">=",
        "95 % bound from the departure from scaling",
    )


def _scaled(quantity: Quantity, factor: float, unit: str, bound: str) -> Quantity:
    if quantity.value is None:
        return Quantity(None, None, unit, why=quantity.why)
    return Quantity(quantity.value * factor, None, unit, bound, quantity.why)


def _delta_bound(kondo: Quantity, fit: ExponentFit) -> Quantity:
    if kondo.value is None:
        return Quantity(None, None, "K", why=kondo.why)
    lowest = min(isotherm.temperature_K for isotherm in fit.isotherms)
    return Quantity(
        float(np.sqrt(lowest * kondo.value)), None, "K", "<=", f"(T_min T_K)^(1/2) at T_min = {lowest:.3g} K, eq 28"
    )


def _tls_count(isotherms: list[Isotherm]) -> Quantity:
    coldest, warmest = isotherms[0], isotherms[-1]
    dip = zero_bias_S(coldest)
    if dip is None:
        return Quantity(None, None, "", why="the coldest isotherm has no points at zero bias")
    ends = np.abs(coldest.bias_V) >= 0.95 * np.abs(coldest.bias_V).max()
    amplitude = max(float(coldest.conductance_S[ends].mean()), zero_bias_S(warmest) or dip) - dip
    if amplitude <= 0.0:
        return Quantity(None, None, "", why="there is no dip at zero bias")
    count = float(np.ceil(amplitude / (QUANTA_A_TLS * CONDUCTANCE_QUANTUM_S)))
    return Quantity(count, None, "", ">=", f"{amplitude / CONDUCTANCE_QUANTUM_S:.3g} e2/h at 2 e2/h each")
