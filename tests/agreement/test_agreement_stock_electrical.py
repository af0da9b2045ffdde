"""PyMeasure's own drivers of the electrical boxes, unmodified, against the simulated rack.

What is wrong with them stands in docs/clients.md; the last tests hold that page to the truth.
"""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from pymeasure.instruments.keithley import Keithley2182, Keithley2450
from pymeasure.instruments.srs import SR830, SR860
from pymeasure.instruments.yokogawa import YokogawaGS200

from simulators.rack import (
    LOCKIN_ADDRESS,
    SOURCEMETER_ADDRESS,
    VOLTMETER_ADDRESS,
    Rack,
    close_rack,
    open_rack,
)


@pytest.fixture
def rack() -> Iterator[Rack]:
    rack = open_rack("cu1", 1, models=("SR860", "Keithley2450", "Keithley2182A"))
    yield rack
    close_rack(rack)


@pytest.fixture
def lockin(rack: Rack) -> SR860:
    return SR860(LOCKIN_ADDRESS, visa_library=rack.visa_library)


@pytest.fixture
def source(rack: Rack) -> Keithley2450:
    return Keithley2450(SOURCEMETER_ADDRESS, visa_library=rack.visa_library)


@pytest.fixture
def voltmeter(rack: Rack) -> Keithley2182:
    # the stock default, a carriage return, is that of the serial line
    return Keithley2182(VOLTMETER_ADDRESS, visa_library=rack.visa_library, read_termination="\n")


@pytest.fixture
def yokogawa() -> Iterator[tuple[YokogawaGS200, Rack]]:
    rack = open_rack("cu1", 1, models=("YokogawaGS200",))
    with pytest.warns(FutureWarning, match="not known whether this device support SCPI"):
        yield YokogawaGS200(SOURCEMETER_ADDRESS, visa_library=rack.visa_library), rack
    close_rack(rack)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frequency", 137.7),
        ("internalfrequency", 100.0),
        ("sine_voltage", 0.068),
        ("phase", -12.5),
        ("harmonic", 2),
        ("harmonicdual", 3),
        ("timebase", 1),
        ("dcmode", "DIF"),
        ("reference_source", "EXT"),
        ("reference_triggermode", "POS"),
        ("input_signal", "VOLT"),
        ("input_voltage_mode", "A-B"),
        ("input_coupling", "DC"),
        ("input_shields", "Ground"),
        ("input_range", "10M"),
        ("input_current_gain", "100MEG"),
        ("sensitivity", 1e-3),
        ("time_constant", 0.3),
        ("filter_slope", 3),
        ("filter_synchronous", "On"),
        ("frequencypreset1", 100.0),
        ("sine_amplitudepreset4", 0.1),
        ("sine_dclevelpreset1", 0.1),
        ("aux_out_3", 1.25),
        ("front_panel", "1"),
        ("screen_layout", "3"),
        ("parameter_DAT1", 3),
        ("strip_chart_dat1", "0"),
    ],
)
def test_sr860_settings_read_back(lockin: SR860, name: str, value: object) -> None:
    setattr(lockin, name, value)
    assert getattr(lockin, name) == value
    assert lockin.ask("*ESR?").strip() == "0"


def test_sr860_measures(lockin: SR860, rack: Rack) -> None:
    lockin.frequency, lockin.sine_voltage, lockin.sensitivity, lockin.input_range = 137.7, 1.0, 20e-3, "30M"
    rack.clock.sleep(10.0)
    x_V, y_V = lockin.snap()
    assert x_V == pytest.approx(1.0 / 100e3 * 9.1 * 100.0, rel=0.02)
    assert lockin.magnitude == pytest.approx(math.hypot(float(x_V), float(y_V)), rel=1e-3)
    assert lockin.snap_all()[0] == pytest.approx(x_V, rel=1e-3)
    assert lockin.snap("X", "Y", "THeta")[2] == pytest.approx(lockin.theta, abs=0.1)
    assert lockin.get_noise_bandwidth == pytest.approx(1.25, rel=1e-6)  # 12 dB, 0.1 s
    assert lockin.get_signal_strength_indicator == 2


