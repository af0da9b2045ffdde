"""Hard limits, checked before a value reaches the wire: refused, never clipped, and NaN is refused too."""

import math
from dataclasses import dataclass
from numbers import Real

from instruments.errors import LimitError


@dataclass(frozen=True, slots=True)
class Limits:
    """A closed interval that a quantity must keep to.

    Parameters
    ----------
    minimum, maximum : float
        The bounds, both allowed; an infinite bound is no bound.
    unit : str
        Unit of the bounds, as the operator reads it (``"T"``, ``"K/min"``).
    what : str
        The quantity, e.g. ``"field"``.

    Raises
    ------
    LimitError
        If a bound is NaN or the bounds are the wrong way round.
    """

    minimum: float
    maximum: float
    unit: str
    what: str

    def __post_init__(self) -> None:
        if not self.minimum <= self.maximum:
            raise LimitError("limits", f"{self.what}: {self.minimum!r} to {self.maximum!r} {self.unit} is no interval")

    def __str__(self) -> str:
        """Return the interval as the operator reads it."""
        return f"{self.what} {self.minimum:g} to {self.maximum:g} {self.unit}"

    def allows(self, value: object) -> bool:
        """Say whether `value` is a finite number (no bool) within the bounds."""
        if isinstance(value, bool) or not isinstance(value, Real):
            return False
        number = float(value)
        return math.isfinite(number) and self.minimum <= number <= self.maximum

    def check(self, value: object, instrument: str) -> float:
        """Return `value` as a float if it is allowed.

        Parameters
        ----------
        value : object
            What the caller wants to set.
        instrument : str
            Name for the message: an instrument, or a field of a recipe.

        Raises
        ------
        LimitError
            If it is out of bounds, NaN, infinite, a bool or no number.
        """
        if not self.allows(value):
            raise LimitError(instrument, f"{self.what} {_shown(value)} {self.unit} refused: allowed is {self}")
        return float(value)  # type: ignore[arg-type]  # allows() let real numbers through only


def _shown(value: object) -> str:
    return f"{float(value):.9g}" if isinstance(value, Real) and not isinstance(value, bool) else repr(value)
