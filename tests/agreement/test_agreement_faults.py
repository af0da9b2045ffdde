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
from instruments.lockin_sr860 import SR860
from instruments.magnet_ami430 import AMI430
from instruments.magnet_ips120 import IPS120
from instruments.magnet_mercuryips import MercuryiPS
from instruments.roles import LockInStatus, MagnetState
from instruments.sourcemeter_keithley2400 import Keithley2400
from instruments.sourcemeter_keithley2450 import Keithley2450
from instruments.sourcemeter_yokogawags200 import YokogawaGS200
from instruments.temperature_itc503 import ITC503
from instruments.temperature_lakeshore336 import LakeShore336
from instruments.temperature_lakeshore372 import LakeShore372
from instruments.voltmeter_keithley2182a import Keithley2182A
from simulators.control import switch_fault
from simulators.fault_panel import FaultPanel, Order
from simulators.faults import Fault
from simulators.rack import Rack, close_rack, open_rack

CURRENT = {"maximum_A": 0.5e-3}
FIELD = {"maximum_T": 9.0, "maximum_rate_T_per_min": 0.5}

DRIVERS: dict[str, tuple[Any, dict[str, float]]] = {
    "SR830": (SR830, {}),
    "SR860": (SR860, {}),
    "SR865A": (SR860, {}),
    "Keithley2400": (Keithley2400, CURRENT),
    "Keithley2450": (Keithley2450, CURRENT),
    "YokogawaGS200": (YokogawaGS200, CURRENT),
    "LakeShore372": (LakeShore372, {"minimum_K": 0.02, "maximum_K": 8.0}),
    "LakeShore336": (LakeShore336, {"minimum_K": 0.3, "maximum_K": 8.0}),
    "ITC503": (ITC503, {"minimum_K": 1.6, "maximum_K": 300.0}),
    "AMI430": (AMI430, FIELD),
    "IPS120": (IPS120, FIELD),
    "PS120": (IPS120, FIELD),
    "MercuryiPSLegacy": (IPS120, FIELD),
    "MercuryiPS": (MercuryiPS, FIELD),
    "Keithley2182A": (Keithley2182A, {}),
}
LOCK_INS = ("SR830", "SR860", "SR865A")
SOURCES = ("Keithley2400", "Keithley2450", "YokogawaGS200")
CONTROLLERS = ("LakeShore372", "LakeShore336", "ITC503")
SUPPLIES = ("AMI430", "IPS120", "PS120", "MercuryiPSLegacy", "MercuryiPS")


class Bench:
    """A rack with a hand on its faults and drivers on its wires."""

    def __init__(self, models: tuple[str, ...]) -> None:
        self.rack: Rack = open_rack("cu1", 1, models)
        self.clock = self.rack.clock
        self.boxes: list[Any] = []

    def connect(self, model: str) -> Any:
        driver, limits = DRIVERS[model]
        wires = {"visa_library": self.rack.visa_library, "clock": self.clock}
        self.boxes.append(driver(self.rack.models[model], **wires, **limits))
        return self.boxes[-1]

    def strike(self, fault: Fault, model: str = "", for_s: float | None = None, press: str = "") -> None:
        FaultPanel(self.rack).carry_out(Order(fault, model, for_s, press))

    def close(self) -> None:
        for box in self.boxes:
            box.close()
        close_rack(self.rack)


Lay = Callable[..., Bench]


@pytest.fixture
def lay() -> Iterator[Lay]:
    """Lay a bench with these models in it."""
    benches: list[Bench] = []

    def lay_one(*models: str) -> Bench:
        benches.append(Bench(models))
        return benches[-1]

    yield lay_one
    for bench in benches:
        bench.close()


def settings(box: Any) -> dict[str, Any]:
    """Read the settings; the current that a Mercury tells among them is a reading, with noise."""
    return {name: value for name, value in box.settings().items() if name != "current_A" or "Mercury" not in box.name}


