"""Limits refuse; they never clip."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import LimitError
from instruments.limits import Limits

FIELD = Limits(-9.0, 9.0, "T", "field")


@pytest.mark.parametrize("value", [-9.0, 0, 9, np.float64(1.5), np.float32(2.0), np.int64(3)])
def test_value_within_is_returned_as_float(value: float) -> None:
    assert FIELD.check(value, "magnet") == float(value)
    assert type(FIELD.check(value, "magnet")) is float


@pytest.mark.parametrize(
    "value", [9.0001, -10, math.nan, math.inf, -math.inf, True, False, "1", None, 1 + 0j, np.True_]
)
def test_value_outside_or_no_number_is_refused(value: object) -> None:
    with pytest.raises(LimitError):
        FIELD.check(value, "magnet")


def test_message_names_instrument_value_and_bounds() -> None:
    with pytest.raises(LimitError, match=r"AMI 430: field 12 T refused: allowed is field -9 to 9 T"):
        FIELD.check(12.0, "AMI 430")


@given(st.floats())
def test_nothing_outside_ever_passes(value: float) -> None:
    assert FIELD.allows(value) == (math.isfinite(value) and -9.0 <= value <= 9.0)


@pytest.mark.parametrize(("minimum", "maximum"), [(1.0, 0.0), (math.nan, 1.0), (0.0, math.nan)])
def test_impossible_bounds_are_refused(minimum: float, maximum: float) -> None:
    with pytest.raises(LimitError):
        Limits(minimum, maximum, "T", "field")


def test_infinite_bound_still_refuses_infinity() -> None:
    assert not Limits(0.0, math.inf, "s", "dwell").allows(math.inf)
