import pytest

from acquisition.planning.learned_times import Arrival, approach_s, arrivals, learned_approach
from acquisition.readings import Event
from acquisition.recipe import SettlingSection
from acquisition.station_file import Approach, TemperatureSection

SETTLING = SettlingSection()
CRYOSTAT = TemperatureSection.model_validate(
    {
        "model": "LakeShore372",
        "address": "GPIB0::12::INSTR",
        "channel": 1,
        "minimum_K": 0.02,
        "maximum_K": 10.0,
        "ramp_K_per_min": 0.1,
        "approach": [{"above_K": 0.0, "minutes": 6.0}, {"above_K": 1.0, "minutes": 3.0}],
        "crossing_K": 0.9,
        "crossing_minutes": 7.0,
    }
)


def run(*steps: tuple[float, float, float]) -> list[Event]:
    """Events of a run: for each step when it set off, where to, and how long it took."""
    events = []
    for start_s, goal_K, waited_s in steps:
        events.append(Event(start_s, "settling", f"temperature -> {goal_K:g} K"))
        message = f"temperature {goal_K:.6g} K after {waited_s / 60.0:.1f} min, drift 1e-06 K/min"
        events.append(Event(start_s + waited_s, "settled", message))
        events.append(Event(start_s + waited_s + 1.0, "sweeping", "isotherm 0"))
    return events


def test_arrivals_know_where_they_came_from() -> None:
    assert arrivals(run((0.0, 1.4, 600.0), (1000.0, 0.75, 1200.0))) == (
        Arrival(None, 1.4, 600.0),
        Arrival(1.4, 0.75, 1200.0),
    )


def test_field_that_settled_is_none_of_them() -> None:
    events = [Event(0.0, "settling", "temperature -> 1 K"), Event(9.0, "settled", "field 0.1 T after 1.0 min, drift 0")]
    assert arrivals(events) == ()


@pytest.mark.parametrize("kind", ["paused", "interrupted", "unsettled"])
def test_wait_that_was_broken_off_teaches_nothing(kind: str) -> None:
    first, *rest = run((0.0, 1.4, 600.0))
    assert arrivals([first, Event(10.0, kind, "..."), *rest]) == ()


def test_repeated_start_counts_from_the_last() -> None:
    assert arrivals([Event(0.0, "settling", "temperature -> 1.4 K"), *run((300.0, 1.4, 60.0))]) == (
        Arrival(None, 1.4, 60.0),
    )


def test_ramp_and_dwell_are_taken_off() -> None:
    # 0.4 K at 0.1 K/min are 240 s, the dwell above 1 K is 180 s: of 720 s there remain 300 s
    assert approach_s(Arrival(1.8, 1.4, 720.0), CRYOSTAT, SETTLING) == pytest.approx(300.0)


def test_crossing_is_taken_off() -> None:
    # 0.5 K are 300 s, the crossing 420 s, the dwell below 1 K 300 s
    assert approach_s(Arrival(1.0, 0.5, 1260.0), CRYOSTAT, SETTLING) == pytest.approx(240.0)


@pytest.mark.parametrize("from_K", [None, 0.5])
def test_way_that_is_unknown_or_none_teaches_nothing(from_K: float | None) -> None:
    assert approach_s(Arrival(from_K, 0.5, 1260.0), CRYOSTAT, SETTLING) is None


def test_shorter_than_planned_is_no_time() -> None:
    assert approach_s(Arrival(1.8, 1.4, 60.0), CRYOSTAT, SETTLING) == 0.0


def test_entries_are_medians_by_band() -> None:
    # to 0.4 K from 0.5 K: 60 s of ramp, 300 s of dwell
    runs = [run((0.0, 0.5, 900.0), (2000.0, 0.4, 360.0 + spent_s)) for spent_s in (120.0, 600.0, 240.0)]
    assert learned_approach(runs, CRYOSTAT, SETTLING) == (
        Approach(above_K=1.0, minutes=3.0),
        Approach(above_K=0.0, minutes=4.0),
    )


def test_without_runs_the_station_keeps_its_own() -> None:
    assert {entry.minutes for entry in learned_approach([], CRYOSTAT, SETTLING)} == {3.0, 6.0}