def test_sr860_driver_measures_with_an_sr865a() -> None:
    rack = open_rack("cu1", 1, models=("SR865A",))
    try:
        lockin = SR860(LOCKIN_ADDRESS, visa_library=rack.visa_library)
        assert "SR865A" in lockin.ask("*IDN?")
        lockin.frequency, lockin.sine_voltage, lockin.sensitivity, lockin.input_range = 137.7, 1.0, 20e-3, "30M"
        rack.clock.sleep(10.0)
        assert lockin.snap()[0] == pytest.approx(1.0 / 100e3 * 9.1 * 100.0, rel=0.02)
    finally:
        close_rack(rack)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source_mode", "current"),
        ("source_current_range", 1e-3),
        ("compliance_voltage", 12.0),
        ("compliance_current", 1e-3),
        ("source_voltage", 0.5),
        ("source_voltage_range", 2.0),
        ("current_range", 1e-3),
        ("current_nplc", 0.1),
        ("voltage_range", 20.0),
        ("voltage_nplc", 10.0),
        ("source_current_delay", 0.1),
        ("source_current_delay_auto", False),
        ("source_voltage_delay_auto", False),
        ("resistance_range", 1e3),
        ("resistance_nplc", 1.0),
        ("wires", 4),
        ("current_filter_type", "MOV"),
        ("current_filter_count", 5),
        ("voltage_filter_count", 7),
        ("current_output_off_state", "HIMP"),
        ("voltage_output_off_state", "ZERO"),
    ],
)
def test_keithley2450_settings_read_back(source: Keithley2450, name: str, value: object) -> None:
    setattr(source, name, value)
    assert getattr(source, name) == value
    assert source.check_errors() == []


def test_keithley2450_sources_and_measures(source: Keithley2450, rack: Rack) -> None:
    assert "MODEL 2450" in source.id
    source.apply_current(1e-3, 12)
    source.enable_source()
    source.source_current = 2e-4
    assert source.source_enabled is True
    rack.clock.sleep(1.0)
    source.measure_voltage(nplc=1, auto_range=True)
    assert source.voltage == pytest.approx(2e-4 * 10_013.0, rel=5e-3)
    source.measure_current()
    assert source.current == pytest.approx(2e-4, abs=3e-7)
    source.measure_resistance()
    assert source.resistance == pytest.approx(10_013.0, rel=5e-3)
    source.beep(400, 0.1)
    source.use_rear_terminals()
    source.disable_source()
    assert source.source_enabled is False
    source.reset()
    assert source.check_errors() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_zero_enabled", False),
        ("display_enabled", False),
        ("active_channel", 2),
        ("channel_function", "temperature"),
        ("voltage_nplc", 1.0),
        ("temperature_nplc", 1.0),
        ("thermocouple", "K"),
        ("temperature_reference_junction", "SIM"),
        ("temperature_simulated_reference", 20.0),
        ("trigger_count", 3),
        ("trigger_delay", 0.1),
        ("buffer_points", 5),
        ("ch_1.voltage_range", 0.1),
        ("ch_1.voltage_range_auto_enabled", False),
        ("ch_1.voltage_offset", 1e-6),
        ("ch_1.voltage_offset_enabled", True),
        ("ch_2.voltage_range", 1.0),
        ("ch_2.temperature_offset", 1.5),
        ("ch_2.temperature_offset_enabled", True),
    ],
)
def test_keithley2182_settings_read_back(voltmeter: Keithley2182, name: str, value: object) -> None:
    owner: Any = voltmeter
    *channels, last = name.split(".")
    for channel in channels:
        owner = getattr(owner, channel)
    setattr(owner, last, value)
    assert getattr(owner, last) == value
    assert voltmeter.check_errors() == []


def test_keithley2182_measures_voltage_and_temperature(voltmeter: Any, rack: Rack) -> None:
    voltmeter.reset()
    rack.world.set_source_current(rack.clock.now_s(), 1e-4)
    rack.clock.sleep(1.0)
    voltmeter.ch_1.setup_voltage(nplc=1)
    assert voltmeter.voltage == pytest.approx(rack.world.contact_bias_V(rack.clock.now_s()), abs=15e-6)
    voltmeter.ch_2.setup_temperature()
    assert voltmeter.temperature == voltmeter.internal_temperature == 23.0
    assert voltmeter.check_errors() == []


