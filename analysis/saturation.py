"""Premature saturation of the V^(1/2) law (eq 29, Ti.3, Ti.4): a width of the anomaly that stops shrinking with T.

Three descriptions with Teff^2 = T^2 + Tx^2 in place of T, from the freest to the sharpest: one free curve,
Teff^alpha F(V / Teff); the 2CK curve Teff^(1/2) Gamma(A V / Teff); and the paper's form, eq 29. Whether there is a
saturation at all is asked of the first, which no choice of shape can deceive; its value comes from the sharpest one
that the data accept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, least_squares, minimize_scalar

from analysis.errors import WindowError
from analysis.even_curve import EvenCurve
from analysis.kondo import scaling_function
from analysis.master_curve import first_harmonic_rule
from analysis.quantities import KELVIN_PER_VOLT, in_conductance_quanta
from analysis.quantity import Quantity, missing
from analysis.shared_curve import KERNEL_NODES, SharedCurve, SharedCurveFit

Floats = NDArray[np.float64]
Shape = Callable[[Floats, Floats, Floats], Floats]

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
LOG_RANGE = (-9.0, 7.0)
ALPHA_RANGE = (-1.0, 3.0)
STEP = 1e-4
STEP_FREE = 0.1
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
    widths = tuple(_width(curve) for curve in curves)
    return replace(found, widths_K=widths, temperatures_K=tuple(curve.temperature_K for curve in curves))


def _narrowed(curves: Sequence[EvenCurve], share: float) -> list[EvenCurve]:
    warmest_K, limit_V = share * curves[-1].temperature_K, share * max(curve.bias_V[-1] for curve in curves)
    cut = [curve.up_to(limit_V) for curve in curves if curve.temperature_K <= warmest_K]
    return [curve for curve in cut if curve.bias_V.size >= MINIMUM_NODES]


def _search(curves: Sequence[EvenCurve]) -> Saturation:
    data = _Data.of(curves)
    plain, free, bound = _free_fits(curves)
    one = [_parametric(data, form, 1) for form in (_EQ_29, _KONDO)]
    two = _parametric(data, _EQ_29, 2)
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


@dataclass(frozen=True, slots=True)
class _Data:
    """Nodes of all isotherms in one row each, shifted by the lock-in's excitation: bias in kelvin, shape (n, s)."""

    bias_K: Floats
    temperature_K: Floats
    kernel: Floats
    weights: tuple[Floats, ...]
    weighted: Floats
    bounds: Floats
    degrees_of_freedom: int

    @classmethod
    def of(cls, curves: Sequence[EvenCurve]) -> "_Data":
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
            np.cumsum(sizes)[:-1],
            sum(sizes) - len(curves),
        )

    def column(self, shape: Callable[[Floats, Floats], Floats]) -> Floats:
        """Return the weighted values of a function of bias and temperature, both in kelvin."""
        averaged = shape(self.bias_K, self.temperature_K) @ self.kernel
        parts = np.split(averaged, self.bounds)
        return np.concatenate([weight @ part for weight, part in zip(self.weights, parts, strict=True)])


@dataclass(frozen=True, slots=True)
class _Form:
    """A named shape f(bias, Teff; ratio), both in kelvin; `ratio_start` of its one further parameter."""

    name: str
    shape: Shape
    ratio_start: float


def _root_law(bias_K: Floats, temperature_K: Floats, ratio: Floats) -> Floats:
    """Eq 29, with T -> r T: the width of a curve that scales differs from sample to sample."""
    return np.sqrt(np.hypot(bias_K, 2.0 * ratio * temperature_K))


def _kondo_law(bias_K: Floats, temperature_K: Floats, ratio: Floats) -> Floats:
    return np.sqrt(temperature_K) * scaling_function(ratio * bias_K / temperature_K)


_EQ_29 = _Form("eq 29", _root_law, 1.0)
_KONDO = _Form("2CK curve", _kondo_law, 0.3)


def _columns(data: _Data, form: _Form, logs: Floats) -> Floats:
    """Return one weighted column a term; `logs` are ln of the ratio and of each Tx in kelvin."""
    ratio, *tx_K = np.exp(np.clip(logs, *LOG_RANGE))

    def column(tx_K: float) -> Floats:
        return data.column(lambda bias, temperature: form.shape(bias, np.hypot(temperature, tx_K), ratio))

    return np.column_stack([column(float(tx)) for tx in tx_K])


def _residual(data: _Data, form: _Form, logs: Floats) -> Floats:
    columns = _columns(data, form, logs)
    return data.weighted - columns @ np.linalg.lstsq(columns, data.weighted, rcond=None)[0]


def _parametric(data: _Data, form: _Form, terms: int) -> SaturationFit:
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
    isotherms = data.bounds.size + 1
    return SaturationFit(
        form.name,
        tuple(Quantity(float(values[i + 1]), float(values[i + 1] * errors[i + 1]), "K", points=isotherms) for i in order),
        tuple(
            Quantity(float(in_conductance_quanta(amplitudes[i])), float(in_conductance_quanta(errors[logs.size + i])), UNIT)
            for i in order
        ),
        Quantity(float(values[0]), float(values[0] * errors[0]), "", points=isotherms),
        chi2,
        dof,
    )


def _best_start(data: _Data, form: _Form, terms: int) -> Floats:
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
    step = STEP_FREE
    for _ in range(2):
        bend = max(sum(fit(float(np.exp(place + s))).chi2 for s in (-step, step)) - 2.0 * lowest.chi2, 1e-3) / step**2
        step = float(np.clip(np.sqrt(2.0 / bend), 1e-3, 0.5))
    tx = Quantity(float(np.exp(place)), float(np.exp(place) * np.sqrt(2.0 * misfit / bend)), "K", points=len(curves))
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


def _width(curve: EvenCurve) -> Quantity:
    """Fit eq 29 as printed to one isotherm: its Tx is T for a curve that scales with the usual A."""
    data = _Data.of([curve])
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
