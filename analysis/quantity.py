"""A number that an estimate returns: with its error and unit, or none and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its error and unit, or none and why.

    Attributes
    ----------
    value, error : float or None
        None where the data give none; a bound has a value and no error.
    unit : str
        Empty for a pure number.
    bound : ">=", "<=" or None
        Where the value is only that.
    why : str
        Why there is no value, or what the value rests on.
    points : int
        Number of points or isotherms behind it.
    """

    value: float | None
    error: float | None
    unit: str
    bound: str | None = None
    why: str = ""
    points: int = 0

    @property
    def is_measured(self) -> bool:
        """Say whether there is a value with an error, more than a bound."""
        return self.value is not None and self.error is not None and self.bound is None


def missing(unit: str, why: str) -> Quantity:
    """Return the quantity that the data do not give, and why."""
    return Quantity(None, None, unit, why=why)
