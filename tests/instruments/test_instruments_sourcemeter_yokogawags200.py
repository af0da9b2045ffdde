"""The lines exchanged with a Yokogawa GS200."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import LimitError, ReadbackError, StateError
from instruments.roles import SourceMeter, SourceReading
from instruments.sourcemeter_yokogawags200 import YokogawaGS200

IDENTITY = "YOKOGAWA,GS210,91W123456,2.02"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[YokogawaGS200]]

CONFIGURED: Exchange = [
    (":OUTPUT?", "0"),
    (":SOURCE:FUNCTION CURR", None), (":SOURCE:FUNCTION?", "CURR"),
    (":SOURCE:LEVEL 0", None), (":SOURCE:LEVEL?", "+0E+0"),
    (":SOURCE:RANGE 0.001", None), (":SOURCE:RANGE?", "+1E-3"),
    (":SOURCE:PROTECTION:VOLTAGE 12", None), (":SOURCE:PROTECTION:VOLTAGE?", "+12E+0"),
]  # fmt: skip


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(
        *exchange: tuple[str | None, str | None], function: str = "CURR", **options: Any
    ) -> AbstractContextManager[YokogawaGS200]:
        opening: Exchange = [("*IDN?", IDENTITY), (":SOURCE:FUNCTION?", function), (":SOURCE:RANGE?", "+1E-3")]
        asked = {"clock": clock, "name": "source", "maximum_A": 0.5e-3} | options
        return expected_protocol(YokogawaGS200, [*opening, *exchange], **asked)  # type: ignore[type-var]

    return connect


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: SourceMeter = box
        assert role.identity == IDENTITY


def test_configure_sets_and_reads_back_everything(connected: Opener) -> None:
    with connected(*CONFIGURED) as box:
        box.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)


def test_limiter_not_taken_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [*CONFIGURED[:-1], (":SOURCE:PROTECTION:VOLTAGE?", "+30E+0")]
    with connected(*exchange) as box, pytest.raises(ReadbackError, match="compliance_voltage"):
        box.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)


def test_output_found_on_another_range_is_not_touched(connected: Opener) -> None:
    asked: Exchange = [
        (":OUTPUT?", "1"), (":SOURCE:LEVEL?", "+0E+0"), (":SOURCE:FUNCTION?", "CURR"), (":SOURCE:RANGE?", "+10E-3"),
    ]  # fmt: skip
    with connected(*asked) as box, pytest.raises(StateError, match="it would spike"):
        box.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"range_A": 1e-6}, "the box has 0.001, 0.01, 0.1, 0.2 A"),
        ({"compliance_V": 0.5}, "its limiter has 1 to 30 V"),
        ({"compliance_V": 25.0}, "compliance 25 V refused"),
        ({"nplc": math.nan}, "integration"),
    ],
)
def test_impossible_configuration_is_refused_before_the_wire(
    connected: Opener, changes: dict[str, float], words: str
) -> None:
    with connected() as box, pytest.raises(LimitError, match=words):
        box.configure(**{"range_A": 1e-3, "compliance_V": 12.0, "nplc": 1.0} | changes)


@pytest.mark.parametrize(
    ("current_A", "sent"), [(0.438573e-3, "0.00043857"), (-0.1e-3, "-0.0001"), (1.234e-8, "1e-08")]
)
def test_level_is_rounded_to_ten_nanoampere_on_the_smallest_range(
    connected: Opener, current_A: float, sent: str
) -> None:
    with connected((f":SOURCE:LEVEL {sent};:SOURCE:LEVEL?", sent)) as box:
        assert box.set_current(current_A) == float(sent)


@pytest.mark.parametrize("current_A", [1.21e-3, -1.21e-3])
def test_level_beyond_120_per_cent_of_the_range_is_refused(connected: Opener, current_A: float) -> None:
    with connected(maximum_A=0.1) as box, pytest.raises(LimitError, match="on this range"):
        box.set_current(current_A)


@pytest.mark.parametrize(("condition", "is_in_compliance"), [("285", False), ("2333", True), ("1309", True)])
def test_reading_is_the_level_and_the_limiter(connected: Opener, condition: str, is_in_compliance: bool) -> None:
    exchange: Exchange = [(":STATUS:CONDITION?", condition), (":OUTPUT?", "1"), (":SOURCE:LEVEL?", "+438.55E-6")]
    with connected(*exchange) as box:
        assert box.read() == SourceReading(438.55e-6, 0.0, is_in_compliance)


def test_tripped_limiter_is_named(connected: Opener) -> None:
    exchange: Exchange = [(":STATUS:CONDITION?", str(285 | 4096)), (":OUTPUT?", "0")]
    with connected(*exchange) as box, pytest.raises(StateError, match=r"its output is off \(tripped\)"):
        box.read()


def test_output_is_switched_at_zero_only(connected: Opener) -> None:
    exchange: Exchange = [
        (":SOURCE:LEVEL?", "+0E+0"), (":OUTPUT 1", None), (":OUTPUT?", "1"), (":SOURCE:LEVEL?", "+100E-6"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.set_output(True)
        with pytest.raises(StateError, match=r"not switched off: the level is 0\.0001 A"):
            box.set_output(False)


def test_safe_ramps_to_zero_and_leaves_the_output_on(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        (":OUTPUT?", "1"), (":SOURCE:FUNCTION?", "CURR"), (":SOURCE:RANGE?", "+1E-3"), (":SOURCE:LEVEL?", "+10E-6"),
        (":SOURCE:LEVEL?", "+10E-6"),
        (":SOURCE:LEVEL 5e-06", None), (":SOURCE:LEVEL 0;:SOURCE:LEVEL?", "+0E+0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.make_safe()
    assert clock.now_s() == pytest.approx(0.1)


def test_settings_say_that_it_measures_nothing(connected: Opener) -> None:
    exchange: Exchange = [
        (":SOURCE:FUNCTION?", "CURR"), (":OUTPUT?", "1"), (":SOURCE:LEVEL?", "+100E-6"), (":SOURCE:RANGE?", "+1E-3"),
        (":SOURCE:PROTECTION:VOLTAGE?", "+12E+0"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert (settings["current_A"], settings["compliance_V"], settings["measures"]) == (1e-4, 12.0, False)
