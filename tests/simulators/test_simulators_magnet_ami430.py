import pytest

from simulators.clock import VirtualClock
from simulators.cryogenics.magnet import MagnetCoil
from simulators.cryogenics.magnet_circuit import Switch
from simulators.magnet_ami430 import AMI430, ASSUMED


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.coil = MagnetCoil(1)
        self.box = AMI430(self.clock, self.coil)

    def send(self, *lines: str) -> list[str | None]:
        return [self.box.answer(line) for line in lines]

    def number(self, query: str) -> float:
        reply = self.box.answer(query)
        assert reply is not None
        return float(reply)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_two_lines_greet():
    assert Bench().box.greeting == "American Magnetics Model 430 IP Interface\r\nHello."
    assert Bench().box.terminator == b"\r\n"


def test_ramp_in_tesla_and_minutes(bench):
    bench.send("CONF:FIELD:UNITS 1", "CONF:RAMP:RATE:UNITS 1", "CONF:RAMP:RATE:FIELD 1,0.1,9", "CONF:FIELD:TARG 0.5")
    assert bench.send("RAMP", "STATE?") == [None, "1"]
    bench.clock.sleep(150.0)
    assert bench.number("FIELD:MAG?") == pytest.approx(0.25, abs=1e-4)
    # L di/dt + i R: 0.1 T/min is 14.117 mA/s, 0.25 T is 2.1176 A
    assert bench.number("VOLT:SUPP?") == pytest.approx(10.0 * 0.014117 + 0.005 * 2.1176, abs=6e-3)
    bench.clock.sleep(151.0)
    assert bench.send("STATE?") == ["2"]
    assert bench.number("FIELD:MAG?") == pytest.approx(0.5, abs=1e-4)


def test_units_are_kilogauss_and_seconds_at_first(bench):
    assert bench.send("FIELD:UNITS?", "RAMP:RATE:UNITS?") == ["0", "0"]
    assert bench.number("COIL?") == pytest.approx(1.1806)
    bench.send("CONF:FIELD:UNITS 1")
    assert bench.number("COIL?") == pytest.approx(0.11806)


def test_targets_and_rates_are_told_in_the_units_asked_for(bench):
    bench.send("CONF:FIELD:TARG 10", "CONF:RAMP:RATE:CURR 1,0.05,80")
    assert bench.number("CURR:TARG?") == pytest.approx(10.0 / 1.1806, abs=1e-4)
    bench.send("CONF:FIELD:UNITS 1", "CONF:RAMP:RATE:UNITS 1")
    assert bench.number("FIELD:TARG?") == pytest.approx(1.0)
    rate, bound = bench.box.answer("RAMP:RATE:FIELD:1?").split(",")
    assert float(rate) == pytest.approx(0.05 * 60.0 * 0.11806)
    assert float(bound) == pytest.approx(80.0 * 0.11806)


def test_pause_holds_and_ramp_goes_on(bench):
    bench.send("CONF:RAMP:RATE:CURR 1,0.1,80", "CONF:CURR:TARG 10", "RAMP")
    bench.clock.sleep(20.0)
    bench.send("PAUSE")
    bench.clock.sleep(100.0)
    assert bench.send("STATE?") == ["3"]
    assert bench.number("CURR:MAG?") == pytest.approx(2.0, abs=1e-3)
    bench.send("RAMP")
    bench.clock.sleep(81.0)
    assert bench.send("STATE?") == ["2"]


def test_zero_ends_at_zero(bench):
    bench.send("CONF:RAMP:RATE:CURR 1,0.1,80", "CONF:CURR:TARG 5", "RAMP")
    bench.clock.sleep(60.0)
    assert bench.send("ZERO", "STATE?") == [None, "6"]
    bench.clock.sleep(55.0)
    assert bench.send("STATE?") == ["8"]


@pytest.mark.parametrize(("command", "state", "sign"), [("INCR", "4", 1.0), ("DECR", "5", -1.0)])
def test_manual_ramps_go_up_and_down(bench, command, state, sign):
    bench.send("CONF:RAMP:RATE:CURR 1,0.1,80", command)
    bench.clock.sleep(10.0)
    assert bench.send("STATE?") == [state]
    assert bench.number("CURR:MAG?") == pytest.approx(sign, abs=1e-3)


def test_long_and_short_forms_in_any_case_mean_the_same(bench):
    assert bench.send("configure:current:target 3", "CONF:CURR:TARG 3", "CURRENT:TARGET?", "curr:targ?") == [
        None,
        None,
        "3.0000",
        "3.0000",
    ]


def test_target_beyond_the_current_limit_is_refused(bench):
    assert bench.send("CONF:CURR:LIMIT 50", "CONF:CURR:TARG 60", "SYST:ERR?", "CURR:TARG?") == [
        None,
        None,
        '-105,"Value out of range"',
        "0.0000",
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("FROB", "-101"),
        ("CONF:CURR:TARG abc", "-102"),
        ("CONF:FIELD:UNITS 2", "-103"),
        ("CONF:CURR:TARG", "-104"),
        ("FROB?", "-201"),
        ("PS 1", "-107"),
    ],
)
def test_errors_are_queued_and_nothing_is_replied(bench, line, code):
    assert bench.box.answer(line) is None
    assert bench.box.answer("SYST:ERR?").split(",")[0] == code
    assert bench.box.answer("SYST:ERR?") == '0,"No errors"'


