"""The lines exchanged with a Keithley 2400."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, ReadbackError, ReplyError, StateError
from instruments.roles import SourceMeter, SourceReading
from instruments.sourcemeter_keithley2400 import Keithley2400

IDENTITY = "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1234567,C30   Mar 17 2006 09:29:29/A02  /K/J"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[Keithley2400]]

CONFIGURE_HEAD: Exchange = [
    ("OUTPUT?", "0"),
    (":SOURCE:FUNCTION CURR", None), (":SOURCE:FUNCTION?", "CURR"),
    (":SOURCE:CURRENT 0", None), (":SOURCE:CURRENT?", "+0.000000E+00"),
    (":SOURCE:CURRENT:RANGE:AUTO 0", None), (":SOURCE:CURRENT:RANGE:AUTO?", "0"),
    (":SOURCE:CURRENT:RANGE 0.001", None), (":SOURCE:CURRENT:RANGE?", "1.000000E-03"),
    (":OUTPUT:SMODE NORM", None), (":OUTPUT:SMODE?", "NORM"),
    (":SOURCE:CLEAR:AUTO 0", None), (":SOURCE:CLEAR:AUTO?", "0"),
    (":SENSE:FUNCTION:CONCURRENT ON", None),
    (':SENSE:FUNCTION "VOLT","CURR"', None),
    (":SENSE:VOLTAGE:RANGE:AUTO 0", None), (":SENSE:VOLTAGE:RANGE:AUTO?", "0"),
    (":SENSE:VOLTAGE:RANGE 20", None), (":SENSE:VOLTAGE:RANGE?", "2.100000E+01"),
]  # fmt: skip
CONFIGURE_TAIL: Exchange = [
    (":SENSE:VOLTAGE:PROTECTION 12", None), (":SENSE:VOLTAGE:PROTECTION?", "1.200000E+01"),
    (":SENSE:VOLTAGE:NPLCYCLES 1", None), (":SENSE:VOLTAGE:NPLCYCLES?", "1.00"),
    (":FORMAT:ELEMENTS VOLT,CURR,STAT", None), (":FORMAT:ELEMENTS?", "VOLT,CURR,STAT"),
]  # fmt: skip
CONFIGURED: Exchange = [*CONFIGURE_HEAD, *CONFIGURE_TAIL]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(
        *exchange: tuple[str | None, str | None], function: str = "CURR", **options: Any
    ) -> AbstractContextManager[Keithley2400]:
        opening: Exchange = [
            ("*IDN?", IDENTITY),
            (":SOURCE:FUNCTION?", function),
            (":SOURCE:CURRENT:RANGE?", "1.05E-3"),
        ]
        asked = {"clock": clock, "name": "source", "maximum_A": 0.5e-3} | options
        return expected_protocol(Keithley2400, [*opening, *exchange], **asked)  # type: ignore[type-var]

    return connect


def configure(box: Keithley2400) -> None:
    box.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: SourceMeter = box
        assert role.identity == IDENTITY


def test_configure_sets_and_reads_back_everything(connected: Opener) -> None:
    with connected(*CONFIGURED) as box:
        configure(box)


def test_output_found_on_at_zero_keeps_function_and_ranges(connected: Opener) -> None:
    asked: Exchange = [
        ("OUTPUT?", "1"),
        (":SOURCE:CURRENT?", "0"),
        (":SOURCE:FUNCTION?", "CURR"),
        (":SOURCE:CURRENT:RANGE?", "1E-3"),
        (":SENSE:VOLTAGE:RANGE?", "21"),
    ]
    with connected(*asked, *CONFIGURE_TAIL) as box:
        configure(box)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([("OUTPUT?", "1"), (":SOURCE:CURRENT?", "1E-4"), (":SOURCE:FUNCTION?", "CURR")], r"on, at 0\.0001 A"),
        ([("OUTPUT?", "1"), (":SOURCE:CURRENT?", "0"), (":SOURCE:FUNCTION?", "VOLT")], "its output is on"),
        (
            [
                ("OUTPUT?", "1"),
                (":SOURCE:CURRENT?", "0"),
                (":SOURCE:FUNCTION?", "CURR"),
                (":SOURCE:CURRENT:RANGE?", "1E-2"),
            ],
            "it would spike",
        ),
    ],
)
def test_output_found_on_otherwise_is_not_touched(connected: Opener, asked: Exchange, words: str) -> None:
    with connected(*asked) as box, pytest.raises(StateError, match=words):
        configure(box)


@pytest.mark.parametrize(
    "changes", [{"range_A": 2e-3}, {"range_A": math.nan}, {"compliance_V": 50.0}, {"compliance_V": 0.0}, {"nplc": 20.0}]
)
def test_impossible_configuration_is_refused_before_the_wire(connected: Opener, changes: dict[str, float]) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.configure(**{"range_A": 1e-3, "compliance_V": 12.0, "nplc": 1.0} | changes)


def test_level_is_rounded_to_the_resolution_of_the_range(connected: Opener) -> None:
    with connected((":SOURCE:CURRENT 0.00043855;:SOURCE:CURRENT?", "4.385500E-04")) as box:
        assert box.set_current(0.43857e-3) == pytest.approx(0.43855e-3)


@pytest.mark.parametrize("current_A", [0.6e-3, -0.6e-3, math.nan, math.inf])
def test_level_beyond_the_station_is_refused_before_the_wire(connected: Opener, current_A: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_current(current_A)


def test_level_beyond_the_range_is_refused_before_the_wire(connected: Opener) -> None:
    with connected(maximum_A=0.1) as box, pytest.raises(LimitError, match="on this range"):
        box.set_current(2e-3)


def test_level_not_taken_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [(":SOURCE:CURRENT 0.0001;:SOURCE:CURRENT?", "0")]
    with connected(*exchange) as box, pytest.raises(ReadbackError):
        box.set_current(1e-4)


def test_voltage_source_takes_no_level(connected: Opener) -> None:
    with connected(function="VOLT") as box, pytest.raises(StateError, match="configure it first"):
        box.set_current(1e-4)


def test_ramp_walks_in_steps_on_absolute_times(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        (":SOURCE:CURRENT?", "0"),
        (":SOURCE:CURRENT?", "0"),
        (":SOURCE:CURRENT 5e-06", None),
        (":SOURCE:CURRENT 1e-05", None),
        (":SOURCE:CURRENT 1.5e-05;:SOURCE:CURRENT?", "1.5E-5"),
    ]
    with connected(*exchange) as box:
        assert box.ramp_to_current(15e-6, 1e-4) == 15e-6
    assert clock.sleeps_s == pytest.approx([0.05, 0.05, 0.05])


def test_ramp_does_not_begin_at_a_level_that_was_garbled(connected: Opener) -> None:
    """The first step would be a jump of the contact's bias."""
    with (
        connected((":SOURCE:CURRENT?", "9E-5"), (":SOURCE:CURRENT?", "1E-5")) as box,
        pytest.raises(ReadbackError, match="says 9e-05 and 1e-05 A"),
    ):
        box.ramp_to_current(0.0, 1e-4)