def look(box: Any) -> object:
    """Read what a box measures; one that is not set up to measure, its settings."""
    return (
        box.settings() if isinstance(box, Keithley2400 | Keithley2450 | YokogawaGS200 | Keithley2182A) else box.read()
    )


# --- the wire: a fault that passes is not seen, one that stays is a named error ---


@pytest.mark.parametrize("model", DRIVERS)
def test_one_spoiled_reply_is_asked_for_again(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = bench.connect(model)
    before = settings(box)
    for fault in (Fault.LOST_REPLY, Fault.LATE_REPLY, Fault.TRUNCATED_REPLY):
        bench.strike(fault, model)
        look(box)
        assert settings(box) == before


@pytest.mark.parametrize("model", DRIVERS)
def test_a_wire_that_stays_bad_is_an_error_that_names_the_box_and_back_in_step_when_mended(
    lay: Lay, model: str
) -> None:
    bench = lay(model)
    box = bench.connect(model)
    before = settings(box)
    for fault in (Fault.LOST_REPLY, Fault.LATE_REPLY, Fault.TRUNCATED_REPLY):
        bench.strike(fault, model, for_s=60.0)
        with pytest.raises((CommunicationError, ReplyError)) as caught:
            look(box)
        assert caught.value.instrument == box.name
        bench.clock.sleep(70.0)
        assert settings(box) == before


@pytest.mark.parametrize("model", DRIVERS)
def test_wire_that_lags_one_answer_behind_is_an_error_at_the_next_different_question(lay: Lay, model: str) -> None:
    """A Lake Shore's reading is one question: asked again and again, each answer is one reading old till then."""
    bench = lay(model)
    box = bench.connect(model)
    before = settings(box)
    look(box)
    bench.strike(Fault.STALE_REPLY, model, for_s=60.0)
    with pytest.raises((CommunicationError, ReplyError)) as caught:
        look(box)
        box.settings()
    assert caught.value.instrument == box.name
    bench.clock.sleep(70.0)
    assert settings(box) == before


@pytest.mark.parametrize("model", DRIVERS)
def test_lost_session_is_opened_anew_by_the_next_question_and_an_error_while_the_wire_is_cut(
    lay: Lay, model: str
) -> None:
    bench = lay(model)
    box = bench.connect(model)
    before = settings(box)
    bench.strike(Fault.DEAD_SESSION, model)
    look(box)
    assert settings(box) == before
    bench.strike(Fault.DEAD_SESSION, model, for_s=60.0)
    with pytest.raises(CommunicationError, match="CONN_LOST"):
        look(box)
    with pytest.raises(ConnectionFailedError):
        bench.connect(model)
    bench.clock.sleep(60.0)
    look(box)
    bench.connect(model)


def test_command_that_did_not_go_out_is_not_sent_again_but_the_next_one_goes_out(lay: Lay) -> None:
    bench = lay()
    lock_in = bench.connect("SR830")
    bench.strike(Fault.DEAD_SESSION, "SR830")
    with pytest.raises(CommunicationError, match=r"SLVL.* not sent"):
        lock_in.make_safe()
    lock_in.make_safe()


@pytest.mark.parametrize("model", DRIVERS)
def test_garbled_replies_are_numbers_or_named_errors_and_leave_the_box_in_step(lay: Lay, model: str) -> None:
    bench = lay(model)
    box, errors = bench.connect(model), 0
    before = settings(box)
    for _ in range(30):
        bench.strike(Fault.GARBLED_BYTE, model)
        try:
            look(box)
        except InstrumentError as error:
            assert error.instrument == box.name
            errors += 1
    assert errors < 30  # most are asked again and come right
    look(box)
    assert settings(box) == before


@pytest.mark.parametrize("model", DRIVERS)
def test_one_stale_reply_is_an_answer_to_another_question_and_the_next_one_is_right(lay: Lay, model: str) -> None:
    """The wire has no numbers on its replies: a stale one that fits the question is believed, once."""
    bench = lay(model)
    box = bench.connect(model)
    before = settings(box)
    bench.strike(Fault.STALE_REPLY, model)
    try:
        look(box)
    except InstrumentError as error:
        assert error.instrument == box.name
    assert settings(box) == before


def test_garbled_numbers_that_are_still_numbers_pass_unseen_at_a_stated_rate(lay: Lay) -> None:
    """The wire has no checksum: of garbled readings a part are still numbers, and no driver can tell."""
    bench = lay()
    box = bench.connect("SR830")
    box.set_excitation(0.1)
    bench.clock.sleep(10.0)
    true = box.read()
    unseen = 0
    for _ in range(200):
        bench.strike(Fault.GARBLED_BYTE, "SR830")
        reading = box.read()
        assert isinstance(reading.x_V, float)
        unseen += abs(reading.x_V - true.x_V) > 1e-3
    assert 0.02 < unseen / 200 < 0.4


# --- power and hands ---


@pytest.mark.parametrize("model", LOCK_INS)
def test_lock_in_comes_back_from_a_power_cut_as_it_was(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = bench.connect(model)
    box.set_excitation(0.1)
    bench.strike(Fault.POWER_CYCLE, model, for_s=20.0)
    assert bench.rack.world.wiring.oscillator_Vrms.at(bench.clock.now_s()) == 0.0
    with pytest.raises(CommunicationError):
        box.read()
    bench.clock.sleep(20.0)
    assert box.settings()["oscillator_Vrms"] == 0.1


@pytest.mark.parametrize("model", SOURCES)
def test_source_meter_comes_back_from_a_power_cut_with_its_output_off(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = switched_on(bench, model, 1e-4)
    bench.strike(Fault.POWER_CYCLE, model)
    bench.clock.sleep(5.0)
    assert bench.rack.world.wiring.source_A.at(bench.clock.now_s()) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(StateError, match="its output is off"):
        box.read()


@pytest.mark.parametrize("model", CONTROLLERS)
def test_temperature_controller_comes_back_from_a_power_cut_with_its_heater_off(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = bench.connect(model)
    box.set_temperature(4.0)
    warm = box.settings()
    bench.strike(Fault.POWER_CYCLE, model)
    bench.clock.sleep(5.0)
    changed = {name for name, value in box.settings().items() if value != warm[name]}
    assert changed & {"heater_range_A", "heater_range", "is_heater_automatic"}
    assert bench.rack.cryostat.heater_power_W(bench.clock.now_s()) < 1e-6


@pytest.mark.parametrize("model", SUPPLIES)
def test_magnet_supply_loses_field_in_a_power_cut(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = driven(bench, model, 0.5, 70.0)
    bench.strike(Fault.POWER_CYCLE, model, for_s=10.0)
    with pytest.raises(CommunicationError):
        box.read()
    bench.clock.sleep(10.0)
    again = bench.connect(model).read()
    assert again.state is MagnetState.PAUSED
    assert 0.3 < again.field_T < 0.45


def test_voltmeter_comes_back_from_a_power_cut_with_another_range(lay: Lay) -> None:
    bench = lay("Keithley2182A")
    box = bench.connect("Keithley2182A")
    box.configure(range_V=10e-3, nplc=1.0)
    bench.strike(Fault.POWER_CYCLE, "Keithley2182A", for_s=60.0)
    with pytest.raises(CommunicationError):
        box.settings()
    bench.clock.sleep(60.0)
    assert box.settings()["range_V"] != 10e-3


@pytest.mark.parametrize(
    ("model", "press", "setting", "value"),
    [
        ("SR830", "", "phase_deg", 90.0),
        ("SR830", "OFLT 3", "time_constant_s", 300e-6),
        ("SR860", "", "phase_deg", 90.0),
        ("SR865A", "OFLT 5", "time_constant_s", 300e-6),
        ("Keithley2400", "", "is_output_on", False),
        ("Keithley2450", ":SOUR:CURR:RANG 1e-2", "range_A", 1e-2),
        ("YokogawaGS200", ":SOUR:RANG 10E-3", "range_A", 10e-3),
        ("Keithley2182A", ":SENS:VOLT:CHAN1:RANG:AUTO 0", "is_range_automatic", False),
        ("LakeShore372", "", "heater_range_A", 0.0),
        ("LakeShore336", "SETP 1,5.0", "setpoint_K", 5.0),
        ("ITC503", "P7.0", "band_K", 7.0),
        ("AMI430", "CONF:FIELD:TARG 20", "target_T", 2.0),
        ("IPS120", "J2.0", "target_T", 2.0),
        ("PS120", "J200", "target_T", 2.0),
        ("MercuryiPSLegacy", "J2.0", "target_T", 2.0),
        ("MercuryiPS", "SET:DEV:GRPZ:PSU:SIG:FSET:2.0", "target_T", 2.0),
    ],
)
def test_what_is_done_on_a_front_panel_shows_in_the_settings_and_nowhere_else(
    lay: Lay, model: str, press: str, setting: str, value: object
) -> None:
    bench = lay(model)
    box = bench.connect(model)
    before = settings(box)
    bench.strike(Fault.FRONT_PANEL, model, press=press)
    look(box)
    after = settings(box)
    assert after.pop(setting) == pytest.approx(value)
    assert after == {name: before[name] for name in after}


# --- signal and source ---


@pytest.mark.parametrize("model", LOCK_INS)
@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault.OVERLOAD, LockInStatus.INPUT_OVERLOAD), (Fault.UNLOCK, LockInStatus.REFERENCE_UNLOCKED)],
)
def test_overload_and_lost_reference_are_in_the_status_of_each_reading_while_they_last(
    lay: Lay, model: str, fault: Fault, status: LockInStatus
) -> None:
    bench = lay(model)
    box = bench.connect(model)
    bench.strike(fault, for_s=60.0)
    assert status in box.read().status
    bench.clock.sleep(70.0)
    box.read()
    assert box.read().status is LockInStatus.OK


def switched_on(bench: Bench, model: str, current_A: float) -> Any:
    source = bench.connect(model)
    source.configure(range_A=1e-3, compliance_V=12.0, nplc=1.0)
    source.set_output(True)
    source.set_current(current_A)
    bench.clock.sleep(2.0)
    return source


@pytest.mark.parametrize("model", SOURCES)
def test_compliance_is_in_each_reading_while_it_lasts(lay: Lay, model: str) -> None:
    bench = lay(model)
    source = switched_on(bench, model, 2e-4)
    bench.strike(Fault.COMPLIANCE, for_s=60.0)
    assert source.read().is_in_compliance
    bench.clock.sleep(70.0)
    assert not source.read().is_in_compliance


# --- temperature and field ---


@pytest.mark.parametrize("model", ["LakeShore372", "LakeShore336"])
def test_open_heater_is_a_state_error_and_refuses_a_setpoint(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = bench.connect(model)
    box.set_temperature(4.0)
    bench.strike(Fault.HEATER_OPEN)
    with pytest.raises(StateError, match="heater open"):
        box.heater_fraction()
    with pytest.raises(StateError, match="heater open"):
        box.set_temperature(3.0)


def test_open_heater_of_an_itc503_is_full_output_and_a_temperature_that_does_not_follow(lay: Lay) -> None:
    """The box has no status of its heater: what is seen is the wait for the temperature, which ends by its deadline."""
    bench = lay("ITC503")
    box = bench.connect("ITC503")
    bench.strike(Fault.HEATER_OPEN)
    before_K = box.read().temperature_K
    box.set_temperature(20.0)
    bench.clock.sleep(600.0)
    assert box.heater_fraction() > 0.95
    assert box.read().temperature_K < before_K + 0.5


@pytest.mark.parametrize("model", CONTROLLERS)
def test_broken_thermometer_gives_invalid_readings_and_making_safe_switches_the_heater_off(
    lay: Lay, model: str
) -> None:
    bench = lay(model)
    box = bench.connect(model)
    box.set_temperature(4.5)
    bench.clock.sleep(60.0)
    bench.strike(Fault.SENSOR_FAULT)
    reading = box.read()
    assert (reading.is_valid, bool(reading.fault)) == (False, True)
    box.make_safe()
    bench.clock.sleep(1.0)
    assert bench.rack.cryostat.heater_power_W(bench.clock.now_s()) < 1e-6


@pytest.mark.parametrize("model", CONTROLLERS)
def test_lost_cooling_is_a_temperature_that_runs_away(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = bench.connect(model)
    bench.clock.sleep(4 * 3600.0)
    cold_K = box.read().temperature_K
    bench.strike(Fault.COOLING_LOST)
    bench.clock.sleep(3600.0)
    assert box.read().temperature_K > 1.5 * cold_K


def driven(bench: Bench, model: str, field_T: float, for_s: float) -> Any:
    """Connect to a magnet, open its persistent switch if it has one, and ramp for a while."""
    box = bench.connect(model)
    if not isinstance(box, AMI430):
        box.set_switch_heater(True)
        bench.clock.sleep(61.0)
    box.start_ramp(field_T, 0.5)
    bench.clock.sleep(for_s)
    return box


@pytest.mark.parametrize("model", SUPPLIES)
def test_quench_is_a_state_when_read_and_an_error_when_ramped(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = driven(bench, model, 1.0, 30.0)
    bench.strike(Fault.QUENCH)
    assert box.read().state is MagnetState.QUENCH
    with pytest.raises(QuenchError):
        box.start_ramp(0.0, 0.5)
    box.make_safe()


@pytest.mark.parametrize("model", SUPPLIES)
def test_low_helium_is_a_quench_where_the_field_is_too_high_for_it(lay: Lay, model: str) -> None:
    bench = lay(model)
    box = driven(bench, model, 1.0, 130.0)
    bench.strike(Fault.HELIUM_LOW)
    assert box.read().state is not MagnetState.QUENCH  # a quarter of the current is still carried
    box.start_ramp(5.0, 0.5)
    bench.clock.sleep(300.0)
    assert box.read().state is MagnetState.QUENCH
    assert bench.rack.coil.field_T(bench.clock.now_s()) == pytest.approx(0.0, abs=1e-3)


# --- the contact ---


def excited(bench: Bench, model: str) -> Any:
    lock_in = bench.connect(model)
    lock_in.configure(frequency_Hz=137.7, time_constant_s=0.3, slope_dB_per_octave=24)
    lock_in.set_excitation(0.1)
    lock_in.set_sensitivity(2e-3)
    bench.clock.sleep(lock_in.settle_s)
    lock_in.read()
    return lock_in


PAIRS = (("SR830", "Keithley2400"), ("SR860", "Keithley2450"), ("SR865A", "YokogawaGS200"))


@pytest.mark.parametrize(("detector", "supply"), PAIRS)
def test_broken_lead_takes_the_signal_away_and_drives_the_source_into_compliance(
    lay: Lay, detector: str, supply: str
) -> None:
    bench = lay(detector, supply)
    lock_in, source = excited(bench, detector), switched_on(bench, supply, 2e-4)
    bench.strike(Fault.LEAD_BROKEN, for_s=600.0)
    bench.clock.sleep(10.0)
    assert abs(lock_in.read().x_V) < 1e-6
    assert source.read().is_in_compliance
    bench.clock.sleep(600.0)
    assert lock_in.read().x_V == pytest.approx(0.91e-3, rel=0.1)
    assert not source.read().is_in_compliance


@pytest.mark.parametrize("model", ["Keithley2400", "Keithley2450"])
def test_broken_lead_at_a_small_current_shows_the_ac_arm(lay: Lay, model: str) -> None:
    bench = lay(model)
    source = switched_on(bench, model, 5e-5)
    bench.strike(Fault.LEAD_BROKEN)
    bench.clock.sleep(2.0)
    reading = source.read()
    # 10 kohm of the DC arm, 100 kohm of the AC arm and 50 ohm of the oscillator
    assert reading.voltage_V / reading.current_A == pytest.approx(110_050.0, rel=5e-3)


@pytest.mark.parametrize("model", LOCK_INS)
def test_destroyed_contact_overloads_the_lock_in_at_zero_bias(lay: Lay, model: str) -> None:
    bench = lay(model)
    lock_in = excited(bench, model)
    bench.strike(Fault.CONTACT_DESTROYED)
    bench.clock.sleep(10.0)
    assert LockInStatus.OUTPUT_OVERLOAD in lock_in.read().status


@pytest.mark.parametrize(("detector", "supply"), PAIRS)
def test_destroyed_contact_with_bias_shows_the_clipped_preamplifier(lay: Lay, detector: str, supply: str) -> None:
    bench = lay(detector, supply)
    lock_in, source = excited(bench, detector), switched_on(bench, supply, 2e-4)
    bench.strike(Fault.CONTACT_DESTROYED)
    bench.clock.sleep(10.0)
    assert source.read().is_in_compliance
    assert abs(lock_in.read().x_V) < 5e-6


def test_voltmeter_shows_a_destroyed_contact_as_an_overflow(lay: Lay) -> None:
    bench = lay("Keithley2182A")
    voltmeter, _ = bench.connect("Keithley2182A"), switched_on(bench, "Keithley2400", 2e-4)
    voltmeter.configure(range_V=10e-3, nplc=1.0)
    assert voltmeter.read().voltage_V == pytest.approx(1.8e-3, rel=0.1)
    bench.strike(Fault.CONTACT_DESTROYED)
    bench.clock.sleep(10.0)
    assert voltmeter.read().is_over_range


def test_all_that_can_be_taken_back_is_put_right(lay: Lay) -> None:
    bench = lay()
    controller, magnet, source = (bench.connect(model) for model in ("LakeShore372", "AMI430", "Keithley2400"))
    compliance_V = source.settings()["compliance_V"]
    for fault in (Fault.SENSOR_FAULT, Fault.COMPLIANCE, Fault.COMPLIANCE, Fault.OVERLOAD):
        bench.strike(fault)
    bench.strike(Fault.POWER_CYCLE, "AMI430", for_s=500.0)
    assert not controller.read().is_valid
    assert switch_fault(bench.rack, {"name": "put-right"}) == "put-right"
    bench.clock.sleep(5.0)
    assert controller.read().is_valid
    assert source.settings()["compliance_V"] == pytest.approx(compliance_V)
    magnet.start_ramp(0.1, 0.2)
    bench.clock.sleep(600.0)  # beyond the time at which the power would have come back
    assert magnet.read().field_T == pytest.approx(0.1, abs=1e-3)


# --- by experiment time ---


def test_faults_come_at_the_time_they_are_booked_for(lay: Lay) -> None:
    bench = lay()
    box = bench.connect("AMI430")
    FaultPanel(bench.rack).book(100.0, Order(Fault.QUENCH))
    bench.clock.advance_to(99.0)
    assert box.read().state is not MagnetState.QUENCH
    bench.clock.advance_to(101.0)
    assert box.read().state is MagnetState.QUENCH


def test_setting_that_did_not_arrive_is_a_read_back_error(lay: Lay) -> None:
    bench = lay()
    box = bench.connect("SR830")
    bench.strike(Fault.POWER_CYCLE, "SR830", for_s=0.002)
    with pytest.raises(ReadbackError):
        box.set_excitation(0.1)
