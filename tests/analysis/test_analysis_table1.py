import pytest

from analysis.errors import DataError
from analysis.table1 import PUBLISHED, Row, agreement, deviation, independent, weighted_mean


def test_the_published_numbers_agree_with_themselves() -> None:
    assert agreement(PUBLISHED).chi2 == 0.0
    assert (agreement(PUBLISHED).numbers, independent(PUBLISHED).numbers) == (16, 12)
    assert agreement(PUBLISHED).probability == 1.0


def test_gamma1_is_the_ratio_it_is_said_to_be() -> None:
    for row in PUBLISHED.values():
        assert row.gamma1[0] == pytest.approx(row.f1[0] / row.b_sigma[0], abs=0.006)


def test_errors_of_both_sides_count() -> None:
    assert deviation((5.0, 3.0), (0.0, 4.0)) == pytest.approx(1.0)


def test_a_row_far_off_is_found_out() -> None:
    wrong = Row((7.8, 0.1), (4.2, 0.1), (-1.0, 0.1), (-0.13, 0.02))
    # (4.7 / 0.906)^2 + (0.60 / 0.112)^2
    assert agreement({"cu1": wrong}).chi2 == pytest.approx(26.9 + 28.8, abs=0.2)
    assert agreement({"cu1": wrong}).probability < 1e-8


def test_a_mean_is_weighted_with_the_errors() -> None:
    assert weighted_mean([(0.4, 0.1), (0.5, 0.05)]) == pytest.approx((0.48, 0.0447), abs=1e-4)


@pytest.mark.parametrize("rows", [{}, {"gold": PUBLISHED["cu1"]}])
def test_rows_of_no_known_sample_are_refused(rows: dict[str, Row]) -> None:
    with pytest.raises(DataError, match="table I is of cu1"):
        agreement(rows)
