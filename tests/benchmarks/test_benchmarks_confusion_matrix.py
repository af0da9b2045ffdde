"""A few of the random contacts of the confusion matrix in the ordinary run, and the benchmark's own arithmetic."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from confusion_document import write_document
from confusion_matrix import Outcome, as_text, matrix, run, summary
from random_instances import TRUTHS, make_instance

OUTCOME = Outcome(1, "2CK", "2CK", 40.0, "circuit", 0.0, False, 1.0)


def test_a_seed_makes_the_same_contact_again() -> None:
    first, second = (make_instance(3).measurement.curves for _ in range(2))
    np.testing.assert_array_equal(first.conductance_S, second.conductance_S)


def test_truths_go_round_with_the_seed() -> None:
    assert [make_instance(seed).truth for seed in range(4)] == list(TRUTHS[:4])


def test_a_measurement_is_a_typical_run() -> None:
    curves = make_instance(0).measurement.curves
    assert 8 <= len(curves.isotherms(0.0)) <= 14
    assert 1e-3 <= np.abs(curves.bias_V).max() <= 5.1e-3
    assert curves.is_anchor.any()
    assert set(np.unique(curves.direction)) == {-1, 0, 1}


@pytest.mark.slow
def test_verdicts_on_a_few_random_contacts_are_right_or_undecided() -> None:
    outcomes = [run(seed) for seed in range(300_000, 300_000 + len(TRUTHS))]
    numbers = summary(outcomes)
    assert numbers["wrong"] == 0, [outcome for outcome in outcomes if outcome.is_wrong]
    assert numbers["right of decidable beyond shape"] >= 0.7 * numbers["decidable beyond shape"]


def test_undecided_is_not_wrong() -> None:
    outcomes = [OUTCOME, replace(OUTCOME, verdict="undecided"), replace(OUTCOME, verdict="heating")]
    numbers = summary(outcomes)
    assert (numbers["right"], numbers["wrong"], numbers["instances"]) == (1, 1, 3)
    assert matrix(outcomes)["2CK"] == {"2CK": 1, "undecided": 1, "heating": 1}
    assert "2CK" in as_text(outcomes)


def test_what_shape_alone_would_tell_is_counted_apart() -> None:
    assert OUTCOME.is_decidable
    assert not OUTCOME.is_decidable_beyond_shape
    assert replace(OUTCOME, do_circumstances_tell=True).is_decidable_beyond_shape


def test_the_page_holds_matrix_and_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "confusion.md"
    write_document(path, [OUTCOME, replace(OUTCOME, seed=7, verdict="heating")])
    page = path.read_text()
    assert "seed 7: 2CK taken for heating" in page
    assert "| wrong verdicts | 1 (50.0%) |" in page
    assert (tmp_path / "images" / "confusion.svg").stat().st_size > 1000
