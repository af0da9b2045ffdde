"""The way out of every run: the idle-safe state, and the order in which it is reached.

Idle-safe (pause, abort, engine death): source ramped to zero on the same range, oscillator at its minimum, output left
on at zero, field held, temperature loop left alone. Source first, since it is what can hurt the contact.
"""

from collections.abc import Callable
from dataclasses import dataclass

from instruments.errors import InstrumentError
from instruments.roles import DcVoltmeter, Instrument, LockIn, Magnet, SourceMeter, TemperatureController


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
        return f"{done}; NOT SAFE, see to it by hand: {'; '.join(self.unreachable)}"


def make_safe(roles: Roles, before_each: Callable[[], None] | None = None) -> SafeState:
    """Bring every instrument that answers to idle-safe, whatever happens to the others; never raises for a box.

    Parameters
    ----------
    roles : Roles
        The instruments.
    before_each : callable, optional
        Called before each, since four dead boxes take longer to give up than a heart may stand still.
    """
    safe: list[str] = []
    unreachable: list[str] = []
    for instrument in roles.each():
        if before_each is not None:
            before_each()
        try:
            instrument.make_safe()
        except InstrumentError as error:
            unreachable.append(str(error))
        else:
            safe.append(instrument.name)
    return SafeState(tuple(safe), tuple(unreachable))
