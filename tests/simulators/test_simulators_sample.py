import json

import numpy as np
import pytest

from simulators.sample import KondoContact, make_contact, samples

E2_PER_H_S = 3.874045865e-5
KELVIN_PER_VOLT = 11604.518


@pytest.fixture
def cu1() -> KondoContact:
    return make_contact("cu1")


def in_e2_per_h(conductance_S: np.ndarray) -> np.ndarray:
    return np.asarray(conductance_S) / E2_PER_H_S


def test_samples_are_plain_values() -> None:
    assert json.loads(json.dumps(samples())) == samples()
    assert samples()["cu1"]["background_e2_per_h"] == 2829.0


def test_what_is_class_typical_is_named() -> None:
    truth = samples()["cu1"]
    assert {*truth["class_typical"], *truth["chosen_to_reproduce_the_paper"]} <= truth.keys()


@pytest.mark.parametrize("temperature_K", [0.05, 0.1, 0.4321, 1.5, 5.7])
@pytest.mark.parametrize("ratio", [0.1, 1.0, 1.4])
def test_table_is_within_a_ten_thousandth_of_the_formula(cu1: KondoContact, temperature_K: float, ratio: float) -> None:
    bias_V = np.linspace(-6e-3, 6e-3, 601)
    excitation_Vrms = ratio * temperature_K / KELVIN_PER_VOLT / np.sqrt(2.0)
    for field_T in (0.0, 3.0):
        table = cu1.curve(temperature_K, field_T, excitation_Vrms).conductance_S(bias_V)
        exact = cu1.exact_conductance_S(bias_V, temperature_K, field_T, excitation_Vrms)
        assert np.abs(in_e2_per_h(table - exact)).max() < 1e-4


def test_low_temperature_slope_is_b_sigma_of_table_1(cu1: KondoContact) -> None:
    temperatures_K = np.array([0.1, 0.2, 0.3])
    zero_bias = [in_e2_per_h(cu1.exact_conductance_S(0.0, temperature_K)) for temperature_K in temperatures_K]
    assert np.polyfit(np.sqrt(temperatures_K), zero_bias, 1)[0] == pytest.approx(7.8, abs=0.2)


def test_straight_line_over_root_bias_gives_f0_and_f1_of_table_1(cu1: KondoContact) -> None:
    # as the paper fits: (eV/kT)^(1/2) from 2 to 3, lowest temperatures; table I: 4.2(3), -5.7(9)
    root_v = np.linspace(2.0, 3.0, 21)
    temperature_K = 0.1
    bias_V = root_v**2 * temperature_K / KELVIN_PER_VOLT
    rise = in_e2_per_h(cu1.exact_conductance_S(bias_V, temperature_K) - cu1.exact_conductance_S(0.0, temperature_K))
    slope, intercept = np.polyfit(root_v, rise / temperature_K**0.5, 1)
    assert slope == pytest.approx(4.2, abs=0.3)
    assert intercept == pytest.approx(-5.7, abs=0.9)


def test_scaling_begins_to_fail_at_about_a_millivolt(cu1: KondoContact) -> None:
    def scaled(temperature_K: float, bias_V: float) -> float:
        rise_S = cu1.exact_conductance_S(bias_V, temperature_K) - cu1.exact_conductance_S(0.0, temperature_K)
        return float(in_e2_per_h(rise_S)) / temperature_K**0.5

    def misfit(bias_V: float) -> float:
        """The same reduced bias at a fifth of the temperature should scale to the same value."""
        return scaled(0.5, bias_V) / scaled(0.1, bias_V / 5.0) - 1.0

    assert abs(misfit(0.2e-3)) < 0.002
    assert 0.01 < abs(misfit(1e-3)) < 0.03
    assert abs(misfit(3e-3)) > 0.07


def test_each_two_level_system_weighs_about_two_quanta_at_most(cu1: KondoContact) -> None:
    systems = cu1.parameters.systems
    assert np.all(systems.amplitude_B / E2_PER_H_S * np.sqrt(systems.kondo_temperature_K) < 3.2)


def test_a_field_fills_the_dip_in_linearly_at_first(cu1: KondoContact) -> None:
    zero_bias = [
        float(in_e2_per_h(cu1.exact_conductance_S(0.0, 0.1, field_T))) for field_T in (0.0, 0.3, -0.3, 0.6, 6.0)
    ]
    assert zero_bias[1] == zero_bias[2]
    assert zero_bias[3] - zero_bias[0] == pytest.approx(2.0 * (zero_bias[1] - zero_bias[0]), rel=0.06)
    assert zero_bias[0] < zero_bias[4] < zero_bias[0] + 24.0


def test_phonons_take_conductance_away_above_ten_millivolts(cu1: KondoContact) -> None:
    at_10_mV, at_35_mV = in_e2_per_h(cu1.exact_conductance_S(np.array([10e-3, 35e-3]), 0.1))
    assert at_35_mV < at_10_mV - 80.0
    below_S = cu1.exact_conductance_S(4e-3, 0.1) - cu1.exact_conductance_S(3.9e-3, 0.1)
    assert in_e2_per_h(below_S) > 0.0
