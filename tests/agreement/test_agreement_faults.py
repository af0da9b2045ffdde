"""Each fault of the simulated rack, and what the user of our drivers sees of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from instruments.errors import (
    CommunicationError,
    ConnectionFailedError,
    InstrumentError,
    QuenchError,
    ReadbackError,
    ReplyError,
    StateError,
)
from instruments.lockin_sr830 import SR830
from instruments.magnet_ami430 import AMI430
from instruments.roles import LockInStatus, MagnetState
from instruments.sourcemeter_keithley2400 import Keithley2400
from instruments.temperature_lakeshore372 import LakeShore372
from instruments.voltmeter_keithley2182a import Keithley2182A
from simulators.fault_panel import FaultPanel, Order
from simulators.faults import Fault
from simulators.rack import Rack, close_rack, open_rack

LIMITS: dict[Any, dict[str, float]] = {
    SR830: {},
    Keithley2400: {"maximum_A": 0.5e-3},
    LakeShore372: {"minimum_K": 0.02, "maximum_K": 8.0},
    AMI430: {"maximum_T": 9.0, "maximum_rate_T_per_min": 0.5},
    Keithley2182A: {},
}


class Bench:
    """A rack with a hand on its faults and drivers on its wires."""

    def __init__(self, rack: Rack) -> None:
        self.rack = rack
        self.clock = rack.clock
        self.boxes: list[Any] = []

    def connect(self, driver: Any) -> Any:
        address = self.rack.models[driver.__name__]
        box = driver(address, visa_library=self.rack.visa_library, clock=self.clock, **LIMITS[driver])
        self.boxes.append(box)
        return box

    def strike(self, fault: Fault, model: str = "", for_s: float | None = None, press: str = "") -> None:
        FaultPanel(self.rack).carry_out(Order(fault, model, for_s, press))


@pytest.fixture
def bench() -> Iterator[Bench]:
    rack = open_rack("cu1", 1, models=("Keithley2182A",))
    bench = Bench(rack)
    yield bench
    for box in bench.boxes:
        box.close()
    close_rack(rack)


READS: dict[Any, Callable[[Any], object]] = {
    SR830: lambda box: box.read(),
    Keithley2400: lambda box: box.settings(),
    LakeShore372: lambda box: box.read(),
    AMI430: lambda box: box.settings(),
    Keithley2182A: lambda box: box.settings(),
}


# --- the wire: a fault that passes is not seen, one that stays is a named error ---


@pytest.mark.parametrize("driver", READS)
@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.LATE_REPLY, Fault.TRUNCATED_REPLY])
def test_one_spoiled_reply_is_asked_for_again(bench: Bench, driver: Any, fault: Fault) -> None:
    box = bench.connect(driver)
    before = box.settings()
    bench.strike(fault, driver.__name__)
    READS[driver](box)
    assert box.settings() == before


@pytest.mark.parametrize("driver", READS)
@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.LATE_REPLY, Fault.TRUNCATED_REPLY, Fault.STALE_REPLY])
def test_a_wire_that_stays_bad_is_an_error_that_names_the_box(bench: Bench, driver: Any, fault: Fault) -> None:
    box = bench.connect(driver)
    bench.strike(fault, driver.__name__, for_s=3600.0)
    with pytest.raises((CommunicationError, ReplyError), match=driver.__name__[-3:]):
        READS[driver](box)


def test_a_box_is_back_in_step_when_a_bad_wire_is_mended(bench: Bench) -> None:
    box = bench.connect(SR830)
    bench.strike(Fault.LATE_REPLY, "SR830", for_s=60.0)
    with pytest.raises((CommunicationError, ReplyError)):
        box.settings()
    bench.clock.sleep(60.0)
    assert box.settings()["oscillator_Vrms"] == 0.004


@pytest.mark.parametrize("driver", READS)
def test_lost_session_is_opened_anew_by_the_next_question(bench: Bench, driver: Any) -> None:
    box = bench.connect(driver)
    before = box.settings()
    bench.strike(Fault.DEAD_SESSION, driver.__name__)
    READS[driver](box)
    assert box.settings() == before


@pytest.mark.parametrize("driver", READS)
def test_lost_session_is_a_communication_error_as_long_as_the_wire_is_cut(bench: Bench, driver: Any) -> None:
    box = bench.connect(driver)
    bench.strike(Fault.DEAD_SESSION, driver.__name__, for_s=60.0)
    with pytest.raises(CommunicationError, match="CONN_LOST"):
        READS[driver](box)
    bench.clock.sleep(60.0)
    READS[driver](box)


def test_command_that_did_not_go_out_is_not_sent_again_but_the_next_one_goes_out(bench: Bench) -> None:
    lock_in = bench.connect(SR830)
    bench.strike(Fault.DEAD_SESSION, "SR830")
    with pytest.raises(CommunicationError, match=r"SLVL.* not sent"):
        lock_in.make_safe()
    lock_in.make_safe()


@pytest.mark.parametrize("driver", READS)
def test_cut_wire_refuses_a_new_connection_too(bench: Bench, driver: Any) -> None:
    bench.strike(Fault.DEAD_SESSION, driver.__name__, for_s=60.0)
    with pytest.raises(ConnectionFailedError):
        bench.connect(driver)
    bench.clock.sleep(60.0)
    bench.connect(driver)


@pytest.mark.parametrize("driver", READS)
def test_garbled_replies_are_numbers_or_named_errors_and_leave_the_box_in_step(bench: Bench, driver: Any) -> None:
    box, errors = bench.connect(driver), 0
    before = box.settings()
    for _ in range(60):
        bench.strike(Fault.GARBLED_BYTE, driver.__name__)
        try:
            READS[driver](box)
        except InstrumentError as error:
            assert error.instrument == box.name
            errors += 1
    assert errors < 60  # most are asked again and come right
    READS[driver](box)
    assert box.settings() == before


@pytest.mark.parametrize("driver", READS)
def test_one_stale_reply_is_an_answer_to_another_question_and_the_next_one_is_right(bench: Bench, driver: Any) -> None:
    """The wire has no numbers on its replies: a stale one that fits the question is believed, once."""
    box = bench.connect(driver)
    before = box.settings()
    bench.strike(Fault.STALE_REPLY, driver.__name__)
    try:
        READS[driver](box)
    except InstrumentError as error:
        assert error.instrument == box.name
    assert box.settings() == before


def test_garbled_numbers_that_are_still_numbers_pass_unseen_at_a_stated_rate(bench: Bench) -> None:
    """The wire has no checksum: of garbled readings a part are still numbers, and no driver can tell."""
    box = bench.connect(SR830)
    box.set_excitation(0.1)
    bench.clock.sleep(10.0)
    true = box.read()
    unseen = 0
    for _ in range(500):
        bench.strike(Fault.GARBLED_BYTE, "SR830")
        reading = box.read()
        assert isinstance(reading.x_V, float)
        unseen += abs(reading.x_V - true.x_V) > 1e-3
    assert 0.02 < unseen / 500 < 0.4


# --- power and hands ---


def test_lock_in_comes_back_from_a_power_cut_as_it_was(bench: Bench) -> None:
    box = bench.connect(SR830)
    box.set_excitation(0.1)
    bench.strike(Fault.POWER_CYCLE, "SR830", for_s=20.0)
    assert bench.rack.world.wiring.oscillator_Vrms.at(bench.clock.now_s()) == 0.0
    with pytest.raises(CommunicationError):
        box.read()
    bench.clock.sleep(20.0)
    assert box.settings()["oscillator_Vrms"] == 0.1


def test_source_meter_comes_back_from_a_power_cut_with_its_output_off(bench: Bench) -> None:
    box = bench.connect(Keithley2400)
    box.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)
    box.set_output(True)
    box.set_current(1e-4)
    bench.strike(Fault.POWER_CYCLE, "Keithley2400")
    bench.clock.sleep(5.0)
    assert bench.rack.world.wiring.source_A.at(bench.clock.now_s()) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(StateError, match="its output is off"):
        box.read()


def test_temperature_controller_comes_back_from_a_power_cut_with_its_heater_off(bench: Bench) -> None:
    box = bench.connect(LakeShore372)
    box.set_temperature(4.0)
    bench.strike(Fault.POWER_CYCLE, "LakeShore372")
    bench.clock.sleep(5.0)
    assert box.settings()["heater_range_A"] == 0.0


def test_magnet_supply_loses_field_and_connection_in_a_power_cut(bench: Bench) -> None:
    box = bench.connect(AMI430)
    box.start_ramp(0.5, 0.5)
    bench.clock.sleep(70.0)
    bench.strike(Fault.POWER_CYCLE, "AMI430", for_s=10.0)
    with pytest.raises(CommunicationError):
        box.read()
    bench.clock.sleep(10.0)
    again = bench.connect(AMI430).read()
    assert again.state is MagnetState.PAUSED
    assert 0.3 < again.field_T < 0.45


@pytest.mark.parametrize(
    ("driver", "press", "setting", "value"),
    [
        (SR830, "", "phase_deg", 90.0),
        (SR830, "OFLT 3", "time_constant_s", 300e-6),
        (Keithley2400, "", "is_output_on", False),
        (LakeShore372, "", "heater_range_A", 0.0),
        (AMI430, "CONF:FIELD:TARG 20", "target_T", 2.0),
    ],
)
def test_what_is_done_on_a_front_panel_shows_in_the_settings_and_nowhere_else(
    bench: Bench, driver: Any, press: str, setting: str, value: object
) -> None:
    box = bench.connect(driver)
    bench.strike(Fault.FRONT_PANEL, driver.__name__, press=press)
    assert box.settings()[setting] == pytest.approx(value)


def test_voltmeter_comes_back_from_a_power_cut_with_another_range(bench: Bench) -> None:
    box = bench.connect(Keithley2182A)
    box.configure(range_V=10e-3, nplc=1.0)
    bench.strike(Fault.POWER_CYCLE, "Keithley2182A", for_s=60.0)
    with pytest.raises(CommunicationError):
        box.settings()
    bench.clock.sleep(60.0)
    assert box.settings()["range_V"] != 10e-3


# --- signal and source ---


def test_overload_is_in_the_status_of_each_reading_while_it_lasts(bench: Bench) -> None:
    box = bench.connect(SR830)
    bench.strike(Fault.OVERLOAD, for_s=60.0)
    assert LockInStatus.INPUT_OVERLOAD in box.read().status
    bench.clock.sleep(70.0)
    box.read()
    assert box.read().status is LockInStatus.OK


def test_lost_reference_is_in_the_status_of_each_reading_while_it_lasts(bench: Bench) -> None:
    box = bench.connect(SR830)
    bench.strike(Fault.UNLOCK, for_s=60.0)
    assert LockInStatus.REFERENCE_UNLOCKED in box.read().status
    bench.clock.sleep(70.0)
    box.read()
    assert box.read().status is LockInStatus.OK


def switched_on(bench: Bench, current_A: float) -> Any:
    source = bench.connect(Keithley2400)
    source.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)
    source.set_output(True)
    source.set_current(current_A)
    bench.clock.sleep(2.0)
    return source


def test_compliance_is_in_each_reading_while_it_lasts(bench: Bench) -> None:
    source = switched_on(bench, 1e-4)
    bench.strike(Fault.COMPLIANCE, for_s=60.0)
    assert source.read().is_in_compliance
    bench.clock.sleep(70.0)
    assert not source.read().is_in_compliance


# --- temperature and field ---


def test_open_heater_is_a_state_error_and_refuses_a_setpoint(bench: Bench) -> None:
    box = bench.connect(LakeShore372)
    box.set_temperature(4.0)
    bench.strike(Fault.HEATER_OPEN)
    with pytest.raises(StateError, match="heater open"):
        box.heater_fraction()
    with pytest.raises(StateError, match="heater open"):
        box.set_temperature(3.0)


def test_broken_thermometer_gives_invalid_readings_and_making_safe_switches_the_heater_off(bench: Bench) -> None:
    box = bench.connect(LakeShore372)
    box.set_temperature(4.0)
    bench.strike(Fault.SENSOR_FAULT)
    reading = box.read()
    assert (reading.is_valid, bool(reading.fault)) == (False, True)
    box.make_safe()
    assert box.settings()["heater_range_A"] == 0.0


def test_lost_cooling_is_a_temperature_that_runs_away(bench: Bench) -> None:
    box = bench.connect(LakeShore372)
    bench.clock.sleep(8 * 3600.0)
    cold_K = box.read().temperature_K
    bench.strike(Fault.COOLING_LOST)
    bench.clock.sleep(3600.0)
    assert box.read().temperature_K > 2.0 * cold_K


def test_quench_is_a_state_when_read_and_an_error_when_ramped(bench: Bench) -> None:
    box = bench.connect(AMI430)
    box.start_ramp(1.0, 0.5)
    bench.clock.sleep(30.0)
    bench.strike(Fault.QUENCH)
    assert box.read().state is MagnetState.QUENCH
    with pytest.raises(QuenchError):
        box.start_ramp(0.0, 0.5)


def test_low_helium_is_a_quench_where_the_field_is_too_high_for_it(bench: Bench) -> None:
    box = bench.connect(AMI430)
    box.start_ramp(1.0, 0.5)
    bench.clock.sleep(130.0)
    bench.strike(Fault.HELIUM_LOW)
    assert box.read().state is not MagnetState.QUENCH  # a quarter of the current is still carried
    box.start_ramp(5.0, 0.5)
    bench.clock.sleep(300.0)
    assert box.read().state is MagnetState.QUENCH
    assert bench.rack.coil.field_T(bench.clock.now_s()) == pytest.approx(0.0, abs=1e-3)


# --- the contact ---


def excited(bench: Bench) -> Any:
    lock_in = bench.connect(SR830)
    lock_in.configure(frequency_Hz=137.7, time_constant_s=0.3, slope_dB_per_octave=24)
    lock_in.set_excitation(0.1)
    lock_in.set_sensitivity(2e-3)
    bench.clock.sleep(lock_in.settle_s)
    lock_in.read()
    return lock_in


def test_broken_lead_takes_the_signal_away_and_drives_the_source_into_compliance(bench: Bench) -> None:
    lock_in, source = excited(bench), switched_on(bench, 2e-4)
    bench.strike(Fault.LEAD_BROKEN, for_s=600.0)
    bench.clock.sleep(10.0)
    assert abs(lock_in.read().x_V) < 1e-6
    assert source.read().is_in_compliance
    bench.clock.sleep(600.0)
    assert lock_in.read().x_V == pytest.approx(0.91e-3, rel=0.1)
    assert not source.read().is_in_compliance


def test_broken_lead_at_a_small_current_shows_the_ac_arm(bench: Bench) -> None:
    source = switched_on(bench, 5e-5)
    bench.strike(Fault.LEAD_BROKEN)
    bench.clock.sleep(2.0)
    reading = source.read()
    # 10 kohm of the DC arm, 100 kohm of the AC arm and 50 ohm of the oscillator
    assert reading.voltage_V / reading.current_A == pytest.approx(110_050.0, rel=5e-3)


def test_destroyed_contact_overloads_the_lock_in_at_zero_bias(bench: Bench) -> None:
    lock_in = excited(bench)
    bench.strike(Fault.CONTACT_DESTROYED)
    bench.clock.sleep(10.0)
    assert LockInStatus.OUTPUT_OVERLOAD in lock_in.read().status


def test_destroyed_contact_with_bias_shows_the_clipped_preamplifier(bench: Bench) -> None:
    lock_in, source = excited(bench), switched_on(bench, 2e-4)
    bench.strike(Fault.CONTACT_DESTROYED)
    bench.clock.sleep(10.0)
    assert source.read().is_in_compliance
    assert abs(lock_in.read().x_V) < 1e-6


# --- by experiment time ---


def test_faults_come_at_the_time_they_are_booked_for(bench: Bench) -> None:
    box = bench.connect(AMI430)
    FaultPanel(bench.rack).book(100.0, Order(Fault.QUENCH))
    bench.clock.advance_to(99.0)
    assert box.read().state is not MagnetState.QUENCH
    bench.clock.advance_to(101.0)
    assert box.read().state is MagnetState.QUENCH


def test_setting_that_did_not_arrive_is_a_read_back_error(bench: Bench) -> None:
    box = bench.connect(SR830)
    bench.strike(Fault.POWER_CYCLE, "SR830", for_s=0.002)
    with pytest.raises(ReadbackError):
        box.set_excitation(0.1)
