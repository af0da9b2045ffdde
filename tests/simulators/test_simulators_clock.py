import pytest

from simulators.clock import VirtualClock


def test_clock_stands_still_until_somebody_waits() -> None:
    clock = VirtualClock()
    assert clock.now_s() == clock.now_s() == 0.0
    clock.sleep(1.5)
    assert clock.now_s() == 1.5


def test_absolute_times_are_reached_exactly_however_much_was_slept_before() -> None:
    straight, detour = VirtualClock(), VirtualClock()
    straight.advance_to(1234.567)
    for _ in range(1000):
        detour.sleep(0.1 / 3)
    detour.sleep(1234.567 - detour.now_s())
    assert detour.now_s() == straight.now_s()


def test_an_instant_gone_by_changes_nothing() -> None:
    clock = VirtualClock()
    clock.sleep(2.0)
    clock.advance_to(1.0)
    assert clock.now_s() == 2.0


def test_booked_actions_run_in_order_of_time_and_see_their_own_instant() -> None:
    clock = VirtualClock()
    seen: list[tuple[str, float]] = []
    clock.call_at(2.0, lambda: seen.append(("second", clock.now_s())))
    clock.call_at(1.0, lambda: seen.append(("first", clock.now_s())))
    clock.call_at(9.0, lambda: seen.append(("never", clock.now_s())))
    clock.sleep(5.0)
    assert seen == [("first", 1.0), ("second", 2.0)]
    assert clock.now_s() == 5.0


@pytest.mark.parametrize("duration_s", [-1.0, float("nan"), float("inf")])
def test_impossible_durations_are_refused(duration_s: float) -> None:
    with pytest.raises(ValueError, match="finite time"):
        VirtualClock().sleep(duration_s)
