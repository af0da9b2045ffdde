"""The lines exchanged with an Oxford ITC503."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, ReadbackError, ReplyError, StateError
from instruments.roles import TemperatureController, TemperatureReading
from instruments.temperature_itc503 import ITC503, ZONES

IDENTITY = "ITC503 Version 1.11 (c) OXFORD 1997"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[ITC503]]

REMOTE: Exchange = [("X", "X0A1C3S00H1L0")]
GAINS: Exchange = [
    ("P20.0", "P"), ("R8", "R+20.000"), ("I0.5", "I"), ("R9", "R+0.500"), ("D0.0", "D"), ("R10", "R+0.000"),
]  # fmt: skip
AUTO: Exchange = [("A1", "A")]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(*exchange: tuple[str | None, str | None], **options: Any) -> AbstractContextManager[ITC503]:
        asked = {"clock": clock, "name": "controller", "minimum_K": 1.6, "maximum_K": 20.0} | options
        return expected_protocol(ITC503, [("V", IDENTITY), *exchange], **asked)  # type: ignore[type-var]

    return connect


def test_connecting_only_asks_who_it_is(connected: Opener) -> None:
    with connected() as box:
        role: TemperatureController = box
        assert role.identity == IDENTITY


def test_step_sets_gains_automatic_and_point(connected: Opener) -> None:
    exchange: Exchange = [*REMOTE, ("R0", "R+4.000"), *GAINS, *AUTO, ("T10.000", "T"), ("R0", "R+10.000"), *REMOTE]
    with connected(*exchange) as box:
        box.set_temperature(10.0)


def test_box_in_local_mode_is_taken_remote_and_everything_put_right(connected: Opener) -> None:
    exchange: Exchange = [
        ("X", "X0A3C2S03H2L1"), ("C3", "C"), ("S0", "S"), ("H1", "H"), ("L0", "L"), ("R0", "R+4.000"), *GAINS,
        ("A3", "A"), ("T10.000", "T"), ("R0", "R+10.000"), ("X", "X0A3C3S00H1L0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(10.0)


def test_loop_that_was_open_begins_at_the_present_temperature(connected: Opener) -> None:
    exchange: Exchange = [
        ("X", "X0A0C3S00H1L0"), ("R0", "R+300.000"), *REMOTE, ("R1", "R+4.321"), ("T4.321", "T"), ("R0", "R+4.321"),
        *GAINS, *AUTO, ("T10.000", "T"), ("R0", "R+10.000"), *REMOTE,
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_temperature(10.0)


def test_ramp_is_a_sweep_of_one_step(connected: Opener) -> None:
    table: Exchange = []
    for step in range(1, 17):
        minutes = "12.000" if step == 1 else "0.000"
        table += [(f"x{step}", "x"), ("y1", "y"), ("s10.000", "s"), ("y2", "y"), (f"s{minutes}", "s")]
        table += [("y3", "y"), ("s0.000", "s")]
    check: Exchange = [
        ("x1", "x"), ("y1", "y"), ("r", "r+10.000"), ("x1", "x"), ("y2", "y"), ("r", "r+12.000"), ("S1", "S"),
    ]  # fmt: skip
    with connected(*REMOTE, ("R0", "R+4.000"), *GAINS, *AUTO, *table, *check, *REMOTE) as box:
        box.set_temperature(10.0, ramp_K_per_min=0.5)


@pytest.mark.parametrize(
    ("setpoint_K", "rate"), [(1.0, None), (25.0, None), (math.nan, None), (10.0, 0.0), (10.0, math.nan)]
)
def test_what_is_out_of_bounds_is_refused_before_the_wire(
    connected: Opener, setpoint_K: float, rate: float | None
) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_temperature(setpoint_K, ramp_K_per_min=rate)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([("P20.0", "P"), ("R8", "R+5.000")], "P set to 20"),
        ([*GAINS, *AUTO, ("T10.000", "T"), ("R0", "R+4.000")], "setpoint set to 10 K"),
        ([*GAINS, *AUTO, ("T10.000", "T"), ("R0", "R+10.000"), ("X", "X0A0C3S00H1L0")], "set to automatic"),
    ],
)
def test_setting_not_taken_is_an_error(connected: Opener, answers: Exchange, words: str) -> None:
    with connected(*REMOTE, ("R0", "R+4.000"), *answers) as box, pytest.raises(ReadbackError, match=words):
        box.set_temperature(10.0)


def test_command_that_is_refused_is_an_error(connected: Opener) -> None:
    with connected(*REMOTE, ("R0", "R+4.000"), ("P20.0", "?P20.0")) as box, pytest.raises(StateError, match="refused"):
        box.set_temperature(10.0)


def test_reading_is_fresh(connected: Opener) -> None:
    with connected(*REMOTE, ("R1", "R+4.321")) as box:
        assert box.read() == TemperatureReading(4.321, 0.0, True)


@pytest.mark.parametrize("reply", ["R+0.000", "R-0.300", "R+1677.7"])
def test_implausible_reading_is_a_broken_sensor(connected: Opener, reply: str) -> None:
    with connected(*REMOTE, ("R1", reply)) as box:
        reading = box.read()
    assert not reading.is_valid
    assert "sensor" in reading.fault


def test_heater_is_held_in_manual_at_its_present_voltage(connected: Opener) -> None:
    exchange: Exchange = [
        ("X", "X0A3C3S01H1L0"), ("S0", "S"), ("R5", "R+25.4"), ("A2", "A"), ("O25.4", "O"), ("X", "X0A2C3S00H1L0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.hold_heater() == pytest.approx(0.254)


def test_heater_off_is_manual_at_zero(connected: Opener) -> None:
    exchange: Exchange = [*REMOTE, ("A0", "A"), ("O0.0", "O"), ("X", "X0A0C3S00H1L0"), ("R5", "R+0.0")]
    with connected(*exchange) as box:
        box.heater_off()


def test_safe_leaves_a_sound_loop_alone(connected: Opener) -> None:
    with connected(*REMOTE, ("R1", "R+4.0"), *REMOTE, ("R1", "R+4.0")) as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_safe_switches_the_heater_off_where_the_thermometer_is_unsound(connected: Opener) -> None:
    off: Exchange = [*REMOTE, ("A0", "A"), ("O0.0", "O"), ("X", "X0A0C3S00H1L0"), ("R5", "R+0.0")]
    with connected(*REMOTE, ("R1", "R+0.0"), *off) as box:
        box.make_safe()


def test_garbled_status_is_asked_for_again_and_then_an_error(connected: Opener) -> None:
    again: Exchange = [("X", "X0A1"), ("V", IDENTITY), ("X", "X0A1")]
    with connected(*again) as box, pytest.raises(ReplyError):
        box.settings()


def test_settings_are_read(connected: Opener) -> None:
    exchange: Exchange = [
        ("X", "X0A1C3S02H1L0"), ("R0", "R+10.0"), ("R7", "R+50.0"), ("R8", "R+20.0"), ("R9", "R+0.5"), ("R10", "R+0.0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert (settings["sweep"], settings["is_remote"], settings["gas_flow_percent"]) == (2, True, 50.0)


@pytest.mark.parametrize("options", [{"zones": ()}, {"zones": ZONES[::-1]}, {"channel": 4}, {"maximum_K": 500.0}])
def test_impossible_options_are_refused(connected: Opener, options: dict[str, Any]) -> None:
    with pytest.raises(LimitError), connected(**options):
        pass
