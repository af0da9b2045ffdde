"""A contact that switches between two curves: levels, dwell times, and Delta G that dies out with bias."""

import numpy as np
import pytest
from made_sweeps import (
    POINT_S,
    QUANTUM_S,
    VOLT_PER_KELVIN,
    coverage,
    error,
    mean,
    median,
    sinh_grid,
    spread,
    sweeps,
    value,
)

from analysis.curves import Curves
from analysis.errors import WindowError
from analysis.signs.telegraph import Telegraph, find_telegraph

GRID = sinh_grid(12e-3, 401, 1e-3)
UPPER_S, LOWER_S = 8.0, 12.0
DRIFT = 1e-3


def anomaly(bias_V, temperature_K):
    return 500.0 + 10.0 * np.sqrt(np.hypot(bias_V / VOLT_PER_KELVIN, 2.0 * np.hypot(temperature_K, 3.0)))


def difference(bias_V, size: float, is_scatterer: bool):
    """Return Delta G: a tenth of it is left at 3 mV (ln 10)^(2/3) = 5.2 mV, or it is the same at every bias."""
    return size * np.ones_like(bias_V) if is_scatterer else size * np.exp(-((np.abs(bias_V) / 3e-3) ** 1.5))


def states(rng: np.random.Generator, count: int, upper_s: float, lower_s: float) -> np.ndarray:
    """Return 0 or 1 for readings a dwell of the sweep apart, by exponential waiting times."""
    state, left, found = 0, rng.exponential(lower_s), np.zeros(count)
    for index in range(count):
        rest = POINT_S
        while left < rest:
            rest -= left
            state = 1 - state
            left = rng.exponential(upper_s if state else lower_s)
        left -= rest
        found[index] = state
    return found


def contact(
    seed: int, size: float = 1.0, is_scatterer: bool = False, upper_s: float = UPPER_S, lower_s: float = LOWER_S
) -> Curves:
    rng = np.random.default_rng(seed)

    def curve(bias_V, temperature_K, field_T, way):
        state = states(rng, bias_V.size, upper_s, lower_s)
        return anomaly(bias_V, temperature_K) - difference(bias_V, size, is_scatterer) * (1.0 - state)

    return sweeps(curve, rng, bias_V=GRID, temperatures_K=(1.2, 2.0, 4.2), noise=0.2, drift=DRIFT)


def telegraph_of(seed: int, **options) -> Telegraph:
    return find_telegraph(contact(seed, **options).isotherms(), drift_S_per_sqrt_s=DRIFT * QUANTUM_S)


@pytest.fixture(scope="module")
def found() -> list[Telegraph]:
    return [telegraph_of(seed) for seed in range(16)]


def test_levels_have_their_distance_within_the_errors(found: list[Telegraph]) -> None:
    assert all(own.is_found and len(own.isotherms) == 3 for own in found)
    values = [value(own.amplitude) for own in found]
    errors = [error(own.amplitude) for own in found]
    assert mean(values) == pytest.approx(1.0, abs=0.6 * mean(errors))
    assert coverage(values, errors, 1.0, 2.0) > 0.8


def test_difference_falls_to_zero_between_5_and_10_millivolt(found: list[Telegraph]) -> None:
    places = [value(own.vanishing_bias_V) for own in found]
    assert 4.5e-3 < median(places) < 8e-3
    left = [own.difference_at_large_bias for own in found]
    assert mean([value(own) for own in left]) == pytest.approx(0.03, abs=mean([error(own) for own in left]))
    assert all(abs(value(own)) < 4 * error(own) for own in left)


def test_dwell_times_and_shares_come_out(found: list[Telegraph]) -> None:
    for name, truth in (("upper_dwell_s", UPPER_S), ("lower_dwell_s", LOWER_S)):
        values = [value(getattr(own, name)) for own in found]
        errors = [error(getattr(own, name)) for own in found]
        assert mean(values) == pytest.approx(truth, rel=0.15)
        assert coverage(values, errors, truth, 2.5) > 0.8
    shares = [value(part.share_upper) for own in found for part in own.isotherms]
    assert mean(shares) == pytest.approx(UPPER_S / (UPPER_S + LOWER_S), abs=0.04)


def test_long_and_short_dwell_times_are_handled() -> None:
    slow = [telegraph_of(seed, upper_s=60.0, lower_s=60.0).upper_dwell_s for seed in range(6)]
    assert 35.0 < median([value(own) for own in slow]) < 110.0
    fast = telegraph_of(1, upper_s=0.5, lower_s=0.5).upper_dwell_s
    assert fast.bound == "<=" and value(fast) < POINT_S


def test_a_defect_that_just_scatters_is_told_apart() -> None:
    for seed in range(4):
        ratio = telegraph_of(seed, is_scatterer=True).difference_at_large_bias
        assert ratio.value == pytest.approx(1.0, abs=3 * error(ratio))
        assert telegraph_of(seed, is_scatterer=True).vanishing_bias_V.bound == ">="


def test_one_curve_is_no_telegraph() -> None:
    assert not any(telegraph_of(seed, size=0.0).is_found for seed in range(12))


def test_structure_in_bias_is_no_telegraph() -> None:
    def teeth(bias_V, temperature_K, field_T, way):
        return anomaly(bias_V, temperature_K) + np.sign(np.sin(np.abs(bias_V) / 1.2e-4))

    data = sweeps(teeth, np.random.default_rng(1), bias_V=GRID, temperatures_K=(1.2, 2.0), noise=0.1)
    assert not find_telegraph(data.isotherms()).is_found


def test_points_can_be_brought_onto_the_lower_curve() -> None:
    data = contact(3)
    isotherms = data.isotherms()
    part = find_telegraph(isotherms, drift_S_per_sqrt_s=DRIFT * QUANTUM_S).isotherms[0]
    lower = part.lower_curve(isotherms[0])
    truth = anomaly(lower.bias_V, 1.2) - difference(lower.bias_V, 1.0, False)
    rest = lower.conductance_S / QUANTUM_S - truth
    assert np.abs(mean(rest - median(rest))) < 0.05
    assert spread(rest) < 0.8 * spread(isotherms[0].conductance_S / QUANTUM_S - truth)
    assert lower.conductance_error_S is not None and (lower.conductance_error_S >= part.noise_S).all()


def test_another_isotherm_cannot_be_separated_by_it() -> None:
    isotherms = contact(3).isotherms()
    part = find_telegraph(isotherms).isotherms[0]
    with pytest.raises(WindowError, match="same isotherm"):
        part.lower_curve(isotherms[0].select(isotherms[0].bias_V > 0))


def test_few_points_are_refused() -> None:
    isotherm = contact(1).isotherms()[0]
    with pytest.raises(WindowError, match="60 points"):
        find_telegraph([isotherm.select(np.arange(isotherm.bias_V.size) < 40)])
