"""PyMeasure's own drivers, unmodified, against the simulated rack: two writers of one dialect who never met."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymeasure.instruments.ami import AMI430
from pymeasure.instruments.keithley import Keithley2400
from pymeasure.instruments.srs import SR830
from pymeasure.instruments.srs.sr830 import LIAStatus

from simulators.rack import (
    LOCKIN_ADDRESS,
    MAGNET_ADDRESS,
    SOURCEMETER_ADDRESS,
    Rack,
    close_rack,
    find_rack,
)

LIBRARY = "cu1@zerobias"


@pytest.fixture
def rack() -> Iterator[Rack]:
    rack = find_rack("cu1")
    yield rack
    close_rack(rack)


@pytest.fixture
def lockin(rack: Rack) -> Iterator[SR830]:
    lockin = SR830(LOCKIN_ADDRESS, visa_library=LIBRARY)
    yield lockin
    lockin.adapter.close()


@pytest.fixture
def source(rack: Rack) -> Iterator[Keithley2400]:
    source = Keithley2400(SOURCEMETER_ADDRESS, visa_library=LIBRARY)
    yield source
    source.adapter.close()


@pytest.fixture
def magnet(rack: Rack) -> Iterator[AMI430]:
    magnet = AMI430(MAGNET_ADDRESS, visa_library=LIBRARY)
    yield magnet
    magnet.adapter.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sine_voltage", 0.068),
        ("frequency", 137.7),
        ("phase", -12.5),
        ("sensitivity", 1e-3),
        ("time_constant", 0.3),
        ("filter_slope", 24),
        ("filter_synchronous", True),
        ("harmonic", 2),
        ("input_config", "A - B"),
        ("input_grounding", "Float"),
        ("input_coupling", "DC"),
        ("input_notch_config", "Both"),
        ("reference_source_trigger", "POS EDGE"),
        ("reserve", "Low Noise"),
        ("aux_out_3", 1.25),
    ],
)
def test_lockin_settings_read_back(lockin: SR830, name: str, value: object) -> None:
    setattr(lockin, name, value)
    assert getattr(lockin, name) == value
    assert lockin.ask("*ESR?").strip() == "0"


def test_lockin_measures(lockin: SR830, rack: Rack) -> None:
    assert "SR830" in lockin.id
    lockin.sine_voltage, lockin.sensitivity = 1.0, 20e-3
    rack.clock.sleep(10.0)
    x_V, y_V = (float(value) for value in lockin.xy)
    assert x_V == pytest.approx(1.0 / 100e3 * 9.1 * 100.0, rel=0.02)
    assert lockin.magnitude == pytest.approx((x_V**2 + y_V**2) ** 0.5, rel=1e-3)
    lockin.lia_status  # noqa: B018 (reading clears it)
    assert lockin.lia_status == LIAStatus.NO_ERROR


def test_lockin_finds_its_range(lockin: SR830, rack: Rack) -> None:
    lockin.sine_voltage, lockin.sensitivity = 1.0, 1e-3
    rack.clock.sleep(10.0)
    assert lockin.is_out_of_range()
    lockin.auto_gain()
    assert lockin.sensitivity == pytest.approx(10e-3)
    lockin.auto_phase()
    lockin.auto_offset("X")
    offset_percent, expand = lockin.get_scaling("X")
    assert (offset_percent > 80.0, expand) == (True, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source_mode", "current"),
        ("source_current_range", 1e-3),
        ("source_current_range_auto_enabled", False),
        ("compliance_voltage", 12.0),
        ("voltage_nplc", 0.1),
        ("voltage_range", 20.0),
        ("voltage_range_auto_enabled", True),
        ("auto_zero_enabled", False),
        ("output_off_state", "disconnected"),
        ("auto_output_off_enabled", True),
        ("filter_enabled", True),
        ("filter_count", 5),
        ("repeat_filter_enabled", False),
        ("wires", 4),
        ("line_frequency", 50),
        ("front_terminals_enabled", False),
        ("display_enabled", False),
        ("trigger_count", 4),
        ("trigger_source", "trigger_link"),
        ("arm_source", "bus"),
        ("source_delay", 0.5),
        ("source_enabled", True),
    ],
)
def test_source_meter_settings_read_back(source: Keithley2400, name: str, value: object) -> None:
    setattr(source, name, value)
    assert getattr(source, name) == value
    assert source.check_errors() == []


def test_source_meter_sources_and_measures(source: Keithley2400, rack: Rack) -> None:
    assert "MODEL 2400" in source.id
    source.source_mode = "current"
    source.source_current_range = 1e-3
    source.compliance_voltage = 12.0
    source.enable_source()
    source.source_current = 2e-4
    rack.clock.sleep(1.0)
    measured = source.measure_all()
    assert measured["current"] == pytest.approx(2e-4, abs=3e-7)
    assert measured["voltage"] == pytest.approx(2e-4 * 10_013.0, rel=5e-3)
    assert source.current == pytest.approx(2e-4, abs=3e-7)
    source.disable_source()
    assert source.source_enabled is False
    assert source.check_errors() == []


def test_source_meter_fills_its_buffer(source: Keithley2400, rack: Rack) -> None:
    source.source_mode, source.source_current_range, source.compliance_voltage = "current", 1e-3, 12.0
    source.write(":SENS:FUNC 'VOLT';:FORM:ELEM VOLT")
    source.enable_source()
    source.source_current = 2e-4
    rack.clock.sleep(1.0)
    source.config_buffer(5)
    source.start_buffer()
    assert source.is_buffer_full()
    stored_V = source.buffer_data
    assert stored_V == pytest.approx([2e-4 * 10_013.0] * 5, rel=5e-3)
    of: Any = source  # its properties have no types
    assert of.means[0] == pytest.approx(stored_V.mean(), rel=1e-6)
    assert (of.minimums[0], of.maximums[0]) == (stored_V.min(), stored_V.max())
    # of some microvolts, told in microvolts
    assert of.standard_devs[0] == pytest.approx(stored_V.std(ddof=1), rel=0.3)
    assert source.check_errors() == []


def test_magnet_greets_ramps_and_holds(magnet: AMI430, rack: Rack) -> None:
    assert magnet.magnet_status in ("PAUSED", "AT ZERO CURRENT", "HOLDING")
    magnet.write("CONF:FIELD:UNITS 0")
    magnet.ramp_rate_current = 0.1
    magnet.target_current = 5.0
    magnet.ramp()
    assert magnet.magnet_status == "RAMPING"
    rack.clock.sleep(20.0)
    assert magnet.magnet_current == pytest.approx(2.0, abs=0.05)
    magnet.pause()
    assert magnet.magnet_status == "PAUSED"
    magnet.ramp()
    rack.clock.sleep(60.0)
    assert magnet.magnet_status == "HOLDING"
    assert magnet.field == pytest.approx(5.0 * float(magnet.ask("COIL?")), rel=1e-3)
