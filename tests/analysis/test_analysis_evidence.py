"""The mechanisms weighed on whole measurements, whose truth is written out here or in the conftest."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.collapse import fit_exponent
from analysis.curves import Curves, Window, make_curves
from analysis.errors import AnalysisError
from analysis.evidence import MECHANISMS, Evidence, compare, has_centre, weigh
from analysis.features import find_features
from analysis.fit_result import ExponentFit
from analysis.parameters import find_parameters
from analysis.sample_history import EventKind, SampleEvent

QUANTUM_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518


def weighed(curves: Curves, fit: ExponentFit, *events: SampleEvent) -> Evidence:
    return weigh(curves, fit, find_parameters(curves, fit), find_features(curves, fit), events)


def peak_curves(height: float = 4.0) -> Curves:
    """Return a peak of a few kelvin that fades with temperature, with noise and drift between isotherms."""
    rng = np.random.default_rng(4)
    grid = 1e-4 * np.sinh(np.linspace(-3.2, 3.2, 101))
    bias_V = np.concatenate([grid, grid[::-1]])
    columns = []
    for temperature_K in np.geomspace(0.1, 5.0, 8):
        squared = temperature_K**2 + 0.15 * (bias_V * KELVIN_PER_VOLT) ** 2
        values = height * (1 + 22.3 * squared / 2.0**2) ** -0.22 + 0.01 * rng.standard_normal(bias_V.size)
        columns.append(
            [bias_V, np.full(bias_V.size, temperature_K), (2500 + values + 0.2 * rng.standard_normal()) * QUANTUM_S]
        )
    bias, temperature, conductance = np.hstack(columns)
    direction = np.tile(np.repeat([1, -1], grid.size), 8)
    return make_curves(bias_V=bias, temperature_K=temperature, conductance_S=conductance, direction=direction)


def test_two_channel_kondo_after_annealing_is_named(small_curves: Curves, small_fit: ExponentFit) -> None:
    evidence = weighed(small_curves, small_fit, SampleEvent(EventKind.ANNEAL, 0.03, 0.02, 0.004))
    assert evidence.verdict == "2CK"
    assert [row.mechanism for row in evidence.mechanisms] == list(MECHANISMS)


def test_curves_of_one_field_leave_disorder_open(bare_curves: Curves) -> None:
    evidence = weighed(bare_curves, fit_exponent(bare_curves, Window(1.5, 0.8e-3)))
    assert evidence.verdict == "undecided"
    assert "2CK and disorder" in evidence.because[0]


def test_a_peak_needs_no_exponent() -> None:
    curves = peak_curves()
    evidence = weigh(curves, None, None, find_features(curves, None), fit_failure="no centre")
    rows = {row.mechanism: row for row in evidence.mechanisms}
    assert evidence.has_anomaly
    assert rows["2CK"].verdict == rows["heating"].verdict == "excluded"
    assert rows["charge-trap"].verdict == "consistent"
    assert evidence.verdict in ("charge-trap", "undecided")


def test_noise_without_an_anomaly_is_undecided() -> None:
    curves = peak_curves(height=0.0)
    evidence = weigh(curves, None, None, find_features(curves, None))
    assert not evidence.has_anomaly
    assert evidence.verdict == "undecided"
    assert "no anomaly" in evidence.because[0]


def test_curves_with_too_few_points_are_undecided_with_a_reason(small_curves: Curves) -> None:
    few = make_curves(bias_V=[0, 1e-3, 2e-3, -1e-3, -2e-3], temperature_K=1.0, conductance_S=[1.0, 1.1, 1.2, 1.1, 1.2])
    evidence = weigh(few, None, None, find_features(small_curves, None))
    assert evidence.verdict == "undecided"
    assert "too few" in evidence.because[0] or "enough points" in evidence.because[0]
    with pytest.raises(AnalysisError):
        compare(few, None)


def test_an_offset_of_millivolts_is_no_centre_of_symmetry(small_curves: Curves, small_fit: ExponentFit) -> None:
    shifted = replace(small_fit, corrections=replace(small_fit.corrections, bias_offset_V=0.4e-3))
    assert has_centre(small_curves, small_fit)
    assert not has_centre(small_curves, shifted)


def test_a_window_does_not_hide_the_curves_from_the_models(small_curves: Curves, small_fit: ExponentFit) -> None:
    assert isinstance(small_fit.window, Window)
    comparison = compare(small_curves, small_fit)
    assert comparison.isotherms == 6
    assert comparison.best in ("2CK", "2CK-with-splitting")
