from collections.abc import Iterator

import pytest

from acquisition.box_by_box import check_boxes, safe_station, safe_steps
from acquisition.clock import WallClock
from acquisition.station import simulated_options
from acquisition.station_file import Station, simulated_station
from instruments.lockin_sr830 import SR830
from simulators.fault_panel import FaultPanel, Order
from simulators.faults import Fault
from simulators.rack import IDEAL, LOCKIN_ADDRESS, MERCURY_ADDRESS, Rack, close_rack, open_rack

WALL = WallClock()


@pytest.fixture
def rack() -> Iterator[Rack]:
    opened = open_rack("cu1", 1)
    yield opened
    close_rack(opened)


@pytest.fixture
def station(rack: Rack) -> Station:
    """Return the station of a simulated rack, told as if it were a real one."""
    data = simulated_station().to_dict()
    data["station"]["visa_library"] = rack.visa_library
    return Station.from_dict(data, "test")


def test_boxes_are_made_safe_one_by_one_source_first(station: Station) -> None:
    assert [step.role for step in safe_steps(station, WALL)] == [
        "source meter",
        "lock-in",
        "temperature controller",
        "magnet",
    ]


def test_only_the_roles_asked_for_are_seen_to(station: Station) -> None:
    assert [step.role for step in safe_steps(station, WALL, {"magnet", "lock-in"})] == ["lock-in", "magnet"]


def test_silent_box_does_not_keep_the_others_from_safety(station: Station, rack: Rack) -> None:
    rack.boxes[LOCKIN_ADDRESS].answer("SLVL 1.0")
    FaultPanel(rack).carry_out(Order(Fault.DEAD_SESSION, "Keithley2400", for_s=3600.0))
    state = safe_station(station, WALL)
    assert [name.partition(" at ")[0] for name in state.safe] == ["SR830", "Lake Shore 372", "AMI 430"]
    assert len(state.unreachable) == 1
    assert "Keithley 2400" in state.unreachable[0]
    assert rack.boxes[LOCKIN_ADDRESS].answer("SLVL?") == "0.004"


def test_not_even_a_mistake_in_a_driver_keeps_the_others_from_safety(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: SR830) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(SR830, "make_safe", fail)
    state = safe_station(station, WALL)
    assert len(state.safe) == 3
    assert state.unreachable == ("lock-in: ZeroDivisionError('a mistake')",)


def test_check_gives_identity_readings_and_settings_of_each_box(station: Station) -> None:
    reports = {report.role: report for report in check_boxes(station, WALL)}
    assert "SR830" in reports["lock-in"].identity
    assert {"x_V", "y_V", "oscillator_Vrms"} <= reports["lock-in"].reads.keys()
    assert reports["temperature controller"].reads["temperature_K"] == pytest.approx(4.2, rel=0.02)
    assert reports["magnet"].reads["state"] == "paused"
    assert reports["source meter"].reads["is_output_on"] is False
    assert not any(report.trouble for report in reports.values())


@pytest.mark.parametrize(
    ("fault", "role", "trouble"),
    [
        (Fault.SENSOR_FAULT, "temperature controller", "current source overload"),
        (Fault.QUENCH, "magnet", "quench"),
        (Fault.OVERLOAD, "lock-in", "INPUT_OVERLOAD"),
    ],
)
def test_check_says_what_is_wrong_with_a_box_that_answers(
    station: Station, rack: Rack, fault: Fault, role: str, trouble: str
) -> None:
    FaultPanel(rack).carry_out(Order(fault))
    report = next(report for report in check_boxes(station, WALL) if report.role == role)
    assert trouble in report.trouble
    assert report.identity
    assert report.reads


def test_check_of_a_silent_box_says_so_and_goes_on(station: Station, rack: Rack) -> None:
    FaultPanel(rack).carry_out(Order(Fault.POWER_CYCLE, "LakeShore372", for_s=3600.0))
    reports = {report.role: report for report in check_boxes(station, WALL)}
    assert "is it switched on" in reports["temperature controller"].trouble
    assert reports["magnet"].identity


def test_check_shows_the_helium_of_a_supply_with_a_level_board() -> None:
    opened = open_rack("cu1", 1, ["MercuryiPS"])
    data = simulated_station().to_dict()
    data["station"]["visa_library"] = opened.visa_library
    data["magnet"] |= {"model": "MercuryiPS", "address": MERCURY_ADDRESS, "level_board": "DB5.L1"}
    (magnet,) = (box for box in check_boxes(Station.from_dict(data, "test"), WALL) if box.role == "magnet")
    assert magnet.reads["helium_fraction"] == pytest.approx(0.9, abs=1e-3)
    close_rack(opened)


def test_table_simulation_makes_the_simulated_rack_less_ideal() -> None:
    table = {
        "insert": "helium3",
        "remanence_T": 2e-3,
        "persistent_switch": True,
        "thermometer_shift_per_T": 0.01,
        "eddy_W_per_T2_s2": 0.1,
    }
    told = simulated_options(Station.from_dict(simulated_station().to_dict() | {"simulation": table}, "test"))
    assert told.insert == "helium3"
    assert (told.remanence_T, told.thermometer_shift_per_T, told.eddy_W_per_T2_s2) == (2e-3, 0.01, 0.1)
    assert told.switch is not None
    assert simulated_options(simulated_station()) == IDEAL
