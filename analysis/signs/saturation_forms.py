"""The forms of a saturating anomaly, fitted to all isotherms together: eq 29 and the 2CK curve, of one or two terms.

In each, Teff = (T^2 + Tx^2)^(1/2) stands in place of T. Amplitudes are linear; the rest is searched for in logarithms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from analysis.kondo import scaling_function
from analysis.quantities import KELVIN_PER_VOLT, in_conductance_quanta
from analysis.quantity import Quantity, missing
from analysis.scaling.master_curve import first_harmonic_rule
from analysis.signs.even_curve import EvenCurve
from analysis.signs.shared_curve import KERNEL_NODES

Floats = NDArray[np.float64]
Shape = Callable[[Floats, Floats, Floats], Floats]

TX_STARTS = 10
LOG_RANGE = (-9.0, 7.0)
STEP = 1e-4
UNIT = "e2/h K^-1/2"


@dataclass(frozen=True, slots=True)
class SaturationFit:
    """One description of the saturation, fitted to all isotherms together.

    Attributes
    ----------
    form : str
        "free curve", "2CK curve" or "eq 29".
    tx_K : tuple of Quantity
        Saturation temperatures, rising.
    amplitude : tuple of Quantity
        Of each term, in e2/h K^-1/2; empty for the free curve.
    ratio : Quantity
        Width in units of Teff: r of eq 29 with 2 r Teff in place of 2 Tx (one in titanium sample 4), or A of the 2CK
        curve.
    chi2 : float
    degrees_of_freedom : int
    """

    form: str
    tx_K: tuple[Quantity, ...]
    amplitude: tuple[Quantity, ...]
    ratio: Quantity
    chi2: float
    degrees_of_freedom: int

    @property
    def misfit(self) -> float:
        """Chi-square per degree of freedom, at least one."""
        return max(1.0, self.chi2 / self.degrees_of_freedom)


@dataclass(frozen=True, slots=True)
class SaturationData:
    """Nodes of all isotherms in one row each, shifted by the lock-in's excitation: bias in kelvin, shape (n, s)."""

    bias_K: Floats
    temperature_K: Floats
    kernel: Floats
    weights: tuple[Floats, ...]
    weighted: Floats
    bounds: list[int]
    degrees_of_freedom: int

    @classmethod
    def of(cls, curves: Sequence[EvenCurve]) -> "SaturationData":
        """Stack the curves."""
        shifts, kernel = first_harmonic_rule(KERNEL_NODES)
        bias = [c.bias_V[:, None] + np.sqrt(2.0) * c.excitation_Vrms * shifts for c in curves]
        weights = tuple(c.weights() for c in curves)
        values = [w @ (c.conductance_S - c.conductance_S[0]) for w, c in zip(weights, curves, strict=True)]
        sizes = [c.bias_V.size for c in curves]
        return cls(
            np.concatenate(bias) * KELVIN_PER_VOLT,
            np.repeat([c.temperature_K for c in curves], sizes)[:, None],
            kernel,
            weights,
            np.concatenate(values),
            np.cumsum(sizes)[:-1].tolist(),
            sum(sizes) - len(curves),
        )

    def column(self, shape: Callable[[Floats, Floats], Floats]) -> Floats:
        """Return the weighted values of a function of bias and temperature, both in kelvin."""
        averaged = shape(self.bias_K, self.temperature_K) @ self.kernel
        parts = np.split(averaged, self.bounds)
        return np.concatenate([weight @ part for weight, part in zip(self.weights, parts, strict=True)])


@dataclass(frozen=True, slots=True)
class SaturationForm:
    """A named shape f(bias, Teff; ratio), both in kelvin; `ratio_start` of its one further parameter."""

    name: str
    shape: Shape
    ratio_start: float


def _root_law(bias_K: Floats, temperature_K: Floats, ratio: Floats) -> Floats:
    """Eq 29, with T -> r T: the width of a curve that scales differs from sample to sample."""
    return np.sqrt(np.hypot(bias_K, 2.0 * ratio * temperature_K))


def _kondo_law(bias_K: Floats, temperature_K: Floats, ratio: Floats) -> Floats:
    return np.sqrt(temperature_K) * scaling_function(ratio * bias_K / temperature_K)


EQ_29 = SaturationForm("eq 29", _root_law, 1.0)
KONDO = SaturationForm("2CK curve", _kondo_law, 0.3)


