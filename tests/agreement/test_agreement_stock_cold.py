"""Other people's drivers, unmodified, against the simulated cryostats and magnets; their faults are shown as they are.

The package `lakeshore` is no dependency of the project: `make clients` installs it, and where it is not installed its
tests are left out. What became of it is written down in docs/clients.md.
"""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pyvisa
from pymeasure.instruments.lakeshore.lakeshore3xx import LakeShore3xx
from pymeasure.instruments.oxfordinstruments import IPS120_10, ITC503, PS120_10

from simulators.rack import IPS120_ADDRESS, TEMPERATURE_ADDRESS, Rack, close_rack, open_rack

Open = Callable[[str], Rack]


@pytest.fixture
def open_with() -> Iterator[Open]:
    racks: list[Rack] = []

    def open_one(model: str) -> Rack:
        racks.append(open_rack("cu1", 1, [model]))
        return racks[-1]

    yield open_one
    for rack in racks:
        close_rack(rack)


@pytest.fixture
def in_rack_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rack], None]:
    def patch(rack: Rack) -> None:
        supply = importlib.import_module("pymeasure.instruments.oxfordinstruments.ips120_10")
        controller = importlib.import_module("pymeasure.instruments.oxfordinstruments.itc503")
        for module in (supply, controller):
            monkeypatch.setattr(module, "sleep", rack.clock.sleep)
            monkeypatch.setattr(module, "time", rack.clock.now_s)

    return patch


# --- PyMeasure --------------------------------------------------------------------------------------------------------


def test_lakeshore_reads_sets_and_heats(open_with: Open) -> None:
    rack = open_with("LakeShore336")
    box: Any = LakeShore3xx(TEMPERATURE_ADDRESS, visa_library=rack.visa_library)
    assert box.input_A.kelvin == pytest.approx(4.2, rel=0.02)
    assert box.input_D.celsius == pytest.approx(4.2 - 273.15, abs=0.1)
    assert 1000.0 < box.input_B.sensor < 2000.0
    box.output_1.setpoint, box.output_1.range, box.output_1.mout = 1.4, "medium", 2.5
    assert (box.output_1.setpoint, box.output_1.range, box.output_1.mout) == (1.4, "medium", 2.5)
    rack.clock.sleep(600.0)
    assert 0.0 < box.output_1.output < 100.0


def test_known_fault_lakeshore_reads_a_broken_sensor_as_zero_kelvin(open_with: Open) -> None:
    rack = open_with("LakeShore336")
    rack.boxes[TEMPERATURE_ADDRESS].set_sensor_broken(True)  # type: ignore[attr-defined]
    box: Any = LakeShore3xx(TEMPERATURE_ADDRESS, visa_library=rack.visa_library)
    assert box.input_A.kelvin == 0.0


def test_itc503_regulates(open_with: Open, in_rack_time: Callable[[Rack], None]) -> None:
    rack = open_with("ITC503")
    in_rack_time(rack)
    box: Any = ITC503(TEMPERATURE_ADDRESS, visa_library=rack.visa_library)
    assert "ITC503" in str(box.version)
    box.control_mode, box.heater_gas_mode, box.auto_pid = "RU", "AM", True
    assert (box.control_mode, box.heater_gas_mode, box.auto_pid) == ("RU", "AM", True)
    box.temperature_setpoint = 10.0
    box.wait_for_temperature(error=0.05, thermalize_interval=60)
    assert box.temperature_1 == pytest.approx(10.0, abs=0.1)
    assert box.temperature_error == pytest.approx(10.0 - box.temperature_1, abs=0.02)
    assert 10.0 < box.heater < 20.0
    assert (box.proportional_band, box.integral_action_time, box.derivative_action_time) == (20.0, 0.5, 0.0)
    box.gasflow = 40.0
    assert box.gasflow == 40.0


def test_itc503_sweeps_by_its_table(open_with: Open) -> None:
    rack = open_with("ITC503")
    box: Any = ITC503(TEMPERATURE_ADDRESS, visa_library=rack.visa_library)
    box.control_mode, box.heater_gas_mode = "RU", "AM"
    box.program_sweep([6.0, 8.0], [1.0, 1.0], [0.5, 0.5], steps=2)
    box.sweep_status = 1
    rack.clock.sleep(70.0)
    assert box.sweep_status == 2
    assert box.temperature_setpoint == pytest.approx(6.0)
    rack.clock.sleep(110.0)
    assert box.temperature_setpoint == pytest.approx(8.0)


