import pytest

from simulators.clock import VirtualClock
from simulators.cryogenics.magnet import MagnetCoil
from simulators.cryogenics.magnet_circuit import MagnetCircuit, Switch, SwitchState

INDUCTANCE_H = 10.0
SWITCH_OHM = 20.0
LEAD_OHM = 5e-3


SWITCH = Switch(heating_s=15.0, cooling_s=20.0)


class Bench:
    def __init__(self, switch: Switch | None = SWITCH) -> None:
        self.clock = VirtualClock()
        self.coil = MagnetCoil(1)
        self.circuit = MagnetCircuit(self.clock, self.coil, switch)

    def charge(self, current_A: float) -> None:
        self.circuit.ramp(current_A, 0.1, 5.0)
        self.clock.sleep(10.0 * abs(current_A) + 1.0)

    def close(self) -> None:
        self.circuit.set_heater(False)
        self.clock.sleep(21.0)


def test_without_a_switch_supply_and_coil_are_one():
    bench = Bench(None)
    bench.circuit.set_heater(False)
    bench.charge(10.0)
    assert bench.circuit.switch_state is SwitchState.NOT_FITTED
    assert bench.circuit.supply_A() == bench.circuit.coil_A() == 10.0


def test_switch_takes_its_time_to_close_and_to_open():
    bench = Bench()
    states = [bench.circuit.switch_state]
    for is_on, wait_s in ((False, 19.9), (False, 0.2), (True, 14.9), (True, 0.2)):
        bench.circuit.set_heater(is_on)
        states.append(bench.circuit.switch_state)
        bench.clock.sleep(wait_s)
        states.append(bench.circuit.switch_state)
    opened, closed, opening, closing = SwitchState.OPEN, SwitchState.CLOSED, SwitchState.OPENING, SwitchState.CLOSING
    assert states == [opened, closing, closing, closing, closed, opening, opening, opening, opened]


def test_current_stands_still_behind_a_closed_switch_while_the_leads_run():
    bench = Bench()
    bench.charge(10.0)
    bench.close()
    bench.circuit.ramp(0.0, 1.0, 5.0)
    bench.clock.sleep(4.0)
    assert bench.circuit.supply_A() == pytest.approx(6.0)
    assert bench.circuit.supply_voltage_V() == pytest.approx(LEAD_OHM * 6.0)
    bench.clock.sleep(3600.0)
    assert (bench.circuit.supply_A(), bench.circuit.coil_A()) == (0.0, 10.0)
    assert bench.circuit.is_at_rest()


def test_ramp_goes_on_in_the_leads_when_the_switch_closes_on_the_way():
    bench = Bench()
    bench.circuit.ramp(20.0, 0.1, 5.0)
    bench.clock.sleep(100.0)
    bench.close()
    assert bench.circuit.coil_A() == pytest.approx(12.0)
    assert bench.circuit.supply_A() == pytest.approx(12.1)
    bench.clock.sleep(200.0)
    assert (bench.circuit.coil_A(), bench.circuit.supply_A()) == (pytest.approx(12.0), 20.0)


def test_matched_leads_open_the_switch_without_a_spike():
    bench = Bench()
    bench.charge(10.0)
    bench.close()
    bench.circuit.ramp(0.0, 1.0, 5.0)
    bench.clock.sleep(20.0)
    bench.circuit.ramp(10.0, 1.0, 5.0)
    bench.clock.sleep(20.0)
    bench.circuit.set_heater(True)
    bench.clock.sleep(15.0)
    assert bench.circuit.switch_state is SwitchState.OPEN
    assert bench.coil.coil_voltage_V(bench.clock.now_s()) == 0.0


def test_difference_is_forced_through_an_opening_switch_as_a_spike():
    bench = Bench()
    bench.charge(10.0)
    bench.close()
    bench.circuit.ramp(10.05, 1.0, 5.0)
    bench.clock.sleep(1.0)
    bench.circuit.set_heater(True)
    bench.clock.sleep(15.0)
    # 50 mA times 20 ohm is 1 V, which drives 10 H at 0.1 A/s
    assert bench.coil.coil_voltage_V(bench.clock.now_s()) == pytest.approx(0.05 * SWITCH_OHM)
    assert bench.coil.rate_A_per_s(bench.clock.now_s()) == pytest.approx(0.05 * SWITCH_OHM / INDUCTANCE_H)
    bench.clock.sleep(1.0)
    assert bench.circuit.coil_A() == pytest.approx(10.05)
    assert not bench.circuit.is_quenched()


def test_an_ampere_of_difference_quenches():
    bench = Bench()
    bench.charge(10.0)
    bench.close()
    bench.circuit.ramp(9.0, 1.0, 5.0)
    bench.clock.sleep(2.0)
    bench.circuit.set_heater(True)
    bench.clock.sleep(30.0)
    assert bench.circuit.is_quenched()


def test_heater_that_is_switched_back_in_time_changes_nothing():
    bench = Bench()
    bench.charge(10.0)
    bench.circuit.set_heater(False)
    bench.clock.sleep(10.0)
    bench.circuit.set_heater(True)
    bench.clock.sleep(30.0)
    assert bench.circuit.switch_state is SwitchState.OPEN
    bench.close()
    bench.circuit.set_heater(True)
    bench.clock.sleep(10.0)
    bench.circuit.set_heater(False)
    bench.clock.sleep(30.0)
    assert bench.circuit.switch_state is SwitchState.CLOSED
