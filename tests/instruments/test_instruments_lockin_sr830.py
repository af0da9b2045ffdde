"""The lines exchanged with an SR830."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import ConnectionFailedError, LimitError, ReadbackError, ReplyError
from instruments.lockin_sr830 import SR830
from instruments.roles import LockIn, LockInReading, LockInStatus

IDENTITY = "Stanford_Research_Systems,SR830,s/n12345,ver1.07"
CONNECT = [("*IDN?", IDENTITY), ("OFSL?", "3"), ("OFLT?", "9")]
OTHER_SETTINGS = [
    ("FMOD 1", None), ("FMOD?", "1"),
    ("HARM1", None), ("HARM?", "1"),
    ("ISRC 1", None), ("ISRC?", "1"),
    ("IGND 0", None), ("IGND?", "0"),
    ("ICPL 0", None), ("ICPL?", "0"),
    ("ILIN 0", None), ("ILIN?", "0"),
    ("RMOD1", None), ("RMOD?", "1"),
    ("SYNC 0", None), ("SYNC?", "0"),
]  # fmt: skip
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[SR830]]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(*exchange: tuple[str | None, str | None], **options: Any) -> AbstractContextManager[SR830]:
        return expected_protocol(SR830, [*CONNECT, *exchange], clock=clock, name="SR830", **options)  # type: ignore[type-var]

    return connect


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: LockIn = box
        assert role.identity == IDENTITY
        assert role.settle_s == pytest.approx(3.0)


def test_another_box_is_refused_before_anything_is_sent_to_it(clock: Any) -> None:
    exchange: Exchange = [("*IDN?", "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1,C30")]
    with (
        pytest.raises(ConnectionFailedError, match="another box"),
        expected_protocol(SR830, exchange, clock=clock),  # type: ignore[type-var]
    ):
        pass


def test_configure_sets_and_reads_back_everything(connected: Opener) -> None:
    exchange: Exchange = [
        *OTHER_SETTINGS,
        ("FREQ1.37700e+02", None), ("FREQ?", "137.7"),
        ("PHAS0.00", None), ("PHAS?", "0.00"),
        ("OEXP 1,0,0", None), ("OEXP? 1", "0.00,0"),
        ("OEXP 2,0,0", None), ("OEXP? 2", "0.00,0"),
        ("OFLT10", None), ("OFLT?", "10"),
        ("OFSL1", None), ("OFSL?", "1"),
        ("OFSL?", "1"), ("OFLT?", "10"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        box.configure(frequency_Hz=137.7, time_constant_s=1.0, slope_dB_per_octave=12)
        assert box.settle_s == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time_constant_s": 0.5}, r"time constant 0\.5 s refused: the box has 0\.3 and 1 s next to it"),
        ({"slope_dB_per_octave": 20}, r"the box has 18 and 24 dB/octave next to it"),
        ({"time_constant_s": 1e-6}, "refused: allowed is time constant 1e-05 to 30000 s"),
        ({"frequency_Hz": 2e5}, "reference frequency 200000 Hz refused"),
        ({"frequency_Hz": math.nan}, "reference frequency nan Hz refused"),
    ],
)
def test_impossible_configuration_is_refused_before_the_wire(
    connected: Opener, changes: dict[str, float], words: str
) -> None:
    asked: dict[str, Any] = {"frequency_Hz": 137.7, "time_constant_s": 0.3, "slope_dB_per_octave": 24} | changes
    with connected() as box, pytest.raises(LimitError, match=words):
        box.configure(**asked)


def test_setting_not_taken_is_an_error(connected: Opener) -> None:
    with connected(("FMOD 1", None), ("FMOD?", "0")) as box, pytest.raises(ReadbackError, match="reference_source"):
        box.configure(frequency_Hz=137.7, time_constant_s=0.3, slope_dB_per_octave=24)


@pytest.mark.parametrize(
    ("asked_Vrms", "sent", "taken_Vrms"), [(0.1, "0.100", 0.1), (0.0679, "0.066", 0.066), (5.0, "5.000", 5.0)]
)
def test_excitation_is_rounded_down_to_two_millivolts(
    connected: Opener, asked_Vrms: float, sent: str, taken_Vrms: float
) -> None:
    with connected((f"SLVL{sent}", None), ("SLVL?", sent)) as box:
        assert box.set_excitation(asked_Vrms) == pytest.approx(taken_Vrms)


@pytest.mark.parametrize("asked_Vrms", [0.0, 0.003, 5.1, math.nan, True])
def test_impossible_excitation_is_refused_before_the_wire(connected: Opener, asked_Vrms: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_excitation(asked_Vrms)


def test_excitation_above_the_station_limit_is_refused(connected: Opener) -> None:
    with connected(maximum_Vrms=1.0) as box, pytest.raises(LimitError, match=r"0\.004 to 1 V rms"):
        box.set_excitation(1.5)


@pytest.mark.parametrize(("asked_V", "index", "range_V"), [(1e-3, 17, 1e-3), (1.1e-3, 18, 2e-3), (1.0, 26, 1.0)])
def test_sensitivity_is_the_smallest_range_that_holds_it(
    connected: Opener, asked_V: float, index: int, range_V: float
) -> None:
    with connected((f"SENS{index}", None), ("SENS?", str(index))) as box:
        assert box.set_sensitivity(asked_V) == range_V


@pytest.mark.parametrize("asked_V", [1.5, -1.0, math.nan])
def test_impossible_sensitivity_is_refused(connected: Opener, asked_V: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_sensitivity(asked_V)


def test_reading_is_one_transaction_and_its_status(connected: Opener) -> None:
    with connected(("SNAP?1,2", "6.1e-4,-2.0e-6"), ("LIAS?", "0")) as box:
        assert box.read() == LockInReading(6.1e-4, -2e-6, LockInStatus.OK)


def test_status_bits_that_are_no_trouble_are_left_out(connected: Opener) -> None:
    with connected(("SNAP?1,2", "1,0"), ("LIAS?", "53")) as box:
        assert box.read().status == LockInStatus.INPUT_OVERLOAD | LockInStatus.OUTPUT_OVERLOAD


def test_after_a_lost_status_the_pair_is_read_anew(connected: Opener) -> None:
    exchange: Exchange = [
        ("SNAP?1,2", "1,0"), ("LIAS?", "x"),
        ("*IDN?", IDENTITY),
        ("SNAP?1,2", "2,0"), ("LIAS?", "4"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.read() == LockInReading(2.0, 0.0, LockInStatus.OUTPUT_OVERLOAD)


def test_reading_garbled_twice_is_an_error(connected: Opener) -> None:
    exchange: Exchange = [("SNAP?1,2", "1e-06,abc"), ("*IDN?", IDENTITY), ("SNAP?1,2", "1e-06")]
    with connected(*exchange) as box, pytest.raises(ReplyError, match=r"SNAP\?1,2 was answered by '1e-06'"):
        box.read()


def test_settings_are_read_with_their_units(connected: Opener) -> None:
    exchange: Exchange = [
        *[pair for pair in OTHER_SETTINGS if pair[1] is not None],
        ("FREQ?", "137.7"), ("PHAS?", "0.00"), ("SLVL?", "0.066"), ("SENS?", "17"), ("OFLT?", "9"), ("OFSL?", "3"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert settings["input_config"] == "A - B"
    assert settings["oscillator_Vrms"] == 0.066
    assert settings["sensitivity_V"] == 1e-3
    assert settings["slope_dB_per_octave"] == 24


def test_safe_is_the_smallest_oscillator_amplitude_twice(connected: Opener) -> None:
    minimum: Exchange = [("SLVL0.004", None), ("SLVL?", "0.004")]
    with connected(*minimum, *minimum) as box:
        assert box.minimum_Vrms == 0.004
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_average_reads_once_a_time_constant(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        ("OFLT?", "9"),
        ("SNAP?1,2", "1e-3,0"), ("LIAS?", "0"),
        ("SNAP?1,2", "3e-3,2e-3"), ("LIAS?", "8"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.read_average(0.3) == LockInReading(2e-3, 1e-3, LockInStatus.REFERENCE_UNLOCKED)
    assert clock.sleeps_s == pytest.approx([0.3])


def test_sensitivity_is_settled_on_after_each_change(connected: Opener, clock: Any) -> None:
    reading: Exchange = [("SNAP?1,2", "4.5e-4,0"), ("LIAS?", "0")]
    exchange: Exchange = [
        ("SENS?", "20"),
        *reading, *reading,
        ("SENS17", None), ("SENS?", "17"),
        *reading, *reading,
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.adjust_sensitivity() == 1e-3
    assert clock.sleeps_s == pytest.approx([3.0])


def test_phase_is_turned_to_the_signal_and_settled_on(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        ("OFLT?", "9"), ("SNAP?1,2", "1e-3,1e-3"), ("LIAS?", "0"),
        ("PHAS?", "10.00"), ("PHAS55.00", None), ("PHAS?", "55.00"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.auto_phase() == 55.0
    assert clock.sleeps_s == pytest.approx([3.0])


def test_second_harmonic_is_a_visit_from_which_it_comes_back(connected: Opener, clock: Any) -> None:
    exchange: Exchange = [
        ("FREQ?", "137.7"),
        ("HARM2", None), ("HARM?", "2"), ("SNAP?1,2", "9,9"), ("LIAS?", "4"),
        ("OFLT?", "9"), ("SNAP?1,2", "1e-9,-2e-7"), ("LIAS?", "0"),
        ("HARM1", None), ("HARM?", "1"), ("SNAP?1,2", "9,9"), ("LIAS?", "4"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.read_harmonic(2) == LockInReading(1e-9, -2e-7, LockInStatus.OK)
    assert clock.sleeps_s == pytest.approx([3.0, 3.0])


@pytest.mark.parametrize("harmonic", [0, 20_000, 1000])
def test_impossible_harmonic_is_refused_before_anything_is_set(connected: Opener, harmonic: int) -> None:
    exchange: Exchange = [("FREQ?", "137.7")] if harmonic == 1000 else []
    with connected(*exchange) as box, pytest.raises(LimitError):
        box.read_harmonic(harmonic)


def test_buffer_stores_x_and_y_at_the_next_rate(connected: Opener) -> None:
    exchange: Exchange = [
        ("PAUS", None), ("REST", None), ("DDEF 1,0,0", None), ("DDEF 2,0,0", None), ("SEND 0", None),
        ("SRAT 8", None), ("SRAT?", "8"), ("STRT", None),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.start_buffer(10.0) == 16.0


@pytest.mark.parametrize("rate_Hz", [513.0, -1.0, math.nan])
def test_impossible_sampling_rate_is_refused(connected: Opener, rate_Hz: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.start_buffer(rate_Hz)


def test_buffer_is_fetched_as_singles_lower_byte_first(clock: Any) -> None:
    x, y = b"\x00\x00\x80\x3f\x00\x00\x00\xc0", b"\x0a\x0d\x00\x00\x00\x00\x00\x3f"
    exchange: list[tuple[Any, Any]] = [
        *CONNECT,
        ("PAUS", None), ("SPTS?", "2"),
        ("TRCB? 1,0,2", x), ("TRCB? 2,0,2", y),
    ]  # fmt: skip
    with expected_protocol(SR830, exchange, clock=clock) as box:  # type: ignore[type-var]
        x_V, y_V = box.read_buffer()
    assert x_V.tolist() == [1.0, -2.0]
    assert y_V[1] == 0.5  # though the first value holds a line feed
