"""Table I of the paper from simulated runs: the sixteen numbers and a sharper exponent."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from analysis.table1 import PUBLISHED, Row, agreement, deviation, independent

EXAMPLE = Path(__file__).parents[2] / "examples" / "table1.py"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("table1", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(example: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    return example.run(tmp_path_factory.mktemp("table1"))


def test_the_sixteen_numbers_agree_with_the_published_ones(rows: dict[str, Row]) -> None:
    assert rows.keys() == PUBLISHED.keys()
    assert agreement(rows).probability > 0.01
    assert independent(rows).probability > 0.01
    for sample, row in rows.items():
        assert max(abs(deviation(*pair)) for pair in zip(row.numbers(), PUBLISHED[sample].numbers(), strict=True)) < 3.0


@pytest.mark.parametrize("sample", ["cu1", "cu2"])
def test_the_exponent_is_five_times_sharper_than_published_and_agrees(rows: dict[str, Row], sample: str) -> None:
    ours, published = rows[sample].alpha, PUBLISHED[sample].alpha
    assert ours is not None
    assert published is not None
    assert 5.0 * ours[1] < published[1]
    assert abs(deviation(ours, published)) < 2.0
    assert abs(ours[0] - 0.5) < 3.0 * ours[1]


def test_the_exponents_together_are_sharper_than_the_papers(example: ModuleType, rows: dict[str, Row]) -> None:
    value, error = example.weighted_mean([rows[sample].alpha for sample in example.SCALING])
    assert 5.0 * error < 0.05
    assert abs(value - 0.5) < 3.0 * error


def test_the_page_shows_ours_beside_the_papers(example: ModuleType, rows: dict[str, Row]) -> None:
    page = example.page(rows)
    assert page.count("\n| cu1 |") == 5
    assert "| -5.7 ± 0.9 |" in page
    assert "Kondo temperatures of 0.4 K" in page
