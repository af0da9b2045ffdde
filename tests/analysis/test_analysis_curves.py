"""Columns into isotherms: what is refused, what is one isotherm and what are two."""

import time

import numpy as np
import pytest

from analysis.curves import Window, make_curves
from analysis.errors import DataError, WindowError

FIVE = np.arange(5.0)


def isotherm_count(temperature_K: np.ndarray, field_T: float | np.ndarray = 0.0) -> int:
    bias = np.linspace(-1.0, 1.0, temperature_K.size)
    return len(
        make_curves(bias_V=bias, temperature_K=temperature_K, conductance_S=bias**2, field_T=field_T).isotherms()
    )


@pytest.mark.parametrize("jitter", [0.0, 0.001, 0.005, 0.01])
def test_isotherms_five_percent_apart_are_told_apart(jitter: float) -> None:
    rng = np.random.default_rng(1)
    temperatures = np.repeat(0.1 * 1.05 ** np.arange(12), 400)
    assert isotherm_count(temperatures * (1 + jitter * rng.standard_normal(temperatures.size))) == 12


@pytest.mark.parametrize("rows", [5, 12, 100, 1000])
def test_jitter_of_one_percent_is_one_isotherm(rows: int) -> None:
    rng = np.random.default_rng(2)
    assert isotherm_count(0.3 * (1 + 0.01 * rng.standard_normal(rows))) == 1


def test_equal_temperatures_are_one_isotherm() -> None:
    assert isotherm_count(np.full(20, 4.2)) == 1


def test_a_few_stray_readings_join_their_neighbour() -> None:
    temperatures = np.concatenate([np.full(500, 0.1), np.full(3, 0.1035), np.full(500, 0.2)])
    assert isotherm_count(temperatures) == 2


def test_fields_are_told_apart_and_their_jitter_is_not() -> None:
    rng = np.random.default_rng(3)
    field = np.repeat([0.0, 0.5, 6.0], 100) + 2e-4 * rng.standard_normal(300)
    curves = make_curves(
        bias_V=np.tile(np.arange(100.0), 3), temperature_K=0.1, conductance_S=rng.random(300), field_T=field
    )
    assert np.round(curves.fields_T(), 2).tolist() == [0.0, 0.5, 6.0]


def test_isotherms_of_one_field_are_given_on_request() -> None:
    field = np.repeat([0.0, 1.0], 10)
    curves = make_curves(bias_V=np.arange(20.0), temperature_K=0.1, conductance_S=np.arange(20.0), field_T=field)
    (isotherm,) = curves.isotherms(1.0)
    assert isotherm.field_T == 1.0


def test_a_field_without_data_is_refused_with_those_there_are() -> None:
    curves = make_curves(bias_V=FIVE, temperature_K=0.1, conductance_S=FIVE, field_T=0.5)
    with pytest.raises(WindowError, match=r"no isotherm at a field of 0 T; the data hold 0\.5 T"):
        curves.isotherms(0.0)


def test_rows_come_back_in_time_whatever_their_order() -> None:
    rng = np.random.default_rng(4)
    shuffled = rng.permutation(50)
    curves = make_curves(
        bias_V=np.sin(np.arange(50.0))[shuffled],
        temperature_K=0.1,
        conductance_S=np.arange(50.0)[shuffled],
        time_s=np.arange(50.0)[shuffled],
    )
    assert curves.isotherms()[0].conductance_S.tolist() == np.arange(50.0).tolist()


def test_direction_is_read_off_the_order_in_time() -> None:
    bias = np.array([0.0, -1.0, -2.0, -1.0, 0.0, 1.0])
    curves = make_curves(bias_V=bias, temperature_K=0.1, conductance_S=bias**2, time_s=np.arange(6.0))
    assert curves.direction.tolist() == [-1, -1, -1, 1, 1, 1]


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"temperature_K": [0.1, 0.1, np.nan, 0.1, 0.1]}, "temperature_K is nan in row 2"),
        ({"temperature_K": [0.1, 0.1, 0.1, 0.1, 0.0]}, "a temperature above zero"),
        ({"conductance_S": [1.0, 2.0, 3.0, 4.0]}, "conductance_S has 4 rows but bias_V has 5"),
        ({"conductance_S": [1.0, 2.0, 3.0, 4.0, "x"]}, "not a number"),
        ({"conductance_S": np.ones((5, 2))}, "2 dimensions"),
        ({"conductance_error_S": [0.0, 1.0, 1.0, 1.0, 1.0]}, "a standard error above zero"),
        ({"excitation_Vrms": -1e-6}, "at least zero"),
        ({"bias_V": np.zeros(5), "conductance_S": np.ones(5)}, "all rows are alike"),
        ({"temperature_K": [1e-3, 1.0, 1.0, 1.0, 1e6]}, "another unit"),
    ],
)
def test_columns_that_are_no_curves_are_refused(columns: dict, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        make_curves(**({"bias_V": FIVE, "temperature_K": 0.1, "conductance_S": FIVE} | columns))


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="at least 5 rows, not 4"):
        make_curves(bias_V=FIVE[:4], temperature_K=0.1, conductance_S=FIVE[:4])


def test_a_window_without_extent_is_refused() -> None:
    with pytest.raises(WindowError, match="bias_max_V is 0"):
        Window(1.5, 0.0)


def test_a_window_keeps_the_end_point_of_a_sweep() -> None:
    curves = make_curves(bias_V=np.linspace(-8e-4, 8e-4, 5), temperature_K=0.1, conductance_S=FIVE)
    assert Window(1.5, 0.8e-3).select(curves.isotherms()[0]).bias_V.size == 5


def test_a_window_in_reduced_bias_is_narrower_on_cold_isotherms() -> None:
    curves = make_curves(
        bias_V=np.tile(np.linspace(0, 1e-3, 11), 2),
        temperature_K=np.repeat([0.1, 1.0], 11),
        conductance_S=np.arange(22.0),
    )
    cold, warm = (Window(1.5, 1e-3, 8.0).select(isotherm) for isotherm in curves.isotherms())
    assert (cold.bias_V.size, warm.bias_V.size) == (1, 7)


def test_rows_that_stand_there_twice_are_refused_by_name() -> None:
    bias = np.linspace(-1e-3, 1e-3, 50)
    conductance = 0.11 + np.abs(bias)
    with pytest.raises(DataError, match="50 of 100 rows are copies of others"):
        make_curves(bias_V=np.tile(bias, 2), temperature_K=0.1, conductance_S=np.tile(conductance, 2))
    one_twice = make_curves(bias_V=[*bias, bias[3]], temperature_K=0.1, conductance_S=[*conductance, conductance[3]])
    assert one_twice.bias_V.size == 51


def test_a_million_rows_are_sorted_in_seconds() -> None:
    rng = np.random.default_rng(5)
    values = rng.standard_normal(1_000_000)
    temperatures = np.repeat(np.geomspace(0.1, 5.7, 100), 10_000) * (1 + 0.003 * values)
    started = time.process_time()
    curves = make_curves(bias_V=values, temperature_K=temperatures, conductance_S=values, time_s=values)
    assert time.process_time() - started < 4.0
    assert len(curves.isotherms()) == 100


@pytest.mark.parametrize(
    ("field_T", "text"),
    [(1.4e-7, "at 0 T"), (-3e-8, "at 0 T"), (2.00013, "at 2 T"), (0.5004, "at 0.5 T"), (6.004, "at 6 T")],
)
def test_window_prints_the_field_to_the_jitter_of_a_magnet(field_T: float, text: str) -> None:
    assert str(Window(1.5, 1e-3, field_T=field_T)).endswith(text)
