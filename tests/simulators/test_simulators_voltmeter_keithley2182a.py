import numpy as np
import pytest
from ohmic_bench import CONTACT_OHM, OhmicBench

from simulators.voltmeter_keithley2182a import Keithley2182A
from simulators.wiring import Wiring
from simulators.world import Break

NO_ERROR = '0,"No error"'


class Bench(OhmicBench[Keithley2182A]):
    """A 2182A on the taps of an ohmic contact, with its clock in hand."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(Keithley2182A, seed)

    def read_V(self) -> float:
        return float(self.ask(":READ?"))

    def bias(self, current_A: float) -> None:
        self.world.set_source_current(self.clock.now_s(), current_A)
        self.clock.sleep(1.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("setting", "query", "reply"),
    [
        (":SENS:CHAN 2", ":SENSE:CHANNEL?", "2"),
        (":SENS:FUNC 'TEMP'", ":SENS:FUNC?", '"TEMP"'),
        (":SENS:VOLT:CHAN1:RANG 0.005", ":SENSE1:VOLTAGE:DC:CHANNEL1:RANGE:UPPER?", "0.010000"),
        (":SENS:VOLT:CHAN1:RANG 0.012", ":SENS:VOLT:CHAN1:RANG?", "0.010000"),
        (":SENS:VOLT:CHAN1:RANG 0.1", ":SENS:VOLT:CHAN1:RANG:AUTO?", "0"),
        (":SENS:VOLT:CHAN2:RANG 0.01", ":SENS:VOLT:CHAN2:RANG?", "0.100000"),
        (":SENS:VOLT:NPLC 1", ":SENS:VOLT:NPLC?", "1.00"),
        (":SENS:VOLT:CHAN1:LPAS ON", ":SENS:VOLT:CHAN1:LPAS:STAT?", "1"),
        (":SENS:VOLT:CHAN1:DFIL:COUN 20", ":SENS:VOLT:CHAN1:DFIL:COUN?", "20"),
        (":SENS:VOLT:CHAN1:REF 1e-6", ":SENS:VOLT:CHAN1:REF?", "+1.00000000E-06"),
        (":SYST:AZER OFF", ":SYST:AZER:STAT?", "0"),
        (":TRIG:COUN 5", ":TRIG:COUN?", "5"),
        (":TRAC:POIN 7", ":TRAC:POIN?", "7"),
        (":INIT:CONT ON", ":INIT:CONT?", "1"),
    ],
)
def test_settings_are_kept(bench: Bench, setting: str, query: str, reply: str) -> None:
    bench.send(setting)
    assert bench.ask(query) == reply
    assert bench.ask(":SYST:ERR?") == NO_ERROR


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (":SENS:DATE?", '-113,"Undefined header"'),
        (":SENS:CHAN", '-109,"Missing Parameter"'),
        (":SENS:CHAN 3", '-222,"Parameter data out of range"'),
        (":SENS:FUNC 'OHM'", '-224,"Illegal parameter value"'),
        (":FETC?", '-230,"Data corrupt or stale"'),
    ],
)
def test_errors_are_queued_and_not_answered(bench: Bench, message: str, error: str) -> None:
    assert bench.box.answer(message) is None
    assert int(bench.ask("*STB?")) & 4
    assert [bench.ask(":SYST:ERR?"), bench.ask(":STAT:QUE?")] == [error, NO_ERROR]


def test_reading_is_the_voltage_between_the_taps_with_its_thermal_emf(bench: Bench) -> None:
    bench.bias(1e-4)
    expected_V = bench.world.contact_bias_V(bench.clock.now_s()) + bench.world.wiring.thermal_emf_V(bench.clock.now_s())
    assert bench.read_V() == pytest.approx(expected_V, abs=0.2e-6)
    assert abs(bench.world.wiring.thermal_emf_V(0.0)) > 0.2e-6


def test_current_reversal_removes_the_thermal_emf(bench: Bench) -> None:
    bench.send(":SENS:VOLT:CHAN1:RANG 0.01")
    readings_V = {}
    for sign in (1.0, -1.0):
        bench.bias(sign * 1e-4)
        readings_V[sign] = bench.read_V()
    half_V = 0.5 * (readings_V[1.0] - readings_V[-1.0])
    assert half_V == pytest.approx(1e-4 * CONTACT_OHM, rel=2e-4)  # a part in 10^4 leaks through the AC arm


def test_thermal_emf_drifts_by_fractions_of_a_microvolt_over_hours() -> None:
    emf_V = np.array([[Wiring(seed).thermal_emf_V(3600.0 * hour) for hour in range(12)] for seed in range(40)])
    assert emf_V.std(axis=0).mean() == pytest.approx(3e-6, rel=0.3)
    assert (emf_V - emf_V[:, :1])[:, 1:].std() == pytest.approx(0.5e-6 * 2.0**0.5, rel=0.3)
    near = [Wiring(seed).thermal_emf_V(60.0) - Wiring(seed).thermal_emf_V(0.0) for seed in range(40)]
    assert np.std(near) < 0.1e-6


def test_noise_falls_with_the_integration_time(bench: Bench) -> None:
    bench.send(":SENS:VOLT:CHAN1:RANG 0.01")
    scatter_V = {}
    for nplc in (0.1, 1.0):
        bench.send(f":SENS:VOLT:NPLC {nplc}")
        readings_V = np.array([bench.read_V() for _ in range(400)])
        scatter_V[nplc] = np.diff(readings_V).std() / 2.0**0.5
    assert scatter_V[1.0] == pytest.approx(8e-9, rel=0.15)
    assert scatter_V[0.1] == pytest.approx(8e-9 * 10.0**0.5, rel=0.15)


def test_reading_takes_its_time(bench: Bench) -> None:
    for settings, duration_s in (
        (":SENS:VOLT:NPLC 1", 2.0 / 60.0),
        (":SYST:AZER OFF", 1.0 / 60.0),
        (":SENS:VOLT:CHAN1:LPAS ON", 1.0 / 60.0 + 0.125),
        (":SENS:VOLT:CHAN1:DFIL:COUN 4;:SENS:VOLT:CHAN1:DFIL ON", 4.0 * (1.0 / 60.0 + 0.125)),
    ):
        bench.send(settings)
        start_s = bench.clock.now_s()
        bench.read_V()
        assert bench.clock.now_s() - start_s == pytest.approx(duration_s)


def test_beyond_120_per_cent_of_a_fixed_range_it_overflows(bench: Bench) -> None:
    bench.send(":SENS:VOLT:CHAN1:RANG 0.01")
    bench.bias(-1.3e-3)
    assert bench.ask(":READ?") == "-9.90000000E+37"
    assert int(bench.ask(":STAT:MEAS?")) & 1
    bench.send(":SENS:VOLT:CHAN1:RANG:AUTO ON")
    assert bench.read_V() == pytest.approx(-13e-3, rel=1e-3)
    assert bench.ask(":SENS:VOLT:CHAN1:RANG?") == "0.100000"


def test_reference_is_acquired_and_subtracted(bench: Bench) -> None:
    bench.send(":SENS:VOLT:CHAN1:RANG 0.01")
    first_V = bench.read_V()
    bench.send(":SENS:VOLT:CHAN1:REF:ACQ", ":SENS:VOLT:CHAN1:REF:STAT ON")
    assert abs(bench.read_V()) < 0.1e-6 < abs(first_V)


def test_triggering_by_itself_refuses_a_reading_on_demand(bench: Bench) -> None:
    bench.send(":INIT:CONT ON")
    assert bench.box.answer(":READ?") is None
    assert bench.ask(":SYST:ERR?") == '-213,"Init ignored"'
    assert abs(float(bench.ask(":FETC?"))) < 1e-3


def test_buffer_fills_and_says_so(bench: Bench) -> None:
    bench.send("*SRE 1;:STAT:MEAS:ENAB 512", ":TRAC:POIN 4;:TRIG:COUN 4;:TRAC:FEED SENSE;:TRAC:FEED:CONT NEXT")
    assert int(bench.ask("*STB?")) & 65 == 0
    bench.send(":INIT")
    assert int(bench.ask("*STB?")) & 65 == 65
    stored_V = [float(text) for text in bench.ask(":TRAC:DATA?").split(",")]
    assert len(stored_V) == 4
    assert float(bench.ask(":CALC2:FORM MEAN;:CALC2:STAT ON;:CALC2:IMM?")) == pytest.approx(np.mean(stored_V))
    assert float(bench.ask(":CALC2:FORM MAX;:CALC2:IMM?")) == max(stored_V)


def test_other_inputs_are_a_short_and_the_room(bench: Bench) -> None:
    bench.bias(1e-4)
    bench.send(":SENS:CHAN 2")
    assert abs(bench.read_V()) < 1e-3
    bench.send(":SENS:CHAN 0")
    assert bench.read_V() == 23.0


def test_broken_lead_leaves_the_thermal_emf(bench: Bench) -> None:
    bench.bias(1e-4)
    bench.world.set_break(bench.clock.now_s(), Break.LEAD)
    assert abs(bench.read_V()) < 20e-6
