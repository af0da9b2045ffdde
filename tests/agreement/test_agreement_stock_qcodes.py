"""QCoDeS' drivers, unmodified, against nine of the simulated boxes; their faults are shown as they are.

QCoDeS is no dependency of the project: `make clients` installs it, and where it is not installed this file is left out.
What became of its drivers is written down in docs/clients.md.
"""

import importlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from simulators.cryogenics.magnet import MagnetCoil
from simulators.cryogenics.magnet_circuit import Switch
from simulators.magnet_mercuryips import MercuryiPS
from simulators.rack import (
    LOCKIN_ADDRESS,
    MAGNET_ADDRESS,
    MERCURY_ADDRESS,
    SOURCEMETER_ADDRESS,
    TEMPERATURE_ADDRESS,
    Rack,
    close_rack,
    open_rack,
)

pytest.importorskip("qcodes")

Connect = Callable[..., tuple[Any, Rack]]

ACROSS_THE_CONTACT_VRMS = 1.0 / 100e3 * 9.1 * 100.0  # 1 V through 100 kohm, a preamplifier of 100
DC_ARM_OHM = 10_013.0


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Put a QCoDeS driver on a box of a rack of its own."""
    opened: list[tuple[Any, Rack]] = []

    def connect_one(
        maker: str, driver: str, box: str, address: str, prepare: Callable[[Rack], None] | None = None, **options: Any
    ) -> tuple[Any, Rack]:
        rack = open_rack("cu1", 1, [box])
        if prepare is not None:
            prepare(rack)
        make = getattr(importlib.import_module(f"qcodes.instrument_drivers.{maker}"), driver)
        opened.append((make("box", address, visalib=rack.visa_library, **options), rack))
        return opened[-1]

    yield connect_one
    for driver, rack in opened:
        driver.close()
        close_rack(rack)


def wait_in_rack_time(monkeypatch: pytest.MonkeyPatch, module: str, rack: Rack) -> None:
    """Let a driver that waits on the wall clock wait on that of the rack."""
    waiting = importlib.import_module(f"qcodes.instrument_drivers.{module}")
    monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=rack.clock.sleep))


# --- electrical -------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Parameter ch._databuffer")  # by QCoDeS, on itself
def test_sr830_measures_and_fills_its_buffer(connect: Connect) -> None:
    lockin, rack = connect("stanford_research", "SR830", "SR830", LOCKIN_ADDRESS)
    lockin.amplitude(1.0)
    lockin.frequency(137.7)
    lockin.sensitivity(20e-3)
    lockin.time_constant(0.1)
    lockin.buffer_SR(8)
    rack.clock.sleep(10.0)
    assert (lockin.amplitude(), lockin.frequency(), lockin.sensitivity()) == (1.0, 137.7, 20e-3)
    assert lockin.X() == pytest.approx(ACROSS_THE_CONTACT_VRMS, rel=0.02)
    assert lockin.snap("x", "y")[0] == pytest.approx(lockin.R(), rel=1e-3)
    lockin.buffer_reset()
    lockin.buffer_start()
    rack.clock.sleep(2.0)
    lockin.buffer_pause()
    lockin.ch1_databuffer.prepare_buffer_readout()
    assert lockin.ch1_databuffer() == pytest.approx([lockin.X()] * 17, rel=1e-3)


@pytest.mark.parametrize("model", ["SR860", "SR865A"])
def test_sr860_measures_and_captures(connect: Connect, model: str) -> None:
    lockin, rack = connect("stanford_research", model, model, LOCKIN_ADDRESS)
    lockin.amplitude(1.0)
    lockin.frequency(137.7)
    lockin.sensitivity(20e-3)
    lockin.filter_slope(24)
    rack.clock.sleep(10.0)
    assert lockin.get_values("X", "R")[0] == pytest.approx(ACROSS_THE_CONTACT_VRMS, rel=0.02)
    lockin.buffer.capture_config("X,Y")
    lockin.buffer.set_capture_rate_to_maximum()
    lockin.buffer.set_capture_length_to_fit_samples(256)
    lockin.buffer.start_capture("ONE", "IMM")
    rack.clock.sleep(10.0)
    lockin.buffer.stop_capture()
    captured = lockin.buffer.get_capture_data(256)
    assert captured["X"] == pytest.approx([lockin.X()] * 256, rel=1e-3)


def test_keithley2400_sources_and_measures(connect: Connect) -> None:
    source, rack = connect("Keithley", "Keithley2400", "Keithley2400", SOURCEMETER_ADDRESS)
    source.mode("CURR")
    source.rangei(1e-3)
    source.compliancev(12.0)
    source.sense("VOLT")
    source.output(True)
    source.curr(2e-4)
    rack.clock.sleep(1.0)
    assert source.volt() == pytest.approx(2e-4 * DC_ARM_OHM, rel=5e-3)
    assert (source.mode(), source.compliancev(), source.output()) == ("CURR", 12.0, True)


def test_known_fault_keithley2400_sets_the_range_of_the_source_and_reads_that_of_the_meter(connect: Connect) -> None:
    source, _ = connect("Keithley", "Keithley2400", "Keithley2400", SOURCEMETER_ADDRESS)
    source.rangei(1e-2)
    assert source.rangei() != 1e-2
    assert float(source.ask("SOUR:CURR:RANG?")) == 1e-2


def test_known_fault_keithley2400_writes_small_values_as_zero(connect: Connect) -> None:
    source, _ = connect("Keithley", "Keithley2400", "Keithley2400", SOURCEMETER_ADDRESS)
    source.curr(4e-9)
    assert float(source.ask("SOUR:CURR:LEV?")) == 0.0


def test_keithley2450_sources_measures_and_sweeps(connect: Connect) -> None:
    source, rack = connect("Keithley", "Keithley2450", "Keithley2450", SOURCEMETER_ADDRESS)
    source.source.function("current")
    source.source.range(1e-3)
    source.source.limit(12.0)
    source.sense.function("voltage")
    source.output_enabled(True)
    source.source.current(2e-4)
    rack.clock.sleep(1.0)
    assert source.sense.voltage() == pytest.approx(2e-4 * DC_ARM_OHM, rel=5e-3)
    source.source.sweep_setup(0.0, 4e-4, 5, delay=0.1)
    source.sense.clear_trace()  # what was read before would be taken for the first of the sweep
    assert source.sense.sweep() == pytest.approx([step * 1e-4 * DC_ARM_OHM for step in range(5)], abs=0.02)
    assert source.ask(":SYST:ERR?").startswith("0")


def test_yokogawa_sources_and_ramps(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    source, rack = connect("yokogawa", "YokogawaGS200", "YokogawaGS200", SOURCEMETER_ADDRESS)
    source.source_mode("CURR")
    source.current_range(1e-3)
    source.voltage_limit(12)
    source.output("on")
    source.current(1e-4)
    wait_in_rack_time(monkeypatch, "yokogawa.Yokogawa_GS200", rack)
    source.ramp_step(2e-5)
    source.ramp_rate(2e-5)
    source.ramp_current(2e-4)
    assert (source.current(), source.voltage_limit(), source.output()) == (2e-4, 12, "on")
    assert rack.world.wiring.source_A.at(rack.clock.now_s()) == pytest.approx(2e-4, abs=2e-7)


# --- cryostats and magnets --------------------------------------------------------------------------------------------


def test_lakeshore372_reads_sets_and_heats(connect: Connect) -> None:
    box, _ = connect("Lakeshore", "LakeshoreModel372", "LakeShore372", TEMPERATURE_ADDRESS, terminator="\r\n")
    assert box.ch01.temperature() == pytest.approx(4.2, rel=0.02)
    assert (box.ch01.sensor_status(), box.ch01.units()) == ("OK", "kelvin")
    heater = box.sample_heater
    heater.setpoint(0.5)
    heater.P(100.0)
    heater.mode("closed_loop")
    heater.output_range("3.16mA")
    assert (heater.setpoint(), heater.P(), heater.mode(), heater.output_range()) == (
        0.5,
        100.0,
        "closed_loop",
        "3.16mA",
    )


def test_lakeshore336_reads_sets_and_heats(connect: Connect) -> None:
    box, _ = connect("Lakeshore", "LakeshoreModel336", "LakeShore336", TEMPERATURE_ADDRESS, terminator="\r\n")
    assert box.A.temperature() == pytest.approx(4.2, rel=0.02)
    assert (box.A.sensor_status(), box.A.sensor_type()) == ("OK", "ntc_rtd")
    box.output_1.setpoint(0.5)
    box.output_1.output_range("low")
    assert (box.output_1.setpoint(), box.output_1.output_range()) == (0.5, "low")
    assert (box.output_1.mode(), box.output_1.input_channel()) == ("closed_loop", "A")


def test_known_fault_lakeshore336_heater_is_read_as_that_of_a_335(connect: Connect) -> None:
    box, _ = connect("Lakeshore", "LakeshoreModel336", "LakeShore336", TEMPERATURE_ADDRESS, terminator="\r\n")
    with pytest.raises(KeyError, match="not in val_mapping"):
        box.output_1.output_type()


def test_ami430_goes_to_a_field(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    magnet, rack = connect("american_magnetics", "AMIModel430", "AMI430", MAGNET_ADDRESS)
    wait_in_rack_time(monkeypatch, "american_magnetics.AMI430_visa", rack)
    magnet.ramp_rate(0.1 / 60.0)
    magnet.field(0.02)
    assert magnet.ramping_state() == "holding"
    assert magnet.field() == pytest.approx(0.02, abs=2e-4)


def with_three_axes(rack: Rack) -> None:
    """Put a Mercury iPS with axes X, Y and Z into the rack."""
    coils = {name: rack.coil if name == "Z" else MagnetCoil(ord(name)) for name in "XYZ"}
    rack.boxes[MERCURY_ADDRESS] = MercuryiPS(rack.clock, coils, Switch())  # type: ignore[index]


def test_mercury_ips_of_three_axes_goes_to_a_field(connect: Connect) -> None:
    box, rack = connect("oxford", "OxfordMercuryiPS", "MercuryiPS", MERCURY_ADDRESS, with_three_axes)
    assert box.IDN()["firmware"] == "2.5.08.000"
    supply = box.GRPZ
    supply.field_ramp_rate(0.5 / 60.0)
    box.z_target(0.2)
    supply.ramp_to_target()
    assert supply.ramp_status() == "TO SET"
    rack.clock.sleep(25.0)
    assert (supply.ramp_status(), supply.field()) == ("HOLD", pytest.approx(0.2, abs=1e-3))
    assert box.magnet_temp() == pytest.approx(4.2)


def test_known_fault_mercury_ips_must_have_all_three_axes(connect: Connect) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        connect("oxford", "OxfordMercuryiPS", "MercuryiPS", MERCURY_ADDRESS)


def test_known_fault_mercury_ips_driver_does_not_see_that_the_heater_was_denied(connect: Connect) -> None:
    box, rack = connect("oxford", "OxfordMercuryiPS", "MercuryiPS", MERCURY_ADDRESS, with_three_axes)
    supply = box.GRPZ
    supply.field_target(0.2)
    supply.ramp_to_target()
    rack.clock.sleep(100.0)
    supply.heater_switch("OFF")
    rack.clock.sleep(30.0)
    supply.ramp_status("TO ZERO")
    rack.clock.sleep(100.0)
    supply.heater_switch("ON")
    assert supply.heater_switch() == "OFF"
