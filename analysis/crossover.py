"""The crossover to the Kondo temperature, which bends alpha long before chi-square complains.

A T_K of 8 to 16 K lowers alpha to 0.483 in a window of 1.5 K and 0.8 mV at chi2 per dof of 1.03. The leading departure
is a second function beside the master curve, T^(alpha + omega) H(v). Left free, H would eat all information on alpha;
but G must not depend on T for eV >> kB T at any order, which fixes its asymptote and leaves one amplitude. Where the
data go beyond the window it is measured there, in a window up to 1.6 times as wide, for it grows as E^(2.5); so wide
only as its own chi-square allows. The exponent omega is not known: the mean of omega = 1 and 2 is used, and the error
is that of a value spread evenly between them. Both bracket 1/2 for T_K from 4 to 16 K, one A or a spread of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Window
from analysis.fit_result import Crossover, CrossoverForm
from analysis.likelihood import ExponentMinimum
from analysis.problem import CrossoverTerm, Problem
from analysis.quantities import reduced_bias

Floats = NDArray[np.float64]

OMEGAS = (1.0, 2.0)
SIGNIFICANCE_SCALE = 12.0
SIGNIFICANCE_POWER = 4
WIDENING = (1.6, 1.3)
MORE_POINTS = 1.05
MAXIMUM_MISFIT = 1.2
SHAPE_GRID = np.geomspace(0.03, 3.0, 61)


@dataclass(frozen=True, slots=True)
class _Amplitude:
    """One form fitted: its amplitude in S / K^(alpha + omega), for temperatures over `reference_K`."""

    term: CrossoverTerm
    alpha: float
    reference_K: float
    value: float
    error: float
    significance: float
    chi2_per_dof: float


def wider_windows(window: Window) -> tuple[Window, ...]:
    """Return the windows in which the departure may be measured, widest first."""
    return tuple(
        replace(
            window,
            temperature_max_K=factor * window.temperature_max_K,
            bias_max_V=factor * window.bias_max_V,
            reduced_bias_max=None if window.reduced_bias_max is None else factor * window.reduced_bias_max,
        )
        for factor in WIDENING
    )


def find_crossover(
    problem: Problem, wider: Sequence[Problem], drift_S2_per_s: float, plain: ExponentMinimum
) -> tuple[Crossover, Problem]:
    """Measure the leading departure and return it with the problem whose data are rid of the applied part.

    Parameters
    ----------
    problem : Problem
        The window of the fit.
    wider : sequence of Problem
        Wider windows of the same data, widest first; the first that holds more points and is described is used.
    drift_S2_per_s, plain
        Drift rate, and the minimum of `problem` with it.
    """
    fits = _measure(problem, wider, drift_S2_per_s, plain)
    significance = float(np.mean([fit.significance for fit in fits]))
    # without a departure, chance must not be corrected for: it would add a tenth to the scatter of alpha
    applied = 1.0 / (1.0 + (SIGNIFICANCE_SCALE / significance) ** SIGNIFICANCE_POWER) if significance > 0.0 else 0.0
    departures = [_departures(problem, fit) for fit in fits]
    alphas = [
        _less(problem, departure, 1.0).profile(drift_S2_per_s).minimum(plain.alpha).alpha for departure in departures
    ]
    shifts = np.array(alphas) - plain.alpha
    relative_errors = [fit.error / abs(fit.value) if fit.value else 0.0 for fit in fits]
    quadratic = fits[-1]
    to_kelvin = quadratic.reference_K ** -(quadratic.alpha + quadratic.term.omega)
    crossover = Crossover(
        plain.alpha,
        float(shifts.mean()),
        float(np.mean(np.abs(shifts) * relative_errors)),
        float(np.ptp(shifts) / np.sqrt(12.0)),
        significance,
        applied,
        quadratic.value * to_kelvin,
        quadratic.error * to_kelvin,
        quadratic.term.scale,
        tuple(_form(fit) for fit in fits),
    )
    mean = [np.mean(parts, axis=0) for parts in zip(*departures, strict=True)]
    return crossover, _less(problem, mean, applied)


def crossover_error(crossover: Crossover) -> float:
    """Return the standard error that the crossover leaves: of the part applied and of the part not applied."""
    part = crossover.applied_fraction
    return float(
        np.sqrt(
            (part * crossover.shift_error) ** 2
            + (part * crossover.shift_ambiguity) ** 2
            + ((1.0 - part) * crossover.shift) ** 2
        )
    )


def shape_scale(problem: Problem, plain: ExponentMinimum) -> float:
    """Return the p for which (1 + (p v)^2)^(alpha / 2) - 1 is most like the fitted master curve."""
    v = np.sinh(np.linspace(0.0, np.arcsinh(problem.basis.maximum_v), 80))
    values = problem.basis.evaluate(v) @ plain.coefficients
    values = values - values[0]
    power = max(plain.alpha, 0.1) / 2.0
    misfits = []
    for scale in SHAPE_GRID:
        form = np.expm1(power * np.log1p((scale * v) ** 2))
        misfits.append(np.sum((values - form * (form @ values) / (form @ form)) ** 2))
    return float(SHAPE_GRID[int(np.argmin(misfits))])


def _measure(problem: Problem, wider: Sequence[Problem], drift: float, plain: ExponentMinimum) -> list[_Amplitude]:
    """Fit both forms in the widest window that they describe; the window of the fit itself is the last resort."""
    for wide in wider:
        if wide.points < MORE_POINTS * problem.points:
            continue
        minimum = wide.profile(drift).minimum(plain.alpha)
        fits = _fits(wide, drift, minimum)
        if fits and min(fit.chi2_per_dof for fit in fits) <= MAXIMUM_MISFIT:
            return fits
    nothing = CrossoverTerm(OMEGAS[-1], 1.0, plain.alpha)
    return _fits(problem, drift, plain) or [_Amplitude(nothing, plain.alpha, 1.0, 0.0, 0.0, 0.0, 0.0)]


def _fits(problem: Problem, drift: float, plain: ExponentMinimum) -> list[_Amplitude]:
    """Fit both forms; nothing if alpha is not determined beside them."""
    if plain.curvature <= 0.0:
        return []
    scale = shape_scale(problem, plain)
    fits = []
    for omega in OMEGAS:
        term = CrossoverTerm(omega, scale, plain.alpha)
        profile = problem.with_terms((term,)).profile(drift)
        minimum = profile.minimum(plain.alpha)
        if not minimum.is_converged:
            return []
        chi2_per_dof = minimum.chi2 / (problem.degrees_of_freedom - 1)
        misfit = max(1.0, chi2_per_dof)
        fits.append(
            _Amplitude(
                term,
                minimum.alpha,
                problem.reference_K,
                float(minimum.coefficients[-1]),
                float(np.sqrt(misfit * profile.joint_variance(minimum)[-1])),
                max(0.0, plain.chi2 - minimum.chi2) / misfit,
                chi2_per_dof,
            )
        )
    return fits


def _form(fit: _Amplitude) -> CrossoverForm:
    """Return a fitted form for temperatures in kelvin instead of over the reference."""
    power = fit.alpha + fit.term.omega
    amplitude = fit.value * fit.reference_K**-power
    return CrossoverForm(fit.term.omega, fit.alpha, amplitude, fit.term.scale, fit.term.alpha + fit.term.omega)


def _departures(problem: Problem, fit: _Amplitude) -> list[Floats]:
    """Return the fitted departure at the points of each isotherm, in siemens."""
    departures = []
    for isotherm in problem.isotherms:
        v = reduced_bias(isotherm.bias_V, isotherm.temperature_K)
        log_t = float(np.log(isotherm.temperature_K / fit.reference_K))
        departures.append(fit.value * np.exp(fit.alpha * log_t) * fit.term.evaluate(v, log_t))
    return departures


def _less(problem: Problem, departures: Sequence[Floats], fraction: float) -> Problem:
    """Return the problem with a fraction of the departures subtracted from its data."""
    return problem.with_data(
        tuple(
            replace(isotherm, conductance_S=isotherm.conductance_S - fraction * departure)
            for isotherm, departure in zip(problem.isotherms, departures, strict=True)
        )
    )
