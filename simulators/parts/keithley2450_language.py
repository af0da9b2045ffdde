"""Names, errors, stored settings and reading buffers of the Keithley 2450's SCPI language.

Reading elements after the Model 2450 reference manual, page 6-6; source status bits page 8-29. Assumed: the text of
errors, the format of numbers, and the settings after ``*RST``.
"""

from typing import Final

from simulators.dialect import Complaint, Refusal

RESISTANCE: Final = "RES"
SENSE_WORDS: Final = {"CURR": '"CURR:DC"', "VOLT": '"VOLT:DC"', RESISTANCE: '"RES"'}

NO_ERROR: Final = '0,"No error;0;0 0"'
ERRORS: Final = {
    Complaint.UNKNOWN_COMMAND: '-113,"Undefined header;1"',
    Complaint.UNKNOWN_QUERY: '-113,"Undefined header;1"',
    Complaint.MISSING_ARGUMENT: '-109,"Missing parameter;1"',
    Complaint.INVALID_ARGUMENT: '-104,"Data type error;1"',
    Complaint.OUT_OF_RANGE: '-222,"Parameter data out of range;1"',
    Complaint.NOT_PERMITTED: '-221,"Settings conflict;1"',
}

# source status of a reading
LIMITED: Final = 32
REMOTE_SENSE: Final = 64
OUTPUT_ON: Final = 128

# buffer element -> key in a stored row; short and long names
ELEMENTS: Final = {
    "READ": "READ", "READING": "READ", "SOUR": "SOUR", "SOURCE": "SOUR", "SOURSTAT": "SOURSTAT",
    "SOURSTATUS": "SOURSTAT", "STAT": "STAT", "STATUS": "STAT", "REL": "REL", "RELATIVE": "REL", "UNIT": "UNIT",
    "SOURUNIT": "SOURUNIT",
}  # fmt: skip

# kept and read back, no more: header -> value after *RST
KEPT: Final = {
    "SOURce[1]:CURRent:DELay": "0",
    "SOURce[1]:CURRent:DELay:AUTO": "1",
    "SOURce[1]:VOLTage:DELay": "0",
    "SOURce[1]:VOLTage:DELay:AUTO": "1",
    "SOURce[1]:CURRent:HIGH:CAPacitance": "0",
    "SOURce[1]:VOLTage:HIGH:CAPacitance": "0",
    "SOURce[1]:VOLTage:PROTection[:LEVel]": "NONE",
    "SENSe[1]:RESistance:RANGe[:UPPer]": "2E+02",
    "SENSe[1]:RESistance:RANGe:AUTO": "1",
    "SENSe[1]:RESistance:NPLCycles": "1",
    "SENSe[1]:COUNt": "1",
    "OUTPut[1]:CURRent:SMODe": "NORM",
    "OUTPut[1]:VOLTage:SMODe": "NORM",
    "ROUTe:TERMinals": "FRON",
    "FORMat[:DATA]": "ASC",
    "DISPlay:SCReen": "HOME",
    "STATus:MEASurement:ENABle": "0",
    "STATus:OPERation:ENABle": "0",
    "STATus:QUEStionable:ENABle": "0",
    "*ESE": "0",
    "*SRE": "0",
    **{
        f"SENSe[1]:{function}:AVERage{node}": value
        for function in ("CURRent[:DC]", "VOLTage[:DC]", "RESistance")
        for node, value in (("[:STATe]", "0"), (":COUNt", "10"), (":TCONtrol", "REP"))
    },
}
IGNORED: Final = (
    "ABORt",
    "STATus:PRESet",
    "STATus:CLEar",
    "SYSTem:BEEPer[:IMMediate]",
    "SYSTem:CLEar",
    "*OPC",
    "*LANG",
    "*WAI",
)

DEFAULT_BUFFER: Final = "DEFBUFFER1"
_DEFAULT_POINTS: Final = 100_000

Row = dict[str, float | str]


class ReadingBuffers:
    """The reading buffers of one box, by name; two are always there."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {DEFAULT_BUFFER: [], "DEFBUFFER2": []}
        self._points = dict.fromkeys(self._rows, _DEFAULT_POINTS)

    def rows(self, name: str) -> list[Row]:
        """Return what is stored in a buffer; refuse one that is not there."""
        if name not in self._rows:
            raise Refusal(Complaint.INVALID_ARGUMENT, name)
        return self._rows[name]

    def points(self, name: str) -> int:
        """Return how many readings a buffer holds at most."""
        self.rows(name)
        return self._points[name]

    def store(self, name: str, row: Row) -> None:
        """Add a reading; the oldest gives way in a full buffer."""
        rows = self.rows(name)
        rows.append(row)
        del rows[: max(0, len(rows) - self._points[name])]

    def make(self, name: str, points: int) -> None:
        """Make a buffer, or one of another length in the place of an old one."""
        self._rows[name], self._points[name] = [], points

    def delete(self, name: str) -> None:
        """Delete a buffer of the user's own."""
        self.rows(name)
        if name.startswith("DEFBUFFER"):
            raise Refusal(Complaint.NOT_PERMITTED, name)
        del self._rows[name], self._points[name]

    def clear(self, name: str) -> None:
        """Empty a buffer."""
        self.rows(name).clear()


def written(value: float | str) -> str:
    """Return a number or a word as replies hold it."""
    return value if isinstance(value, str) else f"{value:.6E}"
