from typing import Any

import pytest
from fake_magnet import FakeMagnet

from instruments.errors import QuenchError, StateError, StoppedError
from instruments.field_sweep import sweep_field
from instruments.roles import MagnetState


def test_value_gets_the_field_of_the_middle_of_its_measurement(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    points = list(sweep_field(magnet, clock, 0.1, 0.6, lambda: clock.sleep(2.0), every_s=4.0))
    # 10 mT a second: 0 s to 2 s is 10 mT in the middle, then every 40 mT, and the end at rest
    assert [point.time_s for point in points] == [1.0, 5.0, 9.0, 13.0]
    assert [point.field_T for point in points] == pytest.approx([0.01, 0.05, 0.09, 0.1])
    assert [point.span_T for point in points] == pytest.approx([0.02, 0.02, 0.02, 0.0], abs=1e-12)
    assert [point.lag_T for point in points] == pytest.approx([0.0, 0.0, 0.0, 0.0], abs=1e-12)


def test_values_are_handed_on(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    values = iter("abcdefgh")

    def measure() -> str:
        clock.sleep(5.0)
        return next(values)

    assert "".join(point.value for point in sweep_field(magnet, clock, -0.1, 0.6, measure)) == "abc"


def test_supply_that_is_slower_than_told_lags(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    start_ramp = magnet.start_ramp
    magnet.start_ramp = lambda field_T, rate: start_ramp(field_T, 0.5 * rate)  # type: ignore[method-assign]
    first = next(sweep_field(magnet, clock, 1.0, 0.6, lambda: clock.sleep(10.0)))
    # after 5 s 50 mT were asked for, 25 mT are there
    assert first.lag_T == pytest.approx(0.025)


def test_measurements_that_take_long_keep_the_grid(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    points = list(sweep_field(magnet, clock, 0.1, 0.6, lambda: clock.sleep(3.0), every_s=2.0))
    assert [point.time_s - 1.5 for point in points] == [0.0, 4.0, 8.0, 12.0]


def test_stop_holds_the_field(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    sweep = sweep_field(magnet, clock, 1.0, 0.6, lambda: None, every_s=4.0, should_stop=lambda: clock.now_s() > 9.0)
    with pytest.raises(StoppedError):
        list(sweep)
    assert magnet.did == ["ramp 1", "safe"]


def test_sweep_that_is_left_early_holds_the_field(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    sweep = sweep_field(magnet, clock, 1.0, 0.6, lambda: clock.sleep(1.0))
    next(sweep)
    sweep.close()  # type: ignore[attr-defined]
    assert magnet.did == ["ramp 1", "safe"]


@pytest.mark.parametrize(("state", "error"), [(MagnetState.QUENCH, QuenchError), (MagnetState.PAUSED, StateError)])
def test_supply_that_does_something_else_ends_the_sweep(clock: Any, state: MagnetState, error: type[Exception]) -> None:
    magnet = FakeMagnet(clock)

    def measure() -> None:
        clock.sleep(1.0)
        magnet.state = state

    with pytest.raises(error):
        list(sweep_field(magnet, clock, 1.0, 0.6, measure))
    assert magnet.did[-1] == "safe"
