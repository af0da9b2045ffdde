"""The lines exchanged with an SR860."""

import math
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from instruments.errors import ConnectionFailedError, LimitError, ReadbackError
from instruments.lockin_sr860 import SR860
from instruments.roles import LockIn, LockInReading, LockInStatus

IDENTITY = "Stanford_Research_Systems,SR860,003693,V1.51"
Exchange = list[tuple[str | None, str | None]]
Opener = Callable[..., AbstractContextManager[SR860]]

SETTINGS: Exchange = [
    ("RSRC 0", None), ("RSRC?", "0"),
    ("Harm 1", None), ("HARM?", "1"),
    ("IVMD 0", None), ("IVMD?", "0"),
    ("ISRC 1", None), ("ISRC?", "1"),
    ("IGND 0", None), ("IGND?", "0"),
    ("ICPL 0", None), ("ICPL?", "0"),
    ("SYNC 0", None), ("SYNC?", "0"),
    ("ADVFILT 0", None), ("ADVFILT?", "0"),
]  # fmt: skip
NO_OFFSETS: Exchange = [
    pair
    for output in (0, 1, 2)
    for command in ("COFA", "CEXP", "CRAT")
    for pair in ((f"{command} {output},0", None), (f"{command}? {output}", "0"))
]


@pytest.fixture
def connected(clock: Any) -> Opener:
    def connect(
        *exchange: tuple[str | None, str | None], identity: str = IDENTITY, **options: Any
    ) -> AbstractContextManager[SR860]:
        opening: Exchange = [("*IDN?", identity), ("OFSL?", "3"), ("OFLT?", "11")]
        return expected_protocol(SR860, [*opening, *exchange], clock=clock, name="SR860", **options)  # type: ignore[type-var]

    return connect


def configure(box: SR860, frequency_Hz: float = 137.7) -> None:
    box.configure(frequency_Hz=frequency_Hz, time_constant_s=0.3, slope_dB_per_octave=24)


def test_connecting_only_asks(connected: Opener) -> None:
    with connected() as box:
        role: LockIn = box
        assert role.identity == IDENTITY
        assert role.settle_s == pytest.approx(3.0)


def test_an_sr830_is_refused(clock: Any) -> None:
    exchange: Exchange = [("*IDN?", "Stanford_Research_Systems,SR830,s/n12345,ver1.07")]
    with (
        pytest.raises(ConnectionFailedError, match="another box"),
        expected_protocol(SR860, exchange, clock=clock),  # type: ignore[type-var]
    ):
        pass