def test_slow_ramp_takes_single_steps_at_longer_intervals(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        (":SOURCE:CURRENT?", "1E-7"),
        (":SOURCE:CURRENT?", "1E-7"),
        (":SOURCE:CURRENT 5e-08", None),
        (":SOURCE:CURRENT 0;:SOURCE:CURRENT?", "0"),
    ]
    with connected(*exchange) as box:
        box.ramp_to_current(0.0, 1e-8)
    assert clock.now_s() == pytest.approx(10.0)


def test_late_ramp_step_delays_the_rest_instead_of_bunching(connected: Opener, clock: Any) -> None:
    def stall(_: str, message: str) -> None:
        clock.time_s += 1.0 if message == ":SOURCE:CURRENT 5e-06" else 0.0

    exchange: Exchange = [
        (":SOURCE:CURRENT?", "0"),
        (":SOURCE:CURRENT?", "0"),
        (":SOURCE:CURRENT 5e-06", None),
        (":SOURCE:CURRENT 1e-05", None),
        (":SOURCE:CURRENT 1.5e-05;:SOURCE:CURRENT?", "1.5E-5"),
    ]
    with connected(*exchange, on_write=stall) as box:
        box.ramp_to_current(15e-6, 1e-4)
    assert clock.sleeps_s == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize("rate_A_per_s", [0.0, -1.0, math.nan])
