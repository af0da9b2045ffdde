import numpy as np
import pytest

from simulators.sample import make_contact
from simulators.wiring import Wiring
from simulators.world import World


class FixedStage:
    """A sample stage that stays where it is and notes what heats it."""

    def __init__(self, temperature_K: float) -> None:
        self.temperature_K = temperature_K
        self.heats: list[tuple[float, str, float]] = []

    def sample_temperature_K(self, time_s: float) -> float:
        return self.temperature_K

    def set_external_heat_W(self, time_s: float, name: str, power_W: float) -> None:
        self.heats.append((time_s, name, power_W))


class NoField:
    def field_T(self, time_s: float) -> float:
        return 0.0


def make_world(temperature_K: float = 0.1) -> World:
    return World(make_contact("cu1"), Wiring(1), FixedStage(temperature_K), NoField())


def stage_of(world: World) -> FixedStage:
    assert isinstance(world.cryostat, FixedStage)
    return world.cryostat


def test_electrons_stay_warm_when_the_stage_is_cold() -> None:
    assert make_world(0.01).electron_temperature_K(0.0) == pytest.approx(0.03, rel=1e-3)
    assert make_world(0.1).electron_temperature_K(0.0) == pytest.approx(0.1, rel=6e-4)


def test_bias_follows_the_current_through_the_low_pass() -> None:
    world = make_world()
    world.set_source_current(1.0, 1e-4)
    assert world.contact_bias_V(1.0) == 0.0
    settled_V = world.contact_bias_V(3.0)
    assert settled_V == pytest.approx(1e-4 * 9.12, rel=0.01)
    assert world.contact_bias_V(1.0 + 1.0 / (20.0 * np.pi)) == pytest.approx((1.0 - np.exp(-1.0)) * settled_V, rel=0.01)


def test_joule_heat_reaches_the_sample_stage() -> None:
    world = make_world()
    world.set_source_current(1.0, 4e-4)
    assert stage_of(world).heats == [(1.0, "contact", pytest.approx(16e-8 * 9.12, rel=0.01))]


def test_heat_of_the_excitation_counts_too() -> None:
    world = make_world()
    world.set_oscillator(2.0, 5.0, 137.7)
    assert stage_of(world).heats == [(2.0, "contact", pytest.approx((5e-5) ** 2 * 9.12, rel=0.02))]


def test_changes_of_heat_that_nothing_feels_are_not_passed_on() -> None:
    world = make_world()
    world.set_source_current(1.0, 1e-5)
    assert stage_of(world).heats == []


def test_lockin_sees_excitation_times_differential_resistance_times_gain() -> None:
    world = make_world()
    world.set_oscillator(0.0, 0.068, 137.7)
    world.set_source_current(0.0, 1e-4)
    signal_V, dc_V, noise_V = world.lockin_input(np.array([10.0, 20.0]), 20.0, 137.7)
    bias_V = world.contact_bias_V(20.0)
    excitation_Vrms = world.wiring.excitation_Vrms(0.068, 9.12, 137.7)
    conductance_S = make_contact("cu1").exact_conductance_S(
        bias_V, world.electron_temperature_K(0.0), 0.0, excitation_Vrms
    )
    expected_V = world.wiring.gain(20.0) * world.wiring.excitation_Vrms(0.068, 1.0 / float(conductance_S), 137.7)
    assert abs(signal_V[1]) == pytest.approx(expected_V, rel=2e-6)
    assert dc_V[1] == pytest.approx(world.wiring.gain(20.0) * bias_V)
    assert noise_V == pytest.approx(1.2e-7, rel=0.02)