def test_configure_sets_and_reads_back_everything(connected: Opener) -> None:
    exchange: Exchange = [
        *SETTINGS,
        ("SOFF 0", None), ("SOFF?", "0.000000000e+00"),
        ("FREQ 1.377000000e+02", None), ("FREQ?", "1.377000000e+02"),
        ("PHAS 0.0000000", None), ("PHAS?", "0.000000000e+00"),
        *NO_OFFSETS,
        ("OFLT 11", None), ("OFLT?", "11"),
        ("OFSL 3", None), ("OFSL?", "3"),
        ("OFSL?", "3"), ("OFLT?", "11"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        configure(box)
        assert box.settle_s == pytest.approx(3.0)


def test_setting_not_taken_is_an_error(connected: Opener) -> None:
    with connected(("RSRC 0", None), ("RSRC?", "1")) as box, pytest.raises(ReadbackError, match="reference_source"):
        configure(box)


@pytest.mark.parametrize(("model", "highest_Hz"), [("SR860", 500e3), ("SR865A", 4e6)])
def test_frequency_goes_as_far_as_the_model(connected: Opener, model: str, highest_Hz: float) -> None:
    words = re.escape(f"0.001 to {highest_Hz:g} Hz")
    identity = f"Stanford_Research_Systems,{model},002725,v1.34"
    with connected(identity=identity) as box, pytest.raises(LimitError, match=words):
        configure(box, frequency_Hz=1.01 * highest_Hz)


@pytest.mark.parametrize(
    ("asked_Vrms", "sent"), [(0.0679, "6.790000000e-02"), (1.23456789e-6, "1.234000000e-06"), (2.0, "2.000000000e+00")]
)
def test_excitation_is_rounded_down_to_a_nanovolt(connected: Opener, asked_Vrms: float, sent: str) -> None:
    with connected((f"SLVL {sent}", None), ("SLVL?", sent)) as box:
        assert box.set_excitation(asked_Vrms) == float(sent)


@pytest.mark.parametrize("asked_Vrms", [0.0, 2.1, math.nan])
def test_impossible_excitation_is_refused_before_the_wire(connected: Opener, asked_Vrms: float) -> None:
    with connected() as box, pytest.raises(LimitError):
        box.set_excitation(asked_Vrms)


@pytest.mark.parametrize(
    ("asked_V", "input_range", "scale", "scale_V"),
    [(1e-3, 4, 9, 1e-3), (1.1e-3, 4, 8, 2e-3), (5e-3, 3, 7, 5e-3), (50e-3, 1, 4, 50e-3), (1.0, 0, 0, 1.0)],
)
def test_sensitivity_comes_with_an_input_range_of_three_times_its_peak(
    connected: Opener, asked_V: float, input_range: int, scale: int, scale_V: float
) -> None:
    exchange: Exchange = [
        (f"IRNG {input_range}", None), ("IRNG?", str(input_range)),
        (f"SCAL {scale}", None), ("SCAL?", str(scale)),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.set_sensitivity(asked_V) == scale_V


def test_reading_is_one_transaction_and_its_status(connected: Opener) -> None:
    with connected(("SNAP? X,Y", "6.142795086e-04,1.084804535e-06"), ("LIAS?", "0")) as box:
        assert box.read() == LockInReading(6.142795086e-4, 1.084804535e-6, LockInStatus.OK)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (1, LockInStatus.OUTPUT_OVERLOAD),
        (16, LockInStatus.INPUT_OVERLOAD),
        (8, LockInStatus.REFERENCE_UNLOCKED),
        (64, LockInStatus.FILTER_OVERLOAD),
        (256 | 16, LockInStatus.OUTPUT_OVERLOAD | LockInStatus.INPUT_OVERLOAD),
        (128 | 4096, LockInStatus.OK),
    ],
)
def test_status_word_is_translated(connected: Opener, word: int, status: LockInStatus) -> None:
    with connected(("SNAP? X,Y", "1,0"), ("LIAS?", str(word))) as box:
        assert box.read().status == status


def test_after_a_lost_status_the_pair_is_read_anew(connected: Opener) -> None:
    exchange: Exchange = [
        ("SNAP? X,Y", "1,0"), ("LIAS?", "x"),
        ("*IDN?", IDENTITY),
        ("SNAP? X,Y", "2,0"), ("LIAS?", "16"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.read() == LockInReading(2.0, 0.0, LockInStatus.INPUT_OVERLOAD)


def test_phase_is_turned_to_the_signal(connected: Opener) -> None:
    exchange: Exchange = [
        ("OFLT?", "11"), ("SNAP? X,Y", "1e-3,-1e-3"), ("LIAS?", "0"),
        ("PHAS?", "10.0"), ("PHAS -35.0000000", None), ("PHAS?", "-3.500000000e+01"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.auto_phase() == -35.0


def test_harmonic_beyond_the_range_is_refused(connected: Opener) -> None:
    with connected(("FREQ?", "4e5")) as box, pytest.raises(LimitError):
        box.read_harmonic(2)


def test_settings_are_read_with_their_units(connected: Opener) -> None:
    exchange: Exchange = [
        *[pair for pair in SETTINGS if pair[1] is not None],
        ("IRNG?", "4"), ("FREQ?", "1.377e2"), ("PHAS?", "0"), ("SLVL?", "6.8e-2"), ("SOFF?", "0"), ("SCAL?", "9"),
        ("OFLT?", "11"), ("OFSL?", "3"),
    ]  # fmt: skip
    with connected(*exchange) as box:
        settings = box.settings()
    assert settings["input_range_V"] == 10e-3
    assert settings["sensitivity_V"] == 1e-3
    assert settings["time_constant_s"] == 0.3
    assert settings["slope_dB_per_octave"] == 24


def test_safe_is_the_smallest_oscillator_amplitude_twice(connected: Opener) -> None:
    minimum: Exchange = [("SLVL 1.000000000e-09", None), ("SLVL?", "1.000000000e-09")]
    with connected(*minimum, *minimum) as box:
        assert box.minimum_Vrms == 1e-9
        box.make_safe()
        box.make_safe()
        box.close()
        box.close()


def test_capture_stores_x_and_y_at_the_next_rate(connected: Opener) -> None:
    exchange: Exchange = [
        ("CAPTURERATEMAX?", "1220.703"), ("CAPTURESTOP", None), ("CAPTURECFG XY", None), ("CAPTURELEN 4096", None),
        ("CAPTURERATE 6", None), ("CAPTURERATE?", "19.0735"), ("CAPTURESTART ONE,IMM", None),
    ]  # fmt: skip
    with connected(*exchange) as box:
        assert box.start_buffer(10.0) == pytest.approx(19.0735)


@pytest.mark.parametrize("rate_Hz", [1300.0, -1.0, math.nan])
def test_impossible_sampling_rate_is_refused(connected: Opener, rate_Hz: float) -> None:
    with connected(("CAPTURERATEMAX?", "1220.703")) as box, pytest.raises(LimitError):
        box.start_buffer(rate_Hz)


def test_capture_that_runs_at_another_rate_is_a_read_back_error(connected: Opener) -> None:
    exchange: Exchange = [
        ("CAPTURERATEMAX?", "1220.703"), ("CAPTURESTOP", None), ("CAPTURECFG XY", None), ("CAPTURELEN 4096", None),
        ("CAPTURERATE 6", None), ("CAPTURERATE?", "1220.703"),
    ]  # fmt: skip
    with connected(*exchange) as box, pytest.raises(ReadbackError, match="sampling rate"):
        box.start_buffer(10.0)


def test_capture_is_fetched_as_a_block_of_pairs(clock: Any) -> None:
    pairs = b"\x00\x00\x80\x3f\x0a\x0d\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x3f"
    exchange: list[tuple[Any, Any]] = [
        ("*IDN?", IDENTITY), ("OFSL?", "3"), ("OFLT?", "11"),
        ("CAPTURESTOP", None), ("CAPTUREBYTES?", "16"),
        ("CAPTUREGET? 0,1", b"#216" + pairs + b"\n"),
    ]  # fmt: skip
    with expected_protocol(SR860, exchange, clock=clock, name="SR860") as box:  # type: ignore[type-var]
        x_V, y_V = box.read_buffer()
    assert x_V.tolist() == [1.0, -2.0]
    assert y_V[1] == 0.5  # though the first value holds a line feed
