"""The mechanisms as hypotheses: each forward model fitted to the even curves of a run, and what it costs.

A model is a set of columns whose amplitudes are found by least squares (not negative where physics says so), or one
column with one or two shape parameters found by search. A contact holds an unknown set of two-level systems, hence
mixtures over A, T_K and splitting for two-channel Kondo, over splitting and geometry for Kozub and Kulik.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.optimize import minimize, nnls

from analysis.kondo import scaling_function
from analysis.mechanisms import kondo_crossover
from analysis.mechanisms_kondo import MagneticKondo, SaturatedPowerLaw
from analysis.mechanisms_rivals import (
    ExternalCircuit,
    KozubKulik,
    disorder_scaling_function,
    effective_temperature_K,
)
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_VOLT, reduced_bias
from analysis.whitened import WhitenedCurves, excitation_places

Floats = NDArray[np.float64]
Columns = Callable[[Floats, Floats], Floats]

SCALES_A = (0.0, 0.05, 0.12, 0.2, 0.28, 0.38, 0.52, 0.72, 1.0)
KONDO_K = (3.0, 5.0, 8.0, 13.0, 25.0, 200.0)
SPLIT_SCALES_A = (0.06, 0.16, 0.28, 0.45, 0.72, 1.0)
SPLIT_KONDO_K = (4.0, 9.0, 20.0, 200.0)
SATURATIONS_K = (0.12, 0.2, 0.33, 0.55, 0.9, 1.5, 2.5, 4.0, 7.0)
REFINEMENTS = 3
LOWEST_KONDO_K = 2.0
HIGHEST_A = 1.2
RESONANCE_KONDO_K = np.geomspace(0.15, 100.0, 27)
RESONANCE_WEIGHTS = (0.04, 0.08, 0.12, 0.16, 0.2, 0.25, 0.32)
LEVEL_SPLITTINGS_K = np.geomspace(0.2, 40.0, 24)
LEVEL_GEOMETRIES = (0.15, 0.3, 0.5)
MAXIMUM_LEVELS = 8
LEVEL_COST = 10.0
EXPONENTS = np.linspace(0.05, 2.0, 40)
MAP_KNOT_SPACING = 0.45


@dataclass(frozen=True, slots=True)
class ModelFit:
    """A hypothesis fitted.

    Attributes
    ----------
    mechanism : str
    chi2 : float
    parameters : int
        How many were free, amplitudes that came out zero not counted.
    values : dict of str to float
        Those worth telling, SI units with the unit in the name.
    residuals : array, shape (N,)
        In units of the errors.
    """

    mechanism: str
    chi2: float
    parameters: int
    values: dict[str, float] = field(default_factory=dict)
    residuals: Floats = field(default_factory=lambda: np.zeros(0), repr=False)


def fit_nothing(curves: WhitenedCurves) -> ModelFit:
    """Fit the background alone."""
    return ModelFit("nothing", float(curves.data @ curves.data), 1, {}, curves.data)


def fit_two_channel(curves: WhitenedCurves) -> ModelFit:
    """Fit a mixture of two-level systems without splitting (eq 13 and 10)."""
    systems = np.array([(scale, kondo, 0.0, 0.0) for scale in SCALES_A for kondo in KONDO_K])
    return _systems_fit("2CK", curves, systems, np.array([0.06, 1.4, 1.0]))


def fit_split(curves: WhitenedCurves) -> ModelFit:
    """Fit a mixture of two-level systems with and without splittings (eq 28), and of terms of eq 29."""
    systems = [
        (scale, kondo, tx, 0.0) for scale in SPLIT_SCALES_A for kondo in SPLIT_KONDO_K for tx in (0.0, *SATURATIONS_K)
    ]
    systems = np.array([*systems, *((1.0, 200.0, tx, 1.0) for tx in (0.0, *SATURATIONS_K))])
    return _systems_fit("2CK-with-splitting", curves, systems, np.array([0.1, 1.5, 1.3]))


def _systems_fit(mechanism: str, curves: WhitenedCurves, systems: Floats, steps: Floats) -> ModelFit:
    """Fit amplitudes of two-level systems (rows: A, T_K, Tx, 1 for the form of eq 29), then refine those needed.

    A grid fine enough for good data would be slow; neighbours of the systems in use are tried at ever smaller
    distance instead.
    """
    basis = _averaged_systems(curves, systems)
    amplitudes = _not_negative(basis, curves.data)
    for _ in range(REFINEMENTS):
        used = amplitudes > 0
        if not used.any():
            # a peak: no amplitude but zero, and scipy's nnls crashes on a matrix without columns
            return ModelFit(mechanism, float(curves.data @ curves.data), 2, {}, curves.data)
        near = _neighbours(systems[used], steps)
        systems = np.vstack([systems[used], near])
        basis = np.hstack([basis[:, used], _averaged_systems(curves, near)])
        amplitudes = _not_negative(basis, curves.data)
        steps = np.array([0.5, 1.0, 1.0]) * np.array([steps[0], steps[1] ** 0.5, steps[2] ** 0.5])
    rest = curves.data - basis @ amplitudes
    total = float(amplitudes.sum()) or 1.0
    values = {
        "b_sigma_S_per_sqrt_K": float(amplitudes.sum()) * CONDUCTANCE_QUANTUM_S,
        "saturation_K": float(amplitudes @ systems[:, 2]) / total,
        "saturated_share": float(amplitudes[systems[:, 2] > 0].sum()) / total,
    }
    return ModelFit(mechanism, float(rest @ rest), 1 + int(np.count_nonzero(amplitudes)), values, rest)


def _neighbours(systems: Floats, steps: Floats) -> Floats:
    shift_A, factor_K, factor_x = steps
    kondo, split = systems[systems[:, 3] == 0], systems[systems[:, 2] > 0]
    moved = [kondo + sign * np.array([shift_A, 0.0, 0.0, 0.0]) for sign in (-1, 1)]
    moved += [kondo * np.array([1.0, factor_K**sign, 1.0, 1.0]) for sign in (-1, 1)]
    moved += [split * np.array([1.0, 1.0, factor_x**sign, 1.0]) for sign in (-1, 1)]
    near = np.vstack(moved)
    return near[(near[:, 0] >= 0.0) & (near[:, 0] <= HIGHEST_A) & (near[:, 1] >= LOWEST_KONDO_K)]


def _averaged_systems(curves: WhitenedCurves, systems: Floats) -> Floats:
    """Return the whitened curves of the systems, shape (N, n)."""

    def columns(bias_V: Floats, temperature_K: Floats) -> Floats:
        result = np.empty((bias_V.size, len(systems)))
        for scale, saturation_K, is_printed in np.unique(systems[:, [0, 2, 3]], axis=0):
            chosen = np.flatnonzero(np.all(systems[:, [0, 2, 3]] == (scale, saturation_K, is_printed), axis=1))
            if is_printed:
                model = SaturatedPowerLaw([1.0], [saturation_K])
                result[:, chosen] = model.conductance_S(bias_V, temperature_K)[:, None]
                continue
            effective_K = np.hypot(temperature_K, saturation_K)
            curve = np.sqrt(effective_K) * scaling_function(scale * KELVIN_PER_VOLT * bias_V / effective_K)
            root = np.sqrt(systems[chosen, 1])
            result[:, chosen] = root * kondo_crossover(curve[:, None] / root)
        return CONDUCTANCE_QUANTUM_S * result

    return curves.whiten(_averaged(curves, columns))


def _not_negative(basis: Floats, data: Floats) -> Floats:
    # the triangle of a QR decomposition holds the same sums of squares in far fewer rows
    frame, triangle = np.linalg.qr(basis)
    return nnls(triangle, frame.T @ data, maxiter=50 * basis.shape[1])[0]


def fit_disorder(curves: WhitenedCurves) -> ModelFit:
    """Fit the curve of a disordered metal, one amplitude (A 1)."""

    def column(bias_V: Floats, temperature_K: Floats) -> Floats:
        v = reduced_bias(bias_V, temperature_K)
        return (CONDUCTANCE_QUANTUM_S * np.sqrt(temperature_K) * disorder_scaling_function(v))[:, None]

    chi2, amplitude, rest = _one_column(curves, _averaged(curves, column)[:, 0])
    return ModelFit("disorder", chi2, 2, {"amplitude_S_per_sqrt_K": amplitude * CONDUCTANCE_QUANTUM_S}, rest)


def fit_resonance(curves: WhitenedCurves, mechanism: str, sign: int, *, g_factor: float = 0.0) -> ModelFit:
    """Fit a Kondo resonance: a dip (sign -1, magnetic impurities, A 2) or a peak (sign +1, charge trap, A 5)."""

    def column(kondo_K: float, weight: float) -> Floats:
        model = MagneticKondo(CONDUCTANCE_QUANTUM_S, kondo_K, g_factor, weight)
        dip = _averaged(
            curves, lambda bias_V, temperature_K: model.conductance_S(bias_V, temperature_K, curves.field_T)[:, None]
        )
        return -sign * dip[:, 0]

    def cost(parameters: Floats) -> float:
        kondo_K, weight = np.exp(parameters)
        return _one_column(curves, column(float(kondo_K), float(weight)))[0]

    starts = [(k, w) for k in RESONANCE_KONDO_K[::2] for w in RESONANCE_WEIGHTS[::3]]
    costs = [cost(np.log(start)) for start in starts]
    best = np.log(starts[int(np.argmin(costs))])
    found = minimize(
        cost,
        best,
        method="Nelder-Mead",
        bounds=[(np.log(0.1), np.log(300.0)), (np.log(0.03), np.log(0.4))],
        options={
            "xatol": 2e-3,
            "fatol": 0.05,
            "maxfev": 120,
            "initial_simplex": best + np.array([[0, 0], [0.3, 0], [0, 0.3]]),
        },
    )
    kondo_K, weight = (float(value) for value in np.exp(found.x))
    chi2, amplitude, residuals = _one_column(curves, column(kondo_K, weight))
    values = {"kondo_temperature_K": kondo_K, "bias_weight": weight, "depth_S": amplitude * CONDUCTANCE_QUANTUM_S}
    return ModelFit(mechanism, chi2, 4, values, residuals)


def fit_levels(curves: WhitenedCurves) -> ModelFit:
    """Fit Kozub and Kulik's two-level systems, of either sign, taken in one by one while they are worth it (eq A1)."""

    def columns(bias_V: Floats, temperature_K: Floats) -> Floats:
        each = [
            KozubKulik([splitting], [geometry], [CONDUCTANCE_QUANTUM_S]).conductance_S(bias_V, temperature_K)
            for splitting in LEVEL_SPLITTINGS_K
            for geometry in LEVEL_GEOMETRIES
        ]
        return np.column_stack(each)

    basis = curves.whiten(_averaged(curves, columns))
    chosen: list[int] = []
    rest, chi2 = curves.data, float(curves.data @ curves.data)
    while len(chosen) < MAXIMUM_LEVELS:
        gains = _gains(basis, chosen, rest)
        trial = [*chosen, int(np.argmax(gains))]
        solution = np.linalg.lstsq(basis[:, trial], curves.data, rcond=None)[0]
        left = curves.data - basis[:, trial] @ solution
        if chi2 - float(left @ left) < LEVEL_COST:
            break
        chosen, rest, chi2 = trial, left, float(left @ left)
    return ModelFit("kozub-kulik", chi2, 1 + 3 * len(chosen), {"levels": float(len(chosen))}, rest)


