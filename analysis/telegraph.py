"""Telegraph noise: a contact that a slow fluctuator switches between two curves (MG.2, fig 19).

Each isotherm is a mixture of two even curves, lower(V) and lower(V) + Delta G(V), fitted by expectation maximisation;
readings that saw a switch lie in between. Dwell times come from the correlation of neighbours in time, from which the
noise of a reading drops out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.errors import WindowError
from analysis.even_curve import MINIMUM_NODES, bias_nodes, cardinal, nuisance_columns, point_noise_S
from analysis.quantities import in_conductance_quanta, thermal_voltage_V
from analysis.quantity import Quantity, missing

Floats = NDArray[np.float64]

STATES = np.linspace(0.0, 1.0, 5)
DIFFERENCE_SCALE_V = 1e-3
DIFFERENCE_SPACING = 0.5
FIRST_ITERATIONS = 12
ITERATIONS = 80
PROMISING = 15.0
SIGNIFICANT = 60.0
SIGMAS = 4.0
RESOLVED = 1.5
SMALLEST_SHARE = 0.03
MINIMUM_POINTS = 60
TENTH = 0.1
LARGE_BIAS_V = 5e-3
MINIMUM_PAIRS = 50
LAGS = (1, 2, 4, 8, 16, 32)
HALF = 0.45


@dataclass(frozen=True, slots=True)
class TelegraphIsotherm:
    """The two curves of one isotherm.

    Attributes
    ----------
    temperature_K, field_T : float
    difference_bias_V, difference_S, difference_error_S : array, shape (m,)
        Delta G = upper less lower curve against |V|, and its error.
    lower_S, upper_S : Quantity
        Levels at zero bias.
    share_upper : Quantity
        Share of the time in the upper curve.
    expected_upper : array, shape (n,)
        Expected state of each row of the isotherm, in its order: 0 lower, 1 upper, between where a switch fell into the
        reading or noise hides it.
    noise_S : float
        Of a point about its curve.
    significance : float
        Fall of -2 ln likelihood against one curve.
    """

    temperature_K: float
    field_T: float
    difference_bias_V: Floats
    difference_S: Floats
    difference_error_S: Floats
    lower_S: Quantity
    upper_S: Quantity
    share_upper: Quantity
    expected_upper: Floats
    noise_S: float
    significance: float

    def difference_at_S(self, bias_V: Floats) -> Floats:
        """Return Delta G at any bias, shape of `bias_V`."""
        places = np.arcsinh(np.abs(bias_V) / DIFFERENCE_SCALE_V)
        return np.interp(places, np.arcsinh(self.difference_bias_V / DIFFERENCE_SCALE_V), self.difference_S)

    def lower_curve(self, isotherm: Isotherm) -> Isotherm:
        """Return the isotherm with all its points on the lower curve, for example to fit the exponent.

        What is taken off is the expected share of Delta G; its uncertainty is added to the errors of the points.

        Raises
        ------
        WindowError
            If it is not the isotherm this was found from.
        """
        if isotherm.bias_V.size != self.expected_upper.size:
            raise WindowError(
                f"the telegraph noise was found from {self.expected_upper.size} points, "
                f"the isotherm has {isotherm.bias_V.size}; give the same isotherm"
            )
        difference = self.difference_at_S(isotherm.bias_V)
        uncertain = difference**2 * self.expected_upper * (1.0 - self.expected_upper)
        return replace(
            isotherm,
            conductance_S=isotherm.conductance_S - self.expected_upper * difference,
            conductance_error_S=np.sqrt(self.noise_S**2 + uncertain),
        )


@dataclass(frozen=True, slots=True)
class Telegraph:
    """Telegraph noise of the data.

    Attributes
    ----------
    is_found : bool
    isotherms : tuple of TelegraphIsotherm
        Those that show it.
    amplitude : Quantity
        Delta G(0) of the one that shows it best, in e2/h.
    vanishing_bias_V : Quantity
        Where Delta G(V) has fallen to a tenth of Delta G(0); a bound where it has not.
    upper_dwell_s, lower_dwell_s : Quantity
        Mean times in each state; an upper bound where neighbours in time are not correlated.
    difference_at_large_bias : Quantity
        Delta G beyond 5 mV over Delta G(0): zero for a modulated anomaly, one for a defect that just scatters.
    why : str
    """

    is_found: bool
    isotherms: tuple[TelegraphIsotherm, ...]
    amplitude: Quantity
    vanishing_bias_V: Quantity
    upper_dwell_s: Quantity
    lower_dwell_s: Quantity
    difference_at_large_bias: Quantity
    why: str


def find_telegraph(isotherms: Sequence[Isotherm], *, drift_S_per_sqrt_s: float = 0.0) -> Telegraph:
    """Look for two curves in each isotherm.

    Raises
    ------
    WindowError
        For no isotherm with 60 points.
    """
    usable = [isotherm for isotherm in isotherms if isotherm.bias_V.size >= MINIMUM_POINTS]
    if not usable:
        raise WindowError(f"no isotherm has the {MINIMUM_POINTS} points that two curves need")
    pairs = [(own, part) for own in usable if (part := _two_curves(own, drift_S_per_sqrt_s)) is not None]
    if not pairs:
        why = "one curve an isotherm describes the data"
        none_V, none_s, none = missing("V", why), missing("s", why), missing("", why)
        return Telegraph(False, (), missing("e2/h", why), none_V, none_s, none_s, none, why)
    _, best = max(pairs, key=lambda pair: pair[1].significance)
    upper, lower = _dwells(pairs)
    return Telegraph(
        True,
        tuple(part for _, part in pairs),
        Quantity(
            float(in_conductance_quanta(best.difference_S[0])),
            float(in_conductance_quanta(best.difference_error_S[0])),
            "e2/h",
            points=best.expected_upper.size,
        ),
        _vanishing(best),
        upper,
        lower,
        _at_large_bias(best),
        f"two curves in {len(pairs)} of {len(usable)} isotherms",
    )


@dataclass(frozen=True, slots=True)
class _Mixture:
    """Data of one isotherm in units of its predicted errors: lower curve and nuisance, difference, data."""

    lower: Floats
    difference: Floats
    data: Floats
    nodes: int

    def fit(self, state: Floats, square: Floats, variance: float) -> tuple[Floats, Floats]:
        """Return coefficients and inverse matrix for expected states and their expected squares, shape (n,)."""
        cross = self.lower.T @ (self.difference * state[:, None])
        corner = self.difference.T @ (self.difference * square[:, None])
        gram = np.block([[self.lower.T @ self.lower, cross], [cross.T, corner]])
        # nuisance columns have unit prior variance
        free = np.ones(gram.shape[0], dtype=bool)
        free[self.nodes : self.lower.shape[1]] = False
        gram[np.diag_indices_from(gram)] += np.where(free, 1e-9 * np.diag(gram).max(), variance)
        inverse = np.linalg.inv(gram)
        moment = np.concatenate([self.lower.T @ self.data, self.difference.T @ (state * self.data)])
        return inverse @ moment, inverse

    def residual(self, solution: Floats) -> tuple[Floats, Floats]:
        """Return data less lower curve, and the difference of the curves, at the points."""
        split = self.lower.shape[1]
        return self.data - self.lower @ solution[:split], self.difference @ solution[split:]


def _two_curves(isotherm: Isotherm, drift: float) -> TelegraphIsotherm | None:
    """Fit the mixture; None where one curve is enough."""
    thermal_V = float(thermal_voltage_V(isotherm.temperature_K))
    nodes = bias_nodes(np.abs(isotherm.bias_V), thermal_V)
    if nodes.size < MINIMUM_NODES:
        return None
    error = isotherm.conductance_error_S
    relative = np.ones(isotherm.bias_V.size) if error is None else error / np.median(error)
    functions = cardinal(nodes, thermal_V, isotherm.bias_V)
    unit = point_noise_S(isotherm, relative, functions)
    places, hats = _hats(isotherm.bias_V)
    scale = relative * unit
    mixture = _Mixture(
        np.hstack([functions, nuisance_columns(isotherm, drift)]) / scale[:, None],
        hats / scale[:, None],
        (isotherm.conductance_S - isotherm.conductance_S.mean()) / scale,
        nodes.size,
    )
    found = _maximise(mixture)
    if found is None:
        return None
    solution, covariance, state, shares, variance, significance = found
    split = mixture.lower.shape[1]
    difference = solution[split:]
    # what noise hides of the states is missing from the information
    near = hats[:, 0] > 0.0
    seen = float(np.var(state[near]) / max(shares @ STATES**2 - (shares @ STATES) ** 2, 1e-12))
    errors = np.sqrt(np.diag(covariance)[split:] * variance) / np.clip(seen, 0.1, 1.0)
    at_zero = cardinal(nodes, thermal_V, np.zeros(1))[0] @ solution[: nodes.size] + float(isotherm.conductance_S.mean())
    if difference[0] < 0.0:
        # the upper curve is the one that is higher at zero bias
        at_zero, difference, state, shares = at_zero + difference[0], -difference, 1.0 - state, shares[::-1]
    upper = float(shares @ STATES)
    noise = float(np.sqrt(variance)) * unit
    is_resolved = difference[0] > SIGMAS * errors[0] and difference[0] > RESOLVED * noise
    if significance < SIGNIFICANT or not is_resolved or not SMALLEST_SHARE < upper < 1.0 - SMALLEST_SHARE:
        return None
    count = isotherm.bias_V.size
    level_error = noise / np.sqrt(count / nodes.size)
    return TelegraphIsotherm(
        isotherm.temperature_K,
        isotherm.field_T,
        places,
        difference,
        errors,
        Quantity(float(at_zero), float(level_error), "S", points=count),
        Quantity(float(at_zero + difference[0]), float(level_error), "S", points=count),
        Quantity(upper, float(np.sqrt(upper * (1.0 - upper) / count)), "", points=count),
        state,
        noise,
        significance,
    )


def _hats(bias_V: Floats) -> tuple[Floats, Floats]:
    """Return nodes of |V| and the piecewise-linear functions in asinh(V / 1 mV) for Delta G, shape (n, m)."""
    places = np.arcsinh(np.abs(bias_V) / DIFFERENCE_SCALE_V)
    count = 1 + max(1, int(np.ceil(places.max() / DIFFERENCE_SPACING)))
    nodes = np.linspace(0.0, places.max(), count)
    hats = np.clip(1.0 - np.abs(places[:, None] - nodes) / (nodes[1] - nodes[0]), 0.0, None)
    return DIFFERENCE_SCALE_V * np.sinh(nodes), hats


def _maximise(mixture: _Mixture) -> tuple[Floats, Floats, Floats, Floats, float, float] | None:
    """Return coefficients, inverse matrix, expected states, shares, variance, and the gain in -2 ln likelihood."""
    zeros = np.zeros(mixture.data.size)
    rest, _ = mixture.residual(mixture.fit(zeros, zeros, 1.0)[0])
    single = float(np.mean(rest**2))
    state = (rest > 0.0).astype(float)
    square, variance = state, 0.3 * single
    shares = np.array([0.45, 0.03, 0.04, 0.03, 0.45])
    gain = 0.0
    solution, inverse = mixture.fit(state, square, variance)
    for iteration in range(ITERATIONS):
        rest, difference = mixture.residual(solution)
        squares = (rest[:, None] - difference[:, None] * STATES) ** 2
        logs = np.log(shares + 1e-12) - 0.5 * squares / variance
        top = logs.max(axis=1)
        weights = np.exp(logs - top[:, None])
        total = weights.sum(axis=1)
        weights /= total[:, None]
        last, gain = gain, 2.0 * float(np.sum(top + np.log(total))) + rest.size * (1.0 + np.log(single / variance))
        if iteration == FIRST_ITERATIONS and gain < PROMISING:
            return None
        if iteration > FIRST_ITERATIONS and abs(gain - last) < 1e-3:
            break
        state, square = weights @ STATES, weights @ STATES**2
        shares = weights.mean(axis=0)
        # the states between are one kind: readings with a switch in them
        shares[1:-1] = shares[1:-1].mean()
        variance = float(np.sum(weights * squares)) / max(1, rest.size - mixture.nodes)
        solution, inverse = mixture.fit(state, square, variance)
    return solution, inverse, state, shares, variance, gain


def _vanishing(part: TelegraphIsotherm) -> Quantity:
    share = part.difference_S / part.difference_S[0]
    below = np.flatnonzero(share < TENTH)
    if below.size == 0:
        return Quantity(float(part.difference_bias_V[-1]), None, "V", ">=", "Delta G is left at the end of the data")
    index = int(below[0])
    nodes = part.difference_bias_V[[index - 1, index]]
    fall = float(share[index - 1] - share[index])
    place = float(nodes[0] + (share[index - 1] - TENTH) / fall * np.diff(nodes)[0])
    error = part.difference_error_S[index] / part.difference_S[0] / fall * float(np.diff(nodes)[0])
    return Quantity(place, float(error), "V", points=part.expected_upper.size)


def _at_large_bias(part: TelegraphIsotherm) -> Quantity:
    far = part.difference_bias_V >= LARGE_BIAS_V
    if not far.any():
        return missing("", f"the data end below {LARGE_BIAS_V * 1e3:g} mV")
    weights = part.difference_error_S[far] ** -2.0
    mean, error = float(np.average(part.difference_S[far], weights=weights)), float(weights.sum() ** -0.5)
    value = mean / float(part.difference_S[0])
    spread = np.hypot(error, value * part.difference_error_S[0]) / part.difference_S[0]
    return Quantity(value, float(spread), "", points=int(far.sum()))


def _dwells(pairs: Sequence[tuple[Isotherm, TelegraphIsotherm]]) -> tuple[Quantity, Quantity]:
    """Return the mean times in the upper and the lower state, from the correlation of readings in time."""
    lags = [_correlation(pairs, lag) for lag in LAGS]
    if lags[0] is None:
        why = "the times of too few clear pairs of readings are known"
        return missing("s", why), missing("s", why)
    # long times are best seen over the longest distance that keeps half of the correlation
    far = [own for own in lags if own is not None and own.value > HALF]
    best = far[-1] if far else lags[0]
    share = float(np.mean([part.share_upper.value for _, part in pairs if part.share_upper.value is not None]))
    # 1 / time = 1 / upper + 1 / lower, and the share in the upper state is upper / (upper + lower)
    factors = (1.0 / (1.0 - share), 1.0 / share)
    if best.value < 2.0 * best.error:
        time_s = best.step_s / -np.log(max(best.value, 0.0) + 2.0 * best.error)
        why = f"readings {best.step_s:.3g} s apart are not correlated"
        upper, lower = (Quantity(float(time_s * factor), None, "s", "<=", why, best.pairs) for factor in factors)
        return upper, lower
    value = min(best.value, 1.0 - 0.5 * best.error)
    time_s = best.step_s / -np.log(value)
    error_s = time_s**2 / best.step_s * best.error / value
    upper, lower = (
        Quantity(float(time_s * factor), float(error_s * factor), "s", points=best.pairs) for factor in factors
    )
    return upper, lower


@dataclass(frozen=True, slots=True)
class _Correlation:
    """Correlation of the state between readings some time apart."""

    value: float
    error: float
    step_s: float
    pairs: int


def _correlation(pairs: Sequence[tuple[Isotherm, TelegraphIsotherm]], lag: int) -> _Correlation | None:
    """Return the correlation over `lag` readings where Delta G is clear of the noise; None for too few pairs."""
    products, steps = [np.zeros(0)], [np.zeros(0)]
    for isotherm, part in pairs:
        if isotherm.time_s is None or part.share_upper.value is None:
            continue
        order = np.argsort(isotherm.time_s, kind="stable")
        is_clear = part.difference_at_S(isotherm.bias_V)[order] > RESOLVED * part.noise_S
        share = part.share_upper.value
        state = (part.expected_upper[order] - share) / np.sqrt(share * (1.0 - share))
        is_pair = is_clear[lag:] & is_clear[:-lag]
        # an expected state varies less than the state, by the share that noise hides
        seen = float(np.mean(state[is_clear] ** 2)) if is_clear.any() else 1.0
        products.append((state[lag:] * state[:-lag])[is_pair] / seen**2)
        steps.append((isotherm.time_s[order][lag:] - isotherm.time_s[order][:-lag])[is_pair])
    product, step = np.concatenate(products), np.concatenate(steps)
    if product.size < MINIMUM_PAIRS:
        return None
    # pairs that overlap are not independent
    error = float(product.std() / np.sqrt(product.size / lag))
    return _Correlation(float(product.mean()), error, float(np.median(step)), product.size)