def _columns(data: SaturationData, form: SaturationForm, logs: Floats) -> Floats:
    """Return one weighted column a term; `logs` are ln of the ratio and of each Tx in kelvin."""
    ratio, *tx_K = np.exp(np.clip(logs, *LOG_RANGE))

    def column(tx_K: float) -> Floats:
        return data.column(lambda bias, temperature: form.shape(bias, np.hypot(temperature, tx_K), ratio))

    return np.column_stack([column(float(tx)) for tx in tx_K])


def _residual(data: SaturationData, form: SaturationForm, logs: Floats) -> Floats:
    columns = _columns(data, form, logs)
    return data.weighted - columns @ np.linalg.lstsq(columns, data.weighted, rcond=None)[0]


def fit_form(data: SaturationData, form: SaturationForm, terms: int) -> SaturationFit:
    """Fit ratio, Tx and amplitudes; errors from the curvature in all of them together."""
    start = _best_start(data, form, terms)
    found = least_squares(lambda logs: _residual(data, form, logs), start, method="lm", max_nfev=100)
    logs = found.x
    columns = _columns(data, form, logs)
    amplitudes = np.linalg.lstsq(columns, data.weighted, rcond=None)[0]
    slopes = [
        (_columns(data, form, logs + step) - _columns(data, form, logs - step)) @ amplitudes / (2.0 * STEP)
        for step in STEP * np.eye(logs.size)
    ]
    jacobian = np.column_stack([*slopes, columns])
    chi2 = 2.0 * float(found.cost)
    dof = max(1, data.degrees_of_freedom - jacobian.shape[1])
    # columns of very different size, one of which may say nothing at all
    size = np.maximum(np.linalg.norm(jacobian, axis=0), 1e-12)
    covariance = np.linalg.pinv((jacobian.T @ jacobian) / np.outer(size, size)) / np.outer(size, size)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0) * max(1.0, chi2 / dof))
    values = np.exp(np.clip(logs, *LOG_RANGE))
    order = np.argsort(logs[1:])
    isotherms = len(data.bounds) + 1
    return SaturationFit(
        form.name,
        tuple(
            Quantity(float(values[i + 1]), float(values[i + 1] * errors[i + 1]), "K", points=isotherms) for i in order
        ),
        tuple(
            Quantity(
                float(in_conductance_quanta(amplitudes[i])), float(in_conductance_quanta(errors[logs.size + i])), UNIT
            )
            for i in order
        ),
        Quantity(float(values[0]), float(values[0] * errors[0]), "", points=isotherms),
        chi2,
        dof,
    )


def _best_start(data: SaturationData, form: SaturationForm, terms: int) -> Floats:
    """Return the start with the lowest chi-square on a coarse grid of Tx."""
    low, high = np.log(0.3 * data.temperature_K.min()), np.log(0.4 * data.bias_K.max())
    grid = np.linspace(low, max(high, low + 1.0), TX_STARTS)
    ratio = np.log(form.ratio_start)
    columns = _columns(data, form, np.array([ratio, *grid]))

    def chi2(picked: tuple[int, ...]) -> float:
        part = columns[:, picked]
        moment = part.T @ data.weighted
        return -float(moment @ np.linalg.lstsq(part.T @ part, moment, rcond=None)[0])

    return np.array([ratio, *grid[list(min(combinations(range(grid.size), terms), key=chi2))]])


def fit_width(curve: EvenCurve) -> Quantity:
    """Fit eq 29 as printed to one isotherm: its Tx is T for a curve that scales with the usual A."""
    data = SaturationData.of([curve])
    start = np.log(max(curve.temperature_K, 0.05 * float(data.bias_K.max())))

    def column(log: Floats) -> Floats:
        tx = np.exp(np.clip(log[0], *LOG_RANGE))
        return data.column(lambda bias, _: _root_law(bias, tx, np.ones(())))

    def residual(log: Floats) -> Floats:
        shape = column(log)
        return data.weighted - shape * (shape @ data.weighted) / (shape @ shape)

    found = least_squares(residual, [start], method="lm", max_nfev=60)
    bend = float(np.sum(found.jac**2))
    misfit = max(1.0, 2.0 * float(found.cost) / max(1, data.degrees_of_freedom - 2))
    value = float(np.exp(np.clip(found.x[0], *LOG_RANGE)))
    if not (found.success and bend > 0.0 and np.sqrt(misfit / bend) < 1.0):
        return missing("K", f"the anomaly at {curve.temperature_K:.3g} K does not determine a width")
    return Quantity(value, float(value * np.sqrt(misfit / bend)), "K", points=curve.points)
