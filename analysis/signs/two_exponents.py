"""The general scaling form of eq 11 with alpha != beta: G(V,T) - G(0,T) = T^alpha F(V / T^(alpha/beta)).

General arguments want alpha = beta (section VI.A); the paper tried the general form too, and found scaling along
beta - 1/2 = (alpha - 1/2) / 2 for alpha from 0.2 to 0.8, a narrow valley. Here the valley is the correlation of the
two errors.

Along the valley a departure towards the Kondo temperature costs nothing: fitted without one, a T_K of 8 to 16 K makes
alpha .474 and beta .481. So its leading term is fitted beside the free curve, in the forms of `scaling.crossover`,
and what it takes from the information on alpha and beta is in their errors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.errors import WindowError
from analysis.quantities import thermal_voltage_V
from analysis.quantity import Quantity, missing
from analysis.scaling.crossover import LIKELIHOOD_POWER, OMEGAS
from analysis.scaling.likelihood import SIGNAL_SIGMAS
from analysis.scaling.systematics import smooth_variance
from analysis.signs.even_curve import EvenCurve
from analysis.signs.shared_curve import SharedCurve, SharedCurveFit

Floats = NDArray[np.float64]

START = (0.5, 1.0)
FIRST_STEPS = np.array([(0.0, 0.0), (0.1, 0.0), (0.0, 0.1)])
SMALLER = 0.2
FORMS = OMEGAS[::2]
STEP_SIGMA = 0.5
FIRST_STEP = 0.02
LEAST_RATIO = 1e-3


@dataclass(frozen=True, slots=True)
class TwoExponents:
    """Both exponents with their errors.

    Attributes
    ----------
    alpha, beta : Quantity
    correlation : float
        Of their errors.
    chi2 : float
        At the minimum, for the likeliest form of the departure.
    degrees_of_freedom : int
    delta_chi2_equal : float
        Rise of chi-square, in units of chi-square per degree of freedom, if alpha = beta.
    is_converged : bool
    why : str
    """

    alpha: Quantity
    beta: Quantity
    correlation: float
    chi2: float
    degrees_of_freedom: int
    delta_chi2_equal: float
    is_converged: bool
    why: str


def fit_two_exponents(curves: Sequence[EvenCurve], temperature_accuracy_fraction: float = 0.0) -> TwoExponents:
    """Fit alpha and beta to the isotherms of a scaling window.

    Chi-square is profiled over the free curve, the departure and the levels; its curvature at the minimum gives the
    errors, scaled by the root of chi-square per degree of freedom where that is above one. Mean and spread over the
    forms of the departure are weighted as in the fit of the one exponent.

    Parameters
    ----------
    curves : sequence of EvenCurve
    temperature_accuracy_fraction : float
        1-sigma error of the thermometer. The covariance of the curves holds it where it is independent from isotherm to
        isotherm; what it does as a smooth function of ln T is added here.

    Raises
    ------
    WindowError
        For fewer than three isotherms: with two, every ratio of the scales has its ratio of the units.
    """
    if len(curves) < 3:
        raise WindowError(f"alpha and beta apart need three isotherms, the window holds {len(curves)}")
    weights = tuple(curve.weights() for curve in curves)
    minima: list[_Minimum] = []
    for omega in FORMS:
        minima.append(_Problem(tuple(curves), weights, omega).minimum(minima[-1].point if minima else None))
    found = [minimum for minimum in minima if minimum.is_converged]
    best = min(found or minima, key=lambda minimum: minimum.fit.chi2)
    if not found:
        why = "chi-square has no minimum in alpha and beta: no anomaly beyond the noise, or no scaling"
        return TwoExponents(missing("", why), missing("", why), 0.0, best.fit.chi2, best.freedom, 0.0, False, why)
    likelihood = np.exp(-0.5 * LIKELIHOOD_POWER / best.misfit * np.array([m.fit.chi2 - best.fit.chi2 for m in found]))
    shares = likelihood / likelihood.sum()
    exponents = np.array([minimum.exponents for minimum in found])
    mean = shares @ exponents
    covariance = np.einsum("f,fij->ij", shares, [minimum.covariance() for minimum in found])
    covariance += (exponents - mean).T @ ((exponents - mean) * shares[:, None])
    covariance += best.thermometer_covariance(temperature_accuracy_fraction)
    errors = np.sqrt(np.diag(covariance))
    alpha, beta = (
        Quantity(float(value), float(error), "", points=len(curves)) for value, error in zip(mean, errors, strict=True)
    )
    rise = max(0.0, best.problem.equal_chi2(alpha.value or 0.0) - best.fit.chi2) / best.misfit
    correlation = float(covariance[0, 1] / errors.prod())
    return TwoExponents(alpha, beta, correlation, best.fit.chi2, best.freedom, rise, True, "")


@dataclass(frozen=True, slots=True)
class _Problem:
    """Chi-square of a point (alpha, alpha / beta) for one form of the departure."""

    curves: tuple[EvenCurve, ...]
    weights: tuple[Floats, ...]
    omega: float

    def fit(self, point: Floats) -> SharedCurveFit:
        log_t = np.log([curve.temperature_K for curve in self.curves])
        unit_V = float(thermal_voltage_V(np.exp(log_t.mean())))
        log_t -= log_t.mean()
        shared = SharedCurve.for_units(self.curves, unit_V * np.exp(point[1] * log_t), self.weights, (self.omega,))
        return shared.fit(np.exp(point[0] * log_t))

    def chi2(self, point: Floats) -> float:
        return self.fit(point).chi2

    def equal_chi2(self, start: float) -> float:
        """Return the least chi-square with alpha = beta."""
        found = minimize(
            lambda own: self.chi2(np.array([own[0], 1.0])), [start], method="Nelder-Mead", options={"xatol": 1e-5}
        )
        return float(found.fun)

    def minimum(self, near: Floats | None) -> "_Minimum":
        """Search from the minimum of another form of the departure, or from afar."""
        simplex = START + FIRST_STEPS if near is None else near + SMALLER * FIRST_STEPS
        options = {"xatol": 1e-4, "fatol": 1e-3, "initial_simplex": simplex}
        found = minimize(self.chi2, simplex[0], method="Nelder-Mead", options=options)
        return _Minimum(self, found.x, self.fit(found.x), bool(found.success), *_bend(self.chi2, found.x))

    def with_temperature(self, index: int, factor: float) -> "_Problem":
        """Return the problem with one isotherm's temperature changed."""
        changed = list(self.curves)
        changed[index] = replace(changed[index], temperature_K=factor * changed[index].temperature_K)
        return replace(self, curves=tuple(changed))


