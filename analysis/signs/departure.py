"""Departure from scaling towards T_K and V_K, and the logarithms beyond (Cu.6a, Cu.7, eq 28).

The scaling curve is the master curve of the fit, continued as a + b v^alpha beyond its reach. A curve departs where it
differs from it by more than 3 sigma and by more than 5 % of B T^(1/2). For two-level systems of one T_K and one A that
is at e V_K = (kB T_K / A) (T / T_K)^(1/5), and G(0, T) leaves its line by 5 % at about 1.15 T_K.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.fit_result import ExponentFit, MasterCurve
from analysis.quantities import in_conductance_quanta, reduced_bias
from analysis.quantity import Quantity, missing
from analysis.scaling.collapsed import master_at
from analysis.signs.even_curve import EvenCurve

Floats = NDArray[np.float64]

SIGMAS = 3.0
SHARE = 0.05
ANCHOR_REDUCED_BIAS = 2.0
TAIL = 0.3
PHONON_THRESHOLD_V = 5e-3
BEYOND = 1.2
MINIMUM_LINE_POINTS = 3
SCALING_ALPHA = 0.5


@dataclass(frozen=True, slots=True)
class Departure:
    """Where scaling ends, and how conductance goes on.

    Attributes
    ----------
    crossover_bias_V : Quantity
        V_K: where the residual from the scaling curve exceeds 3 sigma and 5 % of B T^(1/2), median over the isotherms
        of the fit; a bound where it never does.
    kondo_temperature_K : Quantity
        T_K: where G(0, T) leaves the line of eq 22 by the same measure; a bound where it never does.
    departure_biases_V : tuple of Quantity
        The same as V_K of each isotherm, by temperature; `temperatures_K` beside.
    temperatures_K : tuple of float
    log_slope_bias : Quantity
        dG / d ln V beyond V_K and below 5 mV, in e2/h (Cu.7).
    log_slope_temperature : Quantity
        dG / d ln T beyond T_K at V = 0, in e2/h.
    delta_bound_K : Quantity
        Upper bound of the splitting of active TLSs, (T_min T_K)^(1/2) (eq 28).
    """

    crossover_bias_V: Quantity
    kondo_temperature_K: Quantity
    departure_biases_V: tuple[Quantity, ...]
    temperatures_K: tuple[float, ...]
    log_slope_bias: Quantity
    log_slope_temperature: Quantity
    delta_bound_K: Quantity


def find_departure(curves: Sequence[EvenCurve], fit: ExponentFit) -> Departure:
    """Find where the isotherms leave the scaling curve of `fit`.

    Parameters
    ----------
    curves : sequence of EvenCurve
        All isotherms of the fit's field, by temperature, over all their bias.
    fit : ExponentFit
    """
    curves = [curve for curve in curves if curve.reaches_zero]
    drift = fit.corrections.drift_S_per_sqrt_s or 0.0
    line = _zero_bias_line([curve for curve in curves if fit.window.holds(curve.temperature_K)], drift)
    if line is None:
        why = "no dip that grows as T^(1/2) over three isotherms of the window"
        none_V, none_K, none = missing("V", why), missing("K", why), missing("e2/h", why)
        return Departure(none_V, none_K, (), (), none, none, none_K)
    biases = tuple(_departure_bias(curve, fit, line.slope) for curve in curves)
    inside = [own for own, curve in zip(biases, curves, strict=True) if fit.window.holds(curve.temperature_K)]
    crossover = _median(inside)
    kondo = _kondo_temperature(curves, line, drift)
    return Departure(
        crossover,
        kondo,
        biases,
        tuple(curve.temperature_K for curve in curves),
        _log_slope_bias(curves[0], crossover),
        _log_slope_temperature(curves, kondo, drift),
        _delta_bound(kondo, min(curve.temperature_K for curve in curves)),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """G(0, T) = level + slope T^(1/2), in siemens, with covariance, and the mean time of its isotherms."""

    level: float
    slope: float
    covariance: Floats
    time_s: float


def _zero_bias_line(curves: Sequence[EvenCurve], drift: float) -> _Line | None:
    if len(curves) < 3:
        return None
    design = np.column_stack([np.ones(len(curves)), [curve.temperature_K**SCALING_ALPHA for curve in curves]])
    values = np.array([curve.conductance_S[0] for curve in curves])
    precision = np.linalg.inv(_zero_covariance(curves, drift))
    covariance = np.asarray(np.linalg.inv(design.T @ precision @ design), dtype=np.float64)
    level, slope = covariance @ design.T @ precision @ values
    rest = values - design @ [level, slope]
    covariance *= max(1.0, float(rest @ precision @ rest) / max(1, len(curves) - 2))
    if slope <= 2.0 * np.sqrt(covariance[1, 1]):
        return None
    return _Line(float(level), float(slope), covariance, _mean_time(curves))


def _mean_time(curves: Sequence[EvenCurve]) -> float:
    return float(np.mean([0.0 if curve.time_s is None else curve.time_s for curve in curves]))


def _zero_covariance(curves: Sequence[EvenCurve], drift: float) -> Floats:
    """Return the covariance of the zero-bias conductances: their own noise and the random walk between them."""
    times = np.array([0.0 if curve.time_s is None else curve.time_s for curve in curves])
    elapsed = times - times.min()
    own = np.diag([curve.zero_error_S**2 for curve in curves])
    return own + drift**2 * np.minimum(elapsed[:, None], elapsed)


def _scaling_curve(master: MasterCurve, alpha: float, v: Floats) -> tuple[Floats, Floats]:
    """Return F(v) - F(0) and its error in S / K^alpha; beyond the reach, the line in v^alpha through the last third."""
    reach = float(master.reduced_bias[-1])
    tail = master.reduced_bias >= TAIL * reach
    design = np.column_stack([np.ones(int(tail.sum())), master.reduced_bias[tail] ** alpha])
    coefficients = np.linalg.lstsq(design, master.value[tail], rcond=None)[0]
    # each form only where it holds: zero to a negative power is infinite
    inner, outer = np.minimum(v, reach), np.maximum(v, reach)
    values = np.where(v <= reach, master_at(master, inner), coefficients[0] + coefficients[1] * outer**alpha)
    error = np.interp(np.arcsinh(inner), np.arcsinh(master.reduced_bias), master.error)
    # an error of the slope at the end grows with the distance from it
    return values, error * np.maximum(1.0, (outer / reach) ** alpha)


def _departure_bias(curve: EvenCurve, fit: ExponentFit, slope_S: float) -> Quantity:
    """Return where one isotherm leaves the scaling curve; the bound is the end of its data."""
    v = reduced_bias(curve.bias_V, curve.temperature_K)
    scale = curve.temperature_K**fit.alpha
    values, error = _scaling_curve(fit.master_curve, fit.alpha, v)
    near = v <= max(ANCHOR_REDUCED_BIAS, v[1])
    # the level by least squares from the values near zero bias, taken off all of them
    precision = np.linalg.inv(curve.covariance_S2[np.ix_(near, near)]).sum(axis=0)
    mean = np.zeros(v.size)
    mean[near] = precision / precision.sum()
    rest = curve.conductance_S - scale * values
    transform = np.eye(v.size) - mean
    rest = transform @ rest
    misfit = max(1.0, curve.chi2 / curve.degrees_of_freedom)
    variance = misfit * np.einsum("ij,jk,ik->i", transform, curve.covariance_S2, transform)
    sigma = np.sqrt(np.maximum(variance, 0.0) + (scale * error) ** 2)
    limit = SHARE * slope_S * curve.temperature_K**SCALING_ALPHA
    size = np.abs(rest)
    is_beyond = (size > SIGMAS * sigma) & (size > limit) & ~near
    # for good: the next node must not take it back
    is_lasting = is_beyond & np.append(is_beyond[1:], True)
    if not is_lasting.any():
        return Quantity(
            float(curve.bias_V[-1]), None, "V", ">=", "no departure up to the end of the data", curve.points
        )
    index = int(np.argmax(is_lasting))
    # found by its significance, placed where it first passes its size: noise must not move it
    before = int(np.flatnonzero((size[:index] <= limit) | near[:index])[-1])
    step_V = curve.bias_V[before + 1] - curve.bias_V[before]
    rise = max((size[before + 1] - size[before]) / step_V, 1e-300)
    place = float(np.clip(curve.bias_V[before] + (limit - size[before]) / rise, *curve.bias_V[[before, before + 1]]))
    return Quantity(place, float(min(sigma[before + 1] / rise, step_V)), "V", points=curve.points)


def _median(biases: Sequence[Quantity]) -> Quantity:
    """Return the median departure; a bound where at least half of the isotherms give one only."""
    measured = [(own.value, own.error) for own in biases if own.value is not None and own.error is not None]
    if 2 * len(measured) <= len(biases):
        ends = [own.value for own in biases if own.bound and own.value is not None]
        return Quantity(max(ends), None, "V", ">=", "most isotherms scale up to the end of the data", len(biases))
    values, errors = np.transpose(measured)
    scatter = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    # a median of n values scatters by 1.25 over root n
    error = 1.2533 * max(scatter, float(np.median(errors))) / np.sqrt(len(measured))
    return Quantity(float(np.median(values)), float(error), "V", points=len(measured))


def _kondo_temperature(curves: Sequence[EvenCurve], line: _Line, drift: float) -> Quantity:
    """Return where G(0, T) leaves its line for good."""
    temperatures = np.array([curve.temperature_K for curve in curves])
    root = temperatures**SCALING_ALPHA
    rest = np.array([curve.conductance_S[0] for curve in curves]) - line.level - line.slope * root
    design = np.column_stack([np.ones(root.size), root])
    times = np.array([line.time_s if curve.time_s is None else curve.time_s for curve in curves])
    variance = np.einsum("ij,jk,ik->i", design, line.covariance, design)
    variance += [curve.zero_error_S**2 for curve in curves] + drift**2 * np.abs(times - line.time_s)
    sigma, share = np.sqrt(variance), np.abs(rest) / (line.slope * root)
    is_beyond = (np.abs(rest) > SIGMAS * sigma) & (share > SHARE)
    is_lasting = np.logical_and.accumulate(is_beyond[::-1])[::-1]
    if not is_lasting.any():
        return Quantity(float(temperatures[-1]), None, "K", ">=", "G(0, T) stays on its line", temperatures.size)
    index = int(np.argmax(is_lasting))
    if index == 0:
        return Quantity(
            float(temperatures[0]), None, "K", "<=", "G(0, T) is off its line throughout", temperatures.size
        )
    step = float(np.log(temperatures[index] / temperatures[index - 1]))
    rise = max((share[index] - share[index - 1]) / step, 1e-300)
    place = float(temperatures[index] * np.exp(-np.clip((share[index] - SHARE) / rise, 0.0, step)))
    error = min(sigma[index] / (line.slope * root[index]) / rise, step)
    return Quantity(place, float(place * error), "K", points=temperatures.size)


def _log_slope_bias(coldest: EvenCurve, crossover: Quantity) -> Quantity:
    if crossover.value is None or crossover.bound:
        return missing("e2/h", "no departure from scaling in bias to go beyond")
    rows = (coldest.bias_V > BEYOND * crossover.value) & (coldest.bias_V <= PHONON_THRESHOLD_V)
    if rows.sum() < MINIMUM_LINE_POINTS:
        return missing(
            "e2/h", f"the data end before a logarithm beyond V_K = {crossover.value * 1e3:.3g} mV could show"
        )
    return _log_line(
        np.log(coldest.bias_V[rows]), coldest.conductance_S[rows], coldest.covariance_S2[np.ix_(rows, rows)]
    )


def _log_slope_temperature(curves: Sequence[EvenCurve], kondo: Quantity, drift: float) -> Quantity:
    if kondo.value is None or kondo.bound:
        return missing("e2/h", "no departure of G(0, T) to go beyond")
    beyond = [curve for curve in curves if curve.temperature_K > kondo.value]
    if len(beyond) < 3:
        return missing("e2/h", f"{len(beyond)} isotherm(s) beyond T_K are too few for a slope")
    values = np.array([curve.conductance_S[0] for curve in beyond])
    return _log_line(np.log([curve.temperature_K for curve in beyond]), values, _zero_covariance(beyond, drift))


def _log_line(log: Floats, values_S: Floats, covariance_S2: Floats) -> Quantity:
    design = np.column_stack([np.ones(log.size), log])
    precision = np.linalg.inv(covariance_S2)
    covariance = np.linalg.inv(design.T @ precision @ design)
    data = values_S - values_S.mean()
    solution = covariance @ design.T @ precision @ data
    rest = data - design @ solution
    misfit = max(1.0, float(rest @ precision @ rest) / max(1, log.size - 2))
    error = np.sqrt(covariance[1, 1] * misfit)
    return Quantity(
        float(in_conductance_quanta(solution[1])),
        float(in_conductance_quanta(error)),
        "e2/h",
        why=f"chi2 per degree of freedom {misfit:.2g}",
        points=log.size,
    )


def _delta_bound(kondo: Quantity, coldest_K: float) -> Quantity:
    if kondo.value is None:
        return missing("K", kondo.why)
    value = float(np.sqrt(coldest_K * kondo.value))
    return Quantity(value, None, "K", "<=", f"(T_min T_K)^(1/2) at T_min = {coldest_K:.3g} K, eq 28", kondo.points)
