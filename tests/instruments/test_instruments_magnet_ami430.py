"""The lines exchanged with an AMI 430."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, QuenchError, ReadbackError, ReplyError, StateError
from instruments.magnet_ami430 import AMI430
from instruments.persistent_mode import SwitchState
from instruments.roles import Magnet, MagnetReading, MagnetState

IDENTITY = "AMERICAN MAGNETICS INC.,MODEL 430,2.01"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[AMI430]]

GREETING: Exchange = [(None, "American Magnetics Model 430 IP Interface"), (None, "Hello.")]
IN_TESLA: Exchange = [("FIELD:UNITS?", "1"), ("COIL?", "0.1180")]
AT_REST: Exchange = [("STATE?", "3"), ("QU?", "0"), ("PS:INST?", "0")]
UNITS: Exchange = [("FIELD:UNITS?", "1"), ("RAMP:RATE:UNITS?", "1")]
RATE: Exchange = [
    ("RAMP:RATE:SEG?", "1"), ("CONF:RAMP:RATE:FIELD 1,0.1,9", None), ("RAMP:RATE:FIELD:1?", "0.1000,9.0000"),
]  # fmt: skip
TARGET: Exchange = [("CONF:FIELD:TARG 2.00000", None), ("FIELD:TARG?", "2.0000")]
RAMPING: Exchange = [("STATE?", "1"), ("QU?", "0")]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(
        *exchange: tuple[str | None, str | None], units: Exchange = IN_TESLA, **options: Any
    ) -> AbstractContextManager[AMI430]:
        asked = {"clock": clock, "name": "magnet", "maximum_T": 9.0, "maximum_rate_T_per_min": 0.2} | options
        opening: Exchange = [*GREETING, ("*IDN?", IDENTITY), *units]
        return expected_protocol(AMI430, [*opening, *exchange], **asked)  # type: ignore[type-var]

    return connect


def test_connecting_reads_the_greeting_and_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: Magnet = box
        assert role.identity == IDENTITY


def test_implausible_coil_constant_is_refused(connected: Opener) -> None:
    with (
        pytest.raises(StateError, match="coil constant 0 T/A"),
        connected(units=[("FIELD:UNITS?", "1"), ("COIL?", "0.0")]),
    ):
        pass


def test_ramp_sets_and_checks_everything_before_it_goes(connected: Opener) -> None:
    with connected(*AT_REST, *UNITS, *RATE, *TARGET, ("RAMP", None), *RAMPING) as box:
        box.start_ramp(2.0, 0.1)


def test_units_and_segments_are_put_right_before_a_ramp(connected: Opener) -> None:
    exchange: Exchange = [
        *AT_REST,
        ("FIELD:UNITS?", "0"), ("CONF:FIELD:UNITS 1", None), ("FIELD:UNITS?", "1"),
        ("RAMP:RATE:UNITS?", "0"), ("CONF:RAMP:RATE:UNITS 1", None), ("RAMP:RATE:UNITS?", "1"),
        ("RAMP:RATE:SEG?", "3"), ("CONF:RAMP:RATE:SEG 1", None), ("RAMP:RATE:SEG?", "1"),
        *RATE[1:], *TARGET, ("RAMP", None), *RAMPING,
    ]  # fmt: skip
    with connected(*exchange, units=[("FIELD:UNITS?", "0"), ("COIL?", "1.180")]) as box:
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize("state", ["1", "2", "6", "8"])
def test_supply_that_would_follow_a_new_target_at_once_is_paused_first(connected: Opener, state: str) -> None:
    exchange: Exchange = [
        ("STATE?", state), ("QU?", "0"), ("PS:INST?", "0"), ("PAUSE", None), ("STATE?", "3"), ("QU?", "0"),
        *UNITS, *RATE, *TARGET, ("RAMP", None), *RAMPING,
    ]  # fmt: skip
    with connected(*exchange) as box:
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
        ([*RATE[:2], ("RAMP:RATE:FIELD:1?", "1.0000,9.0000")], r"rate set to 0\.1 T/min, but it reads 1"),
        ([*RATE[:2], ("RAMP:RATE:FIELD:1?", "0.1000,1.0000")], "only up to 1 T"),
        ([*RATE, TARGET[0], ("FIELD:TARG?", "0.2000")], r"target_field set to 2\.0, but it reads 0\.2"),
    ],
)
def test_ramp_with_a_setting_not_taken_does_not_go(connected: Opener, answers: Exchange, words: str) -> None:
    with connected(*AT_REST, *UNITS, *answers) as box, pytest.raises(ReadbackError, match=words):
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize("quenched", [[("STATE?", "7")], [("STATE?", "3"), ("QU?", "1")]])
@pytest.mark.parametrize("act", [lambda box: box.start_ramp(2.0, 0.1), lambda box: box.hold()])
def test_quenched_magnet_is_sent_nothing(connected: Opener, quenched: Exchange, act: Callable[[AMI430], None]) -> None:
    with connected(*quenched) as box, pytest.raises(QuenchError):
        act(box)


def test_shut_persistent_switch_forbids_a_ramp(connected: Opener) -> None:
    closed: Exchange = [("STATE?", "3"), ("QU?", "0"), ("PS:INST?", "1"), ("PS?", "0")]
    with connected(*closed) as box, pytest.raises(StateError, match="switch"):
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize(("state", "what"), [("9", "heating"), ("10", "cooling")])
def test_moving_persistent_switch_forbids_a_ramp(connected: Opener, state: str, what: str) -> None:
    with connected(("STATE?", state), ("QU?", "0")) as box, pytest.raises(StateError, match=what):
        box.start_ramp(2.0, 0.1)


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([("STATE?", "9")], SwitchState.OPENING),
        ([("STATE?", "10")], SwitchState.CLOSING),
        ([("STATE?", "3"), ("PS:INST?", "0")], SwitchState.NOT_FITTED),
        ([("STATE?", "2"), ("PS:INST?", "1"), ("PS?", "1")], SwitchState.OPEN),
        ([("STATE?", "8"), ("PS:INST?", "1"), ("PS?", "0")], SwitchState.CLOSED),
    ],
)
def test_switch_state_is_read(connected: Opener, answers: Exchange, state: SwitchState) -> None:
    with connected(*answers) as box:
        assert box.switch_state() is state


def test_leads_run_alone_with_the_switch_closed(connected: Opener) -> None:
    closed: Exchange = [("STATE?", "3"), ("QU?", "0"), ("PS:INST?", "1"), ("PS?", "0")]
    with connected(*closed, *UNITS, *RATE, *TARGET, ("RAMP", None), *RAMPING) as box:
        box.start_leads(2.0, 0.1)


def test_leads_do_not_run_alone_with_the_switch_open(connected: Opener) -> None:
    opened: Exchange = [("STATE?", "3"), ("QU?", "0"), ("PS:INST?", "1"), ("PS?", "1")]
    with connected(*opened) as box, pytest.raises(StateError, match="not closed"):
        box.start_leads(2.0, 0.1)


def test_leads_are_told_as_a_field(connected: Opener) -> None:
    with connected(("CURR:SUPP?", "10.0"), ("COIL?", "0.1180")) as box:
        assert box.leads_field_T() == pytest.approx(1.18)


def test_switch_heater_is_read_back(connected: Opener) -> None:
    opened: Exchange = [("STATE?", "3"), ("QU?", "0"), ("PS:INST?", "1"), ("PS?", "1")]
    with connected(*opened, ("PS 0", None), ("PS?", "0")) as box:
        box.set_switch_heater(False)


def test_switch_heater_that_the_box_refuses_is_an_error(connected: Opener) -> None:
    closed: Exchange = [("STATE?", "3"), ("QU?", "0"), ("PS:INST?", "1"), ("PS?", "0")]
    with (
        connected(*closed, ("PS 1", None), ("PS?", "0")) as box,
        pytest.raises(ReadbackError, match="leads and magnet"),
    ):
        box.set_switch_heater(True)


def test_supply_that_stays_paused_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [*AT_REST, *UNITS, *RATE, *TARGET, ("RAMP", None), ("STATE?", "3"), ("QU?", "0")]
    with connected(*exchange) as box, pytest.raises(StateError, match="did not start"):
        box.start_ramp(2.0, 0.1)


def test_hold_pauses_a_ramp(connected: Opener) -> None:
    with connected(*RAMPING, ("PAUSE", None), ("STATE?", "3"), ("QU?", "0")) as box:
        box.hold()


def test_hold_of_a_supply_that_keeps_moving_is_an_error(connected: Opener) -> None:
    with connected(*RAMPING, ("PAUSE", None), *RAMPING) as box, pytest.raises(StateError, match="front panel"):
        box.hold()


def test_hold_leaves_a_standing_supply_alone(connected: Opener) -> None:
    with connected(("STATE?", "2"), ("QU?", "0")) as box:
        box.hold()


def test_reading_in_tesla(connected: Opener) -> None:
    with connected(("FIELD:MAG?", "1.5000"), ("VOLT:SUPP?", "0.8"), ("STATE?", "1")) as box:
        assert box.read() == MagnetReading(1.5, 0.8, MagnetState.RAMPING)


def test_reading_in_kilogauss_is_converted(connected: Opener) -> None:
    reading: Exchange = [("FIELD:MAG?", "15.000"), ("VOLT:SUPP?", "0.8"), ("STATE?", "2")]
    with connected(*reading, units=[("FIELD:UNITS?", "0"), ("COIL?", "1.180")]) as box:
        assert box.read().field_T == pytest.approx(1.5)


def test_quench_is_a_state_when_read(connected: Opener) -> None:
    with connected(("FIELD:MAG?", "0.1"), ("VOLT:SUPP?", "0"), ("STATE?", "7")) as box:
        assert box.read().state is MagnetState.QUENCH


def test_unknown_state_is_refused(connected: Opener) -> None:
    with connected(("FIELD:MAG?", "0.1"), ("VOLT:SUPP?", "0"), ("STATE?", "11")) as box, pytest.raises(ReplyError):
        box.read()


def test_safe_pauses_a_ramp_and_then_leaves_it(connected: Opener) -> None:
    first: Exchange = [("STATE?", "1"), *RAMPING, ("PAUSE", None), ("STATE?", "3"), ("QU?", "0")]
    with connected(*first, ("STATE?", "3"), ("STATE?", "3"), ("QU?", "0")) as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_safe_after_a_quench_sends_nothing(connected: Opener) -> None:
    with connected(("STATE?", "7"), ("STATE?", "7")) as box:
        box.make_safe()
        box.make_safe()


def test_settings_are_read_in_tesla_and_minutes_whatever_the_box_is_set_to(connected: Opener) -> None:
    exchange: Exchange = [
        ("RAMP:RATE:UNITS?", "0"), ("RAMP:RATE:FIELD:1?", "0.0200,90.000"), ("FIELD:TARG?", "20.000"),
        ("COIL?", "1.180"), ("CURR:LIMIT?", "80.000"), ("VOLT:LIM?", "2.000"), ("PERS?", "0"),
        ("PS:INST?", "0"),
    ]  # fmt: skip
    with connected(*exchange, units=[("FIELD:UNITS?", "0"), ("COIL?", "1.180")]) as box:
        settings = box.settings()
    assert settings["rate_T_per_min"] == pytest.approx(0.12)
    assert settings["target_T"] == pytest.approx(2.0)
    assert settings["coil_T_per_A"] == pytest.approx(0.118)
