"""How a place on an axis reads: symbol, number with an SI prefix, unit; and how far it is from another place."""

from collections.abc import Callable
from dataclasses import dataclass

import pyqtgraph

from acquisition.gui.style import MILLIVOLT

WITH_PREFIX = frozenset({"V", "A", "K", "T"})


def _same(place: float) -> float:
    return place


def power_of_ten(place: float) -> float:
    """Return what stands at a place of a logarithmic axis."""
    return 10.0**place


def scaled(factor: float) -> Callable[[float], float]:
    """Return how an axis in millivolts and the like reads in its SI unit, `factor` of which are one."""
    return lambda place: place / factor


@dataclass(frozen=True)
class Coordinate:
    """What an axis shows.

    Attributes
    ----------
    symbol : str
        Of the quantity, e.g. V; empty for an axis without one, of which nothing is said.
    unit : str
        SI unit of the reading, or e2/h and the like, which take no prefix.
    value : callable
        Takes a place on the axis to the quantity in that unit.
    digits : int
        Digits of a reading; a difference has four.
    """

    symbol: str
    unit: str = ""
    value: Callable[[float], float] = _same
    digits: int = 5

    def words(self, place: float) -> str:
        """Return how a place reads, e.g. V = 123.4 uV."""
        return f"{self.symbol} = {self._amount(self.value(place), self.digits)}" if self.symbol else ""

    def difference(self, place: float, mark: float) -> str:
        """Return how far a place is from a mark, e.g. 12.3 uV."""
        if not self.symbol:
            return ""
        return f"\u0394{self.symbol} = {self._amount(self.value(place) - self.value(mark), 4)}"

    def _amount(self, value: float, digits: int) -> str:
        if self.unit in WITH_PREFIX:
            return str(pyqtgraph.siFormat(value, precision=digits, suffix=self.unit))
        return f"{value:.{digits}g} {self.unit}".rstrip()


BIAS = Coordinate("V", "V", scaled(MILLIVOLT))
CONDUCTANCE = Coordinate("G", "e\u00b2/h", digits=7)
TEMPERATURE_IN_DECADES = Coordinate("T", "K", power_of_ten)
FIELD = Coordinate("H", "T")
TIME = Coordinate("t", "h")
EXPONENT = Coordinate("\u03b1")
