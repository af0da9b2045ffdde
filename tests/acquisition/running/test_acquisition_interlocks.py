"""Rules trip after their grace time, once, and stay tripped until somebody has seen to them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquisition.errors import InputError
from acquisition.readings import Direction, Monitor, PointFlag, PointKind, Reading
from acquisition.running.interlocks import (
    DEFAULT_RULES,
    Action,
    InterlockRule,
    Interlocks,
    Observation,
    Watched,
    effective_rules,
)
from acquisition.running.vital_signs import LEAST_DIFFERENCES, VitalSigns
from acquisition.station_file import Station, simulated_station


def rule(**changes: Any) -> InterlockRule:
    plain = {"on": "temperature_K", "above": 1.0, "action": "pause", "guidance": "look at it"}
    return InterlockRule.model_validate(plain | changes)


def kelvin(time_s: float, temperature_K: float) -> Observation:
    return Observation(time_s, {Watched.TEMPERATURE_K: temperature_K})


def test_rule_trips_at_the_first_value_beyond_its_limit() -> None:
    locks = Interlocks([rule()])
    assert locks.feed(kelvin(0.0, 1.0)) == []
    (tripped,) = locks.feed(kelvin(1.0, 1.1))
    assert str(tripped) == "temperature_K above 1: it is 1.1 -> pause; look at it"


def test_value_that_comes_back_within_the_grace_time_trips_nothing() -> None:
    locks = Interlocks([rule(for_s=10.0)])
    values = [2.0, 2.0, 0.5, 2.0, 2.0]
    assert not any(locks.feed(kelvin(9.0 * place, value)) for place, value in enumerate(values))
    assert locks.feed(kelvin(37.0, 2.0))


@given(
    values=some.lists(some.floats(allow_nan=True, allow_infinity=True), max_size=40),
    steps_s=some.lists(some.floats(0.0, 20.0), min_size=40, max_size=40),
    for_s=some.floats(0.0, 60.0),
)
def test_a_rule_trips_exactly_when_it_was_broken_without_a_break_for_its_grace_time(
    values: list[float], steps_s: list[float], for_s: float
) -> None:
    locks, time_s = Interlocks([rule(for_s=for_s)]), 0.0
    broken_since_s, expected, tripped = None, [], []
    for value, step_s in zip(values, steps_s, strict=False):
        time_s += step_s
        is_broken = not value <= 1.0
        broken_since_s = (time_s if broken_since_s is None else broken_since_s) if is_broken else None
        if broken_since_s is not None and time_s - broken_since_s >= for_s:
            expected.append(time_s)
        tripped += locks.feed(kelvin(time_s, value))
    assert [one.time_s for one in tripped] == expected[:1]
    assert locks.latched == tuple(tripped)


@given(values=some.lists(some.floats(1.5, 9.0), min_size=1, max_size=20))
def test_tripped_rule_is_silent_until_acknowledged_and_then_trips_again(values: list[float]) -> None:
    locks = Interlocks([rule()])
    assert sum(len(locks.feed(kelvin(float(place), value))) for place, value in enumerate(values)) == 1
    assert len(locks.acknowledge()) == 1
    assert locks.latched == ()
    assert len(locks.feed(kelvin(100.0, values[0]))) == 1


def test_grace_time_begins_anew_when_acknowledged() -> None:
    locks = Interlocks([rule(for_s=10.0)])
    locks.feed(kelvin(0.0, 2.0))
    assert locks.feed(kelvin(10.0, 2.0))
    locks.acknowledge()
    assert locks.feed(kelvin(11.0, 2.0)) == []
    assert locks.feed(kelvin(21.0, 2.0))


def test_value_that_is_not_known_breaks_every_rule_on_it() -> None:
    locks = Interlocks([rule(), rule(above=None, below=0.1)])
    tripped = locks.feed(kelvin(0.0, math.nan))
    assert len(tripped) == 2
    assert "it is not known" in str(tripped[0])


def test_observation_that_says_nothing_of_it_leaves_a_rule_alone() -> None:
    locks = Interlocks([rule(for_s=5.0)])
    locks.feed(kelvin(0.0, 2.0))
    assert locks.feed(Observation(6.0, {Watched.FIELD_T: 9.0})) == []
    assert locks.feed(kelvin(6.0, 2.0))


def test_repeat_is_not_latched() -> None:
    locks = Interlocks([rule(action="repeat")])
    assert locks.feed(kelvin(0.0, 2.0))
    assert locks.feed(kelvin(1.0, 2.0))
    assert locks.latched == ()


def test_points_are_flagged_as_long_as_a_tripped_rule_is_broken() -> None:
    locks = Interlocks([rule(action="flag")])
    locks.feed(kelvin(0.0, 2.0))
    assert locks.is_flagging
    locks.feed(kelvin(1.0, 0.5))
    assert not locks.is_flagging
    assert locks.latched


def test_yes_or_no_needs_no_limit() -> None:
    locks = Interlocks([rule(on="compliance", above=None)])
    assert locks.feed(Observation(0.0, {Watched.COMPLIANCE: 0.0})) == []
    assert locks.feed(Observation(0.0, {Watched.COMPLIANCE: 1.0}))


def station(*rules: dict[str, Any]) -> Station:
    return Station.from_dict(simulated_station().to_dict() | {"interlock": list(rules)}, "mine.toml")


def test_own_rule_replaces_the_default_on_the_same_quantity() -> None:
    own = {"on": "sigma_ratio", "above": 3.0, "action": "pause", "guidance": "look"}
    rules = station(own).interlock_rules
    assert [one.above for one in rules if one.on is Watched.SIGMA_RATIO] == [3.0]
    assert len(rules) == len(DEFAULT_RULES)
    assert effective_rules(()) == DEFAULT_RULES


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"above": None}, r"interlock\[0\]: a rule on temperature_K needs a limit"),
        ({"below": 2.0}, "always broken"),
        ({"on": "helium"}, r"interlock\[0\].on: got 'helium', expected one of"),
        ({"action": "explode"}, "expected one of 'flag', 'repeat', 'pause', 'idle-safe' or 'ramp-down'"),
        ({"for_s": -1.0}, "at least 0 in seconds"),
        ({"above": "1 K"}, "expected a number"),
        ({"until": 1}, "unknown key"),
    ],
)
def test_rule_that_cannot_be_used_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    plain = {"on": "temperature_K", "above": 1.0, "action": "pause", "guidance": "look at it"} | changes
    with pytest.raises(InputError, match=message) as caught:
        station({key: value for key, value in plain.items() if value is not None})
    assert "\n" not in str(caught.value)


# --- what is watched ------------------------------------------------------------------------------------------------


def reading(index: int, conductance_S: float = 0.11, **changes: Any) -> Reading:
    plain: dict[str, Any] = {name: 0.0 for name in Reading._fields}
    plain |= {
        "plan_index": index,
        "isotherm_index": 0,
        "kind": PointKind.SWEEP,
        "direction": Direction.UP,
        "time_s": 3.0 * index,
        "temperature_K": 0.5,
        "conductance_S": conductance_S,
        "conductance_error_S": 1e-5,
        "flags": PointFlag.GOOD,
    }
    return Reading(**(plain | changes))


def signs() -> VitalSigns:
    return VitalSigns(lambda: 1e12)


def test_step_is_from_point_to_point_of_one_kind_in_one_isotherm() -> None:
    watch = signs()
    step = Watched.CONDUCTANCE_STEP_FRACTION
    assert step not in watch.of_reading(reading(0, 0.10)).values
    assert watch.of_reading(reading(1, 0.11)).values[step] == pytest.approx(0.1)
    assert step not in watch.of_reading(reading(2, 0.20, kind=PointKind.ANCHOR)).values
    assert watch.of_reading(reading(3, 0.11)).values[step] == pytest.approx(0.0)
    assert step not in watch.of_reading(reading(4, 0.50, isotherm_index=1)).values


def test_alarm_names_what_else_is_wrong_with_the_point() -> None:
    watch, locks = signs(), Interlocks([rule(on="conductance_step_fraction", above=0.03)])
    lost = reading(1, 0.10, conductance_error_S=1.0, flags=PointFlag.REFERENCE_UNLOCKED | PointFlag.AFTER_PAUSE)
    (tripped,) = locks.feed(watch.of_reading(lost))
    assert "it is not known (reference unlocked) -> pause; look at it" in str(tripped)


def test_point_measured_again_is_compared_with_the_point_before_it() -> None:
    watch = signs()
    watch.of_reading(reading(0, 0.10))
    watch.of_reading(reading(1, 0.20))
    assert watch.of_reading(reading(1, 0.10)).values[Watched.CONDUCTANCE_STEP_FRACTION] == pytest.approx(0.0)


def test_overloaded_reading_says_nothing_of_the_contact() -> None:
    watch = signs()
    watch.of_reading(reading(0))
    values = watch.of_reading(reading(1, 9.0, flags=PointFlag.LOCKIN_INPUT_OVERLOAD)).values
    assert values[Watched.LOCKIN_OVERLOAD] == 1.0
    assert Watched.CONDUCTANCE_STEP_FRACTION not in values


def test_stale_temperature_is_not_known_and_ages() -> None:
    watch = signs()
    watch.of_reading(reading(0))
    values = watch.of_reading(reading(10, flags=PointFlag.READING_STALE)).values
    assert math.isnan(values[Watched.TEMPERATURE_K])
    assert values[Watched.READING_AGE_S] == pytest.approx(30.0)
    assert watch.of_monitor(Monitor(40.0, None, 1.0)).values[Watched.READING_AGE_S] == pytest.approx(40.0)
    assert watch.of_monitor(Monitor(45.0, 0.5, None)).values[Watched.READING_AGE_S] == 0.0


def test_drift_is_that_of_the_last_minute() -> None:
    watch = signs()
    values = [watch.of_monitor(Monitor(5.0 * place, 1.0 + 0.01 * place, None)).values for place in range(40)]
    assert Watched.TEMPERATURE_DRIFT_K_PER_MIN not in values[5]
    assert values[-1][Watched.TEMPERATURE_DRIFT_K_PER_MIN] == pytest.approx(0.12)


@pytest.mark.parametrize("excess", [1.0, 3.0])
def test_scatter_of_the_anchors_is_measured_against_what_is_predicted(excess: float) -> None:
    import numpy as np

    noise = np.random.default_rng(5).normal(size=LEAST_DIFFERENCES + 2)
    watch, values = signs(), {}
    for place, one in enumerate(noise):
        error_S = 1e-4
        anchor = reading(place, 0.11 + excess * error_S * one, kind=PointKind.ANCHOR, conductance_error_S=error_S)
        values = watch.of_reading(anchor).values
    assert values[Watched.SIGMA_RATIO] == pytest.approx(excess, rel=0.35)


def test_default_rules_let_no_healthy_reading_trip() -> None:
    locks, watch = Interlocks(DEFAULT_RULES), signs()
    assert not any(locks.feed(watch.of_reading(reading(index, 0.11 + 1e-4 * index))) for index in range(30))


def test_actions_are_all_written_in_the_station_file_as_they_are_named() -> None:
    assert [action.value for action in Action] == ["flag", "repeat", "pause", "idle-safe", "ramp-down"]
