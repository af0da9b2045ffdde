"""The lines of an SR860 on an ohmic contact, and its signal path against the manual's table."""

import cmath
import math
import struct

import numpy as np
import pytest
from ohmic_bench import CONTACT_OHM, OhmicBench

from simulators.lockin_sr860 import SR860


class Bench(OhmicBench[SR860]):
    """An SR860 on an ohmic contact, with its clock in hand."""

    def __init__(self, seed: int = 1, model: str = "SR860") -> None:
        super().__init__(lambda clock, world, seed: SR860(clock, world, seed, model), seed)

    def xy(self) -> tuple[float, float]:
        x, y = self.ask("SNAP? X,Y").split(",")
        return float(x), float(y)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def measuring(bench: Bench) -> Bench:
    bench.send("FREQ 137.7;OFLT 10;OFSL 3;SLVL 1;SCAL 5;IRNG 3;ISRC 1")
    bench.clock.sleep(10.0)
    return bench


def test_it_says_who_it_is(bench: Bench) -> None:
    assert bench.ask("*IDN?") == "Stanford_Research_Systems,SR860,003693,V1.51"
    assert ",SR865A," in Bench(model="SR865A").ask("*IDN?")


@pytest.mark.parametrize(
    ("setting", "query", "value"),
    [
        ("FREQ 137.77", "FREQ?", 137.77),
        ("FREQINT 1e3", "FREQDET?", 1000.0),
        ("HARM 2", "HARM?", 2),
        ("PHAS 541", "PHAS?", -179.0),
        ("SLVL 0.0679", "SLVL?", 0.0679),
        ("SLVL 1.2346e-8", "SLVL?", 12e-9),
        ("SOFF 0.1", "SOFF?", 0.1),
        ("RSRC EXT", "RSRC?", 1),
        ("IVMD CURRENT", "IVMD?", 1),
        ("ISRC A-B", "ISRC?", 1),
        ("ISRC A", "ISRC?", 0),
        ("ICPL DC", "ICPL?", 1),
        ("IGND GROund", "IGND?", 1),
        ("IRNG 30Mvolt", "IRNG?", 3),
        ("IRNG 4", "IRNG?", 4),
        ("SCAL 27", "SCAL?", 27),
        ("OFLT 21", "OFLT?", 21),
        ("OFSL 3", "OFSL?", 3),
        ("SYNC ON", "SYNC?", 1),
        ("ADVFILT OFF", "ADVFILT?", 0),
        ("CDSP 3,8", "CDSP? 3", 8),
        ("CEXP 1,X100", "CEXP? 1", 2),
        ("COFA 2,ON", "COFA? 2", 1),
        ("COFP 0,-12.5", "COFP? 0", -12.5),
        ("AUXV 3,1.25", "AUXV? 3", 1.25),
        ("LIAE 4,1", "LIAE?", 16),
        ("CAPTURELEN 3", "CAPTURELEN?", 4),
    ],
)
def test_settings_are_kept(bench: Bench, setting: str, query: str, value: float) -> None:
    bench.send(setting)
    assert float(bench.ask(query)) == pytest.approx(value)
    assert bench.ask("*ESR?") == "0"


@pytest.mark.parametrize(
    ("message", "bit"),
    [
        ("SCAL 28", 16),
        ("OFLT 22", 16),
        ("SLVL 2.1", 16),
        ("HARM 0", 16),
        ("FREQ 500001", 16),
        ("SNAP? X", 16),
        ("OUTP? 17", 16),
        ("ICPL XY", 16),
        ("PSTA0, 1.0", 32),
        ("NONE?", 32),
    ],
)
def test_bad_messages_set_an_event_bit_and_are_not_answered(bench: Bench, message: str, bit: int) -> None:
    assert bench.box.answer(message) is None
    assert bench.ask("*ESR?") == str(bit)


def test_replies_of_one_message_are_joined(bench: Bench) -> None:
    assert bench.ask("ISRC?;ICPL?;OFLT?") == "0;0;10"


