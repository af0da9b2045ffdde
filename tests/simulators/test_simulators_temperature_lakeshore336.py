import pytest

from simulators.clock import VirtualClock
from simulators.cryogenics import helium3_insert
from simulators.cryogenics.cryostat import Cryostat
from simulators.temperature_lakeshore336 import ASSUMED, LakeShore336


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.cryostat = Cryostat(1, 1.3, helium3_insert)
        self.box = LakeShore336(self.clock, self.cryostat, 1)

    def send(self, *lines: str) -> list[str | None]:
        return [self.box.answer(line) for line in lines]

    def number(self, query: str) -> float:
        reply = self.box.answer(query)
        assert reply is not None
        return float(reply)


def words(reply: str | None) -> list[float | str]:
    """A reply's parts, numbers as numbers: how many digits the box writes is not confirmed."""
    assert reply is not None
    found: list[float | str] = []
    for word in reply.split(","):
        try:
            found.append(float(word))
        except ValueError:
            found.append(word.strip())
    return found


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_numbers_have_a_sign_a_point_and_six_digits(bench):
    reply = bench.box.answer("KRDG? A")
    assert len(reply) == 8
    assert reply[0] == "+"
    assert float(reply) == pytest.approx(bench.cryostat.sample_temperature_K(0.0), rel=0.02)


def test_all_inputs_are_read_at_once(bench):
    sample, pot, plate, bath = (float(word) for word in bench.box.answer("KRDG? 0").split(","))
    assert (plate, bath) == (pytest.approx(1.2, rel=0.02), pytest.approx(4.2, rel=0.02))
    assert sample == pytest.approx(pot, rel=0.03)
    assert len(bench.box.answer("SRDG? 0").split(",")) == 4


def test_celsius_is_kelvin_less_273(bench):
    assert bench.number("CRDG? D") == pytest.approx(4.2 - 273.15, abs=0.1)


def test_ranges_are_1_10_and_100_per_cent_of_the_power(bench):
    bench.send("OUTMODE 1,3,1,0", "MOUT 1,50")
    powers_W = []
    for index in range(4):
        bench.send(f"RANGE 1,{index}")
        powers_W.append(bench.cryostat.heater_power_W(0.0))
    # half of 0.1 A through 50 ohm
    assert powers_W == pytest.approx([0.0, 1.25e-3, 12.5e-3, 0.125], rel=1e-3)


def test_limit_of_the_heater_current_is_preset_or_the_users(bench):
    bench.send("OUTMODE 1,3,1,0", "MOUT 1,50", "RANGE 1,3", "HTRSET 1,1,2,0,1")
    assert bench.cryostat.heater_power_W(0.0) == pytest.approx(0.25 * 25.0, rel=1e-3)
    assert words(bench.box.answer("HTRSET? 1")) == [1, 2, 0, 1]


def test_loop_is_gain_times_error(bench):
    bench.send("PID 1,50,0,0", "SETP 1,1.8", "RANGE 1,3")
    error_K = 1.8 - bench.cryostat.sample_temperature_K(0.0)
    assert bench.number("HTR? 1") == pytest.approx(50.0 * error_K, abs=1.0)


def test_reset_counts_in_thousandths_of_a_hertz(bench):
    # an error of about 0.5 K, 10 %/K, reset 20 is 50 s: a tenth of a per cent a second
    bench.send("PID 1,10,20,0", "HTRSET 1,2,0,0.001,1", "SETP 1,1.8", "RANGE 1,1")
    bench.clock.sleep(1.0)
    before, before_K = bench.cryostat.heater_fraction(1.0), bench.cryostat.stage_temperatures_K(1.0).sample_K
    after, after_K = bench.cryostat.heater_fraction(3.0), bench.cryostat.stage_temperatures_K(3.0).sample_K
    error_K = 1.8 - 0.5 * (before_K + after_K)
    assert after - before == pytest.approx(0.1 * (before_K - after_K) + 2.0 * 0.1 * error_K / 50.0, rel=0.05)


