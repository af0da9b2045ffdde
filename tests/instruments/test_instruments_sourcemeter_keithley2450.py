"""The lines exchanged with a Keithley 2450 in its SCPI language."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.current_source import OutputOffState
from instruments.errors import ConnectionFailedError, LimitError, ReplyError, StateError, StoppedError
from instruments.roles import SourceMeter, SourceReading
from instruments.sourcemeter_keithley2450 import Keithley2450

IDENTITY = "KEITHLEY INSTRUMENTS,MODEL 2450,04412345,1.7.12b"
READING = ':READ? "defbuffer1",SOUR,READ,SOURSTAT'
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[Keithley2450]]

CONFIGURE_HEAD: Exchange = [
    (":OUTPUT?", "0"),
    (":SOURCE:FUNCTION CURR", None), (":SOURCE:FUNCTION?", "CURR"),
    (":SOURCE:CURRENT 0", None), (":SOURCE:CURRENT?", "0"),
    (":SOURCE:CURRENT:RANGE:AUTO 0", None), (":SOURCE:CURRENT:RANGE:AUTO?", "0"),
    (":SOURCE:CURRENT:RANGE 0.001", None), (":SOURCE:CURRENT:RANGE?", "1E-03"),
    (":OUTPUT:CURRENT:SMODE NORM", None), (":OUTPUT:CURRENT:SMODE?", "NORM"),
    (":SOURCE:CURRENT:READ:BACK 1", None), (":SOURCE:CURRENT:READ:BACK?", "1"),
    (':SENSE:FUNCTION "VOLT:DC"', None), (":SENSE:FUNCTION?", '"VOLT:DC"'),
    (":SENSE:VOLTAGE:RANGE:AUTO 0", None), (":SENSE:VOLTAGE:RANGE:AUTO?", "0"),
    (":SENSE:VOLTAGE:RANGE 20", None), (":SENSE:VOLTAGE:RANGE?", "20"),
]  # fmt: skip
CONFIGURE_TAIL: Exchange = [
    (":SOURCE:CURRENT:VLIMIT 12", None), (":SOURCE:CURRENT:VLIMIT?", "12"),
    (":SENSE:VOLTAGE:NPLCYCLES 1", None), (":SENSE:VOLTAGE:NPLCYCLES?", "1"),
]  # fmt: skip
CONFIGURED: Exchange = [*CONFIGURE_HEAD, *CONFIGURE_TAIL]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(
        *exchange: tuple[str | None, str | None], function: str = "CURR", **options: Any
    ) -> AbstractContextManager[Keithley2450]:
        opening: Exchange = [
            ("*IDN?", IDENTITY),
            ("*LANG?", "SCPI"),
            (":SOURCE:FUNCTION?", function),
            (":SOURCE:CURRENT:RANGE?", "1E-3"),
        ]
        asked = {"clock": clock, "name": "source", "maximum_A": 0.5e-3} | options
        return expected_protocol(Keithley2450, [*opening, *exchange], **asked)  # type: ignore[type-var]

    return connect


def configure(box: Keithley2450) -> None:
    box.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: SourceMeter = box
        assert role.identity == IDENTITY


def test_another_command_language_is_refused_with_the_way_out(clock: Any) -> None:
    exchange: Exchange = [("*IDN?", IDENTITY), ("*LANG?", "SCPI2400")]
    with (
        pytest.raises(ConnectionFailedError, match="speaks SCPI2400; choose Menu, Settings, Command Set, SCPI"),
        expected_protocol(Keithley2450, exchange, clock=clock, maximum_A=1e-3),  # type: ignore[type-var]
    ):
        pass


def test_configure_sets_and_reads_back_everything(connected: Opener) -> None:
    with connected(*CONFIGURED) as box:
        configure(box)


def test_output_found_on_at_zero_keeps_function_and_ranges(connected: Opener) -> None:
    asked: Exchange = [
        (":OUTPUT?", "1"), (":SOURCE:CURRENT?", "0"), (":SOURCE:FUNCTION?", "CURR"),
        (":SOURCE:CURRENT:RANGE?", "1E-3"), (":SENSE:VOLTAGE:RANGE?", "20"),
    ]  # fmt: skip
    with connected(*asked, *CONFIGURE_TAIL) as box:
        configure(box)


def test_output_found_on_another_range_is_not_touched(connected: Opener) -> None:
    asked: Exchange = [
        (":OUTPUT?", "1"), (":SOURCE:CURRENT?", "0"), (":SOURCE:FUNCTION?", "CURR"), (":SOURCE:CURRENT:RANGE?", "1E-2"),
    ]  # fmt: skip
    with connected(*asked) as box, pytest.raises(StateError, match="it would spike"):
        configure(box)


@pytest.mark.parametrize("changes", [{"range_A": 2e-3}, {"compliance_V": 50.0}, {"nplc": 20.0}, {"nplc": math.nan}])
def test_impossible_configuration_is_refused_before_the_wire(connected: Opener, changes: dict[str, float]) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.configure(**{"range_A": 1e-3, "compliance_V": 12.0, "nplc": 1.0} | changes)


def test_level_is_rounded_to_the_resolution_of_the_range(connected: Opener) -> None:
    with connected((":SOURCE:CURRENT 0.00043855;:SOURCE:CURRENT?", "4.385500E-04")) as box:
        assert box.set_current(0.43857e-3) == pytest.approx(0.43855e-3)


@pytest.mark.parametrize("current_A", [0.6e-3, -0.6e-3, math.nan])
def test_level_beyond_the_station_is_refused_before_the_wire(connected: Opener, current_A: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_current(current_A)


@pytest.mark.parametrize(("status", "is_in_compliance"), [("128", False), ("1.600000E+02", True)])
def test_reading_with_compliance(connected: Opener, status: str, is_in_compliance: bool) -> None:
    with connected(*CONFIGURED, (READING, f"4.3855E-04,4.386E+00,{status}")) as box:
        configure(box)
        assert box.read() == SourceReading(4.3855e-4, 4.386, is_in_compliance)


def test_reading_with_the_output_off_is_none(connected: Opener) -> None:
    with connected(*CONFIGURED, (READING, "0,0,0")) as box:
        configure(box)
        with pytest.raises(StateError, match="its output is off"):
            box.read()


def test_overflow_is_no_reading(connected: Opener) -> None:
    with connected(*CONFIGURED, (READING, "1E-4,9.9E37,128")) as box:
        configure(box)
        with pytest.raises(ReplyError, match="over the range"):
            box.read()


def test_unconfigured_box_is_not_read(connected: Opener) -> None:
    with connected() as box, pytest.raises(StateError, match="configure it first"):
        box.read()


def test_ramp_stops_where_it_is_when_told(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        (":SOURCE:CURRENT?", "0"),
        (":SOURCE:CURRENT?", "0"),
        (":SOURCE:CURRENT 5e-06", None),
        (":SOURCE:CURRENT 1e-05", None),
    ]
    with connected(*exchange) as box, pytest.raises(StoppedError, match="stopped at 1e-05 A, where it stays"):
        box.ramp_to_current(1e-4, 1e-4, should_stop=lambda: clock.now_s() > 0.09)


def test_sense_leads_are_chosen_with_the_output_off_only(connected: Opener) -> None:
    exchange: Exchange = [
        (":OUTPUT?", "0"), (":SENSE:VOLTAGE:RSENSE 1", None), (":SENSE:VOLTAGE:RSENSE?", "1"), (":OUTPUT?", "1"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_sense(True)
        with pytest.raises(StateError, match="sense leads not changed with the output on"):
            box.set_sense(False)


def test_output_off_state_is_chosen(connected: Opener) -> None:
    with connected((":OUTPUT:CURRENT:SMODE HIMP", None), (":OUTPUT:CURRENT:SMODE?", "HIMP")) as box:
        box.set_output_off_state(OutputOffState.HIMP)


def test_safe_ramps_to_zero_and_leaves_the_output_on(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        (":OUTPUT?", "1"), (":SOURCE:FUNCTION?", "CURR"), (":SOURCE:CURRENT:RANGE?", "1E-3"),
        (":SOURCE:CURRENT?", "-1E-5"), (":SOURCE:CURRENT?", "-1E-5"),
        (":SOURCE:CURRENT -5e-06", None), (":SOURCE:CURRENT 0;:SOURCE:CURRENT?", "0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.make_safe()
    assert clock.now_s() == pytest.approx(0.1)


def test_safe_names_a_voltage_source_it_must_not_guess_at(connected: Opener) -> None:
    exchange: Exchange = [(":OUTPUT?", "1"), (":SOURCE:FUNCTION?", "VOLT")]
    with connected(*exchange, function="VOLT") as box, pytest.raises(StateError, match="front panel"):
        box.make_safe()