@dataclass(frozen=True, slots=True)
class _Minimum:
    """Where chi-square is lowest, with the steps that resolve it there, shape (2,), and its second derivatives."""

    problem: _Problem
    point: Floats
    fit: SharedCurveFit
    is_found: bool
    steps: Floats
    hessian: Floats

    @property
    def is_converged(self) -> bool:
        """Say whether this is a minimum, of curves that depend on bias more than chance lets functions explain."""
        is_lowest = bool(np.all(np.linalg.eigvalsh(self.hessian) > 0.0))
        size = self.fit.coefficients.size
        is_signal = self.fit.explained > self.misfit * (size + SIGNAL_SIGMAS * (2.0 * size) ** 0.5)
        return self.is_found and is_lowest and is_signal and self.point[0] > 0.0 and abs(self.point[1]) > LEAST_RATIO

    @property
    def freedom(self) -> int:
        return max(1, self.fit.degrees_of_freedom - self.point.size)

    @property
    def misfit(self) -> float:
        return max(1.0, self.fit.chi2 / self.freedom)

    @property
    def exponents(self) -> Floats:
        """Alpha and beta."""
        return np.array([self.point[0], self.point[0] / self.point[1]])

    @property
    def _of_point(self) -> Floats:
        """The derivatives of alpha and beta by the point."""
        alpha, ratio = self.point
        return np.array([[1.0, 0.0], [1.0 / ratio, -alpha / ratio**2]])

    def covariance(self) -> Floats:
        """Return the covariance of alpha and beta by noise, drift and independent errors of the thermometer."""
        return self._of_point @ (2.0 * self.misfit * np.linalg.inv(self.hessian)) @ self._of_point.T

    def thermometer_covariance(self, accuracy: float) -> Floats:
        """Return the covariance of alpha and beta for a thermometer that errs as a smooth function of ln T."""
        changed = [self.problem.with_temperature(index, 1.0 + accuracy) for index in range(len(self.problem.curves))]
        slopes = np.array([_slope(problem.chi2, self.point, self.steps) for problem in changed])
        slopes -= _slope(self.problem.chi2, self.point, self.steps)
        moves = -slopes @ np.linalg.inv(self.hessian) @ self._of_point.T
        return smooth_variance(moves, np.log([curve.temperature_K for curve in self.problem.curves]))


def _slope(chi2: Callable[[Floats], float], point: Floats, steps: Floats) -> Floats:
    rises = [chi2(point + step) - chi2(point - step) for step in np.diag(steps)]
    return np.array(rises) / (2.0 * steps)


def _bend(chi2: Callable[[Floats], float], point: Floats) -> tuple[Floats, Floats]:
    """Return steps of half a standard error, so that rounding does not matter, and second derivatives over them."""
    steps = np.full(2, FIRST_STEP)
    centre = chi2(point)

    def rises() -> Floats:
        return np.array([chi2(point + step) + chi2(point - step) - 2.0 * centre for step in np.diag(steps)])

    for _ in range(3):
        second = rises()
        steps = np.where(second > 0.0, steps * STEP_SIGMA * np.sqrt(2.0 / np.maximum(second, 1e-12)), steps)
        steps = np.clip(steps, 1e-5, 0.3)
    one, two = np.diag(steps)
    mixed = chi2(point + one + two) + chi2(point - one - two) - chi2(point + one - two) - chi2(point - one + two)
    off = mixed / (4.0 * steps.prod())
    second = rises() / steps**2
    return steps, np.array([[second[0], off], [off, second[1]]])
