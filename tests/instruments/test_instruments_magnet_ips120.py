"""The lines exchanged with an Oxford IPS120-10 and its relatives."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, QuenchError, ReadbackError, ReplyError, StateError
from instruments.magnet_ips120 import IPS120
from instruments.persistent_mode import SwitchedMagnet, SwitchState
from instruments.roles import MagnetReading, MagnetState

IDENTITY = "IPS120-10  Version 3.07  (c) OXFORD 1996"
OLDER = "PS120-10  Version 2.10  (c) OXFORD 1989"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[IPS120]]

HOLD = "X00A0C3H1M10P03"
MOVING = "X00A1C3H1M11P03"
ARRIVED = "X00A1C3H1M10P03"
QUENCHED = "X10A0C3H1M10P03"
SHUT = "X00A0C3H2M10P03"

SETTINGS: Exchange = [
    ("Q4", None), ("T0.10000", "T"), ("R9", "R+0.1000"), ("J2.00000", "J"), ("R8", "R+2.00000"),
]  # fmt: skip
GO: Exchange = [*SETTINGS, ("A1", "A"), ("X", MOVING)]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(
        *exchange: tuple[str | None, str | None], identity: str = IDENTITY, first: str = HOLD, **options: Any
    ) -> AbstractContextManager[IPS120]:
        asked = {"clock": clock, "name": "magnet", "maximum_T": 9.0, "maximum_rate_T_per_min": 0.2} | options
        return expected_protocol(IPS120, [("V", identity), ("X", first), *exchange], **asked)  # type: ignore[type-var]

    return connect


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: SwitchedMagnet = box
        assert role.identity == IDENTITY


def test_ramp_gives_rate_and_set_point_before_it_goes(connected: Opener) -> None:
    with connected(("X", HOLD), *GO) as box:
        box.start_ramp(2.0, 0.1)


def test_supply_that_would_follow_a_new_set_point_at_once_is_put_on_hold_first(connected: Opener) -> None:
    with connected(("X", MOVING), SETTINGS[0], ("A0", "A"), ("X", HOLD), *SETTINGS[1:], *GO[-2:]) as box:
        box.start_ramp(2.0, 0.1)


def test_box_in_local_mode_is_taken_remote(connected: Opener) -> None:
    with connected(("X", "X00A0C2H1M10P03"), ("C3", "C"), *GO) as box:
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize(
    ("field_T", "rate_T_per_min"), [(9.5, 0.1), (-9.5, 0.1), (math.nan, 0.1), (1.0, 0.3), (1.0, 0.0), (1.0, math.nan)]
)
def test_ramp_beyond_limit_is_refused_before_the_wire(connected: Opener, field_T: float, rate_T_per_min: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.start_ramp(field_T, rate_T_per_min)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([*SETTINGS[:2], ("R9", "R+0.5000")], r"T set to 0\.1, but it reads 0\.5"),
        ([*SETTINGS[:4], ("R8", "R+0.20000")], r"J set to 2, but it reads 0\.2"),
    ],
)
def test_ramp_with_a_setting_not_taken_does_not_go(connected: Opener, answers: Exchange, words: str) -> None:
    with connected(("X", HOLD), *answers) as box, pytest.raises(ReadbackError, match=words):
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize(
    "act", [lambda box: box.start_ramp(2.0, 0.1), lambda box: box.hold(), lambda box: box.set_switch_heater(True)]
)
def test_quenched_magnet_is_sent_nothing(connected: Opener, act: Callable[[IPS120], None]) -> None:
    with connected(("X", QUENCHED)) as box, pytest.raises(QuenchError):
        act(box)


@pytest.mark.parametrize("status", ["X20A0C3H1M10P03", "X80A0C3H1M10P03", "X00A0C3H5M10P03"])
def test_faulty_supply_is_not_moved(connected: Opener, status: str) -> None:
    with connected(("X", status)) as box, pytest.raises(StateError):
        box.start_ramp(2.0, 0.1)


def test_shut_persistent_switch_forbids_a_ramp(connected: Opener) -> None:
    with connected(("X", SHUT), first=SHUT) as box, pytest.raises(StateError, match="switch"):
        box.start_ramp(2.0, 0.1)


def test_magnet_without_a_switch_ramps(connected: Opener) -> None:
    none = "X00A0C3H8M10P03"
    with connected(("X", none), *SETTINGS, ("A1", "A"), ("X", "X00A1C3H8M11P03"), first=none) as box:
        assert box.start_ramp(2.0, 0.1) is None


def test_supply_that_does_not_start_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [("X", HOLD), *SETTINGS, ("A1", "A"), ("X", HOLD)]
    with connected(*exchange) as box, pytest.raises(StateError, match="did not start"):
        box.start_ramp(2.0, 0.1)


def test_clamped_supply_that_refuses_to_go_is_an_error(connected: Opener) -> None:
    clamped = "X00A4C3H1M10P03"
    exchange: Exchange = [("X", clamped), SETTINGS[0], ("A0", "A"), ("X", HOLD), *SETTINGS[1:], ("A1", "?A1")]
    with connected(*exchange) as box, pytest.raises(StateError, match="refused"):
        box.start_ramp(2.0, 0.1)


def test_hold_stops_a_ramp(connected: Opener) -> None:
    with connected(("X", MOVING), ("A0", "A"), ("X", HOLD)) as box:
        box.hold()


def test_hold_of_a_supply_that_keeps_moving_is_an_error(connected: Opener) -> None:
    with connected(("X", MOVING), ("A0", "A"), ("X", MOVING)) as box, pytest.raises(StateError, match="front panel"):
        box.hold()


@pytest.mark.parametrize("status", [HOLD, ARRIVED])
def test_hold_leaves_a_standing_supply_alone(connected: Opener, status: str) -> None:
    with connected(("X", status)) as box:
        box.hold()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (HOLD, MagnetState.PAUSED),
        (MOVING, MagnetState.RAMPING),
        (ARRIVED, MagnetState.HOLDING),
        ("X00A2C3H1M11P03", MagnetState.ZEROING),
        ("X00A2C3H1M10P03", MagnetState.AT_ZERO),
        ("X00A4C3H1M10P03", MagnetState.AT_ZERO),
        (QUENCHED, MagnetState.QUENCH),
        ("X11A0C3H1M10P03", MagnetState.QUENCH),
    ],
)
def test_status_is_read_as_a_state(connected: Opener, status: str, state: MagnetState) -> None:
    with connected(("X", status), ("R7", "R+1.50000"), ("R1", "R+0.80")) as box:
        assert box.read() == MagnetReading(1.5, 0.8, state)


def test_field_of_a_persistent_magnet_is_that_of_its_own_current(connected: Opener) -> None:
    with connected(("X", SHUT), ("R18", "R+5.00000"), ("R1", "R+0.00")) as box:
        assert box.read().field_T == 5.0


def test_status_without_polarity_is_one_too(connected: Opener) -> None:
    with connected(("X", "X00A1C3H1M10"), ("R7", "R+1.5"), ("R1", "R+0.8")) as box:
        assert box.read().state is MagnetState.HOLDING


@pytest.mark.parametrize("status", ["X00A1C3H1", "X00A3C3H1M10P03", "X00A1C3H7M10P03", "00A1C3H1M10P03"])
def test_status_that_is_none_is_asked_for_again_and_then_an_error(connected: Opener, status: str) -> None:
    with connected(("X", status), ("V", IDENTITY), ("X", status)) as box, pytest.raises(ReplyError):
        box.read()


def test_switch_is_given_its_time(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        ("X", HOLD), ("H0", "H"), ("X", SHUT), ("X", SHUT), ("X", SHUT),
        ("X", SHUT), ("H1", "H"), ("X", HOLD), ("X", HOLD), ("X", HOLD),
    ]  # fmt: skip
    states = []
    with connected(*exchange, heating_s=15.0, cooling_s=20.0) as box:
        for is_on, wait_s in ((False, 20.0), (True, 15.0)):
            box.set_switch_heater(is_on)
            states.append(box.switch_state())
            clock.sleep(wait_s)
            states.append(box.switch_state())
    assert states == [SwitchState.CLOSING, SwitchState.CLOSED, SwitchState.OPENING, SwitchState.OPEN]


def test_switch_that_a_hand_has_moved_is_given_its_time_too(connected: Opener, clock: Any) -> None:
    with connected(("X", SHUT), ("X", SHUT)) as box:
        assert box.switch_state() is SwitchState.CLOSING
        clock.sleep(30.0)
        assert box.switch_state() is SwitchState.CLOSED


def test_heater_that_the_box_refuses_is_an_error(connected: Opener) -> None:
    with connected(("X", SHUT), ("H1", "?H1"), first=SHUT) as box, pytest.raises(StateError, match="refused"):
        box.set_switch_heater(True)


def test_heater_that_stays_off_is_an_error(connected: Opener) -> None:
    with connected(("X", SHUT), ("H1", "H"), ("X", SHUT), first=SHUT) as box, pytest.raises(ReadbackError):
        box.set_switch_heater(True)


def test_leads_run_alone_with_the_switch_closed(connected: Opener) -> None:
    with connected(("X", SHUT), *SETTINGS, ("A1", "A"), ("X", "X00A1C3H2M11P03"), first=SHUT) as box:
        box.start_leads(2.0, 0.1)


def test_leads_do_not_run_alone_with_the_switch_open(connected: Opener) -> None:
    with connected(("X", HOLD)) as box, pytest.raises(StateError, match="not closed"):
        box.start_leads(2.0, 0.1)


def test_leads_are_told_as_a_field(connected: Opener) -> None:
    with connected(("R7", "R+0.50000")) as box:
        assert box.leads_field_T() == 0.5


def test_older_box_counts_in_hundredths(connected: Opener) -> None:
    exchange: Exchange = [
        ("X", HOLD), ("Q4", None), ("T10", "T"), ("R9", "R+00010"), ("J29", "J"), ("R8", "R+00029"), ("A1", "A"),
        ("X", MOVING), ("X", ARRIVED), ("R7", "R+00029"), ("R1", "R+00080"),
    ]  # fmt: skip
    with connected(*exchange, identity=OLDER) as box:
        box.start_ramp(0.29, 0.1)
        reading = box.read()
    assert (reading.field_T, reading.voltage_V) == pytest.approx((0.29, 0.8))


@pytest.mark.parametrize(("field_T", "rate_T_per_min"), [(0.295, 0.1), (0.29, 0.105)])
def test_older_box_is_not_given_what_it_would_round(connected: Opener, field_T: float, rate_T_per_min: float) -> None:
    with connected(identity=OLDER) as box, pytest.raises(LimitError, match="steps"):
        box.start_ramp(field_T, rate_T_per_min)


def test_safe_holds_a_ramp_and_then_leaves_it(connected: Opener) -> None:
    with connected(("X", MOVING), ("X", MOVING), ("A0", "A"), ("X", HOLD), ("X", HOLD), ("X", HOLD)) as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_safe_after_a_quench_sends_nothing(connected: Opener) -> None:
    with connected(("X", QUENCHED), ("X", QUENCHED)) as box:
        box.make_safe()
        box.make_safe()


def test_settings_are_read(connected: Opener) -> None:
    exchange: Exchange = [("X", ARRIVED), ("R8", "R+2.0"), ("R9", "R+0.1"), ("R0", "R+16.94")]
    with connected(*exchange) as box:
        settings = box.settings()
    assert (settings["target_T"], settings["activity"], settings["switch_heater"]) == (2.0, "TO_SET_POINT", "ON")
