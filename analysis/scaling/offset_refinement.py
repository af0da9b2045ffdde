"""The bias offset once more, from near it: with drift as a random walk, as in the fit of the exponent.

A centre of symmetry that straight lines for the drift have found is off by what they leave of a walk, above all on the
warm curves, whose slope is small. Here each isotherm has its even spline, levels and ramps with a prior, all share one
drift rate, and what is left along the spline's slope is the offset.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.curves import Isotherm
from analysis.quantities import thermal_voltage_V
from analysis.scaling.drift import SlowColumns
from analysis.scaling.likelihood import RIDGE, is_reached
from analysis.scaling.master_curve import MasterBasis
from analysis.scaling.noise import measured_scatter
from analysis.scaling.normal_equations import NormalEquations, ReducedIsotherm

Floats = NDArray[np.float64]

STEPS = 2
DECADES = np.arange(-3.0, 6.01, 0.5)


def refine_offset(isotherms: Sequence[Isotherm], offset_V: float) -> tuple[float, float] | None:
    """Return a better offset in volts and its standard error; None where no isotherm tells its noise.

    Parameters
    ----------
    isotherms : sequence of Isotherm
        With the points that have a reflected one about `offset_V`.
    offset_V : float
        The centre to start from.
    """
    noises = [_noise_S(isotherm) for isotherm in isotherms]
    known = [(isotherm, noise) for isotherm, noise in zip(isotherms, noises, strict=True) if noise]
    if not known:
        return None
    error_V = np.inf
    for _ in range(STEPS):
        step_V, error_V = _step(known, offset_V)
        offset_V += step_V
    return offset_V, error_V


def _step(known: Sequence[tuple[Isotherm, float]], offset_V: float) -> tuple[float, float]:
    """Return the further offset that isotherms of known noise ask for together, and its error."""
    parts = [(_reduced(isotherm, offset_V), noise) for isotherm, noise in known]
    rate = _likeliest_rate(parts, _unit_rate(known))
    scores, weights = np.transpose([_odd_part(part, noise, rate)[:2] for part, noise in parts])
    step_V = float(scores.sum() / weights.sum())
    scatter = float(np.sum((scores - weights * step_V) ** 2 / weights)) / max(1, len(known) - 1)
    return step_V, float(np.sqrt(max(1.0, scatter) / weights.sum()))


def _noise_S(isotherm: Isotherm) -> float:
    scatter = measured_scatter(isotherm, np.ones(isotherm.bias_V.size))
    return 0.0 if scatter is None else scatter.noise_S


def _unit_rate(known: Sequence[tuple[Isotherm, float]]) -> float:
    """Return the rate in S^2/s at which the longest isotherm drifts by the least noise."""
    spans = [i.bias_V.size if i.time_s is None else float(np.ptp(i.time_s)) for i, _ in known]
    return min(noise for _, noise in known) ** 2 / max(1.0, *spans)


def _reduced(isotherm: Isotherm, offset_V: float) -> ReducedIsotherm:
    """Return the normal equations of even spline, its slope by the offset, and data."""
    thermal_V = float(thermal_voltage_V(isotherm.temperature_K))
    v = (isotherm.bias_V - offset_V) / thermal_V
    basis = MasterBasis.for_range(float(np.abs(v).max()))
    functions, slow = basis.evaluate(v), SlowColumns.of(isotherm)
    data = isotherm.conductance_S - isotherm.conductance_S.mean()
    design = np.hstack([slow.levels, slow.ramps, functions])
    curve = np.linalg.lstsq(design, data, rcond=None)[0][-basis.size :]
    slope = -basis.evaluate(v, 1) @ curve / np.sqrt(1.0 + v**2) / thermal_V
    equations = NormalEquations(slow.levels.shape[1], slow.ramps.shape[1], basis.size + 1)
    equations.add(np.column_stack([design, slope]), data)
    return equations.eliminate_levels()


def _likeliest_rate(parts: Sequence[tuple[ReducedIsotherm, float]], unit: float) -> float:
    """Return the drift rate of the largest restricted likelihood among some a factor of three apart."""
    rates = unit * 10.0**DECADES
    deviances = [sum(_odd_part(part, noise, rate)[2] for part, noise in parts) for rate in rates]
    return float(rates[int(np.argmin(deviances))])


def _odd_part(part: ReducedIsotherm, noise_S: float, rate_S2_per_s: float) -> tuple[float, float, float]:
    """Return score and information of a further offset, and minus twice the restricted log-likelihood."""
    gram, log_det = part.at_drift(rate_S2_per_s / noise_S**2)
    gram = gram / noise_S**2
    size = len(gram) - 2
    diagonal = np.diag(gram)[:size]
    # functions that no point reaches are held at zero
    spline = gram[:size, :size] + np.diag(RIDGE * diagonal + np.where(is_reached(diagonal), 0.0, diagonal.max()))
    rest = gram[size:, size:] - gram[:size, size:].T @ np.linalg.solve(spline, gram[:size, size:])
    weight, score = float(rest[0, 0]), float(rest[0, 1])
    deviance = float(rest[1, 1]) - score**2 / weight + log_det + float(np.linalg.slogdet(spline)[1])
    return score, weight, deviance