def test_known_fault_itc503_table_is_read_as_text(open_with: Open) -> None:
    rack = open_with("ITC503")
    box: Any = ITC503(TEMPERATURE_ADDRESS, visa_library=rack.visa_library)
    box.control_mode, box.pointer = "RU", (1, 1)
    box.sweep_table = 20.0
    assert isinstance(box.sweep_table, str)


def test_ips120_goes_to_a_field_and_becomes_persistent(open_with: Open, in_rack_time: Callable[[Rack], None]) -> None:
    rack = open_with("IPS120")
    in_rack_time(rack)
    box: Any = IPS120_10(IPS120_ADDRESS, visa_library=rack.visa_library)
    box.enable_control()
    box.set_field(0.5, sweep_rate=0.5)
    assert (box.activity, box.switch_heater_enabled, box.sweep_status) == ("to zero", False, "at rest")
    assert box.field == pytest.approx(0.5, abs=1e-3)
    assert box.demand_field == pytest.approx(0.0, abs=1e-3)
    box.set_field(0.2)
    assert rack.coil.field_T(rack.clock.now_s()) == pytest.approx(0.2, abs=1e-3)


def test_known_fault_ips120_sets_off_for_the_old_set_point_first(
    open_with: Open, in_rack_time: Callable[[Rack], None]
) -> None:
    rack = open_with("IPS120")
    in_rack_time(rack)
    box: Any = IPS120_10(IPS120_ADDRESS, visa_library=rack.visa_library)
    box.enable_control()
    box.set_field(0.5, sweep_rate=0.5, persistent_mode_control=False)
    box.set_field(0.2, persistent_mode_control=False)
    box.activity = "hold"
    box.field_setpoint = 0.5
    goals_T: list[float] = []
    rack.coil.watch_field(lambda _, bends: goals_T.append(bends[-1][1]))
    box.set_field(0.1, persistent_mode_control=False)
    # from 0.2 T towards 0.1 T, but for a moment towards 0.5 T
    assert goals_T[0] == pytest.approx(0.5, abs=1e-3)


def test_known_fault_ips120_does_not_see_a_quench(open_with: Open, in_rack_time: Callable[[Rack], None]) -> None:
    rack = open_with("IPS120")
    in_rack_time(rack)
    box: Any = IPS120_10(IPS120_ADDRESS, visa_library=rack.visa_library)
    box.enable_control()
    box.sweep_rate, box.field_setpoint, box.activity = 0.5, 1.0, "to setpoint"
    rack.coil.quench(rack.clock.now_s())
    box.wait_for_idle(max_wait_time=60.0)
    assert box.ask("X").startswith("X1")
    assert box.sweep_status == "at rest"


def test_known_fault_ips120_calls_the_voltage_a_current_and_the_demand_a_set_point(open_with: Open) -> None:
    rack = open_with("IPS120")
    box: Any = IPS120_10(IPS120_ADDRESS, visa_library=rack.visa_library)
    box.control_mode, box.sweep_rate, box.field_setpoint, box.activity = "RU", 0.6, 1.0, "to setpoint"
    rack.clock.sleep(50.0)
    # half a tesla in: 4.24 A flow, at 10 H 0.0847 A/s and 5 mohm; the set point is 8.47 A
    assert box.current_measured == pytest.approx(0.868, abs=0.02)
    assert box.current_setpoint == pytest.approx(4.24, abs=0.02)


def test_ps120_counts_in_hundredths(open_with: Open) -> None:
    rack = open_with("PS120")
    box: Any = PS120_10(IPS120_ADDRESS, visa_library=rack.visa_library)
    box.control_mode, box.sweep_rate, box.field_setpoint, box.activity = "RU", 0.5, 0.5, "to setpoint"
    rack.clock.sleep(61.0)
    assert (box.demand_field, box.field_setpoint, box.sweep_rate) == pytest.approx((0.5, 0.5, 0.5))