def test_reading_is_the_excitation_as_the_wiring_passes_it_on(measuring: Bench) -> None:
    x_V, y_V = measuring.xy()
    expected_V = 100.0 * 1.0 / 100_050.0 * CONTACT_OHM
    # arms 0.1 %, gains 0.3 %, 0.1 % and 0.1 % off, 1 sigma
    assert math.hypot(x_V, y_V) == pytest.approx(expected_V, rel=0.015)
    assert abs(math.degrees(cmath.phase(complex(x_V, y_V)))) < 2.0


def test_parameters_are_named_by_number_short_or_long_form(measuring: Bench) -> None:
    x_V, y_V, theta_deg = (float(text) for text in measuring.ask("SNAP? X, Y, THeta").split(","))
    assert measuring.ask("SNAP? 0,1,3") == measuring.ask("SNAP? x,y,TH")
    assert theta_deg == pytest.approx(math.degrees(math.atan2(y_V, x_V)), abs=1e-6)
    assert [float(text) for text in measuring.ask("SNAPD?").split(",")][:2] == [x_V, y_V]
    assert float(measuring.ask("OUTP? SAMP")) == 1.0


# SR860 manual, and the same as SR830 manual page 3-25: wait, and equivalent noise bandwidth, by slope
@pytest.mark.parametrize(
    ("slope", "wait", "bandwidth"), [(0, 5, 1 / 4), (1, 7, 1 / 8), (2, 9, 3 / 32), (3, 10, 5 / 64)]
)
def test_a_step_has_settled_to_a_per_cent_after_the_manuals_wait(slope: int, wait: int, bandwidth: float) -> None:
    bench = Bench()
    bench.send(f"FREQ 137.7;OFLT 12;OFSL {slope};SLVL 1e-9;ADVFILT 0")
    assert float(bench.ask("ENBW?")) == pytest.approx(bandwidth)
    bench.clock.sleep(100.0)
    bench.send("SLVL 1")
    settled_V = 100.0 * CONTACT_OHM / 100_050.0
    seen = {}
    for constants in (1, wait):
        bench.clock.advance_to(100.0 + constants)
        seen[constants] = bench.xy()[0]
    # exact after one time constant: 1 - exp(-1) sum 1/k!
    first = 1.0 - math.exp(-1.0) * sum(1.0 / math.factorial(k) for k in range(slope + 1))
    bench.clock.sleep(100.0)
    settled_V = bench.xy()[0]
    assert seen[1] / settled_V == pytest.approx(first, abs=0.002)
    assert seen[wait] / settled_V == pytest.approx(1.0, abs=0.0105)


@pytest.mark.parametrize(("slope", "bandwidth"), [(0, 1 / 4), (1, 1 / 8), (2, 3 / 32), (3, 5 / 64)])
def test_noise_is_that_of_the_manuals_bandwidth(slope: int, bandwidth: float) -> None:
    bench = Bench()
    bench.send(f"FREQ 10000;OFLT 8;OFSL {slope};SLVL 1e-9;IRNG 4")
    bench.world.wiring.gain = lambda _: 0.0  # type: ignore[method-assign]  # nothing but the box's own noise
    readings = []
    for _ in range(4000):
        bench.clock.sleep(0.2)
        readings.append(bench.xy())
    # 2.5 nV over the bandwidth of 10 ms; the corner of 10 Hz adds half a part in a thousand
    expected_V = 2.5e-9 * math.sqrt(1.001) * math.sqrt(bandwidth / 10e-3)
    # 8000 values give the deviation to 0.8 %; the filter itself is tested to 1 %
    assert np.array(readings).std() == pytest.approx(expected_V, rel=0.02)


def test_small_scale_overloads_its_channel_but_not_the_value(measuring: Bench) -> None:
    measuring.ask("LIAS?")
    measuring.send("SCAL 9")
    assert measuring.xy()[0] == pytest.approx(10e-3, rel=0.02)
    # X on CH1 and data 1, R on data 3
    assert int(measuring.ask("CUROVLDSTAT?")) == 1 | 256 | 1024
    measuring.send("SCAL 5")
    assert int(measuring.ask("LIAS?")) == 1 | 256 | 1024
    assert measuring.ask("LIAS?") == "0"


