"""How Lake Shore boxes write numbers, and what they ask of a clock."""

import math
from typing import Protocol


class Clock(Protocol):
    """What the box asks of the rack's clock."""

    def now_s(self) -> float:
        """Return the experiment time in seconds."""
        ...


def engineering(value: float) -> str:
    """Write a number as the box does: three digits before and behind the point, exponent a multiple of three."""
    if not math.isfinite(value) or value == 0.0:
        return "+000.000E+00"
    exponent = 3 * math.floor(math.log10(abs(value)) / 3.0)
    if round(abs(value) / 10.0**exponent, 3) >= 1000.0:
        exponent += 3
    return f"{value / 10.0**exponent:+08.3f}E{exponent:+03d}"


def six_digits(value: float) -> str:
    """Write a number with a sign, a point and six digits, as ``+4.23100`` and ``+295.123``."""
    whole = len(f"{int(abs(value))}")
    text = f"{value:+.{max(0, 6 - whole)}f}"
    # rounding may have added a digit in front
    return text if len(text) <= 8 else f"{value:+.{max(0, 5 - whole)}f}"
