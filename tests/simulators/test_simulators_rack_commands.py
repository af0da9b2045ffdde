"""Every command of the tables that the boxes were written from is known to its box: answered, and without an error."""

import pytest

from simulators.rack import close_rack, open_rack

SIGNALS = ("CURR", "VOLT", "FLD", "FSET", "RFST", "CSET", "RCST", "PFLD", "PCUR", "SWHT")
MERCURY = "DEV:GRPZ:PSU"

TABLES: dict[str, tuple[str, ...]] = {
    "SR830": (
        "*IDN?|OUTP? 1|OUTP?3|SNAP?1,2|SNAP?1,2,3,4,9,10|OUTR? 1|OAUX? 1|SENS?|SENS 20|OFLT?|OFSL?|SYNC?|RMOD?|FREQ?",
        "FREQ 137.77|SLVL?|SLVL 0.1|PHAS?|HARM?|FMOD?|RSLP?|ISRC?|IGND?|ICPL?|ILIN?|LIAS?|LIAS?2|ERRS?|*STB?|LIAE 1",
        "*SRE 1|OEXP? 1|OEXP 1,10.0,1|AOFF 1|AGAN|APHS|ARSV|DDEF? 1|DDEF 1,1,0|SRAT?|SRAT 8|SEND?|SEND 1|TSTR?|REST",
        "STRT|PAUS|SPTS?|FAST 2|FAST?|STRD|TRIG|AUXV? 1|AUXV 1,1.23|OUTX 1|OVRM 1|LOCL 1|SSET 1|RSET 1|*CLS|*RST",
    ),
    "SR860": (
        "*IDN?|FREQ?|PHAS?|SLVL?|SOFF?|HARM?|ISRC?|IVMD?|IGND?|ICPL?|IRNG?|ICUR?|ILVL?|SCAL?|OFLT?|OFSL?|SYNC?",
        "ADVFILT?|ENBW?|RSRC?|RTRG?|REFZ?|OUTP? 0|OUTP? X|SNAP? X,Y,THeta|SNAPD?|COFP? 0|COFP 0,1|CEXP? 0|OAUX? 0",
        "AUXV? 0|CDSP? 0|CAPTURELEN?|CAPTURECFG?|CAPTURERATE?|CAPTURESTART ONE,IMM|CAPTURESTOP|CAPTURESTAT?|LIAS?",
        "CUROVLDSTAT?",
    ),
    "Keithley2400": (
        "*IDN?|:FORM:ELEM VOLT,CURR|:FORM:ELEM VOLTAGE,CURRENT,RESISTANCE,TIME,STATUS|OUTP?|:SOUR:FUNC?|:SENS:FUNC?",
        ":SOUR:CURR:RANG?|:SENS:VOLT:RANG?|:SENS:VOLT:PROT?|:SENS:VOLT:PROT:TRIP?|:SENS:VOLT:NPLC?|:SOUR:CURR:LEV?",
        ":OUTP ON|:TRAC:POIN 2|:TRAC:FEED:CONT NEXT|:TRIG:COUN 2|:READ?|:TRAC:POIN:ACT?|:TRAC:DATA?|:CALC3:FORM MEAN",
        ":CALC3:DATA?|:STAT:MEAS?|:TRAC:CLE|:ARM:COUN?|:ARM:SOUR?|:TRIG:COUN?|:TRIG:DEL?|:TRIG:SOUR?|:INIT|*TRG|:FETC?",
        ":SYST:AZER?|:SYST:RSEN?|:SYST:BEEP 400,0.1|:SYST:LFR?|:ROUT:TERM?|*OPC?",
    ),
    "Keithley2450": (
        "*IDN?|*LANG?|*LANG SCPI|:OUTP ON|:READ?|:MEAS? 'defbuffer1'|:SOUR:VOLT:ILIM 1e-3|:SOUR:VOLT:ILIM:TRIP?",
        ":SOUR:CURR:VLIM 10|:SENS:CURR:RANG?|:SENS:CURR:RANG:AUTO?|:SENS:CURR:NPLC?|:SENS:CURR:AZER?|:SENS:CURR:AVER?",
        ":TRAC:MAKE 'b',100|:TRAC:POIN? 'b'|:TRAC:ACT? 'b'|:TRAC:CLE 'b'|:TRAC:DEL 'b'|:OUTP:VOLT:SMOD?",
        ":SOUR:SWE:VOLT:LIN 0,1,5|:INIT|*WAI|:TRAC:DATA? 1,2,'defbuffer1'",
    ),
    "LakeShore372": (
        "*IDN?|RDGK? 1|KRDG? 1|RDGR? 1|SRDG? 1|RDGST? 1|RDGPWR? 1|QRDG? 1|HTR?|AOUT? 2|SETP 0,0.1|SETP? 0|PID? 0",
        "RAMP? 0|RAMPST? 0|RANGE 0,5|RANGE? 0|HTRSET? 0|HTRST? 0|OUTMODE? 0|INSET? 1|INTYPE? 1|INNAME? 1|TLIMIT? 1",
        "SCAN?|FILTER? 1|STILL?|MOUT? 0|ANALOG? 2",
    ),
    "LakeShore336": (
        "*IDN?|KRDG? A|CRDG? A|SRDG? A|RDGST? A|HTR? 1|SETP? 1|RANGE? 1|PID? 1|RAMP? 1|RAMPST? 1|OUTMODE? 1|HTRSET? 1",
        "HTRST? 1|MOUT? 1|INTYPE? A|INCRV? A|CRVHDR? 21|TLIMIT? A|ALARM? A",
    ),
    "AMI430": (
        "*IDN?|STATE?|CURR:MAG?|CURR:SUPP?|FIELD:MAG?|VOLT:MAG?|VOLT:SUPP?|CURR:TARG?|FIELD:TARG?|COIL?|CURR:LIMIT?",
        "VOLT:LIM?|IND?|RAMP:RATE:CURR:1?|RAMP:RATE:FIELD:1?|RAMP:RATE:UNITS?|FIELD:UNITS?|CONF:CURR:TARG 1",
        "CONF:FIELD:TARG 1|CONF:RAMP:RATE:CURR 1,0.1,70|CONF:RAMP:RATE:SEG 1|CONF:COIL 1.18|CONF:CURR:LIMIT 77",
        "CONF:VOLT:LIM 5|RAMP|PAUSE|INCR|DECR|ZERO|PS?|PSwitch?|PERS?|PS:INST?|PS:CURR?|QU?|QU 0|QUENCH:COUNT?",
    ),
    "IPS120": (
        "V|C3|X|R0|R1|R2|R5|R6|R7|R8|R9|R16|R17|R18|R19|R20|R21|R22|R23|R24|J1.0|I1.0|T0.1|S1.0|A0|A1|A2|A0|H1|M9|F7",
    ),
    "MercuryiPS": (
        "*IDN?",
        *(f"READ:{MERCURY}:SIG:{signal}" for signal in SIGNALS),
        f"SET:{MERCURY}:SIG:FSET:1.0|SET:{MERCURY}:ACTN:HOLD|SET:{MERCURY}:ACTN:RTOS|SET:{MERCURY}:ACTN:RTOZ",
        f"SET:{MERCURY}:SIG:SWHT:ON|READ:DEV:MB1.T1:TEMP:SIG:TEMP|READ:DEV:DB5.L1:LVL:SIG:HEL:LEV",
    ),
}
ERRORS = {"Keithley2400": ":SYST:ERR?", "Keithley2450": ":SYST:ERR?", "AMI430": "SYST:ERR?"}
"""How a box is asked for its errors; those that refuse in their replies are left out, all others have an *ESR?."""

IN_THE_REPLY = ("IPS120", "MercuryiPS")
_COMMAND_OR_EXECUTION = 48


@pytest.mark.parametrize("model", TABLES)
def test_box_knows_every_command_of_its_table(model: str) -> None:
    rack = open_rack("cu1", 1, [model])
    box = rack.boxes[rack.models[model]]
    for command in "|".join(TABLES[model]).split("|"):
        reply = box.answer(command)
        if model in IN_THE_REPLY:
            assert reply
            assert not reply.startswith("?")
            assert not reply.endswith(("INVALID", "DENIED", "NOT_FOUND")), command
            continue
        assert (reply is not None) == ("?" in command), command
        if model in ERRORS:
            assert str(box.answer(ERRORS[model])).lstrip("+").startswith("0"), command
        else:
            assert not int(str(box.answer("*ESR?"))) & _COMMAND_OR_EXECUTION, command
    close_rack(rack)
