"""What can go wrong with a simulated rack, by name, and what a faulty wire does to the replies that travel on it.

Faults of the wire live here, since every session crosses it; those of boxes and of physics are switched where they are
felt (`simulators.fault_panel`). A fault of the wire acts once on the next reply, or on all of them while it is on.
"""

from enum import StrEnum
from typing import Final

import numpy as np

LATE_S: Final = 3.5
"""Delay of a late reply: longer than the usual timeout, so that it is taken for the answer to the next question."""


class Fault(StrEnum):
    """All faults, by the names that a user types."""

    LOST_REPLY = "lost-reply"
    LATE_REPLY = "late-reply"
    GARBLED_BYTE = "garbled-byte"
    TRUNCATED_REPLY = "truncated-reply"
    STALE_REPLY = "stale-reply"
    DEAD_SESSION = "dead-session"
    POWER_CYCLE = "power-cycle"
    FRONT_PANEL = "front-panel"
    OVERLOAD = "overload"
    UNLOCK = "unlock"
    COMPLIANCE = "compliance"
    HEATER_OPEN = "heater-open"
    SENSOR_FAULT = "sensor-fault"
    COOLING_LOST = "cooling-lost"
    HELIUM_LOW = "helium-low"
    QUENCH = "quench"
    LEAD_BROKEN = "lead-broken"
    CONTACT_DESTROYED = "contact-destroyed"


MEANINGS: Final[dict[Fault, str]] = {
    Fault.LOST_REPLY: "a box does its work, but the reply never arrives",
    Fault.LATE_REPLY: f"a reply arrives {LATE_S:g} s late, when the client has given up and asks the next question",
    Fault.GARBLED_BYTE: "one byte of a reply is changed on the way",
    Fault.TRUNCATED_REPLY: "a reply ends in the middle, without its terminator",
    Fault.STALE_REPLY: "the reply to the question before comes once more instead of the new one",
    Fault.DEAD_SESSION: "the connection is lost until the client opens it anew; with a duration, not even that",
    Fault.POWER_CYCLE: "a box is switched off and, after the duration, on again, in its power-on state",
    Fault.FRONT_PANEL: "somebody changes a setting of a box by hand",
    Fault.OVERLOAD: "interference overloads the lock-in's input",
    Fault.UNLOCK: "the lock-in waits for an external reference that is not there",
    Fault.COMPLIANCE: "the source meter's compliance is set so low that it decides the output",
    Fault.HEATER_OPEN: "the wire of the sample heater breaks",
    Fault.SENSOR_FAULT: "the sample thermometer breaks; its loop holds its last output",
    Fault.COOLING_LOST: "the circulation stops; the refrigerator warms up",
    Fault.HELIUM_LOW: "the helium falls below the magnet's windings, which then carry a quarter of their current",
    Fault.QUENCH: "the magnet quenches",
    Fault.LEAD_BROKEN: "a current lead of the contact breaks outside the voltage taps",
    Fault.CONTACT_DESTROYED: "the contact is gone: an open circuit between the voltage taps",
}

WIRE_FAULTS: Final = frozenset(
    {
        Fault.LOST_REPLY,
        Fault.LATE_REPLY,
        Fault.GARBLED_BYTE,
        Fault.TRUNCATED_REPLY,
        Fault.STALE_REPLY,
        Fault.DEAD_SESSION,
    }
)


class Wire:
    """The cable between one box and its clients, all their sessions together.

    Parameters
    ----------
    generator
        Chooses what is garbled, and how.

    Attributes
    ----------
    late_s : float
        Delay of a late reply in the time of the rack's clock.
    connection : int
        Its number; a session that was opened under another number is lost.
    is_cut : bool
        Nothing passes, and a new session is lost as soon as it is open.
    is_box_off : bool
        The box behind it is without power: it hears nothing and says nothing.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self.late_s = LATE_S
        self.is_cut = False
        self.is_box_off = False
        self._generator = generator
        self.connection = 0
        self._standing: set[Fault] = set()
        self._pending: list[Fault] = []
        self._last_reply = b""

    def lose_sessions(self) -> None:
        """Cut all sessions that are open now; new ones are in order."""
        self.connection += 1

    def strike(self, fault: Fault) -> None:
        """Let a fault act on the next reply that travels."""
        self._pending.append(fault)

    def switch(self, fault: Fault, is_on: bool) -> None:
        """Let a fault act on all replies from now on, or no longer."""
        if is_on:
            self._standing.add(fault)
        else:
            self._standing.discard(fault)

    def carry(self, reply: bytes, terminator: bytes, sent_s: float) -> tuple[float, bytes] | None:
        """Return when the reply arrives and what is left of it with its terminator; None if nothing arrives."""
        before, self._last_reply = self._last_reply, reply
        if not self._standing and not self._pending:
            return sent_s, reply + terminator
        faults = self._standing | set(self._pending)
        self._pending.clear()
        if Fault.LOST_REPLY in faults:
            return None
        if Fault.STALE_REPLY in faults:
            reply = before
        if Fault.GARBLED_BYTE in faults and reply:
            reply = self._garbled(reply)
        if Fault.TRUNCATED_REPLY in faults:
            reply, terminator = reply[: len(reply) // 2], b""
        if Fault.LATE_REPLY in faults:
            sent_s += self.late_s
        return (sent_s, reply + terminator) if reply + terminator else None

    def _garbled(self, reply: bytes) -> bytes:
        """Flip one bit of the lower seven of one byte."""
        place, bit = int(self._generator.integers(len(reply))), int(self._generator.integers(7))
        garbled = bytearray(reply)
        garbled[place] ^= 1 << bit
        return bytes(garbled)
