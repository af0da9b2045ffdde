"""The lines exchanged with a Lake Shore 336."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, ReadbackError, StateError
from instruments.roles import TemperatureController, TemperatureReading
from instruments.temperature_lakeshore336 import ZONES, HeaterRange, LakeShore336, Zone

IDENTITY = "LSCI,MODEL336,LSA23JD/#######,2.9"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[LakeShore336]]

SOUND: Exchange = [("HTRST? 1", "0")]
READING = "RDGST? B;KRDG? B"
HEATER = "HTRST? 1;HTR? 1;HTRSET? 1"
CLOSED: Exchange = [("OUTMODE? 1", "1,2,0")]
ZONE_1K: Exchange = [
    ("PID 1,500,10,0", None), ("PID? 1", "+0500.0,+0010.0,+000.0"), ("RANGE 1,1", None), ("RANGE? 1", "1"),
]  # fmt: skip


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(*exchange: tuple[str | None, str | None], **options: Any) -> AbstractContextManager[LakeShore336]:
        asked = {"clock": clock, "name": "controller", "channel": 2, "minimum_K": 0.3, "maximum_K": 20.0} | options
        return expected_protocol(LakeShore336, [("*IDN?", IDENTITY), *exchange], **asked)  # type: ignore[type-var]

    return connect


def test_connecting_only_asks_who_it_is(connected: Opener) -> None:
    with connected() as box:
        role: TemperatureController = box
        assert role.identity == IDENTITY


def test_step_sets_point_gains_and_range_in_this_order(connected: Opener) -> None:
    exchange: Exchange = [
        *SOUND, *CLOSED, ("SETP? 1", "+0.80000"), ("RAMP? 1", "0,+001.0"),
        ("SETP 1,1", None), ("SETP? 1", "+1.00000"), *ZONE_1K,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(1.0)


def test_ramp_is_set_before_the_setpoint(connected: Opener) -> None:
    exchange: Exchange = [
        *SOUND, *CLOSED, ("SETP? 1", "+0.80000"), ("RANGE? 1", "1"),
        ("RAMP? 1", "0,+001.0"), ("RAMP 1,1,0.1", None), ("RAMP? 1", "1,+000.1"),
        ("SETP 1,1", None), ("SETP? 1", "+0.80012"), *ZONE_1K,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(1.0, ramp_K_per_min=0.1)


def test_ramp_from_a_heater_that_is_off_begins_at_the_present_temperature(connected: Opener) -> None:
    exchange: Exchange = [
        *SOUND, *CLOSED, ("SETP? 1", "+4.20000"), ("RANGE? 1", "0"), (READING, "000;+0.50000"),
        ("RAMP? 1", "0,+000.1"), ("SETP 1,0.5", None), ("SETP? 1", "+0.50000"),
        ("RAMP? 1", "0,+000.1"), ("RAMP 1,1,0.1", None), ("RAMP? 1", "1,+000.1"),
        ("SETP 1,1", None), ("SETP? 1", "+0.50001"), *ZONE_1K,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(1.0, ramp_K_per_min=0.1)


def test_loop_is_closed_on_the_samples_input(connected: Opener) -> None:
    exchange: Exchange = [
        *SOUND, ("OUTMODE? 1", "3,1,1"), ("MOUT 1,0", None), ("OUTMODE 1,1,2,1", None), ("OUTMODE? 1", "1,2,1"),
        ("SETP? 1", "+0.80000"), ("RAMP? 1", "0,+001.0"), ("SETP 1,1", None), ("SETP? 1", "+1.00000"), *ZONE_1K,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(1.0)


@pytest.mark.parametrize(
    ("setpoint_K", "rate"), [(0.2, None), (25.0, None), (math.nan, None), (1.0, 0.01), (1.0, 200.0), (1.0, math.nan)]
)
def test_what_is_out_of_bounds_is_refused_before_the_wire(
    connected: Opener, setpoint_K: float, rate: float | None
) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_temperature(setpoint_K, ramp_K_per_min=rate)


def test_faulty_heater_is_not_switched_on(connected: Opener) -> None:
    with connected(("HTRST? 1", "1")) as box, pytest.raises(StateError, match="heater open"):
        box.set_temperature(1.0)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([("SETP 1,1", None), ("SETP? 1", "+0.80000")], "setpoint set to 1 K"),
        ([("SETP 1,1", None), ("SETP? 1", "+1.00000"), ZONE_1K[0], ("PID? 1", "+0050.0,+0010.0,+000.0")], "PID"),
        ([("SETP 1,1", None), ("SETP? 1", "+1.00000"), *ZONE_1K[:3], ("RANGE? 1", "0")], "heater_range"),
    ],
)
def test_setting_not_taken_is_an_error(connected: Opener, answers: Exchange, words: str) -> None:
    before: Exchange = [*SOUND, *CLOSED, ("SETP? 1", "+0.80000"), ("RAMP? 1", "0,+001.0")]
    with connected(*before, *answers) as box, pytest.raises(ReadbackError, match=words):
        box.set_temperature(1.0)


def test_reading_is_fresh_and_sound(connected: Opener) -> None:
    with connected((READING, "000;+1.23456")) as box:
        assert box.read() == TemperatureReading(1.23456, 0.0, True)


@pytest.mark.parametrize(
    ("status", "kelvin", "fault"),
    [
        ("064", "+0.00000", "sensor zero"),
        ("017", "+0.00000", "invalid reading, temperature under range"),
        ("000", "+0.00000", "curve"),
    ],
)
def test_unsound_reading_says_why(connected: Opener, status: str, kelvin: str, fault: str) -> None:
    with connected((READING, f"{status};{kelvin}")) as box:
        reading = box.read()
    assert not reading.is_valid
    assert fault in reading.fault


@pytest.mark.parametrize(("display", "fraction"), [("1", 0.25), ("2", 0.5)])
def test_heater_output_is_a_fraction_of_the_current(connected: Opener, display: str, fraction: float) -> None:
    with connected((HEATER, f"0;+025.0;2,0,+0.100,{display}")) as box:
        assert box.heater_fraction() == pytest.approx(fraction)


def test_heater_is_held_open_loop_at_its_present_current(connected: Opener) -> None:
    exchange: Exchange = [
        ("HTRSET? 1", "2,0,+0.100,1"), (HEATER, "0;+025.0;2,0,+0.100,1"),
        ("MOUT 1,25", None), ("MOUT? 1", "+25.0000"),
        ("OUTMODE? 1", "1,2,0"), ("OUTMODE 1,3,2,0", None), ("OUTMODE? 1", "3,2,0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.hold_heater() == pytest.approx(0.25)


def test_heater_that_counts_in_watts_is_not_held(connected: Opener) -> None:
    with connected(("HTRSET? 1", "2,0,+0.100,2")) as box, pytest.raises(StateError, match="counts in power"):
        box.hold_heater()


def test_heater_off_is_read_back(connected: Opener) -> None:
    with connected(("RANGE 1,0", None), ("RANGE? 1", "0")) as box:
        box.heater_off()


def test_safe_leaves_a_sound_loop_alone(connected: Opener) -> None:
    with connected((READING, "000;+1.0"), (READING, "000;+1.0")) as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_safe_switches_the_heater_off_where_the_thermometer_is_unsound(connected: Opener) -> None:
    with connected((READING, "064;+0.0"), ("RANGE 1,0", None), ("RANGE? 1", "0")) as box:
        box.make_safe()


def test_settings_are_read(connected: Opener) -> None:
    exchange: Exchange = [
        ("PID? 1", "+0500.0,+0010.0,+000.0"), ("RAMP? 1", "1,+000.1"), ("SETP? 1", "+1.00000"), ("RANGE? 1", "2"),
        ("HTRSET? 1", "2,0,+0.100,1"), ("OUTMODE? 1", "1,2,0"), ("INCRV? B", "21"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert (settings["input"], settings["heater_range"], settings["is_ramped"]) == ("B", "MEDIUM", True)


@pytest.mark.parametrize("zones", [(), ZONES[:1], ZONES[::-1], (Zone(20.0, 5000.0, 10.0, 0.0, HeaterRange.LOW),)])
def test_impossible_zones_are_refused(connected: Opener, zones: tuple[Zone, ...]) -> None:
    with pytest.raises(LimitError), connected(zones=zones):
        pass


def test_impossible_input_is_refused(connected: Opener) -> None:
    with pytest.raises(LimitError), connected(channel=5):
        pass