def _gains(basis: Floats, chosen: list[int], rest: Floats) -> Floats:
    """Return how much chi-square each column would take, the chosen ones refitted."""
    if chosen:
        frame = np.linalg.qr(basis[:, chosen])[0]
        basis = basis - frame @ (frame.T @ basis)
    norms = np.sum(basis**2, axis=0)
    return np.where(norms > 1e-9 * norms.max(), (basis.T @ rest) ** 2 / np.maximum(norms, 1e-300), 0.0)


def fit_circuit(curves: WhitenedCurves) -> ModelFit:
    """Fit the blockade by the leads: amplitude and exponent, which sets the curve too (A 4)."""

    def column(exponent: float) -> Floats:
        model = ExternalCircuit(CONDUCTANCE_QUANTUM_S, exponent / (2.0 * CONDUCTANCE_QUANTUM_S))
        return _averaged(curves, lambda bias_V, temperature_K: model.conductance_S(bias_V, temperature_K)[:, None])[
            :, 0
        ]

    return _over_exponents("circuit", curves, column)


def fit_heating(curves: WhitenedCurves) -> ModelFit:
    """Fit a power law of Teff, T_eff^2 = T^2 + V^2 / 4 L0."""

    def column(exponent: float) -> Floats:
        return _averaged(
            curves,
            lambda bias_V, temperature_K: (
                CONDUCTANCE_QUANTUM_S * effective_temperature_K(bias_V, temperature_K)[:, None] ** exponent
            ),
        )[:, 0]

    return _over_exponents("heating", curves, column)


