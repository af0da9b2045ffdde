import pytest

from simulators.cryogenics.magnet_circuit import Switch
from simulators.fault_panel import PRESSED, FaultPanel, Order
from simulators.faults import Fault
from simulators.rack import BOXES, MAGNET_ADDRESS, MODELS, TEMPERATURE_ADDRESS, Options, close_rack, open_rack

CONTROLLERS = ("LakeShore336", "ITC503")
SUPPLIES = ("IPS120", "PS120", "MercuryiPS", "MercuryiPSLegacy")


@pytest.fixture
def opened():
    racks = []

    def open_with(*models, **keywords):
        racks.append(open_rack("cu1", 1, models, **keywords))
        return racks[-1]

    yield open_with
    for rack in racks:
        close_rack(rack)


@pytest.mark.parametrize(
    ("model", "base_K", "within_K"),
    [("LakeShore372", 0.012, 0.002), ("LakeShore336", 0.3, 0.01), ("ITC503", 1.514, 0.02)],
)
def test_controller_comes_with_its_cryostat(opened, model, base_K, within_K):
    rack = opened(model)
    rack.clock.sleep(10.0 * 3600.0)
    assert rack.cryostat.sample_temperature_K(rack.clock.now_s()) == pytest.approx(base_K, abs=within_K)


@pytest.mark.parametrize("model", SUPPLIES)
def test_supply_takes_the_place_of_the_usual_one(opened, model):
    rack = opened(model)
    assert MAGNET_ADDRESS not in rack.boxes
    assert len(rack.boxes) == len(MODELS)
    assert rack.models[model] == BOXES[model].address


def test_controller_takes_the_place_of_the_usual_one(opened):
    assert opened("ITC503").models["ITC503"] == TEMPERATURE_ADDRESS


def test_ideal_rack_has_neither_remanence_nor_deceived_thermometers(opened):
    rack = opened()
    rack.coil.ramp(0.0, 20.0, 0.1, 5.0)
    rack.clock.sleep(300.0)
    assert rack.coil.field_T(300.0) == pytest.approx(20.0 * 0.11806)
    assert rack.cryostat.field_T(300.0) == 0.0


def test_options_make_a_rack_less_ideal(opened):
    rack = opened(options=Options(remanence_T=3e-3, thermometer_shift_per_T=0.01, switch=Switch()))
    rack.coil.ramp(0.0, 20.0, 0.1, 5.0)
    rack.clock.sleep(300.0)
    assert rack.coil.field_T(300.0) == pytest.approx(20.0 * 0.11806 - 3e-3)
    assert rack.cryostat.field_T(300.0) == pytest.approx(20.0 * 0.11806)
    assert rack.boxes[MAGNET_ADDRESS].answer("PS:INST?") == "1"


@pytest.mark.parametrize("model", ["LakeShore372", *CONTROLLERS])
@pytest.mark.parametrize(("insert", "base_K"), [("dilution", 0.012), ("helium3", 0.3), ("helium4", 1.514)])
def test_any_controller_reads_any_refrigerator(opened, model, insert, base_K):
    rack = opened(model, options=Options(insert=insert))
    rack.clock.sleep(10.0 * 3600.0)
    assert rack.cryostat.sample_temperature_K(rack.clock.now_s()) == pytest.approx(base_K, rel=0.2)


def test_eddy_heat_is_in_proportion_to_its_coefficient(opened):
    warmed_K = []
    for eddy in (0.0, 0.036, 0.36):
        rack = opened(start_K=0.1, options=Options(eddy_W_per_T2_s2=eddy))
        rack.clock.sleep(3600.0)
        rack.coil.ramp(3600.0, 40.0, 0.1, 5.0)
        warmed_K.append(rack.cryostat.stage_temperatures_K(3900.0).sample_K)
    assert warmed_K[0] < warmed_K[1] < warmed_K[2]


def test_world_goes_on_where_it_stopped(opened):
    rack = opened("ITC503", "IPS120", start_s=5000.0, start_K=20.0, start_T=0.5)
    reply = rack.boxes[BOXES["IPS120"].address].answer("R7")
    assert float(reply[1:]) == pytest.approx(0.5, abs=1e-3)
    assert rack.cryostat.sample_temperature_K(5000.0) == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize("model", [*CONTROLLERS, *SUPPLIES])
def test_box_can_be_switched_off_and_on(opened, model):
    rack = opened(model)
    FaultPanel(rack).carry_out(Order(Fault.POWER_CYCLE, model, for_s=5.0))
    assert rack.wires[rack.models[model]].is_box_off
    rack.clock.sleep(6.0)
    assert not rack.wires[rack.models[model]].is_box_off


@pytest.mark.parametrize("model", [*CONTROLLERS, *SUPPLIES])
def test_front_panel_has_something_to_press(opened, model):
    rack = opened(model)
    box = rack.boxes[rack.models[model]]
    box.answer("C3")
    assert "?" not in (box.answer(PRESSED[model]) or "")
