"""Names, errors, status bits and stored settings of the Keithley 2182A's command language.

After the models 2182 and 2182A user's manual: event bits 12-7 and 15-8. Assumed: the texts of errors, and most settings
after ``*RST``.
"""

from typing import Final

from simulators.dialect import Complaint

BUFFER_FULL: Final = 512  # measurement event register, manual 15-8
BUFFER_AVAILABLE: Final = 128
READING_AVAILABLE: Final = 32
READING_OVERFLOW: Final = 1
POWER_ON: Final = 128  # standard event register, manual 12-7
COMMAND_ERROR: Final = 32
EXECUTION_ERROR: Final = 16

INIT_IGNORED: Final = '-213,"Init ignored"'
NO_DATA: Final = '-230,"Data corrupt or stale"'
ERRORS: Final = {
    Complaint.UNKNOWN_COMMAND: '-113,"Undefined header"',
    Complaint.UNKNOWN_QUERY: '-113,"Undefined header"',
    Complaint.MISSING_ARGUMENT: '-109,"Missing Parameter"',
    Complaint.INVALID_ARGUMENT: '-224,"Illegal parameter value"',
    Complaint.OUT_OF_RANGE: '-222,"Parameter data out of range"',
    Complaint.NOT_PERMITTED: '-221,"Settings conflict"',
}

FUNCTIONS: Final = {"VOLT": "VOLT", "VOLTAGE": "VOLT", "VOLT:DC": "VOLT", "TEMP": "TEMP", "TEMPERATURE": "TEMP"}
FUNCTION_REPLIES: Final = {"VOLT": '"VOLT:DC"', "TEMP": '"TEMP"'}

# kept and read back, no more: header -> value after *RST
KEPT: Final = {
    "SYSTem:AZERo[:STATe]": "1",
    "SYSTem:FAZero[:STATe]": "1",
    "SYSTem:LSYNc[:STATe]": "0",
    "SYSTem:BEEPer[:STATe]": "1",
    "DISPlay:ENABle": "1",
    "FORMat[:DATA]": "ASC",
    "FORMat:ELEMents": "READ",
    "TRIGger:COUNt": "1",
    "TRIGger:DELay": "0",
    "TRIGger:DELay:AUTO": "1",
    "TRIGger:SOURce": "IMM",
    "TRIGger:TIMer": "0.1",
    "SAMPle:COUNt": "1",
    "TRACe:FEED": "SENS",
    "CALCulate2:FORMat": "NONE",
    "CALCulate2:STATe": "0",
    "STATus:MEASurement:ENABle": "0",
    "STATus:QUEue:ENABle": "0",
    "SENSe[1]:TEMPerature:NPLCycles": "5",
    "SENSe[1]:TEMPerature:TCouple[:TYPE]": "J",
    "SENSe[1]:TEMPerature:RJUNction:RSELect": "INT",
    "SENSe[1]:TEMPerature:RJUNction:SIMulated": "23",
    "SENSe[1]:TEMPerature:CHANnel1:REFerence": "0",
    "SENSe[1]:TEMPerature:CHANnel1:REFerence:STATe": "0",
    "SENSe[1]:TEMPerature:CHANnel2:REFerence": "0",
    "SENSe[1]:TEMPerature:CHANnel2:REFerence:STATe": "0",
    "SENSe[1]:VOLTage[:DC]:DIGits": "8",
    **{
        f"SENSe[1]:VOLTage[:DC]:CHANnel{channel}:DFILter:{node}": value
        for channel in (1, 2)
        for node, value in (("WINDow", "0.01"), ("TCONtrol", "MOV"))
    },
    "*ESE": "0",
    "*SRE": "0",
}
IGNORED: Final = ("ABORt", "STATus:PRESet", "STATus:QUEue:CLEar", "SYSTem:CLEar", "*OPC", "*WAI")
ASSUMED: Final = frozenset({"SENSe[1]:CHANnel?", "READ?", *(f"{header}?" for header in KEPT)})
