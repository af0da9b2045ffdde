import math

import numpy as np
import pytest

from simulators.circuit import Circuit, draw_true_values
from simulators.samples.isotherms import ohmic_curve
from simulators.wiring import Wiring

CONTACT_OHM = 9.12
OHMIC = ohmic_curve(1.0 / CONTACT_OHM)


@pytest.fixture
def wiring() -> Wiring:
    return Wiring(1)


def test_true_values_are_near_nominal_and_drawn_by_the_seed() -> None:
    arms = np.array([draw_true_values(seed, Circuit()).dc_arm_ohm for seed in range(300)]) / 10e3 - 1.0
    gains = np.array([draw_true_values(seed, Circuit()).gain for seed in range(300)]) / 100.0 - 1.0
    assert arms.std() == pytest.approx(1e-3, rel=0.15)
    assert gains.std() == pytest.approx(3e-3, rel=0.15)
    assert draw_true_values(5, Circuit()) == draw_true_values(5, Circuit())


def test_low_pass_has_the_stated_corner(wiring: Wiring) -> None:
    assert wiring.source_A.time_constant_s == pytest.approx(1.0 / (2.0 * math.pi * 10.0))


def test_some_of_the_direct_current_leaks_through_the_ac_arm(wiring: Wiring) -> None:
    node_ohm = wiring.values.lead_ohm + CONTACT_OHM
    leak_ohm = wiring.values.ac_arm_ohm + 50.0
    expected_A = 1e-3 * leak_ohm / (leak_ohm + node_ohm)
    assert wiring.bias_at(1e-3, OHMIC) == pytest.approx(expected_A * CONTACT_OHM, rel=1e-9)


def test_terminals_of_the_source_meter_see_arm_leads_and_contact(wiring: Wiring) -> None:
    expected_V = 1e-3 * (wiring.values.dc_arm_ohm + wiring.values.lead_ohm + CONTACT_OHM)
    assert wiring.terminal_V(1e-3, OHMIC) == pytest.approx(expected_V, rel=1e-6)


def test_current_for_a_terminal_voltage_is_the_inverse(wiring: Wiring) -> None:
    current_A = wiring.current_for_terminal_A(-2.5, OHMIC)
    assert wiring.terminal_V(current_A, OHMIC) == pytest.approx(-2.5, rel=1e-12)
    assert wiring.current_for_terminal_A(0.0, OHMIC) == 0.0


def test_excitation_is_that_of_the_divider_with_its_shunt(wiring: Wiring) -> None:
    # Kirchhoff at the node by hand: drive through the AC arm, DC branch to ground, load to ground
    values = wiring.values
    load_ohm = values.lead_ohm + CONTACT_OHM
    branch_ohm = values.dc_arm_ohm + 1.0 / (2j * math.pi * 137.7 * values.filter_F)
    node_S = 1.0 / load_ohm + 1.0 / branch_ohm + 1.0 / (values.ac_arm_ohm + 50.0)
    node_V = 0.068 / (values.ac_arm_ohm + 50.0) / node_S
    expected_V = abs(node_V / load_ohm) * CONTACT_OHM
    assert wiring.excitation_Vrms(0.068, CONTACT_OHM, 137.7) == pytest.approx(expected_V, rel=1e-12)
    assert expected_V == pytest.approx(0.068 / 100e3 * CONTACT_OHM, rel=5e-3)


def tap_signal_V(wiring: Wiring, oscillator_Vrms: float, bias_V: float, frequency_Hz: float) -> complex:
    signal_V, _ = wiring.signals_V(np.array([oscillator_Vrms]), np.array([bias_V]), OHMIC, frequency_Hz)
    return complex(signal_V[0])


def test_taps_see_the_contact_and_not_the_leads(wiring: Wiring) -> None:
    excitation_Vrms = wiring.excitation_Vrms(0.068, CONTACT_OHM, 137.7)
    assert abs(tap_signal_V(wiring, 0.068, 1e-3, 137.7)) == pytest.approx(excitation_Vrms, rel=1e-5)


def test_preamplifier_loses_half_the_power_at_its_bandwidth(wiring: Wiring) -> None:
    excitation_Vrms = wiring.excitation_Vrms(0.068, CONTACT_OHM, 1e6)
    assert abs(tap_signal_V(wiring, 0.068, 0.0, 1e6)) == pytest.approx(excitation_Vrms / math.sqrt(2.0), rel=1e-6)


def test_preamplifier_clips_at_five_volts(wiring: Wiring) -> None:
    headroom_V = 5.0 / wiring.values.gain - 49.99e-3
    assert math.sqrt(2.0) * abs(tap_signal_V(wiring, 5.0, 49.99e-3, 137.7)) == pytest.approx(headroom_V, rel=1e-4)
    assert abs(tap_signal_V(wiring, 5.0, 60e-3, 137.7)) == 0.0


def test_noise_is_the_preamplifiers_and_johnsons(wiring: Wiring) -> None:
    # 4 k T R of 9.12 ohm at 300 K is (0.389 nV)^2 per hertz
    assert wiring.noise_V_per_rtHz(CONTACT_OHM, 300.0, 137.7) == pytest.approx(math.hypot(1.2e-9, 0.3887e-9), rel=1e-3)
    assert wiring.noise_V_per_rtHz(CONTACT_OHM, 0.1, 137.7) == pytest.approx(1.2e-9, rel=1e-4)


