"""The way out of every run: the idle-safe state, and the order in which it is reached.

Idle-safe (pause, abort, engine death): source ramped to zero on the same range, oscillator at its minimum, output left
on at zero, field held, temperature loop left alone. Source first, since it is what can hurt the contact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from instruments.errors import InstrumentError, QuenchError
from instruments.roles import DcVoltmeter, Instrument, LockIn, Magnet, MagnetState, SourceMeter, TemperatureController

NOT_SAFE = "NOT SAFE, see to it by hand: "
"""Stands before what could not be brought to idle-safe."""


@dataclass(frozen=True)
class Roles:
    """The four instruments of a run, and a voltmeter if there is one."""

    lock_in: LockIn
    source: SourceMeter
    temperature: TemperatureController
    magnet: Magnet
    voltmeter: DcVoltmeter | None = None

    def each(self) -> tuple[Instrument, ...]:
        """Return all four in the order in which they are made safe; a voltmeter is safe as it is."""
        return (self.source, self.lock_in, self.temperature, self.magnet)


@dataclass(frozen=True)
class SafeState:
    """What was reached: the instruments brought to idle-safe, and a message for each that could not be."""

    safe: tuple[str, ...]
    unreachable: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in one line, fit for the operator."""
        done = f"idle-safe: {', '.join(self.safe) or 'nothing'}"
        if not self.unreachable:
            return done
        return f"{done}; {NOT_SAFE}{'; '.join(self.unreachable)}"


class Rack(Protocol):
    """Instruments that are made safe together."""

    def each(self) -> tuple[Instrument, ...]:
        """Return them in the order in which that is done."""
        ...


def make_safe(roles: Rack, before_each: Callable[[], None] | None = None) -> SafeState:
    """Bring every instrument that answers to idle-safe, whatever happens to the others; never raises for a box.

    One that is in trouble is tried once more: its session may have been lost and opens anew with the next message, or a
    reply may have been garbled. Making safe may be asked for twice in any state.

    Parameters
    ----------
    roles : Rack
        The instruments.
    before_each : callable, optional
        Called before each, since four dead boxes take longer to give up than a heart may stand still.
    """
    safe: list[str] = []
    unreachable: list[str] = []
    for instrument in roles.each():
        trouble: InstrumentError | None = None
        for _ in range(2):
            if before_each is not None:
                before_each()
            trouble = _trouble_of(instrument.make_safe)
            if trouble is None:
                break
        if trouble is None:
            safe.append(instrument.name)
        else:
            unreachable.append(str(trouble))
    return SafeState(tuple(safe), tuple(unreachable))


def go_further(
    temperature: TemperatureController | None,
    magnet: Magnet | None,
    *,
    is_heater_to_go_off: bool,
    ramp_down_T_per_min: float | None,
) -> list[str]:
    """Switch the heater off and start the field down, from the idle-safe state; returns what was done, in words.

    The supply ramps by itself once it has been told to. A magnet that has quenched, or that does not answer, is told
    nothing.

    Parameters
    ----------
    temperature, magnet
        The instruments, idle-safe; None where one is not connected.
    is_heater_to_go_off : bool
        Whether cooling or thermometer are lost.
    ramp_down_T_per_min : float or None
        Rate at which the field is to go to zero; None to hold it.
    """
    said = []
    if is_heater_to_go_off and temperature is not None:
        trouble = _trouble_of(temperature.heater_off)
        said.append("heater off" if trouble is None else f"the heater could not be switched off: {trouble}")
    if ramp_down_T_per_min is not None and magnet is not None:
        rate_T_per_min = ramp_down_T_per_min
        trouble = _trouble_of(lambda: _ramp_down(magnet, rate_T_per_min))
        said.append(
            f"field going to 0 T at {rate_T_per_min:g} T/min"
            if trouble is None
            else f"the field could not be sent to zero, see to it by hand: {trouble}"
        )
    return said


def _ramp_down(magnet: Magnet, rate_T_per_min: float) -> None:
    if magnet.read().state is MagnetState.QUENCH:
        raise QuenchError(magnet.name, "quenched; nothing is sent to it")
    magnet.start_ramp(0.0, rate_T_per_min)


def _trouble_of(action: Callable[[], None]) -> InstrumentError | None:
    try:
        action()
    except InstrumentError as error:
        return error
    return None
