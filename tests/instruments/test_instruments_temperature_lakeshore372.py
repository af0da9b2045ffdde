"""The lines exchanged with a Lake Shore 372."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, ReadbackError, ReplyError, StateError
from instruments.roles import TemperatureController, TemperatureReading
from instruments.temperature_lakeshore372 import ZONES, HeaterRange, LakeShore372, ReadingFault, Zone

IDENTITY = "LSCI,MODEL372,LSA2359,1.6"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[LakeShore372]]

READY: Exchange = [("HTRST? 0", "0"), ("SCAN?", "01,0"), ("OUTMODE? 0", "5,1,0,0,0,001")]
READING = "RDGST? 1;RDGK? 1;SCAN?"
HEATER = "HTRST? 0;HTR?;HTRSET? 0"
SOUND: Exchange = [(READING, "000;+052.000E-03;01,0")]
ZONE_300MK: Exchange = [("PID 0,1000,150,0", None), ("PID? 0", "+1000.000,+00150,+0000")]
RANGE_10MA: Exchange = [("RANGE 0,6", None), ("RANGE? 0", "6")]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(*exchange: tuple[str | None, str | None], **options: Any) -> AbstractContextManager[LakeShore372]:
        asked = {"clock": clock, "name": "bridge", "minimum_K": 0.02, "maximum_K": 8.0} | options
        return expected_protocol(LakeShore372, [("*IDN?", IDENTITY), *exchange], **asked)  # type: ignore[type-var]

    return connect


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: TemperatureController = box
        assert role.identity == IDENTITY


def test_setpoint_comes_with_gains_and_range_of_its_zone(connected: Opener) -> None:
    exchange: Exchange = [
        *READY,
        ("SETP? 0", "+050.000E-03"),
        ("RAMP? 0", "0,+001.000"),
        ("SETP 0,0.1", None), ("SETP? 0", "+100.000E-03"),
        *ZONE_300MK, *RANGE_10MA,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(0.1)


def test_scanner_is_stopped_and_the_loop_closed_on_the_channel(connected: Opener) -> None:
    exchange: Exchange = [
        ("HTRST? 0", "0"),
        ("SCAN?", "04,1"), ("SCAN 1,0", None), ("SCAN?", "01,0"),
        ("OUTMODE? 0", "2,0,1,0,1,005"), ("MOUT 0,0", None),
        ("OUTMODE 0,5,1,1,0,1,005", None), ("OUTMODE? 0", "5,1,1,0,1,005"),
        ("SETP? 0", "+050.000E-03"),
        ("RAMP? 0", "1,+001.000"), ("RAMP 0,0,1", None), ("RAMP? 0", "0,+001.000"),
        ("SETP 0,0.1", None), ("SETP? 0", "+100.000E-03"),
        *ZONE_300MK, *RANGE_10MA,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(0.1)


def test_ramping_setpoint_may_read_as_where_it_is(connected: Opener) -> None:
    exchange: Exchange = [
        *READY,
        ("SETP? 0", "+050.000E-03"),
        ("RANGE? 0", "6"),
        ("RAMP? 0", "0,+001.000"), ("RAMP 0,1,0.1", None), ("RAMP? 0", "1,+000.100"),
        ("SETP 0,0.1", None), ("SETP? 0", "+050.010E-03"),
        *ZONE_300MK, *RANGE_10MA,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(0.1, ramp_K_per_min=0.1)


def test_ramp_with_the_heater_off_begins_at_the_present_temperature(connected: Opener) -> None:
    exchange: Exchange = [
        *READY,
        ("SETP? 0", "+004.000E+00"),
        ("RANGE? 0", "0"),
        *SOUND,
        ("RAMP? 0", "0,+001.000"),
        ("SETP 0,0.052", None), ("SETP? 0", "+052.000E-03"),
        ("RAMP? 0", "0,+001.000"), ("RAMP 0,1,0.1", None), ("RAMP? 0", "1,+000.100"),
        ("SETP 0,0.1", None), ("SETP? 0", "+052.010E-03"),
        *ZONE_300MK, *RANGE_10MA,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(0.1, ramp_K_per_min=0.1)


@pytest.mark.parametrize("setpoint_K", [0.01, 8.5, -1.0, math.nan, True])
def test_impossible_setpoint_is_refused_before_the_wire(connected: Opener, setpoint_K: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_temperature(setpoint_K)


@pytest.mark.parametrize("ramp_K_per_min", [0.0, 200.0, math.nan])
def test_impossible_ramp_is_refused_before_the_wire(connected: Opener, ramp_K_per_min: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_temperature(0.1, ramp_K_per_min=ramp_K_per_min)


def test_setpoint_not_taken_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [
        *READY,
        ("SETP? 0", "+050.000E-03"), ("RAMP? 0", "0,+001.000"), ("SETP 0,0.1", None), ("SETP? 0", "+050.000E-03"),
    ]  # fmt: skip
    with connected(*exchange) as box, pytest.raises(ReadbackError, match=r"setpoint set to 0\.1 K"):
        box.set_temperature(0.1)


def test_faulty_heater_is_not_driven(connected: Opener) -> None:
    with connected(("HTRST? 0", "1")) as box, pytest.raises(StateError, match="heater open"):
        box.set_temperature(0.1)


def test_sound_reading(connected: Opener) -> None:
    with connected(*SOUND) as box:
        assert box.read() == TemperatureReading(0.052, 0.0, True, "")


@pytest.mark.parametrize(
    ("status", "fault"),
    [("016", "resistance over range"), ("129", "current source overload, temperature under range")],
)
def test_unsound_reading_says_why(connected: Opener, status: str, fault: str) -> None:
    with connected((READING, f"{status};+000.000E+00;01,0")) as box:
        assert box.read() == TemperatureReading(0.0, 0.0, False, fault)


def test_channel_without_a_curve_has_no_temperature(connected: Opener) -> None:
    with connected((READING, "000;+000.000E+00;01,0")) as box:
        assert "curve" in box.read().fault


def test_reading_ages_while_the_scanner_is_elsewhere(connected: Opener, clock: Any) -> None:
    elsewhere: Exchange = [(READING, "000;+052.000E-03;02,1")]
    with connected(*elsewhere, *SOUND, *elsewhere) as box:
        assert box.read().age_s == math.inf
        box.read()
        clock.sleep(25.0)
        assert box.read().age_s == 25.0


def test_heater_fraction_of_current(connected: Opener) -> None:
    with connected((HEATER, "0;+25.000;+100.000,0,+00.000,1")) as box:
        assert box.heater_fraction() == 0.25


def test_heater_fraction_from_power(connected: Opener) -> None:
    exchange: Exchange = [
        (HEATER, "0;+00.025;+100.000,0,+00.000,2"),
        ("RANGE? 0", "7"),
    ]
    with connected(*exchange) as box:
        assert box.heater_fraction() == pytest.approx(0.5)  # 25 mW of 100 mW


def test_a_reading_with_a_part_missing_is_asked_for_again_and_then_refused(connected: Opener) -> None:
    torn: Exchange = [(READING, "000;+052.000E-03"), ("*IDN?", IDENTITY)]
    with connected(*torn, *SOUND) as box:
        assert box.read().temperature_K == 0.052
    with connected(*torn, *torn[:1]) as box, pytest.raises(ReplyError, match="RDGST"):
        box.read()


def test_heater_fault_is_raised(connected: Opener) -> None:
    with (
        connected((HEATER, "2;+00.000;+100.000,0,+00.000,1")) as box,
        pytest.raises(StateError, match="heater shorted"),
    ):
        box.heater_fraction()


def test_heater_off_is_read_back(connected: Opener) -> None:
    with connected(("RANGE 0,0", None), ("RANGE? 0", "0")) as box:
        box.heater_off()


def test_safe_leaves_a_sound_loop_alone_twice(connected: Opener) -> None:
    with connected(*SOUND, *SOUND) as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_safe_switches_the_heater_off_if_the_thermometer_is_unsound(connected: Opener) -> None:
    exchange: Exchange = [
        (READING, "016;+000.000E+00;01,0"),
        ("RANGE 0,0", None),
        ("RANGE? 0", "0"),
    ]
    with connected(*exchange) as box:
        box.make_safe()


def test_settings_are_read_with_their_units(connected: Opener) -> None:
    exchange: Exchange = [
        ("PID? 0", "+1000.000,+00150,+0000"), ("RAMP? 0", "1,+000.100"), ("SCAN?", "01,0"), ("SETP? 0", "+100.000E-03"),
        ("RANGE? 0", "6"), ("OUTMODE? 0", "5,1,0,0,0,001"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert settings["setpoint_K"] == 0.1
    assert settings["heater_range_A"] == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("heater_range", "full_scale_A"),
    [(HeaterRange.OFF, 0.0), (HeaterRange.UA_31_6, 31.6e-6), (HeaterRange.MA_1, 1e-3), (HeaterRange.MA_100, 0.1)],
)
def test_heater_ranges_are_named_by_their_current(heater_range: HeaterRange, full_scale_A: float) -> None:
    assert heater_range.full_scale_A == pytest.approx(full_scale_A, rel=2e-3)


@pytest.mark.parametrize(
    "zones", [(), ZONES[:2], ZONES[::-1], (Zone(10.0, 2000.0, 0.0, 0.0, HeaterRange.MA_1),)], ids=str
)
def test_zones_that_cannot_be_are_refused(connected: Opener, zones: tuple[Zone, ...]) -> None:
    with pytest.raises(LimitError), connected(zones=zones):
        pass


def test_every_status_bit_has_a_name() -> None:
    assert sum(ReadingFault) == 255


@pytest.mark.parametrize("garbled", ["5", "2,1,0,0,0", "2,1,0,7,0,001", "2,1,0,0,0,999", "2,1,x,0,0,001"])
def test_mode_that_came_garbled_is_never_written_back(connected: Opener, garbled: str) -> None:
    asked: Exchange = [("OUTMODE? 0", garbled), ("*IDN?", IDENTITY), ("OUTMODE? 0", garbled)]
    with connected(*READY[:2], *asked) as box, pytest.raises(ReplyError, match="OUTMODE"):
        box.set_temperature(1.0)
