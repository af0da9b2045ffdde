"""Y of the lock-in at the anchors of an isotherm: a resistor has none, so what drifts there is the line."""

import math

from acquisition.readings import PointKind, Reading

LARGEST_DRIFT_DEG = 1.0
"""A phase that has moved by more is told of: X is then off by 2e-4 at least, and something in the line has changed."""


class PhaseWatch:
    """The phase of one isotherm's anchors; tells of a drift once."""

    def __init__(self) -> None:
        self._first_deg: float | None = None
        self._is_told = False

    def look(self, reading: Reading) -> str:
        """Take the next point, and say what is to be told of it, mostly nothing."""
        if reading.kind is not PointKind.ANCHOR or self._is_told:
            return ""
        phase_deg = math.degrees(math.atan2(reading.lockin_y_V, reading.lockin_x_V))
        if self._first_deg is None:
            self._first_deg = phase_deg
        drift_deg = (phase_deg - self._first_deg + 180.0) % 360.0 - 180.0
        self._is_told = abs(drift_deg) > LARGEST_DRIFT_DEG
        if not self._is_told:
            return ""
        return (
            f"the phase at zero bias went from {self._first_deg:.2f} to {phase_deg:.2f} degrees within isotherm "
            f"{reading.isotherm_index}; look at cables, preamplifier and reference"
        )
