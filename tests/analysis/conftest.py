"""A small measurement whose truth is written here: nothing of the analysis made it but the universal curve."""

import numpy as np
import pytest

from analysis.collapse import fit_exponent
from analysis.curves import Curves, Window, make_curves
from analysis.fit_result import ExponentFit
from analysis.kondo import scaling_function

QUANTUM_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518
NOISE_S = 2e-3 * QUANTUM_S
COUPLING = 0.3
AMPLITUDE_S = 7.8 * QUANTUM_S
TEMPERATURES_K = (0.1, 0.2, 0.4, 0.8, 1.4, 3.0)


def measurement(fields_T: tuple[float, ...] = (0.0,), is_bare: bool = False) -> Curves:
    """Return six isotherms that scale perfectly, up and down with anchors; `is_bare` leaves out all but V, T, G."""
    rng = np.random.default_rng(11)
    grid = 1e-4 * np.sinh(np.linspace(-3.0, 3.0, 81))
    bias = np.concatenate([grid, grid[::-1], np.zeros(8)])
    direction = np.repeat([1, -1, 0], [81, 81, 8])
    pieces = []
    settings = [(temperature, 0.0) for temperature in TEMPERATURES_K]
    settings += [(TEMPERATURES_K[0], field) for field in fields_T if field]
    for number, (temperature_K, field_T) in enumerate(settings):
        gamma = scaling_function(COUPLING * KELVIN_PER_VOLT * bias / temperature_K)
        conductance = 2829 * QUANTUM_S + AMPLITUDE_S * temperature_K**0.5 * gamma * (1 - 0.05 * field_T)
        conductance += NOISE_S * rng.standard_normal(bias.size)
        time_s = 7200.0 * number + 3.0 * np.arange(bias.size)
        pieces.append([bias, np.full(bias.size, temperature_K), conductance, np.full(bias.size, field_T), time_s])
    bias_V, temperature, conductance_S, field, time = (np.concatenate(column) for column in zip(*pieces, strict=True))
    if is_bare:
        return make_curves(bias_V=bias_V, temperature_K=temperature, conductance_S=conductance_S)
    return make_curves(
        bias_V=bias_V,
        temperature_K=temperature,
        conductance_S=conductance_S,
        field_T=field,
        conductance_error_S=NOISE_S,
        time_s=time,
        direction=np.tile(direction, len(settings)),
        is_anchor=np.tile(direction == 0, len(settings)),
    )


@pytest.fixture(scope="session")
def small_curves() -> Curves:
    return measurement(fields_T=(0.0, 2.0))


@pytest.fixture(scope="session")
def bare_curves() -> Curves:
    """Columns V, T, G and nothing else, as a file from another program may have them."""
    return measurement(is_bare=True)


@pytest.fixture(scope="session")
def small_fit(small_curves: Curves) -> ExponentFit:
    return fit_exponent(small_curves, Window(1.5, 0.8e-3))
