"""Each driver meets its simulated box through PyVISA: two writers of one dialect who never saw each other's pages."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from instruments.errors import ConnectionFailedError, QuenchError, StateError
from instruments.lockin_sr830 import SR830
from instruments.magnet_ami430 import AMI430
from instruments.roles import Instrument, LockInStatus, MagnetState
from instruments.settling import field_criteria, settle, wait_for_field, wait_for_temperature
from instruments.sourcemeter_keithley2400 import Keithley2400
from instruments.temperature_lakeshore372 import LakeShore372
from simulators.rack import Rack, close_rack, open_rack

LOCK_IN = "GPIB0::8::INSTR"
SOURCE = "GPIB0::24::INSTR"
BRIDGE = "GPIB0::12::INSTR"
MAGNET = "TCPIP0::ami430::7180::SOCKET"

DRIVERS: dict[Any, tuple[str, dict[str, float]]] = {
    SR830: (LOCK_IN, {}),
    Keithley2400: (SOURCE, {"maximum_A": 0.5e-3}),
    LakeShore372: (BRIDGE, {"minimum_K": 0.02, "maximum_K": 8.0}),
    AMI430: (MAGNET, {"maximum_T": 9.0, "maximum_rate_T_per_min": 0.5}),
}


@pytest.fixture
def rack() -> Iterator[Rack]:
    opened = open_rack("cu1", 1)
    yield opened
    close_rack(opened)


@pytest.fixture
def connect(rack: Rack) -> Iterator[Callable[..., Any]]:
    boxes: list[Instrument] = []

    def connect_to(driver: Any, address: str = "", **options: Any) -> Any:
        usual_address, limits = DRIVERS[driver]
        box = driver(address or usual_address, visa_library=rack.visa_library, clock=rack.clock, **limits | options)
        boxes.append(box)
        return box

    yield connect_to
    for box in boxes:
        box.close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_connecting_reads_much_and_changes_nothing(connect: Callable[..., Any], driver: Any) -> None:
    written: list[str] = []
    box = connect(driver, on_write=lambda _, message: written.append(message))
    assert isinstance(box, Instrument)
    assert box.identity
    assert all(isinstance(value, str | float | int | bool) for value in box.settings().values())
    assert written == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_safe_twice_and_close_twice(connect: Callable[..., Any], driver: Any) -> None:
    box = connect(driver)
    for act in (box.make_safe, box.make_safe, box.close, box.close):
        act()


@pytest.mark.parametrize("driver", DRIVERS)
def test_absent_box_is_one_clear_line(connect: Callable[..., Any], driver: Any) -> None:
    with pytest.raises(ConnectionFailedError, match=r"GPIB0::3::INSTR: cannot be opened \(VI_ERROR_RSRC_NFOUND\)"):
        connect(driver, "GPIB0::3::INSTR")


@pytest.mark.parametrize("driver", DRIVERS)
def test_another_box_at_the_address_is_refused(connect: Callable[..., Any], driver: Any) -> None:
    with pytest.raises(ConnectionFailedError, match="another box"):
        connect(driver, BRIDGE if driver is not LakeShore372 else LOCK_IN)


def set_up(lock_in: SR830, rack: Rack, oscillator_Vrms: float, full_scale_V: float) -> None:
    lock_in.configure(frequency_Hz=137.7, time_constant_s=0.3, slope_dB_per_octave=24)
    lock_in.set_excitation(oscillator_Vrms)
    lock_in.set_sensitivity(full_scale_V)
    rack.clock.sleep(lock_in.settle_s)
    lock_in.read()


def test_lock_in_sees_the_contact(connect: Callable[..., Any], rack: Rack) -> None:
    lock_in = connect(SR830)
    set_up(lock_in, rack, 0.1, 2e-3)
    reading = lock_in.read()
    # 0.1 V over 100 kohm through about 9.1 ohm, times 100
    assert reading.x_V == pytest.approx(0.91e-3, rel=0.1)
    assert reading.status is LockInStatus.OK


def test_lock_in_settings_are_those_asked_for(connect: Callable[..., Any], rack: Rack) -> None:
    lock_in = connect(SR830)
    set_up(lock_in, rack, 0.0679, 1e-3)
    assert lock_in.settings() == {
        "reference_source": "Internal",
        "harmonic": 1,
        "input_config": "A - B",
        "input_grounding": "Float",
        "input_coupling": "AC",
        "input_notch_config": "None",
        "reserve": "Normal",
        "filter_synchronous": False,
        "frequency_Hz": 137.7,
        "phase_deg": 0.0,
        "oscillator_Vrms": 0.066,
        "sensitivity_V": 1e-3,
        "time_constant_s": 0.3,
        "slope_dB_per_octave": 24,
    }


def test_lock_in_overload_is_reported(connect: Callable[..., Any], rack: Rack) -> None:
    lock_in = connect(SR830)
    set_up(lock_in, rack, 5.0, 1e-6)
    assert lock_in.read().status


def switch_on(source: Keithley2400, compliance_V: float = 12.0) -> None:
    source.configure(range_A=1e-3, compliance_V=compliance_V, nplc=1.0)
    source.set_output(True)


def test_source_current_and_voltage(connect: Callable[..., Any], rack: Rack) -> None:
    source = connect(Keithley2400)
    switch_on(source)
    assert source.set_current(0.1e-3) == pytest.approx(0.1e-3)
    rack.clock.sleep(5.0)
    reading = source.read()
    assert reading.current_A == pytest.approx(0.1e-3, abs=1e-6)
    assert reading.voltage_V / reading.current_A == pytest.approx(10e3, rel=0.05)
    assert not reading.is_in_compliance


def test_source_compliance_is_reported(connect: Callable[..., Any], rack: Rack) -> None:
    source = connect(Keithley2400)
    switch_on(source, compliance_V=1.0)
    source.set_current(0.4e-3)
    rack.clock.sleep(5.0)
    assert source.read().is_in_compliance


def test_source_ramp_keeps_its_rate(connect: Callable[..., Any], rack: Rack) -> None:
    source = connect(Keithley2400)
    switch_on(source)
    start_s = rack.clock.now_s()
    assert source.ramp_to_current(-0.2e-3, 1e-4) == pytest.approx(-0.2e-3)
    assert rack.clock.now_s() - start_s == pytest.approx(2.0, abs=0.1)


def test_source_is_safe_at_zero_with_its_output_left_on(connect: Callable[..., Any]) -> None:
    source = connect(Keithley2400)
    switch_on(source)
    source.set_current(0.2e-3)
    with pytest.raises(StateError):
        source.set_output(False)
    source.make_safe()
    settings = source.settings()
    assert (settings["current_A"], settings["is_output_on"], settings["range_A"]) == (0.0, True, 1e-3)


def test_source_found_on_is_adopted_as_it_is(connect: Callable[..., Any]) -> None:
    first = connect(Keithley2400)
    switch_on(first)
    first.set_current(0.2e-3)
    first.close()
    second = connect(Keithley2400)
    assert second.settings()["current_A"] == pytest.approx(0.2e-3)
    with pytest.raises(StateError, match="its output is on"):
        switch_on(second)
    second.make_safe()
    switch_on(second)


def test_source_with_its_output_off_says_so(connect: Callable[..., Any]) -> None:
    source = connect(Keithley2400)
    source.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)
    with pytest.raises(StateError, match="its output is off"):
        source.read()


def test_temperature_settles(connect: Callable[..., Any], rack: Rack) -> None:
    bridge = connect(LakeShore372)
    bridge.set_temperature(0.1, ramp_K_per_min=0.5)
    settled = wait_for_temperature(bridge, 0.1, rack.clock)
    assert settled.value == pytest.approx(0.1, rel=0.005)
    assert 0.0 < bridge.heater_fraction() < 1.0
    bridge.heater_off()
    assert bridge.settings()["heater_range_A"] == 0.0


def test_field_ramps_and_settles(connect: Callable[..., Any], rack: Rack) -> None:
    magnet = connect(AMI430)
    magnet.start_ramp(0.2, 0.1)
    settled = wait_for_field(magnet, 0.2, rack.clock, field_criteria(deadline_s=600.0))
    assert settled.waited_s == pytest.approx(120.0 + 30.0, abs=10.0)
    assert magnet.settings()["rate_T_per_min"] == pytest.approx(0.1)


def test_field_is_held_in_the_middle_of_a_ramp(connect: Callable[..., Any], rack: Rack) -> None:
    magnet = connect(AMI430)
    magnet.start_ramp(1.0, 0.1)
    rack.clock.sleep(60.0)
    magnet.make_safe()
    held_T = magnet.read().field_T
    rack.clock.sleep(600.0)
    assert magnet.read().state is MagnetState.PAUSED
    assert magnet.read().field_T == pytest.approx(held_T, abs=1e-3)


def test_quench_is_read_and_nothing_is_sent_after_it(connect: Callable[..., Any], rack: Rack) -> None:
    written: list[str] = []
    magnet = connect(AMI430, on_write=lambda _, message: written.append(message))
    magnet.start_ramp(1.0, 0.1)
    rack.clock.sleep(60.0)
    rack.boxes[MAGNET].answer("QU 1")
    written.clear()
    assert magnet.read().state is MagnetState.QUENCH
    for act in (magnet.hold, lambda: magnet.start_ramp(0.0, 0.1)):
        with pytest.raises(QuenchError):
            act()
    with pytest.raises(QuenchError):
        wait_for_field(magnet, 1.0, rack.clock)
    magnet.make_safe()
    assert written == []


def test_two_threads_swap_no_replies(connect: Callable[..., Any]) -> None:
    lock_in = connect(SR830)
    lock_in.set_excitation(0.1)
    wrong: list[object] = []

    def read_amplitude() -> None:
        wrong.extend(got for _ in range(2000) if (got := lock_in.settings()["oscillator_Vrms"]) != 0.1)

    def read_signal() -> None:
        wrong.extend(got for _ in range(2000) if abs((got := lock_in.read()).x_V) > 0.05)

    threads = [threading.Thread(target=work) for work in (read_amplitude, read_signal)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_any_quantity_settles_on_the_rack_clock(connect: Callable[..., Any], rack: Rack) -> None:
    lock_in = connect(SR830)
    set_up(lock_in, rack, 0.1, 2e-3)
    settled = settle(lambda: lock_in.read().x_V, 0.91e-3, 0.1e-3, rack.clock, 30.0, 60.0, 1.0)
    assert settled.waited_s == pytest.approx(30.0, abs=0.1)
