import pytest

from simulators.clock import VirtualClock
from simulators.cryogenics.helium_bath import HeliumBath
from simulators.cryogenics.magnet import MagnetCoil
from simulators.cryogenics.magnet_circuit import Switch
from simulators.magnet_mercuryips import ASSUMED, LevelBoard, MercuryiPS

SWITCH = Switch(heating_s=15.0, cooling_s=20.0)


class Bench:
    def __init__(self, switch: Switch | None = SWITCH, firmware: str = "2.5.08.000") -> None:
        self.clock = VirtualClock()
        self.coil = MagnetCoil(1)
        self.noun = "PSU" if firmware.startswith("2.5") else "SPSU"
        self.box = MercuryiPS(self.clock, {"Z": self.coil}, switch, firmware)

    def read(self, noun: str) -> str:
        prefix = f"STAT:DEV:GRPZ:{self.noun}:{noun}:"
        reply = self.box.answer(f"READ:DEV:GRPZ:{self.noun}:{noun}")
        assert reply is not None
        assert reply.startswith(prefix)
        return reply.removeprefix(prefix)

    def set(self, noun: str, value: str) -> str:
        command = f"SET:DEV:GRPZ:{self.noun}:{noun}:{value}"
        reply = self.box.answer(command)
        assert reply is not None
        assert reply.startswith(f"STAT:{command}:")
        return reply.removeprefix(f"STAT:{command}:")

    def go(self, field_T: float, rate_T_per_min: float = 0.5) -> None:
        for noun, value in (("SIG:RFST", rate_T_per_min), ("SIG:FSET", field_T), ("ACTN", "RTOS")):
            assert self.set(noun, f"{value}") == "VALID"
        self.clock.sleep(60.0 * abs(field_T) / rate_T_per_min + 1.0)

    def persist(self) -> None:
        self.set("SIG:SWHT", "OFF")
        self.clock.sleep(21.0)
        self.set("ACTN", "RTOZ")
        self.clock.sleep(200.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_says_who_it_is(bench):
    assert bench.box.answer("*IDN?") == "IDN:OXFORD INSTRUMENTS:MERCURY IPS:141350034:2.5.08.000"


def test_values_carry_their_units(bench):
    bench.go(0.5902)
    assert bench.read("SIG:FLD").endswith("T")
    assert float(bench.read("SIG:FLD")[:-1]) == pytest.approx(0.5902, abs=1e-3)
    assert float(bench.read("SIG:CURR").removesuffix("A")) == pytest.approx(5.0, abs=2e-3)
    assert bench.read("SIG:FSET") == "0.5902T"
    assert bench.read("SIG:RFST") == "0.5000T/m"
    assert float(bench.read("SIG:RCST").removesuffix("A/m")) == pytest.approx(0.5 / 0.11806, abs=1e-3)
    assert float(bench.read("ATOB")) == pytest.approx(1.0 / 0.11806, abs=1e-3)
    assert bench.read("STAT") == "00000000"


def test_activity_goes_back_to_hold_at_the_target(bench):
    bench.set("SIG:RFST", "0.5")
    bench.set("SIG:FSET", "0.5")
    assert [bench.read("ACTN"), bench.set("ACTN", "RTOS"), bench.read("ACTN")] == ["HOLD", "VALID", "RTOS"]
    bench.clock.sleep(61.0)
    assert bench.read("ACTN") == "HOLD"
    bench.set("SIG:FSET", "0.1")
    bench.clock.sleep(61.0)
    assert float(bench.read("SIG:FLD")[:-1]) == pytest.approx(0.5, abs=1e-3)


def test_question_mark_at_the_end_is_allowed(bench):
    assert bench.box.answer("READ:DEV:GRPZ:PSU:ACTN?") == "STAT:DEV:GRPZ:PSU:ACTN:HOLD"


def test_newer_firmware_calls_the_supply_another_name():
    bench = Bench(firmware="2.6.04.000")
    assert bench.read("ACTN") == "HOLD"
    assert bench.box.answer("READ:DEV:GRPZ:PSU:ACTN") == "STAT:DEV:GRPZ:PSU:ACTN:INVALID"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("FROB:DEV:GRPZ", "FROB:INVALID"),
        ("read:DEV:GRPZ:PSU:ACTN", "read:INVALID"),
        ("READ:FROB:GRPZ", "STAT:FROB:INVALID"),
        ("READ:DEV:GRPX:PSU:ACTN", "STAT:DEV:GRPX:NOT_FOUND"),
        ("READ:DEV:GRPZ:PSU:SIG:FROB", "STAT:DEV:GRPZ:PSU:SIG:FROB:INVALID"),
        ("READ:DEV:GRPZ:PSU:sig:FLD", "STAT:DEV:GRPZ:PSU:sig:FLD:INVALID"),
        ("SET:DEV:GRPX:PSU:ACTN:HOLD", "STAT:SET:DEV:GRPX:NOT_FOUND"),
        ("SET:DEV:GRPZ:PSU:ACTN:FROB", "STAT:SET:DEV:GRPZ:PSU:ACTN:FROB:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:FSET:much", "STAT:SET:DEV:GRPZ:PSU:SIG:FSET:much:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:FSET:99", "STAT:SET:DEV:GRPZ:PSU:SIG:FSET:99:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:FSET:nan", "STAT:SET:DEV:GRPZ:PSU:SIG:FSET:nan:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:RFST:0", "STAT:SET:DEV:GRPZ:PSU:SIG:RFST:0:INVALID"),
        ("SET:DEV:GRPZ:PSU:SIG:FLD:1", "STAT:SET:DEV:GRPZ:PSU:SIG:FLD:1:INVALID"),
        ("READ:" + "X" * 1100, "INVALID"),
    ],
)
def test_what_is_not_understood_is_said_to_be_invalid(bench, line, reply):
    assert bench.box.answer(line) == reply


