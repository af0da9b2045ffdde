import pytest

from simulators.clock import VirtualClock
from simulators.cryogenics import helium4_insert
from simulators.cryogenics.cryostat import Cryostat
from simulators.temperature_itc503 import ASSUMED, ITC503


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.cryostat = Cryostat(1, 4.2, helium4_insert)
        self.box = ITC503(self.clock, self.cryostat, 1)

    def send(self, *lines: str) -> list[str | None]:
        return [self.box.answer(line) for line in lines]

    def number(self, query: str) -> float:
        reply = self.box.answer(query)
        assert reply is not None
        return float(reply[1:])


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def remote(bench: Bench) -> Bench:
    bench.send("C3")
    return bench


def test_status_says_all_in_one_line(bench):
    assert bench.send("X", "C3", "A1", "L1", "X") == ["X0A0C2S00H1L0", "C", "A", "L", "X0A1C3S00H1L1"]


def test_local_box_tells_but_does_not_obey(bench):
    assert bench.send("T10", "A1", "O5", "s1") == ["?T10", "?A1", "?O5", "?s1"]
    assert bench.number("R0") == 4.2


def test_heater_is_a_share_of_forty_volts_into_twenty_ohm(remote):
    remote.send("O50")
    assert remote.cryostat.heater_power_W(0.0) == pytest.approx(0.25 * 80.0, rel=1e-3)
    assert remote.number("R5") == pytest.approx(50.0, abs=0.1)
    assert remote.number("R6") == pytest.approx(20.0, abs=0.1)
    remote.send("M20")
    assert remote.cryostat.heater_power_W(0.0) == pytest.approx(0.25 * 20.0, rel=1e-3)


def test_output_is_refused_in_automatic(remote):
    assert remote.send("A1", "O50") == ["A", "?O50"]


def test_heater_switched_to_manual_keeps_its_output(remote):
    remote.send("P20", "I0.5", "T10", "A1")
    remote.clock.sleep(300.0)
    before = remote.number("R5")
    assert remote.send("A0") == ["A"]
    assert remote.number("R5") == pytest.approx(before, abs=0.2)


def test_proportional_band_is_the_error_for_the_full_output(remote):
    remote.send("P10", "I0", "D0", "T6", "A1")
    error_K = 6.0 - remote.cryostat.sample_temperature_K(0.0)
    assert remote.number("R5") == pytest.approx(10.0 * error_K, abs=1.0)


def test_temperature_is_held(remote):
    remote.send("P20", "I0.5", "T10", "A1")
    remote.clock.sleep(600.0)
    assert remote.number("R1") == pytest.approx(10.0, abs=0.02)
    assert remote.number("R4") == pytest.approx(10.0 - remote.number("R1"), abs=1e-3)
    assert remote.number("R3") == pytest.approx(4.2, rel=0.02)


def test_sweep_goes_through_its_steps_and_ends(remote):
    for step, (goal, sweep, hold) in enumerate([("6", "2", "1"), ("8", "1", "0")], 1):
        for column, value in enumerate((goal, sweep, hold), 1):
            assert remote.send(f"x{step}", f"y{column}", f"s{value}") == ["x", "y", "s"]
    assert remote.send("S1", "X") == ["S", "X0A0C3S01H1L0"]
    remote.clock.sleep(60.0)
    assert remote.number("R0") == pytest.approx(5.1, abs=1e-2)
    remote.clock.sleep(61.0)
    assert remote.send("X") == ["X0A0C3S02H1L0"]
    assert remote.number("R0") == 6.0
    remote.clock.sleep(90.0)
    assert remote.send("X") == ["X0A0C3S03H1L0"]
    assert remote.number("R0") == pytest.approx(7.0, abs=0.1)
    remote.clock.sleep(60.0)
    assert remote.send("X") == ["X0A0C3S00H1L0"]
    assert remote.number("R0") == 8.0


def test_sweep_is_stopped_where_it_is(remote):
    remote.send("x1", "y1", "s6.2", "y2", "s2", "S1")
    remote.clock.sleep(60.0)
    assert remote.send("S0") == ["S"]
    remote.clock.sleep(300.0)
    assert remote.number("R0") == pytest.approx(5.2, abs=1e-2)
    assert remote.send("X") == ["X0A0C3S00H1L0"]


def test_tables_read_back(remote):
    for letters, query, value in (
        (("x3", "y1", "s77.35"), "r", 77.35),
        (("w",), "r", 0.0),
        (("x2", "y2", "p12.5"), "q", 12.5),
        (("x64", "v9.5"), "t", 9.5),
        (("x6", "c0.5"), "d", 0.5),
    ):
        assert remote.send(*letters) == [letter[0] for letter in letters]
        assert remote.number(query) == value


@pytest.mark.parametrize("line", ["x0", "x99", "x200"])
def test_pointer_outside_of_the_table_is_refused_where_it_is_used(remote, line):
    remote.send(line, "y1")
    assert remote.send("s4.2") == ["?s4.2"]


def test_automatic_gains_follow_the_setpoint(remote):
    remote.send("L1", "T150")
    assert [remote.number(query) for query in ("R8", "R9", "R10")] == [100.0, 10.0, 1.0]
    remote.send("T4")
    assert [remote.number(query) for query in ("R8", "R9", "R10")] == [20.0, 0.5, 0.0]


def test_gas_flow_cools(remote):
    remote.send("O20", "A0")
    remote.clock.sleep(300.0)
    warm = remote.number("R2")
    remote.send("G99.9")
    remote.clock.sleep(300.0)
    assert remote.number("R7") == pytest.approx(99.9)
    assert remote.number("R2") < warm


@pytest.mark.parametrize("line", ["A7", "H2", "R99", "P-1", "T2000", "O100", "G100", "F99", "L2", "S40"])
def test_impossible_settings_come_back_behind_a_question_mark(remote, line):
    assert remote.box.answer(line) == f"?{line}"


def test_broken_sensor_reads_zero(bench):
    bench.box.set_sensor_broken(True)
    assert bench.number("R1") == 0.0


def test_power_cycle_comes_back_local_with_the_heater_at_zero(remote):
    remote.send("Q2", "T10", "A1")
    remote.box.switch_off()
    remote.clock.sleep(3.0)
    remote.box.switch_on()
    assert remote.send("X") == ["X0A0C0S00H1L0"]
    assert remote.box.terminator == b"\r"
    assert remote.cryostat.heater_power_W(3.0) < 0.05


def test_assumed_replies_are_listed():
    assert "R" in ASSUMED