def test_known_fault_ps120_is_a_hundredth_low(open_with: Open) -> None:
    rack = open_with("PS120")
    box: Any = PS120_10(IPS120_ADDRESS, visa_library=rack.visa_library)
    box.control_mode, box.field_setpoint = "RU", 0.29
    assert box.field_setpoint == pytest.approx(0.28)


def test_mercury_ips_in_legacy_mode_is_an_ips120(open_with: Open, in_rack_time: Callable[[Rack], None]) -> None:
    rack = open_with("MercuryiPSLegacy")
    in_rack_time(rack)
    box: Any = IPS120_10(IPS120_ADDRESS, visa_library=rack.visa_library)
    box.enable_control()
    box.set_field(0.3, sweep_rate=0.5, persistent_mode_control=False)
    assert box.field == pytest.approx(0.3, abs=1e-3)


# --- the vendor's package ---------------------------------------------------------------------------------------------


@pytest.fixture
def model336(open_with: Open) -> Any:
    lakeshore = pytest.importorskip("lakeshore")
    rack = open_with("LakeShore336")
    manager = pyvisa.ResourceManager(rack.visa_library)
    wire = manager.open_resource(TEMPERATURE_ADDRESS, read_termination="\r\n", write_termination="\n")
    return lakeshore.Model336(connection=wire)


def test_vendor_reads_sets_and_heats(model336: Any) -> None:
    assert model336.model_number == "MODEL336"
    assert model336.get_all_kelvin_reading()[3] == pytest.approx(4.2, rel=0.02)
    model336.set_heater_range(1, model336.HeaterRange.MEDIUM)
    model336.set_control_setpoint(1, 0.7)
    model336.set_heater_pid(1, 100, 20, 0)
    model336.set_setpoint_ramp_parameter(1, True, 0.5)
    assert model336.get_heater_range(1) == model336.HeaterRange.MEDIUM
    assert model336.get_heater_pid(1) == {"gain": 100.0, "integral": 20.0, "derivative": 0.0}
    assert model336.get_setpoint_ramp_parameter(1) == {"ramp_enable": True, "rate_value": 0.5}
    assert model336.get_heater_setup(1)["max_current"] == pytest.approx(0.1)
    assert model336.get_input_reading_status("A").sensor_units_zero is False
    model336.all_heaters_off()
    assert model336.get_heater_range(1) == model336.HeaterRange.OFF


def test_vendor_hears_of_what_the_box_does_not_know(model336: Any) -> None:
    with pytest.raises(Exception, match="Invalid Command"):
        model336.query("FROB?")


@pytest.fixture
def model372(open_with: Open) -> Any:
    lakeshore = pytest.importorskip("lakeshore")
    manager = pyvisa.ResourceManager(open_with("LakeShore372").visa_library)
    wire = manager.open_resource(TEMPERATURE_ADDRESS, read_termination="\r\n", write_termination="\n")
    return lakeshore.Model372(baud_rate=None, connection=wire)


def test_vendor_drives_a_372(model372: Any) -> None:
    assert model372.model_number == "MODEL372"
    assert model372.get_kelvin_reading(1) == pytest.approx(4.2, rel=0.02)
    readings = model372.get_all_input_readings(1)
    assert readings["resistance"] == pytest.approx(model372.get_resistance_reading(1), rel=0.01)
    assert not any(vars(model372.get_reading_status(1)).values())
    largest = model372.SampleHeaterOutputRange.RANGE_3_POINT_16_MILLI_AMPS
    model372.set_heater_output_range(0, largest)
    assert model372.get_heater_output_range(0) is largest
    model372.set_setpoint_ramp_parameter(0, True, 0.1)
    model372.set_setpoint_kelvin(0, 0.5)
    model372.set_heater_pid(0, 100, 20, 0)
    assert model372.get_heater_pid(0) == {"gain": 100.0, "integral": 20.0, "derivative": 0.0}
    assert model372.get_setpoint_ramp_parameter(0) == {"ramp_enable": True, "rate_value": 0.1}
    assert model372.get_scanner_status() == {"input_channel": 1, "status": False}
    model372.set_heater_output_range(0, 0)
    assert model372.get_heater_output_range(0) is model372.SampleHeaterOutputRange.OFF


def test_vendor_hears_what_a_372_does_not_know(model372: Any) -> None:
    with pytest.raises(Exception, match="Invalid Command"):
        model372.query("FROB?")
