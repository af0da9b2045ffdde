"""D(alpha) of eq 24: as printed, over the signal, and from binned curves; a missing minimum is said to be missing."""

import numpy as np
import pytest
from simulated_contact import BENCHMARK_K, benchmark_columns

from analysis.curves import Isotherm, make_curves
from analysis.errors import WindowError
from analysis.scaling.deviation import deviation_curve


def isotherms(noise: float, seed: int = 1) -> tuple[Isotherm, ...]:
    return make_curves(**benchmark_columns(np.random.default_rng(seed), noise=noise)).isotherms(0.0)


def test_quiet_curves_have_their_minimum_at_the_exponent() -> None:
    curve = deviation_curve(isotherms(1e-4))
    assert curve.temperatures_K == pytest.approx(BENCHMARK_K[:5])
    assert [curve.minimum, curve.minimum_dimensionless] == pytest.approx([0.5, 0.5], abs=2e-3)
    assert curve.minimum_binned == pytest.approx(0.5, abs=0.02)
    assert not (curve.is_at_edge or curve.is_dimensionless_at_edge or curve.is_binned_at_edge)


def test_d_is_the_integral_that_is_printed() -> None:
    curves = isotherms(0.05)
    curve = deviation_curve(curves)
    v = np.linspace(-8.0, 8.0, 161)
    place = 100
    rescaled = []
    for isotherm in curves[:5]:
        own = isotherm.bias_V / (8.617333262e-5 * isotherm.temperature_K)
        signal = np.interp(v, own, isotherm.conductance_S) - np.interp(0.0, own, isotherm.conductance_S)
        rescaled.append(signal / isotherm.temperature_K ** curve.alpha[place])
    mean = np.mean(rescaled, axis=0)
    expected = np.mean([np.trapezoid((one - mean) ** 2, v) for one in rescaled])
    assert curve.d[place] == pytest.approx(expected, rel=1e-6)
    assert curve.d_dimensionless[place] == pytest.approx(expected / np.trapezoid(mean**2, v), rel=1e-6)


def test_noise_drives_the_printed_minimum_to_the_edge_and_it_is_said() -> None:
    curve = deviation_curve(isotherms(0.5))
    assert curve.is_at_edge
    assert curve.minimum == 0.0


def test_binned_curves_are_less_misled() -> None:
    chosen = [[isotherms(0.2, seed)[index] for index in (0, 3, 6, 9, 11)] for seed in range(12)]
    curves = [deviation_curve(five) for five in chosen]
    printed = [abs(curve.minimum - 0.5) for curve in curves]
    binned = [abs(curve.minimum_binned - 0.5) for curve in curves]
    assert np.mean(binned) < 0.8 * np.mean(printed)


def test_one_sided_curves_are_refused() -> None:
    halves = [isotherm.select(isotherm.bias_V >= 0) for isotherm in isotherms(0.05)]
    with pytest.raises(WindowError, match="both sides of zero bias"):
        deviation_curve(halves)
