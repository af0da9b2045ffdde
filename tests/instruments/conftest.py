"""A clock that only passes when somebody waits, for tests of drivers and waits."""

import pytest


class SteppedClock:
    def __init__(self) -> None:
        self.time_s = 0.0
        self.sleeps_s: list[float] = []

    def now_s(self) -> float:
        return self.time_s

    def sleep(self, duration_s: float) -> None:
        assert duration_s >= 0.0
        self.sleeps_s.append(duration_s)
        self.time_s += duration_s


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()