def fit_map(curves: WhitenedCurves) -> ModelFit:
    """Fit any smooth function of Teff: the direct map of G(V, T) onto G(0, Teff), without a free parameter in it."""
    effective = [
        (np.log(effective_temperature_K(bias_V, curves.temperature_K)), weight)
        for bias_V, weight in excitation_places(curves)
    ]
    low = min(float(places.min()) for places, _ in effective)
    high = max(float(places.max()) for places, _ in effective) + 1e-9
    inner = np.linspace(low, high, 2 + int(np.ceil((high - low) / MAP_KNOT_SPACING)))
    knots = np.concatenate([[low] * 3, inner, [high] * 3])
    basis = sum(weight * BSpline.design_matrix(places, knots, 3).toarray() for places, weight in effective)
    whitened = curves.whiten(np.asarray(basis))
    solution = np.linalg.lstsq(whitened, curves.data, rcond=None)[0]
    rest = curves.data - whitened @ solution
    return ModelFit("heating", float(rest @ rest), whitened.shape[1], {}, rest)


def _over_exponents(mechanism: str, curves: WhitenedCurves, column: Callable[[float], Floats]) -> ModelFit:
    def cost(exponent: float) -> float:
        return _one_column(curves, column(exponent))[0]

    grid = EXPONENTS[::3]
    costs = [cost(float(exponent)) for exponent in grid]
    centre, step = float(grid[int(np.argmin(costs))]), float(grid[1] - grid[0])
    while step > 1e-3:
        step *= 0.5
        nearby = [max(0.01, centre - step), centre, centre + step]
        centre = nearby[int(np.argmin([cost(exponent) for exponent in nearby]))]
    chi2, amplitude, rest = _one_column(curves, column(centre))
    values = {"exponent": centre, "amplitude_S": amplitude * CONDUCTANCE_QUANTUM_S}
    return ModelFit(mechanism, chi2, 3, values, rest)