def test_input_range_overload_is_latched_and_present(measuring: Bench) -> None:
    measuring.send("IRNG 4")  # 10 mV of peak, 14 mV of signal
    assert int(measuring.ask("CUROVLDSTAT?")) & 16
    assert measuring.ask("ILVL?") == "4"
    measuring.send("IRNG 3")
    assert not int(measuring.ask("CUROVLDSTAT?")) & 16
    assert measuring.ask("LIAS? 4") == "1"


def test_external_reference_without_signal_is_unlocked(bench: Bench) -> None:
    bench.send("RSRC EXT")
    assert int(bench.ask("CUROVLDSTAT?")) == 8
    assert bench.ask("LIAS? 3") == "1"


def test_automatic_functions_find_phase_range_and_scale(measuring: Bench) -> None:
    measuring.send("PHAS 40", "IRNG 0", "SCAL 0", "APHS", "ARNG", "ASCL")
    x_V, y_V = measuring.xy()
    assert abs(y_V) < 1e-4 * x_V
    assert (measuring.ask("IRNG?"), measuring.ask("SCAL?")) in (("3", "5"), ("3", "6"))


def test_offset_is_subtracted_when_switched_on(measuring: Bench) -> None:
    measuring.send("OAUT 0")
    assert abs(measuring.xy()[0]) < 1e-4 * 10e-3
    measuring.send("COFA 0,0")
    assert measuring.xy()[0] == pytest.approx(10e-3, rel=0.02)


def test_capture_stores_while_time_passes_and_is_fetched_as_a_block(measuring: Bench) -> None:
    measuring.send("CAPTURECFG XY", "CAPTURELEN 2", "CAPTURERATE 6")
    rate_Hz = float(measuring.ask("CAPTURERATE?"))
    assert rate_Hz == pytest.approx(float(measuring.ask("CAPTURERATEMAX?")) / 64.0)
    measuring.send("CAPTURESTART ONE,IMM")
    measuring.clock.sleep(10.0 / rate_Hz)
    assert measuring.ask("CAPTURESTAT?") == "3"
    measuring.send("CAPTURESTOP")
    rows = int(measuring.ask("CAPTUREBYTES?")) // 8
    assert rows in (10, 11)
    block = measuring.ask("CAPTUREGET? 0,1").encode("latin-1")
    assert block.startswith(f"#2{8 * rows}".encode())
    values = struct.unpack(f"<{2 * rows}f", block[4:-1])
    assert values[::2] == pytest.approx(np.full(rows, measuring.xy()[0]), rel=1e-4)
    assert [float(text) for text in measuring.ask("CAPTUREVAL? 3").split(",")] == pytest.approx(values[6:8])


def test_capture_stops_when_full(measuring: Bench) -> None:
    measuring.send("CAPTURECFG XYRT", "CAPTURELEN 2", "CAPTURESTART 0,0")
    measuring.clock.sleep(60.0)
    assert measuring.ask("CAPTURESTAT?") == "2"
    assert measuring.ask("CAPTUREBYTES?") == "2048"
    assert measuring.ask("CAPTUREPROG?") == "2"


def test_same_seed_same_readings_and_another_seed_other_noise() -> None:
    benches = [Bench(1), Bench(1), Bench(2)]
    for bench in benches:
        bench.send("FREQ 137.7;SLVL 1")
        bench.clock.sleep(10.0)
    readings = [bench.xy() for bench in benches]
    assert readings[0] == readings[1] != readings[2]


def test_without_power_there_is_no_excitation(measuring: Bench) -> None:
    measuring.box.switch_off()
    assert measuring.world.wiring.oscillator_Vrms.target == 0.0
    measuring.box.switch_on()
    assert measuring.world.wiring.oscillator_Vrms.target == pytest.approx(1.0, rel=0.01)
    assert measuring.ask("*ESR?") == "128"
