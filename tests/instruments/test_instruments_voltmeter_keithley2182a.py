"""The lines exchanged with a Keithley 2182A."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, ReadbackError, ReplyError, StateError
from instruments.roles import DcVoltmeter, VoltageReading
from instruments.voltmeter_keithley2182a import Keithley2182A

IDENTITY = "KEITHLEY INSTRUMENTS INC.,MODEL 2182A,1193143,C02  /A02"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[Keithley2182A]]

CHANNEL = ":SENSE:VOLTAGE:CHANNEL1"
CONFIGURED: Exchange = [
    (":INITIATE:CONTINUOUS 0", None), (":INITIATE:CONTINUOUS?", "0"),
    (":SENSE:CHANNEL 1", None), (":SENSE:CHANNEL?", "1"),
    (':SENSE:FUNCTION "VOLT:DC"', None), (":SENSE:FUNCTION?", '"VOLT:DC"'),
    (f"{CHANNEL}:RANGE:AUTO 0", None), (f"{CHANNEL}:RANGE:AUTO?", "0"),
    (f"{CHANNEL}:RANGE 0.01", None), (f"{CHANNEL}:RANGE?", "0.010000"),
    (f"{CHANNEL}:LPASS 0", None), (f"{CHANNEL}:LPASS?", "0"),
    (f"{CHANNEL}:DFILTER 0", None), (f"{CHANNEL}:DFILTER?", "0"),
    (f"{CHANNEL}:REFERENCE:STATE 0", None), (f"{CHANNEL}:REFERENCE:STATE?", "0"),
    (":SENSE:VOLTAGE:NPLCYCLES 5", None), (":SENSE:VOLTAGE:NPLCYCLES?", "5.00"),
]  # fmt: skip


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(*exchange: tuple[str | None, str | None]) -> AbstractContextManager[Keithley2182A]:
        return expected_protocol(Keithley2182A, [("*IDN?", IDENTITY), *exchange], clock=clock, name="meter")  # type: ignore[type-var]

    return connect


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: DcVoltmeter = box
        assert role.identity == IDENTITY


def test_configure_switches_every_filter_off_and_reads_back(connected: Opener) -> None:
    with connected(*CONFIGURED) as box:
        box.configure(range_V=5e-3, nplc=5.0)


def test_filter_left_on_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [*CONFIGURED[:11], (f"{CHANNEL}:LPASS?", "1")]
    with connected(*exchange) as box, pytest.raises(ReadbackError, match="analog_filter"):
        box.configure(range_V=5e-3, nplc=5.0)


@pytest.mark.parametrize("changes", [{"range_V": 0.0}, {"range_V": 121.0}, {"nplc": 0.0}, {"nplc": math.nan}])
def test_impossible_configuration_is_refused_before_the_wire(connected: Opener, changes: dict[str, float]) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.configure(**{"range_V": 10e-3, "nplc": 1.0} | changes)


def test_reading_is_one_number(connected: Opener) -> None:
    with connected(*CONFIGURED, (":READ?", "+8.99869864E-04")) as box:
        box.configure(range_V=10e-3, nplc=5.0)
        assert box.read() == VoltageReading(8.99869864e-4)


def test_overflow_is_said(connected: Opener) -> None:
    with connected(*CONFIGURED, (":READ?", "-9.90000000E+37")) as box:
        box.configure(range_V=10e-3, nplc=5.0)
        assert box.read().is_over_range


def test_garbled_reading_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [*CONFIGURED, (":READ?", "+8.9(869864E-04"), ("*IDN?", IDENTITY), (":READ?", "+8.9(E-04")]
    with connected(*exchange) as box:
        box.configure(range_V=10e-3, nplc=5.0)
        with pytest.raises(ReplyError):
            box.read()


def test_unconfigured_box_is_not_read(connected: Opener) -> None:
    with connected() as box, pytest.raises(StateError, match="configure it first"):
        box.read()


def test_safe_twice_sends_nothing(connected: Opener) -> None:
    with connected() as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()
