"""Stations: what is read, what is refused, which limits come out."""

import json
from pathlib import Path

import pytest

from acquisition.errors import InputError
from acquisition.planning.boxes import LockInModel
from acquisition.station_file import Station, load_station, parse_station, simulated_station

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "station.toml"


def complaint(old: str, new: str) -> str:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError) as caught:
        parse_station(text.replace(old, new, 1), "my.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_simulated_station_comes_with_the_program() -> None:
    station = simulated_station()
    assert station.station.name == "simulated"
    assert station.lockin.model is LockInModel.SR830


def test_example_is_the_simulated_rack_by_another_name() -> None:
    example, simulated = load_station(EXAMPLE).to_dict(), simulated_station().to_dict()
    assert example.pop("station") != simulated.pop("station")
    assert example == simulated


def test_station_survives_the_run_file() -> None:
    station = simulated_station()
    assert Station.from_dict(json.loads(json.dumps(station.to_dict())), station.where) == station


def test_hard_limits_come_out_as_limits() -> None:
    station = simulated_station()
    assert station.magnet.limits.allows(-9.0)
    assert not station.magnet.limits.allows(9.01)
    assert not station.temperature.limits.allows(0.01)
    assert not station.contact.bias_limits.allows(float("nan"))
    assert not station.contact.current_limits.allows(1e-3)
    assert not station.magnet.rate_limits.allows(1.0)


def test_field_ramps_slower_in_the_cold() -> None:
    magnet = simulated_station().magnet
    assert magnet.ramp_rate_T_per_min(0.1) == 0.1
    assert magnet.ramp_rate_T_per_min(1.0) == magnet.rate_T_per_min > 0.1


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ('model = "SR830"', 'model = "SR8300"', "lockin.model", "expected one of 'SR830'"),
        ("maximum_T = 9.0", "maximum_kG = 90", "magnet.maximum_kG", "expected in tesla: write 'maximum_T'"),
        ("maximum_T = 9.0", "maximum_T = -9.0", "magnet.maximum_T", "more than 0 in tesla"),
        ("minimum_K = 0.02", "minimum_K = 20.0", "temperature", "minimum_K = 20 is above maximum_K = 10"),
        ("channel = 1 ", "channel = 17 ", "temperature.channel", "at most 16"),
        ("compliance_V = 10.0", "", "sourcemeter.compliance_V", "is missing; expected compliance voltage"),
        ("has_contact = true", 'has_contact = "yes"', "stage[0].has_contact", "got 'yes'"),
        ("GPIB0::24::INSTR", "GPIB0::8::INSTR", "sourcemeter.address", "is taken by [lockin]"),
        ("ac_arm_ohm", "ac_arm_kohm", "circuit.ac_arm_kohm", "expected in ohm: write 'ac_arm_ohm'"),
        ("at_K = 0.02", "at_K = 0", "stage[0].cooling[0].at_K", "more than 0 in kelvin"),
    ],
)
def test_mistake_is_refused_in_one_line(old: str, new: str, field: str, words: str) -> None:
    line = complaint(old, new)
    assert line.startswith(f"my.toml: {field}: ")
    assert words in line


HELIUM = '[[interlock]]\non = "helium_fraction"\nbelow = 0.3\naction = "pause"\nguidance = "transfer"\n'
MERCURY = ('model = "AMI430"', 'model = "MercuryiPS"\nlevel_board = "DB5.L1"')


def test_rule_on_the_helium_is_refused_where_no_box_reads_it() -> None:
    said = complaint("[[stage]]", f"{HELIUM}[[stage]]")
    assert "interlock[0]: no box of this station reads the helium" in said
    text = EXAMPLE.read_text(encoding="utf-8").replace(*MERCURY)
    assert parse_station(text.replace("[[stage]]", f"{HELIUM}[[stage]]", 1), "my.toml").magnet.level_board == "DB5.L1"


def test_level_board_of_a_supply_that_has_none_is_refused() -> None:
    assert "the AMI430 has no level meter" in complaint('model = "AMI430"', 'model = "AMI430"\nlevel_board = "DB5.L1"')
