"""The drivers of the other cryostats and magnets meet their simulated boxes through PyVISA, in racks of their own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from instruments.degauss import degauss, degauss_fields
from instruments.errors import ConnectionFailedError, LimitError, QuenchError, StateError
from instruments.field_sweep import sweep_field
from instruments.magnet_ami430 import AMI430
from instruments.magnet_ips120 import IPS120
from instruments.magnet_mercuryips import MercuryiPS
from instruments.persistent_mode import SwitchState, enter_persistent_mode, leave_persistent_mode
from instruments.roles import ConstantHeater, Instrument, MagnetState
from instruments.settling import field_criteria, wait_for_field, wait_for_temperature
from instruments.temperature_itc503 import ITC503
from instruments.temperature_lakeshore336 import LakeShore336
from instruments.temperature_lakeshore372 import LakeShore372
from simulators.cryogenics.magnet_circuit import Switch
from simulators.rack import Options, Rack, close_rack, open_rack

CONTROLLERS: dict[str, tuple[Any, dict[str, float]]] = {
    "LakeShore336": (LakeShore336, {"minimum_K": 0.3, "maximum_K": 10.0}),
    "ITC503": (ITC503, {"minimum_K": 1.6, "maximum_K": 300.0}),
}
SUPPLIES: dict[str, Any] = {
    "AMI430": AMI430,
    "IPS120": IPS120,
    "PS120": IPS120,
    "MercuryiPSLegacy": IPS120,
    "MercuryiPS": MercuryiPS,
}
FIELD = {"maximum_T": 9.0, "maximum_rate_T_per_min": 0.5}
OPTIONS = Options(remanence_T=2e-3, switch=Switch())
Connect = Callable[..., tuple[Rack, Any]]


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[tuple[Rack, Instrument]] = []

    def connect_to(model: str, options: Options = OPTIONS, **keywords: Any) -> tuple[Rack, Any]:
        rack = open_rack("cu1", 1, [model], options=options)
        driver, limits = CONTROLLERS[model] if model in CONTROLLERS else (SUPPLIES[model], FIELD)
        wires = {"visa_library": rack.visa_library, "clock": rack.clock}
        box = driver(rack.models[model], **wires, **limits | keywords)
        opened.append((rack, box))
        return rack, box

    yield connect_to
    for rack, box in opened:
        box.close()
        close_rack(rack)


@pytest.mark.parametrize("model", [*CONTROLLERS, *SUPPLIES])
def test_connecting_reads_much_and_changes_nothing(connect: Connect, model: str) -> None:
    written: list[str] = []
    _, box = connect(model, on_write=lambda _, message: written.append(message))
    box.read()
    assert isinstance(box, Instrument)
    assert box.identity
    assert all(isinstance(value, str | float | int | bool) for value in box.settings().values())
    assert written == []


@pytest.mark.parametrize("model", [*CONTROLLERS, *SUPPLIES])
def test_safe_twice_and_close_twice(connect: Connect, model: str) -> None:
    _, box = connect(model)
    for act in (box.make_safe, box.make_safe, box.close, box.close):
        act()


@pytest.mark.parametrize("driver", [LakeShore336, ITC503])
def test_another_box_at_the_address_is_refused(driver: Any) -> None:
    rack = open_rack("cu1")
    with pytest.raises(ConnectionFailedError, match=r"another box|is this its address"):
        driver("GPIB0::12::INSTR", visa_library=rack.visa_library, clock=rack.clock, minimum_K=1.6, maximum_K=10.0)
    close_rack(rack)


@pytest.mark.parametrize(
    ("model", "temperature_K", "rate_K_per_min"),
    [("LakeShore336", 0.6, 1.0), ("LakeShore336", 1.4, None), ("ITC503", 4.0, 1.0)],
)
def test_temperature_settles(connect: Connect, model: str, temperature_K: float, rate_K_per_min: float | None) -> None:
    rack, box = connect(model)
    box.set_temperature(temperature_K, ramp_K_per_min=rate_K_per_min)
    settled = wait_for_temperature(box, temperature_K, rack.clock)
    assert settled.value == pytest.approx(temperature_K, rel=0.005)
    assert rack.cryostat.sample_temperature_K(rack.clock.now_s()) == pytest.approx(temperature_K, rel=0.02)
    assert 0.0 < box.heater_fraction() < 1.0


@pytest.mark.parametrize(("model", "temperature_K"), [("LakeShore336", 1.4), ("ITC503", 4.0)])
def test_heater_off_is_off(connect: Connect, model: str, temperature_K: float) -> None:
    rack, box = connect(model)
    box.set_temperature(temperature_K)
    box.heater_off()
    assert rack.cryostat.heater_power_W(rack.clock.now_s()) < 1e-3


@pytest.mark.parametrize("model", CONTROLLERS)
def test_broken_sensor_is_not_valid_and_safe_switches_the_heater_off(connect: Connect, model: str) -> None:
    rack, box = connect(model)
    box.set_temperature(2.0)
    rack.boxes[rack.models[model]].set_sensor_broken(True)  # type: ignore[attr-defined]
    assert not box.read().is_valid
    box.make_safe()
    assert rack.cryostat.heater_power_W(rack.clock.now_s()) < 1e-3


# the heater of an ITC503 is set in steps of 0.1 % of its voltage, which is 1.6 % of this temperature; a 3He pot loses
# some of its cooling power with its liquid
@pytest.mark.parametrize(
    ("model", "temperature_K", "step"),
    [("LakeShore372", 0.5, 0.003), ("LakeShore336", 0.6, 0.02), ("ITC503", 4.0, 0.016)],
)
def test_constant_heater_keeps_the_temperature_where_a_deceived_thermometer_would_not(
    model: str, temperature_K: float, step: float
) -> None:
    rack = open_rack("cu1", 1, [model], options=Options(thermometer_shift_per_T=0.02))
    driver, limits = CONTROLLERS.get(model, (LakeShore372, {"minimum_K": 0.05, "maximum_K": 10.0}))
    box = driver(rack.models[model], visa_library=rack.visa_library, clock=rack.clock, **limits)

    def true_K() -> float:
        return rack.cryostat.stage_temperatures_K(rack.clock.now_s()).sample_K

    box.set_temperature(temperature_K)
    wait_for_temperature(box, temperature_K, rack.clock)
    rack.clock.sleep(3600.0)
    before_K = true_K()
    holder: ConstantHeater = box
    assert 0.0 < holder.hold_heater() < 1.0
    rack.coil.ramp(rack.clock.now_s(), 2.0 / 0.11806, 0.2, 5.0)
    rack.clock.sleep(3600.0)
    assert true_K() == pytest.approx(before_K, rel=step)
    assert box.read().temperature_K == pytest.approx(0.96 * temperature_K, rel=step + 0.005)
    # the loop follows its thermometer: 2 T at 2 % a tesla
    box.set_temperature(temperature_K)
    wait_for_temperature(box, temperature_K, rack.clock)
    assert true_K() == pytest.approx(before_K / 0.96, rel=0.005)
    box.close()
    close_rack(rack)


@pytest.mark.parametrize("model", SUPPLIES)
def test_field_ramps_and_settles(connect: Connect, model: str) -> None:
    rack, magnet = connect(model)
    magnet.start_ramp(-0.2, 0.1)
    settled = wait_for_field(magnet, -0.2, rack.clock, field_criteria(deadline_s=600.0))
    assert settled.waited_s == pytest.approx(120.0 + 30.0, abs=10.0)
    assert magnet.settings()["rate_T_per_min"] == pytest.approx(0.1)
    # the rest is remanence, which no supply can see
    assert rack.coil.field_T(rack.clock.now_s()) == pytest.approx(-0.2, abs=2.1e-3)


@pytest.mark.parametrize("model", SUPPLIES)
def test_field_is_held_in_the_middle_of_a_ramp(connect: Connect, model: str) -> None:
    rack, magnet = connect(model)
    magnet.start_ramp(1.0, 0.1)
    rack.clock.sleep(60.0)
    magnet.make_safe()
    held_T = magnet.read().field_T
    rack.clock.sleep(600.0)
    assert magnet.read().state is MagnetState.PAUSED
    assert magnet.read().field_T == pytest.approx(held_T, abs=1e-3)


@pytest.mark.parametrize("model", SUPPLIES)
def test_new_target_never_sets_off_for_the_old_one(connect: Connect, model: str) -> None:
    rack, magnet = connect(model)
    magnet.start_ramp(0.2, 0.5)
    wait_for_field(magnet, 0.2, rack.clock)
    magnet.start_ramp(0.1, 0.5)
    rack.clock.sleep(6.0)
    magnet.hold()
    # going on from 0.15 T, the way to the old target must not be taken for an instant
    highest_T = 0.0
    rack.coil.watch_field(lambda _, bends: fields.extend(field_T for _, field_T in bends))
    fields: list[float] = []
    here_T = magnet.read().field_T
    magnet.start_ramp(-0.1, 0.5)
    highest_T = max(fields)
    assert highest_T <= here_T + 1e-3


@pytest.mark.parametrize("model", SUPPLIES)
def test_persistent_cycle_keeps_the_field(connect: Connect, model: str) -> None:
    rack, magnet = connect(model)
    magnet.start_ramp(0.5, 0.5)
    wait_for_field(magnet, 0.5, rack.clock)
    before_T = rack.coil.field_T(rack.clock.now_s())
    assert enter_persistent_mode(magnet, rack.clock, lead_rate_T_per_min=2.0) == pytest.approx(0.5, abs=1e-3)
    assert magnet.switch_state() is SwitchState.CLOSED
    assert magnet.leads_field_T() == pytest.approx(0.0, abs=1e-3)
    with pytest.raises(StateError, match="leave persistent mode first"):
        magnet.start_ramp(0.1, 0.1)
    assert leave_persistent_mode(magnet, rack.clock, lead_rate_T_per_min=2.0) == pytest.approx(0.5, abs=1e-3)
    assert magnet.switch_state() is SwitchState.OPEN
    # leads that match to the resolution of the box's meter move the magnet by no more than that
    assert rack.coil.field_T(rack.clock.now_s()) == pytest.approx(before_T, abs=1e-4)
    magnet.start_ramp(0.4, 0.5)
    wait_for_field(magnet, 0.4, rack.clock)


@pytest.mark.parametrize("model", SUPPLIES)
def test_degaussed_magnet_keeps_little_of_its_remanence(connect: Connect, model: str) -> None:
    rack, magnet = connect(model)
    for field_T in (0.5, 0.0):
        magnet.start_ramp(field_T, 0.5)
        wait_for_field(magnet, field_T, rack.clock)
    trapped_T = rack.coil.field_T(rack.clock.now_s())
    assert trapped_T == pytest.approx(2e-3, abs=0.1e-3)
    degauss(magnet, rack.clock, degauss_fields(-0.4, ratio=0.75, step_T=0.01), 0.5)
    assert abs(rack.coil.field_T(rack.clock.now_s())) < 0.1 * trapped_T


@pytest.mark.parametrize("model", SUPPLIES)
def test_continuous_sweep_reads_the_field_of_the_middle(connect: Connect, model: str) -> None:
    rack, magnet = connect(model)

    def measure() -> float:
        rack.clock.sleep(1.5)
        field_T = rack.coil.current_A(rack.clock.now_s()) * 0.11806
        rack.clock.sleep(1.5)
        return field_T

    points = list(sweep_field(magnet, rack.clock, 0.2, 0.5, measure, every_s=5.0))
    assert len(points) == 6
    resolution_T = 0.011 if model == "PS120" else 3e-4
    for point in points:
        assert point.field_T == pytest.approx(point.value, abs=resolution_T)
        assert abs(point.lag_T) < resolution_T + 1e-3


@pytest.mark.parametrize("model", SUPPLIES)
def test_quench_is_read_and_nothing_is_sent_after_it(connect: Connect, model: str) -> None:
    written: list[str] = []
    rack, magnet = connect(model, on_write=lambda _, message: written.append(message))
    magnet.start_ramp(1.0, 0.1)
    rack.clock.sleep(60.0)
    rack.coil.quench(rack.clock.now_s())
    written.clear()
    assert magnet.read().state is MagnetState.QUENCH
    acts: list[Callable[[], Any]] = [
        magnet.hold,
        lambda: magnet.start_ramp(0.0, 0.1),
        lambda: magnet.set_switch_heater(False),
        lambda: wait_for_field(magnet, 1.0, rack.clock),
        lambda: leave_persistent_mode(magnet, rack.clock, lead_rate_T_per_min=1.0),
        lambda: degauss(magnet, rack.clock, (0.1, 0.0), 0.1),
        lambda: list(sweep_field(magnet, rack.clock, 0.1, 0.1, lambda: None)),
    ]
    for act in acts:
        with pytest.raises(QuenchError):
            act()
    magnet.make_safe()
    assert written == []


def test_older_supply_refuses_what_it_cannot_set(connect: Connect) -> None:
    _, magnet = connect("PS120")
    with pytest.raises(LimitError, match="steps"):
        magnet.start_ramp(0.123, 0.1)
