import pytest

from simulators.clock import VirtualClock
from simulators.cryogenics.magnet import MagnetCoil
from simulators.cryogenics.magnet_circuit import Switch
from simulators.magnet_ips120 import ASSUMED, IPS120, Variant

SWITCH = Switch(heating_s=15.0, cooling_s=20.0)


class Bench:
    def __init__(self, switch: Switch | None = SWITCH, variant: Variant = Variant.IPS120_10) -> None:
        self.clock = VirtualClock()
        self.coil = MagnetCoil(1)
        self.box = IPS120(self.clock, self.coil, switch, variant)

    def send(self, *lines: str) -> list[str | None]:
        return [self.box.answer(line) for line in lines]

    def number(self, query: str) -> float:
        reply = self.box.answer(query)
        assert reply is not None
        return float(reply[1:])

    def go(self, field_T: float, rate_T_per_min: float = 0.5) -> None:
        self.send("C3", f"T{rate_T_per_min}", f"J{field_T}", "A1")
        self.clock.sleep(60.0 * abs(field_T) / rate_T_per_min + 1.0)

    def persist(self) -> None:
        self.send("A0", "H0")
        self.clock.sleep(21.0)
        self.send("A2")
        self.clock.sleep(200.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_status_says_all_in_one_line(bench):
    assert bench.send("X", "C3", "J0.5", "T0.5", "A1", "X") == [
        "X00A0C2H1M10P03", "C", "J", "T", "A", "X00A1C3H1M11P03",
    ]  # fmt: skip
    bench.clock.sleep(61.0)
    assert bench.send("X", "A2", "X") == ["X00A1C3H1M10P03", "A", "X00A2C3H1M11P03"]


@pytest.mark.parametrize("line", ["A1", "J1", "I1", "S1", "T1", "H0", "M0", "F7", "P1"])
def test_local_box_tells_but_does_not_obey(bench, line):
    assert bench.send(line, "C3", line, "C1", line, "C0", line) == [
        f"?{line}", "C", line[0], "C", line[0], "C", f"?{line}",
    ]  # fmt: skip


def test_parameters_agree_with_each_other(bench):
    bench.go(0.5902)
    assert bench.number("R7") == pytest.approx(0.5902, abs=1e-3)
    assert bench.number("R8") == pytest.approx(0.5902, abs=1e-4)
    assert bench.number("R9") == pytest.approx(0.5)
    # 0.11806 T/A
    assert bench.number("R0") == bench.number("R2") == pytest.approx(4.999, abs=2e-3)
    assert bench.number("R5") == pytest.approx(0.5902 / 0.11806, abs=1e-3)
    assert bench.number("R6") == pytest.approx(0.5 / 0.11806, abs=1e-2)
    assert bench.number("R18") == pytest.approx(0.5902, abs=1e-3)
    assert [bench.number(f"R{n}") for n in (15, 21, 22, 23, 24)] == [5.0, -80.0, 80.0, 5.0, 10.0]


def test_voltage_is_inductance_times_rate_and_leads(bench):
    bench.send("C3", "T0.6", "J1", "A1")
    bench.clock.sleep(50.0)
    # 0.5 T in: 10 H times 84.70 mA/s, 5 mohm times 4.235 A
    assert bench.number("R1") == pytest.approx(10.0 * 0.08470 + 0.005 * 4.235, abs=0.01)


def test_extended_resolution_adds_a_digit(bench):
    bench.send("C3", "J0.12345")
    coarse_T, silence = bench.number("R8"), bench.box.answer("Q4")
    assert (abs(coarse_T - 0.12345) > 4e-5, silence, bench.number("R8")) == (True, None, 0.12345)


def test_set_point_that_changes_on_the_way_is_followed(bench):
    bench.send("C3", "T0.6", "J1", "A1")
    bench.clock.sleep(30.0)
    bench.send("J0.1")
    bench.clock.sleep(60.0)
    assert bench.number("R7") == pytest.approx(0.1, abs=1e-3)


def test_clamped_output_is_unclamped_by_hold(bench):
    assert bench.send("C3", "A4", "X", "A1", "A2", "A0", "A1") == [
        "C", "A", "X00A4C3H1M10P03", "?A1", "?A2", "A", "A",
    ]  # fmt: skip


def test_clamp_is_refused_under_current(bench):
    bench.go(0.5)
    assert bench.send("A4") == ["?A4"]


def test_persistent_magnet_keeps_its_field(bench):
    bench.go(0.5)
    bench.persist()
    assert bench.send("X") == ["X00A2C3H2M10P03"]
    assert bench.number("R7") == pytest.approx(0.0, abs=1e-3)
    assert bench.number("R18") == pytest.approx(0.5, abs=1e-3)
    assert bench.number("R20") == 0.0


def test_heater_is_refused_while_currents_differ_but_can_be_forced(bench):
    bench.go(0.5)
    bench.persist()
    assert bench.send("H1", "H2") == ["?H1", "H"]
    bench.clock.sleep(30.0)
    # 4.2 A through the switch: the magnet is gone
    assert bench.send("X") == ["X10A2C3H1M10P03"]


def test_heater_at_matched_currents_opens_the_switch(bench):
    bench.go(0.5)
    bench.persist()
    bench.go(0.5)
    assert bench.send("A0", "H1") == ["A", "H"]
    bench.clock.sleep(16.0)
    assert bench.send("X") == ["X00A0C3H1M10P03"]
    assert bench.number("R18") == pytest.approx(0.5, abs=1e-3)


def test_magnet_without_a_switch_refuses_the_heater():
    bench = Bench(switch=None)
    assert bench.send("C3", "H1", "X") == ["C", "?H1", "X00A0C3H8M10P03"]


def test_switch_that_is_shut_at_zero_says_so(bench):
    bench.send("C3", "H0")
    bench.clock.sleep(21.0)
    assert bench.send("X") == ["X00A0C3H0M10P03"]


def test_quench_is_the_first_digit_and_latches(bench):
    bench.go(0.5)
    bench.coil.quench(bench.clock.now_s())
    assert bench.send("X", "A1", "A0") == ["X10A1C3H1M10P03", "?A1", "?A0"]
    bench.clock.sleep(30.0)
    assert bench.number("R7") == pytest.approx(0.0, abs=1e-3)
    assert bench.number("R1") == pytest.approx(0.0, abs=5e-3)
    assert bench.send("A0", "X") == ["A", "X00A0C3H1M10P03"]


@pytest.mark.parametrize("line", ["A3", "J99", "I200", "R25", "H3", "M2", "C9", "T99"])
def test_impossible_settings_come_back_behind_a_question_mark(bench, line):
    bench.send("C3")
    assert bench.box.answer(line) == f"?{line}"


def test_older_box_counts_in_hundredths():
    bench = Bench(variant=Variant.PS120_10)
    bench.send("C3", "J50", "T50", "A1")
    bench.clock.sleep(61.0)
    version = bench.box.answer("V")
    assert version is not None
    assert version.startswith("PS120-10")
    assert [bench.number(query) for query in ("R8", "R9", "R7")] == [50, 50, 50]
    assert bench.coil.field_T(61.0) == pytest.approx(0.5, abs=1e-3)


def test_newer_box_in_legacy_mode_ends_its_status_early():
    bench = Bench(variant=Variant.MERCURY)
    assert bench.send("X") == ["X00A0C2H1M10"]


def test_power_cycle_comes_back_local_on_hold(bench):
    bench.go(0.5)
    bench.persist()
    bench.box.switch_off()
    bench.clock.sleep(3.0)
    bench.box.switch_on()
    assert bench.send("X") == ["X00A0C0H2M10P03"]
    assert bench.number("R18") == pytest.approx(0.5, abs=1e-3)


def test_assumed_replies_are_listed():
    assert "R" in ASSUMED
