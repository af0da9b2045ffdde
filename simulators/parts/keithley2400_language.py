"""Names, errors and stored settings of the Keithley 2400's command language.

Errors after appendix B of the 2400 user's manual, elements after 18-50.
"""

from typing import Final

from simulators.dialect import Complaint, Refusal, word
from simulators.parts.source_unit import CURRENT, VOLTAGE

NOT_A_NUMBER: Final = 9.91e37  # SCPI; what an element that was not measured holds

ERRORS: Final = {
    Complaint.UNKNOWN_COMMAND: '-113,"Undefined header"',
    Complaint.UNKNOWN_QUERY: '-113,"Undefined header"',
    Complaint.MISSING_ARGUMENT: '-109,"Missing parameter"',
    Complaint.INVALID_ARGUMENT: '-104,"Data type error"',
    Complaint.OUT_OF_RANGE: '-222,"Parameter data out of range"',
    Complaint.NOT_PERMITTED: '-221,"Settings conflict"',
}
OUTPUT_OFF_ERROR: Final = '+803,"Not permitted with OUTPUT off"'

LONG_NAMES: Final = {CURRENT: "CURRent", VOLTAGE: "VOLTage"}
FUNCTION_NAMES: Final = {"CURR": CURRENT, "CURRENT": CURRENT, "VOLT": VOLTAGE, "VOLTAGE": VOLTAGE}
ELEMENT_NAMES: Final = {"VOLT": "VOLT", "CURR": "CURR", "RES": "RES", "TIME": "TIME", "STAT": "STAT"} | {
    "VOLTAGE": "VOLT",
    "CURRENT": "CURR",
    "RESISTANCE": "RES",
    "STATUS": "STAT",
}

# kept and read back, no more: header -> value after *RST
KEPT: Final = {
    "SOURce[1]:DELay": "0.001",
    "SOURce[1]:DELay:AUTO": "1",
    "SENSe[1]:AVERage[:STATe]": "0",
    "SENSe[1]:AVERage:TCONtrol": "REP",
    "SENSe[1]:AVERage:COUNt": "10",
    "SENSe[1]:RESistance:MODE": "MAN",
    "SENSe[1]:FUNCtion:CONCurrent": "1",
    "SYSTem:BEEPer:STATe": "1",
    "SYSTem:LFRequency:AUTO": "1",
    "OUTPut[1]:SMODe": "NORM",
    "ROUTe:TERMinals": "FRON",
    "DISPlay:ENABle": "1",
    "FORMat[:DATA]": "ASC",
    "TRIGger:COUNt": "1",
    "TRIGger:DELay": "0",
    "TRIGger:SOURce": "IMM",
    "TRIGger:OUTPut": "NONE",
    "TRIGger:ILINe": "1",
    "TRIGger:OLINe": "2",
    "ARM:COUNt": "1",
    "ARM:SOURce": "IMM",
    "ARM:TIMer": "0.1",
    "ARM:OUTPut": "NONE",
    "ARM:ILINe": "1",
    "ARM:OLINe": "2",
    "TRACe:POINts": "100",
    "TRACe:FEED": "SENS",
    "TRACe:FEED:CONTrol": "NEV",
    "CALCulate3:FORMat": "MEAN",
    "STATus:MEASurement:ENABle": "0",
    "*ESE": "0",
    "*SRE": "0",
}
IGNORED: Final = (
    "ABORt",
    "TRIGger:CLEar",
    "STATus:PRESet",
    "SYSTem:BEEPer[:IMMediate]",
    "*OPC",
    "*WAI",
)
ASSUMED: Final = frozenset({"*IDN?", *(f"{header}?" for header in KEPT)})


def plain(value: float) -> str:
    """Return a number as setting queries answer it."""
    return f"{value:.6E}"


def boolean(arguments: tuple[str, ...]) -> bool:
    """Read the first argument as ON, OFF, 1 or 0; refuse anything else."""
    text = word(arguments)
    if text not in ("0", "1", "ON", "OFF"):
        raise Refusal(Complaint.INVALID_ARGUMENT, text)
    return text in ("1", "ON")


def function_of(name: str) -> str:
    """Return the function that a short or long name means; refuse unknown ones."""
    if name not in FUNCTION_NAMES:
        raise Refusal(Complaint.INVALID_ARGUMENT, name)
    return FUNCTION_NAMES[name]
