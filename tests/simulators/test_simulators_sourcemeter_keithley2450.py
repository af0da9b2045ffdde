import pytest
from ohmic_bench import CONTACT_OHM, OhmicBench

from simulators.sourcemeter_keithley2450 import Keithley2450

NO_ERROR = '0,"No error;0;0 0"'


class Bench(OhmicBench[Keithley2450]):
    """A Keithley 2450 on the wiring and an ohmic contact, with its clock in hand."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(Keithley2450, seed)

    def read(self) -> list[float]:
        return [float(text) for text in self.ask(':READ? "defbuffer1",SOUR,READ,SOURSTAT').split(",")]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def sourcing(bench: Bench) -> Bench:
    bench.send(":SOUR:FUNC CURR;:SOUR:CURR:RANG 1e-3;:SOUR:CURR:VLIM 12;:SENS:FUNC 'VOLT';:OUTP ON")
    return bench


@pytest.mark.parametrize(
    ("setting", "query", "reply"),
    [
        (":SOURCE:FUNCTION CURR", ":SOUR:FUNC?", "CURR"),
        (":SOUR:CURR:RANG 7e-4", ":SOURCE1:CURRENT:RANGE?", "1.000000E-03"),
        (":SOUR:CURR:RANG 1e-8", ":SOUR:CURR:RANG:AUTO?", "0"),
        (":SOUR:CURR:VLIM 12", ":SOURCE:CURRENT:VLIMIT:LEVEL?", "1.200000E+01"),
        (":SOUR:VOLT:ILIM 1e-3", ":SOUR:VOLT:ILIM?", "1.000000E-03"),
        (":SENS:FUNC 'VOLT'", ":SENS:FUNC?", '"VOLT:DC"'),
        (':FUNC "CURR"', ":SENS:FUNC?", '"CURR:DC"'),
        (":SENS:VOLT:NPLC 0.1", ":VOLT:NPLC?", "1.000000E-01"),
        (":VOLT:RSEN ON", ":SENSE1:VOLTAGE:DC:RSENSE?", "1"),
        (":SOUR:CURR:READ:BACK OFF", ":SOUR:CURR:READ:BACK?", "0"),
        (":OUTP:SMOD HIMP", ":OUTP:CURR:SMOD?;:OUTP:VOLT:SMOD?", "HIMP;HIMP"),
        (":ROUT:TERM REAR", ":ROUTE:TERMINALS?", "REAR"),
        (":SENS:VOLT:AVER:COUN 5", ":SENS:VOLT:AVER:COUN?", "5"),
    ],
)
def test_settings_are_kept(bench: Bench, setting: str, query: str, reply: str) -> None:
    bench.send(setting)
    assert bench.ask(query) == reply
    assert bench.ask(":SYST:ERR?") == NO_ERROR


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (":SENS:DATE?", -113),
        (":TRAC:FEED SENSE", -113),
        (":SOUR:CURR", -109),
        (":SOUR:CURR much", -104),
        (":SOUR:CURR 2", -222),
        (":SOUR:CURR:VLIM 0.01", -222),
        (':READ? "nobuffer"', -104),
        (':READ? "defbuffer1",WEIGHT', -104),
        (":FETC?", -221),
    ],
)
def test_errors_are_queued_and_not_answered(bench: Bench, message: str, number: int) -> None:
    assert bench.box.answer(message) is None
    assert int(bench.ask("*STB?")) & 4
    assert bench.ask(":SYST:ERR:COUN?") == "1"
    assert int(bench.ask(":SYST:ERR?").split(",")[0]) == number
    assert bench.ask(":SYST:ERR?") == NO_ERROR


def test_reading_holds_measured_current_voltage_and_the_state_of_the_source(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR 5e-4")
    sourcing.clock.sleep(1.0)
    current_A, voltage_V, status = sourcing.read()
    assert current_A == pytest.approx(5e-4, abs=3e-7)
    values = sourcing.world.wiring.values
    assert voltage_V == pytest.approx(current_A * (values.dc_arm_ohm + 4.0 + CONTACT_OHM), rel=1e-3)
    assert int(status) == 128


def test_without_elements_a_reading_is_what_the_sense_function_measures(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR 5e-4")
    sourcing.clock.sleep(1.0)
    assert float(sourcing.ask(":READ?")) == pytest.approx(5.0, rel=0.01)
    assert float(sourcing.ask(":MEAS:CURR?")) == pytest.approx(5e-4, rel=1e-3)
    assert float(sourcing.ask(":MEAS:RES?")) == pytest.approx(10_014.0, rel=5e-3)


def test_without_readback_the_programmed_level_is_the_source_value(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR:READ:BACK 0", ":SOUR:CURR 5e-4")
    assert sourcing.read()[0] == 5e-4


def test_limit_clamps_and_says_so(sourcing: Bench) -> None:
    sourcing.send(":SOUR:CURR:VLIM 2", ":SOUR:CURR 5e-4")
    sourcing.clock.sleep(1.0)
    _, voltage_V, status = sourcing.read()
    assert voltage_V == pytest.approx(2.0, rel=1e-3)
    assert int(status) == 128 | 32
    assert sourcing.ask(":SOUR:CURR:VLIM:TRIP?") == "1"
    sourcing.send(":SOUR:CURR 1e-5")
    assert sourcing.ask(":SOUR:CURR:VLIM:LEV:TRIP?") == "0"


def test_remote_sense_measures_between_the_taps(sourcing: Bench) -> None:
    sourcing.send(":SENS:VOLT:RSEN ON", ":SOUR:CURR 5e-4", ":SENS:VOLT:RANG 0.02")
    sourcing.send(":SOUR:CURR:VLIM 12")
    sourcing.clock.sleep(1.0)
    # 10 ohm, a thermal EMF of microvolts, 0.4 uV of offset a sigma
    assert sourcing.read()[1] == pytest.approx(0.0, abs=6e-3)
    assert int(sourcing.read()[2]) & 64


def test_reading_takes_its_integration_time(sourcing: Bench) -> None:
    # one cycle of 60 Hz, again for auto-zero, and again for the readback
    start_s = sourcing.clock.now_s()
    sourcing.read()
    assert sourcing.clock.now_s() - start_s == pytest.approx(3.0 / 60.0)


def test_changing_the_source_function_switches_off(sourcing: Bench) -> None:
    sourcing.send(":SOUR:FUNC VOLT")
    assert sourcing.ask(":OUTP?") == "0"


def test_readings_are_stored_in_buffers(sourcing: Bench) -> None:
    sourcing.send(':TRAC:MAKE "mine", 10', ":SOUR:CURR 1e-4", ":SENS:COUN 3")
    sourcing.clock.sleep(1.0)
    sourcing.ask(':READ? "mine"')
    assert sourcing.ask(':TRAC:ACT? "mine"') == "3"
    assert len(sourcing.ask(':TRAC:DATA? 1,3,"mine",SOUR,READ').split(",")) == 6
    assert float(sourcing.ask(':TRAC:STAT:AVER? "mine"')) == pytest.approx(1.0, rel=0.01)
    sourcing.send(':TRAC:CLE "mine"', ':TRAC:DEL "mine"')
    assert sourcing.box.answer(':TRAC:ACT? "mine"') is None


def test_voltage_source_drives_the_current_of_the_arm(bench: Bench) -> None:
    bench.send(":SOUR:VOLT:ILIM 1e-3;:SOUR:VOLT 2;:OUTP ON")
    bench.clock.sleep(1.0)
    assert float(bench.ask(":READ?")) == pytest.approx(2.0 / 10_014.0, rel=5e-3)


def test_linear_sweep_fills_its_buffer_with_both_ends(sourcing: Bench) -> None:
    sourcing.send(":SENS:FUNC 'CURR'", ":TRAC:MAKE 'mine', 100")
    sourcing.send(":SOUR:SWE:CURR:LIN 0,4e-4,5,0.1,1,AUTO,ON,OFF,'mine'", ":INIT", "*WAI")
    swept_A = [float(text) for text in sourcing.ask(":TRAC:DATA? 1,5,'mine',READ").split(",")]
    assert swept_A == pytest.approx([0.0, 1e-4, 2e-4, 3e-4, 4e-4], abs=5e-7)
    assert sourcing.clock.now_s() > 0.5
    assert float(sourcing.ask(":MEAS? 'mine'")) == pytest.approx(4e-4, abs=2e-7)


def test_sweep_without_its_ends_is_refused(sourcing: Bench) -> None:
    sourcing.send(":SOUR:SWE:CURR:LIN 0,4e-4")
    assert sourcing.ask(":SYST:ERR?").startswith("-109")
