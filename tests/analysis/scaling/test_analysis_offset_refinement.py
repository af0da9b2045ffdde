"""The bias offset of contacts whose gain wanders, against offsets put in by hand."""

import numpy as np
import pytest

from analysis.curves import Curves, make_curves
from analysis.scaling.bias_offset import estimate_bias_offset
from analysis.scaling.offset_refinement import refine_offset

QUANTUM_S = 3.874045865e-5
TEMPERATURES_K = (0.1, 0.4, 1.5, 5.0)
OFFSET_V = 7e-6


def wandering_curves(seed: int, walk: float) -> Curves:
    """Triangles of an even dip about OFFSET_V; noise .05 e2/h a point, and `walk` e2/h a point of random walk."""
    rng = np.random.default_rng(seed)
    half = 1e-3 * np.sinh(np.linspace(0.0, 4.0, 81)) / np.sinh(4.0)
    bias = np.concatenate([half, half[::-1], -half, -half[::-1]])
    columns = []
    for temperature_K in TEMPERATURES_K:
        v = (bias - OFFSET_V) / 8.617333e-5 / temperature_K
        dip = 7.8 * temperature_K**0.5 * (1.0 + (0.3 * v) ** 2) ** 0.25
        drift = walk * np.cumsum(rng.standard_normal(bias.size))
        columns.append(2800.0 + dip + drift + 0.05 * rng.standard_normal(bias.size))
    return make_curves(
        bias_V=np.tile(bias, len(columns)),
        temperature_K=np.repeat(TEMPERATURES_K, bias.size),
        conductance_S=np.concatenate(columns) * QUANTUM_S,
        time_s=np.arange(float(len(columns) * bias.size)),
        direction=np.tile(np.sign(np.gradient(bias)).astype(int), len(columns)),
    )


@pytest.mark.parametrize("walk", [0.0, 0.005])
def test_error_of_the_offset_is_what_it_scatters_by(walk: float) -> None:
    found = np.array([estimate_bias_offset(wandering_curves(seed, walk).isotherms()) for seed in range(20)])
    pulls = (found[:, 0] - OFFSET_V) / found[:, 1]
    assert 0.65 < np.sqrt(np.mean(pulls**2)) < 1.4
    assert np.all(found[:, 1] < 1.5e-6)


def test_flat_noiseless_curves_tell_nothing() -> None:
    bias = np.linspace(-1e-3, 1e-3, 41)
    curves = make_curves(bias_V=bias, temperature_K=0.1, conductance_S=np.full(41, 0.1))
    assert refine_offset(curves.isotherms(), 0.0) is None
