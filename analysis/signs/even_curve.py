"""The even part of one isotherm: a cubic spline through a few nodes, with the covariance of its values.

A sweep of hundreds of points becomes some twenty-five values that carry nearly all of its information about any smooth
even function of the bias, so that models with several parameters are compared with a whole run in milliseconds. The
spline is cubic in asinh(eV / kB T), linear near zero and logarithmic beyond; drift during the sweep is a nuisance with
a prior, as in the fit of the exponent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from analysis.curves import Isotherm
from analysis.errors import WindowError
from analysis.quantities import thermal_voltage_V
from analysis.scaling.drift import level_columns, ramp_columns
from analysis.scaling.noise import measured_scatter

Floats = NDArray[np.float64]

NODE_SPACING = 0.3
POINTS_A_NODE = 2
MINIMUM_POINTS = 12
MINIMUM_NODES = 4
NEAR_ZERO = 0.5
NOISE_FLOOR = 1e-9
LOOSE_PRIOR = 1e3
MISSED_NOISE = 0.3
MAXIMUM_RAMPS = 120
POINTS_A_RAMP = 5
STRIDES = (6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class EvenCurve:
    """Values of the even part at nodes of |V|, shape (m,), with their covariance.

    Attributes
    ----------
    temperature_K, field_T : float
    bias_V, conductance_S : array, shape (m,)
        Nodes, rising from zero bias (or from where the data begin), and the curve there.
    covariance_S2 : array, shape (m, m)
        From the noise of a point, the drift and the thermometer's error allowed for.
    noise_S : float
        Of a point.
    chi2 : float
        Of the points about the curve.
    degrees_of_freedom, points : int
    excitation_Vrms : float
        Mean, 0 where unknown.
    time_s : float or None
        Mean, None where unknown.
    """

    temperature_K: float
    field_T: float
    bias_V: Floats
    conductance_S: Floats
    covariance_S2: Floats
    noise_S: float
    chi2: float
    degrees_of_freedom: int
    points: int
    excitation_Vrms: float
    time_s: float | None

    @property
    def zero_error_S(self) -> float:
        """Standard error of the first value, that at zero bias."""
        return float(np.sqrt(self.covariance_S2[0, 0]))

    @property
    def reaches_zero(self) -> bool:
        """Say whether the curve begins at zero bias."""
        return bool(self.bias_V[0] == 0.0)

    def interpolation(self, bias_V: Floats, derivative: int = 0) -> Floats:
        """Return the matrix, shape (n, m), that takes the values at the nodes to those at `bias_V`.

        With `derivative` 1 to the derivative by V, in 1/V.
        """
        thermal_V = float(thermal_voltage_V(self.temperature_K))
        return cardinal(self.bias_V, thermal_V, bias_V, derivative)

    def reversals(self, sigmas: float) -> tuple[int, ...]:
        """Return the nodes away from zero bias where the curve turns round by more than `sigmas` standard errors."""
        turns: list[int] = []
        trend, extreme = 0, 0
        for index in range(1, self.bias_V.size):
            change = float(self.conductance_S[index] - self.conductance_S[extreme])
            way = int(np.sign(change))
            if way == trend:
                extreme = index
            elif abs(change) > sigmas * self.difference_error_S(extreme, index):
                turns += [extreme] if trend else []
                trend, extreme = way, index
        return tuple(turns)

    def difference_error_S(self, first: int, second: int) -> float:
        """Return the standard error of the difference of the values at two nodes."""
        part = self.covariance_S2[np.ix_([first, second], [first, second])]
        return float(np.sqrt(max(part[0, 0] + part[1, 1] - 2.0 * part[0, 1], 0.0)))

    def up_to(self, bias_max_V: float) -> "EvenCurve":
        """Return the curve cut at `bias_max_V`; chi-square and points stay those of the whole."""
        kept = self.bias_V <= bias_max_V
        return replace(
            self,
            bias_V=self.bias_V[kept],
            conductance_S=self.conductance_S[kept],
            covariance_S2=self.covariance_S2[np.ix_(kept, kept)],
        )

    def smoothed(self) -> "EvenCurve":
        """Return the curve through as few of its nodes as its values allow, chi-square rising no more than by chance.

        A template that is shifted must not carry noise on a finer scale than its own structure.
        """
        precision = np.linalg.inv(self.covariance_S2)
        thermal_V = float(thermal_voltage_V(self.temperature_K))
        for stride in STRIDES:
            kept = np.unique(np.append(np.arange(0, self.bias_V.size, stride), self.bias_V.size - 1))
            if kept.size < MINIMUM_NODES:
                continue
            functions = cardinal(self.bias_V[kept], thermal_V, self.bias_V)
            covariance = np.asarray(np.linalg.inv(functions.T @ precision @ functions), dtype=np.float64)
            centred = self.conductance_S - self.conductance_S[0]
            values = covariance @ (functions.T @ precision @ centred)
            rest = centred - functions @ values
            removed = self.bias_V.size - kept.size
            if rest @ precision @ rest <= removed + 2.0 * np.sqrt(2.0 * removed):
                return replace(
                    self,
                    bias_V=self.bias_V[kept],
                    conductance_S=values + self.conductance_S[0],
                    covariance_S2=covariance,
                )
        return self

    def weights(self, has_free_level: bool = True) -> Floats:
        """Return W, shape (m, m), with |W r|^2 the chi-square of a difference r at the nodes.

        With a free level the difference is taken up to the constant that fits best.
        """
        values, vectors = np.linalg.eigh(self.covariance_S2)
        root = vectors.T / np.sqrt(np.maximum(values, 1e-14 * values[-1]))[:, None]
        if not has_free_level:
            return root
        level = root.sum(axis=1)
        return root - np.outer(level, level @ root) / (level @ level)


def even_curve(
    isotherm: Isotherm,
    *,
    drift_S_per_sqrt_s: float = 0.0,
    bias_max_V: float = np.inf,
    temperature_accuracy_fraction: float = 0.0,
    node_step_V: float = np.inf,
) -> EvenCurve:
    """Fit the even curve of an isotherm.

    Parameters
    ----------
    isotherm : Isotherm
        Corrected.
    drift_S_per_sqrt_s : float
        Strength of the random walk that is allowed for.
    bias_max_V : float
        Points with at most this |V|.
    temperature_accuracy_fraction : float
        1-sigma error of the temperature; its effect, dG / d ln T = (G - G(0)) / 2 - V dG/dV for a curve that scales
        with alpha = 1/2, goes into the covariance.
    node_step_V : float
        Largest distance of nodes, for structure at large bias.

    Raises
    ------
    WindowError
        For fewer than 12 points, or too few different values of |V|.
    """
    isotherm = isotherm.select(np.abs(isotherm.bias_V) <= bias_max_V)
    if isotherm.bias_V.size < MINIMUM_POINTS:
        raise WindowError(
            f"{isotherm.bias_V.size} points at {isotherm.temperature_K:.3g} K are too few for a curve, "
            f"{MINIMUM_POINTS} are needed; widen the bias range"
        )
    thermal_V = float(thermal_voltage_V(isotherm.temperature_K))
    nodes = bias_nodes(np.abs(isotherm.bias_V), thermal_V, node_step_V=node_step_V)
    if nodes.size < MINIMUM_NODES:
        raise WindowError(f"the points at {isotherm.temperature_K:.3g} K hold too few different |V| for a curve")
    error = isotherm.conductance_error_S
    relative = np.ones(isotherm.bias_V.size) if error is None else error / np.median(error)
    functions = cardinal(nodes, thermal_V, isotherm.bias_V)
    noise = point_noise_S(isotherm, relative, functions)
    nuisance = nuisance_columns(isotherm, drift_S_per_sqrt_s, noise)
    sigma = noise * relative
    centre = float(np.mean(isotherm.conductance_S))
    design = np.hstack([functions, nuisance]) / sigma[:, None]
    data = (isotherm.conductance_S - centre) / sigma
    precision = np.diag(np.repeat([0.0, 1.0], [nodes.size, nuisance.shape[1]]))
    covariance = np.asarray(np.linalg.inv(design.T @ design + precision), dtype=np.float64)
    solution = covariance @ (design.T @ data)
    rest = data - design @ solution
    values = solution[: nodes.size]
    slope = cardinal(nodes, thermal_V, nodes, 1) @ values
    thermometer = temperature_accuracy_fraction * (0.5 * (values - values[0]) - nodes * slope)
    times, excitation = isotherm.time_s, isotherm.excitation_Vrms
    return EvenCurve(
        isotherm.temperature_K,
        isotherm.field_T,
        nodes,
        values + centre,
        covariance[: nodes.size, : nodes.size] + np.outer(thermometer, thermometer),
        noise,
        float(rest @ rest + solution[nodes.size :] @ solution[nodes.size :]),
        isotherm.bias_V.size - nodes.size,
        isotherm.bias_V.size,
        0.0 if excitation is None else float(np.mean(excitation)),
        None if times is None else float(np.mean(times)),
    )


def even_curves(
    isotherms: Sequence[Isotherm],
    *,
    drift_S_per_sqrt_s: float = 0.0,
    bias_max_V: float = np.inf,
    temperature_accuracy_fraction: float = 0.0,
    node_step_V: float = np.inf,
) -> tuple[EvenCurve, ...]:
    """Return the curves of those isotherms that have enough points for one; parameters as for `even_curve`."""
    curves = []
    for isotherm in isotherms:
        try:
            curve = even_curve(
                isotherm,
                drift_S_per_sqrt_s=drift_S_per_sqrt_s,
                bias_max_V=bias_max_V,
                temperature_accuracy_fraction=temperature_accuracy_fraction,
                node_step_V=node_step_V,
            )
            curves.append(curve)
        except WindowError:
            # a stray isotherm of a few rows says nothing here
            continue
    return tuple(curves)


def bias_nodes(size_V: Floats, thermal_V: float, spacing: float = NODE_SPACING, node_step_V: float = np.inf) -> Floats:
    """Return nodes of |V|, shape (m,), even in asinh(eV / kB T).

    No farther apart than `node_step_V`, and thinned so that at least two different values lie between neighbours.
    """
    values = np.unique(size_V)
    start = 0.0 if values[0] <= NEAR_ZERO * thermal_V else float(values[0])
    ends = np.arcsinh(np.array([start, values[-1]]) / thermal_V)
    count = max(2, 1 + int(np.ceil(np.ptp(ends) / spacing)))
    candidates = thermal_V * np.sinh(np.linspace(float(ends[0]), float(ends[1]), count))
    counts = np.maximum(1, np.ceil(np.diff(candidates) / node_step_V)).astype(int)
    finer = [
        np.linspace(first, second, count, endpoint=False)
        for (first, second), count in zip(pairwise(candidates.tolist()), counts.tolist(), strict=True)
    ]
    candidates = np.concatenate([*finer, candidates[-1:]])
    # the number of data values below each candidate decides which are far enough apart
    ranks = np.searchsorted(values, candidates, side="right")
    kept = [0]
    for index in range(1, candidates.size):
        if ranks[index] - ranks[kept[-1]] >= POINTS_A_NODE:
            kept.append(index)
    nodes = candidates[kept]
    nodes[-1] = max(nodes[-1], values[-1])
    return nodes


def cardinal(nodes_V: Floats, thermal_V: float, bias_V: Floats, derivative: int = 0, *, is_odd: bool = False) -> Floats:
    """Return the spline functions that are one at one node and zero at the others, at `bias_V`: shape (n, m).

    Even functions of the bias, or odd ones, of which the first is then of no use. With `derivative` 1 their derivatives
    by V.
    """
    parity = None if nodes_V[0] != 0.0 else 2 if is_odd else 1
    spline = _cardinal_spline(np.arcsinh(nodes_V / thermal_V).tobytes(), parity)
    values = spline(np.arcsinh(np.abs(bias_V) / thermal_V), nu=derivative)
    if derivative:
        values /= np.hypot(thermal_V, bias_V)[:, None]
    return values * np.sign(bias_V)[:, None] if is_odd is not bool(derivative) else values


@lru_cache(maxsize=256)
def _cardinal_spline(places: bytes, vanishing_derivative: int | None) -> CubicSpline:
    """Return the cardinal functions of nodes; kept, for a search asks for those of the same nodes hundreds of times."""
    nodes = np.frombuffer(places)
    # even or odd about zero bias; a third derivative that goes on where the data end
    left = "not-a-knot" if vanishing_derivative is None else (vanishing_derivative, np.zeros(nodes.size))
    return CubicSpline(nodes, np.eye(nodes.size), bc_type=(left, "not-a-knot"))  # type: ignore[arg-type]


def nuisance_columns(isotherm: Isotherm, drift_S_per_sqrt_s: float, noise_S: float | None = None) -> Floats:
    """Return columns of unit prior variance: drift in time, and levels of the directions where times are unknown.

    Given the noise of a point, stretches of drift are made so short that what they miss of the walk is below it.
    """
    # of several levels the spline itself takes one
    levels = LOOSE_PRIOR * float(np.ptp(isotherm.conductance_S)) * level_columns(isotherm)[:, 1:]
    if drift_S_per_sqrt_s == 0.0:
        return levels
    ramps = ramp_columns(isotherm)
    if noise_S is not None and isotherm.time_s is not None:
        # between the ends of a stretch a walk strays by its strength times (stretch / 6)^(1/2)
        wanted = float(np.ptp(isotherm.time_s)) * (drift_S_per_sqrt_s / (MISSED_NOISE * noise_S)) ** 2 / 6.0
        count = int(min(wanted, MAXIMUM_RAMPS, isotherm.time_s.size / POINTS_A_RAMP))
        if count > ramps.shape[1]:
            ramps = _fine_ramps(isotherm.time_s, count)
    return np.hstack([levels, drift_S_per_sqrt_s * ramps])


def _fine_ramps(time_s: Floats, count: int) -> Floats:
    starts, stretch = np.linspace(float(time_s.min()), float(time_s.max()), count, endpoint=False, retstep=True)
    return np.clip((time_s[:, None] - starts) / stretch, 0.0, 1.0) * np.sqrt(stretch)


def point_noise_S(isotherm: Isotherm, relative: Floats, functions: Floats) -> float:
    """Return the noise of a point: from the scatter, else as predicted, else from the residuals of the spline."""
    estimate = measured_scatter(isotherm, relative)
    if estimate is not None:
        noise = estimate.noise_S
    elif isotherm.conductance_error_S is not None:
        noise = float(np.median(isotherm.conductance_error_S))
    else:
        rest = isotherm.conductance_S - functions @ np.linalg.lstsq(functions, isotherm.conductance_S, rcond=None)[0]
        noise = float(np.sqrt(rest @ rest / max(1, rest.size - functions.shape[1])))
    return max(noise, NOISE_FLOOR * float(np.abs(isotherm.conductance_S).max()))
