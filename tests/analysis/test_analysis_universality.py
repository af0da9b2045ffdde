"""Curves of several samples on one: ratios of A and B with errors, and a test that notices another curve."""

from dataclasses import replace

import numpy as np
import pytest
from made_sweeps import VOLT_PER_KELVIN, coverage, curves_of, error, mean, sweeps, value
from simulated_contact import gamma

from analysis.errors import WindowError
from analysis.universality import Universality, compare_samples

SAMPLES = ((0.29, 7.8, 0.2), (0.26, 25.2, 0.4), (0.34, 10.3, 0.2))


EVEN_V = np.linspace(-1e-3, 1e-3, 101)
SPARSE_V = 0.06e-3 * np.sinh(np.linspace(-3.15, 3.15, 81))
"""As recipes have it: the far values are far apart."""


def sample(
    seed: int,
    coupling: float,
    amplitude: float,
    noise: float,
    shape=gamma,
    temperatures_K=(0.1, 0.2, 0.4, 0.8, 1.4),
    bias_V=EVEN_V,
):
    def curve(bias_V, temperature_K, field_T, way):
        v = bias_V / (VOLT_PER_KELVIN * temperature_K)
        return 2000.0 + amplitude * np.sqrt(temperature_K) * shape(coupling * v)

    rng = np.random.default_rng([seed, int(100 * coupling)])
    return curves_of(sweeps(curve, rng, bias_V=bias_V, temperatures_K=temperatures_K, noise=noise))


def universality_of(seed: int, shapes=(gamma, gamma, gamma)) -> Universality:
    return compare_samples(
        [(f"cu{n}", sample(seed, *own, shape)) for n, (own, shape) in enumerate(zip(SAMPLES, shapes, strict=True), 1)]
    )


def test_one_curve_for_all_is_accepted_with_its_ratios() -> None:
    found = [universality_of(seed) for seed in range(7)]
    assert mean([own.is_universal for own in found]) >= 0.9
    assert mean([own.chi2 / own.degrees_of_freedom for own in found]) == pytest.approx(1.0, abs=0.25)
    for index in (1, 2):
        for name, place in (("amplitude_ratio", 1), ("coupling_ratio", 0)):
            truth = SAMPLES[index][place] / SAMPLES[0][place]
            values = [value(getattr(own.samples[index], name)) for own in found]
            errors = [error(getattr(own.samples[index], name)) for own in found]
            assert mean(values) == pytest.approx(truth, abs=mean(errors))
            assert coverage(values, errors, truth, 2.5) > 0.7


def test_another_curve_is_noticed() -> None:
    found = universality_of(1, (gamma, gamma, lambda v: (v**2 + 0.8**2) ** 0.25))
    assert not found.is_universal and found.p_value < 1e-6


def test_common_curve_is_that_of_the_first_sample() -> None:
    found = universality_of(2)
    rows = (found.reduced_bias > 1.0) & (found.reduced_bias < 60.0)
    exact = 7.8 * (gamma(0.29 * found.reduced_bias[rows]) - 1.0) * 3.874045865e-5
    assert found.curve[rows] == pytest.approx(exact, abs=0.02 * exact.max())


def test_common_curve_stays_with_the_values_where_those_are_far_apart() -> None:
    pair = [(name, sample(1, *own, bias_V=SPARSE_V)) for name, own in zip("ab", SAMPLES[:2], strict=True)]
    found = compare_samples(pair)
    largest = max(own.scaled.max() for own in found.samples)
    assert found.curve.max() == pytest.approx(largest, rel=0.1)
    for own in found.samples:
        common = np.interp(own.reduced_bias, found.reduced_bias, found.curve)
        assert np.median(abs(own.scaled - common) / own.error) < 1.5


def test_single_isotherms_can_be_compared_as_in_figure_11() -> None:
    pair = [(name, sample(3, *own, temperatures_K=(1.1,))) for name, own in zip("ab", SAMPLES[:2], strict=True)]
    assert compare_samples(pair).is_universal


def test_one_sample_or_an_empty_one_is_refused() -> None:
    curves = sample(1, *SAMPLES[0])
    with pytest.raises(WindowError, match="at least two"):
        compare_samples([("cu1", curves)])
    with pytest.raises(WindowError, match='"cu2" has no isotherm'):
        compare_samples([("cu1", curves), ("cu2", ())])


def test_what_is_not_sure_of_a_sample_widens_its_ratios_by_how_far_they_move() -> None:
    pair = [(name, sample(5, *own)) for name, own in zip("ab", SAMPLES[:2], strict=True)]
    stronger = [pair[0], ("b", [replace(own, conductance_S=1.02 * own.conductance_S) for own in pair[1][1]])]
    sure, unsure = compare_samples(pair), compare_samples(pair, variants=[stronger])
    before, after = (own.samples[1].amplitude_ratio for own in (sure, unsure))
    assert after.value == before.value
    # B of the second is two per cent up or not
    assert np.sqrt(error(after) ** 2 - error(before) ** 2) == pytest.approx(0.02 * value(before), rel=0.15)
