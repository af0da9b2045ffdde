"""Averaging, ranges and phase, on made-up readings."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from instruments.errors import StoppedError
from instruments.lockin_routines import adjust_sensitivity, average, fitting_sensitivity_V, phase_of_deg
from instruments.roles import LockInReading, LockInStatus

RANGES_V = (1e-3, 2e-3, 5e-3, 10e-3, 20e-3)


def plain(x_V: float, y_V: float = 0.0, status: LockInStatus = LockInStatus.OK) -> LockInReading:
    return LockInReading(x_V, y_V, status)


def one_after_another(*readings: LockInReading) -> Callable[[], LockInReading]:
    left = iter(readings)
    return lambda: next(left)


def test_average_is_the_mean_over_the_dwell_with_every_status_that_occurred(clock: Any) -> None:
    readings = (plain(1.0, 3.0), plain(2.0, 5.0, LockInStatus.OUTPUT_OVERLOAD), plain(6.0, 1.0))
    mean = average(one_after_another(*readings), clock, 2.0, 1.0, "box")
    assert mean == LockInReading(3.0, 3.0, LockInStatus.OUTPUT_OVERLOAD)
    assert clock.sleeps_s == [1.0, 1.0]


def test_average_over_no_time_is_one_reading(clock: Any) -> None:
    assert average(lambda: plain(1.0), clock, 0.0, 0.3, "box") == plain(1.0)
    assert clock.sleeps_s == []


def test_late_reading_does_not_shift_the_others(clock: Any) -> None:
    def slow() -> LockInReading:
        clock.time_s += 0.4
        return plain(1.0)

    average(slow, clock, 3.0, 1.0, "box")
    assert clock.now_s() == pytest.approx(3.4)


def test_average_stops_when_told(clock: Any) -> None:
    with pytest.raises(StoppedError, match="box: averaging stopped after 1 readings"):
        average(lambda: plain(1.0), clock, 60.0, 1.0, "box", lambda: True)


@pytest.mark.parametrize(
    ("magnitude_V", "present_V", "wanted_V"),
    [
        (4e-3, 5e-3, 5e-3),  # 80 % full
        (4.6e-3, 5e-3, 10e-3),  # 92 % full
        (1.6e-3, 5e-3, 5e-3),  # 32 % full: hysteresis, though 2 mV would hold it
        (1.1e-3, 5e-3, 2e-3),  # 22 % full
        (0.0, 5e-3, 1e-3),
        (1.0, 5e-3, 20e-3),
    ],
)
def test_range_is_kept_between_thirty_and_ninety_per_cent(
    magnitude_V: float, present_V: float, wanted_V: float
) -> None:
    reading = plain(0.6 * magnitude_V, -0.8 * magnitude_V)
    assert fitting_sensitivity_V(reading, present_V, RANGES_V) == wanted_V


@pytest.mark.parametrize("share", [step / 100.0 for step in range(1, 100)])
def test_no_signal_makes_the_range_hop_to_and_fro(share: float) -> None:
    chosen_V = fitting_sensitivity_V(plain(share * 20e-3), 20e-3, RANGES_V)
    assert fitting_sensitivity_V(plain(share * 20e-3), chosen_V, RANGES_V) == chosen_V


def test_overload_goes_one_range_up_whatever_is_read() -> None:
    assert fitting_sensitivity_V(plain(0.0, 0.0, LockInStatus.INPUT_OVERLOAD), 2e-3, RANGES_V) == 5e-3
    assert fitting_sensitivity_V(plain(0.0, 0.0, LockInStatus.INPUT_OVERLOAD), 20e-3, RANGES_V) == 20e-3


def test_ranges_are_changed_and_settled_on_until_one_fits() -> None:
    signal_V, present_V = 3e-3, [1e-3]
    settled: list[float] = []

    def read() -> LockInReading:
        over = LockInStatus.OUTPUT_OVERLOAD if signal_V > 1.09 * present_V[0] else LockInStatus.OK
        return plain(min(signal_V, 1.09 * present_V[0]), 0.0, over)

    def settled_on(full_scale_V: float) -> float:
        settled.append(full_scale_V)
        present_V[0] = full_scale_V
        return full_scale_V

    assert adjust_sensitivity(read, settled_on, 1e-3, RANGES_V) == 5e-3
    assert settled == [2e-3, 5e-3]


@pytest.mark.parametrize("angle_deg", [-170.0, -20.0, 0.0, 33.0, 179.0])
@pytest.mark.parametrize("present_deg", [-90.0, 0.0, 45.0])
def test_phase_turns_the_whole_signal_into_x(angle_deg: float, present_deg: float) -> None:
    angle = math.radians(angle_deg)
    turned_deg = phase_of_deg(plain(math.cos(angle), math.sin(angle)), present_deg)
    assert -180.0 <= turned_deg < 180.0
    assert math.cos(math.radians(turned_deg - present_deg - angle_deg)) == pytest.approx(1.0)
