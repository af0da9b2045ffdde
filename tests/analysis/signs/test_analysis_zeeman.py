"""The g factor from shifted copies: resolved, unresolved, and bounded where a dip only shrinks."""

import numpy as np
import pytest
from made_sweeps import (
    BOHR_V_PER_T,
    VOLT_PER_KELVIN,
    coverage,
    curves_of,
    error,
    mean,
    sinh_grid,
    spread,
    sweeps,
    value,
)

from analysis.errors import WindowError
from analysis.signs.zeeman import ZeemanSplitting, find_zeeman_splitting

FIELDS_T = (0.0, 1.0, 2.0, 4.0, 6.0)


def magnetic(g: float, kondo_K: float):
    """Return a dip that splits by +- g mu_B H / e; its half width is of the order of T_K."""

    def curve(bias_V, temperature_K, field_T, way):
        def resonance(bias):
            return 1.0 / np.sqrt(1.0 + ((bias / VOLT_PER_KELVIN) ** 2 + 9 * temperature_K**2) / (2 * kondo_K) ** 2)

        shift = g * BOHR_V_PER_T * field_T
        return 2829.0 - 10.0 * (resonance(bias_V - shift) + resonance(bias_V + shift))

    return curve


def shrinking(bias_V, temperature_K, field_T, way):
    return 2829.0 - 20.0 * np.exp(-field_T / 8.0) * np.exp(-np.abs(bias_V) / 4e-4)


def splitting_of(curve, seed: int = 1, fields=FIELDS_T, noise: float = 0.28) -> ZeemanSplitting:
    data = sweeps(
        curve, np.random.default_rng(seed), bias_V=sinh_grid(4e-3), temperatures_K=(0.1,), fields_T=fields, noise=noise
    )
    return find_zeeman_splitting(curves_of(data))


@pytest.mark.parametrize("kondo_K", [0.5, 2.0, 10.0])
def test_g_is_unbiased_with_honest_errors(kondo_K: float) -> None:
    found = [splitting_of(magnetic(2.0, kondo_K), seed).g_factor for seed in range(16)]
    values, errors = [value(own) for own in found], [error(own) for own in found]
    assert mean(values) == pytest.approx(2.0, abs=max(0.01, 0.6 * mean(errors)))
    assert coverage(values, errors, 2.0, 2.0) > 0.75
    assert spread(values) < 2 * mean(errors)


def test_two_dips_are_seen_where_the_field_beats_the_width() -> None:
    assert splitting_of(magnetic(2.0, 0.5)).is_resolved
    assert not splitting_of(magnetic(2.0, 20.0)).is_resolved


def test_a_dip_that_shrinks_has_a_small_bound() -> None:
    found = [splitting_of(shrinking, seed) for seed in range(16)]
    assert all(own.g_factor.bound == "<=" and value(own.g_factor) < 0.5 for own in found)
    assert not any(own.is_resolved for own in found)


def test_another_g_is_told_apart() -> None:
    found = splitting_of(magnetic(1.2, 2.0))
    assert found.g_factor.value == pytest.approx(1.2, abs=4 * error(found.g_factor))


def test_no_field_is_refused() -> None:
    with pytest.raises(WindowError, match="another"):
        splitting_of(shrinking, fields=(0.0,))
