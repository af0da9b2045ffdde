"""A measurement written out for the tests: two-level systems, crossover, noise, drift and a wrong thermometer.

Nothing of it comes from the program. Gamma(v) is the integral of the 2CK scattering rate by Gauss-Legendre panels;
lj(y) = int_0^y (1 + y'^4)^(-1/4) dy' turns the power law into a logarithm beyond the Kondo temperature.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import ellipe, ellipk, hyp2f1

Floats = NDArray[np.float64]

QUANTUM_S = 3.874045865e-5
VOLT_PER_KELVIN = 8.617333262e-5
DEMO_K = np.array([0.1, 0.14, 0.2, 0.28, 0.4, 0.55, 0.75, 1.0, 1.4, 2.0, 3.4, 5.7])
BENCHMARK_K = np.geomspace(0.1, 1.5, 12)
BENCHMARK_V = np.linspace(-1e-3, 1e-3, 401)


@cache
def _gamma_spline() -> CubicSpline:
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.linspace(0.0, 8.0, 80)
    x = (edges[:-1, None] + np.diff(edges)[:, None] * (nodes + 1) / 2).ravel()
    weight = (np.diff(edges)[:, None] * weights / 2).ravel()
    t = x * x
    u = np.exp(-t)
    rate = (4 * ellipe(u) - 2 * (1 - u) * ellipk(u)) / np.pi
    factor = np.exp(-t / 2) * (-np.expm1(-t)) ** -1.5 * 2 * x * weight
    v = np.concatenate([[0.0], np.geomspace(1e-2, 300.0, 800)])
    argument = v[:, None] / (9 / (2 * np.pi**2)) * t / (4 * np.pi)
    integral = (factor * ((t / 2) / np.sinh(t / 2) * rate * np.cos(argument) - 4 / np.pi)).sum(axis=1)
    return CubicSpline(np.arcsinh(v), -integral / (4 / 3))


def gamma(v: Floats) -> Floats:
    """Return Gamma(v); beyond v = 200 it is v^(1/2) to 1e-4."""
    size = np.abs(v)
    return np.where(size > 200.0, np.sqrt(size), _gamma_spline()(np.arcsinh(np.minimum(size, 200.0))))


@cache
def _logarithm_spline() -> CubicSpline:
    y = np.concatenate([[0.0], np.geomspace(1e-3, 300.0, 2000)])
    return CubicSpline(y, y * hyp2f1(0.25, 0.25, 1.25, -(y**4)))


def conductance(bias_V: Floats, temperature_K: float, couplings: Floats, kondo_K: Floats, amplitude: float) -> Floats:
    """Return G in e2/h of two-level systems that share the amplitude B evenly."""
    v = bias_V / (VOLT_PER_KELVIN * temperature_K)
    signals = [
        amplitude / len(couplings) * np.sqrt(k) * _logarithm_spline()(np.sqrt(temperature_K / k) * gamma(a * v))
        for a, k in zip(couplings, kondo_K, strict=True)
    ]
    return 2829.0 + np.sum(signals, axis=0)


def triangle(points: int = 401, maximum_V: float = 4e-3, dense_V: float = 1e-4, every: int = 25) -> Floats:
    """Return rows (bias, direction, is anchor) of a closed triangle from zero with zero-bias anchors."""
    half = (points - 1) // 2
    grid = dense_V * np.sinh(np.arange(-half, half + 1) / half * np.arcsinh(maximum_V / dense_V))
    sweep = [(v, -1, 0) for v in grid[half::-1]] + [(v, 1, 0) for v in grid] + [(v, -1, 0) for v in grid[:half:-1]]
    rows = [(0.0, 0, 1)]
    for number, row in enumerate(sweep, start=1):
        rows.append(row)
        if number % every == 0:
            rows.append((0.0, 0, 1))
    return np.array(rows, dtype=float)


def run_columns(
    seed: int,
    *,
    temperatures_K: Floats = DEMO_K,
    points: int = 401,
    noise: float = 0.28,
    has_drift: bool = True,
    is_pure: bool = False,
    thermometer: float = 0.005,
) -> dict[str, Floats]:
    """Return the columns of a whole run, warmest isotherm first in time, by the names `make_curves` takes.

    Noise is `noise` e2/h at 0.1 K and falls as 1/T; drift walks to 1 part in 3000 in three days; the thermometer is
    wrong by a smooth function of ln T; `is_pure` leaves the crossover out.
    """
    rng = np.random.default_rng(seed)
    couplings = (np.arange(10) + 0.5) / 10 * 0.8
    kondo_K = np.full(10, 1e6) if is_pure else rng.uniform(8.0, 16.0, 10)
    order = triangle(points)
    log_t = np.log(temperatures_K)
    kernel = np.exp(-0.5 * (log_t[:, None] - log_t) ** 2) + 1e-9 * np.eye(log_t.size)
    wrong = thermometer * np.linalg.cholesky(kernel) @ rng.standard_normal(log_t.size)
    step_S2_per_s = (2829 / 3000) ** 2 / (3 * 86400)
    pieces, time_s, drift = [], 0.0, 0.0
    for index in reversed(range(log_t.size)):
        temperature_K = temperatures_K[index]
        times = time_s + 1500.0 + 3.3 * np.arange(len(order))
        walk = drift + np.cumsum(
            np.sqrt(step_S2_per_s * np.diff(times, prepend=time_s)) * rng.standard_normal(len(order))
        )
        time_s, drift = float(times[-1]), float(walk[-1])
        g = conductance(order[:, 0], temperature_K, couplings, kondo_K, 7.8)
        g = g + walk * has_drift + noise * 0.1 / temperature_K * rng.standard_normal(len(order))
        measured = temperature_K * (1 + wrong[index]) * (1 + 0.001 * rng.standard_normal(len(order)))
        same = np.ones(len(order))
        pieces.append(
            {
                "bias_V": order[:, 0],
                "temperature_K": measured,
                "conductance_S": g * QUANTUM_S,
                "conductance_error_S": same * noise * 0.1 / temperature_K * QUANTUM_S,
                "time_s": times,
                "excitation_Vrms": same * VOLT_PER_KELVIN * temperature_K / np.sqrt(2),
                "direction": order[:, 1],
                "is_anchor": order[:, 2],
            }
        )
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def benchmark_columns(rng: np.random.Generator, noise: float = 0.05, offset: float = 0.3) -> dict[str, Floats]:
    """Return V, T and G of one coupling A = .29, B = 7.8 e2/h without a Kondo temperature, one offset an isotherm."""
    curves = [
        2829.0
        + 7.8 * np.sqrt(t) * gamma(0.29 * BENCHMARK_V / (VOLT_PER_KELVIN * t))
        + offset * rng.standard_normal()
        + noise * rng.standard_normal(BENCHMARK_V.size)
        for t in BENCHMARK_K
    ]
    return {
        "bias_V": np.tile(BENCHMARK_V, BENCHMARK_K.size),
        "temperature_K": np.repeat(BENCHMARK_K, BENCHMARK_V.size),
        "conductance_S": np.concatenate(curves) * QUANTUM_S,
    }