def test_error_queue_holds_ten_and_says_when_more_came(bench):
    bench.send(*["FROB"] * 12)
    codes = [reply.split(",")[0] for reply in bench.send(*["SYST:ERR?"] * 11)]
    assert codes == ["-101"] * 9 + ["-304", "0"]


def test_no_switch_is_fitted(bench):
    assert bench.send("PS?", "PSwitch?", "PS:INST?", "PERS?") == ["0"] * 4


def test_a_quench_latches_until_reset(bench):
    bench.send("CONF:RAMP:RATE:CURR 1,0.1,80", "CONF:CURR:TARG 5", "RAMP")
    bench.clock.sleep(60.0)
    bench.send("QU 1")
    bench.clock.sleep(10.0)
    assert bench.send("STATE?", "QU?", "QU:COUNT?", "RAMP", "STATE?") == ["7", "1", "1", None, "7"]
    assert bench.number("CURR:MAG?") == pytest.approx(0.0, abs=1e-3)
    assert bench.number("VOLT:SUPP?") == pytest.approx(0.0, abs=5e-3)
    assert bench.send("QU 0", "STATE?", "QU?") == [None, "3", "0"]


def test_a_ramp_beyond_the_wire_ends_in_a_quench(bench):
    bench.send("CONF:CURR:LIMIT 90", "CONF:RAMP:RATE:CURR 1,0.1,90", "CONF:CURR:TARG 85", "RAMP")
    bench.clock.sleep(850.0)
    assert bench.send("STATE?") == ["7"]


def test_assumed_replies_are_listed():
    assert "*IDN?" in ASSUMED


@pytest.fixture
def switched() -> Bench:
    bench = Bench()
    bench.box = AMI430(bench.clock, bench.coil, Switch(heating_s=15.0, cooling_s=20.0))
    bench.send("CONF:RAMP:RATE:CURR 1,0.1,80", "CONF:CURR:TARG 5", "RAMP")
    bench.clock.sleep(60.0)
    return bench


def test_switch_is_told_of(switched):
    replies = switched.send("PS:INST?", "PSwitch?", "PS:HTIME?", "PS:CTIME?", "PERS?", "STATE?")
    assert replies == ["1", "1", "15", "20", "0", "2"]


def test_switch_cools_and_the_magnet_is_persistent(switched):
    assert switched.send("PS 0", "STATE?", "PS?", "PERS?") == [None, "10", "0", "0"]
    switched.clock.sleep(21.0)
    assert switched.send("STATE?", "PERS?") == ["3", "1"]
    switched.send("ZERO")
    switched.clock.sleep(30.0)
    assert switched.send("STATE?") == ["8"]
    assert switched.number("CURR:SUPP?") == pytest.approx(0.0, abs=1e-3)
    assert switched.number("CURR:MAG?") == pytest.approx(5.0, abs=1e-3)
    assert switched.number("FIELD:MAG?") == pytest.approx(5.0 * 1.1806, abs=2e-3)


def test_switch_is_not_heated_while_currents_differ(switched):
    switched.send("PS 0")
    switched.clock.sleep(21.0)
    switched.send("ZERO")
    switched.clock.sleep(30.0)
    assert switched.send("PS 1", "SYST:ERR?", "PS?") == [None, '-105,"Value out of range"', "0"]


def test_matched_leads_open_the_switch(switched):
    switched.send("PS 0")
    switched.clock.sleep(21.0)
    switched.send("ZERO")
    switched.clock.sleep(30.0)
    switched.send("CONF:CURR:TARG 5", "RAMP")
    switched.clock.sleep(30.0)
    assert switched.send("STATE?", "PS 1", "STATE?", "RAMP", "STATE?") == ["2", None, "9", None, "9"]
    switched.clock.sleep(16.0)
    assert switched.send("STATE?", "PS?", "PERS?", "SYST:ERR?") == ["3", "1", "0", '0,"No errors"']
    assert switched.number("CURR:MAG?") == pytest.approx(5.0, abs=1e-3)


def test_switch_is_not_moved_during_a_ramp(switched):
    switched.send("CONF:CURR:TARG 10", "RAMP")
    assert switched.send("PS 0", "SYST:ERR?", "PS?") == [None, '-105,"Value out of range"', "1"]


def test_times_of_the_switch_are_settings(switched):
    switched.send("CONF:PS:HTIME 30", "CONF:PS:CTIME 600", "CONF:PS:CURR 45.5", "CONF:PS:PSRR 2")
    assert switched.send("PS:HTIME?", "PS:CTIME?", "PS:CURR?", "PS:PSRR?") == ["30", "600", "45.5000", "2.0000"]
    assert switched.send("CONF:PS:HTIME 3", "SYST:ERR?") == [None, '-105,"Value out of range"']


def test_persistent_current_outlives_the_supply(switched):
    switched.send("PS 0")
    switched.clock.sleep(21.0)
    switched.box.switch_off()
    switched.clock.sleep(60.0)
    switched.box.switch_on()
    assert switched.send("STATE?", "PERS?") == ["3", "1"]
    assert switched.number("CURR:MAG?") == pytest.approx(5.0, abs=1e-3)
