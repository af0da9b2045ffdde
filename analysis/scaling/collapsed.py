"""The data as the fit sees them: corrected, less each isotherm's own zero, over T^alpha, against v."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import OptimizeResult, minimize_scalar

from analysis.corrections import corrected_again
from analysis.curves import Curves, Isotherm
from analysis.fit_result import ExponentFit, MasterCurve
from analysis.kondo import broadened_scaling_function
from analysis.quantities import excitation_ratio, reduced_bias, thermal_voltage_V

Floats = NDArray[np.float64]

SAME_TEMPERATURE = 1e-6
MINIMUM_IN_BIN = 3
COUPLING_RANGE = (1e-3, 1e2)


@dataclass(frozen=True, slots=True)
class CollapsedIsotherm:
    """One isotherm on the scale of the collapse.

    Attributes
    ----------
    temperature_K : float
        Of the electrons.
    root_reduced_bias : array, shape (n,)
        (e|V| / kB T)^(1/2).
    scaled : array, shape (n,)
        [G(V,T) - G(0,T)] / T^alpha in S / K^alpha; G(0,T) is the offset of the fit, or the mean of the zero-bias
        readings where an isotherm lies outside the window. Inside the window G is less the departure from scaling
        that the fit took out.
    residual_S : array, shape (n,)
        Data minus fit; NaN outside the window.
    noise_S : float
        Noise of a point that the fit used; NaN for an isotherm outside the window.
    is_inside : bool array, shape (n,)
        Points that the fit used.
    direction : int8 array, shape (n,)
        +1 where the bias went up, -1 down, 0 unknown.
    """

    temperature_K: float
    root_reduced_bias: Floats
    scaled: Floats
    residual_S: Floats
    noise_S: float
    is_inside: NDArray[np.bool_]
    direction: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class UniversalCurve:
    """The 2CK curve B [Gamma(A v) - Gamma(0)] that comes nearest to a master curve.

    `coupling` is A, `amplitude` is B in S / K^alpha; `value` has the shape (n,) of the master curve.
    """

    coupling: float
    amplitude: float
    value: Floats


def collapsed_isotherms(curves: Curves, fit: ExponentFit) -> tuple[CollapsedIsotherm, ...]:
    """Return all isotherms of the fit's field on the scale of the collapse, by temperature."""
    isotherms = corrected_again(curves.isotherms(fit.window.field_T), fit.corrections)
    return tuple(_collapsed(isotherm, fit) for isotherm in isotherms)


def master_at(master: MasterCurve, v: Floats) -> Floats:
    """Return the master curve at any |v| inside its range, NaN beyond; shape (n,), in S / K^alpha."""
    interpolated = PchipInterpolator(np.arcsinh(master.reduced_bias), master.value, extrapolate=False)
    return interpolated(np.arcsinh(np.abs(v)))


def zero_bias_rows(isotherm: Isotherm) -> Isotherm:
    """Return the anchors; without any, the points within a quarter of the thermal voltage, at least the nearest."""
    if isotherm.is_anchor.any():
        return isotherm.select(isotherm.is_anchor)
    size = np.abs(isotherm.bias_V)
    return isotherm.select(size <= max(0.25 * float(thermal_voltage_V(isotherm.temperature_K)), float(size.min())))


def universal_curve(fit: ExponentFit) -> UniversalCurve:
    """Fit A and B of one two-level system to the master curve, by least squares with even weights in root v.

    Where the fit left the excitation in the master curve, the universal curve is broadened by the same excitation.
    """
    v, value = fit.master_curve.reduced_bias, fit.master_curve.value
    excitation = fit.corrections.excitation_Vrms
    ratio = 0.0
    if excitation is not None and not fit.corrections.is_kernel_applied:
        temperatures = [isotherm.temperature_K for isotherm in fit.isotherms]
        ratio = float(np.mean(excitation_ratio(np.array(excitation), np.array(temperatures))))
    weight = np.gradient(np.sqrt(v))

    def shape(coupling: float) -> Floats:
        gamma = broadened_scaling_function(coupling * v, coupling * ratio)
        return gamma - gamma[0]

    def amplitude(curve: Floats) -> float:
        return float(np.sum(weight * curve * value) / np.sum(weight * curve**2))

    def misfit(log_coupling: float) -> float:
        curve = shape(float(np.exp(log_coupling)))
        return float(np.sum(weight * (value - amplitude(curve) * curve) ** 2))

    found: OptimizeResult = minimize_scalar(misfit, bounds=np.log(COUPLING_RANGE), method="bounded")  # type: ignore[assignment]
    coupling = float(np.exp(found["x"]))
    best = shape(coupling)
    return UniversalCurve(coupling, amplitude(best), amplitude(best) * best)


def binned_residual(isotherm: CollapsedIsotherm, edges: Sequence[float] | Floats) -> tuple[Floats, Floats, Floats]:
    """Return centre in root v, mean residual and its standard error in S, shape (m,), of bins with 3 points or more."""
    inside = isotherm.is_inside
    root, residual = isotherm.root_reduced_bias[inside], isotherm.residual_S[inside]
    bins = np.digitize(root, edges)
    counts = np.bincount(bins)
    occupied = np.flatnonzero(counts >= MINIMUM_IN_BIN)
    counts = counts[occupied]
    centre = np.bincount(bins, root)[occupied] / counts
    mean = np.bincount(bins, residual)[occupied] / counts
    return centre, mean, isotherm.noise_S / np.sqrt(counts)


def _collapsed(isotherm: Isotherm, fit: ExponentFit) -> CollapsedIsotherm:
    temperature_K = isotherm.temperature_K
    own = next((part for part in fit.isotherms if abs(part.temperature_K / temperature_K - 1) < SAME_TEMPERATURE), None)
    return collapse_isotherm(isotherm, fit, own.offset_S if own else None, own.noise_S if own else float("nan"))


def collapse_isotherm(
    isotherm: Isotherm, fit: ExponentFit, offset_S: float | None, noise_S: float
) -> CollapsedIsotherm:
    """Return one corrected isotherm on the scale of the collapse; `offset_S` is None if the fit did not use it."""
    temperature_K = isotherm.temperature_K
    sweep = isotherm.select(~isotherm.is_anchor)
    v = np.abs(reduced_bias(sweep.bias_V, temperature_K))
    window = fit.window
    is_inside = np.full(v.size, offset_S is not None) & (np.abs(sweep.bias_V) <= window.bias_max_V)
    if window.reduced_bias_max is not None:
        is_inside &= v <= window.reduced_bias_max
    if offset_S is None:
        offset_S = float(np.mean(zero_bias_rows(isotherm).conductance_S))
    departure_S = fit.crossover.applied_S(v, temperature_K)
    scale = temperature_K**fit.alpha
    # outside the window the departure is shown, not extrapolated
    scaled = (sweep.conductance_S - np.where(is_inside, departure_S, 0.0) - offset_S) / scale
    residual_S = (scaled - master_at(fit.master_curve, v)) * scale
    return CollapsedIsotherm(
        temperature_K,
        np.sqrt(v),
        scaled,
        np.where(is_inside, residual_S, np.nan),
        noise_S,
        is_inside,
        sweep.direction,
    )
