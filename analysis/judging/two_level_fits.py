"""Mixtures of two-level systems fitted to curves: in the Kondo regime, split, and as Kozub and Kulik's levels.

A contact holds an unknown set of systems, so amplitudes are found over a grid of their parameters, which is refined
where it is needed.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from analysis.judging.model_fit import ModelFit, averaged
from analysis.judging.whitened import WhitenedCurves
from analysis.kondo import scaling_function
from analysis.mechanisms import kondo_crossover
from analysis.mechanisms_kondo import SaturatedPowerLaw
from analysis.mechanisms_rivals import KozubKulik
from analysis.quantities import CONDUCTANCE_QUANTUM_S, KELVIN_PER_VOLT

Floats = NDArray[np.float64]

SCALES_A = (0.0, 0.05, 0.12, 0.2, 0.28, 0.38, 0.52, 0.72, 1.0)
KONDO_K = (3.0, 5.0, 8.0, 13.0, 25.0, 200.0)
SPLIT_SCALES_A = (0.06, 0.16, 0.28, 0.45, 0.72, 1.0)
SPLIT_KONDO_K = (4.0, 9.0, 20.0, 200.0)
SATURATIONS_K = (0.12, 0.2, 0.33, 0.55, 0.9, 1.5, 2.5, 4.0, 7.0)
REFINEMENTS = 3
LOWEST_KONDO_K = 2.0
HIGHEST_A = 1.2
LEVEL_SPLITTINGS_K = np.geomspace(0.2, 40.0, 24)
LEVEL_GEOMETRIES = (0.15, 0.3, 0.5)
MAXIMUM_LEVELS = 8
LEVEL_COST = 10.0
LEVEL_MOVES = 7
LEVEL_RANGE = (0.02, 0.5)
INDEPENDENT = 1e-9
WORTH_POLISHING = (1.2, 10.0)
"""Chi-square a value between which levels that are not yet at their best may be what is there."""

POLISHING, POLISHING_STEP = 60, 1e-5


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
            return ModelFit(mechanism, float(curves.data @ curves.data), 2)
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
    return ModelFit(mechanism, float(rest @ rest), 1 + int(np.count_nonzero(amplitudes)), values)


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
                model = SaturatedPowerLaw(np.ones(1), np.array([saturation_K]))
                result[:, chosen] = model.conductance_S(bias_V, temperature_K)[:, None]
                continue
            effective_K = np.hypot(temperature_K, saturation_K)
            curve = np.sqrt(effective_K) * scaling_function(scale * KELVIN_PER_VOLT * bias_V / effective_K)
            root = np.sqrt(systems[chosen, 1])
            result[:, chosen] = root * kondo_crossover(curve[:, None] / root)
        return CONDUCTANCE_QUANTUM_S * result

    return curves.whiten(averaged(curves, columns))


def _not_negative(basis: Floats, data: Floats) -> Floats:
    # the triangle of a QR decomposition holds the same sums of squares in far fewer rows
    frame, triangle = np.linalg.qr(basis)
    return nnls(triangle, frame.T @ data, maxiter=50 * basis.shape[1])[0]


def fit_levels(curves: WhitenedCurves, largest_misfit: float = WORTH_POLISHING[1]) -> ModelFit:
    """Fit Kozub and Kulik's two-level systems of either sign (eq A1).

    They are taken in from a grid one by one while they are worth it, then moved in ever smaller steps, all together
    where that leaves a misfit of at most `largest_misfit` (which is slow), then those dropped that are not worth it any
    more.
    """
    grid = np.array([(splitting, geometry) for splitting in LEVEL_SPLITTINGS_K for geometry in LEVEL_GEOMETRIES])
    basis = _level_columns(curves, grid)
    chosen: list[int] = []
    rest = curves.data
    while len(chosen) < MAXIMUM_LEVELS:
        trial = [*chosen, int(np.argmax(_gains(basis, chosen, rest)))]
        left = _remainder(basis[:, trial], curves.data)
        if rest @ rest - left @ left < LEVEL_COST:
            break
        chosen, rest = trial, left
    levels = grid[chosen]
    columns = _moved(curves, levels, basis[:, chosen])
    rest = _remainder(columns, curves.data)
    if WORTH_POLISHING[0] < rest @ rest / rest.size < largest_misfit:
        columns = _polished(curves, levels)
    columns = _without_idle(columns, curves.data)
    rest = _remainder(columns, curves.data)
    count = columns.shape[1]
    return ModelFit("kozub-kulik", float(rest @ rest), 1 + 3 * count, {"levels": float(count)})


def _level_columns(curves: WhitenedCurves, levels: Floats) -> Floats:
    """Return the whitened curves of levels (rows: splitting in K, geometry), shape (N, n)."""
    models = [KozubKulik(level[:1], level[1:], np.array([CONDUCTANCE_QUANTUM_S])) for level in levels]

    def law(bias_V: Floats, temperature_K: Floats) -> Floats:
        return np.column_stack([model.conductance_S(bias_V, temperature_K) for model in models])

    return curves.whiten(averaged(curves, law))


def _moved(curves: WhitenedCurves, levels: Floats, columns: Floats) -> Floats:
    """Move each level in turn to where it fits better, in halved steps; return their columns."""
    if not len(levels):
        return columns
    factor, shift = LEVEL_SPLITTINGS_K[1] / LEVEL_SPLITTINGS_K[0], LEVEL_GEOMETRIES[1] - LEVEL_GEOMETRIES[0]
    for _ in range(LEVEL_MOVES):
        factor, shift = factor**0.6, 0.6 * shift
        for index, (splitting, geometry) in enumerate(levels):
            places = [(splitting * factor**sign, geometry) for sign in (-1, 1)]
            places += [(splitting, float(np.clip(geometry + sign * shift, *LEVEL_RANGE))) for sign in (-1, 1)]
            trials = _level_columns(curves, np.array(places))
            others = np.delete(columns, index, axis=1)
            left = [_remainder(np.column_stack([others, column]), curves.data) for column in trials.T]
            now = _remainder(columns, curves.data)
            best = int(np.argmin([rest @ rest for rest in left]))
            if left[best] @ left[best] < now @ now:
                levels[index], columns[:, index] = places[best], trials[:, best]
    return columns


def _polished(curves: WhitenedCurves, levels: Floats) -> Floats:
    """Move all levels at once to the nearest least squares, their strengths refitted; return their columns.

    The Jacobian of what the best strengths leave is Kaufman's: the change of the columns, less their own span.
    """
    low, high = np.log(LEVEL_SPLITTINGS_K[[0, -1]] * [0.5, 2.0])
    bounds = np.repeat([[low, LEVEL_RANGE[0]], [high, LEVEL_RANGE[1]]], len(levels), axis=1)

    def columns(place: Floats) -> Floats:
        splitting, geometry = np.split(np.clip(place, *bounds), 2)
        return _level_columns(curves, np.column_stack([np.exp(splitting), geometry]))

    def jacobian(place: Floats) -> Floats:
        own = columns(place)
        frame = np.linalg.qr(own)[0]
        strengths = np.linalg.lstsq(own, curves.data, rcond=None)[0]
        # all splittings at once, then all shares: each column knows its own level only
        moved = [(columns(place + step) - own) / POLISHING_STEP for step in POLISHING_STEP * halves]
        change = np.hstack(moved) * np.tile(strengths, 2)
        return frame @ (frame.T @ change) - change

    halves = np.repeat(np.eye(2), len(levels), axis=1)
    start = np.clip(np.concatenate([np.log(levels[:, 0]), levels[:, 1]]), *bounds)
    found = least_squares(
        lambda place: _remainder(columns(place), curves.data),
        start,
        jac=jacobian,  # type: ignore[arg-type]
        method="lm",
        max_nfev=POLISHING,
    )
    return columns(found.x)


def _without_idle(columns: Floats, data: Floats) -> Floats:
    """Drop columns one by one as long as one costs less than a level is worth."""
    while columns.shape[1]:
        now = _remainder(columns, data)
        fewer = [np.delete(columns, index, axis=1) for index in range(columns.shape[1])]
        left = [_remainder(own, data) for own in fewer]
        costs = [rest @ rest - now @ now for rest in left]
        if min(costs) >= LEVEL_COST:
            break
        columns = fewer[int(np.argmin(costs))]
    return columns


def _remainder(columns: Floats, data: Floats) -> Floats:
    """Return what the best combination of columns leaves of the data, shape (N,)."""
    return data - columns @ np.linalg.lstsq(columns, data, rcond=None)[0]


def _gains(basis: Floats, chosen: list[int], rest: Floats) -> Floats:
    """Return how much chi-square each column would take, the chosen ones refitted."""
    if chosen:
        frame = np.linalg.qr(basis[:, chosen])[0]
        basis = basis - frame @ (frame.T @ basis)
    norms = np.sum(basis**2, axis=0)
    return np.where(norms > INDEPENDENT * norms.max(), (basis.T @ rest) ** 2 / np.maximum(norms, 1e-300), 0.0)
