"""Waiting: band, dwell, drift, deadline, stop, stale data, and the grid of poll times."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.errors import DeadlineError, LimitError, QuenchError, SettlingError, StateError, StoppedError
from instruments.roles import MagnetReading, MagnetState, TemperatureReading
from instruments.settling import (
    Sample,
    Settled,
    field_criteria,
    settle,
    temperature_criteria,
    wait_for_field,
    wait_for_temperature,
)


def wait(clock: Any, value: Callable[[float], Sample | float], **changes: Any) -> Settled:
    """Wait for 1.0 within 0.1 for 10 s, polled each second."""
    asked: dict[str, Any] = {"target": 1.0, "band": 0.1, "dwell_s": 10.0, "deadline_s": 100.0, "poll_s": 1.0} | changes
    return settle(lambda: value(clock.now_s()), clock=clock, **asked)


def test_steady_value_settles_after_the_dwell(clock: Any) -> None:
    settled = wait(clock, lambda _: 1.05)
    assert (settled.time_s, settled.waited_s) == (10.0, 10.0)
    assert settled.value == pytest.approx(1.05)
    assert settled.drift_per_s == pytest.approx(0.0)


def test_leaving_the_band_starts_the_dwell_anew(clock: Any) -> None:
    assert wait(clock, lambda t: 2.0 if t == 7.0 else 1.0).time_s == 18.0


def test_nan_never_counts_as_within_the_band(clock: Any) -> None:
    with pytest.raises(DeadlineError):
        wait(clock, lambda _: math.nan)


def test_drift_within_the_band_is_waited_out(clock: Any) -> None:
    settled = wait(clock, lambda t: 1.0 + 0.09 * math.exp(-t / 10.0), drift_fraction_per_s=1e-3)
    assert settled.time_s > 15.0
    assert abs(settled.drift_per_s) <= 1e-3


@given(slope=st.floats(-1e-2, 1e-2), offset=st.floats(-1e-3, 1e-3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_drift_is_the_least_squares_slope(clock: Any, slope: float, offset: float) -> None:
    clock.time_s = 0.0
    settled = wait(clock, lambda t: 1.0 + offset + slope * (t - 5.0), band=1.0)
    assert settled.drift_per_s == pytest.approx(slope, abs=1e-12)
    assert settled.value == pytest.approx(1.0 + offset, abs=1e-12)


def test_window_forgets_what_is_older_than_the_dwell(clock: Any) -> None:
    settled = wait(clock, lambda t: 1.05 - 0.002 * min(t, 20.0), drift_fraction_per_s=1e-9)
    assert settled.time_s == 30.0
    assert settled.value == pytest.approx(1.01)
    assert settled.drift_per_s == pytest.approx(0.0, abs=1e-12)


def test_deadline_says_what_was_missing(clock: Any) -> None:
    with pytest.raises(DeadlineError, match=r"outside the band of 0\.1") as caught:
        wait(clock, lambda _: 3.0, instrument="bridge", what="temperature", unit="K")
    assert "bridge: temperature did not settle at 1 K within 100 s: last reading 3 K" in str(caught.value)
    assert clock.now_s() == 100.0


def test_stop_is_seen_between_two_polls(clock: Any) -> None:
    with pytest.raises(StoppedError):
        wait(clock, lambda _: 3.0, poll_s=20.0, should_stop=lambda: clock.now_s() >= 5.0)
    assert clock.now_s() == 5.0


@pytest.mark.parametrize(
    "bad", [Sample(1.0, age_s=31.0), Sample(1.0, age_s=math.inf), Sample(1.0, fault="T over range")]
)
def test_stale_or_faulty_reading_does_not_count(clock: Any, bad: Sample) -> None:
    assert wait(clock, lambda t: bad if t < 20.0 else 1.0, stale_s=30.0).time_s == 30.0


def test_polls_keep_their_grid_whatever_a_message_costs(clock: Any) -> None:
    asked_s: list[float] = []

    def slow(_: float) -> float:
        asked_s.append(clock.time_s)
        clock.time_s += 0.3
        return 1.0

    wait(clock, slow)
    assert asked_s == pytest.approx(range(11))


def test_poll_missed_by_a_slow_message_is_skipped(clock: Any) -> None:
    asked_s: list[float] = []

    def once_slow(_: float) -> float:
        asked_s.append(clock.time_s)
        clock.time_s += 3.5 if len(asked_s) == 2 else 0.1
        return 1.0

    wait(clock, once_slow)
    assert asked_s[:4] == pytest.approx([0.0, 1.0, 5.0, 6.0])


def test_readings_are_reported(clock: Any) -> None:
    seen: list[tuple[float, float]] = []
    wait(clock, lambda _: 1.0, on_reading=lambda time_s, value: seen.append((time_s, value)))
    assert seen == [(float(second), 1.0) for second in range(11)]


@pytest.mark.parametrize("nonsense", [{"band": 0.0}, {"band": math.nan}, {"poll_s": 0.0}, {"target": math.inf}])
def test_nonsense_is_refused(clock: Any, nonsense: dict[str, float]) -> None:
    with pytest.raises(LimitError):
        wait(clock, lambda _: 1.0, **nonsense)


@pytest.mark.parametrize(
    ("temperature_K", "band_K", "dwell_min"), [(0.02, 0.3e-3, 10), (0.1, 0.5e-3, 10), (0.5, 2.5e-3, 5), (4.0, 0.02, 3)]
)
def test_temperature_defaults_are_those_of_lab_practice(temperature_K: float, band_K: float, dwell_min: int) -> None:
    criteria = temperature_criteria(temperature_K)
    assert criteria.band == pytest.approx(band_K)
    assert criteria.dwell_s == 60 * dwell_min
    assert criteria.deadline_s == 90 * 60
    assert criteria.drift_fraction_per_s == pytest.approx(0.002 / 600)


@pytest.mark.parametrize("temperature_K", [0.0, -1.0, math.nan, math.inf])
def test_no_criteria_for_an_impossible_temperature(temperature_K: float) -> None:
    with pytest.raises(LimitError):
        temperature_criteria(temperature_K)


@dataclass
class FakeController:
    reading: TemperatureReading = field(default=TemperatureReading(0.1, 0.0, True))
    heater_error: str = ""
    name: str = "bridge"

    def read(self) -> TemperatureReading:
        return self.reading

    def heater_fraction(self) -> float:
        if self.heater_error:
            raise StateError(self.name, self.heater_error)
        return 0.5


def test_temperature_settles(clock: Any) -> None:
    controller: Any = FakeController()
    assert wait_for_temperature(controller, 0.1, clock).waited_s == 600.0


def test_unsound_thermometer_never_settles(clock: Any) -> None:
    controller: Any = FakeController(TemperatureReading(0.1, 0.0, False, "resistance over range"))
    with pytest.raises(DeadlineError, match="resistance over range"):
        wait_for_temperature(controller, 0.1, clock)


def test_heater_fault_ends_the_wait_at_once(clock: Any) -> None:
    controller: Any = FakeController(heater_error="heater open")
    with pytest.raises(StateError, match="heater open"):
        wait_for_temperature(controller, 0.1, clock)
    assert clock.now_s() == 0.0


@dataclass
class FakeMagnet:
    states: list[MagnetState]
    name: str = "magnet"

    def read(self) -> MagnetReading:
        return MagnetReading(1.0, 0.0, self.states.pop(0) if len(self.states) > 1 else self.states[0])


def test_field_settles_only_when_held(clock: Any) -> None:
    magnet: Any = FakeMagnet([MagnetState.RAMPING] * 5 + [MagnetState.HOLDING])
    assert wait_for_field(magnet, 1.0, clock).waited_s == 35.0


def test_quench_ends_the_wait_at_once(clock: Any) -> None:
    magnet: Any = FakeMagnet([MagnetState.RAMPING, MagnetState.QUENCH])
    with pytest.raises(QuenchError):
        wait_for_field(magnet, 1.0, clock)
    assert clock.now_s() == 1.0


def test_paused_ramp_runs_into_the_deadline(clock: Any) -> None:
    magnet: Any = FakeMagnet([MagnetState.PAUSED])
    with pytest.raises(SettlingError, match="supply is paused"):
        wait_for_field(magnet, 1.0, clock, replace(field_criteria(), deadline_s=60.0))