def test_keithley2182_fills_its_buffer(voltmeter: Any) -> None:
    voltmeter.ch_1.setup_voltage(nplc=1)
    voltmeter.config_buffer(4)
    voltmeter.start_buffer()
    assert voltmeter.is_buffer_full()
    stored_V = voltmeter.buffer_data
    assert stored_V.shape == (4,)
    assert voltmeter.mean == pytest.approx(stored_V.mean())
    assert voltmeter.maximum == stored_V.max()
    assert voltmeter.standard_dev == pytest.approx(stored_V.std(ddof=1), rel=1e-6)
    assert voltmeter.check_errors() == []


def test_yokogawa_sources_and_ramps(yokogawa: tuple[YokogawaGS200, Rack]) -> None:
    source, rack = yokogawa
    source.source_mode = "current"
    source.source_range, source.voltage_limit = 1e-3, 12
    assert (source.source_range, source.voltage_limit) == (1e-3, 12.0)
    source.source_enabled = True
    source.source_level = 1e-4
    source.trigger_ramp_to_level(2e-4, 2.0)
    rack.clock.sleep(1.0)
    assert source.source_level == pytest.approx(1.5e-4, rel=0.02)
    rack.clock.sleep(2.0)
    assert source.source_level == 2e-4
    assert rack.world.wiring.source_A.at(rack.clock.now_s()) == pytest.approx(2e-4, abs=2e-7)
    assert source.ask(":SYST:ERR?").strip() == '0,"No error"'


def test_sr830_reads_its_buffer() -> None:
    rack = open_rack("cu1", 1)
    lockin = SR830(LOCKIN_ADDRESS, visa_library=rack.visa_library)
    lockin.sine_voltage, lockin.sensitivity, lockin.sample_frequency = 1.0, 20e-3, 16
    rack.clock.sleep(10.0)
    lockin.reset_buffer()
    lockin.start_scan()
    rack.clock.sleep(2.0)
    lockin.pause_scan()
    assert lockin.buffer_count == 33
    stored_V = lockin.get_buffer(1, 0, 33)
    assert stored_V.shape == (33,)
    assert stored_V == pytest.approx(lockin.x, rel=1e-2)
    close_rack(rack)


# --- docs/clients.md --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filter_advanced", "Off"),
        ("frequencypreset3", 100.0),
        ("sine_amplitudepreset1", 0.1),
        ("sine_dclevelpreset4", 0.1),
        ("horizontal_time_div", 3),
    ],
)
def test_sr860_fault_settings_that_are_never_set(lockin: SR860, name: str, value: object) -> None:
    setattr(lockin, name, value)
    assert getattr(lockin, name) != value
    assert lockin.ask("*ESR?").strip() == "32"


def test_sr860_fault_reference_impedance_cannot_be_set(lockin: SR860) -> None:
    with pytest.raises(TypeError):
        lockin.reference_externalinput = "1MEG"


def test_keithley2450_fault_buffer_commands_are_those_of_a_2400(source: Keithley2450) -> None:
    source.write(":TRAC:FEED SENSE")
    assert [number for number, _ in source.check_errors()] == [-113]
    source.write(":TRAC:DATA?")
    assert [number for number, _ in source.check_errors()] == [-109]


def test_keithley2450_fault_statistics_of_one_quantity_are_indexed_as_three(source: Keithley2450) -> None:
    source.enable_source()
    assert source.current != source.current
    with pytest.raises(TypeError):
        source.mean_current  # noqa: B018


def test_keithley2182_fault_default_terminator_is_that_of_the_serial_line(rack: Rack) -> None:
    stock = Keithley2182(VOLTMETER_ADDRESS, visa_library=rack.visa_library)
    with pytest.warns(UserWarning, match="doesn't end with termination characters"):
        assert "2182A" in stock.id


def test_yokogawa_faults_mode_and_lower_bound(yokogawa: tuple[YokogawaGS200, Rack]) -> None:
    source, _ = yokogawa
    source.source_mode = "current"
    assert source.source_mode == "CURR"
    source.source_level = -30.0
    assert source.ask(":SYST:ERR?").startswith("-222")
