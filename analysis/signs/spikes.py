"""Spikes of dI/dV at one bias of either sign: what a smooth even curve and noise do not explain (Cu.9, fig 2).

Each sweep is four passages: outward (rising |V|) and inward, at either sign. A spike counts where it is seen at both
signs in passages of the same kind; a glitch or a jump of the amplifier is not symmetric.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from analysis.curves import Isotherm
from analysis.quantities import thermal_voltage_V
from analysis.quantity import Quantity, missing
from analysis.signs.even_curve import MINIMUM_NODES, MINIMUM_POINTS, bias_nodes, cardinal, point_noise_S

Floats = NDArray[np.float64]

STANDS_OUT = 5.0
BELONGS = 2.5
AREA_STANDS_OUT = 7.0
BIWEIGHT = 4.685
ITERATIONS = 6
NODE_SPACING = 0.2
FIT_REACH = 4.0
FIT_POINTS = 4
SAME_PLACE = 3.0
HYSTERESIS_SHARE = 0.15
WIDEST_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class Spike:
    """A spike seen at both signs of the bias in one isotherm.

    Attributes
    ----------
    temperature_K, field_T : float
    position_V : Quantity
        Vc, mean of the outward (rising |V|) and inward passages.
    hysteresis_V : Quantity
        How much later than Vc the transition comes in the direction of the sweep; none without both directions.
    width_V : Quantity
        Standard deviation.
    current_step_A : Quantity
        Area of the spike, signed.
    significance : float
        Of the weaker of the two signs, in sigma.
    """

    temperature_K: float
    field_T: float
    position_V: Quantity
    hysteresis_V: Quantity
    width_V: Quantity
    current_step_A: Quantity
    significance: float


@dataclass(frozen=True, slots=True)
class _Bump:
    """A Gaussian fitted in one passage, or the mean of two: values and errors of |V|, width, area."""

    place_V: float
    place_error_V: float
    width_V: float
    width_error_V: float
    area_A: float
    area_error_A: float
    significance: float


def find_spikes(isotherm: Isotherm) -> tuple[Spike, ...]:
    """Return the spikes of one isotherm by |V|; none where there are too few points for a smooth curve."""
    sweep = isotherm.select(~isotherm.is_anchor)
    background = _Background.of(sweep)
    if background is None:
        return ()
    rest = sweep.conductance_S - background.fit(sweep.conductance_S)
    # what the spline cannot follow is no spike: its usual size counts as noise
    ripple = 1.4826 * float(np.median(np.abs(rest / background.sigma_S)))
    sigma, size_V = background.sigma_S * max(1.0, ripple), np.abs(sweep.bias_V)
    bumps = {key: _bumps(size_V[rows], rest[rows], sigma[rows]) for key, rows in _passages(sweep).items()}
    both = {outward: _at_both_signs(bumps[outward, 1], bumps[outward, -1]) for outward in (1, -1, 0)}
    pairs = _pair_passages(both[1], both[-1])
    if np.unique(sweep.direction).size == 1:
        # one sweep is outward at one sign and inward at the other
        pairs = [
            pair for sign in (1, -1) for pair in _pair_passages(bumps[1, sign], bumps[-1, -sign]) if pair[1] is not None
        ]
    found = [_spike(isotherm, *pair) for pair in pairs]
    found += [_spike(isotherm, bump, None) for bump in both[0]]
    return tuple(sorted(found, key=lambda spike: spike.position_V.value or 0.0))


def _passages(sweep: Isotherm) -> dict[tuple[int, int], NDArray[np.bool_]]:
    """Return the rows of each passage by (outward, sign of the bias); outward is 0 where directions are unknown."""
    return {
        (outward, sign): (np.sign(sweep.bias_V) == sign) & (sweep.direction == sign * outward)
        for outward in (1, -1, 0)
        for sign in (1, -1)
    }


@dataclass(frozen=True, slots=True)
class _Background:
    """A robust even spline: functions at the points, shape (n, m), over `relative` errors; noise of each point."""

    design: Floats
    relative: Floats
    sigma_S: Floats

    @classmethod
    def of(cls, sweep: Isotherm) -> "_Background | None":
        """Return it, or None where there are too few points."""
        if sweep.bias_V.size < 2 * MINIMUM_POINTS:
            return None
        thermal_V = float(thermal_voltage_V(sweep.temperature_K))
        nodes = bias_nodes(np.abs(sweep.bias_V), thermal_V, NODE_SPACING)
        if nodes.size < MINIMUM_NODES:
            return None
        error = sweep.conductance_error_S
        relative = np.ones(sweep.bias_V.size) if error is None else error / np.median(error)
        functions = cardinal(nodes, thermal_V, sweep.bias_V)
        ways = (sweep.direction[:, None] == np.unique(sweep.direction))[:, 1:]
        sigma = point_noise_S(sweep, relative, functions) * relative
        return cls(np.hstack([functions, ways]) / relative[:, None], relative, sigma)

    def fit(self, conductance_S: Floats) -> Floats:
        """Return the smooth curve at the points, in siemens."""
        centre = float(conductance_S.mean())
        data, weights = (conductance_S - centre) / self.relative, np.ones(conductance_S.size)
        smooth = np.zeros(conductance_S.size)
        for _ in range(ITERATIONS):
            weighted = self.design * weights[:, None]
            smooth = self.design @ (np.linalg.pinv(self.design.T @ weighted, hermitian=True) @ (weighted.T @ data))
            rest = data - smooth
            scale = max(1.4826 * float(np.median(np.abs(rest))), 1e-30)
            # Tukey's biweight: what stands out has no say in the background
            weights = np.clip(1.0 - (rest / (BIWEIGHT * scale)) ** 2, 0.0, None) ** 2
        return centre + smooth * self.relative


def _bumps(size_V: Floats, rest: Floats, sigma: Floats) -> list[_Bump]:
    """Return the Gaussians of one passage: runs of one sign that stand out, split at their valleys."""
    order = np.argsort(size_V)
    size_V, rest, sigma = size_V[order], rest[order], sigma[order]
    ratio = rest / sigma
    label = np.where(np.abs(ratio) > BELONGS, np.sign(ratio), 0.0)
    bumps = []
    for run in np.split(np.arange(size_V.size), np.flatnonzero(np.diff(label)) + 1):
        is_high = run.size and label[run[0]] != 0 and np.abs(ratio[run]).max() > STANDS_OUT
        if is_high and np.abs(ratio[run].sum()) / np.sqrt(run.size) > AREA_STANDS_OUT:
            bumps += _fit_bumps(size_V, rest, sigma, run, run[_peaks(np.abs(ratio[run]), STANDS_OUT)])
    return bumps


def _peaks(height: Floats, prominence: float) -> list[int]:
    """Return the places of peaks that rise and fall by `prominence`; beyond the ends the height is zero."""
    peaks: list[int] = []
    top, bottom, is_rising = 0, 0.0, True
    for place, value in enumerate([*height.tolist(), 0.0]):
        if is_rising and value > height[top]:
            top = place
        elif is_rising and height[top] - value >= prominence:
            peaks.append(top)
            bottom, is_rising = value, False
        elif not is_rising and value - bottom >= prominence:
            top, is_rising = place, True
        elif not is_rising:
            bottom = min(bottom, value)
    return peaks


def _fit_bumps(
    size_V: Floats, rest: Floats, sigma: Floats, run: NDArray[np.int64], peaks: NDArray[np.int64]
) -> list[_Bump]:
    """Fit Gaussians at the peaks of a run, on a straight background, and keep those that are spikes."""
    # a sweep of unknown direction passes a |V| more than once
    spacing = float(np.median(np.diff(np.unique(size_V[max(run[0] - 2, 0) : run[-1] + 3]))))
    width = max(0.4 * float(np.ptp(size_V[run])) / peaks.size, 0.5 * spacing)
    reach = max(FIT_REACH * width, FIT_POINTS * spacing)
    rows = (size_V >= size_V[peaks[0]] - reach) & (size_V <= size_V[peaks[-1]] + reach)
    x, y, e = size_V[rows], rest[rows], sigma[rows]
    if x.size < 3 * peaks.size + FIT_POINTS:
        return []
    centre, span = float(x.mean()), float(np.ptp(x))

    def residual(p: Floats) -> Floats:
        height, place, width = p[2:].reshape(-1, 3).T
        spikes = np.exp(-0.5 * ((x[:, None] - place) / width) ** 2) @ height
        return (y - p[0] - p[1] * (x - centre) / span - spikes) / e

    top = float(np.abs(rest[run]).max())
    guesses = np.column_stack([rest[peaks], size_V[peaks], np.full(peaks.size, max(width, 0.4 * spacing))])
    start = np.concatenate([np.zeros(2), guesses.ravel()])
    scale = np.concatenate([[top, top], np.tile([top, width, width], peaks.size)])
    low = np.concatenate([[-np.inf, -np.inf], np.tile([-np.inf, x[0], 0.3 * spacing], peaks.size)])
    high = np.concatenate([[np.inf, np.inf], np.tile([np.inf, x[-1], span], peaks.size)])
    found = least_squares(residual, start, x_scale=scale, bounds=(low, high), max_nfev=60)
    misfit = max(1.0, 2.0 * float(found.cost) / max(1, x.size - start.size))
    unit = np.outer(scale, scale)
    covariance = np.linalg.pinv((found.jac.T @ found.jac) * unit) * unit * misfit
    bumps = [
        _bump(found.x[at : at + 3], covariance[at : at + 3, at : at + 3], spacing) for at in range(2, start.size, 3)
    ]
    return [
        bump
        for bump in bumps
        if bump.significance > STANDS_OUT and bump.width_V < WIDEST_SHARE * bump.place_V and x[0] < bump.place_V < x[-1]
    ]


def _bump(values: Floats, covariance: Floats, spacing: float) -> _Bump:
    height, place, width = (float(value) for value in values)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    root = float(np.sqrt(2.0 * np.pi))
    gradient = np.array([width, 0.0, height])
    area_error = root * float(np.sqrt(max(gradient @ covariance @ gradient, 0.0)))
    significance = abs(height) / float(errors[0]) if errors[0] > 0 else 0.0
    # a spike between two points has no place and width of its own
    place_error = float(np.hypot(errors[1], spacing * np.exp(-0.5 * (2.0 * width / spacing) ** 2)))
    return _Bump(place, place_error, width, float(errors[2]), root * height * width, area_error, significance)


def _at_both_signs(positive: Sequence[_Bump], negative: Sequence[_Bump]) -> list[_Bump]:
    """Return the means of bumps that agree in |V| and sign at both signs of the bias."""
    left, pairs = list(negative), []
    for one in positive:
        near = [two for two in left if two.area_A * one.area_A > 0 and _distance(one, two) < SAME_PLACE]
        if near:
            two = min(near, key=lambda bump: abs(bump.place_V - one.place_V))
            left.remove(two)
            pairs.append(_mean(one, two))
    return pairs


def _distance(one: _Bump, two: _Bump) -> float:
    """Return how far two places are apart, in units of their widths and errors."""
    scale = np.hypot(np.hypot(one.place_error_V, two.place_error_V), 0.5 * max(one.width_V, two.width_V))
    return float(abs(one.place_V - two.place_V) / scale)


def _mean(one: _Bump, two: _Bump) -> _Bump:
    def mean(first: float, first_error: float, second: float, second_error: float) -> tuple[float, float]:
        weights = np.array([first_error, second_error]) ** -2.0
        value = float(np.average([first, second], weights=weights))
        return value, float(weights.sum() ** -0.5 * max(1.0, abs(first - second) / np.hypot(first_error, second_error)))

    place = mean(one.place_V, one.place_error_V, two.place_V, two.place_error_V)
    width = mean(one.width_V, one.width_error_V, two.width_V, two.width_error_V)
    area = mean(one.area_A, one.area_error_A, two.area_A, two.area_error_A)
    return _Bump(*place, *width, *area, min(one.significance, two.significance))


def _pair_passages(outward: Sequence[_Bump], inward: Sequence[_Bump]) -> list[tuple[_Bump, _Bump | None]]:
    """Pair outward and inward passages of one transition, the nearest first, within 15 % of |V| and one sign."""
    candidates = sorted(
        (abs(one.place_V - two.place_V), i, j)
        for i, one in enumerate(outward)
        for j, two in enumerate(inward)
        if one.area_A * two.area_A > 0
        and abs(one.place_V - two.place_V) < max(HYSTERESIS_SHARE * (one.place_V + two.place_V), 6.0 * one.width_V)
    )
    pairs: list[tuple[_Bump, _Bump | None]] = []
    used_out, used_in = set[int](), set[int]()
    for _, i, j in candidates:
        if i not in used_out and j not in used_in:
            used_out.add(i)
            used_in.add(j)
            pairs.append((outward[i], inward[j]))
    pairs += [(bump, None) for i, bump in enumerate(outward) if i not in used_out]
    pairs += [(bump, None) for j, bump in enumerate(inward) if j not in used_in]
    return pairs


def _spike(isotherm: Isotherm, first: _Bump, second: _Bump | None) -> Spike:
    if second is None:
        position = Quantity(first.place_V, first.place_error_V, "V", points=2)
        hysteresis, both = missing("V", "the transition was seen in one direction of the sweep only"), first
    else:
        error = 0.5 * float(np.hypot(first.place_error_V, second.place_error_V))
        position = Quantity(0.5 * (first.place_V + second.place_V), error, "V", points=4)
        hysteresis = Quantity(0.5 * (first.place_V - second.place_V), error, "V", points=4)
        both = _mean(first, second)
    return Spike(
        isotherm.temperature_K,
        isotherm.field_T,
        position,
        hysteresis,
        Quantity(both.width_V, both.width_error_V, "V", points=position.points),
        Quantity(both.area_A, both.area_error_A, "A", points=position.points),
        first.significance if second is None else min(first.significance, second.significance),
    )
