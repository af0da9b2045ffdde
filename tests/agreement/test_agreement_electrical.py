"""The drivers of the electrical boxes beyond the first four meet their simulated boxes through PyVISA."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from instruments.current_source import OutputOffState
from instruments.errors import ConnectionFailedError, StateError, StoppedError
from instruments.lockin_sr830 import SR830
from instruments.lockin_sr860 import SR860
from instruments.roles import Instrument, LockInStatus
from instruments.sourcemeter_keithley2400 import Keithley2400
from instruments.sourcemeter_keithley2450 import Keithley2450
from instruments.sourcemeter_yokogawags200 import YokogawaGS200
from instruments.voltmeter_keithley2182a import Keithley2182A
from simulators.rack import LOCKIN_ADDRESS, SOURCEMETER_ADDRESS, VOLTMETER_ADDRESS, Rack, close_rack, open_rack

LIMITS = {"maximum_A": 0.5e-3}
DRIVERS: dict[Any, tuple[tuple[str, ...], str, dict[str, float]]] = {
    SR830: ((), LOCKIN_ADDRESS, {}),
    SR860: (("SR860",), LOCKIN_ADDRESS, {}),
    Keithley2400: ((), SOURCEMETER_ADDRESS, LIMITS),
    Keithley2450: (("Keithley2450",), SOURCEMETER_ADDRESS, LIMITS),
    YokogawaGS200: (("YokogawaGS200",), SOURCEMETER_ADDRESS, LIMITS),
    Keithley2182A: (("Keithley2182A",), VOLTMETER_ADDRESS, {}),
}
NEW = (SR860, Keithley2450, YokogawaGS200, Keithley2182A)
LOCK_INS = (SR830, SR860)
SOURCES = (Keithley2400, Keithley2450, YokogawaGS200)
METERS = (Keithley2400, Keithley2450)


@pytest.fixture
def connect() -> Iterator[Callable[..., tuple[Any, Rack]]]:
    opened: list[tuple[Instrument, Rack]] = []

    def connect_to(driver: Any, **options: Any) -> tuple[Any, Rack]:
        models, address, limits = DRIVERS[driver]
        rack = open_rack("cu1", 1, models)
        box = driver(address, visa_library=rack.visa_library, clock=rack.clock, **limits | options)
        opened.append((box, rack))
        return box, rack

    yield connect_to
    for box, rack in opened:
        box.close()
        close_rack(rack)


Connect = Callable[..., tuple[Any, Rack]]


@pytest.mark.parametrize("driver", NEW)
def test_connecting_reads_much_and_changes_nothing(connect: Connect, driver: Any) -> None:
    written: list[str] = []
    box, _ = connect(driver, on_write=lambda _, message: written.append(message))
    assert isinstance(box, Instrument)
    assert all(isinstance(value, str | float | int | bool) for value in box.settings().values())
    assert written == []


@pytest.mark.parametrize("driver", NEW)
def test_safe_twice_and_close_twice(connect: Connect, driver: Any) -> None:
    box, _ = connect(driver)
    for act in (box.make_safe, box.make_safe, box.close, box.close):
        act()


@pytest.mark.parametrize("driver", NEW)
def test_another_box_at_the_address_is_refused(driver: Any) -> None:
    _, address, limits = DRIVERS[driver]
    rack = open_rack("cu1", 1)
    where = LOCKIN_ADDRESS if address == VOLTMETER_ADDRESS else address
    with pytest.raises(ConnectionFailedError, match="another box"):
        driver(where, visa_library=rack.visa_library, clock=rack.clock, **limits)
    close_rack(rack)


# --- lock-ins ---------------------------------------------------------------------------------------------------------


def set_up(lock_in: Any, rack: Rack, oscillator_Vrms: float, full_scale_V: float) -> None:
    lock_in.configure(frequency_Hz=137.7, time_constant_s=0.3, slope_dB_per_octave=24)
    lock_in.set_excitation(oscillator_Vrms)
    lock_in.set_sensitivity(full_scale_V)
    rack.clock.sleep(2.0 * lock_in.settle_s)
    lock_in.read()


@pytest.mark.parametrize("driver", LOCK_INS)
def test_lock_in_sees_the_contact(connect: Connect, driver: Any) -> None:
    lock_in, rack = connect(driver)
    set_up(lock_in, rack, 0.1, 2e-3)
    reading = lock_in.read()
    # 0.1 V over 100 kohm through about 9.1 ohm, times 100
    assert reading.x_V == pytest.approx(0.91e-3, rel=0.02)
    assert reading.status is LockInStatus.OK


@pytest.mark.parametrize("driver", LOCK_INS)
def test_lock_in_overload_is_reported(connect: Connect, driver: Any) -> None:
    lock_in, rack = connect(driver)
    set_up(lock_in, rack, 2.0, 1e-6)
    assert LockInStatus.INPUT_OVERLOAD in lock_in.read().status


@pytest.mark.parametrize("driver", LOCK_INS)
@pytest.mark.parametrize("first_V", [1e-5, 1.0])
def test_sensitivity_is_found_from_either_side(connect: Connect, driver: Any, first_V: float) -> None:
    lock_in, rack = connect(driver)
    set_up(lock_in, rack, 0.1, first_V)
    # 0.91 mV: 91 % of 1 mV, so 2 mV, 45 % full
    assert lock_in.adjust_sensitivity() == 2e-3
    assert lock_in.read().status is LockInStatus.OK


@pytest.mark.parametrize("driver", LOCK_INS)
def test_phase_found_at_zero_bias_puts_the_signal_into_x(connect: Connect, driver: Any) -> None:
    lock_in, rack = connect(driver)
    set_up(lock_in, rack, 1.0, 20e-3)
    before = lock_in.read()
    phase_deg = lock_in.auto_phase(duration_s=3.0)
    after = lock_in.read()
    assert lock_in.settings()["phase_deg"] == pytest.approx(phase_deg)
    assert abs(after.y_V) < 0.1 * abs(before.y_V)
    assert after.x_V == pytest.approx(np.hypot(before.x_V, before.y_V), rel=1e-3)


@pytest.mark.parametrize("driver", LOCK_INS)
def test_average_over_a_dwell_is_quieter_than_one_reading(connect: Connect, driver: Any) -> None:
    lock_in, rack = connect(driver)
    set_up(lock_in, rack, 0.01, 200e-6)
    single, mean = [], []
    for _ in range(60):
        rack.clock.sleep(3.0)
        single.append(lock_in.read().y_V)
        mean.append(lock_in.read_average(6.0).y_V)
    # a correlation time of 24 dB is about five time constants, so 6 s hold some four independent readings
    assert np.std(mean) < 0.75 * np.std(single)


@pytest.mark.parametrize("driver", LOCK_INS)
def test_second_harmonic_is_odd_in_bias_and_leaves_the_fundamental_alone(connect: Connect, driver: Any) -> None:
    lock_in, rack = connect(driver)
    set_up(lock_in, rack, 2.0, 50e-3)
    before = lock_in.read()
    second_V = {}
    for current_A in (1e-4, -1e-4):
        rack.world.set_source_current(rack.clock.now_s(), current_A)
        rack.clock.sleep(5.0)
        second_V[current_A] = lock_in.read_harmonic(2, duration_s=3.0).y_V
    assert second_V[1e-4] == pytest.approx(-second_V[-1e-4], rel=0.12)
    true_V = rack.world.second_harmonic_Vrms(rack.clock.now_s(), 137.7).imag
    assert second_V[-1e-4] == pytest.approx(true_V, rel=0.08)
    rack.world.set_source_current(rack.clock.now_s(), 0.0)
    rack.clock.sleep(10.0)
    lock_in.read()
    assert lock_in.read().x_V == pytest.approx(before.x_V, rel=1e-2)


def test_buffer_of_the_sr830_follows_a_sweep(connect: Connect) -> None:
    lock_in, rack = connect(SR830)
    set_up(lock_in, rack, 1.0, 20e-3)
    assert lock_in.start_buffer(15.0) == 16.0
    rack.clock.sleep(2.0)
    lock_in.set_excitation(0.5)
    rack.clock.sleep(6.0)
    x_V, y_V = lock_in.read_buffer()
    assert x_V.shape == y_V.shape
    assert len(x_V) == pytest.approx(16.0 * 8.0, abs=2)
    assert x_V[0] == pytest.approx(9.1e-3, rel=0.02)
    assert x_V[-1] == pytest.approx(0.5 * x_V[0], rel=0.01)


# --- sources ----------------------------------------------------------------------------------------------------------


def switch_on(source: Any, compliance_V: float = 12.0) -> None:
    source.configure(range_A=1e-3, compliance_V=compliance_V, nplc=1.0)
    source.set_output(True)


@pytest.mark.parametrize("driver", SOURCES)
def test_source_current_flows_and_is_read(connect: Connect, driver: Any) -> None:
    source, rack = connect(driver)
    switch_on(source)
    assert source.set_current(0.12345e-3) == pytest.approx(0.12345e-3)
    rack.clock.sleep(5.0)
    reading = source.read()
    assert rack.world.wiring.source_A.at(rack.clock.now_s()) == pytest.approx(0.12345e-3, abs=3e-7)
    assert reading.current_A == pytest.approx(0.12345e-3, abs=1e-6)
    assert not reading.is_in_compliance


@pytest.mark.parametrize("driver", METERS)
def test_source_measures_the_voltage_at_its_terminals(connect: Connect, driver: Any) -> None:
    source, rack = connect(driver)
    switch_on(source)
    source.set_current(0.1e-3)
    rack.clock.sleep(5.0)
    assert source.read().voltage_V == pytest.approx(0.1e-3 * 10_013.0, rel=5e-3)


@pytest.mark.parametrize("driver", METERS)
def test_with_four_wires_it_measures_between_the_taps(connect: Connect, driver: Any) -> None:
    source, rack = connect(driver)
    source.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)
    source.set_sense(True)
    source.set_output(True)
    source.set_current(0.4e-3)
    rack.clock.sleep(5.0)
    # 3.6 mV, with the offset of a 20 V range on top: about 0.4 mV a sigma
    assert source.read().voltage_V == pytest.approx(3.6e-3, abs=1.2e-3)
    assert source.settings()["sense_wires"] == 4
    with pytest.raises(StateError, match="sense leads not changed"):
        source.set_sense(False)


@pytest.mark.parametrize("driver", METERS)
def test_output_off_state_is_chosen_and_read_back(connect: Connect, driver: Any) -> None:
    source, _ = connect(driver)
    source.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)
    assert source.settings()["output_off_state"] == "normal"
    source.set_output_off_state(OutputOffState.HIMP)
    assert source.settings()["output_off_state"] == "disconnected"


@pytest.mark.parametrize("driver", SOURCES)
def test_source_compliance_is_reported(connect: Connect, driver: Any) -> None:
    source, rack = connect(driver)
    switch_on(source, compliance_V=1.0)
    source.set_current(0.4e-3)
    rack.clock.sleep(5.0)
    assert source.read().is_in_compliance


@pytest.mark.parametrize("driver", SOURCES)
def test_source_ramp_keeps_its_rate(connect: Connect, driver: Any) -> None:
    source, rack = connect(driver)
    switch_on(source)
    start_s = rack.clock.now_s()
    assert source.ramp_to_current(-0.2e-3, 1e-4) == pytest.approx(-0.2e-3)
    assert rack.clock.now_s() - start_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("driver", SOURCES)
def test_source_ramp_is_aborted_where_it_is(connect: Connect, driver: Any) -> None:
    source, rack = connect(driver)
    switch_on(source)
    end_s = rack.clock.now_s() + 1.0
    with pytest.raises(StoppedError, match="where it stays"):
        source.ramp_to_current(0.2e-3, 1e-4, should_stop=lambda: rack.clock.now_s() > end_s)
    assert source.settings()["current_A"] == pytest.approx(0.1e-3, abs=0.01e-3)


@pytest.mark.parametrize("driver", SOURCES)
def test_source_is_safe_at_zero_with_its_output_left_on(connect: Connect, driver: Any) -> None:
    source, _ = connect(driver)
    switch_on(source)
    source.set_current(0.2e-3)
    with pytest.raises(StateError):
        source.set_output(False)
    source.make_safe()
    settings = source.settings()
    assert (settings["current_A"], settings["is_output_on"], settings["range_A"]) == (0.0, True, 1e-3)


@pytest.mark.parametrize("driver", SOURCES)
def test_source_with_its_output_off_says_so(connect: Connect, driver: Any) -> None:
    source, _ = connect(driver)
    source.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)
    with pytest.raises(StateError, match="its output is off"):
        source.read()


# --- voltmeter --------------------------------------------------------------------------------------------------------


def test_voltmeter_agrees_with_the_true_bias_but_for_its_thermal_emf(connect: Connect) -> None:
    voltmeter, rack = connect(Keithley2182A)
    voltmeter.configure(range_V=5e-3, nplc=5.0)
    rack.world.set_source_current(rack.clock.now_s(), 1e-4)
    rack.clock.sleep(2.0)
    true_V = rack.world.contact_bias_V(rack.clock.now_s())
    reading = voltmeter.read()
    assert reading.voltage_V == pytest.approx(true_V, abs=15e-6)
    assert reading.voltage_V - true_V == pytest.approx(rack.world.wiring.thermal_emf_V(rack.clock.now_s()), abs=1e-7)


def test_voltmeter_beyond_its_range_says_so(connect: Connect) -> None:
    voltmeter, rack = connect(Keithley2182A)
    voltmeter.configure(range_V=5e-3, nplc=1.0)
    rack.world.set_source_current(rack.clock.now_s(), 2e-3)
    rack.clock.sleep(2.0)
    assert voltmeter.read().is_over_range
