"""The lines exchanged with an Oxford Mercury iPS."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import ConnectionFailedError, LimitError, QuenchError, ReadbackError, ReplyError, StateError
from instruments.magnet_mercuryips import MercuryiPS
from instruments.persistent_mode import SwitchedMagnet, SwitchState
from instruments.roles import HeliumMeter, MagnetReading, MagnetState

IDENTITY = "IDN:OXFORD INSTRUMENTS:MERCURY IPS:141350034:2.5.08.000"
Line = tuple[str | None, str | None]
Exchange = list[Line]
Opener = Callable[..., AbstractContextManager[MercuryiPS]]


def asked(noun: str, value: str, supply: str = "PSU") -> Line:
    return f"READ:DEV:GRPZ:{supply}:{noun}", f"STAT:DEV:GRPZ:{supply}:{noun}:{value}"


def taken(noun: str, value: str, answer: str = "VALID") -> Line:
    return f"SET:DEV:GRPZ:PSU:{noun}:{value}", f"STAT:SET:DEV:GRPZ:PSU:{noun}:{value}:{answer}"


SOUND = asked("STAT", "00000000")
QUENCHED = asked("STAT", "00000100")
OPEN = asked("SIG:SWHT", "ON")
SHUT = asked("SIG:SWHT", "OFF")
HOLD = asked("ACTN", "HOLD")
RAMPING = asked("ACTN", "RTOS")
SETTINGS: Exchange = [
    taken("SIG:RFST", "0.10000"), asked("SIG:RFST", "0.1000T/m"),
    taken("SIG:FSET", "2.00000"), asked("SIG:FSET", "2.0000T"),
]  # fmt: skip
GO: Exchange = [taken("ACTN", "RTOS"), SOUND, asked("SIG:FLD", "0.0010T"), RAMPING]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(*exchange: Line, identity: str = IDENTITY, first: Line = OPEN, **options: Any) -> Any:
        wanted = {"clock": clock, "name": "magnet", "maximum_T": 9.0, "maximum_rate_T_per_min": 0.2} | options
        return expected_protocol(MercuryiPS, [("*IDN?", identity), first, *exchange], **wanted)  # type: ignore[type-var]

    return connect


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: SwitchedMagnet = box
        assert role.identity == IDENTITY


def test_newer_firmware_has_another_noun_for_the_supply(connected: Opener) -> None:
    identity = IDENTITY.replace("2.5.08.000", "2.6.04.000")
    with connected(
        asked("SIG:FLD", "0.5000T", "SPSU"), identity=identity, first=asked("SIG:SWHT", "ON", "SPSU")
    ) as box:
        assert box.leads_field_T() == 0.5


def test_axis_that_is_not_there_is_said_at_the_start(connected: Opener) -> None:
    absent: Line = ("READ:DEV:GRPX:PSU:SIG:SWHT", "STAT:DEV:GRPX:NOT_FOUND")
    with (
        pytest.raises(ConnectionFailedError, match="no such axis"),
        connected(("*IDN?", IDENTITY), absent, first=absent, axis="X"),
    ):
        pass


def test_ramp_gives_rate_and_set_point_before_it_goes(connected: Opener) -> None:
    with connected(SOUND, OPEN, HOLD, *SETTINGS, *GO) as box:
        box.start_ramp(2.0, 0.1)


def test_supply_on_its_way_is_put_on_hold_first(connected: Opener) -> None:
    with connected(SOUND, OPEN, RAMPING, taken("ACTN", "HOLD"), SOUND, HOLD, *SETTINGS, *GO) as box:
        box.start_ramp(2.0, 0.1)


def test_supply_that_is_there_already_has_started_too(connected: Opener) -> None:
    with connected(SOUND, OPEN, HOLD, *SETTINGS, *GO[:2], asked("SIG:FLD", "2.0001T"), HOLD) as box:
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize(
    ("field_T", "rate_T_per_min"), [(9.5, 0.1), (math.nan, 0.1), (1.0, 0.3), (1.0, 0.0), (1.0, math.nan)]
)
def test_ramp_beyond_limit_is_refused_before_the_wire(connected: Opener, field_T: float, rate_T_per_min: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.start_ramp(field_T, rate_T_per_min)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([SETTINGS[0], asked("SIG:RFST", "0.5000T/m")], "RFST"),
        ([*SETTINGS[:3], asked("SIG:FSET", "0.2000T")], "FSET"),
    ],
)
def test_ramp_with_a_setting_not_taken_does_not_go(connected: Opener, answers: Exchange, words: str) -> None:
    with connected(SOUND, OPEN, HOLD, *answers) as box, pytest.raises(ReadbackError, match=words):
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize(("answer", "error"), [("DENIED", StateError), ("N/A", StateError), ("INVALID", ReplyError)])
def test_setting_that_is_not_acknowledged_is_an_error(connected: Opener, answer: str, error: type[Exception]) -> None:
    with connected(SOUND, OPEN, HOLD, taken("SIG:RFST", "0.10000", answer)) as box, pytest.raises(error):
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize(
    "act", [lambda box: box.start_ramp(2.0, 0.1), lambda box: box.hold(), lambda box: box.set_switch_heater(True)]
)
def test_quenched_magnet_is_sent_nothing(connected: Opener, act: Callable[[MercuryiPS], None]) -> None:
    with connected(QUENCHED) as box, pytest.raises(QuenchError):
        act(box)


def test_shut_persistent_switch_forbids_a_ramp(connected: Opener) -> None:
    with connected(SOUND, SHUT, first=SHUT) as box, pytest.raises(StateError, match="switch"):
        box.start_ramp(2.0, 0.1)


def test_hold_stops_a_ramp(connected: Opener) -> None:
    with connected(SOUND, RAMPING, taken("ACTN", "HOLD"), SOUND, HOLD) as box:
        box.hold()


def test_hold_of_a_supply_that_keeps_moving_is_an_error(connected: Opener) -> None:
    with (
        connected(SOUND, RAMPING, taken("ACTN", "HOLD"), SOUND, RAMPING) as box,
        pytest.raises(StateError, match="front panel"),
    ):
        box.hold()


def test_hold_leaves_a_standing_supply_alone(connected: Opener) -> None:
    with connected(SOUND, HOLD) as box:
        box.hold()


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([SOUND, RAMPING], MagnetState.RAMPING),
        ([SOUND, asked("ACTN", "RTOZ")], MagnetState.ZEROING),
        ([SOUND, asked("ACTN", "CLMP")], MagnetState.AT_ZERO),
        ([SOUND, HOLD, asked("SIG:FSET", "1.5000T"), asked("SIG:FLD", "1.5001T")], MagnetState.HOLDING),
        ([SOUND, HOLD, asked("SIG:FSET", "2.0000T"), asked("SIG:FLD", "1.5000T")], MagnetState.PAUSED),
        ([QUENCHED], MagnetState.QUENCH),
    ],
)
def test_activity_is_read_as_a_state(connected: Opener, answers: Exchange, state: MagnetState) -> None:
    with connected(OPEN, asked("SIG:FLD", "1.5000T"), asked("SIG:VOLT", "0.8000V"), *answers) as box:
        assert box.read() == MagnetReading(1.5, 0.8, state)


def test_field_of_a_persistent_magnet_is_that_of_its_own_current(connected: Opener) -> None:
    answers: Exchange = [asked("SIG:PFLD", "5.0000T"), asked("SIG:VOLT", "0.0V"), SOUND, asked("ACTN", "RTOZ")]
    with connected(SHUT, *answers) as box:
        assert box.read().field_T == 5.0


@pytest.mark.parametrize(
    ("value", "field_T"), [("28.2mT", 0.0282), ("-1.5T", -1.5), ("1.2345kT", 1234.5), ("15uT", 15e-6)]
)
def test_scale_in_front_of_the_unit_counts(connected: Opener, value: str, field_T: float) -> None:
    with connected(asked("SIG:FLD", value)) as box:
        assert box.leads_field_T() == pytest.approx(field_T)


@pytest.mark.parametrize(
    "reply",
    [
        "STAT:DEV:GRPZ:PSU:SIG:CURR:1.5A",
        "STAT:DEV:GRPZ:PSU:SIG:FLD:1.5A",
        "STAT:DEV:GRPZ:PSU:SIG:FLD:INVALID",
        "STAT:DEV:GRPZ:PSU:SIG:FLD:N/A",
        "STAT:DEV:GRPZ:NOT_FOUND",
        "1.5T",
    ],
)
def test_answer_to_something_else_is_asked_for_again_and_then_an_error(connected: Opener, reply: str) -> None:
    question = "READ:DEV:GRPZ:PSU:SIG:FLD"
    with connected((question, reply), ("*IDN?", IDENTITY), (question, reply)) as box, pytest.raises(ReplyError):
        box.leads_field_T()


def test_switch_is_given_its_time(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [SOUND, OPEN, taken("SIG:SWHT", "OFF"), SHUT, SHUT, SHUT]
    with connected(*exchange, cooling_s=20.0) as box:
        box.set_switch_heater(False)
        assert box.switch_state() is SwitchState.CLOSING
        clock.sleep(20.0)
        assert box.switch_state() is SwitchState.CLOSED


def test_heater_that_the_box_refuses_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [SOUND, SHUT, taken("SIG:SWHT", "ON", "DENIED")]
    with connected(*exchange, first=SHUT) as box, pytest.raises(StateError, match="refused"):
        box.set_switch_heater(True)


def test_magnet_without_a_switch_says_so(connected: Opener) -> None:
    none = asked("SIG:SWHT", "N/A")
    with connected(none, SOUND, none, first=none) as box:
        assert box.switch_state() is SwitchState.NOT_FITTED
        with pytest.raises(StateError, match="no persistent switch"):
            box.set_switch_heater(True)


def test_leads_run_alone_with_the_switch_closed(connected: Opener) -> None:
    with connected(SOUND, SHUT, HOLD, *SETTINGS, *GO, first=SHUT) as box:
        box.start_leads(2.0, 0.1)


def test_safe_holds_a_ramp_and_then_leaves_it(connected: Opener) -> None:
    first: Exchange = [SOUND, SOUND, RAMPING, taken("ACTN", "HOLD"), SOUND, HOLD]
    with connected(*first, SOUND, SOUND, HOLD) as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_safe_after_a_quench_sends_nothing(connected: Opener) -> None:
    with connected(QUENCHED, QUENCHED) as box:
        box.make_safe()
        box.make_safe()


def test_settings_are_read(connected: Opener) -> None:
    exchange: Exchange = [
        asked("SIG:FSET", "2.0000T"), asked("SIG:RFST", "0.1000T/m"), asked("SIG:CURR", "16.9405A"),
        asked("ATOB", "8.4703"), HOLD, OPEN,
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert (settings["target_T"], settings["current_per_field_A_per_T"], settings["switch_heater"]) == (
        2.0,
        8.4703,
        "ON",
    )


LEVEL: Line = ("READ:DEV:DB5.L1:LVL:SIG:HEL:LEV", "STAT:DEV:DB5.L1:LVL:SIG:HEL:LEV:56.3938%")


def test_level_of_the_helium_is_a_fraction(connected: Opener) -> None:
    with connected(LEVEL, LEVEL, level_board="DB5.L1") as box:
        meter: HeliumMeter = box
        assert meter.has_helium_meter
        assert meter.read_helium_fraction() == pytest.approx(0.563938)


def test_level_board_that_is_not_there_is_said_at_the_start(connected: Opener) -> None:
    absent: Line = (LEVEL[0], "STAT:DEV:DB5.L1:NOT_FOUND")
    with (
        pytest.raises(ConnectionFailedError, match=r"no level board DB5.L1"),
        connected(absent, ("*IDN?", IDENTITY), absent, level_board="DB5.L1"),
    ):
        pass


def test_supply_without_a_level_board_has_no_meter(connected: Opener) -> None:
    with connected() as box:
        assert not box.has_helium_meter
