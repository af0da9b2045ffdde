"""The fit of a growing run: at any moment that of a batch fit of the same points, whatever order isotherms came in."""

from dataclasses import fields

import numpy as np
import pytest
from simulated_contact import run_columns

from analysis import growing_fit
from analysis.collapse import ExponentFit, fit_exponent
from analysis.corrections import Corrections
from analysis.curves import make_curves
from analysis.errors import AnalysisError, ModelError
from analysis.growing_fit import GrowingFit
from analysis.points import Points

CORRECTIONS = Corrections(bias_offset_V="auto")


@pytest.fixture(scope="module")
def points() -> Points:
    """Twelve isotherms, the warmest first, as a run measures them."""
    columns = {name: np.asarray(column) for name, column in run_columns(3, points=201).items()}
    curves = make_curves(**columns)
    count = curves.bias_V.size
    whole = Points(
        curves.isotherm_index,
        curves.bias_V,
        curves.temperature_K,
        curves.field_T,
        curves.conductance_S,
        np.full(count, 2e-6) if curves.conductance_error_S is None else curves.conductance_error_S,
        np.zeros(count) if curves.time_s is None else curves.time_s,
        np.full(count, 1e-6) * curves.temperature_K,
        curves.direction,
        curves.is_anchor,
    )
    return Points.joined([whole.select(curves.isotherm_index == index) for index in range(11, -1, -1)])


@pytest.fixture(scope="module")
def batch(points: Points) -> ExponentFit:
    columns = {column.name: getattr(points, column.name) for column in fields(points)}
    del columns["isotherm_index"]
    return fit_exponent(make_curves(**columns), None, CORRECTIONS)


def part(points: Points, first: int, last: int) -> Points:
    return points.select((np.arange(len(points.bias_V)) >= first) & (np.arange(len(points.bias_V)) < last))


def test_live_fit_is_the_batch_fit(points: Points, batch: ExponentFit) -> None:
    growing = GrowingFit(CORRECTIONS)
    growing.add(points)
    growing.refit()
    live = growing.fit()
    assert live.alpha == pytest.approx(batch.alpha, abs=1e-9)
    assert live.error == pytest.approx(batch.error, rel=1e-6)
    assert live.interval95 == pytest.approx(batch.interval95, abs=1e-6)


def test_points_in_batches_give_what_all_at_once_give(points: Points, batch: ExponentFit) -> None:
    growing, whole = GrowingFit(CORRECTIONS), len(points.bias_V)
    growing.add(part(points, 0, whole // 2))
    growing.refit()
    for first in range(whole // 2, whole, 37):
        growing.add(part(points, first, min(whole, first + 37)))
    growing.refit()
    assert growing.fit().alpha == pytest.approx(batch.alpha, abs=1e-9)
    assert growing.fit().points_used == batch.points_used


def test_more_points_than_are_needed_are_thinned_evenly_and_forgotten(
    points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = len(points.bias_V)
    monkeypatch.setattr(growing_fit, "MOST_POINTS", whole // 5)
    growing = GrowingFit(CORRECTIONS)
    for first in range(0, whole, 100):
        growing.add(part(points, first, min(whole, first + 100)))
        assert growing.stride > 1 or first < whole // 2
    growing.refit()
    assert growing.stride == 4
    columns = {column.name: getattr(points, column.name)[::4] for column in fields(points)}
    del columns["isotherm_index"]
    batch = fit_exponent(make_curves(**columns), None, CORRECTIONS)
    assert growing.fit().alpha == pytest.approx(batch.alpha, abs=1e-9)
    assert growing.fit().points_used == batch.points_used


def test_alpha_moves_with_points_of_an_isotherm_that_the_batch_fit_did_not_know(points: Points) -> None:
    growing, whole = GrowingFit(CORRECTIONS), len(points.bias_V)
    begun = whole - len(points.bias_V) // 12
    growing.add(part(points, 0, begun))
    growing.refit()
    before = growing.fit()
    assert growing.add(part(points, begun, begun + 40))
    assert not growing.add(part(points, begun + 40, begun + 60))
    after = growing.fit()
    assert after.isotherms_used == before.isotherms_used + 1
    assert after.points_used > before.points_used + 20
    assert after.alpha != before.alpha


def test_only_what_changed_is_scaled_anew(points: Points) -> None:
    growing, whole = GrowingFit(CORRECTIONS), len(points.bias_V)
    growing.add(part(points, 0, whole - 5))
    growing.refit()
    assert len(growing.collapsed(growing.fit())) == 12
    growing.add(part(points, whole - 5, whole))
    (isotherm,) = growing.collapsed(growing.fit()).values()
    assert isotherm.temperature_K == pytest.approx(float(points.temperature_K[-1]), rel=0.01)


def test_failed_refit_keeps_the_points(points: Points, batch: ExponentFit) -> None:
    growing = GrowingFit(CORRECTIONS)
    growing.add(part(points, 0, 20))
    with pytest.raises(AnalysisError):
        growing.refit()
    assert not growing.is_fitted
    growing.add(part(points, 20, len(points.bias_V)))
    growing.refit()
    assert growing.fit().alpha == pytest.approx(batch.alpha, abs=1e-9)


def test_series_resistance_is_refused() -> None:
    with pytest.raises(ModelError, match="series_ohm is 3"):
        GrowingFit(Corrections(series_ohm=3.0))
