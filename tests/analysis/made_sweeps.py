"""Sweeps made for the tests of the features: any curve of bias, temperature and field, with noise and drift.

Nothing of it comes from the program; the formulas of the mechanisms are written out in the tests.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.curves import Curves, make_curves
from analysis.quantity import Quantity
from analysis.signs.even_curve import EvenCurve, even_curves

Floats = NDArray[np.float64]
Curve = Callable[..., Any]

QUANTUM_S = 3.874045865e-5
VOLT_PER_KELVIN = 8.617333262e-5
BOHR_V_PER_T = 5.7883818060e-5
POINT_S = 3.3


def sinh_grid(maximum_V: float, points: int = 401, dense_V: float = 1e-4) -> Floats:
    return dense_V * np.sinh(np.linspace(-1.0, 1.0, points) * np.arcsinh(maximum_V / dense_V))


def sweeps(
    curve: Curve,
    rng: np.random.Generator,
    *,
    bias_V: Floats,
    temperatures_K: Sequence[float] | Floats = (0.1,),
    fields_T: Sequence[float] | Floats = (0.0,),
    noise: float | Callable[[float], float] = 0.1,
    drift: float = 0.0,
    has_times: bool = True,
) -> Curves:
    """Sweep up and down at every temperature and field, G in e2/h of (V, T, H, direction).

    `noise` of a reading in e2/h, or a function of T; `drift` in e2/h per root second goes on between the sweeps.
    """
    columns: dict[str, list[Floats]] = {name: [] for name in ("V", "T", "H", "G", "way", "time")}
    time_s, level = 0.0, 0.0
    for temperature_K in temperatures_K:
        for field_T in fields_T:
            time_s += 3000.0
            level += drift * np.sqrt(3000.0) * rng.standard_normal()
            for way in (1, -1):
                bias = bias_V[::way]
                walk: Floats = level + np.cumsum(drift * np.sqrt(POINT_S) * rng.standard_normal(bias.size))
                level = float(walk[-1])
                size = noise if isinstance(noise, int | float) else noise(temperature_K)
                columns["G"].append(
                    curve(bias, temperature_K, field_T, way) + walk + size * rng.standard_normal(bias.size)
                )
                columns["V"].append(bias)
                columns["T"].append(np.full(bias.size, float(temperature_K)))
                columns["H"].append(np.full(bias.size, float(field_T)))
                columns["way"].append(np.full(bias.size, float(way)))
                columns["time"].append(time_s + POINT_S * np.arange(bias.size, dtype=np.float64))
                time_s = float(columns["time"][-1][-1])
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return make_curves(
        bias_V=joined["V"],
        temperature_K=joined["T"],
        field_T=joined["H"],
        conductance_S=joined["G"] * QUANTUM_S,
        direction=joined["way"],
        time_s=joined["time"] if has_times else None,
    )


def curves_of(data: Curves, *, drift: float = 0.0, bias_max_V: float = np.inf) -> tuple[EvenCurve, ...]:
    """Return the even curves of all isotherms, drift in e2/h per root second."""
    return even_curves(data.isotherms(), drift_S_per_sqrt_s=drift * QUANTUM_S, bias_max_V=bias_max_V)


def coverage(
    values: Sequence[float] | Floats, errors: Sequence[float] | Floats, truth: float, sigmas: float = 1.0
) -> float:
    """Return the share of estimates within so many of their errors of the truth."""
    return float(np.mean(np.abs(np.asarray(values) - truth) < sigmas * np.asarray(errors)))


def value(quantity: Quantity) -> float:
    """Return a value that must be there."""
    assert quantity.value is not None, quantity.why
    return quantity.value


def error(quantity: Quantity) -> float:
    """Return an error that must be there."""
    assert quantity.error is not None, quantity.why
    return quantity.error


def mean(values: ArrayLike) -> float:
    return float(np.mean(np.asarray(values, dtype=float)))


def median(values: ArrayLike) -> float:
    return float(np.median(np.asarray(values, dtype=float)))


def spread(values: ArrayLike) -> float:
    return float(np.std(np.asarray(values, dtype=float)))
