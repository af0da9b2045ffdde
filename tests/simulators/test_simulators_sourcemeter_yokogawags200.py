import pytest
from ohmic_bench import OhmicBench

from simulators.sourcemeter_yokogawags200 import YokogawaGS200, engineering

NO_ERROR = '0,"No error"'


class Bench(OhmicBench[YokogawaGS200]):
    """A GS200 on the wiring and an ohmic contact, with its clock in hand."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(YokogawaGS200, seed)

    @property
    def current_A(self) -> float:
        return self.world.wiring.source_A.at(self.clock.now_s())


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def sourcing(bench: Bench) -> Bench:
    bench.send(":SOUR:FUNC CURR;RANG 1E-3;LEV 0", ":SOUR:PROT:VOLT 12", ":OUTP ON")
    return bench


@pytest.mark.parametrize(
    ("value", "text"),
    [(30.0, "+30E+0"), (1.0, "+1E+0"), (0.0, "+0E+0"), (438.55e-6, "+438.55E-6"), (-1e-3, "-1E-3"), (0.2, "+200E-3")],
)
def test_numbers_have_engineering_exponents(value: float, text: str) -> None:
    assert engineering(value) == text
    assert float(text) == value


def test_limiter_answers_its_bounds_as_the_manual_prints_them(bench: Bench) -> None:
    assert bench.ask(":SOUR:PROT:VOLT? MIN") == "+1E+0"
    assert bench.ask(":SOURce:PROTection:VOLTage? MAXimum") == "+30E+0"


@pytest.mark.parametrize(
    ("setting", "query", "reply"),
    [
        (":SOURce:FUNCtion CURRent", ":SOUR:FUNC?", "CURR"),
        (":SOUR:RANG 100E-3", ":SOUR:RANG?", "+100E-3"),
        (":SOUR:RANG MIN;RANG UP", ":SOUR:RANG?", "+100E-3"),
        (":SOUR:LEV:AUTO 1.5", ":SOUR:LEV?;RANG?", "+1.5E+0;+10E+0"),
        (":SOUR:PROT:VOLT 14", ":SOUR:PROT:VOLT?", "+14E+0"),
        (":SOUR:PROT:CURR 1E-3", ":SOUR:PROT:CURR?", "+1E-3"),
        (":PROG:INT 2;SLOP 2;REP 1", ":PROG:INT?;SLOP?;REP?", "2.0;2.0;1"),
        (":SENS:REM ON", ":SENS:REM?", "1"),
        ("OUTPut:STATe 1", "OUTPut:STATe?", "1"),
    ],
)
def test_settings_are_kept(bench: Bench, setting: str, query: str, reply: str) -> None:
    bench.send(setting)
    assert bench.ask(query) == reply
    assert bench.ask(":SYST:ERR?") == NO_ERROR


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (":SOUR:VOLT 1", -113),
        (":MEAS?", -113),
        (":SOUR:LEV", -109),
        (":SOUR:LEV 1.3", -222),
        (":SOUR:PROT:VOLT 0.5", -222),
        (":PROG:RUN", -221),
    ],
)
def test_errors_are_queued_and_not_answered(bench: Bench, message: str, number: int) -> None:
    assert bench.box.answer(message) is None
    assert int(bench.ask("*STB?")) & 4
    assert int(bench.ask(":SYST:ERR?").split(",")[0]) == number
    assert bench.ask(":SYST:ERR?") == NO_ERROR


def test_level_goes_to_120_per_cent_of_the_range_in_ten_nanoampere(sourcing: Bench) -> None:
    sourcing.send(":SOUR:LEV 1.2E-3", ":SOUR:LEV 1.234567E-4")
    assert sourcing.ask(":SOUR:LEV?") == "+123.46E-6"
    sourcing.send(":SOUR:LEV 1.21E-3")
    assert sourcing.ask(":SYST:ERR?").startswith("-222")


def test_level_flows_through_the_contact(sourcing: Bench) -> None:
    sourcing.send(":SOUR:LEV 4E-4")
    sourcing.clock.sleep(1.0)
    assert sourcing.current_A == pytest.approx(4e-4, abs=2e-7)


def test_limiter_shows_in_the_condition_register_and_latches_in_the_event_register(sourcing: Bench) -> None:
    sourcing.send(":SOUR:PROT:VOLT 1", ":SOUR:LEV 4E-4")
    assert int(sourcing.ask(":STAT:COND?")) & 0xF00 == 2048 | 256
    sourcing.send(":SOUR:LEV -4E-4")
    assert int(sourcing.ask(":STAT:COND?")) & 0xF00 == 1024 | 256
    sourcing.clock.sleep(1.0)
    assert sourcing.current_A == pytest.approx(-1.0 / 10_014.0, rel=0.01)
    assert int(sourcing.ask(":STAT:EVEN?")) & 32


def test_changing_the_function_switches_off(sourcing: Bench) -> None:
    sourcing.send(":SOUR:FUNC VOLT")
    assert sourcing.ask(":OUTP?") == "0"


def test_program_ramps_between_its_steps(sourcing: Bench) -> None:
    sourcing.send(":PROG:EDIT:STAR", ":SOUR:LEV 2E-4", ":SOUR:LEV -2E-4", ":PROG:EDIT:END", ":PROG:INT 4;SLOP 2")
    assert sourcing.ask(":PROG:COUN?") == "2"
    assert sourcing.ask(":SOUR:LEV?") == "+0E+0"
    sourcing.send(":PROG:RUN")
    levels_A = []
    for _ in range(9):
        sourcing.clock.sleep(1.0)
        levels_A.append(float(sourcing.ask(":SOUR:LEV?")))
    assert levels_A == pytest.approx([1e-4, 2e-4, 2e-4, 2e-4, 0.0, -2e-4, -2e-4, -2e-4, -2e-4], abs=3e-6)
    assert int(sourcing.ask(":STAT:EVEN?")) & (64 | 128) == 64 | 128


@pytest.mark.parametrize("stop", [":PROG:HOLD", ":SOUR:LEV 1E-5", ":OUTP OFF"])
def test_program_ends_where_it_is_stopped(sourcing: Bench, stop: str) -> None:
    sourcing.send(":PROG:EDIT:STAR;:SOUR:LEV 2E-4;:PROG:EDIT:END;:PROG:INT 4;SLOP 4;:PROG:RUN")
    sourcing.clock.sleep(1.0)
    sourcing.send(stop)
    held = sourcing.ask(":SOUR:LEV?")
    sourcing.clock.sleep(10.0)
    assert sourcing.ask(":SOUR:LEV?") == held


def test_smaller_range_takes_the_level_along(sourcing: Bench) -> None:
    sourcing.send(":SOUR:RANG 10E-3", ":SOUR:LEV 5E-3", ":SOUR:RANG 1E-3")
    assert sourcing.ask(":SOUR:LEV?") == "+1.2E-3"
