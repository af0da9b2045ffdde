import numpy as np
import pytest
from ohmic_bench import CONTACT_OHM, OhmicBench

from simulators.sourcemeter_keithley2400 import Keithley2400

NO_ERROR = '0,"No error"'


class Bench(OhmicBench[Keithley2400]):
    """A Keithley 2400 on the wiring and an ohmic contact, with its clock in hand."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(Keithley2400, seed)

    def read(self) -> list[float]:
        return [float(text) for text in self.ask(":READ?").split(",")]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def sourcing(bench: Bench) -> Bench:
    bench.send(":SOUR:FUNC CURR;:SOUR:CURR:RANG 1e-3;:SENS:VOLT:PROT 12;:SENS:FUNC 'VOLT','CURR';:OUTP ON")
    return bench


def test_settings_after_reset_are_the_voltage_source_switched_off(bench: Bench) -> None:
    assert [bench.ask(query) for query in ("OUTP?", ":SOUR:FUNC?", ":SOUR:VOLT?")] == ["0", "VOLT", "0.000000E+00"]


@pytest.mark.parametrize(
    ("setting", "query", "reply"),
    [
        (":SOURCE:FUNCTION CURR", ":SOUR:FUNC?", "CURR"),
        (":SOURCE:CURRENT:RANGE 0.001", ":SOUR:CURR:RANG?", "1.000000E-03"),
        (":SOUR:CURR:RANG 7e-4", ":SOURCE:CURRENT:RANGE?", "1.000000E-03"),
        (":SOUR:CURR:RANG:AUTO 0", ":SOUR:CURR:RANG:AUTO?", "0"),
        (":SENSE:VOLTAGE:PROTECTION 12", ":SENS:VOLT:PROT?", "1.200000E+01"),
        (":SENS:VOLT:DC:PROT:LEV 12", ":SENS:VOLT:PROT?", "1.200000E+01"),
        (":SENS:CURR:NPLC 0.1", ":SENS:VOLT:NPLC?", "1.000000E-01"),
        (":SENS:VOLT:RANG 2", ":SENS:VOLT:RANG:AUTO?", "0"),
        (":FORM:ELEM VOLT,CURR", ":FORMAT:ELEMENTS?", "VOLT,CURR"),
        (":SYST:AZER:STAT OFF", ":SYSTEM:AZERO?", "0"),
        (":SYST:LFR 50", ":SYST:LFR?", "50"),
        (":SYST:RSEN ON", ":SYST:RSEN?", "1"),
        (":SOUR:CLE:AUTO ON", ":SOUR:CLE:AUTO?", "1"),
        (":OUTP:SMOD HIMP", ":OUTP:SMOD?", "HIMP"),
        (":ROUT:TERM REAR", ":ROUTE:TERMINALS?", "REAR"),
        (":TRIG:COUN 5;:ARM:COUN 2", ":TRIG:COUN?;:ARM:COUN?", "5;2"),
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
        (":SOUR:CURR", '-109,"Missing parameter"'),
        (":SOUR:CURR much", '-104,"Data type error"'),
        (":SOUR:CURR 2", '-222,"Parameter data out of range"'),
        (":SENS:AVER:COUN many", '-104,"Data type error"'),
        (":SENS:VOLT:NPLC 11", '-222,"Parameter data out of range"'),
        (":READ?", '+803,"Not permitted with OUTPUT off"'),
    ],
)
def test_errors_are_queued_and_not_answered(bench: Bench, message: str, error: str) -> None:
    assert bench.box.answer(message) is None
    assert int(bench.ask("*STB?")) & 4
    assert [bench.ask(":SYST:ERR?"), bench.ask(":SYST:ERR?")] == [error, NO_ERROR]


def test_after_an_error_the_rest_of_the_message_is_discarded(bench: Bench) -> None:
    assert bench.box.answer(":SENS:DATE?;:SENS:FUNC?") is None
    assert bench.ask("*ESR?") == "32"


def test_level_is_rounded_to_the_resolution_of_the_range(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR 1.234567e-4")
    assert sourcing.ask(":SOUR:CURR?") == "1.234500E-04"


def test_a_level_beyond_the_fixed_range_is_refused(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR 1.04e-3", ":SOUR:CURR 1.06e-3")
    assert sourcing.ask(":SYST:ERR?") == '-222,"Parameter data out of range"'
    assert sourcing.ask(":SOUR:CURR?") == "1.040000E-03"


def test_automatic_range_follows_the_level(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR:RANG:AUTO 1", ":SOUR:CURR 2e-6")
    assert sourcing.ask(":SOUR:CURR:RANG?") == "1.000000E-05"


def test_reading_holds_current_and_voltage_at_the_terminals(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR 5e-4")
    sourcing.clock.sleep(1.0)
    voltage_V, current_A, resistance_ohm, time_s, status = sourcing.read()
    assert current_A == pytest.approx(5e-4, abs=3e-7)
    values = sourcing.world.wiring.values
    assert voltage_V == pytest.approx(current_A * (values.dc_arm_ohm + 4.0 + CONTACT_OHM), rel=1e-3)
    assert resistance_ohm == 9.91e37
    assert time_s == pytest.approx(sourcing.clock.now_s(), rel=1e-5)
    # front terminals, voltage and current measured, current sourced
    assert int(status) == 4 | 2048 | 4096 | 32768


def test_elements_are_those_asked_for_in_the_boxs_order(sourcing: Bench) -> None:
    sourcing.send(":FORM:ELEM CURR,VOLT")
    first, second = sourcing.read()
    assert abs(first) < 1.0
    assert abs(second) < 1e-6


def test_source_has_an_offset_within_the_specification() -> None:
    offsets_A = []
    for seed in range(30):
        bench = Bench(seed)
        bench.send(":SOUR:FUNC CURR;:SOUR:CURR:RANG 1e-3;:SENS:VOLT:PROT 12;:OUTP ON")
        bench.clock.sleep(1.0)
        offsets_A.append(bench.world.wiring.source_A.at(1.0))
    assert max(np.abs(offsets_A)) <= 200e-9
    assert np.std(offsets_A) > 30e-9


def test_reading_takes_its_integration_time(sourcing: Bench) -> None:
    # two functions, thrice with auto-zero, one cycle of 60 Hz each, and 1 ms of source delay
    start_s = sourcing.clock.now_s()
    sourcing.read()
    assert sourcing.clock.now_s() - start_s == pytest.approx(6.0 / 60.0 + 1e-3)
    sourcing.send(":SYST:AZER OFF;:SENS:VOLT:NPLC 0.1;:SYST:LFR 50")
    start_s = sourcing.clock.now_s()
    sourcing.read()
    assert sourcing.clock.now_s() - start_s == pytest.approx(2.0 * 0.1 / 50.0 + 1e-3)


def test_noise_falls_with_the_integration_time(sourcing: Bench) -> None:
    def scatter(nplc: float) -> float:
        sourcing.send(f":SENS:CURR:NPLC {nplc}")
        return float(np.std([sourcing.read()[1] for _ in range(400)]))

    assert scatter(1.0) == pytest.approx(1e-9, rel=0.15)
    assert scatter(0.01) == pytest.approx(1e-8, rel=0.15)


def test_compliance_clamps_the_voltage_at_the_terminals(sourcing: Bench) -> None:
    sourcing.send(":SENS:VOLT:PROT 2", ":SOUR:CURR 5e-4")
    sourcing.clock.sleep(1.0)
    voltage_V, current_A, *_, status = sourcing.read()
    assert voltage_V == pytest.approx(2.0, rel=1e-3)
    assert current_A == pytest.approx(2.0 / (sourcing.world.wiring.values.dc_arm_ohm + 14.0), rel=1e-3)
    assert int(status) & 8
    assert sourcing.ask(":SENS:VOLT:PROT:TRIP?") == "1"
    sourcing.send(":SOUR:CURR 1e-5")
    assert sourcing.ask(":SENS:VOLT:PROT:TRIP?") == "0"


def test_a_small_fixed_meter_range_clamps_too_and_says_so(sourcing: Bench) -> None:
    sourcing.send(":SENS:VOLT:RANG 0.2", ":SOUR:CURR -5e-4")
    sourcing.clock.sleep(1.0)
    voltage_V, *_, status = sourcing.read()
    assert voltage_V == pytest.approx(-0.21, rel=1e-3)
    assert int(status) & (8 | 65536) == 65536


def test_switching_off_lets_the_current_die_through_the_low_pass(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR 1e-4")
    sourcing.clock.sleep(1.0)
    sourcing.send(":OUTP OFF")
    now_s = sourcing.clock.now_s()
    assert sourcing.world.wiring.source_A.at(now_s) == pytest.approx(1e-4, rel=0.01)
    assert abs(sourcing.world.wiring.source_A.at(now_s + 1.0)) < 1e-20


def test_changing_the_source_function_switches_off(sourcing: Bench) -> None:
    sourcing.send(":SOUR:FUNC VOLT")
    assert sourcing.ask(":OUTP?") == "0"


def test_measure_query_switches_the_output_on(bench: Bench) -> None:
    bench.ask(":MEAS:CURR?")
    assert bench.ask("OUTP?") == "1"


def test_voltage_source_drives_the_current_of_the_arm_up_to_its_limit(bench: Bench) -> None:
    bench.send(":SENS:CURR:PROT 1e-3;:SOUR:VOLT 2;:SENS:FUNC:ALL;:OUTP ON")
    bench.clock.sleep(1.0)
    assert bench.read()[1] == pytest.approx(2.0 / 10_014.0, rel=5e-3)
    bench.send(":SENS:CURR:PROT 1e-4")
    bench.clock.sleep(1.0)
    assert bench.read()[1] == pytest.approx(1e-4, rel=5e-3)


def test_error_queue_overflows_after_ten(bench: Bench) -> None:
    for _ in range(12):
        bench.box.answer("NONE")
    assert [bench.ask(":SYST:ERR?") for _ in range(11)][9:] == ['-350,"Queue overflow"', NO_ERROR]


def test_readings_wait_for_the_bus_trigger_and_fill_the_buffer(bench: Bench) -> None:
    bench.send(":SOUR:FUNC CURR", ":FORM:ELEM CURR", ":SENS:VOLT:PROT 12", ":OUTP ON", ":SOUR:CURR 2e-4")
    bench.send(":TRAC:POIN 3", ":TRAC:FEED:CONT NEXT", ":TRIG:COUN 4;DEL 0.5", ":ARM:SOUR BUS", ":INIT")
    assert bench.ask(":TRAC:POIN:ACT?") == "0"
    before_s = bench.clock.now_s()
    bench.send("*TRG")
    assert bench.clock.now_s() > before_s + 2.0
    # four readings, of which the buffer has room for three
    assert len(bench.ask(":TRAC:DATA?").split(",")) == 3
    assert (bench.ask(":TRAC:FEED:CONT?"), bench.ask(":STAT:MEAS?"), bench.ask(":STAT:MEAS?")) == ("NEV", "512", "0")
    assert float(bench.ask(":FETC?")) == pytest.approx(2e-4, rel=5e-3)
    bench.send(":TRAC:CLE", "*TRG")  # nobody waits for it
    assert bench.ask(":TRAC:POIN:ACT?") == "0"
    assert bench.box.answer(":TRAC:DATA?") is None


def test_read_returns_all_readings_of_its_counts(bench: Bench) -> None:
    bench.send(":FORM:ELEM CURR", ":OUTP ON", ":TRIG:COUN 3")
    assert len(bench.ask(":READ?").split(",")) == 3
    bench.send(":ARM:COUN 1000")
    assert bench.box.answer(":READ?") is None
    assert bench.ask(":SYST:ERR?").startswith("-222")
