import cmath
import math
import struct

import numpy as np
import pytest
from ohmic_bench import CONTACT_OHM, OhmicBench

from simulators.lockin_sr830 import SR830


class Bench(OhmicBench[SR830]):
    """An SR830 on an ohmic contact, with its clock in hand."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(SR830, seed)

    def xy(self) -> tuple[float, float]:
        x, y = self.ask("SNAP?1,2").split(",")
        return float(x), float(y)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_says_who_it_is(bench: Bench) -> None:
    assert bench.ask("*IDN?") == "Stanford_Research_Systems,SR830,s/n12345,ver1.07"


@pytest.mark.parametrize(
    ("setting", "query", "reply"),
    [
        ("FREQ 137.77", "FREQ?", "137.77"),
        ("FREQ1.37770e+02", "FREQ ?", "137.77"),
        ("FREQ 12345.67", "FREQ?", "12346"),
        ("SLVL 0.100", "SLVL?", "0.100"),
        ("SLVL0.0671", "SLVL?", "0.068"),
        ("PHAS 90", "PHAS?", "90.00"),
        ("PHAS 541", "PHAS?", "-179.00"),
        ("HARM 2", "HARM?", "2"),
        ("SENS20", "SENS?", "20"),
        ("OFLT 9", "OFLT?", "9"),
        ("OFSL 3", "OFSL?", "3"),
        ("RMOD 0", "RMOD?", "0"),
        ("ISRC 1", "ISRC?", "1"),
        ("IGND 0", "IGND?", "0"),
        ("ICPL 1", "ICPL?", "1"),
        ("ILIN 3", "ILIN?", "3"),
        ("SYNC 1", "SYNC?", "1"),
        ("OEXP 1,10.0,1", "OEXP? 1", "10.00,1"),
        ("DDEF1,1,0", "DDEF?1;", "1,0"),
        ("AUXV2,1.25;", "AUXV?2;", "1.250"),
        ("LIAE 2,1", "LIAE?", "4"),
    ],
)
def test_settings_are_kept(bench: Bench, setting: str, query: str, reply: str) -> None:
    bench.send(setting)
    assert bench.ask(query) == reply
    assert bench.ask("*ESR?") == "0"


@pytest.mark.parametrize(
    "message", ["SENS 27", "OFLT 20", "SLVL 5.1", "SLVL 0.003", "HARM 0", "SNAP?1", "OUTP?5", "OFSL"]
)
def test_bad_values_set_the_execution_error_bit_and_change_nothing(bench: Bench, message: str) -> None:
    before = [bench.ask(query) for query in ("SENS?", "OFLT?", "SLVL?", "HARM?", "OFSL?")]
    assert bench.box.answer(message) is None
    assert bench.ask("*ESR?") == "16"
    assert [bench.ask(query) for query in ("SENS?", "OFLT?", "SLVL?", "HARM?", "OFSL?")] == before


def test_unknown_commands_set_the_command_error_bit_which_reading_clears(bench: Bench) -> None:
    assert bench.box.answer("NONE?") is None
    assert [bench.ask("*ESR?"), bench.ask("*ESR?")] == ["32", "0"]


def test_reset_puts_the_oscillator_to_one_volt(bench: Bench) -> None:
    assert bench.ask("SLVL?") == "0.004"
    bench.send("*RST")
    assert bench.ask("SLVL?") == "1.000"
    assert bench.ask("SENS?") == "26"


def test_stored_settings_come_back(bench: Bench) -> None:
    bench.send("SENS 12", "SLVL 0.5", "SSET 3", "SENS 20", "SLVL 1", "RSET 3")
    assert (bench.ask("SENS?"), bench.ask("SLVL?")) == ("12", "0.500")


def measuring(bench: Bench) -> None:
    bench.send("FREQ 137.7;OFLT 8;OFSL 3;SLVL 1;SENS 20;ISRC 1")
    bench.clock.sleep(10.0)


def test_reading_is_the_excitation_as_the_wiring_passes_it_on(bench: Bench) -> None:
    measuring(bench)
    x_V, y_V = bench.xy()
    expected_V = 100.0 * 1.0 / 100_050.0 * CONTACT_OHM
    # arms 0.1 %, gains 0.3 %, 0.2 % and 0.2 % off, 1 sigma
    assert math.hypot(x_V, y_V) == pytest.approx(expected_V, rel=0.015)
    assert abs(math.degrees(cmath.phase(complex(x_V, y_V)))) < 2.0


def test_all_numbers_of_a_snapshot_are_of_one_instant(bench: Bench) -> None:
    measuring(bench)
    x_V, y_V, magnitude_V, angle_deg, frequency_Hz = (float(text) for text in bench.ask("SNAP? 1,2,3,4,9").split(","))
    assert magnitude_V == pytest.approx(math.hypot(x_V, y_V), rel=1e-5)
    assert angle_deg == pytest.approx(math.degrees(math.atan2(y_V, x_V)), abs=1e-3)
    assert frequency_Hz == 137.7
    assert float(bench.ask("OUTP?1")) == x_V


def test_values_have_six_digits(bench: Bench) -> None:
    measuring(bench)
    assert len(bench.ask("OUTP? 1").split("e")[0].replace(".", "").lstrip("-0")) <= 6


@pytest.mark.parametrize(("slope", "settled"), [(0, 0.6321), (1, 0.2642), (2, 0.0803), (3, 0.0190)])
def test_a_step_comes_through_the_filter_as_tabulated(slope: int, settled: float) -> None:
    # after one time constant of 1 s: 1 - exp(-1) sum 1/k!
    bench = Bench()
    bench.send("FREQ 137.7;OFLT 10;SLVL 0.004;SENS 23", f"OFSL {slope}")
    bench.clock.sleep(100.0)
    bench.send("SLVL 5")
    bench.clock.sleep(1.0)
    early_V, _ = bench.xy()
    bench.clock.sleep(100.0)
    late_V, _ = bench.xy()
    assert early_V / late_V == pytest.approx(settled, abs=0.002)


def test_noise_is_that_of_the_input_in_the_bandwidth_of_the_filter(bench: Bench) -> None:
    bench.send("FREQ 1000;OFLT 8;OFSL 3;SLVL 0.004;SENS 14")
    readings = []
    for _ in range(3000):
        bench.clock.sleep(5.0)
        readings.append(bench.xy())
    # preamplifier 1.2 nV times 100, 4 k T R of 10 ohm and the arms far below, SR830 6 nV; ENBW 5/64 over 0.1 s
    expected_V = math.hypot(bench.world.wiring.values.gain * 1.2e-9, 6e-9) * math.sqrt(5.0 / 6.4)
    x_V, y_V = np.array(readings).T
    slow_drift_free = np.diff(x_V).std() / math.sqrt(2.0), np.diff(y_V).std() / math.sqrt(2.0)
    assert slow_drift_free == pytest.approx((expected_V, expected_V), rel=0.04)


def test_automatic_phase_puts_all_signal_into_x(bench: Bench) -> None:
    bench.send("PHAS 40")
    measuring(bench)
    bench.send("APHS")
    x_V, y_V = bench.xy()
    assert x_V > 0.0
    assert abs(y_V) < 2e-3 * x_V


def test_automatic_gain_finds_the_most_sensitive_range(bench: Bench) -> None:
    measuring(bench)
    bench.send("AGAN")
    # 10 mV of signal
    assert bench.ask("SENS?") in ("20", "21")
    assert bench.ask("LIAS?2") == "0"


def test_offset_is_subtracted(bench: Bench) -> None:
    measuring(bench)
    bench.send("AOFF 1")
    assert abs(bench.xy()[0]) < 1e-4 * 10e-3


def test_output_clips_at_1_09_of_full_scale_and_latches_its_bit(bench: Bench) -> None:
    measuring(bench)
    bench.ask("LIAS?")
    bench.send("SENS 17")
    assert bench.xy()[0] == pytest.approx(1.09e-3, rel=1e-5)
    bench.send("SENS 26")
    assert bench.ask("LIAS?") == "4"
    assert bench.ask("LIAS?") == "0"


def test_overload_is_found_without_a_reading_before(bench: Bench) -> None:
    measuring(bench)
    bench.ask("LIAS?")
    bench.send("SENS 17")
    assert bench.ask("LIAS? 2") == "1"


def test_input_overloads_beyond_the_reserve(bench: Bench) -> None:
    measuring(bench)
    bench.ask("LIAS?")
    bench.send("RMOD 2", "SENS 8")
    assert int(bench.ask("LIAS?")) & 1


def test_direct_voltage_overloads_a_dc_coupled_input_only(bench: Bench) -> None:
    bench.send("FREQ 137.7;OFLT 8;SLVL 0.004;SENS 11;RMOD 1")
    bench.world.set_source_current(bench.clock.now_s(), 4e-4)
    bench.clock.sleep(10.0)
    bench.ask("LIAS?")
    assert bench.ask("LIAS?") == "0"
    bench.send("ICPL 1")
    assert bench.ask("LIAS?0") == "1"


def test_external_reference_without_signal_is_unlocked_and_refuses_a_frequency(bench: Bench) -> None:
    bench.send("FMOD 0", "FREQ 100")
    assert bench.ask("LIAS?3") == "1"
    assert bench.ask("*ESR?4") == "1"
    assert bench.ask("FREQ?") == "1000"


def test_long_time_constants_exist_below_200_hertz_only(bench: Bench) -> None:
    bench.send("OFLT 14")
    assert bench.ask("*ESR?") == "16"
    bench.send("FREQ 100", "OFLT 14", "*CLS", "FREQ 500")
    assert bench.ask("OFLT?") == "13"
    assert int(bench.ask("LIAS?")) & 0b110000 == 0b110000


def test_status_byte_sums_up_what_is_enabled(bench: Bench) -> None:
    assert bench.ask("*STB?") == "3"
    bench.send("*ESE 32", "*SRE 32")
    bench.box.answer("NONE")
    assert bench.ask("*STB?") == str(3 | 32 | 64)
    bench.send("*CLS")
    assert bench.ask("*STB?6") == "0"


def test_same_seed_same_readings_and_another_seed_other_noise() -> None:
    benches = [Bench(1), Bench(1), Bench(2)]
    for bench in benches:
        measuring(bench)
    readings = [bench.xy() for bench in benches]
    assert readings[0] == readings[1] != readings[2]


def test_polling_more_often_changes_nothing() -> None:
    calm, busy = Bench(), Bench()
    for bench in (calm, busy):
        measuring(bench)
    seen: dict[Bench, list[str]] = {calm: [], busy: []}
    for number in range(20):
        for _ in range(number % 7):
            busy.clock.sleep(0.05)
            busy.ask("SNAP?1,2,9")
            busy.ask("SENS?")
        for bench, replies in seen.items():
            bench.clock.advance_to(12.0 + number)
            replies.append(bench.ask("SNAP?1,2"))
            bench.world.set_source_current(bench.clock.now_s(), number * 1e-5)
    assert seen[calm] == seen[busy]


def test_buffer_stores_what_the_displays_show(bench: Bench) -> None:
    measuring(bench)
    bench.send("SRAT 6;SEND 0;DDEF 1,1,0;DDEF 2,0,0", "REST", "STRT")
    bench.clock.sleep(2.6)
    bench.send("PAUS")
    assert bench.ask("SPTS?") == "11"  # 4 Hz for 2.6 s, the first at once
    magnitudes = bench.ask("TRCA? 1,0,11")
    assert magnitudes.endswith(",")
    values_V = [float(text) for text in magnitudes.rstrip(",").split(",")]
    assert values_V == pytest.approx([float(bench.ask("OUTP?3"))] * 11, rel=1e-3)


def test_buffer_is_read_as_text_singles_and_lock_in_floats_alike(bench: Bench) -> None:
    measuring(bench)
    bench.send("SRAT 8;SEND 0;STRT")
    bench.clock.sleep(1.0)
    bench.send("PAUS")
    text = [float(each) for each in bench.ask("TRCA? 1,2,5").rstrip(",").split(",")]
    singles = bench.ask("TRCB? 1,2,5").encode("latin-1")
    assert struct.unpack("<5f", singles) == pytest.approx(text, rel=1e-5)
    pairs = np.frombuffer(bench.ask("TRCL? 1,2,5").encode("latin-1"), dtype="<i2").reshape(5, 2)
    assert pairs[:, 0] * 2.0 ** (pairs[:, 1] - 124.0) == pytest.approx(text, rel=1e-3)


def test_buffer_settings_changed_on_the_way_act_from_then_on(bench: Bench) -> None:
    measuring(bench)
    bench.send("SRAT 8;SEND 0;STRT")
    bench.clock.sleep(1.0)
    bench.send("PHAS 90")
    bench.clock.sleep(1.0)
    bench.send("PAUS")
    values_V = [float(each) for each in bench.ask("TRCA? 1,0,32").rstrip(",").split(",")]
    assert min(values_V[:16]) > 100.0 * abs(max(values_V[17:], key=abs))


def test_points_beyond_the_stored_ones_are_refused(bench: Bench) -> None:
    bench.send("SRAT 4;STRT")
    bench.clock.sleep(2.5)
    assert bench.box.answer("TRCA? 1,1,3") is None
    assert bench.ask("*ESR?4") == "1"


def test_trigger_stores_single_points(bench: Bench) -> None:
    bench.send("SRAT 14", "TRIG", "TRIG")
    assert bench.ask("SPTS?") == "2"


def test_second_harmonic_of_an_ohmic_contact_is_nothing(bench: Bench) -> None:
    measuring(bench)
    bench.send("HARM 2")
    bench.clock.sleep(10.0)
    assert max(map(abs, bench.xy())) < 1e-6
