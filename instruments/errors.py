"""The errors of the instrument side, one small tree.

    InstrumentError                 anything below; carries the instrument's name
      LimitError                    refused before the wire: outside a limit, NaN, or not a number
      ConnectionFailedError         no such address, no answer at the start, or the wrong box at the address
      CommunicationError            the wire failed: timeout, dead session
      ReplyError                    a reply came that cannot be what was asked for
      ReadbackError                 the box did not take a setting
      StateError                    the box is in a state in which this must not be done
        QuenchError                 the magnet has quenched
      SettlingError                 a wait ended without settling
        DeadlineError               ... since its deadline passed
        StoppedError                ... since it was told to stop

A message says which instrument, what was asked, what came, and what to do next, in words fit for the operator.
"""


class InstrumentError(Exception):
    """Report trouble with one instrument.

    Parameters
    ----------
    instrument : str
        Name of the instrument as the operator knows it, e.g. ``"SR830 at GPIB0::8::INSTR"``.
    message : str
        What was asked, what came and what to do.
    """

    def __init__(self, instrument: str, message: str) -> None:
        super().__init__(f"{instrument}: {message}")
        self.instrument = instrument
        self.message = message


class LimitError(InstrumentError):
    """Refuse a value before it reaches the wire."""


class ConnectionFailedError(InstrumentError):
    """Report a box that is absent, silent or not the one expected."""


class CommunicationError(InstrumentError):
    """Report a failed exchange: a timeout or a dead session."""


class ReplyError(InstrumentError):
    """Report a reply that cannot be what was asked for."""


class ReadbackError(InstrumentError):
    """Report a setting that the box did not take."""


class StateError(InstrumentError):
    """Refuse an action that the box's state forbids."""


class QuenchError(StateError):
    """Report a quench; nothing is sent to the magnet after it."""


class SettlingError(InstrumentError):
    """Report a wait that ended without the quantity settling."""


class DeadlineError(SettlingError):
    """Report a wait whose deadline passed."""


class StoppedError(SettlingError):
    """Report a wait that was told to stop."""
