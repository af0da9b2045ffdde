from typing import Any

import pytest
from fake_magnet import FakeMagnet

from instruments.degauss import degauss, degauss_fields
from instruments.errors import LimitError, StoppedError
from instruments.roles import MagnetState


def test_turning_points_alternate_shrink_and_end_at_zero() -> None:
    assert degauss_fields(0.08, ratio=0.5, smallest_T=0.01) == pytest.approx((0.08, -0.04, 0.02, -0.01, 0.0))


def test_sign_of_the_first_is_kept() -> None:
    assert degauss_fields(-0.02, ratio=0.5, smallest_T=0.01) == pytest.approx((-0.02, 0.01, 0.0))


def test_turning_points_are_rounded_to_what_the_supply_resolves() -> None:
    assert degauss_fields(0.5, ratio=0.5, smallest_T=0.05, step_T=0.01) == pytest.approx((0.5, -0.25, 0.12, -0.06, 0.0))


def test_nothing_to_swing_is_zero_at_once() -> None:
    assert degauss_fields(1e-3) == (0.0,)


@pytest.mark.parametrize("numbers", [{"ratio": 1.0}, {"ratio": 0.0}, {"smallest_T": 0.0}, {"start_T": float("nan")}])
def test_no_oscillation_is_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(LimitError):
        degauss_fields(**{"start_T": 1.0} | numbers)


def test_every_turning_point_is_visited(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    settled = degauss(magnet, clock, (0.08, -0.04, 0.0), 0.2)
    assert magnet.did == ["ramp 0.08", "ramp -0.04", "ramp 0"]
    assert settled.value == 0.0
    # 0.24 T in all at 0.2 T/min, seen at the next full second of each swing
    assert clock.now_s() == pytest.approx(60.0 * 0.24 / 0.2, abs=3.0)


def test_stop_holds_the_field(clock: Any) -> None:
    magnet = FakeMagnet(clock)
    with pytest.raises(StoppedError):
        degauss(magnet, clock, (1.0, 0.0), 0.2, should_stop=lambda: clock.now_s() > 10.0)
    assert magnet.did == ["ramp 1", "safe"]


def test_quench_ends_it(clock: Any) -> None:
    magnet = FakeMagnet(clock)

    def quench() -> bool:
        magnet.state = MagnetState.QUENCH
        return False

    with pytest.raises(Exception, match="quench"):
        degauss(magnet, clock, (1.0, 0.0), 0.2, should_stop=quench)
    assert magnet.did[-1] == "safe"


def test_no_turning_points_are_refused(clock: Any) -> None:
    with pytest.raises(LimitError):
        degauss(FakeMagnet(clock), clock, (), 0.2)
