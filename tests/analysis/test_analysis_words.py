"""What was found, in words and numbers: digits that the error leaves, every correction, every reason."""

from dataclasses import fields, replace

import pytest

from analysis.corrections import Corrections
from analysis.curves import Curves
from analysis.features import find_features
from analysis.field_exponents import exponents_of_fields
from analysis.fit_result import ExponentFit
from analysis.parameters import Parameters, find_parameters
from analysis.quantity import Quantity, missing
from analysis.table1 import Row
from analysis.words import (
    PARAMETER_WORDS,
    correction_rows,
    field_section,
    number_text,
    parameter_section,
    sign_rows,
    table1_section,
)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(7.1142, 0.4876, "e2/h K^-1/2"), "7.11 +- 0.49 e2/h K^-1/2"),
        (Quantity(0.49117, 0.00593, ""), "0.4912 +- 0.0059"),
        (Quantity(1.4173e-3, 9.5e-5, "V"), "1.417 +- 0.095 mV"),
        (Quantity(5.55228e-9, 1.1e-13, "m"), "5.55228 +- 0.00011 nm"),
        (Quantity(8.753, None, "K", ">="), ">= 8.753 K"),
        (Quantity(123456.0, 2345.0, "S"), "(1.235 +- 0.023)e5 S"),
        (Quantity(14.0, None, "", ">="), ">= 14"),
        (missing("K", "no data"), "-"),
    ],
)
def test_a_number_has_the_digits_that_its_error_leaves(quantity: Quantity, text: str) -> None:
    assert number_text(quantity) == text


def test_every_correction_is_listed_whether_estimated_given_or_off(small_fit: ExponentFit) -> None:
    rows = {row.name: row for row in correction_rows(small_fit)}
    assert {row.how for row in rows.values()} <= {"estimated", "given", "off"}
    assert rows["series resistance"].how == rows["voltage noise"].how == "off"
    changed = replace(small_fit.corrections, series_ohm=2.5, voltage_noise_Vrms=3e-6, bias_offset_error_V=1e-6)
    rows = {row.name: row for row in correction_rows(replace(small_fit, corrections=changed))}
    assert (rows["series resistance"].value, rows["series resistance"].how) == ("2.5 ohm", "given")
    assert (rows["voltage noise"].value, rows["voltage noise"].how) == ("3 uV rms", "given")
    assert rows["bias offset"].how == "estimated"
    # those that `Corrections` knows, and what the fit adds
    assert len(rows) == len(fields(Corrections)) + 2


def test_parameters_and_signs_have_words_and_a_reason_where_there_is_no_number(
    small_curves: Curves, small_fit: ExponentFit
) -> None:
    features = find_features(small_curves, small_fit)
    assert PARAMETER_WORDS.keys() == {field.name for field in fields(Parameters)}
    rows = parameter_section(find_parameters(small_curves, small_fit, features=features)).rows
    assert all(value != "-" or remark for _, value, remark in rows)
    signs = sign_rows(features)
    assert len({row.key for row in signs}) == len(signs)
    assert all(row.quantity.value is not None or row.quantity.why for row in signs)


def test_each_field_has_its_exponent_or_says_what_it_lacks(small_curves: Curves, small_fit: ExponentFit) -> None:
    found = exponents_of_fields(small_curves, small_fit)
    assert [own.field_T for own in found] == list(small_curves.fields_T())
    rows = field_section(found).rows
    assert rows[0][1].startswith(f"{small_fit.alpha:.3f}"[:4])
    assert all(value != "-" or "temperatures" in remark for _, value, remark in rows)


def test_numbers_of_table_1_stand_beside_the_papers() -> None:
    row = Row((7.8, 0.3), (4.2, 0.4), (-5.7, 0.5), (-0.73, 0.1), (0.53, 0.0))
    section = table1_section("cu1", row)
    assert section is not None
    assert section.rows[0] == ("B_sigma", "7.80 +- 0.30", "7.80 +- 0.20", "+0.0")
    assert section.rows[-1][-1] == "+1.0"
    assert "chi2 = 0.0 for 4 numbers" in section.note
    assert table1_section("my own", None) is None