def test_gain_drifts_by_a_part_in_3000_over_days() -> None:
    days = 3.0 * 86400.0 * np.arange(1, 40)
    gains = np.array([[Wiring(seed).gain(float(time_s)) for time_s in days] for seed in range(30)])
    relative = gains / np.array([Wiring(seed).values.gain for seed in range(30)])[:, np.newaxis] - 1.0
    assert relative.std() == pytest.approx(1.0 / 3000.0, rel=0.1)


def test_gain_hardly_drifts_within_a_minute(wiring: Wiring) -> None:
    assert abs(wiring.gain(5060.0) / wiring.gain(5000.0) - 1.0) < 2e-5


class BentCurve:
    """A conductance that rises linearly with bias: ``I = G0 (V + a V^2 / 2)``."""

    zero_bias_S = 0.1
    bend_per_V = 20.0

    def conductance_S(self, bias_V: np.ndarray) -> np.ndarray:
        return self.zero_bias_S * (1.0 + self.bend_per_V * bias_V)

    def bias_V(self, current_A: np.ndarray) -> np.ndarray:
        return (np.sqrt(1.0 + 2.0 * self.bend_per_V * current_A / self.zero_bias_S) - 1.0) / self.bend_per_V


@pytest.mark.parametrize("bias_V", [0.0, 1e-3, -1e-3])
def test_second_harmonic_is_that_of_the_bent_curve(wiring: Wiring, bias_V: float) -> None:
    curve, oscillator_Vrms = BentCurve(), 1.0
    contact_ohm = 1.0 / curve.conductance_S(np.array([bias_V]))
    current_Arms = abs(wiring.ac_current_A(np.array([oscillator_Vrms]), contact_ohm, 137.7)[0])
    phase = np.linspace(0.0, 2.0 * np.pi, 256, endpoint=False)
    steady_A = curve.zero_bias_S * (bias_V + curve.bend_per_V * bias_V**2 / 2.0)
    voltage_V = curve.bias_V(steady_A + math.sqrt(2.0) * current_Arms * np.sin(phase))
    # rms components along sin 2wt and cos 2wt
    in_phase_V = math.sqrt(2.0) * np.mean(voltage_V * np.sin(2.0 * phase))
    quadrature_V = math.sqrt(2.0) * np.mean(voltage_V * np.cos(2.0 * phase))
    assert abs(in_phase_V) < 1e-4 * abs(quadrature_V)
    found_V = wiring.second_harmonic_V(oscillator_Vrms, bias_V, curve, 137.7)  # type: ignore[arg-type]
    assert abs(found_V) == pytest.approx(abs(quadrature_V), rel=1e-3)
    assert found_V.imag == pytest.approx(quadrature_V, rel=0.02)


VOLTAGE_BIAS = Circuit(ac_arm_ohm=5e3, dc_arm_ohm=1e3, divider_ohm=1.0, transimpedance_ohm=1e4, preamplifier_gain=1.0)


def test_divider_shares_the_current_with_the_contact_exactly() -> None:
    wiring, curve = Wiring(1, VOLTAGE_BIAS), BentCurve()
    values = wiring.values
    loaded = BiasCurveOf(curve)
    bias_V = wiring.bias_at(6e-3, loaded)  # type: ignore[arg-type]
    # Kirchhoff by hand: what the contact draws, and what its branch's voltage drives through divider and AC arm
    contact_A = curve.zero_bias_S * (bias_V + curve.bend_per_V * bias_V**2 / 2.0)
    node_V = bias_V + contact_A * values.lead_ohm
    assert contact_A + node_V * (1.0 / values.divider_ohm + 1.0 / (values.ac_arm_ohm + 50.0)) == pytest.approx(6e-3)


class BiasCurveOf:
    """A bent curve that can be loaded, solved by bisection."""

    def __init__(self, curve: BentCurve, share: float = 1.0, shunt_S: float = 0.0) -> None:
        self._curve, self._share, self._shunt_S = curve, share, shunt_S

    def loaded(self, shunt_S: float, series_ohm: float) -> "BiasCurveOf":
        return BiasCurveOf(self._curve, 1.0 + shunt_S * series_ohm, shunt_S)

    def bias_V(self, current_A: np.ndarray) -> np.ndarray:
        low, high = 0.0, 0.1
        for _ in range(60):
            middle = 0.5 * (low + high)
            contact_A = self._curve.zero_bias_S * (middle + self._curve.bend_per_V * middle**2 / 2.0)
            low, high = (
                (middle, high) if self._share * contact_A + self._shunt_S * middle < float(current_A) else (low, middle)
            )
        return np.asarray(0.5 * (low + high))

    def bias_at(self, current_A: float) -> float:
        return float(self.bias_V(np.asarray(current_A)))


def test_current_preamplifier_sees_the_current_and_grounds_the_contact() -> None:
    wiring = Wiring(1, VOLTAGE_BIAS)
    current_A = wiring.ac_current_A(np.array([0.05]), np.array([CONTACT_OHM]), 137.7)
    seen_V, _ = wiring.signals_V(np.array([0.05]), np.array([0.0]), OHMIC, 137.7)
    assert abs(seen_V[0]) == pytest.approx(abs(current_A[0]) * wiring.values.transimpedance_ohm, rel=1e-4)


def test_loaded_table_solves_the_circuit() -> None:
    curve = ohmic_curve(0.1).loaded(0.5, 4.0)  # 10 ohm and 4 in line, bridged by 2: 12.5 % of the current
    assert curve.bias_at(8e-3) == pytest.approx(8e-3 * 2.0 / 16.0 * 10.0)