def test_setpoint_ramps(bench):
    bench.send("SETP 1,1.5", "RAMP 1,1,0.6", "SETP 1,2.1")
    bench.clock.sleep(30.0)
    assert bench.number("SETP? 1") == pytest.approx(1.8, abs=1e-3)
    assert [words(reply) for reply in bench.send("RAMPST? 1", "RAMP? 1")] == [[1], [1, 0.6]]
    bench.clock.sleep(31.0)
    assert [words(reply) for reply in bench.send("RAMPST? 1", "SETP? 1")] == [[0], [2.1]]


@pytest.mark.parametrize(
    ("line", "query", "reply"),
    [
        ("PID 1,123.4,56.7,89", "PID? 1", "+0123.4,+0056.7,+089.0"),
        ("RANGE 2,1", "RANGE? 2", "1"),
        ("RANGE 3,1", "RANGE? 3", "1"),
        ("OUTMODE 2,1,2,1", "OUTMODE? 2", "1,2,1"),
        ("OUTMODE 4,4,3,0", "OUTMODE? 4", "4,3,0"),
        ("MOUT 2,12.5", "MOUT? 2", "+12.5000"),
        ("INTYPE B,1,0,1,0,2", "INTYPE? B", "1,0,1,0,2"),
        ('INNAME A,"Point contact"', "INNAME? A", "Point contact  "),
        ("INCRV C,22", "INCRV? C", "22"),
        ("TLIMIT A,310", "TLIMIT? A", "+310.000"),
        ("FILTER A,1,16,5", "FILTER? A", "1,16,05"),
        ("ALARM A,1,300,1,0.5,0,0,1", "ALARM? A", "1,+300.000,+1.00000,+0.50000,0,0,1"),
        ("ANALOG 3,1,1,300,0,0", "ANALOG? 3", "1,1,+300.000,+0.00000,0"),
        ("WARMUP 3,1,50.5", "WARMUP? 3", "1,+050.5"),
        ("RELAY 1,1,,", "RELAYST? 1", "1"),
        ("ZONE 1,1,25,10,20,0,0,2,1,10", "ZONE? 1,1", "+25.0000,+0010.0,+0020.0,+000.0,+0.00000,2,1,+010.0"),
        ("BRIGT 3", "BRIGT?", "3"),
        ("LOCK 1,123", "LOCK?", "1,123"),
        ("*ESE 60", "*ESE?", "060"),
        ("DIOCUR B,1", "DIOCUR? B", "1"),
    ],
)
def test_settings_read_back(bench, line, query, reply):
    silence, told, status = bench.send(line, query, "*ESR?")
    assert (silence, words(told), status) == (None, words(reply), "000")


@pytest.mark.parametrize("line", ["RANGE 1,4", "PID 3,1,1,1", "OUTMODE 1,1,2,0", "KRDG? E", "SETP 1,-1", "RANGE 3,2"])
def test_impossible_settings_are_execution_errors(bench, line):
    assert bench.send(line, "*ESR?") == [None, "016"]


def test_unknown_commands_are_met_by_silence(bench):
    assert bench.send("FROB", "FROB?", "*ESR?", "*ESR?") == [None, None, "032", "000"]


def test_commands_may_share_a_line(bench):
    assert bench.send("RANGE 1,2;RANGE? 1;*ESR?", "RANGE 1,0;RANGE 2,0;RANGE 3,0;RANGE 4,0") == ["2;000", None]


def test_broken_sensor_reads_zero_and_says_so(bench):
    bench.box.set_sensor_broken(True)
    assert [words(reply) for reply in bench.send("RDGST? A", "KRDG? A", "RDGST? B")] == [[64], [0], [0]]


def test_open_heater_is_told_while_it_is_on(bench):
    bench.cryostat.set_heater_open(0.0, True)
    assert bench.send("HTRST? 1", "RANGE 1,1", "HTRST? 1") == ["0", None, "1"]


def test_power_cycle_comes_back_with_the_heater_off(bench):
    bench.send("SETP 1,2", "RANGE 1,3")
    bench.box.switch_off()
    bench.clock.sleep(3.0)
    bench.box.switch_on()
    assert [words(reply) for reply in bench.send("RANGE? 1", "SETP? 1", "*ESR?")] == [[0], [2], [128]]
    assert bench.cryostat.heater_power_W(3.0) == 0.0


def test_assumed_replies_are_listed():
    assert {"*IDN?", "OUTMODE?", "SRDG?"} <= ASSUMED
