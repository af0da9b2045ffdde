"""Whether the boxes are still set as the run set them: a hand at a panel or a power cycle says nothing by itself."""

import math
from collections.abc import Iterable, Mapping

from instruments.roles import Instrument

VARYING = frozenset({"oscillator_Vrms", "sensitivity_V", "input_range_V", "current_A"})
"""What the loop itself changes from isotherm to isotherm, and checks as it does."""

_TOLERANCE = 1e-6


class SettingsWatch:
    """Remembers how boxes were set, and says what has changed since.

    Lock-in and source meter are worth it: what somebody changes on them spoils points without a flag, while a
    temperature or a field that leaves its band shows in every reading.

    Parameters
    ----------
    varying : frozenset of str
        Settings that the loop itself changes.
    """

    def __init__(self, varying: frozenset[str] = VARYING) -> None:
        self._varying = varying
        self._settings: dict[str, dict[str, str | float | int | bool]] = {}

    def remember(self, instruments: Iterable[Instrument]) -> None:
        """Read the settings as they are to stay."""
        self._settings = {one.name: self._fixed(one.settings()) for one in instruments}

    def changes(self, instruments: Iterable[Instrument]) -> list[str]:
        """Read the settings again and return what differs, one setting an entry, fit for the operator."""
        found = []
        for one in instruments:
            before, now = self._settings.get(one.name, {}), self._fixed(one.settings())
            found += [
                f"{one.name}: {name} was {was!r}, is {now.get(name)!r}"
                for name, was in before.items()
                if not _is_same(was, now.get(name))
            ]
        return found

    def _fixed(self, settings: Mapping[str, str | float | int | bool]) -> dict[str, str | float | int | bool]:
        return {name: value for name, value in settings.items() if name not in self._varying}


def _is_same(before: object, now: object) -> bool:
    if isinstance(before, float) and isinstance(now, int | float):
        return math.isclose(before, now, rel_tol=_TOLERANCE, abs_tol=1e-12)
    return before == now
