from typing import Any

import pytest
from fake_magnet import FakeMagnet

from instruments.errors import DeadlineError, QuenchError, StateError, StoppedError
from instruments.persistent_mode import SwitchedMagnet, SwitchState, enter_persistent_mode, leave_persistent_mode
from instruments.roles import MagnetState


@pytest.fixture
def magnet(clock: Any) -> FakeMagnet:
    return FakeMagnet(clock, 0.5)


@pytest.fixture
def persistent(clock: Any, magnet: FakeMagnet) -> FakeMagnet:
    enter_persistent_mode(magnet, clock, lead_rate_T_per_min=2.0)
    magnet.did.clear()
    return magnet


def test_fake_fills_the_role(magnet: FakeMagnet) -> None:
    assert isinstance(magnet, SwitchedMagnet)


def test_field_is_held_switch_closed_and_leads_run_down(clock: Any, magnet: FakeMagnet) -> None:
    assert enter_persistent_mode(magnet, clock, lead_rate_T_per_min=2.0) == 0.5
    assert magnet.did == ["hold", "heater off", "leads 0"]
    assert (magnet.leads_field_T(), magnet.read().field_T) == (0.0, 0.5)


def test_leads_are_matched_before_the_switch_is_heated(clock: Any, persistent: FakeMagnet) -> None:
    assert leave_persistent_mode(persistent, clock, lead_rate_T_per_min=2.0) == 0.5
    assert persistent.did == ["leads 0.5", "heater on"]
    assert persistent.switch is SwitchState.OPEN


def test_nothing_is_done_twice(clock: Any, persistent: FakeMagnet) -> None:
    leave_persistent_mode(persistent, clock, lead_rate_T_per_min=2.0)
    persistent.did.clear()
    leave_persistent_mode(persistent, clock, lead_rate_T_per_min=2.0)
    assert persistent.did == []


@pytest.mark.parametrize("cycle", [enter_persistent_mode, leave_persistent_mode])
def test_magnet_without_a_switch_is_left_alone(clock: Any, magnet: FakeMagnet, cycle: Any) -> None:
    magnet.switch = SwitchState.NOT_FITTED
    assert cycle(magnet, clock, lead_rate_T_per_min=2.0) == 0.5
    assert magnet.did == []


def test_switch_is_not_heated_while_leads_and_magnet_differ(clock: Any, persistent: FakeMagnet) -> None:
    persistent.magnet_T = 0.5

    def slip() -> bool:
        # the leads stand where they are wanted, but the magnet has lost field meanwhile
        if persistent.leads_field_T() == 0.5:
            persistent.magnet_T = 0.49
        return False

    with pytest.raises(StateError, match=r"differ by 0\.01 T"):
        leave_persistent_mode(persistent, clock, lead_rate_T_per_min=2.0, should_stop=slip)
    assert "heater on" not in persistent.did


def test_leads_that_never_come_are_given_up(clock: Any, persistent: FakeMagnet) -> None:
    persistent.slip_T = 0.1
    with pytest.raises(DeadlineError, match="leads"):
        leave_persistent_mode(persistent, clock, lead_rate_T_per_min=2.0, deadline_s=60.0)
    assert persistent.did == ["leads 0.5"]


def test_stop_leaves_the_heater_as_it_is(clock: Any, persistent: FakeMagnet) -> None:
    with pytest.raises(StoppedError):
        leave_persistent_mode(persistent, clock, lead_rate_T_per_min=2.0, should_stop=lambda: True)
    assert persistent.did == ["leads 0.5"]


@pytest.mark.parametrize("cycle", [enter_persistent_mode, leave_persistent_mode])
def test_quenched_magnet_is_sent_nothing(clock: Any, magnet: FakeMagnet, cycle: Any) -> None:
    magnet.state = MagnetState.QUENCH
    with pytest.raises(QuenchError):
        cycle(magnet, clock, lead_rate_T_per_min=2.0)
    assert magnet.did == []


def test_field_that_does_not_stay_says_that_the_switch_is_open(clock: Any, magnet: FakeMagnet) -> None:
    def leak() -> bool:
        if magnet.magnet_T is not None:
            magnet.magnet_T = magnet.leads_field_T()
        return False

    with pytest.raises(StateError, match="is the switch closed at all"):
        enter_persistent_mode(magnet, clock, lead_rate_T_per_min=2.0, should_stop=leak)


def test_switch_that_is_cooling_is_waited_for(clock: Any, magnet: FakeMagnet) -> None:
    magnet.switch, magnet.magnet_T = SwitchState.CLOSING, 0.5

    def cool() -> bool:
        if clock.now_s() > 10.0:
            magnet.switch = SwitchState.CLOSED
        return False

    enter_persistent_mode(magnet, clock, lead_rate_T_per_min=2.0, should_stop=cool)
    assert magnet.did == ["leads 0"]
