"""Two curves in one isotherm: a mixture of lower(V) and lower(V) + Delta G(V), both even (MG.2).

Fitted by expectation maximisation; a reading that saw a switch lies in between. A state that is a function of the bias
is no fluctuator but structure that the curve cannot follow.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.errors import WindowError
from analysis.quantities import thermal_voltage_V
from analysis.quantity import Quantity
from analysis.signs.even_curve import MINIMUM_NODES, bias_nodes, cardinal, nuisance_columns, point_noise_S

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
GROUP = 4
LEAST_SEEN = 1e-7
WIDENING = 1.3
BOUND_TO_BIAS = 0.5


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


def find_two_curves(isotherm: Isotherm, drift_S_per_sqrt_s: float = 0.0) -> TelegraphIsotherm | None:
    """Fit the mixture to one isotherm, drift of that strength allowed for; None where one curve is enough."""
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
        np.hstack([functions, nuisance_columns(isotherm, drift_S_per_sqrt_s)]) / scale[:, None],
        hats / scale[:, None],
        (isotherm.conductance_S - isotherm.conductance_S.mean()) / scale,
        nodes.size,
    )
    found = _maximise(mixture)
    if found is None:
        return None
    solution, errors, state, shares, variance, significance = found
    split = mixture.lower.shape[1]
    difference = solution[split:]
    at_zero = cardinal(nodes, thermal_V, np.zeros(1))[0] @ solution[: nodes.size] + float(isotherm.conductance_S.mean())
    if difference[0] < 0.0:
        # the upper curve is the one that is higher at zero bias
        at_zero, difference, state, shares = at_zero + difference[0], -difference, 1.0 - state, shares[::-1]
    upper = float(shares @ STATES)
    noise = float(np.sqrt(variance)) * unit
    is_resolved = difference[0] > SIGMAS * errors[0] and difference[0] > RESOLVED * noise
    is_shared = SMALLEST_SHARE < upper < 1.0 - SMALLEST_SHARE
    if significance < SIGNIFICANT or not (is_resolved and is_shared) or _is_bound_to_bias(isotherm.bias_V, state):
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


@dataclass(frozen=True, slots=True)
class _Mixture:
    """Data of one isotherm in units of its predicted errors: lower curve and nuisance, difference, data."""

    lower: Floats
    difference: Floats
    data: Floats
    nodes: int

    def fit(self, state: Floats, square: Floats, variance: float) -> Floats:
        """Return the coefficients for expected states and their expected squares, shape (n,)."""
        gram = variance * self._information(np.ones(state.size), state, square, variance)
        moment = np.concatenate([self.lower.T @ self.data, self.difference.T @ (state * self.data)])
        return np.asarray(np.linalg.solve(gram, moment), dtype=np.float64)

    def errors(self, solution: Floats, weights: Floats, variance: float) -> Floats:
        """Return the standard errors of Delta G at its nodes for posterior `weights` of the states, shape (n, 5).

        From the observed information: that of known states less the variance of the score over the states (Louis,
        J. R. Stat. Soc. B 44, 226 (1982)), so that what noise hides of the states is in the errors.
        """
        rest, difference = self.residual(solution)
        score = rest[:, None] - difference[:, None] * STATES

        def mean(values: Floats) -> Floats:
            return np.sum(weights * values, axis=1)

        def lost(one: Floats, two: Floats) -> Floats:
            return (mean(one * two) - mean(one) * mean(two)) / variance

        information = self._information(
            1.0 - lost(score, score),
            mean(np.broadcast_to(STATES, weights.shape)) - lost(score, STATES * score),
            mean(np.broadcast_to(STATES**2, weights.shape)) - lost(STATES * score, STATES * score),
            variance,
        )
        values, vectors = np.linalg.eigh(information)
        covariance = (vectors / np.maximum(values, LEAST_SEEN * values[-1])) @ vectors.T
        # shares and variance are fitted too: by how much that widens the errors is simulated
        return WIDENING * np.sqrt(np.diag(covariance)[self.lower.shape[1] :])

    def _information(self, own: Floats, cross: Floats, square: Floats, variance: float) -> Floats:
        """Return the information of all coefficients for weights at the points; the nuisance has a prior of one."""
        corner = self.lower.T @ (self.difference * cross[:, None])
        gram = np.block(
            [
                [self.lower.T @ (self.lower * own[:, None]), corner],
                [corner.T, self.difference.T @ (self.difference * square[:, None])],
            ]
        )
        free = np.ones(gram.shape[0], dtype=bool)
        free[self.nodes : self.lower.shape[1]] = False
        gram[np.diag_indices_from(gram)] += np.where(free, 1e-9 * np.diag(gram).max(), variance)
        return gram / variance

    def residual(self, solution: Floats) -> tuple[Floats, Floats]:
        """Return data less lower curve, and the difference of the curves, at the points."""
        split = self.lower.shape[1]
        return self.data - self.lower @ solution[:split], self.difference @ solution[split:]


def _is_bound_to_bias(bias_V: Floats, state: Floats) -> bool:
    """Say whether the state is a function of |V|: structure that the spline cannot follow, not a fluctuator."""
    groups = np.array_split(np.argsort(np.abs(bias_V), kind="stable"), max(1, bias_V.size // GROUP))
    between = float(np.var([state[group].mean() for group in groups]))
    return between > BOUND_TO_BIAS * float(np.var(state))


def _hats(bias_V: Floats) -> tuple[Floats, Floats]:
    """Return nodes of |V| and the piecewise-linear functions in asinh(V / 1 mV) for Delta G, shape (n, m)."""
    places = np.arcsinh(np.abs(bias_V) / DIFFERENCE_SCALE_V)
    count = 1 + max(1, int(np.ceil(places.max() / DIFFERENCE_SPACING)))
    nodes = np.linspace(0.0, places.max(), count)
    hats = np.clip(1.0 - np.abs(places[:, None] - nodes) / (nodes[1] - nodes[0]), 0.0, None)
    return DIFFERENCE_SCALE_V * np.sinh(nodes), hats


def _maximise(mixture: _Mixture) -> tuple[Floats, Floats, Floats, Floats, float, float] | None:
    """Return coefficients, errors of Delta G, expected states, shares, variance, and the gain in -2 ln likelihood."""
    zeros = np.zeros(mixture.data.size)
    rest, _ = mixture.residual(mixture.fit(zeros, zeros, 1.0))
    single = float(np.mean(rest**2))
    state = (rest > 0.0).astype(float)
    square, variance = state, 0.3 * single
    shares = np.array([0.45, 0.03, 0.04, 0.03, 0.45])
    gain = 0.0
    solution = mixture.fit(state, square, variance)
    weights = np.zeros((state.size, STATES.size))
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
        solution = mixture.fit(state, square, variance)
    return solution, mixture.errors(solution, weights, variance), state, shares, variance, gain
