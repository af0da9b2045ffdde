"""The connection checklist: what no wire can tell, asked of a person before a contact is measured and said after it.

One text for the terminal, the window and the run file. The order is that of the hands: everything is plugged with the
contact grounded, and the grounding switch is opened last (a charged cable destroys a contact of a few nanometres).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing to be confirmed: a name for the run file, and a sentence that is true once it is done."""

    name: str
    sentence: str


BEFORE = (
    CheckItem("grounded-while-plugging", "The grounding switch was closed while cables were plugged."),
    CheckItem("outputs-at-zero", "Source meter at 0 A on its fixed range, oscillator at its minimum."),
    CheckItem("right-contact", "I+, I-, V+ and V- go to the contact named in the recipe."),
    CheckItem("one-ground", "There is one ground, at the cryostat; the lock-in's input is A-B and floating."),
    CheckItem("arms-and-gain", "DC arm, AC arm, filter and preamplifier gain are those of the station file."),
    CheckItem("nobody-at-the-wiring", "Nobody is at the wiring, and nobody will be while this goes on."),
    CheckItem("ground-open", "The grounding switch is open."),
)
"""Before the first current, in this order."""

DUMMY = (
    CheckItem("contact-away", "The contact is not connected: it is grounded, and its leads are unplugged."),
    CheckItem("dummy-connected", "The dummy resistor is in its place, with all four leads, or as many as it has."),
    BEFORE[4],
)
"""Before a calibration."""

AFTER = CheckItem("ground-closed", "Close the grounding switch before anybody touches the wiring.")
"""After the last one."""