def _averaged(curves: WhitenedCurves, columns: Columns) -> Floats:
    """Return the columns as the lock-in reads them, shape (N, k)."""
    total = [weight * columns(bias_V, curves.temperature_K) for bias_V, weight in excitation_places(curves)]
    return np.sum(total, axis=0)


def _one_column(curves: WhitenedCurves, column: Floats) -> tuple[float, float, Floats]:
    """Return chi-square, amplitude (not negative) and residuals of one column."""
    whitened = curves.whiten(column)
    amplitude = max(0.0, float(whitened @ curves.data) / float(whitened @ whitened))
    rest = curves.data - amplitude * whitened
    return float(rest @ rest), amplitude, rest


def compare_mechanisms(curves: WhitenedCurves) -> "Comparison":
    """Fit every mechanism that has a forward model for the even part of G(V, T) in zero field."""
    fits = (
        fit_two_channel(curves),
        fit_split(curves),
        fit_disorder(curves),
        fit_resonance(curves, "magnetic-kondo", -1),
        fit_levels(curves),
        min((fit_heating(curves), fit_map(curves)), key=lambda fit: fit.chi2 + 2.0 * fit.parameters),
        fit_circuit(curves),
        fit_resonance(curves, "charge-trap", 1),
    )
    return Comparison({fit.mechanism: fit for fit in fits}, fit_nothing(curves).chi2, curves.points, curves.isotherms)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All mechanisms fitted to the same values.

    Attributes
    ----------
    fits : dict of str to ModelFit
    chi2_nothing : float
        Of a constant conductance: its excess over the best fit says how significant the anomaly is.
    points, isotherms : int
    """

    fits: dict[str, ModelFit]
    chi2_nothing: float
    points: int
    isotherms: int

    @property
    def misfit(self) -> float:
        """Chi-square per degree of freedom of the best mechanism, at least one: the unit of all costs."""
        best = min(self.fits.values(), key=_score)
        return max(1.0, self.per_dof(best.mechanism))

    @property
    def significance(self) -> float:
        """How much chi-square the anomaly takes, in units of `misfit`."""
        return (self.chi2_nothing - min(fit.chi2 for fit in self.fits.values())) / self.misfit

    def per_dof(self, mechanism: str) -> float:
        """Return chi-square per degree of freedom."""
        fit = self.fits[mechanism]
        return fit.chi2 / max(1, self.points - fit.parameters - 1)

    def cost(self, mechanism: str, *, but: tuple[str, ...] = ()) -> float:
        """Return what a mechanism costs against the best other: delta chi-square plus two for each parameter more.

        `but` names mechanisms left out of the comparison.
        """
        rivals = [fit for fit in self.fits.values() if fit.mechanism not in but]
        return (_score(self.fits[mechanism]) - min(map(_score, rivals))) / self.misfit

    def best(self, *, but: tuple[str, ...] = ()) -> str:
        """Return the mechanism that fits best for its number of parameters."""
        return min((fit for fit in self.fits.values() if fit.mechanism not in but), key=_score).mechanism


def _score(fit: ModelFit) -> float:
    return fit.chi2 + 2.0 * fit.parameters
