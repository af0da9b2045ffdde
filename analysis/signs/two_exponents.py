"""The general scaling form of eq 11 with alpha != beta: G(V,T) - G(0,T) = T^alpha F(V / T^(alpha/beta)).

General arguments want alpha = beta (section VI.A); the paper tried the general form too, and found scaling along
beta - 1/2 = (alpha - 1/2) / 2 for alpha from 0.2 to 0.8, a narrow valley. Here the valley is the correlation of the
two errors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.errors import WindowError
from analysis.quantities import thermal_voltage_V
from analysis.quantity import Quantity, missing
from analysis.signs.even_curve import EvenCurve
from analysis.signs.shared_curve import SharedCurve, SharedCurveFit

Floats = NDArray[np.float64]

START = (0.5, 1.0)
REACH = 3.0
STEP_SIGMA = 0.5
FIRST_STEP = 0.02


@dataclass(frozen=True, slots=True)
class TwoExponents:
    """Both exponents with their errors.

    Attributes
    ----------
    alpha, beta : Quantity
    correlation : float
        Of their errors.
    chi2 : float
        At the minimum.
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


def fit_two_exponents(curves: Sequence[EvenCurve]) -> TwoExponents:
    """Fit alpha and beta to the isotherms of a scaling window.

    Chi-square is profiled over the free curve and the levels; its curvature at the minimum gives the errors, scaled by
    the root of chi-square per degree of freedom where that is above one.

    Raises
    ------
    WindowError
        For fewer than three isotherms: with two, every ratio of the scales has its ratio of the units.
    """
    if len(curves) < 3:
        raise WindowError(f"alpha and beta apart need three isotherms, the window holds {len(curves)}")
    temperatures = np.array([curve.temperature_K for curve in curves])
    log_t = np.log(temperatures) - np.mean(np.log(temperatures))
    unit_V = float(thermal_voltage_V(np.exp(np.mean(np.log(temperatures)))))
    weights = [curve.weights() for curve in curves]

    def fit(alpha: float, ratio: float) -> SharedCurveFit:
        return SharedCurve.for_units(curves, unit_V * np.exp(ratio * log_t), weights).fit(np.exp(alpha * log_t))

    def chi2(point: Floats) -> float:
        return fit(*point).chi2

    found = minimize(
        chi2, START, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-3, "initial_simplex": _simplex()}
    )
    alpha, ratio = (float(value) for value in found.x)
    best = fit(alpha, ratio)
    dof = max(1, best.degrees_of_freedom - 2)
    misfit = max(1.0, best.chi2 / dof)
    hessian = _hessian(chi2, found.x)
    if not (found.success and np.all(np.linalg.eigvalsh(hessian) > 0.0) and alpha > 0.0 and abs(ratio) > 1e-3):
        why = "chi-square has no minimum in alpha and beta: no anomaly beyond the noise, or no scaling"
        return TwoExponents(missing("", why), missing("", why), 0.0, best.chi2, dof, 0.0, False, why)
    covariance = 2.0 * misfit * np.linalg.inv(hessian)
    # beta = alpha / ratio
    jacobian = np.array([[1.0, 0.0], [1.0 / ratio, -alpha / ratio**2]])
    covariance = jacobian @ covariance @ jacobian.T
    errors = np.sqrt(np.diag(covariance))
    equal = minimize(lambda a: chi2(np.array([a[0], 1.0])), [alpha], method="Nelder-Mead", options={"xatol": 1e-5})
    return TwoExponents(
        Quantity(alpha, float(errors[0]), "", points=len(curves)),
        Quantity(alpha / ratio, float(errors[1]), "", points=len(curves)),
        float(covariance[0, 1] / errors.prod()),
        best.chi2,
        dof,
        max(0.0, (float(equal.fun) - best.chi2) / misfit),
        True,
        "",
    )


def _simplex() -> Floats:
    return np.array([START, (START[0] + 0.1, START[1]), (START[0], START[1] + 0.1)])


def _hessian(chi2: Callable[[Floats], float], point: Floats) -> Floats:
    """Return second derivatives by differences over half a standard error, so that rounding does not matter."""
    steps = np.full(2, FIRST_STEP)
    centre = chi2(point)
    for _ in range(3):
        second = np.array([chi2(point + step) + chi2(point - step) - 2.0 * centre for step in np.diag(steps)])
        steps = np.where(second > 0.0, steps * STEP_SIGMA * np.sqrt(2.0 / np.maximum(second, 1e-12)), steps)
        steps = np.clip(steps, 1e-5, 0.3)
    one, two = np.diag(steps)
    mixed = chi2(point + one + two) + chi2(point - one - two) - chi2(point + one - two) - chi2(point - one + two)
    second = np.array([chi2(point + s) + chi2(point - s) - 2.0 * centre for s in (one, two)])
    off = mixed / (4.0 * steps.prod())
    return np.array([[second[0] / steps[0] ** 2, off], [off, second[1] / steps[1] ** 2]])