def test_impossible_ramp_rate_is_refused_before_the_wire(connected: Opener, rate_A_per_s: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.ramp_to_current(1e-4, rate_A_per_s)


def test_output_is_switched_at_zero_only(connected: Opener) -> None:
    exchange: Exchange = [
        (":SOURCE:CURRENT?", "0"), ("OUTPUT 1", None), ("OUTPUT?", "1"), (":SOURCE:CURRENT?", "1E-4"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_output(True)
        with pytest.raises(StateError, match=r"not switched off: the level is 0\.0001 A"):
            box.set_output(False)


@pytest.mark.parametrize(
    ("status", "is_in_compliance"), [("4.812800E+04", False), ("4.813600E+04", True), ("1.136640E+05", True)]
)
def test_reading_with_compliance(connected: Opener, status: str, is_in_compliance: bool) -> None:
    with connected(*CONFIGURED, (":READ?", f"+4.386E+00,+4.3855E-04,+{status}")) as box:
        configure(box)
        assert box.read() == SourceReading(4.3855e-4, 4.386, is_in_compliance)


@pytest.mark.parametrize("reply", ["+9.9E37,+1E-4,+4.8128E+04", "+1.0,+9.91E37,+4.8128E+04", "1.0,1E-4,+1.6384E+04"])
def test_overflow_missing_element_and_sourced_voltage_are_no_readings(connected: Opener, reply: str) -> None:
    with connected(*CONFIGURED, (":READ?", reply)) as box:
        configure(box)
        with pytest.raises(ReplyError):
            box.read()


def test_unconfigured_box_is_not_read(connected: Opener) -> None:
    with connected() as box, pytest.raises(StateError, match="configure it first"):
        box.read()


def test_settings_report_an_output_found_on(connected: Opener) -> None:
    exchange: Exchange = [
        (":SOURCE:FUNCTION?", "CURR"), ("OUTPUT?", "1"), (":SOURCE:CURRENT?", "1E-4"),
        (":SOURCE:CURRENT:RANGE?", "1E-3"), (":SENSE:VOLTAGE:PROTECTION?", "12"), (":SENSE:VOLTAGE:RANGE?", "21"),
        (":SENSE:VOLTAGE:NPLCYCLES?", "1"), (":OUTPUT:SMODE?", "NORM"), (":SYSTEM:RSENSE?", "0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert settings["is_output_on"] is True
    assert settings["current_A"] == 1e-4


def test_safe_ramps_to_zero_on_the_same_range_and_leaves_the_output_on(connected: Opener, clock: Any) -> None:
    ask: Exchange = [("OUTPUT?", "1"), (":SOURCE:FUNCTION?", "CURR"), (":SOURCE:CURRENT:RANGE?", "1E-3")]
    exchange: Exchange = [
        *ask, (":SOURCE:CURRENT?", "-1E-5"), (":SOURCE:CURRENT?", "-1E-5"),
        (":SOURCE:CURRENT -5e-06", None), (":SOURCE:CURRENT 0;:SOURCE:CURRENT?", "0"),
        *ask, (":SOURCE:CURRENT?", "0"), (":SOURCE:CURRENT?", "0"),
        (":SOURCE:CURRENT 0;:SOURCE:CURRENT?", "0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()
    assert clock.now_s() == pytest.approx(0.1)


def test_safe_with_the_output_off_zeroes_the_level(connected: Opener) -> None:
    exchange: Exchange = [
        ("OUTPUT?", "0"), (":SOURCE:FUNCTION?", "CURR"), (":SOURCE:CURRENT:RANGE?", "1E-3"),
        (":SOURCE:CURRENT?", "0"), (":SOURCE:CURRENT?", "0"), (":SOURCE:CURRENT 0;:SOURCE:CURRENT?", "0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.make_safe()


def test_safe_names_a_voltage_source_it_must_not_guess_at(connected: Opener) -> None:
    exchange: Exchange = [("OUTPUT?", "1"), (":SOURCE:FUNCTION?", "VOLT")]
    with connected(*exchange, function="VOLT") as box, pytest.raises(StateError, match="front panel"):
        box.make_safe()