def test_catalogue_names_the_axis(bench):
    assert ":DEV:GRPZ:PSU" in bench.box.answer("READ:SYS:CAT")


def test_persistent_magnet_keeps_its_field(bench):
    bench.go(0.5)
    bench.persist()
    assert bench.read("SIG:SWHT") == "OFF"
    assert float(bench.read("SIG:FLD")[:-1]) == pytest.approx(0.0, abs=1e-3)
    assert float(bench.read("SIG:PFLD")[:-1]) == pytest.approx(0.5, abs=1e-3)
    assert float(bench.read("SIG:PCUR")[:-1]) == pytest.approx(0.5 / 0.11806, abs=2e-3)


def test_heater_is_denied_while_currents_differ_but_can_be_forced(bench):
    bench.go(0.5)
    bench.persist()
    assert [bench.set("SIG:SWHT", "ON"), bench.set("SIG:SWHN", "ON")] == ["DENIED", "VALID"]
    bench.clock.sleep(30.0)
    assert bench.read("STAT") == "00000100"


def test_clamp_is_left_by_hold_only(bench):
    assert [bench.set("ACTN", word) for word in ("CLMP", "RTOS", "HOLD", "RTOS")] == [
        "VALID",
        "DENIED",
        "VALID",
        "VALID",
    ]
    bench.go(0.5)
    assert bench.set("ACTN", "CLMP") == "DENIED"


def test_magnet_without_a_switch_has_no_heater():
    bench = Bench(switch=None)
    assert [bench.read("SIG:SWHT"), bench.set("SIG:SWHT", "ON")] == ["N/A", "DENIED"]


def test_quench_is_a_bit_that_latches(bench):
    bench.go(0.5)
    bench.coil.quench(bench.clock.now_s())
    assert [bench.read("STAT"), bench.set("ACTN", "RTOS"), bench.set("ACTN", "HOLD")] == [
        "00000100",
        "DENIED",
        "DENIED",
    ]
    bench.clock.sleep(30.0)
    assert [bench.set("ACTN", "HOLD"), bench.read("STAT")] == ["VALID", "00000000"]


def test_magnet_temperature_is_told(bench):
    assert bench.box.answer("READ:DEV:MB1.T1:TEMP:SIG:TEMP?") == "STAT:DEV:MB1.T1:TEMP:SIG:TEMP:4.2000K"


def test_power_cycle_keeps_a_persistent_current(bench):
    bench.go(0.5)
    bench.persist()
    bench.box.switch_off()
    bench.clock.sleep(3.0)
    bench.box.switch_on()
    assert bench.read("ACTN") == "HOLD"
    assert float(bench.read("SIG:PFLD")[:-1]) == pytest.approx(0.5, abs=1e-3)


def test_assumed_replies_are_listed():
    assert "SIG:PFLD" in ASSUMED


def test_level_board_shows_the_bath_and_the_dry_part_of_its_probe() -> None:
    clock = VirtualClock()
    boards = {"DB5.L1": LevelBoard(clock, HeliumBath())}
    box = MercuryiPS(clock, {"Z": MagnetCoil(1)}, SWITCH, level_boards=boards)
    level = "STAT:DEV:DB5.L1:LVL:SIG:HEL:LEV:90.0000%"
    assert box.answer("READ:DEV:DB5.L1:LVL:SIG:HEL:LEV") == level
    assert box.answer("READ:DEV:DB5.L1:LVL:SIG:HEL") == f"{level}:RES:11.0000O"
    clock.sleep(24 * 3600.0)
    assert box.answer("READ:DEV:DB5.L1:LVL:SIG:HEL:LEV") == "STAT:DEV:DB5.L1:LVL:SIG:HEL:LEV:76.0000%"
    assert box.answer("READ:DEV:DB5.L1:LVL:SIG:FLD") == "STAT:DEV:DB5.L1:LVL:SIG:FLD:INVALID"
    assert ":DEV:DB5.L1:LVL:" in str(box.answer("READ:SYS:CAT"))
