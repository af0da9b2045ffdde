"""Into and out of persistent mode, for any supply with a switch heater: one cycle, abortable at every step.

A magnet is persistent while its switch is cold: its current stands still and the leads need carry none. To change the
field the leads are brought to the magnet's current first, then the switch is heated. Heating it while the currents
differ drives the difference through it and can quench the magnet; so the match is read back here, whatever the supply
itself would refuse.
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol, runtime_checkable

from instruments.errors import QuenchError, StateError
from instruments.roles import Clock, Magnet, MagnetState
from instruments.settling import settle

MATCH_T = 1e-3
"""Largest difference between leads and magnet, as a field, at which the switch is heated."""

_DWELL_S = 5.0
_POLL_S = 1.0


class SwitchState(Enum):
    """What a persistent switch is."""

    NOT_FITTED = "not fitted"
    CLOSED = "closed"
    OPENING = "heating"
    OPEN = "open"
    CLOSING = "cooling"


@runtime_checkable
class SwitchedMagnet(Magnet, Protocol):
    """A magnet supply that can heat a persistent switch."""

    def switch_state(self) -> SwitchState:
        """Read what the switch is; a supply that does not tell heating from hot lets its driver count the time."""
        ...

    def leads_field_T(self) -> float:
        """Read the supply's own current as the field that it would make in the magnet."""
        ...

    def start_leads(self, field_T: float, rate_T_per_min: float) -> None:
        """Start the supply towards the current of `field_T` with the switch closed; returns at once.

        A supply that ramps its leads at a rate of its own keeps to that. Raises `StateError` if the switch is open.
        """
        ...

    def set_switch_heater(self, is_on: bool) -> None:
        """Switch the heater and read it back; the switch follows in its own time."""
        ...


def leave_persistent_mode(
    magnet: SwitchedMagnet,
    clock: Clock,
    *,
    lead_rate_T_per_min: float,
    deadline_s: float = 1800.0,
    should_stop: Callable[[], bool] | None = None,
) -> float:
    """Match the leads to the magnet and open the switch; nothing happens if it is open, or none is fitted.

    Parameters
    ----------
    magnet : SwitchedMagnet
        The supply.
    clock : Clock
        The experiment clock.
    lead_rate_T_per_min : float
        Rate of the leads, as a field in the magnet.
    deadline_s : float
        Longest wait for the leads, and for the switch.
    should_stop : callable, optional
        Asked during every wait.

    Returns
    -------
    float
        The field in tesla, which did not change.

    Raises
    ------
    QuenchError
        If the magnet quenches; nothing is sent to it then.
    StateError
        If the leads do not match the magnet, or the box refuses to heat.
    StoppedError, DeadlineError
        If a wait was stopped or took too long; the leads are left where they are then, the heater as it is.
    """
    field_T = _sound_field_T(magnet)
    if magnet.switch_state() is SwitchState.CLOSING:
        _wait_for_switch(magnet, clock, SwitchState.CLOSED, deadline_s, should_stop)
    if magnet.switch_state() is SwitchState.CLOSED:
        magnet.start_leads(field_T, lead_rate_T_per_min)
        _wait_for_leads(magnet, clock, field_T, deadline_s, should_stop)
        difference_T = magnet.leads_field_T() - _sound_field_T(magnet)
        if not abs(difference_T) <= MATCH_T:
            raise StateError(magnet.name, f"leads and magnet differ by {difference_T:.2g} T; the switch is not heated")
        magnet.set_switch_heater(True)
    if magnet.switch_state() is SwitchState.OPENING:
        _wait_for_switch(magnet, clock, SwitchState.OPEN, deadline_s, should_stop)
    return _sound_field_T(magnet)


def enter_persistent_mode(
    magnet: SwitchedMagnet,
    clock: Clock,
    *,
    lead_rate_T_per_min: float,
    deadline_s: float = 3600.0,
    should_stop: Callable[[], bool] | None = None,
) -> float:
    """Hold the field, close the switch on it and run the leads down; nothing happens where no switch is fitted.

    Parameters and errors are those of `leave_persistent_mode`; the field is returned in tesla.
    """
    field_T = _sound_field_T(magnet)
    state = magnet.switch_state()
    if state is SwitchState.NOT_FITTED:
        return field_T
    if state is SwitchState.OPENING:
        _wait_for_switch(magnet, clock, SwitchState.OPEN, deadline_s, should_stop)
    if magnet.switch_state() is SwitchState.OPEN:
        magnet.hold()
        field_T = _sound_field_T(magnet)
        magnet.set_switch_heater(False)
    if magnet.switch_state() is SwitchState.CLOSING:
        _wait_for_switch(magnet, clock, SwitchState.CLOSED, deadline_s, should_stop)
    magnet.start_leads(0.0, lead_rate_T_per_min)
    _wait_for_leads(magnet, clock, 0.0, deadline_s, should_stop)
    persistent_T = _sound_field_T(magnet)
    if not abs(persistent_T - field_T) <= MATCH_T:
        raise StateError(
            magnet.name, f"the field went from {field_T:.4g} to {persistent_T:.4g} T; is the switch closed at all?"
        )
    return persistent_T


def _sound_field_T(magnet: SwitchedMagnet) -> float:
    reading = magnet.read()
    if reading.state is MagnetState.QUENCH:
        raise QuenchError(magnet.name, f"quench at about {reading.field_T:.4g} T; see to helium and magnet first")
    return reading.field_T


def _wait_for_leads(
    magnet: SwitchedMagnet, clock: Clock, field_T: float, deadline_s: float, should_stop: Callable[[], bool] | None
) -> None:
    def read() -> float:
        _sound_field_T(magnet)
        return magnet.leads_field_T()

    settle(
        read,
        field_T,
        MATCH_T,
        clock,
        _DWELL_S,
        deadline_s,
        _POLL_S,
        should_stop=should_stop,
        instrument=magnet.name,
        what="leads",
        unit="T",
    )


def _wait_for_switch(
    magnet: SwitchedMagnet,
    clock: Clock,
    wanted: SwitchState,
    deadline_s: float,
    should_stop: Callable[[], bool] | None,
) -> None:
    def read() -> float:
        _sound_field_T(magnet)
        return float(magnet.switch_state() is wanted)

    settle(
        read,
        1.0,
        0.5,
        clock,
        0.0,
        deadline_s,
        _POLL_S,
        should_stop=should_stop,
        instrument=magnet.name,
        what=f"persistent switch {wanted.value}",
    )
