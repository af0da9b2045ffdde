"""The noise that a curve's own scatter tells, against the one that was put in."""

import numpy as np
import pytest

from analysis.curves import make_curves
from analysis.scaling.noise import measured_scatter

NOISE_S = 1e-6


@pytest.mark.parametrize("sweeps", [1, 30])
def test_drift_from_sweep_to_sweep_is_no_noise(sweeps: int) -> None:
    rng = np.random.default_rng(sweeps)
    up = np.linspace(-1e-3, 1e-3, 201)
    leg = np.tile([1, -1], sweeps)
    bias = np.concatenate([up[::way] for way in leg])
    drift_S = 30.0 * NOISE_S * np.repeat(np.cumsum(rng.standard_normal(leg.size)), up.size)
    curves = make_curves(
        bias_V=bias,
        temperature_K=1.0,
        conductance_S=0.11 + bias**2 + drift_S + NOISE_S * rng.standard_normal(bias.size),
        time_s=np.arange(float(bias.size)),
        direction=np.repeat(leg, up.size),
    )
    (isotherm,) = curves.isotherms()
    found = measured_scatter(isotherm, np.ones(bias.size))
    assert found is not None
    assert found.noise_S == pytest.approx(NOISE_S, rel=4.0 * found.relative_error)
