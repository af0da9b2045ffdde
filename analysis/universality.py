"""Universality: whether the scaling curves of several samples fall onto one (eq 25, fig 11).

Each sample has its own B and A; the hypothesis is one curve for all, B_s T^alpha F(A_s v). It is nested in that of one
free curve for each sample, and the rise of chi-square from the one to the other is the test. Isotherms have free
levels, so that neither B_sigma nor G(0, T) goes in; ratios of B and A come out with their errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaincc

from analysis.errors import WindowError
from analysis.quantities import reduced_bias, thermal_voltage_V
from analysis.quantity import Quantity
from analysis.signs.even_curve import EvenCurve
from analysis.signs.shared_curve import SharedCurve

Floats = NDArray[np.float64]
NamedCurves = Sequence[tuple[str, Sequence[EvenCurve]]]

STEP = 0.02
MOVE_STEP = 0.005
LEAST_LIKELY = 0.01
SAME_PLACE = 0.02
"""Relative distance of two reduced biases that are one place of the common curve."""


@dataclass(frozen=True, slots=True)
class UniversalSample:
    """One sample on the common scale.

    Attributes
    ----------
    name : str
    amplitude_ratio, coupling_ratio : Quantity
        B_s / B_1 and A_s / A_1, those of the first sample being one; errors with what variants and exponent move.
    reduced_bias, scaled, error : array, shape (m,)
        All its values on the scale of the first sample, less their levels: A_s v, and in S / K^alpha.
    """

    name: str
    amplitude_ratio: Quantity
    coupling_ratio: Quantity
    reduced_bias: Floats
    scaled: Floats
    error: Floats


@dataclass(frozen=True, slots=True)
class Universality:
    """The common curve and whether the samples agree with it.

    Attributes
    ----------
    samples : tuple of UniversalSample
    alpha : float
    reduced_bias, curve : array, shape (m,)
        F(v) - F(0) on the scale of the first sample, in S / K^alpha.
    chi2 : float
        Rise of chi-square from a curve for each to one for all, over the misfit of the curves for each.
    degrees_of_freedom : int
    p_value : float
        Of so large a rise if the samples agree.
    is_universal : bool
        Whether it exceeds 1 %.
    """

    samples: tuple[UniversalSample, ...]
    alpha: float
    reduced_bias: Floats
    curve: Floats
    chi2: float
    degrees_of_freedom: int
    p_value: float
    is_universal: bool


def compare_samples(
    samples: NamedCurves, alpha: float = 0.5, *, alpha_error: float = 0.0, variants: Sequence[NamedCurves] = ()
) -> Universality:
    """Fit one curve to the isotherms of several samples.

    Parameters
    ----------
    samples : sequence of (name, curves)
        Isotherms of the scaling window of each, at least one a sample.
    alpha, alpha_error : float
        Common exponent.
    variants : sequence of samples
        The same samples, changed by one standard deviation of what is not sure of them: the ratios move by it, which is
        part of their errors.

    Raises
    ------
    WindowError
        For fewer than two samples, a sample without isotherms, or no common range.
    """
    if len(samples) < 2:
        raise WindowError(f"universality compares at least two samples, got {len(samples)}")
    empty = [name for name, curves in samples if not curves]
    if empty:
        raise WindowError(f'sample "{empty[0]}" has no isotherm in its scaling window')
    # beyond the reach of the others a sample agrees with itself only
    reach = sorted(float(reduced_bias(c.bias_V[-1], c.temperature_K)) for _, own in samples for c in own)[-2]
    problem = _Problem.of(samples, alpha, reach)
    start = problem.start()
    found = minimize(problem.chi2, start, method="Powell", options={"xtol": 1e-4, "ftol": 1e-9})
    point = np.asarray(found.x, dtype=float)
    lowest = problem.chi2(point)
    apart, freedom_apart = problem.apart()
    misfit = max(1.0, apart / max(1, freedom_apart))
    freedom = max(1, problem.freedom(point) - freedom_apart)
    rise = max(0.0, lowest - apart) / misfit
    p_value = float(gammaincc(0.5 * freedom, 0.5 * rise))
    doubts = [_Problem.of(variant, alpha, reach) for variant in variants]
    if alpha_error > 0.0:
        doubts.append(_Problem.of(samples, alpha + alpha_error, reach))
    moves = sum((doubt.move(point) ** 2 for doubt in doubts), np.zeros_like(point))
    errors = np.sqrt(np.diag(problem.covariance(point)) * misfit + moves)
    own = tuple(_on_one_scale(samples, problem, point, errors, index) for index in range(len(samples)))
    v, curve = problem.curve(point)
    return Universality(own, alpha, v, curve, rise, freedom, p_value, p_value > LEAST_LIKELY)


def _on_one_scale(
    samples: NamedCurves, problem: "_Problem", point: Floats, errors: Floats, index: int
) -> UniversalSample:
    """Return one sample with its ratios and its values on the scale of the first."""
    name, curves = samples[index]
    half = len(samples) - 1
    # the first sample's own ratios are one
    logs, sizes = (np.concatenate([[0.0], own[:half], [0.0], own[half:]]) for own in (point, errors))
    amplitude, coupling = (
        Quantity(float(np.exp(logs[at])), float(np.exp(logs[at]) * sizes[at]), "", points=len(curves))
        for at in (index, half + 1 + index)
    )
    values = [problem.scaled(row, point) for row in np.flatnonzero(problem.owner == index).tolist()]
    v, scaled, error = (np.concatenate(column) for column in zip(*values, strict=True))
    return UniversalSample(name, amplitude, coupling, v, scaled, error)


@dataclass(frozen=True, slots=True)
class _Problem:
    """All isotherms with the number of their sample; parameters are ln B_s / B_1, then ln A_s / A_1."""

    curves: tuple[EvenCurve, ...]
    owner: NDArray[np.int64]
    weights: tuple[Floats, ...]
    alpha: float

    @classmethod
    def of(cls, samples: NamedCurves, alpha: float, reach: float) -> "_Problem":
        cut = [
            (index, curve.up_to(1.001 * reach * float(thermal_voltage_V(curve.temperature_K))))
            for index, (_, curves) in enumerate(samples)
            for curve in curves
        ]
        curves = tuple(curve for _, curve in cut)
        owner = np.array([index for index, _ in cut])
        return cls(curves, owner, tuple(curve.weights() for curve in curves), alpha)

    def shared(self, point: Floats) -> tuple[SharedCurve, Floats]:
        """Return the problem of one curve and the scales of the isotherms."""
        half = point.size // 2
        amplitude, coupling = np.append(0.0, point[:half])[self.owner], np.append(0.0, point[half:])[self.owner]
        temperature = np.array([curve.temperature_K for curve in self.curves])
        units = thermal_voltage_V(temperature) * np.exp(-coupling)
        return SharedCurve.for_units(self.curves, units, self.weights), temperature**self.alpha * np.exp(amplitude)

    def chi2(self, point: Floats) -> float:
        shared, scales = self.shared(point)
        return shared.fit(scales).chi2

    def freedom(self, point: Floats) -> int:
        """Return the degrees of freedom of one curve for all."""
        shared, scales = self.shared(point)
        return shared.fit(scales).degrees_of_freedom - point.size

    def apart(self) -> tuple[float, int]:
        """Return chi-square and degrees of freedom of a curve for each sample."""
        chi2, freedom = 0.0, 0
        for index in range(int(self.owner.max()) + 1):
            rows = np.flatnonzero(self.owner == index)
            curves = [self.curves[row] for row in rows]
            if len(curves) == 1:
                # one isotherm is its own curve
                continue
            temperature = np.array([curve.temperature_K for curve in curves])
            weights = [self.weights[row] for row in rows]
            fit = SharedCurve.for_units(curves, thermal_voltage_V(temperature), weights).fit(temperature**self.alpha)
            chi2, freedom = chi2 + fit.chi2, freedom + fit.degrees_of_freedom
        return chi2, freedom

    def start(self) -> Floats:
        """Return amplitudes that give all samples the same size at their ends; couplings of one."""
        sizes = [
            max(
                abs(float(np.ptp(curve.conductance_S))) / curve.temperature_K**self.alpha
                for curve, owner in zip(self.curves, self.owner, strict=True)
                if owner == index
            )
            for index in range(int(self.owner.max()) + 1)
        ]
        return np.concatenate([np.log(np.array(sizes[1:]) / sizes[0]), np.zeros(len(sizes) - 1)])

    def covariance(self, point: Floats) -> Floats:
        """Return twice the inverse Hessian of chi-square, by differences."""
        size, centre = point.size, self.chi2(point)
        steps = STEP * np.eye(size)
        for index in range(size):
            for _ in range(2):
                step = steps[index]
                bend = self.chi2(point + step) + self.chi2(point - step) - 2.0 * centre
                factor = np.sqrt(2.0 / max(bend, 1e-6)) if bend > 0 else 1.0
                steps[index] = np.clip(step * factor, -0.3, 0.3)
        single = [self.chi2(point + step) + self.chi2(point - step) - 2.0 * centre for step in steps]
        hessian = np.diag(single).astype(float)
        for i in range(size):
            for j in range(i):
                both, apart = steps[i] + steps[j], steps[i] - steps[j]
                mixed = (
                    self.chi2(point + both)
                    + self.chi2(point - both)
                    - self.chi2(point + apart)
                    - self.chi2(point - apart)
                )
                hessian[i, j] = hessian[j, i] = mixed / 4.0
        lengths = np.diag(steps)
        return 2.0 * np.linalg.pinv(hessian) * np.outer(lengths, lengths)

    def move(self, point: Floats) -> Floats:
        """Return the Newton step from near the minimum, shape (p,)."""
        steps = MOVE_STEP * np.eye(point.size)
        slope = np.array([self.chi2(point + step) - self.chi2(point - step) for step in steps]) / (2.0 * MOVE_STEP)
        return -0.5 * self.covariance(point) @ slope

    def scaled(self, row: int, point: Floats) -> tuple[Floats, Floats, Floats]:
        """Return reduced bias, value and error of one isotherm on the common scale, its level taken out."""
        curve, (shared, scales) = self.curves[row], self.shared(point)
        coupling = float(np.append(0.0, point[point.size // 2 :])[self.owner[row]])
        v = curve.bias_V / float(thermal_voltage_V(curve.temperature_K)) * np.exp(coupling)
        common = (shared.basis.evaluate(v) - shared.basis.evaluate(np.zeros(1))) @ shared.fit(scales).coefficients
        values, error = curve.conductance_S / scales[row], np.sqrt(np.diag(curve.covariance_S2)) / scales[row]
        weights = error**-2.0 / np.sum(error**-2.0)
        return v, values - float(weights @ (values - common)), error

    def curve(self, point: Floats) -> tuple[Floats, Floats]:
        """Return v and the common curve less its value at zero, where there are values: between far ones it is free.

        Places closer than `SAME_PLACE` are one, for a curve that is free beside them may jump from one to the other.
        """
        shared, scales = self.shared(point)
        coupling = np.append(0.0, point[point.size // 2 :])[self.owner]
        thermal_V = thermal_voltage_V(np.array([curve.temperature_K for curve in self.curves]))
        own = [curve.bias_V * unit for curve, unit in zip(self.curves, np.exp(coupling) / thermal_V, strict=True)]
        v = np.unique(np.concatenate([np.zeros(1), *own]))
        functions = shared.basis.evaluate(v) - shared.basis.evaluate(np.zeros(1))
        curve = functions @ shared.fit(scales).coefficients
        firsts = _firsts_of_places(v)
        counts = np.diff(np.append(firsts, v.size))
        return np.add.reduceat(v, firsts) / counts, np.add.reduceat(curve, firsts) / counts


def _firsts_of_places(v: Floats) -> NDArray[np.intp]:
    """Return where in sorted `v`, shape (m,), a new place begins."""
    firsts = [0]
    for row, value in enumerate(v):
        if value > (1.0 + SAME_PLACE) * v[firsts[-1]]:
            firsts.append(row)
    return np.array(firsts)
