"""The engine attends to the outside while it waits, and only then."""

from datetime import UTC, datetime

import pytest

from acquisition.errors import AbortedError, GuardError, InterlockError
from acquisition.readings import PAUSED_BY_COMMAND
from acquisition.running.control import HEARTBEAT_S, POLL_S, AttentiveWall, Control, PauseWish


class StandingWall:
    """A wall clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.sleeps_s: list[float] = []

    def monotonic_s(self) -> float:
        return self.time_s

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def sleep(self, duration_s: float) -> None:
        self.sleeps_s.append(duration_s)
        self.time_s += duration_s


class Clock:
    def __init__(self) -> None:
        self.time_s = 0.0

    def now_s(self) -> float:
        return self.time_s

    def sleep(self, duration_s: float) -> None:
        self.time_s += duration_s


class Outside:
    """Counts looks and beats, with the wall's time of each."""

    def __init__(self, wall: StandingWall) -> None:
        self.wall = wall
        self.looks_s: list[float] = []
        self.beats_s: list[float] = []

    def listen(self) -> None:
        self.looks_s.append(self.wall.time_s)

    def beat(self) -> None:
        self.beats_s.append(self.wall.time_s)


@pytest.fixture
def wall() -> StandingWall:
    return StandingWall()


@pytest.fixture
def outside(wall: StandingWall) -> Outside:
    return Outside(wall)


@pytest.fixture
def control(wall: StandingWall, outside: Outside) -> Control:
    control = Control(wall)
    control.attach(listen=outside.listen, beat=outside.beat)
    return control


def test_long_sleep_looks_at_the_commands_at_least_every_20_ms(
    wall: StandingWall, outside: Outside, control: Control
) -> None:
    AttentiveWall(wall, control).sleep(1.0)
    gaps_s = [after - before for before, after in zip(outside.looks_s, outside.looks_s[1:], strict=False)]
    assert max(gaps_s) <= POLL_S + 1e-9 <= 0.0201
    assert wall.time_s == pytest.approx(1.0)


def test_heart_beats_about_once_a_second(wall: StandingWall, outside: Outside, control: Control) -> None:
    AttentiveWall(wall, control).sleep(10.0)
    assert len(outside.beats_s) == pytest.approx(10.0 / HEARTBEAT_S, abs=1)


def test_many_short_waits_cost_few_looks(wall: StandingWall, outside: Outside, control: Control) -> None:
    for _ in range(1000):
        control.attend()
        wall.time_s += 1e-4
    assert len(outside.looks_s) == pytest.approx(0.1 / POLL_S, abs=1)


def test_abort_ends_a_sleep_at_once(wall: StandingWall, control: Control) -> None:
    control.request_abort("enough")
    control.request_abort("and more")
    with pytest.raises(AbortedError, match="enough"):
        AttentiveWall(wall, control).sleep(3600.0)
    assert wall.time_s < 0.1


def test_way_to_the_safe_state_is_not_interrupted_and_the_heart_beats_on(
    wall: StandingWall, outside: Outside, control: Control
) -> None:
    control.request_abort("enough")
    control.detach()
    looks = len(outside.looks_s)
    AttentiveWall(wall, control).sleep(3.0)
    assert len(outside.looks_s) == looks
    assert len(outside.beats_s) >= 3


def test_lost_guard_stops_a_run_but_not_the_way_to_the_safe_state(wall: StandingWall) -> None:
    def no_guard() -> None:
        raise GuardError("gone")

    control = Control(wall)
    control.attach(listen=lambda: None, beat=no_guard)
    with pytest.raises(GuardError):
        control.beat()
    control.detach()
    AttentiveWall(wall, control).sleep(3.0)


def test_listener_that_waits_itself_is_not_called_again(wall: StandingWall) -> None:
    control, calls = Control(wall), []

    def listen() -> None:
        calls.append(wall.time_s)
        AttentiveWall(wall, control).sleep(1.0)

    control.attach(listen=listen, beat=lambda: None)
    control.attend()
    assert len(calls) == 1


def test_pause_after_the_sweep_waits_for_its_end(control: Control) -> None:
    control.pause_wish = PauseWish("tea", is_after_sweep=True)
    assert not control.wants_pause(is_sweep_done=False)
    assert control.wants_pause(is_sweep_done=True)


@pytest.mark.parametrize(("reason", "is_given_up"), [("interlock: G jumped", True), (PAUSED_BY_COMMAND, False)])
def test_pause_that_came_by_itself_ends_safe_when_nobody_says_a_word(
    wall: StandingWall, outside: Outside, reason: str, is_given_up: bool
) -> None:
    control = Control(wall, None, patience_s=36.0)
    control.attach(listen=outside.listen, beat=outside.beat)
    control.pause_wish = PauseWish(reason)
    control.hear()
    for _ in range(50):
        control.idle(Clock())
    wall.time_s += 35.5
    control.hear()  # somebody has come, so that the time begins anew
    wall.time_s += 35.5
    control.idle(Clock())
    wall.time_s += 1.0
    if not is_given_up:
        control.idle(Clock())
        return
    with pytest.raises(InterlockError, match=r"G jumped \(nobody said a word in 0.01 h"):
        control.idle(Clock())
    assert outside.beats_s[-1] > 60.0  # the heart beats on in a pause


@pytest.mark.parametrize(("pace", "wall_s"), [(None, POLL_S), (1.0, 0.0), (100.0, 0.0)])
def test_experiment_time_goes_on_in_a_pause(wall: StandingWall, pace: float | None, wall_s: float) -> None:
    """A paced clock waits on the wall by itself; one that goes as fast as it can is held to the wall's pace."""
    control, clock = Control(wall, pace), Clock()
    control.idle(clock)
    assert clock.time_s == pytest.approx(POLL_S * (pace or 1.0))
    assert wall.time_s == pytest.approx(wall_s)
