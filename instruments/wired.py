"""A pymeasure driver on a line of ours, so that its properties keep the line's promises.

Pymeasure's tables, formats and validators are used as they are; what it lets pass is not: a reply that is no number
handed over as text, a misspelt property that becomes a new attribute, a setting that the box did not take.
"""

import math
from enum import Enum
from typing import Any, TypeVar

from pymeasure.instruments import Instrument

from instruments.errors import LimitError, ReadbackError, ReplyError
from instruments.transport import Line

Kind = TypeVar("Kind", bound=Enum)


class Wired(Instrument):
    """A pymeasure driver on a `Line`; mix in before the stock class: ``class Box(Wired, stock.SR830)``.

    The driver's properties keep their validators and tables, but their messages go through the line. `value` reads a
    property strictly, where pymeasure would hand over text that is no number; `take` also reads back what was set.
    """

    # pymeasure's own only keeps reserved names from being read, at some fifty calls for each property that is set
    __getattribute__ = object.__getattribute__  # type: ignore[assignment]

    def __init__(self, line: Line, **kwargs: Any) -> None:
        self.line = line
        super().__init__(line.adapter, line.name, **kwargs)

    def write(self, command: str, **_: Any) -> None:
        """Send a command that changes the instrument."""
        self.line.write(command)

    def read(self, **_: Any) -> str:
        """Read one line."""
        return self.line.read_line()

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Ask and return the reply."""
        return self.line.ask_line(command)

    def value(self, what: str) -> Any:
        """Return the property `what`.

        Raises
        ------
        AttributeError
            If the driver has no such property (pymeasure alone would let a misspelt one pass).
        ReplyError
            If the reply is no finite number, or is not in the property's table.
        """
        self._insist_on(what)
        return self.line.twice(lambda: self._strictly(what))

    def _strictly(self, what: str) -> Any:
        try:
            value = getattr(self, what)
        except (LookupError, ArithmeticError, ValueError, TypeError) as error:
            raise ReplyError(self.line.name, f"asked for {what}, got what is not in its table: {error}") from error
        if isinstance(value, list) or (isinstance(value, float) and not math.isfinite(value)):
            raise ReplyError(self.line.name, f"asked for {what}, got {value!r}")
        return value

    def number(self, what: str) -> float:
        """Return the property `what`, which must be a number; raises as `value` does."""
        value = self.value(what)
        if not isinstance(value, int | float):
            raise ReplyError(self.line.name, f"asked for {what}, got {value!r}, which is no number")
        return float(value)

    def member(self, what: str, kind: type[Kind]) -> Kind:
        """Return the property `what` as a member of an enumeration; raises as `value` does."""
        value = self.value(what)
        try:
            return kind(value)
        except ValueError as error:
            raise ReplyError(self.line.name, f"asked for {what}, got {value!r}, which it cannot be") from error

    def take(self, what: str, value: Any, tolerance: float = 0.0) -> Any:
        """Set the property `what`, read it back and return what the instrument took.

        Parameters
        ----------
        what : str
            A property of the driver.
        value : object
            What to set; limits are the caller's business.
        tolerance : float
            Largest allowed disagreement of numbers, e.g. the instrument's resolution.

        Raises
        ------
        ReadbackError
            If it took something else.
        LimitError
            If the driver's own validator refuses it.
        AttributeError, CommunicationError, ReplyError
            As `value`.
        """
        self._insist_on(what)
        with self.line.lock:
            try:
                setattr(self, what, value)
            except ValueError as error:
                raise LimitError(self.line.name, f"{what} {value!r} refused: {error}") from error
            taken = self.number(what) if tolerance else self.value(what)
        if abs(taken - value) > tolerance if tolerance else taken != value:
            raise ReadbackError(self.line.name, f"{what} set to {value!r}, but it reads {taken!r}")
        return taken

    def _insist_on(self, what: str) -> None:
        if not isinstance(getattr(type(self), what, None), property):
            raise AttributeError(f"{type(self).__name__} has no property {what!r}")
